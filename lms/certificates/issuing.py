"""How a certificate comes to be, is superseded and is revoked: one deed for every door.

Making the file takes a tenth of a second and happens outside any transaction that writes; keeping it is one short
transaction, in which a constraint has the last word: asked for twice at once, the first paper stays and both get it.

    draft = drafted(candidate, at)      what it will state; raises NotDue
    made = make(draft)                  the file; raises pdf.Failed, signing.NoKey
    certificate = keep(made, by, at)    adds rows and a letter, in the caller's transaction

Nothing here commits.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from flask import current_app
from msgspec import Struct
from sqlalchemy import or_, select, update

from lms import audit, pdf
from lms.certificates import letters, numbers, signing
from lms.certificates.document import attachment, document
from lms.certificates.due import Candidate, Holder
from lms.certificates.models import Certificate, CertificateFile, SigningKey
from lms.certificates.parts import Stands
from lms.certificates.statement import Asked, Event, Exercise, HalfDay, Statement, Topic, Words
from lms.content.library import training
from lms.content.material import Course, Module, Paper
from lms.database import changed, db, insert, look
from lms.events.roll import Row
from lms.progress import completion
from lms.progress.facts import Best, Facts
from lms.settings import LANGUAGES, Settings


class NotDue(Exception):
    """A paper that is not issued to someone, or not any more; `stands` says why."""

    def __init__(self, stands: Stands) -> None:
        super().__init__(stands.value)
        self.stands = stands


class AlreadyEnded(Exception):
    """A certificate that somebody else has just superseded or revoked."""


class Draft(Struct, frozen=True):
    """What a certificate will state, and whose it is."""

    statement: Statement
    holder: Holder


class Made(Struct, frozen=True):
    """A draft with its file, signed, and the key that signed."""

    draft: Draft
    content: bytes
    key: signing.Key


def drafted(candidate: Candidate, at: datetime, number: str = "") -> Draft:
    """What a paper that is due will state, under a fresh number unless one is given. Raises NotDue."""
    if candidate.stands is not Stands.DUE:
        raise NotDue(candidate.stands)
    return Draft(_statement(candidate, at, number or numbers.new()), candidate.holder)


def corrected(old: Certificate, name: str, at: datetime, today: Candidate | None = None, number: str = "") -> Draft:
    """What the paper that supersedes another will state: the same under another name, or what holds `today`."""
    settings: Settings = current_app.extensions["settings"]
    number = number or numbers.new()
    facts = _statement(today, at, number) if today else statement_of(old)
    statement = msgspec.structs.replace(
        facts, number=number, check=address(number), issued_at=at, keep_until=_later(at, settings.keep_certificates),
        issuer=settings.issuer, replaces=old.number,
    )  # fmt: skip
    return Draft(statement, Holder(name, old.person_id, old.registration_id))


def make(draft: Draft) -> Made:
    """The file of a draft, signed. Raises pdf.Failed and signing.NoKey, whose words are for whoever asked."""
    statement, name = draft.statement, draft.holder.name
    moment = statement.issued_at
    key = _trusted(signing.current(), moment)
    facts = pdf.Attachment("certificate.json", attachment(statement, name), "application/json", statement.title["en"])
    content, signer = signing.signed(pdf.record(document(statement, name), facts, key.room), moment)
    return Made(draft, content, _trusted(signer, moment))


def _trusted(key: signing.Key, at: datetime) -> signing.Key:
    """A key that the record does not condemn for what is issued now. Raises signing.NoKey."""
    with look() as database:
        since = database.scalar(select(SigningKey.compromised_from).where(SigningKey.fingerprint == key.fingerprint))
    if since and since <= at:
        said = f"The key {key.fingerprint} is marked as compromised from {since.isoformat()}: put another in its place"
        raise signing.out_of_order(said)
    return key


def keep(made: Made, by: int | None, at: datetime) -> Certificate:
    """Add the certificate to the caller's transaction, with its letter; where there is one already, that one."""
    number = _add(made, by, at)
    if number is None:
        return _there(made)
    certificate = db.session.scalars(select(Certificate).where(Certificate.number == number)).one()
    letters.issued(certificate, made.draft.holder)
    audit.record("certificate.issued", by, certificate=certificate.id, person=certificate.person_id)
    return certificate


def supersede(old: Certificate, made: Made, why: str, by: int | None, at: datetime) -> Certificate:
    """Put a new certificate in the place of an old one, in the caller's transaction. Raises AlreadyEnded."""
    _end(old, {"superseded_at": at, "superseded_why": why, "superseded_by_id": by}, Certificate.superseded_at)
    number = _add(made, by, at)
    if number is None:
        raise AlreadyEnded(old.number)
    new = db.session.scalars(select(Certificate).where(Certificate.number == number)).one()
    db.session.execute(update(Certificate).where(Certificate.id == old.id).values(successor_id=new.id))
    db.session.refresh(old)
    letters.superseded(old, new)
    audit.record("certificate.superseded", by, certificate=old.id, successor=new.id, person=old.person_id)
    return new


def revoke(certificate: Certificate, why: str, by: int | None, at: datetime) -> None:
    """Revoke a certificate, in the caller's transaction. Raises AlreadyEnded."""
    _end(certificate, {"revoked_at": at, "revoked_why": why, "revoked_by_id": by}, Certificate.revoked_at)
    db.session.refresh(certificate)
    letters.revoked(certificate)
    audit.record("certificate.revoked", by, certificate=certificate.id, person=certificate.person_id)


def statement_of(certificate: Certificate) -> Statement:
    """What a certificate states, as it was frozen."""
    return msgspec.convert(certificate.statement_kept, Statement)


def content_of(certificate: Certificate) -> bytes | None:
    """The bytes as they were issued; None when their time is over."""
    return db.session.scalar(select(CertificateFile.content).where(CertificateFile.certificate_id == certificate.id))


def address(number: str) -> str:
    """Where a number is checked, on the configured address."""
    settings: Settings = current_app.extensions["settings"]
    return f"{settings.address}/check/{number}"


# --- rows ----------------------------------------------------------------------------------------------------


def _add(made: Made, by: int | None, at: datetime) -> str | None:
    """Add the rows of a certificate; its number, or None where its place is taken."""
    key, statement, holder = made.key, made.draft.statement, made.draft.holder
    db.session.execute(
        insert(SigningKey)
        .values(
            fingerprint=key.fingerprint,
            subject=key.subject,
            certificate=key.pem,
            first_used_at=at,
            compromised_why="",
        )
        .on_conflict_do_nothing()
    )
    added = db.session.scalar(
        insert(Certificate)
        .values(
            number=statement.number,
            kind=statement.kind,
            paper=statement.paper,
            scope=statement.scope,
            person_id=holder.person_id,
            registration_id=holder.registration_id,
            name=holder.name,
            statement_kept=msgspec.to_builtins(statement),
            sha256=sha256(made.content).hexdigest(),
            size=len(made.content),
            key_fingerprint=key.fingerprint,
            issued_at=statement.issued_at,
            issued_by_id=by,
            keep_until=statement.keep_until,
            superseded_why="",
            revoked_why="",
        )
        .on_conflict_do_nothing()
        .returning(Certificate.id)
    )
    if added is None:
        return None
    db.session.add(CertificateFile(certificate_id=added, content=made.content))
    db.session.flush()
    return statement.number


def _there(made: Made) -> Certificate:
    """The certificate that took the place first."""
    statement, holder = made.draft.statement, made.draft.holder
    return db.session.scalars(
        select(Certificate).where(
            Certificate.paper == statement.paper,
            Certificate.scope == statement.scope,
            Certificate.superseded_at.is_(None),
            or_(*_by(holder.person_id, holder.registration_id)),
        )
    ).first() or _taken(statement.number)


def _by(person_id: int | None, registration_id: UUID | None) -> Iterable[Any]:
    if person_id is not None:
        yield Certificate.person_id == person_id
    if registration_id is not None:
        yield Certificate.registration_id == registration_id


def _taken(number: str) -> Certificate:
    raise RuntimeError(f"the number {number} is taken: ask again")


def _end(certificate: Certificate, values: dict[str, Any], ended_at: Any) -> None:
    """Mark an end that has not been marked yet; the row says so itself, whatever else goes on."""
    ended = changed(update(Certificate).where(Certificate.id == certificate.id, ended_at.is_(None)).values(values))
    if not ended:
        raise AlreadyEnded(certificate.number)


# --- what it states ------------------------------------------------------------------------------------------


def _statement(candidate: Candidate, at: datetime, number: str) -> Statement:
    settings: Settings = current_app.extensions["settings"]
    language = candidate.holder.language
    locale = language if language in settings.locales and language in LANGUAGES else "en"
    courses = {code: training().course(code) for code in dict.fromkeys(("en", locale))}
    return Statement(
        number=number,
        kind=candidate.paper.kind.value,
        paper=candidate.paper.id,
        scope=candidate.scope,
        title={code: _paper(course, candidate.paper).title for code, course in courses.items()},
        programme={code: course.title for code, course in courses.items()},
        locale=locale,
        issuer=settings.issuer,
        issued_at=at,
        timezone=settings.timezone,
        keep_until=_later(at, settings.keep_certificates),
        check=address(number),
        rule=tuple(Asked(line.kind.value, line.asked, line.done, line.over) for line in candidate.checklist),
        events=tuple(_event(row, at) for row in _counted(candidate, at)),
        topics=_topics(candidate.paper, candidate.facts, courses, ZoneInfo(settings.timezone)),
        exercises=tuple(_exercises(candidate, courses)),
    )


def _paper(course: Course, paper: Paper) -> Paper:
    return course.paper(paper.id) or paper


def _later(at: datetime, years: int) -> date:
    """The same day so many years later; 29 February becomes 1 March."""
    day = at.astimezone(UTC).date()
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def _counted(candidate: Candidate, at: datetime) -> list[Row]:
    """The rolls that the paper counts on: of the one event, of those it names, or of the best."""
    wanted = next((line for line in candidate.checklist if line.kind is completion.Kind.HALF_DAYS), None)
    if wanted is None:
        return []
    there = [row for row in candidate.facts.attended if row.counted(at)]
    if wanted.over == "one":
        return sorted(there, key=lambda row: -row.counted(at))[:1]
    return [row for row in there if wanted.over == "all" or row.registration.event.slug in wanted.over]


def _event(row: Row, at: datetime) -> Event:
    """An event as it was by then; a half-day that still goes on is none yet."""
    event = row.registration.event
    return Event(
        slug=event.slug,
        title=event.title,
        city=event.city,
        country=event.country,
        venue=event.venue,
        timezone=event.timezone,
        half_days=tuple(
            HalfDay(half_day.starts_at, half_day.ends_at, half_day.title, attended.minutes, attended.counts)
            for half_day, attended in zip(event.half_days, row.attended, strict=True)
            if half_day.ends_at <= at
        ),
        sample=event.sample,
    )


def _topics(paper: Paper, known: Facts, courses: dict[str, Course], zone: ZoneInfo) -> tuple[Topic, ...]:
    asked = completion.asked(paper, courses["en"])
    return tuple(
        _topic(module, asked, known, {code: _title(course, module) for code, course in courses.items()}, zone)
        for module in courses["en"].modules
        if module.slug in asked.quizzes
        or any(f"{module.slug}/{lesson.id}" in asked.lessons for lesson in module.lessons)
    )


def _title(course: Course, module: Module) -> str:
    return (course.module(module.slug) or module).title


def _exercises(candidate: Candidate, courses: dict[str, Course]) -> Iterable[Exercise]:
    """The exercises someone took part in, where the paper asks for any; one that is gone is called by its id."""
    if not candidate.paper.exercises:
        return
    for key, day in candidate.facts.exercises.items():
        yield Exercise(key, {code: _played(course, key) for code, course in courses.items()}, day)


def _played(course: Course, key: str) -> str:
    slug, _slash, exercise_id = key.partition("/")
    module = course.module(slug)
    found = module.exercise(exercise_id) if module else None
    return found.title if found else exercise_id


def _keys(module: Module) -> list[str]:
    return [f"{module.slug}/{lesson.id}" for lesson in module.lessons]


def _topic(module: Module, asked: completion.Asked, known: Facts, title: Words, zone: ZoneInfo) -> Topic:
    """A topic with its days, which are those of where the course is run."""
    read = [known.readings[key].read_at for key in _keys(module) if key in asked.lessons and key in known.readings]
    days = [moment.astimezone(zone).date() for moment in read if moment]
    best = known.quizzes.get(module.slug, Best()) if module.slug in asked.quizzes else Best()
    return Topic(
        slug=module.slug,
        number=module.number,
        title=title,
        minutes=module.minutes,
        lessons=len(days),
        read_on=max(days, default=None),
        points=best.points,
        out_of=best.out_of,
        pass_mark=module.quiz.pass_mark if best.passed_at else 0,
        passed_on=best.passed_at.astimezone(zone).date() if best.passed_at else None,
    )
