"""Numbers of certificates: random, read however they are typed, and wrong ones found."""

from itertools import combinations

import pytest

from lms.certificates.numbers import LETTERS, new, tidy, written

NUMBER = written("7K4M29QX0AZ")


def test_a_number_has_eleven_random_characters_and_one_that_checks_them():
    numbers = {new() for _ in range(200)}

    assert len(numbers) == 200
    for number in numbers:
        d, *groups = number.split("-")
        assert d == "D"
        assert [len(group) for group in groups] == [4, 4, 4]
        assert not set("".join(groups)) - set(LETTERS)
        assert tidy(number) == number


def test_every_character_comes_up_in_every_place_that_is_random():
    numbers = [new().replace("-", "")[1:12] for _ in range(3000)]

    assert all({number[place] for number in numbers} == set(LETTERS) for place in range(11))


@pytest.mark.parametrize(
    "typed",
    [
        NUMBER,
        NUMBER.lower(),
        NUMBER.replace("-", ""),
        NUMBER.replace("-", " "),
        NUMBER.removeprefix("D-"),
        f"  {NUMBER}\n",
        NUMBER.replace("-", "\u2011"),
        NUMBER.replace("0", "O"),
        NUMBER.replace("0", "o"),
    ],
)
def test_a_number_is_known_however_it_is_typed(typed):
    assert tidy(typed) == NUMBER


def test_what_looks_alike_is_read_alike():
    number = written("11111111111")

    assert tidy(number.replace("1", "I")) == tidy(number.replace("1", "l")) == number


def test_a_number_that_begins_with_the_letter_of_the_kind_keeps_it():
    number = written("D0000000000")

    assert tidy(number) == tidy(number.removeprefix("D-")) == number


def test_every_single_wrong_character_is_found():
    core = NUMBER.replace("-", "")[1:]

    wrong = [core[:n] + letter + core[n + 1 :] for n in range(12) for letter in LETTERS if letter != core[n]]

    assert not [one for one in wrong if tidy(one)]


def test_every_two_characters_that_changed_places_are_found():
    core = NUMBER.replace("-", "")[1:]

    swapped = []
    for one, other in combinations(range(12), 2):
        letters = list(core)
        letters[one], letters[other] = letters[other], letters[one]
        swapped.append("".join(letters))

    assert not [one for one in swapped if one != core and tidy(one)]


@pytest.mark.parametrize(
    "nonsense",
    ["", "D", "D-", "D-U000-0000-0000", NUMBER + "0", NUMBER[:-1], "'; DROP", "\0" * 12, "é" * 12, "D-" * 9999],
)
def test_nonsense_is_no_number(nonsense):
    assert tidy(nonsense) is None
