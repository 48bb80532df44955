"""Whose run it is: each is looked up through the trainer who asks, and what is not theirs is not there."""

from uuid import UUID

from flask import abort
from flask_login import current_user
from sqlalchemy import Select, or_, select

from lms import audit
from lms.accounts.access import STAFF
from lms.accounts.models import Role
from lms.database import db
from lms.events.models import Appointment
from lms.exercises.models import Run, RunTrainer


def conducted() -> Select[Run]:
    """The runs of the one who asks."""
    if not current_user.is_authenticated:
        return select(Run).where(Run.id.is_(None))
    return conducted_by(current_user.id, current_user.role)


def conducted_by(person_id: int, role: Role) -> Select[Run]:
    """The runs that someone opened or was put beside, and those of events where they take the roll.

    A coordinator's are all; nobody's who is no trainer any more.
    """
    if role not in STAFF:
        return select(Run).where(Run.id.is_(None))
    if role is Role.ORGANISER:
        return select(Run)
    theirs = select(Appointment.event_id).where(Appointment.person_id == person_id)
    beside = select(RunTrainer.run_id).where(RunTrainer.person_id == person_id)
    return select(Run).where(or_(Run.opened_by_id == person_id, Run.event_id.in_(theirs), Run.id.in_(beside)))


def conducts(run_id: UUID) -> Run | None:
    """A run, if the one who asks is a trainer of it."""
    return db.session.scalar(conducted().where(Run.id == run_id))


def conducted_or_404(run_id: UUID) -> Run:
    """A run of the one who asks."""
    return conducts(run_id) or abort(404)


def note(run: Run, deed: str, **facts: int | str | None) -> None:
    """Leave a trace of what the one who asks did to a run, in the caller's transaction; a rehearsal leaves none."""
    if not run.rehearsal:
        audit.record(deed, current_user.id, run=str(run.id), **facts)
