"""Whether paper and marks agree on someone at a half-day, what is left open, and what marks follow from a decision."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID, uuid4

from msgspec import Struct

from lms.events.attendance import Attendance, Limits, Said, Span, Status, attendance, in_force
from lms.events.parts import Decision, MarkKind, Signed

THERE = {Status.PRESENT, Status.LATE, Status.LEFT_EARLY}
SEEN = {MarkKind.CAME, MarkKind.LEFT}


class Kind(StrEnum):
    """What stands against what."""

    SIGNED_NOT_SEEN = "signed-not-seen"
    SEEN_NOT_SIGNED = "seen-not-signed"
    BY_HAND_NOT_SEEN = "by-hand-not-seen"
    CONTRADICTS = "contradicts"
    LEFT_UNSEEN = "left-unseen"
    OUT_OF_TIME = "out-of-time"


class Stand(Struct, frozen=True):
    """What paper and marks say of one person at one half-day. `signed` is None where nobody looked at the paper.

    `marks` are the ids of those in force; only where they leave a doubt are they looked at. `settled` is what stood
    when it was settled before, as `key` gave it then.
    """

    half_day_id: UUID
    registration_id: UUID
    signed: Signed | None
    attendance: Attendance
    marks: frozenset[UUID] = frozenset()
    settled: frozenset[str] = frozenset()


class Difference(Struct, frozen=True):
    """What is open between paper and marks, or among marks, for one person at one half-day."""

    half_day_id: UUID
    registration_id: UUID
    kinds: tuple[Kind, ...]
    key: str


class Deeds(Struct, frozen=True):
    """What a decision makes of the marks: which are taken back, which is added, and for when."""

    undo: tuple[UUID, ...] = ()
    add: MarkKind | None = None
    at: datetime | None = None


def differences(stands: Iterable[Stand]) -> list[Difference]:
    """What is open, in the order given; what was settled opens again when paper or marks say something else."""
    return [
        Difference(one.half_day_id, one.registration_id, found, key(one))
        for one in stands
        if (found := kinds(one)) and key(one) not in one.settled
    ]


def kinds(stand: Stand) -> tuple[Kind, ...]:
    """What stands against what, settled or not. Where nobody looked at the paper, it says nothing."""
    doubts = tuple(Kind(doubt.value) for doubt in stand.attendance.doubts)
    there = stand.attendance.status in THERE
    if stand.signed is Signed.SIGNED and not there:
        return (Kind.SIGNED_NOT_SEEN, *doubts)
    if stand.signed is Signed.BY_HAND and not there:
        return (Kind.BY_HAND_NOT_SEEN, *doubts)
    if stand.signed is Signed.UNSIGNED and there:
        return (Kind.SEEN_NOT_SIGNED, *doubts)
    return doubts


def key(stand: Stand) -> str:
    """What paper and marks say, shortly: the same as long as they say the same, whatever else arrives.

    A second scan of someone who is there changes nothing; where marks contradict each other, one more does.
    """
    status = stand.attendance.status
    words = [stand.signed or "not-looked-at", "there" if status in THERE else str(status)]
    if stand.attendance.doubts:
        marks = "".join(sorted(str(mark) for mark in stand.marks))
        words += [*stand.attendance.doubts, sha256(marks.encode()).hexdigest()[:16]]
    return " ".join(words)


def strongest(signed: Iterable[Signed]) -> Signed | None:
    """What paper says of someone who stands on it more than once: a signature anywhere is a signature."""
    said = set(signed)
    return next((one for one in (Signed.SIGNED, Signed.BY_HAND, Signed.UNSIGNED) if one in said), None)


def follows(decision: Decision, half_day: Span, limits: Limits, marks: Sequence[Said], at: datetime) -> Deeds:
    """What must be said so that a decision holds: nothing more than that; `at` is when they came, if that is missing.

    Someone who counts as present was not excused or absent; someone who is missing was not seen.
    """
    standing = in_force(marks)
    if decision is Decision.KEPT:
        return Deeds()
    if decision is Decision.MISSING:
        undo = tuple(mark.id for mark in standing if mark.kind is not MarkKind.ABSENT)
        missing_already = len(undo) < len(standing)
        return Deeds(undo, None if missing_already else MarkKind.ABSENT, half_day.starts_at)
    seen = [mark for mark in standing if mark.kind in SEEN]
    unseen = tuple(mark.id for mark in standing if mark.kind not in SEEN)
    if _holds(half_day, limits, seen):
        return Deeds(unseen)
    came = _Came(uuid4(), MarkKind.CAME, at)
    if _holds(half_day, limits, [*seen, came]):
        return Deeds(unseen, MarkKind.CAME, at)
    return Deeds((*unseen, *(mark.id for mark in seen)), MarkKind.CAME, at)


class _Came(Struct, frozen=True):
    """A mark that is not said yet."""

    id: UUID
    kind: MarkKind
    at: datetime
    undoes_id: UUID | None = None


def _holds(half_day: Span, limits: Limits, marks: Sequence[Said]) -> bool:
    """Whether these marks alone make someone present, and leave nothing open."""
    found = attendance(half_day, limits, marks)
    return found.status in THERE and not found.doubts
