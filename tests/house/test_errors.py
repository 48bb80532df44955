"""What happens when something is wrong: words and a next step, no trace of the inside, nothing half done."""

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import event, select, text
from werkzeug.routing import Rule
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

from lms.accounts import links
from lms.accounts.access import public
from lms.accounts.models import Purpose, Role, Standing
from lms.clock import now
from lms.database import Model, db, writing
from lms.quizzes.models import Attempt
from lms.reports.models import Report
from tests.make import PASSWORD, Making
from tests.page import Client

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, scope="session")
ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True, scope="session")
SLUG, LESSON = "early-signs", "reporting-routes"
CANARY = "a secret that only the inside knows"
JSON = {"Accept": "application/json"}


@public
def broken() -> str:
    password = CANARY
    raise RuntimeError(f"{password} at /srv/lms/views.py")


# --- pages -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [None, Role.PRACTITIONER], ids=["stranger", "signed in"])
@pytest.mark.parametrize(
    ("status", "words", "ask"),
    [
        (400, "Please send it again", lambda client: client.http.post("/sign-in")),
        (400, "Not understood", lambda client: client.http.get("/?x=%00")),
        (404, "Not found", lambda client: client.http.get("/nowhere")),
        (404, "Not found", lambda client: client.http.get("/modules/nowhere/")),
        (405, "Not possible this way", lambda client: client.http.delete("/privacy")),
        (413, "Too large", lambda client: client.http.post("/sign-in", data={"email": "x" * 2_000_000})),
        (413, "Too large", lambda client: client.http.post("/sign-in", data={f"f{n}": "" for n in range(2000)},
                                                           content_type="multipart/form-data")),
        (500, "Something went wrong here", lambda client: client.http.get("/accessibility")),
    ],
    ids=["token", "nul", "address", "topic", "method", "size", "parts", "fault"],
)  # fmt: skip
def test_an_error_page_says_what_happened_and_the_next_step_and_nothing_of_the_inside(
    app: Flask,
    make: Making,
    monkeypatch: pytest.MonkeyPatch,
    role: Role | None,
    status: int,
    words: str,
    ask: Callable[[Client], Any],
):
    monkeypatch.setitem(app.view_functions, "privacy.accessibility", broken)
    client = make.signed_in(role) if role else Client(app)

    client._checked(ask(client), status)

    assert words in client.page.heading
    assert "Go to the course" in client.page.words
    assert str(status) in client.page.words
    for trace in ("Traceback", CANARY, "RuntimeError", "werkzeug", "/srv/", "lms/", "sqlalchemy"):
        assert trace not in client.page.text


@pytest.mark.parametrize(
    ("status", "ask"),
    [
        (400, lambda http: http.post("/sign-in", headers=JSON)),
        (400, lambda http: http.post("/sign-in", json={})),
        (404, lambda http: http.get("/nowhere", headers=JSON)),
        (405, lambda http: http.put("/sign-in", headers=JSON)),
        (500, lambda http: http.get("/accessibility", headers=JSON)),
    ],
)
def test_a_program_gets_the_words_as_json(
    app: Flask, monkeypatch: pytest.MonkeyPatch, status: int, ask: Callable[[Any], Any]
):
    monkeypatch.setitem(app.view_functions, "privacy.accessibility", broken)

    answer = ask(app.test_client())

    assert answer.status_code == status
    assert len(answer.json["error"]) > 20
    assert CANARY not in answer.text


def test_a_fault_of_ours_is_logged_whole(
    client: Client, app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setitem(app.view_functions, "privacy.accessibility", broken)

    client.get("/accessibility", status=500)

    assert "RuntimeError" in caplog.text
    assert "in broken" in caplog.text


def test_another_method_is_answered_with_those_that_are_possible(client: Client):
    answer = client.http.put("/sign-in")

    assert set(answer.headers["Allow"].split(", ")) >= {"GET", "POST"}


def test_a_fault_takes_back_what_the_request_had_changed(app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch):
    mine = make.signed_in()
    mine.get("/account")
    profile = {"name": "Half Done", "profession": "judge", "organisation": "", "country": "", "language": ""}

    def fail() -> None:
        db.session.flush()
        raise RuntimeError("the lights went out")

    monkeypatch.setattr(db.session, "commit", fail)
    mine.post("/account", profile, status=500)
    monkeypatch.undo()
    mine.get("/account")

    assert mine.page.one("input", name="name").get("value") == mine.person.name


# --- when the database does not answer --------------------------------------------------------------------------


@contextmanager
def no_answer(app: Flask) -> Iterator[None]:
    """The database cannot be reached, as when it is down or the network to it is cut."""
    with app.app_context():
        engine = db.engine

    def refuse(dialect: Any, *_rest: object) -> None:
        raise dialect.dbapi.OperationalError("connection refused")

    engine.dispose()
    event.listen(engine, "do_connect", refuse)
    try:
        yield
    finally:
        event.remove(engine, "do_connect", refuse)


def assert_503(answer: Any) -> None:
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_without_an_answer_from_the_database_a_page_says_so_and_when_to_try_again(app: Flask, make: Making):
    mine = make.signed_in(Role.ORGANISER)

    for path in ("/", "/account", "/progress", f"/modules/{SLUG}/{LESSON}", "/desk/people", "/nowhere", "/sign-in"):
        with no_answer(app):
            answer = mine.http.get(path)

        assert_503(answer)
        mine._checked(answer, 503)
        assert "Not possible right now" in mine.page.heading
        assert "connection refused" not in mine.page.text
    mine.get("/account")


def test_without_an_answer_from_the_database_a_form_says_that_nothing_was_kept(app: Flask, make: Making):
    mine = make.signed_in()
    mine.get("/account")
    fields = {"csrf_token": mine.page.hidden("csrf_token"), "current": PASSWORD, "password": "five rather new words"}

    with no_answer(app):
        page = mine.http.post("/account/password", data=fields)
        program = mine.http.post("/account/password", data=fields, headers=JSON)

    assert_503(page)
    assert_503(program)
    assert "Nothing was kept." in page.text
    assert "Nothing was kept." in program.json["error"]
    mine.get("/account")


def test_without_an_answer_from_the_database_nobody_signs_in(app: Flask, make: Making):
    email = make.person().email
    client = Client(app)
    client.get("/sign-in")

    with no_answer(app):
        client.post("/sign-in", {"email": email, "password": PASSWORD}, status=503)

    client.sign_in(email, PASSWORD)


def test_without_an_answer_from_the_database_what_needs_none_goes_on(app: Flask, client: Client):
    with no_answer(app):
        client.get("/")
        client.get("/privacy")
        client.http.get("/static/site.css").close()
        alive = client.http.get("/healthz")
        ready = client.http.get("/readyz")

    assert alive.status_code == 200
    assert ready.status_code == 503
    assert ready.json["database"] is False


def test_with_every_connection_taken_the_answer_is_503_and_not_a_fault(
    app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch
):
    mine = make.signed_in()
    with app.app_context():
        pool = db.engine.pool
    monkeypatch.setattr(pool, "_timeout", 0.1)
    monkeypatch.setattr(pool, "_max_overflow", 0)
    taken = [pool.connect() for _connection in range(pool.size())]

    answer = mine.http.get("/account")
    for connection in taken:
        connection.close()

    assert_503(answer)
    mine.get("/account")


@ON_POSTGRESQL
def test_connections_that_the_database_closed_are_made_anew_without_a_word(app: Flask, make: Making):
    mine = make.signed_in()
    mine.get("/account")

    with app.app_context():
        others = "pid <> pg_backend_pid() AND datname = current_database()"
        db.session.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))
        db.session.commit()
    app.extensions["jobs"].storage.close()

    mine.get("/account")


@ON_SQLITE
def test_with_the_disk_full_nothing_is_half_kept_reading_goes_on_and_writing_again_when_there_is_room(
    app: Flask, make: Making
):
    mine = make.signed_in()
    path = f"/report/{SLUG}/{LESSON}"
    with app.app_context(), writing():
        engine = db.engine
        with engine.connect() as connection:
            connection.rollback()
            connection.connection.execute("VACUUM")  # what tests before this one left free would be room

    def no_room(connection: Any, *_rest: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages + 2}")

    engine.dispose()
    event.listen(engine, "connect", no_room)
    kept, answer = 0, None
    try:
        while answer is None or answer.status_code == 302:
            mine.get(path)
            fields = {"csrf_token": mine.page.hidden("csrf_token"), "words": "ж" * 2000}
            answer = mine.http.post(path, data=fields)
            kept += answer.status_code == 302
            assert kept < 100
        mine._checked(answer, 507)
        said = mine.page.words
        mine.get("/account")
    finally:
        event.remove(engine, "connect", no_room)
        engine.dispose()

    assert "The disk of the server is full: nothing was kept." in said
    assert len(make.all(select(Report))) == kept
    mine.get(path)
    mine.post(path, {"words": "There is room again."})


# --- malformed requests ------------------------------------------------------------------------------------------

JUNK = [
    *(b"", b" ", b"\t", b"\x00", b"\xff\xfe\xfd", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\xe2\x80\xae", b"\r\nX: y"),
    *(b"%", b"%zz", b"%00", b"%ff", b"%s%n", b"..", b"../../etc/passwd", b"\\", b"//evil.test", b"||", b";ls", b"${x}"),
    *(b"' OR 1=1 --", b"<script>alert(1)</script>", b"{{7*7}}", b"null", b"true", b"[]", b"{}", b"NaN", b"1e999"),
    *(b"-1", b"0", b"2147483648", b"9223372036854775808", b"9" * 40, b"9" * 5000, b"a" * 3000, b"\xc3\xa9" * 500),
    *(b"early-signs", b"reporting-routes", b"quiz", b"en", b"on"),
]
NAMES = [
    *(b"email", b"password", b"current", b"name", b"profession", b"organisation", b"country", b"language", b"role"),
    *(b"extra_time", b"active", b"check", b"answer", b"id", b"q", b"go", b"move", b"lang", b"next", b"csrf_token"),
    *(b"empty", b"\x00", b"\xff", b"a[b][c]", b""),
]
FORM = "application/x-www-form-urlencoded"
TYPES = [
    *(FORM, f"{FORM}; charset=utf-7", "multipart/form-data", "multipart/form-data; boundary=x"),
    *("multipart/form-data; boundary=" + "y" * 500, "application/json", "application/json; charset=nonsense"),
    *("text/plain", "application/xml", "image/png", "x" * 300, ""),
]
BODIES = [
    *(b"", b"{", b"null", b"[" * 2000, b'{"a": ' * 500, b'"\\ud800"', b'{"id": "\\ud800"}', b"\xff\xfe", b"\x00" * 100),
    *(b"--x\r\n", b"--x\r\n\r\n--x--", b"a=%zz&=&&==;", b"=" * 3000, b"a=1&a=2&a[]=3&email=%00"),
    b'--x\r\nContent-Disposition: form-data; name="a"; filename="../../x\x00"\r\n\r\nx\r\n--x--\r\n',
    f"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM '{Path(__file__).as_uri()}'>]><a>&b;</a>".encode(),
]
METHODS = ["GET", "POST", "POST", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "JUNK", "get"]
HOSTS = ["localhost"] * 4 + ["evil.test", "a b", "[", "x" * 300, "localhost:99999", ""]
LENGTHS = ["", "0", "-1", "abc", "99999999999999999999", "٣"]
COOKIES = ["", "session=", "session=x.y.z", "session=\xff", "=;;=", "a" * 5000]
HEADERS = [
    *("ACCEPT", "ACCEPT_LANGUAGE", "REFERER", "IF_NONE_MATCH", "IF_MODIFIED_SINCE", "RANGE", "AUTHORIZATION", "ORIGIN"),
    *("X_FORWARDED_FOR", "X_HTTP_METHOD_OVERRIDE", "USER_AGENT", "TRANSFER_ENCODING", "CONTENT_ENCODING"),
]
CLAIMS = ["application/json", "*/*;q=x", "http://[", "bytes=9-1", "Bearer ", "Basic !", "de;q=9", "\xff", "x" * 3000]
BY_ITS_BUTTON_ALONE = {
    "accounts.sign_out", "accounts.end_others", "lessons.end", "lessons.place", "lessons.check", "quizzes.start",
    "quizzes.submit", "reports.lesson", "reports.question", "accounts.sign_in_link",
}  # fmt: skip


class Storm:
    """Makes requests that no browser of ours would send; the same every time."""

    def __init__(self, rules: list[Rule], right: dict[str, str], cookie: str, token: str, seed: int) -> None:
        self.random = random.Random(seed)
        self.rules, self.right, self.cookie, self.token = rules, right, cookie, token

    def request(self) -> tuple[str, dict[str, Any], bytes]:
        """The view it aims at, and the raw WSGI environment with its body."""
        pick = self.random.choice
        rule, good = pick(self.rules), self.random.random() < 0.5
        path = b"".join(self._value(part, good) if is_argument else part.encode() for part, is_argument in parts(rule))
        if self.random.random() < 0.1:
            path += pick(JUNK)[:200]
        fields = b"&".join(self._field() for _field in range(pick([0, 1, 2, 5, 9])))
        body = pick([fields, fields, fields, *BODIES])
        query = pick([b"", b"", fields, pick(JUNK), pick(BODIES)[:500]])
        environ = {
            "REQUEST_METHOD": pick(METHODS),
            "SCRIPT_NAME": "",
            "PATH_INFO": path.decode("latin-1"),
            "QUERY_STRING": query.decode("latin-1"),
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": pick(["127.0.0.1", "::1", "192.0.2.1"]),
            "HTTP_HOST": pick(HOSTS),
            "CONTENT_TYPE": FORM if body is fields else pick(TYPES),
            "CONTENT_LENGTH": pick([str(len(body))] * 6 + LENGTHS),
            "HTTP_COOKIE": pick([self.cookie] * 6 + COOKIES),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        environ |= {f"HTTP_{name}": pick(CLAIMS) for name in HEADERS if self.random.random() < 0.15}
        if rule.endpoint not in BY_ITS_BUTTON_ALONE and self.random.random() < 0.7:
            environ["HTTP_X_CSRFTOKEN"] = self.token
        return rule.endpoint, environ, body

    def _field(self) -> bytes:
        name, value = self.random.choice(NAMES), self.random.choice(JUNK)
        return quote(name).encode() + b"=" + quote(value).encode()

    def _value(self, name: str, good: bool) -> bytes:
        if good and name in self.right:
            return self.right[name].encode()
        return self.random.choice(JUNK)[:500]


def parts(rule: Rule) -> list[tuple[str, bool]]:
    """A rule's address in pieces, and whether each is an argument."""
    return [(piece, is_argument) for is_argument, piece in rule._trace if piece != "|"]


def snapshot(app: Flask) -> dict[str, list[Any]]:
    """Every row, but for answers to an open attempt, and for when something was last seen or tried."""
    passing = ("sent_answer", "failed_sign_in")
    with app.app_context():
        rows = {}
        for table in Model.metadata.sorted_tables:
            columns = [column for column in table.columns if column.name != "seen_at"]
            if table.name not in passing:
                rows[table.name] = db.session.execute(select(*columns).order_by(*table.primary_key.columns)).all()
        return rows


@pytest.mark.parametrize(
    "role", [None, Role.PRACTITIONER, Role.ORGANISER], ids=["stranger", "practitioner", "organiser"]
)
def test_seven_hundred_malformed_requests_make_no_fault_and_change_nothing(app: Flask, make: Making, role: Role | None):
    client = make.signed_in(role) if role else Client(app)
    client.get("/sign-in" if role is None else f"/modules/{SLUG}/quiz")
    token = client.page.hidden("csrf_token")
    make.person(standing=Standing.WAITING)
    other = make.person()
    make.add(Report(person_id=other.id, about="x", words="y", reported_at=now()))
    right = {"slug": SLUG, "lesson_id": LESSON, "filename": "site.css", "question_id": "none", "number": "1"}
    if role:
        client.post(f"/modules/{SLUG}/quiz")
        right["attempt_id"] = str(make.one(select(Attempt)).id)
    with app.app_context(), writing():
        right["token"] = links.make(other, Purpose.RESET, now())
        db.session.commit()
    cookie = f"session={client.http.get_cookie('session').value}"
    storm = Storm(list(app.url_map.iter_rules()), right, cookie, token, seed=20261121)
    before = snapshot(app)

    faults, answers = [], Counter()
    for _request in range(700):
        endpoint, environ, body = storm.request()
        answer = send(app, environ, body)
        answers[answer.status_code] += 1
        if answer.status_code >= 500 or "Traceback" in answer.get_data(as_text=True):
            faults.append((endpoint, environ["REQUEST_METHOD"], environ["PATH_INFO"][:80], answer.status_code))
        answer.close()

    assert not faults
    assert answers[404] > 50 and answers[400] > 50 and len(answers) > 6, answers
    assert snapshot(app) == before


def send(app: Flask, environ: dict[str, Any], body: bytes) -> Response:
    """Straight to the WSGI door: a test client would put some of it right."""
    asked = environ | {"wsgi.input": BytesIO(body), "wsgi.errors": sys.stderr}
    return Response.from_app(app, asked, buffered=True)


@pytest.mark.parametrize(
    "body",
    [b"5", b'"x"', b"null", b"true", b"[1, 2]", b'{"email": 5, "name": [], "words": {}}', b'{"name": {"a": {"b": 1}}}',
     b'{"role": true, "active": 1, "extra_time": []}', b'{"email": "\\ud800"}', b"{", b"[" * 3000, b"\xff", b""],
)  # fmt: skip
def test_json_is_no_form_and_changes_nothing(app: Flask, make: Making, body: bytes):
    organiser = make.signed_in(Role.ORGANISER)
    token = organiser.page.hidden("csrf_token")
    person = make.person()
    before = snapshot(app)

    for path in ("/sign-in", "/register", "/password/forgotten", "/account", "/account/password", "/desk/people",
                 f"/desk/people/{person.id}", f"/report/{SLUG}/{LESSON}"):  # fmt: skip
        answer = organiser.http.post(path, data=body, content_type="application/json", headers={"X-CSRFToken": token})

        assert 400 <= answer.status_code < 500, path

    assert snapshot(app) == before


@pytest.mark.parametrize("path", ["/", "/sign-in", "/static/site.css", "/nowhere", "/account"])
@pytest.mark.parametrize("query", ["x=\xff", "\xed\xa0\x80", "next=\xff", "v=\x80", "lang=\xff&lang=de"], ids=ascii)
def test_an_address_that_is_not_utf_8_is_not_understood(app: Flask, path: str, query: str):
    environ = EnvironBuilder(path).get_environ() | {"QUERY_STRING": query}

    answer = send(app, environ, b"")

    assert answer.status_code == 400
    assert "cannot be read" in answer.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/", "/sign-in", f"/modules/{SLUG}/"])
@pytest.mark.parametrize("host", ["evil.test", "a b", "[", "x" * 300, "localhost:99999", "localhost/..", "é"])
def test_a_host_that_is_not_ours_changes_no_address_on_a_page(client: Client, path: str, host: str):
    answer = client.http.get(path, headers={"Host": host})

    assert answer.status_code < 500
    assert host not in answer.text or host == "a b"


@pytest.mark.parametrize("problem", [OSError, RuntimeError])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "application/json"])
def test_a_body_that_the_server_cannot_frame_is_not_understood_and_no_fault_of_ours(
    app: Flask, kind: str, problem: type[Exception]
):
    class Cut(BytesIO):
        def read(self, *_size: int) -> bytes:
            raise problem("Invalid chunk size")

        readline = readinto = read

    builder = EnvironBuilder("/sign-in", method="POST", content_type=kind, input_stream=Cut(), content_length=5)

    answer = app.test_client().open(builder.get_environ() | {"wsgi.input_terminated": True})

    assert answer.status_code == 400
