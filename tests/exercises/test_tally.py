"""What answers and hands come to, and whom no group gives away."""

from collections import Counter
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.content.exercises import AnyTask
from lms.exercises.tally import FEWEST, Given, Tally, decided, groups, tallies
from tests.exercises.play import EXERCISE

PROFESSIONS = ("police", "prosecutor", "judge", "support", "other")


def task(name: str) -> AnyTask:
    found = EXERCISE.task(name)
    assert found is not None
    return found


def answers(name: str, *given: Any, round: int = 1, profession: str = "police") -> list[Given]:
    """An answer each of as many players."""
    return [
        Given(task=name, round=round, player=f"{profession}-{number}", profession=profession, answer=one)
        for number, one in enumerate(given)
    ]


def by_team(**given: dict[str, str]) -> list[Given]:
    return [Given(task="decide", player=f"of {team}", team=team, answer=answer) for team, answer in given.items()]


def one(name: str, given: list[Given], hands: dict[str, int] | None = None) -> Tally:
    return tallies(task(name), given, {1: hands or {}}, 1)[0]


def figures(counted: Tally) -> list[tuple[str, int, int]]:
    return [(option.id, option.count, option.per_cent) for option in counted.options]


def test_each_option_has_its_number_and_its_share_of_those_who_voted():
    counted = one("mood", answers("mood", "good", "good", "bad"))

    assert figures(counted) == [("good", 2, 67), ("bad", 1, 33)]
    assert (counted.answered, counted.hands, counted.voted) == (3, 0, 3)


def test_hands_and_paper_go_into_the_same_tally():
    counted = one("mood", answers("mood", "good"), {"good": 1, "bad": 2})

    assert figures(counted) == [("good", 2, 50), ("bad", 2, 50)]
    assert [option.hands for option in counted.options] == [1, 2]
    assert (counted.answered, counted.hands, counted.voted) == (1, 3, 4)


def test_without_answers_everything_is_nothing_and_no_one_divides_by_it():
    counted = one("sure", [])

    assert {option.per_cent for option in counted.options} == {0}
    assert (counted.mean, counted.median, counted.groups) == (None, None, ())


def test_where_one_may_choose_several_per_cent_are_of_people():
    counted = one("whom", answers("whom", ["a", "b"], ["a"], ["a", "b", "c"]))

    assert figures(counted) == [("a", 3, 100), ("b", 2, 67), ("c", 1, 33)]


def test_hands_raised_for_several_options_are_at_least_as_many_people_as_for_one():
    counted = one("whom", answers("whom", ["a"]), {"a": 3, "b": 1})

    assert (counted.voted, figures(counted)[0]) == (4, ("a", 4, 100))


def test_halves_of_a_per_cent_are_rounded_up():
    counted = one("mood", answers("mood", "bad", *["good"] * 7))

    assert figures(counted) == [("good", 7, 88), ("bad", 1, 13)]


def test_a_scale_has_its_mean_and_its_median_with_the_hands_among_them():
    counted = one("sure", answers("sure", "1", "2", "5"), {"5": 1})

    assert (counted.mean, counted.median) == (3.25, 3.5)


def test_an_order_says_the_mean_place_of_each_and_how_many_put_it_where():
    counted = one("order", answers("order", ["second", "first", "third"], ["second", "third", "first"]))

    assert [(place.id, place.mean, place.at) for place in counted.places] == [
        ("second", 1.0, (2, 0, 0)), ("first", 2.5, (0, 1, 1)), ("third", 2.5, (0, 1, 1)),
    ]  # fmt: skip


def test_texts_stand_in_an_order_that_does_not_tell_who_wrote_first():
    counted = one("why", answers("why", "because", "Also", "always"))

    assert counted.texts == ("Also", "always", "because")


def test_decisions_are_one_a_team_with_reason_and_owner():
    south = {"option": "act", "reason": "no time", "owner": "Duty officer"}
    north = {"option": "wait", "reason": "the judge", "owner": "Clerk"}

    counted = one("decide", by_team(south=south, north=north))

    assert [(one.team, one.option, one.reason, one.owner) for one in counted.decisions] == [
        ("north", "wait", "the judge", "Clerk"), ("south", "act", "no time", "Duty officer"),
    ]  # fmt: skip
    assert figures(counted) == [("wait", 1, 50), ("act", 1, 50)]


def test_of_several_versions_the_last_of_a_player_or_a_team_counts():
    said = answers("mood", "good") + answers("mood", "bad")
    versions = by_team(north={"option": "wait"}) + by_team(north={"option": "act"})

    assert figures(one("mood", said)) == [("good", 0, 0), ("bad", 1, 100)]
    assert [decision.option for decision in one("decide", versions).decisions] == ["act"]


def test_answers_that_lost_their_people_are_each_counted():
    cut = [Given(task="mood", profession="police", answer="good") for _one in range(3)]

    assert one("mood", cut).answered == 3


def test_the_rounds_of_a_question_stand_side_by_side():
    said = answers("mood", "good", "good") + answers("mood", "bad", "good", round=2)

    first, second = tallies(task("mood"), said, {2: {"bad": 1}}, 2)

    assert (figures(first), figures(second)) == (
        [("good", 2, 100), ("bad", 0, 0)],
        [("good", 1, 33), ("bad", 2, 67)],
    )


def test_answers_to_another_question_are_not_counted():
    assert one("mood", answers("whom", ["a"])).answered == 0


def crowd(**sizes: int) -> list[Given]:
    """So many of each profession, all of whom are well."""
    return [one for name, size in sizes.items() for one in answers("mood", *["good"] * size, profession=name)]


@pytest.mark.parametrize(
    ("sizes", "shown"),
    [
        ({"police": 6, "judge": 5}, [("judge",), ("police",)]),
        ({"police": 6, "judge": 3, "support": 2}, [("police",), ("judge", "support")]),
        ({"police": 9, "judge": 6, "support": 2}, [("police",), ("judge", "support")]),
        ({"police": 6, "judge": 1}, []),
        ({"police": 4, "judge": 4}, []),
        ({"police": 30}, []),
        ({}, []),
    ],
)
def test_groups_under_five_are_put_together_and_never_leave_a_remainder_that_tells(sizes, shown):
    counted = one("mood", crowd(**sizes))

    assert [group.names for group in counted.groups] == shown
    assert [group.answered for group in counted.groups] == [
        sum(sizes[name] for name in names) for names in shown
    ]  # fmt: skip


def test_a_group_has_its_own_counts():
    said = crowd(police=5) + answers("mood", "bad", "bad", "good", "good", "bad", profession="judge")

    counted = one("mood", said)

    assert [(group.names, figures(group)) for group in counted.groups] == [
        (("judge",), [("good", 2, 40), ("bad", 3, 60)]),
        (("police",), [("good", 5, 100), ("bad", 0, 0)]),
    ]  # fmt: skip


def test_groups_are_the_same_in_all_rounds_so_that_comparing_them_gives_no_one_away():
    first = crowd(police=6, judge=6, support=6)
    second = [*answers("mood", *["bad"] * 6, round=2), *answers("mood", *["bad"] * 3, round=2, profession="judge")]
    second += answers("mood", *["bad"] * 6, round=2, profession="support")

    shown = tallies(task("mood"), first + second, {}, 2)

    assert [[group.names for group in counted.groups] for counted in shown] == [[("support",), ("judge", "police")]] * 2


def test_texts_and_decisions_are_not_told_by_profession():
    said = answers("why", *["x"] * 6) + answers("why", *["y"] * 6, profession="judge")

    assert one("why", said).groups == ()


def test_whoever_gave_no_profession_is_among_the_others():
    said = crowd(police=5, other=3) + answers("mood", "bad", "bad", profession="")

    assert [group.names for group in one("mood", said).groups] == [("other",), ("police",)]


@given(st.lists(st.fixed_dictionaries({name: st.integers(0, 9) for name in PROFESSIONS}), min_size=1, max_size=3))
def test_no_group_that_is_shown_is_smaller_than_five_and_none_is_left_out(rounds):
    given = [crowd(**sizes) for sizes in rounds]

    found = groups(given, lambda one: one.profession)

    names = [name for together in found for name in together]
    present = {one.profession for answers in given for one in answers}
    assert len(names) == len(set(names))
    assert set(names) in (present, set())
    assert len(found) != 1
    for answers_ in given:
        if answers_:
            sizes = Counter(one.profession for one in answers_)
            assert all(sum(sizes[name] for name in together) >= FEWEST for together in found)


@given(st.lists(st.sampled_from(["good", "bad"]), max_size=30), st.randoms(use_true_random=False))
def test_the_order_in_which_answers_arrive_changes_nothing(given, random: Random):
    said = answers("mood", *given)
    mixed = random.sample(said, len(said))

    assert one("mood", said) == one("mood", mixed)


@given(st.lists(st.permutations(["first", "second", "third"]), min_size=1, max_size=20))
def test_places_add_up_to_everyone_and_are_told_foremost_first(orders):
    counted = one("order", answers("order", *orders))

    assert {sum(place.at) for place in counted.places} == {len(orders)}
    assert all(before.mean <= after.mean for before, after in pairwise(counted.places))


def test_each_team_decides_for_itself():
    said = by_team(north={"option": "wait"}, south={"option": "act"})

    assert decided(task("decide"), said, {}, 1) == {"north": ("wait",), "south": ("act",)}


def test_people_without_teams_and_raised_hands_decide_for_the_room():
    alone = answers("decide", {"option": "wait"}, {"option": "act"}, {"option": "act"})

    assert decided(task("decide"), alone, {}, 1) == {"": ("act",)}
    assert decided(task("hands"), [], {"yes": 4, "no": 9}, 1) == {"": ("no",)}


def test_in_a_tie_every_leading_option_was_decided_and_without_votes_none():
    assert decided(task("mood"), answers("mood", "good", "bad"), {}, 1) == {"": ("good", "bad")}
    assert decided(task("mood"), answers("mood", "good"), {}, 2) == {}
    assert decided(task("mood"), [], {"good": 0}, 1) == {}
    assert decided(task("why"), answers("why", "because"), {}, 1) == {}
