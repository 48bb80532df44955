"""Importing a list of people: chosen, shown what it would do, carried out."""

from flask import Blueprint, Flask

bp = Blueprint("imports", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.get("/events/<slug>/registrations/import")
def choose(slug: str) -> str:
    return slug
