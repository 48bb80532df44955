"""Links in letters: each once, soon, for its purpose, on our own address, and silent about who has an account."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from lms.accounts import links
from lms.accounts.models import Link, Login, Person, Purpose, Role, Standing
from lms.clock import now
from lms.database import db, writing
from lms.mail import Letter
from lms.settings import Settings
from tests.make import CHEAP, PASSWORD, Making, another_site
from tests.page import Client

NEW = "five rather new words here"
ASKED_AT = {Purpose.SIGN_IN: "/sign-in/link", Purpose.RESET: "/password/forgotten"}
OPENED_AT = {Purpose.SIGN_IN: "/sign-in/link/", Purpose.RESET: "/password/", Purpose.INVITATION: "/invitation/"}
ALL = pytest.mark.parametrize("purpose", list(Purpose), ids=str)


def link_for(app: Flask, person: Person, purpose: Purpose) -> str:
    """The path of a new link."""
    with app.app_context(), writing():
        token = links.make(person, purpose, now())
        db.session.commit()
    return OPENED_AT[purpose] + token


def fields_for(purpose: Purpose) -> dict[str, str]:
    return {} if purpose == Purpose.SIGN_IN else {"password": NEW}


def use(client: Client, path: str, purpose: Purpose, status: int = 302) -> TestResponse:
    client.get(path)
    return client.post(path, fields_for(purpose), status=status)


def ask(client: Client, purpose: Purpose, email: str) -> TestResponse:
    client.get(ASKED_AT[purpose])
    return client.post(ASKED_AT[purpose], {"email": email}, status=200)


def link_in(letter: Letter) -> str:
    return re.search(r"https?://\S+", letter.body)[0]


# --- asking for one ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", list(ASKED_AT), ids=str)
def test_whoever_asks_gets_a_letter_with_a_link_on_the_configured_address(
    client: Client, make: Making, purpose: Purpose
):
    person = make.person(name="Иванова, Мария")

    ask(client, purpose, f"  {person.email.upper()} ")

    letter = make.one(select(Letter))
    assert letter.address == person.email
    assert "Dear Иванова, Мария," in letter.body
    assert re.fullmatch(rf"http://localhost{OPENED_AT[purpose]}[\w-]{{43}}", link_in(letter))


@pytest.mark.parametrize("purpose", list(ASKED_AT), ids=str)
def test_asking_gives_the_same_answer_for_a_known_an_unknown_a_closed_and_a_waiting_account(
    app: Flask, make: Making, purpose: Purpose
):
    emails = [
        make.person().email,
        "nobody@service.example",
        make.person(standing=Standing.DISABLED).email,
        make.person(standing=Standing.WAITING).email,
    ]

    answers = [ask(Client(app), purpose, email) for email in emails]

    assert len({answer.text for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1
    assert [letter.address for letter in make.all(select(Letter))] == emails[:1]


@pytest.mark.parametrize("purpose", list(ASKED_AT), ids=str)
def test_an_address_is_sent_eight_letters_an_hour_known_or_not(app: Flask, make: Making, purpose: Purpose):
    known = make.person().email
    emails = [known, "nobody@service.example"]
    client = Client(app)

    last = []
    for email in emails:
        for turn in range(8):
            client.get(ASKED_AT[purpose])
            written = email.upper() if turn % 2 else f" {email}"
            client.post(
                ASKED_AT[purpose], {"email": written}, status=200, environ_base={"REMOTE_ADDR": f"10.0.0.{turn}"}
            )
        client.get(ASKED_AT[purpose])
        last.append(client.post(ASKED_AT[purpose], {"email": email}, status=429).text)

    assert len(make.all(select(Letter).where(Letter.address == known))) == 8
    assert "Too many tries" in last[0]
    assert last[0] == last[1]


def test_with_redis_the_letters_to_an_address_are_counted_over_every_process(
    settings: Settings, app: Flask, make: Making, redis_url: str
):
    email = make.person().email

    with another_site(settings, redis_url=redis_url) as one, another_site(settings, redis_url=redis_url) as two:
        clients = [Client(one), Client(two)]
        for turn in range(8):
            ask(clients[turn % 2], Purpose.RESET, email)
        for client in clients:
            client.get("/password/forgotten")
            client.post("/password/forgotten", {"email": email}, status=429)

    assert len(make.all(select(Letter))) == 8


def test_with_redis_gone_the_doors_that_are_counted_stay_shut_and_all_others_open(
    settings: Settings, app: Flask, make: Making
):
    person = make.person()

    with another_site(settings, redis_url="redis://127.0.0.1:1/0") as site:
        client = Client(site)
        client.get("/password/forgotten")
        shut = client.post("/password/forgotten", {"email": person.email}, status=503)
        client.sign_in(person.email, PASSWORD)
        client.get("/modules/early-signs/reporting-routes")

    assert int(shut.headers["Retry-After"]) > 0
    assert make.all(select(Letter)) == []


@pytest.mark.parametrize(
    "email", ["", "nobody", "a@b@c.example", "a\r\nBcc: x@evil.test", "x" * 250 + "@service.example"]
)
def test_what_is_no_address_is_refused_with_words(client: Client, make: Making, email: str):
    client.get("/password/forgotten")

    client.post("/password/forgotten", {"email": email}, status=422)

    assert "address" in client.page.words
    assert make.all(select(Letter)) == []


@pytest.mark.parametrize("purpose", list(ASKED_AT), ids=str)
@pytest.mark.parametrize(
    "claim",
    [
        {"Host": "evil.test"},
        {"X-Forwarded-Host": "evil.test"},
        {"X-Forwarded-Host": "evil.test", "X-Forwarded-Server": "evil.test", "X-Host": "evil.test"},
        {"Forwarded": "host=evil.test;proto=https"},
        {"X-Forwarded-Prefix": "//evil.test", "X-Original-URL": "//evil.test/", "X-Forwarded-Proto": "evil"},
    ],
    ids=lambda claim: "+".join(claim),
)
@pytest.mark.parametrize("proxies", [None, 1], ids=["bare", "behind a proxy"])
def test_a_claimed_host_never_reaches_a_letter(
    settings: Settings, make: Making, purpose: Purpose, claim: dict[str, str], proxies: int | None
):
    person = make.person()
    here = f"http://{claim.get('Host', 'localhost')}"

    with another_site(settings, trusted_proxies=proxies) as site:
        client = Client(site)
        client.get(ASKED_AT[purpose], base_url=here, headers=claim)
        client.post(ASKED_AT[purpose], {"email": person.email}, status=200, base_url=here, headers=claim)

    letter = make.one(select(Letter))
    assert "evil" not in f"{letter.address} {letter.subject} {letter.body} {client.page.text}"
    assert link_in(letter).startswith("http://localhost/")


# --- using one -----------------------------------------------------------------------------------------------


def test_a_sign_in_link_asks_first_and_signs_in_by_its_button(client: Client, app: Flask, make: Making):
    path = link_for(app, make.person(name="Đặng Thị Bích"), Purpose.SIGN_IN)

    client.get(path)
    before = make.all(select(Login))
    client.follow(client.post(path))

    assert before == []
    assert "Đ. Thị Bích" in client.page.words


@pytest.mark.parametrize("purpose", [Purpose.RESET, Purpose.INVITATION], ids=str)
def test_a_chosen_password_signs_in_now_and_later(client: Client, app: Flask, make: Making, purpose: Purpose):
    person = make.person(password_hash=None)

    client.follow(use(client, link_for(app, person, purpose), purpose))
    later = Client(app)
    later.sign_in(person.email, NEW)

    assert "P. 1" in client.page.words
    assert "P. 1" in later.page.words


@pytest.mark.parametrize("length", [15, 128, 129])
def test_a_long_password_with_spaces_and_any_letters_is_chosen_and_each_of_its_characters_matters(
    app: Flask, make: Making, length: int
):
    person = make.person()
    password = ("Đặng γράφει писмо ħelu € 😀 " * 12)[: length - 1] + "ž"

    client = Client(app)
    path = link_for(app, person, Purpose.RESET)
    client.get(path)
    client.post(path, {"password": password})
    door = Client(app)
    door.get("/sign-in")
    door.post("/sign-in", {"email": person.email, "password": password[:-1] + "x"}, status=422)
    door.post("/sign-in", {"email": person.email, "password": password})

    assert len(password) == length


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("", "Enter a new password."),
        ("eleven char", "Choose a longer password: at least 12 characters."),
        ("x" * 1025, "Choose a shorter password"),
        ("Password1234567", "on every list"),
        ("aaaaaaaaaaaaaaa", "repeats too few characters"),
        ("papadopoulou", "holds your name or address"),
    ],
)
def test_a_weak_password_is_refused_with_words_and_the_link_stays_good(
    client: Client, app: Flask, make: Making, password: str, words: str
):
    person = make.person(name="Άννα Papadopoulou")
    path = link_for(app, person, Purpose.INVITATION)
    client.get(path)

    client.post(path, {"password": password}, status=422)

    assert words in client.page.words
    assert client.page.title.startswith("Error: ")
    use(client, path, Purpose.INVITATION)


@ALL
def test_opening_a_link_changes_nothing(client: Client, app: Flask, make: Making, purpose: Purpose):
    path = link_for(app, make.person(), purpose)

    for _time in range(3):
        client.get(path)
        client.get(path, headers={"Purpose": "prefetch"})
        client.http.head(path)

    assert make.one(select(Link)).used_at is None
    assert make.all(select(Login)) == []


@ALL
def test_a_link_works_once(client: Client, app: Flask, make: Making, purpose: Purpose):
    path = link_for(app, make.person(), purpose)
    other = Client(app)
    other.get(path)
    use(client, path, purpose)

    other.post(path, fields_for(purpose), status=404)
    Client(app).get(path, status=404)

    assert "This link works no more" in other.page.words
    assert len(make.all(select(Login))) == 1


@ALL
def test_of_fifty_who_use_a_link_at_once_one_gets_in(app: Flask, make: Making, purpose: Purpose, monkeypatch):
    monkeypatch.setattr("lms.accounts.passwords.keep", lambda _password: CHEAP)  # else fifty hashes take a while
    path = link_for(app, make.person(), purpose)
    first = Client(app)
    cookie = {"Cookie": first.get(path).headers["Set-Cookie"].partition(";")[0]}
    fields = {"csrf_token": first.page.hidden("csrf_token")} | fields_for(purpose)
    ready = Barrier(50)

    def press(_one: int) -> int:
        ready.wait(30)
        return app.test_client(use_cookies=False).post(path, data=fields, headers=cookie).status_code

    with ThreadPoolExecutor(50) as pool:
        answers = sorted(pool.map(press, range(50)))

    assert answers == [302] + [404] * 49
    assert len(make.all(select(Login))) == 1


@ALL
@pytest.mark.parametrize("other", list(Purpose), ids=str)
def test_a_link_opens_nothing_but_its_purpose(
    client: Client, app: Flask, make: Making, purpose: Purpose, other: Purpose
):
    token = link_for(app, make.person(), purpose).rpartition("/")[2]
    status = 200 if purpose == other else 404

    client.get(OPENED_AT[other] + token, status=status)

    assert ("This link works no more" in client.page.words) == (status == 404)


@pytest.mark.parametrize(
    ("purpose", "minutes"), [(Purpose.INVITATION, 7 * 24 * 60), (Purpose.RESET, 60), (Purpose.SIGN_IN, 15)], ids=str
)
def test_a_link_is_good_for_its_time_and_no_longer(
    client: Client, app: Flask, make: Making, purpose: Purpose, minutes: int
):
    path = link_for(app, make.person(), purpose)
    client.get(path)

    with time_machine.travel(now() + timedelta(minutes=minutes - 1)):
        client.get(path)
    with time_machine.travel(now() + timedelta(minutes=minutes, seconds=1)):
        client.post(path, fields_for(purpose), status=404)
        client.get(path, status=404)

    assert make.all(select(Login)) == []


@ALL
def test_a_newer_link_replaces_the_older_one_of_its_purpose(client: Client, app: Flask, make: Making, purpose: Purpose):
    person = make.person()
    others = [link_for(app, person, one) for one in Purpose if one != purpose]
    older = link_for(app, person, purpose)
    newer = link_for(app, person, purpose)

    client.get(older, status=404)

    for path in (*others, newer):
        client.get(path)


def test_every_open_link_dies_when_the_password_changes(app: Flask, make: Making):
    client = make.signed_in()
    paths = [link_for(app, client.person, purpose) for purpose in Purpose]
    client.get("/account")

    client.post("/account/password", {"current": PASSWORD, "password": NEW})

    for path in paths:
        Client(app).get(path, status=404)


@pytest.mark.parametrize("purpose", [Purpose.RESET, Purpose.INVITATION], ids=str)
def test_every_other_link_dies_when_one_of_them_has_set_a_password(
    client: Client, app: Flask, make: Making, purpose: Purpose
):
    person = make.person()
    paths = {one: link_for(app, person, one) for one in Purpose}

    use(client, paths[purpose], purpose)

    for path in paths.values():
        Client(app).get(path, status=404)


@ALL
@pytest.mark.parametrize(
    "change", [{"role": "trainer", "active": "y"}, {"role": "practitioner"}], ids=["role", "closed"]
)
def test_every_open_link_dies_when_an_organiser_changes_the_role_or_closes_the_account(
    app: Flask, make: Making, purpose: Purpose, change: dict[str, str]
):
    person = make.person()
    path = link_for(app, person, purpose)
    organiser = make.signed_in(Role.ORGANISER)
    organiser.get(f"/desk/people/{person.id}")

    organiser.post(f"/desk/people/{person.id}", change)
    Client(app).get(path, status=404)
    make.change(person, standing=Standing.ACTIVE)
    Client(app).get(path, status=404)


@ALL
@pytest.mark.parametrize("standing", [Standing.WAITING, Standing.DISABLED], ids=str)
def test_a_link_of_an_account_that_is_not_open_opens_nothing(
    client: Client, app: Flask, make: Making, purpose: Purpose, standing: Standing
):
    path = link_for(app, make.person(standing=standing), purpose)

    client.get(path, status=404)


def test_a_new_password_from_a_link_ends_every_session_but_the_new_one(client: Client, app: Flask, make: Making):
    elsewhere = make.signed_in()

    use(client, link_for(app, elsewhere.person, Purpose.RESET), Purpose.RESET)

    elsewhere.get("/account", status=302)
    client.get("/account")


@ALL
@pytest.mark.parametrize("token", ["x" * 43, "a", "%00", "%ff%fe", "..%2f", "'--", "x" * 3000, "%F0%9F%98%80"])
def test_a_token_that_is_none_of_ours_opens_nothing(client: Client, purpose: Purpose, token: str):
    answer = client.http.get(OPENED_AT[purpose] + token)

    assert answer.status_code in (400, 404)


def test_what_is_kept_of_a_link_does_not_open_it(client: Client, app: Flask, make: Making):
    path = link_for(app, make.person(), Purpose.SIGN_IN)
    kept = make.one(select(Link))

    assert kept.token_hash not in path
    assert len(path.rpartition("/")[2]) >= 43  # 256 bits
    client.get(OPENED_AT[Purpose.SIGN_IN] + kept.token_hash, status=404)


@ALL
def test_a_page_behind_a_link_tells_no_other_site_its_address_and_is_kept_nowhere(
    client: Client, app: Flask, make: Making, purpose: Purpose
):
    answer = client.get(link_for(app, make.person(), purpose))

    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"


@ALL
def test_using_a_link_ends_the_session_that_was_there_before(app: Flask, make: Making, purpose: Purpose):
    mine = make.signed_in()
    before = mine.http.get_cookie("session").value
    path = link_for(app, make.person(name="Someone Else"), purpose)

    use(mine, path, purpose)

    replay = Client(app)
    replay.http.set_cookie("session", before)
    replay.get("/account", status=302)


def test_a_link_sets_the_password_of_its_person_alone(client: Client, app: Flask, make: Making):
    mine, other = make.person(), make.person()

    use(client, link_for(app, mine, Purpose.RESET), Purpose.RESET)

    Client(app).sign_in(other.email, PASSWORD)
    assert make.one(select(Person).where(Person.id == mine.id)).password_hash != other.password_hash
