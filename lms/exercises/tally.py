"""What answers come to: counts and per cent per option, means, places, texts, decisions, by profession; a pure rule.

Answers given on devices and hands counted in the room go into one tally. Answers are taken to be fit, as
`answering.checked` gives them. Nothing here names a person, and the order of texts says nothing about who wrote when.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lms.content.exercises import AnyTask, Decision, FreeText, Hands, Order, PollMultiple, PollScale

FEWEST = 5  # people of a group that is shown by itself
UNSAID = "other"  # the profession of whoever gave none


class Given(Struct, frozen=True, kw_only=True):
    """An answer as it stands: in which round (from 1), by whom ("" once that is cut), of which profession and team.

    `answer` is an option's id, a list of ids, a text, or for a decision {"option", "reason", "owner"}.
    """

    task: str
    round: int = 1
    player: str = ""
    profession: str = ""
    team: str = ""
    answer: Any


class OptionCount(Struct, frozen=True):
    """How many chose an option, those who raised hands among them, and what per cent of those who voted (0-100)."""

    id: str
    text: str
    count: int
    hands: int
    per_cent: int


class Placed(Struct, frozen=True):
    """Where an option was put: its mean place from 1 (two decimals), and how many put it at each place in turn."""

    id: str
    text: str
    mean: float | None
    at: tuple[int, ...]


class Decided(Struct, frozen=True):
    """What a team decided, why, and who sees to it, in the team's own words."""

    team: str
    option: str
    reason: str
    owner: str


class Group(Struct, frozen=True):
    """The same of one group of at least five people; `names` holds several where smaller groups were put together."""

    names: tuple[str, ...]
    answered: int
    options: tuple[OptionCount, ...] = ()
    mean: float | None = None
    places: tuple[Placed, ...] = ()


class Tally(Struct, frozen=True, kw_only=True):
    """What one round of a question came to.

    `answered`: people (for a decision, teams) who answered on a device; `hands`: hands counted; `voted`: what per cent
    are of. Mean (two decimals) and median are of a scale's points. What a kind does not have is empty or None.
    """

    task: str
    kind: str
    round: int
    answered: int
    hands: int = 0
    voted: int = 0
    options: tuple[OptionCount, ...] = ()
    mean: float | None = None
    median: float | None = None
    places: tuple[Placed, ...] = ()
    texts: tuple[str, ...] = ()
    decisions: tuple[Decided, ...] = ()
    groups: tuple[Group, ...] = ()


def tallies(
    task: AnyTask, given: Iterable[Given], hands: Mapping[int, Mapping[str, int]], rounds: int
) -> tuple[Tally, ...]:
    """The rounds of a question side by side, from the first; `hands` has what was counted in each.

    Professions of which fewer than five answered in some round are put together in all of them, so that no comparison
    of rounds gives one away.
    """
    standing = _standing(task, given)
    by_round = [[one for one in standing if one.round == number] for number in range(1, rounds + 1)]
    kinds = [] if isinstance(task, Decision | FreeText | Hands) else groups(by_round, lambda one: one.profession)
    return tuple(
        replace(
            tally(task, answers, hands.get(number, {}), number),
            groups=tuple(_group(task, names, _of(names, answers)) for names in kinds),
        )
        for number, answers in enumerate(by_round, 1)
    )


def _standing(task: AnyTask, given: Iterable[Given]) -> list[Given]:
    """The answers to a question that count: the last of each player in a round, for a decision of each team."""
    decides = isinstance(task, Decision)
    last: dict[tuple[int, str], Given] = {}
    for number, one in enumerate(one for one in given if one.task == task.id):
        who = f"team {one.team}" if decides and one.team else f"player {one.player}" if one.player else f"row {number}"
        last[one.round, who] = one
    return list(last.values())


def tally(task: AnyTask, given: Sequence[Given], hands: Mapping[str, int], round_: int = 1) -> Tally:
    """One round of one question, from its answers and the hands for each option."""
    bare = Tally(task=task.id, kind=task.kind, round=round_, answered=len(given), hands=sum(hands.values()))
    if isinstance(task, FreeText):
        return replace(
            bare, texts=tuple(sorted((one.answer for one in given), key=lambda text: (text.casefold(), text)))
        )
    if isinstance(task, Order):
        return replace(bare, places=_places(task, given))
    voted = _voted(task, given, hands)
    options = _options(task, given, hands, voted)
    counted = replace(bare, voted=voted, options=options)
    if isinstance(task, PollScale):
        return replace(counted, mean=_mean(_points(options)), median=_median(_points(options)))
    if isinstance(task, Decision):
        return replace(counted, decisions=_decisions(task, given))
    return counted


def _voted(task: AnyTask, given: Sequence[Given], hands: Mapping[str, int]) -> int:
    """What per cent are of; of many hands for many options at least as many people as raised them for one."""
    raised = max(hands.values(), default=0) if isinstance(task, PollMultiple) else sum(hands.values())
    return len(given) + raised


def _options(task: AnyTask, given: Iterable[Given], hands: Mapping[str, int], voted: int) -> tuple[OptionCount, ...]:
    chosen = Counter(option for one in given for option in chosen_of(task, one.answer))
    return tuple(
        OptionCount(option.id, option.text, count, raised, _per_cent(count, voted))
        for option in task.options
        for raised in (hands.get(option.id, 0),)
        for count in (chosen[option.id] + raised,)
    )


def chosen_of(task: AnyTask, answer: Any) -> tuple[str, ...]:
    """The ids of the options an answer chooses; none of a text or an order."""
    if isinstance(task, FreeText | Order | Hands):
        return ()
    if isinstance(task, Decision):
        return (answer["option"],)
    return tuple(answer) if isinstance(task, PollMultiple) else (answer,)


def _per_cent(count: int, of: int) -> int:
    """Whole per cent, halves rounded up: equal counts show equal per cent, so that a sum may be 99 or 101."""
    return (200 * count + of) // (2 * of) if of else 0


def _rounded(value: Decimal) -> float:
    return float(value.quantize(Decimal("0.01"), ROUND_HALF_UP))


def _mean(values: Sequence[int]) -> float | None:
    return _rounded(Decimal(sum(values)) / len(values)) if values else None


def _median(values: Sequence[int]) -> float | None:
    return float(median(values)) if values else None


def _points(options: Iterable[OptionCount]) -> list[int]:
    return [int(option.id) for option in options for _vote in range(option.count)]


def _places(task: Order, given: Sequence[Given]) -> tuple[Placed, ...]:
    """Where each option was put, the foremost first and, where two are level, as the file has them."""
    places = {option.id: [one.answer.index(option.id) + 1 for one in given] for option in task.options}
    size = len(task.options)
    placed = [
        Placed(
            option.id, option.text, _mean(places[option.id]),
            tuple(places[option.id].count(place) for place in range(1, size + 1)),
        )
        for option in task.options
    ]  # fmt: skip
    return tuple(sorted(placed, key=lambda one: sum(places[one.id])))


def _decisions(task: Decision, given: Iterable[Given]) -> tuple[Decided, ...]:
    """By team, then in an order that says nothing about who was first."""
    decided = [
        Decided(one.team, one.answer["option"], one.answer.get("reason", ""), one.answer.get("owner", ""))
        for one in given
    ]
    return tuple(sorted(decided, key=lambda one: (one.team, one.option, one.reason, one.owner)))


def decided(task: AnyTask, given: Iterable[Given], hands: Mapping[str, int], round_: int) -> dict[str, tuple[str, ...]]:
    """What a round decided, for the move that closes it: each team's option, or under "" what most of the room chose.

    Of a tie every leading option counts; without votes nothing is decided. Texts and orders decide nothing.
    """
    standing = [one for one in _standing(task, given) if one.round == round_]
    if isinstance(task, Decision) and any(one.team for one in standing):
        return {one.team: (one.answer["option"],) for one in standing if one.team}
    votes = Counter(option for one in standing for option in chosen_of(task, one.answer)) + Counter(hands)
    most = max(votes.values(), default=0)
    leading = tuple(option.id for option in task.options if most and votes[option.id] == most)
    return {"": leading} if leading else {}


def groups(
    rounds: Sequence[Sequence[Given]], group: Callable[[Given], str], fewest: int = FEWEST
) -> list[tuple[str, ...]]:
    """The groups that may be shown, by the names put together in each: at least `fewest` people in every round.

    Smaller ones are put together, and while those are still too few, with the smallest that could stand alone: no
    remainder tells by subtraction. Rounds without answers do not count. [] where one group would be left: it is all.
    """
    held = [Counter(group(one) or UNSAID for one in answers) for answers in rounds if answers]
    names = sorted({name for sizes in held for name in sizes})
    alone = [name for name in names if all(sizes[name] >= fewest for sizes in held)]
    together = [name for name in names if name not in alone]
    while together and alone and any(sum(sizes[name] for name in together) < fewest for sizes in held):
        smallest = min(alone, key=lambda name: (min(sizes[name] for sizes in held), name))
        alone.remove(smallest)
        together.append(smallest)
    found = [(name,) for name in alone] + ([tuple(sorted(together))] if together else [])
    return found if len(found) > 1 else []


def _of(names: tuple[str, ...], given: Iterable[Given]) -> list[Given]:
    return [one for one in given if (one.profession or UNSAID) in names]


def _group(task: AnyTask, names: tuple[str, ...], given: Sequence[Given]) -> Group:
    counted = tally(task, given, {})
    return Group(names, counted.answered, counted.options, counted.mean, counted.places)
