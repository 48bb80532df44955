"""What invented people of a rehearsal answer, and how long each takes; a pure rule, the same in every process."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

from lms.content.exercises import AnyTask, Decision, FreeText, Order, PollMultiple, PollScale, Role

SOONEST, LATEST = 2.0, 20.0  # seconds between a question and its answer
WEIGHTS = (1, 1, 2, 3, 5)
LIKES_OF_SEVERAL = 0.45
PEOPLE = (
    ("Ġulja Żahra", "police"), ("Νίκος Σταύρου", "prosecutor"), ("Стоян Петров", "judge"),
    ("Łucja Wrona", "support"), ("Jürgen Weiß", "other"), ("Maeve Quinn", "police"), ("Ελένη Δάφνου", "support"),
    ("Ивана Белева", "prosecutor"), ("Zoë Verbist", "judge"), ("Marko Lipnik", "police"),
    ("Chiara Fontana", "support"), ("Pauline Gérard", "prosecutor"), ("Tomáš Havel", "police"),
    ("Ana Ribeira", "other"), ("Ksenija Golob", "judge"), ("Søren Lykke", "police"), ("Ђорђе Илић", "support"),
    ("Aino Lehto", "prosecutor"), ("Bence Kovács", "police"), ("Ċensu Grech", "judge"), ("Inés Robledo", "support"),
    ("Миглена Дончева", "police"), ("Oskar Lindqvist", "other"), ("Βασίλης Ρήγας", "prosecutor"),
    ("Radu Munteanu", "police"), ("Mireille Aubry", "support"), ("Jānis Ozols", "judge"), ("Viktoria Hofer", "police"),
    ("Эльза Мякинен", "prosecutor"), ("Pieter de Wael", "support"), ("Siobhán Daly", "police"),
    ("Katja Zorman", "judge"), ("Giorgos Liveris", "police"), ("Luísa Marinho", "support"), ("Emil Stoyanov", "other"),
    ("Hanna Brandt", "prosecutor"), ("Fergus Hale", "police"), ("Dorota Zima", "judge"), ("Paolo Serra", "support"),
    ("Ilze Kalniņa", "police"),
)  # fmt: skip
MOST = len(PEOPLE)


def role_for(roles: Sequence[Role], profession: str, number: int) -> str:
    """The part that the person of this number takes: one that suits the profession, else any in turn; "" for none."""
    fitting = [role for role in roles if profession in role.professions] or list(roles)
    return fitting[number % len(fitting)].id if fitting else ""


def takes(player: UUID, task: str, round_: int) -> timedelta:
    """How long this person takes over a question."""
    return timedelta(seconds=Random(f"{player} takes {task} {round_}").uniform(SOONEST, LATEST))  # noqa: S311


def answer(task: AnyTask, player: UUID, round_: int, texts: Sequence[str], reason: str, owners: Sequence[str]) -> Any:
    """What this person answers, in the shape that `answering.checked` takes.

    Each question has its own favourites, so that results look like those of a room; in a new round people come closer
    together. `reason` has a place `{option}` for an option that was not taken.
    """
    chance = Random(f"{player} answers {task.id} {round_}")  # noqa: S311
    if isinstance(task, FreeText):
        return chance.choice(texts)[: task.longest]
    options = [option.id for option in task.options]
    if isinstance(task, PollScale):
        middle = Random(task.id).uniform(2, task.points - 0.5) + 0.5 * (round_ - 1)  # noqa: S311
        return str(min(task.points, max(1, round(chance.gauss(middle, 1)))))
    liked = Random(task.id).sample(options, len(options))  # noqa: S311
    if isinstance(task, Order):
        for _swap in range(chance.randint(0, 3)):
            place = chance.randrange(len(liked) - 1)
            liked[place], liked[place + 1] = liked[place + 1], liked[place]
        return liked
    if isinstance(task, PollMultiple):
        first = _one(liked, chance, round_)
        return [one for one in options if one == first or chance.random() < LIKES_OF_SEVERAL / (1 + liked.index(one))]
    chosen = _one(liked, chance, round_)
    if not isinstance(task, Decision):
        return chosen
    other = chance.choice([option.text for option in task.options if option.id != chosen])
    return {
        "option": chosen,
        "reason": reason.replace("{option}", other) if task.reason else "",
        "owner": chance.choice(owners) if task.owner else "",
    }


def _one(liked: Sequence[str], chance: Random, round_: int) -> str:
    """One option; the first of `liked` is taken most often, and more so in each round."""
    weights = [weight**round_ for weight in (*reversed(WEIGHTS), *(1,) * len(liked))][: len(liked)]
    return chance.choices(liked, weights)[0]
