"""What a player opens: the way in by a code, and the exercise as it goes on for them, with or without scripts."""

from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, abort, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_login import current_user
from flask_wtf import CSRFProtect
from msgspec import Struct
from sqlalchemy import select

from lms.accounts.access import public
from lms.accounts.forms import PROFESSIONS
from lms.accounts.models import Profession
from lms.clock import now
from lms.content.exercises import AnyTask, Decision, Order, PollMultiple
from lms.database import db, reads
from lms.events.checkin import typed
from lms.events.models import Event
from lms.exercises import joining, players, responding, showing, thinking
from lms.exercises.audiences import Snapshot
from lms.exercises.conducting import exercise_of
from lms.exercises.joining import NotSo
from lms.exercises.models import NAME, Player, Run
from lms.exercises.parts import Admission, Phase
from lms.exercises.reasons import ANSWERS, DOOR, FIELDS_OF_ANSWERS, THOUGHTS
from lms.exercises.responding import Sent
from lms.exercises.seating import TeamsBy
from lms.exercises.thinking import Unfit
from lms.exercises.thoughts import LONGEST, About
from lms.rates import missed, refuse_guessing
from lms.settings import Settings

bp = Blueprint("playing", __name__)
LONGEST_CODE = 40
ABOUT = {
    About.WORKED: _("What worked"),
    About.CHANGE: _("What to change"),
    About.WILL_DO: _("One thing I will do"),
}


class Tried(Struct):
    """What someone sent that comes back to them: with what is wrong, or not finished yet."""

    given: Any = None
    faults: list[dict[str, str]] = []
    thoughts: dict[str, str] = {}


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
    csrf: CSRFProtect = app.extensions["csrf"]
    for view in (answer, sit, take_over, think):
        csrf.exempt(view)  # a player may have no session that could hold a token; see `players.from_elsewhere`


@bp.url_defaults
def _keep_language(_endpoint: str, values: dict[str, Any]) -> None:
    """Without an account nothing remembers a language that was chosen, so that it stays in a player's addresses."""
    if request and request.blueprint in ("playing", "runs") and "lang" in request.args:
        values.setdefault("lang", g.locale)


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
    run, player = _mine(typed(code))
    if run is not None and player is not None:
        return _page(run, player, request.args.get("question", ""))
    refuse_guessing()
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
        key=joining.new_key(),
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


def _player_or_door(code: str) -> tuple[Run, Player]:
    """The player who sends a form; whoever is none is led to the way in, and other sites' pages to nothing."""
    if players.from_elsewhere():
        abort(403)
    run, player = _mine(typed(code))
    if run is None or player is None:
        abort(redirect(url_for("playing.play", code=code), 303))
    return run, player


def _page(run: Run, player: Player, picked: str = "", tried: Tried | None = None) -> str:
    """The exercise as it is for a player, one question in front; `tried` is what came back to them."""
    exercise, moment = exercise_of(run.id), now()
    seen = showing.to_player(player, moment)
    task = next((one for one in seen.tasks if one.id == picked), seen.task)
    asks = tried is not None and tried.given is not None and task is not None and task.id == picked
    inside = seen.mine.admission is Admission.IN
    begun = seen.phase is not Phase.LOBBY
    open_to_all = inside and seen.phase is not Phase.ENDED
    choose_team = open_to_all and bool(exercise.teams) and run.teams_by is TeamsBy.SELF and not (
        begun and seen.mine.team
    )  # fmt: skip
    return render_template(
        "exercises/play.html",
        run=run,
        exercise=exercise,
        seen=seen,
        inside=inside,
        zone=_zone(run),
        team=exercise.team(seen.mine.team),
        role=exercise.role(seen.mine.role),
        choose_team=choose_team,
        choose_role=open_to_all and bool(exercise.roles) and not (begun and seen.mine.role),
        chooses_team=run.teams_by is TeamsBy.SELF and bool(exercise.teams),
        messages=sorted(seen.released, key=lambda one: one.again or one.at, reverse=True),
        task=task,
        given=tried.given if tried and asks else seen.mine.answers.get(task.id) if task else None,
        lost="" if asks or tried is None else _in_words(tried.given),
        kept=task is not None and task.id in seen.mine.answers,
        answer_id=uuid4(),
        reflecting=inside and (seen.phase is Phase.ENDED or bool(seen.debrief) or _looks_back(seen)),
        thoughts=tried.thoughts if tried else {},
        thanked=request.args.get("thanked") == "1",
        errors=tried.faults if tried else [],
        longest_thought=LONGEST,
        answers=ANSWERS,
        about=ABOUT,
        professions=PROFESSIONS,
        exit_url=_settings().quick_exit_url,
    )


def _in_words(given: Any) -> str:
    """What someone wrote for a question that is not there for them any more."""
    if isinstance(given, dict):
        return "\n".join(filter(None, (given["reason"], given["owner"])))
    return given if isinstance(given, str) else ""


def _looks_back(seen: Snapshot) -> bool:
    return seen.front is not None and seen.front.kind == "debrief"


def _zone(run: Run) -> ZoneInfo:
    """The zone of the clocks on the wall where the run is."""
    event = db.session.get(Event, run.event_id) if run.event_id else None
    return ZoneInfo(event.timezone if event else _settings().timezone)


# --- what players send without scripts; with them it goes as JSON


@bp.post("/join/<code>/answers")
@public
def answer(code: str) -> ResponseReturnValue:
    """Keep an answer, or move a step of an order that is not sent yet."""
    run, player = _player_or_door(code)
    task = _seen_task(run, player, request.form.get("task", ""))
    given = _given(task)
    picked = task.id if task else ""
    if isinstance(task, Order) and request.form.get("move"):
        return _page(run, player, picked, Tried(given=_moved(given, request.form["move"])))
    moment = now()
    sent = Sent(_id(), picked, given, int(moment.timestamp() * 1000), request.form.get("round", 0, type=int))
    taken = responding.answer(player, sent, moment)
    db.session.commit()
    showing.changed(run.id)
    if taken.why is None:
        return redirect(url_for("playing.play", code=run.code, question=picked) + "#question", 303)
    reads()
    fault = {"id": FIELDS_OF_ANSWERS.get(taken.why, "question"), "words": str(ANSWERS[taken.why])}
    if fault["id"] == "id":
        fault["id"] = "question"
    return _page(run, player, picked, Tried(given=given, faults=[fault])), 422


def _seen_task(run: Run, player: Player, task_id: str) -> AnyTask | None:
    """A question that this player sees; of any other a form is told nothing, not even by what comes back of it."""
    seen = {one.id for one in showing.to_player(player, now()).tasks}
    return exercise_of(run.id).task(task_id) if task_id in seen else None


def _id() -> UUID:
    """The id under which the page was sent, so that a form sent twice is one answer."""
    try:
        return UUID(request.form.get("id", ""))
    except ValueError:
        return uuid4()


def _given(task: AnyTask | None) -> Any:
    """What a form says to a question, in the shape that the question's kind has."""
    sent = request.form
    if isinstance(task, PollMultiple | Order):
        return sent.getlist("answer")
    if isinstance(task, Decision):
        return {name: sent.get(name, "").replace("\r\n", "\n") for name in ("option", "reason", "owner")}
    if task is None:
        return "\n".join(filter(None, (sent.get(name, "") for name in ("answer", "reason", "owner")))).replace(
            "\r\n", "\n"
        )
    return sent.get("answer", "").replace("\r\n", "\n")


def _moved(order: list[str], asked: str) -> list[str]:
    """An order with one step moved up or down."""
    step, _colon, way = asked.rpartition(":")
    if step not in order:
        return order
    here = order.index(step)
    there = here + (-1 if way == "up" else 1)
    if 0 <= there < len(order):
        order[here], order[there] = order[there], order[here]
    return order


@bp.post("/join/<code>/seat")
@public
def sit(code: str) -> ResponseReturnValue:
    """Take a team and a role."""
    run, player = _player_or_door(code)
    team, role = request.form.get("team", player.team), request.form.get("role", player.role)
    wrong = joining.choose_seat(player, team, role)
    return _done(run, player, str(DOOR[wrong]) if wrong else "", "seat")


@bp.post("/join/<code>/recorder")
@public
def take_over(code: str) -> ResponseReturnValue:
    """Take over writing down what one's team decides."""
    run, player = _player_or_door(code)
    wrong = responding.take_over(player)
    return _done(run, player, str(ANSWERS[wrong]) if wrong else "", "question", request.form.get("task", ""))


def _done(run: Run, player: Player, wrong: str, field: str, picked: str = "") -> ResponseReturnValue:
    """Commit and go on; or say on the page why not."""
    db.session.commit()
    showing.changed(run.id)
    if not wrong:
        return redirect(url_for("playing.play", code=run.code, question=picked or None), 303)
    reads()
    return _page(run, player, picked, Tried(faults=[{"id": field, "words": wrong}])), 409


@bp.post("/join/<code>/thoughts")
@public
def think(code: str) -> ResponseReturnValue:
    """Keep what was written in the hot wash; what is not taken comes back to its box, and the rest is kept."""
    run, player = _player_or_door(code)
    written = {about: request.form.get(about, "").replace("\r\n", "\n") for about in About}
    faults, back = [], {}
    for about, words in written.items():
        unfit = thinking.take(player, about, words) if words.strip() else None
        if unfit is not None:
            faults.append({"id": about.value, "words": str(THOUGHTS[unfit])})
            back[about.value] = words
    if not any(words.strip() for words in written.values()):
        faults.append({"id": About.WORKED.value, "words": str(THOUGHTS[Unfit.EMPTY])})
    db.session.commit()
    if not faults:
        return redirect(url_for("playing.play", code=run.code, thanked=1) + "#wash", 303)
    reads()
    return _page(run, player, "", Tried(faults=faults, thoughts=back)), 422
