"""As what someone looks at a run: as one of its trainers, as the screen, or as a player; what is not theirs is 404."""

import secrets
from uuid import UUID

from flask import abort, request
from flask_babel import lazy_gettext as _
from msgspec import Struct

from lms.exercises import players, staff
from lms.exercises.models import Player, Run

JOIN_FIRST = _("This browser is not in the exercise. Join it with the code on the screen.")


class Looker(Struct, frozen=True):
    """Who looks: a player, or someone who sees the run; `by_key`: it was the screen's own key that opened."""

    audience: str
    sees: Run | Player
    by_key: bool = False


def looker(run_id: UUID) -> Looker | None:
    """Who is asking, as the address says (`as=`, for a screen perhaps with `key=`); None: they are to join first."""
    wanted = request.args.get("as", "")
    if wanted == "screen":
        return _screen_or_404(run_id)
    run = staff.conducts(run_id) if wanted in ("", "trainer") else None
    if run is not None:
        return Looker("trainer", run)
    player = players.player(run_id) if wanted in ("", "player") else abort(404)
    return Looker("player", player) if player is not None else None


def _screen_or_404(run_id: UUID) -> Looker:
    """A run for the screen: by its own key, which shows nothing else, or for its trainers."""
    run = players.run_or_404(run_id)
    if secrets.compare_digest(request.args.get("key", "").encode(), run.screen_key.encode()):
        return Looker("screen", run, by_key=True)
    return Looker("screen", staff.conducted_or_404(run_id))
