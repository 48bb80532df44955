"""Whether a certificate is what it says it is: for anyone, by its number, its QR code or its file.

Nobody needs an account, no cookie is set, and nothing is kept of what is typed or dropped.
"""

import re
from datetime import date
from functools import lru_cache
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, Response, abort, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from markupsafe import Markup
from sqlalchemy import select
from werkzeug.exceptions import RequestEntityTooLarge, TooManyRequests
from werkzeug.formparser import FormDataParser

from lms import pages, rates, sheets
from lms.accounts.access import public
from lms.certificates import answers, checking, numbers, signing
from lms.certificates.answers import Line
from lms.certificates.checking import Answer
from lms.certificates.models import SigningKey
from lms.certificates.parts import Outcome
from lms.clock import now
from lms.database import look
from lms.settings import Settings

bp = Blueprint("check", __name__)
ROOM = signing.LARGEST + 64 * 1024  # of a request: a file, and what a form puts around it
MEGABYTES = signing.LARGEST // (1024 * 1024)
LONGEST_NUMBER = 40
NOT_LISTED = {"X-Robots-Tag": "noindex"}  # by search engines
COMMANDS = """pdfsig certificate.pdf
pdfsig -dump certificate.pdf
openssl pkcs7 -inform DER -in certificate.pdf.sig0 -print_certs | openssl x509 -noout -fingerprint -sha256"""


class Unspooled(FormDataParser):
    """Reads a form without the temporary file that Werkzeug puts what is larger than 500 kB in."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options | {"stream_factory": lambda *_arguments, **_options: BytesIO()})


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
    for view in (file, name):
        # They change nothing and ask nothing of who is signed in; a token would need a cookie, and we set none here.
        app.extensions["csrf"].exempt(view)


@bp.url_value_preprocessor
def _make_room(endpoint: str | None, _values: dict[str, object] | None) -> None:
    """A certificate is larger than what the site takes otherwise: before anything reads it."""
    if endpoint in ("check.file", "check.name"):
        request.max_content_length = ROOM
        request.form_data_parser_class = Unspooled


# --- by number -----------------------------------------------------------------------------------------------


@bp.get("/check/")
@public
def check() -> ResponseReturnValue:
    """Where a number is typed or a file is dropped; a number that was typed leads on to what is said of it."""
    typed = request.args.get("number")
    if typed is None:
        return _page()
    if not typed.strip():
        return _page(errors=[{"id": "number", "words": gettext("Type the number.")}]), 422
    return redirect(url_for("check.answer", number=numbers.tidy(typed) or _within_a_path(typed)))


def _within_a_path(typed: str) -> str:
    """What was typed, in letters that an address may have."""
    return re.sub(r"[^\w-]", "", typed)[:LONGEST_NUMBER] or "-"


@bp.get("/check/<number>")
@public
def answer(number: str) -> ResponseReturnValue:
    """What is said of a number. One that cannot be ours and one that is not ours look alike."""
    rates.refuse_guessing()
    found = checking.by_number(number)
    if found is checking.UNKNOWN:
        rates.missed()
    locale = g.locale
    shown = answers.lines(found, locale)
    own = _values(shown) | {"at": _now(locale), "typed": "" if found.number else number, "here": _here(found)}
    visitor = current_user._get_current_object()
    reader = visitor if visitor.is_authenticated else None
    if not sheets.fits():
        return _said_page(found, _filled(shown, own), **own), _status(found), NOT_LISTED
    alike = (found.outcome, found.older_key, found.key_compromised, found.name_kept, *(line.key for line in shown))
    key = ("check", request.script_root, locale, alike, (reader.role, reader.country) if reader else None)

    def sheet() -> str:
        blanks = {word: sheets.blank(word) for word in own}
        person = {"short_name": sheets.blank("reader")} if reader else None
        return _said_page(found, _filled(shown, blanks), person=person, **blanks)

    page = sheets.fill(key, sheet, reader=reader.short_name if reader else "", **own)
    return page, _status(found), NOT_LISTED


@bp.post("/check/<number>")
@public
def name(number: str) -> ResponseReturnValue:
    """Whether a name stands on the certificate with this number; or whether a file is that certificate."""
    if "file" in request.files:
        return _of_file(number)
    asked = numbers.tidy(number) or number[:LONGEST_NUMBER]
    rates.refuse_guessing(asked)
    found = checking.by_number(number)
    typed = " ".join(request.form.get("name", "").split())
    errors = []
    matches = None
    if typed:
        matches = checking.name_matches(number, typed)
        if not matches:
            rates.missed(asked)
    elif found.name_kept:
        errors = [{"id": "name", "words": gettext("Type the name as it is printed.")}]
    shown = answers.lines(found, g.locale)
    page = _said_page(
        found,
        _filled(shown, _values(shown)),
        at=_now(g.locale),
        typed="" if found.number else number,
        here=_here(found),
        name=typed,
        matches=matches,
        errors=errors,
    )
    return page, 422 if errors else _status(found)


def _here(found: Answer) -> str:
    """Where a name or a file is sent from this page."""
    return f"{request.script_root}/check/{found.number}"


def _status(found: Answer) -> int:
    return 404 if found.outcome is Outcome.UNKNOWN else 200


# --- by file -------------------------------------------------------------------------------------------------


@bp.post("/check/")
@public
def file() -> ResponseReturnValue:
    """What is said of a file."""
    return _of_file()


def _of_file(asked: str = "") -> ResponseReturnValue:
    """What is said of the file that came, where a certificate was asked for: whether it is that one."""
    rates.refuse_guessing()
    sent = request.files.get("file")
    content = sent.read() if sent else b""
    if not content:
        return _page(errors=[{"id": "file", "words": _which_file(sent is not None and bool(sent.filename))}]), 422
    found = checking.of_file(content)
    if not found.exact:
        rates.missed()
    shown = answers.lines(found, g.locale)
    other = asked if asked and found.exact and found.number != numbers.tidy(asked) else ""
    page = _said_page(
        found,
        _filled(shown, _values(shown)),
        at=_now(g.locale),
        typed="",
        here=url_for("check.file"),
        by_file=True,
        other=numbers.tidy(other) or other,
        record=url_for("check.answer", number=found.number) if found.number and (other or not found.exact) else "",
    )
    return page, _status_of_file(found)


def _which_file(chosen: bool) -> str:
    if chosen:
        return str(gettext("This file is empty. Choose another."))
    return str(gettext("Choose a file."))


def _status_of_file(found: Answer) -> int:
    if found.fault is signing.Fault.TOO_LARGE:
        return 413
    if found.fault is signing.Fault.BUSY:
        return 503
    return 422 if found.fault and not found.number else 200


@bp.errorhandler(RequestEntityTooLarge)
def _too_large(_problem: RequestEntityTooLarge) -> ResponseReturnValue:
    """Said before the file is read."""
    words = gettext(
        "This file is larger than %(n)s MB. A certificate of ours is far smaller: ask the holder for the original.",
        n=MEGABYTES,
    )
    return _page(errors=[{"id": "file", "words": words}]), 413


@bp.errorhandler(TooManyRequests)
def _too_many(_problem: TooManyRequests) -> ResponseReturnValue:
    words = gettext(
        "Too many numbers, names or files that we do not know were tried within an hour. Try again in an hour. "
        "The signature in a PDF can be checked without us meanwhile: your PDF reader shows it."
    )
    answered = current_app.make_response(pages.error(429, gettext("Too many tries"), words))
    answered.headers["Retry-After"] = "3600"
    return answered


# --- without us ----------------------------------------------------------------------------------------------


@bp.get("/check/help")
@public
def how() -> ResponseReturnValue:
    """How to check a certificate, with us and without us, and by which keys ours are signed."""
    with look() as database:
        rows = database.execute(
            select(SigningKey.fingerprint, SigningKey.subject, SigningKey.first_used_at, SigningKey.compromised_from)
            .order_by(SigningKey.first_used_at.desc(), SigningKey.fingerprint)
        ).all()  # fmt: skip
    keys = [row._asdict() | {"said": _in_pairs(row.fingerprint)} for row in rows]
    return render_template("certificates/check_help.html", keys=keys, commands=COMMANDS)


def _in_pairs(fingerprint: str) -> str:
    """As readers of PDFs show it: AB:CD:…"""
    return ":".join(fingerprint[at : at + 2] for at in range(0, len(fingerprint), 2)).upper()


@bp.get("/check/keys/<fingerprint>.pem")
@public
def key(fingerprint: str) -> ResponseReturnValue:
    """The certificate of a key that signed, for whoever checks a signature without us."""
    with look() as database:
        pem = database.scalar(select(SigningKey.certificate).where(SigningKey.fingerprint == fingerprint.lower()))
    sent = Response(pem or abort(404), mimetype="application/x-pem-file")
    sent.headers.set("Content-Disposition", "attachment", filename=f"disrupt-{fingerprint[:8].lower()}.pem")
    return sent


# --- pages ---------------------------------------------------------------------------------------------------


def _page(errors: list[dict[str, str]] | None = None) -> str:
    """The page that asks, without an answer."""
    return _rendered(said=None, errors=errors or [], here=url_for("check.file"), typed="")


def _said_page(found: Answer, facts: list[dict[str, object]], **own: Any) -> str:
    """The page with an answer; what is given as its own may be blanks."""
    values = {"name": "", "matches": None, "errors": [], "by_file": False, "other": "", "record": ""} | own
    return _rendered(said=answers.said(found), facts=facts, outcome=found.outcome.value, name_kept=found.name_kept,
                     known=bool(found.facts), **values)  # fmt: skip


def _rendered(**values: Any) -> str:
    return render_template("certificates/check.html", megabytes=MEGABYTES, longest=LONGEST_NUMBER, **values)


def _values(shown: list[Line]) -> dict[str, object]:
    """The facts by their keys, each in its language."""
    return {line.key: _in_its_language(line) for line in shown}


def _in_its_language(line: Line) -> str:
    return Markup('<span lang="{}">{}</span>').format(line.language, line.text) if line.language else line.text


def _filled(shown: list[Line], values: dict[str, Any]) -> list[dict[str, object]]:
    return [{"label": answers.LABELS[line.key], "value": values[line.key]} for line in shown]


def _now(locale: str) -> str:
    """When it is said, where the course is run."""
    settings: Settings = current_app.extensions["settings"]
    moment = now().astimezone(ZoneInfo(settings.timezone))
    return f"{_day(locale, moment.date())}, {moment:%H:%M}"


@lru_cache(64)
def _day(_locale: str, day: date) -> str:
    return pages.day(day)
