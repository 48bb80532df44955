"""An event as a file: taken to a laptop that runs it alone, its marks brought back."""

from flask import Blueprint, Flask, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy import select

from lms import audit
from lms.accounts.access import STAFF, trainers_only
from lms.accounts.models import Role
from lms.clock import now
from lms.database import db, reads, writes
from lms.events import copying, staff
from lms.events.models import Event

bp = Blueprint("copy_pages", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.url_value_preprocessor
def _make_room(endpoint: str | None, _values: dict[str, object] | None) -> None:
    """A file is larger than what the site takes otherwise: before anything reads it, and only of who may bring one."""
    if endpoint == "copy_pages.take" and current_user.is_authenticated and current_user.role in STAFF:
        request.max_content_length = copying.MOST_BYTES + 100_000


@bp.get("/events/<slug>/copy")
@trainers_only
def copy(slug: str) -> ResponseReturnValue:
    """How an event travels, and the way to take its file or bring one."""
    return _page(staff.organised_or_404(slug))


@bp.get("/events/<slug>/copy.json")
@trainers_only
def file(slug: str) -> ResponseReturnValue:
    """The event with all that is kept of its roll."""
    event = staff.organised_or_404(slug)
    content = copying.packed(event)
    event_id = event.id
    db.session.commit()  # reading is over, so that nobody who checks in waits for it
    writes()
    audit.record("event.copied", current_user.id, event=event_id)
    db.session.commit()
    reads()
    name = f"{slug}-{now():%Y-%m-%d}.json"
    return content, 200, {
        "Content-Type": "application/json", "Content-Disposition": f'attachment; filename="{name}"',
    }  # fmt: skip


@bp.get("/events/copy")
@trainers_only
def bring() -> ResponseReturnValue:
    """Where a laptop takes an event it does not know yet."""
    return _page(None)


@bp.post("/events/copy")
@trainers_only
def take() -> ResponseReturnValue:
    """Add what is new in a file; the same file twice brings nothing."""
    uploaded = request.files.get("file")
    content = uploaded.read() if uploaded else b""
    for one in request.files.values():
        one.close()  # a large one lies on the disk
    if not content:
        return _page(None, gettext("Choose the file of an event."))
    try:
        wanted = copying.read(content)
        known = db.session.scalar(select(Event.id).where(Event.slug == wanted.slug))
        if known is None and current_user.role is not Role.ORGANISER:
            return _page(None, gettext("This event is not here. Only an organiser of everything can add it."))
        if known is not None:
            staff.organised_or_404(wanted.slug)
        taken = copying.unpack(wanted, believed=current_user.role is Role.ORGANISER)
    except copying.Unfit as problem:
        db.session.rollback()
        return _page(None, gettext("Nothing was taken from this file: %(why)s.", why=str(problem)[:300]))
    audit.record(
        "event.taken", current_user.id, event=taken.slug, people=taken.people, marks=taken.marks, made=taken.made
    )
    db.session.commit()
    return _page(db.session.scalar(select(Event).where(Event.slug == taken.slug)) or abort(404), taken=taken)


def _page(event: Event | None, fault: str = "", taken: copying.Taken | None = None) -> ResponseReturnValue:
    page = render_template(
        "events/copy.html", event=event, taken=taken, errors=[{"id": "file", "words": fault}] if fault else []
    )
    return page, 422 if fault else 200
