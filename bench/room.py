"""A room of many players: a run of an exercise of ten injects, a cookie for each player, and its trainer."""

import json
import secrets
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from msgspec.structs import replace
from sqlalchemy import func, insert, select

from bench.site import Visitor, signed_in
from lms.accounts.models import Person, Profession
from lms.clock import now
from lms.content.exercises import Exercise, PollSingle
from lms.database import db, writing
from lms.exercises import joining
from lms.exercises.models import Answer, Player

TRAINER = "trainer@demo.test"
INJECTS = 10


@dataclass(frozen=True)
class Room:
    """A run that waits to be started."""

    run_id: UUID
    cookies: tuple[str, ...]
    trainer: Visitor
    task: str
    options: tuple[str, ...]

    @property
    def address(self) -> str:
        return f"/runs/{self.run_id}"


def room(app: Flask, people: int) -> Room:
    """Open a run, and let so many people join it."""
    exercise = _exercise(app)
    task = exercise.tasks[0]
    trainer = signed_in(app, TRAINER)
    keys = [secrets.token_urlsafe(32) for _ in range(people)]
    professions = list(Profession)
    with app.app_context(), writing():
        run = joining.open_run(exercise, "early-signs", None, now(), capacity=people)
        run.opened_by_id = _trainer_id()
        rows = [
            {
                "id": uuid4(), "run_id": run.id, "key_hash": joining.hash_of(key, run.id), "name": f"Player {number}",
                "profession": professions[number % len(professions)], "team": "", "role": "", "joined_at": now(),
                "seen_at": now(), "changes": 1,
            }
            for number, key in enumerate(keys)
        ]  # fmt: skip
        db.session.execute(insert(Player), rows)
        run_id = run.id
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    options = tuple(option.id for option in task.options)
    return Room(run_id, tuple(f"player={key}" for key in keys), trainer, task.id, options)


def _trainer_id() -> int:
    return db.session.scalars(select(Person.id).where(Person.email == TRAINER)).one()


def _exercise(app: Flask) -> Exercise:
    """The largest exercise of the course with ten injects to all, and one question."""
    modules = app.extensions["training"].course("en").modules
    largest = max((one for module in modules for one in module.exercises), key=lambda one: len(one.injects))
    injects = [largest.injects[number % len(largest.injects)] for number in range(INJECTS)]
    named = tuple(
        replace(one, id=f"inject-{number}", minute=number, to="all", when=None) for number, one in enumerate(injects)
    )
    poll = next(one for one in largest.tasks if isinstance(one, PollSingle))
    return replace(largest, injects=named, tasks=(replace(poll, inject="inject-0", waits=True),))


class Console:
    """The trainer's console, by whatever process answers at this port."""

    def __init__(self, port: int, room: Room) -> None:
        self.port, self.room = port, room

    def move(self, kind: str, **more: Any) -> dict[str, Any]:
        """Make a move, which must be done."""
        body = json.dumps({"id": str(uuid4()), "move": kind} | more)
        headers = {
            "Cookie": self.room.trainer.cookie, "X-CSRFToken": self.room.trainer.token,
            "Content-Type": "application/json",
        }  # fmt: skip
        line = HTTPConnection("127.0.0.1", self.port, timeout=60)
        line.request("POST", f"{self.room.address}/moves", body, headers)
        answer = line.getresponse()
        content = answer.read()
        line.close()
        assert answer.status == 200, content
        said: dict[str, Any] = json.loads(content)
        return said


def kept(app: Flask, room: Room) -> int:
    """How many answers to the room's question are in the database."""
    with app.app_context():
        asked = select(func.count()).where(Answer.run_id == room.run_id, Answer.task == room.task)
        found = db.session.scalar(asked)
        db.session.remove()
        db.engine.dispose()
        return found or 0
