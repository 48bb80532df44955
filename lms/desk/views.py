"""What organisers look at and download: the attendance of an event."""

from flask import Blueprint, Flask

bp = Blueprint("desk", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
