"""How much memory `lms demo` holds when idle, and how soon after its start the first page is there."""

import sys
import time
from statistics import median

from bench.figure import Figure, report
from bench.served import served
from bench.site import LMS, sample_year

IDLE = 10
STARTS = 5
HELLO = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--threads", "16", "--bind", "127.0.0.1:PORT"]


def main() -> None:
    """The memory is read ten seconds after the first page, the start timed on a machine that is set up."""
    with sample_year() as environment:
        starts = [first_page([LMS, "demo", "--port", "PORT"], environment) for _ in range(STARTS)]
        with (
            served([LMS, "demo", "--port", "PORT"], environment) as site,
            served([*HELLO, "--log-level", "error", "--no-control-socket", "bench.hello:app"], environment) as hello,
        ):
            assert site.get("/") == hello.get("/") == 200
            time.sleep(IDLE)
            ours, yardstick = site.memory(), hello.memory()
    report(
        "memory",
        Figure("idle memory of lms demo", "MiB", ours, most=150),
        Figure("idle memory of lms demo, in hellos", "MiB", ours, yardstick),
        Figure("start of lms demo to its first page", "s", median(starts)),
    )


def first_page(command: list[str], environment: dict[str, str]) -> float:
    """Seconds from the start to the end of the first page."""
    with served(command, environment) as site:
        assert site.get("/") == 200
        return time.monotonic() - site.began


if __name__ == "__main__":
    main()
