"""Papers: issued, handed out, checked, and the keys that sign them."""

import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import func, select

from lms import audit
from lms.certificates import answers, batches, checking, due, parcel, signing
from lms.certificates.models import BatchLine, Certificate, SigningKey
from lms.certificates.parts import COURSE, LineState, Outcome, Stands
from lms.certificates.reasons import STANDS, reason
from lms.cli.working import Refused, site, working, write
from lms.clock import now
from lms.database import db, reads
from lms.events.models import Event


@click.group()
def certificates() -> None:
    """Papers: who is due one, issuing, handing out, checking, and the keys that sign them."""


@certificates.command("issue")
@click.argument("scope", metavar="EVENT|course")
@click.option("--dry-run", is_flag=True, help="Say who gets one and who does not, and why; issue nothing.")
def issue(scope: str, dry_run: bool) -> None:
    """Issue the papers of EVENT, or of the course, to everyone who is due; ended half-way, it goes on where it was.

    It says first how many get one; at a terminal it asks before it issues.
    """
    with working(site()):
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
        kept_back = Counter(str(STANDS[one.stands]) for one in candidates if one.stands is not Stands.DUE)
        why = "".join(f"; {count} {stands.lower()}" for stands, count in kept_back.most_common())
        click.echo(f"{len(wanted)} to be issued, {len(candidates) - len(wanted)} not{why}.")
        if sys.stdin.isatty():
            click.confirm("Issue them now?", abort=True)
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


@certificates.command("export")
@click.argument("scope", metavar="EVENT|course")
@click.option("--all", "everything", is_flag=True, help="Those that are superseded or revoked too.")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, writable=True, path_type=Path))
def export_certificates(scope: str, everything: bool, output: Path) -> None:
    """Write the certificates of EVENT, or of the course, to a zip: the very files that were issued."""
    with working(site()):
        _candidates(scope)
        held = parcel.of(scope, everything)
        audit.record("certificates.fetched", None, scope=scope, papers=len(held.items))
        db.session.commit()
        reads()
        write(output, held.zip())
    click.echo(f"{output}: {len(held.items)} certificates.")


@certificates.command("check")
@click.argument("what", metavar="FILE|NUMBER")
def check_certificate(what: str) -> None:
    """Say whether a file or a number is good: 0 valid, 1 not, 3 unknown. Nothing leaves this machine."""
    path = Path(what)
    app = site()
    with working(app), app.test_request_context():
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


@certificates.command("keys")
def keys() -> None:
    """List every key that has signed, the newest first, with what became of it."""
    with working(site()):
        found = db.session.scalars(select(SigningKey).order_by(SigningKey.first_used_at.desc())).all()
        per_key = select(Certificate.key_fingerprint, func.count()).group_by(Certificate.key_fingerprint)
        counted = {row[0]: row[1] for row in db.session.execute(per_key)}
    for key in found:
        ended = f", compromised from {key.compromised_from.isoformat()}" if key.compromised_from else ""
        click.echo(f"{key.fingerprint}  {key.subject}: {counted.get(key.fingerprint, 0)} papers{ended}")
    if not found:
        click.echo("No key has signed yet.")


@certificates.command("compromised")
@click.argument("fingerprint")
@click.option("--from", "since", required=True, type=click.DateTime(), help="From when on others may have had it; UTC.")
@click.option("--why", required=True, help="What happened; it is kept with the key.")
def compromised(fingerprint: str, since: datetime, why: str) -> None:
    """Mark a key as no longer ours alone: what it signed from then on, as our record says, is no longer good."""
    with working(site()):
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
