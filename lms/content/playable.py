"""Why an exercise that can be read cannot be played."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from lms.content.exercises import (
    EVERYONE,
    PROFESSIONS,
    AnyTask,
    Decision,
    Exercise,
    FreeText,
    Inject,
    PollScale,
    Role,
    Team,
)
from lms.content.translating import doubles

FEWEST, MOST = 2, 12  # options of a task
Unfit = Iterator[tuple[str, str, str]]


@dataclass(frozen=True)
class Draft:
    """An exercise as far as it can be read: pieces that cannot are missing, and so is a frame that cannot.

    `ids` are those of all pieces by what they are (`role`, `team`, `inject`, `task`, `debrief`), in the order of the
    file and whether they can be read or not: whoever names one that cannot is not at fault.
    """

    frame: Exercise | None
    ids: dict[str, list[str]]
    roles: tuple[Role, ...]
    teams: tuple[Team, ...]
    injects: tuple[Inject, ...]
    tasks: tuple[AnyTask, ...]

    def inject(self, inject_id: str) -> Inject | None:
        return next((inject for inject in self.injects if inject.id == inject_id), None)


def unplayable(draft: Draft) -> Unfit:
    """Everything that keeps an exercise from being played: (needle, place, reason) for each fault."""
    for one in doubles([name for names in draft.ids.values() for name in names]):
        yield one, "", f"the id “{one}” stands twice"
    yield from _frame(draft)
    yield from _cast(draft)
    yield from _order(draft)
    yield from _time(draft)
    for inject in draft.injects:
        yield from _addressed(draft, inject)
        yield from _conditional(draft, inject)
    for task in draft.tasks:
        yield from _asked(draft, task)
        yield from _options(task)


def _frame(draft: Draft) -> Unfit:
    if not draft.ids["inject"]:
        yield "", "", "inject is missing"
    frame = draft.frame
    if frame is None:
        return
    around = frame.briefing_minutes + frame.debrief_minutes
    if around >= frame.minutes:
        yield "minutes", "", f"briefing and debrief take {around} of {frame.minutes} minutes: none is left to play"
    if bool(frame.debrief_minutes) != bool(draft.ids["debrief"]):
        yield "debrief_minutes", "", "give debrief_minutes and the questions of the debrief, or neither"
    if not draft.ids["team"]:
        return
    for key in ("content_note", "stop_word", "support", "sources"):
        if not getattr(frame, key):
            yield key, "", f"{key} is missing: an exercise that teams play has it"


def _cast(draft: Draft) -> Unfit:
    for role in draft.roles:
        for profession in role.professions:
            if profession not in PROFESSIONS:
                known = ", ".join(PROFESSIONS)
                yield profession, f"role “{role.id}”", f"there is no profession “{profession}”; known are {known}"
    for team in draft.teams:
        if team.least > team.most:
            yield "most", f"team “{team.id}”", f"least is {team.least}, but most is {team.most}"


def _order(draft: Draft) -> Unfit:
    for before, after in pairwise(draft.injects):
        if after.minute < before.minute:
            reason = f"minute {after.minute} stands after minute {before.minute}: put what happens in its order"
            yield after.id, f"inject “{after.id}”", reason
    frame = draft.frame
    if frame is None:
        return
    ends = f"{'the debrief begins' if frame.debrief_minutes else 'the exercise ends'} at {frame.debrief_from}"
    for inject in draft.injects:
        if inject.minute >= frame.debrief_from:
            yield inject.id, f"inject “{inject.id}”", f"minute {inject.minute} is too late: {ends}"


def _time(draft: Draft) -> Unfit:
    """Where what is asked takes longer than the plan leaves before the room's next message; conditions left aside."""
    always = [inject for inject in draft.injects if inject.when is None]
    room = [inject for inject in always if inject.to == EVERYONE]
    ends = [inject.minute for inject in room[1:]] + ([draft.frame.debrief_from] if draft.frame else [])
    briefed = draft.frame.briefing_minutes if draft.frame else 0
    for inject, end in zip(room, ends, strict=False):
        within = {one.id for one in always if inject.minute <= one.minute < end} | {inject.id}
        taken = sum(task.minutes for task in draft.tasks if task.inject in within)
        left = max(0, end - max(inject.minute, briefed))
        if taken > left and end > inject.minute:
            reason = f"what is asked takes {taken} minutes, but only {left} are left before minute {end}"
            yield inject.id, f"inject “{inject.id}”", reason


def _addressed(draft: Draft, inject: Inject) -> Unfit:
    word, _slash, name = inject.to.partition("/")
    if inject.to != EVERYONE and name not in draft.ids[word]:
        yield inject.to, f"inject “{inject.id}”", f"there is no {word} “{name}”"


def _conditional(draft: Draft, inject: Inject) -> Unfit:
    when, place = inject.when, f"inject “{inject.id}”, when"
    if when is None:
        return
    if when.task not in draft.ids["task"]:
        yield when.task, place, f"there is no task “{when.task}”"
        return
    if not when.options:
        yield inject.id, place, "name one option or more"
    task = next((task for task in draft.tasks if task.id == when.task), None)
    if task is None:
        return
    if not isinstance(task, Decision):
        yield when.task, place, f"“{task.id}” is a task of kind {task.kind}: only a decision can be a condition"
        return
    for option in when.options:
        if option not in [choice.id for choice in task.options]:
            yield option, place, f"the decision “{task.id}” has no option “{option}”"
    order = draft.ids["inject"]
    if task.inject in order and order.index(task.inject) >= order.index(inject.id):
        yield when.task, place, f"“{task.id}” is asked after “{task.inject}”, which comes no earlier than this"
    asked = draft.inject(task.inject)
    decided = _decided(draft, asked, task) if asked else 0
    if asked and asked.minute <= inject.minute < decided:
        yield "minute", place, f"minute {inject.minute} is too early: by the plan “{task.id}” is decided at {decided}"
    if asked and asked.to.startswith("team/") and inject.to.startswith("team/") and asked.to != inject.to:
        yield inject.to, place, f"“{task.id}” is asked of {asked.to} and this goes to {inject.to}: nobody would get it"


def _decided(draft: Draft, asked: Inject, decision: Decision) -> int:
    """The minute by which a decision is made, when everything asked before it takes as long as it is said to."""
    along = [task for task in draft.tasks if task.inject == asked.id]
    before = along[: along.index(decision) + 1]
    return max(asked.minute, draft.frame.briefing_minutes if draft.frame else 0) + sum(task.minutes for task in before)


def _asked(draft: Draft, task: AnyTask) -> Unfit:
    place = f"task “{task.id}”"
    if task.inject not in draft.ids["inject"]:
        yield task.inject, place, f"there is no inject “{task.inject}”"
    if not isinstance(task, Decision):
        return
    if not draft.ids["team"]:
        yield task.id, place, "a decision is a team's: this exercise has no teams"
    asked = draft.inject(task.inject)
    if asked and asked.to.startswith("role/"):
        yield task.id, place, f"a decision is a team's, but “{asked.id}” goes to {asked.to}"


def _options(task: AnyTask) -> Unfit:
    if isinstance(task, PollScale | FreeText):
        return
    place = f"task “{task.id}”"
    if not FEWEST <= len(task.options) <= MOST:
        yield task.id, place, f"{len(task.options)} options; a task has {FEWEST} to {MOST}"
    for one in doubles([option.id for option in task.options]):
        yield one, place, f"the option id “{one}” stands twice"
    for one in doubles([option.text for option in task.options]):
        yield task.id, place, f"“{one}” stands twice: nobody could tell them apart"
