"""What people have done, as the records say: the wing's only SQL, one query a kind, for one or for five hundred."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, select

from lms.database import db
from lms.events import roll
from lms.events.roll import Row
from lms.exercises.models import TakingPart
from lms.lessons.models import Visit
from lms.lessons.reading import is_read
from lms.progress.completion import Done
from lms.quizzes.models import Attempt


class Reading(Struct, frozen=True):
    """One visit: what of the lesson is done, and where the reader was last."""

    lesson: str
    place: str
    seen_at: datetime
    ended_at: datetime | None
    checked_at: datetime | None

    @property
    def read_at(self) -> datetime | None:
        """When the last of what makes a lesson read was done."""
        return max(self.ended_at, self.checked_at) if self.ended_at and self.checked_at else None


class Best(Struct, frozen=True):
    """The best attempt at a quiz, and whether one is open."""

    points: float = 0.0
    out_of: int = 0
    passed_at: datetime | None = None
    tried: int = 0
    open_id: int | None = None


class Facts(Struct, frozen=True):
    """Someone's readings by lesson, best attempts by topic, and rolls by event, where these were asked for.

    `exercises` has the day on which they first took part in each, by `slug/id`, in the order of those days.
    """

    readings: dict[str, Reading] = {}
    quizzes: dict[str, Best] = {}
    attended: Sequence[Row] = ()
    exercises: dict[str, date] = {}

    def done(self, at: datetime) -> Done:
        """What counts towards a certificate at a moment: a half-day that still goes on is none yet."""
        return Done(
            lessons=frozenset(lesson for lesson, reading in self.readings.items() if is_read(reading)),
            quizzes=frozenset(slug for slug, best in self.quizzes.items() if best.passed_at),
            half_days={row.registration.event.slug: row.counted(at) for row in self.attended},
            exercises=frozenset(self.exercises),
        )

    def last_read(self) -> Reading | None:
        return max(self.readings.values(), key=lambda reading: reading.seen_at, default=None)


NOTHING = Facts()


def of_person(person_id: int) -> Facts:
    """What one person has read and answered; not where they were and played, which the pages of topics do not say."""
    readings = _readings(Visit.person_id == person_id)
    quizzes = _quizzes(Attempt.person_id == person_id)
    return Facts(readings.get(person_id, {}), quizzes.get(person_id, {}))


def whole(person_id: int) -> Facts:
    """Everything that a paper may ask of one person."""
    return of_people([person_id]).get(person_id, NOTHING)


def of_people(person_ids: Collection[int] | None = None) -> dict[int, Facts]:
    """Everything that a paper may ask, of these people or of all; who did nothing at all is left out."""
    if person_ids is None:
        readings, quizzes, exercises = _readings(), _quizzes(), _exercises()
    else:
        readings = _readings(Visit.person_id.in_(person_ids))
        quizzes = _quizzes(Attempt.person_id.in_(person_ids))
        exercises = _exercises(TakingPart.person_id.in_(person_ids))
    attended = roll.of_people(person_ids)
    return {
        person_id: Facts(
            readings.get(person_id, {}), quizzes.get(person_id, {}), attended.get(person_id, ()),
            exercises.get(person_id, {}),
        )
        for person_id in readings.keys() | quizzes.keys() | attended.keys() | exercises.keys()
    }  # fmt: skip


def _readings(*which: ColumnElement[bool]) -> dict[int, dict[str, Reading]]:
    """Visits by person and lesson."""
    rows = db.session.execute(
        select(Visit.person_id, Visit.lesson, Visit.place, Visit.seen_at, Visit.ended_at, Visit.checked_at).where(
            *which
        )
    )
    found: dict[int, dict[str, Reading]] = defaultdict(dict)
    for person_id, lesson, place, seen_at, ended_at, checked_at in rows:
        found[person_id][lesson] = Reading(lesson, place, seen_at, ended_at, checked_at)
    return found


def _quizzes(*which: ColumnElement[bool]) -> dict[int, dict[str, Best]]:
    """Best attempts by person and topic."""
    rows = db.session.execute(
        select(
            Attempt.person_id, Attempt.id, Attempt.module, Attempt.points, Attempt.out_of, Attempt.passed,
            Attempt.submitted_at,
        )
        .where(*which)
        .order_by(Attempt.number)
    )  # fmt: skip
    found: dict[int, dict[str, Best]] = defaultdict(dict)
    for row in rows:
        found[row.person_id][row.module] = _better(found[row.person_id].get(row.module, Best()), row)
    return found


def _better(was: Best, row: Any) -> Best:
    """The best of a topic so far and one attempt more; the first that passed says since when."""
    better = row.points is not None and (row.points > was.points or not was.out_of)
    return Best(
        points=row.points if better else was.points,
        out_of=row.out_of if better else was.out_of,
        passed_at=was.passed_at or (row.submitted_at if row.passed else None),
        tried=was.tried + (row.submitted_at is not None),
        open_id=row.id if row.submitted_at is None else was.open_id,
    )


def _exercises(*which: ColumnElement[bool]) -> dict[int, dict[str, date]]:
    """Exercises taken part in by person, each with its first day."""
    rows = db.session.execute(
        select(TakingPart.person_id, TakingPart.module, TakingPart.exercise, TakingPart.day)
        .where(*which)
        .order_by(TakingPart.day, TakingPart.module, TakingPart.exercise)
    )
    found: dict[int, dict[str, date]] = defaultdict(dict)
    for person_id, module, exercise, day in rows:
        found[person_id].setdefault(f"{module}/{exercise}", day)
    return found
