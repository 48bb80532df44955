"""What desks and other programs send and get: the roster, marks, pairing."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

import msgspec
from flask import Blueprint, Flask, abort, current_app, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_login import current_user
from flask_wtf import CSRFProtect
from msgspec import Meta, Struct
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from lms import audit
from lms.accounts.access import desks_too, public, trainers_only
from lms.clock import now
from lms.database import db, reads, writes
from lms.events import receiving, roll, staff
from lms.events.badges import new_id, new_salt
from lms.events.checkin import Why, hashed, typed
from lms.events.models import COUNTED_AS, Device, Event, HalfDay, Mark, Registration
from lms.events.parts import Outcome
from lms.events.receiving import Result, Sender
from lms.pages import bearer
from lms.rates import limited

bp = Blueprint("desk_json", __name__)
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
SEEN_EVERY = timedelta(minutes=1)
WORDS = {
    Why.UNREADABLE: _("This mark cannot be read: something in it is missing or wrong. An organiser can look at it."),
    Why.OTHER_CONTENT: _("Another mark was kept under this id."),
    Why.UNKNOWN_BADGE: _("This badge is not on the list of this event. Check in by name, or as a walk-in."),
    Why.UNKNOWN_HALF_DAY: _("This half-day does not belong to the event. Fetch the list again."),
    Why.CANCELLED: _("This registration was cancelled. Ask an organiser."),
    Why.NEEDS_REASON: _("Say why: anything but coming and leaving needs a reason."),
    Why.NEEDS_MARK: _("Say which mark is to be taken back."),
    Why.UNDOES_UNDO: _("What was taken back stays taken back. Scan again instead."),
    Why.NOT_FROM_DESK: _("A desk notes who comes and leaves. Use the roll for anything else."),
    Why.REVOKED: _("This desk was closed by an organiser. The scan is kept for them to look at."),
}


class Batch(Struct, frozen=True):
    """What is sent to `marks`; each mark is read on its own."""

    marks: Annotated[list[msgspec.Raw], Meta(max_length=receiving.MOST)]
    device: str = ""
    sent_at: receiving.Aware | None = None


class Wanted(Struct, frozen=True):
    """What is sent to pair a device, or to make this browser a desk."""

    code: Annotated[str, Meta(max_length=40)] = ""
    name: Annotated[str, Meta(max_length=80)] = ""


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
    csrf: CSRFProtect = app.extensions["csrf"]
    csrf.exempt(marks)  # a desk has no cookie; a person's request is checked in `_sender`
    csrf.exempt(pair)


def digest(secret: str) -> str:
    """What is kept of a code or a token: random bits need no slow hash."""
    return sha256(secret.encode()).hexdigest()


def _refused(words: str, status: int, field: str = "") -> ResponseReturnValue:
    return ({"error": words} | ({"field": field} if field else {})), status


def _device() -> Device | None:
    """The desk whose token came with the request, revoked or not; None for a person."""
    token = bearer()
    if token is None:
        return None
    event = joinedload(Device.event).selectinload(Event.half_days)
    found = db.session.scalar(select(Device).where(Device.token_hash == digest(token)).options(event))
    return found or abort(401)


def _of_event(slug: str, device: Device | None) -> Event:
    """The event, if the one who asks may take its roll: a desk knows one event and no other."""
    if device is None:
        return staff.staffed_or_404(slug)
    if device.event.slug != slug:
        abort(403)
    return device.event


@bp.get("/events/<slug>/roster.json")
@desks_too
def roster(slug: str) -> ResponseReturnValue:
    """Who is expected and who is here, for a desk to work with; a desk gets hashes and short names only."""
    device = _device()
    event = _of_event(slug, device)
    if device is not None and device.revoked_at:
        return _refused(str(WORDS[Why.REVOKED]), 401)
    moment = now()
    half_days = [half_day.id for half_day in event.half_days]
    marks = db.session.scalar(select(func.count()).select_from(Mark).where(Mark.half_day_id.in_(half_days))) or 0
    version = event.version + marks
    etag = f"{version}-{device.id if device else current_user.id}"
    if device is not None:
        _note_seen(device, moment)
    if request.if_none_match.contains(etag):
        return "", 304, {"ETag": f'"{etag}"'}
    rows = roll.roll(event)
    counted = roll.counted(rows)
    doors = _doors(event)
    content = {
        "event": {"slug": event.slug, "title": event.title, "zone": event.timezone},
        "version": version,
        "now": moment.isoformat(),
        "half_days": [_half_day(half_day) for half_day in event.half_days],
        "people": [_person(row, event.half_days, device, doors) for row in rows],
        "counts": {
            str(half_day.id): {
                "here": sum(row.attended[place].came_at is not None for row in counted),
                "of": len(counted),
            }
            for place, half_day in enumerate(event.half_days)
        },
    }
    return msgspec.json.encode(content), 200, {"ETag": f'"{etag}"', "Content-Type": "application/json"}


def _half_day(half_day: HalfDay) -> dict[str, str]:
    return {
        "id": str(half_day.id), "starts_at": half_day.starts_at.isoformat(), "ends_at": half_day.ends_at.isoformat(),
        "title": half_day.title,
    }  # fmt: skip


def _person(
    row: roll.Row, half_days: Iterable[HalfDay], device: Device | None, doors: dict[tuple[Any, Any], str]
) -> dict[str, Any]:
    who = row.registration
    attended = {str(half_day.id): one for half_day, one in zip(half_days, row.attended, strict=True)}
    here = {half_day: one.came_at.isoformat() for half_day, one in attended.items() if one.came_at}
    return {
        "badge": hashed(who.badge, device.salt) if device else who.badge,
        "code": who.code,
        "name": short(who.shown_name) if device else who.shown_name,
        "part": who.part,
        "here": here,
        "left": {half_day: one.left_at.isoformat() for half_day, one in attended.items() if one.left_at},
        "by": {half_day: door for half_day in here if (door := doors.get((who.id, half_day)))},
    }


def short(name: str) -> str:
    """The given name with the initial of the family name: all that a desk shows."""
    first, *rest = name.split()
    return f"{first} {rest[-1][0]}." if rest else first


def _doors(event: Event) -> dict[tuple[Any, Any], str]:
    """The desk that first saw someone at a half-day."""
    rows = db.session.execute(
        select(COUNTED_AS, Mark.half_day_id, Device.name)
        .join(Registration, Mark.registration_id == Registration.id)
        .join(Device, Device.id == Mark.device_id)
        .where(Device.event_id == event.id)
        .order_by(Mark.at.desc())
    )
    return {(whose, str(half_day)): name for whose, half_day, name in rows}


def _note_seen(device: Device, moment: datetime) -> None:
    """Note that a desk is alive, in a transaction of its own."""
    if not _long_ago(device, moment):
        return
    device_id = device.id
    writes()
    db.session.get_one(Device, device_id).seen_at = moment
    db.session.commit()
    reads()


def _long_ago(device: Device, moment: datetime) -> bool:
    """Whether it is time to note again that a desk is alive."""
    return device.seen_at is None or moment - device.seen_at >= SEEN_EVERY


@bp.post("/events/<slug>/marks")
@desks_too
def marks(slug: str) -> ResponseReturnValue:
    """Take up to a thousand marks; each is answered by its id, whatever becomes of the others."""
    device = _device()
    if device is None:
        current_app.extensions["csrf"].protect()
    event = _of_event(slug, device)
    try:
        batch = msgspec.json.decode(request.get_data(), type=Batch)
        said = [msgspec.json.decode(one) for one in batch.marks]
    except UNREADABLE as problem:
        return _refused(gettext("This cannot be read: %(why)s", why=str(problem)[:200]), 422, "marks")
    if batch.sent_at is not None and not 2000 <= batch.sent_at.year <= 2200:
        return _refused(
            gettext("The device's clock is more than a lifetime wrong. Set it, then send again."), 422, "sent_at"
        )
    moment = now()
    results = receiving.receive(event, _sender(device, batch), said, batch.sent_at, moment)
    if device is not None and _long_ago(device, moment):
        device.seen_at = moment
    db.session.commit()
    return {"results": [_answer(result) for result in results]}


def _sender(device: Device | None, batch: Batch) -> Sender:
    if device is not None:
        return Sender(device.id, device.salt, device.made_by_id, desk=True, revoked=device.revoked_at is not None)
    try:
        named = UUID(batch.device)
    except ValueError:
        return Sender(by_id=current_user.id)
    is_a_desk = db.session.get(Device, named) is not None  # only its own token speaks for a desk
    return Sender(None if is_a_desk else named, by_id=current_user.id)


def _answer(result: Result) -> dict[str, Any]:
    """A result in the words of the contract."""
    answer: dict[str, Any] = {"id": result.id, "outcome": result.outcome}
    if result.since is not None and result.outcome is not Outcome.REFUSED:
        answer["since"] = result.since.isoformat()
    if result.why is not None:
        answer["reason"] = str(WORDS[result.why])
    return answer


@bp.post("/kiosk/pair")
@public
@limited
def pair() -> ResponseReturnValue:
    """Give a device its token for a code that an organiser just read out; a code works once, for ten minutes."""
    moment = now()
    try:
        wanted = msgspec.json.decode(request.get_data(), type=Wanted)
    except UNREADABLE:
        return _refused(gettext("Type the eight characters of the code."), 422, "code")
    device = db.session.scalar(
        select(Device)
        .where(Device.pairing_hash == digest(typed(wanted.code)), Device.pairing_until > moment,
               Device.revoked_at.is_(None))
        .with_for_update()
    )  # fmt: skip
    if device is None:
        return _refused(gettext("This code is not good, or no longer. Ask for a new one."), 404, "code")
    token = _open(device, moment)
    db.session.commit()
    return _paired(device, token), 200


@bp.post("/events/<slug>/desk")
@trainers_only
def become(slug: str) -> ResponseReturnValue:
    """Make the browser of someone who takes the roll a desk."""
    event = staff.staffed_or_404(slug)
    moment = now()
    try:
        name = (
            msgspec.json.decode(request.get_data(), type=Wanted).name
            if request.is_json
            else request.form.get("name", "")
        )
    except UNREADABLE:
        name = ""
    name = " ".join("".join(sign for sign in name if sign.isprintable()).split())[:80]
    if not name:
        return _refused(gettext("Give this desk a name, for example “Main door”."), 422, "name")
    device = new_device(event, name, moment)
    token = _open(device, moment)
    audit.record("desk.paired", current_user.id, event=event.id, desk=str(device.id))
    db.session.commit()
    return _paired(device, token), 201


def new_device(event: Event, name: str, moment: datetime) -> Device:
    """A desk of an event that is not paired yet, in the caller's transaction."""
    device = Device(
        id=new_id(), event_id=event.id, event=event, name=name, salt=new_salt(), made_by_id=current_user.id,
        made_at=moment,
    )  # fmt: skip
    db.session.add(device)
    return device


def _open(device: Device, moment: datetime) -> str:
    """Give a device its token; the code that brought it is worth nothing any more."""
    token = secrets.token_urlsafe(32)
    device.token_hash = digest(token)
    device.pairing_hash = device.pairing_until = None
    device.paired_at = device.seen_at = moment
    return token


def _paired(device: Device, token: str) -> dict[str, Any]:
    return {
        "token": token,
        "device": {"id": str(device.id), "name": device.name, "salt": device.salt},
        "event": {"slug": device.event.slug, "title": device.event.title, "zone": device.event.timezone},
    }
