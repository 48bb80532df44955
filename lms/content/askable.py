"""Why a question that can be read cannot be asked."""

from collections.abc import Iterator
from math import isfinite

from lms.content.material import Matching, Multiple, Numeric, Ordering, Question, Scenario, Single
from lms.content.translating import doubles

MOST = 12  # options, pairs or steps of a question


def unaskable(question: Question) -> Iterator[str]:
    """Everything that keeps a question of its kind from being asked, a reason each."""
    if isinstance(question, Single | Multiple):
        right = sum(option.right for option in question.options)
        if right == 0:
            yield "no option is right"
        if isinstance(question, Single) and right > 1:
            yield f"{right} options are right; a question of kind single has one"
        if right == len(question.options):
            yield "every option is right"
        yield from _twice("option", [option.id for option in question.options])
    if isinstance(question, Matching):
        if len(question.pairs) < 2:
            yield "a matching question has two pairs or more"
        yield from _twice("pair", [pair.id for pair in question.pairs] + [decoy.id for decoy in question.decoys])
        for text in doubles([pair.right for pair in question.pairs] + [decoy.text for decoy in question.decoys]):
            yield f"“{text}” stands twice on the right: nobody could tell them apart"
    if isinstance(question, Ordering):
        if len(question.steps) < 2:
            yield "an ordering question has two steps or more"
        yield from _twice("step", [step.id for step in question.steps])
    if isinstance(question, Numeric) and question.units and question.unit not in question.units:
        yield f"units must hold the unit the answer is in: {question.unit or '(none)'}"
    if isinstance(question, Numeric):
        numbers = (question.answer, question.tolerance, *question.units.values(), *(one.value for one in question.near))
        if not all(map(isfinite, numbers)):
            yield "answer, tolerance, units and near are finite numbers"
    pieces = max((len(getattr(question, name, ())) for name in ("options", "pairs", "decoys", "steps")), default=0)
    if pieces > MOST:
        yield f"more than {MOST} pieces: nobody can keep them in mind"
    if isinstance(question, Scenario):
        if not question.parts:
            yield "a scenario has one part or more"
        yield from _twice("part", [part.id for part in question.parts])


def _twice(word: str, ids: list[str]) -> Iterator[str]:
    for one in doubles(ids):
        yield f"the {word} id “{one}” stands twice"
