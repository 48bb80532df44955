"""Who gets in with a password, who waits, and that nobody learns from the door who has an account."""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from lms.accounts import passwords
from lms.accounts.links import digest
from lms.accounts.models import FailedSignIn, Login, Person, Standing
from lms.clock import now
from lms.mail import Letter
from lms.settings import Settings
from tests.make import CHEAP, PASSWORD, Making, another_site
from tests.page import Client

WRONG = "four other words together"
HERE, ELSEWHERE = "192.0.2.7", "198.51.100.9"


def try_in(app: Flask, email: str, password: str, address: str = HERE, **options: object) -> TestResponse:
    """Someone at a network address sends the form once; what comes is inspected where it is a page."""
    client = Client(app)
    client.get("/sign-in", environ_base={"REMOTE_ADDR": address})
    token = client.page.hidden("csrf_token")
    fields = {"csrf_token": token, "email": email, "password": password}
    response = client.http.post("/sign-in", data=fields, environ_base={"REMOTE_ADDR": address}, **options)
    return client._checked(response, response.status_code)


def without_tokens(response: TestResponse, typed: str) -> str:
    return re.sub(r'"[\w.-]{80,}"', '""', response.text).replace(typed, "")


def headers_of(response: TestResponse) -> list[tuple[str, str]]:
    changing = ("Content-Length", "Set-Cookie")
    return sorted((name, "" if name in changing else value) for name, value in response.headers.items())


def test_the_right_password_signs_in(client: Client, make: Making):
    person = make.person(name="Γιάννης Αντωνίου")

    answer = client.sign_in(person.email, PASSWORD)

    assert answer.location == "/"
    assert "Γ. Αντωνίου" in client.page.words


def test_the_address_is_known_in_capitals_and_with_spaces_around_it(app: Flask, make: Making):
    person = make.person(email="ann@service.example")

    answer = try_in(app, "  Ann@SERVICE.Example ", PASSWORD)

    assert answer.status_code == 302
    assert make.one(select(Login)).person_id == person.id


def test_a_wrong_password_an_unknown_a_closed_and_a_waiting_account_get_the_same_answer(app: Flask, make: Making):
    known = make.person()
    typed = [
        known.email,
        "nobody@service.example",
        make.person(standing=Standing.DISABLED).email,
        make.person(standing=Standing.WAITING).email,
        make.person(password_hash=None).email,
    ]

    answers = [try_in(app, known.email, WRONG), *(try_in(app, email, PASSWORD) for email in typed[1:])]

    assert {answer.status_code for answer in answers} == {422}
    assert len({without_tokens(answer, email) for answer, email in zip(answers, typed, strict=True)}) == 1
    assert len({tuple(headers_of(answer)) for answer in answers}) == 1
    assert make.all(select(Login)) == []


def test_someone_whose_account_is_closed_while_the_password_is_checked_stays_out(
    app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch
):
    person = make.person()
    real = passwords.matches

    def slowly(stored: str | None, password: str) -> bool:
        make.change(person, standing=Standing.DISABLED)
        return real(stored, password)

    monkeypatch.setattr(passwords, "matches", slowly)

    answer = try_in(app, person.email, PASSWORD)

    assert answer.status_code == 422
    assert make.all(select(Login)) == []


def test_a_password_that_is_replaced_while_it_is_checked_lets_nobody_in(
    app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch
):
    person = make.person()
    real = passwords.matches

    def slowly(stored: str | None, password: str) -> bool:
        make.change(person, password_hash=passwords.keep(WRONG))
        return real(stored, password)

    monkeypatch.setattr(passwords, "matches", slowly)

    answer = try_in(app, person.email, PASSWORD)

    assert answer.status_code == 422
    assert make.all(select(Login)) == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"email": "", "password": PASSWORD}, "Enter your e-mail address."),
        ({"email": "nobody", "password": PASSWORD}, "Enter an e-mail address"),
        ({"email": "ann@service.example", "password": ""}, "Enter your password."),
        ({}, "Enter your password."),
    ],
)
def test_what_is_missing_is_said_and_counts_as_no_wrong_password(
    client: Client, make: Making, fields: dict[str, str], words: str
):
    client.get("/sign-in")

    client.post("/sign-in", fields, status=422)

    assert words in client.page.words
    assert client.page.title.startswith("Error: ")
    assert make.all(select(FailedSignIn)) == []


def test_the_page_after_a_wrong_password_keeps_the_address_and_not_the_password(client: Client, make: Making):
    person = make.person()
    client.get("/sign-in")

    client.post("/sign-in", {"email": person.email, "password": WRONG}, status=422)

    assert client.page.one("input", name="email").get("value") == person.email
    assert WRONG not in client.page.text


# --- passwords ---------------------------------------------------------------------------------------------


def with_length(length: int) -> str:
    """A password with spaces and letters from several alphabets."""
    return ("Đặng γράφει писмо ħelu € 😀 " * 12)[:length].strip().ljust(length, "ž")


@pytest.mark.parametrize("length", [15, 128, 129])
def test_a_long_password_with_spaces_and_any_letters_works_and_each_of_its_characters_matters(
    app: Flask, make: Making, length: int
):
    password = with_length(length)
    person = make.person(password_hash=passwords.keep(password))

    shorter = try_in(app, person.email, password[:-1])
    other = try_in(app, person.email, password[:-1] + "x")
    right = try_in(app, person.email, password)

    assert len(password) == length
    assert (shorter.status_code, other.status_code, right.status_code) == (422, 422, 302)


@pytest.mark.parametrize(
    "password",
    [
        "111222333444",
        "123123123123",
        "abcdefg1234567",
        "1q2w3e4r5t6y",
        "3edc2wsx1qaz",
        "qwertzuiopasdf",
        "zxcvbnm,1234",
    ],
)
def test_a_password_that_only_follows_the_keyboard_or_counts_is_too_weak(password: str):
    assert passwords.weakness(password) in ("common", "plain")


# --- limits ------------------------------------------------------------------------------------------------


def test_ten_wrong_passwords_hold_that_account_at_that_address(app: Flask, make: Making):
    person = make.person()

    answers = [try_in(app, person.email, WRONG).status_code for _try in range(10)]
    right = try_in(app, person.email, PASSWORD)

    assert answers == [422] * 8 + [429] * 2
    assert right.status_code == 429
    assert "Too many wrong passwords" in right.text


def test_the_owner_gets_in_at_another_address_while_someone_guesses(app: Flask, make: Making):
    person = make.person()
    for _try in range(10):
        try_in(app, person.email, WRONG, HERE)

    answer = try_in(app, person.email, PASSWORD, ELSEWHERE)

    assert answer.status_code == 302


def test_the_owner_gets_in_at_a_known_address_however_many_addresses_guess(app: Flask, make: Making):
    person = make.person()
    try_in(app, person.email, PASSWORD, ELSEWHERE)
    guesses = [
        FailedSignIn(account=digest(person.email), address=f"10.0.{n // 250}.{n % 250}", at=now()) for n in range(80)
    ]
    make.add(*guesses)

    unknown = try_in(app, person.email, PASSWORD, HERE)
    known = try_in(app, person.email, PASSWORD, ELSEWHERE)

    assert (unknown.status_code, known.status_code) == (429, 302)


def test_the_hold_ends_after_fifteen_minutes(app: Flask, make: Making):
    person = make.person()
    for _try in range(9):
        try_in(app, person.email, WRONG)

    with time_machine.travel(now() + timedelta(minutes=16)):
        answer = try_in(app, person.email, PASSWORD)

    assert answer.status_code == 302


def test_an_unknown_account_is_held_like_a_known_one(app: Flask, make: Making):
    emails = [make.person().email, "nobody@service.example"]

    answers = {email: [try_in(app, email, WRONG) for _try in range(9)][-1] for email in emails}

    known, unknown = (without_tokens(answer, email) for email, answer in answers.items())
    assert {answer.status_code for answer in answers.values()} == {429}
    assert known == unknown


def test_the_hold_is_kept_in_the_database_and_outlives_the_process(app: Flask, settings: Settings, make: Making):
    person = make.person()
    for _try in range(8):
        try_in(app, person.email, WRONG)

    with another_site(settings) as again:
        answer = try_in(again, person.email, PASSWORD)

    assert answer.status_code == 429


def test_a_claimed_forwarded_address_does_not_help_where_no_proxy_is_trusted(app: Flask, make: Making):
    person = make.person()

    answers = [
        try_in(app, person.email, WRONG, headers={"X-Forwarded-For": f"203.0.113.{n}", "X-Real-IP": f"203.0.113.{n}"})
        for n in range(9)
    ]

    assert answers[-1].status_code == 429
    assert {row.address for row in make.all(select(FailedSignIn))} == {HERE}


def test_behind_one_trusted_proxy_only_the_address_the_proxy_wrote_counts(settings: Settings, make: Making):
    person = make.person()

    with another_site(settings, trusted_proxies=1) as behind:
        for n in range(8):
            try_in(behind, person.email, WRONG, headers={"X-Forwarded-For": f"203.0.113.{n}, {ELSEWHERE}"})
        answer = try_in(behind, person.email, PASSWORD, headers={"X-Forwarded-For": f"203.0.113.99, {ELSEWHERE}"})

    assert answer.status_code == 429
    assert {row.address for row in make.all(select(FailedSignIn))} == {ELSEWHERE}


def test_a_room_of_two_hundred_behind_one_address_gets_in_though_each_mistypes_once(app: Flask, make: Making):
    room = [
        Person(email=f"seat{n}@service.example", name=f"Seat {n}", password_hash=CHEAP, joined_at=now())
        for n in range(200)
    ]
    make.add(*room)

    first = Client(app)
    cookie = {"Cookie": first.get("/sign-in").headers["Set-Cookie"].partition(";")[0]}
    token = first.page.hidden("csrf_token")
    browsers = app.test_client(use_cookies=False)

    answers = []
    for person in room:
        for password in (WRONG, PASSWORD):
            fields = {"csrf_token": token, "email": person.email, "password": password}
            answers.append(browsers.post("/sign-in", data=fields, headers=cookie).status_code)

    assert answers == [422, 302] * 200


def test_one_address_that_guesses_at_many_accounts_is_held(app: Flask, make: Making):
    person = make.person()
    make.add(*(FailedSignIn(account=f"{n:064}", address=HERE, at=now()) for n in range(400)))

    assert try_in(app, person.email, PASSWORD, HERE).status_code == 429
    assert try_in(app, person.email, PASSWORD, ELSEWHERE).status_code == 302


# --- how long it takes -----------------------------------------------------------------------------------------


def costs(*doors: Callable[[int], object]) -> list[float]:
    """Seconds of work behind each door, the middle of nine tries by turns.

    Work, not time by the clock on the wall: that would tell of what else the machine does.
    """
    taken: list[list[float]] = [[] for _door in doors]
    for door in doors:
        door(0)
    for number in range(1, 10):
        for door, its in zip(doors, taken, strict=True):
            begun = time.thread_time()
            door(number)
            its.append(time.thread_time() - begun)
    return [median(its) for its in taken]


def assert_as_costly(costs: list[float]) -> None:
    assert max(costs) - min(costs) < max(0.02, 0.1 * max(costs)), costs


def door(client: Client, path: str, **fields: str) -> Callable[[int], object]:
    """Sends a form, from another address each time; `{n}` in a field becomes the number of the try."""
    client.get(path)
    token = client.page.hidden("csrf_token")

    def send(n: int) -> object:
        typed = {name: value.format(n=n) for name, value in fields.items()}
        here = {"REMOTE_ADDR": f"192.0.2.{n}"}
        return client.http.post(path, data={"csrf_token": token} | typed, environ_base=here)

    return send


def people(name: str, **values: object) -> list[Person]:
    return [
        Person(**{"email": f"{name}{n}@service.example", "name": "P", "joined_at": now()} | values) for n in range(10)
    ]


def test_signing_in_is_as_much_work_for_an_account_that_is_not_there(client: Client, make: Making):
    kept = passwords.keep(PASSWORD)
    known = make.person(password_hash=kept).email
    closed = make.person(password_hash=kept, standing=Standing.DISABLED).email

    took = costs(
        *(door(client, "/sign-in", email=email, password=WRONG) for email in (known, closed, "nobody@service.example"))
    )

    assert min(took) > 0.005  # argon2 was at work
    assert_as_costly(took)


@pytest.mark.parametrize("path", ["/sign-in/link", "/password/forgotten"])
def test_asking_for_a_link_is_as_much_work_for_an_account_that_is_not_there(client: Client, make: Making, path: str):
    make.add(*people("known"), *people("closed", standing=Standing.DISABLED))

    took = costs(*(door(client, path, email=f"{name}{{n}}@service.example") for name in ("known", "closed", "nobody")))

    assert len(make.all(select(Letter))) == 10
    assert_as_costly(took)


@pytest.mark.parametrize("mode", ["approval", "open"])
def test_asking_for_an_account_is_as_much_work_where_there_is_one(
    client: Client, make: Making, changed: Callable, mode: str
):
    changed(registration=mode)
    make.add(*people("known"))
    asked = {"name": "Ann", "profession": "police", "organisation": "", "country": ""}

    took = costs(
        *(door(client, "/register", **asked, email=f"{name}{{n}}@service.example") for name in ("known", "new"))
    )

    assert len(make.all(select(Person))) == 20
    assert_as_costly(took)


# --- where one goes on ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "//evil.test",
        "///evil.test",
        "https:evil.test",
        "https://evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "/\t/evil.test",
        "/\n/evil.test",
        "\t//evil.test",
        " //evil.test",
        "javascript:alert(1)",
        "/%0d%0aSet-Cookie: x=1",
        "/\r\nSet-Cookie: x=1",
        "evil.test",
        "",
    ],
)
@pytest.mark.parametrize("signed_in", [False, True], ids=["signing in", "signed in"])
def test_the_way_on_stays_on_this_site(app: Flask, make: Making, address: str, signed_in: bool):
    client = make.signed_in() if signed_in else Client(app)
    where = {"query_string": {"next": address}}

    if signed_in:
        answer = client.get("/sign-in", status=302, **where)
    else:
        email = make.person().email
        client.get("/sign-in", **where)
        answer = client.post("/sign-in", {"email": email, "password": PASSWORD}, **where)

    assert answer.location == "/" or answer.location.startswith("/%0")
    assert "x=1" not in (answer.headers.get("Set-Cookie") or "")


def test_whoever_came_for_a_page_goes_on_to_it(app: Flask, make: Making):
    client = Client(app)
    there = client.get("/account?x=1", status=302)
    client.follow(there)

    answer = client.post(there.location, {"email": make.person().email, "password": PASSWORD})

    assert answer.location == "/account?x=1"


@pytest.mark.parametrize("referrer", ["http://[", "http://[evil", "//evil.test//x", "\\\\x", "http://localhost//evil"])
def test_a_form_sent_after_the_session_ended_leads_to_sign_in_whatever_the_referrer_says(client: Client, referrer: str):
    answer = client.http.post("/account", headers={"Referer": referrer})

    assert answer.status_code == 302
    assert answer.location.startswith("/sign-in?next=")


def test_nobody_has_an_account_before_one_is_made(make: Making):
    assert make.all(select(Person)) == []
