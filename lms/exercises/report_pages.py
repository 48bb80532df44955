"""A run's own page for its trainers: while it goes on the ways to it, afterwards what is left of it, and its report."""

from collections.abc import Iterable
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select

from lms import pdf
from lms.accounts.access import trainers_only
from lms.clock import now
from lms.database import db, reads, writes
from lms.events.models import Event
from lms.exercises import conducting, report_files, staff
from lms.exercises.conducting import state_of
from lms.exercises.lesson_forms import LessonForm
from lms.exercises.looking_back import lessons_of, looked_back
from lms.exercises.models import LessonLearned, Run
from lms.exercises.parts import Phase
from lms.exercises.report_files import MIMETYPES, Setting
from lms.exercises.report_words import THOUGHTS
from lms.exercises.screen_pages import joining_address, whole
from lms.exercises.standing import State
from lms.pages import error
from lms.settings import Settings

bp = Blueprint("aftermath", __name__)
MOST_LESSONS = 40  # of a run


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.get("/runs/<uuid:run_id>")
@trainers_only
def run(run_id: UUID) -> ResponseReturnValue:
    """Where a run stands, what was learned, and when it is erased."""
    return _page(staff.conducted_or_404(run_id), LessonForm())


def _page(run: Run, form: LessonForm) -> str:
    settings: Settings = current_app.extensions["settings"]
    event = db.session.get(Event, run.event_id) if run.event_id else None
    state = state_of(run.id)
    over = state.phase is Phase.ENDED
    return render_template(
        "exercises/over.html",
        run=run,
        event=event,
        zone=event.zone if event else ZoneInfo(settings.timezone),
        state=state,
        over=over,
        looking_back=_looking_back(state),
        report=looked_back(run) if over else None,
        lessons=lessons_of(run),
        thoughts=THOUGHTS,
        erased_on=run.ended_at + settings.keep_runs if run.ended_at else None,
        address=joining_address(run),
        screen_address=whole(url_for("screens.screen", run_id=run.id, key=run.screen_key)),
        form=form,
    )


def _looking_back(state: State) -> bool:
    """Whether lessons may be written down: from the debrief on."""
    return state.debrief is not None or state.phase is Phase.ENDED


# --- lessons


@bp.post("/runs/<uuid:run_id>/lessons")
@trainers_only
def add_lesson(run_id: UUID) -> ResponseReturnValue:
    """Write down one more lesson."""
    run = staff.conducted_or_404(run_id)
    form = LessonForm()
    if not form.validate():
        return _page(run, form)
    run = conducting.held(run.id)
    if not _looking_back(state_of(run.id)):
        return error(
            409, gettext("Not yet"), gettext("Lessons are written down once you look back. Begin the debrief.")
        )
    kept = lessons_of(run)
    if len(kept) >= MOST_LESSONS:
        words = gettext("There are forty lessons. Remove one first, then add this.")
        return error(409, gettext("Enough lessons"), words)
    last = max((one.number for one in kept), default=0)
    lesson = LessonLearned(id=uuid4(), run_id=run.id, number=last + 1)
    form.fill(lesson)
    db.session.add(lesson)
    staff.note(run, "run.lesson.added")
    db.session.commit()
    flash(gettext("Written down."))
    return redirect(url_for("aftermath.run", run_id=run_id, _anchor="lessons"))


@bp.get("/runs/<uuid:run_id>/lessons/<uuid:lesson_id>")
@trainers_only
def lesson(run_id: UUID, lesson_id: UUID) -> ResponseReturnValue:
    """A lesson to be changed or removed."""
    run = staff.conducted_or_404(run_id)
    found = _lesson_or_404(run, lesson_id)
    return render_template("exercises/lesson.html", run=run, lesson=found, form=LessonForm(obj=found))


@bp.post("/runs/<uuid:run_id>/lessons/<uuid:lesson_id>")
@trainers_only
def change_lesson(run_id: UUID, lesson_id: UUID) -> ResponseReturnValue:
    """Change or remove a lesson."""
    run = staff.conducted_or_404(run_id)
    found = _lesson_or_404(run, lesson_id)
    if "remove" in request.form:
        db.session.delete(found)
        words = gettext("Removed.")
    else:
        form = LessonForm()
        if not form.validate():
            return render_template("exercises/lesson.html", run=run, lesson=found, form=form)
        form.fill(found)
        words = gettext("Changed.")
    staff.note(run, "run.lesson.changed")
    db.session.commit()
    flash(words)
    return redirect(url_for("aftermath.run", run_id=run_id, _anchor="lessons"))


def _lesson_or_404(run: Run, lesson_id: UUID) -> LessonLearned:
    mine = select(LessonLearned).where(LessonLearned.run_id == run.id, LessonLearned.id == lesson_id)
    return db.session.scalar(mine) or abort(404)


# --- the report


@bp.get("/runs/<uuid:run_id>/report.pdf")
@trainers_only
def report_pdf(run_id: UUID) -> ResponseReturnValue:
    """The after-action report on paper."""
    return _report(run_id, "pdf")


@bp.get("/runs/<uuid:run_id>/report.xlsx")
@trainers_only
def report_xlsx(run_id: UUID) -> ResponseReturnValue:
    """The after-action report as a workbook."""
    return _report(run_id, "xlsx")


def _report(run_id: UUID, kind: str) -> ResponseReturnValue:
    """The report of a run that is over, as a file; that it was fetched is noted first."""
    run = staff.conducted_or_404(run_id)
    if run.ended_at is None:
        words = gettext("The report is made when the exercise is over. End it at the console first.")
        return error(409, gettext("Not over yet"), words)
    setting, report = _setting(run), looked_back(run)
    db.session.commit()
    writes()
    staff.note(run, "run.report.downloaded", format=kind)
    db.session.commit()
    reads()
    content: Iterable[bytes]
    try:
        content = [report_files.as_pdf(report, setting)] if kind == "pdf" else report_files.as_xlsx(report, setting)
    except pdf.Failed as failed:
        return error(503, gettext("The PDF could not be made"), str(failed))
    answer = Response(content, mimetype=MIMETYPES[kind])
    answer.headers["Cache-Control"] = "no-store"
    answer.headers.set("Content-Disposition", "attachment", filename=report_files.name(report, setting, kind))
    return answer


def _setting(run: Run) -> Setting:
    settings: Settings = current_app.extensions["settings"]
    event = db.session.get(Event, run.event_id) if run.event_id else None
    return Setting(
        title=run.title,
        name=run.exercise,
        place=", ".join(filter(None, (event.title, event.venue, event.city))) if event else "",
        rehearsal=run.rehearsal,
        zone=event.zone if event else ZoneInfo(settings.timezone),
        made_at=now(),
    )
