"""The training material, checked."""

from pathlib import Path

import click

from lms.cli.working import Refused
from lms.content.loader import BadMaterial, load
from lms.paths import MODULES


@click.group()
def content() -> None:
    """The training material."""


@content.command("check")
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
