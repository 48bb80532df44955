"""A run's own page for its trainers: while it goes on the ways to it, afterwards what is left of it."""

from uuid import UUID

from flask import Blueprint, Flask, render_template
from flask.typing import ResponseReturnValue

from lms.accounts.access import trainers_only
from lms.exercises import staff

bp = Blueprint("aftermath", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.get("/runs/<uuid:run_id>")
@trainers_only
def run(run_id: UUID) -> ResponseReturnValue:
    """The page of a run."""
    return render_template("exercises/over.html", run=staff.conducted_or_404(run_id))


@bp.get("/runs/<uuid:run_id>/report.pdf")
@trainers_only
def report_pdf(run_id: UUID) -> ResponseReturnValue:
    """The after-action report on paper."""
    return render_template("exercises/over.html", run=staff.conducted_or_404(run_id))


@bp.get("/runs/<uuid:run_id>/report.xlsx")
@trainers_only
def report_xlsx(run_id: UUID) -> ResponseReturnValue:
    """The after-action report as a workbook."""
    return render_template("exercises/over.html", run=staff.conducted_or_404(run_id))
