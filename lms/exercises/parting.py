"""The end of a run: what its people did becomes a fact, and their answers become nobody's; docs/decisions/022.

Adds and deletes within the caller's transaction, in which the run is held.
"""

import secrets
from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import delete, insert, select

from lms.database import db
from lms.events.models import Event
from lms.exercises import wiping
from lms.exercises.audiences import asked_in_all
from lms.exercises.counting import seat_of, version_of
from lms.exercises.models import Answer, DecisionRow, Player, Recorder, Run, TakingPart, Thought
from lms.exercises.parts import Admission
from lms.exercises.standing import State
from lms.exercises.thoughts import About
from lms.settings import Settings

_random = secrets.SystemRandom()


def cut(run: Run, state: State, now: datetime) -> None:
    """Note who took part, then take from every answer whose it was and when it came; `state` is that after the end."""
    before = version_of(run, state)
    players = db.session.scalars(select(Player).where(Player.run_id == run.id)).all()
    if state.exercise.counts and not run.rehearsal:
        _note_who_took_part(run, state, players)
    _cut_answers(run)
    _cut_decisions(run)
    db.session.execute(delete(Recorder).where(Recorder.run_id == run.id))
    for player in players:
        if seat_of(state, player).admission is Admission.IN:
            _forget(player, run, now)
        else:
            db.session.delete(player)
    run.ended_at = now
    db.session.flush()
    run.version += before - version_of(run, state)
    if not run.rehearsal:  # which leaves no trace, not even that of a job
        wiping.soon()


def _note_who_took_part(run: Run, state: State, players: Collection[Player]) -> None:
    """Whoever has an account, was let in and answered the set share of what could be answered on their device.

    Where nothing could be answered, nobody did anything that could count.
    """
    if state.started_at is None:
        return
    settings: Settings = current_app.extensions["settings"]
    decided = {
        (task, team)
        for task, team in db.session.execute(
            select(DecisionRow.task, DecisionRow.team).where(DecisionRow.run_id == run.id)
        )
    }
    answered: defaultdict[UUID | None, set[str]] = defaultdict(set)
    for player_id, task in db.session.execute(select(Answer.player_id, Answer.task).where(Answer.run_id == run.id)):
        answered[player_id].add(task)
    day = day_of(state.started_at, run.event_id)
    took_part = set()
    for player in players:
        seat = seat_of(state, player)
        if player.person_id is None or seat.admission is not Admission.IN:
            continue
        asked = asked_in_all(state, seat)
        done = sum(task in answered[player.id] or (task, seat.team) in decided for task in asked)
        if 100 * done >= settings.taking_part * max(1, len(asked)):
            took_part.add(player.person_id)
    for person_id in sorted(took_part):
        db.session.add(
            TakingPart(
                run_id=run.id, person_id=person_id, module=run.module, exercise=run.exercise, event_id=run.event_id,
                day=day,
            )
        )  # fmt: skip


def day_of(began: datetime, event_id: int | None) -> date:
    """The day of taking part: that on which a run began where it is played, in its event's zone or the site's."""
    settings: Settings = current_app.extensions["settings"]
    event = db.session.get(Event, event_id) if event_id is not None else None
    return began.astimezone(event.zone if event else ZoneInfo(settings.timezone)).date()


def _cut_answers(run: Run) -> None:
    """Write all answers anew, in a random order, under ids that no device has seen."""
    columns = (Answer.run_id, Answer.task, Answer.round, Answer.profession, Answer.team, Answer.answer)
    rows = [dict(row) for row in db.session.execute(select(*columns).where(Answer.run_id == run.id)).mappings()]
    write_anew(Answer, run, [row | {"later": [], "turn": 0, "changes": 1} for row in rows])


def _cut_decisions(run: Run) -> None:
    """The same with decisions; their order within a team and their times are the team's, and stay."""
    columns = [column for column in DecisionRow.__table__.columns if column.name not in ("id", "player_id")]
    rows = [dict(row) for row in db.session.execute(select(*columns).where(DecisionRow.run_id == run.id)).mappings()]
    write_anew(DecisionRow, run, rows)


def write_anew(table: type[Answer] | type[DecisionRow] | type[Thought], run: Run, rows: list[dict[str, Any]]) -> None:
    """Put these rows in place of all there are of a run, in an order made by chance and under new random ids."""
    _random.shuffle(rows)
    db.session.execute(delete(table).where(table.run_id == run.id).execution_options(synchronize_session=False))
    if rows:
        db.session.execute(insert(table), [row | {"id": uuid4()} for row in rows])


def _forget(player: Player, run: Run, now: datetime) -> None:
    """Leave of someone only what their browser needs to see the end: where they sat."""
    player.person_id = None
    player.profession = None
    player.name = ""
    player.joined_at = run.opened_at
    player.seen_at = now


def think(run: Run, about: About, words: str) -> None:
    """Keep a thought of somebody's, the same words once; all are written anew, so that none says which came last."""
    columns = (Thought.run_id, Thought.about, Thought.words)
    rows = [dict(row) for row in db.session.execute(select(*columns).where(Thought.run_id == run.id)).mappings()]
    thought = {"run_id": run.id, "about": about, "words": words}
    if thought not in rows:
        write_anew(Thought, run, [*rows, thought])
