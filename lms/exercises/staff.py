"""Whose run it is: each is looked up through the trainer who asks, and what is not theirs is not there."""

from uuid import UUID

from flask import abort
from flask_login import current_user
from sqlalchemy import Select, or_, select

from lms.accounts.access import STAFF
from lms.accounts.models import Role
from lms.database import db
from lms.events import staff
from lms.events.models import Event
from lms.exercises.models import Run, RunTrainer


def conducted() -> Select[Run]:
    """The runs that the one who asks opened or was put beside, those of events where they take the roll.

    A coordinator's are all.
    """
    if not current_user.is_authenticated or current_user.role not in STAFF:
        return select(Run).where(Run.id.is_(None))
    if current_user.role is Role.ORGANISER:
        return select(Run)
    theirs = staff.staffed().with_only_columns(Event.id)
    beside = select(RunTrainer.run_id).where(RunTrainer.person_id == current_user.id)
    return select(Run).where(or_(Run.opened_by_id == current_user.id, Run.event_id.in_(theirs), Run.id.in_(beside)))


def conducts(run_id: UUID) -> Run | None:
    """A run, if the one who asks is a trainer of it."""
    return db.session.scalar(conducted().where(Run.id == run_id))


def conducted_or_404(run_id: UUID) -> Run:
    """A run of the one who asks."""
    return conducts(run_id) or abort(404)
