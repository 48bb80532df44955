"""Who sits in which team: professions mixed, teams as even as the room allows; a pure rule."""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import cycle

from lms.content.exercises import Team
from lms.exercises.tally import UNSAID


class TeamsBy(StrEnum):
    """How the teams of a run come about."""

    HAND = "hand"
    MIX = "mix"
    SELF = "self"


def dealt(teams: Sequence[Team], people: Mapping[str, str]) -> dict[str, str]:
    """A team for everybody, of as many as the room fills; `people` has professions by id, "" where none is known.

    Each profession is dealt out in turn, so that in any two teams it differs by one person at most, and so do sizes.
    """
    if not teams:
        return {}
    least = max(team.least for team in teams)
    opened = teams[: max(1, min(len(teams), len(people) // least))]
    in_turn = sorted(people, key=lambda one: (people[one] or UNSAID, one))
    return {one: team.id for one, team in zip(in_turn, cycle(opened), strict=False)}


def for_latecomer(teams: Sequence[Team], seated: Sequence[tuple[str, str]], profession: str) -> str:
    """The team someone joins who comes when others are `seated` (team, profession); "" while nobody is.

    Of the teams that have anybody: the one with the fewest of their profession, then the smallest, then the first.
    """
    sizes = Counter(team for team, _profession in seated if team)
    alike = Counter(team for team, one in seated if team and (one or UNSAID) == (profession or UNSAID))
    opened = [team.id for team in teams if sizes[team.id]]
    return min(opened, key=lambda team: (alike[team], sizes[team]), default="")
