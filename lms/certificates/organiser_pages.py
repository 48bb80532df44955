"""Who is due a paper and who is not, papers in batches, superseding and revoking: for organisers."""

from flask import Blueprint, Flask

bp = Blueprint("issuing", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
