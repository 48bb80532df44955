"""Events: loaded, carried to a laptop and back."""

import os
from pathlib import Path

import click
from sqlalchemy import select

from lms import audit
from lms.cli.working import Refused, site, working
from lms.content.loader import BadMaterial, load_event
from lms.database import db
from lms.events import copying, loading
from lms.events.models import Event


@click.group()
def events() -> None:
    """Events and their half-days."""


@events.command("copy")
@click.argument("event")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, writable=True, path_type=Path))
def copy_event(event: str, output: Path) -> None:
    """Write EVENT with its whole roll to a file that another installation takes; it holds names and badges."""
    with working(site()):
        found = db.session.scalar(select(Event).where(Event.slug == event))
        if found is None:
            raise Refused(f"There is no event {event!r}.")
        content = copying.packed(found)
        audit.record("event.copied", None, event=found.id)
        db.session.commit()
    with open(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    click.echo(f"{output}: keep it as you would keep the list of names.")


@events.command("take")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def take_event(file: Path) -> None:
    """Add what is new in FILE, which another installation wrote; the same file twice adds nothing."""
    with working(site()):
        try:
            taken = copying.unpack(copying.read(file.read_bytes()))
        except copying.Unfit as problem:
            raise Refused(f"Nothing was taken: {problem}.") from None
        audit.record("event.taken", None, event=taken.slug, people=taken.people, marks=taken.marks, made=taken.made)
        db.session.commit()
    click.echo(f"{taken.slug}: {taken.people} people and {taken.marks} marks are new, {taken.known} marks were here.")
    for mark_id in taken.refused:
        click.echo(f"Not taken, because another mark is kept under its id: {mark_id}")


@events.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load_events(file: Path) -> None:
    """Make the event that FILE describes, or bring it to what FILE says; the same file twice changes nothing."""
    try:
        described = load_event(file)
    except BadMaterial as problem:
        for fault in problem.faults:
            click.echo(str(fault))
        raise Refused(f"{len(problem.faults)} fault{'s' * (len(problem.faults) > 1)}.") from None
    with working(site()):
        try:
            loaded = loading.load(described)
        except loading.HasMarks as problem:
            raise Refused(str(problem)) from None
        db.session.commit()
    for change in loaded.changes:
        click.echo(change)
    if not loaded.changes:
        click.echo("Nothing to change.")
