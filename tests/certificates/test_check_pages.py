"""The pages on which anyone checks a certificate: what they tell, what they never tell, what they take, what they keep."""

import io
import logging
import re
import tempfile
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, event
from werkzeug.test import TestResponse

from lms import rates
from lms.accounts.models import Role
from lms.certificates import check_pages, checking, numbers, signing
from lms.certificates.models import Certificate, CertificateFile, SigningKey
from lms.clock import now
from lms.database import db, writing
from tests.certificates.test_issuing import content, revoked, superseded
from tests.make import Making, another_site
from tests.page import Page

NAME = "Marija Żammit Ċiantar"
UNISSUED = numbers.written("0123456789A")


@pytest.fixture
def anyone(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def paper(make: Making) -> Certificate:
    return make.certificate(make.due(make.past_event(), make.person(name=NAME)))


def page_of(response: TestResponse, status: int = 200) -> Page:
    """A page, with nothing wrong in it; its forms carry no token, because none is asked for."""
    assert response.status_code == status, response.text[:300]
    assert "Set-Cookie" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"
    page = Page(response.text)
    assert not [one for one in page.wrongs() if "without csrf_token" not in one]
    return page


def word(page: Page) -> str:
    """The word that an answer begins with."""
    return re.search(r"Answer.*?\d\d:\d\d (\w+)", page.words)[1]


def drop(client: FlaskClient, file: bytes, path: str = "/check/", field: str = "file", name: str = "a.pdf"):
    """Send a file as a browser does; the form is put together here, because Werkzeug's client spools a large one."""
    head = f'--x\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'.encode()
    body = head + file + b"\r\n--x--\r\n"
    return client.post(path, data=body, content_type="multipart/form-data; boundary=x")


# --- by number -----------------------------------------------------------------------------------------------


def test_a_number_that_is_typed_leads_to_an_address_that_can_be_given_on(anyone: FlaskClient, paper: Certificate):
    page_of(anyone.get("/check/"))

    typed = anyone.get("/check/", query_string={"number": f" {paper.number.lower().replace('-', ' ')} "})

    assert (typed.status_code, typed.location) == (302, f"/check/{paper.number}")


def test_a_valid_number_tells_what_it_is_for_and_never_for_whom(anyone: FlaskClient, paper: Certificate):
    page = page_of(anyone.get(f"/check/{paper.number}"))

    assert word(page) == "Valid"
    assert page.title.startswith("Valid: Check a certificate")
    for told in (paper.number, "Certificate of attendance", "Ghent training", "4 of 4 half-days", "14 h"):
        assert told in page.words
    assert not re.search("Marija|Żammit|Ċiantar|Person", page.text)


def test_each_state_is_said_in_a_word_of_its_own(anyone: FlaskClient, make: Making, paper: Certificate):
    event = make.past_event("graz", "2025-04-05")
    wrong = make.certificate(make.due(event))
    superseded(make, paper, "Marija Ċiantar", "A letter was missing")
    revoked(make, wrong, "It was somebody else")

    old, gone = (page_of(anyone.get(f"/check/{one.number}")) for one in (paper, wrong))

    assert (word(old), word(gone)) == ("Superseded", "Revoked")
    assert not re.search("letter was missing|somebody else", old.words + gone.words)


def test_an_older_key_and_a_compromised_one_are_said(anyone: FlaskClient, make: Making, paper: Certificate):
    key = make.all(SigningKey.__table__.select().with_only_columns(SigningKey.fingerprint))[0]
    make.add(
        SigningKey(fingerprint="b" * 64, subject="New", certificate="PEM", first_used_at=now(), compromised_why="")
    )
    newer = make.certificate(make.due(make.past_event("graz", "2025-04-05")))
    make.change(newer, key_fingerprint="b" * 64)

    older = page_of(anyone.get(f"/check/{paper.number}"))
    with make.app.app_context(), writing():
        row = db.session.get_one(SigningKey, key)
        row.compromised_from, row.compromised_why = paper.issued_at - timedelta(days=1), "Stolen"
        db.session.commit()
    condemned = page_of(anyone.get(f"/check/{paper.number}"))

    assert (word(older), word(condemned)) == ("Valid", "Revoked")
    assert "older key of ours" in older.words
    assert "Key not safe from" in condemned.words
    assert "Stolen" not in condemned.words


def test_unknown_and_malformed_numbers_look_alike_byte_for_byte_but_for_what_was_typed(anyone: FlaskClient):
    with time_machine.travel(now(), tick=False):
        answers = {one: anyone.get(f"/check/{one}") for one in (UNISSUED, "nonsense", "D-0000", "ж" * 40, "D_%20x")}

    pages = {one: page_of(answer, 404) for one, answer in answers.items()}
    typed = {one: page.one("input", id="number").get("value") for one, page in pages.items()}
    assert len({page.text.replace(f'value="{typed[one]}"', "") for one, page in pages.items()}) == 1
    assert {word(page) for page in pages.values()} == {"Unknown"}
    assert len({tuple(sorted(set(dict(one.headers)) - {"Content-Length"})) for one in answers.values()}) == 1


@pytest.mark.parametrize("typed", ["a/b", "..", "?", "#", "Ж/..", "<script>", "%00", "x" * 3000, "D-" + "9" * 90])
def test_whatever_is_typed_for_a_number_leads_to_unknown(anyone: FlaskClient, typed: str):
    there = anyone.get("/check/", query_string={"number": typed})

    assert there.location.startswith("/check/") and there.location.count("/") == 2
    assert word(page_of(anyone.get(there.location), 404)) == "Unknown"


def test_no_number_at_all_is_asked_for_again(anyone: FlaskClient):
    page = page_of(anyone.get("/check/?number=+"), 422)

    assert page.title.startswith("Error:")
    assert page.one("input", id="number").get("aria-invalid") == "true"


def test_what_is_typed_is_shown_as_it_was_typed(anyone: FlaskClient):
    page = page_of(anyone.get("/check/%3Cscript%3Ealert(1)%22%3C"), 404)

    assert page.one("input", id="number").get("value") == '<script>alert(1)"<'


def test_no_search_engine_lists_an_answer(anyone: FlaskClient, paper: Certificate):
    assert anyone.get(f"/check/{paper.number}").headers["X-Robots-Tag"] == "noindex"
    assert "X-Robots-Tag" not in anyone.get("/check/").headers


def test_each_reader_sees_their_own_head_and_each_number_its_own_facts(app: Flask, make: Making):
    event = make.past_event()
    first, second = (make.certificate(make.due(event, make.person(), there)) for there in (4, 3))
    clients = [make.signed_in(name="Ana Lovelace"), make.signed_in(Role.ORGANISER, name="Bo Diddley")]

    seen = [
        (client.person.name.split()[1] if client else "", paper, (client.http if client else app.test_client()))
        for paper in (first, second)
        for client in (*clients, None)
    ]

    for family, paper, http in seen * 2:
        page = Page(http.get(f"/check/{paper.number}").text)
        assert paper.number in page.words
        assert ("4 of 4" if paper is first else "3 of 4") in page.words
        assert [one for one in ("Lovelace", "Diddley") if one in page.words] == ([family] if family else [])


def test_an_answer_is_given_in_the_languages_of_the_site_and_a_title_without_translation_says_its_own(
    anyone: FlaskClient, paper: Certificate
):
    page = anyone.get(f"/check/{paper.number}?lang=de").text

    assert '<html lang="de"' in page
    assert f'<span lang="en">{paper.statement_kept["title"]["en"]}</span>' in page


# --- the name ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "matches"), [("  marija  ŻAMMIT ċiantar", True), ("Marija Zammit", False)])
def test_who_types_the_name_learns_whether_it_matches_and_no_more(
    anyone: FlaskClient, paper: Certificate, typed: str, matches: bool
):
    page = page_of(anyone.post(f"/check/{paper.number}", data={"name": typed}))

    assert ("The name matches" in page.words) is matches
    assert ("The name does not match" in page.words) is not matches
    assert NAME not in page.text
    assert word(page) == "Valid"


def test_a_wrong_name_and_a_number_that_is_not_there_get_the_same_words(anyone: FlaskClient, paper: Certificate):
    wrong = page_of(anyone.post(f"/check/{paper.number}", data={"name": "Ana"}))
    nowhere = page_of(anyone.post(f"/check/{UNISSUED}", data={"name": NAME}), 404)

    said = [re.search("The name does not match.*?do not matter", page.words)[0] for page in (wrong, nowhere)]
    assert said[0] == said[1]


def test_no_name_at_all_is_asked_for_at_its_field(anyone: FlaskClient, paper: Certificate):
    page = page_of(anyone.post(f"/check/{paper.number}", data={"name": " "}), 422)

    assert page.one("input", id="name").get("aria-invalid") == "true"
    page_of(anyone.post(f"/check/{UNISSUED}", data={}), 404)


def test_when_its_time_is_over_the_number_still_answers_and_no_name_is_asked_for(
    app: Flask, anyone: FlaskClient, make: Making, paper: Certificate
):
    with app.app_context(), writing():
        db.session.execute(delete(CertificateFile))
        db.session.commit()
    make.change(paper, name="")

    page = page_of(anyone.get(f"/check/{paper.number}"))

    assert word(page) == "Valid"
    assert 'id="name"' not in page.text
    assert "no longer keep the name" in page.words


# --- a file --------------------------------------------------------------------------------------------------


def test_the_file_as_it_was_issued_is_said_to_be_exactly_it_and_shows_no_name(
    anyone: FlaskClient, make: Making, paper: Certificate
):
    for path in ("/check/", f"/check/{paper.number}"):
        page = page_of(drop(anyone, content(make, paper), path, name=f"{NAME}.pdf"))

        assert word(page) == "Valid"
        assert "exactly the one we issued" in page.words
        assert not re.search("Marija|Żammit|Ċiantar", page.text)


@pytest.mark.parametrize(
    ("file", "status", "words"),
    [
        (b"", 422, "This file is empty"),
        (b"PK\x03\x04" + b"x" * 999, 422, "no PDF"),
        (b"<html><script>alert(1)</script></html>", 422, "no PDF"),
        (b"%PDF-1.7\nnothing of it\n%%EOF", 422, "damaged"),
        (b"%PDF-1.7\n" + bytes(signing.LARGEST), 413, "larger than any certificate"),
        (b"%PDF-1.7\n" + bytes(signing.LARGEST + 999_999), 413, "larger than 5 MB"),
    ],
    ids=["empty", "zip", "html", "broken", "somewhat too large", "too large"],
)
def test_what_is_no_certificate_is_refused_in_words(anyone: FlaskClient, file: bytes, status: int, words: str):
    assert words in page_of(drop(anyone, file), status).words


@pytest.mark.parametrize("path", ["/check/", f"/check/{UNISSUED}"])
def test_a_form_without_a_file_asks_for_one(anyone: FlaskClient, path: str):
    answers = [
        drop(anyone, b"", path, name=""),
        drop(anyone, b"%PDF-1.7", "/check/", field="certificate"),
        anyone.post("/check/", data={}),
        anyone.post("/check/", data=b"%PDF-1.7", content_type="application/pdf"),
        anyone.post("/check/", data={"file": "a text"}),
    ]

    for answer in answers:
        assert "Choose a file." in page_of(answer, 422).words


def test_fifty_megabytes_are_refused_before_they_are_read(app: Flask):
    class Unread(io.RawIOBase):
        def readinto(self, _buffer: object) -> int:
            raise AssertionError("it was read")

    answer = app.test_client().post(
        "/check/",
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"wsgi.input": Unread(), "CONTENT_LENGTH": "50000000"},
    )

    assert "larger than 5 MB" in page_of(answer, 413).words


@pytest.mark.parametrize("fault", signing.Fault)
def test_whatever_is_wrong_with_a_file_has_a_page(anyone: FlaskClient, monkeypatch, fault: signing.Fault):
    monkeypatch.setattr(signing, "look", lambda _content: signing.Seen("0" * 64, fault))

    answer = drop(anyone, b"%PDF-1.7")

    busy, large = fault is signing.Fault.BUSY, fault is signing.Fault.TOO_LARGE
    page_of(answer, 503 if busy else 413 if large else 422)


def test_nothing_of_a_file_or_a_name_is_left_in_a_row_a_log_or_a_temporary_file(
    app: Flask, anyone: FlaskClient, make: Making, paper: Certificate, monkeypatch, caplog
):
    caplog.set_level(logging.DEBUG)
    spooled = []
    for maker in ("TemporaryFile", "NamedTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, maker, lambda *given, **_options: spooled.append(given))
    monkeypatch.setattr("werkzeug.formparser.SpooledTemporaryFile", lambda *given, **_options: spooled.append(given))
    written = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *given: written.append(given[2]))

    drop(anyone, content(make, paper) + b"%" * 3_000_000, name="Secret Name.pdf")
    anyone.post(f"/check/{paper.number}", data={"name": "Secret Name"})

    assert not spooled
    assert not [one for one in written if not one.lstrip().upper().startswith(("SELECT", "PRAGMA", "BEGIN"))]
    assert "Secret" not in caplog.text


def test_a_check_does_not_wait_for_who_writes(app: Flask, anyone: FlaskClient, make: Making, paper: Certificate):
    file = content(make, paper)
    with app.app_context(), writing():
        db.session.execute(delete(CertificateFile))

        seen = anyone.get(f"/check/{paper.number}"), drop(anyone, file)
        named = anyone.post(f"/check/{paper.number}", data={"name": NAME})

        db.session.rollback()
    assert [one.status_code for one in (*seen, named)] == [200, 200, 200]


# --- limits against guessing ---------------------------------------------------------------------------------


def test_a_room_of_two_hundred_behind_one_address_is_never_stopped_for_what_is_there(
    anyone: FlaskClient, paper: Certificate, monkeypatch
):
    monkeypatch.setattr(rates, "MISSES", rates.parse("5 per hour"))

    seen = {anyone.get(f"/check/{paper.number}").status_code for _ in range(200)}

    assert seen == {200}


def test_who_only_guesses_is_stopped_whatever_is_guessed_at_and_told_what_to_do(
    anyone: FlaskClient, paper: Certificate, monkeypatch
):
    monkeypatch.setattr(rates, "MISSES", rates.parse("4 per hour"))

    seen = [
        anyone.get(f"/check/{UNISSUED}").status_code,
        anyone.get("/check/nonsense").status_code,
        anyone.post(f"/check/{paper.number}", data={"name": "Ana"}).status_code,
        drop(anyone, b"%PDF-1.7").status_code,
    ]
    stopped = [
        anyone.get(f"/check/{paper.number}"),
        anyone.post(f"/check/{paper.number}", data={"name": NAME}),
        drop(anyone, b"%PDF-1.7"),
    ]

    assert 429 not in seen
    for answer in stopped:
        page = page_of(answer, 429)
        assert "Try again in an hour" in page.words and "PDF reader" in page.words
        assert answer.headers["Retry-After"] == "3600"


def test_a_name_can_be_guessed_at_thirty_times_an_hour_wherever_the_guesses_come_from(
    app: Flask, anyone: FlaskClient, make: Making, paper: Certificate
):
    other = make.certificate(make.due(make.past_event("graz", "2025-04-05")))
    seen = [
        anyone.post(
            f"/check/{paper.number}", data={"name": f"Ana {n}"}, environ_base={"REMOTE_ADDR": f"192.0.2.{n}"}
        ).status_code
        for n in range(31)
    ]

    assert seen == [200] * 30 + [429]
    assert anyone.post(f"/check/{other.number}", data={"name": "Ana"}).status_code == 200
    assert anyone.get(f"/check/{paper.number}").status_code == 200


@pytest.mark.parametrize(("number", "another"), [("D-0000-0000-0000", "D-1111-1111-1114"), ("nonsense", "drivel")])
def test_names_for_unknown_and_malformed_numbers_are_counted_alike(anyone: FlaskClient, number: str, another: str):
    seen = [anyone.post(f"/check/{number}", data={"name": "Ana"}).status_code for _ in range(31)]

    assert seen == [404] * 30 + [429]
    assert anyone.post(f"/check/{another}", data={"name": "Ana"}).status_code == 404


def test_ten_thousand_guesses_find_nothing_and_are_stopped(anyone: FlaskClient, paper: Certificate, monkeypatch):
    monkeypatch.setattr(checking, "by_number", lambda number: checking.UNKNOWN)

    seen = [anyone.get(f"/check/{numbers.new()}").status_code for _ in range(700)]

    assert seen == [404] * 600 + [429] * 100


def test_where_the_counts_do_not_answer_nothing_is_checked(settings, app: Flask, paper: Certificate):
    with another_site(settings, redis_url="redis://127.0.0.1:1/0") as site:
        answer = site.test_client().get(f"/check/{paper.number}")

    assert answer.status_code == 503


# --- without us ----------------------------------------------------------------------------------------------


def test_the_page_of_help_shows_every_key_that_signed_and_gives_its_certificate(
    anyone: FlaskClient, make: Making, paper: Certificate
):
    empty_of_names = page_of(anyone.get("/check/help"))

    pem = anyone.get(f"/check/keys/{paper.key_fingerprint}.pem")

    pairs = ":".join(re.findall("..", paper.key_fingerprint)).upper()
    assert pairs in empty_of_names.words
    assert pem.text.startswith("-----BEGIN CERTIFICATE-----")
    assert "PRIVATE" not in pem.text
    assert pem.headers["Content-Disposition"].startswith("attachment; filename=disrupt-")
    assert anyone.get(f"/check/keys/{'0' * 64}.pem").status_code == 404


def test_before_the_first_certificate_the_page_of_help_says_so(anyone: FlaskClient):
    assert "No certificate has been issued yet" in page_of(anyone.get("/check/help")).words


def test_only_the_check_takes_so_large_a_form(anyone: FlaskClient):
    assert check_pages.ROOM > 5_000_000
    assert anyone.post("/sign-in", data={"email": "x" * 2_000_000}).status_code == 413
