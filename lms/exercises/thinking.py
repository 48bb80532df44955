"""Whether a thought of the hot wash is taken: written by someone who takes part, once the exercise is talked about."""

from enum import StrEnum

from sqlalchemy import func, select

from lms.database import db
from lms.exercises.answering import UNWRITABLE
from lms.exercises.conducting import held, state_of
from lms.exercises.counting import seat_of
from lms.exercises.models import Player, Thought
from lms.exercises.parting import think
from lms.exercises.parts import Admission, Phase
from lms.exercises.thoughts import LONGEST, About

MOST_EACH = 30


class Unfit(StrEnum):
    """Why a thought is not taken."""

    EMPTY = "empty"
    UNFIT = "unfit"  # too long, or with a sign that no database keeps
    NOT_IN = "not-in"
    ENOUGH = "enough"  # who wrote how many is not known, so the room has a limit
    TOO_EARLY = "too-early"


def take(player: Player, about: About, written: str) -> Unfit | None:
    """Keep a thought in the caller's transaction, of which nothing will say whose it is; None where it is kept."""
    words = written.strip()
    if not words:
        return Unfit.EMPTY
    if len(words) > LONGEST or UNWRITABLE.search(words):
        return Unfit.UNFIT
    run = held(player.run_id)
    state = state_of(run.id)
    if seat_of(state, player).admission is not Admission.IN:
        return Unfit.NOT_IN
    if state.debrief is None and state.phase is not Phase.ENDED:
        return Unfit.TOO_EARLY
    players, kept = (
        db.session.scalar(select(func.count()).select_from(table).where(table.run_id == run.id)) or 0
        for table in (Player, Thought)
    )
    if kept >= MOST_EACH * players:
        return Unfit.ENOUGH
    think(run, about, words)
    return None
