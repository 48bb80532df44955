"""Sessions are rows: each ends at once when it should, and nothing but its own page changes anything in its name."""

from collections.abc import Callable
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import select
from werkzeug.routing import Rule

from lms.accounts import links
from lms.accounts.access import Door, door_of
from lms.accounts.models import Login, Person, Purpose, Role, Standing
from lms.certificates.models import Batch
from lms.clock import now
from lms.database import Model, db, writing
from lms.events.models import Device, Mark, Scan, Sheet, Stray
from lms.events.parts import MarkKind, Part
from lms.exercises import joining
from lms.exercises.models import LessonLearned
from lms.quizzes.models import Attempt
from lms.reports.models import Report
from lms.settings import Settings
from tests.exercises.play import EXERCISE
from tests.make import PASSWORD, Making, another_site
from tests.page import Client

NEW = "five rather new words here"
SLUG, LESSON = "early-signs", "reporting-routes"


def cookie_of(client: Client) -> str:
    return client.http.get_cookie("session").value


def replayed(app: Flask, cookie: str) -> Client:
    """Another browser with a cookie that was captured."""
    thief = Client(app)
    thief.http.set_cookie("session", cookie)
    return thief


def opens(app: Flask, cookie: str) -> bool:
    answer = replayed(app, cookie).http.get("/account")
    assert answer.status_code == 200 or answer.location.startswith("/sign-in")
    return answer.status_code == 200


# --- ending --------------------------------------------------------------------------------------------------


def test_a_cookie_captured_before_signing_out_opens_nothing_after(app: Flask, make: Making):
    mine = make.signed_in()
    captured = cookie_of(mine)
    assert opens(app, captured)

    mine.post("/sign-out")

    assert not opens(app, captured)
    assert make.one(select(Login)).ended_at is not None


def test_a_cookie_captured_before_a_password_change_opens_nothing_after(app: Flask, make: Making):
    mine, captured = two_sessions(app, make)
    here = cookie_of(mine)
    mine.get("/account")

    mine.post("/account/password", {"current": PASSWORD, "password": NEW})

    assert not opens(app, captured)
    assert not opens(app, here)
    mine.get("/account")


def two_sessions(app: Flask, make: Making, role: Role = Role.PRACTITIONER) -> tuple[Client, str]:
    """Someone signed in here, and the cookie of the same person signed in elsewhere."""
    mine = make.signed_in(role)
    elsewhere = Client(app)
    elsewhere.sign_in(mine.person.email, PASSWORD)
    return mine, cookie_of(elsewhere)


def test_signing_out_everywhere_else_spares_this_session_alone(app: Flask, make: Making):
    mine, captured = two_sessions(app, make)
    other = make.signed_in()
    mine.get("/account")

    mine.follow(mine.post("/account/sessions/end"))

    assert "Your other sessions have ended." in mine.page.words
    assert not opens(app, captured)
    other.get("/account")


def test_one_session_is_ended_from_the_list(app: Flask, make: Making):
    mine, captured = two_sessions(app, make)
    elsewhere = make.all(select(Login).order_by(Login.id))[1]
    mine.get("/account")

    mine.follow(mine.post(f"/account/sessions/{elsewhere.id}/end"))

    assert not opens(app, captured)
    assert "Sign out everywhere else" not in mine.page.words


def test_nobody_ends_a_session_of_someone_else_through_the_list(app: Flask, make: Making):
    mine, other = make.signed_in(), make.signed_in()
    theirs = make.one(select(Login).where(Login.person_id == other.person.id))
    mine.get("/account")

    mine.post(f"/account/sessions/{theirs.id}/end", status=404)

    other.get("/account")


@pytest.mark.parametrize("role", [Role.TRAINER, Role.ORGANISER], ids=str)
def test_a_changed_role_ends_every_session_and_what_it_opened(app: Flask, make: Making, role: Role):
    mine = make.signed_in(role)
    captured = cookie_of(mine)
    organiser = make.signed_in(Role.ORGANISER)
    organiser.get(f"/desk/people/{mine.person.id}")

    organiser.post(f"/desk/people/{mine.person.id}", {"role": "practitioner", "active": "y"})

    assert not opens(app, captured)
    mine.get("/desk/people", status=302)


def test_closing_an_account_ends_every_session_and_opening_it_again_revives_none(app: Flask, make: Making):
    mine = make.signed_in()
    captured = cookie_of(mine)
    organiser = make.signed_in(Role.ORGANISER)
    path = f"/desk/people/{mine.person.id}"
    organiser.get(path)

    organiser.post(path, {"role": "practitioner"})
    closed = opens(app, captured)
    organiser.get(path)
    organiser.post(path, {"role": "practitioner", "active": "y"})

    assert not closed
    assert not opens(app, captured)
    Client(app).sign_in(mine.person.email, PASSWORD)


def test_an_account_closed_behind_the_sites_back_opens_nothing_either(app: Flask, make: Making):
    mine = make.signed_in()

    make.change(mine.person, standing=Standing.DISABLED)

    mine.get("/account", status=302)


def test_an_organiser_ends_every_session_of_someone_whose_device_was_lost(app: Flask, make: Making):
    mine, captured = two_sessions(app, make)
    organiser = make.signed_in(Role.ORGANISER)
    organiser.get(f"/desk/people/{mine.person.id}")

    organiser.post(f"/desk/people/{mine.person.id}/sessions/end")

    assert not opens(app, captured)
    mine.get("/account", status=302)
    organiser.get("/account")


def test_a_new_password_from_a_link_ends_every_session(app: Flask, make: Making):
    mine, captured = two_sessions(app, make)
    with app.app_context(), writing():
        token = links.make(mine.person, Purpose.RESET, now())
        db.session.commit()
    client = Client(app)
    client.get(f"/password/{token}")

    client.post(f"/password/{token}", {"password": NEW})

    assert not opens(app, captured)
    mine.get("/account", status=302)


def test_signing_out_twice_or_without_a_session_does_no_harm(client: Client):
    client.get("/sign-in")

    client.post("/sign-out")
    client.get("/sign-in")
    client.post("/sign-out")


def test_signing_out_clears_cache_and_cookies_and_leaves_storage_where_answers_may_wait(make: Making):
    mine = make.signed_in()

    answer = mine.post("/sign-out")

    assert answer.headers["Clear-Site-Data"] == '"cache", "cookies"'


# --- beginning -----------------------------------------------------------------------------------------------


def test_the_session_after_signing_in_is_not_the_one_before(client: Client, make: Making):
    person = make.person()
    client.get("/sign-in")
    before, token = cookie_of(client), client.page.hidden("csrf_token")

    client.sign_in(person.email, PASSWORD)

    assert cookie_of(client) != before
    answer = client.http.post("/account/sessions/end", data={"csrf_token": token})
    assert answer.status_code == 400


def test_a_session_planted_before_signing_in_is_not_signed_in_after(app: Flask, make: Making):
    planted = Client(app)
    planted.get("/sign-in")
    victim = replayed(app, cookie_of(planted))

    victim.sign_in(make.person().email, PASSWORD)

    victim.get("/account")
    planted.get("/account", status=302)


def test_signing_in_again_ends_the_session_that_was_there(app: Flask, make: Making):
    mine = make.signed_in()
    before = cookie_of(mine)
    other = make.person()
    mine.get("/account")

    mine.post("/sign-in", {"email": other.email, "password": PASSWORD})

    assert not opens(app, before)
    assert [login.ended_at is None for login in make.all(select(Login).order_by(Login.id))] == [False, True]


def test_what_is_kept_of_a_session_does_not_open_it(app: Flask, make: Making):
    mine = make.signed_in()
    kept = make.one(select(Login)).key_hash
    signing = SecureCookieSessionInterface().get_signing_serializer(app)

    assert kept not in cookie_of(mine)
    assert not opens(app, signing.dumps({"_user_id": kept}))
    assert opens(app, signing.dumps(signing.loads(cookie_of(mine))))


@pytest.mark.parametrize("cookie", ["", "x", "x.y.z", "." * 50, "é", "ey" * 2000, "null", '"'])
def test_a_cookie_that_is_none_of_ours_opens_nothing(app: Flask, cookie: str):
    assert not opens(app, cookie)


@pytest.mark.parametrize("key", ["1", "", "person1@service.example", "x" * 3000, "\0"])
def test_a_session_that_names_a_person_and_not_a_row_opens_nothing(app: Flask, make: Making, key: str):
    make.person(Role.ORGANISER)
    signing = SecureCookieSessionInterface().get_signing_serializer(app)

    assert not opens(app, signing.dumps({"_user_id": key, "_fresh": True}))


# --- time ----------------------------------------------------------------------------------------------------


def test_a_session_ends_after_eight_hours_without_use(app: Flask, make: Making):
    mine = make.signed_in()

    with time_machine.travel(now() + timedelta(hours=7, minutes=59)):
        mine.get("/account")
    with time_machine.travel(now() + timedelta(hours=7 + 9)):
        mine.get("/account", status=302)


def test_a_session_in_use_ends_after_fourteen_days(app: Flask, make: Making):
    mine = make.signed_in()
    began = now()

    for hours in range(7, 14 * 24, 7):
        with time_machine.travel(began + timedelta(hours=hours)):
            assert mine.http.get("/account").status_code == 200
    with time_machine.travel(began + timedelta(days=14, minutes=1)):
        mine.get("/account", status=302)


def test_the_limits_are_those_of_the_settings(settings: Settings, app: Flask, make: Making):
    person = make.person()
    with another_site(settings, session_idle=timedelta(minutes=5), session_longest=timedelta(minutes=8)) as site:
        client = Client(site)
        client.sign_in(person.email, PASSWORD)

        with time_machine.travel(now() + timedelta(minutes=4)):
            client.get("/account")
        with time_machine.travel(now() + timedelta(minutes=9)):
            client.get("/account", status=302)


def test_use_is_noted_at_most_once_a_minute(app: Flask, make: Making):
    mine = make.signed_in()
    began = make.one(select(Login)).seen_at

    with time_machine.travel(began + timedelta(seconds=50)):
        mine.get("/account")
    soon = make.one(select(Login)).seen_at
    with time_machine.travel(began + timedelta(seconds=70)):
        mine.get("/account")
    later = make.one(select(Login)).seen_at

    assert soon == began
    assert timedelta(seconds=69) < later - began < timedelta(seconds=80)


def test_a_clock_that_goes_back_revives_no_session_that_was_ended(app: Flask, make: Making):
    mine = make.signed_in()
    captured = cookie_of(mine)
    mine.post("/sign-out")

    with time_machine.travel(now() - timedelta(hours=2)):
        assert not opens(app, captured)


# --- the cookie ----------------------------------------------------------------------------------------------


def set_cookies(client: Client, email: str, here: str) -> list[str]:
    """Every cookie that is set from the sign-in page on."""
    options = {"base_url": here, "headers": {"Referer": f"{here}/sign-in"}}
    first = client.get("/sign-in", **options)
    second = client.post("/sign-in", {"email": email, "password": PASSWORD}, **options)
    return first.headers.getlist("Set-Cookie") + second.headers.getlist("Set-Cookie")


def test_over_https_the_cookie_is_bound_to_the_host_and_kept_from_scripts_and_other_sites(
    settings: Settings, app: Flask, make: Making
):
    email = make.person().email

    with another_site(settings, public_url="https://training.example") as site:
        cookies = [SimpleCookie(one) for one in set_cookies(Client(site), email, "https://training.example")]

    assert len(cookies) == 2
    for cookie in cookies:
        (morsel,) = cookie.values()
        assert morsel.key == "__Host-session"
        assert morsel["secure"] is True and morsel["httponly"] is True
        assert morsel["samesite"] == "Lax"
        assert morsel["path"] == "/"
        assert morsel["domain"] == ""
        assert morsel["max-age"] == morsel["expires"] == ""


def test_over_plain_http_the_cookie_is_still_kept_from_scripts_and_other_sites(client: Client, make: Making):
    cookies = set_cookies(client, make.person().email, "http://localhost")

    for cookie in cookies:
        assert cookie.startswith("session=")
        assert "; HttpOnly; Path=/; SameSite=Lax" in cookie
        assert "Domain" not in cookie


def test_no_other_cookie_is_ever_set(make: Making):
    mine = make.signed_in(Role.ORGANISER)

    for path in ("/", "/account", "/progress", "/glossary/", f"/modules/{SLUG}/{LESSON}", "/desk/people", "/?lang=de"):
        mine.get(path)

    assert {name for _domain, _path, name in mine.http._cookies} == {"session"}


def test_a_new_signing_key_signs_new_cookies_and_an_old_one_may_still_open(
    settings: Settings, app: Flask, make: Making
):
    mine = make.signed_in()
    old, new = settings.secret_key, "another key that is long enough to be a key"

    with another_site(settings, secret_key=new, secret_key_fallbacks=(old,)) as turning:
        with_old = opens(turning, cookie_of(mine))
        fresh = Client(turning)
        fresh.sign_in(mine.person.email, PASSWORD)
    with another_site(settings, secret_key=new) as turned:
        assert opens(turned, cookie_of(fresh))
        assert not opens(turned, cookie_of(mine))

    assert with_old


# --- in whose name -------------------------------------------------------------------------------------------


def paths(app: Flask, make: Making, mine: Client) -> Callable[[Rule], str]:
    """An address for every rule, each naming something that is there, so that only the token can stop the deed."""
    waiting = make.person(standing=Standing.WAITING)
    other = make.signed_in()
    elsewhere = Client(app)
    elsewhere.sign_in(mine.person.email, PASSWORD)
    mine.get(f"/modules/{SLUG}/quiz")
    mine.post(f"/modules/{SLUG}/quiz")
    make.add(Report(person_id=other.person.id, about=f"{SLUG}/{LESSON}", words="A word is wrong.", reported_at=now()))
    with app.app_context(), writing():
        token = links.make(other.person, Purpose.SIGN_IN, now())
        db.session.commit()
    values = {
        "slug": SLUG,
        "lesson_id": LESSON,
        "question_id": "none",
        "token": token,
        "filename": "site.css",
        "number": 1,
        "fingerprint": "none",
        "attempt_id": make.one(select(Attempt)).id,
        "report_id": make.one(select(Report)).id,
        "login_id": make.all(select(Login).where(Login.person_id == mine.person.id).order_by(Login.id))[-1].id,
    }

    there = at_an_event(make, mine.person)

    def path(rule: Rule) -> str:
        person = waiting if rule.endpoint in ("accounts.welcome", "accounts.refuse") else other.person
        known = values | {"person_id": person.id} | there
        if rule.rule.startswith("/modules/"):
            known["slug"] = SLUG
        if "<number>" in rule.rule:
            known["number"] = there["certificate"]
        _host, where = rule.build({name: known[name] for name in rule.arguments})
        return where

    return path


def at_an_event(make: Making, person: Person) -> dict[str, Any]:
    """An event where this person is registered, with one of everything that an address can name."""
    event = make.past_event(self_check_in=True)
    half_day = event.half_days[0]
    who, walk_in = make.registered(event, person), make.registered(event, name="Ana", walk_in=True)
    mark = Mark(
        id=uuid4(), registration_id=who.id, half_day_id=half_day.id, kind=MarkKind.CAME, at=half_day.starts_at,
        said_at=half_day.starts_at, received_at=now(), fingerprint="f",
    )  # fmt: skip
    desk = Device(id=uuid4(), event_id=event.id, name="Door", salt="s", token_hash="t", made_at=now(), paired_at=now())
    stray = Stray(id=uuid4(), event_id=event.id, said={}, fingerprint="f", why="revoked", received_at=now())
    sheet = Sheet(code="ABCDEFGH", half_day_id=half_day.id, part=Part.PARTICIPANT, rows=[str(who.id)], made_at=now())
    scan = Scan(
        half_day_id=half_day.id, name="sheet", mimetype="application/pdf", sha256="s", content=b"%PDF", added_at=now()
    )
    batch = Batch(scope=event.slug, asked_at=now())
    make.add(mark, desk, stray, sheet, scan, batch)
    with make.app.app_context(), writing():
        run = joining.open_run(EXERCISE, "early-signs", person.id, now())
        run_id, code = run.id, run.code
        lesson = LessonLearned(id=uuid4(), run_id=run_id, number=1, words="Ring first.")
        db.session.add(lesson)
        db.session.commit()
        lesson_id = lesson.id
    certificate = make.certificate(make.due(event, name="Eva"))
    return {
        "slug": event.slug, "half_day_id": half_day.id, "registration_id": walk_in.id, "mark_id": mark.id,
        "device_id": desk.id, "stray_id": stray.id, "sheet_id": sheet.id, "scan_id": scan.id, "kind": "csv",
        "scope": event.slug, "batch_id": batch.id, "certificate": certificate.number,
        "run_id": run_id, "code": code, "lesson_id": lesson_id,
    }  # fmt: skip


# A device that is to be paired has no session: its code is all it has. Whoever checks a certificate changes nothing.
# A player over plain http has none either: what they send is refused where another site sends it (test_run_json.py).
PLAYERS = {
    "runs.join", "runs.answers", "runs.seat", "runs.recorder", "runs.thoughts",
    "playing.answer", "playing.sit", "playing.take_over", "playing.think",
}  # fmt: skip
NO_COOKIE = {"desk_json.pair", "check.file", "check.name", *PLAYERS}


def everything(app: Flask) -> dict[str, list[Any]]:
    """Every row of every table, but for when a session was last used."""
    with app.app_context():
        rows = {}
        for table in Model.metadata.sorted_tables:
            kept = [column for column in table.columns if column.name != "seen_at"]
            rows[table.name] = db.session.execute(select(*kept).order_by(*table.primary_key.columns)).all()
        return rows


FIELDS = {
    "email": "someone@service.example", "password": NEW, "current": PASSWORD, "name": "Another Name", "role": "trainer",
    "profession": "judge", "organisation": "A service", "country": "BE", "language": "en", "extra_time": "25",
    "words": "This word is wrong.", "place": "start", "go": "on",
}  # fmt: skip


@pytest.mark.parametrize(
    "token", ["missing", "empty", "wrong", "another's", "in the address", "in a cookie", "as JSON"]
)
def test_no_form_does_anything_without_the_token_of_its_own_session(app: Flask, make: Making, token: str):
    mine = make.signed_in(Role.ORGANISER)
    path = paths(app, make, mine)
    mine.get("/account")
    own = mine.page.hidden("csrf_token")
    theirs = make.signed_in(Role.ORGANISER).page.hidden("csrf_token")
    fields, options = FIELDS, {}
    if token in ("empty", "wrong", "another's"):
        fields = FIELDS | {"csrf_token": {"empty": "", "wrong": own[:-2] + "xx", "another's": theirs}[token]}
    if token == "in the address":
        options = {"query_string": {"csrf_token": own}}
    if token == "in a cookie":
        mine.http.set_cookie("csrf_token", own)
    before = everything(app)

    wrong = []
    doors = [rule for rule in app.url_map.iter_rules() if "POST" in rule.methods and rule.endpoint not in NO_COOKIE]
    for rule in doors:
        body = {"json": fields | {"csrf_token": own}} if token == "as JSON" else {"data": fields}
        answer = mine.http.post(path(rule), **body, **options)
        if answer.status_code != 400:
            wrong.append((rule.endpoint, answer.status_code))

    assert len(doors) > 20
    assert not wrong
    assert everything(app) == before


def test_no_page_changes_anything_by_being_opened(app: Flask, make: Making):
    mine = make.signed_in(Role.ORGANISER)
    path = paths(app, make, mine)
    mine.get("/account")
    token = mine.page.hidden("csrf_token")
    before = everything(app)

    answers = {}
    for rule in app.url_map.iter_rules():
        for method in ("GET", "HEAD", "OPTIONS"):
            answer = mine.http.open(path(rule), method=method, query_string=FIELDS | {"csrf_token": token})
            answer.close()
            answers[rule.endpoint, method] = answer.status_code

    not_yet = {"aftermath.report_pdf", "aftermath.report_xlsx"}  # 409: the run goes on
    streams = {"run_stream.stream"}  # 503: no server is there to give a connection away
    failed = {where[0] for where, status in answers.items() if status > 405}
    assert failed <= not_yet | streams
    after = everything(app)
    assert after.pop("audit_row") != before.pop("audit_row"), "that a list was downloaded is noted"
    assert after == before


def test_a_token_in_the_header_serves_as_well_as_one_in_the_form(app: Flask, make: Making):
    mine = make.signed_in()
    token = mine.page.one("meta", name="csrf-token").get("content")

    answer = mine.http.post("/account/sessions/end", headers={"X-CSRFToken": token})

    assert answer.status_code == 302


def test_over_https_a_form_from_another_site_does_nothing_even_with_its_token(
    settings: Settings, app: Flask, make: Making
):
    email = make.person().email
    here = "https://training.example"

    with another_site(settings, public_url=here) as site:
        client = Client(site)
        client.get("/sign-in", base_url=here)
        fields = {"email": email, "password": PASSWORD}
        for referrer in ({}, {"Referer": "https://evil.test/"}, {"Referer": "http://training.example/"}):
            client.post("/sign-in", fields, status=400, base_url=here, headers=referrer)
            client.get("/sign-in", base_url=here)
        client.post("/sign-in", fields, base_url=here, headers={"Referer": f"{here}/sign-in"})


def test_someone_signed_out_is_sent_to_sign_in_by_every_closed_door_and_changes_nothing(app: Flask, make: Making):
    mine = make.signed_in(Role.ORGANISER)
    path = paths(app, make, mine)
    before = everything(app)
    stranger = Client(app)
    stranger.get("/sign-in")
    token = stranger.page.hidden("csrf_token")

    wrong = []
    for rule in app.url_map.iter_rules():
        if door_of(rule.endpoint, app) is Door.PUBLIC:
            continue
        for method in rule.methods - {"OPTIONS"}:
            answer = stranger.http.open(path(rule), method=method, data=FIELDS | {"csrf_token": token})
            if answer.status_code != 302 or not answer.location.startswith("/sign-in?next="):
                wrong.append((rule.endpoint, method, answer.status_code))

    assert not wrong
    assert everything(app) == before
