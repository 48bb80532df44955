"""What a run comes to: its moves, folded in the order they were kept over its scenario; a pure rule.

Moves are added and never changed, and each has an id of its maker's. The state is nothing but their fold, so that a
restart, a second console and a run brought home from a laptop all arrive at the same: `fold(exercise, moves)`.

A move names the state it wants, so that saying it twice is saying it once: an inject that is sent cannot be sent by a
second "next" that names it, a closed question is closed. Where two consoles act at once, the first that is kept
is done. The other is told "already" if it wanted the same, and is refused as moved on if it wanted something else:
from what it names, or from `seen`, the number of moves its console had seen (`len(state.log)`, the trainer's `moves`).
"""

from collections.abc import Iterable

from msgspec.structs import replace

from lms.content.exercises import Exercise
from lms.exercises.answering import LONGEST, UNWRITABLE
from lms.exercises.deeds import ALREADY, DEEDS, LONGEST_NAME, refused
from lms.exercises.parts import MoveKind, Outcome, Phase, Why
from lms.exercises.standing import Asked, Entry, Move, State, Verdict, comes_next

DONE = Verdict(Outcome.DONE)
MOST_MOVES = 1_000_000
NAMED_LINE = {MoveKind.NEXT, MoveKind.HOLD, MoveKind.SKIP}
ON_INJECTS = {*NAMED_LINE, MoveKind.REPLAY, MoveKind.SEND}
ON_TASKS = {MoveKind.OPEN, MoveKind.CLOSE, MoveKind.REVEAL, MoveKind.REVOTE}
GUARDED = {*NAMED_LINE, *ON_TASKS, MoveKind.TAKE_BACK}
PLAYING = {Phase.RUNNING, Phase.PAUSED}
PHASES: dict[MoveKind, set[Phase]] = {
    MoveKind.START: {Phase.LOBBY, *PLAYING},
    MoveKind.NEXT: {Phase.RUNNING},
    MoveKind.HOLD: {Phase.LOBBY, *PLAYING},
    MoveKind.SKIP: {Phase.LOBBY, *PLAYING},
    MoveKind.REPLAY: {Phase.RUNNING},
    MoveKind.SEND: {Phase.RUNNING},
    MoveKind.OPEN: {Phase.RUNNING},
    MoveKind.CLOSE: PLAYING,
    MoveKind.REVEAL: {*PLAYING, Phase.ENDED},
    MoveKind.REVOTE: {Phase.RUNNING},
    MoveKind.PAUSE: PLAYING,
    MoveKind.RESUME: PLAYING,
    MoveKind.TAKE_BACK: {Phase.LOBBY, *PLAYING},
    MoveKind.NOTE: set(Phase),
    MoveKind.HANDS: {*PLAYING, Phase.ENDED},
    MoveKind.ADMIT: {Phase.LOBBY, *PLAYING},
    MoveKind.REMOVE: {Phase.LOBBY, *PLAYING},
    MoveKind.END: set(Phase),
    MoveKind.DEBRIEF: {*PLAYING, Phase.ENDED},
}
TOO_EARLY_OR_LATE = {Phase.LOBBY: Why.NOT_STARTED, Phase.PAUSED: Why.PAUSED, Phase.ENDED: Why.ENDED}


def fold(exercise: Exercise, moves: Iterable[Move]) -> State:
    """The state after these moves of one run, given in the order in which they were kept."""
    state = State(exercise=exercise)
    for move in moves:
        state, _verdict = apply(state, move)
    return state


def apply(state: State, move: Move) -> tuple[State, Verdict]:
    """The state after one more move, and what became of it; never an error.

    A move whose id is known changes nothing and gets the answer it got before; with other content it is refused.
    A new one stands in the log afterwards, refused or not: keep it, so that it gets the same answer again. Only what
    cannot be kept (signs that no database holds, far too much) leaves no trace: then `state` itself comes back.
    """
    known = state.log.get(move.asked.id)
    if known is not None:
        return state, known.verdict if known.move.asked == move.asked else refused(Why.OTHER_CONTENT)
    wrong = _unkept(move.asked)
    if wrong:
        return state, refused(wrong)
    asked = _named(state, move.asked)
    step = _closed_to(state, asked) or _stale(state, move.asked) or DEEDS[asked.move](state, replace(move, asked=asked))
    if isinstance(step, Verdict):
        entry = Entry(len(state.log), move, step)
        return replace(state, log={**state.log, move.asked.id: entry}), step
    entry = Entry(len(state.log), move, DONE, _touched(asked))
    return replace(step, log={**state.log, move.asked.id: entry}), DONE


def _unkept(asked: Asked) -> Why | None:
    """Why a move cannot even be kept."""
    names = (asked.inject, asked.to, asked.task, asked.player, *asked.counts)
    if any(UNWRITABLE.search(one) for one in (*names, asked.text)):
        return Why.UNWRITABLE
    numbers = (*asked.counts.values(), asked.seen or 0)
    small = len(asked.counts) <= LONGEST_NAME and all(abs(one) <= MOST_MOVES for one in numbers)
    short = all(len(one) <= LONGEST_NAME + len("player/") for one in names) and len(asked.text) <= LONGEST
    return None if small and short else Why.TOO_LONG


def _closed_to(state: State, asked: Asked) -> Verdict | None:
    if state.phase in PHASES[asked.move]:
        return None
    return refused(TOO_EARLY_OR_LATE[state.phase])


def _named(state: State, asked: Asked) -> Asked:
    """The move with its inject: where it names none, what comes next, or for "replay" what was sent or shown last."""
    if asked.inject:
        return asked
    if asked.move in NAMED_LINE:
        line = comes_next(state)
        return replace(asked, inject=line.id) if line else asked
    if asked.move is MoveKind.REPLAY:
        last = max(state.live(), key=lambda one: one.latest, default=None)
        return replace(asked, inject=last.id) if last else asked
    return asked


def _touched(asked: Asked) -> tuple[str, ...]:
    """What a move that was done has moved; a later one about the same, sent without knowing of it, comes too late."""
    touched = []
    if asked.inject and asked.move in {*ON_INJECTS, MoveKind.TAKE_BACK}:
        touched.append(f"inject/{asked.inject}")
    if asked.move in NAMED_LINE or (asked.inject and asked.move is MoveKind.TAKE_BACK):
        touched.append("line")
    if asked.task and asked.move in {*ON_TASKS, MoveKind.TAKE_BACK}:
        touched.append(f"task/{asked.task}")
    return tuple(touched)


def _stale(state: State, asked: Asked) -> Verdict | None:
    """Whether someone else has moved the same since this move's console looked: already done, or moved on."""
    if asked.seen is None or asked.move not in GUARDED:
        return None
    subject = f"inject/{asked.inject}" if asked.inject else f"task/{asked.task}" if asked.task else "line"
    later = [entry for entry in state.log.values() if entry.number >= asked.seen and subject in entry.touched]
    if not later:
        return None
    last = later[-1].move.asked
    same = replace(last, id=asked.id, inject=asked.inject, seen=asked.seen) == asked
    return ALREADY if same else refused(Why.MOVED_ON)
