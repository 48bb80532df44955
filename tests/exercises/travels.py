"""A run that was played to its end, and its file."""

from typing import Any

from flask import Flask

from lms.database import db
from lms.exercises import carrying
from lms.exercises.models import Run
from tests.exercises.rooms import Phone, RoomWith
from tests.make import Making

DECISION = {"option": "wait", "reason": "Because", "owner": "Ana"}


def played(make: Making, people: int = 6, end: bool = True, **values: Any) -> tuple[RoomWith, list[Phone]]:
    """A run with people who signed in, in two teams, who all answered; `person1@…` is its trainer."""
    room = RoomWith(make.app, make, teams_by="self", **values)
    phones = [room.phone(make.signed_in(profession="judge"), name=f"Name {number}") for number in range(people)]
    for number, phone in enumerate(phones):
        phone.post("seat", {"team": ("north", "south")[number % 2]})
    room.does("start", "next", "next", "open whom")
    for number, phone in enumerate(phones):
        assert phone.send("whom", ["a", "b", "c"][: number % 3 + 1]).json["outcome"] == "stored"
    for phone in phones[:2]:
        assert phone.send("decide", DECISION).json["outcome"] == "stored"
    room.does("close decide")
    if end:
        room.does("end")
    return room, phones


def pack(app: Flask, run: Run) -> bytes:
    with app.app_context():
        return carrying.copied(db.session.get_one(Run, run.id))
