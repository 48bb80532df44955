"""Certificates of the sample year: Brussels issued, one superseded, one revoked; Vienna is left for its organisers."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from msgspec.structs import replace
from sqlalchemy import select

from lms.accounts.models import Person
from lms.certificates import due, issuing, numbers
from lms.certificates.due import Candidate
from lms.certificates.models import Certificate, ConfirmedName
from lms.content.library import training
from lms.database import db
from lms.demo.people import ACCOUNTS, BEGAN, address, attempt, read
from lms.events.models import Event

FINISHED = (21, 27, 33, 45)  # read every lesson and passed every quiz; the last of them was at Vienna alone
MISTYPED = (13, "Zoe van den Broek")  # how the name of one of them stood on the first paper
REVOKED = 14
UNCONFIRMED = 9  # every so many have not looked at their name yet
AFTER_BRUSSELS = datetime(2024, 10, 21, 9, 0, tzinfo=UTC)
AFTER_VIENNA = datetime(2025, 2, 14, 9, 0, tzinfo=UTC)
LATER = datetime(2024, 11, 4, 14, 30, tzinfo=UTC)
AFTER_COURSE = datetime(2026, 10, 30, 10, 0, tzinfo=UTC)


def fill(random: Random) -> bool:
    """Add the papers in the caller's transaction; False where there are some already."""
    if db.session.scalar(select(Certificate.id).limit(1)):
        return False
    organiser = _person(ACCOUNTS[2][0])
    for number in FINISHED:
        _finished(_person(address(number)), random)
    brussels, vienna = (
        db.session.scalars(select(Event).where(Event.slug == slug)).one() for slug in ("brussels", "vienna")
    )
    _confirmed(due.of_event(brussels), AFTER_BRUSSELS - timedelta(days=2))
    _confirmed(due.of_event(vienna), AFTER_VIENNA)
    papers = {
        one.person_id: one for one in _issued(_as_typed(due.of_event(brussels)), organiser, AFTER_BRUSSELS, random)
    }
    _issued(due.of_course(), organiser, AFTER_COURSE, random)
    mistyped, absent = _person(address(MISTYPED[0])), _person(address(REVOKED))
    right = issuing.make(issuing.corrected(papers[mistyped.id], mistyped.name, LATER, number=_number(random)))
    issuing.supersede(papers[mistyped.id], right, "Two letters of the name were missing", organiser.id, LATER)
    issuing.revoke(papers[absent.id], "A colleague came in their place and signed for them", organiser.id, LATER)
    return True


def _person(email: str) -> Person:
    return db.session.scalars(select(Person).where(Person.email == email)).one()


def _finished(person: Person, random: Random) -> None:
    """Someone who has done all that the course asks of them at their own desk."""
    for number, module in enumerate(training().course("en").modules):
        began = BEGAN + timedelta(days=5 * number, hours=random.randint(0, 60))
        read(person, module, len(module.lessons), began)
        attempt(person, module, 1, random, 1.0, began + timedelta(days=2))


def _confirmed(candidates: Iterable[Candidate], at: datetime) -> None:
    """Names as their holders confirmed them; some have not yet. The practitioner has."""
    known = set(db.session.scalars(select(ConfirmedName.person_id)))
    for number, one in enumerate(candidates):
        if one.holder.person_id is None or one.holder.person_id in known:
            continue
        if number % UNCONFIRMED != 4 or one.holder.email == ACCOUNTS[0][0]:
            db.session.add(
                ConfirmedName(person_id=one.holder.person_id, name=one.holder.name, at=at, by_id=one.holder.person_id)
            )
    db.session.flush()


def _as_typed(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates with the name of one as it was first confirmed."""
    return [
        replace(one, holder=replace(one.holder, name=MISTYPED[1])) if one.holder.email == address(MISTYPED[0]) else one
        for one in candidates
    ]


def _issued(candidates: Iterable[Candidate], by: Person, at: datetime, random: Random) -> list[Certificate]:
    drafts = [issuing.drafted(one, at, _number(random)) for one in due.due(candidates)]
    return [issuing.keep(issuing.make(draft), by.id, at) for draft in drafts]


def _number(random: Random) -> str:
    return numbers.written("".join(random.choices(numbers.LETTERS, k=numbers.RANDOM)))
