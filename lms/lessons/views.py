"""What happens with lessons: shown, place kept, question checked, end reached."""

from typing import Any

from flask import Blueprint, Flask, current_app, g, get_template_attribute, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from markupsafe import Markup
from sqlalchemy import bindparam, select

from lms import sheets
from lms.accounts.access import public
from lms.clock import now
from lms.content.library import course, language_notes, lesson_or_404, training
from lms.content.material import Lesson, Module
from lms.database import db, insert, look
from lms.lessons.models import Visit
from lms.lessons.outline import address, outline
from lms.lessons.reading import is_read
from lms.settings import LANGUAGES, Settings

bp = Blueprint("lessons", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


VISITS = select(Visit.lesson, Visit.ended_at, Visit.checked_at, Visit.place).where(
    Visit.person_id == bindparam("person_id"), Visit.lesson.startswith(bindparam("topic"), autoescape=False)
)


def visits(person_id: int, slug: str) -> dict[str, Any]:
    """A person's visits to one topic's lessons, by the lesson's id."""
    with look() as database:
        rows = database.execute(VISITS, {"person_id": person_id, "topic": f"{slug}/"}).all()
    return {row.lesson.partition("/")[2]: row for row in rows}


@bp.get("/modules/<slug>/<lesson_id>")
def lesson(slug: str, lesson_id: str) -> ResponseReturnValue:
    """One lesson: the sheet of all its readers filled in, or a page of its own when its question was just answered."""
    module, found = lesson_or_404(slug, lesson_id)
    seen = visits(current_user.id, slug)
    own = {
        "line": _line(module, seen, lesson_id),
        "done": sum(is_read(visit) for visit in seen.values()),
        "place": seen[lesson_id].place if lesson_id in seen else "",
        "body": Markup(found.body),  # noqa: S704 - made safe when it was loaded
    }
    if request.args or not sheets.fits():
        return _page(module, found, **own)
    blanks = {name: sheets.blank(name) for name in own} | {"person": {"short_name": sheets.blank("reader")}}
    key = ("lesson", request.script_root, g.locale, slug, lesson_id, current_user.role, current_user.country)
    return sheets.fill(key, lambda: _page(module, found, **blanks), reader=current_user.short_name, **own)


def _line(module: Module, seen: dict[str, Any], here: str) -> Markup:
    """The lessons of a topic as marks on a line; readers who are equally far share one."""
    far = tuple((lesson, bool(visit.ended_at), bool(visit.checked_at)) for lesson, visit in seen.items())
    key = ("line", request.script_root, g.locale, module.slug, here, far)
    return sheets.fill(key, lambda: get_template_attribute("components/nav.html", "steps")(outline(module, seen, here)))


def _page(module: Module, found: Lesson, **own: Any) -> str:
    """The page with everything that is on it for all, and what is given as the reader's own."""
    slug, lesson_id = module.slug, found.id
    given, answered = _answered(found)
    return render_template(
        "lessons/lesson.html",
        lesson=found,
        slug=slug,
        topic={
            "number": module.number,
            "slug": slug,
            "title": module.title,
            "language": module.locale,
            "url": address(slug),
            "lessons": len(module.lessons),
        },
        here=address(slug, lesson_id),
        notes=language_notes(found),
        sources=[course().sources[source] for source in found.sources],
        given=given,
        answered=answered,
        errors=[{"id": "check", "words": gettext("Choose an answer.")}] if "empty" in request.args else [],
        previous=_before(module, found),
        next=_after(module, found) | {"url": f"{address(slug, lesson_id)}/end"},
        other_languages=_other_languages(module, found),
        exit_url=_settings().quick_exit_url,
        **own,
    )


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def _before(module: Module, lesson: Lesson) -> dict[str, str] | None:
    if lesson.number == 1:
        return None
    previous = module.lessons[lesson.number - 2]
    return {"title": previous.title, "language": previous.locale, "url": address(module.slug, previous.id)}


def _after(module: Module, lesson: Lesson) -> dict[str, str]:
    """Where Next leads: the next lesson, after the last one the quiz."""
    if lesson.number == len(module.lessons):
        return {"title": gettext("Quiz"), "language": g.locale, "url": address(module.slug, "quiz")}
    following = module.lessons[lesson.number]
    return {"title": following.title, "language": following.locale, "url": address(module.slug, following.id)}


def _other_languages(module: Module, lesson: Lesson) -> list[dict[str, str]]:
    """The languages this lesson can be read in besides the one shown."""
    return [
        {"code": code, "words": LANGUAGES.get(code, code), "url": f"{address(module.slug, lesson.id)}?lang={code}"}
        for code in training().languages(module.slug, lesson.id)
        if code != g.locale
    ]


def _answered(lesson: Lesson) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """How the check-yourself question was just answered, and what is said to it; it is kept in the address alone."""
    options = lesson.check.options
    chosen = [option for option in options if option.id in request.args.getlist("answer")]
    if not chosen:
        return None, None
    right = [option for option in options if option.right] == chosen
    given = {"option": chosen[0].id, "options": [option.id for option in chosen]}
    answered = {
        "right": right,
        "heading": gettext("Right") if right else gettext("Not right"),
        "reasons": [*(option.feedback for option in chosen), lesson.check.explanation],
    }
    return given, answered


@bp.post("/modules/<slug>/<lesson_id>/check")
def check(slug: str, lesson_id: str) -> ResponseReturnValue:
    """Note that the question was answered, then show what is right and why."""
    _module, found = lesson_or_404(slug, lesson_id)
    ids = {option.id for option in found.check.options}
    chosen = [one for one in request.form.getlist("check") if one in ids]
    if not chosen:
        return redirect(address(slug, lesson_id) + "?empty=1#check")
    _keep(slug, found, checked_at=now())
    db.session.commit()
    answers = "&".join(f"answer={one}" for one in dict.fromkeys(chosen))
    return redirect(f"{address(slug, lesson_id)}?{answers}#check")


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
    values = {"version": lesson.version, "seen_at": moment, **deed}
    added = insert(Visit).values(
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
    return render_template("lessons/glossary.html", terms=terms, language=course().glossary_locale)
