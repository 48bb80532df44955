"""How everyone stands to the question in front, as trainers see it while a run is open, and nobody else at any time."""

from flask import Flask

from tests.exercises.rooms import RoomWith
from tests.make import Making


def standing(room: RoomWith) -> dict[str, tuple[bool, bool]]:
    """By name, whether the question in front is asked of them and whether they have answered."""
    return {one["name"]: (one["asked"], one["answered"]) for one in room.console()["players"]}


def test_a_trainer_sees_who_has_answered_and_who_has_not(app: Flask, make: Making):
    room = RoomWith(app, make)
    ana, _bo = room.phone(name="Ana"), room.phone(name="Bo")
    room.does("start", "next")
    assert standing(room) == {"Ana": (False, False), "Bo": (False, False)}

    room.does("open mood")
    ana.send("mood", "good")

    assert standing(room) == {"Ana": (True, True), "Bo": (True, False)}


def test_in_another_round_nobody_has_answered_yet(app: Flask, make: Making):
    room = RoomWith(app, make)
    ana = room.phone(name="Ana")
    room.does("start", "next", "open mood")
    ana.send("mood", "good")

    room.does("close mood", "reveal mood", "revote mood")

    assert standing(room) == {"Ana": (True, False)}


def test_when_a_team_has_decided_all_of_it_have(app: Flask, make: Making):
    room = RoomWith(app, make)
    phones = {name: room.phone(name=name) for name in ("Ana", "Bo", "Cy")}
    for name, team in (("Ana", "north"), ("Bo", "north"), ("Cy", "south")):
        room.seats(player=phones[name].id, team=team)
    room.does("start", "next", "next")

    phones["Ana"].send("decide", {"option": "wait", "reason": "To see more", "owner": "Bo"})

    assert standing(room) == {"Ana": (True, True), "Bo": (True, True), "Cy": (True, False)}


def test_whom_the_inject_did_not_reach_is_not_waited_for(app: Flask, make: Making):
    room = RoomWith(app, make)
    ana, bo = room.phone(name="Ana"), room.phone(name="Bo")
    room.seats(player=ana.id, team="north")
    room.seats(player=bo.id, team="south")

    room.does("start", "send north-letter")

    assert standing(room) == {"Ana": (True, False), "Bo": (False, False)}


def test_whoever_was_sent_out_is_not_waited_for(app: Flask, make: Making):
    room = RoomWith(app, make)
    ana = room.phone(name="Ana")
    room.does("start", "next", "open mood")

    room.move("remove", player=ana.id)

    assert standing(room) == {"Ana": (False, False)}


def test_after_the_end_nobody_is_said_to_have_answered(app: Flask, make: Making):
    room = RoomWith(app, make)
    ana = room.phone(name="Ana")
    room.does("start", "next", "open mood")
    ana.send("mood", "good")

    room.does("end")

    assert [one["answered"] for one in room.console()["players"]] == [False]


def test_neither_players_nor_the_screen_are_told_who_has_answered(app: Flask, make: Making):
    room = RoomWith(app, make)
    ana, bo = room.phone(name="Ana"), room.phone(name="Bo")
    room.does("start", "next", "open mood")
    ana.send("mood", "good")

    assert "players" not in bo.sees()
    assert "Ana" not in room.screen().text
