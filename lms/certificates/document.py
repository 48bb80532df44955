"""What a certificate looks like: two pages of A4, and the facts that lie in the file beside them.

    document(statement, name) -> str        the HTML that `pdf.record` prints
    attachment(statement, name) -> bytes    the same as JSON; docs/certificates.md describes it

Page 1 is to be framed: what was achieved, when, where, for how long. Page 2 is the evidence: what was asked, what was
done, how to check it. Both are in the holder's language, with English beside it where that is another; what is the same
in both stands once. Whatever is long is set smaller, by the widths of its letters, until it fits; on page 2 the English
goes before anything else does. Needs an app context. Text is text: markup in a name is printed as it stands.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from math import ceil, cos, pi, sin
from zoneinfo import ZoneInfo

import msgspec
from babel.lists import format_list
from babel.numbers import format_decimal
from flask import current_app
from flask_babel import force_locale, format_date, ngettext
from flask_babel import gettext as _
from fontTools.ttLib import TTFont
from markupsafe import Markup

from lms import pdf
from lms.certificates.statement import Event, HalfDay, Statement, Topic
from lms.content.material import PaperKind
from lms.progress import words
from lms.progress.completion import Kind
from lms.settings import Settings

# What paper.css says too, in mm and points; tests hold the two together.
NAME_STEPS = ((41, 1), (34, 1), (28, 1), (24, 1), (24, 2), (20, 3), (16, 6), (12, 8), (8, 12))  # points, lines at most
FRONT_STEPS = (  # points, mm from the top
    (15, 52), (15, 43), (15, 34), (14, 32), (13, 30), (12, 30), (11.2, 30), (10.4, 30), (9, 30), (7.5, 30), (6, 30),
)  # fmt: skip
FRONT_WIDTH, SENTENCE_WIDTH, FACT_WIDTHS = 191, 160, (33, 79, 79)
FRONT_FOOT, FUNDED_FOOT = 156, 142  # where the foot of page 1 begins
BACK_STEPS = (10.5, 9.5, 9, 8.5, 8, 7, 6, 5)
WITH_ENGLISH = 5  # so many steps of page 2 are tried with English, then all without
BACK_HEIGHTS = (144, 160)  # at the first step, and at the others
ROW_PADDINGS = (0.35, 0.22)  # ems, at the first step and at the others
BACK_WIDTH, NOTE_WIDTH = 231, 71
ASKED_WIDTHS = (31, 100, 100)
HALF_DAY_WIDTHS = (62, 127, 42)
TOPIC_WIDTHS = (129, 39, 39, 24)

LISTS = {"en": "en_GB"}  # how a list ends: “one, two and three”
LINE, SMALL_LINE = 1.4, 1.35
TO_BE_SURE = 1.03  # a line may turn out wider than its letters' sum
MOST_IN_A_COLUMN = 5
STAR = (1, sin(pi / 10) / cos(pi / 5))  # the points of a star, and the corners between them, from its middle


@dataclass(frozen=True)
class Fact:
    """A line of facts: its name, and a paragraph for each value."""

    label: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Evidence:
    """A table of page 2: rows of as many texts as it has columns; `note` stands beneath its heading."""

    kind: str
    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Note:
    """One of the three things that a reader of page 2 may ask."""

    title: str
    text: str


@dataclass(frozen=True)
class Said:
    """Everything that a certificate says, in one language."""

    title: str
    project: str
    pages: tuple[str, str]
    kind: str
    sentence: str
    facts: tuple[Fact, ...]
    issued: str
    issued_on: str
    number: str
    replaces: str
    signed: str
    check: str
    code: str
    certificate: str
    evidence: str
    asked: tuple[Fact, ...]
    tables: tuple[Evidence, ...]
    notes: tuple[Note, ...]
    emblem: str


def attachment(statement: Statement, name: str) -> bytes:
    """The facts of a certificate for machines: UTF-8, its members always in one order."""
    return msgspec.json.encode({"name": name, **msgspec.to_builtins(statement)})


def document(statement: Statement, name: str) -> str:
    """The pages of a certificate, with this name as it is printed."""
    settings: Settings = current_app.extensions["settings"]
    doubled = statement.locale != "en"
    own = _said(statement, statement.locale, doubled)
    english = _said(statement, "en", doubled) if doubled else own
    funded = bool(settings.funding_statement or settings.funding_emblem)
    back_step, back_english = _back(own, english)
    return current_app.jinja_env.get_template("documents/certificate.html").render(
        language=statement.locale.replace("_", "-"),
        statement=statement,
        address=_address(statement),
        name=name,
        name_step=name_step(name),
        name_direction=direction(name),
        own=own,
        english=english,
        in_columns=_in_columns,
        funded=funded,
        front_step=_front(own, english, name, FUNDED_FOOT if funded else FRONT_FOOT),
        back_step=back_step,
        back_english=back_english,
        qr=pdf.qr(statement.check, own.code),
        funding_statement=settings.funding_statement,
        emblem=_emblem(own.emblem) if settings.funding_emblem else "",
    )


# --- what is said --------------------------------------------------------------------------------------------


def _said(statement: Statement, locale: str, doubled: bool) -> Said:
    with force_locale(locale):
        kind = _kind(statement)
        return Said(
            title=f"{kind} {statement.number}",
            project=_project(statement, locale),
            pages=(_("page %(number)s of %(all)s", number=1, all=2), _("page %(number)s of %(all)s", number=2, all=2)),
            kind=kind,
            sentence=_sentence(statement, locale),
            facts=tuple(_facts(statement, locale)),
            issued=_("Issued"),
            issued_on=_day(statement.issued_on),
            number=_("Number"),
            replaces=_("Replaces %(number)s", number=statement.replaces) if statement.replaces else "",
            signed=_("Signed electronically: the signature is in the file."),
            check=_("Check at"),
            code=_("QR code of the address where this certificate is checked"),
            certificate=_("certificate %(number)s", number=statement.number),
            evidence=_("What was asked, and what was done"),
            asked=tuple(_asked(statement, locale)),
            tables=tuple(_tables(statement, locale, doubled)),
            notes=tuple(_notes(statement)),
            emblem=_("Emblem of the European Union"),
        )


def _kind(statement: Statement) -> str:
    if statement.kind == PaperKind.ATTENDANCE:
        return str(_("Certificate of attendance"))
    return str(_("Certificate of completion"))


def _project(statement: Statement, locale: str) -> str:
    """What stands beside the project's name: a title that the sentence does not say."""
    if _of_an_event(statement):
        return _in(statement.title, locale)
    if statement.programme["en"] != statement.title["en"]:
        return _in(statement.programme, locale)
    return str(_("training on child trafficking and digital evidence"))


def _of_an_event(statement: Statement) -> bool:
    return statement.kind == PaperKind.ATTENDANCE and bool(statement.events)


def _sentence(statement: Statement, locale: str) -> str:
    days = _days(_all_days(statement))
    if _of_an_event(statement):
        event = statement.events[0]
        said = ngettext(
            "took part in “%(title)s”, %(days)s, and was present at its half-day.",
            "took part in “%(title)s”, %(days)s, and was present at %(counted)s of its %(num)s half-days.",
            len(event.half_days), title=event.title, days=days, counted=event.counted,
        )  # fmt: skip
        return str(said)
    title, deeds = _in(statement.title, locale), format_list(list(_deeds(statement)), locale=LISTS.get(locale, locale))
    if not days:
        return str(_("completed “%(title)s”: %(deeds)s.", title=title, deeds=deeds))
    return str(_("completed “%(title)s”, %(days)s: %(deeds)s.", title=title, days=days, deeds=deeds))


def _deeds(statement: Statement) -> Iterable[str]:
    for line in statement.rule:
        if line.kind == Kind.LESSONS:
            yield ngettext("%(num)s lesson read", "%(num)s lessons read", line.done)
        elif line.kind == Kind.QUIZZES:
            yield ngettext("%(num)s quiz passed", "%(num)s quizzes passed", line.done)
    if counted := sum(event.counted for event in statement.events):
        yield ngettext("%(num)s half-day attended", "%(num)s half-days attended", counted)
    if statement.exercises:
        yield ngettext("%(num)s live exercise played", "%(num)s live exercises played", len(statement.exercises))


def _facts(statement: Statement, locale: str) -> Iterable[Fact]:
    if statement.events:
        yield Fact(_("Place"), tuple(dict.fromkeys(_place(event) for event in statement.events)))
    hours = []
    if statement.minutes:
        hours.append(_("%(hours)s in the room", hours=_hours(statement.minutes)))
    if statement.study_minutes:
        hours.append(_("about %(hours)s of study on one’s own", hours=_hours(statement.study_minutes)))
    if hours:
        yield Fact(_("Hours"), (", ".join(hours),))
    topics = [_topic(topic, locale) for topic in statement.topics] or [
        half_day.title for event in statement.events for half_day in event.half_days if half_day.counts
    ]
    if topics:
        yield Fact(_("Topics"), tuple(topics))


def _asked(statement: Statement, locale: str) -> Iterable[Fact]:
    titles = {event.slug: event.title for event in statement.events}
    yield Fact(_("Asked"), tuple(words.asks(line, titles) for line in statement.rule))
    done = [words.stands(line) for line in statement.rule if line.kind in (Kind.LESSONS, Kind.QUIZZES)]
    for event in statement.events:
        done.append(
            _(
                "Present at %(counted)s of %(all)s half-days, %(hours)s: %(title)s",
                counted=event.counted, all=len(event.half_days), hours=_hours(event.minutes), title=event.title,
            )
        )  # fmt: skip
    done += [
        _("Took part in the live exercise “%(title)s”, %(day)s", title=_in(one.title, locale), day=_day(one.day))
        for one in statement.exercises
    ]
    yield Fact(_("Done"), tuple(done))


def _tables(statement: Statement, locale: str, doubled: bool) -> Iterable[Evidence]:
    if statement.topics:
        yield _topics(statement, locale, doubled)
    for event in statement.events:
        zone = ZoneInfo(event.timezone)
        yield Evidence(
            "half-days",
            ", ".join(filter(None, (event.title, _place(event)))),
            (_("Half-day"), _("Subject"), _("Present")),
            tuple(_half_day(half_day, zone, doubled) for half_day in event.half_days),
            _("The programme printed here is a sample.") if event.sample else "",
        )


def _topics(statement: Statement, locale: str, doubled: bool) -> Evidence:
    topics = statement.topics
    columns = [(_("Topic"), [_topic(one, locale) for one in topics])]
    if any(topic.read_on for topic in topics):
        columns.append((_("Lessons read (last on)"), [_read(one, doubled) for one in topics]))
    if any(topic.passed_on for topic in topics):
        columns.append((_("Quiz passed (on)"), [_passed(one, statement.locale, doubled) for one in topics]))
        columns.append((_("Pass mark"), [f"{one.pass_mark}\u00a0%" if one.passed_on else "" for one in topics]))
    titles, texts = zip(*columns, strict=True)
    return Evidence("topics", _("Topics"), titles, tuple(zip(*texts, strict=True)))


def _read(topic: Topic, doubled: bool) -> str:
    return f"{topic.lessons} ({_short(topic.read_on, doubled)})" if topic.read_on else ""


def _passed(topic: Topic, holders: str, doubled: bool) -> str:
    """Points, and the day, with the holder's sign for decimals in either language."""
    if topic.passed_on is None:
        return ""
    points = format_decimal(topic.points, locale=holders)
    return f"{points}\u00a0/\u00a0{topic.out_of} ({_short(topic.passed_on, doubled)})"


def _half_day(half_day: HalfDay, zone: ZoneInfo, doubled: bool) -> tuple[str, ...]:
    starts_at, ends_at = half_day.starts_at.astimezone(zone), half_day.ends_at.astimezone(zone)
    when = f"{_short(starts_at.date(), doubled)}, {starts_at:%H:%M}–{ends_at:%H:%M}"
    hours = _hours(half_day.minutes)
    if half_day.counts:
        return when, half_day.title, hours
    present = _("%(hours)s, does not count", hours=hours) if half_day.minutes else _("not present")
    return when, half_day.title, present


def _notes(statement: Statement) -> Iterable[Note]:
    if statement.kind == PaperKind.ATTENDANCE:
        says = _(
            "That the person named was present at the half-days listed, as the attendance record shows. "
            "It is no examination and gives no licence to practise."
        )
    else:
        says = _(
            "That the person named did what is listed, as the records of the training show. "
            "Quizzes are taken without supervision. It gives no licence to practise."
        )
    yield Note(_("What this paper says"), says)
    yield Note(
        _("How to check it"),
        _(
            "Scan the code, or type the number at %(address)s. Drop the file there to learn whether anything in it "
            "was changed. The number alone never shows the name.",
            address=_address(statement),
        ),
    )
    yield Note(
        _("How long it is kept"),
        _(
            "The record is kept until %(day)s. Until then its holder can fetch this file again, and have a wrong name "
            "put right by a new certificate that replaces this one.",
            day=_day(statement.keep_until),
        ),
    )


def _in(title: dict[str, str], locale: str) -> str:
    return title.get(locale) or title["en"]


def _topic(topic: Topic, locale: str) -> str:
    return f"{topic.number}. {_in(topic.title, locale)}"


def _place(event: Event) -> str:
    return ", ".join(filter(None, (event.venue, event.city)))


def _address(statement: Statement) -> str:
    """Where one types the number: the address of the check without how it is fetched."""
    return statement.check.removesuffix(statement.number).rstrip("/").removeprefix("https://").removeprefix("http://")


def _hours(minutes: int) -> str:
    """A time in hours and minutes: 8 h 15. “h” is the hour's sign in every language (BIPM, SI brochure, table 8)."""
    return f"{minutes // 60}\u00a0h\u00a0{minutes % 60:02}" if minutes % 60 else f"{minutes // 60}\u00a0h"


def _day(day: date) -> str:
    return _held(format_date(day, _("d MMMM y")))


def _held(day: str) -> str:
    """A date whose day and month stay on one line."""
    return day.replace(" ", "\u00a0", 1)


def _short(day: date, doubled: bool) -> str:
    """A date for a table: in figures where readers of two languages share it."""
    return f"{day:%d.%m.%Y}" if doubled else str(format_date(day, _("d MMM y")))


def _all_days(statement: Statement) -> list[date]:
    """The days on which something was done, the first and the last of them at the ends."""
    days = [
        half_day.starts_at.astimezone(ZoneInfo(event.timezone)).date()
        for event in statement.events
        for half_day in event.half_days
        if half_day.counts or _of_an_event(statement)
    ]
    days += [day for topic in statement.topics for day in (topic.read_on, topic.passed_on) if day]
    days += [one.day for one in statement.exercises]
    return sorted(days)


def _days(days: Sequence[date]) -> str:
    """From the first day to the last, month and year said once where they are the same."""
    if not days:
        return ""
    first, last = days[0], days[-1]
    if first == last:
        return _day(first)
    if (first.year, first.month) == (last.year, last.month):
        beginning = format_date(first, _("d"))
        return f"{beginning}–{_day(last)}"
    if first.year == last.year:
        beginning = format_date(first, _("d MMMM"))
        return f"{_held(beginning)} – {_day(last)}"
    return f"{_day(first)} – {_day(last)}"


# --- what fits -----------------------------------------------------------------------------------------------


@lru_cache(4096)
def width(text: str) -> float:
    """How wide a text is at most, in ems of the regular face: letters that are joined are narrower."""
    advances = _advances()
    return sum(advances.get(letter, 1.0) for letter in unicodedata.normalize("NFC", text)) * TO_BE_SURE


@cache
def _advances() -> dict[str, float]:
    """The width of every letter that we can print, in ems."""
    found: dict[str, float] = dict.fromkeys(pdf.INKLESS, 0.0)
    for file in sorted(pdf.FONTS.glob("*-Regular.ttf"), reverse=True):  # the Latin one has the last word
        with TTFont(file, lazy=True) as font:
            metrics, em = font["hmtx"].metrics, font["head"].unitsPerEm
            found |= {chr(code): metrics[glyph][0] / em for code, glyph in font.getBestCmap().items()}
    return found


def lines(text: str, ems: float) -> int:
    """How many lines a text takes in a column of so many ems: broken at spaces and hyphens, a word only if it must."""
    count, used = 1, 0.0
    for wide, spaced in _words(text):
        if used and used + wide > ems:
            count, used = count + 1, 0.0
        if wide > ems:
            count, used = count + ceil(wide / max(ems - 1, 0.5)) - 1, ems
        else:
            used += spaced
    return count


@lru_cache(1024)
def _words(text: str) -> tuple[tuple[float, float], ...]:
    """The width of each word of a text, in ems, without the space behind it and with it."""
    return tuple((width(word.rstrip(" \t\n")), width(word)) for word in re.split(r"(?<=[ \t\n\-–/])", text))


def name_step(name: str) -> int:
    """The step, 1 (largest) to 9, at which a name stands; it is broken between words before it gets small."""
    longest = max(map(width, re.split(r"(?<=[ \t\n\-–])", name)), default=0.0)
    for step, (points, most) in enumerate(NAME_STEPS, 1):
        ems = _points(FRONT_WIDTH) / points
        if lines(name, ems) <= most and (longest <= ems or points <= 12):
            return step
    return len(NAME_STEPS)


def direction(name: str) -> str:
    """The way a name runs, by its first letter that has one: rule P2 of Unicode's annex 9."""
    for letter in name:
        way = unicodedata.bidirectional(letter)
        if way in ("L", "R", "AL"):
            return "ltr" if way == "L" else "rtl"
    return "ltr"


def _front(own: Said, english: Said, name: str, foot: float) -> int:
    """The step, 1 (largest) to 11, at which page 1 ends above its foot."""
    points, _most = NAME_STEPS[name_step(name) - 1]
    name_height = lines(name, _points(FRONT_WIDTH) / points) * points * 1.2
    for step, (base, top) in enumerate(FRONT_STEPS, 1):
        if name_height + _front_ems(own, english, base) * base <= _points(foot - top):
            return step
    return len(FRONT_STEPS)


def _front_ems(own: Said, english: Said, base: float) -> float:
    """How high page 1 is besides the name, in ems of its step."""
    ems = _points(1) / base
    small = ems / 0.7
    kinds = lines(own.kind, FRONT_WIDTH * ems / 1.3333)
    in_one_line = width(own.kind) * 1.3333 + width(english.kind) * 0.75 < FRONT_WIDTH * ems
    height = kinds * 1.3333 * 1.25 + 1.2 + lines(own.sentence, SENTENCE_WIDTH * ems) * LINE + 1.2
    if english is not own:
        height += 0.3 + lines(english.sentence, SENTENCE_WIDTH * small) * 0.7 * LINE
        height += 0 if in_one_line else 1.6667
    for ours, theirs in zip(own.facts, english.facts, strict=True):
        columns = _in_columns(ours, theirs)
        wide = (FRONT_WIDTH - FACT_WIDTHS[0]) if len(columns) == 1 else FACT_WIDTHS[1] - 4
        tallest = max(sum(lines(text, wide * small) for text in column) for column in columns)
        height += max(tallest, _label_lines(ours, theirs, FACT_WIDTHS[0] * small)) * 0.7 * SMALL_LINE + 0.4
    return height


def _label_lines(own: Fact, english: Fact, ems: float) -> int:
    return lines(own.label if own.label == english.label else f"{own.label} {english.label}", ems - 1.5)


def _in_columns(own: Fact, english: Fact) -> list[tuple[str, ...]]:
    """The values of a fact as they stand side by side: in two languages, or the many of one in two halves."""
    if own.values != english.values:
        return [own.values, english.values]
    if len(own.values) > MOST_IN_A_COLUMN:
        half = ceil(len(own.values) / 2)
        return [own.values[:half], own.values[half:]]
    return [own.values]


def _back(own: Said, english: Said) -> tuple[int, Said]:
    """The step, 1 (largest) to 8, at which page 2 fits, and what stands beside it: itself where English has to go."""
    if english is not own:
        for step in range(1, WITH_ENGLISH + 1):
            if _back_fits(own, english, step):
                return step, english
    for step in range(1, len(BACK_STEPS)):
        if _back_fits(own, own, step):
            return step, own
    return len(BACK_STEPS), own


def _back_fits(own: Said, english: Said, step: int) -> bool:
    base = BACK_STEPS[step - 1]
    return _back_ems(own, english, base) * base <= _points(BACK_HEIGHTS[0 if step == 1 else 1])


def _back_ems(own: Said, english: Said, base: float) -> float:
    """How high page 2 is below its title, in ems of its step."""
    ems = _points(1) / base
    row, rule = 2 * ROW_PADDINGS[0 if base == BACK_STEPS[0] else 1], _points(0.2) / base
    height = 0.0
    for ours, theirs in zip(own.asked, english.asked, strict=True):
        columns = _in_columns(ours, theirs) if english is not own else [ours.values]
        wide = (BACK_WIDTH - ASKED_WIDTHS[0]) if len(columns) == 1 else ASKED_WIDTHS[1] - 4
        tallest = max(sum(lines(text, wide * ems) for text in column) for column in columns)
        height += max(tallest, _label_lines(ours, theirs, ASKED_WIDTHS[0] * ems)) * SMALL_LINE + row + rule
    for mine, other in zip(own.tables, english.tables, strict=True):
        widths = TOPIC_WIDTHS if mine.kind == "topics" else HALF_DAY_WIDTHS
        height += 0.8 + lines(mine.heading + mine.note + other.note, BACK_WIDTH * ems) * SMALL_LINE
        heads = [
            lines(head if head == beside else f"{head} {beside}", (wide - 2) * ems)
            for head, beside, wide in zip(mine.columns, other.columns, widths[: len(mine.columns)], strict=True)
        ]
        height += max(heads) * SMALL_LINE + row + rule
        for ours_, theirs_ in zip(mine.rows, other.rows, strict=True):
            cells = [
                lines(cell if cell == beside or column == 0 else f"{cell} {beside}", (wide - 2) * ems)
                for column, (cell, beside, wide) in enumerate(zip(ours_, theirs_, widths[: len(ours_)], strict=True))
            ]
            height += max(cells) * SMALL_LINE + row + rule
    notes = [
        lines(note.title, NOTE_WIDTH * ems) + lines(note.text, NOTE_WIDTH * ems)
        + (lines(other_note.text, NOTE_WIDTH * ems) + 1.3 if english is not own else 0)
        for note, other_note in zip(own.notes, english.notes, strict=True)
    ]  # fmt: skip
    return height + 1.5 + max(notes) * SMALL_LINE


def _points(mm: float) -> float:
    return mm * 72 / 25.4


# --- what is drawn -------------------------------------------------------------------------------------------


def _emblem(alternative: str) -> Markup:
    """The emblem of the Union: twelve upright stars on a circle (Official Journal, interinstitutional style guide)."""
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="emblem" role="img" viewBox="0 0 54 36">'
        '<title>{alternative}</title><path fill="#039" d="M0 0h54v36H0z"/><path fill="#fc0" d="{stars}"/></svg>'
    ).format(alternative=alternative, stars=_stars())


@cache
def _stars() -> str:
    """Twelve stars, in a field 54 by 36: on a circle of a third of its height, each star a ninth of it across."""
    return "".join(_star(27 + 12 * sin(hour * pi / 6), 18 - 12 * cos(hour * pi / 6)) for hour in range(12))


def _star(x: float, y: float) -> str:
    corners = [(2 * STAR[n % 2], n * pi / 5) for n in range(10)]
    points = " ".join(f"{x + far * sin(turn):.3f} {y - far * cos(turn):.3f}" for far, turn in corners)
    return f"M{points}z"
