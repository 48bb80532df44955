"""What is said of a number, a name and a file: told from the record, without the name, the same for all that is not ours."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, event, select

from lms.certificates import answers, checking, numbers, signing
from lms.certificates.checking import Answer, Signed
from lms.certificates.models import Certificate, CertificateFile, SigningKey
from lms.certificates.parts import Outcome
from lms.clock import now
from lms.database import db, writing
from tests.certificates.test_issuing import content, revoked, superseded
from tests.make import Making, at

NAME = "Đặng Thị Żammit-O’Brien"
UNISSUED = numbers.written("0123456789A")


def by_number(app: Flask, number: str) -> Answer:
    with app.test_request_context():
        return checking.by_number(number)


def of_file(app: Flask, file: bytes) -> Answer:
    with app.test_request_context():
        return checking.of_file(file)


def matches(app: Flask, number: str, name: str) -> bool:
    with app.test_request_context():
        return checking.name_matches(number, name)


@pytest.fixture
def paper(make: Making) -> Certificate:
    return make.certificate(
        make.due(make.past_event(first="2025-03-01"), make.person(name=NAME), 3), at=at("2025-03-05T23:30:00+00:00")
    )


# --- by number -----------------------------------------------------------------------------------------------


def test_a_valid_number_tells_kind_event_days_half_days_hours_and_day_of_issue(app: Flask, paper: Certificate):
    answer = by_number(app, paper.number)

    assert (answer.outcome, answer.number, answer.since) == (Outcome.VALID, paper.number, None)
    assert not (answer.older_key or answer.key_compromised or answer.exact or answer.added)
    (meeting,) = answer.facts.events
    assert (meeting.title, meeting.city) == ("Ghent training", "Ghent")
    assert (meeting.first, meeting.last) == (date(2025, 3, 1), date(2025, 3, 2))
    assert (meeting.counted, meeting.half_days, meeting.minutes) == (3, 4, 630)
    assert (answer.facts.kind.value, answer.facts.half_days_asked) == ("attendance", 3)
    assert answer.facts.issued_on == date(2025, 3, 6), "as the calendar stands where the course is run"


def test_the_facts_are_said_in_words(app: Flask, paper: Certificate):
    with app.test_request_context():
        said = {line.key: line.text for line in answers.lines(checking.by_number(paper.number), "en")}

    assert said == {
        "number": paper.number,
        "kind": "Certificate of attendance",
        "for": paper.statement_kept["title"]["en"],
        "programme": paper.statement_kept["programme"]["en"],
        "event": "Ghent training, 1–2\u00a0March 2025, Ghent".replace("\u00a0", " "),
        "present": "3 of 4 half-days (at least 3 asked)",
        "hours": "10\u00a0h\u00a030",
        "issued": "6 March 2025",
    }


@pytest.mark.parametrize("typed", [str.lower, lambda one: one.replace("-", " "), lambda one: f"  {one[2:]} "])
def test_a_number_is_known_however_it_is_typed(app: Flask, paper: Certificate, typed):
    assert by_number(app, typed(paper.number)).number == paper.number


@pytest.mark.parametrize("number", ["", "D", "nonsense", "D-0000-0000-0001", "ß" * 999, "D-\0", UNISSUED])
def test_what_no_number_can_be_and_what_is_not_ours_are_the_same_unknown(app: Flask, number: str):
    assert by_number(app, number) is checking.UNKNOWN


def test_a_number_alone_never_loads_a_name(app: Flask, paper: Certificate):
    asked = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    by_number(app, paper.number)

    chosen = [one.partition("FROM")[0] for one in asked if "certificate" in one]
    assert chosen
    assert all("certificate.name != " in one and one.count("certificate.name") == 1 for one in chosen)
    assert "ammit" not in repr(by_number(app, paper.number))


def test_a_revoked_certificate_says_since_when_and_never_why(app: Flask, make: Making, paper: Certificate):
    ended = revoked(make, paper, "It was somebody else")

    answer = by_number(app, paper.number)

    assert (answer.outcome, answer.key_compromised) == (Outcome.REVOKED, False)
    assert answer.since == ended.revoked_at.astimezone().date()
    assert "somebody" not in repr(answer)


def test_a_superseded_certificate_does_not_tell_the_number_of_the_newer_one(app: Flask, make: Making, paper):
    new = superseded(make, paper, "Đặng Thị O’Brien")

    old, newer = by_number(app, paper.number), by_number(app, new.number)

    assert (old.outcome, newer.outcome) == (Outcome.SUPERSEDED, Outcome.VALID)
    assert new.number not in repr(old)


def test_a_superseded_certificate_that_is_revoked_too_is_revoked(app: Flask, make: Making, paper: Certificate):
    superseded(make, paper, "Đặng Thị O’Brien")
    revoked(make, paper)

    assert by_number(app, paper.number).outcome is Outcome.REVOKED


def test_a_number_answers_when_its_name_and_its_file_are_no_longer_kept(app: Flask, make: Making, paper: Certificate):
    file = content(make, paper)
    with app.app_context(), writing():
        db.session.execute(delete(CertificateFile))
        db.session.commit()
    make.change(paper, name="")

    answer = by_number(app, paper.number)

    assert (answer.outcome, answer.name_kept) == (Outcome.VALID, False)
    assert of_file(app, file).exact
    assert not matches(app, paper.number, NAME)
    assert not matches(app, paper.number, "")


# --- keys ----------------------------------------------------------------------------------------------------


def another_key(make: Making, monkeypatch, **values: object) -> SigningKey:
    """A key that signs from now on."""
    with make.app.test_request_context():
        real = signing.current()
    key = SigningKey(
        fingerprint="a" * 64, subject="Another", certificate=real.pem, first_used_at=now(), compromised_why="", **values
    )
    make.add(key)
    another, sealed = replace(real, fingerprint=key.fingerprint, subject="Another"), signing.signed
    monkeypatch.setattr(signing, "current", lambda: another)
    monkeypatch.setattr(signing, "signed", lambda record, at: (sealed(record, at)[0], another))
    return key


def test_what_an_older_key_signed_stays_valid_and_says_so(app: Flask, make: Making, paper: Certificate, monkeypatch):
    another_key(make, monkeypatch)
    new = make.certificate(make.due(make.past_event("graz", "2025-04-05")))

    old, newer = by_number(app, paper.number), by_number(app, new.number)

    assert (old.outcome, old.older_key) == (Outcome.VALID, True)
    assert (newer.outcome, newer.older_key) == (Outcome.VALID, False)


def test_a_compromised_key_condemns_only_what_the_record_says_was_issued_from_then_on(app: Flask, make: Making):
    event = make.past_event(first="2025-03-01")
    moment = at("2025-03-05T12:00:00+00:00")
    minute = timedelta(minutes=1)
    before, then, after = (make.certificate(make.due(event), at=moment + n * minute) for n in (-1, 0, 1))
    make.change(make.one(select(SigningKey)), compromised_from=moment, compromised_why="A laptop was stolen")

    told = [by_number(app, one.number) for one in (before, then, after)]

    assert [one.outcome for one in told] == [Outcome.VALID, Outcome.REVOKED, Outcome.REVOKED]
    assert [one.key_compromised for one in told] == [False, True, True]
    assert told[1].since == date(2025, 3, 5)
    assert "laptop" not in repr(told)


def test_what_is_revoked_and_its_key_compromised_is_told_as_revoked(app: Flask, make: Making, paper: Certificate):
    revoked(make, paper)
    make.change(make.one(select(SigningKey)), compromised_from=paper.issued_at, compromised_why="Stolen")

    answer = by_number(app, paper.number)

    assert (answer.outcome, answer.key_compromised) == (Outcome.REVOKED, False)


# --- the name ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        NAME,
        "  đặng  THỊ\tżammit-o'brien ",
        "Đặng Thị Żammit-O’Brien",  # letters and accents apart
        "đặng thị żammit‐O'BRIEN",
    ],
)
def test_a_name_matches_but_for_capitals_spaces_and_how_it_was_typed(app: Flask, paper: Certificate, typed: str):
    assert matches(app, paper.number, typed)


@pytest.mark.parametrize(
    "typed", ["", " ", "Dang Thi Zammit-O'Brien", NAME + "x", "Đặng Thị", NAME * 20, "\u0301" * 9999]
)
def test_another_name_does_not_match(app: Flask, paper: Certificate, typed: str):
    assert not matches(app, paper.number, typed)


@pytest.mark.parametrize("number", [UNISSUED, "nonsense", ""])
def test_a_name_matches_no_number_that_is_not_there(app: Flask, paper: Certificate, number: str):
    assert not matches(app, number, NAME)
    assert not matches(app, number, "")


# --- a file --------------------------------------------------------------------------------------------------


def test_the_file_as_it_was_issued_is_exactly_it(app: Flask, make: Making, paper: Certificate):
    answer = of_file(app, content(make, paper))

    assert (answer.outcome, answer.exact, answer.number) == (Outcome.VALID, True, paper.number)
    assert answer.signed is Signed.OURS


def test_our_own_file_is_not_opened_to_be_known(app: Flask, make: Making, paper: Certificate, monkeypatch):
    monkeypatch.setattr(signing, "look", None)

    assert of_file(app, content(make, paper)).exact


@pytest.mark.parametrize(
    ("file", "fault"),
    [
        (b"", signing.Fault.NO_PDF),
        (b"PK\x03\x04" + bytes(999), signing.Fault.NO_PDF),
        (b"%PDF-1.7\n%%EOF\n", signing.Fault.BROKEN),
        (b"%PDF-1.7\n" + bytes(signing.LARGEST), signing.Fault.TOO_LARGE),
    ],
)
def test_what_cannot_be_read_is_unknown_and_says_why(app: Flask, file: bytes, fault: signing.Fault):
    answer = of_file(app, file)

    assert (answer.outcome, answer.fault, answer.number) == (Outcome.UNKNOWN, fault, "")


def test_a_file_with_our_signature_that_the_record_does_not_know_is_not_called_good(app: Flask, make: Making, paper):
    file = content(make, paper)
    with app.app_context(), writing():
        db.session.execute(delete(CertificateFile))
        db.session.execute(delete(Certificate))
        db.session.commit()

    answer = of_file(app, file)

    assert (answer.outcome, answer.signed, answer.number) == (Outcome.UNKNOWN, Signed.OURS, "")


def test_a_paper_newer_than_a_restored_database_bears_our_signature(app: Flask, make: Making, paper: Certificate):
    file = content(make, paper)
    with app.app_context(), writing():
        for table in (CertificateFile, Certificate, SigningKey):
            db.session.execute(delete(table))
        db.session.commit()

    answer = of_file(app, file)

    assert (answer.outcome, answer.signed) == (Outcome.UNKNOWN, Signed.OURS)


def test_a_site_that_has_no_key_yet_makes_none_to_look_at_a_file(app: Flask, make: Making, paper: Certificate):
    file = content(make, paper)
    with app.app_context(), writing():
        for table in (CertificateFile, Certificate, SigningKey):
            db.session.execute(delete(table))
        db.session.commit()
    key = app.extensions["settings"].instance / signing.OWN_KEY
    key.unlink()

    answer = of_file(app, file)

    assert (answer.outcome, answer.signed) == (Outcome.UNKNOWN, Signed.FOREIGN)
    assert not key.exists()


def test_everything_that_can_be_said_has_words(app: Flask):
    said = []
    with app.test_request_context():
        for outcome in Outcome:
            for signed in (None, *Signed):
                for fault in (None, *signing.Fault):
                    for flag in (False, True):
                        answer = Answer(
                            outcome=outcome, number="D-1", since=date(2025, 3, 1), signed=signed, fault=fault,
                            exact=flag, added=flag, older_key=flag, key_compromised=flag, name_kept=flag,
                        )  # fmt: skip
                        said.append((answers.said(answer), answers.lines(answer, "en")))

    assert all(one.word and all(one.sentences) and one.next for one, _lines in said)
    assert {one.tone for one, _lines in said} == {"good", "warn", "bad"}
    assert {one.word for one, _lines in said if one.tone == "good"} == {"Valid"}
