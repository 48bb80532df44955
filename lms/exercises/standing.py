"""What stands in a run: its moves as they are kept, its state after them, and what is asked of a state; pure values.

Times are aware and in UTC. What a state is after one more move, `runsheet.apply` says.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from msgspec import Struct

from lms.content.exercises import Exercise, Inject
from lms.exercises.parts import Admission, MoveKind, OnSheet, Outcome, Phase, TaskState, Why

ASKED = {TaskState.OPEN, TaskState.CLOSED, TaskState.REVEALED}


class Asked(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A move as a console sends it; which fields a move needs is said at each deed below.

    `to` is "all", "team/<id>", "role/<id>" or "player/<id>"; `player` alone says the last of these too. `seen` is
    how many moves the console knew of, None where it does not say.
    """

    id: UUID
    move: MoveKind
    inject: str = ""
    to: str = ""
    task: str = ""
    text: str = ""
    counts: dict[str, int] = {}
    player: str = ""
    by_profession: bool = False
    seen: int | None = None


class Move(Struct, frozen=True, kw_only=True):
    """A move as it is kept: when the server got it, who made it, and what the room had decided at that moment.

    `decided` belongs to "close" and "hands": for each team the options it decided on, under "" those of the room.
    """

    asked: Asked
    at: datetime
    by: str = ""
    decided: dict[str, tuple[str, ...]] | None = None


class Verdict(Struct, frozen=True, omit_defaults=True):
    """What became of a move; `why` stands only with a refusal."""

    outcome: Outcome
    why: Why | None = None


class Entry(Struct, frozen=True):
    """A move in the log, with its number from 0 on, what became of it, and what it touched."""

    number: int
    move: Move
    verdict: Verdict
    touched: tuple[str, ...] = ()


class Release(Struct, frozen=True, kw_only=True):
    """Something that was sent: an inject, or words of the trainer's own, under the id of their move.

    `teams` says which teams alone it went to because they decided so, None where nothing narrows it. `whole`: its
    inject is done with. `latest` is the number of the move that sent it or last showed it again.
    """

    id: str
    number: int
    latest: int
    title: str
    text: str
    to: str
    teams: tuple[str, ...] | None = None
    at: datetime
    by: str = ""
    again_at: datetime | None = None
    taken_back_at: datetime | None = None
    whole: bool = True
    improvised: bool = False


class Asking(Struct, frozen=True, kw_only=True):
    """Where a question stands, in which round (from 1), what was decided, and the hands counted in each round.

    `published`: shown with its results to everyone and on the big screen, whoever it was asked of.
    """

    status: TaskState = TaskState.UNASKED
    round: int = 1
    opened: int = -1
    latest: int = -1
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    decided: dict[str, tuple[str, ...]] | None = None
    published: bool = False
    by_profession: bool = False
    hands: dict[int, dict[str, int]] = {}


class Note(Struct, frozen=True):
    """What a trainer noted, at a moment of the run and perhaps about an inject or a question; trainers' alone."""

    id: UUID
    at: datetime
    by: str
    text: str
    inject: str = ""
    task: str = ""


class Debrief(Struct, frozen=True):
    """The talk afterwards, once it has begun; `question` is the one being talked about, or ""."""

    at: datetime
    latest: int
    question: str = ""


class Pause(Struct, frozen=True):
    """A time in which the clock stood still; `until` is None while it still does."""

    since: datetime
    until: datetime | None = None


class State(Struct, frozen=True, kw_only=True):
    """A run at a moment. `log` holds every move by its id, in order, whatever became of it."""

    exercise: Exercise
    phase: Phase = Phase.LOBBY
    started_at: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    ended_at: datetime | None = None
    releases: tuple[Release, ...] = ()
    aside: dict[str, Literal[OnSheet.HELD, OnSheet.SKIPPED]] = {}
    tasks: dict[str, Asking] = {}
    notes: tuple[Note, ...] = ()
    debrief: Debrief | None = None
    removed: frozenset[str] = frozenset()
    admitted: frozenset[str] = frozenset()
    nod_since: datetime | None = None
    log: dict[UUID, Entry] = {}

    def asking(self, task_id: str) -> Asking:
        return self.tasks.get(task_id, Asking())

    def live(self, release_id: str = "") -> Iterator[Release]:
        """What was sent and not taken back, of one inject or of all."""
        return (one for one in self.releases if one.taken_back_at is None and release_id in ("", one.id))

    def open_tasks(self) -> tuple[str, ...]:
        return tuple(task_id for task_id, one in self.tasks.items() if one.status is TaskState.OPEN)


class Clock(Struct, frozen=True):
    """The plan's clock against the real one: seconds played without pauses, whole minutes behind (below 0: ahead).

    `planned` is the minute at which the plan has what comes next.
    """

    elapsed: int
    running: bool
    planned: int
    behind: int


def comes_next(state: State) -> Inject | None:
    """The first inject on the sheet that waits and has someone to go to; held and skipped ones are passed over.

    One whose condition is decided later comes then, although later ones were sent meanwhile.
    """
    injects = (one for one in state.exercise.injects if on_sheet(state, one) is OnSheet.WAITING)
    return next(injects, None)


def on_sheet(state: State, inject: Inject) -> OnSheet:
    """Where an inject stands. Sent to someone else than the sheet says, it still waits."""
    if any(release.whole for release in state.live(inject.id)):
        return OnSheet.SENT
    if inject.id in state.aside:
        return state.aside[inject.id]
    teams = receivers(state, inject)
    if teams == ():
        return OnSheet.NOT_MET if _decided(state, inject) is not None else OnSheet.UNDECIDED
    return OnSheet.WAITING


def receivers(state: State, inject: Inject) -> tuple[str, ...] | None:
    """The teams that decided as the inject's condition asks; None where it has no condition, or the room decided so.

    Nobody gets it, (), while the question is open, withdrawn or not yet asked.
    """
    if inject.when is None:
        return None
    decided = _decided(state, inject)
    if decided is None:
        return ()
    wanted = set(inject.when.options)
    if wanted & set(decided.get("", ())):
        return None
    known = [team.id for team in state.exercise.teams]
    return tuple(team for team in known if wanted & set(decided.get(team, ())))


def _decided(state: State, inject: Inject) -> Mapping[str, tuple[str, ...]] | None:
    """What was decided on the question of an inject's condition, if it is closed."""
    if inject.when is None:
        return None
    asking = state.asking(inject.when.task)
    return asking.decided if asking.status in (TaskState.CLOSED, TaskState.REVEALED) else None


def clock(state: State, now: datetime) -> Clock:
    """How long has been played at `now`, and how that compares with the plan."""
    elapsed = played(state, now)
    minute = elapsed // timedelta(minutes=1)
    last, planned = on_plan(state)
    behind = minute - planned if minute > planned else min(0, minute - last)
    seconds = elapsed // timedelta(seconds=1)
    return Clock(seconds, state.phase is Phase.RUNNING, planned, behind if state.started_at else 0)


def on_plan(state: State) -> tuple[int, int]:
    """The minutes of play between which a run is on plan; before them it is ahead, after them behind.

    They are the planned minutes of the last inject sent before what comes next, and of what comes next. When nothing
    comes next, the plan goes on with the debrief, and then with the end.
    """
    plan = state.exercise
    if state.debrief is not None:
        return plan.debrief_from, plan.minutes
    line = comes_next(state)
    before = plan.injects[: plan.injects.index(line)] if line else plan.injects
    last = max((one.minute for one in before if on_sheet(state, one) is OnSheet.SENT), default=0)
    return last, line.minute if line else plan.debrief_from


def played(state: State, now: datetime) -> timedelta:
    """The time played up to `now`, without pauses; of a moment gone by, what had been played then.

    It is never below nothing, whatever clocks did, and it grows no more after the end.
    """
    if state.started_at is None:
        return timedelta(0)
    until = min(now, state.ended_at) if state.ended_at else now
    paused = (min(until, one.until or until) - one.since for one in state.pauses)
    whole = until - state.started_at - sum((one for one in paused if one > timedelta(0)), timedelta(0))
    return max(timedelta(0), whole)


def admission(state: State, player: str, joined_at: datetime) -> Admission:
    """Whether someone who joined then takes part: after the first removal, newcomers wait for the trainer's nod."""
    if player in state.removed:
        return Admission.REMOVED
    newcomer = state.nod_since is not None and joined_at >= state.nod_since
    return Admission.WAITING if newcomer and player not in state.admitted else Admission.IN


class Moment(Struct, frozen=True, kw_only=True):
    """Something that was done in a run, at which minute of play, and at which the plan had it, if the plan had it.

    `inject` is also filled in where the move left it out, `to` and `teams` where something was sent.
    """

    at: datetime
    minute: int
    planned: int | None
    move: MoveKind
    by: str
    inject: str
    task: str
    to: str
    teams: tuple[str, ...] | None
    text: str


def time_line(state: State) -> tuple[Moment, ...]:
    """All that was done, in order, for trainers and the report: notes and what was taken back are among it."""
    done = (entry for entry in state.log.values() if entry.verdict.outcome is Outcome.DONE)
    return tuple(_moment(state, entry) for entry in done)


def _moment(state: State, entry: Entry) -> Moment:
    asked, at = entry.move.asked, entry.move.at
    sent = next((one for one in state.releases if one.number == entry.number), None)
    about = [name.removeprefix("inject/") for name in entry.touched if name.startswith("inject/")]
    inject_id = sent.id if sent else about[0] if about else asked.inject
    inject = state.exercise.inject(inject_id)
    return Moment(
        at=at, minute=played(state, at) // timedelta(minutes=1), planned=inject.minute if inject else None,
        move=asked.move, by=entry.move.by, inject=inject_id, task=asked.task,
        to=sent.to if sent else asked.to, teams=sent.teams if sent else None, text=asked.text,
    )  # fmt: skip
