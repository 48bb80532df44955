"""Runs of live exercises: carried home from the laptop that served the room."""

from pathlib import Path
from uuid import UUID

import click
from sqlalchemy import select

from lms import audit
from lms.cli.working import Refused, site, working, write
from lms.clock import now
from lms.database import db
from lms.events.checkin import typed
from lms.exercises import carrying
from lms.exercises.carrying import NotYet
from lms.exercises.models import Run

NOT_YET = {
    NotYet.OPEN: "It is still open: end it at its console first. Until then its answers belong to people.",
    NotYet.REHEARSAL: "It is a rehearsal, which leaves no trace.",
}


@click.group()
def runs() -> None:
    """Runs of live exercises."""


@runs.command("copy")
@click.argument("run", metavar="ID|CODE")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, writable=True, path_type=Path))
def copy_run(run: str, output: Path) -> None:
    """Write a run that is over to a file that another installation takes; no answer in it is anybody's."""
    with working(site()):
        found = _found(run)
        why = carrying.not_yet(found)
        if why is not None:
            raise Refused(NOT_YET[why])
        content = carrying.copied(found)
        audit.record("run.copied", None, run=str(found.id))
        db.session.commit()
    write(output, [content])
    click.echo(f"{output}: it holds the addresses of those who took part. Keep it as you would keep a list of names.")


def _found(run: str) -> Run:
    """A run by its id, or by its code the newest that had it."""
    try:
        found = db.session.get(Run, UUID(run))
    except ValueError:
        found = db.session.scalars(select(Run).where(Run.code == typed(run)).order_by(Run.opened_at.desc())).first()
    if found is None:
        raise Refused(f"There is no run {run!r}.")
    return found


@runs.command("take")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what the file would bring, and keep nothing.")
def take_run(file: Path, dry_run: bool) -> None:
    """Add what is new in FILE, which another installation wrote; the same file twice adds nothing."""
    with working(site()):
        try:
            taken = carrying.taken(carrying.read(_content(file)), now())
        except carrying.Unfit as problem:
            raise Refused(f"Nothing was taken: {problem}.") from None
        if not dry_run:
            audit.record(
                "run.taken", None, run=str(taken.run_id), made=taken.made, moves=taken.moves, people=taken.people
            )
            db.session.commit()
        else:
            db.session.rollback()
    click.echo(
        f"{taken.title}, ended {taken.ended_at:%Y-%m-%d %H:%M} UTC: new are {taken.moves} steps, {taken.answers} "
        f"answers, {taken.decisions} versions of decisions, {taken.thoughts} thoughts, {taken.lessons} lessons, "
        f"{taken.people} people who took part.{' Nothing was kept.' if dry_run else ''}"
    )
    if taken.old:
        click.echo("It is past the time for which runs are kept: of it only who took part is noted.")
    elif taken.event and not taken.placed:
        click.echo(f"Its event {taken.event!r} is not here: take that, then this file once more.")
    for address in taken.strangers:
        click.echo(f"Took part and has no account here: {address}. Take the file once more when they have one.")
    for address in taken.unnamed:
        click.echo(f"A trainer without an account here, whose name is missing: {address}")


def _content(file: Path) -> bytes:
    """A file to look at; one that is too large is read only so far that this is seen."""
    try:
        with file.open("rb") as content:
            return content.read(carrying.MOST_BYTES + 1)
    except OSError as problem:
        raise Refused(f"{file} cannot be read: {problem.strerror}.") from None
