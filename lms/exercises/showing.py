"""What a run shows to whom: one snapshot for each audience, of a version that is made four times a second at most.

What everybody shares is worked out once a version and remembered by this process; a player's own is asked for anew.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Any
from uuid import UUID

from flask import Flask, current_app
from msgspec import Struct

from lms.database import db
from lms.exercises import audiences
from lms.exercises.audiences import PlayersSnapshot, Snapshot, TrainersSnapshot
from lms.exercises.conducting import state_of
from lms.exercises.counting import Gathered, Present, gather, have_answered, seat_of
from lms.exercises.models import Player, Run
from lms.exercises.parts import Admission, Outcome
from lms.exercises.responding import own
from lms.exercises.seating import TeamsBy
from lms.exercises.standing import State

BETWEEN = timedelta(milliseconds=250)  # two versions
MOST_RUNS = 64


class Played(PlayersSnapshot, frozen=True, kw_only=True):
    """What a player sees; `recorder` says who enters the team's decisions: you, other or none."""

    recorder: str


class Attending(Present, frozen=True):
    """Someone who takes part; whether the question in front is asked of them, and whether they or their team answered.

    Known while the run is open, and never kept.
    """

    asked: bool
    answered: bool


class Conducted(TrainersSnapshot, frozen=True, kw_only=True):
    """What a console shows; `players` are all who joined, let in or not, `outcome` what became of a move just made."""

    title: str
    code: str
    rehearsal: bool
    teams_by: TeamsBy
    players: tuple[Attending, ...]
    outcome: Outcome | None = None


class Live(Struct, frozen=True):
    """A run as it was worked out at a moment; `shared` fills with what players who are alike see."""

    at: datetime
    state: State
    gathered: Gathered
    shared: dict[tuple[str, ...], Snapshot]


class _Remembered:
    """What this process remembers of runs. `turns` says how often a run was declared changed."""

    def __init__(self) -> None:
        self.lives: OrderedDict[UUID, tuple[int, Live]] = OrderedDict()
        self.turns: dict[UUID, int] = {}
        self.looking: dict[UUID, Lock] = {}
        self.lock = Lock()

    def of(self, run_id: UUID, now: datetime) -> tuple[Live | None, bool]:
        """What is known of a run that was not declared changed since, and whether that is fresh."""
        with self.lock:
            turn, kept = self.lives.get(run_id, (-1, None))
            if kept is None or turn != self.turns.get(run_id, 0):
                return None, False
            return kept, abs(now - kept.at) < BETWEEN

    def keep(self, run_id: UUID, turn: int, found: Live) -> None:
        with self.lock:
            self.lives[run_id] = turn, found
            self.lives.move_to_end(run_id)
            while len(self.lives) > MOST_RUNS:
                old, _live = self.lives.popitem(last=False)
                self.turns.pop(old, None)
                self.looking.pop(old, None)

    def change(self, run_id: UUID) -> None:
        with self.lock:
            self.turns[run_id] = self.turns.get(run_id, 0) + 1


def init_app(app: Flask) -> None:
    """Make room for what this process remembers."""
    app.extensions["runs"] = _Remembered()


def changed(run_id: UUID) -> None:
    """Say after a commit that a run must be looked at anew at once, and not in a quarter of a second."""
    remembered: _Remembered = current_app.extensions["runs"]
    remembered.change(run_id)


def live(run_id: UUID, now: datetime) -> Live:
    """The run as it is, or was less than a quarter of a second ago; while one request looks, others have the last."""
    remembered: _Remembered = current_app.extensions["runs"]
    kept, fresh = remembered.of(run_id, now)
    if kept is not None and fresh:
        return kept
    looking = remembered.looking.setdefault(run_id, Lock())
    if not looking.acquire(blocking=kept is None) and kept is not None:
        return kept
    try:
        kept, fresh = remembered.of(run_id, now)
        return kept if kept is not None and fresh else _looked(remembered, run_id, now)
    finally:
        looking.release()


def _looked(remembered: _Remembered, run_id: UUID, now: datetime) -> Live:
    turn, before = remembered.turns.get(run_id, 0), remembered.lives.get(run_id)
    run = db.session.get_one(Run, run_id, populate_existing=True)
    state = state_of(run)
    found = Live(now, state, gather(run, state, now, before[1].gathered if before else None), {})
    remembered.keep(run_id, turn, found)
    return found


def to_trainer(run: Run, now: datetime, outcome: Outcome | None = None) -> Conducted:
    """What a trainer's console shows."""
    found = live(run.id, now)
    seen = audiences.for_trainer(found.state, found.gathered.room)
    return Conducted(
        **_fields(seen), title=run.title, code=run.code, rehearsal=run.rehearsal, teams_by=run.teams_by,
        players=tuple(_attending(run.id, found, seen.task.id if seen.task else "")), outcome=outcome,
    )  # fmt: skip


def _attending(run_id: UUID, found: Live, task_id: str) -> Iterator[Attending]:
    """Everybody, with how they stand to a question in its present round."""
    state, decisions = found.state, found.gathered.decisions
    task = state.exercise.task(task_id)
    round_ = state.asking(task_id).round
    have = have_answered(run_id, task_id, round_) if task else frozenset()
    for one in found.gathered.people:
        seat = audiences.Seat(one.id, one.team, one.role, one.admission)
        asked = task is not None and one.admission is Admission.IN and audiences.asked_of(state, task, seat)
        answered = one.id in have or (task_id, round_, one.team) in decisions
        yield Attending(**_fields(one), asked=asked, answered=answered)


def on_screen(run: Run, now: datetime) -> Snapshot:
    """What the whole room sees."""
    found = live(run.id, now)
    return audiences.for_screen(found.state, found.gathered.room)


def to_player(player: Player, now: datetime) -> Played:
    """What one player sees."""
    found = live(player.run_id, now)
    seat = seat_of(found.state, player)
    alike = audiences.alike(found.state, seat)
    shared = found.shared.get(alike)
    if shared is None:
        shared = found.shared[alike] = audiences.shared(found.state, seat, found.gathered.room)
    answers = own(player, found.state, found.gathered.decisions)
    recorder = found.gathered.recorders.get(seat.team) if seat.admission is Admission.IN else None
    who = "none" if recorder is None else "you" if recorder == player.id else "other"
    return Played(**_fields(audiences.with_own(shared, seat, answers)), recorder=who)


def _fields(seen: Struct) -> Mapping[str, Any]:
    return {name: getattr(seen, name) for name in seen.__struct_fields__}
