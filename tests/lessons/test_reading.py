"""When a lesson counts as read, what it lacks, and which one comes next."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from lms.lessons.reading import is_read, next_unread, per_cent, still_open

THEN = datetime(2026, 11, 21, 9, tzinfo=UTC)


@dataclass
class Visit:
    """What is known of someone's reading."""

    ended_at: datetime | None = None
    checked_at: datetime | None = None
    began_at: datetime = THEN


def test_a_lesson_is_read_when_its_end_was_reached_and_its_question_answered():
    assert is_read(Visit(ended_at=THEN, checked_at=THEN))
    assert is_read(Visit(ended_at=THEN, checked_at=THEN - timedelta(hours=1)))


@pytest.mark.parametrize("visit", [None, Visit(), Visit(ended_at=THEN), Visit(checked_at=THEN)])
def test_a_lesson_is_not_read_by_less(visit):
    assert not is_read(visit)


def test_no_time_spent_makes_a_lesson_read():
    assert not is_read(Visit(began_at=THEN - timedelta(days=365)))


@pytest.mark.parametrize(
    ("visit", "lacks"),
    [
        (None, None),
        (Visit(), None),
        (Visit(ended_at=THEN), "question"),
        (Visit(checked_at=THEN), "end"),
        (Visit(ended_at=THEN, checked_at=THEN), None),
    ],
)
def test_a_lesson_half_done_says_what_it_lacks(visit, lacks):
    assert still_open(visit) == lacks


@pytest.mark.parametrize(
    ("read", "lessons", "shown"),
    [(0, 5, 0), (1, 3, 33), (2, 3, 66), (3, 3, 100), (199, 200, 99), (0, 0, 0)],
)
def test_a_hundred_per_cent_is_shown_only_when_nothing_is_left(read, lessons, shown):
    assert per_cent(read, lessons) == shown


def test_the_next_lesson_is_the_first_that_is_not_read():
    assert next_unread(["one", "two", "three"], {"one", "three"}) == "two"
    assert next_unread(["one", "two"], set()) == "one"
    assert next_unread(["one", "two"], {"one", "two", "gone"}) is None
    assert next_unread([], set()) is None
