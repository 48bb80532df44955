"""What those who take part see of events: the list, one event, its calendar file, their badge, checking in alone."""

from flask import Blueprint, Flask, render_template
from flask.typing import ResponseReturnValue

from lms.events import staff

bp = Blueprint("events", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.get("/events/")
def events() -> ResponseReturnValue:
    """Every event there is."""
    return render_template("events/events.html", mine=staff.staffed())
