"""What happens with a quiz: begin or resume, one question a page, review, submit, result."""

from datetime import datetime
from math import ceil
from uuid import UUID, uuid4

from flask import Blueprint, Flask, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from lms.clock import now
from lms.content.library import course, language_notes, module_or_404
from lms.content.material import Module
from lms.database import db, writes
from lms.pages import clock
from lms.quizzes import attempts
from lms.quizzes.grading import grade
from lms.quizzes.models import Attempt
from lms.quizzes.paper import Answer, Drawn, Shown, Unfit, answer_from, given, in_order, moved, shown
from lms.quizzes.reasons import explained

bp = Blueprint("quizzes", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.get("/modules/<slug>/quiz")
def begin(slug: str) -> ResponseReturnValue:
    """What the quiz asks and what counts, before it begins."""
    module = module_or_404(slug)
    mine = attempts.of_module(current_user, slug)
    if any(attempts.close_if_over(attempt, current_user, now()) for attempt in mine):
        return _closed_late(url_for("quizzes.begin", slug=slug))
    going = next((attempt for attempt in mine if attempt.submitted_at is None), None)
    refused = None if going else attempts.refusal(module.quiz, mine, now())
    return render_template(
        "quizzes/begin.html",
        topic=_topic(module),
        quiz=module.quiz,
        needed=needed(module.quiz.draw, module.quiz.pass_mark),
        attempts=[attempt for attempt in mine if attempt.submitted_at],
        going=going and _first_open(going),
        refused=refused,
        extra_time=current_user.extra_time,
        notes=language_notes(module.quiz),
    )


def _closed_late(back: str) -> ResponseReturnValue:
    """The time of an attempt ran out while nobody looked: keep its result, then show the page."""
    writes()
    for attempt in db.session.scalars(Attempt.of(current_user).where(Attempt.submitted_at.is_(None)).with_for_update()):
        attempts.close_if_over(attempt, current_user, now())
    db.session.commit()
    return redirect(back)


@bp.post("/modules/<slug>/quiz")
def start(slug: str) -> ResponseReturnValue:
    """Begin an attempt, or go on with the open one."""
    module = module_or_404(slug)
    moment = now()
    mine = attempts.of_module(current_user, slug)
    for attempt in mine:
        attempts.close_if_over(attempt, current_user, moment)
    going = next((attempt for attempt in mine if attempt.submitted_at is None), None)
    if going is None:
        if attempts.refusal(module.quiz, mine, moment):
            db.session.commit()
            return redirect(url_for("quizzes.begin", slug=slug))
        going = attempts.begin(current_user, slug, module.quiz, len(mine) + 1, moment)
    db.session.commit()
    if going is None:  # another tab began it in the same moment
        going = next(attempt for attempt in attempts.of_module(current_user, slug) if attempt.submitted_at is None)
    return redirect(url_for("quizzes.question", attempt_id=going.id, number=_first_open(going)))


def _first_open(attempt: Attempt) -> int:
    """The first question without an answer, or the last one."""
    answered = attempt.given()
    return next((number for number in range(1, attempt.out_of + 1) if number not in answered), attempt.out_of)


def _mine(attempt_id: int) -> Attempt:
    attempt = db.session.scalar(Attempt.of(current_user).where(Attempt.id == attempt_id))
    return attempt or abort(404)


def _topic(module: Module) -> dict[str, object]:
    return {
        "number": module.number,
        "slug": module.slug,
        "title": module.title,
        "language": module.locale,
        "url": url_for("progress.topic", slug=module.slug),
    }


def needed(questions: int, pass_mark: int) -> int:
    """How many right answers pass."""
    return ceil(questions * pass_mark / 100)


@bp.get("/attempts/<int:attempt_id>")
def attempt(attempt_id: int) -> ResponseReturnValue:
    """The result, or the question to go on with."""
    found = _mine(attempt_id)
    if attempts.close_if_over(found, current_user, now()):
        return _closed_late(url_for("quizzes.attempt", attempt_id=attempt_id))
    if found.submitted_at is None:
        return redirect(url_for("quizzes.question", attempt_id=found.id, number=_first_open(found)))
    return _result(found)


@bp.get("/attempts/<int:attempt_id>/<int:number>")
def question(attempt_id: int, number: int) -> ResponseReturnValue:
    """One question of an open attempt."""
    found = _mine(attempt_id)
    if found.submitted_at is not None or attempts.close_if_over(found, current_user, now()):
        return redirect(url_for("quizzes.attempt", attempt_id=attempt_id))
    if not 1 <= number <= found.out_of:
        abort(404)
    return _question_page(found, number, request.args.get("moved", ""))


def _question_page(
    found: Attempt, number: int, just: str = "", status: int = 200, fault: str = ""
) -> ResponseReturnValue:
    paper = found.paper
    module = module_or_404(found.module)
    drawn = paper.questions[number - 1]
    answers = found.given()
    chosen = given(drawn, answers.get(number))
    asked = in_order(shown(drawn), chosen)
    sent = [one for one in found.answers if one.number == number]
    page = render_template(
        "quizzes/question.html",
        topic=_topic(module),
        attempt=found,
        language=paper.locale,
        number=number,
        all=found.out_of,
        answered=len(answers),
        needed=needed(found.out_of, paper.pass_mark),
        question=asked,
        given=chosen,
        moved=_moved(asked, just),
        saved_at=sent[-1].at if sent and number in answers else None,
        closes_at=found.closes_at(current_user.extra_time),
        steps=_steps(found, answers, number),
        errors=[{"id": "question", "words": fault}] if fault else [],
    )
    return page, status


def _steps(found: Attempt, answers: dict[int, Answer], here: int | None) -> list[dict[str, object]]:
    words = {"full": gettext("answered"), "here": gettext("here"), "empty": gettext("not answered")}
    steps = []
    for number in range(1, found.out_of + 1):
        state = "here" if number == here else "full" if number in answers else "empty"
        label = gettext("Question %(n)s: %(state)s", n=number, state=words[state])
        url = url_for("quizzes.question", attempt_id=found.id, number=number)
        steps.append({"state": state, "label": label, "language": g.locale, "url": url})
    return steps


def _moved(asked: Shown, just: str) -> dict[str, str] | None:
    """What the page says after a step was moved: its key, which way, and where it is now."""
    key, _colon, way = just.partition(":")
    for one in (asked, *asked.parts):
        keys = [step.id for step in one.steps]
        if key in keys and way in ("up", "down"):
            step, place = one.steps[keys.index(key)], keys.index(key) + 1
            words = gettext("Moved: “%(step)s” is now number %(n)s of %(all)s.", step=step.text, n=place, all=len(keys))
            return {"step": key, "way": way, "words": words}
    return None


@bp.post("/attempts/<int:attempt_id>/answers/<int:number>")
def answer(attempt_id: int, number: int) -> ResponseReturnValue:
    """Keep one answer at once; from a page, go on; from a script, say since when it is kept."""
    moment = now()
    found = attempts.held(attempt_id, current_user) or abort(404)
    if not 1 <= number <= found.out_of:
        abort(404)
    if not found.open_at(moment, current_user.extra_time):
        return _too_late(attempt_id, moment)
    drawn = found.question(number)
    try:
        sent_id = UUID(request.form["id"]) if request.form.get("id") else uuid4()
        kept = answer_from(drawn, _fields(drawn), "q")
    except (Unfit, ValueError):
        db.session.rollback()
        return _not_kept(attempt_id, number, gettext("This answer does not belong to this question. Choose again."))
    if kept is None and number not in attempts.answered(attempt_id):
        return _went_on(found, number)
    outcome = attempts.keep(attempt_id, sent_id, number, kept, moment)
    if outcome == "other":
        db.session.rollback()
        return _not_kept(attempt_id, number, gettext("Another answer was kept under this id. Choose again."))
    db.session.commit()
    return _went_on(found, number)


def _fields(drawn: Drawn) -> dict[str, list[str]]:
    """The form's fields, with a step moved where a button asks for it."""
    fields = {name: request.form.getlist(name) for name in request.form}
    key, colon, way = request.form.get("move", "").partition(":")
    if not colon:
        return fields
    for name, values in fields.items():
        if key in values and name.startswith("q"):
            fields[name] = moved(values, key, way)
            return fields
    raise Unfit(f"there is no step {key[:40]!r}")


def _went_on(found: attempts.Held, number: int) -> ResponseReturnValue:
    if request.accept_mimetypes.best == "application/json":
        numbers = attempts.answered(found.id)
        return {"outcome": "kept", "at": clock(now()), "answered": len(numbers), "numbers": numbers}
    if move := request.form.get("move"):
        return redirect(url_for("quizzes.question", attempt_id=found.id, number=number, moved=move) + "#question")
    if request.form.get("go") == "back" and number > 1:
        return redirect(url_for("quizzes.question", attempt_id=found.id, number=number - 1))
    if number < found.out_of:
        return redirect(url_for("quizzes.question", attempt_id=found.id, number=number + 1))
    return redirect(url_for("quizzes.review", attempt_id=found.id))


def _not_kept(attempt_id: int, number: int, words: str) -> ResponseReturnValue:
    if request.accept_mimetypes.best == "application/json":
        return {"outcome": "refused", "error": words, "field": "answer"}, 422
    return _question_page(_mine(attempt_id), number, status=422, fault=words)


def _too_late(attempt_id: int, moment: datetime) -> ResponseReturnValue:
    """The attempt is closed: by its holder, or now, because its time is over."""
    attempts.close_if_over(_mine(attempt_id), current_user, moment)
    db.session.commit()
    if request.accept_mimetypes.best == "application/json":
        return {"outcome": "closed", "error": gettext("This attempt is closed: the answer was not kept.")}, 409
    return redirect(url_for("quizzes.attempt", attempt_id=attempt_id))


@bp.get("/attempts/<int:attempt_id>/review")
def review(attempt_id: int) -> ResponseReturnValue:
    """Every answer before submitting."""
    found = _mine(attempt_id)
    if found.submitted_at is not None or attempts.close_if_over(found, current_user, now()):
        return redirect(url_for("quizzes.attempt", attempt_id=attempt_id))
    answers = found.given()
    rows = [
        {
            "number": number,
            "text": drawn.question.text,
            "answer": in_words(drawn, answers.get(number)),
            "url": url_for("quizzes.question", attempt_id=found.id, number=number),
        }
        for number, drawn in enumerate(found.paper.questions, 1)
    ]
    return render_template(
        "quizzes/review.html", topic=_topic(module_or_404(found.module)), rows=rows, answered=len(answers),
        all=found.out_of, submit_url=url_for("quizzes.submit", attempt_id=found.id), language=found.paper.locale,
    )  # fmt: skip


def in_words(drawn: Drawn, answer: Answer | None) -> str:
    """An answer as one line, in the words that were shown."""
    chosen = given(drawn, answer)
    return _in_words(in_order(shown(drawn), chosen), chosen) if chosen else ""


def _in_words(asked: Shown, chosen: Answer | None) -> str:
    if not chosen:
        return str(gettext("No answer yet"))
    if asked.parts:
        return "; ".join(_in_words(part, chosen.get(part.id)) for part in asked.parts)
    if "text" in chosen:
        return f"{chosen['text']} {asked.unit}".strip() if chosen["text"][-1:].isdigit() else str(chosen["text"])
    if asked.pairs:
        rights = {choice.id: choice.text for choice in asked.choices}
        return "; ".join(
            f"{row.left}: {rights[chosen['pairs'][row.id]]}" for row in asked.pairs if row.id in chosen["pairs"]
        )
    if asked.steps:
        return "; ".join(f"{place}. {step.text}" for place, step in enumerate(asked.steps, 1))
    picked = chosen.get("options") or [chosen.get("option")]
    texts = [option.text for option in asked.options if option.id in picked]
    return "; ".join(str(gettext(text)) if asked.kind == "true-false" else text for text in texts)


@bp.post("/attempts/<int:attempt_id>/submit")
def submit(attempt_id: int) -> ResponseReturnValue:
    """Grade the open attempt and close it; a second submit shows the first result."""
    found = attempts.locked(attempt_id, current_user) or abort(404)
    if not attempts.close_if_over(found, current_user, now()) and found.submitted_at is None:
        found.close(grade(found.paper, found.given()), now())
    db.session.commit()
    return redirect(url_for("quizzes.attempt", attempt_id=attempt_id))


def _result(found: Attempt) -> ResponseReturnValue:
    """Score, pass line, and for each question the reasons and the source."""
    paper = found.paper
    answers = found.given()
    result = grade(paper, answers)
    module = module_or_404(found.module)
    best = max((one.points or 0 for one in attempts.of_module(current_user, found.module)), default=0)
    words = {"right": gettext("Right"), "part": gettext("Partly right"), "wrong": gettext("Not right")}
    rows = []
    for number, (drawn, share) in enumerate(zip(paper.questions, result.shares, strict=True), 1):
        verdict = "right" if share == 1 else "part" if share else "wrong"
        rows.append(
            {
                "number": number,
                "verdict": verdict,
                "words": words[verdict],
                "text": drawn.question.text,
                "parts": explained(drawn.question, answers.get(number)),
                "answered": number in answers,
                "sources": [course().sources[one] for one in drawn.question.sources if one in course().sources],
                "lesson": module.lesson(drawn.question.lesson),
                "question_id": drawn.question.id,
            }
        )
    return render_template(
        "quizzes/result.html",
        topic=_topic(module),
        attempt=found,
        language=paper.locale,
        needed=needed(found.out_of, paper.pass_mark),
        is_best=(found.points or 0) >= best,
        answers=rows,
        onward=_onward(module),
        again=attempts.refusal(module.quiz, attempts.of_module(current_user, found.module), now()) is None,
    )


def _onward(module: Module) -> dict[str, str]:
    following = next((one for one in course().modules if one.number == module.number + 1), None)
    if following is None:
        return {"url": url_for("progress.progress"), "label": gettext("My progress")}
    return {
        "url": url_for("progress.topic", slug=following.slug),
        "label": gettext("Topic %(n)s", n=following.number),
    }
