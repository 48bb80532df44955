"""An event's file becomes the event: made, or brought to what the file says, without losing a half-day that has marks.

    load(file) -> Loaded      the event, and in words what changed; nothing where the file changed nothing

Rows are added and changed in the caller's transaction; whoever calls commits. The same file twice changes nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from flask_babel import gettext
from msgspec import Struct
from sqlalchemy import select

from lms import audit
from lms.content.events import EventFile
from lms.database import db
from lms.events import receiving
from lms.events.badges import new_salt
from lms.events.models import Event, HalfDay, Mark, Scan, Settlement, Sheet, Tick
from lms.events.parts import EventKind

FACTS = (
    "title", "city", "country", "venue", "timezone", "summary", "sample", "places", "late_after", "counts_minutes",
    "counts_per_cent", "self_check_in",
)  # fmt: skip
ASIDE = timedelta(days=100_000)  # where half-days wait that exchange their times: no two may ever begin together


class HasMarks(Exception):
    """A half-day cannot go, because something is kept under it; in words, naming it."""


class Loaded(Struct, frozen=True):
    """An event, and what was changed to make it what its file says."""

    event: Event
    changes: tuple[str, ...]


def load(file: EventFile, actor_id: int | None = None) -> Loaded:
    """Make the event of a file, or bring it to what the file says. Raises HasMarks where a half-day would be lost."""
    event = db.session.scalar(select(Event).where(Event.slug == file.slug).with_for_update())
    if event is None:
        return _made(file)
    changes = [*_facts_changed(event, file), *_half_days_changed(event, file, actor_id)]
    if changes:
        receiving.grown(event)
    db.session.flush()
    db.session.expire(event)
    return Loaded(event, tuple(changes))


def _made(file: EventFile) -> Loaded:
    event = Event(
        slug=file.slug, kind=EventKind(file.kind), room_secret=new_salt(), version=1,
        **{fact: getattr(file, fact) for fact in FACTS},
    )  # fmt: skip
    event.half_days = [HalfDay(id=id_, **facts) for id_, facts in _half_days(file).items()]
    db.session.add(event)
    db.session.flush()
    said = gettext("The event %(title)s is made, with %(n)s half-days.", title=event.title, n=len(event.half_days))
    return Loaded(event, (said,))


def _half_days(file: EventFile) -> dict[UUID, dict[str, object]]:
    """What the file says of each half-day, by the id it is kept under."""
    wanted = {}
    for half_day in file.half_days:
        starts_at, ends_at = file.moments(half_day)
        wanted[file.half_day_id(half_day)] = {
            "title": half_day.title, "summary": half_day.summary, "starts_at": starts_at, "ends_at": ends_at,
        }  # fmt: skip
    return wanted


def _facts_changed(event: Event, file: EventFile) -> list[str]:
    wanted = {fact: getattr(file, fact) for fact in FACTS} | {"kind": EventKind(file.kind)}
    changed = [fact for fact, value in wanted.items() if getattr(event, fact) != value]
    for fact in changed:
        setattr(event, fact, wanted[fact])
    return [gettext("%(fact)s is changed.", fact=fact) for fact in changed]


def _half_days_changed(event: Event, file: EventFile, actor_id: int | None) -> list[str]:
    wanted = _half_days(file)
    there = {half_day.id: half_day for half_day in event.half_days}
    gone = [half_day for id_, half_day in there.items() if id_ not in wanted]
    for half_day in gone:
        remove(half_day, actor_id)
    said = [gettext("The half-day “%(title)s” is taken out.", title=half_day.title) for half_day in gone]
    moved = [
        half_day
        for id_, half_day in there.items()
        if id_ in wanted and (half_day.starts_at, half_day.ends_at) != _span(wanted[id_])
    ]
    _set_aside(moved)
    for id_, facts in wanted.items():
        half_day = there.get(id_) or HalfDay(id=id_, event_id=event.id)
        if id_ not in there:
            said.append(gettext("The half-day “%(title)s” is added.", title=facts["title"]))
        elif half_day in moved:
            note_moved(half_day, actor_id)
            said.append(gettext("The half-day “%(title)s” is moved.", title=facts["title"]))
        elif (half_day.title, half_day.summary) != (facts["title"], facts["summary"]):
            said.append(gettext("The half-day “%(title)s” is reworded.", title=facts["title"]))
        for fact, value in facts.items():
            setattr(half_day, fact, value)
        db.session.add(half_day)
    return said


def _span(facts: dict[str, object]) -> tuple[object, object]:
    return facts["starts_at"], facts["ends_at"]


def _set_aside(half_days: Iterable[HalfDay]) -> None:
    """Out of each other's way, for as long as it takes to give each its new time."""
    for half_day in half_days:
        half_day.starts_at += ASIDE
        half_day.ends_at += ASIDE
    db.session.flush()


def note_moved(half_day: HalfDay, actor_id: int | None) -> None:
    """That a half-day has another time is noted: marks already made are read against it."""
    audit.record("half-day.moved", actor_id, event=half_day.event_id, half_day=str(half_day.id))


def remove(half_day: HalfDay, actor_id: int | None) -> None:
    """Take out a half-day under which nothing is kept. Raises HasMarks."""
    if kept_under(half_day):
        raise HasMarks(gettext("“%(title)s” cannot go: marks or signatures are kept under it.", title=half_day.title))
    audit.record("half-day.removed", actor_id, event=half_day.event_id, half_day=str(half_day.id))
    db.session.delete(half_day)
    db.session.flush()


def kept_under(half_day: HalfDay) -> bool:
    """Whether anyone has said or signed something of this half-day."""
    keepers: Sequence[type[Mark | Sheet | Scan | Tick | Settlement]] = (Mark, Sheet, Scan, Tick, Settlement)
    return any(
        db.session.scalar(select(kind.half_day_id).where(kind.half_day_id == half_day.id).limit(1)) for kind in keepers
    )
