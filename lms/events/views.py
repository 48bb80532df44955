"""What those who take part see of events: the list, one event with their attendance, its calendar file, their badge."""

from datetime import date, datetime
from itertools import groupby
from typing import Any

from flask import Blueprint, Flask, Response, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, gettext, ngettext
from flask_babel import lazy_gettext as _
from flask_login import current_user
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from lms.accounts.models import Role
from lms.clock import now
from lms.database import db
from lms.events import receiving, roll, staff
from lms.events.attendance import Attendance, Status
from lms.events.calendar import calendar as calendar_file
from lms.events.forms import KINDS
from lms.events.models import Appointment, Event, HalfDay, Registration
from lms.events.parts import Charge, Origin, Part, RegistrationState
from lms.pages import clock_in, day
from lms.pdf import qr

bp = Blueprint("events", __name__)
PART_OF = {Charge.TRAINER: Part.TRAINER, Charge.ORGANISER: Part.ORGANISER}
STATES = {
    RegistrationState.INVITED: _("You are invited"),
    RegistrationState.REGISTERED: _("You are registered"),
    RegistrationState.CONFIRMED: _("You have confirmed"),
    RegistrationState.CANCELLED: _("You have cancelled"),
}
CHARGES = {
    Charge.TRAINER: _("You are a trainer here"),
    Charge.ORGANISER: _("You are an organiser here"),
}

STAFF = (
    ("desk_pages.desk", _("Check-in desk")),
    ("desk.attendance", _("Attendance")),
    ("paper_pages.sheets", _("Signature sheets")),
    ("desk_pages.devices", _("Desks")),
)
ROOM = ("desk_pages.room", _("Screen for the room"))
ORGANISERS = (
    ("registrations.registrations", _("Registrations")),
    ("people_pages.edit", _("Change the event")),
    ("copy_pages.copy", _("Run it from a laptop")),
)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.get("/events/")
def events() -> ResponseReturnValue:
    """Every event there is, what comes first, and how I stand to each."""
    moment = now()
    found = db.session.scalars(select(Event).options(selectinload(Event.half_days))).all()
    dated = [event for event in found if event.half_days]
    coming = sorted(
        (event for event in dated if not _over(event, moment)), key=lambda event: event.half_days[0].starts_at
    )
    past = sorted((event for event in dated if _over(event, moment)), key=lambda event: event.half_days[0].starts_at)
    registrations = {
        one.event_id: one
        for one in db.session.scalars(select(Registration).where(Registration.person_id == current_user.id))
    }
    charges = _charges()
    staffed = set(db.session.scalars(staff.staffed().with_only_columns(Event.id)))
    groups = [
        (gettext("To come"), [event for event in found if not event.half_days] + coming),
        (gettext("Past"), past[::-1]),
    ]
    return render_template(
        "events/events.html",
        groups=[
            (
                heading,
                [
                    _card(event, registrations.get(event.id), charges.get(event.id), event.id in staffed)
                    for event in events
                ],
            )
            for heading, events in groups
            if events
        ],
        may_make=current_user.role is Role.ORGANISER,
        may_bring=current_user.role is not Role.PRACTITIONER,
    )


def _charges() -> dict[int, Charge]:
    mine = select(Appointment.event_id, Appointment.charge).where(Appointment.person_id == current_user.id)
    return {one.event_id: one.charge for one in db.session.execute(mine)}


def _card(
    event: Event, registration: Registration | None, charge: Charge | None, staffed: bool
) -> dict[str, Any]:  # fmt: skip
    return {
        "event": event,
        "kind": KINDS[event.kind],
        "days": days(event),
        "state": _state(registration),
        "charge": CHARGES[charge] if charge else "",
        "ways": [(url_for(endpoint, slug=event.slug), words) for endpoint, words in STAFF[:2]] if staffed else [],
    }


def _state(registration: Registration | None) -> tuple[str, object] | None:
    """How a registration stands, as a sign and its words."""
    if registration is None:
        return None
    signs = {RegistrationState.INVITED: "begun", RegistrationState.CANCELLED: "none"}
    return signs.get(registration.state, "done"), STATES[registration.state]


def days(event: Event) -> str:
    """From which day to which, in words, in the event's own zone."""
    if not event.half_days:
        return str(gettext("The days are not settled yet"))
    first = event.half_days[0].starts_at.astimezone(event.zone).date()
    last = event.half_days[-1].ends_at.astimezone(event.zone).date()
    if first == last:
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{day(last)}"
    return f"{day(first)} – {day(last)}"


def _over(event: Event, moment: datetime) -> bool:
    return bool(event.half_days) and event.half_days[-1].ends_at <= moment


# --- one event -----------------------------------------------------------------------------------------------


@bp.get("/events/<slug>")
def event(slug: str) -> ResponseReturnValue:
    """The programme by half-day, with my attendance and my badge where I am on the roll."""
    found = staff.event_or_404(slug)
    registration = _mine(found)
    moment = now()
    expected = registration is not None and registration.state != RegistrationState.CANCELLED
    row = roll.of_registration(found, registration) if registration is not None and expected else None
    seen = row.attended if row else [None] * len(found.half_days)
    return render_template(
        "events/event.html",
        event=found,
        kind=KINDS[found.kind],
        days=days(found),
        size=_size(found),
        programme=_programme(found, list(seen), moment),
        row=row,
        registration=registration,
        state=_state(registration),
        qr=_qr(registration) if registration is not None and expected else None,
        closed=_closed(found, registration, moment),
        may_cancel=row is not None and not _over(found, moment) and not any(one.came_at for one in row.attended),
        tools=_tools(found),
    )


def _mine(event: Event) -> Registration | None:
    return db.session.scalar(
        select(Registration).where(Registration.event_id == event.id, Registration.person_id == current_user.id)
    )


def _size(event: Event) -> str:
    """How many days and half-days it has."""
    dates = {half_day.starts_at.astimezone(event.zone).date() for half_day in event.half_days}
    of_days = ngettext("%(num)s day", "%(num)s days", len(dates))
    of_half_days = ngettext("%(num)s half-day", "%(num)s half-days", len(event.half_days))
    return f"{of_days}, {of_half_days}."


def _programme(
    event: Event, seen: list[Attendance | None], moment: datetime
) -> list[tuple[str, list[dict[str, Any]]]]:  # fmt: skip
    """The half-days by their day, each with what came of it."""

    def on(pair: tuple[HalfDay, Attendance | None]) -> date:
        return pair[0].starts_at.astimezone(event.zone).date()

    pairs = zip(event.half_days, seen, strict=True)
    return [
        (
            format_date(on_day, gettext("EEEE d MMMM")),
            [_line(event, half_day, attended, moment) for half_day, attended in of_day],
        )
        for on_day, of_day in groupby(pairs, on)
    ]


def _line(event: Event, half_day: HalfDay, attended: Attendance | None, moment: datetime) -> dict[str, Any]:
    hour = half_day.starts_at.astimezone(event.zone).hour
    part = gettext("Morning") if hour < 12 else gettext("Afternoon") if hour < 17 else gettext("Evening")
    sign, words = _came_of(event, half_day, attended, moment) if attended else _stands(half_day, moment)
    return {"half_day": half_day, "part_of_day": part, "sign": sign, "words": words}


def _stands(half_day: HalfDay, moment: datetime) -> tuple[str, str]:
    """Where a half-day stands for someone who is not on the roll."""
    if moment < half_day.starts_at:
        return "none", ""
    return ("here", gettext("Under way")) if moment < half_day.ends_at else ("none", "")


def _came_of(event: Event, half_day: HalfDay, attended: Attendance, moment: datetime) -> tuple[str, str]:
    """What a half-day was for me, as a sign and in words."""
    sign, words = _status(event, half_day, attended, moment)
    if attended.minutes and not attended.counts and moment >= half_day.ends_at:
        words = gettext("%(words)s: too short to count", words=words)
    if attended.doubts and moment >= half_day.starts_at:
        return "settle", gettext("%(words)s. An organiser is to look at this.", words=words)
    return sign, words


def _status(event: Event, half_day: HalfDay, attended: Attendance, moment: datetime) -> tuple[str, str]:
    came = clock_in(attended.came_at, event.zone) if attended.came_at else ""
    left = clock_in(attended.left_at, event.zone) if attended.left_at else ""
    if attended.status is Status.EXCUSED:
        return "excused", gettext("Excused")
    if attended.status is Status.ABSENT:
        if moment < half_day.starts_at:
            return "none", gettext("To come")
        return ("here", gettext("Under way, not checked in yet")) if moment < half_day.ends_at else (
            "missing", gettext("Missing")
        )  # fmt: skip
    if attended.late and attended.left_early:
        return "late", gettext("Late, in at %(came)s; left early, at %(left)s", came=came, left=left)
    if attended.late:
        return "late", gettext("Late, in at %(came)s", came=came)
    if attended.left_early:
        return "late", gettext("In at %(came)s; left early, at %(left)s", came=came, left=left)
    return "done", gettext("Present, in at %(came)s", came=came)


def _qr(registration: Registration) -> str:
    return qr(registration.badge, gettext("QR code of your badge. The six characters below say the same."))


def _tools(event: Event) -> list[tuple[str, object]]:
    """Where those who take the roll or organise go on from here."""
    if db.session.scalar(staff.staffed().where(Event.id == event.id)) is None:
        return []
    staffs = [*STAFF, ROOM] if event.self_check_in else STAFF
    ways = [(url_for(endpoint, slug=event.slug), words) for endpoint, words in staffs]
    ways.append((url_for("conducting.new", event=event.slug), gettext("Live exercise")))
    if db.session.scalar(staff.organised().where(Event.id == event.id)) is None:
        return ways
    certificates = (url_for("issuing.people", scope=event.slug), gettext("Certificates"))
    return [*ways, certificates, *((url_for(endpoint, slug=event.slug), words) for endpoint, words in ORGANISERS)]


@bp.get("/events/<slug>.ics")
def calendar(slug: str) -> ResponseReturnValue:
    """The event's half-days for a calendar."""
    found = staff.event_or_404(slug)
    note = gettext("Sample programme.") if found.sample else ""
    content = calendar_file(found, url_for("events.event", slug=slug, _external=True), note, now())
    answer = Response(content, mimetype="text/calendar")
    answer.headers["Content-Disposition"] = f'attachment; filename="{found.slug}.ics"'
    return answer


@bp.get("/events/<slug>/badge")
def badge(slug: str) -> ResponseReturnValue:
    """My badge, to show at the door from the screen, a screenshot or paper."""
    found = staff.event_or_404(slug)
    registration = _mine(found)
    if registration is None or registration.state == RegistrationState.CANCELLED:
        abort(404)
    return render_template(
        "events/badge.html", event=found, days=days(found), registration=registration, qr=_qr(registration)
    )


# --- registering ---------------------------------------------------------------------------------------------


def _closed(event: Event, registration: Registration | None, moment: datetime) -> str:
    """Why I cannot register now, in words; none where I can. Someone who is invited has a place already."""
    if not event.half_days:
        return str(gettext("You can register when the days are settled."))
    if _over(event, moment):
        return str(gettext("The event is over."))
    if registration is not None and registration.state != RegistrationState.CANCELLED:
        return ""
    if event.places is not None and _taken(event) >= event.places and _part(event) is Part.PARTICIPANT:
        return str(gettext("All places are taken. Ask the organisers."))
    return ""


def _taken(event: Event) -> int:
    """How many participants have a place, the invited too."""
    people = roll.on_the_roll(event).where(Registration.part == Part.PARTICIPANT)
    return (
        db.session.scalar(select(func.count()).select_from(people.with_only_columns(Registration.id).subquery())) or 0
    )


def _part(event: Event) -> Part:
    """What I am on the roll as: what I am appointed to, else a participant."""
    charge = db.session.scalar(
        select(Appointment.charge).where(
            Appointment.event_id == event.id, Appointment.person_id == current_user.id
        )
    )  # fmt: skip
    return PART_OF[charge] if charge else Part.PARTICIPANT


def _held(slug: str) -> Event:
    """The event, held until the transaction ends: the last place is given once."""
    query = select(Event).where(Event.slug == slug).with_for_update(key_share=True)
    found: Event = db.session.scalar(query) or abort(404)
    return found


@bp.post("/events/<slug>/register")
def register(slug: str) -> ResponseReturnValue:
    """Take a place, or confirm the one I was invited to; sent twice, it is one."""
    found = _held(slug)
    registration = _mine(found)
    if _closed(found, registration, now()):
        return redirect(url_for("events.event", slug=slug))  # where it says why
    if registration is None:
        receiving.add_registration(
            found, now(), person_id=current_user.id, part=_part(found),
            origin=Origin.LOCAL if current_user.country == found.country else Origin.INTERNATIONAL,
        )  # fmt: skip
    elif registration.state == RegistrationState.INVITED:
        registration.state = RegistrationState.CONFIRMED
        receiving.grown(found)
    elif registration.state == RegistrationState.CANCELLED:
        registration.state = RegistrationState.REGISTERED
        receiving.grown(found)
    db.session.commit()
    return redirect(url_for("events.event", slug=slug))


@bp.post("/events/<slug>/cancel")
def cancel(slug: str) -> ResponseReturnValue:
    """Give my place back, while the event is not over and nobody has seen me there."""
    found = _held(slug)
    registration = _mine(found) or abort(404)
    if registration.state == RegistrationState.CANCELLED:
        return redirect(url_for("events.event", slug=slug))
    if _over(found, now()) or roll.marks_of(found, registration):
        return redirect(url_for("events.event", slug=slug))
    registration.state = RegistrationState.CANCELLED
    receiving.grown(found)
    db.session.commit()
    flash(gettext("You have cancelled. Your place is free for someone else."))
    return redirect(url_for("events.event", slug=slug))
