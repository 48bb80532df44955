"""Codes, clocks and self check-in: the rule, without an app or a database."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec import Struct

from lms.events import badges
from lms.events.checkin import (
    BADGE_LENGTH,
    LETTERS,
    Why,
    corrected,
    current,
    hashed,
    room_code,
    self_refusal,
    typed,
)

NINE = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)


class Day(Struct, frozen=True):
    starts_at: datetime
    ends_at: datetime


MORNING = Day(NINE, NINE + timedelta(hours=3))
AFTERNOON = Day(NINE + timedelta(hours=4), NINE + timedelta(hours=7))


def test_no_sign_of_a_code_can_be_taken_for_another():
    assert not set("IO01") & set(LETTERS)
    assert len(LETTERS) == 32


def test_a_badge_holds_128_random_bits_or_more():
    assert 5 * BADGE_LENGTH >= 128
    assert len({badges.new_badge() for _one in range(200)}) == 200


@pytest.mark.parametrize("written", ["K7W4MP", "k7w 4mp", " K7W-4MP "])
def test_case_spaces_and_strokes_of_a_typed_code_are_forgiven(written: str):
    assert typed(written) == "K7W4MP"


def test_the_same_badge_is_another_hash_on_another_desk():
    assert hashed("BADGE", "one") != hashed("BADGE", "two")
    assert "BADGE" not in hashed("BADGE", "one")


@pytest.mark.parametrize(
    "wrong", [timedelta(minutes=7), timedelta(minutes=-37), timedelta(days=-1), timedelta(days=400)]
)
def test_a_wrong_clock_is_corrected_by_what_it_said_when_it_sent(wrong: timedelta):
    scanned, sent = NINE + wrong, NINE + timedelta(hours=2) + wrong

    assert corrected(scanned, sent, NINE + timedelta(hours=2)) == NINE


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (NINE - timedelta(days=3), MORNING),
        (NINE, MORNING),
        (NINE + timedelta(hours=3), AFTERNOON),
        (NINE + timedelta(hours=5), AFTERNOON),
        (NINE + timedelta(days=9), AFTERNOON),
    ],
)
def test_a_desk_checks_in_to_the_half_day_going_on_else_the_next_else_the_last(moment: datetime, expected: Day):
    assert current([AFTERNOON, MORNING], moment) is expected


def test_an_event_without_half_days_has_none_to_check_in_to():
    assert current([], NINE) is None


def test_the_rooms_code_changes_every_twenty_seconds():
    shown = [room_code("secret", NINE + timedelta(seconds=second)) for second in range(60)]

    assert len(set(shown)) == 3
    assert shown[0] == shown[19] != shown[20]
    assert room_code("other", NINE) != shown[0]


def test_the_code_on_the_screen_lets_in_and_so_does_the_one_before_it():
    code = room_code("secret", NINE)

    assert self_refusal(True, MORNING, "secret", code.lower(), NINE) is None
    assert self_refusal(True, MORNING, "secret", code, NINE + timedelta(seconds=39)) is None


@pytest.mark.parametrize(
    ("open_", "after", "code_of", "why"),
    [
        (False, 0, 0, Why.CLOSED),
        (True, -91, -91, Why.TOO_EARLY),
        (True, 181, 181, Why.TOO_LATE),
        (True, 1, 0, Why.OLD_CODE),
    ],
)
def test_too_early_too_late_closed_or_a_photographed_code_is_refused(open_, after, code_of, why):
    code = room_code("secret", NINE + timedelta(minutes=code_of))

    assert self_refusal(open_, MORNING, "secret", code, NINE + timedelta(minutes=after)) is why
