"""Catalogue, topic and checklist: what they say of a person's progress."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import time_machine
from flask import Flask
from sqlalchemy import event as listening

from lms.accounts.models import Person
from lms.clock import now
from lms.content.library import course
from lms.content.material import PaperKind
from lms.database import db, writing
from lms.events import receiving
from lms.events.models import Event, HalfDay, Registration
from lms.events.parts import MarkKind, Part, RegistrationState
from lms.lessons.models import Visit
from lms.quizzes.models import Attempt
from tests.make import Making
from tests.page import HTML, Client, words

SLUGS = (
    "technology-in-recruitment", "early-signs", "investigation-and-prosecution", "digital-evidence",
    "victim-centred-approach",
)  # fmt: skip


def read(make: Making, person: Person, slug: str, lessons: int) -> None:
    with make.app.test_request_context():
        module = course().module(slug)
    moment = now()
    make.add(
        *(
            Visit(
                person_id=person.id, lesson=f"{slug}/{lesson.id}", begun_at=moment,
                seen_at=moment + timedelta(seconds=number), ended_at=moment, checked_at=moment,
            )
            for number, lesson in enumerate(module.lessons[:lessons])
        )
    )  # fmt: skip


def passed(make: Making, person: Person, slug: str, points: float = 9.0) -> None:
    make.add(
        Attempt(
            person_id=person.id, module=slug, number=1, paper_kept={}, out_of=10, begun_at=now(), submitted_at=now(),
            points=points, passed=points >= 7,
        )
    )  # fmt: skip


def attended(make: Making, event: Event, person: Person, *which: int, **values: object) -> Registration:
    """Someone on the roll, who came on time to these half-days and stayed."""
    registration = make.registered(event, person, **values)
    for number in which:
        said(make, registration, event.half_days[number])
    return registration


def said(
    make: Making, registration: Registration, half_day: HalfDay, kind: MarkKind = MarkKind.CAME, late: int = 0
) -> None:
    with make.app.app_context(), writing():
        receiving.say(
            db.session.get_one(Event, registration.event_id), by_id=None,
            registration=db.session.get_one(Registration, registration.id), half_day=half_day, kind=kind,
            at=half_day.starts_at + timedelta(minutes=late), now=half_day.ends_at, reason="said" if late == 0 else "",
        )  # fmt: skip
        db.session.commit()


@contextmanager
def asked_of_the_database(app: Flask) -> Iterator[list[str]]:
    """Every query that is asked meanwhile."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        asked.append(statement)

    with app.app_context():
        engine = db.engine
    listening.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        listening.remove(engine, "before_cursor_execute", note)


def line(client: Client, title: str) -> str:
    """What stands in the last line of my progress that has this title."""
    found = [e for e in client.page.all("li") if any(words(heading) == title for heading in e.iter(HTML + "h3"))]
    return words(found[-1])


def main_links(client: Client) -> list[str]:
    return [a.get("href", "") for a in client.page.one("main").iter(HTML + "a")]


def card(client: Client, number: int) -> str:
    return words([e for e in client.page.all("li") if (e.get("class") or "").startswith("card")][number - 1])


def test_the_catalogue_is_there_without_an_account(client: Client):
    client.get("/modules/")

    assert [card(client, n)[0] for n in range(1, 6)] == list("12345")
    assert "4 lessons" in card(client, 1)
    assert "Not started" in card(client, 1)
    assert "English, Български, Deutsch" in card(client, 2)


def test_a_topic_is_done_when_every_lesson_is_read_and_its_quiz_passed(make: Making):
    client = make.signed_in()
    read(make, client.person, "early-signs", 4)
    client.get("/")
    read_only = card(client, 2)

    passed(make, client.person, "early-signs")
    client.get("/")

    assert "100 %, 4 of 4 lessons" in read_only
    assert "Done, quiz 9 of 10" in card(client, 2)
    assert "Review" in card(client, 2)


def test_a_failed_quiz_does_not_make_a_topic_done(make: Making):
    client = make.signed_in()
    read(make, client.person, "early-signs", 4)
    passed(make, client.person, "early-signs", points=6.9)

    client.get("/")

    assert "Done" not in card(client, 2)


def test_after_the_last_lesson_the_quiz_comes_next_and_after_it_the_next_topic(make: Making):
    client = make.signed_in()
    read(make, client.person, "early-signs", 4)
    client.get("/")
    quiz = "/modules/early-signs/quiz" in client.page.links()

    passed(make, client.person, "early-signs")
    client.get("/")

    assert quiz
    assert "/modules/technology-in-recruitment/what-child-trafficking-is" in client.page.links()


def test_when_everything_is_done_every_line_says_so(make: Making):
    client = make.signed_in()
    for slug in SLUGS:
        read(make, client.person, slug, 5)
        passed(make, client.person, slug)
    attended(make, make.event(first="2025-03-03"), client.person, 0, 1, 3)

    client.get("/progress")

    assert client.page.heading == "29 of 29 lines are done"
    assert "/certificates/" in main_links(client)
    assert client.page.words.count("Done ") >= 29
    client.get("/")


def test_each_open_line_has_the_link_that_does_it(make: Making):
    client = make.signed_in()

    client.get("/progress")

    assert client.page.heading == "0 of 29 lines are done"
    assert "/events/" in main_links(client)
    for link in [one for one in client.page.links() if one.startswith("/modules/")]:
        client.get(link.partition("#")[0])


def test_nobody_sees_the_progress_of_another(make: Making):
    other = make.person()
    read(make, other, "early-signs", 4)
    client = make.signed_in()

    client.get("/progress")

    assert client.page.heading == "0 of 29 lines are done"


def test_a_lesson_that_left_the_course_is_no_stumbling_block(make: Making):
    client = make.signed_in()
    make.add(Visit(person_id=client.person.id, lesson="gone/away", begun_at=now(), seen_at=now(), place="x"))
    make.add(
        Attempt(person_id=client.person.id, module="gone", number=1, paper_kept={}, out_of=10, begun_at=now())
    )  # fmt: skip

    client.get("/")
    client.get("/progress")

    assert "0 of 29" in client.page.heading


@pytest.mark.parametrize("country", ["BG", "IT", "MT"])
def test_the_helpline_box_leaves_out_a_number_that_does_not_answer_in_the_reader_s_country(make: Making, country: str):
    there = make.signed_in(country=country)
    elsewhere = make.signed_in(country="AT")

    there.get("/")
    elsewhere.get("/")

    assert "116 006" not in there.page.words.replace("\u00a0", " ")
    assert "116 006" in elsewhere.page.words.replace("\u00a0", " ")


def test_what_the_certificate_asks_is_read_from_the_course_file(make: Making):
    client = make.signed_in()
    was = client.app.extensions["training"]
    (paper,) = was.course("en").papers_of(PaperKind.COMPLETION)
    signs = msgspec.structs.replace(paper, lessons=("early-signs",), quizzes=(), half_days=0)
    two = msgspec.structs.replace(paper, id="both", lessons=(), quizzes=(), half_days=6, over="all")
    said = []

    try:
        for papers in ((signs,), (signs, two), ()):
            courses = {name: msgspec.structs.replace(one, papers=papers) for name, one in was.courses.items()}
            client.app.extensions["training"] = type(was)(courses, {})
            client.get("/progress")
            said.append(client.page.heading)
    finally:
        client.app.extensions["training"] = was

    assert said == ["0 of 4 lines are done", "0 of 5 lines are done", "My progress"]


# --- half-days -----------------------------------------------------------------------------------------------

COURSE_LINE = "Be present at 3 half-days of one event"


def test_half_days_of_the_best_event_stand_in_the_line_of_the_course(make: Making):
    client = make.signed_in()
    attended(make, make.event("ghent", "2025-03-03"), client.person, 0)
    attended(make, make.event("malmo", "2025-06-02", city="Malmö"), client.person, 0, 1)

    client.get("/progress")

    assert client.page.heading == "0 of 29 lines are done"
    assert "2 of 3 half-days present: Malmo training" in line(client, COURSE_LINE)
    assert "1 half-day is missing." in line(client, COURSE_LINE)


def test_enough_half_days_at_one_event_are_done_since_the_day_of_the_last_that_was_needed(make: Making):
    client = make.signed_in()
    attended(make, make.event("ghent", "2025-03-03"), client.person, 0, 1, 2, 3)

    client.get("/progress")

    assert client.page.heading == "1 of 29 lines are done"
    assert "Done 4\u00a0March 2025" in line(client, COURSE_LINE).replace("Done 4 ", "Done 4\u00a0")


def test_the_line_of_half_days_leads_to_the_event_that_is_to_come_and_else_to_all_events(make: Making):
    client = make.signed_in()
    attended(make, make.event("ghent", "2025-03-03"), client.person, 0)
    client.get("/progress")
    before = main_links(client)

    make.registered(make.event("malmo", "2090-06-02"), client.person)
    client.get("/progress")

    assert "/events/" in before
    assert "/events/" not in main_links(client)
    assert main_links(client).count("/events/malmo") == 2


def test_each_event_says_what_counts_and_what_was_missed_and_why(make: Making):
    client = make.signed_in()
    there = make.event("ghent", "2025-03-03")
    registration = attended(make, there, client.person, 0)
    said(make, registration, there.half_days[1], MarkKind.EXCUSED)
    said(make, registration, there.half_days[2], late=150)

    client.get("/progress")

    told = line(client, "Ghent training")
    assert "1 of 3 half-days present" in told
    assert "Not counted: Afternoon 1 (excused); Morning 2 (11:30 late, does not count); Afternoon 2 (missing)" in told
    assert "2 half-days are missing. The event is over." in told
    assert "/events/ghent" in main_links(client)


def test_an_event_with_nothing_missing_leads_to_the_certificates(make: Making):
    client = make.signed_in()
    attended(make, make.event("ghent", "2025-03-03"), client.person, 0, 1, 3)

    client.get("/progress")

    assert "3 of 3 half-days present. Not counted: Morning 2 (missing)." in line(client, "Ghent training")
    assert "/certificates/" in main_links(client)


@pytest.mark.parametrize(
    ("when", "words_there"),
    [
        ("2027-02-01T12:00+01:00", "3 half-days are missing. 4 half-days are still to come."),
        ("2027-03-01T13:00+01:00", "3 half-days are missing. 3 half-days are still to come."),
        ("2027-03-02T13:00+01:00", "Those still to come are too few."),
        ("2027-03-03T13:00+01:00", "The event is over."),
    ],
)
def test_an_event_says_whether_it_can_still_be_done(make: Making, when: str, words_there: str):
    with time_machine.travel(when):
        client = make.signed_in()
        make.registered(make.event("ghent", "2027-03-01"), client.person)

        client.get("/progress")

        assert words_there in line(client, "Ghent training")


def test_a_half_day_that_goes_on_counts_for_nothing_yet(make: Making):
    with time_machine.travel("2027-03-02T09:05+01:00"):
        client = make.signed_in()
        attended(make, make.event("ghent", "2027-03-01"), client.person, 0, 1, 2)

        client.get("/progress")

        told = line(client, "Ghent training")
        assert "2 of 3 half-days present. 1 half-day is missing. 2 half-days are still to come." in told
        assert "2 of 3 half-days present: Ghent training" in line(client, COURSE_LINE)


def test_an_event_that_goes_on_with_nothing_missing_says_that_its_certificate_comes_when_it_is_over(make: Making):
    with time_machine.travel("2027-03-02T14:00+01:00"):
        client = make.signed_in()
        attended(make, make.event("ghent", "2027-03-01"), client.person, 0, 1, 2)

        client.get("/progress")

        assert "Its certificate is issued when the event is over." in line(client, "Ghent training")
        assert "/certificates/" not in main_links(client)
        assert client.page.heading == "1 of 29 lines are done"


def test_events_where_one_is_no_participant_or_has_cancelled_have_no_line(make: Making):
    client = make.signed_in()
    make.registered(make.event("ghent"), client.person, part=Part.TRAINER)
    make.registered(make.event("malmo"), client.person, state=RegistrationState.CANCELLED)

    client.get("/progress")

    assert "Certificates of attendance" not in client.page.words
    assert "training" not in [words(e) for e in client.page.all("h3")]


def test_titles_of_events_are_printed_as_they_were_typed(make: Making):
    client = make.signed_in()
    there = make.event("ghent", "2025-03-03", title="*Training* <b>&amp; {{ 7*7 }}")
    attended(make, there, client.person, 0, 1, 2)

    client.get("/progress")

    assert "*Training* <b>&amp; {{ 7*7 }}" in client.page.words


def test_the_page_stays_small_and_asks_no_more_for_nine_events_than_for_one(make: Making):
    client = make.signed_in()
    attended(make, make.event("town-0", "2025-01-06"), client.person, 0)
    client.get("/progress")
    with asked_of_the_database(make.app) as of_one:
        client.get("/progress")

    for number in range(1, 9):
        attended(make, make.event(f"town-{number}", f"2025-0{number + 1}-03"), client.person, 0)
    with asked_of_the_database(make.app) as of_nine:
        answer = client.get("/progress")

    assert len(of_nine) == len(of_one)
    assert len(answer.data) <= 50_000


# --- the course's page says when all is done -----------------------------------------------------------------


def test_who_has_done_every_topic_is_told_which_half_days_are_missing_and_then_that_nothing_is(make: Making):
    client = make.signed_in()
    for slug in SLUGS:
        read(make, client.person, slug, 5)
        passed(make, client.person, slug)
    client.get("/")
    before = client.page.words

    attended(make, make.event("ghent", "2025-03-03"), client.person, 0, 1, 2)
    client.get("/")

    assert "Every topic is done For the course certificate: 3 half-days are missing" in before
    assert "Nothing is missing for the course certificate" in client.page.words
    assert "/certificates/" in main_links(client)


def test_the_course_s_page_asks_for_attendance_only_of_who_has_done_every_topic(make: Making):
    client = make.signed_in()
    attended(make, make.event("ghent", "2025-03-03"), client.person, 0)
    with asked_of_the_database(make.app) as before:
        client.get("/")

    for slug in SLUGS:
        read(make, client.person, slug, 5)
        passed(make, client.person, slug)
    with asked_of_the_database(make.app) as after:
        client.get("/")

    assert not [query for query in before if "FROM registration" in query]
    assert [query for query in after if "FROM registration" in query]
