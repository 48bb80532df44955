"""The roll of an event: who is on it, and what each half-day came to; one query a kind, for one or for five hundred."""

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import aliased, joinedload

from lms.database import db
from lms.events.attendance import Attendance, attendance
from lms.events.models import COUNTED_AS, Event, HalfDay, Mark, Registration
from lms.events.parts import MarkKind, Part, RegistrationState


class Seen(Struct, frozen=True):
    """A mark as the rule of attendance looks at it."""

    id: UUID
    kind: MarkKind
    at: datetime
    undoes_id: UUID | None


class Row(Struct, frozen=True):
    """Someone on the roll, with what each half-day of the event came to, in order."""

    registration: Registration
    attended: tuple[Attendance, ...]

    @property
    def minutes(self) -> int:
        """Minutes present within the programme, over all half-days."""
        return sum(one.minutes for one in self.attended)

    @property
    def half_days(self) -> int:
        """How many half-days count."""
        return sum(one.counts for one in self.attended)

    def counted(self, at: datetime) -> int:
        """How many half-days count that are over by then."""
        half_days = self.registration.event.half_days
        return sum(one.counts for half_day, one in zip(half_days, self.attended, strict=True) if half_day.ends_at <= at)


def on_the_roll(event: Event) -> Select[Registration]:
    """Everyone who is expected: not cancelled, and a walk-in that was someone else is not counted twice."""
    return (
        select(Registration)
        .options(joinedload(Registration.person))
        .where(
            Registration.event_id == event.id,
            Registration.state != RegistrationState.CANCELLED,
            Registration.merged_into_id.is_(None),
        )
    )


def roll(event: Event, parts: Collection[Part] | None = None) -> list[Row]:
    """The roll with all attendance, by name; `parts` narrows it."""
    asked = on_the_roll(event)
    if parts is not None:
        asked = asked.where(Registration.part.in_(parts))
    people = sorted(db.session.scalars(asked), key=lambda one: (in_the_alphabet(one.shown_name), one.id.int))
    said = _said(Mark.half_day_id.in_([half_day.id for half_day in event.half_days]))
    return [row(event, person, said) for person in people]


def in_the_alphabet(name: str) -> str:
    """A name as it is sorted: Ċetta stands among C, Österreicher among O."""
    return unicodedata.normalize("NFKD", name).casefold()


def of_registration(event: Event, registration: Registration) -> Row:
    """One person's row."""
    return row(event, registration, _said(_of(registration)))


def of_person(person_id: int) -> list[Row]:
    """Every event of one account, by the first half-day."""
    return of_people([person_id]).get(person_id, [])


def of_people(person_ids: Collection[int] | None = None) -> dict[int, list[Row]]:
    """Every event of these accounts, or of all, each by the first half-day; who is on no roll is left out."""
    mine = [
        Registration.person_id.is_not(None) if person_ids is None else Registration.person_id.in_(person_ids),
        Registration.state != RegistrationState.CANCELLED,
        Registration.merged_into_id.is_(None),
    ]
    ids = select(Registration.id).where(*mine)
    theirs = or_(Registration.id.in_(ids), Registration.merged_into_id.in_(ids))
    found = db.session.scalars(
        select(Registration)
        .options(joinedload(Registration.event).selectinload(Event.half_days), joinedload(Registration.person))
        .where(*mine)
    ).all()
    said = _said(theirs) if found else {}
    rows: dict[int, list[Row]] = defaultdict(list)
    for one in sorted(found, key=lambda one: [half_day.starts_at for half_day in one.event.half_days]):
        if one.person_id is not None:
            rows[one.person_id].append(row(one.event, one, said))
    return rows


def of_one(event: Event, person_id: int | None, registration_id: UUID | None) -> list[Row]:
    """The row of someone on the roll, found by account or by registration; none where they are not on it."""
    who = Registration.person_id == person_id if person_id else Registration.id == registration_id
    return [of_registration(event, one) for one in db.session.scalars(on_the_roll(event).where(who))]


def row(event: Event, registration: Registration, said: dict[tuple[UUID, UUID], list[Seen]]) -> Row:
    """Someone's row from marks by registration and half-day."""
    return Row(
        registration,
        tuple(
            attendance(half_day, event.limits, said.get((registration.id, half_day.id), ()))
            for half_day in event.half_days
        ),
    )


def _said(*which: ColumnElement[bool]) -> dict[tuple[UUID, UUID], list[Seen]]:
    """Marks by the registration they count for and the half-day."""
    rows = db.session.execute(
        select(COUNTED_AS, Mark.half_day_id, Mark.id, Mark.kind, Mark.at, Mark.undoes_id)
        .join(Registration, Mark.registration_id == Registration.id)
        .where(*which)
    )
    said: dict[tuple[UUID, UUID], list[Seen]] = defaultdict(list)
    for registration_id, half_day_id, mark_id, kind, at, undoes_id in rows:
        said[registration_id, half_day_id].append(Seen(mark_id, kind, at, undoes_id))
    return said


def _of(registration: Registration) -> ColumnElement[bool]:
    return or_(Registration.id == registration.id, Registration.merged_into_id == registration.id)


def marks_of(event: Event, registration: Registration) -> Sequence[Mark]:
    """Every mark of someone, those of walk-ins merged into them too, by time."""
    whose = aliased(Registration)
    return db.session.scalars(
        select(Mark)
        .options(joinedload(Mark.by), joinedload(Mark.half_day), joinedload(Mark.registration))
        .join(whose, Mark.registration_id == whose.id)
        .join(HalfDay, Mark.half_day_id == HalfDay.id)
        .where(or_(whose.id == registration.id, whose.merged_into_id == registration.id), HalfDay.event_id == event.id)
        .order_by(Mark.at, Mark.received_at, Mark.id)
    ).all()


def counted(rows: Iterable[Row]) -> list[Row]:
    """Those who are counted as participants: trainers and others are on the roll, and not among them."""
    return [row for row in rows if row.registration.part is Part.PARTICIPANT]
