"""Whose event it is: each is looked up through the person who asks, and what is not theirs is not there."""

from flask import abort
from flask_login import current_user
from sqlalchemy import Select, select

from lms.accounts.models import Role
from lms.database import db
from lms.events.models import Appointment, Event
from lms.events.parts import Charge


def event_or_404(slug: str) -> Event:
    """An event by its name in the address; that it takes place is no secret."""
    return _there(select(Event).where(Event.slug == slug))


def staffed() -> Select[Event]:
    """The events of someone who is trainer or organiser there; all of them for a coordinator."""
    return _appointed(*Charge)


def organised() -> Select[Event]:
    """The events of someone who is organiser there; all of them for a coordinator."""
    return _appointed(Charge.ORGANISER)


def _appointed(*charges: Charge) -> Select[Event]:
    if current_user.role is Role.ORGANISER:
        return select(Event)
    return (
        select(Event)
        .join(Appointment, Appointment.event_id == Event.id)
        .where(Appointment.person_id == current_user.id, Appointment.charge.in_(charges))
    )


def staffed_or_404(slug: str) -> Event:
    """An event where the one who asks takes the roll."""
    return _there(staffed().where(Event.slug == slug))


def organised_or_404(slug: str) -> Event:
    """An event that the one who asks organises."""
    return _there(organised().where(Event.slug == slug))


def _there(query: Select[Event]) -> Event:
    found: Event = db.session.scalar(query) or abort(404)
    return found
