"""What organisers and trainers see over a whole event: its attendance, and that as a file."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from flask import Blueprint, Flask, Response, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from lms import audit, pdf
from lms.accounts.access import trainers_only
from lms.accounts.forms import PROFESSIONS
from lms.clock import now
from lms.database import db, reads, writes
from lms.desk import files, tables
from lms.desk.tables import Line, Wanted
from lms.events import staff, telling
from lms.events.models import Event
from lms.pages import day_in, error

bp = Blueprint("desk", __name__)
AT_ONCE = 100  # rows of the page; a file has them all


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.get("/desk/attendance/<slug>")
@trainers_only
def attendance(slug: str) -> ResponseReturnValue:
    """Everyone at every half-day, with what is left to settle."""
    event = staff.staffed_or_404(slug)
    wanted, moment = tables.wanted(request.args), now()
    everyone = tables.lines(event)
    rows = tables.shown(everyone, wanted, moment)
    at_once = rows if request.args.get("rows") == "all" else rows[:AT_ONCE]
    head = tables.columns(event, rows, wanted)
    return render_template(
        "desk/attendance.html",
        event=event,
        wanted=wanted,
        all_rows=len(rows),
        shown_rows=len(at_once),
        organises=db.session.scalar(staff.organised().where(Event.id == event.id)) is not None,
        everyone=len(everyone),
        figures=tables.figures(event, everyone, moment),
        to_settle=[one for line in everyone for one in line.at if one.open],
        half_days=event.half_days if any(column.half_day is not None for column in head) else [],
        days=_days(event),
        after=[column for column in head if column.key in tables.AFTER],
        groups=[
            _group(event, title, lines, wanted, moment)
            for title, lines, always in (
                (gettext("Participants"), tables.participants(at_once), True),
                (gettext("Trainers and others"), [one for one in at_once if not one.is_participant], False),
            )
            if lines or always
        ],
        foot=tables.foot(event, everyone),
        columns=tables.COLUMNS,
        parts=telling.PARTS,
        professions=PROFESSIONS,
        kinds=list(files.MIMETYPES),
    )


def _days(event: Event) -> list[tuple[str, int]]:
    """The days of an event, with how many half-days each has."""
    return [(day, len(list(ones))) for day, ones in groupby(event.half_days, lambda o: day_in(o.starts_at, event.zone))]


def _group(event: Event, title: str, lines: Sequence[Line], wanted: Wanted, moment: datetime) -> dict[str, object]:
    """A table of the page: its head and its rows as they are read."""
    head = tables.columns(event, lines, wanted)
    whole = [column for column in head if column.half_day is None]
    rows = [
        {
            "registration": line.registration,
            "cells": {
                column.key: tables.plain(column, cell)
                for column, cell in zip(whole, tables.cells(line, whole, event, moment), strict=True)
            },
            "half_days": [tables.read(one, event, wanted, moment) for one in line.at],
        }
        for line in lines
    ]
    return {"title": title, "before": [one for one in whole if one.key not in tables.AFTER], "rows": rows}


@bp.get("/desk/attendance/<slug>.csv", defaults={"kind": "csv"})
@bp.get("/desk/attendance/<slug>.xlsx", defaults={"kind": "xlsx"})
@bp.get("/desk/attendance/<slug>.ods", defaults={"kind": "ods"})
@bp.get("/desk/attendance/<slug>.pdf", defaults={"kind": "pdf"})
@trainers_only
def download(slug: str, kind: str) -> ResponseReturnValue:
    """The same as a file, row by row; that it was fetched is noted first. `table=marks` gives csv every mark."""
    event = staff.staffed_or_404(slug)
    wanted, moment = tables.wanted(request.args), now()
    everyone = tables.lines(event)
    rows = tables.shown(everyone, wanted, moment)
    of_marks = kind == "csv" and request.args.get("table") == "marks"
    db.session.commit()  # reading is over, so that nobody who checks in waits for it
    writes()
    audit.record(
        "attendance.downloaded", current_user.id, event=event.id, rows=len(rows), format=kind,
        table="marks" if of_marks else "people",
    )  # fmt: skip
    db.session.commit()
    reads()
    try:
        content = files.written_as(kind, event, everyone, rows, wanted, moment, of_marks)
    except pdf.Failed:
        words = gettext("Choose fewer columns or fewer people, or take a spreadsheet instead.")
        return error(503, gettext("The PDF could not be made"), words)
    answer = Response(stream_with_context(content), mimetype=files.MIMETYPES[kind])
    answer.headers["Cache-Control"] = "no-store"
    answer.headers.set("Content-Disposition", "attachment", filename=files.name(event, kind, of_marks))
    return answer
