"""What every command needs: the site as it is set up, words for what is refused, a file written whole."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import Flask
from sqlalchemy.exc import DatabaseError

from lms.app import create_app
from lms.content.loader import BadMaterial
from lms.database import writing
from lms.settings import HalfConfigured, Settings, read


class Refused(click.ClickException):
    """Not done, and why: one line, exit code 1."""

    def show(self, file: object = None) -> None:
        click.echo(self.message, err=True)


def settings_read() -> Settings:
    """What the site is told from outside; refused where it is half configured."""
    try:
        return read()
    except HalfConfigured as problem:
        raise Refused(str(problem)) from None


def site(settings: Settings | None = None) -> Flask:
    """The application; refused where settings or material have faults."""
    try:
        return create_app(settings or settings_read())
    except (HalfConfigured, BadMaterial) as problem:
        raise Refused(str(problem)) from None


@contextmanager
def working(app: Flask) -> Iterator[None]:
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


def write(output: Path, content: Iterable[bytes]) -> None:
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
