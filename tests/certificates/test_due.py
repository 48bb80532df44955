"""Who is due a paper, who is not, and why."""

from dataclasses import replace
from uuid import uuid4

import msgspec
import pytest
import time_machine
from flask import Flask
from sqlalchemy import event as listen
from sqlalchemy import select

from lms.accounts.models import Role, Standing
from lms.certificates import due
from lms.certificates.models import Certificate, ConfirmedName
from lms.certificates.parts import Stands
from lms.clock import now
from lms.content.library import course
from lms.database import db
from lms.events.models import Event, HalfDay
from lms.events.parts import Part, RegistrationState
from lms.lessons.models import Visit
from lms.quizzes.models import Attempt
from tests.make import Making


def found(make: Making, event: Event) -> dict[str, Stands]:
    """How everyone on the roll of an event stands, by name."""
    with make.app.test_request_context():
        again = db.session.get_one(Event, event.id)
        return {one.holder.name: one.stands for one in due.of_event(again)}


def did_everything(make: Making, person_id: int) -> None:
    with make.app.test_request_context():
        modules = course().modules
    moment = now()
    make.add(
        *(
            Visit(
                person_id=person_id, lesson=f"{module.slug}/{lesson.id}", begun_at=moment, seen_at=moment,
                ended_at=moment, checked_at=moment,
            )
            for module in modules
            for lesson in module.lessons
        ),
        *(
            Attempt(
                person_id=person_id, module=module.slug, number=1, paper_kept={}, out_of=10, begun_at=moment,
                submitted_at=moment, points=8.0, passed=True,
            )
            for module in modules
        ),
    )  # fmt: skip


def test_three_half_days_of_four_and_a_confirmed_name_are_what_a_paper_of_attendance_asks(make: Making):
    event = make.past_event()
    for name, half_days in (("Four", 4), ("Three", 3), ("Two", 2), ("None", 0)):
        make.due(event, make.person(name=name), half_days)

    assert found(make, event) == {
        "Four": Stands.DUE, "Three": Stands.DUE, "Two": Stands.MISSING, "None": Stands.MISSING,
    }  # fmt: skip


def test_an_event_with_fewer_half_days_than_the_paper_asks_asks_for_all_it_has(make: Making):
    halves = make.past_event("bonn").half_days[:2]
    event = make.past_event(
        half_days=[
            HalfDay(id=uuid4(), title=half.title, starts_at=half.starts_at, ends_at=half.ends_at) for half in halves
        ]
    )
    make.due(event, make.person(name="There"), 2)

    assert found(make, event) == {"There": Stands.DUE}


def test_a_name_that_changed_after_it_was_confirmed_is_confirmed_anew(make: Making):
    event = make.past_event()
    person = make.person(name="Before")
    make.due(event, person)
    make.change(person, name="After")

    assert found(make, event) == {"After": Stands.NAME}


def test_a_name_with_a_letter_that_no_font_of_ours_has_is_not_due_and_the_letter_is_named(make: Making):
    event = make.past_event()
    make.due(event, make.person(name="Ana 𓀀 Doe"))

    with make.app.test_request_context():
        (one,) = due.of_event(db.session.get_one(Event, event.id))

    assert (one.stands, one.unprintable) == (Stands.LETTERS, ["𓀀"])


@pytest.mark.parametrize("letter", ["\x00", "\x07", "\x1b", "\u202e", "\x7f", "\x85"])
def test_a_character_that_controls_is_not_printed(make: Making, letter):
    if make.app.extensions["settings"].database_url.startswith("postgresql") and letter == "\x00":
        return  # PostgreSQL keeps no such text
    event = make.past_event()
    make.due(event, make.person(name=f"Ana{letter}Doe"))

    assert list(found(make, event).values()) == [Stands.LETTERS]


def test_trainers_and_those_who_cancelled_get_no_paper_of_attendance(make: Making):
    event = make.past_event()
    make.due(event, make.person(name="Trainer"), part=Part.TRAINER)
    make.due(event, make.person(name="Gone"), state=RegistrationState.CANCELLED)
    make.due(event, make.person(name="Here"))

    assert found(make, event) == {"Here": Stands.DUE}


def test_a_walk_in_without_an_account_is_due_when_an_organiser_has_read_the_name(make: Making):
    event = make.past_event()
    walk_in = make.registered(event, name="Walk In")
    make.attended(event, walk_in)

    assert found(make, event) == {"Walk In": Stands.NAME}

    make.add(ConfirmedName(registration_id=walk_in.id, name="Walk In", at=now()))

    assert found(make, event) == {"Walk In": Stands.DUE}


def test_the_marks_of_a_walk_in_that_was_someone_registered_count_for_them_alone(make: Making):
    event = make.past_event()
    known = make.due(event, make.person(name="Known"), 2)
    stranger = make.registered(event, name="Stranger", walk_in=True)
    with make.app.app_context():
        halves = db.session.get_one(Event, event.id).half_days
    make.attended(event, stranger, len(halves))
    make.change(stranger, merged_into_id=known.id)

    assert found(make, event) == {"Known": Stands.DUE}


def test_who_has_a_paper_or_had_it_revoked_is_not_due(make: Making):
    event = make.past_event()
    has, had = (make.certificate(make.due(event, make.person(name=name))) for name in ("Has", "Had"))
    make.change(had, revoked_at=now(), revoked_why="wrong")

    assert found(make, event) == {"Has": Stands.ISSUED, "Had": Stands.REVOKED}
    assert has.number != had.number


def test_a_paper_is_found_again_when_its_holder_gets_an_account_later(make: Making):
    event = make.past_event()
    walk_in = make.due(event, name="Later")
    make.certificate(walk_in)
    person = make.person(name="Later")
    make.change(walk_in, person_id=person.id, name="")

    assert found(make, event) == {"Later": Stands.ISSUED}


def test_a_paper_is_found_again_when_its_walk_in_turns_out_to_be_someone_registered(make: Making):
    event = make.past_event()
    walk_in = make.due(event, name="Walk In", walk_in=True)
    make.certificate(walk_in)
    known = make.due(event, make.person(name="Known"))
    make.change(walk_in, merged_into_id=known.id)

    assert found(make, event) == {"Known": Stands.ISSUED}


def test_who_became_a_trainer_or_lost_the_account_is_no_longer_on_the_list(make: Making):
    event = make.past_event()
    registration = make.due(event)

    make.change(registration, part=Part.TRAINER)
    make.change(registration.person, standing=Standing.DISABLED)

    with make.app.test_request_context():
        assert due.of_one("ghent", "attendance", registration.person_id, registration.id) is None
        assert due.of_one("course", "completion", registration.person_id, None) is None


def test_no_paper_is_due_before_its_event_is_over(make: Making):
    event = make.event(first="2027-03-01")
    make.due(event, make.person(name="There"))

    with time_machine.travel("2027-03-02T16:59+01:00"):
        before = found(make, event)
    with time_machine.travel("2027-03-02T17:00+01:00"):
        after = found(make, event)

    assert (before, after) == ({"There": Stands.EARLY}, {"There": Stands.DUE})


def test_the_papers_of_the_course_ask_lessons_quizzes_and_half_days_at_one_event(make: Making):
    event = make.past_event()
    whole, home, away = (make.person(name=name) for name in ("Whole", "Home", "Away"))
    make.due(event, whole, 3)
    make.due(event, away, 4)
    for person in (whole, home):
        did_everything(make, person.id)
    make.add(ConfirmedName(person_id=home.id, name="Home", at=now()))

    with make.app.test_request_context():
        stands = {one.holder.name: (one.stands, [line.kind.value for line in one.missing]) for one in due.of_course()}

    assert stands == {
        "Whole": (Stands.DUE, []),
        "Home": (Stands.MISSING, ["half-days"]),
        "Away": (Stands.MISSING, ["lessons", "quizzes"]),
    }


def test_half_days_of_two_events_make_no_whole_event(make: Making):
    person = make.person(name="Twice")
    for slug, first in (("ghent", "2025-03-03"), ("graz", "2025-05-05")):
        make.due(make.past_event(slug, first), person, 2) if slug == "ghent" else make.attended(
            event := make.past_event(slug, first), make.registered(event, person), 2
        )
    did_everything(make, person.id)

    with make.app.test_request_context():
        (one,) = due.of_course()

    assert [(line.kind.value, line.asked, line.done) for line in one.missing] == [("half-days", 3, 2)]


def test_one_person_sees_what_the_organisers_table_says_of_them(make: Making):
    event = make.past_event()
    person = make.person(name="Same")
    make.due(event, person, 2)
    make.due(event, make.person(name="Other"))

    with make.app.test_request_context():
        of_event = next(one for one in due.of_event(db.session.get_one(Event, event.id)) if one.holder.name == "Same")
        mine = {one.paper.id: one for one in due.of_person(person.id)}
        alone = due.of_one("ghent", "attendance", person.id, None)

    assert mine.keys() == {"attendance", "completion"}
    for one in (mine["attendance"], alone):
        assert (one.stands, one.checklist) == (of_event.stands, of_event.checklist)


def test_who_takes_the_course_is_asked_and_staff_who_do_not_are_left_alone(make: Making):
    make.person(name="Practitioner")
    make.person(Role.TRAINER, name="Trainer")
    make.person(name="Closed", standing=Standing.DISABLED)
    reader = make.person(Role.TRAINER, name="Reader")
    did_everything(make, reader.id)

    with make.app.test_request_context():
        names = [one.holder.name for one in due.of_course()]

    assert names == ["Practitioner", "Reader"]


def test_five_are_asked_with_as_many_queries_as_one(make: Making):
    event = make.past_event()
    make.due(event, make.person())
    one = queries(make.app, event)
    for _ in range(4):
        make.due(event, make.person())

    assert queries(make.app, event) == one


def queries(app: Flask, event: Event) -> int:
    asked: list[str] = []
    with app.test_request_context():
        again = db.session.get_one(Event, event.id)
        heard = lambda _c, _cursor, statement, *_rest: asked.append(statement)  # noqa: E731
        listen.listen(db.engine, "before_cursor_execute", heard)
        try:
            due.of_event(again)
            due.of_course()
        finally:
            listen.remove(db.engine, "before_cursor_execute", heard)
    return len(asked)


def test_a_rule_that_grows_takes_no_paper_away(make: Making, monkeypatch):
    event = make.past_event()
    kept = make.certificate(make.due(event, make.person(name="Kept"), 3))
    was = make.app.extensions["training"]
    harder = {
        code: msgspec.structs.replace(
            course, papers=tuple(msgspec.structs.replace(paper, half_days=4) for paper in course.papers)
        )
        for code, course in was.courses.items()
    }
    monkeypatch.setitem(make.app.extensions, "training", replace(was, courses=harder))

    assert found(make, event) == {"Kept": Stands.ISSUED}
    assert make.one(select(Certificate)).number == kept.number
