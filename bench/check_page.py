"""What the answer to a certificate's number costs in this process, for someone who is not signed in, beside hello."""

from functools import partial

from sqlalchemy import select

from bench import hello
from bench.figure import Figure, report
from bench.site import application, question, sample_year, through_client
from bench.turns import by_turns, cost
from lms.certificates.models import Certificate
from lms.database import db

ROUNDS = 30
MOST = 100


def main() -> None:
    """Each round asks for the same hundred certificates once, in whatever state they are."""
    with sample_year() as environment:
        app = application(environment)
        with app.app_context():
            numbers = db.session.scalars(select(Certificate.number).order_by(Certificate.id).limit(MOST)).all()
        addresses = [f"/check/{number}" for number in numbers]
        answers = [question(app, address) for address in addresses]
        hellos = [question(hello.app, "/")] * 200
        ours, yardstick = by_turns(lambda: cost(answers), lambda: cost(hellos), ROUNDS)

        client, hello_client = through_client(app), through_client(hello.app)
        visits = [partial(client.get, address) for address in addresses]
        greetings = [partial(hello_client.get, "/")] * 100
        visit, greeting = by_turns(lambda: cost(visits), lambda: cost(greetings), ROUNDS)
    report(
        "check_page",
        Figure("check page by number: CPU in hellos", "us", visit.cpu, greeting.cpu, most=4),
        Figure("the same, without Flask's test client", "us", ours.cpu, yardstick.cpu),
    )


if __name__ == "__main__":
    main()
