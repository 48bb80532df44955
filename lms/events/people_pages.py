"""What organisers do with an event: its facts, who is registered, appointed, imported, merged."""

from flask import Blueprint, Flask

bp = Blueprint("people_pages", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
