"""What stands in each line of my progress: what is asked, how far it is done, and the link that does the rest."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from flask import g, url_for
from flask_babel import gettext, ngettext
from markupsafe import Markup, escape

from lms.content.library import course
from lms.content.material import Lesson, Module, Paper
from lms.content.prose import inline
from lms.events import telling
from lms.events.attendance import Attendance
from lms.events.models import Event, HalfDay
from lms.events.parts import Part
from lms.events.roll import Row
from lms.lessons.reading import still_open
from lms.pages import foreign, points
from lms.progress import completion, words
from lms.progress.completion import Asked, Kind
from lms.progress.facts import Best, Facts, Reading

Drawn = dict[str, Any]


def of_topic(module: Module, known: Facts, wanted: Asked) -> list[Drawn]:
    """What the course's paper asks of one topic."""
    lines = [
        _lesson(module, lesson, known.readings.get(_key(module, lesson)))
        for lesson in module.lessons
        if _key(module, lesson) in wanted.lessons
    ]
    if module.slug in wanted.quizzes:
        lines.append(_quiz(module, known.quizzes.get(module.slug, Best())))
    return lines


def of_half_days(known: Facts, wanted: Asked, moment: datetime) -> list[Drawn]:
    """What the course's paper asks of events, in one line; nothing where it asks nothing."""
    rows = [row for row in known.attended if isinstance(wanted.over, str) or _slug(row) in wanted.over]
    titles = {_slug(row): row.registration.event.title for row in rows}
    return [
        _half_days(line, rows, titles, moment)
        for line in completion.checklist(wanted, known.done(moment))
        if line.kind is Kind.HALF_DAYS
    ]


def of_exercises(known: Facts, wanted: Asked, moment: datetime) -> list[Drawn]:
    """What the course's paper asks of live exercises, in one line; nothing where it asks nothing."""
    return [
        _exercises(line, known.exercises)
        for line in completion.checklist(wanted, known.done(moment))
        if line.kind is Kind.EXERCISES
    ]


def of_taking_part(known: Facts) -> list[Drawn]:
    """Each live exercise that someone took part in, whatever a paper asks; what came last first."""
    return [
        _line(_exercise(key), gettext("Took part"), "done", done_on=day)
        for key, day in reversed(known.exercises.items())
    ]


def of_events(known: Facts, papers: Sequence[Paper], moment: datetime) -> list[Drawn]:
    """Each event that someone takes part in and what its paper of attendance asks, what comes last first."""
    return [
        _event(row, paper if len(papers) > 1 else None, line, moment)
        for row in reversed(known.attended)
        if row.registration.part is Part.PARTICIPANT
        for paper in papers
        for line in completion.checklist(
            completion.asked_at(paper, _slug(row), len(row.registration.event.half_days)), known.done(moment)
        )
    ]


def _line(title: str | Markup, said: str, state: str, **more: Any) -> Drawn:
    """A line: "open", "part" or "done"; it has the day since when it is done, or a link."""
    return {
        "title": escape(title), "language": g.locale, "words": said, "state": state, "action": None, "done_on": None,
        "missed": [], "notes": [],
    } | more  # fmt: skip


def _link(url: str, label: str) -> Drawn:
    return {"url": url, "label": label, "primary": False}


# --- topics --------------------------------------------------------------------------------------------------


def _key(module: Module, lesson: Lesson) -> str:
    return f"{module.slug}/{lesson.id}"


def _lesson(module: Module, lesson: Lesson, reading: Reading | None) -> Drawn:
    title, language = inline(lesson.title), lesson.locale
    if reading and reading.read_at:
        return _line(title, gettext("Lesson read"), "done", language=language, done_on=reading.read_at)
    said = {
        "question": gettext("Answer its check-yourself question."),
        "end": gettext("Go on to its end."),
        None: gettext("Read it to its end and answer its check-yourself question."),
    }[still_open(reading)]
    url = url_for("lessons.lesson", slug=module.slug, lesson_id=lesson.id)
    anchor = "#check" if still_open(reading) == "question" else f"#{reading.place}" if reading and reading.place else ""
    action = _link(url + anchor, gettext("Continue") if reading else gettext("Read"))
    return _line(title, said, "part" if reading else "open", language=language, action=action)


def _quiz(module: Module, best: Best) -> Drawn:
    title = gettext("Quiz, topic %(n)s", n=module.number)
    score = (
        gettext("Best attempt: %(score)s of %(of)s.", score=points(best.points), of=best.out_of) if best.tried else ""
    )
    if best.passed_at:
        return _line(title, score, "done", done_on=best.passed_at)
    said = gettext("Pass with %(mark)s %% or more.", mark=module.quiz.pass_mark)
    label = gettext("Continue") if best.open_id else gettext("Try again") if best.tried else gettext("Begin")
    action = _link(url_for("quizzes.begin", slug=module.slug), label)
    return _line(title, f"{score} {said}".strip(), "part" if best.tried else "open", action=action)


# --- exercises -----------------------------------------------------------------------------------------------


def _exercises(line: completion.Line, days: Mapping[str, date]) -> Drawn:
    title, said = words.asks(line, {}), words.stands(line)
    played = Markup(", ").join(_exercise(key) for key in days)
    if played:
        said = Markup("{}: {}").format(said, played)
    if not line.left:
        return _line(title, said, "done", done_on=list(days.values())[line.asked - 1])
    return _line(
        title,
        said,
        "part" if line.done else "open",
        notes=[gettext("It is played in the room. Your trainer shows a code; sign in before you join.")],
        action=_link(url_for("playing.join"), gettext("Join")),
    )


def _exercise(key: str) -> Markup:
    """The title of an exercise, in the language it has; of one that is no longer in the course, its id."""
    slug, _slash, exercise_id = key.partition("/")
    module = course().module(slug)
    found = module.exercise(exercise_id) if module else None
    if found is None:
        return Markup("<bdi>{}</bdi>").format(exercise_id)
    return Markup("<bdi{}>{}</bdi>").format(foreign(found.locale), found.title)


# --- events --------------------------------------------------------------------------------------------------


def _slug(row: Row) -> str:
    return row.registration.event.slug


def _half_days(line: completion.Line, rows: Sequence[Row], titles: dict[str, str], moment: datetime) -> Drawn:
    counted = [row for row in rows if row.counted(moment)]
    if line.over == "one":
        counted = sorted(counted, key=lambda row: -row.counted(moment))[:1]
    title, said = words.asks(line, titles), words.stands(line)
    where = Markup(", ").join(Markup("<bdi>{}</bdi>").format(row.registration.event.title) for row in counted)
    if where:
        said = Markup("{}: {}").format(said, where)
    if not line.left:
        return _line(title, said, "done", done_on=_days(counted)[line.asked - 1])
    coming = next((row.registration.event for row in rows if not _over(row.registration.event, moment)), None)
    return _line(
        title,
        said,
        "part" if line.done else "open",
        notes=[f"{words.lacks(line)}."] if line.done else [],
        action=_link(url_for("events.event", slug=coming.slug), gettext("Programme"))
        if coming
        else _link(url_for("events.events"), gettext("Find an event")),
    )


def _days(rows: Iterable[Row]) -> list[date]:
    """The days of the half-days that count, in order."""
    ends = [(half_day.ends_at, row) for row in rows for half_day, one in _attended(row) if one.counts]
    return [
        end.astimezone(row.registration.event.zone).date() for end, row in sorted(ends, key=lambda pair: pair[0])
    ]  # fmt: skip


def _attended(row: Row) -> list[tuple[HalfDay, Attendance]]:
    return list(zip(row.registration.event.half_days, row.attended, strict=True))


def _over(event: Event, moment: datetime) -> bool:
    return bool(event.half_days) and event.half_days[-1].ends_at <= moment


def _event(row: Row, paper: Paper | None, line: completion.Line, moment: datetime) -> Drawn:
    """An event: what counts there, what was missed, what is to come."""
    event = row.registration.event
    title = Markup("<bdi>{}</bdi>").format(event.title)
    if paper is not None:
        title = Markup("{}: {}").format(title, inline(paper.title))
    missed = [
        (half_day.title, telling.stand(half_day, one, event.zone, moment).words)
        for half_day, one in _attended(row)
        if not one.counts and half_day.ends_at <= moment
    ]
    programme = _link(url_for("events.event", slug=event.slug), gettext("Programme"))
    if line.left:
        notes, state = list(_prospects(row, line, moment)), "part" if line.done else "open"
        return _line(title, words.stands(line), state, missed=missed, notes=notes, action=programme)
    if not _over(event, moment):
        notes = [gettext("Its certificate is issued when the event is over.")]
        return _line(title, words.stands(line), "done", missed=missed, notes=notes, action=programme)
    action = _link(url_for("certificates.mine"), gettext("Certificates"))
    return _line(title, words.stands(line), "done", missed=missed, action=action)


def _prospects(row: Row, line: completion.Line, moment: datetime) -> Iterable[str]:
    """What is left of an event's line, and whether it can still be done."""
    coming = sum(half_day.ends_at > moment for half_day in row.registration.event.half_days)
    yield f"{words.lacks(line)}."
    if not row.registration.event.half_days:
        yield gettext("The half-days are not settled yet.")
    elif coming >= line.left:
        yield ngettext("%(num)s half-day is still to come.", "%(num)s half-days are still to come.", coming)
    elif not coming:
        yield gettext("The event is over. If you were there and it is not noted, tell its organisers.")
    else:
        yield gettext("Those still to come are too few. If you were there and it is not noted, tell its organisers.")
