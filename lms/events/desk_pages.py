"""The check-in desk's own pages: the desk, the kiosk of a paired device, pairing and revoking, checking in alone."""

import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from uuid import UUID

from flask import Blueprint, Flask, Response, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_login import current_user
from msgspec import Struct
from sqlalchemy import select

from lms import audit
from lms.accounts.access import public, trainers_only
from lms.clock import now
from lms.database import db
from lms.events import receiving, roll, staff
from lms.events.attendance import attendance
from lms.events.badges import new_code
from lms.events.checkin import TURN, Why, current, room_code, self_refusal, typed
from lms.events.desk_json import digest, new_device
from lms.events.models import Device, Event, Registration
from lms.events.parts import MarkKind, RegistrationState
from lms.pages import static
from lms.paths import STATIC
from lms.pdf import qr
from lms.rates import limited

bp = Blueprint("desk_pages", __name__)
PAIRING_LASTS = timedelta(minutes=10)
LONGEST_NAME = 80
FIXED = ("site.css", "favicon.svg", "desk/desk.css", "desk/desk.js", "desk/icon-192.png")
NOT_IMPORTED = {"desk.js", "room.js", "worker.js"}
WORDS = {
    Why.CLOSED: _("This event takes the roll at its desk. Show your badge there."),
    Why.TOO_EARLY: _("It is too early: this opens an hour and a half before the half-day begins."),
    Why.TOO_LATE: _("It is too late: the half-day is over. Ask at the desk."),
    Why.OLD_CODE: _("This code is no longer shown. Scan the one on the screen now, or type it."),
    Why.UNKNOWN_BADGE: _("This code is not on the list of this event. Check it on your badge, or ask at the desk."),
    Why.CANCELLED: _("This registration was cancelled. Ask at the desk."),
}


class Seen(Struct, frozen=True):
    """Someone who is checked in: since when, and whether they were before they asked."""

    name: str
    since: datetime
    already: bool


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


# --- the desk ------------------------------------------------------------------------------------------------


@bp.get("/events/<slug>/desk")
@trainers_only
def desk(slug: str) -> ResponseReturnValue:
    """The desk's shell, with a token to make this browser a desk; no data, whoever looks."""
    return render_template("events/desk.html", event=staff.staffed_or_404(slug))


@bp.get("/kiosk")
@public
def kiosk() -> ResponseReturnValue:
    """The same shell for a device without an account."""
    return render_template("events/desk.html", event=None)


@bp.get("/desk-worker.js")
@public
def worker() -> ResponseReturnValue:
    """The service worker: which version of the shell it keeps, and of what that consists."""
    version, files = _shell(str(g.locale))
    head = f"const VERSION = {json.dumps(version)};\nconst SHELL = {json.dumps(files)};\n"
    return Response(head + (STATIC / "desk" / "worker.js").read_text(), mimetype="text/javascript")


@cache
def _shell(locale: str) -> tuple[str, list[str]]:
    """What the shell consists of, and a version that changes with any of it."""
    modules = sorted(path for path in (STATIC / "desk").rglob("*.js") if path.name not in NOT_IMPORTED)
    style = (STATIC / "site.css").read_text()
    named = [f"/static/{one}" for one in re.findall(r"url\(([^)]+)\)", style) if "italic" not in one]
    plain = [f"/static/{path.relative_to(STATIC).as_posix()}" for path in modules]
    files = list(dict.fromkeys([*(static(name) for name in FIXED), *named, *plain]))  # a cache refuses doubles
    content = sha256(locale.encode())
    content.update(render_template("events/desk.html", event=None).encode())
    content.update("".join(files).encode())
    for path in (*modules, STATIC / "desk" / "worker.js"):
        content.update(path.read_bytes())
    return content.hexdigest()[:12], files


@bp.get("/desk.webmanifest")
@public
def manifest() -> ResponseReturnValue:
    """What a browser asks to install the desk as an application."""
    icons = [
        {"src": static(f"desk/icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for size in (192, 512)
        for purpose in ("any", "maskable")
    ]
    content = {
        "name": gettext("Check-in desk"), "short_name": gettext("Desk"), "start_url": "/kiosk", "scope": "/",
        "display": "standalone", "background_color": "#fdfcfd", "theme_color": "#54307e", "lang": str(g.locale),
        "icons": icons,
    }  # fmt: skip
    return Response(json.dumps(content), mimetype="application/manifest+json")


# --- pairing and revoking ------------------------------------------------------------------------------------


@bp.get("/events/<slug>/devices")
@trainers_only
def devices(slug: str) -> ResponseReturnValue:
    """The desks of an event, and a form to pair another."""
    return _devices_page(staff.staffed_or_404(slug))


def _devices_page(
    event: Event, code: str = "", name: str = "", errors: Sequence[dict[str, str]] = (), status: int = 200
) -> ResponseReturnValue:
    moment = now()
    rows = db.session.scalars(select(Device).where(Device.event_id == event.id).order_by(Device.made_at.desc())).all()
    found = [one for one in rows if one.paired_at or (one.pairing_until and one.pairing_until > moment)]
    page = render_template(
        "events/devices.html", event=event, devices=found, code=code, name=name, errors=errors,
        kiosk=url_for("desk_pages.kiosk", _external=True), moment=moment,
    )  # fmt: skip
    return page, status


@bp.post("/events/<slug>/devices")
@trainers_only
def make_code(slug: str) -> ResponseReturnValue:
    """Make a pairing code for a desk; it is shown once, works once, and only its hash is kept."""
    event = staff.staffed_or_404(slug)
    given = "".join(sign for sign in request.form.get("name", "") if sign.isprintable())
    name = " ".join(given.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        words = gettext("Give the desk a name of at most %(n)s characters.", n=LONGEST_NAME)
        return _devices_page(event, name=name, errors=[{"id": "name", "words": words}], status=422)
    moment = now()
    code = new_code() + new_code()[:2]
    device = new_device(event, name, moment)
    device.pairing_hash = digest(code)
    device.pairing_until = moment + PAIRING_LASTS
    audit.record("desk pairing code made", current_user.id, event_id=event.id, device_id=str(device.id))
    db.session.commit()
    return _devices_page(event, code=code, name=name, status=201)


def _device_or_404(event: Event, device_id: UUID) -> Device:
    found = db.session.scalar(select(Device).where(Device.id == device_id, Device.event_id == event.id))
    return found or abort(404)


@bp.get("/events/<slug>/devices/<uuid:device_id>/revoke")
@trainers_only
def ask_to_revoke(slug: str, device_id: UUID) -> ResponseReturnValue:
    """Ask before a desk is ended: it cannot be undone."""
    event = staff.staffed_or_404(slug)
    return render_template("events/devices_revoke.html", event=event, device=_device_or_404(event, device_id))


@bp.post("/events/<slug>/devices/<uuid:device_id>/revoke")
@trainers_only
def revoke(slug: str, device_id: UUID) -> ResponseReturnValue:
    """End a desk: it loses its list at its next word, and its scans go to the organisers; ended twice is ended."""
    event = staff.staffed_or_404(slug)
    device = _device_or_404(event, device_id)
    if device.revoked_at is None:
        device.revoked_at = now()
        device.pairing_hash = device.pairing_until = None
        audit.record("desk revoked", current_user.id, event_id=event.id, device_id=str(device.id))
        db.session.commit()
    return redirect(url_for("desk_pages.devices", slug=slug))


# --- checking in alone ---------------------------------------------------------------------------------------


@bp.get("/events/<slug>/room")
@trainers_only
def room(slug: str) -> ResponseReturnValue:
    """What the room's screen shows: a code and a QR that change every twenty seconds."""
    event = staff.staffed_or_404(slug)
    moment = now()
    code = room_code(event.room_secret, moment)
    address = url_for("desk_pages.here", slug=slug, c=code, _external=True)
    turn = TURN.total_seconds()
    return render_template(
        "events/room.html", event=event, half_day=current(event.half_days, moment), code=code,
        picture=qr(address, gettext("QR code that leads to the page for checking in")),
        plain=url_for("desk_pages.here", slug=slug, _external=True).partition("://")[2],
        seconds=int(turn - moment.timestamp() % turn) + 1,
    )  # fmt: skip


@bp.get("/here/<slug>")
@public
def here(slug: str) -> ResponseReturnValue:
    """Where the QR on the room's screen leads: check in with the code of one's badge, or as who one is."""
    event = staff.event_or_404(slug)
    code = typed(request.args.get("c", ""))[:12]
    mine = _mine(event)
    if mine is not None and (seen := _seen(event, mine, now())):
        return _here_page(event, code, mine, seen=seen)
    return _here_page(event, code, mine)


@bp.post("/here/<slug>")
@public
@limited
def come(slug: str) -> ResponseReturnValue:
    """Check in alone: the room's code must be shown now, the badge's code on the list."""
    event = staff.event_or_404(slug)
    moment = now()
    code = typed(request.form.get("c", ""))[:12]
    mine = _mine(event)
    given = typed(request.form.get("badge", ""))[:12]
    someone = mine if mine is not None and request.form.get("me") else _of_code(event, given)
    half_day = current(event.half_days, moment)
    why = self_refusal(event.self_check_in, half_day, event.room_secret, code, moment)
    if why is None and someone is None:
        why = Why.UNKNOWN_BADGE
    if why is None and someone is not None and someone.state is RegistrationState.CANCELLED:
        why = Why.CANCELLED
    if why is not None or someone is None or half_day is None:
        return _here_page(event, code, mine, why=why, given=given, status=422)
    before = _seen(event, someone, moment)
    if before is not None:
        return _here_page(event, code, mine, seen=before)
    receiving.say(
        event, by_id=None, registration=someone, half_day=half_day, kind=MarkKind.CAME, at=moment, now=moment
    )  # fmt: skip
    db.session.commit()
    return _here_page(event, code, mine, seen=Seen(_given_name(someone), moment, already=False))


def _mine(event: Event) -> Registration | None:
    """The registration of whoever is signed in, if they have one."""
    if not current_user.is_authenticated:
        return None
    return db.session.scalar(
        select(Registration).where(
            Registration.event_id == event.id, Registration.person_id == current_user.id,
            Registration.state != RegistrationState.CANCELLED,
        )
    )  # fmt: skip


def _of_code(event: Event, code: str) -> Registration | None:
    """Whose badge has this code; a walk-in that was someone else is that someone."""
    found = db.session.scalar(select(Registration).where(Registration.event_id == event.id, Registration.code == code))
    if found is None or found.merged_into_id is None:
        return found
    return db.session.get(Registration, found.merged_into_id)


def _seen(event: Event, someone: Registration, moment: datetime) -> Seen | None:
    """Since when someone is here this half-day; None where they are not, or have left."""
    half_day = current(event.half_days, moment)
    if half_day is None:
        return None
    marks = [mark for mark in roll.marks_of(event, someone) if mark.half_day_id == half_day.id]
    found = attendance(half_day, event.limits, marks)
    if found.came_at is None or found.left_at is not None:
        return None
    return Seen(_given_name(someone), found.came_at, already=True)


def _given_name(someone: Registration) -> str:
    """All that is said of someone on a page that needs no sign-in."""
    return someone.shown_name.split()[0]


def _here_page(
    event: Event,
    code: str,
    mine: Registration | None,
    *,
    seen: Seen | None = None,
    why: Why | None = None,
    given: str = "",
    status: int = 200,
) -> ResponseReturnValue:
    stops = why in (Why.CLOSED, Why.TOO_EARLY, Why.TOO_LATE)
    field = "c" if why is Why.OLD_CODE or mine is not None else "badge"
    page = render_template(
        "events/here.html", event=event, code=code, mine=mine, seen=seen, given=given,
        refused=str(WORDS[why]) if why and stops else "",
        errors=[{"id": field, "words": str(WORDS[why])}] if why and not stops else [],
        closed=not event.self_check_in,
    )  # fmt: skip
    return page, status
