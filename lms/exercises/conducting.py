"""A run's moves: kept in order, one trainer after the other, and folded to where it stands. Nothing here commits."""

from collections import OrderedDict
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from flask import Flask, current_app
from sqlalchemy import bindparam, select

from lms.accounts.models import Person
from lms.content.exercises import Exercise
from lms.database import db, insert
from lms.exercises import parting, tally
from lms.exercises.counting import given
from lms.exercises.deeds import refused
from lms.exercises.models import MoveRow, Run
from lms.exercises.parts import MoveKind, Outcome, Why
from lms.exercises.runsheet import apply
from lms.exercises.standing import Asked, Move, State, Verdict

MOST_STATES = 64  # runs whose state this process remembers
ROWS = (
    select(MoveRow.id, MoveRow.number, MoveRow.asked, MoveRow.at, MoveRow.decided, Person.name)
    .outerjoin(Person, Person.id == MoveRow.by_id)
    .where(MoveRow.run_id == bindparam("run"), MoveRow.number >= bindparam("from_number"))
    .order_by(MoveRow.number)
)
HOLD_OPEN = select(Run.id).where(Run.id == bindparam("run")).with_for_update(read=True)


def init_app(app: Flask) -> None:
    """Make room for the states this process remembers."""
    app.extensions["run_states"] = OrderedDict()


def exercise_of(run_id: UUID) -> Exercise:
    """The scenario as it was when the run was opened, whatever became of its file."""
    states: OrderedDict[UUID, State] = current_app.extensions["run_states"]
    kept = states.get(run_id)
    return kept.exercise if kept else msgspec.convert(db.session.get_one(Run, run_id).scenario, Exercise)


def state_of(run_id: UUID) -> State:
    """The run as its moves make it; of those this process has folded before, only the last is looked at again."""
    states: OrderedDict[UUID, State] = current_app.extensions["run_states"]
    state = states.get(run_id) or State(exercise=exercise_of(run_id))
    known = len(state.log)
    rows = db.session.execute(ROWS, {"run": run_id, "from_number": max(0, known - 1)}).all()
    if known and (not rows or rows[0].id != next(reversed(state.log))):  # what was folded was never committed
        state, known = State(exercise=state.exercise), 0
        rows = db.session.execute(ROWS, {"run": run_id, "from_number": 0}).all()
    for row in rows[1:] if known else rows:
        state, _verdict = apply(state, _move(row))
    states[run_id] = state
    while len(states) > MOST_STATES:
        states.popitem(last=False)
    return state


def _move(row: Any) -> Move:
    return Move(
        asked=msgspec.convert(row.asked, Asked),
        at=row.at,
        by=row.name or "",
        decided=_with_tuples(row.decided) if row.decided is not None else None,
    )


def _with_tuples(decided: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {team: tuple(options) for team, options in decided.items()}


def held(run_id: UUID) -> Run:
    """The run, held against every other writer until the transaction ends."""
    return db.session.get_one(Run, run_id, with_for_update={"key_share": True}, populate_existing=True)


def hold_open(run_id: UUID) -> None:
    """Hold the run so that others may answer beside and nobody may move it until the transaction ends."""
    db.session.execute(HOLD_OPEN, {"run": run_id}).one()


def move(run: Run, asked: Asked, by_id: int | None, now: datetime) -> tuple[State, Verdict]:
    """The state after a move, and what became of it; the same move again is the same row and the same answer.

    Two trainers at once are one after the other. An end cuts the answers from their people in the same transaction.
    """
    run = held(run.id)
    state = state_of(run.id)
    name = db.session.scalar(select(Person.name).where(Person.id == by_id)) if by_id else None
    made = Move(asked=asked, at=now, by=name or "", decided=_decided(run, state, asked))
    after, verdict = apply(state, made)
    if after is state:
        return state, verdict
    kept = db.session.execute(
        insert(MoveRow)
        .values(
            id=asked.id, run_id=run.id, number=len(state.log), asked=msgspec.to_builtins(asked), at=now, by_id=by_id,
            decided=made.decided,
        )
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(MoveRow.id)
    ).first()  # fmt: skip
    if kept is None:
        return state, refused(Why.OTHER_CONTENT)  # it is a move of another run
    if asked.move is MoveKind.END and verdict.outcome is Outcome.DONE:
        parting.cut(run, after, now)
    return after, verdict


def _decided(run: Run, state: State, asked: Asked) -> dict[str, tuple[str, ...]] | None:
    """What a question has decided at the moment of a move that keeps it."""
    task = state.exercise.task(asked.task)
    if task is None or asked.move not in (MoveKind.CLOSE, MoveKind.HANDS):
        return None
    asking = state.asking(task.id)
    known = {option.id for option in task.options}
    counts = {name: count for name, count in asked.counts.items() if name in known and count > 0}
    hands = counts if asked.move is MoveKind.HANDS else asking.hands.get(asking.round, {})
    return tally.decided(task, given(run, [task]), hands, asking.round)
