"""Scenarios made up from a number, in which every text has a mark of its own, so that a leak can be seen in bytes."""

import re
from datetime import date
from itertools import count
from random import Random

from lms.content.exercises import (
    AnyTask,
    Choice,
    DebriefQuestion,
    Decision,
    Exercise,
    FreeText,
    Hands,
    Inject,
    Order,
    PollMultiple,
    PollScale,
    PollSingle,
    Role,
    Team,
    When,
)
from lms.exercises.tally import Decided, Group, OptionCount, Placed, Tally

MARK = re.compile(r"‹[^›]+›")
KINDS = ("poll-single", "poll-multiple", "poll-scale", "text", "ordering", "decision", "hands")
WITH_OPTIONS = {
    "poll-single": PollSingle,
    "poll-multiple": PollMultiple,
    "ordering": Order,
    "decision": Decision,
    "hands": Hands,
}


def marks(text: str) -> set[str]:
    return set(MARK.findall(text))


def asked(kind: str, name: str, inject: str, waits: bool) -> AnyTask:
    about = {"id": name, "inject": inject, "text": f"‹{name} text›", "look_for": f"‹{name} look for›", "waits": waits}
    if kind == "text":
        return FreeText(**about)
    if kind == "poll-scale":
        return PollScale(**about, points=2, low=f"‹{name} low›", high=f"‹{name} high›")
    options = tuple(Choice(id=one, text=f"‹{name} option {one}›") for one in ("a", "b"))
    return WITH_OPTIONS[kind](**about, options=options)


def scenario(seed: int) -> Exercise:
    """Four to seven injects to anyone, some on a decision made before, each with up to two questions."""
    random = Random(seed)
    teams = random.choice([("north", "south"), ("north", "south"), ()])
    roles = random.choice([(), ("police", "judge")])
    places = ["all", "all", *(f"team/{one}" for one in teams), *(f"role/{one}" for one in roles)]
    numbers = count(1)
    injects: list[Inject] = []
    tasks: list[AnyTask] = []
    for place in range(random.randint(4, 7)):
        decisions = [task.id for task in tasks if isinstance(task, Decision)]
        wanted = random.choice([("a",), ("b",), ("a", "b")])
        conditional = decisions and random.random() < 0.6
        name = f"i{place}"
        injects.append(
            Inject(
                id=name, minute=place * 10, to=random.choice(places), title=f"‹{name} title›",
                text=f"‹{name} text›", note=f"‹{name} note›", expected=f"‹{name} expected›",
                fallback=f"‹{name} fallback›",
                when=When(task=random.choice(decisions), options=wanted) if conditional else None,
            )
        )  # fmt: skip
        for _number in range(random.randint(0, 2)):
            kind = random.choice([*KINDS, "decision", "decision", "decision"])
            tasks.append(asked(kind, f"t{next(numbers)}", name, waits=random.random() < 0.4))
    return Exercise(
        id="made-up", title="‹title›", summary="‹summary›", objectives=("‹objective›",), minutes=90,
        debrief_minutes=20, guide="‹guide›", checked=date(2026, 11, 1), review=("‹review›",),
        roles=tuple(Role(id=one, title=f"‹role {one}›", brief=f"‹brief {one}›") for one in roles),
        teams=tuple(Team(id=one, title=f"‹team {one}›") for one in teams),
        injects=tuple(injects), tasks=tuple(tasks),
        debrief=tuple(
            DebriefQuestion(id=one, text=f"‹{one} text›", look_for=f"‹{one} look for›") for one in ("d1", "d2")
        ),
    )  # fmt: skip


def public_marks(task: AnyTask) -> set[str]:
    """What whoever is asked may read of a question."""
    return marks(task.text) | {mark for option in task.options for mark in marks(option.text)}


def marked_tally(task: AnyTask, round_: int) -> Tally:
    """Results of a round in which every word is marked as the round's and the question's."""
    of = f"{task.id} result {round_}"
    return Tally(
        task=task.id, kind=task.kind, round=round_, answered=7,
        options=(OptionCount("a", f"‹{of} option›", 3, 0, 40),), places=(Placed("a", f"‹{of} place›", 1.5, (1, 1)),),
        texts=(f"‹{of} answer›",), decisions=(Decided("north", "a", f"‹{of} reason›", f"‹{of} owner›"),),
        groups=(Group((f"‹{of} group›",), 5),),
    )  # fmt: skip


def result_marks(task: str, rounds: int, by_profession: bool) -> set[str]:
    parts = ["option", "place", "answer", "reason", "owner", *(["group"] if by_profession else [])]
    return {f"‹{task} result {number} {part}›" for number in range(1, rounds + 1) for part in parts}
