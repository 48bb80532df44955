"""What is kept of live exercises: runs, what trainers did, who plays, what was answered, decided and thought.

While a run goes on, an answer belongs to a player. When it ends, `parting.cut` takes that away: docs/decisions/022.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.accounts.models import Person, Profession
from lms.database import Model, one_of
from lms.exercises.seating import TeamsBy
from lms.exercises.thoughts import About

NAME = 80  # characters of an id of the material, and of a player's name


class Run(Model):
    """A scenario run in a room, frozen whole, from the moment its code is good until it ends.

    `version` is what the counted changes of its rows no longer say (`conducting.version_of`). A code is good once
    among the runs that are not over.
    """

    __tablename__ = "run"
    __table_args__ = (
        CheckConstraint("title <> ''", name="has_a_title"),
        CheckConstraint("length(code) = 6", name="code_is_six_signs"),
        CheckConstraint("capacity BETWEEN 1 AND 2000", name="capacity_fits"),
        CheckConstraint("half_day_id IS NULL OR event_id IS NOT NULL", name="half_day_is_of_an_event"),
        Index(
            "uq_run_code", "code", unique=True, sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    module: Mapped[str] = mapped_column(String(NAME))
    exercise: Mapped[str] = mapped_column(String(NAME))
    exercise_version: Mapped[str] = mapped_column(String(64))
    scenario: Mapped[dict[str, Any]] = mapped_column(deferred=True)
    title: Mapped[str]
    code: Mapped[str] = mapped_column(String(6))
    screen_key: Mapped[str] = mapped_column(String(64), unique=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id", ondelete="SET NULL"), index=True)
    half_day_id: Mapped[UUID | None] = mapped_column(ForeignKey("half_day.id", ondelete="SET NULL"), index=True)
    opened_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    opened_by: Mapped[Person | None] = relationship()
    opened_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    rehearsal: Mapped[bool] = mapped_column(default=False)
    teams_by: Mapped[TeamsBy] = mapped_column(one_of(TeamsBy, "teams_by"), default=TeamsBy.HAND)
    capacity: Mapped[int] = mapped_column(default=500)
    version: Mapped[int] = mapped_column(default=0)


class RunTrainer(Model):
    """A trainer who conducts a run beside the one who opened it, at an event or not."""

    __tablename__ = "run_trainer"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True)
    person: Mapped[Person] = relationship()


class MoveRow(Model):
    """Something a trainer asked of a run, refused or not, in the order in which it was kept; never changed."""

    __tablename__ = "move"
    __table_args__ = (UniqueConstraint("run_id", "number"), CheckConstraint("number >= 0", name="numbered_from_0"))

    id: Mapped[UUID] = mapped_column(primary_key=True)  # made by the console: a replay is the same row
    run_id: Mapped[UUID] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"))
    number: Mapped[int]
    asked: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    decided: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class Player(Model):
    """Someone who takes part, with or without an account; a browser proves it with a key of which this is the hash.

    `changes` counts how often what others see of the row changed.
    """

    __tablename__ = "player"
    __table_args__ = (UniqueConstraint("run_id", "person_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"))
    run: Mapped[Run] = relationship()
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    name: Mapped[str] = mapped_column(String(NAME), default="")
    profession: Mapped[Profession | None] = mapped_column(one_of(Profession, "profession"))
    team: Mapped[str] = mapped_column(String(NAME), default="")
    role: Mapped[str] = mapped_column(String(NAME), default="")
    joined_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    changes: Mapped[int] = mapped_column(default=1)


class Answer(Model):
    """What one player answers to a question in one round, as it stands; changed in place while the question is open.

    `id` is its sender's, and `later` has the ids under which it was changed. Without a player it has no time either.
    SQLite keeps the rows in the order of their random ids, so that none says which came first.
    """

    __tablename__ = "answer"
    __table_args__ = (
        UniqueConstraint("player_id", "task", "round"),
        CheckConstraint("round >= 1", name="rounds_from_1"),
        CheckConstraint("(player_id IS NULL) = (at IS NULL)", name="cut_from_player_and_time_at_once"),
        CheckConstraint("player_id IS NOT NULL OR turn = 0", name="cut_from_its_turn_too"),
        Index("ix_answer_run_id_task", "run_id", "task"),
        {"sqlite_with_rowid": False},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"))
    task: Mapped[str] = mapped_column(String(NAME))
    round: Mapped[int]
    player_id: Mapped[UUID | None] = mapped_column(ForeignKey("player.id", ondelete="CASCADE"))
    profession: Mapped[Profession | None] = mapped_column(one_of(Profession, "profession"))
    team: Mapped[str] = mapped_column(String(NAME), default="")
    answer: Mapped[Any] = mapped_column(JSON)
    at: Mapped[datetime | None]
    turn: Mapped[int] = mapped_column(BigInteger, default=0)
    later: Mapped[list[Any]] = mapped_column(default=list)
    changes: Mapped[int] = mapped_column(default=1)


class DecisionRow(Model):
    """A version of what a team decided; the newest of a round counts, and every one is kept."""

    __tablename__ = "decision"
    __table_args__ = (
        UniqueConstraint("run_id", "task", "round", "team", "number"),
        CheckConstraint("team <> ''", name="of_a_team"),
        Index("ix_decision_player_id", "player_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)  # made by the recorder's device: a replay is the same row
    run_id: Mapped[UUID] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"))
    task: Mapped[str] = mapped_column(String(NAME))
    round: Mapped[int]
    team: Mapped[str] = mapped_column(String(NAME))
    number: Mapped[int]
    player_id: Mapped[UUID | None] = mapped_column(ForeignKey("player.id", ondelete="SET NULL"))
    answer: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class Recorder(Model):
    """Who enters a team's decisions: one player at a time, until another of the team takes over."""

    __tablename__ = "recorder"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    team: Mapped[str] = mapped_column(String(NAME), primary_key=True)
    player_id: Mapped[UUID] = mapped_column(ForeignKey("player.id", ondelete="CASCADE"), index=True)
    changes: Mapped[int] = mapped_column(default=1)


class TakingPart(Model):
    """That someone took part in an exercise to its end, which may count for a paper; it outlives the run."""

    __tablename__ = "taking_part"

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True)
    module: Mapped[str] = mapped_column(String(NAME))
    exercise: Mapped[str] = mapped_column(String(NAME))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id", ondelete="SET NULL"), index=True)
    day: Mapped[date]


class Thought(Model):
    """What someone thinks of an exercise after it: by nobody, at no time, and in no order."""

    __tablename__ = "thought"
    __table_args__ = (CheckConstraint("words <> ''", name="says_something"), {"sqlite_with_rowid": False})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), index=True)
    about: Mapped[About] = mapped_column(one_of(About, "about"))
    words: Mapped[str] = mapped_column(Text)


class LessonLearned(Model):
    """What a run taught, who sees to it and by when, as its trainers wrote it down; the number gives their order."""

    __tablename__ = "lesson_learned"
    __table_args__ = (
        UniqueConstraint("run_id", "number"),
        CheckConstraint("words <> ''", name="says_something"),
        CheckConstraint("number >= 1", name="numbered_from_1"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"))
    number: Mapped[int]
    words: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(default="")
    until: Mapped[date | None]
