"""What happens with a mistake someone found: reported by a reader, settled by an organiser."""

from flask import Blueprint, Flask, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy import select

from lms import audit
from lms.accounts.access import organisers_only
from lms.clock import now
from lms.content.library import module_or_404
from lms.content.material import Module
from lms.database import db
from lms.reports import forms
from lms.reports.models import Report

bp = Blueprint("reports", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.route("/report/<slug>/<lesson_id>", methods=["GET", "POST"])
def lesson(slug: str, lesson_id: str) -> ResponseReturnValue:
    """Report a mistake in a lesson."""
    module = module_or_404(slug)
    found = module.lesson(lesson_id) or abort(404)
    back = url_for("lessons.lesson", slug=slug, lesson_id=lesson_id)
    return _report(module, f"{slug}/{lesson_id}", found.title, found.locale, back)


@bp.route("/report/<slug>/quiz/<question_id>", methods=["GET", "POST"])
def question(slug: str, question_id: str) -> ResponseReturnValue:
    """Report a mistake in a question."""
    module = module_or_404(slug)
    found = next((one for one in module.quiz.questions if one.id == question_id), None) or abort(404)
    back = url_for("quizzes.begin", slug=slug)
    return _report(module, f"{slug}/quiz/{question_id}", found.text, module.quiz.locale, back)


def _report(module: Module, about: str, title: str, language: str, back: str) -> ResponseReturnValue:
    form = forms.Report()
    if not form.validate_on_submit():
        page = render_template(
            "reports/report.html", form=form, topic=module, about=title, language=language, back=back
        )
        return page, 422 if form.is_submitted() else 200
    db.session.add(Report(person_id=current_user.id, about=about, words=form.words.data, reported_at=now()))
    db.session.commit()
    flash(gettext("Thank you: the organisers will look at it."))
    return redirect(back)


@bp.get("/desk/reports")
@organisers_only
def reports() -> ResponseReturnValue:
    """What readers found, the open ones first."""
    found = db.session.scalars(
        select(Report).order_by(Report.settled_at.is_not(None), Report.id.desc()).limit(500)
    ).all()
    return render_template("reports/reports.html", reports=found)


@bp.post("/desk/reports/<int:report_id>/settle")
@organisers_only
def settle(report_id: int) -> ResponseReturnValue:
    """Note that a report is settled."""
    found = db.session.get(Report, report_id) or abort(404)
    if found.settled_at is None:
        found.settled_at = now()
        audit.record("report.settled", current_user.id, report=found.id)
        db.session.commit()
    return redirect(url_for("reports.reports"))
