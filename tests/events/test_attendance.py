"""What marks come to: the table of cases, without an app or a database."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from lms.events.attendance import Attendance, Doubt, Limits, Status, attendance
from lms.events.parts import MarkKind

BRUSSELS = ZoneInfo("Europe/Brussels")
SHARE = Limits(late_after=15, minutes=None, per_cent=75)
MINUTES = Limits(late_after=15, minutes=120, per_cent=None)


class Day(Struct, frozen=True):
    starts_at: datetime
    ends_at: datetime


class Said(Struct, frozen=True):
    id: UUID
    kind: MarkKind
    at: datetime
    undoes_id: UUID | None = None


def on(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BRUSSELS, fold=fold)


MORNING = Day(on("2024-10-16 09:00"), on("2024-10-16 12:30"))


def said(*marks: str, day: str = "2024-10-16") -> list[Said]:
    """Marks such as "came 09:02"; "undo 1" takes back the first."""
    made = []
    for number, mark in enumerate(marks, 1):
        kind, _space, rest = mark.partition(" ")
        if kind == "undo":
            one = Said(UUID(int=number), MarkKind.UNDO, MORNING.starts_at, UUID(int=int(rest)))
        else:
            one = Said(UUID(int=number), MarkKind(kind), on(f"{day} {rest}" if ":" in rest and len(rest) < 6 else rest))
        made.append(one)
    return made


CASES = [
    # marks, status, minutes, counts, doubts
    ([], Status.ABSENT, 0, False, ()),
    (["came 08:40"], Status.PRESENT, 210, True, ()),
    (["came 09:00"], Status.PRESENT, 210, True, ()),
    (["came 09:15"], Status.PRESENT, 195, True, ()),
    (["came 09:16"], Status.LATE, 194, True, ()),
    (["came 11:00"], Status.LATE, 90, False, ()),
    (["came 09:00", "left 12:30"], Status.PRESENT, 210, True, ()),
    (["came 09:00", "left 12:15"], Status.PRESENT, 195, True, ()),
    (["came 09:00", "left 12:14"], Status.LEFT_EARLY, 194, True, ()),
    (["came 09:00", "left 10:00"], Status.LEFT_EARLY, 60, False, ()),
    (["came 09:20", "left 12:00"], Status.LATE, 160, True, ()),
    (["came 09:00", "left 10:00", "came 10:30"], Status.PRESENT, 180, True, ()),
    (["came 09:00", "came 09:04"], Status.PRESENT, 210, True, ()),
    (["came 09:04", "came 09:00"], Status.PRESENT, 210, True, ()),
    (["came 09:00", "left 12:00", "left 12:20"], Status.PRESENT, 200, True, ()),
    (["left 12:30", "came 09:00"], Status.PRESENT, 210, True, ()),
    (["left 10:00"], Status.ABSENT, 0, False, (Doubt.LEFT_UNSEEN,)),
    (["left 09:30", "came 10:00"], Status.LATE, 150, False, ()),
    (["came 12:40"], Status.ABSENT, 0, False, (Doubt.OUT_OF_TIME,)),
    (["came 08:00", "left 08:30"], Status.ABSENT, 0, False, (Doubt.OUT_OF_TIME,)),
    (["came 2024-10-15 09:02"], Status.ABSENT, 0, False, (Doubt.OUT_OF_TIME,)),
    (["came 2024-10-15 09:02", "came 09:03"], Status.PRESENT, 207, True, (Doubt.OUT_OF_TIME,)),
    (["excused 08:00"], Status.EXCUSED, 0, False, ()),
    (["absent 12:30"], Status.ABSENT, 0, False, ()),
    (["excused 08:00", "came 09:00"], Status.PRESENT, 210, True, (Doubt.CONTRADICTS,)),
    (["absent 12:30", "came 09:00"], Status.PRESENT, 210, True, (Doubt.CONTRADICTS,)),
    (["excused 08:00", "absent 12:30"], Status.ABSENT, 0, False, (Doubt.CONTRADICTS,)),
    (["came 09:00", "undo 1"], Status.ABSENT, 0, False, ()),
    (["came 09:00", "undo 1", "came 09:20"], Status.LATE, 190, True, ()),
    (["came 09:00", "undo 1", "undo 2"], Status.ABSENT, 0, False, ()),
    (["excused 08:00", "came 09:00", "undo 1"], Status.PRESENT, 210, True, ()),
    (["came 09:00", "left 10:00", "undo 2"], Status.PRESENT, 210, True, ()),
    (["came 09:00", "undo 9"], Status.PRESENT, 210, True, ()),
]


@pytest.mark.parametrize(("marks", "status", "minutes", "counts", "doubts"), CASES, ids=lambda v: str(v))
def test_what_marks_come_to(marks: list[str], status: Status, minutes: int, counts: bool, doubts: tuple[Doubt, ...]):
    found = attendance(MORNING, SHARE, said(*marks))

    assert (found.status, found.minutes, found.counts, found.doubts) == (status, minutes, counts, doubts)


@pytest.mark.parametrize(("came", "counts"), [("10:30", True), ("10:31", False)])
def test_a_half_day_counts_from_so_many_minutes_where_the_event_says_minutes(came: str, counts: bool):
    found = attendance(MORNING, MINUTES, said(f"came {came}"))

    assert found.counts is counts


@pytest.mark.parametrize(("left", "counts"), [("11:37", False), ("11:38", True)])
def test_a_half_day_counts_from_its_share_where_the_event_says_per_cent(left: str, counts: bool):
    found = attendance(MORNING, SHARE, said("came 09:00", f"left {left}"))

    assert found.counts is counts


def test_who_comes_late_and_leaves_early_is_both():
    found = attendance(MORNING, SHARE, said("came 09:30", "left 12:00"))

    assert (found.late, found.left_early, found.status) == (True, True, Status.LATE)


def test_the_night_the_clocks_go_forward_has_an_hour_less():
    night = Day(on("2027-03-28 01:00"), on("2027-03-28 05:00"))

    found = attendance(night, SHARE, said("came 01:00", day="2027-03-28"))

    assert found.minutes == 180


def test_the_night_the_clocks_go_back_has_an_hour_more_and_two_half_past_twos():
    night = Day(on("2027-10-31 01:00"), on("2027-10-31 05:00"))
    first = Said(UUID(int=1), MarkKind.CAME, on("2027-10-31 02:30"))
    second = Said(UUID(int=1), MarkKind.CAME, on("2027-10-31 02:30", fold=1))

    assert attendance(night, SHARE, []).minutes == 0
    assert attendance(night, SHARE, [first]).minutes == 210
    assert attendance(night, SHARE, [second]).minutes == 150


def test_a_half_day_over_midnight_is_one_half_day():
    evening = Day(on("2024-10-16 22:00"), on("2024-10-17 01:00"))
    marks = [
        Said(UUID(int=1), MarkKind.CAME, on("2024-10-16 22:05")),
        Said(UUID(int=2), MarkKind.LEFT, on("2024-10-17 00:45")),
    ]

    found = attendance(evening, SHARE, marks)

    assert (found.status, found.minutes) == (Status.PRESENT, 160)


KINDS = st.sampled_from([MarkKind.CAME, MarkKind.LEFT, MarkKind.EXCUSED, MarkKind.ABSENT, MarkKind.UNDO])


@st.composite
def marks_of_a_morning(draw: st.DrawFn) -> list[Said]:
    made: list[Said] = []
    for number in range(draw(st.integers(0, 8))):
        kind = draw(KINDS)
        at = MORNING.starts_at + timedelta(minutes=draw(st.integers(-300, 500)))
        undoes = UUID(int=draw(st.integers(0, 8))) if kind is MarkKind.UNDO else None
        made.append(Said(UUID(int=number), kind, at, undoes))
    return made


@given(marks_of_a_morning(), st.randoms())
def test_the_order_in_which_marks_arrive_changes_nothing(marks: list[Said], random):
    expected = attendance(MORNING, SHARE, marks)

    shuffled = marks.copy()
    random.shuffle(shuffled)

    assert attendance(MORNING, SHARE, shuffled) == expected


@given(marks_of_a_morning())
def test_nobody_is_present_longer_than_the_half_day_and_only_who_was_there_counts(marks: list[Said]):
    found: Attendance = attendance(MORNING, SHARE, marks)

    assert 0 <= found.minutes <= 210
    assert not found.counts or found.minutes >= 157
    assert found.status not in (Status.EXCUSED, Status.ABSENT) or found.minutes == 0
