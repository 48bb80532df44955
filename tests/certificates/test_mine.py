"""My certificates: what there is, what is due under which name, the file for its holder and for nobody else."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from threading import Barrier

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from lms import pdf
from lms.accounts.models import Person, Role
from lms.audit import AuditRow
from lms.certificates import issuing, signing
from lms.certificates.models import Certificate, CertificateFile, ConfirmedName, SigningKey
from lms.clock import now
from lms.events.models import Event
from lms.events.parts import Charge
from lms.mail import Letter
from tests.certificates.test_due import did_everything
from tests.certificates.test_issuing import content, deeds, letters, revoked, superseded
from tests.make import Making
from tests.page import HTML, Client, words

TICKED = {"name_is_right": "y"}
JSON = {"Accept": "application/json"}


def was_there(make: Making, event: Event, half_days: int = 4, **values: object) -> Client:
    """Someone signed in who was at an event, and has confirmed no name."""
    client = make.signed_in(**values)
    make.attended(event, make.registered(event, client.person), half_days)
    return client


def ask(client: Client, status: int = 302, **fields: str) -> None:
    client.get("/certificates/")
    answer = client.post("/certificates/", TICKED | fields, status=status)
    if status == 302:
        client.follow(answer)


def papers(make: Making) -> list[Certificate]:
    return list(make.all(select(Certificate).order_by(Certificate.id)))


def confirmed(make: Making) -> list[str]:
    return [one.name for one in make.all(select(ConfirmedName))]


def part(client: Client, heading: str) -> str:
    """What stands under a heading of the page."""
    for section in client.page.all("section"):
        if any(words(one).endswith(heading) for one in section.iter(HTML + "h2")):
            return words(section)
    return ""


# --- asking --------------------------------------------------------------------------------------------------


def test_who_has_nothing_reads_what_is_missing_and_where_it_is_done(make: Making):
    event = make.past_event()
    client = was_there(make, event, half_days=1)

    client.get("/certificates/")

    assert "You have none yet." in client.page.words
    assert "Certificate of attendance Ghent training 2 half-days are missing" in part(client, "Not due yet")
    assert "23 lessons are not read yet; 5 quizzes are not passed yet" in part(client, "Not due yet")
    assert "/progress" in client.page.links()
    assert "Make my certificate" not in client.page.words


def test_a_certificate_is_made_when_its_holder_has_said_that_the_name_is_right(make: Making):
    client = was_there(make, make.past_event(), name="Marija Żammit Ċiantar")
    client.get("/certificates/")
    before = part(client, "You are due")

    client.follow(client.post("/certificates/", TICKED))

    (kept,) = papers(make)
    assert "Certificate of attendance Ghent training" in before
    assert "Marija Żammit Ċiantar" in before
    assert "Is this right?" in before
    assert "Your certificate is ready." in client.page.words
    assert (kept.person_id, kept.name, kept.issued_by_id) == (
        client.person.id,
        "Marija Żammit Ċiantar",
        client.person.id,
    )
    assert confirmed(make) == ["Marija Żammit Ċiantar"]
    assert letters(make) == [f"Your certificate {kept.number}"]
    assert make.one(select(AuditRow)).actor_id == client.person.id


def test_each_certificate_says_what_it_says_its_number_where_to_check_it_and_until_when_it_is_kept(make: Making):
    client = was_there(make, make.past_event(first="2025-03-03"), half_days=3)
    ask(client)
    (kept,) = papers(make)

    mine = part(client, "Yours")

    assert "Certificate of attendance Training on child trafficking and digital evidence Valid" in mine
    assert f"Number {kept.number} Name {client.person.name} Event Ghent training, 3–4 March 2025, Ghent" in mine
    assert "Present 3 of 4 half-days (at least 3 asked) Hours 10 h 30" in mine
    assert f"Check it at http://localhost/check/{kept.number}" in mine
    assert f"Kept until {kept.keep_until.day} " in mine.replace("\u00a0", " ")
    assert f"{kept.keep_until.year}" in mine
    assert {f"/certificates/{kept.number}.pdf", f"/check/{kept.number}"} <= set(client.page.links())
    assert client.http.get(f"/check/{kept.number}").status_code == 200


def test_everything_that_is_due_is_made_at_once(make: Making):
    client = was_there(make, make.past_event("ghent"))
    there = make.past_event("malmo")
    make.attended(there, make.registered(there, client.person))
    did_everything(make, client.person.id)
    client.get("/certificates/")
    label = "Make my 3 certificates" in client.page.words

    ask(client)

    assert label
    assert sorted((one.scope, one.paper) for one in papers(make)) == [
        ("course", "completion"), ("ghent", "attendance"), ("malmo", "attendance"),
    ]  # fmt: skip
    assert "Your 3 certificates are ready." in client.page.words
    assert len(letters(make)) == 3


def test_without_the_tick_nothing_is_made_and_the_page_says_so_at_the_box(make: Making):
    client = was_there(make, make.past_event())
    client.get("/certificates/")

    client.post("/certificates/", status=422)

    assert client.page.title.startswith("Error:")
    assert "#name_is_right" in client.page.links()
    assert client.page.words.count("Tick that the name is right, or change it in My account first.") == 2
    assert (papers(make), confirmed(make), letters(make)) == ([], [], [])


def test_a_program_that_forgets_the_tick_is_told_in_json(make: Making):
    client = was_there(make, make.past_event())
    client.get("/certificates/")

    answer = client.post("/certificates/", status=422, headers=JSON)

    assert answer.json["field"] == "name_is_right"
    assert "Tick" in answer.json["error"]


def test_a_name_that_changed_while_the_page_was_open_is_not_confirmed_by_its_tick(make: Making):
    client = was_there(make, make.past_event(), name="Maria Old")
    client.get("/certificates/")
    make.change(client.person, name="Maria New")

    client.post("/certificates/", TICKED | {"name": "Maria Old"}, status=422)

    assert (papers(make), confirmed(make)) == ([], [])
    assert "Maria New" in part(client, "You are due")


def test_a_name_confirmed_before_needs_no_tick(make: Making):
    client = make.signed_in()
    make.due(make.past_event(), client.person)
    client.get("/certificates/")
    asked = "Is this right?" in client.page.words

    client.post("/certificates/")

    assert not asked
    assert [one.name for one in papers(make)] == [client.person.name]


def test_a_name_that_changed_since_it_was_confirmed_is_asked_for_again_and_the_newest_counts(make: Making):
    client = make.signed_in(name="Maria Old")
    make.due(make.past_event(), client.person)
    make.change(client.person, name="Maria New")
    client.get("/certificates/")
    client.post("/certificates/", status=422)

    ask(client)

    assert [one.name for one in papers(make)] == ["Maria New"]
    assert confirmed(make) == ["Maria New"]


def test_the_paper_is_in_the_language_of_its_holder_and_the_page_says_so_before(make: Making):
    german, greek = (was_there(make, make.past_event(slug), language=code) for slug, code in (("a", "de"), ("b", "el")))
    german.get("/certificates/?lang=en")
    before = german.page.words
    greek.get("/certificates/")

    ask(german)

    assert "The certificate will be in Deutsch, with English beside it." in before
    assert "The certificate will be in English." in greek.page.words
    assert papers(make)[0].statement_kept["locale"] == "de"


def test_asking_again_gives_the_same_certificate_and_no_second_letter(make: Making):
    client = was_there(make, make.past_event())
    ask(client)
    (first,) = papers(make)
    client.get("/account")

    client.follow(client.post("/certificates/", TICKED))

    assert [one.number for one in papers(make)] == [first.number]
    assert first.number in client.page.words
    assert len(letters(make)) == 1
    assert deeds(make) == ["certificate.issued"]


def test_who_is_due_nothing_and_has_nothing_is_told_so_on_the_page_and_in_json(make: Making):
    client = make.signed_in()
    client.get("/certificates/")

    client.post("/certificates/", TICKED, status=409)
    page = client.page.words
    answer = client.post("/certificates/", TICKED, status=409, headers=JSON)

    assert "Nothing is due yet: below stands what is missing." in page
    assert "Nothing is due yet" in answer.json["error"]
    assert (papers(make), confirmed(make)) == ([], [])


def test_a_letter_that_no_font_has_is_named_before_anything_is_made(make: Making):
    client = was_there(make, make.past_event(), name="Ana 𓀀 Zoe")
    client.get("/certificates/")
    told = part(client, "Your name cannot be printed as it is written")

    client.post("/certificates/", TICKED, status=409)

    assert "“𓀀” (U+13000, EGYPTIAN HIEROGLYPH A001)" in told
    assert "/account" in client.page.links()
    assert "cannot be printed" in client.page.words
    assert (papers(make), confirmed(make)) == ([], [])


@pytest.mark.parametrize("name", ["<b>Ana</b> & {{ 7*7 }}", "{user.__class__}", "=cmd|' /C calc'!A0", "فاطمة الزهراء"])
def test_a_name_is_shown_as_it_stands(make: Making, name: str):
    client = was_there(make, make.past_event(), name=name)

    ask(client)

    assert name in part(client, "Yours")


def test_a_revoked_certificate_is_not_due_again(make: Making):
    client = make.signed_in()
    kept = make.certificate(make.due(make.past_event(), client.person))
    revoked(make, kept, "Somebody else signed <here>")
    client.get("/certificates/")
    mine = part(client, "Yours")

    client.post("/certificates/", TICKED, status=409)

    assert "Revoked Revoked since" in mine
    assert "The reason given: Somebody else signed <here> If you think this is wrong, write to the organisers." in mine
    assert len(papers(make)) == 1


def test_a_superseded_certificate_names_the_one_that_took_its_place_and_why(make: Making):
    client = make.signed_in(name="Marija Zammit")
    old = make.certificate(make.due(make.past_event(), client.person))
    make.change(client.person, name="Marija Żammit")
    new = superseded(make, old, "Marija Żammit", "A dot was missing")

    client.get("/certificates/")

    articles = [words(one) for one in client.page.all("article")]
    assert [new.number in articles[0], old.number in articles[1]] == [True, True]
    assert "Valid" in articles[0]
    assert f"Superseded by {new.number} on" in articles[1]
    assert "The reason given: A dot was missing" in articles[1]
    assert {f"/certificates/{one.number}.pdf" for one in (old, new)} <= set(client.page.links())


def test_a_certificate_whose_key_was_not_safe_any_more_says_so_to_its_holder(make: Making):
    client = make.signed_in()
    make.certificate(make.due(make.past_event(), client.person))
    key = make.one(select(SigningKey))
    make.change(key, compromised_from=now() - timedelta(days=1), compromised_why="The laptop was stolen")

    client.get("/certificates/")

    assert "Revoked The key that signed it was not safe any more from" in part(client, "Yours")
    assert "laptop" not in client.page.words


def test_who_changed_the_name_since_is_told_that_the_certificate_says_another(make: Making):
    client = make.signed_in(name="Maria Old")
    make.certificate(make.due(make.past_event(), client.person))
    make.change(client.person, name="Maria New")

    client.get("/certificates/")

    assert "Name Maria Old" in part(client, "Yours")
    assert "Your account now says: Maria New" in part(client, "Yours")


def test_nothing_is_due_while_the_half_day_that_makes_it_due_goes_on(make: Making):
    with time_machine.travel("2027-03-02T09:05+01:00"):
        client = was_there(make, make.past_event(first="2027-03-01"), half_days=3)

        client.get("/certificates/")

        assert part(client, "You are due") == ""


# --- when it cannot be made ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [pdf.Failed("This machine lacks the libraries. Type lms doctor."), signing.NoKey("No key: tell them.")]
)
def test_without_pango_or_key_nothing_is_issued_and_the_page_says_who_can_mend_it(
    make: Making, monkeypatch: pytest.MonkeyPatch, fault: Exception
):
    client = was_there(make, make.past_event())

    def fails(_draft: issuing.Draft) -> issuing.Made:
        raise fault

    monkeypatch.setattr(issuing, "make", fails)
    client.get("/certificates/")
    client.post("/certificates/", TICKED, status=503)

    assert client.page.heading == "No certificate was made"
    assert str(fault) in client.page.words
    assert (papers(make), confirmed(make), letters(make)) == ([], [], [])


def test_when_the_second_of_two_cannot_be_made_neither_is_issued(make: Making, monkeypatch: pytest.MonkeyPatch):
    client = was_there(make, make.past_event("ghent"))
    there = make.past_event("malmo")
    make.attended(there, make.registered(there, client.person))
    really = issuing.make

    def fails_at_the_second(draft: issuing.Draft) -> issuing.Made:
        if draft.statement.scope == "malmo":
            raise pdf.Failed("Not this one.")
        return really(draft)

    monkeypatch.setattr(issuing, "make", fails_at_the_second)
    client.get("/certificates/")
    client.post("/certificates/", TICKED, status=503)

    assert papers(make) == []


def test_others_write_while_a_certificate_is_made(make: Making, monkeypatch: pytest.MonkeyPatch):
    client = was_there(make, make.past_event())
    really = issuing.make

    def meanwhile(draft: issuing.Draft) -> issuing.Made:
        with ThreadPoolExecutor(1) as other:
            other.submit(make.person).result(timeout=5)
        return really(draft)

    monkeypatch.setattr(issuing, "make", meanwhile)

    ask(client)

    assert len(papers(make)) == 1
    assert len(make.all(select(Person))) == 2


# --- many at once --------------------------------------------------------------------------------------------


def test_asked_for_in_eight_tabs_at_once_it_is_one_certificate_and_one_letter(app: Flask, make: Making):
    client = was_there(make, make.past_event())
    client.get("/certificates/")
    token = client.page.hidden("csrf_token")
    cookie = client.http.get_cookie("session")
    start = Barrier(8)

    def tab(_number: int) -> int:
        http = app.test_client()
        http.set_cookie("session", cookie.value)
        start.wait()
        return http.post("/certificates/", data={"csrf_token": token} | TICKED).status_code

    with ThreadPoolExecutor(8) as tabs:
        answers = list(tabs.map(tab, range(8)))

    assert answers == [302] * 8
    assert len(papers(make)) == len(letters(make)) == len(confirmed(make)) == 1
    assert deeds(make) == ["certificate.issued"]
    assert len(make.all(select(CertificateFile))) == 1


def test_fifty_asks_of_forty_people_over_three_threads_give_forty_certificates(make: Making):
    event = make.past_event()
    clients = [was_there(make, event) for _ in range(40)]
    for client in clients:
        client.get("/certificates/")
    asks = iter([*clients, *clients[:10]])

    def one(client: Client) -> str:
        answer = client.http.post(
            "/certificates/", data={"csrf_token": client.page.hidden("csrf_token")} | TICKED
        )  # fmt: skip
        assert answer.status_code == 302, answer.text
        return answer.location

    with ThreadPoolExecutor(3) as threads:
        where = list(threads.map(one, asks))

    kept = papers(make)
    assert where == ["/certificates/"] * 50
    assert len(kept) == len({one.number for one in kept}) == len({one.person_id for one in kept}) == 40
    assert len(letters(make)) == len(make.all(select(Letter))) == 40
    assert deeds(make) == ["certificate.issued"] * 40


# --- the file ------------------------------------------------------------------------------------------------


def test_the_file_is_the_same_bytes_every_time_and_is_kept_nowhere_on_its_way(make: Making):
    client = was_there(make, make.past_event())
    ask(client)
    (kept,) = papers(make)

    first, second = (client.get(f"/certificates/{kept.number}.pdf") for _ in range(2))

    assert first.data == second.data == content(make, kept)
    assert sha256(first.data).hexdigest() == kept.sha256
    assert first.mimetype == "application/pdf"
    assert first.headers["Content-Disposition"] == f'attachment; filename="certificate-{kept.number}.pdf"'
    assert first.headers["Cache-Control"] == "private, no-store"
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    assert first.headers["Content-Length"] == str(kept.size)


def test_a_number_is_read_in_any_case(make: Making):
    client = make.signed_in()
    kept = make.certificate(make.due(make.past_event(), client.person))

    assert client.get(f"/certificates/{kept.number.lower()}.pdf").data == content(make, kept)


def readers(make: Making, event: Event) -> Iterator[tuple[str, Client, bool]]:
    """Who asks for a paper of attendance of this event, and whether they get it."""
    other = make.past_event("malmo")
    yield "another participant", was_there(make, event), False
    yield "a trainer of the event", make.appointed(event), False
    yield "an organiser of the event", make.appointed(event, Charge.ORGANISER), True
    yield "an organiser of another", make.appointed(other, Charge.ORGANISER), False
    yield "a trainer of nothing", make.signed_in(Role.TRAINER), False
    yield "a coordinator", make.signed_in(Role.ORGANISER), True


def test_a_file_is_for_its_holder_and_for_organisers_of_its_event(make: Making):
    event = make.past_event()
    kept = make.certificate(make.due(event))

    for who, client, may in readers(make, event):
        answer = client.get(f"/certificates/{kept.number}.pdf", status=200 if may else 404)
        assert (answer.data == content(make, kept)) == may, who


def test_a_paper_of_the_course_is_for_its_holder_and_for_coordinators(make: Making):
    event = make.past_event()
    client = was_there(make, event)
    did_everything(make, client.person.id)
    ask(client)
    kept = next(one for one in papers(make) if one.scope == "course")

    client.get(f"/certificates/{kept.number}.pdf")
    make.appointed(event, Charge.ORGANISER).get(f"/certificates/{kept.number}.pdf", status=404)
    make.signed_in(Role.ORGANISER).get(f"/certificates/{kept.number}.pdf")


def test_an_appointment_that_outlasts_the_role_opens_no_file(make: Making):
    event = make.past_event()
    kept = make.certificate(make.due(event))
    client = make.appointed(event, Charge.ORGANISER)
    make.change(client.person, role=Role.PRACTITIONER)

    client.get(f"/certificates/{kept.number}.pdf", status=404)


def test_who_is_signed_out_is_sent_to_the_door(client: Client, make: Making):
    kept = make.certificate(make.due(make.past_event()))

    answer = client.get(f"/certificates/{kept.number}.pdf", status=302)

    assert answer.location.startswith("/sign-in?next=/certificates/")


@pytest.mark.parametrize("number", ["D-0000-0000-0000", "D-0000-0000-0001", "none", "..%2f..%2fetc%2fpasswd", "%00"])
def test_a_number_that_is_none_of_ours_is_not_there(make: Making, number: str):
    client = make.signed_in(Role.ORGANISER)

    answer = client.http.get(f"/certificates/{number}.pdf")

    assert answer.status_code in (400, 404)


def test_my_page_shows_nobody_elses_certificates(make: Making):
    kept = make.certificate(make.due(make.past_event()))

    for client in (make.signed_in(), make.signed_in(Role.ORGANISER)):
        client.get("/certificates/")
        assert kept.number not in client.page.text


def given_before(make: Making, merged: bool = False) -> tuple[Client, Certificate]:
    """Someone who came without an account, was given a certificate, and has an account now."""
    event = make.past_event()
    walk_in = make.due(event, name="Ana Walk-in", walk_in=True)
    kept = make.certificate(walk_in)
    client = make.signed_in(name="Ana Walk-in")
    if merged:
        make.change(walk_in, merged_into_id=make.registered(event, client.person).id)
    else:
        make.change(walk_in, person_id=client.person.id)
    return client, kept


@pytest.mark.parametrize("merged", [False, True])
def test_a_certificate_given_before_there_was_an_account_is_mine_once_i_have_one(make: Making, merged: bool):
    client, kept = given_before(make, merged)

    client.get("/certificates/")

    assert kept.number in part(client, "Yours")
    assert client.get(f"/certificates/{kept.number}.pdf").data == content(make, kept)


def test_a_certificate_given_before_there_was_an_account_is_not_due_again(make: Making):
    client, _kept = given_before(make)

    client.get("/certificates/")

    assert part(client, "You are due") == ""


def test_staff_find_where_they_issue_certificates_of_others(make: Making):
    event = make.past_event()
    make.past_event("graz", "2025-04-05")
    practitioner, coordinator = make.signed_in(), make.signed_in(Role.ORGANISER)
    trainer, organiser = make.appointed(event), make.appointed(event, Charge.ORGANISER)

    found = {}
    for name, client in (("p", practitioner), ("t", trainer), ("o", organiser), ("c", coordinator)):
        client.get("/certificates/")
        found[name] = [link for link in client.page.links() if link.startswith("/desk/certificates/")]

    ghent, graz, course = ("/desk/certificates/" + scope for scope in ("ghent", "graz", "course"))
    assert found == {"p": [], "t": [], "o": [ghent], "c": [ghent, graz, course]}
