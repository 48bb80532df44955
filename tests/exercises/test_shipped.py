"""Each exercise of the material, walked through from the lobby to the end."""

from functools import cache

import pytest
from msgspec import json

from lms.content.exercises import Decision, Exercise
from lms.content.loader import load
from lms.exercises.audiences import Seat, for_player, for_screen, for_trainer
from lms.exercises.parts import OnSheet, Outcome, Phase
from lms.exercises.runsheet import fold
from lms.exercises.standing import comes_next, on_sheet
from lms.paths import MODULES
from tests.exercises.play import Run

NAMES = ("warm-up", "sixty-days-eight-hours", "three-cities", "before-she-speaks")


@cache
def shipped() -> dict[str, Exercise]:
    return {one.id: one for module in load(MODULES).course("en").modules for one in module.exercises}


def walked(exercise: Exercise, choice: int) -> Run:
    """Every inject sent as it comes next, every question asked, closed and revealed; teams choose as they are told."""
    run = Run(exercise)
    run.say("start")
    while comes_next(run.state):
        assert run.say("next").outcome is Outcome.DONE
        sent = run.state.releases[-1].id
        for task in exercise.tasks_after(sent):
            if task.waits:
                assert run.say("open", task=task.id).outcome is Outcome.DONE
            decided = None
            if isinstance(task, Decision):
                chosen = task.options[choice % len(task.options)].id
                decided = {team.id: (chosen,) for team in exercise.teams} or {"": (chosen,)}
            assert run.say("close", task=task.id, decided=decided).outcome is Outcome.DONE
            assert run.say("reveal", task=task.id).outcome is Outcome.DONE
    run.say("debrief")
    for question in exercise.debrief:
        run.say("debrief", task=question.id)
    run.say("end")
    return run


def test_these_are_the_exercises_that_are_shipped():
    assert set(shipped()) == set(NAMES)


@pytest.mark.parametrize("choice", range(4))
@pytest.mark.parametrize("name", NAMES)
def test_an_exercise_is_played_to_its_end_whatever_teams_decide(name, choice):
    exercise = shipped()[name]

    run = walked(exercise, choice)

    assert run.state.phase is Phase.ENDED
    assert {on_sheet(run.state, inject) for inject in exercise.injects} <= {OnSheet.SENT, OnSheet.NOT_MET}
    assert fold(exercise, run.moves) == run.state


@pytest.mark.parametrize("name", NAMES)
def test_whatever_is_decided_in_an_exercise_nothing_private_reaches_a_player_or_the_screen(name):
    exercise = shipped()[name]
    private = [exercise.guide, *exercise.review]
    private += [text for one in exercise.injects for text in (one.note, one.expected, one.fallback)]
    private += [one.look_for for one in (*exercise.tasks, *exercise.debrief)]
    secret = [json.encode(text)[1:-1] for text in private]

    for choice in range(4):
        run = walked(exercise, choice)
        seats = [Seat("p", team.id, role.id) for team in exercise.teams[:1] for role in exercise.roles] or [Seat("p")]
        for snapshot in (for_screen(run.state), *(for_player(run.state, seat) for seat in seats)):
            assert [text for text in secret if text in json.encode(snapshot)] == []
        assert [text for text in secret if text in json.encode(for_trainer(run.state))]
