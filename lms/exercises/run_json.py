"""What consoles, screens and players' devices get and send while a run goes on, as JSON; and the way in by a code."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated
from uuid import UUID

import msgspec
from flask import Blueprint, Flask, Response, abort, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from flask_wtf import CSRFProtect
from msgspec import Meta, Struct
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from lms.accounts.access import public, trainers_only
from lms.accounts.models import Profession
from lms.clock import now
from lms.database import db, reads, writes
from lms.events.checkin import typed
from lms.exercises import (
    conducting,
    joining,
    player_pages,
    players,
    responding,
    retention,  # noqa: F401 - at night
    showing,
    staff,
    thinking,
)
from lms.exercises.joining import NotSo
from lms.exercises.lookers import JOIN_FIRST, looker
from lms.exercises.models import Player, Run
from lms.exercises.parts import MoveKind, Outcome, Why
from lms.exercises.reasons import (
    ANSWERS,
    DOOR,
    FIELDS_OF_ANSWERS,
    FIELDS_OF_DOOR,
    FIELDS_OF_MOVES,
    FIELDS_OF_THOUGHTS,
    MOVES,
    THOUGHTS,
)
from lms.exercises.responding import Fate, Sent
from lms.exercises.standing import Asked
from lms.exercises.thinking import Unfit
from lms.exercises.thoughts import About
from lms.rates import missed, refuse_guessing

bp = Blueprint("runs", __name__)
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
SEEN_EVERY = timedelta(minutes=1)
# A move that comes too late or too early may be right at another moment; any other is wrong as it is.
CONFLICTS = {
    Why.MOVED_ON, Why.NOT_STARTED, Why.PAUSED, Why.ENDED, Why.NOTHING_LEFT, Why.NOBODY, Why.IS_SENT, Why.NOT_SENT,
    Why.NOT_ASKED, Why.IS_OPEN, Why.IS_REVEALED, Why.OTHER_CONTENT,
}  # fmt: skip


class Joining(Struct, frozen=True):
    """What is sent to join; `key` is the one that a page offers a browser which has none."""

    code: Annotated[str, Meta(max_length=40)] = ""
    name: Annotated[str, Meta(max_length=1000)] = ""
    profession: Annotated[str, Meta(max_length=40)] = ""
    key: Annotated[str, Meta(max_length=players.KEY_LENGTH)] = ""


class Seat(Struct, frozen=True):
    """Where a player wants to sit."""

    team: Annotated[str, Meta(max_length=200)]
    role: Annotated[str, Meta(max_length=200)] = ""


class Seating(Struct, frozen=True):
    """Where a trainer puts a player, or that everybody is dealt out."""

    player: UUID | None = None
    team: Annotated[str, Meta(max_length=200)] = ""
    role: Annotated[str, Meta(max_length=200)] = ""
    deal: bool = False


class Thinking(Struct, frozen=True):
    """A thought after the exercise."""

    about: About
    words: str = ""


def init_app(app: Flask) -> None:
    conducting.init_app(app)
    showing.init_app(app)
    app.register_blueprint(bp)
    csrf: CSRFProtect = app.extensions["csrf"]
    for view in (join, answers, seat, recorder, thoughts):
        csrf.exempt(view)  # a player may have no session that could hold a token; see `players.from_elsewhere`


def _refused(words: object, status: int, field: str = "", **more: object) -> ResponseReturnValue:
    return {"error": str(words)} | ({"field": field} if field else {}) | more, status


def _unreadable(problem: Exception) -> ResponseReturnValue:
    return _refused(gettext("This cannot be read: %(why)s", why=str(problem)[:200]), 422)


# --- what is shown


@bp.get("/runs/<uuid:run_id>/state")
@public
def state(run_id: UUID) -> ResponseReturnValue:
    """The run as it is for whoever asks: its trainers, the screen (`as=screen`, perhaps with `key`), or a player."""
    who = looker(run_id)
    if who is None:
        return _refused(JOIN_FIRST, 401, "code")
    moment = now()
    if isinstance(who.sees, Run):
        show = showing.on_screen if who.audience == "screen" else showing.to_trainer
        return _sent(show(who.sees, moment))
    answer = _sent(showing.to_player(who.sees, moment))
    if moment - who.sees.seen_at >= SEEN_EVERY:
        _note_seen(who.sees.id, moment)
    return answer


def _sent(snapshot: Struct) -> Response:
    """A snapshot with its ETag, or 304 for whoever has it."""
    body = msgspec.json.encode(snapshot)
    etag = f"{snapshot.version}-{sha256(body).hexdigest()[:16]}"  # type: ignore[attr-defined]
    if request.method in ("GET", "HEAD") and request.if_none_match.contains(etag):
        return Response(status=304, headers={"ETag": f'"{etag}"'})
    return Response(body, headers={"ETag": f'"{etag}"'}, mimetype="application/json")


def _note_seen(player_id: UUID, moment: datetime) -> None:
    """Note that a player's device is alive, in a transaction of its own; what cannot be noted is noted next time."""
    writes()
    try:
        db.session.execute(update(Player).where(Player.id == player_id).values(seen_at=moment))
        db.session.commit()
    except OperationalError:
        db.session.rollback()
    reads()


# --- what trainers do


@bp.post("/runs/<uuid:run_id>/moves")
@trainers_only
def moves(run_id: UUID) -> ResponseReturnValue:
    """Make a move; the same again is the same, and gets what has become of it."""
    run = staff.conducted_or_404(run_id)
    try:
        asked = msgspec.json.decode(request.get_data(), type=Asked)
    except UNREADABLE as problem:
        return _unreadable(problem)
    moment = now()
    _state, verdict = conducting.move(run, asked, current_user.id, moment)
    if asked.move is MoveKind.END and verdict.outcome is Outcome.DONE:
        staff.note(run, "run.ended")
    db.session.commit()
    showing.changed(run.id)
    if verdict.why is not None:
        status = 409 if verdict.why in CONFLICTS else 422
        return _refused(MOVES[verdict.why], status, FIELDS_OF_MOVES.get(verdict.why, ""), why=verdict.why)
    reads()
    return _sent(showing.to_trainer(run, moment, verdict.outcome))


@bp.post("/runs/<uuid:run_id>/seats")
@trainers_only
def seats(run_id: UUID) -> ResponseReturnValue:
    """Put someone into a team and a role, or mix everybody over the teams."""
    run = staff.conducted_or_404(run_id)
    try:
        wanted = msgspec.json.decode(request.get_data(), type=Seating)
    except UNREADABLE as problem:
        return _unreadable(problem)
    if wanted.player is None and not wanted.deal:
        return _refused(gettext("Say who is to sit where."), 422, "player")
    moment = now()
    wrong = (
        joining.seat(run, wanted.player, wanted.team, wanted.role) if wanted.player is not None else joining.deal(run)
    )
    if wrong is not None:
        return _refused(DOOR[wrong], 422, FIELDS_OF_DOOR[wrong])
    db.session.commit()
    showing.changed(run.id)
    reads()
    return _sent(showing.to_trainer(run, moment))


# --- what players do


@bp.post("/join")
@public
def join() -> ResponseReturnValue:
    """Take part with a code: this browser gets a key that opens this run and nothing else."""
    if players.from_elsewhere():
        abort(403)
    refuse_guessing()
    try:
        wanted = msgspec.json.decode(request.get_data(), type=Joining) if request.is_json else _from_form()
    except UNREADABLE as problem:
        return _unreadable(problem)
    code = typed(wanted.code)
    run = joining.open_by_code(code)
    if run is None:
        missed()
        if joining.over_by_code(code):
            return _not_in(NotSo.ENDED, 410)
        words = gettext("No exercise has this code now. Look at the screen and type its six signs.")
        return _shut(words, 404, "code")
    profession = wanted.profession or (current_user.profession if current_user.is_authenticated else "")
    if profession not in ("", *Profession):
        return _not_in(NotSo.UNKNOWN_PROFESSION, 422)
    key = joining.own_key(run.id, players.own_or_offered(wanted.key), players.person_id())
    player = joining.join(
        run, key, now(), person_id=players.person_id(), name=wanted.name or players.own_name(),
        profession=Profession(profession) if profession else None,
    )  # fmt: skip
    if isinstance(player, NotSo):
        return _not_in(player, 409 if player in (NotSo.FULL, NotSo.ENDED) else 422)
    db.session.commit()
    showing.stirred(run.id)
    answer = make_response(
        {"run": str(run.id), "player": str(player.id), "title": run.title}
        if request.is_json
        else redirect(url_for("playing.play", code=run.code), 303)
    )
    players.give_key(answer, key)
    return answer


def _from_form() -> Joining:
    """What a form says, however long it is: why that is not taken, its page says."""
    return Joining(*(request.form.get(name, "") for name in Joining.__struct_fields__))


def _not_in(why: NotSo, status: int) -> ResponseReturnValue:
    return _shut(str(DOOR[why]), status, FIELDS_OF_DOOR[why])


def _shut(words: str, status: int, field: str) -> ResponseReturnValue:
    """Why someone does not get in: for a program, or on a page."""
    if request.is_json:
        return _refused(words, status, field)
    return player_pages.ask_again(words, status, field)


def _players_own(run_id: UUID) -> Player | ResponseReturnValue:
    """The player who sends this, or what to answer where it is none."""
    if players.from_elsewhere():
        abort(403)
    return players.player(run_id) or _refused(JOIN_FIRST, 401, "code")


@bp.post("/runs/<uuid:run_id>/answers")
@public
def answers(run_id: UUID) -> ResponseReturnValue:
    """Keep an answer under its sender's id: sent twice, it is the same row."""
    player = _players_own(run_id)
    if not isinstance(player, Player):
        return player
    try:
        sent = msgspec.json.decode(request.get_data(), type=Sent)
    except UNREADABLE as problem:
        return _unreadable(problem)
    moment = now()
    taken = responding.answer(player, sent, moment)
    db.session.commit()
    showing.stirred(run_id)
    reads()
    said: dict[str, object] = {"outcome": taken.fate, "version": showing.live(run_id, moment).gathered.room.version}
    if taken.why is not None:
        field = FIELDS_OF_ANSWERS.get(taken.why, "answer" if taken.fate is Fate.REFUSED else "task")
        said |= {"error": str(ANSWERS[taken.why]), "field": field, "why": taken.why}
    return said


@bp.post("/runs/<uuid:run_id>/seat")
@public
def seat(run_id: UUID) -> ResponseReturnValue:
    """Take a team and a role."""
    player = _players_own(run_id)
    if not isinstance(player, Player):
        return player
    try:
        wanted = msgspec.json.decode(request.get_data(), type=Seat)
    except UNREADABLE as problem:
        return _unreadable(problem)
    wrong = joining.choose_seat(player, wanted.team, wanted.role)
    if wrong is not None:
        return _refused(DOOR[wrong], 409, FIELDS_OF_DOOR[wrong])
    return _as_it_is_now(player)


@bp.post("/runs/<uuid:run_id>/recorder")
@public
def recorder(run_id: UUID) -> ResponseReturnValue:
    """Take over writing down what one's team decides."""
    player = _players_own(run_id)
    if not isinstance(player, Player):
        return player
    wrong = responding.take_over(player)
    if wrong is not None:
        return _refused(ANSWERS[wrong], 409, "team")
    return _as_it_is_now(player)


def _as_it_is_now(player: Player) -> Response:
    """Commit, and show the player the run as it is."""
    db.session.commit()
    showing.changed(player.run_id)
    reads()
    return _sent(showing.to_player(player, now()))


@bp.post("/runs/<uuid:run_id>/thoughts")
@public
def thoughts(run_id: UUID) -> ResponseReturnValue:
    """Keep a thought of the hot wash, of which nothing says whose it is or when it came."""
    player = _players_own(run_id)
    if not isinstance(player, Player):
        return player
    try:
        sent = msgspec.json.decode(request.get_data(), type=Thinking)
    except UNREADABLE as problem:
        return _unreadable(problem)
    unfit = thinking.take(player, sent.about, sent.words)
    if unfit is not None:
        status = 409 if unfit in (Unfit.NOT_IN, Unfit.TOO_EARLY, Unfit.ENOUGH) else 422
        return _refused(THOUGHTS[unfit], status, FIELDS_OF_THOUGHTS[unfit])
    db.session.commit()
    return {"outcome": Fate.STORED}
