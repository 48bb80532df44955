"""What every answer carries: security headers, error pages, the filters that templates use."""

import gzip
import logging
from datetime import date, datetime
from functools import cache
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, Response, g, render_template, request
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from flask_babel import format_date, format_decimal, format_time, get_translations, gettext
from flask_wtf.csrf import CSRFError
from jinja2 import StrictUndefined
from markupsafe import Markup
from sqlalchemy.exc import DataError, InterfaceError, OperationalError, SQLAlchemyError, TimeoutError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter

from lms.paths import STATIC
from lms.settings import Settings

log = logging.getLogger(__name__)
POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
HEADERS = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(self), geolocation=(), microphone=()"),
)
SQUEEZED = {"text/css", "text/javascript", "application/javascript", "image/svg+xml"}
YEAR = 365 * 24 * 3600


class SmallInteger(IntegerConverter):
    """A row's number in an address: one that no database could hold is simply not there."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **({"max": 2**31 - 1} | options))


def init_app(app: Flask, settings: Settings) -> None:
    """Set up templates, headers and errors."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(day=day, moment=moment, clock=clock, points=points, day_in=day_in, clock_in=clock_in)
    app.jinja_env.globals.update(static=static, foreign=foreign)
    app.url_map.converters["int"] = SmallInteger
    app.config["MAX_CONTENT_LENGTH"] = 1024 * 1024
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = YEAR
    app.before_request(_refuse_unreadable)
    app.after_request(lambda response: secure(response, settings))
    app.after_request(squeeze)
    app.register_error_handler(HTTPException, _http_error)
    for silence in (OperationalError, InterfaceError, TimeoutError):
        app.register_error_handler(silence, _database_error)
    app.register_error_handler(DataError, _nonsense)
    app.register_error_handler(Exception, _unexpected)


def said(message: str, **values: object) -> Markup:
    """A message in the page's language; `_` of every template, each message looked up once."""
    return _translated(g.get("locale", "en"), message) % values


@cache
def _translated(_locale: str, message: str) -> Markup:
    return Markup(get_translations().ugettext(message))  # noqa: S704 - our own words


@cache
def _version(name: str) -> str:
    return sha256((STATIC / name).read_bytes()).hexdigest()[:10]


@cache
def static(name: str) -> str:
    """The address of a static file; it changes with the file, so that browsers may keep it for a year."""
    return f"/static/{name}?v={_version(name)}"


def secure(response: Response, settings: Settings) -> Response:
    """Put the security headers on an answer, whatever it is; a page of a signed-in person is kept nowhere."""
    headers = response.headers
    headers.extend(HEADERS)
    if settings.https:
        headers["Strict-Transport-Security"] = f"max-age={YEAR}; includeSubDomains"
    if request.endpoint == "static":
        headers["Cache-Control"] = f"public, max-age={YEAR}, immutable" if request.args.get("v") else "public, no-cache"
    elif "Cache-Control" not in headers:
        headers.add("Cache-Control", "no-store")
    return response


def squeeze(response: Response) -> Response:
    """Send style, scripts and drawings compressed to who can read that; pages never, because they hold secrets."""
    if request.endpoint != "static" or response.status_code != 200 or not request.accept_encodings.quality("gzip"):
        return response
    if response.mimetype not in SQUEEZED:
        return response
    name = request.path.removeprefix("/static/")
    response.direct_passthrough = False
    response.close()
    response.set_data(_squeezed(name))
    response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    if etag := response.get_etag()[0]:
        response.set_etag(f"{etag}-gzip")
    return response


@cache
def _squeezed(name: str) -> bytes:
    return gzip.compress((STATIC / name).read_bytes(), mtime=0)


def _refuse_unreadable() -> ResponseReturnValue | None:
    """Text is UTF-8; and no text of ours holds a NUL, which no database keeps."""
    asked = request._get_current_object()  # type: ignore[attr-defined]  # asked often: a proxy looks each time
    values = [("", asked.path)]
    if asked.query_string:
        try:
            asked.query_string.decode()
        except UnicodeDecodeError:
            asked.query_string = b""  # the error page looks into it too
            return error(400, gettext("Not understood"), gettext("The request holds a character that cannot be read."))
        values += asked.args.items(multi=True)
    if asked.method == "POST":
        try:
            asked.get_data(parse_form_data=True)
        except HTTPException:
            raise
        except Exception:  # each server has its own way to say that the body is cut or wrongly framed
            return error(
                400, gettext("Not understood"), gettext("The request was not complete. Go back and try again.")
            )
        values += asked.form.items(multi=True)
    if any("\0" in name or "\0" in value for name, value in values):
        return error(400, gettext("Not understood"), gettext("The request holds a character that cannot be kept."))
    return None


def bearer() -> str | None:
    """The token a desk sends; None where nothing is sent, and no token of ours where it is of another kind.

    Werkzeug's own reading fails on letters that no such header may hold.
    """
    sent = request.headers.get("Authorization")
    if sent is None:
        return None
    kind, _space, token = sent.partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def error(code: int, heading: str, words: str) -> ResponseReturnValue:
    """An error page, or its words as JSON for a program."""
    if request.accept_mimetypes.best == "application/json" or request.is_json or bearer() is not None:
        return {"error": words}, code
    if request_ctx.url_adapter is None:  # the Host is none, so that no address can be written on a page
        return f"{heading}. {words}", code, {"Content-Type": "text/plain; charset=utf-8"}
    page = render_template(
        "errors/error.html",
        code=code,
        heading=heading,
        words=words,
        next={"url": "/", "label": gettext("Go to the course")},
    )
    return page, code


def _http_error(problem: HTTPException) -> ResponseReturnValue | HTTPException:
    code = problem.code or 500
    if code < 400:
        return problem
    if isinstance(problem, CSRFError):
        return error(
            400,
            gettext("Please send it again"),
            gettext(
                "The page was open for too long, or you signed in or out meanwhile. Go back, load it again, and send "
                "it again. What you typed may still be there."
            ),
        )
    texts = {
        400: (gettext("Not understood"), gettext("The request was not complete. Go back and try again.")),
        401: (gettext("Not open to you"), gettext("Sign in again, or pair this desk again.")),
        403: (gettext("Not open to you"), gettext("Your account may not do this.")),
        404: (gettext("Not found"), gettext("There is no such page, or it is not open to you. Check the address.")),
        405: (gettext("Not possible this way"), gettext("This address cannot be used like that. Begin at the course.")),
        413: (gettext("Too large"), gettext("What you sent is larger than this page takes. Send less.")),
        429: (
            gettext("Too many tries"),
            gettext("Too many tries in a short time. Wait a few minutes, then try again."),
        ),
        503: (gettext("Not possible right now"), gettext("Try again in a minute.")),
    }
    heading, words = texts.get(code, (gettext("Not possible"), gettext("Go back and try again.")))
    answer = error(code, heading, words)
    if code == 405 and isinstance(answer, tuple) and problem.get_headers():
        allow = dict(problem.get_headers()).get("Allow")
        return (*answer, {"Allow": allow}) if allow else answer
    if code == 503 and isinstance(answer, tuple):
        return (*answer, {"Retry-After": "30"})
    return answer


def _database_error(problem: OperationalError | InterfaceError | TimeoutError) -> ResponseReturnValue:
    """The database is busy, gone or full: nothing was kept, reading may go on."""
    said = str(getattr(problem, "orig", problem))
    log.error("database: %s", said)
    _let_go(problem)
    if "full" in said.lower() or "no space" in said.lower():
        return error(
            507, gettext("Not kept"), gettext("The disk of the server is full: nothing was kept. Tell an organiser.")
        )
    answer = error(503, gettext("Not possible right now"), gettext("Nothing was kept. Try again in a minute."))
    return (*answer, {"Retry-After": "30"}) if isinstance(answer, tuple) else answer


def _nonsense(problem: DataError) -> ResponseReturnValue:
    log.warning("data refused by the database: %s", problem.orig)
    _let_go(problem)
    return error(
        400, gettext("Not understood"), gettext("Something in the request cannot be kept. Check what you typed.")
    )


def _unexpected(problem: Exception) -> ResponseReturnValue:
    """A fault of ours: logged whole, told in plain words, without a trace of the inside."""
    log.exception("unexpected: %s", type(problem).__name__)
    _let_go(problem)
    return error(
        500,
        gettext("Something went wrong here"),
        gettext("It is not your fault, and it is noted. What was saved before is kept."),
    )


def _let_go(problem: Exception) -> None:
    """Give up the transaction; where the database is the problem, the error page asks it nothing, not even for whom."""
    g.nobody = isinstance(problem, SQLAlchemyError)
    rollback = g.get("rollback")
    if rollback is not None:
        rollback()


def foreign(language: str) -> Markup:
    """The attribute that names a text's language where it is not the page's; nothing where it is."""
    if language == g.get("locale", "en"):
        return Markup()
    return Markup(' lang="{}"').format(language)


def day(value: date | datetime) -> str:
    """A date in words; a line does not end between its day and its month."""
    return str(format_date(value, gettext("d MMMM y"))).replace(" ", "\u00a0", 1)


def clock(value: datetime) -> str:
    """Hours and minutes in the site's time zone."""
    return str(format_time(value, "HH:mm"))


def day_in(value: datetime, zone: ZoneInfo) -> str:
    """A date in words, as it is in another zone than the site's."""
    return day(value.astimezone(zone).date())


def clock_in(value: datetime, zone: ZoneInfo) -> str:
    """Hours and minutes in another zone than the site's: an event's own."""
    return f"{value.astimezone(zone):%H:%M}"


def moment(value: datetime) -> str:
    """Date and time in words."""
    return f"{day(value)}, {clock(value)}"


def points(value: float) -> str:
    """Points with at most two decimals, and none where they are whole."""
    return str(format_decimal(value, "0.##"))
