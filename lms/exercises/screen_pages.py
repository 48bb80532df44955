"""The big screen: the page on which a whole room sees what was sent to all, asked of all and shown to all."""

import secrets
from uuid import UUID

from flask import Blueprint, Flask, abort, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from lms.accounts.access import public
from lms.accounts.forms import PROFESSIONS
from lms.database import db
from lms.exercises import staff
from lms.exercises.conducting import exercise_of
from lms.exercises.models import Run
from lms.pdf import qr
from lms.settings import Settings

bp = Blueprint("screens", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.get("/runs/<uuid:run_id>/screen")
@public
def screen(run_id: UUID) -> ResponseReturnValue:
    """The screen for its trainers, or with `key` on a machine where nobody is signed in; it fills itself as JSON says.

    It shows where to join, which is meant for everybody, and no name of anyone.
    """
    run = _screened_or_404(run_id)
    way_in = joining_address(run)
    return render_template(
        "exercises/screen.html",
        run=run,
        key=request.args.get("key", ""),
        address=way_in.partition("://")[2].removesuffix(f"/{run.code}"),
        picture=qr(way_in, gettext("QR code of the address for joining with the code %(code)s", code=run.code)),
        teams={team.id: team.title for team in exercise_of(run.id).teams},
        professions=PROFESSIONS,
    )


def _screened_or_404(run_id: UUID) -> Run:
    """A run for its screen: by the screen's own key, which opens nothing else, or for its trainers."""
    run = db.session.get(Run, run_id) or abort(404)
    if secrets.compare_digest(request.args.get("key", "").encode(), run.screen_key.encode()):
        return run
    return staff.conducted_or_404(run_id)


def joining_address(run: Run) -> str:
    """The whole address with which a phone joins a run."""
    return whole(url_for("playing.play", code=run.code))


def whole(path: str) -> str:
    """An address as it is given to others: with the name by which the site is known."""
    settings: Settings = current_app.extensions["settings"]
    return (settings.public_url or request.url_root.rstrip("/")) + path
