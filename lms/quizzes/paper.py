"""Which questions are drawn, in which order they are shown, and under which keys; a pure rule.

A paper holds its questions whole, so that a file edited meanwhile changes no attempt. What leaves the server
before the result is `shown`: texts under opaque keys in a shuffled order, without rights, feedback or sources.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from random import Random
from string import ascii_lowercase
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from lms.content.material import (
    AnyQuestion,
    Matching,
    Multiple,
    Numeric,
    Ordering,
    Quiz,
    Scenario,
    Short,
    Single,
    TrueFalse,
)

Answer = dict[str, Any]


class Unfit(Exception):
    """An answer that does not belong to its question: a key that was never shown, two where one may be chosen."""


class Drawn(Struct, frozen=True):
    """A question of a paper; `orders` says how its pieces are shown, by the part's id ("" is the question itself)."""

    question: AnyQuestion
    version: str
    orders: dict[str, tuple[int, ...]]


class Paper(Struct, frozen=True):
    """What one attempt asks."""

    questions: tuple[Drawn, ...]
    pass_mark: int
    version: str
    locale: str = "en"
    time_limit: int | None = None


class Choice(Struct, frozen=True):
    """Something shown, under a key that says nothing."""

    id: str
    text: str


class Row(Struct, frozen=True):
    """The left side of a matching question."""

    id: str
    left: str


class Shown(Struct, frozen=True):
    """A question as it leaves the server before the result."""

    id: str
    kind: str
    text: str
    options: tuple[Choice, ...] = ()
    pairs: tuple[Row, ...] = ()
    choices: tuple[Choice, ...] = ()
    steps: tuple[Choice, ...] = ()
    parts: tuple["Shown", ...] = ()
    unit: str = ""


def draw(quiz: Quiz, random: Random) -> Paper:
    """A paper of `quiz.draw` questions in a random order."""
    questions = random.sample(quiz.questions, quiz.draw)
    return Paper(
        questions=tuple(
            Drawn(question=question, version=version_of(question), orders=_orders(question, random))
            for question in questions
        ),
        pass_mark=quiz.pass_mark,
        version=quiz.version,
        locale=quiz.locale,
        time_limit=quiz.time_limit,
    )


def alone(question: AnyQuestion) -> Drawn:
    """A question outside a quiz, its pieces in a fixed order that is not the file's where that would tell."""
    return Drawn(question=question, version="", orders=_orders(question, Random(question.text)))  # noqa: S311


def version_of(question: AnyQuestion) -> str:
    """Twelve hexadecimal digits that change with the question."""
    return sha256(msgspec.json.encode(question)).hexdigest()[:12]


def _orders(question: AnyQuestion, random: Random) -> dict[str, tuple[int, ...]]:
    parts = {part.id: _order(part, random) for part in question.parts} if isinstance(question, Scenario) else {}
    return {"": _order(question, random), **parts}


def _order(question: AnyQuestion, random: Random) -> tuple[int, ...]:
    """A shuffled order of a question's pieces; true stays before false, and steps never begin in their right order."""
    count = len(_pieces(question))
    order = list(range(count))
    if isinstance(question, TrueFalse) or count < 2:
        return tuple(order)
    random.shuffle(order)
    while isinstance(question, Ordering) and order == sorted(order):
        random.shuffle(order)
    return tuple(order)


def _pieces(question: AnyQuestion) -> Sequence[tuple[str, str]]:
    """Ids and texts of what is shuffled: options, steps, or what stands on the right."""
    if isinstance(question, Single | Multiple | TrueFalse):
        return [(option.id, option.text) for option in question.options]
    if isinstance(question, Ordering):
        return [(step.id, step.text) for step in question.steps]
    if isinstance(question, Matching):
        rights = [(pair.id, pair.right) for pair in question.pairs]
        return rights + [(decoy.id, decoy.text) for decoy in question.decoys]
    return []


def _keys(question: AnyQuestion, order: Sequence[int], prefix: str) -> dict[str, str]:
    """Key -> id of each piece, in the order shown."""
    pieces = _pieces(question)
    return {f"{prefix}{ascii_lowercase[place]}": pieces[index][0] for place, index in enumerate(order)}


def _rows(question: Matching, prefix: str) -> dict[str, str]:
    """Key -> id of each left side, in the file's order."""
    return {f"{prefix}{number}": pair.id for number, pair in enumerate(question.pairs, 1)}


def shown(drawn: Drawn) -> Shown:
    """What may leave the server before the result."""
    return _shown(drawn.question, drawn.orders, "", "")


def _shown(question: AnyQuestion, orders: Mapping[str, Sequence[int]], part: str, prefix: str) -> Shown:
    order = orders[part]
    texts = _pieces(question)
    keys = list(_keys(question, order, prefix))
    pieces = tuple(Choice(key, texts[index][1]) for key, index in zip(keys, order, strict=True))
    bare = Shown(id=prefix.rstrip("."), kind=question.kind, text=question.text)
    if isinstance(question, Single | Multiple | TrueFalse):
        return replace(bare, options=pieces)
    if isinstance(question, Ordering):
        return replace(bare, steps=pieces)
    if isinstance(question, Matching):
        rows = zip(_rows(question, prefix), question.pairs, strict=True)
        return replace(bare, pairs=tuple(Row(key, pair.left) for key, pair in rows), choices=pieces)
    if isinstance(question, Numeric):
        return replace(bare, unit=question.unit)
    if isinstance(question, Scenario):
        parts = (_shown(one, orders, one.id, f"{number}.") for number, one in enumerate(question.parts, 1))
        return replace(bare, parts=tuple(parts))
    return bare


def answer_from(drawn: Drawn, fields: Mapping[str, Sequence[str]], name: str = "q") -> Answer | None:
    """The answer that form fields give, by ids; None where nothing was answered.

    Raises Unfit for what was never shown.
    """
    return _answer(drawn.question, drawn.orders, "", "", fields, name)


def _answer(
    question: AnyQuestion, orders: Mapping[str, Sequence[int]], part: str, prefix: str,
    fields: Mapping[str, Sequence[str]], name: str,
) -> Answer | None:  # fmt: skip
    if isinstance(question, Scenario):
        parts = {
            one.id: _answer(one, orders, one.id, f"{number}.", fields, f"{name}-{number}")
            for number, one in enumerate(question.parts, 1)
        }
        given = {key: value for key, value in parts.items() if value is not None}
        return {"parts": given} if given else None
    values = [value for value in fields.get(name, ()) if value != ""]
    keys = _keys(question, orders[part], prefix)
    if isinstance(question, Numeric | Short):
        text = " ".join(values[0].split())[:300] if values else ""
        return {"text": text} if text else None
    if isinstance(question, Matching):
        pairs = {}
        for row, pair_id in _rows(question, prefix).items():
            chosen = [value for value in fields.get(f"{name}-{row}", ()) if value]
            if chosen:
                pairs[pair_id] = _known(keys, chosen[0])
        return {"pairs": pairs} if pairs else None
    if not values:
        return None
    ids = [_known(keys, value) for value in values]
    if isinstance(question, Ordering):
        if sorted(ids) != sorted(keys.values()):
            raise Unfit("every step stands once in an order")
        return {"steps": ids}
    if isinstance(question, Multiple):
        return {"options": sorted(set(ids))}
    if len(ids) > 1:
        raise Unfit("one option can be chosen")
    return {"option": ids[0]}


def _known(keys: Mapping[str, str], key: str) -> str:
    if key not in keys:
        raise Unfit(f"{key[:40]!r} was never shown")
    return keys[key]


def given(drawn: Drawn, answer: Answer | None) -> Answer | None:
    """A kept answer under the keys that are shown, for filling the form again."""
    return _given(drawn.question, drawn.orders, "", "", answer)


def _given(
    question: AnyQuestion, orders: Mapping[str, Sequence[int]], part: str, prefix: str, answer: Answer | None
) -> Answer | None:
    if not answer:
        return None
    if isinstance(question, Scenario):
        return {
            str(number): _given(one, orders, one.id, f"{number}.", answer["parts"].get(one.id))
            for number, one in enumerate(question.parts, 1)
        }
    if isinstance(question, Numeric | Short):
        return answer
    keys = {piece: key for key, piece in _keys(question, orders[part], prefix).items()}
    if isinstance(question, Matching):
        rows = {pair: key for key, pair in _rows(question, prefix).items()}
        return {"pairs": {rows[left]: keys[right] for left, right in answer["pairs"].items()}}
    if isinstance(question, Multiple):
        return {"options": [keys[one] for one in answer["options"]]}
    if isinstance(question, Ordering):
        return {"steps": [keys[one] for one in answer["steps"]]}
    return {"option": keys[answer["option"]]}


def in_order(question: Shown, chosen: Answer | None) -> Shown:
    """The question with its steps in the order someone gave them."""
    if question.parts:
        parts = tuple(in_order(part, chosen.get(part.id) if chosen else None) for part in question.parts)
        return replace(question, parts=parts)
    if not question.steps or not chosen:
        return question
    by_key = {step.id: step for step in question.steps}
    return replace(question, steps=tuple(by_key[key] for key in chosen["steps"]))


def moved(steps: Sequence[str], key: str, way: str) -> list[str]:
    """The order after one step was moved up or down by one; unchanged at the ends. Raises Unfit for another word."""
    order = list(steps)
    if key not in order or way not in ("up", "down"):
        raise Unfit("there is no such step")
    place = order.index(key)
    other = place - 1 if way == "up" else place + 1
    if 0 <= other < len(order):
        order[place], order[other] = order[other], order[place]
    return order
