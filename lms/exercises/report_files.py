"""The after-action report as the bytes of a file: a tagged PDF that is short enough to read, and a whole workbook."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import current_app
from flask_babel import get_locale, gettext
from msgspec import Struct

from lms import pdf, spreadsheet
from lms.content.exercises import FreeText, Order
from lms.exercises.aftermath import Message, Question, Report, Sent, counts_options, option_text
from lms.exercises.parts import TaskState
from lms.exercises.report_words import BECAME, DONE, KINDS, THOUGHTS, group, number, subject, team_title, whom
from lms.exercises.standing import Moment
from lms.exercises.tally import OptionCount, Placed, Tally
from lms.pages import clock_in, day_in
from lms.spreadsheet import Cell, Sheet

SUBJECT = 200  # characters of what a line of the time line is about
MOST_SIGNS = 160_000  # of a page that is printed within seconds
MIMETYPES = spreadsheet.MIMETYPES | {"pdf": "application/pdf"}


class Setting(Struct, frozen=True, kw_only=True):
    """Of which run a report is: its title, where it was played, whether that was a rehearsal, and on whose clocks."""

    title: str
    name: str
    place: str
    rehearsal: bool
    zone: ZoneInfo
    made_at: datetime


class Room(Struct, frozen=True):
    """How much is printed: answers to a question or thoughts of a kind, moments and notes, versions of a decision,
    and characters of a text; the workbook has all of it.
    """

    texts: int
    moments: int
    versions: int
    longest: int


ROOMS = (Room(80, 500, 150, 1000), Room(40, 300, 60, 500), Room(20, 150, 30, 250), Room(8, 60, 12, 120))


def name(report: Report, setting: Setting, kind: str) -> str:
    """exercise-report-three-cities-2027-10-16.pdf"""
    day = f"-{report.ended_at.astimezone(setting.zone):%Y-%m-%d}" if report.ended_at else ""
    return spreadsheet.filename(f"exercise-report-{setting.name}{day}", kind)


# --- on paper


def as_pdf(report: Report, setting: Setting) -> bytes:
    """A4 upright, PDF/UA-1. Of a very large exercise long lists and texts are cut, which it says. Raises pdf.Failed."""
    for room in ROOMS:
        page = _page(report, setting, room)
        if len(page) <= MOST_SIGNS:
            break
    return pdf.render(page)


def _page(report: Report, setting: Setting, room: Room) -> str:
    return current_app.jinja_env.get_template("documents/exercise_report.html").render(
        language=str(get_locale() or "en").replace("_", "-"),
        paper="exercise-report",
        setting=setting,
        report=report,
        exercise=report.exercise,
        facts=_facts(report, setting),
        line=[_moment(one, report, setting) for one in report.line[: room.moments]],
        more_moments=max(0, len(report.line) - room.moments),
        messages=[_message(one, report, setting) for one in report.messages],
        questions=[_question(one, report, room) for one in report.questions],
        notes=[
            (clock_in(one.at, setting.zone), one.minute, _cut(one.text, room.longest), one.about, one.by)
            for one in report.notes[: room.moments]
        ],
        more_notes=max(0, len(report.notes) - room.moments),
        thoughts=[
            (title, [_cut(text, room.longest) for text in report.thoughts[about][: room.texts]],
             max(0, len(report.thoughts[about]) - room.texts))
            for about, title in THOUGHTS.items()
        ],
        made=f"{day_in(setting.made_at, setting.zone)}, {clock_in(setting.made_at, setting.zone)}",
    )  # fmt: skip


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 2].rstrip()} …"


def _facts(report: Report, setting: Setting) -> list[tuple[str, str]]:
    """The frame of the run: a name and what it is."""
    exercise = report.exercise
    times = ""
    if report.started_at and report.ended_at:
        day = day_in(report.started_at, setting.zone)
        times = f"{day}, {clock_in(report.started_at, setting.zone)}–{clock_in(report.ended_at, setting.zone)}"
    rows = [
        (gettext("Where"), setting.place),
        (gettext("When"), times),
        (gettext("Planned"), gettext(
            "%(all)s minutes: briefing %(briefing)s, debrief %(debrief)s", all=exercise.minutes,
            briefing=exercise.briefing_minutes, debrief=exercise.debrief_minutes,
        )),
        (gettext("Played"), gettext("%(n)s minutes without pauses", n=report.minutes)),
        (gettext("Pauses"), gettext("%(n)s, together %(minutes)s minutes", n=report.pauses, minutes=report.paused)
            if report.pauses else gettext("none")),
        (gettext("Answers"), gettext("from %(n)s people at most to one question", n=report.most_answers)),
        (gettext("Took part"), gettext("%(n)s people with an account, to the end", n=report.took_part)),
        (gettext("Roles"), ", ".join(role.title for role in exercise.roles)),
        (gettext("Content note"), exercise.content_note),
        (gettext("Version"), exercise.version),
    ]  # fmt: skip
    return [(title, words) for title, words in rows if words]


def _moment(one: Moment, report: Report, setting: Setting) -> dict[str, object]:
    """A line of the time line."""
    return {
        "clock": clock_in(one.at, setting.zone),
        "minute": one.minute,
        "planned": "" if one.planned is None else one.planned,
        "deed": DONE[one.move],
        "subject": _cut(subject(one, report.exercise), SUBJECT),
        "whom": whom(one.to, one.teams, report.exercise),
        "by": one.by,
    }


def _message(one: Message, report: Report, setting: Setting) -> dict[str, object]:
    """A message with each of its sendings in a sentence."""
    return {
        "title": one.title or gettext("Words of the trainers’ own"),
        "paragraphs": [part for part in one.text.split("\n\n") if part.strip()],
        "planned": one.planned,
        "meant_for": whom(one.to, None, report.exercise),
        "became": BECAME[one.status],
        "sent": [_sending(sent, report, setting) for sent in one.sent],
    }


def _sending(sent: Sent, report: Report, setting: Setting) -> str:
    words = [
        gettext(
            "%(clock)s, minute %(minute)s: to %(whom)s", clock=clock_in(sent.at, setting.zone), minute=sent.minute,
            whom=whom(sent.to, sent.teams, report.exercise),
        )
    ]  # fmt: skip
    if sent.again:
        words.append(gettext("shown again %(clock)s", clock=clock_in(sent.again, setting.zone)))
    if sent.taken_back:
        words.append(gettext("taken back %(clock)s", clock=clock_in(sent.taken_back, setting.zone)))
    return "; ".join(words)


def _question(one: Question, report: Report, room: Room) -> dict[str, object]:
    """A question with a table or a list for each round, and every version of what was decided."""
    standing = [version for version in one.versions if version.stands]
    earlier = [version for version in one.versions if not version.stands]
    shown = [*standing, *earlier][: room.versions]
    return {
        "text": one.task.text,
        "kind": KINDS[one.task.kind],
        "minute": one.minute,
        "taken_back": one.status is TaskState.WITHDRAWN,
        "rounds": [_round(one, tally, len(one.rounds), room) for tally in one.rounds],
        "versions": [
            {
                "team": team_title(version.team, report.exercise),
                "round": version.round,
                "number": version.number,
                "option": option_text(one.task, version.option),
                "reason": _cut(version.reason, room.longest),
                "owner": version.owner,
                "minute": version.minute,
                "stands": version.stands,
            }
            for version in one.versions
            if version in shown
        ],
        "more_versions": len(one.versions) - len(shown),
    }


def _round(one: Question, tally: Tally, rounds: int, room: Room) -> dict[str, object]:
    """What a round came to: a table with a column for everybody and one for each group, or a list of texts."""
    columns = [(gettext("Everybody"), tally.voted or tally.answered, tally.mean, tally.options, tally.places)]
    columns += [(group(of.names), of.answered, of.mean, of.options, of.places) for of in tally.groups]
    table = []
    if counts_options(one.task):
        table = [
            (option.text, [_share(options, option.id) for _title, _n, _mean, options, _places in columns])
            for option in tally.options
        ]
    if isinstance(one.task, Order):
        table = [
            (place.text, [(number(_mean_of(places, place.id)), "") for _title, _n, _mean, _options, places in columns])
            for place in tally.places
        ]
    return {
        "title": gettext("Round %(n)s", n=tally.round) if rounds > 1 else "",
        "among": _among(one, tally),
        "columns": [
            {"title": title, "people": people, "mean": number(mean) if mean is not None else ""}
            for title, people, mean, _options, _places in columns
        ],
        "ordered": isinstance(one.task, Order),
        "table": table,
        "texts": [_cut(text, room.longest) for text in tally.texts[: room.texts]],
        "more_texts": max(0, len(tally.texts) - room.texts),
    }


def _share(options: Sequence[OptionCount], option_id: str) -> tuple[str, str]:
    found = next(option for option in options if option.id == option_id)
    return gettext("%(n)s %%", n=found.per_cent), str(found.count)


def _mean_of(places: Sequence[Placed], option_id: str) -> float | None:
    return next(place.mean for place in places if place.id == option_id)


def _among(one: Question, tally: Tally) -> str:
    """Of how many answers a round's results are, on which ways they came, and what their middle is."""
    if one.task.kind == "decision":
        words = [gettext("%(n)s teams decided.", n=tally.answered)]
    else:
        words = [gettext("%(n)s answered on a device.", n=tally.answered)]
    if tally.hands:
        words.append(gettext("%(n)s counted by hand.", n=tally.hands))
    if tally.mean is not None:
        words.append(gettext("Mean %(mean)s, median %(median)s.", mean=number(tally.mean), median=number(tally.median)))
    return " ".join(words)


# --- as a workbook


def as_xlsx(report: Report, setting: Setting) -> Iterator[bytes]:
    """Everything, a sheet for each part; no text in it is a formula."""
    return spreadsheet.as_xlsx(list(sheets(report, setting)))


def sheets(report: Report, setting: Setting) -> Iterator[Sheet]:
    """The sheets of the workbook; each says in its name that it is an exercise."""
    zone, exercise = setting.zone, report.exercise
    when = gettext("When (%(zone)s)", zone=zone.key)
    team, minute, asked = gettext("Team"), gettext("Minute"), gettext("Question")
    turn = gettext("Round")

    def sheet(title: str, head: Sequence[str], rows: Iterator[Sequence[Cell]] | Sequence[Sequence[Cell]]) -> Sheet:
        return Sheet(gettext("EXERCISE, %(part)s", part=title), head, rows, zone)

    about: list[Sequence[Cell]] = [(gettext("Exercise"), setting.title)]
    if setting.rehearsal:
        about.append((gettext("Rehearsal"), gettext("yes")))
    about += _facts(report, setting)
    about += [(gettext("Objective"), words) for words in exercise.objectives]
    yield sheet(gettext("about"), [gettext("What"), ""], about)
    yield sheet(
        gettext("time line"),
        [when, minute, gettext("Planned minute"), gettext("What was done"), gettext("About"), gettext("To"),
         gettext("By")],
        [(one.at, one.minute, one.planned, str(DONE[one.move]), subject(one, exercise),
          whom(one.to, one.teams, exercise), one.by) for one in report.line],
    )  # fmt: skip
    yield sheet(
        gettext("messages"),
        [gettext("Title"), gettext("Text"), gettext("Planned minute"), gettext("Meant for"), gettext("What became"),
         when, minute, gettext("To"), gettext("By"), gettext("Shown again"), gettext("Taken back")],
        [(one.title, one.text, one.planned, whom(one.to, None, exercise), str(BECAME[one.status]), *sent)
         for one in report.messages for sent in _sendings(one, report)],
    )  # fmt: skip
    yield sheet(
        gettext("answers"),
        [asked, gettext("Kind"), turn, gettext("Group"), gettext("Option"), gettext("How many"), gettext("By hand"),
         gettext("Per cent"), gettext("Mean"), gettext("Median")],
        list(_answers(report)),
    )  # fmt: skip
    yield sheet(
        gettext("texts"),
        [asked, turn, gettext("Text")],
        [
            (one.task.text, tally.round, text)
            for one in report.questions
            for tally in one.rounds
            for text in tally.texts
        ],
    )
    yield sheet(
        gettext("decisions"),
        [asked, turn, team, gettext("Version"), gettext("Stands"), gettext("Decision"), gettext("Reason"),
         gettext("Who sees to it"), when, minute],
        [(one.task.text, version.round, team_title(version.team, exercise), version.number, version.stands,
          option_text(one.task, version.option), version.reason, version.owner, version.at, version.minute)
         for one in report.questions for version in one.versions],
    )  # fmt: skip
    yield sheet(
        gettext("notes"),
        [when, minute, gettext("Note"), gettext("About"), gettext("By")],
        [(one.at, one.minute, one.text, one.about, one.by) for one in report.notes],
    )
    yield sheet(
        gettext("hot wash"),
        [gettext("About"), gettext("Words")],
        [(str(title), words) for about_, title in THOUGHTS.items() for words in report.thoughts[about_]],
    )
    yield sheet(
        gettext("lessons"),
        [gettext("Lesson"), gettext("Who sees to it"), gettext("By when")],
        [(one.words, one.owner, one.until) for one in report.lessons],
    )


def _sendings(one: Message, report: Report) -> list[tuple[Cell, ...]]:
    """The columns of each sending; one empty line for what was never sent."""
    return [
        (sent.at, sent.minute, whom(sent.to, sent.teams, report.exercise), sent.by, sent.again, sent.taken_back)
        for sent in one.sent
    ] or [(None,) * 6]


def _answers(report: Report) -> Iterator[Sequence[Cell]]:
    """A line for each option of each round, for everybody and then for each group."""
    for one in report.questions:
        if isinstance(one.task, FreeText):
            continue
        for tally in one.rounds:
            start = (one.task.text, str(KINDS[one.task.kind]), tally.round)
            everybody = (gettext("Everybody"), tally.options, tally.places, tally.mean, tally.median)
            groups = [(group(of.names), of.options, of.places, of.mean, None) for of in tally.groups]
            for title, options, places, mean, median in (everybody, *groups):
                for option in options:
                    yield (*start, title, option.text, option.count, option.hands, option.per_cent, mean, median)
                for place in places:
                    yield (*start, title, place.text, sum(place.at), None, None, place.mean, None)
