"""The sample year's live exercises: one over in Brussels, one open in Vienna, the same every time."""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from lms.accounts.models import Person
from lms.clock import now
from lms.content.library import training
from lms.database import Model, db, writing
from lms.demo import events, exercises, people, year
from lms.demo.exercises import BRUSSELS, CODES, STALE, VIENNA
from lms.events.models import Event
from lms.exercises import conducting, joining, retention
from lms.exercises.models import Answer, DecisionRow, LessonLearned, MoveRow, Player, Run, TakingPart, Thought
from lms.exercises.parts import MoveKind, Phase, TaskState
from lms.exercises.standing import Asked, State
from tests.exercises.rooms import Phone
from tests.make import Making

Filled = Callable[[], bool]


@pytest.fixture
def fill(app: Flask) -> Filled:
    """Fill both exercises, as each start of the demo does; people and events are there from the first time on."""

    def filled() -> bool:
        with app.app_context(), writing():
            people.fill("demo-password-only", Random(year.SEED))
            events.fill(Random(year.SEED))
            made = exercises.fill(Random(year.SEED + 2))
            db.session.commit()
            return made

    return filled


def state(app: Flask, run_id: object) -> State:
    with app.app_context():
        return conducting.state_of(run_id)


def everything(app: Flask) -> list[Any]:
    """What was played, without what chance alone gives: the ids and the order of answers, whom nobody shall know."""
    with app.app_context():
        moves = select(MoveRow.id, MoveRow.number, MoveRow.asked).order_by(MoveRow.run_id, MoveRow.number)
        seats = select(Player.id, Player.team, Player.role).order_by(Player.id)
        answers = select(Answer.task, Answer.round, Answer.profession, Answer.team, Answer.answer)
        decisions = select(DecisionRow.task, DecisionRow.team, DecisionRow.number, DecisionRow.answer)
        facts = select(Person.email, TakingPart.day).join(Person, Person.id == TakingPart.person_id)
        found = [db.session.execute(one).all() for one in (moves, seats)]
        return found + [sorted(map(str, db.session.execute(one))) for one in (answers, decisions, facts)]


def test_the_exercises_of_the_sample_year_are_the_same_every_time(app: Flask, fill: Filled):
    fill()
    first = everything(app)
    with app.app_context(), writing():
        for table in reversed(Model.metadata.sorted_tables):
            db.session.execute(table.delete())
        db.session.commit()

    fill()

    assert everything(app) == first


def test_filling_again_changes_nothing(app: Flask, fill: Filled):
    first, before = fill(), everything(app)

    again, after = fill(), everything(app)

    assert (first, again) == (True, False)
    assert after == before


def test_three_cities_in_brussels_is_over_and_those_with_accounts_took_part(app: Flask, make: Making, fill: Filled):
    fill()

    run = make.one(select(Run).where(Run.id == BRUSSELS))
    brussels = make.one(select(Event).where(Event.slug == "brussels"))
    facts = make.all(select(TakingPart))

    assert (run.title, run.event_id, run.ended_at.date()) == ("Three cities", brussels.id, date(2024, 10, 16))
    assert {(one.run_id, one.exercise, one.day, one.event_id) for one in facts} == {
        (BRUSSELS, "three-cities", date(2024, 10, 16), brussels.id)
    }
    practitioner = make.one(select(Person).where(Person.email == "practitioner@demo.test"))
    assert practitioner.id in {one.person_id for one in facts}
    assert len(facts) == 17  # of 18 with an account one looked on
    assert make.all(select(Player).where(Player.run_id == BRUSSELS, Player.person_id.is_not(None))) == []


def test_in_brussels_one_message_was_held_and_one_taken_back_and_sent_again(app: Flask, make: Making, fill: Filled):
    fill()

    played = state(app, BRUSSELS)

    assert played.phase is Phase.ENDED
    assert {one.id for one in played.live()} == {one.id for one in played.exercise.injects}
    back = [one.id for one in played.releases if one.taken_back_at]
    assert back == ["platform-notice"] and len([one for one in played.releases if one.id == back[0]]) == 2
    assert [one.move.asked.inject for one in played.log.values() if one.move.asked.move is MoveKind.HOLD] == [
        "who-read"
    ]
    assert {one.teams for one in played.releases if one.teams} == {("team-3",), ("team-3", "team-5")}
    assert played.tasks["not-wait"].round == 2
    assert all(one.status in (TaskState.CLOSED, TaskState.REVEALED) for one in played.tasks.values())
    assert set(played.tasks) == {one.id for one in played.exercise.tasks}
    assert [one.at for one in played.notes] == sorted(one.at for one in played.notes)
    assert len(make.all(select(Thought))) == 15
    assert [one.owner != "" for one in make.all(select(LessonLearned))] == [True] * 4


def test_vienna_stands_at_its_third_message_with_a_question_open_and_some_answers(
    app: Flask, make: Making, fill: Filled
):
    fill()

    played = state(app, VIENNA)

    assert [one.id for one in played.live()] == ["hotline-tip", "prosecutor-reached", "harm-tonight"]
    assert (played.phase, played.open_tasks()) == (Phase.RUNNING, ("emergency",))
    answers = make.all(select(Answer).where(Answer.run_id == VIENNA))
    players = make.all(select(Player).where(Player.run_id == VIENNA))
    assert 0 < len(answers) < len(players)
    assert now() - played.started_at < timedelta(minutes=30)
    assert make.one(select(Run).where(Run.id == VIENNA)).code == CODES["vienna"]


def test_a_visitor_gets_into_vienna_with_the_code_and_a_team(app: Flask, make: Making, fill: Filled):
    fill()
    run = make.one(select(Run).where(Run.id == VIENNA))
    phone = Phone(app, run)

    phone.join(code="sam 8h2", name="Visitor")

    seen = phone.sees()
    assert seen["task"]["id"] == "emergency" and seen["task"]["open"]
    assert len(seen["released"]) == 3
    assert make.one(select(Player).where(Player.name == "Visitor")).team


def test_what_someone_ended_in_vienna_is_opened_anew_under_the_same_code(app: Flask, make: Making, fill: Filled):
    fill()
    ended(app)

    fill()
    ended(app)
    fill()

    runs = make.all(select(Run).where(Run.code == CODES["vienna"]).order_by(Run.opened_at))
    assert len(runs) == 3
    assert [run.ended_at is None for run in runs].count(True) == 1


def ended(app: Flask) -> None:
    with app.app_context(), writing():
        run = exercises.open_in_vienna()
        conducting.move(run, Asked(id=exercises.uuid4(), move=MoveKind.END), None, now())
        db.session.commit()


def test_half_a_day_later_vienna_is_put_back_unless_somebody_touched_it(app: Flask, make: Making, fill: Filled):
    fill()
    with time_machine.travel(now() + STALE * 1.5, tick=False):
        fill()
        played = state(app, VIENNA)
        assert now() - played.started_at < timedelta(minutes=30)
        with app.app_context(), writing():
            joining.join(exercises.open_in_vienna(), "k" * 43, now(), name="Visitor")
            db.session.commit()

    with time_machine.travel(now() + STALE * 4, tick=False):
        fill()

    assert [one.name for one in make.all(select(Player).where(Player.name == "Visitor"))] == ["Visitor"]
    assert len(make.all(select(Run).where(Run.id == VIENNA))) == 1


def test_the_demo_keeps_what_is_of_2024_through_its_first_night(app: Flask, make: Making, fill: Filled, changed):
    fill()
    changed(keep_runs=year.KEPT)

    with app.app_context(), writing():
        retention.forget()
        db.session.commit()

    assert {run.id for run in make.all(select(Run))} == {BRUSSELS, VIENNA}


def test_what_is_erased_of_brussels_is_not_played_again(app: Flask, make: Making, fill: Filled):
    fill()
    with app.app_context(), writing():
        retention.forget()
        db.session.commit()

    fill()

    assert {run.id for run in make.all(select(Run))} == {VIENNA}
    assert len(make.all(select(TakingPart))) == 17


def test_everything_said_in_the_sample_exercises_belongs_to_their_scenarios(app: Flask):
    with app.app_context():
        course = training().course("en")
    cities = course.module("technology-in-recruitment").exercise("three-cities")

    asked = {task.id: {option.id for option in task.options} for task in cities.tasks}

    for task, by_team in exercises.said.DECIDED.items():
        assert {option for versions in by_team.values() for option, _reason, _owner in versions} <= asked[task]
    assert all(set(order) == asked["first-steps"] for order in exercises.said.STEPS)
    assert set(exercises.said.SENTENCES) == {role.id for role in cities.roles}
