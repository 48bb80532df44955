"""A run as a file: from the laptop that served the room to the main installation, once, and nobody's answers."""

import json
from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import time_machine
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from lms.clock import now
from lms.database import db, writing
from lms.exercises import carrying, retention, showing
from lms.exercises.carrying import NotYet, Taken, Unfit
from lms.exercises.models import Answer, DecisionRow, LessonLearned, MoveRow, Player, Run, TakingPart, Thought
from tests.exercises.travels import pack, played
from tests.make import Making

KEPT = (Run, MoveRow, Answer, DecisionRow, TakingPart, Thought, LessonLearned)


def take(app: Flask, content: bytes) -> Taken:
    with app.app_context(), writing():
        taken = carrying.taken(carrying.read(content), now())
        db.session.commit()
        return taken


def altered(content: bytes, change: Any, seal: bool = True) -> bytes:
    """The file with something else in it, as someone would write it who knows how it is sealed."""
    file = json.loads(content)
    change(file["run"])
    body = json.dumps(file["run"]).encode()
    total = sha256(body).hexdigest() if seal else file["sum"]
    return b'{"format":"' + file["format"].encode() + b'","sum":"' + total.encode() + b'","run":' + body + b"}"


def rows(app: Flask, *tables: Any) -> dict[str, list[Any]]:
    """What stands in these tables, without what is each installation's own."""
    with app.app_context():
        return {
            table.__tablename__: sorted(
                str({name: value for name, value in row._mapping.items() if name not in ("screen_key", "version", "by_id", "opened_by_id", "person_id")})
                for row in db.session.execute(select(table.__table__))
            )
            for table in tables or KEPT
        }  # fmt: skip


def seen(app: Flask, run_id: UUID) -> dict[str, Any]:
    """What a trainer sees of the run, without people, versions and names."""
    with app.app_context():
        showing.changed(run_id)
        sight = msgspec.to_builtins(showing.to_trainer(db.session.get_one(Run, run_id), now()))
    return {name: sight[name] for name in ("phase", "moves", "sheet", "front", "debrief", "answered", "results")}


def test_a_run_that_is_over_is_brought_home_whole(app: Flask, make: Making, laptop: Making):
    room, phones = played(laptop)
    phones[0].post("thoughts", {"about": "worked", "words": "The clock"})
    for number in range(7):  # the trainer and six people have accounts at home
        make.person(email=f"person{number + 1}@service.example", name="Somebody")

    found = take(app, pack(laptop.app, room.run))

    assert (found.made, found.moves, found.answers, found.decisions, found.thoughts) == (True, 6, 6, 2, 1)
    assert (found.people, found.strangers, found.unnamed, found.old) == (6, (), (), False)
    here, there = rows(app), rows(laptop.app)
    assert {name: here[name] for name in here if name != "thought"} == {
        name: there[name] for name in there if name != "thought"
    }
    assert seen(app, room.run.id) == seen(laptop.app, room.run.id)
    assert [(one.about, one.words) for one in make.all(select(Thought))] == [("worked", "The clock")]


def test_the_same_file_twice_brings_nothing_the_second_time(app: Flask, make: Making, laptop: Making):
    room, _phones = played(laptop)
    content = pack(laptop.app, room.run)
    take(app, content)
    before = rows(app)

    again = take(app, content)

    assert (again.made, again.moves, again.answers, again.decisions, again.thoughts, again.people) == (
        False,
        0,
        0,
        0,
        0,
        0,
    )
    assert rows(app) == before


def test_what_came_after_the_file_was_written_comes_with_the_next_one(app: Flask, make: Making, laptop: Making):
    room, phones = played(laptop)
    take(app, pack(laptop.app, room.run))
    room.does("debrief")
    room.move("note", text="They were tired")
    phones[0].post("thoughts", {"about": "change", "words": "More time"})

    more = take(app, pack(laptop.app, room.run))

    assert (more.made, more.moves, more.answers, more.thoughts) == (False, 2, 0, 1)
    assert seen(app, room.run.id) == seen(laptop.app, room.run.id)


def test_lessons_come_home_in_their_order_and_what_was_written_here_stays(app: Flask, make: Making, laptop: Making):
    room, _phones = played(laptop, people=1)
    first_lesson = LessonLearned(id=uuid4(), run_id=room.run.id, number=1, words="Call early", owner="Ana", until=None)
    laptop.add(first_lesson)
    assert take(app, pack(laptop.app, room.run)).lessons == 1
    make.change(make.one(select(LessonLearned)), words="Call at once")
    make.add(LessonLearned(id=uuid4(), run_id=room.run.id, number=2, words="Written at home", until=None))
    laptop.add(LessonLearned(id=uuid4(), run_id=room.run.id, number=2, words="Write it down", until=date(2027, 1, 1)))

    more = take(app, pack(laptop.app, room.run))

    kept = make.all(select(LessonLearned).order_by(LessonLearned.number))
    assert more.lessons == 1
    assert [(one.words, one.owner) for one in kept] == [
        ("Call at once", "Ana"),
        ("Written at home", ""),
        ("Write it down", ""),
    ]
    assert kept[-1].until == date(2027, 1, 1)


def test_an_older_file_after_a_newer_one_takes_nothing_back(app: Flask, laptop: Making):
    room, _phones = played(laptop)
    older = pack(laptop.app, room.run)
    room.move("note", text="They were tired")
    take(app, pack(laptop.app, room.run))
    before = rows(app)

    assert take(app, older).moves == 0
    assert rows(app) == before


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.integers(0, 3), min_size=1, max_size=6))
def test_files_of_a_run_in_any_order_and_number_come_to_the_newest_of_them(
    order: list[int], app: Flask, make: Making, laptop: Making, files: list[bytes]
):
    with app.app_context(), writing():
        for table in KEPT:
            db.session.execute(table.__table__.delete())
        db.session.commit()

    for number in order:
        take(app, files[number])

    newest = max(order)
    assert len(make.all(select(MoveRow))) == 6 + newest
    assert len(make.all(select(Answer))) == 6
    assert {one.words for one in make.all(select(Thought))} == {f"thought {number}" for number in range(newest)}


@pytest.fixture
def files(laptop: Making) -> list[bytes]:
    """Four files of a run, each with one note and one thought more than the one before."""
    room, phones = played(laptop)
    packed = [pack(laptop.app, room.run)]
    for number in range(3):
        room.move("note", text=f"note {number}")
        phones[0].post("thoughts", {"about": "worked", "words": f"thought {number}"})
        packed.append(pack(laptop.app, room.run))
    return packed


def test_who_took_part_is_known_by_address_and_who_has_no_account_yet_comes_with_the_same_file_later(
    app: Flask, make: Making, laptop: Making
):
    room, _phones = played(laptop, people=2)
    content = pack(laptop.app, room.run)
    known = make.person(email="person2@service.example")

    first = take(app, content)
    late = make.person(email="person3@service.example")
    second = take(app, content)

    assert (first.people, first.strangers, first.unnamed) == (
        1,
        ("person3@service.example",),
        ("person1@service.example",),
    )
    assert (second.people, second.strangers) == (1, ())
    assert {row.person_id for row in make.all(select(TakingPart))} == {known.id, late.id}


def test_nothing_in_the_file_leads_from_an_answer_to_a_player(laptop: Making):
    room, phones = played(laptop, end=False)
    sent = {row.id for row in (*room.kept(Answer), *room.kept(DecisionRow))}
    room.does("end")

    content = pack(laptop.app, room.run).decode()

    assert not [one for one in (*sent, *(phone.id for phone in phones)) if str(one) in content]
    assert (
        "Name 0" not in content and room.kept(Player)[0].key_hash not in content and room.run.screen_key not in content
    )
    answers = json.loads(content)["run"]["answers"]
    assert {tuple(one) for one in answers} == {("id", "task", "round", "profession", "team", "answer")}
    assert [one["id"] for one in answers] == sorted(one["id"] for one in answers)


@pytest.mark.parametrize(
    ("values", "end", "why"),
    [
        ({}, False, NotYet.OPEN),
        ({"rehearsal": True}, False, NotYet.REHEARSAL),
        ({"rehearsal": True}, True, NotYet.REHEARSAL),
    ],
)
def test_a_run_that_goes_on_and_a_rehearsal_do_not_travel(
    app: Flask, make: Making, values: dict[str, Any], end: bool, why: NotYet
):
    room, _phones = played(make, people=1, end=end, **values)

    with app.app_context():
        run = db.session.get_one(Run, room.run.id)

        assert carrying.not_yet(run) is why
        with pytest.raises(ValueError):
            carrying.copied(run)


def test_the_event_and_half_day_are_found_by_what_they_are_called_there(app: Flask, make: Making, laptop: Making):
    event = laptop.event("ghent")
    room, _phones = played(laptop, people=1, half_day=event.half_days[1])
    make.person(email="person2@service.example")
    content = pack(laptop.app, room.run)

    free = take(app, content)
    unplaced = make.one(select(Run))
    here = make.event("ghent")  # it is brought later, and so is the file, once more
    placed = take(app, content)

    assert (free.event, free.placed, unplaced.event_id, unplaced.half_day_id) == ("ghent", False, None, None)
    assert placed.placed
    run = make.one(select(Run))
    assert (run.event_id, run.half_day_id) == (here.id, here.half_days[1].id)
    assert make.one(select(TakingPart)).event_id == here.id


def test_of_a_run_past_its_time_only_who_took_part_is_noted(app: Flask, make: Making, laptop: Making):
    with time_machine.travel(now() - timedelta(days=366)):
        room, _phones = played(laptop, people=1)
        make.person(email="person2@service.example")

    found = take(app, pack(laptop.app, room.run))

    assert (found.old, found.made, found.people) == (True, False, 1)
    assert make.all(select(Run)) == []
    assert len(make.all(select(TakingPart))) == 1


def test_a_run_brought_home_is_erased_when_its_time_is_over(app: Flask, make: Making, laptop: Making):
    room, _phones = played(laptop, people=1)
    take(app, pack(laptop.app, room.run))

    with time_machine.travel(now() + timedelta(days=366)), app.app_context(), writing():
        retention.forget()
        db.session.commit()

    assert make.all(select(Run)) == make.all(select(Answer)) == []


# --- what is refused


def is_refused(app: Flask, content: bytes, why: str) -> None:
    before = rows(app)
    with app.app_context(), writing():
        with pytest.raises(Unfit, match=why):
            carrying.taken(carrying.read(content), now())
        db.session.rollback()
    assert rows(app) == before


def first(name: str, **values: Any) -> Any:
    """Change the first of some rows."""
    return lambda run: run[name][0].update(values)


def given_twice(name: str) -> Any:
    return lambda run: run[name].append(run[name][0])


def other_option(run: dict[str, Any]) -> None:
    run["answers"][0]["answer"] = ["c"] if run["answers"][0]["answer"] != ["c"] else ["a"]


IMPOSSIBLE = {
    "another task": (first("answers", task="nothing"), "belongs to no question"),
    "a decision as an answer": (first("answers", task="decide"), "belongs to no question"),
    "another team": (first("answers", team="west"), "no team"),
    "an answer that is none": (first("answers", answer={"a": 1}), "does not fit"),
    "an unknown option": (first("answers", answer=["z"]), "does not fit"),
    "a sign that no database keeps": (lambda run: run.update(title="a\0b"), "cannot be kept"),
    "the same answer twice": (given_twice("answers"), "stands in it twice"),
    "the same decision twice": (given_twice("decisions"), "stands in it twice"),
    "the same move twice": (given_twice("moves"), "stands in it twice"),
    "no end": (lambda run: run["moves"].pop(), "did not end"),
    "another end": (lambda run: run.update(ended_at="2026-01-01T10:00:00Z"), "did not end"),
    "a time of no calendar": (first("moves", at="0001-01-01T00:00:00Z"), "no calendar"),
    "a time without a zone": (first("moves", at="2026-01-01T10:00:00"), "no exercise's file"),
    "a player": (first("answers", player_id=str(UUID(int=1))), "no exercise's file"),
    "a round before the first": (first("answers", round=0), "no exercise's file"),
    "no scenario": (lambda run: run.update(scenario={}), "no exercise's file"),
    "a scenario with two questions of one name": (
        lambda run: run["scenario"]["task"].append(run["scenario"]["task"][0]), "have one name",
    ),
    "a profession that is none": (first("answers", profession="pirate"), "no exercise's file"),
}  # fmt: skip


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_cannot_be_true_is_refused_even_with_a_right_sum(app: Flask, laptop: Making, name: str):
    room, _phones = played(laptop, people=2)
    change, why = IMPOSSIBLE[name]

    is_refused(app, altered(pack(laptop.app, room.run), change), why)


def test_a_file_that_was_altered_cut_off_or_is_something_else_is_refused(app: Flask, laptop: Making):
    room, _phones = played(laptop, people=2)
    content = pack(laptop.app, room.run)

    is_refused(app, altered(content, other_option, seal=False), "altered, or damaged")
    is_refused(app, content[:-10], "no exercise's file")
    is_refused(app, b"", "no exercise's file")
    is_refused(app, b"\xff\x00", "no exercise's file")
    is_refused(app, b"[" * 100_000, "no exercise's file")
    is_refused(app, b'{"format":"disrupt-event-1","sum":"","run":{}}', "another version")
    is_refused(app, b" " * (carrying.MOST_BYTES + 1), "larger than 20 MB")


def test_a_run_that_went_on_at_both_ends_is_refused(app: Flask, make: Making, laptop: Making):
    room, _phones = played(laptop, people=2)
    content = pack(laptop.app, room.run)
    take(app, content)
    organiser = make.signed_in("organiser")
    organiser.get("/account")
    room.move("note", organiser, organiser.page.hidden("csrf_token"), text="Noted at home")
    assert len(make.all(select(MoveRow))) == 7

    take(app, content)  # older than what is here: nothing to add, nothing in the way
    room.move("note", text="Noted on the laptop")

    is_refused(app, pack(laptop.app, room.run), "in one way here and in another there")


def test_other_answers_under_the_id_of_a_run_that_is_here_are_refused(app: Flask, laptop: Making):
    room, _phones = played(laptop, people=2)
    content = pack(laptop.app, room.run)
    take(app, content)

    is_refused(app, altered(content, other_option), "other answers")
    is_refused(app, altered(content, lambda run: run["answers"].pop()), "other answers")
    is_refused(app, altered(content, lambda run: run["scenario"].update(title="Other")), "another exercise")


def test_what_belongs_to_another_run_here_is_refused(app: Flask, laptop: Making):
    room, _phones = played(laptop, people=2)
    content = pack(laptop.app, room.run)
    take(app, content)

    is_refused(app, altered(content, lambda run: run.update(id=str(UUID(int=7)))), "belongs to another exercise")


def test_a_run_that_is_still_open_here_is_not_written_over(app: Flask, laptop: Making, make: Making):
    room, _phones = played(laptop, people=2, end=False)
    with laptop.app.app_context():
        row = dict(db.session.execute(select(Run.__table__)).mappings().one())
    room.does("end")
    with app.app_context(), writing():
        db.session.execute(Run.__table__.insert().values(row | {"opened_by_id": None}))
        db.session.commit()

    is_refused(app, pack(laptop.app, room.run), "still open here")


def test_a_run_of_the_future_is_refused(app: Flask, laptop: Making):
    with time_machine.travel(now() + timedelta(days=2)):
        room, _phones = played(laptop, people=1)

    is_refused(app, pack(laptop.app, room.run), "clock of the laptop")
