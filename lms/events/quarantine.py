"""Marks that were refused: what they say, whose they are, and taking them after all; nothing is committed."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid5

import msgspec
from msgspec import Struct
from sqlalchemy import select

from lms.database import db
from lms.events import receiving
from lms.events.checkin import corrected, hashed, typed
from lms.events.models import Device, Event, HalfDay, Registration, Stray
from lms.events.parts import MarkKind, Outcome, RegistrationState
from lms.events.receiving import Said

TAKEN = "taken"  # a mark that is taken after all has an id that follows from the refused one's
KINDS = (MarkKind.CAME, MarkKind.LEFT, MarkKind.UNDO)


class Understood(Struct, frozen=True):
    """A refused mark that can be read; `whose` is None where it names nobody on the roll."""

    stray: Stray
    said: Said
    half_day: HalfDay | None
    whose: Registration | None

    @property
    def may_be_taken(self) -> bool:
        """Whether it can be taken as it is: it names someone, or the walk-in that it brings along."""
        if self.half_day is None or self.said.kind not in KINDS:
            return False
        if self.whose is None:
            return self.said.person is not None and bool(self.said.person.name.strip())
        return self.whose.state is not RegistrationState.CANCELLED


def understood(event: Event, strays: Iterable[Stray]) -> list[Understood]:
    """Those that can be read, with whom they name: by badge, by what a desk of this event knows of it, or by code."""
    people = db.session.scalars(select(Registration).where(Registration.event_id == event.id)).all()
    by_id = {one.id: one for one in people}
    names = {one.badge: one for one in people} | {one.code: one for one in people}
    salts = db.session.scalars(select(Device.salt).where(Device.event_id == event.id)).all()
    half_days = {one.id: one for one in event.half_days}
    found = []
    for stray in strays:
        said = _read(stray)
        if said is None:
            continue
        if len(said.badge) == 64 and said.badge not in names:
            names |= {hashed(one.badge, salt): one for salt in salts for one in people}
        whose = by_id.get(said.person.id) if said.person else names.get(said.badge) or names.get(typed(said.badge))
        whose = by_id.get(whose.counted_as, whose) if whose else None
        found.append(Understood(stray, said, half_days.get(said.half_day), whose))
    return found


def _read(stray: Stray) -> Said | None:
    try:
        return msgspec.convert(stray.said, Said)
    except (msgspec.ValidationError, ValueError, OverflowError):
        return None


def take(event: Event, strays: Iterable[Stray], by_id: int, note: str, now: datetime) -> list[Stray]:
    """Take every one that can be taken as it is, and say which; a desk's wrong clock is corrected as ever."""
    strays = list(strays)
    refused = {stray.id for stray in strays}
    taken = []
    for one in sorted(
        understood(event, strays), key=lambda one: (one.said.kind is MarkKind.UNDO, one.stray.received_at)
    ):
        whose = one.whose or _walk_in(event, one, now)
        if not one.may_be_taken or one.half_day is None or whose is None:
            continue
        of, sent_at = one.said.of, one.stray.sent_at
        at = corrected(one.said.at, sent_at, one.stray.received_at) if sent_at else one.said.at
        said = receiving.say(
            event, by_id=by_id, registration=whose, half_day=one.half_day, kind=one.said.kind, at=at, now=now,
            reason=note, of=mark_id(of) if of in refused else of, mark_id=mark_id(one.stray.id),
        )  # fmt: skip
        if said.outcome is not Outcome.REFUSED:
            taken.append(one.stray)
    return taken


def _walk_in(event: Event, one: Understood, now: datetime) -> Registration | None:
    """The walk-in that a refused mark brings along, put on the roll."""
    someone = one.said.person
    if someone is None or not one.may_be_taken:
        return None
    there = db.session.get(Registration, someone.id)
    if there is not None:
        return there if there.event_id == event.id else None
    return receiving.add_registration(
        event, now, id=someone.id, name=" ".join(someone.name.split()), walk_in=True, state=RegistrationState.CONFIRMED
    )


def mark_id(stray_id: UUID | None) -> UUID | None:
    """The id of the mark that a refused one becomes."""
    return uuid5(stray_id, TAKEN) if stray_id else None
