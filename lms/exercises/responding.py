"""Answers and decisions taken from players: kept under the sender's id, so that twice is once. Nothing here commits."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct
from sqlalchemy import bindparam, func, select, update

from lms.content.exercises import AnyTask, Decision
from lms.database import db, insert
from lms.exercises.answering import checked
from lms.exercises.audiences import accept
from lms.exercises.conducting import exercise_of, held, hold_open, state_of
from lms.exercises.counting import seat_of
from lms.exercises.models import Answer, DecisionRow, Player, Recorder, Run
from lms.exercises.parts import Admission, Fault
from lms.exercises.standing import State

MOST_IDS = 100  # of one answer that was changed again and again
MOST_VERSIONS = 200  # of what a team decided in one round
MINE = (
    select(Answer)
    .where(Answer.player_id == bindparam("player"), Answer.task == bindparam("task"))
    .with_for_update()
    .execution_options(populate_existing=True)
)


class Fate(StrEnum):
    """What became of an answer."""

    STORED = "stored"
    CLOSED = "closed"
    REFUSED = "refused"


class Not(StrEnum):
    """Why an answer is not taken that would fit its question."""

    OTHER_CONTENT = "other-content"  # the id is known, and it said something else or was somebody else's
    NO_TEAM = "no-team"
    ENOUGH = "enough"  # versions of one decision
    NOT_RECORDER = "not-recorder"  # another of the team enters its decisions


class Sent(Struct, frozen=True):
    """An answer as a player's device sends it.

    `turn` may say in which order a device sends its answers to one question: of two that cross, the higher one stands.
    `round` may say which round it was meant for, so that one that waited for the network does not count in a later one.
    """

    id: UUID
    task: Annotated[str, Meta(max_length=200)]
    answer: Any = None
    turn: Annotated[int, Meta(ge=0, le=2**53)] = 0
    round: Annotated[int, Meta(ge=0, le=2**31)] = 0


class Taken(Struct, frozen=True):
    """What became of an answer, and why it was not kept."""

    fate: Fate
    why: Fault | Not | None = None


STORED = Taken(Fate.STORED)
OTHER_CONTENT = Taken(Fate.REFUSED, Not.OTHER_CONTENT)


def answer(player: Player, sent: Sent, now: datetime) -> Taken:
    """Keep an answer, or say why not; one that was kept before is kept, whatever was closed since."""
    task = exercise_of(player.run_id).task(sent.task)
    if isinstance(task, Decision):
        return _decide(player, held(player.run_id), task, sent, now)
    hold_open(player.run_id)
    state = state_of(player.run_id)
    before = _of(player, sent.task)
    known = _known(before, task, sent)
    if known:
        return known
    fits = accept(state, seat_of(state, player), sent.task, sent.answer)
    round_ = state.asking(sent.task).round
    if fits.fault or sent.round not in (0, round_):
        return _not(fits.fault or Fault.CLOSED)
    kept = next((one for one in before if one.round == round_), None)
    if kept is None:
        if _add(player, sent, fits.answer, round_, now):
            return STORED
        kept = next((one for one in _of(player, sent.task) if one.round == round_), None)
        if kept is None:
            return OTHER_CONTENT  # the id is somebody else's
        known = _known([kept], task, sent)
        if known:
            return known
    _change(kept, player, sent, fits.answer, now)
    return STORED


def _of(player: Player, task: str) -> list[Answer]:
    """A player's answers to a question in all its rounds, held against the player's other devices."""
    return list(db.session.scalars(MINE, {"player": player.id, "task": task}))


def _known(before: list[Answer], task: AnyTask | None, sent: Sent) -> Taken | None:
    """The answer to something that came before: stored, unless it says something else under the newest id."""
    for one in before:
        ids = [str(one.id), *one.later]
        if str(sent.id) == ids[-1] and task is not None:
            return STORED if checked(task, sent.answer).answer == one.answer else OTHER_CONTENT
        if str(sent.id) in ids:
            return STORED
    return None


def _not(fault: Fault) -> Taken:
    return Taken(Fate.CLOSED if fault is Fault.CLOSED else Fate.REFUSED, fault)


def _add(player: Player, sent: Sent, fitting: Any, round_: int, now: datetime) -> bool:
    """Whether this request was the first with the row; the keys decide between two at once."""
    answers = Answer.__table__
    row = {
        "id": sent.id, "run_id": player.run_id, "task": sent.task, "round": round_, "player_id": player.id,
        "profession": player.profession, "team": player.team, "answer": fitting, "at": now, "turn": sent.turn,
        "later": [], "changes": 1,
    }  # fmt: skip
    added = db.session.execute(insert(answers).on_conflict_do_nothing().returning(answers.c.id), row)
    return added.first() is not None


def _change(kept: Answer, player: Player, sent: Sent, fitting: Any, now: datetime) -> None:
    """Put a newer answer in the place of one; an older one that comes late changes nothing."""
    if sent.turn < kept.turn:
        return
    kept.later = [*kept.later, str(sent.id)][-MOST_IDS:]
    kept.answer = fitting
    kept.at = now
    kept.turn = sent.turn
    kept.team = player.team
    kept.changes += 1
    db.session.flush()


def _decide(player: Player, run: Run, task: Decision, sent: Sent, now: datetime) -> Taken:
    """Keep a version of what a team decided; whoever decides first is its recorder until another takes over."""
    db.session.refresh(player)
    state = state_of(run.id)
    known = db.session.get(DecisionRow, sent.id)
    if known is not None:
        same = (known.run_id, known.team, known.task, known.answer) == (
            run.id, player.team, task.id, checked(task, sent.answer).answer,
        )  # fmt: skip
        return STORED if same else OTHER_CONTENT
    fits = accept(state, seat_of(state, player), task.id, sent.answer)
    round_ = state.asking(task.id).round
    if fits.fault or sent.round not in (0, round_):
        return _not(fits.fault or Fault.CLOSED)
    if not player.team:
        return Taken(Fate.REFUSED, Not.NO_TEAM)
    if _recorder(run, player) != player.id:
        return Taken(Fate.REFUSED, Not.NOT_RECORDER)
    last = db.session.scalar(
        select(func.max(DecisionRow.number)).where(
            DecisionRow.run_id == run.id, DecisionRow.task == task.id, DecisionRow.round == round_,
            DecisionRow.team == player.team,
        )
    )  # fmt: skip
    if last is not None and last >= MOST_VERSIONS:
        return Taken(Fate.REFUSED, Not.ENOUGH)
    db.session.add(
        DecisionRow(
            id=sent.id, run_id=run.id, task=task.id, round=round_, team=player.team, number=(last or 0) + 1,
            player_id=player.id, answer=fits.answer, at=now,
        )
    )  # fmt: skip
    db.session.flush()
    return STORED


def _recorder(run: Run, player: Player) -> UUID:
    """Who enters this player's team's decisions: the player, where nobody did."""
    db.session.execute(
        insert(Recorder)
        .values(run_id=run.id, team=player.team, player_id=player.id, changes=1)
        .on_conflict_do_nothing()
    )  # fmt: skip
    return db.session.scalars(
        select(Recorder.player_id).where(Recorder.run_id == run.id, Recorder.team == player.team)
    ).one()


def take_over(player: Player) -> Fault | Not | None:
    """Make this player the one who enters their team's decisions; None where they are."""
    run = held(player.run_id)
    db.session.refresh(player)
    if seat_of(state_of(run.id), player).admission is not Admission.IN or run.ended_at is not None:
        return Fault.NOT_IN
    if not player.team:
        return Not.NO_TEAM
    if _recorder(run, player) != player.id:
        db.session.execute(
            update(Recorder)
            .where(Recorder.run_id == run.id, Recorder.team == player.team)
            .values(player_id=player.id, changes=Recorder.changes + 1)
        )
    return None


def own(player: Player, state: State, decisions: Mapping[tuple[str, int, str], Any]) -> dict[str, Any]:
    """A player's answers of the present rounds, and for decisions what their team has decided."""
    rows = db.session.execute(select(Answer.task, Answer.round, Answer.answer).where(Answer.player_id == player.id))
    mine = {task: given for task, round_, given in rows if state.asking(task).round == round_}
    theirs = {
        task: decided for (task, round_, team), decided in decisions.items()
        if team == player.team and team and state.asking(task).round == round_
    }  # fmt: skip
    return mine | theirs
