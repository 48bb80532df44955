"""Catalogue, topic and checklist: what they say of a person's progress."""

from datetime import timedelta

import msgspec
import pytest

from lms.accounts.models import Person
from lms.clock import now
from lms.content.library import course
from lms.lessons.models import Visit
from lms.quizzes.models import Attempt
from tests.make import Making
from tests.page import Client


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


def card(client: Client, number: int) -> str:
    from tests.page import words  # noqa: PLC0415

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
    for slug in ("technology-in-recruitment", "early-signs", "investigation-and-prosecution", "digital-evidence",
                 "victim-centred-approach"):  # fmt: skip
        read(make, client.person, slug, 5)
        passed(make, client.person, slug)

    client.get("/progress")

    assert client.page.heading == "28 of 28 lines are done"
    assert client.page.words.count("Done ") >= 28
    client.get("/")


def test_each_open_line_has_the_link_that_does_it(make: Making):
    client = make.signed_in()

    client.get("/progress")

    assert client.page.heading == "0 of 28 lines are done"
    for link in [one for one in client.page.links() if one.startswith("/modules/")]:
        client.get(link.partition("#")[0])


def test_nobody_sees_the_progress_of_another(make: Making):
    other = make.person()
    read(make, other, "early-signs", 4)
    client = make.signed_in()

    client.get("/progress")

    assert client.page.heading == "0 of 28 lines are done"


def test_a_lesson_that_left_the_course_is_no_stumbling_block(make: Making):
    client = make.signed_in()
    make.add(Visit(person_id=client.person.id, lesson="gone/away", begun_at=now(), seen_at=now(), place="x"))
    make.add(
        Attempt(person_id=client.person.id, module="gone", number=1, paper_kept={}, out_of=10, begun_at=now())
    )  # fmt: skip

    client.get("/")
    client.get("/progress")

    assert "0 of 28" in client.page.heading


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
    paper = msgspec.structs.replace(was.course("en").papers[0], lessons=("early-signs",), quizzes=())
    courses = {name: msgspec.structs.replace(one, papers=(paper,)) for name, one in was.courses.items()}
    client.app.extensions["training"] = type(was)(courses, {})

    try:
        client.get("/progress")
    finally:
        client.app.extensions["training"] = was

    assert client.page.heading == "0 of 4 lines are done"
