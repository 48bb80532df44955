"""Taking marks: from desks, from pages, from a laptop that ran an event alone. Rows are added, never committed.

Each mark stands for itself: what is wrong with one stops no other. Its id was made by whoever says it, so that the
same mark sent again, by whichever way, is the same row and gets the same answer.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from itertools import takewhile
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, Struct
from sqlalchemy import BindParameter, CompoundSelect, bindparam, func, literal, null, or_, select, union_all, update
from sqlalchemy.orm import aliased

from lms.database import db, insert
from lms.events.attendance import in_force
from lms.events.badges import new_badge, new_code, new_id
from lms.events.checkin import BADGE_LENGTH, CODE_LENGTH, Why, corrected, hashed, typed
from lms.events.models import COUNTED_AS, Device, Event, HalfDay, Mark, Registration, Stray
from lms.events.parts import MarkKind, Origin, Outcome, Part, RegistrationState

MOST = 1000
LONGEST = 4000  # characters of a refused mark that are kept
LEVELS = 4  # that a mark nests at most; one that nests a thousand could be read, and not be written
HASH_LENGTH = 64
SEVERAL: dict[str, BindParameter[Any]] = {name: bindparam(name, expanding=True) for name in ("ids", "names")}
KNOWN: CompoundSelect[Any] = union_all(
    select(Mark.id, Mark.fingerprint, Mark.outcome, Mark.since, literal("").label("why"))
    .where(Mark.id.in_(SEVERAL["ids"])),
    select(Stray.id, Stray.fingerprint, literal(Outcome.REFUSED, Mark.outcome.type), null(), Stray.why)
    .where(Stray.id.in_(SEVERAL["ids"])),
)  # fmt: skip
BADGES = select(Registration.badge).where(Registration.event_id == bindparam("event"))
INTO = aliased(Registration)
STATE = func.coalesce(
    select(INTO.state).where(INTO.id == Registration.merged_into_id).scalar_subquery(), Registration.state
).label("state")  # a walk-in stands as whoever it turned out to be
PEOPLE = (
    select(Registration.id, Registration.badge, Registration.code, STATE, COUNTED_AS)
    .where(
        Registration.event_id == bindparam("event"),
        or_(
            Registration.badge.in_(SEVERAL["names"]),
            Registration.code.in_(SEVERAL["names"]),
            Registration.id.in_(SEVERAL["ids"]),
        ),
    )
    .order_by(Registration.id)
    .with_for_update(key_share=True)
)
MARKS = (
    select(COUNTED_AS, Mark.id, Mark.half_day_id, Mark.kind, Mark.at, Mark.undoes_id)
    .join(Registration, Mark.registration_id == Registration.id)
    .where(or_(Registration.id.in_(SEVERAL["ids"]), Registration.merged_into_id.in_(SEVERAL["ids"])))
)
Aware = Annotated[datetime, Meta(tz=True)]
Words = Annotated[str, Meta(max_length=300)]


class Someone(Struct, frozen=True):
    """A walk-in as the desk names them."""

    id: UUID
    name: Annotated[str, Meta(min_length=1, max_length=300)]


class Said(Struct, frozen=True):
    """One mark as it was sent."""

    id: UUID
    half_day: UUID
    kind: MarkKind
    at: Aware
    badge: Annotated[str, Meta(max_length=64)] = ""
    reason: Words = ""
    of: UUID | None = None
    person: Someone | None = None


class Sender(Struct, frozen=True):
    """Who sends: a desk, or a person; a revoked desk is heard, and nothing it says is believed."""

    device_id: UUID | None = None
    salt: str = ""
    by_id: int | None = None
    desk: bool = False
    revoked: bool = False


class Result(Struct, frozen=True, omit_defaults=True):
    """The answer to one mark; `why` is a reason of `checkin.Why`, put into words by whoever answers."""

    id: str
    outcome: Outcome
    since: datetime | None = None
    why: Why | None = None


def receive(
    event: Event, sender: Sender, marks: Sequence[Any], sent_at: datetime | None, now: datetime
) -> list[Result]:
    """One result for each mark, in the order sent."""
    marks = [_cut(one) if _deep(one) else one for one in marks]
    said = [_read(one) for one in marks]
    ids = [one.id if isinstance(one, Said) else one[0] for one in said]
    known = _known([one for one in ids if one is not None])
    desk = _Desk(event, sender, [one for one in said if isinstance(one, Said) and one.id not in known])
    results: list[Result] = []
    for sent, one, mark_id in zip(marks, said, ids, strict=True):
        if mark_id is None:
            called = str(sent.get("id", ""))[:64] if isinstance(sent, dict) else ""
            results.append(Result(called, Outcome.REFUSED, why=Why.UNREADABLE))
            continue
        print_ = fingerprint(sent)
        before = known.get(mark_id)
        if before is not None:
            results.append(_answer(before, mark_id, print_))
            continue
        result = _take(desk, one, mark_id, print_, sent, sent_at, now)
        known[mark_id] = (print_, result)
        results.append(result)
    db.session.flush()
    return results


def fingerprint(sent: Any) -> str:
    """SHA-256 of a mark as it was sent, whatever the order of its fields."""
    return sha256(json.dumps(sent, sort_keys=True, default=str).encode()).hexdigest()


def _read(sent: Any) -> Said | tuple[UUID | None]:
    """A mark, or only its id where the rest cannot be read, or not even that."""
    try:
        said = msgspec.convert(sent, Said)
    except (msgspec.ValidationError, ValueError, OverflowError):
        try:
            return (UUID(sent["id"]),)
        except (TypeError, KeyError, ValueError, AttributeError):
            return (None,)
    return said if _fits(said) else (said.id,)


def _deep(sent: Any, levels: int = LEVELS) -> bool:
    """Whether it nests deeper than any mark does."""
    inside = sent.values() if isinstance(sent, dict) else sent if isinstance(sent, list) else ()
    return bool(inside) and (levels == 0 or any(_deep(one, levels - 1) for one in inside))


def _cut(sent: Any) -> dict[str, Any]:
    """All that is kept of what is too deep or too long: which mark it was."""
    mark_id = sent.get("id") if isinstance(sent, dict) else None
    return {"id": mark_id if isinstance(mark_id, str) else "", "cut": True}


def _fits(said: Said) -> bool:
    """Whether no text holds what cannot be kept, and the time is one that a calendar can move."""
    texts = (said.badge, said.reason, said.person.name if said.person else "")
    if any(not text.isprintable() for text in texts) or (said.person and not said.person.name.strip()):
        return False
    return 2000 <= said.at.year <= 2200


def _known(ids: Iterable[UUID]) -> dict[UUID, tuple[str, Result]]:
    """Marks and strays that were sent before, with the answer they got."""
    return {
        one.id: (one.fingerprint, Result(str(one.id), one.outcome, one.since, Why(one.why) if one.why else None))
        for one in db.session.connection().execute(KNOWN, {"ids": list(ids)})
    }


class _Desk:
    """What one batch needs to know of the event: half-days, people by badge, and what was said of them so far."""

    def __init__(self, event: Event, sender: Sender, said: Sequence[Said]) -> None:
        self.event = event
        self.sender = sender
        self.half_days = {half_day.id: half_day for half_day in event.half_days}
        self.badges = self._unhashed({one.badge for one in said if len(one.badge) == HASH_LENGTH})
        self.undone = self._about({one.of for one in said if one.of})
        names = {_name(one) for one in said} | {self.badges.get(one.badge) for one in said}
        people = {one.person.id for one in said if one.person} | set(self.undone.values())
        if any(one.person for one in said):  # a walk-in changes the event: who changes both locks the event first
            db.session.execute(select(Event.id).where(Event.id == event.id).with_for_update())
        if any(one.person for one in said):  # a new row of the roll: the event is held before anybody on it is
            db.session.execute(select(Event.id).where(Event.id == event.id).with_for_update(key_share=True))
        self.people = self._held(names - {None, ""}, people)
        self.by_name = {name: one.id for one in self.people.values() for name in (one.badge, one.code)}
        self.marks = self._marks({one.counted_as for one in self.people.values()})

    def whose(self, said: Said) -> UUID | None:
        """Whom a mark is about: a walk-in by its id, someone by badge, by what this desk knows of it, or by code."""
        if said.person is not None:
            return said.person.id if said.person.id in self.people else None
        if not said.badge and said.of is not None:
            return self.undone.get(said.of)
        return self.by_name.get(self.badges.get(said.badge, _name(said)))

    def knows_elsewhere(self, mark_id: UUID | None, stands_at: tuple[UUID, UUID]) -> bool:
        """Whether a mark is someone else's, or of another half-day: there it cannot be taken back from here."""
        return any(
            mark.id == mark_id for where, group in self.marks.items() if where != stands_at for mark in group
        )  # fmt: skip

    def _unhashed(self, hashes: set[str]) -> dict[str, str]:
        """The badges behind hashes: by this desk's own salt, else by another's, because it may be paired anew."""
        if not hashes:
            return {}
        database = db.session.connection()
        badges = tuple(database.scalars(BADGES, {"event": self.event.id}))
        found = _hashes(self.sender.salt, badges)
        if not hashes <= found.keys():
            for salt in database.scalars(select(Device.salt).where(Device.event_id == self.event.id)).all():
                found = _hashes(salt, badges) | found
        return {one: found[one] for one in hashes & found.keys()}

    def _about(self, marks: set[UUID]) -> dict[UUID, UUID]:
        """Whose marks these are that are taken back by their id alone."""
        if not marks:
            return {}
        mine = select(HalfDay.id).where(HalfDay.event_id == self.event.id)
        rows = select(Mark.id, Mark.registration_id).where(Mark.id.in_(marks), Mark.half_day_id.in_(mine))
        return {one.id: one.registration_id for one in db.session.connection().execute(rows)}

    def _held(self, names: set[str | None], ids: set[UUID]) -> dict[UUID, Any]:
        """The people of a batch, held against a second writer until the transaction ends."""
        asked = {"event": self.event.id, "names": list(names), "ids": list(ids)}
        return {one.id: one for one in db.session.connection().execute(PEOPLE, asked)}

    def _marks(self, people: set[UUID]) -> dict[tuple[UUID, UUID], list[Any]]:
        """What was said of these people so far, by whom it counts for and half-day."""
        said: dict[tuple[UUID, UUID], list[Any]] = {}
        for mark in db.session.connection().execute(MARKS, {"ids": list(people)}) if people else ():
            said.setdefault((mark.counted_as, mark.half_day_id), []).append(mark)
        return said

    def walk_in(self, someone: Someone, now: datetime) -> None:
        """Put someone who is not on the list on it, under the id the desk gave them."""
        add_registration(
            self.event, now, id=someone.id, name=" ".join(someone.name.split()), walk_in=True,
            state=RegistrationState.CONFIRMED,
        )  # fmt: skip
        self.people |= self._held(set(), {someone.id})


def _name(said: Said) -> str:
    """A badge or a code as it is kept; empty for a hash and for what can be neither."""
    name = typed(said.badge)
    return name if len(name) in (BADGE_LENGTH, CODE_LENGTH) else ""


@lru_cache(64)
def _hashes(salt: str, badges: tuple[str, ...]) -> dict[str, str]:
    """Badges by what a desk with this salt knows of them."""
    return {hashed(badge, salt): badge for badge in badges}


def _take(
    desk: _Desk, said: Said | tuple[UUID | None], mark_id: UUID, print_: str, sent: Any, sent_at: datetime | None,
    now: datetime,
) -> Result:  # fmt: skip
    """Keep one mark that was never seen before, or keep it aside with the reason why it is not taken."""
    why = Why.UNREADABLE if not isinstance(said, Said) else _refusal(desk, said)
    if why is not None or not isinstance(said, Said):
        return _aside(desk, mark_id, print_, sent, why or Why.UNREADABLE, sent_at, now)
    if said.person is not None and said.person.id not in desk.people:
        desk.walk_in(said.person, now)
    registration_id = desk.whose(said)
    if registration_id is None:
        return _aside(desk, mark_id, print_, sent, Why.UNKNOWN_BADGE, sent_at, now)
    if desk.people[registration_id].state == RegistrationState.CANCELLED:
        return _aside(desk, mark_id, print_, sent, Why.CANCELLED, sent_at, now)
    at = corrected(said.at, sent_at, now) if sent_at else said.at
    stands_at = (desk.people[registration_id].counted_as, said.half_day)
    if said.kind is MarkKind.UNDO and desk.knows_elsewhere(said.of, stands_at):
        return _aside(desk, mark_id, print_, sent, Why.NEEDS_MARK, sent_at, now)
    group = desk.marks.setdefault(stands_at, [])
    since = _since(group, said.kind)
    mark = Mark(
        id=mark_id, registration_id=registration_id, half_day_id=said.half_day, kind=said.kind, at=at,
        said_at=said.at, received_at=now, by_id=desk.sender.by_id, device_id=desk.sender.device_id,
        reason=said.reason.strip(), undoes_id=said.of if said.kind is MarkKind.UNDO else None, fingerprint=print_,
        outcome=Outcome.ALREADY if since else Outcome.RECORDED, since=since or at,
    )  # fmt: skip
    if not _insert(Mark, **{column.key: getattr(mark, column.key) for column in Mark.__mapper__.column_attrs}):
        return _answer(_known([mark_id]).get(mark_id), mark_id, print_)  # another request with it was faster
    group.append(mark)
    return Result(str(mark_id), mark.outcome, mark.since)


def _answer(before: tuple[str, Result] | None, mark_id: UUID, print_: str) -> Result:
    """What was answered when the mark came first; another content under its id is refused."""
    if before is None or before[0] != print_:
        return Result(str(mark_id), Outcome.REFUSED, why=Why.OTHER_CONTENT)
    return before[1]


def _since(group: list[Any], kind: MarkKind) -> datetime | None:
    """Since when someone is here who comes once more, or gone who leaves once more."""
    if kind not in (MarkKind.CAME, MarkKind.LEFT):
        return None
    seen = [mark for mark in in_force(group) if mark.kind in (MarkKind.CAME, MarkKind.LEFT)]
    last = list(takewhile(lambda mark: mark.kind is kind, reversed(seen)))
    return last[-1].at if last else None


def _refusal(desk: _Desk, said: Said) -> Why | None:
    """Why a mark is not taken; None takes it."""
    if desk.sender.revoked:
        return Why.REVOKED
    if said.half_day not in desk.half_days:
        return Why.UNKNOWN_HALF_DAY
    if said.kind is MarkKind.UNDO and said.of is None:
        return Why.NEEDS_MARK
    if said.kind not in (MarkKind.CAME, MarkKind.LEFT) and not said.reason.strip():
        return Why.NEEDS_REASON
    if desk.sender.desk and said.kind in (MarkKind.EXCUSED, MarkKind.ABSENT):
        return Why.NOT_FROM_DESK
    if said.kind is MarkKind.UNDO and any(
        mark.id == said.of and mark.kind is MarkKind.UNDO for group in desk.marks.values() for mark in group
    ):
        return Why.UNDOES_UNDO
    if said.person is not None and said.person.id not in desk.people:
        elsewhere = db.session.scalar(select(Registration.event_id).where(Registration.id == said.person.id))
        return Why.UNKNOWN_BADGE if elsewhere not in (None, desk.event.id) else None
    return None


def _aside(
    desk: _Desk, mark_id: UUID, print_: str, sent: Any, why: Why, sent_at: datetime | None, now: datetime
) -> Result:
    """Keep a refused mark as it was sent, for a person to look at."""
    content = sent if len(json.dumps(sent, default=str)) <= LONGEST else _cut(sent)
    _insert(
        Stray, id=mark_id, event_id=desk.event.id, device_id=desk.sender.device_id, said=content, fingerprint=print_,
        why=why.value, sent_at=sent_at, received_at=now, note="",
    )  # fmt: skip
    return Result(str(mark_id), Outcome.REFUSED, why=why)


def _insert(table: type[Mark] | type[Stray] | type[Registration], **values: Any) -> bool:
    """Whether this request was the first with the row; the keys decide between two at once."""
    added = insert(table).values(**values).on_conflict_do_nothing().returning(table.id)
    return db.session.execute(added).first() is not None


def add_registration(event: Event, now: datetime, **values: Any) -> Registration:
    """Put someone on the roll with a badge and a code of their own, or give the registration they have there.

    Adds to the caller's transaction. The keys decide: the same id or account twice is one registration.
    """
    given = {
        "id": new_id(), "person_id": None, "name": "", "organisation": "", "country": "", "part": Part.PARTICIPANT,
        "state": RegistrationState.REGISTERED, "origin": Origin.INTERNATIONAL, "walk_in": False,
    } | values  # fmt: skip
    same = Registration.id == given["id"]
    if given["person_id"] is not None:
        same |= (Registration.event_id == event.id) & (Registration.person_id == given["person_id"])
    found: Registration | None = None
    while found is None:  # only where its code was another's already
        added = _insert(
            Registration, **given, event_id=event.id, badge=new_badge(), code=new_code(), registered_at=now
        )  # fmt: skip
        found = db.session.scalar(select(Registration).where(same))
    if added:
        grown(event)
    return found


def grown(event: Event) -> None:
    """Say that the roll changed, so that desks fetch it anew."""
    db.session.execute(update(Event).where(Event.id == event.id).values(version=Event.version + 1))


def say(
    event: Event, *, by_id: int | None, registration: Registration, half_day: HalfDay, kind: MarkKind, at: datetime,
    now: datetime, reason: str = "", of: UUID | None = None, mark_id: UUID | None = None,
) -> Result:  # fmt: skip
    """One mark by a person on a page; the same `mark_id` again is the same mark. Adds, never commits."""
    sent = {
        "id": str(mark_id or new_id()), "half_day": str(half_day.id), "kind": kind.value, "at": at.isoformat(),
        "badge": registration.badge, "reason": reason,
    } | ({"of": str(of)} if of else {})  # fmt: skip
    return receive(event, Sender(by_id=by_id), [sent], None, now)[0]
