"""An event as one file: carried to a laptop that runs it alone, and its marks carried back.

    packed(event) -> bytes             all that is kept of the event's roll, as JSON
    unpack(content, ...) -> Taken      what was new in such a file; the same file twice brings nothing the second time

Everything has the id it was given where it was made, so that nothing is doubled whichever way the file travels. What
is here already stays as it is: a file adds, it never changes. Rows are added in the caller's transaction.
"""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct
from sqlalchemy import func, select

from lms.accounts.models import Person, Profession
from lms.database import db, insert
from lms.events import receiving
from lms.events.badges import new_code
from lms.events.models import Device, Event, HalfDay, Mark, Registration
from lms.events.parts import EventKind, MarkKind, Origin, Outcome, Part, RegistrationState
from lms.events.receiving import Aware, Words

FORMAT = "disrupt-event-1"
MOST_BYTES = 20 * 1024 * 1024
Name = Annotated[str, Meta(max_length=300)]
Sign = Annotated[str, Meta(pattern="^[A-HJ-NP-Z2-9]+$")]


class Unfit(Exception):
    """The file is none of ours, or cannot be true; in words for the log, the page says its own."""


class HalfDayCopy(Struct, frozen=True, forbid_unknown_fields=True):
    """A half-day as it travels."""

    id: UUID
    title: Name
    summary: Annotated[str, Meta(max_length=5000)]
    starts_at: Aware
    ends_at: Aware


class PersonCopy(Struct, frozen=True, forbid_unknown_fields=True):
    """A registration as it travels: with its account's name and address, because accounts have other ids elsewhere."""

    id: UUID
    name: Name
    email: Annotated[str, Meta(max_length=254)]
    organisation: Name
    country: Annotated[str, Meta(max_length=2)]
    profession: Profession | None
    part: Part
    state: RegistrationState
    origin: Origin
    walk_in: bool
    badge: Annotated[Sign, Meta(min_length=26, max_length=26)]
    code: Annotated[Sign, Meta(min_length=6, max_length=6)]
    merged_into: UUID | None
    registered_at: Aware


class DeskCopy(Struct, frozen=True, forbid_unknown_fields=True):
    """A desk as it travels: its name alone, so that a mark can say where it was made. It opens nothing."""

    id: UUID
    name: Annotated[str, Meta(max_length=80)]
    made_at: Aware


class MarkCopy(Struct, frozen=True, forbid_unknown_fields=True):
    """A mark as it travels; `by` is the e-mail address of the person who made it."""

    id: UUID
    registration: UUID
    half_day: UUID
    kind: MarkKind
    at: Aware
    said_at: Aware
    received_at: Aware
    by: Annotated[str, Meta(max_length=254)]
    desk: UUID | None
    reason: Words
    of: UUID | None
    fingerprint: Annotated[str, Meta(max_length=64)]
    outcome: Outcome
    since: Aware | None


class EventCopy(Struct, frozen=True, forbid_unknown_fields=True):
    """All of it."""

    format: str
    slug: Annotated[str, Meta(pattern="^[a-z0-9-]{1,80}$")]
    title: Name
    kind: EventKind
    city: Name
    country: Annotated[str, Meta(max_length=2)]
    venue: Name
    timezone: Annotated[str, Meta(max_length=64)]
    summary: Annotated[str, Meta(max_length=5000)]
    sample: bool
    places: int | None
    late_after: int
    counts_minutes: int | None
    counts_per_cent: int | None
    self_check_in: bool
    room_secret: Annotated[str, Meta(max_length=64)]
    half_days: list[HalfDayCopy]
    people: list[PersonCopy]
    desks: list[DeskCopy]
    marks: list[MarkCopy]


FACTS = (
    "slug", "title", "kind", "city", "country", "venue", "timezone", "summary", "sample", "places", "late_after",
    "counts_minutes", "counts_per_cent", "self_check_in", "room_secret",
)  # fmt: skip


class Taken(Struct, frozen=True):
    """What a file brought, and what could not be taken from it."""

    slug: str
    made: bool
    people: int
    marks: int
    known: int
    refused: tuple[UUID, ...]


def packed(event: Event) -> bytes:
    """The event with everything on its roll. It holds names and badges: whoever has it can print them."""
    people = db.session.scalars(
        select(Registration).where(Registration.event_id == event.id).order_by(Registration.registered_at)
    ).all()
    marks = db.session.execute(
        select(Mark, func.coalesce(Person.email, ""))
        .outerjoin(Person, Person.id == Mark.by_id)
        .where(Mark.half_day_id.in_([half_day.id for half_day in event.half_days]))
        .order_by(Mark.received_at, Mark.id)
    ).all()
    copy = EventCopy(
        format=FORMAT,
        **{fact: getattr(event, fact) for fact in FACTS},
        half_days=[HalfDayCopy(one.id, one.title, one.summary, one.starts_at, one.ends_at) for one in event.half_days],
        people=[_person(one) for one in people],
        desks=[
            DeskCopy(one.id, one.name, one.made_at)
            for one in db.session.scalars(select(Device).where(Device.event_id == event.id).order_by(Device.made_at))
        ],
        marks=[
            MarkCopy(
                id=one.id, registration=one.registration_id, half_day=one.half_day_id, kind=one.kind, at=one.at,
                said_at=one.said_at, received_at=one.received_at, by=by, desk=one.device_id, reason=one.reason,
                of=one.undoes_id, fingerprint=one.fingerprint, outcome=one.outcome, since=one.since,
            )
            for one, by in marks
        ],
    )  # fmt: skip
    return msgspec.json.encode(copy)


def _person(one: Registration) -> PersonCopy:
    return PersonCopy(
        id=one.id, name=one.shown_name, email=one.person.email if one.person else "",
        organisation=one.shown_organisation, country=one.shown_country, profession=one.shown_profession, part=one.part,
        state=one.state, origin=one.origin, walk_in=one.walk_in, badge=one.badge, code=one.code,
        merged_into=one.merged_into_id, registered_at=one.registered_at,
    )  # fmt: skip


def read(content: bytes) -> EventCopy:
    """A file that can be true. Raises Unfit."""
    if len(content) > MOST_BYTES:
        raise Unfit("it is larger than 20 MB")
    try:
        copy = msgspec.json.decode(content, type=EventCopy)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise Unfit(str(problem)) from problem
    if copy.format != FORMAT:
        raise Unfit(f"it is no event's file, or one of another version: {copy.format[:40]}")
    half_days = {one.id for one in copy.half_days}
    people = {one.id for one in copy.people}
    stray = next(
        (one.id for one in copy.marks if one.half_day not in half_days or one.registration not in people), None
    )
    if stray is not None:
        raise Unfit(f"the mark {stray} belongs to nobody in it")
    if any("\0" in text or not text.isprintable() for one in copy.people for text in (one.name, one.organisation)):
        raise Unfit("a name in it cannot be printed")
    return copy


def unpack(copy: EventCopy) -> Taken:
    """Add what is new in a file: the event if it is not here, people, desks, marks. Raises Unfit."""
    event = db.session.scalar(select(Event).where(Event.slug == copy.slug).with_for_update())
    made = event is None
    if event is None:
        event = Event(version=1, **{fact: getattr(copy, fact) for fact in FACTS})
        db.session.add(event)
    here = {one.id for one in event.half_days}
    event.half_days += [
        HalfDay(id=one.id, title=one.title, summary=one.summary, starts_at=one.starts_at, ends_at=one.ends_at)
        for one in copy.half_days
        if one.id not in here
    ]
    db.session.flush()
    people = sum(_take_person(event, one) for one in copy.people)
    _merge(copy)
    for desk in copy.desks:
        db.session.execute(
            insert(Device)
            .values(
                id=desk.id, event_id=event.id, name=desk.name, salt="", made_at=desk.made_at, revoked_at=desk.made_at
            )
            .on_conflict_do_nothing()
        )
    outcomes = [(_take_mark(event, one), one.id) for one in copy.marks]
    if people:
        receiving.grown(event)
    return Taken(
        slug=event.slug, made=made, people=people,
        marks=sum(outcome == "taken" for outcome, _id in outcomes),
        known=sum(outcome == "known" for outcome, _id in outcomes),
        refused=tuple(mark_id for outcome, mark_id in outcomes if outcome == "refused"),
    )  # fmt: skip


def _take_person(event: Event, one: PersonCopy) -> bool:
    """Put someone on the roll under the id they travelled with; False where they are there."""
    before = db.session.get(Registration, one.id)
    if before is not None:
        if before.event_id != event.id:
            raise Unfit(f"the registration {one.id} belongs to another event here")
        return False
    account = db.session.scalar(select(Person).where(Person.email == one.email)) if one.email else None
    same = account and db.session.scalar(
        select(Registration.id).where(Registration.event_id == event.id, Registration.person_id == account.id)
    )
    taken = db.session.scalar(
        select(Registration.id).where(Registration.event_id == event.id, Registration.code == one.code)
    )
    db.session.add(
        Registration(
            id=one.id, event_id=event.id, person_id=account.id if account and not same else None, name=one.name,
            organisation=one.organisation, country=one.country, profession=one.profession, part=one.part,
            state=one.state, origin=one.origin, walk_in=one.walk_in, badge=one.badge,
            code=new_code() if taken else one.code, registered_at=one.registered_at, merged_into_id=same or None,
        )
    )  # fmt: skip
    db.session.flush()
    return True


def _merge(copy: EventCopy) -> None:
    """Who turned out to be someone else there is so here too, unless someone has decided it here."""
    for one in copy.people:
        if one.merged_into is not None:
            row = db.session.get_one(Registration, one.id)
            into = db.session.get(Registration, one.merged_into)
            if row.merged_into_id is None and row.person_id is None and into is not None and into.id != row.id:
                row.merged_into_id = into.merged_into_id or into.id
    db.session.flush()


def _take_mark(event: Event, one: MarkCopy) -> str:
    """ "taken", "known" where it is here already, "refused" where another content is here under its id."""
    kept = db.session.execute(
        select(Mark.fingerprint, Mark.registration_id, Mark.half_day_id, Mark.kind).where(Mark.id == one.id)
    ).first()
    if kept is not None:
        same = tuple(kept) == (one.fingerprint, one.registration, one.half_day, one.kind)
        return "known" if same else "refused"
    if (one.kind is MarkKind.UNDO) != (one.of is not None) or one.outcome is Outcome.REFUSED:
        return "refused"
    if one.kind not in (MarkKind.CAME, MarkKind.LEFT) and not one.reason.strip():
        return "refused"
    by = db.session.scalar(select(Person.id).where(Person.email == one.by)) if one.by else None
    db.session.execute(
        insert(Mark)
        .values(
            id=one.id, registration_id=one.registration, half_day_id=one.half_day, kind=one.kind, at=one.at,
            said_at=one.said_at, received_at=one.received_at, by_id=by, device_id=one.desk, reason=one.reason,
            undoes_id=one.of, fingerprint=one.fingerprint, outcome=one.outcome, since=one.since,
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
    return "taken"
