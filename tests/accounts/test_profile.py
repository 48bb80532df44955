"""One's own account: what is printed of someone, the language, the password, the list of sessions."""

import pytest
from flask import Flask
from sqlalchemy import select

from lms.accounts.models import Login, Person, Profession, Role
from tests.make import PASSWORD, Making
from tests.page import Client

PROFILE = {"name": "Person 1", "profession": "judge", "organisation": "A court", "country": "MT", "language": ""}
NEW = "five rather new words here"
NAMES = [
    "O'Brien",
    "Đặng Thị Bích",
    "Γιάννης Αντωνίου",
    "Иванова",
    "Ħaż-Żebbuġ",
    "مريم الحداد",
    "X",
    "Ж" * 300,
    "Zoe\u0308 de\u0301compose\u0301e",
    "<script>alert(1)</script>",
    "{{ 7*7 }} %(name)s ${x} {user.__class__}",
    '" onfocus="alert(1)" x="',
    "&amp; &lt;",
    "😀",
]


@pytest.fixture
def mine(make: Making) -> Client:
    return make.signed_in()


def keep(client: Client, status: int = 302, **fields: str) -> None:
    client.get("/account")
    client.post("/account", PROFILE | fields, status=status)


def kept(make: Making, client: Client) -> Person:
    return make.one(select(Person).where(Person.id == client.person.id))


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:20])
def test_a_name_is_kept_and_shown_as_it_is(mine: Client, make: Making, name: str):
    keep(mine, name=name)

    mine.get("/account")

    assert kept(make, mine).name == name
    assert mine.page.one("input", name="name").get("value") == name
    assert [script.text for script in mine.page.all("script") if script.text] == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Anna Maria Li", "A. Maria Li"), ("Γιάννης", "Γιάννης"), ("X", "X"), ("<b>x</b> <i>y</i>", "<. <i>y</i>")],
)
def test_the_head_of_a_page_shows_initial_and_family_name(mine: Client, name: str, shown: str):
    keep(mine, name=name)

    mine.get("/")

    assert "".join(mine.page.all("bdi")[0].itertext()) == shown


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("x" * 301, "Shorten the name to 300 characters."),
        ("", "Enter your name as it is to be printed."),
        (" \t ", "Enter your name as it is to be printed."),
        ("Ann\x07", "Some characters could not be printed"),
        ("Ann\x00", "a character that cannot be kept"),
    ],
    ids=ascii,
)
def test_a_name_that_cannot_be_printed_is_refused_with_words_and_nothing_is_kept(
    mine: Client, make: Making, name: str, words: str
):
    keep(mine, status=400 if "\0" in name else 422, name=name)

    assert words in mine.page.words
    assert kept(make, mine).name == mine.person.name


def test_the_profile_is_kept_whole(mine: Client, make: Making):
    keep(mine, name="  Anna   Li ", organisation="  Tribunal   de Bruxelles ", language="de")

    person = kept(make, mine)
    assert (person.name, person.organisation) == ("Anna Li", "Tribunal de Bruxelles")
    assert (person.profession, person.country, person.language) == (Profession.JUDGE, "MT", "de")
    mine.get("/account?lang=en")
    assert "Your profile is kept." in mine.page.words


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("profession", ""),
        ("profession", "spy"),
        ("country", "XX"),
        ("country", "mt"),
        ("language", "xx"),
        ("language", "fr"),
        ("organisation", "x" * 201),
        ("organisation", "a\x1bb"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_field_and_nothing_is_kept(
    mine: Client, make: Making, field: str, value: str
):
    keep(mine, status=422, **{field: value})

    assert any(e.get("id") == f"{field}-fault" for e in mine.page.all("p"))
    assert mine.page.title.startswith("Error: ")
    assert kept(make, mine).organisation == ""


@pytest.mark.parametrize("field", ["name", "organisation", "country", "language"])
def test_a_field_that_is_missing_keeps_what_was_there(mine: Client, make: Making, field: str):
    keep(mine, name="Anna Li", language="de")
    mine.get("/account")

    mine.post("/account", {"profession": "judge"} | {one: "" for one in ("country", "language") if one != field})

    assert getattr(kept(make, mine), field) == (PROFILE | {"name": "Anna Li", "language": "de"})[field]


def test_nobody_makes_oneself_more_by_adding_fields(mine: Client, make: Making):
    before = kept(make, mine)

    keep(
        mine, role="organiser", standing="disabled", extra_time="400", email="other@x.example", id="1", person_id="1",
        password="x", password_hash="x", joined_at="2001-01-01", is_admin="1",
    )  # fmt: skip

    after = kept(make, mine)
    for name in ("id", "role", "standing", "extra_time", "email", "password_hash", "joined_at"):
        assert getattr(after, name) == getattr(before, name)


def test_nobodys_profile_but_ones_own_is_changed(mine: Client, make: Making):
    other = make.person(name="Someone Else")

    keep(mine, name="Another Name", id=str(other.id), person_id=str(other.id), email=other.email)

    assert make.one(select(Person).where(Person.id == other.id)).name == "Someone Else"


def test_two_people_may_have_the_same_name(mine: Client, make: Making):
    other = make.person(name="Anna Li")

    keep(mine, name="Anna Li")

    assert kept(make, mine).name == other.name


# --- language ------------------------------------------------------------------------------------------------


def language(client: Client, path: str = "/", **options: object) -> str:
    client.get(path, **options)
    return client.page.one("html").get("lang")


def test_the_language_is_the_address_bars_else_the_persons_else_the_browsers_else_english(
    app: Flask, make: Making, mine: Client
):
    bulgarian = {"headers": {"Accept-Language": "bg,en;q=0.5"}}
    stranger = Client(app)

    assert language(stranger) == "en"
    assert language(stranger, headers={"Accept-Language": "xx"}) == "en"
    assert language(stranger, **bulgarian) == "bg"
    assert language(mine, **bulgarian) == "bg"
    keep(mine, language="de")
    assert language(mine, **bulgarian) == "de"
    assert language(mine, "/?lang=bg") == "bg"
    assert language(mine, **bulgarian) == "de"


@pytest.mark.parametrize("wanted", ["xx", "", "EN", "../de", "fr", "de-AT", "%00x", "x" * 500])
def test_a_language_that_is_not_offered_is_passed_over(client: Client, wanted: str):
    assert language(client, f"/?lang={wanted.replace('%00', '')}") == "en"


# --- password ------------------------------------------------------------------------------------------------


def change(client: Client, current: str, password: str, status: int = 302) -> None:
    client.get("/account")
    client.post("/account/password", {"current": current, "password": password}, status=status)


def test_the_password_is_changed_and_the_old_one_opens_nothing(mine: Client, app: Flask):
    change(mine, PASSWORD, NEW)

    mine.get("/account")
    assert "Your password is changed" in mine.page.words
    Client(app).sign_in(mine.person.email, NEW)
    door = Client(app)
    door.get("/sign-in")
    door.post("/sign-in", {"email": mine.person.email, "password": PASSWORD}, status=422)


@pytest.mark.parametrize(
    ("current", "password", "words"),
    [
        ("four wrong words together", NEW, "This is not your current password."),
        ("", NEW, "Enter your current password."),
        (PASSWORD, "", "Enter a new password."),
        (PASSWORD, "eleven char", "Choose a longer password"),
        (PASSWORD, "Password1234567", "on every list"),
    ],
)
def test_a_password_is_not_changed_without_the_right_one_or_to_a_weak_one(
    mine: Client, make: Making, current: str, password: str, words: str
):
    change(mine, current, password, status=422)

    assert words in mine.page.words
    assert mine.page.title.startswith("Error: ")
    assert kept(make, mine).password_hash == mine.person.password_hash
    mine.get("/account")


def test_who_has_no_password_yet_cannot_set_one_without_a_link(app: Flask, make: Making, mine: Client):
    make.change(mine.person, password_hash=None)

    for current in (PASSWORD, "nobody has this password", "x"):
        change(mine, current, NEW, status=422)

    assert kept(make, mine).password_hash is None


# --- sessions ------------------------------------------------------------------------------------------------


def sign_in_from(app: Flask, person: Person, browser: str) -> Client:
    client = Client(app)
    client.get("/sign-in")
    client.post("/sign-in", {"email": person.email, "password": PASSWORD}, headers={"User-Agent": browser})
    return client


def test_my_sessions_are_listed_by_browser_and_nobody_elses(app: Flask, make: Making, mine: Client):
    sign_in_from(app, mine.person, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    sign_in_from(app, make.person(), "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Edg/140.0")

    mine.get("/account")

    assert "Firefox, Linux" in mine.page.words
    assert "Edge" not in mine.page.words
    assert mine.page.words.count("this one") == 1


@pytest.mark.parametrize(
    "browser", ["", "<script>alert(1)</script> Firefox/1", "x" * 5000, "\u00ff" * 900, "Firefox/\t/Windows"], ids=ascii
)
def test_whatever_a_browser_says_of_itself_is_kept_short_and_shown_harmlessly(app: Flask, make: Making, browser: str):
    client = sign_in_from(app, make.person(), browser)

    client.get("/account")

    assert len(make.one(select(Login)).device) <= 300
    assert "alert(1)" not in client.page.text


def test_organisers_have_an_account_like_everyone(make: Making):
    organiser = make.signed_in(Role.ORGANISER)

    organiser.get("/account")

    assert "Organiser" in organiser.page.words
