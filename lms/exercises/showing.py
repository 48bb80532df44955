"""What a run shows to whom: one snapshot for each audience, of a version that is made four times a second at most.

What everybody shares is worked out once a version and remembered by this process; a player's own is asked for anew.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Any
from uuid import UUID

import msgspec
from flask import Flask, current_app
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import select

from lms import hub
from lms.database import db
from lms.exercises import audiences
from lms.exercises.audiences import Counts, PlayersSnapshot, Seat, Snapshot, TrainersSnapshot
from lms.exercises.conducting import state_of
from lms.exercises.counting import Gathered, Present, gather, have_answered, seat_of
from lms.exercises.models import Answer, Player, Run
from lms.exercises.parts import Admission, Outcome, Phase
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


def topic(run_id: UUID) -> str:
    """What is announced when a run has changed."""
    return f"run/{run_id}"


def changed(run_id: UUID) -> None:
    """Say after a commit that a run must be looked at anew at once, and not in a quarter of a second."""
    remembered: _Remembered = current_app.extensions["runs"]
    remembered.change(run_id)
    hub.announce(topic(run_id))


def stirred(run_id: UUID) -> None:
    """Say after a commit that there is more to count: it is looked at when that may next be done."""
    hub.announce(topic(run_id))


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
    state = state_of(run.id)
    found = Live(now, state, gather(run, state, now, before[1].gathered if before else None), {})
    remembered.keep(run_id, turn, found)
    if before is None or before[1].gathered.room.version != found.gathered.room.version:
        hub.announce(topic(run_id))
    return found


def to_trainer(run: Run, now: datetime, outcome: Outcome | None = None) -> Conducted:
    """What a trainer's console shows."""
    return _to_trainer(run, live(run.id, now), outcome)


def _to_trainer(run: Run, found: Live, outcome: Outcome | None = None) -> Conducted:
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
    return _on_screen(live(run.id, now))


def _on_screen(found: Live) -> Snapshot:
    return audiences.for_screen(found.state, found.gathered.room)


def to_player(player: Player, now: datetime) -> Played:
    """What one player sees."""
    found = live(player.run_id, now)
    seat = seat_of(found.state, player)
    answers = own(player, found.state, found.gathered.decisions)
    seen = audiences.with_own(_shared(found, seat), seat, answers)
    return Played(**_fields(seen), recorder=_recorder(found, seat))


def _shared(found: Live, seat: Seat) -> Snapshot:
    alike = audiences.alike(found.state, seat)
    shared = found.shared.get(alike)
    if shared is None:
        shared = found.shared[alike] = audiences.shared(found.state, seat, found.gathered.room)
    return shared


def _recorder(found: Live, seat: Seat) -> str:
    recorder = found.gathered.recorders.get(seat.team) if seat.admission is Admission.IN else None
    return "none" if recorder is None else "you" if str(recorder) == seat.player else "other"


class Sent(Struct, frozen=True):
    """A snapshot as it goes out, in parts; `core` is what of them counts do not change."""

    version: int
    parts: tuple[bytes, ...]
    core: tuple[bytes, ...]

    @property
    def body(self) -> bytes:
        return b"".join(self.parts)


Owned = Mapping[str, tuple[Any, Mapping[UUID, Any]]]  # by question: what its answers depend on, and whose is which


class Encoded:
    """A run at a moment, as the very bytes of everybody's snapshot; what people share is encoded once for all."""

    def __init__(self, run: Run, found: Live, owned: Owned) -> None:
        self.run, self.live, self.owned = run, found, owned
        self.version = found.gathered.room.version
        self.people = {one.id: one for one in found.gathered.people}
        self.shared: dict[tuple[str, ...], tuple[Snapshot, bytes, bytes]] = {}
        self.whole: dict[tuple[str, ...], Sent] = {}

    def trainers(self) -> Sent:
        """What to_trainer gives."""
        if ("trainer",) not in self.whole:
            self.whole[("trainer",)] = self._sent(_to_trainer(self.run, self.live))
        return self.whole[("trainer",)]

    def screens(self) -> Sent:
        """What on_screen gives."""
        if ("screen",) not in self.whole:
            self.whole[("screen",)] = self._sent(_on_screen(self.live))
        return self.whole[("screen",)]

    def players(self, player_id: UUID) -> Sent | None:
        """What to_player gives; None where the run does not know this player."""
        person = self.people.get(str(player_id))
        if person is None:
            return None
        seat = Seat(person.id, person.team, person.role, person.admission)
        answers = {task: given[player_id] for task, (_key, given) in self.owned.items() if player_id in given}
        answers |= _teams_own(self.live.state, seat.team, self.live.gathered.decisions)
        recorder = _recorder(self.live, seat)
        if answers:
            return self._with_own(seat, answers, recorder)
        alike = (*audiences.alike(self.live.state, seat), seat.team, seat.role, recorder)
        if alike not in self.whole:
            self.whole[alike] = self._with_own(seat, answers, recorder)
        return self.whole[alike]

    def _with_own(self, seat: Seat, answers: Mapping[str, Any], recorder: str) -> Sent:
        seen, body, core = self._of_all(seat)
        mine = msgspec.json.encode(audiences.with_own(seen, seat, answers).mine)
        own_part = b',"mine":%b,"recorder":"%b"}' % (mine, recorder.encode())
        return Sent(self.version, (body, own_part), (core, own_part))

    def _sent(self, seen: Struct) -> Sent:
        parts = (msgspec.json.encode(seen),)
        return Sent(self.version, parts, parts)

    def _of_all(self, seat: Seat) -> tuple[Snapshot, bytes, bytes]:
        """What players who are alike see, with its bytes but for the last brace, and those without counts."""
        alike = audiences.alike(self.live.state, seat)
        if alike not in self.shared:
            seen = _shared(self.live, seat)
            quiet = replace(seen, version=0, counts=Counts(0, 0))
            self.shared[alike] = seen, msgspec.json.encode(seen)[:-1], msgspec.json.encode(quiet)
        return self.shared[alike]


def encoded(run_id: UUID, now: datetime, before: Encoded | None = None) -> Encoded:
    """The run for everybody who looks, in two queries at most beside those of `live`; `before` where it is the same."""
    found = live(run_id, now)
    if before is not None and before.live is found:
        return before
    return Encoded(db.session.get_one(Run, run_id), found, _owned(run_id, found, before.owned if before else {}))


def _owned(run_id: UUID, found: Live, before: Owned) -> Owned:
    """Everybody's answers of the present rounds; after the end there is nobody whose they are."""
    if found.state.phase is Phase.ENDED:
        return {}
    keys = found.gathered.keys
    owned = {task: kept for task, kept in before.items() if keys.get(task) == kept[0]}
    given: dict[str, dict[UUID, Any]] = {task: {} for task in keys if task not in owned}
    if given:
        columns = (Answer.task, Answer.round, Answer.player_id, Answer.answer)
        asked = select(*columns).where(Answer.run_id == run_id, Answer.task.in_(given))
        for task, round_, player_id, answer in db.session.execute(asked):
            if player_id is not None and found.state.asking(task).round == round_:
                given[task][player_id] = answer
    return owned | {task: (keys[task], answers) for task, answers in given.items()}


def _teams_own(state: State, team: str, decisions: Mapping[tuple[str, int, str], Any]) -> dict[str, Any]:
    """What a team decided in the present rounds."""
    return {
        task: decided for (task, round_, whose), decided in decisions.items()
        if team and whose == team and state.asking(task).round == round_
    }  # fmt: skip


def _fields(seen: Struct) -> Mapping[str, Any]:
    return {name: getattr(seen, name) for name in seen.__struct_fields__}
