"""What is missing on this machine, or wrong with the signing key."""

import sys
from contextlib import suppress

import click
from sqlalchemy import select
from sqlalchemy.exc import OperationalError, ProgrammingError

from lms import doctor as health
from lms.certificates import signing
from lms.certificates.models import SigningKey
from lms.cli.working import site
from lms.clock import now
from lms.database import db
from lms.settings import HalfConfigured, read


@click.command()
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
    app = site()
    with suppress(OperationalError, ProgrammingError, signing.NoKey), app.app_context():
        marked = select(SigningKey.fingerprint).where(SigningKey.compromised_from.is_not(None))
        fingerprints = db.session.scalars(marked).all()
        return bool(fingerprints) and signing.current().fingerprint in fingerprints
    return False
