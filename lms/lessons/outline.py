"""The lessons of a topic as marks on a line."""

from collections.abc import Mapping
from typing import Any

from flask import g, request
from flask_babel import gettext

from lms.content.material import Module
from lms.lessons.reading import Read, is_read, still_open


def address(slug: str, inside: str = "") -> str:
    """Where a topic, or a lesson in it, is read; several stand on every page, so this is quicker than url_for."""
    return f"{request.script_root}/modules/{slug}/{inside}"


def outline(module: Module, visits: Mapping[str, Read], here: str = "") -> list[dict[str, Any]]:
    """A mark for each lesson and one for the quiz; `visits` by the lesson's id, `here` the one being read."""
    open_ends = {"question": gettext("question open"), "end": gettext("end not reached"), None: ""}
    steps = []
    for lesson in module.lessons:
        visit = visits.get(lesson.id)
        words = gettext("done") if is_read(visit) else open_ends[still_open(visit)]
        steps.append(
            {
                "title": lesson.short or lesson.title,
                "language": lesson.locale,
                "minutes": lesson.minutes,
                "url": address(module.slug, lesson.id),
                "state": "here" if lesson.id == here else "done" if is_read(visit) else "open",
                "words": gettext("you are here") if lesson.id == here and not words else words,
            }
        )
    quiz = module.quiz
    steps.append(
        {
            "title": gettext("Quiz"),
            "language": g.locale,
            "minutes": quiz.minutes,
            "url": address(module.slug, "quiz"),
            "state": "open",
            "words": gettext("%(n)s questions", n=quiz.draw),
        }
    )
    return steps
