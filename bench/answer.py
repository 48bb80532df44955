"""What keeping one quiz answer costs in this process, commit included, beside a bare Flask hello."""

from flask import Flask
from sqlalchemy import delete, select

from bench import hello
from bench.figure import Figure, report
from bench.site import PRACTITIONER, Visitor, application, question, sample_year, signed_in, submission
from bench.turns import Cost, by_turns, cost
from lms.accounts.models import Person
from lms.database import db, pragmas, writing
from lms.quizzes.models import Attempt, Sent
from lms.quizzes.paper import Shown, shown

ROUNDS = 60


def main() -> None:
    """Each round answers the questions of one paper, one after the other, as a browser does."""
    with sample_year() as environment:
        app = application(environment)
        visitor = signed_in(app, PRACTITIONER)
        attempt_id, answers = paper(app, visitor)
        with app.app_context():
            assert pragmas(db.engine)["synchronous"] == 2, "SQLite must not lose what it acknowledged"
        deeds = [
            submission(app, f"/attempts/{attempt_id}/answers/{number}", visitor, fields)
            for number, fields in enumerate(answers, 1)
        ]

        def ours() -> Cost:
            with app.app_context(), writing():
                db.session.execute(delete(Sent).where(Sent.attempt_id == attempt_id))
                db.session.commit()
            return cost(deeds)

        hellos = [question(hello.app, "/")] * 200
        answer, yardstick = by_turns(ours, lambda: cost(hellos), ROUNDS)
    report(
        "answer",
        Figure("one answer kept: CPU in hellos", "us", answer.cpu, yardstick.cpu, most=10),
        Figure("one answer kept: by the clock", "us", answer.wall, yardstick.wall),
    )


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
