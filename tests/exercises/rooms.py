"""A run on the site with its trainer and its players, each with a browser of their own."""

from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from lms.accounts.models import Role
from lms.clock import now
from lms.content.exercises import Exercise
from lms.database import db, writing
from lms.exercises import joining, showing
from lms.exercises.models import Run
from tests.exercises.play import EXERCISE
from tests.make import Making
from tests.page import Client


class Phone:
    """A player's device: a browser without an account, unless it is given a client that signed in."""

    def __init__(self, app: Flask, run: Run, signed_in: Client | None = None) -> None:
        self.http = signed_in.http if signed_in else app.test_client()
        self.run = run
        self.seen: list[TestResponse] = []  # everything that ever reached this device
        self.id = ""

    def join(self, status: int = 200, code: str = "", **fields: str) -> TestResponse:
        answer = self._heard(self.http.post("/join", json={"code": code or self.run.code} | fields))
        assert answer.status_code == status, answer.text
        if status == 200:
            self.id = answer.json["player"]
        return answer

    def state(self, **headers: str) -> TestResponse:
        return self._heard(self.http.get(f"/runs/{self.run.id}/state?as=player", headers=headers))

    def sees(self) -> dict[str, Any]:
        answer = self.state()
        assert answer.status_code == 200, answer.text
        return answer.json

    def send(self, task: str, answer: Any, answer_id: UUID | None = None, **more: Any) -> TestResponse:
        content = {"id": str(answer_id or uuid4()), "task": task, "answer": answer} | more
        return self.post("answers", content)

    def post(self, where: str, content: Any) -> TestResponse:
        return self._heard(self.http.post(f"/runs/{self.run.id}/{where}", json=content))

    def _heard(self, answer: TestResponse) -> TestResponse:
        self.seen.append(answer)
        return answer


class RoomWith:
    """A run that was opened, with the trainer who opened it at their console."""

    def __init__(self, app: Flask, make: Making, exercise: Exercise = EXERCISE, **values: Any) -> None:
        self.app, self.make = app, make
        self.trainer = make.signed_in(Role.TRAINER, name="Petra Vrana")
        with app.app_context(), writing():
            self.run = joining.open_run(exercise, "early-signs", self.trainer.person.id, now(), **values)
            db.session.commit()
            db.session.expunge_all()
        self.trainer.get("/account")
        self.token = self.trainer.page.hidden("csrf_token")

    def phone(self, signed_in: Client | None = None, **fields: str) -> Phone:
        """A device that has joined."""
        phone = Phone(self.app, self.run, signed_in)
        phone.join(**fields)
        return phone

    def move(self, move: str, client: Client | None = None, token: str = "", **more: Any) -> TestResponse:
        content = {"id": str(uuid4()), "move": move} | more
        return (client or self.trainer).http.post(
            f"/runs/{self.run.id}/moves", json=content, headers={"X-CSRFToken": token or self.token}
        )

    def does(self, *moves: str, **more: Any) -> None:
        """Moves such as "start", "next" or "open mood", each of which must be done."""
        for one in moves:
            kind, _space, name = one.partition(" ")
            of = "task" if kind in ("open", "close", "reveal", "revote", "hands") else "inject"
            answer = self.move(kind, **({of: name} if name else {}), **more)
            assert answer.status_code == 200, (one, answer.text)

    def seats(self, **content: Any) -> TestResponse:
        return self.trainer.http.post(f"/runs/{self.run.id}/seats", json=content, headers={"X-CSRFToken": self.token})

    def console(self) -> dict[str, Any]:
        self.look_anew()
        answer = self.trainer.http.get(f"/runs/{self.run.id}/state")
        assert answer.status_code == 200, answer.text
        return answer.json

    def screen(self) -> TestResponse:
        self.look_anew()
        return self.app.test_client().get(f"/runs/{self.run.id}/state?as=screen&key={self.run.screen_key}")

    def look_anew(self) -> None:
        """As if a quarter of a second had gone by."""
        with self.app.app_context():
            showing.changed(self.run.id)

    def kept(self, table: Any) -> list[Any]:
        """All rows of a table."""
        return list(self.make.all(select(table)))
