"""Rehearsals: invented people join and answer by themselves, and all of it is forgotten; nothing here commits."""

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import delete, select, update

from lms.accounts.models import Profession
from lms.content.exercises import AnyTask, Decision, Hands
from lms.database import db
from lms.exercises import inventing, joining, responding
from lms.exercises.audiences import asked_of
from lms.exercises.conducting import exercise_of, held, state_of
from lms.exercises.counting import have_answered, seat_of
from lms.exercises.models import DecisionRow, Player, Run
from lms.exercises.parts import Admission, Phase
from lms.exercises.responding import Fate, Sent
from lms.exercises.standing import State

ALIVE_EVERY = timedelta(minutes=1)
TEXTS = (
    _("Write down what was seen, by whom and when, before anyone concludes anything."),
    _("Ask who else knows, and agree on one person who keeps contact."),
    _("The safety of the child first; the paper can wait for ten minutes."),
    _("We do not agree yet: one half would act now, the other would ask the prosecutor."),
    _("Two facts, each with its source and the hour. The rest is what we think."),
    _("We would ring our counterpart and send the same in writing."),
)
REASON = _("It can be done at once and undone later. We also talked about “{option}”.")


def id_of(run_id: UUID, number: int) -> UUID:
    """The id of an invented person; nobody else has one of its kind."""
    return uuid5(run_id, f"invented {number}")


def invite(run: Run, many: int, now: datetime) -> None:
    """Seat invented people of mixed professions in a rehearsal; no browser holds a key to any of them."""
    exercise = exercise_of(run.id)
    for number, (name, profession) in enumerate(inventing.PEOPLE[:many]):
        db.session.add(
            Player(
                id=id_of(run.id, number), run_id=run.id, key_hash=joining.hash_of(secrets.token_urlsafe(32), run.id),
                person_id=None, name=name, profession=Profession(profession), team="",
                role=inventing.role_for(exercise.roles, profession, number), joined_at=now, seen_at=now, changes=1,
            )
        )  # fmt: skip
    db.session.flush()
    joining.deal(run)


def play(run: Run, now: datetime) -> bool:
    """Let invented people do what they would have done by now; whether anything came of it.

    Asked twice, or by two processes, it comes to the same: what they send has ids of theirs. The run is held, so that
    two who ask at once do so one after the other.
    """
    if not run.rehearsal:
        return False
    run = held(run.id)
    state = state_of(run.id)
    if state.phase is Phase.ENDED:
        return False
    ids = [id_of(run.id, number) for number in range(inventing.MOST)]
    people = db.session.scalars(select(Player).where(Player.run_id == run.id, Player.id.in_(ids))).all()
    if any(now - one.seen_at >= ALIVE_EVERY for one in people):
        db.session.execute(update(Player).where(Player.run_id == run.id, Player.id.in_(ids)).values(seen_at=now))
    sent = False
    for task_id in state.open_tasks():
        task = state.exercise.task(task_id)
        if task is None or isinstance(task, Hands):
            continue
        for player in _due(run, state, task, list(people), now):
            sent |= responding.answer(player, _said(state, task, player), now).fate is Fate.STORED
    return sent


def _due(run: Run, state: State, task: AnyTask, people: list[Player], now: datetime) -> Iterator[Player]:
    """Who has thought long enough about a question and said nothing yet; of a team that decides, the quickest."""
    asking = state.asking(task.id)
    opened = asking.opened_at or now

    def takes(player: Player) -> timedelta:
        return inventing.takes(player.id, task.id, asking.round)

    asked = [one for one in people if _asked(state, task, one) and opened + takes(one) <= now]
    if not isinstance(task, Decision):
        have = have_answered(run.id, task.id, asking.round)
        yield from (one for one in asked if str(one.id) not in have)
        return
    decided = set(
        db.session.scalars(
            select(DecisionRow.team).where(
                DecisionRow.run_id == run.id, DecisionRow.task == task.id, DecisionRow.round == asking.round
            )
        )
    )
    for team in sorted({one.team for one in asked} - decided - {""}):
        yield min((one for one in asked if one.team == team), key=takes)


def _asked(state: State, task: AnyTask, player: Player) -> bool:
    seat = seat_of(state, player)
    return seat.admission is Admission.IN and asked_of(state, task, seat)


def _said(state: State, task: AnyTask, player: Player) -> Sent:
    round_ = state.asking(task.id).round
    owners = [role.title for role in state.exercise.roles] or [gettext("All of us")]
    answer = inventing.answer(task, player.id, round_, [str(one) for one in TEXTS], str(REASON), owners)
    return Sent(id=uuid5(player.id, f"{task.id} {round_}"), task=task.id, answer=answer)


def forget(run_id: UUID) -> None:
    """Delete a rehearsal with all that hangs on it."""
    db.session.execute(delete(Run).where(Run.id == run_id, Run.rehearsal).execution_options(synchronize_session=False))


def forget_over(opened_by_id: int) -> None:
    """Delete the rehearsals of a trainer that are over."""
    over = delete(Run).where(Run.opened_by_id == opened_by_id, Run.rehearsal, Run.ended_at.is_not(None))
    db.session.execute(over.execution_options(synchronize_session=False))
