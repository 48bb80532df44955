"""What stays of a certificate when its time is over, and when its holder is erased."""

from datetime import datetime, timedelta

import time_machine
from flask import Flask
from sqlalchemy import delete, select, update

from lms import jobs
from lms.accounts.models import Person, Role
from lms.certificates import checking
from lms.certificates.models import Certificate, CertificateFile, ConfirmedName
from lms.certificates.parts import Outcome, State
from lms.clock import now
from lms.database import db, writing
from lms.events.models import Registration
from tests.certificates.test_issuing import content, superseded
from tests.make import PASSWORD, Making, at
from tests.page import Client

ISSUED = at("2024-10-21T10:00+02:00")


def night(app: Flask, moment: datetime) -> None:
    with time_machine.travel(moment), app.app_context(), writing():
        jobs.run_nightly()


def again(make: Making, certificate: Certificate) -> Certificate:
    return make.one(select(Certificate).where(Certificate.id == certificate.id))


def test_file_and_name_go_in_the_night_after_the_last_day_and_not_before(app: Flask, make: Making):
    kept = make.certificate(make.due(make.past_event(first="2024-03-04"), make.person(name="Ana")), at=ISSUED)

    night(app, at("2034-10-21T03:17+02:00"))
    on_the_last_day = again(make, kept).name, len(make.all(select(CertificateFile)))
    night(app, at("2034-10-22T03:17+02:00"))

    assert kept.keep_until.isoformat() == "2034-10-21"
    assert on_the_last_day == ("Ana", 1)
    assert again(make, kept).name == ""
    assert make.all(select(CertificateFile)) == []


def test_number_kind_statement_and_hash_stay_and_the_check_still_answers(app: Flask, make: Making):
    kept = make.certificate(make.due(make.past_event(first="2024-03-04")), at=ISSUED)

    night(app, ISSUED + timedelta(days=4000))
    with app.app_context():
        found = checking.by_number(kept.number)

    after = again(make, kept)
    assert (found.outcome, found.name_kept) == (Outcome.VALID, False)
    assert (after.number, after.kind, after.sha256, after.size) == (kept.number, kept.kind, kept.sha256, kept.size)
    assert after.statement_kept == kept.statement_kept


def test_a_file_that_is_checked_after_its_time_is_still_known_by_its_hash(app: Flask, make: Making):
    kept = make.certificate(make.due(make.past_event(first="2024-03-04")), at=ISSUED)
    file = content(make, kept)

    night(app, ISSUED + timedelta(days=4000))
    with app.test_request_context():
        found = checking.of_file(file)

    assert (found.outcome, found.number, found.exact, found.name_kept) == (Outcome.VALID, kept.number, True, False)


def test_its_holder_is_told_that_it_is_kept_no_longer_and_is_not_due_another(app: Flask, make: Making):
    person = make.person()
    kept = make.certificate(make.due(make.past_event(first="2024-03-04"), person), at=ISSUED)
    client = Client(app)

    night(app, ISSUED + timedelta(days=4000))
    client.sign_in(person.email, PASSWORD)
    client.get("/certificates/")
    page = client.page.words
    client.get(f"/certificates/{kept.number}.pdf", status=410)

    assert "The file and the name are gone; the number can still be checked." in page
    assert f"/certificates/{kept.number}.pdf" not in page
    assert "You are due" not in page
    assert client.page.heading == "No longer kept"
    assert f"Certificate {kept.number} was kept until 21 October 2034." in client.page.words.replace("\u00a0", " ")


def test_a_superseded_one_goes_on_its_own_day(app: Flask, make: Making):
    old = make.certificate(make.due(make.past_event(first="2024-03-04"), make.person(name="Ana")), at=ISSUED)
    new = superseded(make, old, "Anna")

    night(app, at("2034-10-22T03:17+02:00"))

    assert [again(make, one).name for one in (old, new)] == ["", "Anna"]
    assert again(make, old).state is State.SUPERSEDED
    assert [one.certificate_id for one in make.all(select(CertificateFile))] == [new.id]


def test_how_long_is_a_setting_and_holds_for_what_is_issued_from_then_on(make: Making, changed):
    event = make.past_event(first="2024-03-04")
    before = make.certificate(make.due(event), at=ISSUED)
    changed(keep_certificates=3)

    after = make.certificate(make.due(event), at=ISSUED)

    assert [one.keep_until.year for one in (before, after)] == [2034, 2027]


def test_a_night_may_be_repeated_and_leaves_what_has_time(app: Flask, make: Making):
    kept = make.certificate(make.due(make.past_event(first="2024-03-04"), make.person(name="Ana")))

    night(app, now())
    night(app, now())

    assert again(make, kept).name == "Ana"
    assert len(make.all(select(CertificateFile))) == 1


# --- its holder is erased ------------------------------------------------------------------------------------


def erased(make: Making, person: Person, registration: Registration) -> None:
    """As it is done to someone who asks for it: the account goes, the roll keeps a number without a name."""
    with make.app.app_context(), writing():
        db.session.execute(
            update(Registration).where(Registration.id == registration.id).values(person_id=None, name="erased")
        )
        db.session.execute(delete(Person).where(Person.id == person.id))
        db.session.commit()


def test_a_certificate_outlives_its_holders_account(app: Flask, make: Making):
    person = make.person(name="Ana")
    registration = make.due(make.past_event(first="2024-03-04"), person)
    kept = make.certificate(registration)
    file = content(make, kept)

    erased(make, person, registration)

    after = again(make, kept)
    coordinator = make.signed_in(Role.ORGANISER)
    with app.app_context():
        found = checking.by_number(kept.number)
    assert (after.person_id, after.name, after.state) == (None, "Ana", State.VALID)
    assert coordinator.get(f"/certificates/{kept.number}.pdf").data == file
    assert (found.outcome, found.name_kept) == (Outcome.VALID, True)
    assert make.all(select(ConfirmedName)) == []


def test_what_an_erased_organiser_issued_stays(make: Making):
    organiser = make.person(Role.ORGANISER)
    kept = make.certificate(make.due(make.past_event(first="2024-03-04")))
    make.change(kept, issued_by_id=organiser.id)

    with make.app.app_context(), writing():
        db.session.execute(delete(Person).where(Person.id == organiser.id))
        db.session.commit()

    assert again(make, kept).issued_by_id is None
    assert again(make, kept).number == kept.number
