"""An event as one file: carried to a laptop that runs it alone, and its marks carried back.

    packed(event) -> bytes             all that is kept of the event's roll, as JSON
    unpack(content, ...) -> Taken      what was new in such a file; the same file twice brings nothing the second time

Everything has the id it was given where it was made, so that nothing is doubled whichever way the file travels. What
is here already stays as it is: a file adds, it never changes. Rows are added in the caller's transaction.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Annotated, TypeVar
from unicodedata import category
from uuid import UUID

import msgspec
from msgspec import Meta, Struct
from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from lms.accounts.models import Person, Profession
from lms.content.events import LONGEST, TAKEN, zone_named
from lms.database import db, insert
from lms.events import merging, receiving
from lms.events.badges import new_code
from lms.events.models import Device, Event, HalfDay, Mark, Registration
from lms.events.parts import EventKind, MarkKind, Origin, Outcome, Part, RegistrationState
from lms.events.receiving import Aware, Words

FORMAT = "disrupt-event-1"
MOST_BYTES = 20 * 1024 * 1024
AT_ONCE = 500  # rows of one statement
Copy = TypeVar("Copy")
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
    places: Annotated[int, Meta(ge=1, le=100_000)] | None
    late_after: Annotated[int, Meta(ge=0, le=240)]
    counts_minutes: Annotated[int, Meta(ge=1, le=1440)] | None
    counts_per_cent: Annotated[int, Meta(ge=1, le=100)] | None
    self_check_in: bool
    room_secret: Annotated[str, Meta(max_length=64)]
    half_days: Annotated[list[HalfDayCopy], Meta(max_length=200)]
    people: Annotated[list[PersonCopy], Meta(max_length=10_000)]
    desks: Annotated[list[DeskCopy], Meta(max_length=1_000)]
    marks: Annotated[list[MarkCopy], Meta(max_length=100_000)]


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
    # Before the people: whoever checks in meanwhile is in the file, and no mark of someone who is not.
    marks = db.session.execute(
        select(Mark, func.coalesce(Person.email, ""))
        .outerjoin(Person, Person.id == Mark.by_id)
        .where(Mark.half_day_id.in_([half_day.id for half_day in event.half_days]))
        .order_by(Mark.received_at, Mark.id)
    ).all()
    people = db.session.scalars(
        select(Registration)
        .options(joinedload(Registration.person))
        .where(Registration.event_id == event.id)
        .order_by(Registration.registered_at)
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
    for wrong in (_wrong_in_facts(copy), _wrong_in_half_days(copy), _wrong_in_people(copy), _wrong_in_marks(copy)):
        if wrong:
            raise Unfit(wrong)
    return copy


def _wrong_in_facts(copy: EventCopy) -> str:
    if copy.slug in TAKEN:
        return f"the site uses the word “{copy.slug}” itself"
    if zone_named(copy.timezone) is None:
        return "it names a time zone that is none"
    if (copy.counts_minutes is None) == (copy.counts_per_cent is None):
        return "it does not say in one way what counts"
    lines = (copy.title, copy.city, copy.country, copy.venue, copy.room_secret, *(one.name for one in copy.desks))
    if not all(_kept(text) for text in (*lines, copy.summary.replace("\r", "").replace("\n", ""))):
        return "a text in it cannot be kept"
    return "" if all(_in_calendar(one.made_at) for one in copy.desks) else "a time in it is in no calendar of ours"


def _wrong_in_half_days(copy: EventCopy) -> str:
    if not _differ(one.id for one in copy.half_days) or not _differ(one.starts_at for one in copy.half_days):
        return "a half-day stands in it twice"
    for one in copy.half_days:
        if not (_in_calendar(one.starts_at) and timedelta(0) < one.ends_at - one.starts_at <= LONGEST):
            return "a half-day in it has times that cannot be"
        if not _kept(one.title) or not _kept(one.summary.replace("\r", "").replace("\n", "")):
            return "a text in it cannot be kept"
    return ""


def _wrong_in_people(copy: EventCopy) -> str:
    into = {one.id: one.merged_into for one in copy.people}
    signs = [one.badge for one in copy.people], [one.code for one in copy.people]
    if len(into) < len(copy.people) or not all(map(_differ, signs)):
        return "someone in it has another's badge"
    for one in copy.people:
        if not one.name.strip() or not (one.name.isprintable() and one.organisation.isprintable()):
            return "a name in it cannot be printed"
        if not (_kept(one.email) and _kept(one.country) and _in_calendar(one.registered_at)):
            return f"the registration {one.id} cannot be kept"
        if one.merged_into is not None and into.get(one.merged_into, one.id) is not None:
            return f"the registration {one.id} is merged into nobody who stands in it alone"
    return ""


def _wrong_in_marks(copy: EventCopy) -> str:
    half_days = {one.id for one in copy.half_days}
    people = {one.id for one in copy.people}
    for one in copy.marks:
        if one.half_day not in half_days or one.registration not in people:
            return f"the mark {one.id} belongs to nobody in it"
        if not all(_in_calendar(at) for at in (one.at, one.said_at, one.received_at, one.since or one.at)):
            return f"the mark {one.id} has a time that is in no calendar of ours"
        if not (one.reason.isprintable() and _kept(one.by) and _kept(one.fingerprint)):
            return f"the mark {one.id} cannot be kept"
    return ""


def _differ(ones: Iterable[object]) -> bool:
    ones = list(ones)
    return len(set(ones)) == len(ones)


def _kept(text: str) -> bool:
    """Whether every database keeps this text, on one line."""
    return all(category(sign) not in ("Cc", "Cs") for sign in text)


def _in_calendar(moment: datetime) -> bool:
    """Whether it can be moved to another zone, and shown; a clock may have been a lifetime wrong."""
    return 1800 <= moment.year <= 2400


def unpack(copy: EventCopy, believed: bool = True) -> Taken:
    """Add what is new in a file: the event if it is not here, people, desks, marks. Raises Unfit.

    Unless the file is believed, nobody's account is named as who made a mark: a file can be written by hand.
    """
    added = insert(Event).values(version=1, **{fact: getattr(copy, fact) for fact in FACTS})
    made = db.session.scalar(added.on_conflict_do_nothing().returning(Event.id)) is not None
    event = db.session.scalars(select(Event).where(Event.slug == copy.slug).with_for_update()).one()
    _take_half_days(event, copy)
    people = _take_people(event, copy)
    _merge(event, copy)
    for some in _pieces(copy.desks):
        rows = [
            {"id": one.id, "event_id": event.id, "name": one.name, "salt": "", "made_at": one.made_at,
             "revoked_at": one.made_at}
            for one in some
        ]  # fmt: skip
        db.session.execute(insert(Device).values(rows).on_conflict_do_nothing())
    taken, known, refused = _take_marks(copy, believed)
    if people:
        receiving.grown(event)
    return Taken(slug=event.slug, made=made, people=people, marks=taken, known=known, refused=refused)


def _pieces(rows: Sequence[Copy]) -> Iterator[Sequence[Copy]]:
    """A few hundred rows at a time: one statement for each piece."""
    return (rows[first : first + AT_ONCE] for first in range(0, len(rows), AT_ONCE))


def _take_half_days(event: Event, copy: EventCopy) -> None:
    here = {one.id for one in event.half_days}
    new = [one for one in copy.half_days if one.id not in here]
    if db.session.scalar(select(HalfDay.id).where(HalfDay.id.in_([one.id for one in new])).limit(1)):
        raise Unfit("a half-day in it belongs to another event here")
    if {one.starts_at for one in new} & {one.starts_at for one in event.half_days}:
        raise Unfit("when one of its half-days begins, another begins here")
    event.half_days += [
        HalfDay(id=one.id, title=one.title, summary=one.summary, starts_at=one.starts_at, ends_at=one.ends_at)
        for one in new
    ]
    db.session.flush()


def _take_people(event: Event, copy: EventCopy) -> int:
    """Put on the roll who is not there yet, each under the id they travelled with; how many they are."""
    there = select(Registration.id, Registration.event_id, Registration.badge)
    badges: dict[str, UUID] = {}
    for some in _pieces(copy.people):
        ids, signs = [one.id for one in some], [one.badge for one in some]
        for row in db.session.execute(there.where(or_(Registration.id.in_(ids), Registration.badge.in_(signs)))):
            if row.event_id != event.id:
                raise Unfit(f"the registration {row.id} belongs to another event here")
            badges[row.badge] = row.id
    here = set(badges.values())
    new = [one for one in copy.people if one.id not in here]
    if any(one.badge in badges for one in new):
        raise Unfit("a badge in it is someone else's here")
    mine = select(Registration.id, Registration.code, Registration.person_id).where(Registration.event_id == event.id)
    rows = db.session.execute(mine).all()
    codes, accounts = {row.code for row in rows}, {row.person_id: row.id for row in rows if row.person_id}
    people = _accounts(one.email for one in new)
    for some in _pieces(new):
        added = []
        for one in some:
            account = people.get(one.email)
            same = accounts.get(account)
            code = next(sign for sign in chain([one.code], iter(new_code, "")) if sign not in codes)
            codes.add(code)
            if account and not same:
                accounts[account] = one.id
            added.append(_registration(event, one, None if same else account, same, code))
        db.session.execute(insert(Registration), added)
    return len(new)


def _registration(
    event: Event, one: PersonCopy, account: int | None, same: UUID | None, code: str
) -> dict[str, object]:  # fmt: skip
    return {
        "id": one.id, "event_id": event.id, "person_id": account, "name": one.name, "organisation": one.organisation,
        "country": one.country, "profession": one.profession, "part": one.part, "state": one.state,
        "origin": one.origin, "walk_in": one.walk_in, "badge": one.badge, "code": code,
        "registered_at": one.registered_at, "merged_into_id": same,
    }  # fmt: skip


def _accounts(addresses: Iterable[str]) -> dict[str, int]:
    """The accounts there are of these addresses."""
    found: dict[str, int] = {}
    for some in _pieces(sorted({one for one in addresses if one})):
        found.update(db.session.execute(select(Person.email, Person.id).where(Person.email.in_(some))).all())
    return found


def _merge(event: Event, copy: EventCopy) -> None:
    """Who turned out to be someone else there is so here too, unless someone has decided it here."""
    merged = [one for one in copy.people if one.merged_into is not None]
    if not merged:
        return
    rows = {one.id: one for one in db.session.scalars(select(Registration).where(Registration.event_id == event.id))}
    for one in merged:
        row, into = rows[one.id], rows[one.merged_into or one.id]
        into = rows[into.merged_into_id or into.id]
        if row.merged_into_id is None and row.person_id is None and into.id != row.id:
            merging.merge(event, row, into)
    db.session.flush()


def _take_marks(copy: EventCopy, believed: bool) -> tuple[int, int, tuple[UUID, ...]]:
    """How many marks are new, how many were here already, and which cannot be taken."""
    kept = select(Mark.id, Mark.fingerprint, Mark.registration_id, Mark.half_day_id, Mark.kind)
    people = _accounts(one.by for one in copy.marks) if believed else {}
    taken = known = 0
    refused: list[UUID] = []
    for some in _pieces(copy.marks):
        here = {row.id: tuple(row[1:]) for row in db.session.execute(kept.where(Mark.id.in_([one.id for one in some])))}
        new = {}
        for one in some:
            if one.id in here:
                if here[one.id] == (one.fingerprint, one.registration, one.half_day, one.kind):
                    known += 1
                else:
                    refused.append(one.id)
            elif one.id in new or not _can_be_true(one):
                refused.append(one.id)
            else:
                new[one.id] = _mark(one, people.get(one.by))
        if new:
            added = insert(Mark).values(list(new.values())).on_conflict_do_nothing().returning(Mark.id)
            first = len(db.session.scalars(added).all())
            taken, known = taken + first, known + len(new) - first
    return taken, known, tuple(refused)


def _can_be_true(one: MarkCopy) -> bool:
    """Whether a mark says what marks say, as the table of marks demands it too."""
    if (one.kind is MarkKind.UNDO) != (one.of is not None) or one.outcome is Outcome.REFUSED:
        return False
    return one.kind in (MarkKind.CAME, MarkKind.LEFT) or bool(one.reason.strip())


def _mark(one: MarkCopy, by_id: int | None) -> dict[str, object]:
    return {
        "id": one.id, "registration_id": one.registration, "half_day_id": one.half_day, "kind": one.kind,
        "at": one.at, "said_at": one.said_at, "received_at": one.received_at, "by_id": by_id, "device_id": one.desk,
        "reason": one.reason, "undoes_id": one.of, "fingerprint": one.fingerprint, "outcome": one.outcome,
        "since": one.since,
    }  # fmt: skip
