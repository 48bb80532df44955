"""What every answer carries, whatever it is: pages, redirects, errors, files, what was not changed since."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from lms.accounts.access import Door, door_of, public
from lms.accounts.models import Role
from lms.paths import STATIC
from lms.settings import Settings
from tests.make import Making, another_site
from tests.page import Client

LESSON = "/modules/early-signs/reporting-routes"


@public
def broken() -> str:
    raise RuntimeError("the lights went out")


def unchanged(client: Client) -> TestResponse:
    first = client.http.get("/static/site.css")
    first.close()
    return client.http.get("/static/site.css", headers={"If-None-Match": first.headers["ETag"]})


def hurried(client: Client) -> TestResponse:
    client.get("/password/forgotten")
    fields = {"csrf_token": client.page.hidden("csrf_token"), "email": "nobody@service.example"}
    return [client.http.post("/password/forgotten", data=fields) for _time in range(9)][-1]


ANSWERS: dict[str, tuple[int, Callable[[Client], TestResponse]]] = {
    "a page": (200, lambda client: client.http.get("/")),
    "a page asked for by HEAD": (200, lambda client: client.http.head("/")),
    "the methods of a page": (200, lambda client: client.http.options("/")),
    "a file": (200, lambda client: client.http.get("/static/site.css")),
    "a file's part": (206, lambda client: client.http.get("/static/site.css", headers={"Range": "bytes=0-9"})),
    "a file not changed since": (304, unchanged),
    "a file that is not there": (404, lambda client: client.http.get("/static/none.css")),
    "a redirect to sign in": (302, lambda client: client.http.get("/progress")),
    "a redirect to the slash": (308, lambda client: client.http.get("/modules/early-signs")),
    "no such page": (404, lambda client: client.http.get("/nowhere")),
    "another method": (405, lambda client: client.http.put("/sign-in")),
    "no token": (400, lambda client: client.http.post("/sign-in")),
    "a NUL": (400, lambda client: client.http.get("/?x=%00")),
    "too much": (413, lambda client: client.http.post("/sign-in", data={"email": "x" * 2_000_000})),
    "too often": (429, hurried),
    "a fault of ours": (500, lambda client: client.http.get("/privacy")),
    "JSON": (200, lambda client: client.http.get("/healthz")),
    "JSON of an error": (404, lambda client: client.http.get("/nowhere", headers={"Accept": "application/json"})),
    "a program signed out": (401, lambda client: client.http.post("/account", headers={"X-CSRFToken": "x"})),
}


@pytest.fixture
def answer(request: pytest.FixtureRequest, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestResponse]:
    monkeypatch.setitem(app.view_functions, "privacy.privacy", broken)
    status, ask = ANSWERS[request.param]
    found = ask(Client(app))
    assert found.status_code == status
    yield found
    found.close()


@pytest.mark.parametrize("answer", ANSWERS, indirect=True)
def test_every_answer_carries_the_same_guard(answer: TestResponse):
    headers = answer.headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))

    assert policy["default-src"] == "'self'"
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == "'self'"
    for word in ("unsafe", "nonce", "http:", "https:", "data:", "*"):
        assert word not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Permissions-Policy" in headers
    assert "Access-Control-Allow-Origin" not in headers
    assert not any(name in headers for name in ("Server", "X-Powered-By", "X-Debug"))


@pytest.mark.parametrize("answer", [name for name in ANSWERS if not name.startswith("a file")], indirect=True)
def test_nothing_but_files_is_kept_by_a_browser_or_a_proxy(answer: TestResponse):
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("answer", list(ANSWERS), indirect=True)
def test_over_plain_http_no_browser_is_told_to_insist_on_https(answer: TestResponse):
    assert "Strict-Transport-Security" not in answer.headers


def test_over_https_every_answer_insists_on_it_for_a_year(settings: Settings, app: Flask):
    with another_site(settings, public_url="https://training.example") as site:
        site.view_functions["privacy.privacy"] = broken
        for name, (status, ask) in ANSWERS.items():
            if name == "too often":
                continue
            answer = ask(Client(site))
            answer.close()

            assert answer.status_code == status
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains", name


def test_a_file_named_by_its_content_is_kept_for_a_year_and_any_other_is_asked_for_again(client: Client):
    client.get("/")
    address = client.page.one("link", rel="stylesheet").get("href")

    named = client.http.get(address)
    plain = client.http.get("/static/site.css")

    assert named.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert plain.headers["Cache-Control"] == "public, no-cache"
    assert "Set-Cookie" not in named.headers
    assert "Set-Cookie" not in plain.headers
    assert named.data == plain.data == (STATIC / "site.css").read_bytes()
    named.close()
    plain.close()


def test_every_page_of_someone_signed_in_is_kept_nowhere(app: Flask, make: Making):
    mine = make.signed_in(Role.ORGANISER)
    pages = 0

    for rule in app.url_map.iter_rules():
        if rule.arguments or "GET" not in rule.methods or rule.endpoint == "static":
            continue
        answer = mine.http.get(rule.rule)
        pages += 1

        assert answer.headers["Cache-Control"] == "no-store", rule.rule
        if door_of(rule.endpoint, app) is not Door.PUBLIC:
            assert "Cookie" in answer.headers.get("Vary", "Cookie")
    assert mine.get(LESSON).headers["Cache-Control"] == "no-store"
    assert pages > 10


def test_no_page_names_another_host_to_load_from(app: Flask, make: Making):
    mine = make.signed_in(Role.ORGANISER)

    for path in ("/", LESSON, "/account", "/progress", "/glossary/", "/desk/people", "/privacy", "/nowhere"):
        mine.http.get(path)
        mine.get(path, status=404 if path == "/nowhere" else 200)
        for tag in ("script", "link", "img", "source", "video", "audio", "iframe", "use"):
            for element in mine.page.all(tag):
                address = element.get("src") or element.get("href") or ""
                assert not address.startswith(("http:", "https:", "//", "data:")), (path, address)


@pytest.mark.parametrize(
    "path",
    [
        "/.git/config",
        "/.env",
        "/console",
        "/metrics",
        "/debug",
        "/lms.db",
        "/instance/lms.db",
        "/instance/secret-key",
        "/setup.cfg",
        "/static/",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2f%2e%2e%2finstance/secret-key",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/..\\app.py",
        "/static/fonts",
        "/modules/early-signs/../../instance/secret-key",
        "/lms/app.py",
        "/backup.zip",
    ],
)
def test_what_is_no_page_is_not_there(client: Client, path: str):
    answer = client.http.get(path, follow_redirects=True)

    assert answer.status_code in (404, 200)
    assert answer.status_code == 404 or answer.request.path.startswith("/sign-in")
    for name in ("app.py", "settings.py"):
        assert (Path(STATIC).parent / name).read_text()[:60] not in answer.text


def test_a_site_that_was_just_set_up_shows_no_way_to_take_it_over(client: Client):
    client.get("/")

    for word in ("install", "setup", "set up"):
        assert word not in client.page.words.lower()
