"""What people may know: the privacy notice and the accessibility statement."""

from flask import Blueprint, Flask, current_app, render_template
from flask.typing import ResponseReturnValue

from lms.accounts.access import public

bp = Blueprint("privacy", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.get("/privacy")
@public
def privacy() -> ResponseReturnValue:
    """Who keeps what, why and how long, and what you may ask."""
    return render_template("privacy/privacy.html", settings=current_app.extensions["settings"])


@bp.get("/accessibility")
@public
def accessibility() -> ResponseReturnValue:
    """How far everyone can use the site, and whom to tell where not."""
    return render_template("privacy/accessibility.html")
