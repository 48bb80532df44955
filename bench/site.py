"""The sample year in a folder of its own, someone signed in to it, and its pages asked for without a server."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder

from lms.app import create_app
from lms.settings import Settings, read

LMS = Path(sys.executable).with_name("lms")
PRACTITIONER = "practitioner@demo.test"
ORGANISER = "organiser@demo.test"
FORM = "application/x-www-form-urlencoded"
TOKEN = re.compile(r'name="csrf[-_]token" (?:content|value)="([^"]+)"')


@contextmanager
def sample_year(where: Path | None = None, **settings: str) -> Iterator[dict[str, str]]:
    """The environment of a site that holds the sample year, in a folder that is gone afterwards."""
    with TemporaryDirectory(prefix="lms-bench-", dir=where) as folder:
        mine = {name: value for name, value in os.environ.items() if not name.startswith("LMS_")}
        environment = mine | {"LMS_INSTANCE": folder} | settings
        subprocess.run([LMS, "demo", "--no-serve"], env=environment, check=True, stdout=subprocess.DEVNULL)
        yield environment


def application(environment: dict[str, str]) -> Flask:
    """The site in this process."""
    return create_app(read(environment))


def lesson_addresses(app: Flask) -> list[str]:
    """Every lesson of the course."""
    modules = app.extensions["training"].course("en").modules
    return [f"/modules/{module.slug}/{lesson.id}" for module in modules for lesson in module.lessons]


@dataclass(frozen=True)
class Visitor:
    """What a browser holds once someone signed in."""

    cookie: str
    token: str


def signed_in(app: Flask, email: str) -> Visitor:
    """Sign in as a visitor does."""
    client = app.test_client()
    fields = {"email": email, "password": Settings.demo_password, "csrf_token": token(client.get("/sign-in").text)}
    client.post("/sign-in", data=fields)
    seen = token(client.get("/progress").text)
    cookie = client.get_cookie("session")
    assert cookie is not None
    return Visitor(f"session={cookie.value}", seen)


def through_client(app: Flask, visitor: Visitor | None = None) -> FlaskClient:
    """Flask's test client, with what the visitor's browser holds."""
    client = app.test_client()
    if visitor:
        client.set_cookie("session", visitor.cookie.removeprefix("session="))
    return client


def token(page: str) -> str:
    """The CSRF token that a page carries."""
    found = TOKEN.search(page)
    assert found, "the page carries no token"
    return found[1]


def question(app: Any, address: str, visitor: Visitor | None = None, expected: str = "200 OK") -> Callable[[], None]:
    """A deed that gets a page from a WSGI app; a wrong status is an error."""
    return _deed(app, EnvironBuilder(address, headers=_headers(visitor)), b"", expected)


def sending(client: FlaskClient, address: str, visitor: Visitor, fields: list[tuple[str, str]]) -> Callable[[], None]:
    """A deed that sends a form through Flask's test client, which must be led on."""
    form: dict[str, list[str]] = {"csrf_token": [visitor.token]}
    for name, value in fields:
        form.setdefault(name, []).append(value)

    def deed() -> None:
        assert client.post(address, data=form).status_code == 302, f"{address} did not lead on"

    return deed


def submission(app: Any, address: str, visitor: Visitor, fields: list[tuple[str, str]]) -> Callable[[], None]:
    """A deed that sends a form to a WSGI app, which must answer by leading on."""
    body = urlencode([("csrf_token", visitor.token), *fields]).encode()
    builder = EnvironBuilder(address, method="POST", headers=_headers(visitor), content_type=FORM)
    return _deed(app, builder, body, "302 FOUND")


def _headers(visitor: Visitor | None) -> dict[str, str]:
    return {"Cookie": visitor.cookie} if visitor else {}


def _deed(app: Any, builder: EnvironBuilder, body: bytes, expected: str) -> Callable[[], None]:
    environ = builder.get_environ() | {"CONTENT_LENGTH": str(len(body))}

    def started(status: str, _headers: object, _problem: object = None) -> None:
        assert status == expected, f"{environ['PATH_INFO']} answered {status}"

    def deed() -> None:
        answer = app(environ | {"wsgi.input": BytesIO(body)}, started)
        b"".join(answer)
        answer.close()

    return deed
