"""The `lms` command. Every command exits 0 when done, 1 with one line when refused, 2 for wrong usage."""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import click
from flask import Flask
from flask.cli import FlaskGroup
from flask_migrate import upgrade
from flask_migrate.cli import db as migrations
from sqlalchemy import func, select
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError, ProgrammingError
from werkzeug.datastructures import MultiDict

from lms import audit, jobs, pdf, server, spreadsheet
from lms import doctor as health
from lms.accounts import letters, links
from lms.accounts.models import Person, Purpose, Role
from lms.app import create_app
from lms.certificates import answers, batches, checking, due, parcel, signing
from lms.certificates.models import BatchLine, Certificate, SigningKey
from lms.certificates.parts import COURSE, LineState, Outcome
from lms.certificates.reasons import STANDS, reason
from lms.clock import now
from lms.content.loader import BadMaterial, load, load_event
from lms.database import db, reads, writing
from lms.demo import year
from lms.desk import files, tables
from lms.events import copying, enrolling, loading, roster, roster_words
from lms.events.models import Event
from lms.paths import MIGRATIONS, MODULES
from lms.settings import HalfConfigured, Settings, read


class Refused(click.ClickException):
    """Not done, and why: one line, exit code 1."""

    def show(self, file: object = None) -> None:
        click.echo(self.message, err=True)


def _settings() -> Settings:
    try:
        return read()
    except HalfConfigured as problem:
        raise Refused(str(problem)) from None


def _app(settings: Settings | None = None) -> Flask:
    try:
        return create_app(settings or _settings())
    except (HalfConfigured, BadMaterial) as problem:
        raise Refused(str(problem)) from None


@contextmanager
def _working(app: Flask) -> Iterator[None]:
    """Inside the app, with transactions that write; a database without today's tables is said in one line."""
    try:
        with app.app_context(), writing():
            yield
    except DatabaseError as problem:
        said = str(problem.orig).partition("\n")[0]
        if re.search("no such (table|column)|does not exist", said):
            raise Refused("The database is not up to date: run `lms db upgrade`.") from None
        raise Refused(
            f"The database did not do it: {said}. What was done before stays; type the command again."
        ) from None


def _up_to_date(app: Flask) -> None:
    with _working(app):
        upgrade(directory=str(MIGRATIONS))
        db.session.remove()


@click.group(cls=FlaskGroup, create_app=_app, add_default_commands=False, add_version_option=False)
def main() -> None:
    """The training-course learning management module of DISRUPT."""


main.add_command(migrations)


@main.command(with_appcontext=False)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--reset", is_flag=True, help="Throw the sample year away and make it anew.")
@click.option("--no-serve", is_flag=True, help="Fill the database and stop.")
def demo(port: int, host: str, reset: bool, no_serve: bool) -> None:
    """Fill instance/ with the sample year and serve it."""
    settings = _settings()
    if settings.production:
        raise Refused("lms demo is for trying things out: it does not run with LMS_ENV=production.")
    if reset:
        _reset(settings)
    app = _app(settings)
    _up_to_date(app)
    with _working(app):
        made = year.fill(settings.demo_password)
        db.session.commit()
        db.engine.dispose()
    click.echo("The sample year is made." if made else "The sample year is there already.")
    for email, _name, role, *_rest in year.ACCOUNTS:
        click.echo(f"  {role.value:<13} {email}")
    click.echo(f"  password      {settings.demo_password}")
    if no_serve:
        return
    click.echo(f"Serving at http://{host}:{port} (stop with Ctrl+C)")
    del app
    server.serve(settings, host, port, 1)


def _reset(settings: Settings) -> None:
    """Forget the database of the demo; only one in the instance folder is thrown away."""
    path = Path(settings.database_url.removeprefix("sqlite:///"))
    if not settings.sqlite or path.parent != settings.instance:
        raise Refused("--reset throws away a SQLite database in the instance folder only; drop this one yourself.")
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm", "jobs.db", "jobs.db-wal", "jobs.db-shm"):
        (settings.instance / name).unlink(missing_ok=True)


@main.command(with_appcontext=False)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64))
def serve(port: int, host: str, workers: int) -> None:
    """Serve the site; the database must be up to date (lms db upgrade)."""
    settings = _settings()
    if workers > 1 and settings.sqlite and not settings.redis_url:
        raise Refused("Several workers need LMS_DATABASE_URL=postgresql://… or LMS_REDIS_URL: or leave --workers at 1.")
    _app(settings)
    server.serve(settings, host, port, workers)


@main.command(with_appcontext=False)
def work() -> None:
    """Do jobs until told to stop: letters, and whatever outlives a request."""
    jobs.work(_app())


@main.group()
def content() -> None:
    """The training material."""


@content.command("check", with_appcontext=False)
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
def check(folder: Path | None) -> None:
    """Name every fault of the material in DIR, with file, place and reason; print each file's version."""
    try:
        training = load(folder or MODULES)
    except BadMaterial as problem:
        for fault in problem.faults:
            click.echo(str(fault))
        raise Refused(f"{len(problem.faults)} fault{'s' * (len(problem.faults) > 1)}.") from None
    for name, version in sorted(training.versions.items()):
        click.echo(f"{version}  {name}")
    lessons = sum(len(module.lessons) for module in training.course("en").modules)
    questions = sum(len(module.quiz.questions) for module in training.course("en").modules)
    terms = len(training.course("en").glossary)
    exercises = sum(len(module.exercises) for module in training.course("en").modules)
    click.echo(f"No faults: {lessons} lessons, {questions} questions, {exercises} exercises, {terms} glossary terms.")


@main.group()
def events() -> None:
    """Events and their half-days."""


@events.command("copy", with_appcontext=False)
@click.argument("event")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, writable=True, path_type=Path))
def copy_event(event: str, output: Path) -> None:
    """Write EVENT with its whole roll to a file that another installation takes; it holds names and badges."""
    with _working(_app()):
        found = db.session.scalar(select(Event).where(Event.slug == event))
        if found is None:
            raise Refused(f"There is no event {event!r}.")
        content = copying.packed(found)
        audit.record("event.copied", None, event=found.id)
        db.session.commit()
    with open(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    click.echo(f"{output}: keep it as you would keep the list of names.")


@events.command("take", with_appcontext=False)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def take_event(file: Path) -> None:
    """Add what is new in FILE, which another installation wrote; the same file twice adds nothing."""
    with _working(_app()):
        try:
            taken = copying.unpack(copying.read(file.read_bytes()))
        except copying.Unfit as problem:
            raise Refused(f"Nothing was taken: {problem}.") from None
        audit.record("event.taken", None, event=taken.slug, people=taken.people, marks=taken.marks, made=taken.made)
        db.session.commit()
    click.echo(f"{taken.slug}: {taken.people} people and {taken.marks} marks are new, {taken.known} marks were here.")
    for mark_id in taken.refused:
        click.echo(f"Not taken, because another mark is kept under its id: {mark_id}")


@events.command("load", with_appcontext=False)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load_events(file: Path) -> None:
    """Make the event that FILE describes, or bring it to what FILE says; the same file twice changes nothing."""
    try:
        described = load_event(file)
    except BadMaterial as problem:
        for fault in problem.faults:
            click.echo(str(fault))
        raise Refused(f"{len(problem.faults)} fault{'s' * (len(problem.faults) > 1)}.") from None
    with _working(_app()):
        try:
            loaded = loading.load(described)
        except loading.HasMarks as problem:
            raise Refused(str(problem)) from None
        db.session.commit()
    for change in loaded.changes:
        click.echo(change)
    if not loaded.changes:
        click.echo("Nothing to change.")


@main.group()
def people() -> None:
    """Accounts."""


@people.command("add", with_appcontext=False)
@click.option("--email", required=True)
@click.option("--name", required=True)
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
def add(email: str, name: str, role: str) -> None:
    """Make an account and print the link with which its owner chooses a password (good for seven days)."""
    app = _app()
    folded = " ".join(email.split()).lower()
    if "@" not in folded or not name.strip():
        raise Refused("Give an e-mail address and a name.")
    with _working(app):
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


@people.command("import", with_appcontext=False)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would be done, and keep nothing.")
def import_people(file: Path, dry_run: bool) -> None:
    """Make an account for each new address in FILE (csv, xlsx, ods), all or none; nobody gets a letter."""
    settings = _settings()
    with _working(_app(settings)):
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


@main.group()
def attendance() -> None:
    """Who was there, by half-day."""


@attendance.command("export", with_appcontext=False)
@click.argument("event")
@click.option("--format", "kind", required=True, type=click.Choice(list(files.MIMETYPES)))
@click.option("--marks", is_flag=True, help="In csv: every mark, in place of a row a person.")
@click.option("--columns", default="", help=f"Some of {', '.join(tables.COLUMNS)}, with commas between.")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, writable=True, path_type=Path))
def export(event: str, kind: str, marks: bool, columns: str, output: Path) -> None:
    """Write the attendance of EVENT to a file: what its page gives to download."""
    app = _app()
    with _working(app), app.test_request_context():
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
            _write(output, files.written_as(kind, found, everyone, rows, wanted, moment, of_marks))
        except pdf.Failed as problem:
            raise Refused(f"Nothing was written: {problem}") from None
    click.echo(f"{output}: {len(rows)} people.")


def _write(output: Path, content: Iterable[bytes]) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    part = output.with_name(f"{output.name}.part")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.writelines(content)
        part.replace(output)
    except OSError as problem:
        raise Refused(f"Nothing was written: {problem}") from None
    finally:
        part.unlink(missing_ok=True)


@main.group()
def certificates() -> None:
    """Papers: who is due one, issuing, handing out, checking, and the keys that sign them."""


@certificates.command("issue", with_appcontext=False)
@click.argument("scope", metavar="EVENT|course")
@click.option("--dry-run", is_flag=True, help="Say who gets one and who does not, and why; issue nothing.")
def issue(scope: str, dry_run: bool) -> None:
    """Issue the papers of EVENT, or of the course, to everyone who is due; ended half-way, it goes on where it was."""
    with _working(_app()):
        candidates = _candidates(scope)
        wanted = due.due(candidates)
        if dry_run:
            for one in candidates:
                click.echo("  ".join(filter(None, (str(STANDS[one.stands]), one.holder.name, reason(one)))))
            click.echo(f"{len(wanted)} would be issued, {len(candidates) - len(wanted)} not.")
            return
        if not wanted:
            click.echo("0 issued: nobody is due; `--dry-run` says what each of them lacks.")
            return
        batch = batches.begin(wanted, None, now())
        db.session.commit()
        with click.progressbar(length=len(wanted), label="Issuing") as bar:
            far = batches.run(batch.id, lambda so_far: bar.update(so_far.done - bar.pos))
        failed = db.session.scalars(
            select(BatchLine.words).where(BatchLine.batch_id == batch.id, BatchLine.state == LineState.FAILED)
        ).all()
    click.echo(f"{far.issued} issued.")
    if failed or far.waiting:
        words = "; ".join(dict.fromkeys(failed)) or "stopped by somebody else"
        raise Refused(f"{len(failed) + far.waiting} not issued: {words}")


def _candidates(scope: str) -> list[due.Candidate]:
    """Everyone who may get a paper of an event or of the course."""
    if scope == COURSE:
        return due.of_course()
    found = db.session.scalar(select(Event).where(Event.slug == scope))
    if found is None:
        raise Refused(f"There is no event {scope!r}.")
    return due.of_event(found)


@certificates.command("export", with_appcontext=False)
@click.argument("scope", metavar="EVENT|course")
@click.option("--all", "everything", is_flag=True, help="Those that are superseded or revoked too.")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, writable=True, path_type=Path))
def export_certificates(scope: str, everything: bool, output: Path) -> None:
    """Write the certificates of EVENT, or of the course, to a zip: the very files that were issued."""
    with _working(_app()):
        _candidates(scope)
        held = parcel.of(scope, everything)
        audit.record("certificates.fetched", None, scope=scope, papers=len(held.items))
        db.session.commit()
        reads()
        _write(output, held.zip())
    click.echo(f"{output}: {len(held.items)} certificates.")


@certificates.command("check", with_appcontext=False)
@click.argument("what", metavar="FILE|NUMBER")
def check_certificate(what: str) -> None:
    """Say whether a file or a number is good: 0 valid, 1 not, 3 unknown. Nothing leaves this machine."""
    path = Path(what)
    app = _app()
    with _working(app), app.test_request_context():
        if path.is_file():
            answer = checking.of_file(_read(path))
        elif path.suffix.lower() == ".pdf":
            raise click.BadParameter(f"there is no file {what}")
        else:
            answer = checking.by_number(what)
        told = answers.said(answer)
        click.echo(f"{told.word}. {' '.join(told.sentences)}")
        for line in answers.lines(answer, "en"):
            click.echo(f"  {answers.LABELS[line.key]}: {line.text}")
        click.echo(told.next)
    sys.exit({Outcome.VALID: 0, Outcome.UNKNOWN: 3}.get(answer.outcome, 1))


def _read(path: Path) -> bytes:
    """A file to look at; one that is too large is read only so far that this is seen."""
    try:
        with path.open("rb") as file:
            return file.read(signing.LARGEST + 1)
    except OSError as problem:
        raise Refused(f"{path} cannot be read: {problem.strerror}.") from None


@certificates.command("keys", with_appcontext=False)
def keys() -> None:
    """List every key that has signed, the newest first, with what became of it."""
    with _working(_app()):
        found = db.session.scalars(select(SigningKey).order_by(SigningKey.first_used_at.desc())).all()
        per_key = select(Certificate.key_fingerprint, func.count()).group_by(Certificate.key_fingerprint)
        counted = {row[0]: row[1] for row in db.session.execute(per_key)}
    for key in found:
        ended = f", compromised from {key.compromised_from.isoformat()}" if key.compromised_from else ""
        click.echo(f"{key.fingerprint}  {key.subject}: {counted.get(key.fingerprint, 0)} papers{ended}")
    if not found:
        click.echo("No key has signed yet.")


@certificates.command("compromised", with_appcontext=False)
@click.argument("fingerprint")
@click.option("--from", "since", required=True, type=click.DateTime(), help="From when on others may have had it; UTC.")
@click.option("--why", required=True, help="What happened; it is kept with the key.")
def compromised(fingerprint: str, since: datetime, why: str) -> None:
    """Mark a key as no longer ours alone: what it signed from then on, as our record says, is no longer good."""
    with _working(_app()):
        found = db.session.scalars(
            select(SigningKey).where(SigningKey.fingerprint.startswith(fingerprint.lower()))
        ).all()
        if len(found) != 1:
            raise Refused(f"{len(found)} keys begin with {fingerprint}: see `lms certificates keys`.")
        if not why.strip():
            raise Refused("Say what happened.")
        found[0].compromised_from = since.replace(tzinfo=UTC)
        found[0].compromised_why = " ".join(why.split())[:300]
        audit.record("key.compromised", None, key=found[0].fingerprint, since=since.isoformat())
        hit = db.session.scalar(
            select(func.count()).where(
                Certificate.key_fingerprint == found[0].fingerprint, Certificate.issued_at >= found[0].compromised_from
            )
        )
        db.session.commit()
    click.echo(f"{hit} papers were issued with it since then: they are no longer good. Put another key in its place.")


@main.command(with_appcontext=False)
@click.option("--for", "purpose", default="demo", type=click.Choice(["demo", "test"]))
@click.option("--mend", is_flag=True, help="Install what is missing, where that is allowed.")
def doctor(purpose: str, mend: bool) -> None:
    """Say what is missing on this machine, or wrong with the signing key, and the command that mends it."""
    missing = health.main(["--for", purpose, *(["--mend"] if mend else [])])
    sys.exit(_doctor_of_the_key() or missing)


def _doctor_of_the_key() -> int:
    """Say what is wrong with the key that signs certificates: 1 where nothing can be signed, else 0."""
    with suppress(HalfConfigured):  # what a site lacks besides, it says when it starts
        trouble = signing.trouble(read(), now())
        if trouble:
            click.echo(f"{trouble.what}. To go on: {trouble.mend}", err=True)
            return int(trouble.now)
        if _signs_with_a_compromised_key():
            click.echo(
                "The signing key is marked compromised, and signs nothing more. Put another in its place.", err=True
            )
            return 1
    return 0


def _signs_with_a_compromised_key() -> bool:
    """Whether the key in place is marked; no where there is none yet, or no database to ask."""
    app = _app()
    with suppress(OperationalError, ProgrammingError, signing.NoKey), app.app_context():
        marked = select(SigningKey.fingerprint).where(SigningKey.compromised_from.is_not(None))
        fingerprints = db.session.scalars(marked).all()
        return bool(fingerprints) and signing.current().fingerprint in fingerprints
    return False
