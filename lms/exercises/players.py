"""Whose browser this is: the player behind a request, by their account or by the key in a cookie.

A player may have no session at all, so what players send is not guarded by a form's token but by where it comes from.
"""

from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

from flask import Response, abort, request
from flask_login import current_user

from lms.database import db
from lms.exercises import joining
from lms.exercises.models import NAME, Player, Run

KEY_LENGTH = 43
COOKIE_DAYS = 7


def from_elsewhere() -> bool:
    """Whether a browser says that another site's page sent this."""
    told = request.headers.get("Sec-Fetch-Site")
    if told is not None:
        return told not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    try:
        return origin is not None and urlsplit(origin).netloc != request.host
    except ValueError:
        return True


def cookie() -> str:
    """The name of a player's cookie; over https no other host and no plain page can have set it."""
    return "__Host-player" if request.is_secure else "player"


def key() -> str:
    """The key this browser plays with, if it has one of ours."""
    return _one_of_ours(request.cookies.get(cookie(), ""))


def own_or_offered(offered: str) -> str:
    """The key this browser has, else the one its page offered: so that a form sent twice lets one player in."""
    return key() or _one_of_ours(offered)


def _one_of_ours(sent: str) -> str:
    return sent if len(sent) == KEY_LENGTH and sent.isascii() else ""


def give_key(answer: Response, given: str) -> None:
    """Let this browser keep a key that opens a run and nothing else."""
    days = timedelta(days=COOKIE_DAYS)
    answer.set_cookie(cookie(), given, max_age=days, secure=request.is_secure, httponly=True, samesite="Lax")


def person_id() -> int | None:
    """The account of whoever asks, if they are signed in."""
    return current_user.id if current_user.is_authenticated else None


def own_name() -> str:
    """What trainers are told of someone who is signed in and gave no other name; nothing where it cannot be shown."""
    if not current_user.is_authenticated:
        return ""
    name = "".join(sign for sign in " ".join(current_user.name.split()) if sign.isprintable())[:NAME].strip()
    return name if any(sign.isalpha() for sign in name) else ""


def run_or_404(run_id: UUID) -> Run:
    return db.session.get(Run, run_id) or abort(404)


def player(run_id: UUID) -> Player | None:
    """The player who asks; None where this run knows them not, 404 where there is no run."""
    found = joining.player_of(run_id, key(), person_id())
    if found is None:
        run_or_404(run_id)
    return found
