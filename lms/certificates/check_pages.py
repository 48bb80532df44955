"""Whether a certificate is what it says it is: for anyone, by its number, its QR code or its file."""

from flask import Blueprint, Flask
from flask.typing import ResponseReturnValue

from lms.accounts.access import public

bp = Blueprint("check", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.get("/check/")
@public
def check() -> ResponseReturnValue:
    """Where a number is typed or a file is dropped."""
    raise NotImplementedError
