"""What an event puts on paper: signature sheets, badges and the attendance table, each as the bytes of a PDF.

    signature_sheet(SignatureSheet) -> bytes    one half-day, one part played
    badges(Badges) -> bytes                     eight to an A4 page, to be cut
    badge(Badges) -> bytes                      each on a page of its own size, for one person
    attendance_table(AttendanceTable) -> bytes

Each takes plain values, writes in the reader's language, needs an app context and raises `pdf.Failed`. Text is text:
whatever markup a name holds is printed as it stands.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import ceil
from zoneinfo import ZoneInfo

from flask import current_app
from flask_babel import format_date, get_locale, lazy_gettext
from flask_babel import gettext as _

from lms import pdf
from lms.events.parts import Origin, Part

BADGES_A_PAGE = 8
LONG_WORD = 24
MANY_COLUMNS = 16
NAME_POINTS = (30, 26, 21, 17, 13, 10, 8, 6)  # paper.css gives the steps these sizes
NAME_WIDTH = 250  # points: a badge within its edges
NAME_HEIGHT = 62
ORGANISATION_EMS = (42, 84)  # the widest that fits at the first size, and at the second


@dataclass(frozen=True)
class Signer:
    """Someone who is asked to sign. `country` is a name, or the two letters of one."""

    name: str
    organisation: str = ""
    country: str = ""


@dataclass(frozen=True)
class SignatureSheet:
    """One half-day and who signs for it, in the order printed; `code` is how its scan is recognised."""

    event: str
    city: str
    venue: str
    subject: str
    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo
    part: Part
    origin: Origin | None
    code: str
    rows: Sequence[Signer]
    privacy_address: str
    empty_rows: int = 5


@dataclass(frozen=True)
class Badge:
    """What one person wears: `badge` is the text of the QR code, `code` the six signs to type."""

    name: str
    organisation: str
    part: Part
    badge: str
    code: str


@dataclass(frozen=True)
class Badges:
    """The badges of an event."""

    event: str
    city: str
    first_day: date
    last_day: date
    badges: Sequence[Badge]


@dataclass(frozen=True)
class Column:
    """One column of a table; numbers stand at its right."""

    title: str
    number: bool = False


@dataclass(frozen=True)
class AttendanceTable:
    """A table of text that is ready to be read. Each row has a text a column; so has each row of `foot`, the counts."""

    title: str
    facts: Sequence[str]
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    foot: Sequence[Sequence[str]]
    made_at: datetime
    zone: ZoneInfo


def signature_sheet(sheet: SignatureSheet) -> bytes:
    """A sheet to be signed by hand: A4 upright, head rows and code on every page."""
    starts_at, ends_at = sheet.starts_at.astimezone(sheet.zone), sheet.ends_at.astimezone(sheet.zone)
    return _printed(
        "documents/signature_sheet.html",
        paper="sheet",
        sheet=sheet,
        rows=[(one.name, one.organisation, _country(one.country)) for one in sheet.rows],
        group=group(sheet.part, sheet.origin),
        when=_("%(day)s, %(time)s", day=_weekday(starts_at), time=_span(starts_at, ends_at)),
        zone=sheet.zone.key,
        code=spaced(sheet.code),
        qr=pdf.qr(sheet.code, _("QR code of this sheet: %(code)s", code=spaced(sheet.code))),
    )


def badges(sheet: Badges) -> bytes:
    """Badges of 105 by 74 mm, eight to a page of A4, with marks where to cut."""
    pages = [sheet.badges[first : first + BADGES_A_PAGE] for first in range(0, len(sheet.badges), BADGES_A_PAGE)]
    return _badges(sheet, "badges", pages)


def badge(sheet: Badges) -> bytes:
    """Each badge on a page of its own size."""
    return _badges(sheet, "badge-alone", [[one] for one in sheet.badges])


def attendance_table(table: AttendanceTable) -> bytes:
    """A table on A4 lying, with its head on every page, its counts at the end and when it was made."""
    made_at = table.made_at.astimezone(table.zone)
    return _printed(
        "documents/attendance_table.html",
        paper="table",
        table=table,
        rows=[[_cell(text, table.columns) for text in row] for row in table.rows],
        foot=[[_cell(text, table.columns) for text in row] for row in table.foot],
        made_at=_("%(day)s, %(time)s", day=_day(made_at), time=f"{made_at:%H:%M}"),
        zone=table.zone.key,
    )


def spaced(code: str) -> str:
    """A code in two halves, as one reads it out: ABC DEF, ABCD EFGH."""
    middle = (len(code) + 1) // 2
    return f"{code[:middle]}\u00a0{code[middle:]}"


def size(name: str) -> int:
    """The step, 1 (largest) to 8, at which a name fits on a badge, whatever its letters."""
    words = [word for word in re.split(r"[\s-]", name) if len(word) <= LONG_WORD]  # a longer one is broken
    longest = max(map(_width, words), default=0)
    for step, points in enumerate(NAME_POINTS, 1):
        lines = ceil(_width(name) * points / NAME_WIDTH * 1.2)
        if longest * points <= NAME_WIDTH and lines * points * 1.15 <= NAME_HEIGHT:
            return step
    return len(NAME_POINTS)


def _organisation_size(organisation: str) -> int:
    """The step, 1 to 3, at which an organisation fits under the tallest name."""
    return 1 + sum(_width(organisation) > ems for ems in ORGANISATION_EMS)


def _width(text: str) -> float:
    """About how wide a text is in semi-bold, in ems."""
    return sum(0.92 if letter in "MWШЩЖЮмшщжюmwѠ@%" else 0.72 if letter.isupper() else 0.6 for letter in text)


def _badges(sheet: Badges, paper: str, pages: Sequence[Sequence[Badge]]) -> bytes:
    return _printed(
        "documents/badges.html",
        sheet=sheet,
        paper=paper,
        pages=[[_shown(one) for one in page] for page in pages],
        days=_days(sheet.first_day, sheet.last_day),
    )


def _shown(one: Badge) -> dict[str, object]:
    return {
        "name": one.name,
        "size": size(one.name),
        "organisation": one.organisation,
        "organisation_size": _organisation_size(one.organisation),
        "part": str(PARTS.get(one.part, "")),
        "code": spaced(one.code),
        "qr": pdf.qr(one.badge, _("QR code of this badge")),
    }


def _printed(template: str, **values: object) -> bytes:
    """The PDF of a template; what every page of the site is given (who is signed in, the menu) is no part of it."""
    page = current_app.jinja_env.get_template(template).render(language=_language(), **values)
    return pdf.render(page)


def _cell(text: str, columns: Sequence[Column]) -> tuple[str, bool]:
    """A text and whether its words may be broken anywhere: else a long one would push its row off the paper."""
    return text, len(columns) > MANY_COLUMNS or any(len(word) > LONG_WORD for word in text.split())


def _language() -> str:
    return str(get_locale() or "en").replace("_", "-")


GROUPS = {
    (Part.PARTICIPANT, None): lazy_gettext("Participants"),
    (Part.PARTICIPANT, Origin.LOCAL): lazy_gettext("Participants, local"),
    (Part.PARTICIPANT, Origin.INTERNATIONAL): lazy_gettext("Participants, international"),
    (Part.TRAINER, None): lazy_gettext("Trainers"),
    (Part.SPEAKER, None): lazy_gettext("Speakers"),
    (Part.ORGANISER, None): lazy_gettext("Organisers"),
    (Part.OBSERVER, None): lazy_gettext("Observers"),
}
PARTS = {
    Part.TRAINER: lazy_gettext("Trainer"),
    Part.SPEAKER: lazy_gettext("Speaker"),
    Part.ORGANISER: lazy_gettext("Organiser"),
    Part.OBSERVER: lazy_gettext("Observer"),
}


def group(part: Part, origin: Origin | None) -> str:
    """Who signs a sheet, in words; where someone comes from is said of participants alone."""
    return str(GROUPS[part, origin if part is Part.PARTICIPANT else None])


def _country(country: str) -> str:
    """The name of a country in the reader's language."""
    locale = get_locale()
    return str(locale.territories.get(country, country)) if locale else country


def _day(moment: date) -> str:
    """A date in words; `moment` stands in its own zone already."""
    return str(format_date(date(moment.year, moment.month, moment.day), _("d MMMM y")))


def _weekday(moment: datetime) -> str:
    return str(format_date(moment.date(), _("EEEE d MMMM y")))


def _span(starts_at: datetime, ends_at: datetime) -> str:
    return f"{starts_at:%H:%M}–{ends_at:%H:%M}"


def _days(first: date, last: date) -> str:
    """Two dates in words, their month and year said once."""
    if first == last:
        return _day(first)
    if (first.year, first.month) == (last.year, last.month):
        beginning = format_date(first, _("d"))
        return f"{beginning}–{_day(last)}"
    return f"{_day(first)} – {_day(last)}"
