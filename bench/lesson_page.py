"""What a signed-in lesson page costs in this process, beside a bare Flask hello."""

from functools import partial

from bench import hello
from bench.figure import Figure, report
from bench.site import (
    PRACTITIONER,
    application,
    lesson_addresses,
    question,
    sample_year,
    signed_in,
    through_client,
)
from bench.turns import by_turns, cost

ROUNDS = 30


def main() -> None:
    """Each round asks for every lesson once."""
    with sample_year() as environment:
        app = application(environment)
        visitor = signed_in(app, PRACTITIONER)
        lessons = [question(app, address, visitor) for address in lesson_addresses(app)]
        hellos = [question(hello.app, "/")] * 200
        ours, yardstick = by_turns(lambda: cost(lessons), lambda: cost(hellos), ROUNDS)

        client, hello_client = through_client(app, visitor), through_client(hello.app)
        visits = [partial(client.get, address) for address in lesson_addresses(app)]
        greetings = [partial(hello_client.get, "/")] * 100
        visit, greeting = by_turns(lambda: cost(visits), lambda: cost(greetings), ROUNDS)
    report(
        "lesson_page",
        Figure("lesson page, signed in: CPU in hellos", "us", visit.cpu, greeting.cpu, most=6),
        Figure("the same, without Flask's test client", "us", ours.cpu, yardstick.cpu),
    )


if __name__ == "__main__":
    main()
