"""Runs opened, people joined and seated; rows are added in the caller's transaction, never committed here."""

import secrets
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import bindparam, select

from lms.accounts.models import Profession
from lms.content.exercises import Exercise
from lms.database import db
from lms.events.badges import new_code
from lms.events.models import HalfDay
from lms.exercises.conducting import exercise_of, held, state_of
from lms.exercises.counting import seat_of
from lms.exercises.models import NAME, Player, Run
from lms.exercises.parts import Admission, Phase
from lms.exercises.seating import TeamsBy, dealt, for_latecomer

BY_PERSON = select(Player).where(Player.run_id == bindparam("run"), Player.person_id == bindparam("person"))
BY_KEY = select(Player).where(Player.run_id == bindparam("run"), Player.key_hash == bindparam("key"))


class NotSo(StrEnum):
    """Why someone does not get in, or not where they want."""

    ENDED = "ended"
    FULL = "full"
    NO_NAME = "no-name"  # what was given as a name holds no letter
    LONG_NAME = "long-name"
    UNKNOWN_PROFESSION = "unknown-profession"
    UNKNOWN_TEAM = "unknown-team"
    UNKNOWN_ROLE = "unknown-role"
    NOT_IN = "not-in"
    TEAMS_ARE_SET = "teams-are-set"  # by the trainer, or because the exercise has begun


def open_run(
    exercise: Exercise, module: str, opened_by_id: int | None, now: datetime, *, event_id: int | None = None,
    half_day: HalfDay | None = None, teams_by: TeamsBy = TeamsBy.HAND, rehearsal: bool = False, capacity: int = 500,
) -> Run:  # fmt: skip
    """A run of a scenario, which is frozen into it, with a code that no other open run has."""
    run = Run(
        id=uuid4(), module=module, exercise=exercise.id, exercise_version=exercise.version,
        scenario=msgspec.to_builtins(exercise), title=exercise.title, code=_free_code(),
        screen_key=secrets.token_urlsafe(24), event_id=half_day.event_id if half_day else event_id,
        half_day_id=half_day.id if half_day else None, opened_by_id=opened_by_id, opened_at=now, ended_at=None,
        rehearsal=rehearsal, teams_by=teams_by, capacity=capacity, version=0,
    )  # fmt: skip
    db.session.add(run)
    db.session.flush()
    return run


def _free_code() -> str:
    code = new_code()
    while open_by_code(code):
        code = new_code()
    return code


def open_by_code(code: str) -> Run | None:
    """The run that is open under this code, typed in any way."""
    return db.session.scalar(select(Run).where(Run.code == code, Run.ended_at.is_(None)))


def over_by_code(code: str) -> bool:
    """Whether a run had this code that is over."""
    return db.session.scalar(select(Run.id).where(Run.code == code, Run.ended_at.is_not(None)).limit(1)) is not None


def hash_of(key: str, run_id: UUID) -> str:
    """What is kept of a browser's key: another in every run, so that none of them tells where else it was."""
    return sha256(f"{run_id} {key}".encode()).hexdigest()


def player_of(run_id: UUID, key: str, person_id: int | None) -> Player | None:
    """Who is asking: by the account, else by the browser's key, unless that is somebody else's account."""
    if person_id is not None and (found := db.session.scalar(BY_PERSON, {"run": run_id, "person": person_id})):
        return found
    by_key = db.session.scalar(BY_KEY, {"run": run_id, "key": hash_of(key, run_id)}) if key else None
    if by_key is not None and None not in (person_id, by_key.person_id):
        return None
    return by_key


def new_key() -> str:
    """A key that nobody has."""
    return secrets.token_urlsafe(32)


def own_key(run_id: UUID, key: str, person_id: int | None) -> str:
    """The key a browser plays with: the one it has, unless another player of this run has it; else a new one."""
    whose = db.session.scalar(select(Player).where(Player.key_hash == hash_of(key, run_id))) if key else None
    mine = player_of(run_id, key, person_id)
    return key if key and whose in (None, mine) else new_key()


def join(
    run: Run, key: str, now: datetime, *, person_id: int | None = None, name: str = "",
    profession: Profession | None = None,
) -> Player | NotSo:  # fmt: skip
    """The player of this browser or account, who is made if they are new; the same person twice is one player."""
    run = held(run.id)
    name = " ".join(name.split())
    wrong = _wrong_name(name)
    if wrong:
        return wrong
    known = player_of(run.id, key, person_id)
    if known is not None:
        known.key_hash = hash_of(key, run.id)
        if run.ended_at is None:
            known.person_id = known.person_id or person_id
        return known
    if run.ended_at is not None:
        return NotSo.ENDED
    state = state_of(run.id)
    there = db.session.scalars(select(Player.id).where(Player.run_id == run.id))
    if sum(str(one) not in state.removed for one in there) >= run.capacity:
        return NotSo.FULL
    player = Player(
        id=uuid4(), run_id=run.id, key_hash=hash_of(key, run.id), person_id=person_id, name=name,
        profession=profession, team="", role="", joined_at=now, seen_at=now, changes=1,
    )  # fmt: skip
    if run.teams_by is TeamsBy.MIX and seat_of(state, player).admission is Admission.IN:
        seated = db.session.execute(
            select(Player.team, Player.profession).where(Player.run_id == run.id, Player.team != "")
        )
        player.team = for_latecomer(exercise_of(run.id).teams, [(one.team, one.profession or "") for one in seated],
                                    profession or "")  # fmt: skip
    db.session.add(player)
    db.session.flush()
    return player


def _wrong_name(name: str) -> NotSo | None:
    if len(name) > NAME:
        return NotSo.LONG_NAME
    if name and (not name.isprintable() or not any(sign.isalpha() for sign in name)):
        return NotSo.NO_NAME
    return None


def choose_seat(player: Player, team: str, role: str) -> NotSo | None:
    """Take a team and a role oneself; None where it is so now.

    A role that one has not yet can be taken at any time. Once the exercise has begun neither changes by oneself:
    whoever hopped from team to team would read what was sent to each.
    """
    run = held(player.run_id)
    db.session.refresh(player)
    state = state_of(run.id)
    if seat_of(state, player).admission is not Admission.IN:
        return NotSo.NOT_IN
    if state.phase is Phase.ENDED:
        return NotSo.ENDED
    wrong = _wrong_seat(state.exercise, team, role)
    if wrong:
        return wrong
    begun = state.phase is not Phase.LOBBY
    if team != player.team and (run.teams_by is not TeamsBy.SELF or (begun and player.team)):
        return NotSo.TEAMS_ARE_SET
    if role != player.role and begun and player.role:
        return NotSo.TEAMS_ARE_SET
    _seat(player, team, role)
    return None


def seat(run: Run, player_id: UUID, team: str, role: str) -> NotSo | None:
    """Put someone into a team and a role, at any time; the trainer's deed."""
    run = held(run.id)
    player = db.session.scalar(select(Player).where(Player.run_id == run.id, Player.id == player_id))
    if player is None:
        return NotSo.NOT_IN
    if run.ended_at is not None:
        return NotSo.ENDED
    wrong = _wrong_seat(exercise_of(run.id), team, role)
    if wrong:
        return wrong
    _seat(player, team, role)
    return None


def deal(run: Run) -> NotSo | None:
    """Mix all who are let in over the teams, before the exercise begins; after that, whoever has none yet."""
    run = held(run.id)
    state = state_of(run.id)
    if state.phase is Phase.ENDED:
        return NotSo.ENDED
    players = db.session.scalars(select(Player).where(Player.run_id == run.id).order_by(Player.id)).all()
    inside = [one for one in players if seat_of(state, one).admission is Admission.IN]
    if state.phase is Phase.LOBBY or not any(one.team for one in inside):
        teams = dealt(state.exercise.teams, {str(one.id): one.profession or "" for one in inside})
        for one in inside:
            _seat(one, teams.get(str(one.id), ""), one.role)
        return None
    for one in inside:
        if not one.team:
            seated = [(other.team, other.profession or "") for other in inside]
            _seat(one, for_latecomer(state.exercise.teams, seated, one.profession or ""), one.role)
    return None


def _wrong_seat(exercise: Exercise, team: str, role: str) -> NotSo | None:
    if team and exercise.team(team) is None:
        return NotSo.UNKNOWN_TEAM
    if role and exercise.role(role) is None:
        return NotSo.UNKNOWN_ROLE
    return None


def _seat(player: Player, team: str, role: str) -> None:
    if (player.team, player.role) != (team, role):
        player.team, player.role = team, role
        player.changes += 1
