"""The roll of a half-day: the grid for a whole half-day, one person's history, corrections."""

from flask import Blueprint, Flask

bp = Blueprint("roll_pages", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
