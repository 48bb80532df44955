"""Beginning, answering and closing an attempt: the deeds that several doors do; rows are added, never committed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

from lms.accounts.models import Person
from lms.content.material import Quiz
from lms.database import db, insert
from lms.quizzes.grading import grade
from lms.quizzes.models import Attempt, Sent, ends
from lms.quizzes.paper import Answer, Drawn, draw

MINE = (Attempt.id == bindparam("attempt_id"), Attempt.person_id == bindparam("person_id"))
LOCKED = select(Attempt).where(*MINE).with_for_update()
HELD = (
    select(Attempt.id, Attempt.out_of, Attempt.begun_at, Attempt.submitted_at, Attempt.paper_kept)
    .where(*MINE)
    .with_for_update(of=Attempt)
)
GIVEN = select(Sent.number, Sent.given).where(Sent.attempt_id == bindparam("attempt_id")).order_by(Sent.place)
NEXT_PLACE = select(func.count() + 1).where(Sent.attempt_id == bindparam("attempt")).scalar_subquery()
KEEP = {
    kind.dialect.name: kind.insert(Sent.__table__).values(place=NEXT_PLACE).on_conflict_do_nothing().returning(Sent.id)
    for kind in (postgresql, sqlite)
}


@dataclass(frozen=True)
class Refusal:
    """Why no attempt can begin now: "attempts" are used up, or "wait" until a moment."""

    why: str
    until: datetime | None = None


class Held(Struct, frozen=True):
    """An attempt as its row says, held against a second writer: all that keeping one answer looks at."""

    id: int
    out_of: int
    begun_at: datetime
    submitted_at: datetime | None
    paper: dict[str, Any]

    def question(self, number: int) -> Drawn:
        """One question of the paper, by its number from 1; the whole paper takes ten times as long to read."""
        return msgspec.convert(self.paper["questions"][number - 1], Drawn)

    def open_at(self, moment: datetime, extra_time: int) -> bool:
        """Whether an answer still counts, by the time limit with a person's extra time in per cent."""
        end = ends(self.begun_at, self.paper.get("time_limit"), extra_time)
        return self.submitted_at is None and (end is None or moment < end)


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
    made = db.session.execute(insert(Attempt).values(values).on_conflict_do_nothing().returning(Attempt.id))
    attempt_id = made.scalar()
    return db.session.get_one(Attempt, attempt_id) if attempt_id is not None else None


def locked(attempt_id: int, person: Person) -> Attempt | None:
    """The person's attempt, held against a second writer until the transaction ends."""
    return db.session.scalar(LOCKED, {"attempt_id": attempt_id, "person_id": person.id})


def held(attempt_id: int, person: Person) -> Held | None:
    """The same as a value."""
    row = db.session.connection().execute(HELD, {"attempt_id": attempt_id, "person_id": person.id}).first()
    return None if row is None else Held(*row)


def answered(attempt_id: int) -> list[int]:
    """The numbers of the questions that have an answer, in order."""
    rows = db.session.connection().execute(GIVEN, {"attempt_id": attempt_id})
    latest: dict[int, Answer] = {row.number: row.given for row in rows}
    return sorted(number for number, answer in latest.items() if answer)


def keep(attempt_id: int, sent_id: UUID, number: int, answer: Answer | None, now: datetime) -> str:
    """Keep an answer: "kept", "already" for a replay of it, "other" where the id was used for another answer."""
    sent = {"id": sent_id, "attempt_id": attempt_id, "number": number, "given": answer or {}, "at": now}
    connection = db.session.connection()
    if connection.scalar(KEEP[connection.dialect.name], sent | {"attempt": attempt_id}) is not None:
        return "kept"
    known = db.session.get_one(Sent, sent_id)
    same = (known.attempt_id, known.number, known.given) == (attempt_id, number, answer or {})
    return "already" if same else "other"


def close_if_over(attempt: Attempt, person: Person, now: datetime) -> bool:
    """Grade an open attempt whose time has run out, as of the moment it ran out; whether that happened."""
    if attempt.submitted_at is not None:
        return False
    end = attempt.closes_at(person.extra_time)
    if end is None or now < end:
        return False
    attempt.close(grade(attempt.paper, attempt.given()), end)
    return True


def of_module(person: Person, module: str) -> Sequence[Attempt]:
    """A person's attempts at one topic's quiz, the first first."""
    return db.session.scalars(
        select(Attempt).where(Attempt.person_id == person.id, Attempt.module == module).order_by(Attempt.number)
    ).all()
