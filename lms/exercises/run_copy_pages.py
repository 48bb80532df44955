"""A run as a file: taken from the laptop that served the room, brought to the main installation."""

from uuid import UUID

from flask import Blueprint, Flask, render_template
from flask.typing import ResponseReturnValue

from lms.accounts.access import trainers_only
from lms.exercises import staff

bp = Blueprint("run_copies", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.get("/runs/<uuid:run_id>/copy")
@trainers_only
def copy(run_id: UUID) -> ResponseReturnValue:
    """How a run travels, and the way to take its file."""
    return render_template("exercises/copy.html", run=staff.conducted_or_404(run_id))
