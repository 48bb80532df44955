"""The pages that look across wings: catalogue, continue, my progress."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, g, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import current_user

from lms.accounts.access import public
from lms.content.library import course, language_notes, module_or_404
from lms.content.material import Lesson, Module, PaperKind
from lms.lessons.outline import outline
from lms.lessons.reading import is_read, per_cent, still_open
from lms.pages import points
from lms.progress import facts
from lms.progress.completion import Asked, asked
from lms.progress.facts import NOTHING, Best, Facts, Reading
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
    return render_template("progress/home.html", course=course(), topics=topics, place=place)


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
    """One checklist of what the course's paper asks, each line done or with the link that does it."""
    paper = course().papers_of(PaperKind.COMPLETION)[0]
    known = facts.whole(current_user.id)
    wanted = asked(paper, course())
    groups = [_group(module, known, wanted) for module in course().modules]
    groups = [group for group in groups if group["lines"]]
    lines = [line for group in groups for line in group["lines"]]
    first = next((line for line in lines if line["state"] != "done"), None)
    if first is not None:
        first["action"]["primary"] = True
    steps = [
        {
            "state": "full" if line["state"] == "done" else "here" if line is first else "empty",
            "label": line["title"],
            "language": line["language"],
            "url": "",
        }
        for line in lines
    ]
    done = sum(line["state"] == "done" for line in lines)
    return render_template("progress/progress.html", paper=paper, groups=groups, steps=steps, done=done, all=len(lines))


def _group(module: Module, known: Facts, wanted: Asked) -> dict[str, Any]:
    lines = [_lesson_line(module, lesson, known) for lesson in module.lessons if _key(module, lesson) in wanted.lessons]
    if module.slug in wanted.quizzes:
        lines.append(_quiz_line(module, known.quizzes.get(module.slug, Best())))
    done = sum(line["state"] == "done" for line in lines)
    return {
        "title": gettext("Topic %(n)s", n=module.number),
        "name": module.title,
        "language": module.locale,
        "note": gettext("%(done)s of %(all)s done", done=done, all=len(lines)),
        "lines": lines,
    }


def _key(module: Module, lesson: Lesson) -> str:
    return f"{module.slug}/{lesson.id}"


def _lesson_line(module: Module, lesson: Lesson, known: Facts) -> dict[str, Any]:
    reading = known.readings.get(_key(module, lesson))
    if reading and reading.read_at:
        return {
            "title": lesson.title,
            "language": lesson.locale,
            "words": gettext("Lesson read"),
            "state": "done",
            "action": None,
            "done_on": reading.read_at,
        }
    words = {
        "question": gettext("Answer its check-yourself question."),
        "end": gettext("Go on to its end."),
        None: gettext("Read it to its end and answer its check-yourself question."),
    }[still_open(reading)]
    url = url_for("lessons.lesson", slug=module.slug, lesson_id=lesson.id)
    anchor = "#check" if still_open(reading) == "question" else f"#{reading.place}" if reading and reading.place else ""
    label = gettext("Continue") if reading else gettext("Read")
    action = {"url": url + anchor, "label": label, "primary": False}
    return {
        "title": lesson.title,
        "language": lesson.locale,
        "words": words,
        "state": "part" if reading else "open",
        "action": action,
        "done_on": None,
    }


def _quiz_line(module: Module, best: Best) -> dict[str, Any]:
    title = gettext("Quiz, topic %(n)s", n=module.number)
    score = (
        gettext("Best attempt: %(score)s of %(of)s.", score=points(best.points), of=best.out_of) if best.tried else ""
    )
    if best.passed_at:
        return {
            "title": title, "language": g.locale, "words": score, "state": "done", "action": None,
            "done_on": best.passed_at,
        }  # fmt: skip
    words = gettext("Pass with %(mark)s %% or more.", mark=module.quiz.pass_mark)
    url = url_for("quizzes.begin", slug=module.slug)
    label = gettext("Continue") if best.open_id else gettext("Try again") if best.tried else gettext("Begin")
    action = {"url": url, "label": label, "primary": False}
    return {
        "title": title, "language": g.locale, "words": f"{score} {words}".strip(),
        "state": "part" if best.tried else "open", "action": action, "done_on": None,
    }  # fmt: skip
