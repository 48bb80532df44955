"""What organisers settle of an event: its facts and limits, its half-days, who is trainer or organiser there."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from lms import audit
from lms.accounts.access import organisers_only, trainers_only
from lms.accounts.appointing import in_charge
from lms.accounts.models import Person, Role
from lms.database import db
from lms.events import loading, receiving, staff
from lms.events.badges import new_id, new_salt
from lms.events.forms import CHARGES, Appoint, Facts, HalfDayForm, NewEvent, moved_with_its_zone
from lms.events.models import Appointment, Event, HalfDay, Registration
from lms.events.parts import Charge, Part
from lms.settings import Settings

bp = Blueprint("people_pages", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.route("/events/new", methods=["GET", "POST"])
@organisers_only
def new() -> ResponseReturnValue:
    """Make an event; its half-days come next."""
    settings: Settings = current_app.extensions["settings"]
    form = NewEvent(data={"timezone": settings.timezone, "late_after": 15, "counts_from": 75})
    if not form.validate_on_submit():
        return render_template("events/new.html", form=form), 422 if form.is_submitted() else 200
    made = Event(slug=form.slug.data, room_secret=new_salt(), version=1, **form.facts())
    db.session.add(made)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        form.slug.errors = [gettext("There is an event of this name. Choose another.")]
        return render_template("events/new.html", form=form), 422
    audit.record("event.made", current_user.id, event=made.id)
    db.session.commit()
    flash(gettext("The event is made. Add its half-days next."))
    return redirect(url_for("people_pages.edit", slug=made.slug))


@bp.get("/events/<slug>/edit")
@trainers_only
def edit(slug: str) -> ResponseReturnValue:
    """An event's facts, half-days and appointments, to be changed."""
    found = staff.organised_or_404(slug)
    return _edit_page(found, Facts.of(found), Appoint())


def _edit_page(event: Event, facts: Facts, appoint: Appoint, status: int = 200) -> ResponseReturnValue:
    appointments = db.session.scalars(
        select(Appointment)
        .options(joinedload(Appointment.person))
        .join(Appointment.person)
        .where(Appointment.event_id == event.id)
        .order_by(Person.name, Person.id)
    ).all()
    page = render_template(
        "events/edit.html",
        event=event,
        facts=facts,
        appoint=appoint,
        form=appoint if appoint.errors else facts,
        appointments=appointments,
        charges=CHARGES,
    )
    return page, status


def _held(slug: str) -> Event:
    """An event that the one who asks organises, held until the transaction ends where something is sent."""
    found = staff.organised_or_404(slug)
    if request.method == "POST":
        db.session.refresh(found, with_for_update={"key_share": True})
    return found


@bp.post("/events/<slug>/edit")
@trainers_only
def change(slug: str) -> ResponseReturnValue:
    """Keep the facts. With another time zone, half-days stay at their time on the clock."""
    found = _held(slug)
    form = Facts()
    if not form.validate_on_submit():
        return _edit_page(found, form, Appoint(formdata=None), 422)
    moved = _moved(found, form.timezone.data or "")
    if moved is None:
        form.timezone.errors = [
            gettext("In this zone a half-day would begin or end at a time that is not clear there. Change it first.")
        ]
        return _edit_page(found, form, Appoint(formdata=None), 422)
    facts = form.facts()
    if moved or any(getattr(found, fact) != value for fact, value in facts.items()):
        for fact, value in facts.items():
            setattr(found, fact, value)
        for half_day, (starts_at, ends_at) in moved:
            half_day.starts_at, half_day.ends_at = starts_at, ends_at
            loading.note_moved(half_day, current_user.id)
        receiving.grown(found)
        audit.record("event.changed", current_user.id, event=found.id)
        db.session.commit()
    flash(gettext("The event is kept."))
    return redirect(url_for("people_pages.edit", slug=slug))


def _moved(event: Event, zone: str) -> list[tuple[HalfDay, tuple[datetime, datetime]]] | None:
    """The half-days that get another time with another zone; None where one of them would have no clear time."""
    if zone == event.timezone:
        return []
    moved = []
    for half_day in event.half_days:
        span = moved_with_its_zone(event, half_day, zone)
        if span is None:
            return None
        if span != (half_day.starts_at, half_day.ends_at):
            moved.append((half_day, span))
    return moved


# --- half-days -----------------------------------------------------------------------------------------------


@bp.route("/events/<slug>/edit/half-days/new", methods=["GET", "POST"])
@trainers_only
def add_half_day(slug: str) -> ResponseReturnValue:
    """Add a half-day."""
    found = _held(slug)
    form = HalfDayForm(found)
    if not form.validate_on_submit():
        return _half_day_page(form, 422 if form.is_submitted() else 200)
    half_day = HalfDay(id=new_id(), event_id=found.id, **form.facts())
    db.session.add(half_day)
    db.session.flush()
    receiving.grown(found)
    audit.record("half-day.added", current_user.id, event=found.id, half_day=str(half_day.id))
    db.session.commit()
    return redirect(url_for("people_pages.edit", slug=slug))


@bp.route("/events/<slug>/edit/half-days/<uuid:half_day_id>", methods=["GET", "POST"])
@trainers_only
def half_day(slug: str, half_day_id: UUID) -> ResponseReturnValue:
    """Change a half-day; another time is noted, because marks are read against it."""
    found = _held(slug)
    changed = _half_day_or_404(found, half_day_id)
    form = HalfDayForm(found, changed)
    if not form.validate_on_submit():
        return _half_day_page(form, 422 if form.is_submitted() else 200)
    facts = form.facts()
    if (changed.starts_at, changed.ends_at) != (facts["starts_at"], facts["ends_at"]):
        loading.note_moved(changed, current_user.id)
    if any(getattr(changed, fact) != value for fact, value in facts.items()):
        for fact, value in facts.items():
            setattr(changed, fact, value)
        receiving.grown(found)
    db.session.commit()
    return redirect(url_for("people_pages.edit", slug=slug))


def _half_day_or_404(event: Event, half_day_id: UUID) -> HalfDay:
    return next((one for one in event.half_days if one.id == half_day_id), None) or abort(404)


def _half_day_page(form: HalfDayForm, status: int) -> ResponseReturnValue:
    half_day = form.half_day
    kept = half_day is not None and loading.kept_under(half_day)
    page = render_template("events/half_day.html", form=form, event=form.event, half_day=half_day, kept=kept)
    return page, status


@bp.post("/events/<slug>/edit/half-days/<uuid:half_day_id>/remove")
@trainers_only
def remove_half_day(slug: str, half_day_id: UUID) -> ResponseReturnValue:
    """Take out a half-day under which nothing is kept."""
    found = staff.organised_or_404(slug)
    gone = _half_day_or_404(found, half_day_id)
    try:
        loading.remove(gone, current_user.id)
    except loading.HasMarks as problem:
        form = HalfDayForm(found, gone, formdata=None)
        form.form_errors = [str(problem)]
        return _half_day_page(form, 409)
    receiving.grown(found)
    db.session.commit()
    flash(gettext("The half-day is taken out."))
    return redirect(url_for("people_pages.edit", slug=slug))


# --- appointments --------------------------------------------------------------------------------------------


@bp.post("/events/<slug>/appointments")
@trainers_only
def appoint(slug: str) -> ResponseReturnValue:
    """Make someone trainer or organiser of this event; a trainer is on its roll as trainer from then on."""
    found = _held(slug)
    form = Appoint()
    person = in_charge(form.email) if form.validate_on_submit() else None
    if person is None:
        return _edit_page(found, Facts.of(found), form, 422)
    charge = Charge(form.charge.data)
    had = db.session.get(Appointment, (found.id, person.id))
    if had is None or had.charge is not charge:
        db.session.merge(Appointment(event_id=found.id, person_id=person.id, charge=charge))
        if charge is Charge.TRAINER:
            _on_the_roll_as_trainer(found, person)
        audit.record("event.appointed", current_user.id, event=found.id, person=person.id, charge=charge.value)
        db.session.commit()
    flash(gettext("The appointment is kept."))
    return redirect(url_for("people_pages.edit", slug=slug))


def _on_the_roll_as_trainer(event: Event, person: Person) -> None:
    """Someone who is on the roll already is no longer counted as participant."""
    registration = db.session.scalar(
        select(Registration).where(
            Registration.event_id == event.id,
            Registration.person_id == person.id,
            Registration.part == Part.PARTICIPANT,
        )
    )
    if registration is not None:
        registration.part = Part.TRAINER
        receiving.grown(event)


@bp.post("/events/<slug>/appointments/<int:person_id>/remove")
@trainers_only
def dismiss(slug: str, person_id: int) -> ResponseReturnValue:
    """End an appointment."""
    found = staff.organised_or_404(slug)
    appointment: Any = db.session.get(Appointment, (found.id, person_id)) or abort(404)
    db.session.delete(appointment)
    audit.record("event.dismissed", current_user.id, event=found.id, person=person_id)
    db.session.commit()
    flash(gettext("The appointment has ended."))
    if appointment.person_id == current_user.id and current_user.role is not Role.ORGANISER:
        return redirect(url_for("events.events"))
    return redirect(url_for("people_pages.edit", slug=slug))
