"""What happens with topics and lessons: shown, place kept, question checked, end reached."""

from typing import Any

from flask import Blueprint, Flask, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from lms.accounts.access import public
from lms.clock import now
from lms.content.library import course, lesson_or_404, module_or_404, training
from lms.content.material import Course, Lesson, Module
from lms.database import db
from lms.lessons.models import Visit
from lms.lessons.reading import is_read, still_open
from lms.settings import LANGUAGES, Settings

bp = Blueprint("lessons", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


def visits(person_id: int, slug: str) -> dict[str, Any]:
    """A person's visits to one topic's lessons, by the lesson's id."""
    rows = db.session.execute(
        select(Visit.lesson, Visit.ended_at, Visit.checked_at, Visit.place).where(
            Visit.person_id == person_id, Visit.lesson.startswith(f"{slug}/", autoescape=True)
        )
    )
    return {row.lesson.partition("/")[2]: row for row in rows}


@bp.get("/modules/<slug>/")
@public
def topic(slug: str) -> ResponseReturnValue:
    """One topic: what it is for, where its law stands, its lessons."""
    module = module_or_404(slug)
    seen = visits(current_user.id, slug) if current_user.is_authenticated else {}
    steps = _steps(module, seen, here="")
    first = next((step for step in steps if step["state"] != "done"), steps[0])
    return render_template(
        "lessons/topic.html",
        topic=module,
        steps=steps,
        quiz_url=url_for("quizzes.begin", slug=slug),
        begun=bool(seen),
        read=sum(is_read(visit) for visit in seen.values()),
        go=first["url"],
        notes=_notes(module),
        sources=course().sources,
    )


def _notes(piece: Module | Lesson) -> list[str]:
    """What a reader must know about the language of what is shown."""
    if piece.locale != g.locale:
        return [gettext("This text is not translated yet: it is shown in English.")]
    if piece.outdated:
        return [gettext("The English text has changed since this translation was made.")]
    return []


def _steps(module: Module, seen: dict[str, Any], here: str) -> list[dict[str, Any]]:
    """The lessons of a topic as marks on a line, the quiz at its end."""
    words = {"question": gettext("question open"), "end": gettext("end not reached"), None: ""}
    steps = []
    for lesson in module.lessons:
        visit = seen.get(lesson.id)
        state = "done" if is_read(visit) else "here" if lesson.id == here else "open"
        said = gettext("done") if state == "done" else words[still_open(visit)]
        steps.append(
            {
                "title": lesson.short or lesson.title,
                "minutes": lesson.minutes,
                "url": _url(module.slug, lesson.id),
                "state": state,
                "here": lesson.id == here,
                "words": gettext("you are here") if lesson.id == here and not said else said,
            }
        )
    steps.append(
        {
            "title": gettext("Quiz"),
            "minutes": module.quiz.minutes,
            "url": f"/modules/{module.slug}/quiz",
            "state": "open",
            "here": False,
            "words": "",
        }
    )
    return steps


def _url(slug: str, lesson_id: str) -> str:
    return f"{request.script_root}/modules/{slug}/{lesson_id}"


@bp.get("/modules/<slug>/<lesson_id>")
def lesson(slug: str, lesson_id: str) -> ResponseReturnValue:
    """One lesson."""
    module, found = lesson_or_404(slug, lesson_id)
    seen = visits(current_user.id, slug)
    return render_template(
        "lessons/lesson.html",
        lesson=found,
        topic=module,
        steps=_steps(module, seen, here=lesson_id),
        done=sum(is_read(visit) for visit in seen.values()),
        place=seen[lesson_id].place if lesson_id in seen else "",
        notes=_notes(found),
        sources=[course().sources[source] for source in found.sources],
        check_given=_given(found),
        here=_url(slug, lesson_id),
        previous=_before(module, found),
        onward=_after(module, found),
        other_languages=_other_languages(module, found),
        exit_url=_settings().quick_exit_url,
    )


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def _before(module: Module, lesson: Lesson) -> dict[str, str] | None:
    if lesson.number == 1:
        return None
    previous = module.lessons[lesson.number - 2]
    return {"title": previous.title, "url": _url(module.slug, previous.id)}


def _after(module: Module, lesson: Lesson) -> dict[str, str]:
    """Where Next leads: the next lesson, after the last one the quiz."""
    if lesson.number == len(module.lessons):
        return {"title": gettext("Quiz"), "url": f"{request.script_root}/modules/{module.slug}/quiz"}
    following = module.lessons[lesson.number]
    return {"title": following.title, "url": _url(module.slug, following.id)}


def _other_languages(module: Module, lesson: Lesson) -> list[dict[str, str]]:
    """The languages this lesson can be read in besides the one shown."""
    written = _written(training().courses, module.slug, lesson.id)
    return [
        {"code": code, "name": LANGUAGES.get(code, code), "url": f"{_url(module.slug, lesson.id)}?lang={code}"}
        for code in written
        if code != lesson.locale
    ]


def _written(courses: dict[str, Course], slug: str, lesson_id: str) -> tuple[str, ...]:
    found = []
    for code, one in courses.items():
        module = one.module(slug)
        lesson = module.lesson(lesson_id) if module else None
        if lesson is not None and lesson.locale == code:
            found.append(code)
    return tuple(found)


def _given(lesson: Lesson) -> dict[str, Any] | None:
    """How the check-yourself question was just answered: it stands in the address and is kept nowhere."""
    ids = [option.id for option in lesson.check.options]
    chosen = [one for one in request.args.getlist("answer") if one in ids]
    if not chosen:
        return None
    rights = {option.id for option in lesson.check.options if option.right}
    return {"option": chosen[0], "options": chosen, "right": set(chosen) == rights}


@bp.post("/modules/<slug>/<lesson_id>/check")
def check(slug: str, lesson_id: str) -> ResponseReturnValue:
    """Note that the question was answered, then show what is right and why."""
    _module, found = lesson_or_404(slug, lesson_id)
    ids = {option.id for option in found.check.options}
    chosen = [one for one in request.form.getlist("check") if one in ids]
    if not chosen:
        return redirect(_url(slug, lesson_id) + "?empty=1#check")
    _keep(slug, found, checked_at=now())
    db.session.commit()
    answers = "&".join(f"answer={one}" for one in dict.fromkeys(chosen))
    return redirect(f"{_url(slug, lesson_id)}?{answers}#check")


@bp.post("/modules/<slug>/<lesson_id>/end")
def end(slug: str, lesson_id: str) -> ResponseReturnValue:
    """Note that the end was reached; from the page's button, go on to what comes next."""
    module, found = lesson_or_404(slug, lesson_id)
    _keep(slug, found, ended_at=now())
    db.session.commit()
    if "X-CSRFToken" in request.headers:
        return "", 204
    return redirect(_after(module, found)["url"])


@bp.post("/modules/<slug>/<lesson_id>/place")
def place(slug: str, lesson_id: str) -> ResponseReturnValue:
    """Keep the reader's place: the id of the paragraph at the top of the screen."""
    _module, found = lesson_or_404(slug, lesson_id)
    where = request.form.get("place", "")[:120]
    _keep(slug, found, place=where if where and f'id="{where}"' in found.body else "")
    db.session.commit()
    return "", 204


def _keep(slug: str, lesson: Lesson, **deed: Any) -> None:
    """Add a deed to the person's visit; the first of a kind stays. One row, whichever of two requests comes first."""
    moment = now()
    kind = postgresql if db.session.get_bind().dialect.name == "postgresql" else sqlite
    values = {"version": lesson.version, "seen_at": moment, **deed}
    added = kind.insert(Visit).values(
        person_id=current_user.id, lesson=f"{slug}/{lesson.id}", begun_at=moment, **({"place": ""} | values)
    )
    for once in ("ended_at", "checked_at"):
        if once in values:
            values[once] = db.func.coalesce(getattr(Visit, once), values[once])
    db.session.execute(added.on_conflict_do_update(index_elements=["person_id", "lesson"], set_=values))


@bp.get("/glossary/")
@public
def glossary() -> ResponseReturnValue:
    """Words a reader from another service may not know."""
    terms = sorted(course().glossary.items(), key=lambda item: item[1].term.casefold())
    return render_template("lessons/glossary.html", terms=terms)


