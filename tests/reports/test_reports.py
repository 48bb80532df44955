"""A mistake someone found: reported by a reader, seen and settled by organisers."""

import pytest
from flask import Flask
from sqlalchemy import select

from lms.accounts.models import Role
from lms.audit import AuditRow
from lms.clock import now
from lms.content.library import training
from lms.reports.models import Report
from tests.make import Making
from tests.page import Client

LESSON = "/report/early-signs/reporting-routes"
WORDS = "The third paragraph names the wrong article.\r\nIt should be 18."


@pytest.fixture
def reader(make: Making) -> Client:
    return make.signed_in()


@pytest.fixture
def organiser(make: Making) -> Client:
    return make.signed_in(Role.ORGANISER)


def send(client: Client, path: str = LESSON, words: str = WORDS, status: int = 302) -> None:
    client.get(path)
    client.post(path, {"words": words}, status=status)


def a_question(app: Flask) -> str:
    with app.app_context():
        return training().course("en").module("early-signs").quiz.questions[0].id


def test_a_reader_reports_a_mistake_in_a_lesson_and_goes_back_to_it(reader: Client, make: Making):
    reader.get(LESSON)

    answer = reader.post(LESSON, {"words": WORDS})
    reader.follow(answer)

    report = make.one(select(Report))
    assert (report.person_id, report.about, report.words) == (reader.person.id, "early-signs/reporting-routes", WORDS)
    assert report.settled_at is None
    assert answer.location == "/modules/early-signs/reporting-routes"
    assert "Thank you: the organisers will look at it." in reader.page.words


def test_a_reader_reports_a_mistake_in_a_question(reader: Client, app: Flask, make: Making):
    question = a_question(app)

    send(reader, f"/report/early-signs/quiz/{question}")

    assert make.one(select(Report)).about == f"early-signs/quiz/{question}"


def test_the_page_of_a_question_gives_no_answer_away(reader: Client, app: Flask):
    with app.app_context():
        questions = training().course("en").module("early-signs").quiz.questions

    for question in questions:
        reader.get(f"/report/early-signs/quiz/{question.id}")
        for text in secrets_of(question):
            assert text not in reader.page.text


def secrets_of(question: object) -> list[str]:
    options = [option.feedback for option in getattr(question, "options", ())]
    parts = [text for part in getattr(question, "parts", ()) for text in secrets_of(part)]
    return [text for text in [*options, *parts, getattr(question, "explanation", "")] if text]


@pytest.mark.parametrize(
    "path",
    [
        "/report/early-signs/no-such-lesson",
        "/report/no-such-topic/reporting-routes",
        "/report/early-signs/quiz/no-such-question",
        "/report/digital-evidence/reporting-routes",
        "/report/early-signs/quiz",
        "/report/early-signs/..%2f..%2fetc",
    ],
)
def test_what_is_not_in_the_course_cannot_be_reported(reader: Client, make: Making, path: str):
    reader.get(LESSON)

    reader.get(path, status=404)
    reader.post(path, {"words": WORDS}, status=404)

    assert make.all(select(Report)) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "Write what is wrong."),
        ("   \r\n ", "Write what is wrong."),
        ("x" * 2001, "Shorten this to 2,000 characters."),
        ("\x07\u200b", "Write what is wrong."),
    ],
    ids=["none", "spaces", "too long", "nothing to see"],
)
def test_words_that_are_missing_or_too_long_are_refused_with_words(reader: Client, make: Making, words: str, said: str):
    send(reader, words=words, status=422)

    assert said in reader.page.words
    assert make.all(select(Report)) == []


def test_what_no_page_can_show_is_left_out(reader: Client, organiser: Client, make: Making):
    send(reader, words="A\x07 bell,\r\n\ta\u202e turn\x1b[31m and a \ufeffmark")

    organiser.get("/desk/reports")

    assert make.one(select(Report)).words == "A bell,\r\n\ta turn[31m and a mark"


def test_two_thousand_characters_of_any_alphabet_are_kept(reader: Client, make: Making):
    words = ("Ж😀<b>&" * 400)[:2000]

    send(reader, words=words)

    assert make.one(select(Report)).words == words


def test_nobody_reports_in_the_name_of_someone_else_or_settles_by_adding_fields(reader: Client, make: Making):
    other = make.person()
    reader.get(LESSON)

    reader.post(
        LESSON, {"words": WORDS, "person_id": str(other.id), "settled_at": "2026-01-01", "about": "x", "id": "9"}
    )

    report = make.one(select(Report))
    assert (report.person_id, report.about, report.settled_at) == (
        reader.person.id,
        "early-signs/reporting-routes",
        None,
    )


def test_organisers_see_the_open_reports_first_and_as_they_were_written(organiser: Client, make: Making):
    nasty = "<script>alert(1)</script> {{ 7*7 }} & 'x'"
    make.add(
        Report(person_id=organiser.person.id, about="a/first", words=nasty, reported_at=now()),
        Report(person_id=organiser.person.id, about="b/second", words="settled", reported_at=now(), settled_at=now()),
        Report(person_id=organiser.person.id, about="c/third", words="open", reported_at=now()),
    )

    organiser.get("/desk/reports")

    words = organiser.page.words
    assert words.index("c/third") < words.index("a/first") < words.index("b/second")
    assert nasty in words


def test_a_report_is_settled_once_and_noted_once_with_its_id_alone(organiser: Client, reader: Client, make: Making):
    send(reader)
    report = make.one(select(Report))
    organiser.get("/desk/reports")

    organiser.post(f"/desk/reports/{report.id}/settle")
    first = make.one(select(Report)).settled_at
    organiser.post(f"/desk/reports/{report.id}/settle")

    assert first is not None
    assert make.one(select(Report)).settled_at == first
    row = make.one(select(AuditRow))
    assert (row.deed, row.actor_id, row.about) == ("report.settled", organiser.person.id, {"report": report.id})
    organiser.get("/desk/reports")
    assert "Settled " in organiser.page.words


@pytest.mark.parametrize("number", [999999, 0, 2**31, 10**40])
def test_a_report_that_is_not_there_is_not_found(organiser: Client, make: Making, number: int):
    organiser.get("/desk/reports")

    organiser.post(f"/desk/reports/{number}/settle", status=404)

    assert make.all(select(AuditRow)) == []


@pytest.mark.parametrize("role", [Role.PRACTITIONER, Role.TRAINER], ids=str)
def test_reports_are_for_organisers_alone(make: Making, role: Role):
    client = make.signed_in(role)
    make.add(Report(person_id=client.person.id, about="x", words="y", reported_at=now()))
    report = make.one(select(Report))
    client.get("/account")
    token = client.page.hidden("csrf_token")

    client.get("/desk/reports", status=404)
    client.post(f"/desk/reports/{report.id}/settle", {"csrf_token": token}, status=404)

    assert make.one(select(Report)).settled_at is None


def test_with_no_reports_the_page_says_so(organiser: Client):
    organiser.get("/desk/reports")

    assert "No reports." in organiser.page.words
