"""What an answer is worth: one function a kind of question, a share from 0 to 1; a pure rule.

- single, true-false, numeric, short: all or nothing.
- multiple: rights chosen less wrongs chosen, over all rights, never below nothing. This is the response mapping
  of IMS QTI 2.2 (mapResponse, +1 and -1 a choice, lower bound 0): who ticks everything gets nothing for it.
- matching: the share of left-hand things that got their right one (QTI mapResponse over pairs).
- ordering: Kendall's rank correlation between the order given and the right one (M. G. Kendall, "A New Measure of
  Rank Correlation", Biometrika 30, 1938, 81-93), never below nothing: two neighbours swapped cost little, and an
  order by chance is worth nothing on average.
- scenario: the mean of its parts.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import singledispatch
from itertools import combinations

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
from lms.quizzes.paper import Answer, Paper

NOTHING = Fraction(0)
ALL = Fraction(1)


class Result(Struct, frozen=True):
    """Shares by the place of the question in the paper, their sum, and whether that passes."""

    shares: tuple[Fraction, ...]
    points: Fraction
    passed: bool

    @property
    def out_of(self) -> int:
        return len(self.shares)


def grade(paper: Paper, answers: Mapping[int, Answer]) -> Result:
    """Grade a paper; `answers` by the question's number from 1. A question without an answer is worth nothing."""
    shares = tuple(
        share(drawn.question, answers[number]) if number in answers else NOTHING
        for number, drawn in enumerate(paper.questions, 1)
    )
    points = sum(shares, NOTHING)
    return Result(shares=shares, points=points, passed=points * 100 >= paper.pass_mark * len(shares))


@singledispatch
def share(question: AnyQuestion, answer: Answer) -> Fraction:
    """The share of its mark that an answer earns."""
    raise NotImplementedError(f"no grading for {type(question).__name__}")


@share.register
def _single(question: Single, answer: Answer) -> Fraction:
    return ALL if any(option.right and option.id == answer["option"] for option in question.options) else NOTHING


@share.register
def _true_false(question: TrueFalse, answer: Answer) -> Fraction:
    return ALL if answer["option"] == ("true" if question.answer else "false") else NOTHING


@share.register
def _multiple(question: Multiple, answer: Answer) -> Fraction:
    rights = {option.id for option in question.options if option.right}
    chosen = set(answer["options"])
    return max(NOTHING, Fraction(len(chosen & rights) - len(chosen - rights), len(rights)))


@share.register
def _numeric(question: Numeric, answer: Answer) -> Fraction:
    return ALL if any(is_near(question, value) for value in values(question, answer["text"])) else NOTHING


@share.register
def _short(question: Short, answer: Answer) -> Fraction:
    return ALL if fold(answer["text"]) in {fold(form) for form in question.accept} else NOTHING


@share.register
def _matching(question: Matching, answer: Answer) -> Fraction:
    right = sum(answer["pairs"].get(pair.id) == pair.id for pair in question.pairs)
    return Fraction(right, len(question.pairs))


@share.register
def _ordering(question: Ordering, answer: Answer) -> Fraction:
    place = {step.id: number for number, step in enumerate(question.steps)}
    given = [place[one] for one in answer["steps"]]
    pairs = list(combinations(given, 2))
    agreeing = sum(first < second for first, second in pairs)
    return max(NOTHING, Fraction(2 * agreeing - len(pairs), len(pairs)))


@share.register
def _scenario(question: Scenario, answer: Answer) -> Fraction:
    parts = answer["parts"]
    shares = (share(part, parts[part.id]) if part.id in parts else NOTHING for part in question.parts)
    return sum(shares, NOTHING) / len(question.parts)


def fold(text: str) -> str:
    """A word without case, accents, marks and doubled spaces, for comparing."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if not unicodedata.combining(c))
    return " ".join(re.sub(r"[\W_]+", " ", plain).split())


def is_near(question: Numeric, value: Fraction) -> bool:
    """Whether a number, in the question's unit, is near enough."""
    return abs(value - exact(question.answer)) <= exact(question.tolerance)


def values(question: Numeric, text: str) -> Iterator[Fraction]:
    """Every number the text may mean, in the question's unit: "9,678" is read as 9678 and as 9.678."""
    match = re.fullmatch(r"([-+−]?)([\d\s.,'’]*\d)\s*(\D*)", text.strip())
    if not match:
        return
    size = _unit(question, match[3])
    if size is None:
        return
    digits = re.sub(r"[\s'’]", "", match[2])
    for number in dict.fromkeys(_readings(digits)):
        yield (-number if match[1] in ("-", "−") else number) * size


def _unit(question: Numeric, word: str) -> Fraction | None:
    """How large a unit is in the question's own; None for one it does not know."""
    name = fold(word)
    if not name or name == fold(question.unit):
        return ALL
    sizes = {fold(unit): exact(size) for unit, size in question.units.items()}
    return sizes.get(name)


def _readings(digits: str) -> Iterator[Fraction]:
    """The numbers that digits with points and commas may be."""
    grouped = re.fullmatch(r"\d{1,3}([.,])\d{3}(?:\1\d{3})*(?:[.,]\d+)?", digits)
    if grouped:
        whole, _mark, rest = digits.replace(grouped[1], "").replace(",", ".").partition(".")
        yield Fraction(f"{whole}.{rest}" if rest else whole)
    if len(re.findall(r"[.,]", digits)) <= 1 and not digits.startswith((".", ",")):
        yield Fraction(digits.replace(",", "."))


def exact(number: float) -> Fraction:
    """The number as it was written in the file."""
    return Fraction(str(number))
