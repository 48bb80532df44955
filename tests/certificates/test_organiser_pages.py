"""What organisers do with certificates: see who is due and why not, confirm names, issue, supersede, revoke, fetch."""

import csv
import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import delete, select

from lms import jobs, pdf
from lms.accounts.models import Role, Standing
from lms.audit import AuditRow
from lms.certificates import issuing, organiser_pages, signing
from lms.certificates.models import Batch, BatchLine, Certificate, CertificateFile, ConfirmedName
from lms.certificates.parcel import Withdrawn
from lms.certificates.parts import LineState
from lms.clock import now
from lms.database import db, writing
from lms.events.models import Appointment, Event
from lms.events.parts import Charge, RegistrationState
from lms.mail import Letter
from tests.make import Making
from tests.page import Client, words


@pytest.fixture
def event(make: Making) -> Event:
    return make.past_event()


@pytest.fixture
def organiser(make: Making, event: Event) -> Client:
    """An organiser of this one event."""
    return make.appointed(event, Charge.ORGANISER, name="Olga Organiser")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that are made at once."""
    key = signing.Key("f" * 64, "A key", now(), now(), "PEM", 1000)

    def make(draft: issuing.Draft) -> issuing.Made:
        return issuing.Made(draft, b"%PDF " + draft.statement.number.encode(), key)

    monkeypatch.setattr(issuing, "make", make)


HOME = "/desk/certificates/ghent"


def row_of(client: Client, name: str) -> str:
    """The row of someone in the table of the page."""
    rows = [words(row) for row in client.page.all("tr")]
    return next(row for row in rows if row.startswith(name))


def figures(client: Client) -> dict[str, int]:
    """What stands above the table."""
    heads = next(e for e in client.page.all("dl") if e.get("class") == "figures")
    return {words(one[1]): int(words(one[0])) for one in heads}


def certificates(make: Making) -> list[Certificate]:
    return list(make.all(select(Certificate).order_by(Certificate.id)))


def deeds(make: Making) -> list[str]:
    return [deed for deed in make.all(select(AuditRow.deed).order_by(AuditRow.id)) if deed.startswith("certificate")]


def sweep(app: Flask) -> None:
    with app.app_context(), writing():
        jobs.run_due()


# --- the table -----------------------------------------------------------------------------------------------


def test_everyone_is_there_with_their_state_and_the_reason(make: Making, event: Event, organiser: Client, quick: None):
    make.due(event, name="Ann Due")
    make.due(event, name="Bea Short", half_days=1)
    unconfirmed = make.registered(event, name="Cid Unconfirmed")
    make.attended(event, unconfirmed)
    make.attended(event, make.registered(event, name="Dan \U00012000"))
    make.certificate(make.due(event, name="Eva Issued"))

    organiser.get(HOME)

    assert figures(organiser) == {"Issued": 1, "Due now": 1, "Names to confirm": 1, "Not due yet": 2, "Revoked": 0}
    assert "Due" in row_of(organiser, "Ann Due")
    assert "Issue this one" in row_of(organiser, "Ann Due")
    assert "Not due yet 2 half-days are missing" in row_of(organiser, "Bea Short")
    assert "Name to confirm" in row_of(organiser, "Cid Unconfirmed")
    assert "U+12000" in row_of(organiser, "Dan")
    assert certificates(make)[0].number in row_of(organiser, "Eva Issued")


def test_who_cancelled_after_the_issue_is_still_there_to_be_found(
    make: Making, event: Event, organiser: Client, quick: None
):
    registration = make.due(event, name="Ann Gone")
    number = make.certificate(registration).number
    make.change(registration, state=RegistrationState.CANCELLED)

    organiser.get(HOME)

    assert "No longer on the list" in row_of(organiser, "Ann Gone")
    organiser.get(f"{HOME}/{number}")


def test_filters_are_kept_in_the_address_and_in_the_files(make: Making, event: Event, organiser: Client, quick: None):
    make.due(event, name="Ann Due")
    make.due(event, name="Ċetta Short", half_days=1)
    make.due(event, name="=1+1", half_days=1)

    organiser.get(f"{HOME}?show=missing&begins=ce")
    few = organiser.page.words
    file = organiser.get(f"{HOME}/table.csv?show=missing")

    rows = list(csv.reader(io.StringIO(file.get_data().decode("utf-8-sig"))))
    assert "Ċetta Short" in few
    assert "Ann Due" not in few
    assert f"{HOME}/table.csv?show=missing&begins=ce" in organiser.page.links()
    assert [row[0] for row in rows] == ["Name", "'=1+1", "Ċetta Short"]
    assert rows[2][2:5] == ["Not due yet", "2 half-days are missing", "1 of 3 half-days present"]
    assert deeds(make) == ["certificates.listed"]


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ods"])
def test_the_table_comes_in_three_kinds(make: Making, event: Event, organiser: Client, kind: str):
    make.due(event, name="Ann Due")

    answer = organiser.get(f"{HOME}/table.{kind}")

    assert answer.headers["Content-Disposition"] == f"attachment; filename=certificates-ghent.{kind}"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_page_of_rows_at_once_and_the_rest_on_wish(
    make: Making, event: Event, organiser: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(organiser_pages, "AT_ONCE", 4)
    monkeypatch.setattr(organiser_pages, "NAMES_AT_ONCE", 2)
    for number in range(5):
        make.registered(event, name=f"Person {number}")
    unconfirmed(make, event, "Ann", "Bea", "Cid")

    organiser.get(HOME)
    few = (len(organiser.page.all("tr")), len(asked_for(organiser)))
    organiser.get(f"{HOME}?rows=all")

    assert few == (1 + 4, 2)
    assert (len(organiser.page.all("tr")), len(asked_for(organiser))) == (1 + 8, 3)


def asked_for(client: Client) -> list[object]:
    return [box for box in client.page.all("input") if box.get("name") == "who"]


def test_the_page_of_a_large_event_stays_small(make: Making, event: Event, organiser: Client):
    for number in range(organiser_pages.AT_ONCE + 1):
        make.registered(event, name=f"Wolfeschlegelsteinhausen {number}")

    page = organiser.get(HOME)

    assert len(page.data) < 50_000


def test_the_course_is_for_coordinators_and_an_event_for_who_organises_it(app: Flask, make: Making, event: Event):
    coordinator, trainer = make.signed_in(Role.ORGANISER), make.appointed(event, Charge.TRAINER)
    elsewhere = make.appointed(make.past_event("vienna"), Charge.ORGANISER)

    coordinator.get(HOME)
    coordinator.get("/desk/certificates/course")
    coordinator.get("/desk/certificates/nowhere", status=404)
    for other in (trainer, elsewhere):
        for path in ("ghent", "course", "ghent/issue", "ghent.zip", "ghent.pdf", "ghent/table.csv", "course.zip"):
            other.get(f"/desk/certificates/{path}", status=404)


def test_the_course_asks_for_everything_its_rule_says(make: Making):
    coordinator = make.signed_in(Role.ORGANISER)
    make.person(name="Ann Beginner")

    coordinator.get("/desk/certificates/course")

    row = row_of(coordinator, "Ann Beginner")
    assert "0 of 23 lessons read" in row
    assert "5 quizzes are not passed yet" in row


# --- names ---------------------------------------------------------------------------------------------------


def unconfirmed(make: Making, event: Event, *names: str) -> list[str]:
    """People who did everything; how a form names them."""
    said = []
    for name in names:
        registration = make.registered(event, name=name)
        make.attended(event, registration)
        said.append(f"r{registration.id}={name}")
    return said


def test_one_name_is_confirmed_by_its_button_and_many_by_ticks(make: Making, event: Event, organiser: Client):
    ann, bea, cid = unconfirmed(make, event, "Ann", "Bea", "Cid")
    organiser.get(HOME)

    organiser.follow(organiser.post(f"{HOME}/names", {"one": ann, "who": [bea]}))
    one = make.all(select(ConfirmedName.name))
    organiser.follow(organiser.post(f"{HOME}/names", {"who": [bea, cid]}))

    kept = make.all(select(ConfirmedName).order_by(ConfirmedName.name))
    assert one == ["Ann"]
    assert [row.name for row in kept] == ["Ann", "Bea", "Cid"]
    assert {row.by_id for row in kept} == {organiser.person.id}
    assert "2 names are confirmed." in organiser.page.words
    assert deeds(make) == ["certificate.name-confirmed"] * 3


def test_a_name_of_someone_with_an_account_is_kept_with_the_account_and_the_newest_counts(
    make: Making, event: Event, organiser: Client
):
    registration = make.registered(event)
    make.attended(event, registration)
    make.add(ConfirmedName(person_id=registration.person_id, name="An Older Name", at=now()))
    organiser.get(HOME)

    organiser.post(f"{HOME}/names", {"who": [f"p{registration.person_id}={registration.shown_name}"]})

    row = make.one(select(ConfirmedName))
    assert (row.person_id, row.name) == (registration.person_id, registration.shown_name)


def test_a_name_that_changed_meanwhile_is_not_confirmed_unread(make: Making, event: Event, organiser: Client):
    (ann,) = unconfirmed(make, event, "Ann")
    organiser.get(HOME)

    organiser.follow(organiser.post(f"{HOME}/names", {"who": [ann.replace("Ann", "Anna")]}))

    assert make.all(select(ConfirmedName)) == []
    assert "0 of 1 names are confirmed" in organiser.page.words


def test_nothing_ticked_is_said(make: Making, event: Event, organiser: Client):
    unconfirmed(make, event, "Ann")
    organiser.get(HOME)

    organiser.follow(organiser.post(f"{HOME}/names"))

    assert "Tick the names that are right" in organiser.page.words


# --- issuing -------------------------------------------------------------------------------------------------


def test_the_dry_run_says_who_gets_one_and_who_does_not_and_keeps_nothing(
    make: Making, event: Event, organiser: Client
):
    make.due(event, name="Ann Due")
    make.due(event, name="Bea Short", half_days=1)

    organiser.get(f"{HOME}/issue")

    assert figures(organiser) == {"Will be issued": 1, "Will not": 1, "Issued already": 0}
    assert "Ann Due 3 of 3 half-days present" in organiser.page.words
    assert "Bea Short Not due yet: 2 half-days are missing" in organiser.page.words
    assert certificates(make) == []
    assert make.all(select(Batch)) == []


def issued(client: Client, **fields: object) -> None:
    """Send the dry run that was fetched last."""
    client.follow(client.post(f"{HOME}/issue", {"print": client.page.hidden("print"), **fields}))


def test_many_are_issued_as_a_batch_and_the_page_says_how_far_it_is(
    app: Flask, make: Making, event: Event, organiser: Client, quick: None
):
    for name in ("Ann", "Bea", "Cid"):
        make.due(event, name=name)
    organiser.get(f"{HOME}/issue")

    issued(organiser)
    before = organiser.page.words
    batch = make.one(select(Batch))
    sweep(app)
    organiser.get(f"{HOME}/batches/{batch.id}")

    assert "0 of 3" in before
    assert "You can leave this page" in before
    assert "3 of 3" in organiser.page.words
    assert "Finished 3 certificates are issued." in organiser.page.words
    assert [one.issued_by_id for one in certificates(make)] == [organiser.person.id] * 3
    organiser.get(HOME)
    assert f"{HOME}/batches/{batch.id}" in organiser.page.links()


def test_one_is_issued_at_once(make: Making, event: Event, organiser: Client, quick: None):
    ann, _bea = make.due(event, name="Ann"), make.due(event, name="Bea")
    organiser.get(f"{HOME}/issue?who=r{ann.id}&paper=attendance")
    shown = organiser.page.words

    issued(organiser, who=f"r{ann.id}", paper="attendance")

    (certificate,) = certificates(make)
    assert "Bea" not in shown
    assert certificate.name == "Ann"
    assert organiser.page.heading == f"Certificate {certificate.number}"
    assert make.all(select(Batch)) == []


def test_a_list_that_changed_since_the_dry_run_is_shown_again(
    make: Making, event: Event, organiser: Client, quick: None
):
    make.due(event, name="Ann")
    make.due(event, name="Bea")
    organiser.get(f"{HOME}/issue")
    seen = organiser.page.hidden("print")
    make.due(event, name="Cid")

    organiser.post(f"{HOME}/issue", {"print": seen}, status=409)

    assert "Meanwhile something has changed" in organiser.page.words
    assert make.all(select(Batch)) == []


def test_a_second_batch_is_not_begun_beside_the_first(make: Making, event: Event, organiser: Client, quick: None):
    make.due(event, name="Ann")
    make.due(event, name="Bea")
    organiser.get(f"{HOME}/issue")
    seen = organiser.page.hidden("print")

    organiser.post(f"{HOME}/issue", {"print": seen})
    organiser.follow(organiser.post(f"{HOME}/issue", {"print": seen}))

    make.one(select(Batch))
    assert "being issued already" in organiser.page.words


def test_without_anybody_due_nothing_is_begun(make: Making, event: Event, organiser: Client):
    make.registered(event)
    organiser.get(f"{HOME}/issue")

    organiser.post(f"{HOME}/issue", {"csrf_token": token(organiser)}, status=409)

    assert "Nobody is due one." in organiser.page.words


def token(client: Client) -> str:
    return next(meta.get("content", "") for meta in client.page.all("meta") if meta.get("name") == "csrf-token")


@pytest.mark.parametrize("fault", [pdf.Failed("Pango is missing."), signing.NoKey("The key is not in order.")])
def test_what_cannot_be_made_is_said_and_nothing_is_issued(
    make: Making, event: Event, organiser: Client, monkeypatch: pytest.MonkeyPatch, fault: Exception
):
    ann = make.due(event, name="Ann")

    def fail(_draft: issuing.Draft) -> issuing.Made:
        raise fault

    monkeypatch.setattr(issuing, "make", fail)
    organiser.get(f"{HOME}/issue?who=r{ann.id}")

    organiser.post(f"{HOME}/issue", {"print": organiser.page.hidden("print"), "who": f"r{ann.id}"}, status=503)

    assert str(fault) in organiser.page.words
    assert certificates(make) == []


# --- a batch -------------------------------------------------------------------------------------------------


def test_a_batch_is_stopped_and_goes_on(app: Flask, make: Making, event: Event, organiser: Client, quick: None):
    make.due(event, name="Ann")
    make.due(event, name="Bea")
    organiser.get(f"{HOME}/issue")
    issued(organiser)
    batch = make.one(select(Batch))
    here = f"{HOME}/batches/{batch.id}"

    organiser.follow(organiser.post(f"{here}/stop"))
    stopped = organiser.page.words
    sweep(app)
    none = certificates(make)
    organiser.get(here)
    organiser.follow(organiser.post(f"{here}/resume"))
    sweep(app)
    organiser.get(here)

    assert "Stopped What is issued stays. 2 are still to be made." in stopped
    assert none == []
    assert "2 of 2" in organiser.page.words


def test_what_failed_stands_by_person_with_its_reason_and_can_be_tried_again(
    app: Flask, make: Making, event: Event, organiser: Client, quick: None
):
    ann, _bea = make.due(event, name="Ann"), make.due(event)
    organiser.get(f"{HOME}/issue")
    issued(organiser)
    batch = make.one(select(Batch))
    for line in make.all(select(BatchLine)):
        make.change(line, state=LineState.FAILED, words="This document took too long to make.")
    sweep(app)

    organiser.get(f"{HOME}/batches/{batch.id}")
    said = organiser.page.words
    organiser.post(f"{HOME}/batches/{batch.id}/resume")
    sweep(app)

    assert f"{ann.shown_name} This document took too long to make." in said
    assert "Try again what failed" in said
    assert len(certificates(make)) == 2


def test_a_batch_that_nobody_is_at_says_so(make: Making, event: Event, organiser: Client, quick: None):
    make.due(event, name="Ann")
    make.due(event, name="Bea")
    organiser.get(f"{HOME}/issue")
    issued(organiser)
    batch = make.one(select(Batch))
    make.change(batch, asked_at=now() - organiser_pages.SILENT * 2)

    organiser.get(f"{HOME}/batches/{batch.id}")

    assert "Nobody is at work on it" in organiser.page.words
    assert "Go on" in organiser.page.words


def test_a_batch_of_another_event_is_not_there(make: Making, event: Event, organiser: Client):
    make.past_event("vienna")
    batch = Batch(scope="vienna", asked_at=now())
    make.add(batch)
    organiser.get(HOME)

    organiser.get(f"{HOME}/batches/{batch.id}", status=404)
    organiser.post(f"{HOME}/batches/{batch.id}/stop", {"csrf_token": token(organiser)}, status=404)


# --- one certificate -----------------------------------------------------------------------------------------


def test_all_that_is_recorded_stands_on_its_page(make: Making, event: Event, organiser: Client, quick: None):
    certificate = make.certificate(make.due(event))

    organiser.get(f"{HOME}/{certificate.number.lower().replace('-', '')}")

    for told in (
        certificate.name,
        certificate.sha256,
        "A key",
        f"http://localhost/check/{certificate.number}",
        "Valid",
    ):
        assert told in organiser.page.words


def test_a_number_of_another_scope_or_none_is_not_there(make: Making, event: Event, organiser: Client, quick: None):
    other = make.certificate(make.due(make.past_event("vienna")))

    for number in (other.number, "D-0000-0000-0000", "names", "x" * 300):
        organiser.get(f"{HOME}/{number}", status=404)
        organiser.get(f"{HOME}/{number}/revoke", status=404)


def superseding(client: Client, number: str, **fields: object) -> str:
    """Through the form and the page that asks whether one is sure; where one is sent then."""
    client.get(f"{HOME}/{number}/supersede")
    asked = {"name": "Ann Corrected", "why": "Misspelt", "seen": client.page.hidden("seen")} | fields
    client.post(f"{HOME}/{number}/supersede", asked, status=200)
    return client.post(f"{HOME}/{number}/supersede", asked | {"sure": "y"}).location


def test_a_name_is_corrected_by_another_certificate_after_it_was_shown_what_will_be_done(
    make: Making, event: Event, organiser: Client
):
    old = make.certificate(make.due(event))
    organiser.get(f"{HOME}/{old.number}/supersede")
    asked = {"name": "Ann Corrected", "why": "The family name was misspelt", "seen": "valid"}

    organiser.post(f"{HOME}/{old.number}/supersede", asked, status=200)
    shown = organiser.page.words
    between = certificates(make)
    organiser.follow(organiser.post(f"{HOME}/{old.number}/supersede", asked | {"sure": "y"}))

    was, new = certificates(make)
    assert "Name until now" in shown
    assert "Ann Corrected" in shown
    assert len(between) == 1
    assert (was.superseded_why, was.successor_id) == ("The family name was misspelt", new.id)
    assert (was.superseded_by_id, new.issued_by_id) == (organiser.person.id, organiser.person.id)
    assert new.name == "Ann Corrected"
    assert new.statement_kept["events"] == was.statement_kept["events"]
    assert new.statement_kept["replaces"] == old.number
    assert organiser.page.heading == f"Certificate {new.number}"
    letters = make.all(select(Letter.subject).order_by(Letter.id))
    assert letters == [f"Your certificate {old.number}", f"Certificate {new.number} replaces {old.number}"]
    assert deeds(make)[-1] == "certificate.superseded"


def test_what_was_entered_can_be_changed_before_it_is_done(make: Making, event: Event, organiser: Client, quick: None):
    old = make.certificate(make.due(event))
    organiser.get(f"{HOME}/{old.number}/supersede")

    organiser.post(f"{HOME}/{old.number}/supersede", {"name": "Ann Half", "why": "Misspelt", "back": "y"}, status=200)

    assert organiser.page.one("input", name="name").get("value") == "Ann Half"
    assert len(certificates(make)) == 1


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"name": "", "why": "Misspelt"}, "Enter your name"),
        ({"name": "Ann", "why": ""}, "Say why"),
        ({"name": "Ann \U00012000", "why": "Misspelt"}, "U+12000"),
        ({"name": "Ann", "why": "x" * 301}, "Shorten this"),
        ({"name": "x" * 301, "why": "Misspelt"}, "Shorten the name"),
    ],
)
def test_superseding_needs_a_name_that_can_be_printed_and_a_reason(
    make: Making, event: Event, organiser: Client, quick: None, fields: dict[str, str], fault: str
):
    old = make.certificate(make.due(event))
    organiser.get(f"{HOME}/{old.number}/supersede")

    organiser.post(f"{HOME}/{old.number}/supersede", fields | {"sure": "y"}, status=422)

    assert fault in organiser.page.words
    assert len(certificates(make)) == 1


def test_the_facts_of_today_are_taken_where_it_is_asked_for(make: Making, event: Event, organiser: Client, quick: None):
    registration = make.due(event, half_days=3)
    old = make.certificate(registration)
    make.attended(event, registration, half_days=4)

    superseding(organiser, old.number, today="y")

    was, new = certificates(make)
    counts = [[one["counts"] for one in paper.statement_kept["events"][0]["half_days"]] for paper in (was, new)]
    assert counts == [[True, True, True, False], [True] * 4]


def test_the_facts_of_today_are_not_offered_to_who_would_not_be_due(
    make: Making, event: Event, organiser: Client, quick: None
):
    registration = make.due(event)
    old = make.certificate(registration)
    make.change(registration, state=RegistrationState.CANCELLED)

    organiser.get(f"{HOME}/{old.number}/supersede")

    assert "State what the records say today" not in organiser.page.words


def test_a_revoked_certificate_says_since_when_and_why_and_its_holder_is_told_once(
    make: Making, event: Event, organiser: Client, quick: None
):
    one = make.certificate(make.due(event))
    organiser.get(f"{HOME}/{one.number}/revoke")

    organiser.post(f"{HOME}/{one.number}/revoke", {"why": "Issued by mistake"}, status=200)
    unsure = certificates(make)[0].revoked_at
    organiser.follow(organiser.post(f"{HOME}/{one.number}/revoke", {"why": "Issued by mistake", "sure": "y"}))
    organiser.post(f"{HOME}/{one.number}/revoke", {"why": "Again", "sure": "y", "csrf_token": token(organiser)}, 409)

    (kept,) = certificates(make)
    assert unsure is None
    assert (kept.revoked_why, kept.revoked_by_id) == ("Issued by mistake", organiser.person.id)
    assert f"{one.number} has been revoked already." in organiser.page.words
    assert len(make.all(select(Letter).where(Letter.subject.contains("revoked")))) == 1


def test_a_revoked_one_can_be_followed_by_another_with_a_reason(
    make: Making, event: Event, organiser: Client, quick: None
):
    old = make.certificate(make.due(event))
    make.change(old, revoked_at=now(), revoked_why="A mistake")

    where = superseding(organiser, old.number, why="The mistake was ours")

    was, new = certificates(make)
    assert (was.revoked_why, was.superseded_why, was.successor_id) == ("A mistake", "The mistake was ours", new.id)
    assert where.endswith(new.number)
    organiser.get(HOME)
    assert figures(organiser)["Issued"] == 1


def test_who_is_overtaken_by_another_end_is_told_and_nothing_is_changed(
    make: Making, event: Event, organiser: Client, quick: None
):
    one = make.certificate(make.due(event))
    organiser.get(f"{HOME}/{one.number}/supersede")
    asked = {"name": "Ann", "why": "Misspelt", "seen": organiser.page.hidden("seen"), "sure": "y"}
    make.change(one, revoked_at=now(), revoked_why="A mistake")

    organiser.post(f"{HOME}/{one.number}/supersede", asked, status=409)

    assert "has been revoked already" in organiser.page.words
    assert len(certificates(make)) == 1
    assert len(make.all(select(CertificateFile))) == 1


def test_of_eight_who_supersede_at_once_one_does_and_the_others_are_told(
    app: Flask, make: Making, event: Event, quick: None
):
    old = make.certificate(make.due(event))
    clients = [make.appointed(event, Charge.ORGANISER) for _one in range(8)]
    for client in clients:
        client.get(f"{HOME}/{old.number}/supersede")
    ready = Barrier(8)

    def supersede(client: Client) -> int:
        fields = {"name": "Ann", "why": "Misspelt", "seen": "valid", "sure": "y", "csrf_token": token(client)}
        ready.wait(10)
        return client.http.post(f"{HOME}/{old.number}/supersede", data=fields).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(supersede, clients))

    assert answers == [302] + [409] * 7
    assert len(certificates(make)) == 2
    assert len(make.all(select(Letter).where(Letter.subject.contains("replaces")))) == 1


# --- files ---------------------------------------------------------------------------------------------------


def test_the_zip_says_its_length_and_holds_the_very_bytes_and_who_fetched_it_is_noted(
    make: Making, event: Event, organiser: Client, quick: None
):
    one = make.certificate(make.due(event, name="Marija Żammit Ċiantar"))
    revoked = make.certificate(make.due(event, name="Ann"))
    make.change(revoked, revoked_at=now(), revoked_why="A mistake")

    answer = organiser.get(f"{HOME}.zip")
    content = answer.data
    everything = organiser.get(f"{HOME}.zip?all=1").data

    archive = zipfile.ZipFile(io.BytesIO(content))
    assert answer.content_length == len(content)
    assert answer.headers["Content-Disposition"] == "attachment; filename=certificates-ghent.zip"
    assert archive.namelist() == [f"Marija Żammit Ċiantar {one.number}.pdf"]
    assert archive.read(archive.infolist()[0]) == b"%PDF " + one.number.encode()
    assert len(zipfile.ZipFile(io.BytesIO(everything)).namelist()) == 2
    noted = make.all(select(AuditRow).where(AuditRow.deed == "certificates.fetched").order_by(AuditRow.id))
    assert [(row.actor_id, row.about["papers"], row.about["which"]) for row in noted] == [
        (organiser.person.id, 1, "valid"), (organiser.person.id, 2, "all")
    ]  # fmt: skip


@pytest.mark.parametrize("lost", ["role", "account", "event"])
def test_a_zip_breaks_off_where_its_right_is_lost(
    make: Making, event: Event, organiser: Client, quick: None, lost: str
):
    for name in ("Ann", "Ben", "Cia"):
        make.certificate(make.due(event, name=name))
    pieces = iter(organiser.get(f"{HOME}.zip", buffered=False).response)
    sent = b""
    while b"%PDF" not in sent:
        sent += next(pieces)

    if lost == "role":
        make.change(organiser.person, role=Role.PRACTITIONER)
    elif lost == "account":
        make.change(organiser.person, standing=Standing.DISABLED)
    else:
        with make.app.app_context(), writing():
            db.session.execute(delete(Appointment))
            db.session.commit()

    with pytest.raises(Withdrawn):
        sent += b"".join(pieces)
    assert sent.count(b"%PDF") == 1


def test_the_copy_for_printing_comes_as_one_pdf(make: Making, event: Event, organiser: Client):
    make.certificate(make.due(event, name="Ann Bell"))

    answer = organiser.get(f"{HOME}.pdf")

    assert answer.data.startswith(b"%PDF-1.7")
    assert answer.content_length == len(answer.data)
    assert deeds(make)[-1] == "certificates.fetched"


@pytest.mark.parametrize("kind", ["zip", "pdf"])
def test_where_nothing_is_issued_there_is_nothing_to_fetch(make: Making, organiser: Client, kind: str):
    organiser.get(f"{HOME}.{kind}", status=404)

    assert "Nothing to fetch yet" in organiser.page.words
    assert deeds(make) == []


def test_a_printing_copy_that_cannot_be_made_is_said_in_words(
    make: Making, event: Event, organiser: Client, quick: None
):
    make.certificate(make.due(event))

    organiser.get(f"{HOME}.pdf", status=503)

    assert "could not be made" in organiser.page.words


def test_markup_in_a_name_and_in_a_reason_is_shown_as_it_stands(
    make: Making, event: Event, organiser: Client, quick: None
):
    name = "<b>{{7*7}}</b> {user.__class__} %(x)s"
    one = make.certificate(make.due(event, name=name))
    make.change(one, revoked_at=now(), revoked_why=name)

    organiser.get(f"{HOME}/{one.number}")
    there = organiser.page.words
    organiser.get(HOME)

    assert there.count(name) >= 3
    assert name in organiser.page.words


def test_ids_that_are_none_of_this_event_choose_nobody(make: Making, event: Event, organiser: Client, quick: None):
    other = make.due(make.past_event("vienna"), name="Dan")
    organiser.get(f"{HOME}/issue?who=r{other.id}&who=p999999&who={uuid4()}&paper=../x")

    assert "Nobody is due one now." in organiser.page.words
    organiser.post(f"{HOME}/issue", {"who": f"r{other.id}", "csrf_token": token(organiser)}, status=409)
    assert certificates(make) == []
    with make.app.app_context():
        assert db.session.scalar(select(Certificate.id)) is None
