"""Which answers are taken, and that whatever is not taken comes back as it was given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from lms.exercises.answering import checked
from lms.exercises.audiences import Seat, accept, asked_in_all
from lms.exercises.parts import Admission, Fault
from tests.exercises.play import EXERCISE, Run, started

NORTH = Seat("p1", "north", "police")
SOUTH = Seat("p2", "south", "judge")
DECISION = {"option": "wait", "reason": "The judge is near", "owner": "Clerk"}

FIT = [
    ("mood", "good", "good"),
    ("whom", ["c", "a"], ["a", "c"]),
    ("sure", "3", "3"),
    ("sure", 3, "3"),
    ("why", "  because \n", "because"),
    ("why", "x" * 1000, "x" * 1000),
    ("order", ["third", "first", "second"], ["third", "first", "second"]),
    ("decide", DECISION, DECISION),
    ("decide", {**DECISION, "reason": "x" * 4000}, {**DECISION, "reason": "x" * 4000}),
]
UNFIT = [
    ("mood", "ugly", Fault.UNKNOWN_OPTION),
    ("mood", "", Fault.EMPTY),
    ("mood", ["good"], Fault.WRONG_SHAPE),
    ("mood", None, Fault.WRONG_SHAPE),
    ("mood", True, Fault.WRONG_SHAPE),
    ("mood", "g" * 10_000, Fault.UNKNOWN_OPTION),
    ("whom", [], Fault.EMPTY),
    ("whom", "a", Fault.WRONG_SHAPE),
    ("whom", ["a", "a"], Fault.WRONG_SHAPE),
    ("whom", ["a", "z"], Fault.UNKNOWN_OPTION),
    ("whom", [["a"]], Fault.WRONG_SHAPE),
    ("whom", {"a": 1}, Fault.WRONG_SHAPE),
    ("sure", "0", Fault.UNKNOWN_OPTION),
    ("sure", 6, Fault.UNKNOWN_OPTION),
    ("sure", 10**40, Fault.UNKNOWN_OPTION),
    ("sure", 3.0, Fault.WRONG_SHAPE),
    ("sure", True, Fault.WRONG_SHAPE),
    ("why", " ", Fault.EMPTY),
    ("why", "x" * 1001, Fault.TOO_LONG),
    ("why", "x" * 10_000, Fault.TOO_LONG),
    ("why", "a\0b", Fault.UNWRITABLE),
    ("why", "a\udc80b", Fault.UNWRITABLE),
    ("why", 7, Fault.WRONG_SHAPE),
    ("order", ["first", "second"], Fault.WRONG_SHAPE),
    ("order", ["first", "first", "second"], Fault.WRONG_SHAPE),
    ("order", [], Fault.EMPTY),
    ("decide", "wait", Fault.WRONG_SHAPE),
    ("decide", {}, Fault.EMPTY),
    ("decide", {**DECISION, "option": "flee"}, Fault.UNKNOWN_OPTION),
    ("decide", {**DECISION, "option": ["wait"]}, Fault.WRONG_SHAPE),
    ("decide", {**DECISION, "reason": "  "}, Fault.NO_REASON),
    ("decide", {**DECISION, "owner": ""}, Fault.NO_OWNER),
    ("decide", {**DECISION, "reason": "x" * 4001}, Fault.TOO_LONG),
    ("decide", {**DECISION, "owner": "x" * 201}, Fault.TOO_LONG),
    ("decide", {**DECISION, "reason": "a\0"}, Fault.UNWRITABLE),
    ("decide", {**DECISION, "votes": 3}, Fault.WRONG_SHAPE),
    ("hands", "yes", Fault.BY_HANDS),
]


def everything_open() -> Run:
    run = started("next", "next", "next", "next", "next")
    for name in ("mood", "whom", "sure"):
        run.say("open", task=name)
    return run


@pytest.mark.parametrize(("task", "answer", "kept"), FIT)
def test_an_answer_that_fits_is_kept_in_one_shape(task, answer, kept):
    found = EXERCISE.task(task)

    assert checked(found, answer).answer == kept
    assert checked(found, answer).fault is None


@pytest.mark.parametrize(("task", "answer", "fault"), UNFIT)
def test_an_answer_that_does_not_fit_comes_back_unharmed_with_the_reason(task, answer, fault):
    result = checked(EXERCISE.task(task), answer)

    assert result.fault is fault
    assert result.answer is answer


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    | st.sampled_from(["good", "a", "first", "wait", "3", "option", "reason", "owner"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.sampled_from(["option"]), inner),
)  # fmt: skip


@given(JSON)
def test_whatever_json_is_sent_is_answered_with_a_reason_and_never_an_error(answer):
    for task in EXERCISE.tasks:
        result = checked(task, answer)

        assert result.fault is not None or json.encode(result.answer)
        assert result.fault is None or result.answer is answer


def test_a_number_too_long_to_be_written_is_no_point_of_a_scale():
    assert checked(EXERCISE.task("sure"), 10**5000).fault is Fault.UNKNOWN_OPTION


def test_what_is_kept_fits_when_it_is_sent_again():
    for task, _answer, kept in FIT:
        assert checked(EXERCISE.task(task), kept).answer == kept


def test_an_answer_to_an_open_question_is_taken():
    assert accept(everything_open().state, NORTH, "mood", "good").fault is None


def test_an_answer_to_a_closed_question_is_not_taken():
    run = everything_open()
    run.say("close", task="mood")

    assert accept(run.state, NORTH, "mood", "good").fault is Fault.CLOSED


@pytest.mark.parametrize("task", ["why", "nothing", "order"])
def test_nobody_learns_whether_a_question_that_is_not_theirs_exists(task):
    foreign = {"why": SOUTH, "nothing": NORTH, "order": NORTH}[task]

    assert accept(everything_open().state, foreign, task, "because").fault is Fault.FOREIGN


def test_a_question_not_yet_asked_or_withdrawn_is_as_if_there_were_none():
    run = started("next", "open whom")
    run.say("take-back", task="whom")

    assert {accept(run.state, NORTH, one, "good").fault for one in ("mood", "whom", "decide")} == {Fault.FOREIGN}


def test_whoever_waits_at_the_door_or_was_removed_answers_nothing():
    run = everything_open()

    for admission in (Admission.WAITING, Admission.REMOVED):
        assert accept(run.state, Seat("p1", "north", "police", admission), "mood", "good").fault is Fault.NOT_IN


def test_in_a_pause_an_open_question_can_still_be_answered():
    run = everything_open()
    run.say("pause")

    assert accept(run.state, NORTH, "mood", "good").fault is None


def test_taking_part_is_measured_against_what_one_was_asked_on_a_device():
    run = everything_open()

    assert asked_in_all(run.state, NORTH) == ("mood", "whom", "sure", "decide", "why")
    assert asked_in_all(run.state, SOUTH) == ("mood", "whom", "sure", "decide", "order")
