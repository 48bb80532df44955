"""What is forgotten of live exercises every night: rehearsals, browsers of runs that are over, old runs."""

from datetime import timedelta
from uuid import uuid4

from flask import current_app
from sqlalchemy import delete, func, select

from lms import jobs
from lms.clock import now
from lms.database import changed, db
from lms.exercises import wiping
from lms.exercises.conducting import move
from lms.exercises.models import MoveRow, Player, Run
from lms.exercises.parts import MoveKind
from lms.exercises.standing import Asked
from lms.settings import Settings

REHEARSED = timedelta(days=1)
LEFT_OPEN = timedelta(days=7)  # without a move: then the run is over, and its answers are cut from their people


@jobs.every_night
def forget() -> None:
    """End what was left open; delete rehearsals, players of runs that are over, runs older than the setting says."""
    settings: Settings = current_app.extensions["settings"]
    moment = now()
    moved = select(func.max(MoveRow.at)).where(MoveRow.run_id == Run.id).scalar_subquery()
    left_open = select(Run).where(
        Run.ended_at.is_(None), func.coalesce(moved, Run.opened_at) < moment - LEFT_OPEN, Run.rehearsal.is_(False)
    )
    for run in db.session.scalars(left_open).all():
        move(run, Asked(id=uuid4(), move=MoveKind.END), None, moment)
    over = select(Run.id).where(Run.ended_at < moment - REHEARSED)
    gone = 0
    for old in (
        delete(Run).where(Run.rehearsal, Run.opened_at < moment - REHEARSED),
        delete(Run).where(Run.ended_at < moment - settings.keep_runs),
        delete(Player).where(Player.run_id.in_(over)),
    ):
        gone += changed(old.execution_options(synchronize_session=False))
    if gone:
        wiping.soon()
