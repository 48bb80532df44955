"""What each move does to a run: the state after it, or that it stood so already, or why it is refused; pure rules.

A deed is called with its move's inject filled in where the move may leave it out (`runsheet.apply` does that).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from msgspec.structs import replace

from lms.content.exercises import EVERYONE, AnyTask, Exercise, FreeText, Inject, Order
from lms.exercises.parts import MoveKind, OnSheet, Outcome, Phase, TaskState, Why
from lms.exercises.standing import (
    ASKED,
    Asked,
    Asking,
    Debrief,
    Move,
    Note,
    Pause,
    Release,
    State,
    Verdict,
    comes_next,
    on_sheet,
    receivers,
)

LONGEST_NAME = 100  # characters of a player's id
MOST_HANDS = 10_000
Step = State | Verdict
ALREADY = Verdict(Outcome.ALREADY)


def refused(why: Why) -> Verdict:
    """A refusal."""
    return Verdict(Outcome.REFUSED, why)


def _start(state: State, move: Move) -> Step:
    if state.phase is not Phase.LOBBY:
        return ALREADY
    return replace(state, phase=Phase.RUNNING, started_at=move.at)


def _pause(state: State, move: Move) -> Step:
    if state.phase is Phase.PAUSED:
        return ALREADY
    return replace(state, phase=Phase.PAUSED, pauses=(*state.pauses, Pause(move.at)))


def _resume(state: State, move: Move) -> Step:
    if state.phase is Phase.RUNNING:
        return ALREADY
    return replace(state, phase=Phase.RUNNING, pauses=_over(state, move.at))


def _over(state: State, now: datetime) -> tuple[Pause, ...]:
    """The pauses, of which none goes on."""
    return tuple(one if one.until else replace(one, until=now) for one in state.pauses)


def _end(state: State, move: Move) -> Step:
    """The end closes what is open; nothing is sent or asked after it."""
    if state.phase is Phase.ENDED:
        return ALREADY
    tasks = {
        task_id: replace(one, status=TaskState.CLOSED, closed_at=move.at) if one.status is TaskState.OPEN else one
        for task_id, one in state.tasks.items()
    }
    return replace(state, phase=Phase.ENDED, ended_at=move.at, pauses=_over(state, move.at), tasks=tasks)


def _next(state: State, move: Move) -> Step:
    """Send what comes next. Naming it in `inject` makes sure that of two consoles one sends it and none the next."""
    line = comes_next(state)
    if move.asked.inject == "":
        return refused(Why.NOTHING_LEFT)
    inject = state.exercise.inject(move.asked.inject)
    if inject is None:
        return refused(Why.UNKNOWN_INJECT)
    if on_sheet(state, inject) is OnSheet.SENT:
        return ALREADY
    if line != inject:
        return refused(Why.MOVED_ON)
    return _release(state, move, inject, inject.to, receivers(state, inject), whole=True)


def _hold(state: State, move: Move) -> Step:
    """Set an inject aside, by default the one that comes next: it stays owed, and "next" passes it over."""
    return _aside(state, move, OnSheet.HELD)


def _skip(state: State, move: Move) -> Step:
    """Leave an inject out, by default the one that comes next; it can still be sent, or taken back into line."""
    return _aside(state, move, OnSheet.SKIPPED)


def _aside(state: State, move: Move, where: Literal[OnSheet.HELD, OnSheet.SKIPPED]) -> Step:
    if not move.asked.inject:
        return refused(Why.NOTHING_LEFT)
    inject = state.exercise.inject(move.asked.inject)
    if inject is None:
        return refused(Why.UNKNOWN_INJECT)
    if on_sheet(state, inject) is OnSheet.SENT:
        return refused(Why.IS_SENT)
    if state.aside.get(inject.id) is where:
        return ALREADY
    return replace(state, aside={**state.aside, inject.id: where})


def _send(state: State, move: Move) -> Step:
    """Send an inject now, whatever its place or condition, or words of the trainer's own (`text`), to whom `to` says.

    Without `to` an inject goes to whom the sheet says. Sent to others than those, it still waits for its turn.
    """
    asked = move.asked
    if asked.inject and asked.text:
        return refused(Why.BOTH_NAMED)
    to = audience(state.exercise, asked)
    if isinstance(to, Why):
        return refused(to)
    if asked.inject:
        return _send_inject(state, move, to)
    if not asked.text.strip():
        return refused(Why.UNNAMED)
    if not to:
        return refused(Why.NO_AUDIENCE)
    release = Release(
        id=str(asked.id), number=len(state.log), latest=len(state.log), title="", text=asked.text, to=to,
        at=move.at, by=move.by, improvised=True,
    )  # fmt: skip
    return replace(state, releases=(*state.releases, release))


def _send_inject(state: State, move: Move, to: str) -> Step:
    inject = state.exercise.inject(move.asked.inject)
    if inject is None:
        return refused(Why.UNKNOWN_INJECT)
    teams = None if to else receivers(state, inject)
    if teams == ():
        return refused(Why.NOBODY)
    whole = to in ("", inject.to, EVERYONE)
    to = to or inject.to
    covered = {(EVERYONE, None), (to, None), (to, teams)}
    if any((one.to, one.teams) in covered for one in state.live(inject.id)):
        return ALREADY
    return _release(state, move, inject, to, teams, whole)


def audience(exercise: Exercise, asked: Asked) -> str | Why:
    """To whom a move goes: "" where it does not say; a reason where nobody is called so."""
    if asked.to and asked.player:
        return Why.BOTH_NAMED
    to = f"player/{asked.player}" if asked.player else asked.to
    kind, _stroke, name = to.partition("/")
    known = {
        "": name == "",
        EVERYONE: to == EVERYONE,
        "team": exercise.team(name) is not None,
        "role": exercise.role(name) is not None,
        "player": 0 < len(name) <= LONGEST_NAME,
    }
    return to if known.get(kind, False) else Why.UNKNOWN_AUDIENCE


def _release(state: State, move: Move, inject: Inject, to: str, teams: tuple[str, ...] | None, whole: bool) -> State:
    """The inject sent, no longer set aside, and what is asked at once with it open."""
    number = len(state.log)
    release = Release(
        id=inject.id, number=number, latest=number, title=inject.title, text=inject.text, to=to, teams=teams,
        at=move.at, by=move.by, whole=whole,
    )  # fmt: skip
    tasks = dict(state.tasks)
    for task in state.exercise.tasks_after(inject.id):
        asking = state.asking(task.id)
        if not task.waits and asking.status not in ASKED:
            tasks[task.id] = _opened(asking, number, move.at)
    aside = {name: where for name, where in state.aside.items() if name != inject.id or not whole}
    return replace(state, releases=(*state.releases, release), tasks=tasks, aside=aside)


def _replay(state: State, move: Move) -> Step:
    """Show something again to whoever got it, by default what was sent last."""
    if not move.asked.inject:
        return refused(Why.NOT_SENT)
    wanted = list(state.live(move.asked.inject))
    if not wanted:
        return refused(_not_sent(state, move.asked.inject))
    number = len(state.log)
    releases = (replace(one, latest=number, again_at=move.at) if one in wanted else one for one in state.releases)
    return replace(state, releases=tuple(releases))


def _not_sent(state: State, release_id: str) -> Why:
    known = state.exercise.inject(release_id) or any(one.id == release_id for one in state.releases)
    return Why.NOT_SENT if known else Why.UNKNOWN_INJECT


def _take_back(state: State, move: Move) -> Step:
    """Take back an inject or the trainer's own words (`inject`), from everyone or from one audience; or a question.

    An inject goes back into its place in line, whether it was sent, held or skipped. What was asked after it, and any
    question taken back, is withdrawn until it is sent or opened again; its answers wait in the same round.
    """
    asked = move.asked
    if bool(asked.inject) == bool(asked.task):
        return refused(Why.BOTH_NAMED if asked.inject else Why.UNNAMED)
    if asked.task:
        return _withdraw(state, move)
    to = audience(state.exercise, asked)
    if isinstance(to, Why):
        return refused(to)
    wanted = [one for one in state.live(asked.inject) if to in ("", one.to)]
    if not wanted and not to and asked.inject in state.aside:
        return replace(state, aside={name: where for name, where in state.aside.items() if name != asked.inject})
    if not wanted:
        before = any(one.id == asked.inject and to in ("", one.to) for one in state.releases)
        return ALREADY if before else refused(_not_sent(state, asked.inject))
    releases = (replace(one, taken_back_at=move.at) if one in wanted else one for one in state.releases)
    after = replace(state, releases=tuple(releases))
    if any(after.live(asked.inject)):
        return after
    tasks = dict(state.tasks)
    for task in state.exercise.tasks_after(asked.inject):
        if state.asking(task.id).status in ASKED:
            tasks[task.id] = _withdrawn(state.asking(task.id), len(state.log))
    return replace(after, tasks=tasks)


def _withdraw(state: State, move: Move) -> Step:
    task = state.exercise.task(move.asked.task)
    if task is None:
        return refused(Why.UNKNOWN_TASK)
    asking = state.asking(task.id)
    if asking.status is TaskState.WITHDRAWN:
        return ALREADY
    if asking.status is TaskState.UNASKED:
        return refused(Why.NOT_ASKED)
    return _with_task(state, task, _withdrawn(asking, len(state.log)))


def _withdrawn(asking: Asking, number: int) -> Asking:
    return replace(asking, status=TaskState.WITHDRAWN, published=False, by_profession=False, latest=number)


def _with_task(state: State, task: AnyTask, asking: Asking) -> State:
    return replace(state, tasks={**state.tasks, task.id: asking})


def _task(state: State, move: Move) -> AnyTask | Verdict:
    """The question a move names, if there is one."""
    if not move.asked.task:
        return refused(Why.UNNAMED)
    return state.exercise.task(move.asked.task) or refused(Why.UNKNOWN_TASK)


def _opened(asking: Asking, number: int, at: datetime) -> Asking:
    return replace(asking, status=TaskState.OPEN, opened=number, latest=number, opened_at=at, closed_at=None)


def _open(state: State, move: Move) -> Step:
    """Ask a question of whoever got its inject; one that was closed or withdrawn goes on in the same round."""
    task = _task(state, move)
    if isinstance(task, Verdict):
        return task
    asking = state.asking(task.id)
    if asking.status is TaskState.OPEN:
        return ALREADY
    if not any(state.live(task.inject)):
        return refused(Why.NOT_SENT)
    if asking.status is TaskState.REVEALED:
        return refused(Why.IS_REVEALED)
    return _with_task(state, task, _opened(asking, len(state.log), move.at))


def _close(state: State, move: Move) -> Step:
    """Take no more answers, and keep what was decided; the results of one that was revealed are hidden again."""
    task = _task(state, move)
    if isinstance(task, Verdict):
        return task
    asking = state.asking(task.id)
    if asking.status is TaskState.CLOSED:
        return ALREADY
    if asking.status not in ASKED:
        return refused(Why.NOT_ASKED)
    closed = replace(
        asking, status=TaskState.CLOSED, latest=len(state.log), published=False, by_profession=False,
        closed_at=move.at if asking.status is TaskState.OPEN else asking.closed_at,
        decided=move.decided if asking.status is TaskState.OPEN else asking.decided,
    )  # fmt: skip
    return _with_task(state, task, closed)


def _reveal(state: State, move: Move) -> Step:
    """Show the results, all rounds side by side: to those asked, or with `to` "all" to everyone and on the screen."""
    task = _task(state, move)
    if isinstance(task, Verdict):
        return task
    asked = move.asked
    if asked.to not in ("", EVERYONE) or asked.player:
        return refused(Why.UNKNOWN_AUDIENCE)
    asking = state.asking(task.id)
    if asking.status is TaskState.OPEN:
        return refused(Why.IS_OPEN)
    if asking.status not in ASKED:
        return refused(Why.NOT_ASKED)
    published = asked.to == EVERYONE
    shown = (TaskState.REVEALED, published, asked.by_profession)
    if (asking.status, asking.published, asking.by_profession) == shown:
        return ALREADY
    revealed = replace(
        asking, status=TaskState.REVEALED, published=published, by_profession=asked.by_profession,
        latest=len(state.log),
    )  # fmt: skip
    return _with_task(state, task, revealed)


def _revote(state: State, move: Move) -> Step:
    """Ask once more, in a new round; the rounds before it are kept, and hidden until the next reveal."""
    task = _task(state, move)
    if isinstance(task, Verdict):
        return task
    asking = state.asking(task.id)
    if asking.status is TaskState.OPEN:
        return ALREADY if asking.round > 1 else refused(Why.IS_OPEN)
    if asking.status not in ASKED:
        return refused(Why.NOT_ASKED)
    anew = replace(asking, round=asking.round + 1, published=False, by_profession=False, decided=None)
    return _with_task(state, task, _opened(anew, len(state.log), move.at))


def _hands(state: State, move: Move) -> Step:
    """Hands or paper counted in the room for this round, option by option; said again, they replace what was said."""
    task = _task(state, move)
    if isinstance(task, Verdict):
        return task
    asking = state.asking(task.id)
    if isinstance(task, FreeText | Order):
        return refused(Why.WRONG_KIND)
    if asking.status not in ASKED:
        return refused(Why.NOT_ASKED)
    counts = move.asked.counts
    if not counts.keys() <= {option.id for option in task.options}:
        return refused(Why.UNKNOWN_OPTION)
    if not counts or not all(0 <= count <= MOST_HANDS for count in counts.values()):
        return refused(Why.WRONG_COUNT)
    if asking.hands.get(asking.round) == counts:
        return ALREADY
    decided = asking.decided if move.decided is None or asking.status is TaskState.OPEN else move.decided
    hands = {**asking.hands, asking.round: dict(counts)}
    return _with_task(state, task, replace(asking, hands=hands, decided=decided))


def _note(state: State, move: Move) -> Step:
    """A note on the time line, for trainers and the report; it may name an inject or a question."""
    asked = move.asked
    if not asked.text.strip():
        return refused(Why.EMPTY)
    if asked.inject and _not_sent(state, asked.inject) is Why.UNKNOWN_INJECT:
        return refused(Why.UNKNOWN_INJECT)
    if asked.task and state.exercise.task(asked.task) is None:
        return refused(Why.UNKNOWN_TASK)
    note = Note(asked.id, move.at, move.by, asked.text, asked.inject, asked.task)
    return replace(state, notes=(*state.notes, note))


def _admit(state: State, move: Move) -> Step:
    """Let someone in who waits or was removed; without `player`, let everyone in who comes, as before."""
    player = move.asked.player
    if not player:
        return replace(state, nod_since=None) if state.nod_since else ALREADY
    if player in state.admitted:
        return ALREADY
    return replace(state, admitted=state.admitted | {player}, removed=state.removed - {player})


def _remove(state: State, move: Move) -> Step:
    """Send a player out; from then on newcomers wait for the trainer's nod."""
    player = move.asked.player
    if not player:
        return refused(Why.UNNAMED)
    if player in state.removed:
        return ALREADY
    return replace(
        state, removed=state.removed | {player}, admitted=state.admitted - {player},
        nod_since=state.nod_since or move.at,
    )  # fmt: skip


def _debrief(state: State, move: Move) -> Step:
    """Begin the debrief, or put up one of its questions, named by `task`; sending something goes back to playing."""
    question = move.asked.task
    if question and question not in {one.id for one in state.exercise.debrief}:
        return refused(Why.UNKNOWN_QUESTION)
    began = state.debrief
    front = max([*(one.latest for one in state.live()), *(one.latest for one in state.tasks.values())], default=-1)
    if began is not None and began.question == question and began.latest > front:
        return ALREADY
    return replace(state, debrief=Debrief(began.at if began else move.at, len(state.log), question))


DEEDS: dict[MoveKind, Callable[[State, Move], Step]] = {
    MoveKind.START: _start,
    MoveKind.NEXT: _next,
    MoveKind.HOLD: _hold,
    MoveKind.SKIP: _skip,
    MoveKind.REPLAY: _replay,
    MoveKind.SEND: _send,
    MoveKind.OPEN: _open,
    MoveKind.CLOSE: _close,
    MoveKind.REVEAL: _reveal,
    MoveKind.REVOTE: _revote,
    MoveKind.PAUSE: _pause,
    MoveKind.RESUME: _resume,
    MoveKind.TAKE_BACK: _take_back,
    MoveKind.NOTE: _note,
    MoveKind.HANDS: _hands,
    MoveKind.ADMIT: _admit,
    MoveKind.REMOVE: _remove,
    MoveKind.END: _end,
    MoveKind.DEBRIEF: _debrief,
}
