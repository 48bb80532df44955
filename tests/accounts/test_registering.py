"""Asking for an account: what is asked, who decides, and that the answer tells nobody who has one."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from lms.accounts.models import Person, Profession, Role, Standing
from lms.audit import AuditRow
from lms.mail import Letter
from tests.make import PASSWORD, Making
from tests.page import Client

ASKED = {
    "name": "Γιάννης Αντωνίου",
    "email": "giannis@service.example",
    "profession": "police",
    "organisation": "Ελληνική Αστυνομία",
    "country": "GR",
}


def register(app: Flask, status: int = 200, **fields: str) -> Client:
    """A browser in which the form was sent."""
    client = Client(app)
    client.get("/register")
    client.post("/register", ASKED | fields, status=status)
    return client


def asked_for(make: Making) -> Person:
    return make.one(select(Person).where(Person.role == Role.PRACTITIONER))


def test_a_request_waits_for_an_organiser_and_writes_no_letter(app: Flask, make: Making):
    client = register(app)

    person = asked_for(make)
    assert person.standing == Standing.WAITING
    assert (person.name, person.email) == (ASKED["name"], ASKED["email"])
    assert (person.profession, person.country) == (Profession.POLICE, "GR")
    assert person.organisation == ASKED["organisation"]
    assert "An organiser looks at your request" in client.page.words
    assert make.all(select(Letter)) == []


def test_the_whole_way_from_a_request_to_the_first_page(app: Flask, make: Making):
    register(app)
    organiser = make.signed_in(Role.ORGANISER)
    organiser.get("/desk/people")

    organiser.post(f"/desk/people/{asked_for(make).id}/welcome")
    link = re.search(r"http://localhost(/\S+)", make.one(select(Letter)).body)[1]
    client = Client(app)
    client.get(link)
    client.follow(client.post(link, {"password": PASSWORD}))

    assert "Γ. Αντωνίου" in client.page.words
    Client(app).sign_in(ASKED["email"], PASSWORD)


def test_a_refused_request_is_gone_and_may_be_made_again(app: Flask, make: Making):
    register(app)
    organiser = make.signed_in(Role.ORGANISER)
    organiser.get("/desk/people")

    organiser.post(f"/desk/people/{asked_for(make).id}/refuse")
    gone = make.all(select(Person).where(Person.role == Role.PRACTITIONER))
    register(app)

    assert gone == []
    assert asked_for(make).standing == Standing.WAITING
    assert make.all(select(Letter)) == []


def test_where_registration_is_open_the_letter_goes_out_at_once(app: Flask, make: Making, changed: Callable):
    changed(registration="open")

    client = register(app)

    assert asked_for(make).standing == Standing.ACTIVE
    assert asked_for(make).password_hash is None
    assert make.one(select(Letter)).address == ASKED["email"]
    assert "A letter with a link is on its way" in client.page.words


def test_where_accounts_are_by_invitation_there_is_no_form(client: Client, make: Making, changed: Callable):
    changed(registration="invite")

    client.get("/sign-in")
    offered = client.page.links()
    token = client.page.hidden("csrf_token")
    client.get("/register", status=404)
    client.post("/register", ASKED | {"csrf_token": token}, status=404)

    assert "/register" not in offered
    assert make.all(select(Person)) == []


@pytest.mark.parametrize("mode", ["approval", "open"])
def test_the_answer_is_the_same_for_an_address_that_has_an_account(
    app: Flask, make: Making, changed: Callable, mode: str
):
    changed(registration=mode)
    known = [make.person(standing=standing).email for standing in Standing]

    answers = [register(app, email=email).page.text for email in [*known, known[0].upper(), "new@service.example"]]

    assert len(set(answers)) == 1
    assert len(make.all(select(Person))) == 4


def test_asking_again_with_a_known_address_changes_nothing_of_the_account(app: Flask, make: Making, changed: Callable):
    changed(registration="open")
    person = make.person(name="The First", organisation="Theirs")

    register(app, email=person.email, name="An Impostor", organisation="Mine")

    again = make.one(select(Person))
    assert (again.name, again.organisation, again.password_hash) == ("The First", "Theirs", person.password_hash)
    assert make.all(select(Letter)) == []


def test_whoever_waits_cannot_sign_in_or_get_a_link(app: Flask, make: Making):
    register(app)
    client = Client(app)

    for path in ("/sign-in/link", "/password/forgotten"):
        client.get(path)
        client.post(path, {"email": ASKED["email"]}, status=200)
    client.get("/sign-in")
    client.post("/sign-in", {"email": ASKED["email"], "password": PASSWORD}, status=422)

    assert make.all(select(Letter)) == []


def test_the_letter_is_written_in_the_language_the_form_was_read_in(app: Flask, make: Making, changed: Callable):
    changed(registration="open")
    client = Client(app)
    client.get("/register?lang=de")

    client.post("/register?lang=de", ASKED, status=200)

    assert asked_for(make).language == "de"


@pytest.mark.parametrize(
    "name",
    [
        "O'Brien",
        "Đặng Thị Bích",
        "Γιάννης",
        "Иванова",
        "Ħaż-Żebbuġ",
        "مريم الحداد",
        "O",
        "Ł",
        "é" * 300,
        "Zoe\u0301 de\u0301compose\u0301e",
        "Robert'); DROP TABLE person;--",
        "<b>Bold</b> & Sons <script>alert(1)</script>",
        "{{ 7*7 }} {user.__class__} %(x)s ${x}",
        "=1+1",
        "😀 Smile",
    ],
)
def test_a_name_of_any_letters_is_kept_and_shown_as_it_is(app: Flask, make: Making, name: str):
    register(app, name=name)
    organiser = make.signed_in(Role.ORGANISER)

    organiser.get("/desk/people")

    assert asked_for(make).name == name
    assert name in organiser.page.words
    assert "alert(1)" not in "".join(script.text or "" for script in organiser.page.all("script"))
    assert "49" not in organiser.page.words or "49" in name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("é" * 301, "Shorten the name to 300 characters."),
        ("", "Enter your name as it is to be printed."),
        ("   ", "Enter your name as it is to be printed."),
        ("Ann\x07", "Some characters could not be printed"),
        ("Ann\x1b[31m", "Some characters could not be printed"),
        ("Ann\x7f", "Some characters could not be printed"),
        ("Ann\u202egnp.exe", "Some characters could not be printed"),
        ("Ann\u200b", "Some characters could not be printed"),
        ("\ufeffAnn", "Some characters could not be printed"),
    ],
)
def test_a_name_that_cannot_be_printed_is_refused_with_words_and_kept_in_the_field(
    app: Flask, make: Making, name: str, words: str
):
    client = register(app, status=422, name=name)

    assert words in client.page.words
    assert client.page.title.startswith("Error: ")
    assert make.all(select(Person)) == []


def test_what_cannot_be_printed_is_taken_out_of_the_field_so_that_sending_again_works(app: Flask, make: Making):
    client = register(app, status=422, name="Ann\u200b Li\x07", organisation="A\x1bB")
    again = {field: client.page.one("input", name=field).get("value") for field in ("name", "organisation")}

    client.post("/register", ASKED | again, status=200)

    assert (asked_for(make).name, asked_for(make).organisation) == ("Ann Li", "AB")


def test_a_name_with_a_nul_is_refused_with_words(app: Flask, make: Making):
    client = register(app, status=400, name="Ann\0")

    assert "a character that cannot be kept" in client.page.words
    assert make.all(select(Person)) == []


def test_spaces_around_and_inside_a_name_are_folded(app: Flask, make: Making):
    register(app, name="  Anna \t Maria\r\nLi  ")

    assert asked_for(make).name == "Anna Maria Li"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("email", "", "Enter your e-mail address."),
        ("email", "nobody", "Enter an e-mail address"),
        ("email", "a b@service.example", "Enter an e-mail address"),
        ("email", "x" * 250 + "@service.example", "Enter an e-mail address"),
        ("profession", "", "Choose a profession."),
        ("profession", "spy", "Not a valid choice"),
        ("country", "XX", "Not a valid choice"),
        ("organisation", "x" * 201, "Shorten this to 200 characters."),
        ("organisation", "a\x07b", "Some characters could not be printed"),
    ],
)
def test_what_does_not_fit_is_refused_with_words_at_its_field(
    app: Flask, make: Making, field: str, value: str, words: str
):
    client = register(app, status=422, **{field: value})

    fault = next(e for e in client.page.all("p") if e.get("id") == f"{field}-fault")
    assert words in "".join(fault.itertext())
    assert client.page.one("input", name="name").get("value") == ASKED["name"]
    assert make.all(select(Person)) == []


@pytest.mark.parametrize("field", ["email", "name", "profession", "country"])
def test_a_field_that_is_missing_is_asked_for(app: Flask, make: Making, field: str):
    client = Client(app)
    client.get("/register")

    client.post("/register", {name: value for name, value in ASKED.items() if name != field}, status=422)

    assert make.all(select(Person)) == []


def test_nobody_makes_oneself_an_organiser_by_adding_fields(app: Flask, make: Making):
    register(
        app, role="organiser", standing="active", id="1", password=PASSWORD, password_hash="x", extra_time="400",
        is_admin="1", joined_at="2001-01-01",
    )  # fmt: skip

    person = make.one(select(Person))
    assert (person.role, person.standing) == (Role.PRACTITIONER, Standing.WAITING)
    assert (person.password_hash, person.extra_time) == (None, 0)
    assert person.joined_at.year > 2001


def test_a_doubled_field_counts_once(app: Flask, make: Making):
    client = Client(app)
    client.get("/register")

    client.post("/register", ASKED | {"name": ["First", "Second"], "email": ["a@x.example", "b@x.example"]}, status=200)

    assert (asked_for(make).name, asked_for(make).email) == ("First", "a@x.example")


def test_asking_is_no_organisers_deed(app: Flask, make: Making):
    register(app)

    assert make.all(select(AuditRow)) == []
