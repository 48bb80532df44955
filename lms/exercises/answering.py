"""Whether an answer may be taken: is it asked of this player, still open, and of the shape its question has."""

import re
from typing import Any

from msgspec import Struct

from lms.content.exercises import (
    AnyTask,
    Decision,
    FreeText,
    Hands,
    Order,
    PollMultiple,
    PollScale,
    PollSingle,
)
from lms.exercises.parts import Admission, Fault, TaskState

LONGEST = 4000  # characters of a reason
LONGEST_OWNER = 200
UNWRITABLE = re.compile("[\0\ud800-\udfff]")  # signs that no database keeps


class Checked(Struct, frozen=True):
    """An answer looked at: as it is kept, or with `fault` exactly as it was given, so that nothing typed is lost."""

    answer: Any
    fault: Fault | None = None


def checked(task: AnyTask, answer: Any) -> Checked:
    """The answer as it is kept, or why it does not fit; it is looked at, never run into.

    poll-single an option's id; poll-scale a point, as its id or a number; poll-multiple a list of ids, kept in the
    question's order; ordering a list of every id once; text a string; decision {"option": id, "reason": words,
    "owner": words}, of which the question may ask less.
    """
    if isinstance(task, Hands):
        return Checked(answer, Fault.BY_HANDS)
    if isinstance(task, FreeText):
        fault = _unwritten(answer, task.longest)
        return Checked(answer, fault) if fault else Checked(answer.strip())
    if isinstance(task, Decision):
        return _checked_decision(task, answer)
    if isinstance(task, PollSingle | PollScale):
        return _checked_one(task, answer)
    return _checked_several(task, answer)


def _checked_one(task: PollSingle | PollScale, answer: Any) -> Checked:
    number = isinstance(task, PollScale) and isinstance(answer, int) and not isinstance(answer, bool)
    if isinstance(answer, str) and not answer:
        return Checked(answer, Fault.EMPTY)
    if not isinstance(answer, str) and not number:
        return Checked(answer, Fault.WRONG_SHAPE)
    chosen = next((option.id for option in task.options if option.id == str(answer)), None) if _short(answer) else None
    return Checked(chosen) if chosen is not None else Checked(answer, Fault.UNKNOWN_OPTION)


def _short(answer: str | int) -> bool:
    """Whether something may be an id at all; a number of thousands of digits cannot even be written."""
    return abs(answer) < 100 if isinstance(answer, int) else len(answer) <= 100


def _checked_several(task: PollMultiple | Order, answer: Any) -> Checked:
    if not isinstance(answer, list | tuple) or not all(isinstance(one, str) for one in answer):
        return Checked(answer, Fault.WRONG_SHAPE)
    known = [option.id for option in task.options]
    if not answer:
        return Checked(answer, Fault.EMPTY)
    if not set(answer) <= set(known):
        return Checked(answer, Fault.UNKNOWN_OPTION)
    if len(set(answer)) < len(answer) or (isinstance(task, Order) and len(answer) < len(known)):
        return Checked(answer, Fault.WRONG_SHAPE)
    return Checked(list(answer) if isinstance(task, Order) else [one for one in known if one in answer])


def _checked_decision(task: Decision, answer: Any) -> Checked:
    if not isinstance(answer, dict) or not answer.keys() <= {"option", "reason", "owner"}:
        return Checked(answer, Fault.WRONG_SHAPE)
    option, reason, owner = (answer.get(name, "") for name in ("option", "reason", "owner"))
    if not all(isinstance(one, str) for one in (option, reason, owner)):
        return Checked(answer, Fault.WRONG_SHAPE)
    if not option:
        return Checked(answer, Fault.EMPTY)
    if option not in {one.id for one in task.options}:
        return Checked(answer, Fault.UNKNOWN_OPTION)
    wrongs = (
        (reason, LONGEST, task.reason, Fault.NO_REASON),
        (owner, LONGEST_OWNER, task.owner, Fault.NO_OWNER),
    )
    for words, longest, needed, lacking in wrongs:
        fault = _unwritten(words, longest)
        if fault is Fault.EMPTY:
            fault = lacking if needed else None
        if fault:
            return Checked(answer, fault)
    return Checked({"option": option, "reason": reason.strip(), "owner": owner.strip()})


def _unwritten(words: Any, longest: int) -> Fault | None:
    """What is wrong with words someone wrote; spaces around them do not count."""
    if not isinstance(words, str):
        return Fault.WRONG_SHAPE
    if not words.strip():
        return Fault.EMPTY
    if len(words.strip()) > longest:
        return Fault.TOO_LONG
    return Fault.UNWRITABLE if UNWRITABLE.search(words) else None


def taken(task: AnyTask | None, status: TaskState, asked: bool, admission: Admission, answer: Any) -> Checked:
    """The same with the state of the run: who is not in, what is not asked of them (`asked`), what is closed.

    Whether a question exists is not told to those of whom it is not asked.
    """
    if admission is not Admission.IN:
        return Checked(answer, Fault.NOT_IN)
    if task is None or not asked or status in (TaskState.UNASKED, TaskState.WITHDRAWN):
        return Checked(answer, Fault.FOREIGN)
    if status is not TaskState.OPEN:
        return Checked(answer, Fault.CLOSED)
    return checked(task, answer)
