"""What a run's rows come to beside its moves: who is here, how many answered, what came out, at which version."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import func, select

from lms.content.exercises import AnyTask, Decision
from lms.database import db
from lms.exercises.audiences import Room, Seat
from lms.exercises.models import Answer, DecisionRow, Player, Recorder, Run
from lms.exercises.parts import Admission
from lms.exercises.standing import ASKED, State, admission
from lms.exercises.tally import Given, Tally, tallies

HERE = timedelta(seconds=150)  # after so long without a sign of life someone is not counted as here
Rounds = Mapping[tuple[str, int], tuple[int, int]]  # by question and round: how many answers, how often changed


class Present(Struct, frozen=True):
    """Someone who takes part, as trainers see them; `here`: their device has given a sign of life just now."""

    id: str
    name: str
    profession: str
    team: str
    role: str
    admission: Admission
    here: bool


class Gathered(Struct, frozen=True, kw_only=True):
    """All that is worked out of a run's rows at a moment.

    `decisions` has the newest of each question, round and team; `keys` says from what each tally was made.
    """

    room: Room
    people: tuple[Present, ...]
    decisions: Mapping[tuple[str, int, str], Any]
    recorders: Mapping[str, UUID]
    keys: Mapping[str, Any]


def seat_of(state: State, player: Player) -> Seat:
    """Where a player sits, and whether they are let in."""
    let_in = admission(state, str(player.id), player.joined_at)
    return Seat(str(player.id), player.team, player.role, let_in)


def room_of(run: Run, state: State, now: datetime) -> Room:
    """The room as it is now."""
    return gather(run, state, now).room


def gather(run: Run, state: State, now: datetime, before: Gathered | None = None) -> Gathered:
    """Counts and results in five queries; results of questions in which nothing changed are taken from `before`."""
    people, changes = _people(run, state, now)
    rounds = _rounds(run)
    newest, versions = _decisions(run)
    recorders, taken_over = _recorders(run)
    asked = [task for task in state.exercise.tasks if state.asking(task.id).status in ASKED]
    keys = {task.id: _key(state, task, rounds, newest) for task in asked}
    known = {name: key for name, key in before.keys.items() if keys.get(name) == key} if before else {}
    made = before.room.tallies if before else {}
    fresh = [task for task in asked if task.id not in known]
    given_ = given(run, [task for task in fresh if not isinstance(task, Decision)]) + _given(newest)
    room = Room(
        version=run.version + len(state.log) + changes + sum(sent for _count, sent in rounds.values()) + versions
        + taken_over,
        here=sum(one.here for one in people),
        answered={task.id: _answered(state, task, rounds, newest) for task in asked},
        tallies={task.id: made[task.id] for task in asked if task.id in known}
        | {task.id: _tallies(state, task, given_) for task in fresh},
    )  # fmt: skip
    return Gathered(room=room, people=people, decisions=newest, recorders=recorders, keys=keys)


def version_of(run: Run, state: State) -> int:
    """A number that grows with every move and every change of what is counted, the same in every process."""
    _newest, versions = _decisions(run)
    changes = sum(
        db.session.scalar(select(func.coalesce(func.sum(table.changes), 0)).where(table.run_id == run.id)) or 0
        for table in (Player, Answer, Recorder)
    )
    return run.version + len(state.log) + int(changes) + versions


def given(run: Run, tasks: Iterable[AnyTask]) -> list[Given]:
    """The answers to these questions, in all their rounds; for decisions the newest of each team."""
    named = {task.id: isinstance(task, Decision) for task in tasks}
    if not named:
        return []
    rows = db.session.execute(
        select(Answer.task, Answer.round, Answer.player_id, Answer.profession, Answer.team, Answer.answer)
        .where(Answer.run_id == run.id, Answer.task.in_(named))
    )  # fmt: skip
    answers = [
        Given(
            task=one.task, round=one.round, player=str(one.player_id or ""), team=one.team,
            profession=one.profession.value if one.profession else "", answer=one.answer,
        )
        for one in rows
    ]  # fmt: skip
    if any(named.values()):
        newest, _versions = _decisions(run)
        answers += [one for one in _given(newest) if one.task in named]
    return answers


def have_answered(run_id: UUID, task: str, round_: int) -> frozenset[str]:
    """The players who answered a question in a round, decisions of teams apart; nobody once the run is over."""
    found = db.session.scalars(
        select(Answer.player_id).where(
            Answer.run_id == run_id, Answer.task == task, Answer.round == round_, Answer.player_id.is_not(None)
        )
    )
    return frozenset(map(str, found))


def _given(decisions: Mapping[tuple[str, int, str], Any]) -> list[Given]:
    return [
        Given(task=task, round=round_, team=team, answer=answer) for (task, round_, team), answer in decisions.items()
    ]


def _people(run: Run, state: State, now: datetime) -> tuple[tuple[Present, ...], int]:
    rows = db.session.execute(
        select(
            Player.id, Player.name, Player.profession, Player.team, Player.role, Player.joined_at, Player.seen_at,
            Player.changes,
        )
        .where(Player.run_id == run.id)
        .order_by(Player.joined_at, Player.id)
    ).all()  # fmt: skip
    people = []
    for row in rows:
        let_in = admission(state, str(row.id), row.joined_at)
        here = let_in is Admission.IN and now - row.seen_at < HERE
        profession = row.profession.value if row.profession else ""
        people.append(Present(str(row.id), row.name, profession, row.team, row.role, let_in, here))
    return tuple(people), sum(row.changes for row in rows)


def _rounds(run: Run) -> Rounds:
    rows = db.session.execute(
        select(Answer.task, Answer.round, func.count(), func.sum(Answer.changes))
        .where(Answer.run_id == run.id)
        .group_by(Answer.task, Answer.round)
    )
    return {(task, round_): (count, int(changes)) for task, round_, count, changes in rows}


def _decisions(run: Run) -> tuple[dict[tuple[str, int, str], Any], int]:
    """The newest decision of each question, round and team; and how many versions there are of all."""
    rows = db.session.execute(
        select(DecisionRow.task, DecisionRow.round, DecisionRow.team, DecisionRow.answer)
        .where(DecisionRow.run_id == run.id)
        .order_by(DecisionRow.number)
    ).all()
    return {(row.task, row.round, row.team): row.answer for row in rows}, len(rows)


def _recorders(run: Run) -> tuple[dict[str, UUID], int]:
    rows = db.session.execute(
        select(Recorder.team, Recorder.player_id, Recorder.changes).where(Recorder.run_id == run.id)
    ).all()
    return {row.team: row.player_id for row in rows}, sum(row.changes for row in rows)


def _key(state: State, task: AnyTask, rounds: Rounds, decisions: Mapping[tuple[str, int, str], Any]) -> Any:
    """What a question's results depend on; where it is equal they are equal."""
    asking = state.asking(task.id)
    if isinstance(task, Decision):
        return asking.round, asking.hands, {where: said for where, said in decisions.items() if where[0] == task.id}
    return asking.round, asking.hands, {where: count for where, count in rounds.items() if where[0] == task.id}


def _answered(state: State, task: AnyTask, rounds: Rounds, decisions: Mapping[tuple[str, int, str], Any]) -> int:
    """How many people answered in the present round; for a decision, teams."""
    present = state.asking(task.id).round
    if isinstance(task, Decision):
        return sum(where[:2] == (task.id, present) for where in decisions)
    return rounds.get((task.id, present), (0, 0))[0]


def _tallies(state: State, task: AnyTask, given_: list[Given]) -> tuple[Tally, ...]:
    asking = state.asking(task.id)
    return tallies(task, given_, asking.hands, asking.round)
