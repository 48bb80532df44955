"""The after-action report says what happened, and of no player who they are."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from hypothesis import given as given_by
from hypothesis import strategies as st
from msgspec.json import encode

from lms.exercises.aftermath import ONE_PLAYER, Entered, Left, Lesson, Question, Report, report
from lms.exercises.parts import MoveKind, OnSheet, TaskState
from lms.exercises.tally import Given
from lms.exercises.thoughts import About
from tests.exercises.play import NINE, Run, started

WHO = "7b0d8d3e-1111-4222-8333-444455556666"
POLICE, JUDGES, SUPPORT = ["police"] * 6, ["judge"] * 5, ["support"] * 2


def of(run: Run, **left: Any) -> Report:
    return report(run.state, Left(**left))


def question(found: Report, task: str) -> Question:
    return next(one for one in found.questions if one.task.id == task)


def mood(professions: Sequence[str], answer: str = "good", round_: int = 1) -> list[Given]:
    return [Given(task="mood", round=round_, profession=one, answer=answer) for one in professions]


def entered(number: int, option: str, team: str = "north", round_: int = 1) -> Entered:
    answer = {"option": option, "reason": f"reason {number}", "owner": "police"}
    return Entered(
        task="decide", round=round_, team=team, number=number, answer=answer, at=NINE + timedelta(minutes=number)
    )


# --- what was sent and done


def test_each_message_has_its_planned_minute_beside_the_real_ones():
    run = started("next", "next")

    tip, call, north, *_others = of(run).messages

    assert (tip.planned, tip.status, [one.minute for one in tip.sent]) == (10, OnSheet.SENT, [1])
    assert (call.planned, [one.minute for one in call.sent]) == (20, [2])
    assert (north.planned, north.status, north.sent) == (30, OnSheet.WAITING, ())


def test_what_was_taken_back_is_in_the_report_and_marked():
    run = started("next")
    run.say("take-back", inject="tip")
    run.say("open", task="mood")

    tip = of(run).messages[0]

    assert tip.sent[0].taken_back == run.now - timedelta(minutes=1)
    assert tip.status is OnSheet.WAITING


def test_words_of_the_trainers_own_are_messages_without_a_plan():
    run = started()
    run.say("send", to="team/north", text="Come back at ten.")

    own = of(run).messages[-1]

    assert (own.text, own.planned, own.to) == ("Come back at ten.", None, "team/north")


def test_words_for_one_player_are_reported_without_the_words_and_without_the_player():
    run = started("next")
    run.say("send", player=WHO, text="Eva, come here.")
    run.say("send", player=WHO, inject="call")
    run.say("remove", player=WHO)
    run.say("admit", player=WHO)
    run.say("end")

    found = of(run)

    assert found.messages[-1].to == ONE_PLAYER
    assert found.messages[1].sent[0].to == ONE_PLAYER
    assert not {MoveKind.ADMIT, MoveKind.REMOVE} & {one.move for one in found.line}
    assert WHO.encode() not in encode(found)
    assert b"Eva" not in encode(found)


def test_the_time_line_says_who_of_the_trainers_did_what_and_when():
    run = started("next")
    run.say("pause")
    run.say("resume", minutes=10)
    run.say("note", text="They telephone.", inject="tip")
    run.say("end")

    found = of(run)

    deeds = [(one.move, one.minute, one.planned, one.by) for one in found.line]
    assert deeds == [
        ("start", 0, None, "trainer"), ("next", 1, 10, "trainer"), ("pause", 2, None, "trainer"),
        ("resume", 2, None, "trainer"), ("note", 3, 10, "trainer"), ("end", 4, None, "trainer"),
    ]  # fmt: skip
    assert (found.minutes, found.pauses, found.paused) == (4, 1, 10)
    assert [(one.text, one.about, one.minute) for one in found.notes] == [("They telephone.", "<title tip>", 3)]


def test_a_refused_move_is_not_reported():
    run = started()
    run.say("reveal", task="mood")

    assert [one.move for one in of(run).line] == ["start"]


# --- what was answered


def test_only_what_was_asked_is_a_question_and_what_was_taken_back_is_marked():
    run = started("next", "open mood", "close mood", "open whom")
    run.say("take-back", task="whom")

    found = of(run, given=mood(POLICE))

    assert [one.task.id for one in found.questions] == ["mood", "whom"]
    assert [one.status for one in found.questions] == [TaskState.CLOSED, TaskState.WITHDRAWN]
    assert found.most_answers == 6


def test_professions_of_which_fewer_than_five_answered_are_put_together():
    run = started("next", "open mood", "close mood")

    found = question(of(run, given=mood([*POLICE, *JUDGES, *SUPPORT])), "mood")

    assert [(one.names, one.answered) for one in found.rounds[0].groups] == [
        (("police",), 6), (("judge", "support"), 7),
    ]  # fmt: skip


def test_rounds_stand_side_by_side():
    run = started("next", "open mood", "close mood", "revote mood", "close mood")

    found = question(of(run, given=[*mood(POLICE), *mood(POLICE, "bad", 2)]), "mood")

    assert [[option.count for option in one.options] for one in found.rounds] == [[6, 0], [0, 6]]


def test_hands_that_are_corrected_after_the_end_show():
    run = started("next", "open mood")
    run.say("hands", task="mood", counts={"good": 3})
    run.say("end")
    before = question(of(run), "mood").rounds[0].hands
    run.say("hands", task="mood", counts={"good": 4, "bad": 5})
    run.say("note", text="Counted again.")

    found = of(run)

    assert (before, question(found, "mood").rounds[0].hands) == (3, 9)
    assert found.line[-2].move is MoveKind.HANDS
    assert found.notes[-1].text == "Counted again."


def test_every_version_of_a_decision_is_reported_and_the_last_stands():
    run = started("next", "next", "close decide")
    kept = [entered(2, "act"), entered(1, "wait"), entered(1, "act", team="south")]

    found = question(of(run, versions=kept), "decide")

    assert [(one.team, one.number, one.option, one.stands) for one in found.versions] == [
        ("north", 1, "wait", False), ("north", 2, "act", True), ("south", 1, "act", True),
    ]  # fmt: skip
    assert found.versions[1].reason == "reason 2"
    assert [one.minute for one in found.versions] == [1, 2, 1]


# --- what was said afterwards


def test_thoughts_stand_in_an_order_that_says_nothing_about_when_they_came():
    thoughts = [(About.WORKED, "The map"), (About.CHANGE, "Less paper"), (About.WORKED, "a list")]

    found = of(started(), thoughts=thoughts)

    assert found.thoughts == {About.WORKED: ("a list", "The map"), About.CHANGE: ("Less paper",), About.WILL_DO: ()}


def test_lessons_keep_their_order_owner_and_day():
    lessons = [Lesson("Ring first", "duty desk", date(2027, 4, 1)), Lesson("Ask", "", None)]

    assert of(started(), lessons=lessons).lessons == tuple(lessons)


def test_a_run_that_was_ended_before_it_began_has_a_report():
    run = Run()
    run.say("end")

    found = of(run)

    assert (found.minutes, found.questions, [one.move for one in found.line]) == (0, (), ["end"])


@given_by(st.lists(st.sampled_from(["police", "judge", "support", "other", ""]), max_size=30))
def test_no_group_of_fewer_than_five_is_ever_reported(professions: list[str]):
    run = started("next", "open mood", "close mood")

    found = question(of(run, given=mood(professions)), "mood")

    assert all(group.answered >= 5 for group in found.rounds[0].groups)
