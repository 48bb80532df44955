"""What trainers see of their runs: the list, the opening of a run, and the console from which it is conducted."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from lms import audit
from lms.accounts.access import trainers_only
from lms.accounts.forms import PROFESSIONS
from lms.clock import now
from lms.content import library
from lms.content.exercises import Exercise
from lms.content.material import Module
from lms.database import db
from lms.events import staff as events_staff
from lms.events.models import Event, HalfDay
from lms.exercises import inventing, joining, rehearsing, showing, staff, wiping
from lms.exercises.conducting import exercise_of
from lms.exercises.models import Run
from lms.exercises.run_forms import TEAMS, OpenRun
from lms.exercises.screen_pages import joining_address
from lms.exercises.seating import TeamsBy
from lms.pages import clock_in, day_in
from lms.pdf import qr
from lms.settings import Settings

bp = Blueprint("conducting", __name__)
MOST_SHOWN = 100  # runs that are over


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


# --- my runs ----------------------------------------------------------------------------------------------------


@bp.get("/runs/")
@trainers_only
def runs() -> ResponseReturnValue:
    """The runs I conduct: those that are open, then those that are over, the newest first."""
    newest = staff.conducted().order_by(Run.opened_at.desc())
    still = db.session.scalars(newest.where(Run.ended_at.is_(None))).all()
    over = db.session.scalars(newest.where(Run.ended_at.is_not(None)).limit(MOST_SHOWN)).all()
    events = _events({run.event_id for run in (*still, *over)})
    return render_template(
        "exercises/runs.html",
        still=[_line(run, events) for run in still],
        over=[_line(run, events) for run in over],
    )


def _events(ids: set[int | None]) -> dict[int | None, Event]:
    return {event.id: event for event in db.session.scalars(select(Event).where(Event.id.in_(ids - {None})))}


def _line(run: Run, events: dict[int | None, Event]) -> dict[str, Any]:
    settings: Settings = current_app.extensions["settings"]
    event = events.get(run.event_id)
    zone = event.zone if event else ZoneInfo(settings.timezone)
    at = run.ended_at or run.opened_at
    return {"run": run, "event": event.title if event else "", "day": day_in(at, zone), "clock": clock_in(at, zone)}


# --- opening one ------------------------------------------------------------------------------------------------


@bp.route("/runs/new", methods=["GET", "POST"])
@trainers_only
def new() -> ResponseReturnValue:
    """Open a run; `exercise` and `event` in the address choose beforehand, and `rehearsal` that it is one."""
    exercises = {f"{module.slug}/{one.id}": (module, one) for module in _modules() for one in module.exercises}
    half_days = _half_days()
    form = OpenRun(exercises, [(str(one.id), _called(one, event)) for one, event in half_days], data=_wished(half_days))
    if not form.validate_on_submit():
        page = render_template("exercises/run_new.html", form=form, modules=_modules(), most=inventing.MOST)
        return page, 422 if form.is_submitted() else 200
    module, exercise = exercises[form.exercise.data]
    run = joining.open_run(
        exercise, module.slug, current_user.id, now(),
        half_day=next((one for one, _event in half_days if str(one.id) == form.half_day.data), None),
        teams_by=TeamsBy(form.teams_by.data), rehearsal=bool(form.rehearsal.data), capacity=form.capacity.data or 0,
    )  # fmt: skip
    if run.rehearsal:
        rehearsing.forget_over(current_user.id)
        rehearsing.invite(run, form.invented.data or 0, now())
    else:
        audit.record("run.opened", current_user.id, run=str(run.id), event=run.event_id)
    db.session.commit()
    if run.rehearsal:
        wiping.wiped()  # those that were over are deleted
    return redirect(url_for("conducting.console", run_id=run.id))


def _modules() -> list[Module]:
    return [module for module in library.course().modules if module.exercises]


def _half_days() -> list[tuple[HalfDay, Event]]:
    """The half-days of events where I take the roll: those to come first, the nearest at the top."""
    moment = now()
    events = db.session.scalars(events_staff.staffed().options(selectinload(Event.half_days))).unique().all()
    found = [(half_day, event) for event in events for half_day in event.half_days]
    coming = sorted((one for one in found if one[0].ends_at >= moment), key=lambda one: one[0].starts_at)
    past = sorted((one for one in found if one[0].ends_at < moment), key=lambda one: one[0].starts_at, reverse=True)
    return coming + past


def _called(half_day: HalfDay, event: Event) -> str:
    when = f"{day_in(half_day.starts_at, event.zone)}, {clock_in(half_day.starts_at, event.zone)}"
    return f"{event.title}: {when}, {half_day.title}"


def _wished(half_days: list[tuple[HalfDay, Event]]) -> dict[str, Any]:
    """What is chosen before anyone chooses: a real run, and what the address names."""
    slug = request.args.get("event", "")
    there = next((str(one.id) for one, event in half_days if event.slug == slug), "")
    exercise = request.args.get("exercise", "")
    return {
        "exercise": exercise, "half_day": there, "teams_by": TeamsBy.MIX.value, "capacity": 100, "invented": 12,
        "rehearsal": "rehearsal" in request.args,
    }  # fmt: skip


# --- conducting one ---------------------------------------------------------------------------------------------


@bp.get("/runs/<uuid:run_id>/console")
@trainers_only
def console(run_id: UUID) -> ResponseReturnValue:
    """The console: a frame with the scenario's names, which fills itself as the run goes on."""
    run = staff.conducted_or_404(run_id)
    exercise = exercise_of(run.id)
    address = joining_address(run)
    return render_template(
        "exercises/console.html",
        run=run,
        exercise=exercise,
        place=_events({run.event_id}).get(run.event_id),
        teams={team.id: team.title for team in exercise.teams},
        professions=PROFESSIONS,
        teams_by=TEAMS[run.teams_by],
        address=address,
        picture=qr(address, gettext("QR code of the address for joining with the code %(code)s", code=run.code)),
        screen=_whole(address, url_for("screens.screen", run_id=run.id, key=run.screen_key)),
        tasks=_texts(exercise),
    )


def _whole(beside: str, path: str) -> str:
    """A path as a whole address of the host that another whole address names."""
    scheme, _colon, rest = beside.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}{path}"


def _texts(exercise: Exercise) -> dict[str, str]:
    return {task.id: task.text for task in exercise.tasks}


@bp.post("/runs/<uuid:run_id>/invented")
@trainers_only
def invented(run_id: UUID) -> ResponseReturnValue:
    """Let the invented people of a rehearsal do what is due; the console asks while it is looked at."""
    run = staff.conducted_or_404(run_id)
    sent = rehearsing.play(run, now())
    db.session.commit()
    if sent:
        showing.changed(run.id)
    return {"sent": sent}


@bp.post("/runs/<uuid:run_id>/forget")
@trainers_only
def forget(run_id: UUID) -> ResponseReturnValue:
    """Delete a rehearsal, whether it is over or not; a run that counts is not deleted here."""
    run = staff.conducted_or_404(run_id)
    if not run.rehearsal:
        flash(gettext("Only a rehearsal can be deleted. What is left of a run goes by itself, when its time is over."))
        return redirect(url_for("conducting.console", run_id=run.id))
    rehearsing.forget(run.id)
    db.session.commit()
    wiping.wiped()
    flash(gettext("The rehearsal is deleted. Nothing of it is kept."))
    return redirect(url_for("conducting.runs"))
