"""THE completion rule: what is asked, what is done, what is missing; a certificate is due when nothing is missing.

A pure rule over ids. Half-days, exercises and evaluations join `Deeds` when their wings do; no other place decides.
"""

from collections.abc import Iterable

from msgspec import Struct

from lms.content.material import Course, Paper


class Deeds(Struct, frozen=True):
    """Things asked of someone, or done by them: lessons as `slug/id`, quizzes by their topic's slug."""

    lessons: frozenset[str] = frozenset()
    quizzes: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.lessons or self.quizzes)

    def __len__(self) -> int:
        return len(self.lessons) + len(self.quizzes)


def asked(paper: Paper, course: Course) -> Deeds:
    """What a paper asks of everyone; "all" means every topic of the course as it is today."""
    return Deeds(
        lessons=frozenset(
            f"{module.slug}/{lesson.id}"
            for module in course.modules
            if module.slug in _topics(paper.lessons, course)
            for lesson in module.lessons
        ),
        quizzes=frozenset(_topics(paper.quizzes, course)),
    )


def _topics(named: Iterable[str] | str, course: Course) -> set[str]:
    if named == "all":
        return {module.slug for module in course.modules}
    return set(named)


def missing(asked: Deeds, done: Deeds) -> Deeds:
    """What is asked and not yet done; a certificate is due when nothing is missing."""
    return Deeds(lessons=asked.lessons - done.lessons, quizzes=asked.quizzes - done.quizzes)
