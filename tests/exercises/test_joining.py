"""The way in when many come at once, and what a run is opened with."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from lms.clock import now
from lms.database import db, writing
from lms.events.models import HalfDay
from lms.exercises import joining
from lms.exercises.joining import NotSo
from lms.exercises.models import Player, Run
from tests.exercises.play import EXERCISE
from tests.exercises.rooms import RoomWith
from tests.make import Making


def joined(app: Flask, run: Run, person_id: int | None = None) -> Player | NotSo:
    """Someone with a new browser."""
    with app.app_context(), writing():
        found = joining.join(db.session.get_one(Run, run.id), uuid4().hex, now(), person_id=person_id)
        db.session.commit()
        return found


def test_one_account_that_joins_on_eight_devices_at_once_is_one_player(app: Flask, make: Making):
    room, person = RoomWith(app, make), make.person()

    with ThreadPoolExecutor(8) as pool:
        players = list(pool.map(lambda _n: joined(app, room.run, person.id), range(8)))

    assert len({player.id for player in players}) == 1
    assert len(room.kept(Player)) == 1


def test_a_room_takes_as_many_as_it_holds_however_many_come_at_once(app: Flask, make: Making):
    room = RoomWith(app, make, capacity=5)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _n: joined(app, room.run), range(20)))

    assert outcomes.count(NotSo.FULL) == 15
    assert len(room.kept(Player)) == 5


def test_the_code_of_an_open_run_is_given_to_no_other(app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch):
    codes = iter(["AAAAAA", "AAAAAA", "BBBBBB"])
    monkeypatch.setattr(joining, "new_code", lambda: next(codes))

    first, second = RoomWith(app, make), RoomWith(app, make)

    assert (first.run.code, second.run.code) == ("AAAAAA", "BBBBBB")
    with pytest.raises(IntegrityError):
        make.change(second.run, code="AAAAAA")


def test_the_code_of_a_run_that_is_over_can_be_given_again(app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(joining, "new_code", lambda: "AAAAAA")
    first = RoomWith(app, make)
    first.does("end")

    second = RoomWith(app, make)

    phone = second.phone()
    assert phone.sees()["phase"] == "lobby"
    assert {row.id for row in second.kept(Run)} == {first.run.id, second.run.id}


def test_a_run_at_a_half_day_belongs_to_its_event(app: Flask, make: Making):
    event = make.event()
    half_day = make.all(select(HalfDay))[0]

    room = RoomWith(app, make, half_day=half_day)

    (run,) = room.kept(Run)
    assert (run.event_id, run.half_day_id, run.title) == (event.id, half_day.id, EXERCISE.title)
    assert now() - run.opened_at < timedelta(minutes=1)


def test_mixed_teams_take_a_latecomer_where_their_profession_is_rarest(app: Flask, make: Making):
    room = RoomWith(app, make, teams_by="mix")
    for profession in ("police",) * 5 + ("judge",) * 3:
        room.phone(profession=profession)
    room.seats(deal=True)
    before = {(one.team, one.profession) for one in room.kept(Player)}

    late = room.phone(profession="judge")

    judges = [one.team for one in room.kept(Player) if one.profession == "judge"]
    assert len(before) == 4
    assert late.sees()["mine"]["team"] in ("north", "south")
    assert sorted(judges.count(team) for team in ("north", "south")) == [2, 2]
