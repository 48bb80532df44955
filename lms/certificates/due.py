"""Who is due a paper and who is not, with everything that says why: one query a kind, for one or for five hundred."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, func, or_, select

from lms import pdf
from lms.accounts.models import Person, Role, Standing
from lms.certificates.models import Certificate, ConfirmedName
from lms.certificates.parts import COURSE, Stands, State
from lms.clock import now
from lms.content.library import training
from lms.content.material import Course, Paper, PaperKind
from lms.database import db
from lms.events import roll
from lms.events.models import Event, Registration
from lms.events.parts import Part
from lms.events.roll import Row
from lms.progress import completion, facts
from lms.progress.completion import Line
from lms.progress.facts import NOTHING, Facts

# The registration that a certificate was given to, or that it counts for since a walk-in was merged into it.
GIVEN_TO = func.coalesce(Registration.merged_into_id, Certificate.registration_id)


class Holder(Struct, frozen=True):
    """Whose paper it is: someone with an account, someone on an event's roll without one, or both in one."""

    name: str
    person_id: int | None = None
    registration_id: UUID | None = None
    email: str = ""
    language: str = ""


class Held(Struct, frozen=True):
    """The certificate that someone has of a paper, which is not superseded."""

    id: int
    number: str
    name: str
    state: State
    issued_at: datetime


class Candidate(Struct, frozen=True):
    """Someone and one paper: what they did, what it asks, what they have. `event` is None for the course's papers.

    `early`: its event is not over, and a paper would say less than they will have done.
    """

    holder: Holder
    paper: Paper
    event: Event | None
    facts: Facts
    checklist: tuple[Line, ...]
    held: Held | None
    confirmed: bool
    early: bool = False

    @property
    def scope(self) -> str:
        return self.event.slug if self.event else COURSE

    @property
    def missing(self) -> tuple[Line, ...]:
        """What is asked and not done."""
        return tuple(line for line in self.checklist if line.left)

    @property
    def unprintable(self) -> list[str]:
        """The letters of the name that no font of ours has."""
        return pdf.unprintable(self.holder.name)

    @property
    def stands(self) -> Stands:
        if self.held:
            return Stands.REVOKED if self.held.state is State.REVOKED else Stands.ISSUED
        if self.early:
            return Stands.EARLY
        if self.missing:
            return Stands.MISSING
        if self.unprintable:
            return Stands.LETTERS
        return Stands.DUE if self.confirmed else Stands.NAME


def english() -> Course:
    """The rule is read from the English course: every language asks the same."""
    return training().course("en")


def of_event(event: Event) -> list[Candidate]:
    """Every participant of an event and each paper of attendance, by name."""
    rows = roll.roll(event, {Part.PARTICIPANT})
    return _at_event(event, rows)


def of_course() -> list[Candidate]:
    """Everyone who takes the course, and each of its papers, by name."""
    known = facts.of_people()
    people = db.session.scalars(select(Person).where(Person.standing == Standing.ACTIVE))
    takers = [one for one in people if one.role is Role.PRACTITIONER or one.id in known]
    return _of_the_course(sorted(takers, key=lambda one: (roll.in_the_alphabet(one.name), one.id)), known)


def of_person(person_id: int) -> list[Candidate]:
    """The course's papers and those of each event of one person, whatever part they played in the course."""
    person = db.session.get_one(Person, person_id)
    known = facts.whole(person_id)
    found = _of_the_course([person], {person_id: known})
    for row in known.attended:
        if row.registration.part is Part.PARTICIPANT:
            found += _at_event(row.registration.event, [row])
    return found


def of_one(scope: str, paper_id: str, person_id: int | None, registration_id: UUID | None) -> Candidate | None:
    """One person and one paper as they stand now; None where they are no longer on the roll, or the paper is gone."""
    if scope == COURSE:
        person = db.session.get(Person, person_id) if person_id else None
        active = person is not None and person.standing is Standing.ACTIVE
        found = _of_the_course([person], {person.id: facts.whole(person.id)}) if person and active else []
    else:
        event = db.session.scalar(select(Event).where(Event.slug == scope))
        rows = roll.counted(roll.of_one(event, person_id, registration_id)) if event else []
        found = _at_event(event, rows) if event else []
    return next((one for one in found if one.paper.id == paper_id), None)


def given_to(person_id: int) -> ColumnElement[bool]:
    """Certificates that someone has: of their account, and those of registrations that turned out to be theirs."""
    mine = select(Registration.id).where(Registration.person_id == person_id)
    theirs = select(Registration.id).where(or_(Registration.id.in_(mine), Registration.merged_into_id.in_(mine)))
    return or_(
        Certificate.person_id == person_id,
        and_(Certificate.person_id.is_(None), Certificate.registration_id.in_(theirs)),
    )


def account_of(certificate: Certificate) -> Person | None:
    """The account of whoever has a certificate: its own, or the one that its registration belongs to by now."""
    if certificate.person or certificate.registration_id is None:
        return certificate.person
    given = db.session.get(Registration, certificate.registration_id)
    if given and given.merged_into_id:
        given = db.session.get(Registration, given.merged_into_id)
    return given.person if given else None


def due(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Those who get one when it is asked for now."""
    return [one for one in candidates if one.stands is Stands.DUE]


def _of_the_course(people: Sequence[Person], known: dict[int, Facts]) -> list[Candidate]:
    ids = {person.id for person in people}
    held = _held(Certificate.scope == COURSE, *_among(Certificate.person_id, ids))
    confirmed = _confirmed(ids, ())
    return [
        _candidate(
            Holder(person.name, person.id, None, person.email, person.language), paper, None,
            known.get(person.id, NOTHING), completion.asked(paper, english()), held, confirmed,
        )
        for paper in english().papers_of(PaperKind.COMPLETION)
        for person in people
    ]  # fmt: skip


def _at_event(event: Event, rows: Sequence[Row]) -> list[Candidate]:
    registrations = {row.registration.id for row in rows}
    people = {row.registration.person_id for row in rows if row.registration.person_id is not None}
    theirs = or_(*_among(Certificate.person_id, people), *_among(GIVEN_TO, registrations))
    held = _held(Certificate.scope == event.slug, theirs)
    confirmed = _confirmed(people, registrations)
    return [
        _candidate(
            _holder(row), paper, event, Facts(attended=(row,)),
            completion.asked_at(paper, event.slug, len(event.half_days)), held, confirmed,
        )
        for paper in english().papers_of(PaperKind.ATTENDANCE)
        for row in rows
    ]  # fmt: skip


def _holder(row: Row) -> Holder:
    who = row.registration
    email, language = (who.person.email, who.person.language) if who.person else ("", "")
    return Holder(who.shown_name, who.person_id, who.id, email, language)


def _candidate(
    holder: Holder, paper: Paper, event: Event | None, known: Facts, asked: completion.Asked,
    held: dict[tuple[str, object], Held], confirmed: dict[object, str],
) -> Candidate:  # fmt: skip
    moment = now()
    names = [confirmed.get(key) for key in (holder.person_id, holder.registration_id) if key is not None]
    return Candidate(
        holder,
        paper,
        event,
        known,
        completion.checklist(asked, known.done(moment)),
        held.get((paper.id, holder.person_id)) or held.get((paper.id, holder.registration_id)),
        holder.name in names,
        event is not None and not all(half_day.ends_at <= moment for half_day in event.half_days),
    )


def _held(*which: ColumnElement[bool]) -> dict[tuple[str, object], Held]:
    """Certificates that are not superseded, by paper and by whoever they are found by."""
    rows = db.session.execute(
        select(
            Certificate.id, Certificate.number, Certificate.name, Certificate.revoked_at, Certificate.issued_at,
            Certificate.paper, Certificate.person_id, GIVEN_TO.label("given_to"),
        )
        .outerjoin(Registration, Certificate.registration_id == Registration.id)
        .where(Certificate.superseded_at.is_(None), *which)
    )  # fmt: skip
    found: dict[tuple[str, object], Held] = {}
    for row in rows:
        one = Held(row.id, row.number, row.name, State.REVOKED if row.revoked_at else State.VALID, row.issued_at)
        for key in (row.person_id, row.given_to):
            if key is not None:
                found[row.paper, key] = one
    return found


def _confirmed(people: Collection[int], registrations: Collection[UUID]) -> dict[object, str]:
    """Names that were confirmed, by account and by registration."""
    rows = db.session.execute(
        select(ConfirmedName.person_id, ConfirmedName.registration_id, ConfirmedName.name).where(
            or_(*_among(ConfirmedName.person_id, people), *_among(ConfirmedName.registration_id, registrations))
        )
    )
    return {row.person_id if row.registration_id is None else row.registration_id: row.name for row in rows}


def _among(column: Any, keys: Collection[object]) -> list[ColumnElement[bool]]:
    """Rows of these keys; of many, all rows: a long list costs more than rows that nobody looks up."""
    return [column.is_not(None) if len(keys) > 100 else column.in_(keys)]
