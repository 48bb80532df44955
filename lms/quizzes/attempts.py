"""Beginning, answering and closing an attempt: the deeds that several doors do; rows are added, never committed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import SystemRandom
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from lms.accounts.models import Person
from lms.content.material import Quiz
from lms.database import db
from lms.quizzes.grading import grade
from lms.quizzes.models import Attempt, Sent
from lms.quizzes.paper import Answer, draw


@dataclass(frozen=True)
class Refusal:
    """Why no attempt can begin now: "attempts" are used up, or "wait" until a moment."""

    why: str
    until: datetime | None = None


def refusal(quiz: Quiz, attempts: Sequence[Attempt], now: datetime) -> Refusal | None:
    """Whether another attempt may begin, by the limits of the quiz and the server's clock."""
    closed = [attempt.submitted_at for attempt in attempts if attempt.submitted_at]
    if quiz.attempts is not None and len(closed) >= quiz.attempts:
        return Refusal("attempts")
    if quiz.wait_minutes is None or not closed:
        return None
    until = max(closed) + timedelta(minutes=quiz.wait_minutes)
    return Refusal("wait", until) if now < until else None


def begin(person: Person, module: str, quiz: Quiz, number: int, now: datetime) -> Attempt | None:
    """Freeze a new paper; None where another request began one in the same moment (the constraint decides)."""
    paper = draw(quiz, SystemRandom())
    values = {
        "person_id": person.id,
        "module": module,
        "number": number,
        "paper_kept": msgspec.to_builtins(paper),
        "out_of": len(paper.questions),
        "begun_at": now,
        "passed": False,
    }
    kind = postgresql if db.session.get_bind().dialect.name == "postgresql" else sqlite
    made = db.session.execute(kind.insert(Attempt).values(values).on_conflict_do_nothing().returning(Attempt.id))
    attempt_id = made.scalar()
    return db.session.get_one(Attempt, attempt_id) if attempt_id is not None else None


def locked(attempt_id: int, person: Person) -> Attempt | None:
    """The person's attempt, held against a second writer until the transaction ends."""
    return db.session.scalar(Attempt.of(person).where(Attempt.id == attempt_id).with_for_update())


def keep(attempt: Attempt, sent_id: UUID, number: int, answer: Answer | None, now: datetime) -> str:
    """Keep an answer: "kept", "already" for a replay of it, "other" where the id was used for another answer."""
    known = db.session.get(Sent, sent_id)
    if known is not None:
        same = (known.attempt_id, known.number, known.given) == (attempt.id, number, answer or {})
        return "already" if same else "other"
    place = len(attempt.answers) + 1
    attempt.answers.append(Sent(id=sent_id, place=place, number=number, given=answer or {}, at=now))
    return "kept"


def close_if_over(attempt: Attempt, person: Person, now: datetime) -> bool:
    """Grade an open attempt whose time has run out, as of the moment it ran out; whether that happened."""
    if attempt.submitted_at is not None:
        return False
    paper = attempt.paper
    ends = attempt.closes_at(paper, person.extra_time)
    if ends is None or now < ends:
        return False
    attempt.close(grade(paper, attempt.given()), ends)
    return True


def of_module(person: Person, module: str) -> Sequence[Attempt]:
    """A person's attempts at one topic's quiz, the first first."""
    return db.session.scalars(
        select(Attempt).where(Attempt.person_id == person.id, Attempt.module == module).order_by(Attempt.number)
    ).all()
