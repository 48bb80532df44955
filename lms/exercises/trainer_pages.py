"""Who conducts a run beside the trainer who opened it."""

from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import delete, select
from sqlalchemy.orm import joinedload
from wtforms import EmailField
from wtforms.validators import InputRequired

from lms.accounts.access import trainers_only
from lms.accounts.appointing import in_charge
from lms.accounts.forms import Form
from lms.accounts.models import Person
from lms.database import changed, db
from lms.events.models import Appointment
from lms.exercises import staff
from lms.exercises.models import Run, RunTrainer

bp = Blueprint("run_trainers", __name__)


class Beside(Form):
    """Someone who is to conduct a run too."""

    email = EmailField(_("E-mail address"), validators=[InputRequired(_("Enter an e-mail address."))])


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.get("/runs/<uuid:run_id>/trainers")
@trainers_only
def trainers(run_id: UUID) -> ResponseReturnValue:
    """Everyone who may conduct a run."""
    return _page(staff.conducted_or_404(run_id), Beside())


def _page(run: Run, form: Beside, status: int = 200) -> ResponseReturnValue:
    beside = db.session.scalars(
        select(Person)
        .join(RunTrainer, RunTrainer.person_id == Person.id)
        .where(RunTrainer.run_id == run.id)
        .order_by(Person.name, Person.id)
    ).all()
    appointed = db.session.scalars(
        select(Appointment)
        .options(joinedload(Appointment.person))
        .join(Appointment.person)
        .where(Appointment.event_id == run.event_id)
        .order_by(Person.name, Person.id)
    ).all()
    page = render_template(
        "exercises/trainers.html", run=run, form=form, beside=beside, appointed=[one.person for one in appointed]
    )
    return page, status


@bp.post("/runs/<uuid:run_id>/trainers")
@trainers_only
def add(run_id: UUID) -> ResponseReturnValue:
    """Put someone beside the one who opened the run; they find it among their exercises."""
    run = staff.conducted_or_404(run_id)
    form = Beside()
    person = in_charge(form.email) if form.validate_on_submit() else None
    if person is None:
        return _page(run, form, 422)
    if db.session.get(RunTrainer, (run.id, person.id)) is None:
        db.session.merge(RunTrainer(run_id=run.id, person_id=person.id))
        staff.note(run, "run.trainer", person=person.id)
        db.session.commit()
    flash(gettext("%(name)s finds this exercise under Exercises.", name=person.name))
    return redirect(url_for("run_trainers.trainers", run_id=run_id))


@bp.post("/runs/<uuid:run_id>/trainers/<int:person_id>/end")
@trainers_only
def end(run_id: UUID, person_id: int) -> ResponseReturnValue:
    """Someone conducts the run no more, unless they may for another reason."""
    run = staff.conducted_or_404(run_id)
    gone = delete(RunTrainer).where(RunTrainer.run_id == run.id, RunTrainer.person_id == person_id)
    if changed(gone):
        staff.note(run, "run.trainer-ended", person=person_id)
        db.session.commit()
    if staff.conducts(run_id) is None:
        return redirect(url_for("conducting.runs"))
    return redirect(url_for("run_trainers.trainers", run_id=run_id))
