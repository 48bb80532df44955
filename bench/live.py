"""500 players of one run on the site as it comes: is everything delivered and kept, how soon, and do pages suffer."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import cycle
from threading import Event, Thread
from typing import Any

from bench.audience import Audience
from bench.cpu import worked
from bench.figure import Figure, report
from bench.room import INJECTS, Console, Room, kept, room
from bench.served import served
from bench.site import LMS, PRACTITIONER, Visitor, application, lesson_addresses, sample_year, signed_in

PEOPLE = 500
PACE = 0.05  # seconds from one lesson page to the next
QUIET = 200  # pages before, and as many after: a machine is never as busy twice
BETWEEN = 1.0  # seconds between two releases
SETTLED = 3.0  # seconds after which whatever has not come is counted as lost


def main() -> None:
    """One process, SQLite; one reader turns pages meanwhile."""
    with sample_year() as environment:
        app = application(environment)
        where = room(app, PEOPLE)
        reader = signed_in(app, PRACTITIONER)
        with served([LMS, "demo", "--port", "PORT"], environment) as site:
            assert site.get("/") == 200
            before = site.memory()
            pages = Reader(site.port, lesson_addresses(app), reader)
            quiet = pages.turn(QUIET)
            worked_before, began = worked(site.leader), time.monotonic()
            played = play(where, [site.port], [site.port], pages)
            busy = (worked(site.leader) - worked_before) / (time.monotonic() - began)
            after = site.memory()
            quiet += pages.turn(QUIET)
        stored = kept(app, where)
    report(
        "live",
        *figures(played, stored),
        *suffered(played, quiet),
        Figure("memory with 500 players", "MiB", after, before),
        Figure("of a core, from the first player to the last", "share", busy),
    )


def figures(played: dict[str, Any], stored: int) -> list[Figure]:
    """What every way of serving is held to."""
    took = [(came - sent) * 1000 for sent, came in played["delivered"]]
    answers = [one[3] * 1000 for one in played["answers"]]
    everything = PEOPLE * INJECTS
    return [
        Figure("10 releases to 500 players: delivered", f"of {everything}", len(took), least=everything),
        Figure("delivery: p50", "ms", late(took, 0.5)),
        Figure("delivery: p99", "ms", late(took, 0.99)),
        Figure("delivery: the last", "ms", max(took)),
        Figure("500 answers within a second: stored", f"of {PEOPLE}", stored, least=PEOPLE),
        Figure("answers said to be stored", f"of {PEOPLE}", played["stored"], least=PEOPLE),
        Figure("an answer: p95", "ms", late(answers, 0.95)),
        Figure("500 streams opened at once, until all show the run", "s", played["opened"]),
        Figure("snapshots older than one before", "events", played["older"], most=0),
    ]


def suffered(played: dict[str, Any], quiet: list[float]) -> list[Figure]:
    """How long lesson pages took meanwhile, beside their quiet time."""
    moments = {"while 10 are released": played["pages"], "while 500 answer": played["storm"]}
    return [
        Figure(f"lesson page {when}: {name}", "ms", late(taken, share), late(quiet, share),
               most=2 if share == 0.95 else None)
        for when, taken in moments.items()
        for name, share in (("p50", 0.5), ("p95", 0.95))
    ]  # fmt: skip


def play(where: Room, pages_at: list[int], streams_at: list[int], pages: "Reader") -> dict[str, Any]:
    """The run: 500 devices follow, ten injects are released, a question is opened and everybody answers it."""
    console = Console(pages_at[0], where)
    audience = Audience(str(where.run_id), where.cookies, streams_at, pages_at)
    try:
        assert audience.said["opened"] == PEOPLE, audience.said
        console.move("start")
        sent: dict[str, float] = {}
        with pages.turning() as turned:
            for number in range(INJECTS):
                sent[f"inject-{number}"] = time.time()
                console.move("next")
                time.sleep(BETWEEN)
        console.move("open", task=where.task)
        time.sleep(1)
        with pages.turning() as storm:
            choices = [where.options[number % len(where.options)] for number in range(PEOPLE)]
            answers = audience.tell(do="answer", task=where.task, answers=choices, within=1.0)["answers"]
        seen = audience.tell(do="report", after=SETTLED)
    finally:
        audience.end()
    delivered = [(sent[name], device[name]) for device in seen["first"] for name in sent if name in device]
    return {
        "delivered": delivered, "answers": answers, "stored": sum(one[2] == "stored" for one in answers),
        "opened": audience.said["took"], "older": seen["older"], "pages": turned, "storm": storm,
    }  # fmt: skip


class Reader:
    """Someone who turns one lesson page after the other, at a steady pace."""

    def __init__(self, port: int, addresses: list[str], visitor: Visitor) -> None:
        self.line = HTTPConnection("127.0.0.1", port, timeout=60)
        self.addresses = cycle(addresses)
        self.visitor = visitor

    def turn(self, pages: int) -> list[float]:
        """Milliseconds that each page takes."""
        return [self._page() for _ in range(pages)]

    @contextmanager
    def turning(self) -> Iterator[list[float]]:
        """The same, until the block ends."""
        taken: list[float] = []
        over = Event()

        def go() -> None:
            self.line.close()  # the server may have closed it meanwhile: a new one is opened by itself
            while not over.is_set():
                taken.append(self._page())

        thread = Thread(target=go)
        thread.start()
        yield taken
        over.set()
        thread.join()

    def _page(self) -> float:
        began = time.perf_counter()
        self.line.request("GET", next(self.addresses), headers={"Cookie": self.visitor.cookie})
        answer = self.line.getresponse()
        answer.read()
        took = time.perf_counter() - began
        assert answer.status == 200, answer.status
        time.sleep(max(0.0, PACE - took))
        return took * 1000


def late(taken: list[float], share: float) -> float:
    """How long this share took at most."""
    return sorted(taken)[min(len(taken) - 1, int(len(taken) * share))]


if __name__ == "__main__":
    main()
