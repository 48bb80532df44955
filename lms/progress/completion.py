"""THE completion rule: what a paper asks, what is done, what is missing; a certificate is due when nothing is missing.

A pure rule over ids and counts. Evaluations join it when their wing does; no other place decides.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct

from lms.content.material import Course, Paper


class Kind(StrEnum):
    """What a line of the rule is about."""

    LESSONS = "lessons"
    QUIZZES = "quizzes"
    HALF_DAYS = "half-days"
    EXERCISES = "exercises"


class Asked(Struct, frozen=True):
    """What a paper asks of everyone: lessons as `slug/id`, quizzes by their topic's slug, so many half-days.

    `over` says where half-days are counted: at "one" event, at "all" together, or at those named. `exercises` are so
    many different ones, wherever they were played.
    """

    lessons: frozenset[str] = frozenset()
    quizzes: frozenset[str] = frozenset()
    half_days: int = 0
    over: str | tuple[str, ...] = "one"
    exercises: int = 0


class Done(Struct, frozen=True):
    """What someone did: lessons and quizzes as they are asked, half-days that count by the slug of their event.

    Exercises stand as `slug/id`, each once, however often it was played.
    """

    lessons: frozenset[str] = frozenset()
    quizzes: frozenset[str] = frozenset()
    half_days: Mapping[str, int] = {}
    exercises: frozenset[str] = frozenset()


class Line(Struct, frozen=True):
    """One line of the checklist. `missing` are ids where it asks for named things, and empty where it counts."""

    kind: Kind
    asked: int
    done: int
    missing: frozenset[str] = frozenset()
    over: str | tuple[str, ...] = "one"

    @property
    def left(self) -> int:
        """How many are still missing."""
        return self.asked - self.done


def asked(paper: Paper, course: Course) -> Asked:
    """What a paper asks; "all" means every topic of the course as it is today."""
    return Asked(
        lessons=frozenset(
            f"{module.slug}/{lesson.id}"
            for module in course.modules
            if module.slug in _topics(paper.lessons, course)
            for lesson in module.lessons
        ),
        quizzes=frozenset(_topics(paper.quizzes, course)),
        half_days=paper.half_days,
        over=paper.over,
        exercises=paper.exercises,
    )


def asked_at(paper: Paper, event: str, half_days: int) -> Asked:
    """What a paper of attendance asks at one event that has so many half-days: never more than there will be."""
    return Asked(half_days=min(paper.half_days, half_days or paper.half_days), over=(event,))


def _topics(named: Iterable[str] | str, course: Course) -> set[str]:
    if named == "all":
        return {module.slug for module in course.modules}
    return set(named)


def checklist(asked: Asked, done: Done) -> tuple[Line, ...]:
    """Every line that is asked for, with how far it is done."""
    lines = [
        Line(kind, len(wanted), len(wanted & had), wanted - had)
        for kind, wanted, had in (
            (Kind.LESSONS, asked.lessons, done.lessons),
            (Kind.QUIZZES, asked.quizzes, done.quizzes),
        )
        if wanted
    ]
    if asked.half_days:
        counted = min(_half_days(asked.over, done.half_days), asked.half_days)
        lines.append(Line(Kind.HALF_DAYS, asked.half_days, counted, over=asked.over))
    if asked.exercises:
        lines.append(Line(Kind.EXERCISES, asked.exercises, min(len(done.exercises), asked.exercises)))
    return tuple(lines)


def _half_days(over: str | tuple[str, ...], by_event: Mapping[str, int]) -> int:
    if over == "one":
        return max(by_event.values(), default=0)
    return sum(count for event, count in by_event.items() if over == "all" or event in over)


def missing(asked: Asked, done: Done) -> tuple[Line, ...]:
    """The lines that are not done; a certificate is due when there is none."""
    return tuple(line for line in checklist(asked, done) if line.left)
