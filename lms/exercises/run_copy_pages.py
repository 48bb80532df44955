"""A run as a file: taken from the laptop that served the room, looked at and taken in at the main installation."""

from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy import select

from lms import audit
from lms.accounts.access import organisers_only, trainers_only
from lms.accounts.models import Role
from lms.clock import now
from lms.database import db, reads, writes
from lms.events import parcel
from lms.events.models import Event
from lms.exercises import carrying, showing, staff
from lms.exercises.carrying import Taken, Unfit
from lms.pages import clock_in, day_in
from lms.settings import Settings

bp = Blueprint("run_copies", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.url_value_preprocessor
def _make_room(endpoint: str | None, _values: dict[str, object] | None) -> None:
    """A file is larger than what the site takes otherwise: before anything reads it, and only of who may bring one."""
    if endpoint == "run_copies.take" and current_user.is_authenticated and current_user.role is Role.ORGANISER:
        request.max_content_length = carrying.MOST_BYTES + 1_000_000


# --- out


@bp.get("/runs/<uuid:run_id>/copy")
@trainers_only
def copy(run_id: UUID) -> ResponseReturnValue:
    """How a run travels, and the way to take its file."""
    run = staff.conducted_or_404(run_id)
    return render_template("exercises/copy.html", run=run, not_yet=carrying.not_yet(run))


@bp.get("/runs/<uuid:run_id>/copy.json")
@trainers_only
def file(run_id: UUID) -> ResponseReturnValue:
    """A run that is over with all that is kept of it; of any other, why it does not travel."""
    run = staff.conducted_or_404(run_id)
    if carrying.not_yet(run) is not None:
        return redirect(url_for("run_copies.copy", run_id=run_id))
    content, name = carrying.copied(run), f"{run.exercise}-{run.code}-{now():%Y-%m-%d}.json"
    db.session.commit()  # reading is over, so that nobody waits for it
    writes()
    audit.record("run.copied", current_user.id, run=str(run_id))
    db.session.commit()
    reads()
    return content, 200, {
        "Content-Type": "application/json", "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }  # fmt: skip


# --- in


@bp.get("/runs/take")
@organisers_only
def bring() -> ResponseReturnValue:
    """Ask for a file."""
    return _ask()


@bp.post("/runs/take")
@organisers_only
def take() -> ResponseReturnValue:
    """Show what a file would bring, which keeps nothing; with `sure`, or as it came with that page, take it in."""
    carried = request.form.get("parcel", "")
    content = _unpacked(carried) if carried else _uploaded()
    if not content:
        return _ask(gettext("Choose the file of an exercise."))
    try:
        found = carrying.taken(carrying.read(content), now())
    except Unfit as problem:
        db.session.rollback()
        return _ask(gettext("Nothing was taken from this file: %(why)s.", why=str(problem)[:300]))
    if not (carried or "sure" in request.form):
        db.session.rollback()
        reads()
        return _found(found, parcel=_packed(content))
    audit.record(
        "run.taken", current_user.id, run=str(found.run_id), made=found.made, moves=found.moves, people=found.people
    )
    db.session.commit()
    showing.changed(found.run_id)
    reads()
    return _found(found)


def _uploaded() -> bytes:
    uploaded = request.files.get("file")
    content = uploaded.read() if uploaded else b""
    for one in request.files.values():
        one.close()  # a large one lies on the disk
    return content


def _packed(content: bytes) -> str:
    """The file as a field of the page that asks whether to take it, "" where it is too large for that."""
    try:
        text = parcel.packed([[content.decode()]])
    except parcel.TooLarge:
        return ""
    return text if parcel.unpacked(text) is not None else ""


def _unpacked(text: str) -> bytes:
    rows = parcel.unpacked(text)
    return rows[0][0].encode() if rows and rows[0] else b""


def _ask(fault: str = "") -> ResponseReturnValue:
    errors = [{"id": "file", "words": fault}] if fault else []
    return render_template("exercises/take.html", errors=errors), 422 if fault else 200


def _found(found: Taken, parcel: str | None = None) -> ResponseReturnValue:
    """What a file would bring, or has brought where there is no parcel to take any more."""
    settings: Settings = current_app.extensions["settings"]
    event = db.session.scalar(select(Event).where(Event.slug == found.event)) if found.event else None
    zone = event.zone if event else ZoneInfo(settings.timezone)
    return render_template(
        "exercises/taken.html",
        found=found,
        parcel=parcel,
        event=event,
        day=day_in(found.ended_at, zone),
        clock=clock_in(found.ended_at, zone),
        kept_days=settings.keep_runs.days,
        new=any((found.made, found.moves, found.thoughts, found.lessons, found.people)),
    )
