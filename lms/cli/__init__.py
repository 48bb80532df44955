"""The `lms` command. Every command exits 0 when done, 1 with one line when refused, 2 for wrong usage."""

import click
from flask.cli import FlaskGroup
from flask_migrate.cli import db as migrations

from lms.cli import attendance, certificates, doctor, events, material, people, runs, serving
from lms.cli.working import site

ROOMS = (
    serving.demo, serving.serve, serving.work, material.content, events.events, people.people, attendance.attendance,
    runs.runs, certificates.certificates, doctor.doctor, migrations,
)  # fmt: skip


@click.group(cls=FlaskGroup, create_app=site, add_default_commands=False, add_version_option=False)
def main() -> None:
    """The training-course learning management module of DISRUPT."""


for room in ROOMS:
    main.add_command(room)
