"""Accounts: one at a time, or from a table."""

from pathlib import Path

import click
from sqlalchemy.exc import IntegrityError

from lms import audit, spreadsheet
from lms.accounts import letters, links
from lms.accounts.models import Person, Purpose, Role
from lms.cli.working import Refused, settings_read, site, working
from lms.clock import now
from lms.database import db
from lms.events import enrolling, roster, roster_words


@click.group()
def people() -> None:
    """Accounts."""


@people.command("add")
@click.option("--email", required=True)
@click.option("--name", required=True)
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
def add(email: str, name: str, role: str) -> None:
    """Make an account and print the link with which its owner chooses a password (good for seven days)."""
    app = site()
    folded = " ".join(email.split()).lower()
    if "@" not in folded or not name.strip():
        raise Refused("Give an e-mail address and a name.")
    with working(app):
        person = Person(email=folded, name=" ".join(name.split())[:300], role=Role(role), joined_at=now())
        db.session.add(person)
        try:
            db.session.flush()
        except IntegrityError:
            raise Refused(f"There is an account for {folded} already.") from None
        token = links.make(person, Purpose.INVITATION, now())
        letters.send_link(person, Purpose.INVITATION, token)
        db.session.commit()
        click.echo(letters.address(Purpose.INVITATION, token))


@people.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would be done, and keep nothing.")
def import_people(file: Path, dry_run: bool) -> None:
    """Make an account for each new address in FILE (csv, xlsx, ods), all or none; nobody gets a letter."""
    settings = settings_read()
    with working(site(settings)):
        try:
            table = spreadsheet.read(file.read_bytes()).tables[0]
        except spreadsheet.Unreadable as problem:
            raise Refused(roster_words.unreadable(problem)) from None
        plan = enrolling.planned_accounts([[roster.shown(cell) for cell in row] for row in table.rows])
        for bad in plan.faulty:
            for fault in bad.faults:
                click.echo(f"Row {bad.row}: {roster_words.wrong(fault)}")
        for one in plan.doubtful:
            click.echo(f"Row {one.asked.row}: {one.asked.email} stands in another row, with another name or service.")
        wrong = len(plan.faulty) + len(plan.doubtful)
        if wrong:
            raise Refused(f"Nothing was imported: correct {wrong} row{'s' * (wrong > 1)} first.")
        if not dry_run:
            enrolling.add_accounts(plan, now(), settings.locales)
            audit.record("people.imported", None, new=len(plan.new))
            db.session.commit()
        there = len(plan.unchanged) + len(plan.changed)
        click.echo(f"{len(plan.new)} new, {there} there already.{' Nothing was kept.' if dry_run else ''}")
