"""Serving the site, its sample year and its jobs."""

import sys
from dataclasses import replace
from pathlib import Path

import click
from flask import Flask
from flask_migrate import upgrade

from lms import jobs, server
from lms.cli.working import Refused, settings_read, site, working
from lms.clock import now
from lms.database import db
from lms.demo import exercises, year
from lms.paths import MIGRATIONS
from lms.settings import Settings

PEM = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--reset", is_flag=True, help="Throw the sample year away and make it anew.")
@click.option("--no-serve", is_flag=True, help="Fill the database and stop.")
def demo(port: int, host: str, reset: bool, no_serve: bool) -> None:
    """Fill instance/ with the sample year and serve it."""
    settings = settings_read()
    if settings.production:
        raise Refused("lms demo is for trying things out: it does not run with LMS_ENV=production.")
    settings = replace(settings, keep_runs=max(settings.keep_runs, year.KEPT))
    if reset:
        _reset(settings)
    app = site(settings)
    _up_to_date(app)
    with working(app):
        made = year.fill(settings.demo_password)
        db.session.commit()
        db.engine.dispose()
    click.echo("The sample year is made." if made else "The sample year is there already.")
    for email, _name, role, *_rest in year.ACCOUNTS:
        click.echo(f"  {role.value:<13} {email}")
    click.echo(f"  password      {settings.demo_password}")
    code = exercises.CODES["vienna"]
    click.echo(f"Live exercise in Vienna: code {code}, http://{host}:{port}/join/{code}")
    if no_serve:
        return
    click.echo(f"Serving at http://{host}:{port} (stop with Ctrl+C)")
    server.serve(app, host, port, 1)


def _up_to_date(app: Flask) -> None:
    with working(app):
        upgrade(directory=str(MIGRATIONS))
        db.session.remove()


def _reset(settings: Settings) -> None:
    """Forget the database of the demo; only one in the instance folder is thrown away."""
    path = Path(settings.database_url.removeprefix("sqlite:///"))
    if not settings.sqlite or path.parent != settings.instance:
        raise Refused("--reset throws away a SQLite database in the instance folder only; drop this one yourself.")
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm", "jobs.db", "jobs.db-wal", "jobs.db-shm"):
        (settings.instance / name).unlink(missing_ok=True)


@click.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64))
@click.option("--streams", is_flag=True, help="Serve live streams alone.")
@click.option("--certificate", type=PEM, help="Serve https with this certificate, in PEM, without a server in front.")
@click.option("--key", type=PEM, help="The certificate's key, in PEM.")
def serve(
    port: int, host: str, workers: int, streams: bool, certificate: Path | None, key: Path | None
) -> None:  # fmt: skip
    """Serve the site; the database must be up to date (lms db upgrade)."""
    settings = settings_read()
    if certificate is not None or key is not None:
        from lms.cli import https  # noqa: PLC0415 - 8 MiB that plain http does without

        https.usable(certificate, key, settings, now())
    if workers > 1 and settings.sqlite and not settings.redis_url:
        raise Refused("Several workers need LMS_DATABASE_URL=postgresql://… or LMS_REDIS_URL: or leave --workers at 1.")
    app = site(settings)
    if certificate is not None and sys.platform == "win32":
        raise Refused("On Windows the site does not serve https itself: put a server in front that does.")
    server.serve(app, host, port, workers, streams=streams, certificate=certificate, key=key)


@click.command()
def work() -> None:
    """Do jobs until told to stop: letters, and whatever outlives a request."""
    jobs.work(site())
