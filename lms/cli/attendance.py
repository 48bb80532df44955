"""Who was there, as a file."""

from pathlib import Path

import click
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from lms import audit, pdf
from lms.cli.working import Refused, site, working, write
from lms.clock import now
from lms.database import db
from lms.desk import files, tables
from lms.events.models import Event


@click.group()
def attendance() -> None:
    """Who was there, by half-day."""


@attendance.command("export")
@click.argument("event")
@click.option("--format", "kind", required=True, type=click.Choice(list(files.MIMETYPES)))
@click.option("--marks", is_flag=True, help="In csv: every mark, in place of a row a person.")
@click.option("--columns", default="", help=f"Some of {', '.join(tables.COLUMNS)}, with commas between.")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, writable=True, path_type=Path))
def export(event: str, kind: str, marks: bool, columns: str, output: Path) -> None:
    """Write the attendance of EVENT to a file: what its page gives to download."""
    app = site()
    with working(app), app.test_request_context():
        found = db.session.scalar(select(Event).where(Event.slug == event))
        if found is None:
            raise Refused(f"There is no event {event!r}.")
        wanted, moment, everyone = tables.wanted(MultiDict({"columns": columns})), now(), tables.lines(found)
        rows = tables.shown(everyone, wanted, moment)
        of_marks = marks and kind == "csv"
        audit.record(
            "attendance.downloaded", None, event=found.id, rows=len(rows), format=kind,
            table="marks" if of_marks else "people",
        )  # fmt: skip
        db.session.commit()
        try:
            write(output, files.written_as(kind, found, everyone, rows, wanted, moment, of_marks))
        except pdf.Failed as problem:
            raise Refused(f"Nothing was written: {problem}") from None
    click.echo(f"{output}: {len(rows)} people.")
