"""Teams mixed by profession, as even as the room allows, and where a latecomer sits."""

from collections import Counter

import pytest

from lms.content.exercises import Team
from lms.exercises.seating import dealt, for_latecomer

TEAMS = tuple(Team(id=one, title=one.title(), least=4, most=8) for one in ("north", "south", "east"))


@pytest.mark.parametrize(("people", "opened"), [(0, 0), (3, 1), (7, 1), (8, 2), (12, 3), (60, 3)])
def test_as_many_teams_are_opened_as_the_room_fills(people: int, opened: int):
    seats = dealt(TEAMS, {f"p{number}": "police" for number in range(people)})

    assert len(set(seats.values())) == opened
    assert len(seats) == people


def test_teams_differ_by_one_person_at_most_in_size_and_in_each_profession():
    kinds = ["police"] * 7 + ["judge"] * 4 + ["support"] * 2 + [""] * 6
    people = {f"p{number}": kind for number, kind in enumerate(kinds)}

    seats = dealt(TEAMS, people)

    for kind in set(kinds):
        counts = Counter(team for one, team in seats.items() if people[one] == kind)
        assert max(counts.values()) - min(counts[team.id] for team in TEAMS) <= 1
    sizes = Counter(seats.values())
    assert max(sizes.values()) - min(sizes.values()) <= 1


def test_without_teams_nobody_sits_anywhere():
    assert dealt((), {"a": "police"}) == {}
    assert for_latecomer((), [("", "police")], "police") == ""


def test_a_latecomer_goes_where_their_profession_is_rarest_then_where_fewest_are():
    seated = [("north", "judge"), ("north", "police"), ("south", "police"), ("south", "police"), ("south", "support")]

    assert for_latecomer(TEAMS, seated, "judge") == "south"
    assert for_latecomer(TEAMS, seated, "police") == "north"
    assert for_latecomer(TEAMS, seated, "prosecutor") == "north"


def test_a_latecomer_waits_for_the_deal_where_nobody_is_seated_yet():
    assert for_latecomer(TEAMS, [("", "judge")], "judge") == ""
