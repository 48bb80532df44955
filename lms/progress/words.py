"""The rule of completion in words: what a line asks, how far it is done, what is left; in the page's language."""

from collections.abc import Mapping
from typing import Protocol

from flask_babel import gettext, ngettext

from lms.progress.completion import Kind


class Counted(Protocol):
    """A line of the rule, of today or as it was frozen: `kind` is a `Kind` or its value."""

    @property
    def kind(self) -> str: ...
    @property
    def asked(self) -> int: ...
    @property
    def done(self) -> int: ...
    @property
    def over(self) -> str | tuple[str, ...]: ...


def asks(line: Counted, titles: Mapping[str, str]) -> str:
    """What a line asks: “Be present at 3 half-days of one event”. `titles` are events' by their slugs."""
    if line.kind == Kind.LESSONS:
        return str(ngettext("Read %(num)s lesson", "Read %(num)s lessons", line.asked))
    if line.kind == Kind.QUIZZES:
        return str(ngettext("Pass %(num)s quiz", "Pass %(num)s quizzes", line.asked))
    if line.kind == Kind.EXERCISES:
        return str(ngettext("Take part in %(num)s live exercise", "Take part in %(num)s live exercises", line.asked))
    if line.over == "one":
        return str(
            ngettext(
                "Be present at %(num)s half-day of one event",
                "Be present at %(num)s half-days of one event",
                line.asked,
            )
        )
    if line.over == "all":
        return str(
            ngettext(
                "Be present at %(num)s half-day of the events",
                "Be present at %(num)s half-days of the events",
                line.asked,
            )
        )
    where = gettext(" or ").join(titles.get(slug, slug) for slug in line.over)
    return str(ngettext(
        "Be present at %(num)s half-day: %(where)s", "Be present at %(num)s half-days: %(where)s", line.asked,
        where=where,
    ))  # fmt: skip


def stands(line: Counted) -> str:
    """How far a line is done: “22 of 23 lessons read”."""
    of = {"done": line.done, "asked": line.asked}
    if line.kind == Kind.LESSONS:
        return str(gettext("%(done)s of %(asked)s lessons read", **of))
    if line.kind == Kind.QUIZZES:
        return str(gettext("%(done)s of %(asked)s quizzes passed", **of))
    if line.kind == Kind.EXERCISES:
        return str(gettext("Took part in %(done)s of %(asked)s live exercises", **of))
    return str(gettext("%(done)s of %(asked)s half-days present", **of))


def lacks(line: Counted) -> str:
    """What is left of a line: “1 lesson is not read yet”."""
    left = line.asked - line.done
    if line.kind == Kind.LESSONS:
        return str(ngettext("%(num)s lesson is not read yet", "%(num)s lessons are not read yet", left))
    if line.kind == Kind.QUIZZES:
        return str(ngettext("%(num)s quiz is not passed yet", "%(num)s quizzes are not passed yet", left))
    if line.kind == Kind.EXERCISES:
        return str(ngettext("%(num)s live exercise is missing", "%(num)s live exercises are missing", left))
    return str(ngettext("%(num)s half-day is missing", "%(num)s half-days are missing", left))
