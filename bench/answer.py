"""What keeping one quiz answer costs in this process, commit included, beside a bare Flask hello."""

import sqlite3
from collections.abc import Callable
from functools import partial
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask
from sqlalchemy import delete, select

from bench import hello
from bench.figure import Figure, report
from bench.site import (
    PRACTITIONER,
    Visitor,
    application,
    question,
    sample_year,
    sending,
    signed_in,
    submission,
    through_client,
)
from bench.turns import Cost, by_turns, cost
from lms.accounts.models import Person
from lms.database import db, pragmas, writing
from lms.quizzes.models import Attempt, Sent
from lms.quizzes.paper import Shown, shown

ROUNDS = 60
IN_MEMORY = Path("/dev/shm")


def main() -> None:
    """Each round answers the questions of one paper, one after the other, as a browser does.

    What a disk takes for one commit differs twentyfold between disks, so the site lies in memory and the disk's part
    stands on a line of its own.
    """
    with sample_year(IN_MEMORY if IN_MEMORY.is_dir() else None) as environment:
        app = application(environment)
        visitor = signed_in(app, PRACTITIONER)
        attempt_id, answers = paper(app, visitor)
        with app.app_context():
            assert pragmas(db.engine)["synchronous"] == 2, "SQLite must not lose what it acknowledged"
        addresses = [f"/attempts/{attempt_id}/answers/{number}" for number in range(1, len(answers) + 1)]
        client, hello_client = through_client(app, visitor), through_client(hello.app)
        sent = [sending(client, *one) for one in zip(addresses, repeat(visitor), answers, strict=False)]
        direct = [submission(app, *one) for one in zip(addresses, repeat(visitor), answers, strict=False)]

        def afresh(deeds: list[Callable[[], None]]) -> Cost:
            with app.app_context(), writing():
                db.session.execute(delete(Sent).where(Sent.attempt_id == attempt_id))
                db.session.commit()
            return cost(deeds)

        greetings = [partial(hello_client.get, "/")] * 100
        hellos = [question(hello.app, "/")] * 200
        answer, greeting = by_turns(lambda: afresh(sent), lambda: cost(greetings), ROUNDS)
        called, yardstick = by_turns(lambda: afresh(direct), lambda: cost(hellos), ROUNDS)
    disk = commit_alone()
    report(
        "answer",
        Figure("one answer kept: CPU in hellos", "us", answer.cpu, greeting.cpu, most=10),
        Figure("the same, without Flask's test client", "us", called.cpu, yardstick.cpu),
        Figure("one row committed on this disk: CPU", "us", disk.cpu),
        Figure("one row committed on this disk: by the clock", "us", disk.wall),
    )


def commit_alone() -> Cost:
    """What SQLite itself takes to commit one row on the disk of the temporary folder, with nothing of ours."""
    with TemporaryDirectory(prefix="lms-bench-") as folder:
        database = sqlite3.connect(Path(folder) / "rows.db", isolation_level=None)
        for line in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE row (words TEXT)"):
            database.execute(line)
        taken = cost([partial(database.execute, "INSERT INTO row VALUES ('one')")] * 200)
        database.close()
    return taken


def paper(app: Flask, visitor: Visitor) -> tuple[int, list[list[tuple[str, str]]]]:
    """An open attempt, and for each of its questions the fields of an answer."""
    third = app.extensions["training"].course("en").modules[2]
    submission(app, f"/modules/{third.slug}/quiz", visitor, [])()
    with app.app_context():
        attempt = db.session.scalars(
            select(Attempt).join(Person).where(Person.email == PRACTITIONER, Attempt.submitted_at.is_(None))
        ).one()
        return attempt.id, [fields(shown(drawn), "q") for drawn in attempt.paper.questions]


def fields(question: Shown, name: str) -> list[tuple[str, str]]:
    """What a form sends when the first of everything is chosen."""
    if question.parts:
        return [field for part in question.parts for field in fields(part, f"{name}-{part.id}")]
    if question.pairs:
        return [(f"{name}-{pair.id}", question.choices[0].id) for pair in question.pairs]
    if question.steps:
        return [(name, step.id) for step in question.steps]
    return [(name, question.options[0].id if question.options else "12")]


if __name__ == "__main__":
    main()
