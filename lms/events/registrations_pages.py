"""Who is on the roll of an event: adding, changing, walk-ins that turn out to be someone, marks that were not taken."""

from collections.abc import Sequence
from datetime import datetime
from unicodedata import normalize
from uuid import UUID

from flask import Blueprint, Flask, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from lms import audit
from lms.accounts.access import trainers_only
from lms.accounts.models import Person, Profession, Standing
from lms.clock import now
from lms.database import db
from lms.events import correcting, merging, quarantine, receiving, staff, telling
from lms.events.checkin import Why
from lms.events.correcting import Wrong
from lms.events.desk_json import WORDS
from lms.events.documents import spaced
from lms.events.merging import Became
from lms.events.models import Device, Event, Registration, Stray
from lms.events.parts import MarkKind, Origin, Outcome, Part, RegistrationState
from lms.events.registration_forms import Add, Assign, Dismiss, Merge, Named
from lms.events.registration_forms import Standing as Takes
from lms.events.roll_forms import WRONG, printed
from lms.events.roll_pages import half_day_or_404
from lms.pages import clock_in, day_in

bp = Blueprint("registrations", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


def held_event_or_404(slug: str) -> Event:
    """An event whose roll is about to change: whoever comes second waits."""
    event = staff.organised_or_404(slug)
    db.session.execute(select(Event.id).where(Event.id == event.id).with_for_update())
    return event


def _everyone(event: Event) -> list[Registration]:
    """Every registration, by name: cancelled and merged ones too."""
    found = db.session.scalars(
        select(Registration).options(joinedload(Registration.person)).where(Registration.event_id == event.id)
    )
    return sorted(found, key=lambda one: (normalize("NFKD", one.shown_name).casefold(), one.id.int))


def _one_or_404(event: Event, registration_id: UUID) -> Registration:
    found: Registration = (
        db.session.scalar(
            select(Registration)
            .options(joinedload(Registration.person))
            .where(Registration.id == registration_id, Registration.event_id == event.id)
        )
        or abort(404)
    )  # fmt: skip
    return found


def _here(slug: str) -> ResponseReturnValue:
    return redirect(url_for("registrations.registrations", slug=slug))


# --- the list ------------------------------------------------------------------------------------------------


@bp.get("/events/<slug>/registrations")
@trainers_only
def registrations(slug: str) -> ResponseReturnValue:
    """Everyone on the roll, walk-ins to merge and marks that were not taken first."""
    return _list_page(staff.organised_or_404(slug), Add(formdata=None))


def _list_page(event: Event, form: Add, status: int = 200, taking: Dismiss | None = None) -> ResponseReturnValue:
    everyone, strays = _everyone(event), _strays(event)
    by_id = {one.id: one for one in everyone}
    page = render_template(
        "events/registrations.html",
        event=event,
        form=taking or form,
        adding=form,
        everyone=[one for one in everyone if one.merged_into_id is None],
        walk_ins=[one for one in everyone if one.walk_in and merging.may_be_merged(one)],
        merged=[(one, by_id[one.merged_into_id]) for one in everyone if one.merged_into_id],
        strays=[(stray, _why(stray)) for stray in strays],
        can_be_taken=sum(one.may_be_taken for one in quarantine.understood(event, strays)),
        taking=taking or Dismiss(formdata=None, prefix="all"),
        parts=telling.PARTS,
        states=telling.STATES,
        origins=telling.ORIGINS,
        spaced=spaced,
    )
    return page, status


@bp.post("/events/<slug>/registrations")
@trainers_only
def add(slug: str) -> ResponseReturnValue:
    """Put someone on the roll: an account by its address, else a name; with a badge and a code of their own."""
    event = held_event_or_404(slug)
    form = Add()
    valid = form.validate_on_submit()
    person = _account(form.email.data) if valid and form.email.data else None
    if valid and form.email.data and person is None:
        form.email.errors = [
            gettext("There is no open account with this address. Import the person, or add them by name.")
        ]
        valid = False
    if person and any(one.person_id == person.id for one in _everyone(event)):
        form.email.errors = [gettext("This person is on the list already.")]
        valid = False
    if not valid:
        return _list_page(event, form, 422)
    found = receiving.add_registration(
        event, now(), **_stands(form), **({"person_id": person.id} if person else _named(form))
    )
    audit.record("registration.added", current_user.id, event=event.id, registration=str(found.id))
    db.session.commit()
    flash(gettext("%(name)s is on the roll.", name=person.name if person else found.name))
    return _here(slug)


def _account(email: str | None) -> Person | None:
    return db.session.scalar(select(Person).where(Person.email == email, Person.standing == Standing.ACTIVE))


def _stands(form: Takes) -> dict[str, object]:
    return {
        "part": Part(form.part.data), "state": RegistrationState(form.state.data), "origin": Origin(form.origin.data),
    }  # fmt: skip


def _named(form: Named) -> dict[str, object]:
    return {
        "name": form.name.data, "organisation": form.organisation.data, "country": form.country.data,
        "profession": Profession(form.profession.data) if form.profession.data else None,
    }  # fmt: skip


# --- one registration ----------------------------------------------------------------------------------------


@bp.get("/events/<slug>/registrations/<uuid:registration_id>")
@trainers_only
def registration(slug: str, registration_id: UUID) -> ResponseReturnValue:
    """One registration, to be changed; what an account says of its owner only the owner changes."""
    event = staff.organised_or_404(slug)
    found = _one_or_404(event, registration_id)
    if found.merged_into_id is not None:
        return redirect(url_for("registrations.registration", slug=slug, registration_id=found.merged_into_id))
    return _one_page(event, found, _form_for(found)(formdata=None, obj=found), Merge(formdata=None))


def _form_for(found: Registration) -> type[Takes]:
    return Takes if found.person_id else Named


def _one_page(event: Event, found: Registration, form: Takes, merge: Merge, status: int = 200) -> ResponseReturnValue:
    others = [one for one in _everyone(event) if one.id != found.id and one.merged_into_id is None]
    merge.choose_from(others)
    page = render_template(
        "events/registration_change.html",
        event=event,
        found=found,
        form=merge if merge.errors else form,
        stands=form,
        merge=merge,
        may_be_merged=merging.may_be_merged(found),
        may_part=bool(found.walk_in and found.person_id and found.name),
        code=spaced(found.code),
    )
    return page, status


@bp.post("/events/<slug>/registrations/<uuid:registration_id>")
@trainers_only
def change(slug: str, registration_id: UUID) -> ResponseReturnValue:
    """Keep part, state and origin, and the name of someone without an account."""
    event = held_event_or_404(slug)
    found = _one_or_404(event, registration_id)
    form = _form_for(found)()
    if not form.validate_on_submit():
        return _one_page(event, found, form, Merge(formdata=None), 422)
    values = _stands(form) | (_named(form) if isinstance(form, Named) else {})
    changed = {name: value for name, value in values.items() if getattr(found, name) != value}
    for name, value in changed.items():
        setattr(found, name, value)
    if changed:
        receiving.grown(event)
        audit.record(
            "registration.changed", current_user.id, event=event.id, registration=str(found.id),
            what=" ".join(sorted(changed)),
        )  # fmt: skip
        db.session.commit()
    flash(gettext("The registration is kept."))
    return _here(slug)


@bp.post("/events/<slug>/registrations/<uuid:registration_id>/merge")
@trainers_only
def merge(slug: str, registration_id: UUID) -> ResponseReturnValue:
    """Say who a walk-in turned out to be: someone on the roll, or an account."""
    event = held_event_or_404(slug)
    found = _one_or_404(event, registration_id)
    if not merging.may_be_merged(found):
        abort(404)
    others = {str(one.id): one for one in _everyone(event) if one.id != found.id and one.merged_into_id is None}
    form = Merge()
    form.choose_from(list(others.values()))
    valid = form.validate_on_submit()
    person = _account(form.email.data) if valid and form.email.data else None
    if valid and form.email.data and person is None:
        form.email.errors = [gettext("There is no open account with this address.")]
        valid = False
    if not valid:
        return _one_page(event, found, _form_for(found)(formdata=None, obj=found), form, 422)
    became = (
        merging.give_account(event, found, person) if person else merging.merge(event, found, others[form.into.data])
    )
    audit.record(
        "registration.merged", current_user.id, event=event.id, registration=str(found.id),
        into=str(found.merged_into_id or ""), person=found.person_id,
    )  # fmt: skip
    db.session.commit()
    words = {
        Became.MERGED: gettext("The walk-in is merged: its marks count there."),
        Became.RESTORED: gettext("The walk-in is merged, and the cancelled registration holds again."),
        Became.LINKED: gettext("The walk-in is this account’s registration now."),
    }
    flash(words[became])
    return _here(slug)


@bp.post("/events/<slug>/registrations/<uuid:registration_id>/part")
@trainers_only
def part_again(slug: str, registration_id: UUID) -> ResponseReturnValue:
    """Take back that a walk-in is someone else."""
    event = held_event_or_404(slug)
    found = _one_or_404(event, registration_id)
    if found.merged_into_id is not None or (found.walk_in and found.person_id and found.name):
        merging.part_again(event, found)
        audit.record("registration.parted", current_user.id, event=event.id, registration=str(found.id))
        db.session.commit()
    flash(gettext("The walk-in stands by itself again."))
    return _here(slug)


# --- marks that were not taken -------------------------------------------------------------------------------


def _strays(event: Event) -> Sequence[Stray]:
    return db.session.scalars(
        select(Stray)
        .where(Stray.event_id == event.id, Stray.settled_at.is_(None))
        .order_by(Stray.received_at, Stray.id)
    ).all()


def _why(stray: Stray) -> str:
    return str(WORDS[Why(stray.why)]) if stray.why in {why.value for why in WORDS} else stray.why


def _stray_or_404(event: Event, stray_id: UUID) -> Stray:
    found: Stray = (
        db.session.scalar(select(Stray).where(Stray.id == stray_id, Stray.event_id == event.id).with_for_update())
        or abort(404)
    )  # fmt: skip
    return found


@bp.post("/events/<slug>/strays")
@trainers_only
def take_all(slug: str) -> ResponseReturnValue:
    """Take every refused mark that names someone, or brings a walk-in along; the others are left to look at."""
    event = held_event_or_404(slug)
    form = Dismiss(prefix="all")
    if not form.validate_on_submit():
        return _list_page(event, Add(formdata=None), 422, form)
    note, moment = form.note.data or "", now()
    taken = quarantine.take(event, _strays(event), current_user.id, note, moment)
    for found in taken:
        found.settled_at, found.settled_by_id, found.note = moment, current_user.id, note
        audit.record("stray.assigned", current_user.id, event=event.id, stray=str(found.id))
    db.session.commit()
    flash(ngettext("%(num)s mark counts now.", "%(num)s marks count now.", len(taken)))
    return _here(slug)


@bp.get("/events/<slug>/strays/<uuid:stray_id>")
@trainers_only
def stray(slug: str, stray_id: UUID) -> ResponseReturnValue:
    """One mark that was not taken: what was sent, why it was refused, and what may be done about it."""
    event = staff.organised_or_404(slug)
    found: Stray = (
        db.session.scalar(select(Stray).where(Stray.id == stray_id, Stray.event_id == event.id)) or abort(404)
    )  # fmt: skip
    if found.settled_at is not None:
        return _here(slug)
    at = _said_at(found)
    whose = next((one.whose for one in quarantine.understood(event, [found])), None)
    values = {
        "half_day": str(found.said.get("half_day", "")), "kind": found.said.get("kind", ""),
        "at": clock_in(at, event.zone) if at else "", "whose": str(whose.id) if whose else "",
    }  # fmt: skip
    return _stray_page(event, found, Assign(formdata=None, **values), Dismiss(formdata=None))


def _said_at(found: Stray) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(found.said.get("at", "")))
    except ValueError:
        return None
    return at if at.tzinfo and 2000 <= at.year <= 2200 else None  # another cannot be moved to the event's zone


def _stray_page(event: Event, found: Stray, assign: Assign, dismiss: Dismiss, status: int = 200) -> ResponseReturnValue:
    assign.choose_from(event, _on_the_roll(event))
    at = _said_at(found)
    person = found.said.get("person")
    desk = db.session.get(Device, found.device_id) if found.device_id else None
    page = render_template(
        "events/registration_stray.html",
        event=event,
        found=found,
        why=_why(found),
        at=f"{clock_in(at, event.zone)}, {day_in(at, event.zone)}" if at else "",
        named=printed(str(person.get("name", ""))) if isinstance(person, dict) else "",
        desk=desk.name if desk else "",
        assign=assign,
        dismiss=dismiss,
        form=dismiss if dismiss.errors else assign,
    )
    return page, status


def _on_the_roll(event: Event) -> list[Registration]:
    return [
        one for one in _everyone(event)
        if one.merged_into_id is None and one.state is not RegistrationState.CANCELLED
    ]  # fmt: skip


@bp.post("/events/<slug>/strays/<uuid:stray_id>/assign")
@trainers_only
def assign(slug: str, stray_id: UUID) -> ResponseReturnValue:
    """Take a refused mark after all, as a mark of someone on the roll."""
    event = held_event_or_404(slug)
    found = _stray_or_404(event, stray_id)
    if found.settled_at is not None:
        return _here(slug)
    people = {str(one.id): one for one in _on_the_roll(event)}
    form = Assign()
    form.choose_from(event, list(people.values()))
    if not form.validate_on_submit():
        return _stray_page(event, found, form, Dismiss(formdata=None), 422)
    half_day = half_day_or_404(event, UUID(form.half_day.data))
    try:
        clock = correcting.typed_time(form.at.data or "")
    except ValueError:
        form.at.errors = [WRONG[Wrong.TIME]]
        return _stray_page(event, found, form, Dismiss(formdata=None), 422)
    at = correcting.on_the_day(clock, half_day, event.zone) if clock else half_day.starts_at
    if at is None:
        form.at.errors = [WRONG[Wrong.OUTSIDE]]
        return _stray_page(event, found, form, Dismiss(formdata=None), 422)
    said = receiving.say(
        event, by_id=current_user.id, registration=people[form.whose.data], half_day=half_day,
        kind=MarkKind(form.kind.data), at=at, now=now(), reason=form.note.data or "",
        mark_id=quarantine.mark_id(found.id),
    )  # fmt: skip
    if said.outcome is Outcome.REFUSED:
        abort(409)
    _settled(event, found, form.note.data or "", "stray.assigned")
    flash(gettext("The mark counts now."))
    return _here(slug)


@bp.post("/events/<slug>/strays/<uuid:stray_id>/dismiss")
@trainers_only
def dismiss(slug: str, stray_id: UUID) -> ResponseReturnValue:
    """Leave a refused mark aside for good, and say why."""
    event = held_event_or_404(slug)
    found = _stray_or_404(event, stray_id)
    form = Dismiss()
    if found.settled_at is not None:
        return _here(slug)
    if not form.validate_on_submit():
        return _stray_page(event, found, Assign(formdata=None), form, 422)
    _settled(event, found, form.note.data or "", "stray.dismissed")
    flash(gettext("The mark is left aside."))
    return _here(slug)


def _settled(event: Event, found: Stray, note: str, deed: str) -> None:
    found.settled_at, found.settled_by_id, found.note = now(), current_user.id, note
    audit.record(deed, current_user.id, event=event.id, stray=str(found.id))
    db.session.commit()
