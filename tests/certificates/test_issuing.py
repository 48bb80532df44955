"""How a certificate comes to be, is superseded and is revoked: frozen, once, and never edited."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from lms.accounts.models import Person
from lms.audit import AuditRow
from lms.certificates import due, issuing, signing
from lms.certificates.models import Certificate, CertificateFile, SigningKey
from lms.certificates.parts import COURSE, Stands, State
from lms.clock import now
from lms.database import db, writing
from lms.mail import Letter
from tests.certificates.test_due import did_everything
from tests.make import Making, at


def content(make: Making, certificate: Certificate) -> bytes:
    return make.one(select(CertificateFile).where(CertificateFile.certificate_id == certificate.id)).content


def letters(make: Making) -> list[str]:
    return [letter.subject for letter in make.all(select(Letter).order_by(Letter.id))]


def deeds(make: Making) -> list[str]:
    return [row.deed for row in make.all(select(AuditRow).order_by(AuditRow.id)) if row.deed.startswith("certificate")]


def superseded(make: Making, old: Certificate, name: str, why: str = "A letter was missing") -> Certificate:
    with make.app.test_request_context(), writing():
        again = db.session.get_one(Certificate, old.id)
        made = issuing.make(issuing.corrected(again, name, now()))
        new = issuing.supersede(again, made, why, None, now())
        db.session.commit()
        found = new.id
    return make.one(select(Certificate).where(Certificate.id == found))


def revoked(make: Making, certificate: Certificate, why: str = "It was somebody else") -> Certificate:
    with make.app.test_request_context(), writing():
        issuing.revoke(db.session.get_one(Certificate, certificate.id), why, None, now())
        db.session.commit()
    return make.one(select(Certificate).where(Certificate.id == certificate.id))


def test_a_certificate_is_kept_with_its_bytes_its_hash_and_the_key_that_signed(make: Making):
    person = make.person(name="Marija Żammit Ċiantar")
    kept = make.certificate(make.due(make.past_event(), person))

    file = content(make, kept)

    assert file.startswith(b"%PDF-1.7")
    assert (kept.sha256, kept.size) == (sha256(file).hexdigest(), len(file))
    assert (kept.person_id, kept.name, kept.state) == (person.id, person.name, State.VALID)
    assert kept.key_fingerprint == make.one(select(SigningKey)).fingerprint
    assert (letters(make), deeds(make)) == ([f"Your certificate {kept.number}"], ["certificate.issued"])


def test_what_it_states_is_frozen_and_holds_no_name(make: Making):
    event = make.past_event()
    kept = make.certificate(make.due(event, make.person(name="Marija Żammit"), 3))
    make.change(event, title="Another title")

    with make.app.app_context():
        stated = issuing.statement_of(kept)

    assert (stated.number, stated.kind, stated.scope) == (kept.number, "attendance", "ghent")
    assert (stated.events[0].title, stated.events[0].counted, stated.events[0].minutes) == ("Ghent training", 3, 630)
    assert [(line.kind, line.asked, line.done) for line in stated.rule] == [("half-days", 3, 3)]
    assert "ammit" not in json.dumps(kept.statement_kept, ensure_ascii=False)


def test_a_paper_of_the_course_states_topics_scores_and_days(make: Making):
    person = make.person(language="de")
    registration = make.due(make.past_event(), person, 4)
    did_everything(make, person.id)
    with make.app.test_request_context(), writing():
        candidate = due.of_one(COURSE, "completion", person.id, None)
        made = issuing.make(issuing.drafted(candidate, now()))
        kept = issuing.keep(made, None, now())
        db.session.commit()
        stated = issuing.statement_of(kept)

    assert stated.locale == "de"
    assert set(stated.title) == {"en", "de"}
    assert len(stated.topics) == 5
    topic = stated.topics[0]
    assert (topic.points, topic.out_of, topic.passed_on, topic.read_on) == (8.0, 10, now().date(), now().date())
    assert topic.pass_mark >= 50
    assert any(one.title["de"] != one.title["en"] for one in stated.topics)
    assert [line.kind for line in stated.rule] == ["lessons", "quizzes", "half-days"]
    assert stated.events[0].counted == 4
    assert registration.person_id == kept.person_id


def test_asked_for_again_it_is_the_same_paper_and_nobody_gets_a_second_letter(make: Making):
    registration = make.due(make.past_event())
    with make.app.test_request_context(), writing():
        candidate = due.of_one("ghent", "attendance", registration.person_id, None)
        papers = [issuing.make(issuing.drafted(candidate, now())) for _ in range(2)]
        kept = [issuing.keep(paper, None, now()).number for paper in papers]
        db.session.commit()

    assert kept[0] == kept[1]
    assert len(letters(make)) == 1
    assert deeds(make) == ["certificate.issued"]


def test_asked_for_by_eight_at_once_it_is_one_paper(make: Making):
    registration = make.due(make.past_event())
    with make.app.test_request_context():
        candidate = due.of_one("ghent", "attendance", registration.person_id, None)
        papers = [issuing.make(issuing.drafted(candidate, now())) for _ in range(8)]

    def keep(made: issuing.Made) -> str:
        with make.app.test_request_context(), writing():
            number = issuing.keep(made, None, now()).number
            db.session.commit()
            return number

    with ThreadPoolExecutor(8) as pool:
        numbers = set(pool.map(keep, papers))

    assert len(numbers) == 1
    assert make.one(select(Certificate)).number in numbers
    assert len(make.all(select(CertificateFile))) == len(letters(make)) == 1


@pytest.mark.parametrize("half_days", [0, 2])
def test_what_is_not_due_is_not_issued(make: Making, half_days):
    registration = make.due(make.past_event(), half_days=half_days)
    with make.app.test_request_context():
        candidate = due.of_one("ghent", "attendance", registration.person_id, None)

        with pytest.raises(issuing.NotDue) as refused:
            issuing.drafted(candidate, now())

    assert refused.value.stands is Stands.MISSING


def test_someone_without_an_account_gets_a_paper_and_no_letter(make: Making):
    kept = make.certificate(make.due(make.past_event(), name="Walk In"))

    assert (kept.person_id, kept.name) == (None, "Walk In")
    assert letters(make) == []


def test_a_corrected_name_supersedes_the_paper_and_everything_else_stays(make: Making):
    old = make.certificate(make.due(make.past_event(), make.person(name="Zoe Brok")))
    before = content(make, old)

    new = superseded(make, old, "Zoë Broek")

    old = make.one(select(Certificate).where(Certificate.id == old.id))
    assert (old.state, old.successor_id, old.superseded_why) == (State.SUPERSEDED, new.id, "A letter was missing")
    assert (new.state, new.name, new.number != old.number) == (State.VALID, "Zoë Broek", True)
    assert new.statement_kept["replaces"] == old.number
    kept_apart = {"number", "check", "issued_at", "keep_until", "replaces"}
    same = {key: value for key, value in new.statement_kept.items() if key not in kept_apart}
    assert same == {key: value for key, value in old.statement_kept.items() if key not in kept_apart}
    assert content(make, old) == before
    assert letters(make)[1:] == [f"Certificate {new.number} replaces {old.number}"]
    assert deeds(make) == ["certificate.issued", "certificate.superseded"]


def test_a_paper_is_superseded_once_however_many_ask(make: Making):
    old = make.certificate(make.due(make.past_event()))
    superseded(make, old, "One")

    with pytest.raises(issuing.AlreadyEnded):
        superseded(make, old, "Two")

    assert len(make.all(select(Certificate))) == 2
    assert len(letters(make)) == 2


def test_a_revoked_paper_is_not_due_again_until_a_person_issues_another(make: Making):
    registration = make.due(make.past_event())
    kept = revoked(make, make.certificate(registration))

    with make.app.test_request_context():
        stands = due.of_one("ghent", "attendance", registration.person_id, None).stands
    again = superseded(make, kept, "The right one", "It was them after all")

    kept = make.one(select(Certificate).where(Certificate.id == kept.id))
    assert (stands, kept.state, again.state) == (Stands.REVOKED, State.REVOKED, State.VALID)
    assert kept.successor_id == again.id
    assert deeds(make) == ["certificate.issued", "certificate.revoked", "certificate.superseded"]


def given_before(make: Making, merged: bool) -> tuple[Certificate, Person]:
    """The certificate of someone who came without an account, and the account that turned out to be theirs."""
    event = make.past_event()
    walk_in = make.due(event, name="Ana Walk-in", walk_in=True)
    kept = make.certificate(walk_in)
    person = make.person(name="Ana Walk-in")
    if merged:
        make.change(walk_in, merged_into_id=make.registered(event, person).id)
    else:
        make.change(walk_in, person_id=person.id)
    return kept, person


@pytest.mark.parametrize("merged", [False, True])
def test_who_got_an_account_later_is_told_when_the_paper_is_superseded_or_revoked(make: Making, merged: bool):
    kept, person = given_before(make, merged)

    new = superseded(make, kept, "Ana Walker")
    revoked(make, new)

    sent = make.all(select(Letter).order_by(Letter.id))
    assert [(one.address, one.person_id) for one in sent] == [(person.email, person.id)] * 2
    assert [one.subject for one in sent] == [
        f"Certificate {new.number} replaces {kept.number}",
        f"Certificate {new.number} has been revoked",
    ]


def test_a_key_that_is_marked_as_compromised_signs_nothing_more(make: Making):
    event = make.past_event()
    first, second = make.due(event), make.due(event)
    make.certificate(first)
    key = make.one(select(SigningKey))
    make.change(key, compromised_from=now() - timedelta(hours=1), compromised_why="A laptop was stolen")

    with pytest.raises(signing.NoKey, match="lms doctor") as refused:
        make.certificate(second)

    assert key.fingerprint in refused.value.trouble
    assert len(make.all(select(Certificate))) == 1
    assert len(letters(make)) == 1


def test_the_key_that_is_kept_with_a_paper_is_the_one_that_signed_it(make: Making, app: Flask, monkeypatch):
    registration, laid_out = make.due(make.past_event()), issuing.pdf.record
    own = app.extensions["settings"].instance / signing.OWN_KEY

    def replaced_meanwhile(*given: object) -> bytes:
        own.rename(own.with_suffix(".old"))
        return laid_out(*given)

    monkeypatch.setattr(issuing.pdf, "record", replaced_meanwhile)
    kept = make.certificate(registration)

    with app.test_request_context():
        (signature,) = signing.look(content(make, kept)).signatures
    assert signature.intact
    assert kept.key_fingerprint == signature.signer


def test_a_day_on_a_paper_is_that_of_where_the_course_is_run(make: Making):
    event = make.past_event()
    person = make.person()
    make.due(event, person)
    with time_machine.travel(at("2025-03-09T23:30:00Z"), tick=False):
        did_everything(make, person.id)

    with make.app.test_request_context():
        one = due.of_one("course", "completion", person.id, None)
        topics = issuing.drafted(one, now()).statement.topics

    assert {(topic.read_on.isoformat(), topic.passed_on.isoformat()) for topic in topics} == {("2025-03-10",) * 2}


def test_a_paper_is_revoked_once_and_its_holder_told_once(make: Making):
    kept = revoked(make, make.certificate(make.due(make.past_event())))

    with pytest.raises(issuing.AlreadyEnded):
        revoked(make, kept)

    assert letters(make)[1:] == [f"Certificate {kept.number} has been revoked"]
    (letter,) = [one for one in make.all(select(Letter)) if "revoked" in one.subject]
    assert "It was somebody else" in letter.body


def test_a_revoked_paper_keeps_its_bytes(make: Making):
    kept = make.certificate(make.due(make.past_event()))
    before = content(make, kept)

    revoked(make, kept)

    assert content(make, kept) == before


def test_papers_outlive_the_account_and_the_event(make: Making):
    event = make.past_event()
    registration = make.due(event)
    kept = make.certificate(registration)
    before = content(make, kept)
    make.change(registration, person_id=None, name="Erased")
    with make.app.app_context(), writing():
        db.session.delete(db.session.get_one(Person, registration.person_id))
        db.session.commit()

    again = make.one(select(Certificate))

    assert (again.person_id, again.number, again.name) == (None, kept.number, kept.name)
    assert content(make, again) == before


def test_it_is_kept_as_long_as_the_setting_says_from_the_day_of_issue(make: Making, changed):
    changed(keep_certificates=3)

    leap = make.certificate(make.due(make.past_event(first="2024-02-26")), at=at("2024-02-29T12:00+01:00"))

    assert leap.keep_until.isoformat() == "2027-03-01"
    assert leap.statement_kept["keep_until"] == "2027-03-01"


def test_letters_speak_the_holders_language(make: Making):
    make.certificate(make.due(make.past_event(), make.person(language="de")))

    (subject,) = letters(make)

    assert not subject.startswith("Your certificate")


def test_nothing_is_kept_when_the_file_cannot_be_made(make: Making, monkeypatch):
    registration = make.due(make.past_event())
    monkeypatch.setattr(issuing.pdf, "record", lambda *_: (_ for _ in ()).throw(issuing.pdf.Failed("no")))

    with pytest.raises(issuing.pdf.Failed):
        make.certificate(registration)

    assert not make.all(select(Certificate))
    assert not letters(make)


def test_numbers_say_nothing_of_who_or_when(make: Making):
    event = make.past_event()

    numbers = [make.certificate(make.due(event)).number for _ in range(3)]

    assert len(set(numbers)) == 3
    assert len({number[2:6] for number in numbers}) == 3
