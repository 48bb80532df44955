"""The run sheet: what each move does, and when it is refused."""

from datetime import timedelta
from uuid import UUID

import pytest

from lms.content.exercises import Exercise, Inject
from lms.exercises.deeds import DEEDS
from lms.exercises.parts import Admission, MoveKind, OnSheet, Outcome, Phase, TaskState, Why
from lms.exercises.runsheet import PHASES, apply, fold
from lms.exercises.standing import Asked, Move, Verdict, admission, clock, comes_next, on_sheet, played, time_line
from tests.exercises.play import EXERCISE, NINE, Run, started

DONE, ALREADY = Verdict(Outcome.DONE), Verdict(Outcome.ALREADY)


def refused(why: Why) -> Verdict:
    return Verdict(Outcome.REFUSED, why)


def stands(run: Run, name: str) -> OnSheet:
    found = run.state.exercise.inject(name)
    assert found is not None
    return on_sheet(run.state, found)


def following(run: Run) -> str | None:
    line = comes_next(run.state)
    return line.id if line else None


def test_every_move_has_a_deed_and_phases_in_which_it_may_be_made():
    assert set(DEEDS) == set(PHASES) == set(MoveKind)


def test_a_run_waits_in_its_lobby_until_it_is_started():
    run = Run()

    early = run.say("next")
    begun = run.say("start")

    assert (early, begun, run.state.phase) == (refused(Why.NOT_STARTED), DONE, Phase.RUNNING)


def test_next_sends_the_injects_in_their_order_to_whom_the_sheet_says():
    run = started("next", "next", "next", "next")

    assert [(one.id, one.to) for one in run.state.releases] == [
        ("tip", "all"), ("call", "all"), ("north-letter", "team/north"), ("judge-call", "role/judge"),
    ]  # fmt: skip


def test_after_the_last_inject_nothing_comes_next():
    run = started("next", "next", "next", "next", "next")

    last = run.say("next")

    assert (run.sent[-1], last) == ("last", refused(Why.NOTHING_LEFT))


def test_the_same_move_twice_is_the_same_as_once():
    run = started("next")
    before = run.state

    again = run.again()

    assert again == DONE
    assert run.state == before


def test_the_same_id_with_other_content_is_refused_and_changes_nothing():
    run = started("next")
    before = run.state

    assert run.again(inject="last") == refused(Why.OTHER_CONTENT)
    assert run.state == before


def test_a_refused_move_is_refused_again_when_it_could_be_done_by_now():
    run = Run()
    run.say("next", inject="tip")
    run.say("start")

    assert run.again(0) == refused(Why.NOT_STARTED)
    assert run.sent == []


def test_of_two_consoles_that_send_the_same_next_at_once_one_sends_it_and_none_the_one_after():
    run = started("next")

    one, other = run.say("next", inject="call"), run.say("next", inject="call")

    assert (one, other, run.sent) == (DONE, ALREADY, ["tip", "call"])


def test_of_two_unnamed_nexts_from_the_same_view_of_the_sheet_one_is_done():
    run = started("next")
    seen = len(run.state.log)

    one, other = run.say("next", seen=seen), run.say("next", seen=seen)

    assert (one, other, run.sent) == (DONE, ALREADY, ["tip", "call"])


def test_next_that_names_what_another_console_has_set_aside_meanwhile_is_refused():
    run = started("next", "hold call")

    assert run.say("next", inject="call") == refused(Why.MOVED_ON)
    assert run.sent == ["tip"]


def test_what_was_skipped_elsewhere_while_a_console_did_not_look_is_not_held_by_it():
    run = started("next")
    seen = len(run.state.log)
    run.say("skip", inject="call", seen=seen)

    late = run.say("hold", inject="call", seen=seen)

    assert (late, stands(run, "call")) == (refused(Why.MOVED_ON), OnSheet.SKIPPED)


def test_an_unnamed_next_from_before_something_was_taken_back_is_refused():
    run = started("next", "next")
    seen = len(run.state.log)
    run.say("take-back", inject="tip")

    assert run.say("next", seen=seen) == refused(Why.MOVED_ON)


def test_a_question_that_one_console_took_back_is_not_opened_by_another_that_had_not_looked():
    run = started("next", "open mood")
    seen = len(run.state.log)
    run.say("take-back", task="mood", seen=seen)

    assert run.say("open", task="mood", seen=seen) == refused(Why.MOVED_ON)
    assert run.say("take-back", task="mood", seen=seen) == ALREADY


def test_a_note_of_another_trainer_stops_no_move():
    run = started("next")
    seen = len(run.state.log)
    run.say("note", text="They argue")

    assert run.say("next", seen=seen) == DONE


def test_a_late_revote_from_before_another_console_s_does_not_start_a_third_round():
    run = started("next", "open mood", "close mood")
    seen = len(run.state.log)
    run.say("revote", task="mood", seen=seen)
    run.say("close", task="mood")

    late = run.say("revote", task="mood", seen=seen)

    assert (late, run.state.asking("mood").round) == (refused(Why.MOVED_ON), 2)


def test_a_held_inject_is_passed_over_and_comes_when_it_is_sent():
    run = started("next", "hold")

    assert (stands(run, "call"), following(run)) == (OnSheet.HELD, "north-letter")
    assert run.say("send", inject="call") == DONE
    assert stands(run, "call") is OnSheet.SENT


def test_a_held_or_skipped_inject_goes_back_into_line_when_that_is_taken_back():
    run = started("next", "hold call", "take-back call")

    assert following(run) == "call"


def test_a_skipped_inject_is_left_out_until_someone_sends_it():
    run = started("skip", "next")

    assert (stands(run, "tip"), run.sent) == (OnSheet.SKIPPED, ["call"])
    assert run.say("send", inject="tip") == DONE


def test_what_is_sent_is_neither_held_nor_skipped():
    run = started("next")

    assert [run.say(move, inject="tip") for move in ("hold", "skip")] == [refused(Why.IS_SENT)] * 2


def test_sending_out_of_order_leaves_the_rest_in_line():
    run = started("next", "send last")

    assert run.sent == ["tip", "last"]
    assert following(run) == "call"


def test_an_inject_sent_to_one_team_still_waits_to_be_sent_to_all():
    run = started("next")
    run.say("send", inject="call", to="team/north")

    assert stands(run, "call") is OnSheet.WAITING
    assert run.say("next") == DONE
    assert [(one.id, one.to) for one in run.state.releases[1:]] == [("call", "team/north"), ("call", "all")]


def test_what_went_to_all_need_not_go_to_a_team():
    run = started("next")

    assert run.say("send", inject="tip", to="team/north") == ALREADY


@pytest.mark.parametrize("to", ["team/west", "role/cook", "player/", "everyone", "all/north", "team", "team/"])
def test_nobody_is_called_so(to):
    run = started()

    assert run.say("send", inject="tip", to=to) == refused(Why.UNKNOWN_AUDIENCE)


def test_an_inject_can_be_sent_to_one_player():
    run = started()

    run.say("send", inject="tip", player="p1")

    assert [one.to for one in run.state.releases] == ["player/p1"]


def test_words_of_the_trainer_s_own_go_to_whom_they_are_for_and_to_nobody_by_default():
    run = started()

    nobody = run.say("send", text="Look at page two")
    north = run.say("send", text="Look at page two", to="team/north")

    assert (nobody, north) == (refused(Why.NO_AUDIENCE), DONE)
    assert [(one.text, one.to, one.improvised) for one in run.state.releases] == [
        ("Look at page two", "team/north", True)
    ]


def test_what_was_sent_by_mistake_is_taken_back_and_comes_again_in_its_turn():
    run = started("next", "send last", "take-back last")

    assert run.sent == ["tip"]
    assert stands(run, "last") is OnSheet.WAITING
    assert run.say("take-back", inject="last") == ALREADY
    assert run.say("take-back", inject="call") == refused(Why.NOT_SENT)


def test_taking_back_from_one_team_leaves_the_other_its_message():
    run = started()
    run.say("send", inject="last", to="team/north")
    run.say("send", inject="last", to="team/south")

    run.say("take-back", inject="last", to="team/north")

    assert [one.to for one in run.state.live()] == ["team/south"]


def test_taking_back_an_inject_withdraws_what_was_asked_with_it_and_sending_it_again_asks_it_again():
    run = started("next", "next", "take-back call")

    assert run.state.asking("decide").status is TaskState.WITHDRAWN

    run.say("next")

    assert (run.state.asking("decide").status, run.state.asking("decide").round) == (TaskState.OPEN, 1)


def test_taking_back_from_one_team_asks_the_other_on():
    run = started()
    run.say("send", inject="call", to="team/north")
    run.say("send", inject="call", to="team/south")

    run.say("take-back", inject="call", to="team/north")

    assert run.state.asking("decide").status is TaskState.OPEN


def test_an_inject_sent_to_more_people_opens_no_question_that_was_closed():
    run = started()
    run.say("send", inject="call", to="team/north")
    run.say("close", task="decide")

    run.say("next", inject="tip")
    run.say("next", inject="call")

    assert run.state.asking("decide").status is TaskState.CLOSED


def test_a_replay_shows_something_again_and_is_no_second_message():
    run = started("next", "next")

    assert run.say("replay", inject="tip") == DONE
    assert run.sent == ["tip", "call"]
    assert next(run.state.live("tip")).again_at == run.now
    assert run.say("replay", inject="last") == refused(Why.NOT_SENT)


def test_a_question_is_asked_at_once_with_its_inject_or_waits_for_the_trainer():
    run = started("next", "next")

    assert [run.state.asking(one).status for one in ("mood", "decide")] == [TaskState.UNASKED, TaskState.OPEN]


def test_a_question_is_not_asked_before_what_it_follows_is_sent():
    run = started()

    assert run.say("open", task="mood") == refused(Why.NOT_SENT)


def test_a_question_is_opened_closed_revealed_and_asked_once_more():
    run = started("next")

    verdicts = [run.say(move, task="mood") for move in ("open", "close", "reveal", "revote")]

    assert verdicts == [DONE] * 4
    assert (run.state.asking("mood").status, run.state.asking("mood").round) == (TaskState.OPEN, 2)


def test_nothing_is_revealed_while_people_still_answer():
    run = started("next", "open mood")

    assert run.say("reveal", task="mood") == refused(Why.IS_OPEN)


def test_what_was_revealed_is_not_opened_again_but_voted_on_anew():
    run = started("next", "open mood", "close mood", "reveal mood")

    assert run.say("open", task="mood") == refused(Why.IS_REVEALED)
    assert run.say("revote", task="mood") == DONE


def test_closing_what_is_revealed_hides_it_again():
    run = started("next", "open mood", "close mood", "reveal mood", "close mood")

    assert run.state.asking("mood").status is TaskState.CLOSED


def test_a_question_closed_by_mistake_goes_on_in_the_same_round():
    run = started("next", "open mood", "close mood", "open mood")

    assert (run.state.asking("mood").status, run.state.asking("mood").round) == (TaskState.OPEN, 1)


@pytest.mark.parametrize("move", ["open", "close", "reveal", "revote", "hands", "take-back"])
def test_a_question_that_is_not_in_the_scenario_is_refused(move):
    run = started("next")

    assert run.say(move, task="nothing").why is Why.UNKNOWN_TASK


@pytest.mark.parametrize("move", ["open", "close", "reveal", "revote", "hands", "take-back", "remove"])
def test_a_move_that_does_not_say_what_it_is_about_is_refused(move):
    run = started("next")

    assert run.say(move).why is Why.UNNAMED


@pytest.mark.parametrize("move", ["next", "hold", "skip", "send", "replay", "take-back", "note"])
def test_an_inject_that_is_not_in_the_scenario_is_refused(move):
    run = started("next")
    words = {"text": "A note"} if move == "note" else {}

    assert run.say(move, inject="nothing", **words).why is Why.UNKNOWN_INJECT


def test_a_conditional_inject_waits_for_the_decision_and_goes_to_the_teams_that_decided_so():
    run = started("next", "next", "next", "next")
    assert (stands(run, "waited"), following(run)) == (OnSheet.UNDECIDED, "last")

    run.say("close", task="decide", decided={"north": ("wait",), "south": ("act",)})
    run.say("next")
    run.say("next")

    assert [(one.id, one.teams) for one in list(run.state.live())[-2:]] == [
        ("waited", ("north",)), ("acted", ("south",)),
    ]  # fmt: skip


def test_a_conditional_inject_that_nobody_s_decision_calls_for_never_comes_next():
    run = started("next", "next", "next", "next")

    run.say("close", task="decide", decided={"north": ("wait",), "south": ("wait",)})

    assert (stands(run, "acted"), following(run)) == (OnSheet.NOT_MET, "waited")
    assert run.say("send", inject="acted") == refused(Why.NOBODY)
    assert run.say("send", inject="acted", to="all") == DONE


def test_a_decision_of_the_room_calls_an_inject_for_everyone():
    run = started("next", "next", "next", "next")

    run.say("close", task="decide", decided={"": ("act",)})
    run.say("next")

    assert [(one.id, one.teams) for one in run.state.live()][-1] == ("acted", None)


def test_while_a_decision_is_asked_once_more_it_is_undecided():
    run = started("next", "next")
    run.say("close", task="decide", decided={"north": ("wait",)})

    run.say("revote", task="decide")

    assert stands(run, "waited") is OnSheet.UNDECIDED
    run.say("close", task="decide", decided={"north": ("act",)})
    assert (stands(run, "waited"), stands(run, "acted")) == (OnSheet.NOT_MET, OnSheet.WAITING)


def test_while_a_question_closed_too_early_goes_on_nothing_is_decided():
    run = started("next", "next")
    run.say("close", task="decide", decided={"north": ("wait",)})

    run.say("open", task="decide")

    assert stands(run, "waited") is OnSheet.UNDECIDED


def test_hiding_results_again_leaves_what_was_decided():
    run = started("next", "next")
    run.say("close", task="decide", decided={"north": ("wait",)})
    run.say("reveal", task="decide")

    run.say("close", task="decide")

    assert stands(run, "waited") is OnSheet.WAITING


def test_a_held_inject_sent_to_one_team_is_still_held_for_the_rest():
    run = started("next", "hold call")

    run.say("send", inject="call", to="team/north")

    assert stands(run, "call") is OnSheet.HELD


def test_a_question_closed_without_any_answer_decides_nothing():
    run = started("next", "next")
    run.say("close", task="decide", decided={"north": ("wait",)})
    run.say("open", task="decide")

    run.say("close", task="decide")

    assert stands(run, "waited") is OnSheet.UNDECIDED


def test_hands_are_kept_by_round_and_said_again_they_replace_what_was_said():
    run = started("next", "open mood")
    run.say("hands", task="mood", counts={"good": 3})
    run.say("hands", task="mood", counts={"good": 4, "bad": 1})
    run.say("close", task="mood")
    run.say("revote", task="mood")

    assert run.say("hands", task="mood", counts={"bad": 5}) == DONE
    assert run.state.asking("mood").hands == {1: {"good": 4, "bad": 1}, 2: {"bad": 5}}


@pytest.mark.parametrize(
    ("task", "counts", "why"),
    [
        ("mood", {}, Why.WRONG_COUNT),
        ("mood", {"good": -1}, Why.WRONG_COUNT),
        ("mood", {"good": 10_001}, Why.WRONG_COUNT),
        ("mood", {"ugly": 1}, Why.UNKNOWN_OPTION),
        ("why", {"good": 1}, Why.WRONG_KIND),
        ("order", {"first": 1}, Why.WRONG_KIND),
        ("hands", {"yes": 1}, Why.NOT_ASKED),
    ],
)
def test_hands_that_cannot_be_counted_are_refused(task, counts, why):
    run = started("next", "open mood", "next", "next", "next")

    assert run.say("hands", task=task, counts=counts) == refused(why)


def test_hands_counted_after_closing_say_what_the_room_decided():
    run = started("next", "next", "close decide")

    run.say("hands", task="decide", counts={"act": 9}, decided={"": ("act",)})

    assert stands(run, "acted") is OnSheet.WAITING


def test_hands_counted_while_people_still_answer_decide_nothing_yet():
    run = started("next", "next")

    run.say("hands", task="decide", counts={"act": 9}, decided={"": ("act",)})

    assert run.state.asking("decide").decided is None


def test_the_clock_counts_what_is_played_and_no_pauses():
    run = started()
    run.say("pause", 5)
    run.say("resume", 600)
    run.say("note", 3, text="Slow")

    now = clock(run.state, run.now)

    assert (now.elapsed, now.running) == (8 * 60, True)


def test_of_a_moment_gone_by_one_can_say_how_long_had_been_played_then():
    run = started()
    run.say("pause", 5)
    run.say("resume", 10)
    run.say("end", 5)

    minutes = [played(run.state, NINE + timedelta(minutes=minute)) for minute in (3, 9, 17, 40)]

    assert minutes == [timedelta(minutes=minute) for minute in (3, 5, 7, 10)]


def test_a_run_that_ends_in_a_pause_counts_it_as_one():
    run = started()
    run.say("pause", 5)
    run.say("end", 60)

    assert clock(run.state, run.now).elapsed == 300


def test_a_paused_clock_stands_still():
    run = started()
    run.say("pause", 5)

    now = clock(run.state, run.now + timedelta(hours=12))

    assert (now.elapsed, now.running) == (300, False)


@pytest.mark.parametrize(
    ("minute", "behind"),
    [(8, -2), (10, 0), (15, 0), (20, 0), (21, 1), (27, 7)],
)
def test_a_run_is_behind_what_comes_next_or_ahead_of_what_was_sent(minute, behind):
    run = started("next")

    assert clock(run.state, NINE + timedelta(minutes=minute, seconds=59)).behind == behind


def test_what_was_sent_out_of_order_makes_no_run_early():
    run = started("next", "send last")

    assert clock(run.state, NINE + timedelta(minutes=12)).behind == 0


def test_when_nothing_comes_next_the_plan_goes_on_to_the_debrief_and_the_end():
    run = started("next", "next", "next", "next", "next")
    assert clock(run.state, NINE + timedelta(minutes=70)).behind == 5

    run.say("debrief")

    assert clock(run.state, NINE + timedelta(minutes=70)).behind == 0
    assert clock(run.state, NINE + timedelta(minutes=95)).behind == 5


def test_a_clock_that_was_set_back_makes_no_time_below_nothing():
    run = Run()
    run.say("start", 10)
    run.say("pause", -5)
    run.say("resume", -5)

    assert clock(run.state, NINE - timedelta(hours=1)).elapsed == 0


def test_in_a_pause_nothing_new_is_sent_or_asked():
    run = started("next", "open mood", "pause")

    verdicts = [run.say(move) for move in ("next", "replay")] + [run.say("send", inject="last")]

    assert verdicts == [refused(Why.PAUSED)] * 3
    assert run.say("close", task="mood") == DONE


def test_the_end_closes_what_is_open_and_only_looks_back_afterwards():
    run = started("next", "open mood", "end")

    assert run.state.asking("mood").status is TaskState.CLOSED
    assert run.say("next") == refused(Why.ENDED)
    assert run.say("reveal", task="mood") == DONE
    assert run.say("debrief") == DONE
    assert run.say("note", text="Good") == DONE
    assert run.say("end") == ALREADY


def test_a_debrief_puts_up_its_questions_one_by_one():
    run = started("debrief")

    assert run.say("debrief", task="clock") == DONE
    assert run.say("debrief", task="clock") == ALREADY
    assert run.say("debrief", task="mood") == refused(Why.UNKNOWN_QUESTION)
    assert run.state.debrief is not None
    assert run.state.debrief.question == "clock"


def test_after_something_was_sent_the_debrief_can_be_put_in_front_again():
    run = started("debrief", "send last")

    assert run.say("debrief") == DONE
    assert run.say("debrief") == ALREADY


def test_notes_stand_on_the_time_line_with_what_they_are_about():
    run = started("next")

    run.say("note", text="They ask for the judge", inject="tip")

    note = run.state.notes[0]
    assert (note.text, note.inject, note.at, note.by) == ("They ask for the judge", "tip", run.now, "trainer")


@pytest.mark.parametrize(
    ("text", "why"),
    [("", Why.EMPTY), (" \n", Why.EMPTY), ("x" * 4001, Why.TOO_LONG), ("a\0b", Why.UNWRITABLE),
     ("a\ud800b", Why.UNWRITABLE)],
)  # fmt: skip
def test_a_note_that_cannot_be_kept_is_refused(text, why):
    run = started()

    assert run.say("note", text=text) == refused(why)
    assert run.state.notes == ()


def test_what_no_database_can_hold_leaves_no_trace():
    run = started()

    after, verdict = apply(run.state, Move(asked=Asked(id=UUID(int=9), move=MoveKind.NEXT, inject="\0"), at=NINE))

    assert verdict == refused(Why.UNWRITABLE)
    assert after is run.state


def test_after_someone_was_removed_newcomers_wait_for_a_nod():
    run = started()
    before = run.now
    run.say("remove", player="loud")
    later = run.now + timedelta(minutes=1)
    assert admission(run.state, "loud", before) is Admission.REMOVED
    assert admission(run.state, "early", before) is Admission.IN
    assert admission(run.state, "new", later) is Admission.WAITING

    run.say("admit", player="new")

    assert admission(run.state, "new", later) is Admission.IN
    assert admission(run.state, "other", later) is Admission.WAITING


def test_a_nod_to_nobody_in_particular_lets_everyone_in_who_comes():
    run = started()
    run.say("remove", player="loud")

    run.say("admit")

    assert admission(run.state, "new", run.now) is Admission.IN
    assert admission(run.state, "loud", run.now) is Admission.REMOVED


def test_someone_removed_by_mistake_is_let_in_again():
    run = started()
    run.say("remove", player="quiet")

    run.say("admit", player="quiet")

    assert admission(run.state, "quiet", run.now) is Admission.IN


def test_the_door_can_be_shut_and_opened_to_the_same_person_again_and_again():
    run = started()

    verdicts = [run.say(move, player="p1") for move in ("remove", "admit", "remove", "admit")]

    assert verdicts == [DONE] * 4
    assert admission(run.state, "p1", run.now) is Admission.IN


def test_the_whole_log_gives_the_same_state_on_any_machine_and_a_doubled_one_too():
    run = started("next", "hold", "next", "open mood", "close mood", "reveal mood", "take-back tip", "next", "end")

    assert fold(EXERCISE, run.moves) == run.state
    assert fold(EXERCISE, [*run.moves, *run.moves]) == run.state
    assert fold(EXERCISE, [one for move in run.moves for one in (move, move)]) == run.state


def test_an_exercise_without_teams_is_played_by_everyone_alone():
    alone = Exercise(
        id="warm-up", title="Warm-up", summary="Try it", objectives=("Try",), minutes=2, guide="Guide",
        checked=EXERCISE.checked,
        injects=(Inject(id="hello", minute=0, title="Hello", text="Hello", note="n", expected="e", fallback="f"),),
    )  # fmt: skip
    run = Run(alone)
    run.say("start")

    assert run.say("next") == DONE
    assert run.say("send", inject="hello", to="team/north") == refused(Why.UNKNOWN_AUDIENCE)


def test_the_time_line_has_what_was_done_with_its_minute_of_play_and_that_of_the_plan():
    run = started()
    run.say("next", 12)
    run.say("pause")
    run.say("resume", 30)
    run.say("hold", 7)
    run.say("hold", inject="tip")
    run.say("note", text="They wait")
    run.say("send", text="Look again", to="team/north")
    run.say("take-back", inject="tip")

    told = [(one.move.value, one.inject, one.minute, one.planned, one.to) for one in time_line(run.state)]

    assert [one for one in told if one[0] not in ("pause", "resume")] == [
        ("start", "", 0, None, ""),
        ("next", "tip", 12, 10, "all"),
        ("hold", "call", 20, 20, ""),
        ("note", "", 22, None, ""),
        ("send", str(UUID(int=8)), 23, None, "team/north"),
        ("take-back", "tip", 24, 10, ""),
    ]
