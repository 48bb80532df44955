"""What a player opens: the way in by a code, and the exercise as it goes on for them, with or without scripts."""

from flask import Blueprint, Flask, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy import select

from lms.accounts.access import public
from lms.accounts.forms import PROFESSIONS
from lms.accounts.models import Profession
from lms.clock import now
from lms.database import db
from lms.events.checkin import typed
from lms.exercises import joining, players, showing
from lms.exercises.conducting import exercise_of
from lms.exercises.joining import NotSo
from lms.exercises.models import NAME, Player, Run
from lms.exercises.reasons import DOOR
from lms.rates import missed, refuse_guessing
from lms.settings import Settings

bp = Blueprint("playing", __name__)
LONGEST_CODE = 40


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


# --- the way in


@bp.get("/join")
@public
def join() -> ResponseReturnValue:
    """Where a code is typed."""
    return _form(None, request.args.get("code", ""))


@bp.get("/join/<code>")
@public
def play(code: str) -> ResponseReturnValue:
    """The exercise, for who is in it; for others the way in, with the code filled in."""
    refuse_guessing()
    run, player = _mine(typed(code))
    if run is not None and player is not None:
        return _page(run, player)
    run = joining.open_by_code(typed(code))
    if run is not None:
        return _form(run, run.code)
    missed()
    if joining.over_by_code(typed(code)):
        return _form(None, code, words=str(DOOR[NotSo.ENDED]), field="code"), 410
    words = gettext("No exercise has this code now. Look at the screen and type its six signs.")
    return _form(None, code, words=words, field="code"), 404


def ask_again(words: str, status: int, field: str) -> ResponseReturnValue:
    """The form once more, with what was typed, for someone whom it did not let in."""
    sent = request.form
    run = joining.open_by_code(typed(sent.get("code", "")))
    page = _form(run, sent.get("code", ""), sent.get("name", ""), sent.get("profession", ""), words, field)
    return page, status


def _form(
    run: Run | None, code: str, name: str = "", profession: str = "", words: str = "", field: str = ""
) -> str:  # fmt: skip
    return render_template(
        "exercises/join.html",
        run=run,
        exercise=exercise_of(run.id) if run else None,
        code=_in_threes(code),
        name=name[: 2 * NAME],
        profession=profession,
        professions=[(one.value, PROFESSIONS[one]) for one in Profession],
        own_profession=PROFESSIONS[current_user.profession] if current_user.is_authenticated else "",
        longest=NAME,
        errors=[{"id": field, "words": words}] if words else [],
        exit_url=_settings().quick_exit_url,
    )


def _in_threes(code: str) -> str:
    """A code as it stands on the screen; what cannot be one, as it was typed."""
    signs = typed(code)
    return f"{signs[:3]} {signs[3:]}" if len(signs) == 6 else code[:LONGEST_CODE]


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


# --- inside


def _mine(code: str) -> tuple[Run | None, Player | None]:
    """The run under this code in which this browser plays, the open one first; a code may have been used before."""
    runs = select(Run).where(Run.code == code).order_by(Run.ended_at.is_not(None), Run.opened_at.desc()).limit(5)
    for run in db.session.scalars(runs):
        player = joining.player_of(run.id, players.key(), players.person_id())
        if player is not None:
            return run, player
    return None, None


def _page(run: Run, player: Player) -> str:
    seen = showing.to_player(player, now())
    return render_template(
        "exercises/play.html",
        run=run,
        exercise=exercise_of(run.id),
        seen=seen,
        exit_url=_settings().quick_exit_url,
    )
