"""Moves, answers and decisions as they are kept: once each, in order, whoever sends them at once and however often."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from lms.clock import now
from lms.database import db, writing
from lms.exercises import conducting, joining, responding, showing
from lms.exercises.counting import room_of, version_of
from lms.exercises.models import Answer, DecisionRow, MoveRow, Player, Run
from lms.exercises.parts import Fault, MoveKind, Outcome, Phase, Why
from lms.exercises.responding import Fate, Sent, Taken
from lms.exercises.standing import Asked, State, Verdict
from tests.exercises.play import EXERCISE
from tests.make import Making


class Stage:
    """A run on the database, moved and answered without a browser; each deed is a request of its own."""

    def __init__(self, app: Flask, make: Making) -> None:
        self.app, self.make = app, make
        self.trainer = make.person("trainer", name="Petra Vrana")
        with self.request():
            self.id = joining.open_run(EXERCISE, "early-signs", self.trainer.id, now()).id

    @contextmanager
    def request(self) -> Iterator[None]:
        with self.app.app_context(), writing():
            yield
            db.session.commit()

    def run(self) -> Run:
        return db.session.get_one(Run, self.id)

    def move(self, kind: str, move_id: UUID | None = None, **more: object) -> Verdict:
        with self.request():
            asked = Asked(id=move_id or uuid4(), move=MoveKind(kind), **more)
            return conducting.move(self.run(), asked, self.trainer.id, now())[1]

    def does(self, *moves: str) -> None:
        for one in moves:
            kind, _space, task = one.partition(" ")
            assert self.move(kind, task=task).outcome is Outcome.DONE, one

    def player(self, team: str = "", **values: object) -> UUID:
        with self.request():
            player = joining.join(self.run(), uuid4().hex, now(), **values)
            assert isinstance(player, Player), player
            player.team = team
            return player.id

    def answer(self, player: UUID, task: str, answer: object, answer_id: UUID | None = None, turn: int = 0) -> Taken:
        with self.request():
            sent = Sent(id=answer_id or uuid4(), task=task, answer=answer, turn=turn)
            return responding.answer(db.session.get_one(Player, player), sent, now())

    def state(self) -> State:
        with self.request():
            return conducting.state_of(self.run().id)

    def answers(self) -> dict[UUID | None, object]:
        return {row.player_id: row.answer for row in self.make.all(select(Answer))}

    def forget(self) -> None:
        """As if the server had been started anew."""
        self.app.extensions["run_states"].clear()
        showing.init_app(self.app)


@pytest.fixture
def stage(app: Flask, make: Making) -> Stage:
    return Stage(app, make)


# --- moves


def test_a_run_keeps_its_scenario_whatever_becomes_of_the_file(stage: Stage):
    with stage.request():
        assert conducting.exercise_of(stage.id) == EXERCISE


def test_a_move_sent_again_is_the_same_row_and_gets_the_same_answer(stage: Stage):
    first = uuid4()

    verdicts = [stage.move("start", first) for _time in range(3)]
    other = stage.move("pause", first)

    assert {one.outcome for one in verdicts} == {Outcome.DONE}
    assert other.why is Why.OTHER_CONTENT
    assert len(stage.make.all(select(MoveRow))) == 1


def test_a_move_of_another_run_is_not_this_ones(app: Flask, make: Making, stage: Stage):
    other, move_id = Stage(app, make), uuid4()
    other.move("start", move_id)

    assert stage.move("start", move_id).why is Why.OTHER_CONTENT
    assert stage.state().phase is Phase.LOBBY


def test_a_refused_move_is_kept_and_what_no_database_holds_is_not(stage: Stage):
    refused, unwritable = stage.move("next"), stage.move("note", text="a\0b")

    assert (refused.why, unwritable.why) == (Why.NOT_STARTED, Why.UNWRITABLE)
    assert len(stage.make.all(select(MoveRow))) == 1


def test_a_server_that_was_started_anew_knows_everything(stage: Stage):
    stage.does("start", "next", "open mood")
    stage.move("note", text="Loud room")
    before = stage.state()

    stage.forget()

    assert stage.state() == before
    assert before.notes[0].by == "Petra Vrana"
    assert stage.move("next").outcome is Outcome.DONE


def test_a_move_that_was_never_committed_never_was(stage: Stage):
    stage.does("start")
    with stage.app.app_context(), writing():
        conducting.move(stage.run(), Asked(id=uuid4(), move=MoveKind.NEXT), None, now())
        assert len(conducting.state_of(stage.run().id).log) == 2
        db.session.rollback()

    assert len(stage.state().log) == 1
    stage.does("pause")
    assert stage.state().phase is Phase.PAUSED


def test_two_consoles_that_say_next_at_once_send_one_inject(stage: Stage):
    stage.does("start")
    seen = len(stage.state().log)

    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda _n: stage.move("next", inject="tip", seen=seen), range(8)))

    assert sorted(one.outcome for one in verdicts) == ["already"] * 7 + ["done"]
    assert [one.id for one in stage.state().live()] == ["tip"]
    assert [row.number for row in stage.make.all(select(MoveRow).order_by(MoveRow.number))] == list(range(9))


def test_one_move_sent_eight_times_at_once_is_one_row(stage: Stage):
    move_id = uuid4()

    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda _n: stage.move("start", move_id), range(8)))

    assert {one.outcome for one in verdicts} == {Outcome.DONE}
    assert len(stage.make.all(select(MoveRow))) == 1


@pytest.mark.parametrize("seed", range(3))
def test_a_request_killed_at_any_statement_leaves_all_of_a_deed_or_nothing(stage: Stage, seed: int):
    stage.does("start", "next", "open mood")
    players = [stage.player() for _number in range(3)]
    deeds = [(player, uuid4()) for player in players]
    ends = uuid4()
    chance = random.Random(seed)

    def die(*_about: object) -> None:
        if chance.random() < 0.2:
            raise InterruptedError("the lights went out")

    with stage.app.app_context():
        engine = db.engine
    event.listen(engine, "after_cursor_execute", die)
    try:
        for player, answer_id in deeds * 20:
            with suppress(InterruptedError):
                stage.answer(player, "mood", "good", answer_id)
        for _try in range(60):
            with suppress(InterruptedError):
                stage.move("end", ends)
    finally:
        event.remove(engine, "after_cursor_execute", die)
    assert stage.move("end", ends).outcome is Outcome.DONE

    assert [row.answer for row in stage.make.all(select(Answer))] == ["good"] * len(players)
    assert {row.player_id for row in stage.make.all(select(Answer))} == {None}
    assert len(stage.state().log) == 4


# --- answers


def test_the_newest_answer_of_a_player_counts_and_is_one_row(stage: Stage):
    player = stage.player()
    stage.does("start", "next", "open mood")

    for answer in ("good", "bad", "good", "bad"):
        assert stage.answer(player, "mood", answer).fate is Fate.STORED

    assert stage.answers() == {player: "bad"}


def test_an_answer_that_is_replayed_never_comes_before_a_newer_one(stage: Stage):
    player, first, second = stage.player(), uuid4(), uuid4()
    stage.does("start", "next", "open mood")
    stage.answer(player, "mood", "good", first)
    stage.answer(player, "mood", "bad", second)

    fates = [stage.answer(player, "mood", "good", first).fate, stage.answer(player, "mood", "bad", second).fate]

    assert fates == [Fate.STORED] * 2
    assert stage.answers() == {player: "bad"}
    assert stage.answer(player, "mood", "good", second) == responding.OTHER_CONTENT


def test_of_two_answers_that_cross_on_the_way_the_later_turn_stands(stage: Stage):
    player = stage.player()
    stage.does("start", "next", "open mood")

    stage.answer(player, "mood", "bad", turn=2)
    late = stage.answer(player, "mood", "good", turn=1)

    assert late.fate is Fate.STORED
    assert stage.answers() == {player: "bad"}


def test_nobody_answers_under_somebody_elses_id(stage: Stage):
    ana, ben, answer_id = stage.player(), stage.player(), uuid4()
    stage.does("start", "next", "open mood")
    stage.answer(ana, "mood", "good", answer_id)

    assert stage.answer(ben, "mood", "bad", answer_id) == responding.OTHER_CONTENT
    assert stage.answers() == {ana: "good"}


def test_a_new_round_is_a_new_row_and_the_old_one_stays(stage: Stage):
    player = stage.player()
    stage.does("start", "next", "open mood")
    stage.answer(player, "mood", "good")
    stage.does("close mood", "reveal mood", "revote mood")

    stage.answer(player, "mood", "bad")

    assert {(row.round, row.answer) for row in stage.make.all(select(Answer))} == {(1, "good"), (2, "bad")}
    with stage.request():
        run, state = stage.run(), conducting.state_of(stage.run().id)
        first, second = room_of(run, state, now()).tallies["mood"]
    assert [option.count for option in first.options] == [1, 0]
    assert [option.count for option in second.options] == [0, 1]


def test_five_hundred_answers_in_a_burst_are_stored_five_hundred_times(stage: Stage):
    with stage.request():
        run = stage.run()
        players = [
            Player(id=uuid4(), run_id=run.id, key_hash=uuid4().hex, joined_at=now(), seen_at=now())
            for _number in range(500)
        ]
        ids = [player.id for player in players]
        db.session.add_all(players)
    stage.does("start", "next", "open mood")

    with ThreadPoolExecutor(16) as pool:
        taken = list(pool.map(lambda player: stage.answer(player, "mood", "good"), ids))

    assert {one.fate for one in taken} == {Fate.STORED}
    assert stage.answers() == dict.fromkeys(ids, "good")


def test_an_answer_sent_eight_times_at_once_is_one_row(stage: Stage):
    player, answer_id = stage.player(), uuid4()
    stage.does("start", "next", "open mood")

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _n: stage.answer(player, "mood", "good", answer_id), range(8)))

    assert {one.fate for one in taken} == {Fate.STORED}
    assert len(stage.answers()) == 1


def test_no_answer_gets_in_after_the_close_that_counted_them(stage: Stage):
    players = [stage.player() for _number in range(20)]
    stage.does("start", "next", "open mood")

    with ThreadPoolExecutor(8) as pool:
        taken = [pool.submit(stage.answer, player, "mood", "good") for player in players]
        closed = pool.submit(stage.move, "close", task="mood")
        fates = [one.result().fate for one in taken]
        assert closed.result().outcome is Outcome.DONE

    assert set(fates) <= {Fate.STORED, Fate.CLOSED}
    assert len(stage.answers()) == fates.count(Fate.STORED)
    decided = stage.state().asking("mood").decided
    assert decided == ({"": ("good",)} if Fate.STORED in fates else {})


def test_what_is_decided_when_a_question_is_closed_says_which_inject_comes(stage: Stage):
    north, south = stage.player("north"), stage.player("south")
    stage.does("start", "next", "next")
    for player, option in ((north, "wait"), (south, "act")):
        sent = {"option": option, "reason": "Because", "owner": "Ana"}
        assert stage.answer(player, "decide", sent).fate is Fate.STORED

    stage.does("close decide")

    assert stage.state().asking("decide").decided == {"north": ("wait",), "south": ("act",)}


# --- decisions


def test_every_version_of_a_decision_is_kept_once_and_the_newest_counts(stage: Stage):
    player, ids = stage.player("north"), [uuid4(), uuid4()]
    stage.does("start", "next", "next")
    for option, decision_id in (("wait", ids[0]), ("act", ids[1]), ("wait", ids[0])):
        sent = {"option": option, "reason": "Because", "owner": "Ana"}
        assert stage.answer(player, "decide", sent, decision_id).fate is Fate.STORED

    rows = stage.make.all(select(DecisionRow).order_by(DecisionRow.number))
    assert [(row.id, row.number, row.answer["option"]) for row in rows] == [(ids[0], 1, "wait"), (ids[1], 2, "act")]
    with stage.request():
        room = room_of(stage.run(), conducting.state_of(stage.run().id), now())
    assert room.answered["decide"] == 1
    assert [one.option for one in room.tallies["decide"][0].decisions] == ["act"]


def test_two_of_a_team_who_decide_at_once_have_one_recorder(stage: Stage):
    players = [stage.player("north") for _number in range(6)]
    stage.does("start", "next", "next")
    sent = {"option": "wait", "reason": "Because", "owner": "Ana"}

    with ThreadPoolExecutor(6) as pool:
        taken = list(pool.map(lambda player: stage.answer(player, "decide", sent), players))

    assert sorted(one.fate for one in taken) == ["refused"] * 5 + ["stored"]
    assert {one.why for one in taken} == {None, responding.Not.NOT_RECORDER}


def test_who_has_no_team_decides_for_none(stage: Stage):
    player = stage.player()
    stage.does("start", "next", "next")

    taken = stage.answer(player, "decide", {"option": "wait", "reason": "Because", "owner": "Ana"})
    lacking = stage.answer(player, "decide", {"option": "wait", "reason": "", "owner": "Ana"})

    assert taken.why is responding.Not.NO_TEAM
    assert lacking.why is Fault.NO_REASON


# --- versions


def test_a_version_grows_with_whatever_others_see_and_is_the_same_after_a_restart(stage: Stage):
    seen = []

    def look() -> None:
        with stage.request():
            run = stage.run()
            state = conducting.state_of(run.id)
            seen.append(room_of(run, state, now()).version)
            assert seen[-1] == version_of(run, state)

    look()
    player = stage.player("north")
    look()
    for deed in ("start", "next", "open mood"):
        stage.does(deed)
        look()
    for answer in ("good", "bad"):
        stage.answer(player, "mood", answer)
        look()
    stage.does("next")
    stage.answer(player, "decide", {"option": "wait", "reason": "Because", "owner": "Ana"})
    look()
    stage.does("end")
    look()
    stage.forget()
    look()

    assert seen[:-1] == sorted(set(seen))
    assert seen[-1] == seen[-2]


def test_however_many_answer_a_version_is_made_four_times_a_second(stage: Stage):
    players = [stage.player() for _number in range(40)]
    stage.does("start", "next", "open mood")
    moment = now()
    versions = []

    for number, player in enumerate(players):
        stage.answer(player, "mood", "good")
        with stage.request():
            at = moment + number * timedelta(seconds=1) / len(players)
            versions.append(showing.live(stage.id, at).gathered.room.version)

    assert len(set(versions)) == 4
    assert versions == sorted(versions)


def test_a_snapshot_of_five_hundred_is_worked_out_once_for_all_who_are_alike(stage: Stage):
    players = [stage.player("north" if number % 2 else "south") for number in range(10)]
    stage.does("start", "next", "open mood")
    moment = now()

    with stage.request():
        for player in players:
            showing.to_player(db.session.get_one(Player, player), moment)
        shared = showing.live(stage.id, moment).shared

    assert len(shared) == 2


def test_results_are_worked_out_anew_only_where_something_changed(stage: Stage):
    player = stage.player()
    stage.does("start", "next", "open mood", "open whom")
    stage.answer(player, "mood", "good")
    with stage.request():
        before = showing.live(stage.id, now()).gathered.room.tallies
    stage.answer(player, "whom", ["a"])
    with stage.request():
        showing.changed(stage.id)
        after = showing.live(stage.id, now()).gathered.room.tallies

    assert after["mood"] is before["mood"]
    assert after["whom"] is not before["whom"]
    assert after["whom"][0].answered == 1


def test_a_room_is_counted_in_a_handful_of_queries_however_full_it_is(stage: Stage):
    for _number in range(12):
        player = stage.player("north")
    stage.does("start", "next", "open mood")
    stage.answer(player, "mood", "good")
    asked = []
    with stage.request():
        run = stage.run()
        state = conducting.state_of(run.id)
        event.listen(db.engine, "before_cursor_execute", lambda *about: asked.append(about[2]))
        room = room_of(run, state, now())

    assert len(asked) <= 6, asked
    assert (room.here, room.answered["mood"]) == (12, 1)
    assert stage.make.all(select(func.count()).select_from(Player)) == [12]
