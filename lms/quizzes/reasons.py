"""What is said about an answer after submission: a row for each thing there was to choose, with its reason."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from functools import singledispatch

from msgspec import Struct

from lms.content.material import (
    AnyQuestion,
    Matching,
    Multiple,
    Numeric,
    Ordering,
    Scenario,
    Short,
    Single,
    TrueFalse,
)
from lms.quizzes.grading import exact, fold, share, values
from lms.quizzes.paper import Answer

HAIR = Fraction(1, 10**9)  # what may be lost where a unit's size is written as a decimal


class Reason(Struct, frozen=True):
    """One row: `sign` is right, wrong or none (neither chosen nor to be chosen); `yours` marks what was answered."""

    sign: str
    text: str
    feedback: str
    yours: bool = False
    beside: str = ""


class Explained(Struct, frozen=True):
    """A question, or a part of a scenario, with its rows."""

    text: str
    explanation: str
    kind: str
    rows: tuple[Reason, ...]


def explained(question: AnyQuestion, answer: Answer | None) -> tuple[Explained, ...]:
    """The parts of a question with their reasons; a plain question is its own only part, without a text."""
    if isinstance(question, Scenario):
        parts = answer["parts"] if answer else {}
        whole = Explained(text="", explanation=question.explanation, kind="scenario", rows=())
        return (
            *(_explained(part, parts.get(part.id), part.text) for part in question.parts),
            whole,
        )
    return (_explained(question, answer, ""),)


def _explained(question: AnyQuestion, answer: Answer | None, text: str) -> Explained:
    return Explained(
        text=text, explanation=question.explanation, kind=question.kind,
        rows=tuple(rows(question, answer)),
    )  # fmt: skip


@singledispatch
def rows(question: AnyQuestion, answer: Answer | None) -> Iterator[Reason]:
    """The rows of one kind of question."""
    raise NotImplementedError(f"no reasons for {type(question).__name__}")


@rows.register(Single)
@rows.register(Multiple)
@rows.register(TrueFalse)
def _options(question: Single | Multiple | TrueFalse, answer: Answer | None) -> Iterator[Reason]:
    chosen = set(answer.get("options", [answer.get("option")])) if answer else set()
    for option in question.options:
        yours = option.id in chosen
        yield Reason(_sign(option.right, yours), option.text, option.feedback, yours)


@rows.register
def _numeric(question: Numeric, answer: Answer | None) -> Iterator[Reason]:
    right = f"{_written(question.answer)} {question.unit}".strip()
    if answer and share(question, answer):
        yield Reason("right", answer["text"], "", True)
        return
    if answer:
        given = list(values(question, answer["text"]))
        near = [one.feedback for one in question.near if any(abs(g - exact(one.value)) < HAIR for g in given)]
        yield Reason("wrong", answer["text"], near[0] if near else question.feedback, True)
    yield Reason("right", right, "" if answer else question.feedback)


@rows.register
def _short(question: Short, answer: Answer | None) -> Iterator[Reason]:
    if answer and share(question, answer):
        yield Reason("right", answer["text"], "", True)
        return
    if answer:
        near = [one.feedback for one in question.near if fold(one.value) == fold(answer["text"])]
        yield Reason("wrong", answer["text"], near[0] if near else question.feedback, True)
    yield Reason("right", question.accept[0], "" if answer else question.feedback)


@rows.register
def _matching(question: Matching, answer: Answer | None) -> Iterator[Reason]:
    texts = {pair.id: pair.right for pair in question.pairs} | {decoy.id: decoy.text for decoy in question.decoys}
    chosen = answer["pairs"] if answer else {}
    for pair in question.pairs:
        mine = chosen.get(pair.id)
        if mine and mine != pair.id:
            wrong = next((decoy.feedback for decoy in question.decoys if decoy.id == mine), "")
            yield Reason("wrong", texts[mine], wrong, True, pair.left)
        yield Reason("right", pair.right, pair.feedback, mine == pair.id, pair.left)
    for decoy in question.decoys:
        if decoy.id not in chosen.values():
            yield Reason("none", decoy.text, decoy.feedback)


@rows.register
def _ordering(question: Ordering, answer: Answer | None) -> Iterator[Reason]:
    order = answer["steps"] if answer else []
    for place, step in enumerate(question.steps, 1):
        mine = order.index(step.id) + 1 if step.id in order else 0
        yield Reason(
            "right" if mine in (0, place) else "wrong", step.text, step.feedback, mine == place, str(mine or "")
        )


def _written(number: float) -> str:
    """All digits of a number, without an exponent and without ".0"."""
    return f"{Decimal(str(number)):f}".removesuffix(".0")


def _sign(right: bool, yours: bool) -> str:
    if right:
        return "right"
    return "wrong" if yours else "none"
