"""What is kept of quizzes: attempts with their frozen papers, and every answer that was ever sent."""

from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import CheckConstraint, ForeignKey, Index, Select, String, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.accounts.models import Person
from lms.database import Model
from lms.quizzes.grading import Result
from lms.quizzes.paper import Answer, Paper


def ends(begun_at: datetime, limit: int | None, extra_time: int) -> datetime | None:
    """When a limit in minutes ends for who has extra time in per cent; None without a limit."""
    return None if limit is None else begun_at + timedelta(minutes=limit) * (100 + extra_time) / 100


class Attempt(Model):
    """One go at a topic's quiz. The paper never changes; a person has one open attempt a quiz at most."""

    __tablename__ = "attempt"
    __table_args__ = (
        UniqueConstraint("person_id", "module", "number"),
        Index(
            "uq_attempt_one_open", "person_id", "module", unique=True,
            sqlite_where=text("submitted_at IS NULL"), postgresql_where=text("submitted_at IS NULL"),
        ),
        CheckConstraint("(submitted_at IS NULL) = (points IS NULL)", name="graded_when_submitted"),
        CheckConstraint("points IS NULL OR (points >= 0 AND points <= out_of)", name="points_within_the_paper"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    module: Mapped[str] = mapped_column(String(80))
    number: Mapped[int]
    paper_kept: Mapped[dict[str, Any]]
    out_of: Mapped[int]
    begun_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    points: Mapped[float | None]
    passed: Mapped[bool] = mapped_column(default=False)
    answers: Mapped[list["Sent"]] = relationship(order_by="Sent.place", back_populates="attempt")

    @classmethod
    def of(cls, person: Person) -> "Select[Attempt]":
        """Every attempt is looked up through the person: not yours is not there."""
        return select(cls).where(cls.person_id == person.id)

    @cached_property
    def paper(self) -> Paper:
        return msgspec.convert(self.paper_kept, Paper)

    def given(self) -> dict[int, Answer]:
        """The last answer to each question, by its number; one taken back is not there."""
        latest = {sent.number: sent.given for sent in self.answers}
        return {number: answer for number, answer in latest.items() if answer}

    def close(self, result: Result, moment: datetime) -> None:
        """Keep what the paper earned; an attempt is closed once."""
        self.submitted_at = moment
        self.points = float(round(result.points, 4))
        self.passed = result.passed

    def closes_at(self, extra_time: int) -> datetime | None:
        """When the time limit ends, with this person's extra time in per cent; None without a limit."""
        return ends(self.begun_at, self.paper_kept.get("time_limit"), extra_time)


class Sent(Model):
    """An answer as it was sent, under the id its sender gave it: a replay is the same row. The latest counts."""

    __tablename__ = "sent_answer"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id", ondelete="CASCADE"), index=True)
    attempt: Mapped[Attempt] = relationship(back_populates="answers")
    place: Mapped[int]
    number: Mapped[int]
    given: Mapped[dict[str, Any]]
    at: Mapped[datetime]
