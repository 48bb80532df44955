"""The attendance of an event as the bytes of a file: csv, xlsx, ods, pdf."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from flask_babel import get_locale, gettext

from lms import spreadsheet
from lms.desk import tables
from lms.desk.tables import Column, Line, Wanted
from lms.events import documents
from lms.events.models import Event
from lms.pages import day_in

MIMETYPES = spreadsheet.MIMETYPES | {"pdf": "application/pdf"}


def name(event: Event, kind: str, of_marks: bool = False) -> str:
    """attendance-brussels-2024-10-16.xlsx"""
    first = f"-{event.half_days[0].starts_at.astimezone(event.zone):%Y-%m-%d}" if event.half_days else ""
    return spreadsheet.filename(f"{'marks' if of_marks else 'attendance'}-{event.slug}{first}", kind)


def written_as(
    kind: str, event: Event, everyone: Sequence[Line], rows: Sequence[Line], wanted: Wanted, moment: datetime,
    of_marks: bool = False,
) -> Iterator[bytes]:  # fmt: skip
    """The bytes of a file. A second sheet holds every mark, which csv gives by itself. Raises pdf.Failed."""
    if kind == "pdf":
        return iter([_as_pdf(event, everyone, rows, wanted, moment)])
    sheets = [tables.people(event, rows, wanted, moment), tables.marks(event, rows, wanted)]
    return spreadsheet.written(kind, sheets[1:] if of_marks else sheets, str(get_locale() or "en"))


def _as_pdf(event: Event, everyone: Sequence[Line], rows: Sequence[Line], wanted: Wanted, moment: datetime) -> bytes:
    """The table of the page on paper."""
    head = tables.columns(event, rows, wanted)
    before = [column for column in head if column.half_day is None and column.key not in tables.AFTER]
    after = [column for column in head if column.key in tables.AFTER]
    half_days = event.half_days if any(column.half_day is not None for column in head) else []
    counts = tables.foot(event, everyone)
    total = len(tables.participants(everyone))
    return documents.attendance_table(
        documents.AttendanceTable(
            title=gettext("Attendance, %(event)s", event=event.title),
            facts=[
                ", ".join(filter(None, (event.venue, event.city))),
                *([f"{day_in(half_days[0].starts_at, event.zone)} – {day_in(half_days[-1].starts_at, event.zone)}"]
                  if half_days else []),
            ],
            columns=[
                *(documents.Column(column.head, column.number) for column in before),
                *(documents.Column(f"{day_in(one.starts_at, event.zone)}, {one.title}") for one in half_days),
                *(documents.Column(column.head, True) for column in after),
            ],
            rows=[_printed(line, [*before, *after], event, wanted, moment, bool(half_days)) for line in rows],
            foot=[[gettext("Present, of all %(n)s participants", n=total), *[""] * (len(before) - 1),
                   *map(str, counts if half_days else []), *[""] * len(after)]],
            made_at=moment,
            zone=event.zone,
        )
    )  # fmt: skip


def _printed(
    line: Line, whole: Sequence[Column], event: Event, wanted: Wanted, moment: datetime, half_days: bool
) -> list[str]:
    cells = dict(zip((c.key for c in whole), tables.cells(line, whole, event, moment), strict=True))
    texts = {column.key: tables.plain(column, cells[column.key]) for column in whole}
    told = [tables.read(one, event, wanted, moment) for one in line.at] if half_days else []
    return [
        *(texts[column.key] for column in whole if column.key not in tables.AFTER),
        *("; ".join(filter(None, (one.words, one.note, _to_settle(one.settle)))) for one in told),
        *(texts[column.key] for column in whole if column.key in tables.AFTER),
    ]


def _to_settle(what: str) -> str:
    return str(gettext("to settle: %(what)s", what=what)) if what else ""
