"""Importing a list of people: a file is chosen, what it would do is shown, then all of it is done or nothing."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from flask_login import current_user
from msgspec import Struct
from sqlalchemy.exc import IntegrityError

from lms import audit, spreadsheet
from lms.accounts import letters, links
from lms.accounts.access import trainers_only
from lms.accounts.models import Purpose
from lms.clock import now
from lms.database import db
from lms.events import enrolling, parcel, roster, roster_words, staff
from lms.events.models import Event
from lms.events.registrations_pages import held_event_or_404
from lms.events.roster import Plan
from lms.settings import Settings
from lms.spreadsheet import Unreadable

bp = Blueprint("imports", __name__)
SHOWN = 50  # rows of a heap that asks nothing of the reader


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


class List(Struct):
    """What was uploaded, as it travels with the page: its rows, how they were read, which column is which."""

    rows: list[list[str]]
    parcel: str
    notes: list[str]
    mapping: dict[int, str] | None = None


@bp.get("/events/<slug>/registrations/import")
@trainers_only
def choose(slug: str) -> ResponseReturnValue:
    """Ask for a file."""
    return _choose_page(staff.organised_or_404(slug))


def _choose_page(event: Event, words: str = "") -> ResponseReturnValue:
    page = render_template(
        "events/import.html",
        event=event,
        errors=[{"id": "file", "words": words}] if words else [],
        kinds=list(spreadsheet.MIMETYPES),
        megabytes=current_app.config["MAX_CONTENT_LENGTH"] // (1024 * 1024),
    )
    return page, 422 if words else 200


@bp.get("/events/<slug>/registrations/import/template.csv", defaults={"kind": "csv"})
@bp.get("/events/<slug>/registrations/import/template.xlsx", defaults={"kind": "xlsx"})
@bp.get("/events/<slug>/registrations/import/template.ods", defaults={"kind": "ods"})
@trainers_only
def template(slug: str, kind: str) -> ResponseReturnValue:
    """A list to fill in."""
    staff.organised_or_404(slug)
    return _file(spreadsheet.written(kind, [roster.template()], _language()), gettext("people"), kind)


def _file(content: Iterator[bytes], name: str, kind: str) -> ResponseReturnValue:
    answer = Response(content, mimetype=spreadsheet.MIMETYPES[kind])
    answer.headers["Cache-Control"] = "no-store"
    answer.headers.set("Content-Disposition", "attachment", filename=spreadsheet.filename(name, kind))
    return answer


def _language() -> str:
    return str(get_locale() or "en")


# --- the dry run ---------------------------------------------------------------------------------------------


@bp.post("/events/<slug>/registrations/import")
@trainers_only
def plan(slug: str) -> ResponseReturnValue:
    """What the list would do; nothing is kept."""
    event = staff.organised_or_404(slug)
    db.session.rollback()  # reading takes a while, and nobody else could write meanwhile
    found = _uploaded() if "file" in request.files else _carried()
    if isinstance(found, str):
        return _choose_page(event, found)
    return _plan_page(event, found)


def _uploaded() -> List | str:
    """The file that was chosen, or in words why it cannot be read."""
    content = request.files["file"].read()
    if not content:
        return str(gettext("Choose a file."))
    try:
        book = spreadsheet.read(content)
    except Unreadable as fault:
        return roster_words.unreadable(fault)
    table = max(book.tables, key=lambda one: len(roster.guessed([roster.shown(c) for c in _head(one.rows)])))
    rows = [[roster.shown(cell) for cell in row] for row in table.rows]
    try:
        text = parcel.packed(rows)
    except parcel.TooLarge:
        return str(gettext("The list is too long to import at once. Divide it, and import one part after the other."))
    notes = [str(roster_words.NOTES[note]) for note in book.notes if note in roster_words.NOTES]
    if len(book.tables) > 1:
        notes.append(gettext("The file has several sheets. This is “%(name)s”.", name=table.name))
    return List(rows, text, notes)


def _head(rows: Any) -> Any:
    return rows[roster.head_at(rows)] if rows else ()


def _carried() -> List:
    """The list that came back with the page, with the columns as they were chosen."""
    text = request.form.get("rows", "")
    rows = parcel.unpacked(text)
    if rows is None:
        abort(400)
    width = max(map(len, rows), default=0)
    mapping = {
        column: field for column in range(width) if (field := request.form.get(f"column-{column}", "")) in roster.FIELDS
    }
    return List(rows, text, request.form.getlist("note"), mapping if "mapped" in request.form else None)


def _plan_page(event: Event, found: List, words: str = "", status: int = 200) -> ResponseReturnValue:
    try:
        planned = enrolling.planned(event, found.rows, found.mapping)
    except ValueError:
        words = gettext("Choose each field for one column only.")
        planned, status = enrolling.planned(event, found.rows, None), 422
    if not roster.names_someone(planned.mapping) and not words:
        words, status = gettext("Choose the column that holds the names."), 422
    page = render_template(
        "events/import_plan.html",
        event=event,
        plan=planned,
        parcel=found.parcel,
        notes=found.notes,
        fields=roster_words.FIELDS,
        heaps=roster_words.HEAPS,
        like=roster_words.LIKE,
        wrong=roster_words.wrong,
        shown=SHOWN,
        otherwise=enrolling.called_otherwise(planned),
        new_accounts=enrolling.without_account(planned),
        to_invite=len(enrolling.to_invite(planned)),
        decided=_decisions(),
        errors=[{"id": "column-0", "words": words}] if words else [],
        kinds=list(spreadsheet.MIMETYPES),
    )
    return page, status


def _decisions() -> dict[int, str]:
    return {
        int(name.removeprefix("decide-")): value
        for name, value in request.form.items()
        if name.startswith("decide-") and name[7:].isascii() and name[7:].isdigit() and len(name) < 16
    }


# --- carried out ---------------------------------------------------------------------------------------------


@bp.post("/events/<slug>/registrations/import/carry-out")
@trainers_only
def carry_out(slug: str) -> ResponseReturnValue:
    """Do what was shown, in one transaction; where the roll changed meanwhile, it is shown again instead."""
    event = held_event_or_404(slug)
    found, moment = _carried(), now()
    meanwhile = gettext("The roll changed meanwhile. Look at what the list does now, and confirm again.")
    try:
        planned = enrolling.planned(event, found.rows, found.mapping)
    except ValueError:
        return _plan_page(event, found)
    if planned.print != request.form.get("print"):
        return _plan_page(event, found, meanwhile, 409)
    settled = roster.settled(planned, _decisions())
    settled = enrolling.owned(settled)
    try:
        done = _done(event, settled, moment)
    except IntegrityError:
        db.session.rollback()
        return _plan_page(staff.organised_or_404(slug), found, meanwhile, 409)
    return render_template(
        "events/import_done.html", event=event, plan=settled, parcel=found.parcel, mapping=planned.mapping,
        invited=done, heaps=roster_words.HEAPS, kinds=list(spreadsheet.MIMETYPES),
    )  # fmt: skip


def _done(event: Event, settled: Plan, moment: datetime) -> int:
    """Keep it all, or nothing; how many were invited, which only a tick asks for."""
    settings: Settings = current_app.extensions["settings"]
    enrolling.carry_out(event, settled, moment, settings.locales)
    invited = enrolling.to_invite(settled) if "invite" in request.form else []
    for person in invited:
        letters.send_link(person, Purpose.INVITATION, links.make(person, Purpose.INVITATION, moment))
    if settled.new or settled.changed or invited:
        audit.record(
            "registration.imported", current_user.id, event=event.id, new=len(settled.new),
            changed=len(settled.changed), invited=len(invited),
        )  # fmt: skip
    db.session.commit()
    return len(invited)


@bp.post("/events/<slug>/registrations/import/returned")
@trainers_only
def returned(slug: str) -> ResponseReturnValue:
    """The rows with mistakes as a file, with what is wrong in each, to be corrected and sent again."""
    event = staff.organised_or_404(slug)
    found = _carried()
    kind = request.form.get("kind", "xlsx")
    if kind not in spreadsheet.MIMETYPES:
        abort(400)
    try:
        planned = enrolling.planned(event, found.rows, found.mapping)
    except ValueError:
        return redirect(url_for("imports.choose", slug=slug))
    sheet = roster.returned(
        planned, gettext("To correct"), gettext("Row"), gettext("What is wrong"), roster_words.wrong
    )  # fmt: skip
    return _file(spreadsheet.written(kind, [sheet], _language()), gettext("to-correct"), kind)
