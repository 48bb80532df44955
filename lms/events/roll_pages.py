"""The roll of a half-day: the grid for a whole half-day, one person's history, corrections."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid5

from flask import Blueprint, Flask, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from msgspec import Struct
from sqlalchemy import select

from lms import audit
from lms.accounts.access import trainers_only
from lms.clock import now
from lms.database import db
from lms.events import correcting, receiving, staff, telling
from lms.events import roll as rolls
from lms.events.attendance import Attendance, attendance
from lms.events.badges import new_id
from lms.events.correcting import Truth
from lms.events.models import COUNTED_AS, Device, Event, HalfDay, Mark, Registration
from lms.events.parts import MarkKind, Outcome, Part, RegistrationState
from lms.events.roll_forms import WRONG, Correction, Entry, TakeBack, printed
from lms.events.telling import Stand
from lms.pages import clock_in

bp = Blueprint("roll_pages", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


class Line(Struct, frozen=True):
    """Someone's row of the grid: what stands, and what the fields hold."""

    registration: Registration
    stand: Stand
    doubts: str
    kind: str
    came: str
    left: str
    stood: str
    id: UUID


def half_day_or_404(event: Event, half_day_id: UUID) -> HalfDay:
    """A half-day of this event."""
    found: HalfDay = next((one for one in event.half_days if one.id == half_day_id), None) or abort(404)
    return found


def _marks_at(half_day: HalfDay) -> dict[UUID, list[Mark]]:
    """Every mark of a half-day by the registration it counts for."""
    rows = db.session.execute(
        select(Mark, COUNTED_AS)
        .join(Registration, Mark.registration_id == Registration.id)
        .where(Mark.half_day_id == half_day.id)
    )
    found: dict[UUID, list[Mark]] = defaultdict(list)
    for mark, registration_id in rows:
        found[registration_id].append(mark)
    return found


def _line(event: Event, half_day: HalfDay, registration: Registration, marks: Sequence[Mark]) -> Line:
    shown = attendance(half_day, event.limits, marks)
    truth = correcting.standing(shown, marks)
    return Line(
        registration,
        telling.stand(half_day, shown, event.zone, now()),
        telling.doubts(shown),
        truth.kind.value if truth.kind else "",
        clock_in(truth.came_at, event.zone) if truth.came_at else "",
        clock_in(truth.left_at, event.zone) if truth.left_at else "",
        correcting.key(marks),
        new_id(),
    )


# --- the grid ------------------------------------------------------------------------------------------------


@bp.get("/events/<slug>/half-days/<uuid:half_day_id>")
@trainers_only
def grid(slug: str, half_day_id: UUID) -> ResponseReturnValue:
    """Everyone at one half-day, a row each, to enter what paper says; `reason` is kept with every row."""
    event = staff.staffed_or_404(slug)
    half_day = half_day_or_404(event, half_day_id)
    return _grid_page(event, half_day)


def _grid_page(event: Event, half_day: HalfDay, faulty: Line | None = None, fault: str = "") -> ResponseReturnValue:
    marks = _marks_at(half_day)
    lines = [_line(event, half_day, row.registration, marks.get(row.registration.id, [])) for row in rolls.roll(event)]
    if faulty:
        lines = [faulty if one.registration.id == faulty.registration.id else one for one in lines]
    page = render_template(
        "events/grid.html",
        event=event,
        half_day=half_day,
        groups=[
            (gettext("Participants"), [one for one in lines if one.registration.part is Part.PARTICIPANT]),
            (gettext("Trainers and others"), [one for one in lines if one.registration.part is not Part.PARTICIPANT]),
        ],
        reason=printed(request.values.get("reason")) or gettext("From the signed sheet"),
        saved=request.args.get("saved", ""),
        fault=fault,
        faulty=faulty.registration.id if faulty else None,
        errors=[{"id": f"came-{faulty.registration.id}", "words": fault}] if faulty else [],
        parts=telling.PARTS,
    )
    return page, 422 if faulty else 200


@bp.post("/events/<slug>/half-days/<uuid:half_day_id>/<uuid:registration_id>")
@trainers_only
def enter(slug: str, half_day_id: UUID, registration_id: UUID) -> ResponseReturnValue:
    """Keep one row; the same row sent again is the same marks. Where someone changed it meanwhile nothing is kept."""
    event = staff.staffed_or_404(slug)
    half_day = half_day_or_404(event, half_day_id)
    registration = _on_the_roll_or_404(event, registration_id)
    form, moment = Entry(), now()
    if not form.validate_on_submit():
        return _not_entered(event, half_day, registration, form, next(iter(form.errors.values()))[0], 422)
    truth = correcting.read(form.said, form.came.data or "", form.left.data or "", half_day, event.zone)
    if isinstance(truth, tuple):
        return _not_entered(event, half_day, registration, form, str(WRONG[truth[1]]), 422, truth[0])
    told = _correct(event, half_day, registration, truth, form, moment)
    if told is None:
        words = gettext("Someone changed this row meanwhile. Look at what stands now, and save again.")
        return _not_entered(event, half_day, registration, form, words, 409)
    db.session.commit()
    if _for_a_script():
        return _row(event, half_day, registration) | {
            "saved": gettext("Saved %(time)s", time=clock_in(moment, event.zone))
        }
    here = url_for(
        "roll_pages.grid", slug=slug, half_day_id=half_day.id, reason=form.reason.data, saved=registration.id,
        _anchor=f"row-{registration.id}",
    )  # fmt: skip
    return redirect(here)


def _for_a_script() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _row(event: Event, half_day: HalfDay, registration: Registration) -> dict[str, str]:
    """What a row of the grid holds now, for the script."""
    line = _line(event, half_day, registration, _marks(event, half_day, registration))
    return {
        "words": line.stand.words, "doubts": line.doubts, "sign": line.stand.sign, "kind": line.kind,
        "came": line.came, "left": line.left, "stood": line.stood, "id": str(line.id),
    }  # fmt: skip


def _not_entered(
    event: Event, half_day: HalfDay, registration: Registration, form: Entry, words: str, status: int,
    field: str = "",
) -> ResponseReturnValue:  # fmt: skip
    """Say why a row is not kept, with what was typed still in it."""
    if _for_a_script():
        now_stands = _row(event, half_day, registration) if status == 409 else {}
        return {"error": words, "field": field} | now_stands, status
    line = _line(event, half_day, registration, _marks(event, half_day, registration))
    typed = Line(
        registration, line.stand, line.doubts, form.kind.data or "", form.came.data or "", form.left.data or "",
        line.stood, line.id,
    )  # fmt: skip
    page = _grid_page(event, half_day, typed, words)
    return (page[0], status) if isinstance(page, tuple) else page


def _on_the_roll_or_404(event: Event, registration_id: UUID) -> Registration:
    """Someone on the roll, held against a second writer until the transaction ends."""
    found: Registration = (
        db.session.scalar(
            select(Registration)
            .where(
                Registration.id == registration_id, Registration.event_id == event.id,
                Registration.merged_into_id.is_(None), Registration.state != RegistrationState.CANCELLED,
            )
            .with_for_update(key_share=True)
        )
        or abort(404)
    )  # fmt: skip
    return found


def _marks(event: Event, half_day: HalfDay, registration: Registration) -> list[Mark]:
    return [mark for mark in rolls.marks_of(event, registration) if mark.half_day_id == half_day.id]


def _correct(
    event: Event, half_day: HalfDay, registration: Registration, truth: Truth, form: Entry, moment: datetime
) -> int | None:
    """Add the marks that make the truth stand and say how many; None where the row changed since it was shown."""
    marks = _marks(event, half_day, registration)
    shown: Attendance = attendance(half_day, event.limits, marks)
    steps = correcting.steps(half_day, shown, marks, truth)
    if steps and form.stood.data != correcting.key(marks):
        return None
    for step in steps:
        _say(event, half_day, registration, step, form.reason.data or "", form.id.data or "", moment)
    if steps:
        audit.record(
            "attendance.corrected", current_user.id, event=event.id, registration=str(registration.id),
            half_day=str(half_day.id), marks=len(steps),
        )  # fmt: skip
    return len(steps)


def _say(
    event: Event, half_day: HalfDay, registration: Registration, step: correcting.Step, reason: str, form_id: str,
    moment: datetime,
) -> None:  # fmt: skip
    """One mark by whoever is signed in; its id follows from the form's, so that a form sent twice says it once."""
    try:
        mark_id = uuid5(UUID(form_id), f"{step.kind} {step.at.isoformat()} {step.of}")
    except ValueError:
        abort(400)
    said = receiving.say(
        event, by_id=current_user.id, registration=registration, half_day=half_day, kind=step.kind, at=step.at,
        now=moment, reason=reason, of=step.of, mark_id=mark_id,
    )  # fmt: skip
    if said.outcome is Outcome.REFUSED:
        abort(409)


# --- one person ----------------------------------------------------------------------------------------------


@bp.get("/events/<slug>/people/<uuid:registration_id>")
@trainers_only
def history(slug: str, registration_id: UUID) -> ResponseReturnValue:
    """Everything that was said of someone's half-days, as sentences, and a form to correct it."""
    event = staff.staffed_or_404(slug)
    found: Registration = (
        db.session.scalar(
            select(Registration).where(Registration.id == registration_id, Registration.event_id == event.id)
        )
        or abort(404)
    )  # fmt: skip
    if found.merged_into_id is not None:
        return redirect(url_for("roll_pages.history", slug=slug, registration_id=found.merged_into_id))
    form = Correction(formdata=None, id=str(new_id()), half_day=request.args.get("half_day", ""))
    return _history_page(event, found, form)


def _history_page(
    event: Event, found: Registration, form: Correction, status: int = 200, back: tuple[UUID, str] | None = None
) -> ResponseReturnValue:
    marks = rolls.marks_of(event, found)
    desks = {desk.id: desk.name for desk in db.session.scalars(select(Device).where(Device.event_id == event.id))}
    by_half_day = []
    for half_day in event.half_days:
        here = [mark for mark in marks if mark.half_day_id == half_day.id]
        shown = attendance(half_day, event.limits, here)
        by_half_day.append(
            {
                "half_day": half_day,
                "shown": shown,
                "stand": telling.stand(half_day, shown, event.zone, now()),
                "doubts": telling.doubts(shown),
                "hours": telling.hours(shown.minutes),
                "told": telling.history(half_day, here, found, desks, event.zone),
            }
        )
    form.choose_from(event)
    form.stood.data = correcting.key(marks)
    page = render_template(
        "events/history.html",
        event=event,
        found=found,
        half_days=by_half_day,
        form=form,
        taking_back=back[0] if back else None,
        errors=[{"id": f"back-{back[0]}", "words": back[1]}] if back else [],
        part=telling.PARTS[found.part],
        cancelled=found.state is RegistrationState.CANCELLED,
        merged=db.session.scalars(select(Registration).where(Registration.merged_into_id == found.id)).all(),
    )
    return page, status


@bp.post("/events/<slug>/people/<uuid:registration_id>")
@trainers_only
def correct(slug: str, registration_id: UUID) -> ResponseReturnValue:
    """Say what is true of a half-day: what contradicts it is taken back, what is missing is added."""
    event = staff.staffed_or_404(slug)
    found = _on_the_roll_or_404(event, registration_id)
    form = Correction()
    form.choose_from(event)
    if not form.validate_on_submit():
        return _history_page(event, found, form, status=422)
    half_day = half_day_or_404(event, UUID(form.half_day.data))
    truth = correcting.read(form.said, form.came.data or "", form.left.data or "", half_day, event.zone)
    if isinstance(truth, tuple):
        form[truth[0]].errors = [WRONG[truth[1]]]
        return _history_page(event, found, form, status=422)
    changed_meanwhile = form.stood.data != correcting.key(rolls.marks_of(event, found))
    form.stood.data = "" if changed_meanwhile else correcting.key(_marks(event, half_day, found))
    told = _correct(event, half_day, found, truth, form, now())
    if told is None:
        form.form_errors = [gettext("Someone changed this meanwhile. Look at what stands now, and send it again.")]
        return _history_page(event, found, form, status=409)
    db.session.commit()
    flash(gettext("The half-day is corrected.") if told else gettext("That stood already: nothing was added."))
    return redirect(url_for("roll_pages.history", slug=slug, registration_id=found.id))


@bp.post("/events/<slug>/people/<uuid:registration_id>/marks/<uuid:mark_id>/back")
@trainers_only
def take_back(slug: str, registration_id: UUID, mark_id: UUID) -> ResponseReturnValue:
    """Take one mark back; it stays in the history with who took it back and why."""
    event = staff.staffed_or_404(slug)
    found = _on_the_roll_or_404(event, registration_id)
    marks = rolls.marks_of(event, found)
    mark = next((one for one in marks if one.id == mark_id and one.kind is not MarkKind.UNDO), None) or abort(404)
    form = TakeBack()
    if not form.validate_on_submit():
        words = str(next(iter(form.errors.values()))[0])
        return _history_page(event, found, Correction(formdata=None, id=str(new_id())), 422, (mark.id, words))
    if not any(one.undoes_id == mark.id for one in marks):
        half_day, moment = half_day_or_404(event, mark.half_day_id), now()
        step = correcting.Step(MarkKind.UNDO, mark.at, mark.id)
        _say(event, half_day, found, step, form.reason.data or "", str(mark.id), moment)
        audit.record(
            "attendance.taken_back", current_user.id, event=event.id, registration=str(found.id), mark=str(mark.id)
        )
        db.session.commit()
    flash(gettext("The mark is taken back. To say it again, correct the half-day."))
    return redirect(url_for("roll_pages.history", slug=slug, registration_id=found.id))
