"""Signature sheets, their signed scans, what they say of each, and differences from the marks."""

from flask import Blueprint, Flask

bp = Blueprint("paper_pages", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
