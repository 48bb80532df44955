"""What trainers, the screen and players see of a run, and that nothing else is in it."""

from datetime import datetime
from typing import Any

import pytest
from msgspec import json

from lms.exercises.audiences import (
    Front,
    Room,
    Seat,
    Snapshot,
    TrainersSnapshot,
    alike,
    for_player,
    for_screen,
    for_trainer,
)
from lms.exercises.parts import Admission
from lms.exercises.tally import Given, tallies
from tests.exercises.play import EXERCISE, NINE, Run, started

NORTH = Seat("p1", "north", "police")
SOUTH = Seat("p2", "south", "judge")
ALONE = Seat("p3")


def mood(run: Run, *answers: str) -> Room:
    """The room after these answers to "mood", each in the round that its place among the arguments says."""
    task = EXERCISE.task("mood")
    assert task is not None
    given = [Given(task="mood", round=1, player=str(number), answer=one) for number, one in enumerate(answers)]
    rounds = tallies(task, given, {}, run.state.asking("mood").round)
    return Room(version=7, here=12, answered={"mood": len(answers)}, tallies={"mood": rounds})


def ids(snapshot: Snapshot | TrainersSnapshot) -> list[str]:
    return [one.id for one in snapshot.released]


def bare(value: Any) -> Any:
    return json.decode(json.encode(value))


def test_a_snapshot_is_the_json_of_the_contract():
    run = started("next", "open mood")

    player = bare(for_player(run.state, NORTH, mood(run, "good"), {"mood": "good"}))

    assert player["audience"] == "player"
    assert (player["version"], player["phase"]) == (7, "running")
    assert player["released"][0]["id"] == "tip"
    assert player["released"][0]["text"] == "<text tip>"
    assert datetime.fromisoformat(player["released"][0]["at"]) > NINE
    assert {key: player["task"][key] for key in ("id", "kind", "text", "options", "open", "revealed")} == {
        "id": "mood",
        "kind": "poll-single",
        "text": "<question mood>",
        "options": [
            {"id": "good", "text": "<option mood good>"}, {"id": "bad", "text": "<option mood bad>"},
        ],
        "open": True,
        "revealed": False,
    }  # fmt: skip
    assert player["counts"] == {"here": 12, "answered": 1}
    assert player["results"] is None
    assert player["mine"] == {"team": "north", "role": "police", "admission": "in", "answers": {"mood": "good"}}
    assert bare(for_screen(run.state))["audience"] == "screen"
    assert bare(for_trainer(run.state))["audience"] == "trainer"


def test_in_the_lobby_there_is_nothing_to_see():
    snapshot = bare(for_player(Run().state, NORTH))

    assert (snapshot["phase"], snapshot["released"], snapshot["task"], snapshot["tasks"]) == ("lobby", [], None, [])
    assert snapshot["front"] is None


def test_each_gets_what_is_for_all_for_their_team_for_their_role_and_for_them():
    run = started("next", "next", "next", "next")
    run.say("send", text="For you", player="p3")

    assert ids(for_player(run.state, NORTH)) == ["tip", "call", "north-letter"]
    assert ids(for_player(run.state, SOUTH)) == ["tip", "call", "judge-call"]
    assert [one.text for one in for_player(run.state, ALONE).released][2:] == ["For you"]


def test_what_is_for_some_is_not_on_the_screen_nor_is_what_is_asked_of_them():
    run = started("next", "next", "next", "next")

    screen = for_screen(run.state)

    assert ids(screen) == ["tip", "call"]
    assert [one.id for one in screen.tasks] == ["decide"]


def test_what_follows_a_decision_reaches_the_teams_that_took_it():
    run = started("next", "next", "next", "next")
    run.say("close", task="decide", decided={"north": ("wait",), "south": ("act",)})
    run.say("next")

    assert "waited" in ids(for_player(run.state, NORTH))
    assert "waited" not in ids(for_player(run.state, SOUTH))
    assert "waited" not in ids(for_screen(run.state))


def test_who_comes_late_sees_what_was_sent_so_far_as_if_they_had_been_there():
    run = started("next", "next", "next")
    early = for_player(run.state, NORTH)

    assert for_player(run.state, Seat("late", "north", "police")).released == early.released


def test_what_was_taken_back_is_gone_from_every_device():
    run = started("next", "next", "take-back call")

    for snapshot in (for_player(run.state, NORTH), for_screen(run.state)):
        assert ids(snapshot) == ["tip"]
        assert b"call" not in json.encode(snapshot)
        assert b"decide" not in json.encode(snapshot)


def test_what_is_sent_twice_stands_once_where_it_came_first():
    run = started("next")
    run.say("send", inject="call", to="team/north")
    run.say("send", inject="last")
    run.say("next")

    assert ids(for_player(run.state, NORTH)) == ["tip", "call", "last"]
    assert ids(for_player(run.state, SOUTH)) == ["tip", "last", "call"]


def test_a_replay_is_in_front_again_and_says_when():
    run = started("next", "next", "replay tip")

    screen = for_screen(run.state)

    assert bare(screen.front) == {"kind": "inject", "id": "tip"}
    assert screen.released[0].again == run.now


def test_a_replay_of_what_one_team_got_moves_nothing_on_other_devices():
    run = started("next", "next", "next")
    before = for_player(run.state, SOUTH)

    run.say("replay", inject="north-letter")

    assert for_player(run.state, SOUTH) == before


def test_nothing_moves_on_other_devices_when_one_team_gets_a_message():
    run = started("next", "next")
    before = for_player(run.state, SOUTH), for_screen(run.state)

    run.say("next")

    assert (for_player(run.state, SOUTH), for_screen(run.state)) == before


def test_the_question_in_front_is_the_open_one_that_was_opened_last():
    run = started("next", "open mood", "open sure")
    assert for_screen(run.state).task.id == "sure"

    run.say("close", task="sure")

    assert for_screen(run.state).task.id == "mood"
    run.say("close", task="mood")
    assert for_screen(run.state).task.id == "mood"


def test_results_are_in_front_when_they_are_revealed_although_another_question_is_still_open():
    run = started("next", "open mood", "open sure", "close sure")

    run.say("reveal", task="sure")

    assert for_screen(run.state).front == Front("task", "sure")
    assert for_screen(run.state).task.id == "sure"
    run.say("open", task="whom")
    run.say("close", task="whom")
    assert for_screen(run.state).task.id == "mood"


def test_results_are_hidden_until_they_are_revealed():
    run = started("next", "open mood", "close mood")
    room = mood(run, "good", "bad")
    assert (for_screen(run.state, room).results, for_player(run.state, NORTH, room).results) == (None, None)

    run.say("reveal", task="mood")

    for snapshot in (for_screen(run.state, room), for_player(run.state, NORTH, room)):
        assert snapshot.results is not None
        assert [option.per_cent for option in snapshot.results.rounds[0].options] == [50, 50]


def test_while_the_room_votes_once_more_no_round_is_shown_and_then_all_are():
    run = started("next", "open mood", "close mood", "reveal mood", "revote mood")
    assert for_screen(run.state, mood(run, "good")).results is None

    run.say("close", task="mood")
    run.say("reveal", task="mood")

    results = for_screen(run.state, mood(run, "good")).results
    assert results is not None
    assert [one.round for one in results.rounds] == [1, 2]


def test_results_are_told_by_profession_only_where_that_was_asked_for():
    run = started("next", "open mood", "close mood", "reveal mood")
    task = EXERCISE.task("mood")
    given = [
        Given(task="mood", player=f"{who}{number}", profession=who, answer="good")
        for who in ("police", "judge")
        for number in range(6)
    ]
    room = Room(tallies={"mood": tallies(task, given, {}, 1)})
    assert for_screen(run.state, room).results.rounds[0].groups == ()

    run.say("reveal", task="mood", by_profession=True)

    assert [one.names for one in for_screen(run.state, room).results.rounds[0].groups] == [("judge",), ("police",)]


def test_what_one_team_was_asked_is_shown_to_all_when_the_trainer_publishes_it():
    run = started("next", "next", "next")
    run.say("close", task="why")
    run.say("reveal", task="why")
    task = EXERCISE.task("why")
    room = Room(tallies={"why": tallies(task, [Given(task="why", player="p1", answer="because")], {}, 1)})
    assert "why" not in [one.id for one in for_screen(run.state, room).tasks]
    assert b"because" not in json.encode(for_player(run.state, SOUTH, room))
    assert b"because" not in json.encode(for_screen(run.state, room))

    run.say("close", task="decide")
    run.say("reveal", task="why", to="all")

    published = for_player(run.state, SOUTH, room)
    assert published.task is not None
    assert (published.task.id, published.task.yours) == ("why", False)
    assert for_screen(run.state, room).results.rounds[0].texts == ("because",)
    assert "north-letter" not in ids(published)


def test_whoever_waits_for_the_nod_or_was_removed_sees_only_how_far_the_run_is():
    run = started("next", "open mood", "close mood", "reveal mood", "debrief")
    for admission in (Admission.WAITING, Admission.REMOVED):
        seat = Seat("p1", "north", "police", admission)

        snapshot = bare(for_player(run.state, seat, mood(run, "good"), {"mood": "good"}))

        mine = snapshot.pop("mine")
        assert (mine["admission"], mine["answers"]) == (admission, {})
        assert snapshot == {
            "version": 7, "audience": "player", "phase": "running", "released": [], "task": None, "tasks": [],
            "front": None, "debrief": [], "counts": {"here": 0, "answered": 0}, "results": None,
        }  # fmt: skip


def test_one_s_own_answer_to_a_question_that_was_withdrawn_is_not_shown():
    run = started("next", "open mood")
    run.say("take-back", task="mood")

    assert for_player(run.state, NORTH, Room(), {"mood": "good"}).mine.answers == {}


def test_an_answer_from_before_someone_changed_teams_is_not_theirs_to_see_any_more():
    run = started("next", "next", "next", "close why")
    run.say("reveal", task="why", to="all")

    assert for_player(run.state, SOUTH, Room(), {"why": "because"}).mine.answers == {}


def test_the_questions_of_the_debrief_are_shown_once_it_begins_and_never_what_to_look_for():
    run = started("next")
    assert b"debrief clock" not in json.encode(for_screen(run.state))

    run.say("debrief", task="boy")

    screen = for_screen(run.state)
    assert [one.text for one in screen.debrief] == ["<debrief clock>", "<debrief boy>"]
    assert bare(screen.front) == {"kind": "debrief", "id": "boy"}
    assert b"look-for" not in json.encode(screen)


def test_a_decision_says_what_it_asks_and_a_text_how_long_it_may_be():
    run = started("next", "next", "next")

    shown = {one.id: one for one in for_player(run.state, NORTH).tasks}

    assert (shown["decide"].reason, shown["decide"].owner, shown["decide"].longest) == (True, True, None)
    assert (shown["why"].reason, shown["why"].longest) == (False, 1000)


def test_a_console_has_the_whole_sheet_with_all_that_is_private():
    run = started("next", "hold", "next")

    sheet = for_trainer(run.state).sheet

    assert [(row.id, row.status) for row in sheet] == [
        ("tip", "sent"), ("call", "held"), ("north-letter", "sent"), ("judge-call", "waiting"),
        ("waited", "undecided"), ("acted", "undecided"), ("last", "waiting"),
    ]  # fmt: skip
    assert (sheet[0].note, sheet[0].expected, sheet[0].fallback) == ("<note tip>", "<expected tip>", "<fallback tip>")
    assert [task.id for task in sheet[0].tasks] == ["mood", "whom", "sure"]
    assert for_trainer(run.state).next == "judge-call"


def test_a_console_can_tell_by_itself_whether_the_run_is_behind():
    run = started("next")
    run.say("pause", 5)

    plan = for_trainer(run.state).plan

    assert (plan.last_minute, plan.next_minute, plan.debrief_minute, plan.end_minute) == (10, 20, 65, 90)
    assert (plan.started_at, plan.pauses[0].since, plan.pauses[0].until) == (NINE, run.now, None)


def test_a_console_sees_at_which_minute_of_play_something_was_sent():
    run = started()
    run.say("pause", 5)
    run.say("resume", 30)
    run.say("next", 3)

    assert [one.minute for one in for_trainer(run.state).sent] == [8]


def test_players_of_one_team_and_role_share_what_they_see_unless_something_went_to_one_of_them():
    run = started("next", "next", "next")
    other = Seat("p9", "north", "police")
    assert alike(run.state, NORTH) == alike(run.state, other) != alike(run.state, SOUTH)

    run.say("send", text="For you", player="p9")

    assert alike(run.state, NORTH) != alike(run.state, other)


def test_a_console_knows_how_many_moves_it_has_seen():
    run = started("next")
    seen = for_trainer(run.state).moves
    run.say("next", seen=seen)

    assert run.say("next", seen=seen).outcome == "already"


def test_a_console_sees_what_was_taken_back_and_the_notes():
    run = started("next", "take-back tip")
    run.say("note", text="Too early")

    snapshot = for_trainer(run.state)

    assert ids(snapshot) == []
    assert [(one.id, one.taken_back is not None) for one in snapshot.sent] == [("tip", True)]
    assert [one.text for one in snapshot.notes] == ["Too early"]


def test_a_console_has_the_results_before_the_room_has():
    run = started("next", "open mood")

    assert for_trainer(run.state, mood(run, "good")).results is not None


@pytest.mark.parametrize("private", ["note", "expected", "fallback", "look-for", "guide", "review", "brief"])
def test_nothing_private_is_in_what_players_and_the_screen_get_at_any_moment(private):
    run = started()
    for move in ("next", "next", "next", "next"):
        run.say(move)
    for task in ("mood", "whom", "sure"):
        run.say("open", task=task)
    run.say("close", task="decide", decided={"": ("wait",)})
    run.say("next")
    run.say("debrief")

    for snapshot in (for_screen(run.state), for_player(run.state, NORTH), for_player(run.state, SOUTH)):
        assert f"<{private}".encode() not in json.encode(snapshot)
