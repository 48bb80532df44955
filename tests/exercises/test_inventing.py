"""What invented people answer: always fit, in time, the same in every process, and different from each other."""

from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid5

import pytest
from msgspec.structs import replace

from lms.accounts.models import Profession
from lms.content.exercises import Choice, Hands, PollSingle
from lms.exercises import inventing
from lms.exercises.answering import checked
from tests.exercises.play import EXERCISE

PEOPLE = [uuid5(UUID(int=7), str(number)) for number in range(60)]
TEXTS = ("Ask first.", "Write it down, " * 40)
REASON = "At once. We also saw “{option}”."
ASKED = [task for task in EXERCISE.tasks if not isinstance(task, Hands)]


def say(task, player: UUID, round_: int = 1):
    return inventing.answer(task, player, round_, TEXTS, REASON, ("Police", "Judge"))


@pytest.mark.parametrize("task", ASKED, ids=lambda task: task.id)
def test_every_answer_is_one_that_a_player_could_give(task):
    said = [say(task, player, round_) for player in PEOPLE for round_ in (1, 2, 3)]

    assert [checked(task, one).fault for one in said] == [None] * len(said)


@pytest.mark.parametrize("task", ASKED, ids=lambda task: task.id)
def test_people_differ_and_each_says_the_same_whenever_asked(task):
    said = [say(task, player) for player in PEOPLE]

    assert said == [say(task, player) for player in PEOPLE]
    assert len({str(one) for one in said}) > 1


def test_a_text_is_no_longer_than_the_question_takes():
    short = replace(EXERCISE.task("why"), longest=20)

    assert all(len(say(short, player)) <= 20 for player in PEOPLE)


def test_with_each_round_the_room_comes_closer_together():
    task = PollSingle(
        id="which",
        inject="tip",
        text="Which?",
        look_for="One",
        options=tuple(Choice(id=one, text=one) for one in "abcd"),
    )

    most = [max(Counter(say(task, player, round_) for player in PEOPLE).values()) for round_ in (1, 3)]

    assert most[0] < most[1]


def test_everyone_takes_between_two_and_twenty_seconds_and_not_all_the_same():
    taken = {inventing.takes(player, "mood", 1) for player in PEOPLE}

    assert timedelta(seconds=2) <= min(taken) < max(taken) <= timedelta(seconds=20)
    assert len(taken) == len(PEOPLE)


def test_a_part_suits_the_profession_where_one_does():
    roles = [replace(role, professions=(role.id,)) for role in EXERCISE.roles]

    assert inventing.role_for(roles, "judge", 0) == "judge"
    assert {inventing.role_for(roles, "support", number) for number in range(4)} == {"police", "judge"}
    assert inventing.role_for([], "judge", 0) == ""


def test_every_invented_person_has_a_name_of_their_own_and_a_profession_that_there_is():
    assert len({name for name, _profession in inventing.PEOPLE}) == inventing.MOST == 40
    assert {profession for _name, profession in inventing.PEOPLE} == set(Profession)
