"""Differences between paper and marks at an event: found by a few queries, said in words, settled by a decision."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from flask_babel import gettext, lazy_gettext
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm.attributes import set_committed_value

from lms import audit
from lms.database import db
from lms.events import agreement, receiving, roll
from lms.events.agreement import THERE, Difference, Kind, Stand
from lms.events.attendance import Attendance, in_force
from lms.events.checkin import Why
from lms.events.models import COUNTED_AS, Event, HalfDay, Mark, Registration, Settlement, Tick
from lms.events.parts import Decision, MarkKind, Outcome, Signed

WORDS = {
    Kind.SIGNED_NOT_SEEN: lazy_gettext("signed on paper, no scan"),
    Kind.BY_HAND_NOT_SEEN: lazy_gettext("added to the sheet by hand, no scan"),
    Kind.SEEN_NOT_SIGNED: lazy_gettext("not signed on the sheet"),
    Kind.CONTRADICTS: lazy_gettext("said to be excused or absent, and yet seen"),
    Kind.LEFT_UNSEEN: lazy_gettext("left, and nobody saw them come"),
    Kind.OUT_OF_TIME: lazy_gettext("a time far outside the half-day"),
}


class Refused(Exception):
    """A decision that cannot be kept, in words for whoever took it."""


class Standing(Struct, frozen=True):
    """What paper and marks say of someone at a half-day, with the rows it is about."""

    half_day: HalfDay
    registration: Registration
    stand: Stand

    @property
    def attendance(self) -> Attendance:
        return self.stand.attendance

    @property
    def signed(self) -> Signed | None:
        return self.stand.signed

    @property
    def there(self) -> bool:
        """Whether the marks say that they were there."""
        return self.stand.attendance.status in THERE

    @property
    def key(self) -> str:
        return agreement.key(self.stand)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return agreement.kinds(self.stand)

    @property
    def open(self) -> Difference | None:
        """What is left to settle here, if anything."""
        return next(iter(agreement.differences([self.stand])), None)

    @property
    def words(self) -> str:
        """What stands against what, in the reader's language and the event's time; empty where they agree."""
        return "; ".join(self._said(kind) for kind in self.kinds)

    def _said(self, kind: Kind) -> str:
        came_at = self.attendance.came_at
        if kind is Kind.SEEN_NOT_SIGNED and came_at is not None:
            time = came_at.astimezone(self.half_day.event.zone)
            return str(gettext("came %(time)s, not signed on the sheet", time=f"{time:%H:%M}"))
        return str(WORDS[kind])


def open_differences(event: Event, rows: Sequence[roll.Row] | None = None) -> list[Standing]:
    """What is to settle at an event, by half-day and name; `rows` are those of the roll, where they are at hand."""
    found = [one for one in standings(event, rows) if one.open]
    return sorted(found, key=lambda one: one.half_day.starts_at)


def standings(event: Event, rows: Sequence[roll.Row] | None = None) -> list[Standing]:
    """What paper and marks say of everyone on the roll at every half-day; four queries, however many they are."""
    rows = roll.roll(event) if rows is None else rows
    for half_day in event.half_days:  # a file that is sent as it is read asks for its zone when nobody can fetch it
        set_committed_value(half_day, "event", event)
    signed, settled = _signed(event), _settled(event)
    doubtful = [one.registration.id for one in rows if any(attended.doubts for attended in one.attended)]
    marks = _in_force(event, doubtful)
    return [
        Standing(
            half_day,
            row.registration,
            Stand(
                half_day.id,
                row.registration.id,
                agreement.strongest(signed[half_day.id, row.registration.id]),
                attended,
                frozenset(marks[half_day.id, row.registration.id]),
                frozenset(settled[half_day.id, row.registration.id]),
            ),
        )
        for row in rows
        for half_day, attended in zip(event.half_days, row.attended, strict=True)
    ]


def standing(half_day: HalfDay, registration: Registration) -> Standing:
    """What paper and marks say of one person at one half-day."""
    row = roll.of_registration(half_day.event, registration)
    return next(one for one in standings(half_day.event, [row]) if one.half_day.id == half_day.id)


def _signed(event: Event) -> dict[tuple[UUID, UUID], list[Signed]]:
    """What paper says, by half-day and the registration it counts for."""
    asked = (
        select(Tick.half_day_id, COUNTED_AS, Tick.signed)
        .join(Registration, Tick.registration_id == Registration.id)
        .where(Registration.event_id == event.id)
    )
    found: dict[tuple[UUID, UUID], list[Signed]] = defaultdict(list)
    for half_day_id, registration_id, signed in db.session.execute(asked):
        found[half_day_id, registration_id].append(signed)
    return found


def _settled(event: Event) -> dict[tuple[UUID, UUID], list[str]]:
    """What stood when it was settled, by half-day and the registration it counts for."""
    asked = (
        select(Settlement.half_day_id, COUNTED_AS, Settlement.saw)
        .join(Registration, Settlement.registration_id == Registration.id)
        .where(Registration.event_id == event.id)
    )
    found: dict[tuple[UUID, UUID], list[str]] = defaultdict(list)
    for half_day_id, registration_id, saw in db.session.execute(asked):
        found[half_day_id, registration_id].append(saw)
    return found


def _in_force(event: Event, registrations: Iterable[UUID]) -> dict[tuple[UUID, UUID], list[UUID]]:
    """Ids of the marks that nobody took back, of those whose marks leave a doubt."""
    found: dict[tuple[UUID, UUID], list[UUID]] = defaultdict(list)
    wanted = list(registrations)
    if not wanted:
        return found
    asked = (
        select(Mark.half_day_id, COUNTED_AS, Mark.id, Mark.kind, Mark.at, Mark.undoes_id)
        .join(Registration, Mark.registration_id == Registration.id)
        .where(Registration.event_id == event.id, COUNTED_AS.in_(wanted))
    )
    said: dict[tuple[UUID, UUID], list[roll.Seen]] = defaultdict(list)
    for half_day_id, registration_id, mark_id, kind, at, undoes_id in db.session.execute(asked):
        said[half_day_id, registration_id].append(roll.Seen(mark_id, kind, at, undoes_id))
    for whose, marks in said.items():
        found[whose] = [mark.id for mark in in_force(marks)]
    return found


def settle(
    half_day: HalfDay, registration: Registration, decision: Decision, reason: str, now: datetime, *,
    by_id: int | None, settlement_id: UUID, came_at: datetime | None = None,
) -> Settlement:  # fmt: skip
    """Keep a decision with the marks that follow from it; the same id again is the same settlement.

    Adds to the caller's transaction. Raises Refused, and then the caller keeps nothing. `came_at` is when they came
    where no mark says so: else it is the beginning of the half-day. What is taken back stays in the history.
    """
    event = half_day.event
    db.session.execute(
        select(Registration.id).where(Registration.id == registration.id).with_for_update(key_share=True)
    )
    before = db.session.get(Settlement, settlement_id)
    if before is not None:
        return before
    marks = [mark for mark in roll.marks_of(event, registration) if mark.half_day_id == half_day.id]
    deeds = agreement.follows(decision, half_day, event.limits, marks, came_at or half_day.starts_at)
    for mark_id in deeds.undo:
        _say(half_day, registration, MarkKind.UNDO, now, now, reason, by_id, of=mark_id)
    if deeds.add is not None:
        _say(half_day, registration, deeds.add, deeds.at or half_day.starts_at, now, reason, by_id)
    settlement = Settlement(
        id=settlement_id, half_day_id=half_day.id, registration_id=registration.id, decision=decision,
        saw=standing(half_day, registration).key, reason=reason, at=now, by_id=by_id,
    )  # fmt: skip
    db.session.add(settlement)
    audit.record(
        "difference.settled", by_id, half_day=str(half_day.id), registration=str(registration.id), decision=decision
    )
    return settlement


def _say(
    half_day: HalfDay, registration: Registration, kind: MarkKind, at: datetime, now: datetime, reason: str,
    by_id: int | None, of: UUID | None = None,
) -> None:  # fmt: skip
    result = receiving.say(
        half_day.event, by_id=by_id, registration=registration, half_day=half_day, kind=kind, at=at, now=now,
        reason=reason, of=of,
    )  # fmt: skip
    if result.outcome is Outcome.REFUSED:
        raise Refused(
            gettext("This registration was cancelled. Restore it first.") if result.why is Why.CANCELLED
            else gettext("The marks could not be kept. Look at them again.")
        )  # fmt: skip
