"""What each audience of a run may see of it: its trainers everything, the big screen and a player what was sent there.

What is private, still to come, taken back, meant for others or not yet revealed is not hidden in these values: it is
not in them. `msgspec.json.encode` of one is the snapshot of `/runs/<id>/state`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lms.content.exercises import EVERYONE, AnyTask, Decision, FreeText, Hands, Inject
from lms.exercises.answering import Checked, taken
from lms.exercises.parts import Admission, OnSheet, Phase, TaskState
from lms.exercises.standing import (
    ASKED,
    Note,
    Pause,
    Release,
    State,
    comes_next,
    on_plan,
    on_sheet,
    played,
    receivers,
)
from lms.exercises.tally import Tally


class Seat(Struct, frozen=True):
    """Who is asking: a player's id, team and role ("" while they have none), and whether they are let in."""

    player: str
    team: str = ""
    role: str = ""
    admission: Admission = Admission.IN


class Room(Struct, frozen=True, kw_only=True):
    """What the run sheet does not know: the version, who is here, how many answered each question, what came out.

    `answered` counts people, for a decision teams, in the question's present round; `tallies` holds a question's
    rounds in order, as `tally.tallies` gives them. Neither has to be cut to an audience: that is done here.
    """

    version: int = 0
    here: int = 0
    answered: Mapping[str, int] = {}
    tallies: Mapping[str, tuple[Tally, ...]] = {}


class Shown(Struct, frozen=True):
    """Something sent, as those it went to see it; `to` says how widely: all, team, role or player."""

    id: str
    title: str
    text: str
    at: datetime
    again: datetime | None
    to: str


class Pick(Struct, frozen=True):
    """Something to choose."""

    id: str
    text: str


class ShownTask(Struct, frozen=True, kw_only=True):
    """A question as those see it who may; `yours`: it is asked of whoever looks, and not only shown to them."""

    id: str
    kind: str
    text: str
    options: tuple[Pick, ...]
    open: bool
    revealed: bool
    round: int
    yours: bool
    longest: int | None = None
    reason: bool = False
    owner: bool = False


class Front(Struct, frozen=True):
    """What is in front now: an inject, a task, or the debrief with the question that is being talked about."""

    kind: str
    id: str


class Counts(Struct, frozen=True):
    """How many are here, and how many answered the question in front."""

    here: int
    answered: int


class Results(Struct, frozen=True):
    """What a question came to, its rounds side by side."""

    task: str
    rounds: tuple[Tally, ...]


class Mine(Struct, frozen=True):
    """What is a player's own: their place, and their answers (their team's decisions) by question."""

    team: str
    role: str
    admission: Admission
    answers: Mapping[str, Any]


class Snapshot(Struct, frozen=True, kw_only=True):
    """What the big screen shows; `task` is the question in front, `tasks` all that were asked and not withdrawn."""

    version: int
    audience: str
    phase: Phase
    released: tuple[Shown, ...] = ()
    task: ShownTask | None = None
    tasks: tuple[ShownTask, ...] = ()
    front: Front | None = None
    debrief: tuple[Pick, ...] = ()
    counts: Counts
    results: Results | None = None


class PlayersSnapshot(Snapshot, frozen=True, kw_only=True):
    """What one player sees."""

    mine: Mine


class Plan(Struct, frozen=True):
    """What a console's clock needs: moments, and between which minutes of play the run is on plan (`on_plan`)."""

    started_at: datetime | None
    ended_at: datetime | None
    pauses: tuple[Pause, ...]
    last_minute: int
    next_minute: int
    debrief_minute: int
    end_minute: int


class Sending(Struct, frozen=True):
    """One sending, for trainers: to whom, narrowed to which teams, when and by whom; taken back when.

    `minute` is how many minutes had been played by then.
    """

    id: str
    title: str
    text: str
    to: str
    teams: tuple[str, ...] | None
    at: datetime
    minute: int
    by: str
    again: datetime | None
    taken_back: datetime | None
    improvised: bool


class TaskRow(Struct, frozen=True):
    """A question on the run sheet: where it stands, what was decided, which hands were counted in which round."""

    id: str
    kind: str
    text: str
    look_for: str
    options: tuple[Pick, ...]
    minutes: int
    waits: bool
    status: TaskState
    round: int
    opened_at: datetime | None
    closed_at: datetime | None
    decided: Mapping[str, tuple[str, ...]] | None
    published: bool
    by_profession: bool
    hands: Mapping[str, Mapping[str, int]]
    answered: int


class Row(Struct, frozen=True):
    """A line of the run sheet: an inject with all that is private to it, where it stands, and its questions.

    `teams` are those that decided as its condition asks, None where nothing narrows it.
    """

    id: str
    minute: int
    to: str
    title: str
    text: str
    note: str
    expected: str
    fallback: str
    status: OnSheet
    when: Mapping[str, Any] | None
    teams: tuple[str, ...] | None
    tasks: tuple[TaskRow, ...]


class DebriefRow(Struct, frozen=True):
    """A question of the debrief, and what to look for in what is said."""

    id: str
    text: str
    look_for: str


class Door(Struct, frozen=True):
    """Whether newcomers wait for a nod, since when, and who was let in or removed by name."""

    nod_since: datetime | None
    admitted: tuple[str, ...]
    removed: tuple[str, ...]


class TrainersSnapshot(Struct, frozen=True, kw_only=True):
    """Everything; `moves` is what a console sends back as `seen`, `next` the inject that comes next.

    `results` are those of the question in front, revealed or not: whether to look is the trainer's to say.
    """

    version: int
    audience: str = "trainer"
    phase: Phase
    moves: int
    next: str | None
    plan: Plan
    sheet: tuple[Row, ...]
    sent: tuple[Sending, ...]
    released: tuple[Shown, ...]
    task: ShownTask | None
    open: tuple[str, ...]
    front: Front | None
    debrief: tuple[DebriefRow, ...]
    notes: tuple[Note, ...]
    door: Door
    counts: Counts
    answered: Mapping[str, int]
    results: Results | None


NOBODY = Room()


def for_player(
    state: State, seat: Seat, room: Room = NOBODY, answers: Mapping[str, Any] | None = None
) -> PlayersSnapshot:
    """What one player sees; `answers` are their own of the present rounds, for decisions their team's.

    Someone who waits for the nod, or was removed, sees how far the run is and nothing of it.
    """
    return with_own(shared(state, seat, room), seat, answers or {})


def alike(state: State, seat: Seat) -> tuple[str, ...]:
    """A key for `shared`: to players whose keys are equal it shows the same, so that it is worked out once for all."""
    if seat.admission is not Admission.IN:
        return (seat.admission,)
    alone = any(one.to == f"player/{seat.player}" for one in state.live())
    return (seat.admission, seat.team, seat.role, seat.player if alone else "")


def shared(state: State, seat: Seat, room: Room = NOBODY) -> Snapshot:
    """What a player sees, apart from what is their own."""
    if seat.admission is not Admission.IN:
        return Snapshot(version=room.version, audience="player", phase=state.phase, counts=Counts(0, 0))
    seen = [one for one in state.live() if reaches(one, seat)]
    tasks = [_shown_task(state, task, asked_of(state, task, seat)) for task in _visible(state, seat)]
    return _snapshot(state, "player", seen, tasks, room)


def with_own(seen: Snapshot, seat: Seat, answers: Mapping[str, Any]) -> PlayersSnapshot:
    """The same with a player's place, and their answers to what is asked of them and not withdrawn."""
    own = {task.id: answers[task.id] for task in seen.tasks if task.yours and task.id in answers}
    mine = Mine(seat.team, seat.role, seat.admission, own)
    return PlayersSnapshot(**{name: getattr(seen, name) for name in seen.__struct_fields__}, mine=mine)


def for_screen(state: State, room: Room = NOBODY) -> Snapshot:
    """What the whole room may see: what went to all and is asked of all, and results published to everyone."""
    seen = [one for one in state.live() if _to_all(one)]
    tasks = [_shown_task(state, task, True) for task in _visible(state, None)]
    return _snapshot(state, "screen", seen, tasks, room)


def for_trainer(state: State, room: Room = NOBODY) -> TrainersSnapshot:
    """What a console shows."""
    line = comes_next(state)
    live = list(state.live())
    tasks = [_shown_task(state, task, True) for task in state.exercise.tasks if state.asking(task.id).status in ASKED]
    task = _in_front(state, tasks)
    rounds = room.tallies.get(task.id, ()) if task else ()
    return TrainersSnapshot(
        version=room.version,
        phase=state.phase,
        moves=len(state.log),
        next=line.id if line else None,
        plan=_plan(state),
        sheet=tuple(_row(state, inject, room) for inject in state.exercise.injects),
        sent=tuple(_sending(state, one) for one in state.releases),
        released=_released(live),
        task=task,
        open=state.open_tasks(),
        front=_front(state, live, task),
        debrief=tuple(DebriefRow(one.id, one.text, one.look_for) for one in state.exercise.debrief),
        notes=state.notes,
        door=Door(state.nod_since, tuple(sorted(state.admitted)), tuple(sorted(state.removed))),
        counts=_counts(room, task),
        answered=room.answered,
        results=Results(task.id, rounds) if task and rounds else None,
    )


# Who may see what


def reaches(release: Release, seat: Seat) -> bool:
    """Whether something that was sent is for this player."""
    kind, _stroke, name = release.to.partition("/")
    if release.teams is not None and seat.team not in release.teams:
        return False
    return {
        EVERYONE: True,
        "team": name == seat.team,
        "role": name == seat.role,
        "player": name == seat.player,
    }[kind]


def asked_of(state: State, task: AnyTask, seat: Seat) -> bool:
    """Whether a question is asked of this player: it stands, and what it follows reached them."""
    return state.asking(task.id).status in ASKED and any(reaches(one, seat) for one in state.live(task.inject))


def asked_in_all(state: State, seat: Seat) -> tuple[str, ...]:
    """The questions a player could answer on a device so far, of which taking part asks a share; hands are none."""
    asked = (task for task in state.exercise.tasks if asked_of(state, task, seat))
    return tuple(task.id for task in asked if not isinstance(task, Hands))


def accept(state: State, seat: Seat, task_id: str, answer: Any) -> Checked:
    """The answer as it is kept, or unharmed with the reason why it is not taken."""
    task = state.exercise.task(task_id)
    asked = task is not None and asked_of(state, task, seat)
    return taken(task, state.asking(task_id).status, asked, seat.admission, answer)


def _to_all(release: Release) -> bool:
    return release.to == EVERYONE and release.teams is None


def _visible(state: State, seat: Seat | None) -> Iterable[AnyTask]:
    """The questions that a player sees, or None: the screen; in the order of the scenario."""
    for task in state.exercise.tasks:
        asking = state.asking(task.id)
        if asking.status not in ASKED:
            continue
        if asking.published or (
            asked_of(state, task, seat) if seat else any(_to_all(one) for one in state.live(task.inject))
        ):
            yield task


# How it is put


def _snapshot(state: State, audience: str, seen: list[Release], tasks: list[ShownTask], room: Room) -> Snapshot:
    task = _in_front(state, tasks)
    return Snapshot(
        version=room.version,
        audience=audience,
        phase=state.phase,
        released=_released(seen),
        task=task,
        tasks=tuple(tasks),
        front=_front(state, seen, task),
        debrief=tuple(Pick(one.id, one.text) for one in state.exercise.debrief) if state.debrief else (),
        counts=_counts(room, task),
        results=_results(state, task, room),
    )


def _released(live: Iterable[Release]) -> tuple[Shown, ...]:
    """Each thing once, in the order in which it first came to whoever looks, however often it was sent."""
    shown: dict[str, Shown] = {}
    for one in live:
        to = "team" if one.teams is not None else one.to.partition("/")[0]
        before = shown.get(one.id)
        if before is None:
            shown[one.id] = Shown(one.id, one.title, one.text, one.at, one.again_at, to)
        else:
            again = max((at for at in (before.again, one.again_at) if at), default=None)
            widest = EVERYONE if EVERYONE in (before.to, to) else before.to
            shown[one.id] = replace(before, again=again, to=widest)
    return tuple(shown.values())


def _shown_task(state: State, task: AnyTask, yours: bool) -> ShownTask:
    asking = state.asking(task.id)
    return ShownTask(
        id=task.id,
        kind=task.kind,
        text=task.text,
        options=_picks(task),
        open=asking.status is TaskState.OPEN,
        revealed=asking.status is TaskState.REVEALED,
        round=asking.round,
        yours=yours,
        longest=task.longest if isinstance(task, FreeText) else None,
        reason=isinstance(task, Decision) and task.reason,
        owner=isinstance(task, Decision) and task.owner,
    )


def _picks(task: AnyTask) -> tuple[Pick, ...]:
    return tuple(Pick(option.id, option.text) for option in task.options)


def _in_front(state: State, tasks: Iterable[ShownTask]) -> ShownTask | None:
    """What was opened or revealed last; once that is closed the open question that was opened last, if there is one."""
    asked = sorted(tasks, key=lambda one: _latest(state, one))
    if not asked or asked[-1].open or asked[-1].revealed:
        return asked[-1] if asked else None
    return next((one for one in reversed(asked) if one.open), asked[-1])


def _latest(state: State, task: ShownTask) -> tuple[int, int]:
    """When a question last moved; of those opened with one inject the first of the scenario is in front."""
    place = [one.id for one in state.exercise.tasks].index(task.id)
    return state.asking(task.id).latest, -place


def _front(state: State, seen: Iterable[Release], task: ShownTask | None) -> Front | None:
    """What moved last of what this audience sees; a question comes before the inject that brought it."""
    last = max(seen, key=lambda one: one.latest, default=None)
    fronts = [
        (last.latest, 0, Front("inject", last.id)) if last else None,
        (_latest(state, task)[0], 1, Front("task", task.id)) if task else None,
        (state.debrief.latest, 2, Front("debrief", state.debrief.question)) if state.debrief else None,
    ]
    found = max((one for one in fronts if one), key=lambda one: one[:2], default=None)
    return found[2] if found else None


def _counts(room: Room, task: ShownTask | None) -> Counts:
    return Counts(room.here, room.answered.get(task.id, 0) if task else 0)


def _results(state: State, task: ShownTask | None, room: Room) -> Results | None:
    """The results of the question in front, once they are revealed; by profession only where that was asked for."""
    if task is None or not task.revealed or task.id not in room.tallies:
        return None
    rounds = room.tallies[task.id][: task.round]
    if not state.asking(task.id).by_profession:
        rounds = tuple(replace(one, groups=()) for one in rounds)
    return Results(task.id, rounds)


def _plan(state: State) -> Plan:
    return Plan(
        state.started_at, state.ended_at, state.pauses, *on_plan(state),
        state.exercise.debrief_from, state.exercise.minutes,
    )  # fmt: skip


def _sending(state: State, one: Release) -> Sending:
    return Sending(
        one.id, one.title, one.text, one.to, one.teams, one.at, played(state, one.at) // timedelta(minutes=1), one.by,
        one.again_at, one.taken_back_at, one.improvised,
    )  # fmt: skip


def _row(state: State, inject: Inject, room: Room) -> Row:
    return Row(
        id=inject.id,
        minute=inject.minute,
        to=inject.to,
        title=inject.title,
        text=inject.text,
        note=inject.note,
        expected=inject.expected,
        fallback=inject.fallback,
        status=on_sheet(state, inject),
        when={"task": inject.when.task, "options": inject.when.options} if inject.when else None,
        teams=receivers(state, inject),
        tasks=tuple(_task_row(state, task, room) for task in state.exercise.tasks_after(inject.id)),
    )


def _task_row(state: State, task: AnyTask, room: Room) -> TaskRow:
    asking = state.asking(task.id)
    return TaskRow(
        id=task.id,
        kind=task.kind,
        text=task.text,
        look_for=task.look_for,
        options=_picks(task),
        minutes=task.minutes,
        waits=task.waits,
        status=asking.status,
        round=asking.round,
        opened_at=asking.opened_at,
        closed_at=asking.closed_at,
        decided=asking.decided,
        published=asking.published,
        by_profession=asking.by_profession,
        hands={str(number): counts for number, counts in asking.hands.items()},
        answered=room.answered.get(task.id, 0),
    )
