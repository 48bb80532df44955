"""The end of a run: who took part is known, and no id, order or time leads from an answer to anybody."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from msgspec.structs import replace
from sqlalchemy import select, text

from lms.accounts.models import Role
from lms.clock import now
from lms.database import Model, db, writing
from lms.exercises import retention
from lms.exercises.models import Answer, DecisionRow, MoveRow, Player, Recorder, Run, TakingPart, Thought
from lms.exercises.parts import Phase
from tests.exercises.play import EXERCISE
from tests.exercises.rooms import Phone, RoomWith
from tests.make import Making

DECISION = {"option": "wait", "reason": "Because", "owner": "Ana"}


def played(app: Flask, make: Making, people: int = 8, **values: Any) -> tuple[RoomWith, list[Phone], list[Any]]:
    """A run with signed-in people in two teams, who all answered, in order."""
    room = RoomWith(app, make, teams_by="self", **values)
    clients = [make.signed_in(profession="judge") for _number in range(people)]
    phones = [room.phone(one, name=f"Name {number}") for number, one in enumerate(clients)]
    for number, phone in enumerate(phones):
        phone.post("seat", {"team": ("north", "south")[number % 2]})
    room.does("start", "next", "next", "open whom")
    for number, phone in enumerate(phones):
        assert phone.send("whom", ["a", "b", "c"][: number % 3 + 1], turn=number + 1).json["outcome"] == "stored"
    for phone in phones[:2]:
        assert phone.send("decide", DECISION).json["outcome"] == "stored"
    return room, phones, [one.person for one in clients]


def everything(app: Flask, *but: type[Model]) -> str:
    """Every value of every row of the tables of exercises, as text."""
    tables = {Run, MoveRow, Player, Answer, DecisionRow, Recorder, TakingPart, Thought} - set(but)
    with app.app_context():
        return str([db.session.execute(select(table.__table__)).all() for table in tables])


def test_the_end_cuts_every_answer_from_its_player_and_time_and_keeps_team_and_profession(app: Flask, make: Making):
    room, _phones, _people = played(app, make)

    room.does("end")

    rows = room.kept(Answer)
    assert len(rows) == 8
    for row in rows:
        assert (row.player_id, row.at, row.turn, row.later, row.changes) == (None, None, 0, [], 1)
        assert row.team in ("north", "south") and row.profession == "judge"
    assert {row.player_id for row in room.kept(DecisionRow)} == {None}
    assert room.kept(Recorder) == []
    for player in room.kept(Player):
        assert (player.person_id, player.name, player.profession) == (None, "", None)
        assert player.joined_at == room.kept(Run)[0].opened_at


def test_no_id_that_a_device_ever_sent_with_an_answer_is_left(app: Flask, make: Making):
    room, _phones, _people = played(app, make)
    sent = {row.id for row in (*room.kept(Answer), *room.kept(DecisionRow))}

    room.does("end")

    left = everything(app)
    assert sent
    assert not [one for one in sent if str(one) in left or one.hex in left]
    assert {row.id.version for row in room.kept(Answer)} == {4}


def test_the_order_of_the_rows_says_nothing(app: Flask, make: Making):
    """Everyone answers otherwise, in order; the rows come back in another, by whichever way they are read."""
    room = RoomWith(app, make)
    phones = [room.phone() for _number in range(12)]
    room.does("start", "next")
    move = room.move("send", to="all", inject="north-letter")
    assert move.status_code == 200
    for number, phone in enumerate(phones):
        assert phone.send("why", f"{number:02}").json["outcome"] == "stored"

    room.does("end")

    def order(by: str) -> Sequence[str]:
        with app.app_context():
            return [row[0] for row in db.session.execute(text(f"SELECT answer FROM answer {by}"))]

    for by in ("", "ORDER BY id"):
        assert sorted(order(by)) != list(order(by)), by


def test_an_answer_does_not_say_by_where_it_lies_who_sent_it_first(app: Flask, make: Making, database_url: str):
    if not database_url.startswith("sqlite"):
        pytest.skip("only SQLite numbers the rows of a table by itself")
    room = RoomWith(app, make)
    del room

    with app.app_context():
        made = db.session.execute(text("SELECT sql FROM sqlite_master WHERE name IN ('answer', 'thought')")).scalars()
        assert all("WITHOUT ROWID" in one for one in made)


def test_results_after_the_end_are_those_before_it(app: Flask, make: Making):
    room, _phones, _people = played(app, make)
    room.does("close decide", "close whom", "reveal whom")
    before = room.screen().json["results"]

    room.does("end")
    room.does("reveal whom", by_profession=True)

    after = room.screen().json["results"]
    assert [one["options"] for one in after["rounds"]] == [one["options"] for one in before["rounds"]]
    assert after["rounds"][0]["answered"] == 8


def test_versions_go_on_growing_over_the_end(app: Flask, make: Making):
    room, _phones, _people = played(app, make)
    before = room.console()["version"]

    room.does("end")

    assert room.console()["version"] > before


def test_a_device_still_sees_the_end_and_its_account_is_known_no_more(app: Flask, make: Making):
    room, phones, _people = played(app, make)

    room.does("end")

    state = phones[0].sees()
    assert (state["phase"], state["mine"]["team"], set(state["mine"]["answers"])) == ("ended", "north", {"decide"})
    phones[0].http.delete_cookie("player")
    assert phones[0].state().status_code == 401


@pytest.mark.parametrize(("share", "counts"), [(50, True), (100, False)])
def test_taking_part_is_a_share_of_what_could_be_answered_and_a_teams_decision_counts_for_all_of_it(
    app: Flask, make: Making, changed: Any, share: int, counts: bool
):
    changed(taking_part=share)
    room = RoomWith(app, make, teams_by="self")
    ana, ben, eva, nobody = (make.signed_in() for _number in range(4))
    for client, team in ((ana, "north"), (ben, "north"), (eva, "south")):
        room.phone(client).post("seat", {"team": team})
    room.phone(nobody)
    room.does("start", "next", "next", "open whom")
    Phone(app, room.run, ana).send("decide", DECISION)
    Phone(app, room.run, eva).send("whom", ["a"])

    room.does("end")

    took_part = {row.person_id for row in room.kept(TakingPart)}
    assert took_part == ({one.person.id for one in (ana, ben, eva)} if counts else set())
    for row in room.kept(TakingPart):
        assert (row.run_id, row.module, row.exercise) == (room.run.id, "early-signs", "letters")


@pytest.mark.parametrize(
    ("began", "ended"), [("2027-03-03T23:30Z", "2027-03-03T23:45Z"), ("2027-03-04T22:30Z", "2027-03-05T00:30Z")]
)
def test_the_day_of_taking_part_is_that_on_which_the_run_began_where_it_is_played(
    app: Flask, make: Making, began: str, ended: str
):
    with time_machine.travel(began) as clock:
        room, _phones, _people = played(app, make, people=2)
        clock.move_to(datetime.fromisoformat(ended))
        room.does("end")

    assert {row.day for row in room.kept(TakingPart)} == {date(2027, 3, 4)}


def test_a_rehearsal_and_a_run_that_never_began_are_nobodys_deed(app: Flask, make: Making):
    rehearsal, _phones, _people = played(app, make, rehearsal=True)
    rehearsal.does("end")
    never = RoomWith(app, make)
    never.phone(make.signed_in())
    never.does("end")

    assert rehearsal.kept(TakingPart) == []


def test_someone_removed_did_not_take_part_and_leaves_no_row(app: Flask, make: Making):
    room, phones, people = played(app, make)
    room.move("remove", player=phones[0].id)

    room.does("end")

    assert people[0].id not in {row.person_id for row in room.kept(TakingPart)}
    assert UUID(phones[0].id) not in {row.id for row in room.kept(Player)}
    assert len(room.kept(Answer)) == 8


def test_an_end_sent_twice_cuts_once(app: Flask, make: Making):
    room, _phones, _people = played(app, make)
    move_id = "00000000-0000-4000-8000-000000000001"

    first, second = room.move("end", id=move_id), room.move("end", id=move_id)

    assert (first.status_code, second.status_code) == (200, 200)
    assert (len(room.kept(Answer)), len(room.kept(TakingPart))) == (8, 8)


def test_the_person_can_be_erased_after_the_end_and_no_answer_goes(app: Flask, make: Making):
    room, _phones, people = played(app, make)
    room.does("end")

    with app.app_context(), writing():
        db.session.execute(text("DELETE FROM login"))
        db.session.execute(text("DELETE FROM person WHERE id = :id"), {"id": people[0].id})
        db.session.commit()

    assert len(room.kept(TakingPart)) == 7
    assert len(room.kept(Answer)) == 8


# --- every night


def tonight(app: Flask, days: float) -> None:
    with time_machine.travel(now() + timedelta(days=days), tick=False), app.app_context(), writing():
        retention.forget()
        db.session.commit()


def test_a_run_is_kept_as_long_as_the_setting_says_and_who_took_part_longer(app: Flask, make: Making):
    room, _phones, _people = played(app, make)
    room.does("end")

    tonight(app, 364)
    kept = len(room.kept(Run)), len(room.kept(Player)), len(room.kept(Answer))
    tonight(app, 366)

    assert kept == (1, 0, 8)
    assert [len(room.kept(one)) for one in (Run, MoveRow, Answer, DecisionRow, TakingPart)] == [0, 0, 0, 0, 8]


def test_a_warm_up_counts_for_nobody(app: Flask, make: Making):
    room, _phones, _people = played(app, make, exercise=replace(EXERCISE, counts=False))

    room.does("end")

    assert len(room.kept(Answer)) == 8
    assert room.kept(TakingPart) == []


def test_a_run_that_nobody_ended_is_ended_after_a_week_and_a_night_in_between_loses_nothing(app: Flask, make: Making):
    room, phones, _people = played(app, make)

    tonight(app, 1.5)
    assert {row.player_id for row in room.kept(Answer)} == {UUID(one.id) for one in phones}
    tonight(app, 8)

    assert room.console()["phase"] == Phase.ENDED
    assert {row.player_id for row in room.kept(Answer)} == {None}
    assert len(room.kept(TakingPart)) == 8


def test_a_rehearsal_is_gone_by_the_night_after(app: Flask, make: Making):
    room, _phones, _people = played(app, make, rehearsal=True)

    tonight(app, 1.5)

    assert [len(room.kept(one)) for one in (Run, Player, Answer, TakingPart)] == [0, 0, 0, 0]
    assert room.trainer.http.get(f"/runs/{room.run.id}/state").status_code == 404
    assert make.person(Role.TRAINER)
