"""What organisers see over whole events: attendance, and its downloads."""

from flask import Blueprint, Flask
from flask.typing import ResponseReturnValue

from lms.accounts.access import trainers_only

bp = Blueprint("desk", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.get("/desk/attendance/<slug>")
@trainers_only
def attendance(slug: str) -> ResponseReturnValue:
    """TODO."""
    return slug
