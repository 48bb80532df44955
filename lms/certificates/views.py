"""A holder's own certificates: what there is, what is due, the name as printed, the file."""

from flask import Blueprint, Flask
from flask.typing import ResponseReturnValue

from lms.certificates import models

bp = Blueprint("certificates", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.get("/certificates/")
def mine() -> ResponseReturnValue:
    """What there is, what is due, and what is missing for the rest."""
    raise NotImplementedError(models)
