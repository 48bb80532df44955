"""A run as one file: taken from the laptop that served a room, brought to the main installation once.

    copied(run) -> bytes         a run that is over, as JSON; whose answers they were is no longer known by then
    read(content) -> Carried     such a file, which can be true
    taken(carried, now) -> Taken what was new in it; the same file twice brings nothing the second time

Everything has the id it was given where it was made. A file adds and never changes; who comes later with a newer one
of the same run adds what came after. Rows are added in the caller's transaction.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from secrets import token_urlsafe
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from flask import current_app
from msgspec import Meta, Raw, Struct
from sqlalchemy import func, select, update

from lms.accounts.models import Person, Profession
from lms.content.exercises import Decision, Exercise
from lms.database import db, insert
from lms.events.models import Event, HalfDay
from lms.exercises import parting
from lms.exercises.answering import UNWRITABLE, checked
from lms.exercises.conducting import exercise_of, held
from lms.exercises.models import NAME, Answer, DecisionRow, LessonLearned, MoveRow, Run, TakingPart, Thought
from lms.exercises.parts import Phase
from lms.exercises.runsheet import fold
from lms.exercises.seating import TeamsBy
from lms.exercises.standing import Asked, Move, State
from lms.exercises.thoughts import LONGEST, About
from lms.settings import Settings

FORMAT = "disrupt-run-1"
MOST_BYTES = 20 * 1024 * 1024
NAMED = re.compile("[a-z0-9]+(-[a-z0-9]+)*")
AT_ONCE = 500  # rows of one statement
AHEAD = timedelta(days=1)  # how far the clock of a laptop may be before ours
Row = TypeVar("Row")
Aware = Annotated[datetime, Meta(tz=True)]
Short = Annotated[str, Meta(max_length=NAME)]
Address = Annotated[str, Meta(max_length=254)]
Round = Annotated[int, Meta(ge=1, le=1000)]
Options = Annotated[tuple[Short, ...], Meta(max_length=100)]


class Unfit(Exception):
    """The file is none of ours, or does not fit what is here; a sentence's end, in words."""


class NotYet(StrEnum):
    """Why a run cannot travel."""

    OPEN = "open"  # its answers still belong to people
    REHEARSAL = "rehearsal"


class MoveCopy(Struct, frozen=True, forbid_unknown_fields=True):
    """A move as it travels; `by` is the e-mail address of who made it."""

    asked: Asked
    at: Aware
    by: Address
    decided: Annotated[dict[Short, Options], Meta(max_length=200)] | None


class AnswerCopy(Struct, frozen=True, forbid_unknown_fields=True):
    """An answer as it travels: nobody's."""

    id: UUID
    task: Short
    round: Round
    profession: Profession | None
    team: Short
    answer: Any


class DecisionCopy(Struct, frozen=True, forbid_unknown_fields=True):
    """A version of what a team decided."""

    id: UUID
    task: Short
    round: Round
    team: Annotated[str, Meta(min_length=1, max_length=NAME)]
    number: Annotated[int, Meta(ge=0, le=1_000_000)]
    answer: dict[str, Any]
    at: Aware


Said = AnswerCopy | DecisionCopy


class ThoughtCopy(Struct, frozen=True, forbid_unknown_fields=True):
    """A thought of the hot wash."""

    about: About
    words: Annotated[str, Meta(min_length=1, max_length=LONGEST)]


class LessonCopy(Struct, frozen=True, forbid_unknown_fields=True):
    """What the run taught, as its trainers wrote it down; the order in the file is theirs."""

    id: UUID
    words: Annotated[str, Meta(min_length=1, max_length=5000)]
    owner: Annotated[str, Meta(max_length=300)]
    until: date | None


class RunCopy(Struct, frozen=True, forbid_unknown_fields=True):
    """All of it. `event` is a slug or "", people are e-mail addresses: accounts have other ids elsewhere."""

    id: UUID
    module: Short
    scenario: dict[str, Any]
    title: Annotated[str, Meta(min_length=1, max_length=300)]
    code: Annotated[str, Meta(pattern="^[A-Z0-9]{6}$")]
    event: Short
    half_day: UUID | None
    opened_by: Address
    opened_at: Aware
    ended_at: Aware
    teams_by: TeamsBy
    capacity: Annotated[int, Meta(ge=1, le=2000)]
    moves: Annotated[tuple[MoveCopy, ...], Meta(max_length=10_000)]
    answers: Annotated[tuple[AnswerCopy, ...], Meta(max_length=100_000)]
    decisions: Annotated[tuple[DecisionCopy, ...], Meta(max_length=20_000)]
    thoughts: Annotated[tuple[ThoughtCopy, ...], Meta(max_length=20_000)]
    lessons: Annotated[tuple[LessonCopy, ...], Meta(max_length=1_000)]
    took_part: Annotated[tuple[Address, ...], Meta(max_length=5_000)]


class Sealed(Struct, frozen=True, forbid_unknown_fields=True):
    """The file: a run, and the SHA-256 of its bytes, so that what was altered or cut off on the way is seen."""

    format: str
    sum: str
    run: Raw


class Carried(Struct, frozen=True):
    """A file that can be true."""

    copy: RunCopy
    exercise: Exercise


class Taken(Struct, frozen=True, kw_only=True):
    """What a file brought.

    `made`: the run is new here; `old`: it is past the time for which runs are kept, so of it only who took part was
    noted. `strangers` took part and have no account here, `unnamed` made moves and have none. `event` is what the
    file names, "" for none, and `placed` whether that is here.
    """

    run_id: UUID
    title: str
    ended_at: datetime
    made: bool
    old: bool
    moves: int
    answers: int
    decisions: int
    thoughts: int
    lessons: int
    people: int
    strangers: tuple[str, ...]
    unnamed: tuple[str, ...]
    event: str
    placed: bool


# --- out


def not_yet(run: Run) -> NotYet | None:
    """Why a run cannot travel, None where it can."""
    if run.rehearsal:
        return NotYet.REHEARSAL
    return NotYet.OPEN if run.ended_at is None else None


def copied(run: Run) -> bytes:
    """A run that is over, with all that is kept of it; the order of its rows says nothing. Raises ValueError."""
    if run.ended_at is None or run.rehearsal:
        raise ValueError("only a run that is over travels")
    event = db.session.get(Event, run.event_id) if run.event_id else None
    body = msgspec.json.encode(
        RunCopy(
            id=run.id, module=run.module, scenario=run.scenario, title=run.title, code=run.code,
            event=event.slug if event else "", half_day=run.half_day_id,
            opened_by=run.opened_by.email if run.opened_by else "", opened_at=run.opened_at, ended_at=run.ended_at,
            teams_by=run.teams_by, capacity=run.capacity,
            moves=tuple(
                MoveCopy(msgspec.convert(row.asked, Asked), row.at, by or "", row.decided)
                for row, by in db.session.execute(
                    select(MoveRow, Person.email).outerjoin(Person, Person.id == MoveRow.by_id)
                    .where(MoveRow.run_id == run.id).order_by(MoveRow.number)
                )
            ),
            answers=tuple(_answers(run).values()), decisions=tuple(_decisions(run).values()),
            thoughts=tuple(ThoughtCopy(*row) for row in _thoughts(run)), lessons=tuple(_lessons(run)),
            took_part=tuple(
                db.session.scalars(
                    select(Person.email).join(TakingPart, TakingPart.person_id == Person.id)
                    .where(TakingPart.run_id == run.id).order_by(Person.email)
                )
            ),
        )
    )  # fmt: skip
    return msgspec.json.encode(Sealed(FORMAT, sha256(body).hexdigest(), Raw(body)))


def _answers(run: Run) -> dict[UUID, AnswerCopy]:
    rows = db.session.execute(
        select(Answer.id, Answer.task, Answer.round, Answer.profession, Answer.team, Answer.answer)
        .where(Answer.run_id == run.id).order_by(Answer.id)
    )  # fmt: skip
    return {row.id: AnswerCopy(*row) for row in rows}


def _decisions(run: Run) -> dict[UUID, DecisionCopy]:
    rows = db.session.execute(
        select(
            DecisionRow.id, DecisionRow.task, DecisionRow.round, DecisionRow.team, DecisionRow.number,
            DecisionRow.answer, DecisionRow.at,
        ).where(DecisionRow.run_id == run.id).order_by(DecisionRow.id)
    )  # fmt: skip
    return {row.id: DecisionCopy(*row) for row in rows}


def _thoughts(run: Run) -> list[tuple[About, str]]:
    rows = db.session.execute(select(Thought.about, Thought.words).where(Thought.run_id == run.id).order_by(Thought.id))
    return [(row.about, row.words) for row in rows]


def _lessons(run: Run) -> list[LessonCopy]:
    rows = select(LessonLearned.id, LessonLearned.words, LessonLearned.owner, LessonLearned.until)
    of_run = rows.where(LessonLearned.run_id == run.id).order_by(LessonLearned.number)
    return [LessonCopy(*row) for row in db.session.execute(of_run)]


# --- in


def read(content: bytes) -> Carried:
    """A file that can be true. Raises Unfit."""
    if len(content) > MOST_BYTES:
        raise Unfit("it is larger than 20 MB")
    try:
        sealed = msgspec.json.decode(content, type=Sealed)
        if sealed.format != FORMAT:
            raise Unfit(f"it is no exercise's file, or one of another version: {sealed.format[:40]}")
        if sha256(sealed.run).hexdigest() != sealed.sum:
            raise Unfit("it was altered, or damaged on the way")
        copy = msgspec.json.decode(sealed.run, type=RunCopy)
        exercise = msgspec.convert(copy.scenario, Exercise)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise Unfit("it is no exercise's file, or one that this version cannot read") from problem
    wrong = (
        _wrong_in_words(copy) or _wrong_in_scenario(exercise) or _wrong_in_moves(copy, exercise)
        or _wrong_in_answers(copy, exercise)
    )  # fmt: skip
    if wrong:
        raise Unfit(wrong)
    return Carried(copy, exercise)


def _wrong_in_words(copy: RunCopy) -> str:
    if any(UNWRITABLE.search(text) for text in _texts(msgspec.to_builtins(copy))):
        return "a text in it cannot be kept"
    moments = [copy.opened_at, copy.ended_at, *(one.at for one in copy.moves), *(one.at for one in copy.decisions)]
    return "" if all(2000 <= at.year <= 2400 for at in moments) else "a time in it is in no calendar of ours"


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value, names of fields among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield name
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


def _wrong_in_scenario(exercise: Exercise) -> str:
    for pieces in (exercise.roles, exercise.teams, exercise.injects, exercise.tasks, exercise.debrief):
        if max(Counter(one.id for one in pieces).values(), default=1) > 1:
            return "two pieces of its scenario have one name"
    if not (NAMED.fullmatch(exercise.id) and len(exercise.id) <= NAME and len(exercise.version) <= 64):
        return "its scenario has no name that can be kept"
    if any(exercise.inject(task.inject) is None for task in exercise.tasks):
        return "a question of its scenario belongs to no message"
    asked_about = [inject.when.task for inject in exercise.injects if inject.when]
    return "a condition in it asks for no question" if any(exercise.task(one) is None for one in asked_about) else ""


def _wrong_in_moves(copy: RunCopy, exercise: Exercise) -> str:
    state = _folded(copy, exercise)
    if len(state.log) != len(copy.moves):
        return "a move stands in it twice, or cannot be kept"
    if state.phase is not Phase.ENDED or state.ended_at != copy.ended_at:
        return "by what was done in it, it did not end when it says"
    if copy.took_part and (state.started_at is None or not exercise.counts):
        return "by what was done in it, nobody can have taken part"
    return ""


def _folded(copy: RunCopy, exercise: Exercise) -> State:
    """Where the run stood after all that was done in it."""
    return fold(exercise, [Move(asked=one.asked, at=one.at, decided=one.decided) for one in copy.moves])


def _wrong_in_answers(copy: RunCopy, exercise: Exercise) -> str:
    if not (_differ(one.id for one in copy.answers) and _differ(one.id for one in copy.decisions)):
        return "an answer stands in it twice"
    if not _differ((one.task, one.round, one.team, one.number) for one in copy.decisions):
        return "a decision stands in it twice"
    teams = {"", *(team.id for team in exercise.teams)}
    said: list[Said] = [*copy.answers, *copy.decisions]
    for one in said:
        task = exercise.task(one.task)
        if task is None or isinstance(task, Decision) is not isinstance(one, DecisionCopy) or one.team not in teams:
            return f"the answer {one.id} belongs to no question or no team in it"
        if checked(task, one.answer).fault or checked(task, one.answer).answer != one.answer:
            return f"the answer {one.id} does not fit its question"
    written = [*(one.words for one in copy.thoughts), *(one.words for one in copy.lessons)]
    return "" if all(words.strip() for words in written) else "a thought in it says nothing"


def _differ(ones: Iterable[object]) -> bool:
    ones = list(ones)
    return len(set(ones)) == len(ones)


def taken(carried: Carried, now: datetime) -> Taken:
    """Add what is new in a file: the run if it is not here, what came after it was brought last, who took part.

    Raises Unfit where what is here and what is in the file cannot both be so; then the caller gives up all of it.
    """
    copy = carried.copy
    if copy.ended_at > now + AHEAD:
        raise Unfit("it ended in the future: the clock of the laptop was wrong, or ours is")
    settings: Settings = current_app.extensions["settings"]
    old = copy.ended_at < now - settings.keep_runs
    people = _accounts([copy.opened_by, *copy.took_part, *(one.by for one in copy.moves)])
    event_id, half_day_id = _where(copy)
    made, counts = False, (0, 0, 0, 0, 0)
    if not old:
        made = _made(carried, people.get(copy.opened_by), event_id, half_day_id)
        run = held(copy.id)
        _same_run(run, carried)
        if run.event_id is None and event_id is not None:
            run.event_id, run.half_day_id = event_id, half_day_id
        counts = (
            _take_moves(run, copy, people),
            _take_once(Answer, _answers(run), copy.answers, run, made),
            _take_once(DecisionRow, _decisions(run), copy.decisions, run, made),
            _take_thoughts(run, copy),
            _take_lessons(run, copy),
        )  # fmt: skip
    return Taken(
        run_id=copy.id, title=copy.title, ended_at=copy.ended_at, made=made, old=old, moves=counts[0],
        answers=counts[1], decisions=counts[2], thoughts=counts[3], lessons=counts[4],
        people=_note_who_took_part(carried, people, event_id),
        strangers=tuple(sorted(set(copy.took_part) - set(people))),
        unnamed=tuple(sorted({one.by for one in copy.moves if one.by} - set(people))),
        event=copy.event, placed=event_id is not None,
    )  # fmt: skip


def _pieces(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """A few hundred rows at a time: one statement for each piece."""
    return (rows[first : first + AT_ONCE] for first in range(0, len(rows), AT_ONCE))


def _accounts(addresses: Iterable[str]) -> dict[str, int]:
    """The accounts there are of these addresses."""
    found: dict[str, int] = {}
    for some in _pieces(sorted({one for one in addresses if one})):
        found.update(db.session.execute(select(Person.email, Person.id).where(Person.email.in_(some))).all())
    return found


def _where(copy: RunCopy) -> tuple[int | None, UUID | None]:
    """The event and half-day of a run, as far as they are here."""
    event_id = db.session.scalar(select(Event.id).where(Event.slug == copy.event)) if copy.event else None
    if event_id is None or copy.half_day is None:
        return event_id, None
    half_day = select(HalfDay.id).where(HalfDay.id == copy.half_day, HalfDay.event_id == event_id)
    return event_id, db.session.scalar(half_day)


def _made(carried: Carried, opened_by_id: int | None, event_id: int | None, half_day_id: UUID | None) -> bool:
    """Whether the run is new here; then it is."""
    copy, exercise = carried.copy, carried.exercise
    added = insert(Run).values(
        id=copy.id, module=copy.module, exercise=exercise.id, exercise_version=exercise.version,
        scenario=msgspec.to_builtins(exercise), title=copy.title, code=copy.code, screen_key=token_urlsafe(24),
        event_id=event_id, half_day_id=half_day_id, opened_by_id=opened_by_id, opened_at=copy.opened_at,
        ended_at=copy.ended_at, rehearsal=False, teams_by=copy.teams_by, capacity=copy.capacity, version=0,
    )  # fmt: skip
    return db.session.scalar(added.on_conflict_do_nothing(index_elements=["id"]).returning(Run.id)) is not None


def _same_run(run: Run, carried: Carried) -> None:
    copy = carried.copy
    if run.rehearsal or exercise_of(run.id) != carried.exercise or (run.module, run.code) != (copy.module, copy.code):
        raise Unfit("another exercise is kept here under its id")
    if run.ended_at is None:
        raise Unfit("the same exercise is still open here, and what people answered here would be lost")


def _take_moves(run: Run, copy: RunCopy, people: Mapping[str, int]) -> int:
    """How many moves are new: those after the last that is here. None is, where the file is the older of the two."""
    rows = db.session.execute(
        select(MoveRow.asked, MoveRow.at, MoveRow.decided).where(MoveRow.run_id == run.id).order_by(MoveRow.number)
    ).all()
    here = [(msgspec.convert(row.asked, Asked), row.at, row.decided) for row in rows]
    there = [(one.asked, one.at, _decided(one)) for one in copy.moves]
    both = min(len(here), len(there))
    if here[:both] != there[:both]:
        raise Unfit("this exercise went on in one way here and in another there, and only one of them can be kept")
    new = [
        {
            "id": one.asked.id, "run_id": run.id, "number": number, "asked": msgspec.to_builtins(one.asked),
            "at": one.at, "by_id": people.get(one.by), "decided": _decided(one),
        }
        for number, one in enumerate(copy.moves[both:], both)
    ]  # fmt: skip
    _add(MoveRow, new)
    return len(new)


def _decided(one: MoveCopy) -> dict[str, list[str]] | None:
    """What a move decided, as it stands in a row."""
    return None if one.decided is None else {team: list(options) for team, options in one.decided.items()}


def _take_once(
    table: type[Answer] | type[DecisionRow], here: Mapping[UUID, Said], rows: Sequence[Said], run: Run, made: bool
) -> int:  # fmt: skip
    """Add all with a new run; later there is nothing to add, because nobody answers after the end."""
    if made:
        _add(table, [msgspec.structs.asdict(one) | {"run_id": run.id} for one in rows])
        return len(rows)
    if here != {one.id: one for one in rows}:
        raise Unfit("other answers are kept here under its id")
    return 0


def _add(table: type[Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows, none of whose ids may be here already."""
    for some in _pieces(rows):
        added = insert(table).values(list(some)).on_conflict_do_nothing().returning(table.id)
        if len(db.session.scalars(added).all()) < len(some):
            raise Unfit("something in it belongs to another exercise here")


def _take_thoughts(run: Run, copy: RunCopy) -> int:
    """How many thoughts are new; all are written anew, so that none says which were brought together."""
    here = _thoughts(run)
    new = list({(one.about, one.words) for one in copy.thoughts} - set(here))
    if new:
        parting.write_anew(
            Thought, run, [{"run_id": run.id, "about": about, "words": words} for about, words in (*here, *new)]
        )
    return len(new)


def _take_lessons(run: Run, copy: RunCopy) -> int:
    """How many lessons are new; one that is here, by its id or in the same words, stays as it stands here."""
    here = _lessons(run)
    known = {one.id for one in here}, {one.words for one in here}
    new = [one for one in copy.lessons if one.id not in known[0] and one.words not in known[1]]
    last = db.session.scalar(select(func.max(LessonLearned.number)).where(LessonLearned.run_id == run.id)) or 0
    rows = [
        msgspec.structs.asdict(one) | {"run_id": run.id, "number": number} for number, one in enumerate(new, last + 1)
    ]
    _add(LessonLearned, rows)
    return len(new)


def _note_who_took_part(carried: Carried, people: Mapping[str, int], event_id: int | None) -> int:
    """How many are new of those who took part and have an account here."""
    copy = carried.copy
    began = _folded(copy, carried.exercise).started_at
    if began is None:
        return 0
    day = parting.day_of(began, event_id)
    rows = [
        {
            "run_id": copy.id, "person_id": people[address], "module": copy.module, "exercise": carried.exercise.id,
            "event_id": event_id, "day": day,
        }
        for address in sorted(set(copy.took_part) & set(people))
    ]  # fmt: skip
    new = 0
    for some in _pieces(rows):
        added = insert(TakingPart).values(list(some)).on_conflict_do_nothing().returning(TakingPart.person_id)
        new += len(db.session.scalars(added).all())
    if event_id is not None:
        placed = update(TakingPart).where(TakingPart.run_id == copy.id, TakingPart.event_id.is_(None))
        db.session.execute(placed.values(event_id=event_id, day=day))
    return new
