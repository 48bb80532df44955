"""The exercises themselves: playable as written, as long as they say, and silent to players about what is not theirs."""

import re

import msgspec
import pytest

from lms.content.exercises import PRIVATE, Decision, Exercise, Inject
from lms.content.loader import Training, load
from lms.paths import MODULES

CASES = {
    "technology-in-recruitment/three-cities": [0, 12, 25, 38, 50, 60],
    "investigation-and-prosecution/sixty-days-eight-hours": [0, 10, 20, 30, 40, 48, 55],
    "victim-centred-approach/before-she-speaks": [0, 12, 22, 32, 42, 52],
}
WARM_UP = "early-signs/warm-up"
every_case = pytest.mark.parametrize("name", CASES)
every_exercise = pytest.mark.parametrize("name", [*CASES, WARM_UP])
NEVER = re.compile(
    r"child porn|kiddie|boyfriend|streetwise|prostitut|seduc|promiscu|willing|chose to|lolita|dark ?web|nude|naked",
    re.I,
)


@pytest.fixture(scope="module")
def training() -> Training:
    return load(MODULES)


@pytest.fixture
def exercise(training, name) -> Exercise:
    slug, _slash, exercise_id = name.partition("/")
    found = training.course("en").module(slug).exercise(exercise_id)
    assert found is not None
    return found


def texts(value: object, private: bool) -> list[str]:
    """Every text in fields for trainers alone, or every text in the others."""

    def told(value: object, here: bool) -> list[str]:
        if isinstance(value, str):
            return [value] if here is private else []
        if isinstance(value, list):
            return [text for one in value for text in told(one, here)]
        if isinstance(value, dict):
            return [text for key, one in value.items() for text in told(one, here or key in PRIVATE)]
        return []

    return told(msgspec.to_builtins(value), False)


def reached(exercise: Exercise, decided: dict[str, str]) -> list[Inject]:
    """What a team gets that decided so."""
    return [
        inject
        for inject in exercise.injects
        if inject.when is None or decided.get(inject.when.task) in inject.when.options
    ]


def test_these_exercises_are_shipped_and_no_others(training):
    shipped = {f"{module.slug}/{one.id}" for module in training.course("en").modules for one in module.exercises}

    assert shipped == {*CASES, WARM_UP}


@every_case
def test_a_case_lasts_ninety_minutes_ten_to_begin_and_twenty_five_to_look_back(exercise):
    play = exercise.minutes - exercise.briefing_minutes - exercise.debrief_minutes

    assert (exercise.minutes, exercise.briefing_minutes, play, exercise.debrief_minutes) == (90, 10, 55, 25)


@every_case
def test_the_room_hears_what_the_curriculum_plans_when_it_plans_it(exercise, name):
    room = [inject.minute for inject in exercise.injects if inject.to == "all" and inject.when is None]

    assert room == CASES[name]


@every_case
def test_most_of_the_play_is_asked_for_and_time_is_left_to_listen(exercise):
    reading = len([inject for inject in exercise.injects if inject.to == "all" and inject.when is None])
    asked = sum(task.minutes for task in exercise.tasks)

    assert 35 <= asked <= 55
    assert asked <= 55 - 0.5 * (reading - 1)


@every_exercise
def test_the_room_has_one_question_before_it_at_a_time(exercise):
    for inject in exercise.injects:
        asked = list(exercise.tasks_after(inject.id))
        assert all(task.waits for task in asked[1:]), inject.id


@every_case
def test_a_table_has_the_five_roles_and_every_profession_finds_one(exercise):
    assert [role.id for role in exercise.roles] == ["police", "prosecutor", "judge", "support", "forensic"]
    assert {profession for role in exercise.roles for profession in role.professions} == {
        "police", "prosecutor", "judge", "support", "other",
    }  # fmt: skip


@every_case
def test_sixty_people_fit_into_its_teams_of_five_or_more(exercise):
    assert sum(team.most for team in exercise.teams) >= 60
    assert all(team.least <= len(exercise.roles) <= team.most for team in exercise.teams)


@every_exercise
def test_every_message_and_every_task_is_reached_by_some_decisions(exercise):
    """Walk with every single decision taken: what no walk reaches, nobody would ever see."""
    seen: set[str] = {inject.id for inject in reached(exercise, {})}
    for task in exercise.tasks:
        for option in task.options if isinstance(task, Decision) else ():
            seen |= {inject.id for inject in reached(exercise, {task.id: option.id})}

    assert seen == {inject.id for inject in exercise.injects}
    assert {task.inject for task in exercise.tasks} <= seen


@every_case
def test_every_decision_has_options_that_lead_on_without_a_detour(exercise):
    for inject in exercise.injects:
        if inject.when is not None:
            decision = exercise.task(inject.when.task)
            assert 0 < len(set(inject.when.options)) < len(decision.options), inject.id


@every_case
def test_every_case_asks_for_decisions_and_words_and_sends_something_to_one_role_or_some_teams(exercise):
    kinds = {task.kind for task in exercise.tasks}

    assert {"decision", "text", "ordering"} <= kinds
    assert sum(task.kind == "decision" for task in exercise.tasks) >= 4
    assert any(inject.to != "all" or inject.when for inject in exercise.injects)


def test_every_kind_of_task_is_used_somewhere(training):
    used = {task.kind for module in training.course("en").modules for one in module.exercises for task in one.tasks}

    assert used == {"poll-single", "poll-multiple", "poll-scale", "text", "ordering", "decision", "hands"}


@every_case
def test_the_option_that_is_hoped_for_does_not_always_stand_in_one_place(exercise):
    decisions = {task.id: task for task in exercise.tasks if isinstance(task, Decision)}
    avoided = {inject.when.task: inject.when.options for inject in exercise.injects if inject.when}

    first = [decisions[task].options[0].id in options for task, options in avoided.items()]

    assert any(first)


@every_exercise
def test_what_players_read_repeats_nothing_that_is_for_the_trainer(exercise):
    shown = " ".join(" ".join(texts(exercise, private=False)).split())

    for text in texts(exercise, private=True):
        for sentence in re.split(r"(?<=[.?!])\s+", text):
            assert len(sentence) < 25 or sentence not in shown, sentence


@every_exercise
def test_a_message_to_a_few_says_so_and_its_text_is_told_to_nobody_else(exercise):
    others = [" ".join(texts(inject, private=False)) for inject in exercise.injects]

    for place, inject in enumerate(exercise.injects):
        if inject.to != "all" or inject.when:
            assert re.search(r"for your role alone|[Tt]o your team only|to your team only", inject.text), inject.id
        assert all(inject.text not in other for number, other in enumerate(others) if number != place)


@every_exercise
def test_no_word_stands_there_that_harms_or_blames(exercise):
    everything = [*texts(exercise, private=False), *texts(exercise, private=True)]

    assert [text for text in everything if NEVER.search(text)] == []


@every_case
def test_every_case_says_what_rests_on_professional_knowledge_and_how_to_stop(exercise):
    assert exercise.review
    assert len(exercise.sources) >= 8
    assert exercise.stop_word in ("Lighthouse",)
    assert "step out" in exercise.content_note
    assert (
        "National law" in exercise.guide or "national law" in exercise.guide or "national law" in str(exercise.review)
    )


def test_the_warm_up_takes_two_minutes_needs_no_team_and_tries_the_phones(training):
    warm_up = training.course("en").module("early-signs").exercise("warm-up")

    assert warm_up.minutes == sum(task.minutes for task in warm_up.tasks) == 2
    assert (warm_up.teams, warm_up.roles, warm_up.debrief) == ((), (), ())
    assert all(task.kind.startswith("poll-") for task in warm_up.tasks)


@every_exercise
def test_a_message_fits_on_a_big_screen(exercise):
    for inject in exercise.injects:
        assert len(inject.text.split()) <= 95, inject.id
    for task in exercise.tasks:
        assert len(task.text.split()) <= 40, task.id
        assert all(len(option.text.split()) <= 20 for option in task.options), task.id
