"""What desks and other programs send and get: the roster, marks, pairing."""

from flask import Blueprint, Flask

bp = Blueprint("desk_json", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
