"""What the marks of one person at one half-day come to: present, late, left early, excused or absent, and how long.

Marks may arrive in any order, twice, and from several desks: only what they say counts, never when they came in.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from lms.events.parts import MarkKind

BEFORE = timedelta(hours=3)  # nobody comes earlier to a half-day, or leaves it later after its end
AFTER = timedelta(hours=3)


class Said(Protocol):
    """What this rule looks at in a mark."""

    @property
    def id(self) -> UUID: ...
    @property
    def kind(self) -> MarkKind: ...
    @property
    def at(self) -> datetime: ...
    @property
    def undoes_id(self) -> UUID | None: ...


class Span(Protocol):
    """What this rule looks at in a half-day."""

    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...


class _Hours(Struct, frozen=True):
    """A half-day's time in UTC."""

    starts_at: datetime
    ends_at: datetime


class Limits(Struct, frozen=True):
    """An event's own limits: late after so many minutes; counts from so many minutes, or from a share of it."""

    late_after: int
    minutes: int | None
    per_cent: int | None


class Status(StrEnum):
    """What a half-day was for someone."""

    PRESENT = "present"
    LATE = "late"
    LEFT_EARLY = "left-early"
    EXCUSED = "excused"
    ABSENT = "absent"


class Doubt(StrEnum):
    """What the marks of a half-day leave open, for a person to settle."""

    CONTRADICTS = "contradicts"  # excused or absent, and yet seen
    LEFT_UNSEEN = "left-unseen"  # left, and nobody saw them come
    OUT_OF_TIME = "out-of-time"  # a time far outside the half-day


class Attendance(Struct, frozen=True):
    """What a half-day came to. `minutes` are whole minutes present within the half-day's programme."""

    status: Status
    came_at: datetime | None = None
    left_at: datetime | None = None
    minutes: int = 0
    counts: bool = False
    late: bool = False
    left_early: bool = False
    doubts: tuple[Doubt, ...] = ()


def attendance(half_day: Span, limits: Limits, marks: Iterable[Said]) -> Attendance:
    """What these marks of one person come to at this half-day. No "left" means stayed to the end.

    All times are compared in UTC: within one zone Python compares what the clock on the wall says, which is wrong in
    the nights when clocks change.
    """
    half_day = _Hours(half_day.starts_at.astimezone(UTC), half_day.ends_at.astimezone(UTC))
    standing = in_force(marks)
    seen = [mark for mark in standing if mark.kind in (MarkKind.CAME, MarkKind.LEFT)]
    in_time = [mark for mark in seen if half_day.starts_at - BEFORE <= mark.at <= half_day.ends_at + AFTER]
    stays = _stays(in_time)
    said = {mark.kind for mark in standing} - {MarkKind.CAME, MarkKind.LEFT}
    doubts = set()
    if len(in_time) < len(seen):
        doubts.add(Doubt.OUT_OF_TIME)
    if in_time and not stays:
        doubts.add(Doubt.LEFT_UNSEEN)
    if (said and seen) or len(said) > 1:
        doubts.add(Doubt.CONTRADICTS)
    if not stays:
        status = Status.EXCUSED if said == {MarkKind.EXCUSED} else Status.ABSENT
        return Attendance(status, doubts=_in_order(doubts))
    return _seen(half_day, limits, stays, doubts)


def _in_order(doubts: set[Doubt]) -> tuple[Doubt, ...]:
    return tuple(doubt for doubt in Doubt if doubt in doubts)


def in_force(marks: Iterable[Said]) -> list[Said]:
    """The marks that nobody took back, by time; an undo is undone by saying it again, not by another undo."""
    marks = list(marks)
    undone = {mark.undoes_id for mark in marks if mark.kind is MarkKind.UNDO}
    return sorted(
        (mark for mark in marks if mark.kind is not MarkKind.UNDO and mark.id not in undone),
        key=lambda mark: (mark.at.astimezone(UTC), mark.kind is MarkKind.LEFT, mark.id.int),
    )


def _stays(seen: Sequence[Said]) -> list[tuple[datetime, datetime | None]]:
    """From when to when someone was there: the first of several comings and the last of several leavings count."""
    stays: list[tuple[datetime, datetime | None]] = []
    here = False
    for mark in seen:
        at = mark.at.astimezone(UTC)
        if mark.kind is MarkKind.CAME and not here:
            stays.append((at, None))
            here = True
        elif mark.kind is MarkKind.LEFT and stays:
            stays[-1] = (stays[-1][0], at)
            here = False
    return stays


def _seen(
    half_day: Span, limits: Limits, stays: list[tuple[datetime, datetime | None]], doubts: set[Doubt]
) -> Attendance:
    """What it comes to for someone who was seen coming."""
    came_at, left_at = stays[0][0], stays[-1][1]
    inside = [
        min(left or half_day.ends_at, half_day.ends_at) - max(came, half_day.starts_at)
        for came, left in stays
    ]  # fmt: skip
    present = sum((one for one in inside if one > timedelta(0)), timedelta(0))
    minutes = present // timedelta(minutes=1)
    if not minutes:
        return Attendance(Status.ABSENT, came_at, left_at, doubts=_in_order({*doubts, Doubt.OUT_OF_TIME}))
    grace = timedelta(minutes=limits.late_after)
    late = came_at > half_day.starts_at + grace
    left_early = left_at is not None and left_at < half_day.ends_at - grace
    return Attendance(
        Status.LATE if late else Status.LEFT_EARLY if left_early else Status.PRESENT,
        came_at, left_at, minutes, counts(half_day, limits, present), late, left_early,
        _in_order(doubts),
    )  # fmt: skip


def counts(half_day: Span, limits: Limits, present: timedelta) -> bool:
    """Whether being there so long makes it a half-day attended, by the event's one limit."""
    if limits.minutes is not None:
        return present >= timedelta(minutes=limits.minutes)
    return present * 100 >= (half_day.ends_at - half_day.starts_at) * (limits.per_cent or 0)
