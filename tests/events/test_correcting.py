"""What is said so that a half-day stands as someone knows it was."""

from datetime import datetime, time, timedelta
from itertools import count
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from lms.events.attendance import Limits, Status, attendance
from lms.events.correcting import Step, Truth, Wrong, on_the_day, read, standing, steps, typed_time
from lms.events.parts import MarkKind
from tests.make import at

CAME, LEFT, EXCUSED, ABSENT, UNDO = MarkKind
BRUSSELS = ZoneInfo("Europe/Brussels")
LIMITS = Limits(15, None, 75)
numbers = count(1)


class Span(Struct):
    starts_at: datetime
    ends_at: datetime


class Mark(Struct):
    kind: MarkKind
    at: datetime
    undoes_id: UUID | None = None
    id: UUID = UUID(int=0)

    def __post_init__(self) -> None:
        if not self.id.int:
            self.id = UUID(int=next(numbers))


MORNING = Span(at("2024-10-16T07:00+00:00"), at("2024-10-16T10:30+00:00"))


def clock(text: str) -> datetime:
    return at(f"2024-10-16T{text}+02:00")


def said(marks: list[Mark], truth: Truth) -> list[Step]:
    return steps(MORNING, attendance(MORNING, LIMITS, marks), marks, truth)


def after(marks: list[Mark], truth: Truth) -> list[Mark]:
    """The marks with what was said added to them."""
    return marks + [Mark(step.kind, step.at, step.of) for step in said(marks, truth)]


def test_coming_is_one_mark_where_nothing_is_known():
    told = said([], Truth(CAME, clock("09:02")))

    assert told == [Step(CAME, clock("09:02"))]


def test_whoever_came_without_a_time_came_when_it_began():
    told = said([], Truth(CAME))

    assert told == [Step(CAME, MORNING.starts_at)]


def test_what_stands_already_is_not_said_again_to_the_minute():
    marks = [Mark(CAME, clock("09:02:41")), Mark(LEFT, clock("12:00:07"))]

    assert said(marks, Truth(CAME, clock("09:02"), clock("12:00"))) == []


def test_a_scan_stays_where_paper_says_came_without_a_time():
    marks = [Mark(CAME, clock("09:41"))]

    assert said(marks, Truth(CAME)) == []


def test_another_time_takes_the_old_one_back_and_says_the_new_one():
    marks = [Mark(CAME, clock("09:41"))]

    told = said(marks, Truth(CAME, clock("09:02")))

    assert told == [Step(UNDO, clock("09:41"), marks[0].id), Step(CAME, clock("09:02"))]


def test_a_leaving_is_added_beside_the_coming_that_stands():
    marks = [Mark(CAME, clock("09:02"))]

    assert said(marks, Truth(CAME, None, clock("11:00"))) == [Step(LEFT, clock("11:00"))]


def test_excused_takes_back_that_someone_was_seen():
    marks = [Mark(CAME, clock("09:02"))]

    told = said(marks, Truth(EXCUSED))

    assert [step.kind for step in told] == [UNDO, EXCUSED]
    assert attendance(MORNING, LIMITS, after(marks, Truth(EXCUSED))).status is Status.EXCUSED


def test_coming_settles_a_contradiction_by_taking_the_excuse_back():
    marks = [Mark(CAME, clock("09:02")), Mark(EXCUSED, clock("08:00"))]

    told = said(marks, Truth(CAME, clock("09:02")))

    assert told == [Step(UNDO, clock("08:00"), marks[1].id)]


def test_a_time_far_outside_is_taken_back_when_someone_says_what_is_true():
    marks = [Mark(CAME, clock("09:02")), Mark(CAME, clock("09:02") - timedelta(days=1))]

    told = said(marks, Truth(CAME, clock("09:02")))

    assert told == [Step(UNDO, marks[1].at, marks[1].id)]


def test_nothing_known_takes_everything_back():
    marks = [Mark(CAME, clock("09:02")), Mark(LEFT, clock("10:02"))]

    assert [step.of for step in said(marks, Truth())] == [marks[0].id, marks[1].id]


def test_what_is_undone_is_not_undone_again():
    first = Mark(CAME, clock("09:02"))
    marks = [first, Mark(UNDO, clock("09:05"), first.id)]

    assert said(marks, Truth()) == []


kinds = st.sampled_from([CAME, LEFT, EXCUSED, ABSENT])
moments = st.integers(-100, 400).map(lambda minutes: MORNING.starts_at + timedelta(minutes=minutes))


@given(
    st.lists(st.builds(Mark, kinds, moments)),
    st.one_of(
        st.builds(Truth, st.sampled_from([EXCUSED, ABSENT, None])),
        st.builds(
            lambda came, stay: Truth(CAME, came, came + timedelta(minutes=stay) if stay else None),
            st.integers(-60, 100).map(lambda minutes: MORNING.starts_at + timedelta(minutes=minutes)),
            st.one_of(st.none(), st.integers(1, 100)),
        ),
    ),
)
def test_afterwards_it_stands_without_a_doubt_and_saying_it_again_says_nothing(marks, truth):
    now = after(marks, truth)
    shown = attendance(MORNING, LIMITS, now)

    assert standing(shown, now) == truth
    assert not set(shown.doubts) - {"out-of-time"}
    assert said(now, truth) == []


# --- what is typed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("9:02", time(9, 2)), ("09:02", time(9, 2)), ("9.02", time(9, 2)), ("902", time(9, 2)), ("0902", time(9, 2)),
        ("9", time(9)), ("13", time(13)), ("1330", time(13, 30)), (" 9h02 ", time(9, 2)), ("", None),
    ],
)  # fmt: skip
def test_times_are_taken_as_people_type_them(text, meant):
    assert typed_time(text) == meant


@pytest.mark.parametrize("text", ["nine", "25:00", "9:61", "09:02:03", "-9", "9:2", "24:00", "٩٩:٩٩"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        typed_time(text)


def test_a_time_is_of_the_half_day_in_its_own_zone():
    assert on_the_day(time(9, 2), MORNING, BRUSSELS) == at("2024-10-16T07:02+00:00")


def test_a_time_far_from_the_half_day_is_none():
    assert on_the_day(time(18, 0), MORNING, BRUSSELS) is None


def test_a_half_day_may_go_past_midnight():
    night = Span(at("2024-10-16T20:00+00:00"), at("2024-10-17T00:00+00:00"))

    assert on_the_day(time(1, 15), night, BRUSSELS) == at("2024-10-16T23:15+00:00")


def test_an_hour_that_the_clocks_skip_is_none_and_of_two_alike_it_is_the_first():
    spring = Span(at("2027-03-28T00:00+00:00"), at("2027-03-28T03:00+00:00"))
    autumn = Span(at("2027-10-31T00:00+00:00"), at("2027-10-31T03:00+00:00"))

    assert on_the_day(time(2, 30), spring, BRUSSELS) is None
    assert on_the_day(time(2, 30), autumn, BRUSSELS) == at("2027-10-31T00:30+00:00")


@pytest.mark.parametrize(
    ("kind", "came", "left", "wrong"),
    [
        (CAME, "nine", "", ("came", Wrong.TIME)),
        (CAME, "9:00", "late", ("left", Wrong.TIME)),
        (CAME, "18:00", "", ("came", Wrong.OUTSIDE)),
        (CAME, "11:00", "10:00", ("left", Wrong.ORDER)),
        (CAME, "", "8:30", ("left", Wrong.ORDER)),
        (EXCUSED, "9:00", "", ("came", Wrong.NOT_THERE)),
        (None, "", "9:00", ("left", Wrong.NOT_THERE)),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(kind, came, left, wrong):
    assert read(kind, came, left, MORNING, BRUSSELS) == wrong
