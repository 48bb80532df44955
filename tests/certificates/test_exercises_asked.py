"""A paper that asks live exercises: who has taken part in one, who has not, and what the paper says of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from flask import Flask
from sqlalchemy import event as listen
from sqlalchemy import select

from lms.accounts.models import Person
from lms.certificates import due, issuing
from lms.certificates.models import Certificate, ConfirmedName
from lms.certificates.parts import COURSE, Stands
from lms.certificates.reasons import reason
from lms.clock import now
from lms.content.material import Paper, PaperKind
from lms.database import db, writing
from lms.exercises.models import Run, TakingPart
from tests.exercises.play import EXERCISE
from tests.exercises.rooms import RoomWith
from tests.make import Making
from tests.page import Client
from tests.progress.test_progress_pages import line

CITIES = ("technology-in-recruitment", "three-cities")
HOURS = ("investigation-and-prosecution", "sixty-days-eight-hours")
JOIN = "/join"


@contextmanager
def asking(app: Flask, **asked: Any) -> Iterator[None]:
    """The course with a paper of completion that asks nothing but this."""
    was = app.extensions["training"]
    paper = Paper(id="completion", kind=PaperKind.COMPLETION, title="Five topics", **asked)
    courses = {code: msgspec.structs.replace(course, papers=(paper,)) for code, course in was.courses.items()}
    app.extensions["training"] = replace(was, courses=courses)
    try:
        yield
    finally:
        app.extensions["training"] = was


@pytest.fixture
def one_exercise(app: Flask) -> Iterator[None]:
    with asking(app, exercises=1):
        yield


def took_part(make: Making, person: Person, which: tuple[str, str] = CITIES, day: date = date(2024, 10, 16)) -> None:
    module, exercise = which
    make.add(TakingPart(run_id=uuid4(), person_id=person.id, module=module, exercise=exercise, day=day))


def confirmed(make: Making, **values: Any) -> Person:
    person = make.person(**values)
    make.add(ConfirmedName(person_id=person.id, name=person.name, at=now()))
    return person


def issued(make: Making, person: Person) -> Certificate:
    with make.app.test_request_context(), writing():
        candidate = due.of_one(COURSE, "completion", person.id, None)
        kept = issuing.keep(issuing.make(issuing.drafted(candidate, now())), None, now())
        db.session.commit()
        found = kept.id
    return make.one(select(Certificate).where(Certificate.id == found))


def stands(make: Making) -> dict[str, tuple[Stands, str]]:
    """Everyone's standing towards the paper of the course, with the reason."""
    with make.app.test_request_context():
        return {one.holder.name: (one.stands, reason(one)) for one in due.of_course()}


@pytest.mark.usefixtures("one_exercise")
def test_who_has_taken_part_is_due_and_the_table_says_what_others_lack(make: Making):
    took_part(make, confirmed(make, name="Player"))
    confirmed(make, name="Absent")

    assert stands(make) == {
        "Player": (Stands.DUE, ""), "Absent": (Stands.MISSING, "1 live exercise is missing"),
    }  # fmt: skip


def test_the_same_exercise_twice_is_one(make: Making):
    person = confirmed(make, name="Twice")
    took_part(make, person)
    took_part(make, person, day=date(2025, 2, 12))

    with asking(make.app, exercises=2):
        before = stands(make)
        took_part(make, person, HOURS)
        after = stands(make)

    assert (before, after) == (
        {"Twice": (Stands.MISSING, "1 live exercise is missing")}, {"Twice": (Stands.DUE, "")},
    )  # fmt: skip


def test_taking_part_in_a_run_to_its_end_is_what_counts(app: Flask, make: Making):
    room = RoomWith(app, make, teams_by="self")
    client, other = make.signed_in(name="Answers"), make.signed_in(name="Looks On")
    phone, looking = room.phone(client, name="A"), room.phone(other, name="B")
    for one in (phone, looking):
        one.post("seat", {"team": "north"})
    room.does("start", "next", "open mood")
    phone.send("mood", "good")

    with asking(app, exercises=1):
        open_run = stands(make)
        room.does("end")
        over = stands(make)

    assert open_run["Answers"][0] is Stands.MISSING
    assert (over["Answers"][0], over["Looks On"][0]) == (Stands.NAME, Stands.MISSING)
    assert EXERCISE.counts


@pytest.mark.usefixtures("one_exercise")
def test_what_one_took_part_in_stays_when_the_run_is_erased(app: Flask, make: Making):
    room = RoomWith(app, make)
    person = confirmed(make, name="Player")
    make.add(
        TakingPart(run_id=room.run.id, person_id=person.id, module=CITIES[0], exercise=CITIES[1], day=now().date())
    )
    with app.app_context(), writing():
        db.session.delete(db.session.get_one(Run, room.run.id))
        db.session.commit()

    assert stands(make) == {"Player": (Stands.DUE, "")}


@pytest.mark.usefixtures("one_exercise")
def test_the_paper_freezes_the_titles_and_days_of_what_was_played(make: Making):
    person = confirmed(make, name="Player", language="de")
    took_part(make, person, HOURS, date(2025, 2, 12))
    took_part(make, person, CITIES, date(2024, 10, 16))
    took_part(make, person, CITIES, date(2025, 2, 13))
    took_part(make, person, ("early-signs", "gone"), date(2025, 2, 13))

    kept = issued(make, person)

    with make.app.app_context():
        stated = issuing.statement_of(kept)
    assert [(one.id, one.title["en"], one.day) for one in stated.exercises] == [
        ("technology-in-recruitment/three-cities", "Three cities", date(2024, 10, 16)),
        ("investigation-and-prosecution/sixty-days-eight-hours", "Sixty days, eight hours", date(2025, 2, 12)),
        ("early-signs/gone", "gone", date(2025, 2, 13)),
    ]
    assert [(one.kind, one.asked, one.done) for one in stated.rule] == [("exercises", 1, 1)]
    assert set(stated.exercises[0].title) == {"en", "de"}


def test_a_paper_that_asks_no_exercise_says_nothing_of_any(make: Making):
    event = make.past_event()
    person = make.person(name="Player")
    make.due(event, person)
    took_part(make, person)

    with asking(make.app, half_days=3):
        kept = issued(make, person)

    with make.app.app_context():
        stated = issuing.statement_of(kept)
    assert stated.exercises == ()
    assert [line.kind for line in stated.rule] == ["half-days"]


def test_a_rule_that_asks_exercises_later_takes_no_paper_away(make: Making):
    person = make.person(name="Kept")
    make.due(make.past_event(), person)
    with asking(make.app, half_days=3):
        kept = issued(make, person)

    with asking(make.app, half_days=3, exercises=3):
        now_stands = stands(make)

    assert now_stands["Kept"][0] is Stands.ISSUED
    assert make.one(select(Certificate)).sha256 == kept.sha256


@pytest.mark.usefixtures("one_exercise")
def test_my_progress_leads_to_where_one_joins_and_then_says_since_when_it_is_done(make: Making):
    client: Client = make.signed_in()

    client.get("/progress")
    before, links = line(client, "Take part in 1 live exercise"), client.page.links()
    took_part(make, client.person)
    client.get("/progress")
    after = line(client, "Take part in 1 live exercise")

    assert "Took part in 0 of 1 live exercises." in before
    assert JOIN in links
    assert "Took part in 1 of 1 live exercises: Three cities" in after
    assert "Done 16 October 2024" in after.replace("\u00a0", " ")
    assert client.page.heading == "1 of 1 lines are done"


def test_my_progress_says_what_one_took_part_in_although_no_paper_asks_for_it(make: Making):
    client, other = make.signed_in(), make.person()
    took_part(make, client.person)
    took_part(make, other, HOURS)

    client.get("/progress")

    assert line(client, "Three cities").replace("\u00a0", " ") == "Three cities Took part Done 16 October 2024"
    assert "Sixty days" not in client.page.words
    assert client.page.heading == "0 of 29 lines are done"


def test_two_of_three_exercises_are_a_part_and_name_what_was_played(make: Making):
    client = make.signed_in()
    took_part(make, client.person)
    took_part(make, client.person, HOURS, date(2025, 2, 12))

    with asking(make.app, exercises=3):
        client.get("/progress")
        said = line(client, "Take part in 3 live exercises")

    assert "Took part in 2 of 3 live exercises: Three cities, Sixty days, eight hours" in said


@pytest.mark.usefixtures("one_exercise")
def test_five_players_are_asked_with_as_many_queries_as_one(make: Making):
    took_part(make, confirmed(make))
    one = queries(make.app)
    for _ in range(4):
        took_part(make, confirmed(make))

    assert queries(make.app) == one


def queries(app: Flask) -> int:
    asked: list[str] = []
    with app.test_request_context():
        heard = lambda _c, _cursor, statement, *_rest: asked.append(statement)  # noqa: E731
        listen.listen(db.engine, "before_cursor_execute", heard)
        try:
            due.of_course()
        finally:
            listen.remove(db.engine, "before_cursor_execute", heard)
    return len(asked)
