"""What a run comes to when it is over: the after-action report as values, in which no player has a name; a pure rule.

Trainers stand in it by name, as they stand on the time line. What a player said is in it without whose it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lms.content.exercises import AnyTask, Decision, Exercise, FreeText, Inject, Order
from lms.exercises.parts import MoveKind, OnSheet, TaskState
from lms.exercises.standing import Moment, Release, State, on_sheet, played, time_line
from lms.exercises.tally import Given, Tally, tallies
from lms.exercises.thoughts import About

ONE_PLAYER = "player"  # to whom something went that went to one player
PLAYERS_OWN = {MoveKind.ADMIT, MoveKind.REMOVE}  # moves about one player, which belong to no report


class Entered(Struct, frozen=True, kw_only=True):
    """A version of a team's decision as it was kept; numbers count from 1 in each round."""

    task: str
    round: int
    team: str
    number: int
    answer: Mapping[str, Any]
    at: datetime


class Version(Struct, frozen=True, kw_only=True):
    """One version of what a team decided; `stands`: it is the last of its round."""

    task: str
    round: int
    team: str
    number: int
    option: str
    reason: str
    owner: str
    at: datetime
    minute: int
    stands: bool


class Sent(Struct, frozen=True, kw_only=True):
    """One sending: to whom, narrowed to which teams, in which minute of play, by whom; when it was taken back."""

    to: str
    teams: tuple[str, ...] | None
    at: datetime
    minute: int
    by: str
    again: datetime | None
    taken_back: datetime | None


class Message(Struct, frozen=True, kw_only=True):
    """An inject with its planned minute and what became of it, or words of the trainers' own, which no plan has."""

    id: str
    title: str
    text: str
    planned: int | None
    to: str
    status: OnSheet
    sent: tuple[Sent, ...]


class Question(Struct, frozen=True, kw_only=True):
    """A question that was asked, what each of its rounds came to, and for a decision every version of it."""

    task: AnyTask
    status: TaskState
    minute: int | None
    rounds: tuple[Tally, ...]
    versions: tuple[Version, ...] = ()


class Remark(Struct, frozen=True):
    """A trainer's note; `about` is the title of an inject or the text of a question, or nothing."""

    at: datetime
    minute: int
    by: str
    text: str
    about: str


class Lesson(Struct, frozen=True):
    """What is to be done otherwise, who sees to it, and by when."""

    words: str
    owner: str
    until: date | None


class Left(Struct, frozen=True, kw_only=True):
    """What the rows of a run hold beside its moves."""

    given: Sequence[Given] = ()
    versions: Sequence[Entered] = ()
    thoughts: Sequence[tuple[About, str]] = ()
    lessons: Sequence[Lesson] = ()
    took_part: int = 0


class Report(Struct, frozen=True, kw_only=True):
    """The after-action report. `most_answers`: to the question that most people answered on their devices."""

    exercise: Exercise
    started_at: datetime | None
    ended_at: datetime | None
    minutes: int
    pauses: int
    paused: int
    took_part: int
    most_answers: int
    line: tuple[Moment, ...]
    messages: tuple[Message, ...]
    questions: tuple[Question, ...]
    notes: tuple[Remark, ...]
    thoughts: Mapping[About, tuple[str, ...]]
    lessons: tuple[Lesson, ...]


def report(state: State, left: Left) -> Report:
    """What happened, as planned and as it was, what was said and decided, and what is to follow."""
    questions = tuple(
        _question(state, task, left) for task in state.exercise.tasks
        if state.asking(task.id).status is not TaskState.UNASKED
    )  # fmt: skip
    people = [tally.answered for one in questions if not isinstance(one.task, Decision) for tally in one.rounds]
    return Report(
        exercise=state.exercise,
        started_at=state.started_at,
        ended_at=state.ended_at,
        minutes=_minute(state, state.ended_at) if state.ended_at else 0,
        pauses=len(state.pauses),
        paused=_paused(state),
        took_part=left.took_part,
        most_answers=max(people, default=0),
        line=tuple(_impersonal(one) for one in time_line(state) if one.move not in PLAYERS_OWN),
        messages=(*(_planned(state, inject) for inject in state.exercise.injects), *_improvised(state)),
        questions=questions,
        notes=tuple(
            Remark(one.at, _minute(state, one.at), one.by, one.text, _about(state, one.inject, one.task))
            for one in state.notes
        ),
        thoughts={about: _sorted(words for kind, words in left.thoughts if kind is about) for about in About},
        lessons=tuple(left.lessons),
    )


def _minute(state: State, at: datetime) -> int:
    return played(state, at) // timedelta(minutes=1)


def _paused(state: State) -> int:
    """How many whole minutes the clock stood still."""
    ends = [(one.since, one.until or state.ended_at or one.since) for one in state.pauses]
    return sum(((until - since) for since, until in ends), timedelta(0)) // timedelta(minutes=1)


def _impersonal(one: Moment) -> Moment:
    """What went to one player went to one player: neither who that was nor words meant for them alone are told."""
    if not one.to.startswith("player/"):
        return one
    return replace(one, to=ONE_PLAYER, text="")


def _sorted(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(texts, key=lambda text: (text.casefold(), text)))


def _planned(state: State, inject: Inject) -> Message:
    sent = tuple(_sent(state, one) for one in state.releases if one.id == inject.id)
    return Message(
        id=inject.id, title=inject.title, text=inject.text, planned=inject.minute, to=inject.to,
        status=on_sheet(state, inject), sent=sent,
    )  # fmt: skip


def _improvised(state: State) -> Iterable[Message]:
    for one in state.releases:
        if one.improvised:
            sent = _sent(state, one)
            text = "" if sent.to == ONE_PLAYER else one.text
            yield Message(
                id=one.id, title=one.title, text=text, planned=None, to=sent.to, status=OnSheet.SENT, sent=(sent,)
            )


def _sent(state: State, one: Release) -> Sent:
    to = ONE_PLAYER if one.to.startswith("player/") else one.to
    return Sent(
        to=to, teams=one.teams, at=one.at, minute=_minute(state, one.at), by=one.by, again=one.again_at,
        taken_back=one.taken_back_at,
    )  # fmt: skip


def _question(state: State, task: AnyTask, left: Left) -> Question:
    asking = state.asking(task.id)
    given = [one for one in left.given if one.task == task.id]
    rounds = max([asking.round, *(one.round for one in given)])
    minute = _minute(state, asking.opened_at) if asking.opened_at else None
    return Question(
        task=task, status=asking.status, minute=minute, rounds=tallies(task, given, asking.hands, rounds),
        versions=tuple(_versions(state, task, left)),
    )  # fmt: skip


def _versions(state: State, task: AnyTask, left: Left) -> Iterable[Version]:
    """By round and team as the scenario has them, each team's in order."""
    teams = [team.id for team in state.exercise.teams]
    entered = sorted(
        (one for one in left.versions if one.task == task.id),
        key=lambda one: (one.round, _place(teams, one.team), one.number),
    )
    last = {(one.round, one.team): one.number for one in entered}
    for one in entered:
        yield Version(
            task=task.id, round=one.round, team=one.team, number=one.number, option=str(one.answer.get("option", "")),
            reason=str(one.answer.get("reason", "")), owner=str(one.answer.get("owner", "")), at=one.at,
            minute=_minute(state, one.at), stands=last[one.round, one.team] == one.number,
        )  # fmt: skip


def _place(teams: Sequence[str], team: str) -> tuple[int, str]:
    return teams.index(team) if team in teams else len(teams), team


def _about(state: State, inject_id: str, task_id: str) -> str:
    inject, task = state.exercise.inject(inject_id), state.exercise.task(task_id)
    return inject.title if inject else task.text if task else ""


def option_text(task: AnyTask, option_id: str) -> str:
    """The words of an option."""
    return next((option.text for option in task.options if option.id == option_id), option_id)


def counts_options(task: AnyTask) -> bool:
    """Whether a question has options that are counted, and not texts or places."""
    return not isinstance(task, FreeText | Order)
