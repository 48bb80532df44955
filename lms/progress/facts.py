"""What someone has done, as the records say: the wing's only SQL, one query a kind."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import select

from lms.database import db
from lms.lessons.models import Visit
from lms.lessons.reading import is_read
from lms.progress.completion import Deeds
from lms.quizzes.models import Attempt


class Reading(Struct, frozen=True):
    """One visit: what of the lesson is done, and where the reader was last."""

    lesson: str
    place: str
    seen_at: datetime
    ended_at: datetime | None
    checked_at: datetime | None


class Best(Struct, frozen=True):
    """The best attempt at a quiz, and whether one is open."""

    points: float = 0.0
    out_of: int = 0
    passed_at: datetime | None = None
    tried: int = 0
    open_id: int | None = None


class Facts(Struct, frozen=True):
    """Someone's readings by lesson and best attempts by topic."""

    readings: dict[str, Reading]
    quizzes: dict[str, Best]

    def done(self) -> Deeds:
        """What counts towards a certificate."""
        return Deeds(
            lessons=frozenset(lesson for lesson, reading in self.readings.items() if is_read(reading)),
            quizzes=frozenset(slug for slug, best in self.quizzes.items() if best.passed_at),
        )

    def last_read(self) -> Reading | None:
        return max(self.readings.values(), key=lambda reading: reading.seen_at, default=None)


def of_person(person_id: int) -> Facts:
    """The facts of one person."""
    visits = db.session.execute(
        select(Visit.lesson, Visit.place, Visit.seen_at, Visit.ended_at, Visit.checked_at).where(
            Visit.person_id == person_id
        )
    )
    attempts = db.session.execute(
        select(Attempt.id, Attempt.module, Attempt.points, Attempt.out_of, Attempt.passed, Attempt.submitted_at)
        .where(Attempt.person_id == person_id)
        .order_by(Attempt.number)
    )
    quizzes: dict[str, Best] = {}
    for row in attempts:
        was = quizzes.get(row.module, Best())
        better = row.points is not None and (row.points > was.points or not was.out_of)
        quizzes[row.module] = Best(
            points=row.points if better else was.points,
            out_of=row.out_of if better else was.out_of,
            passed_at=was.passed_at or (row.submitted_at if row.passed else None),
            tried=was.tried + (row.submitted_at is not None),
            open_id=row.id if row.submitted_at is None else was.open_id,
        )
    return Facts(readings={row.lesson: Reading(*row) for row in visits}, quizzes=quizzes)
