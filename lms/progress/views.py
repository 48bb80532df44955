"""The pages that look across wings: catalogue, continue, my progress."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, g, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import current_user

from lms.accounts.access import public
from lms.clock import now
from lms.content.library import course, language_notes, module_or_404
from lms.content.material import Lesson, Module, PaperKind
from lms.lessons.outline import outline
from lms.lessons.reading import is_read, per_cent
from lms.pages import points
from lms.progress import facts, lines
from lms.progress.completion import Asked, asked, missing
from lms.progress.facts import NOTHING, Best, Facts, Reading
from lms.progress.words import lacks
from lms.settings import LANGUAGES

bp = Blueprint("progress", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.get("/")
@public
def home() -> ResponseReturnValue:
    """The catalogue, with the one place to go on."""
    return _catalogue()


@bp.get("/modules/")
@public
def modules() -> ResponseReturnValue:
    """The catalogue under its own address."""
    return _catalogue()


def _catalogue() -> ResponseReturnValue:
    known = facts.of_person(current_user.id) if current_user.is_authenticated else NOTHING
    place = _place(known)
    topics = [_card(module, known, place) for module in course().modules]
    all_done = current_user.is_authenticated and all(one["state"] == "done" for one in topics)
    left = _left() if all_done else None
    return render_template("progress/home.html", course=course(), topics=topics, place=place, left=left)


def _left() -> list[str]:
    """What the course's papers still ask of someone who is done with every topic, in words."""
    done = facts.whole(current_user.id).done(now())
    papers = course().papers_of(PaperKind.COMPLETION)
    return list(
        dict.fromkeys(lacks(line) for paper in papers for line in missing(asked(paper, course()), done))
    )  # fmt: skip


@bp.get("/modules/<slug>/")
@public
def topic(slug: str) -> ResponseReturnValue:
    """One topic: what it is for, where its law stands, its lessons and its quiz."""
    module = module_or_404(slug)
    known = facts.of_person(current_user.id) if current_user.is_authenticated else NOTHING
    visits = {key.partition("/")[2]: seen for key, seen in known.readings.items() if key.startswith(f"{slug}/")}
    steps = outline(module, visits)
    standing = _card(module, known, _place(known))
    best = known.quizzes.get(slug, Best())
    if best.tried:
        steps[-1]["words"] = gettext("best attempt %(score)s of %(of)s", score=points(best.points), of=best.out_of)
    if best.passed_at:
        steps[-1]["state"] = "done"
    return render_template(
        "progress/topic.html", topic=module, outline=steps, standing=standing, notes=language_notes(module),
        sources=course().sources,
    )  # fmt: skip


def _card(module: Module, known: Facts, place: dict[str, Any] | None) -> dict[str, Any]:
    """What the catalogue says of a topic."""
    read = sum(is_read(known.readings.get(f"{module.slug}/{lesson.id}")) for lesson in module.lessons)
    best = known.quizzes.get(module.slug, Best())
    begun = read or best.tried or best.open_id or any(key.startswith(f"{module.slug}/") for key in known.readings)
    done = read == len(module.lessons) and best.passed_at is not None
    return {
        "number": module.number,
        "slug": module.slug,
        "title": module.title,
        "language": module.locale,
        "summary": module.summary,
        "lessons": len(module.lessons),
        "minutes": module.minutes,
        "languages": [{"code": code, "name": LANGUAGES.get(code, code)} for code in module.languages],
        "url": url_for("progress.topic", slug=module.slug),
        "state": "done" if done else "part" if begun else "none",
        "read": read,
        "percent": per_cent(read, len(module.lessons)),
        "score": points(best.points),
        "of": best.out_of,
        "passed": best.passed_at is not None,
        "go": _go(module, known, place),
        "current": place is not None and place["slug"] == module.slug,
    }


def _go(module: Module, known: Facts, place: dict[str, Any] | None) -> str:
    """Where a topic goes on: where one left off in it, its first unread lesson, its quiz."""
    if place is not None and place["slug"] == module.slug:
        return str(place["url"])
    unread = _unread(module, known)
    if unread:
        return url_for("lessons.lesson", slug=module.slug, lesson_id=unread.id)
    best = known.quizzes.get(module.slug, Best())
    return url_for("progress.topic" if best.passed_at else "quizzes.begin", slug=module.slug)


def _unread(module: Module, known: Facts) -> Lesson | None:
    return next(
        (lesson for lesson in module.lessons if not is_read(known.readings.get(f"{module.slug}/{lesson.id}"))), None
    )


def _place(known: Facts) -> dict[str, Any] | None:
    """Where someone left off: in the lesson last open, or, when that is read, at what comes after it."""
    last = known.last_read()
    if last is None:
        return None
    slug, _slash, lesson_id = last.lesson.partition("/")
    module = course().module(slug)
    lesson = module.lesson(lesson_id) if module else None
    if module is None or lesson is None:
        return None
    if not is_read(last):
        return _at(module, lesson, last)
    unread = _unread(module, known)
    if unread:
        reading = known.readings.get(f"{slug}/{unread.id}")
        return _at(module, unread, reading, last.seen_at)
    if known.quizzes.get(slug, Best()).passed_at is None:
        return {
            "slug": slug,
            "at": last.seen_at,
            "title": gettext("Quiz, topic %(n)s", n=module.number),
            "language": g.locale,
            "words": gettext("Every lesson of topic %(n)s is read. Its quiz comes next.", n=module.number),
            "url": url_for("quizzes.begin", slug=slug),
        }
    following = next((one for one in course().modules if _unread(one, known)), None)
    if following is None:
        return None
    first = _unread(following, known)
    return _at(following, first, None, last.seen_at) if first else None


def _at(module: Module, lesson: Lesson, reading: Reading | None, at: datetime | None = None) -> dict[str, Any]:
    where = f"#{reading.place}" if reading and reading.place else ""
    left = _minutes_left(lesson, reading)
    words = gettext(
        "Topic %(topic)s, lesson %(lesson)s of %(lessons)s.",
        topic=module.number, lesson=lesson.number, lessons=len(module.lessons),
    )  # fmt: skip
    about = ngettext("About %(num)s minute left in this lesson.", "About %(num)s minutes left in this lesson.", left)
    return {
        "slug": module.slug,
        "at": reading.seen_at if reading else at,
        "title": lesson.title,
        "language": lesson.locale,
        "words": f"{words} {about}",
        "url": url_for("lessons.lesson", slug=module.slug, lesson_id=lesson.id) + where,
    }


def _minutes_left(lesson: Lesson, reading: Reading | None) -> int:
    """A guess from how far down the text the place is."""
    found = lesson.body.find(f'id="{reading.place}"') if reading and reading.place else -1
    share = 1 - max(found, 0) / max(len(lesson.body), 1)
    return max(1, round(lesson.minutes * share))


@bp.get("/progress")
def progress() -> ResponseReturnValue:
    """One checklist of what every paper asks, each line done or with the link that does it."""
    known, moment = facts.whole(current_user.id), now()
    wanted = [asked(paper, course()) for paper in course().papers_of(PaperKind.COMPLETION)]
    together = Asked(
        lessons=frozenset().union(*(one.lessons for one in wanted)),
        quizzes=frozenset().union(*(one.quizzes for one in wanted)),
    )
    groups = [_topic_group(module, lines.of_topic(module, known, together)) for module in course().modules]
    half_days = [line for one in wanted for line in lines.of_half_days(known, one, moment)]
    exercises = [line for one in wanted for line in lines.of_exercises(known, one, moment)]
    in_the_room = {"title": gettext("Training events"), "name": "", "language": g.locale}
    groups.append(in_the_room | {"lines": half_days + exercises})
    groups = [group for group in groups if group["lines"]]
    every = [line for group in groups for line in group["lines"]]
    first = next((line for line in every if line["state"] != "done"), None)
    if first is not None:
        first["action"]["primary"] = True
    steps = [
        {
            "state": "full" if line["state"] == "done" else "here" if line is first else "empty",
            "label": line["title"],
            "language": line["language"],
            "url": "",
        }
        for line in every
    ]
    return render_template(
        "progress/progress.html",
        groups=groups,
        steps=steps,
        done=sum(line["state"] == "done" for line in every),
        all=len(every),
        played=lines.of_taking_part(known),
        events=lines.of_events(known, course().papers_of(PaperKind.ATTENDANCE), moment),
    )


def _topic_group(module: Module, topic_lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "title": gettext("Topic %(n)s", n=module.number),
        "name": module.title,
        "language": module.locale,
        "lines": topic_lines,
    }
