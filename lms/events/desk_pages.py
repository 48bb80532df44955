"""The check-in desk's own pages: the desk, the kiosk of a paired device, pairing and revoking."""

from flask import Blueprint, Flask

bp = Blueprint("desk_pages", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
