"""What to say so that a half-day stands as someone knows it was: which marks to take back, which to add."""

import re
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from enum import StrEnum
from hashlib import sha256
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from lms.events.attendance import AFTER, BEFORE, Attendance, Said, Span, in_force
from lms.events.parts import MarkKind

SEEN = (MarkKind.CAME, MarkKind.LEFT)
TYPED = re.compile(r"(\d{1,2})\s*[:.h]\s*(\d{2})|(\d{1,2}?)(\d{2})?")


class Wrong(StrEnum):
    """What is wrong with what was typed of a half-day."""

    TIME = "time"
    OUTSIDE = "outside"
    ORDER = "order"
    NOT_THERE = "not-there"  # a time, and yet not said to have come


class Truth(Struct, frozen=True):
    """What a half-day was: came, excused, absent, or nothing is known. Whoever came without a time came on time."""

    kind: MarkKind | None = None
    came_at: datetime | None = None
    left_at: datetime | None = None


class Step(Struct, frozen=True):
    """One mark to add; an undo names the mark it takes back."""

    kind: MarkKind
    at: datetime
    of: UUID | None = None


def standing(shown: Attendance, marks: Iterable[Said]) -> Truth:
    """What stands now, as it could be typed again."""
    said = {mark.kind for mark in in_force(marks)} - set(SEEN)
    if shown.came_at is not None or shown.left_at is not None:
        return Truth(MarkKind.CAME, shown.came_at, shown.left_at)
    return Truth(said.pop()) if len(said) == 1 else Truth()


def steps(half_day: Span, shown: Attendance, marks: Iterable[Said], truth: Truth) -> list[Step]:
    """The marks that make the truth stand; none where it stands already. Times are compared to the minute."""
    said = in_force(marks)
    wanted = _wanted(half_day, shown, truth)
    same = truth.kind is MarkKind.CAME and (
        _minute(wanted[0].at), truth.left_at and _minute(truth.left_at)
    ) == (shown.came_at and _minute(shown.came_at), shown.left_at and _minute(shown.left_at))  # fmt: skip
    kept: list[Said] = []
    back: list[Said] = []
    for mark in said:
        stays = _in_time(mark, half_day) if same and mark.kind in SEEN else _among(mark, wanted)
        (kept if stays else back).append(mark)
    missing = [] if same else [step for step in wanted if not any(_among(mark, [step]) for mark in kept)]
    return [*(Step(MarkKind.UNDO, mark.at, mark.id) for mark in back), *missing]


def _wanted(half_day: Span, shown: Attendance, truth: Truth) -> list[Step]:
    if truth.kind is None:
        return []
    if truth.kind is not MarkKind.CAME:
        return [Step(truth.kind, half_day.starts_at)]
    came = Step(MarkKind.CAME, truth.came_at or shown.came_at or half_day.starts_at)
    return [came, Step(MarkKind.LEFT, truth.left_at)] if truth.left_at else [came]


def _among(mark: Said, wanted: Iterable[Step]) -> bool:
    return any(
        mark.kind is step.kind and (mark.kind not in SEEN or _minute(mark.at) == _minute(step.at)) for step in wanted
    )


def _in_time(mark: Said, half_day: Span) -> bool:
    return half_day.starts_at - BEFORE <= mark.at <= half_day.ends_at + AFTER


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def typed_time(text: str) -> time | None:
    """A time of day as people type it: 9:02, 09.02, 902, 9; ValueError for anything else, None for nothing."""
    text = text.strip()
    if not text:
        return None
    found = TYPED.fullmatch(text)
    if found is None:
        raise ValueError(text)
    hours, minutes = (found[1], found[2]) if found[1] else (found[3], found[4])
    return time(int(hours), int(minutes or 0))


def on_the_day(clock: time, half_day: Span, zone: ZoneInfo) -> datetime | None:
    """The moment of a half-day at which its clocks show this; None where none of its moments is near.

    A half-day may go past midnight. An hour that the clocks skip in spring is none; of two alike in autumn it is the
    first.
    """
    first = half_day.starts_at.astimezone(zone).date()
    for days in (0, 1, -1):
        moment = datetime.combine(first + timedelta(days=days), clock, zone)
        there_and_back = moment.astimezone(half_day.starts_at.tzinfo).astimezone(zone).replace(tzinfo=None)
        near = half_day.starts_at - BEFORE <= moment.astimezone(half_day.starts_at.tzinfo) <= half_day.ends_at + AFTER
        if near and there_and_back == moment.replace(tzinfo=None):
            return moment.astimezone(half_day.starts_at.tzinfo)
    return None


def read(kind: MarkKind | None, came: str, left: str, half_day: Span, zone: ZoneInfo) -> Truth | tuple[str, Wrong]:
    """What was typed as a truth, or the field that is wrong and why."""
    moments: dict[str, datetime | None] = {"came": None, "left": None}
    for field, text in (("came", came), ("left", left)):
        try:
            clock = typed_time(text)
        except ValueError:
            return field, Wrong.TIME
        if clock is None:
            continue
        if kind is not MarkKind.CAME:
            return field, Wrong.NOT_THERE
        moments[field] = on_the_day(clock, half_day, zone)
        if moments[field] is None:
            return field, Wrong.OUTSIDE
    came_at, left_at = moments["came"], moments["left"]
    if left_at is not None and left_at <= (came_at or half_day.starts_at):
        return "left", Wrong.ORDER
    return Truth(kind, came_at, left_at)


def key(marks: Iterable[Said]) -> str:
    """What stood when a page was made, so that a later save can tell whether someone changed it meanwhile."""
    return sha256(b"".join(sorted(mark.id.bytes for mark in in_force(marks)))).hexdigest()[:16]
