"""How long a lesson page takes while five hundred certificates are made, beside the same before and after."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from datetime import time as clock
from http.client import HTTPConnection
from itertools import cycle
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy import select

from bench.figure import Figure, report
from bench.served import served
from bench.site import LMS, PRACTITIONER, application, lesson_addresses, sample_year, signed_in
from lms.accounts.models import Person
from lms.certificates import batches, due
from lms.certificates.batches import Progress
from lms.certificates.models import Certificate, ConfirmedName
from lms.clock import now
from lms.database import db, reads, writing
from lms.events import receiving
from lms.events.badges import new_id, new_salt
from lms.events.models import Event, HalfDay
from lms.events.parts import EventKind, MarkKind

PAPERS = 500
PACE = 0.05  # seconds from one lesson page to the next
QUIET = 300  # pages before the papers, and as many after
PATIENCE = 1800
ZONE = "Europe/Brussels"


def main() -> None:
    """One reader turns one page after the other; the site is `lms demo` as it comes, its worker in the web process."""
    with sample_year() as environment:
        app = application(environment)
        slug = _event(app)
        visitor = signed_in(app, PRACTITIONER)
        with served([LMS, "demo", "--port", "PORT"], environment) as site:
            line = HTTPConnection("127.0.0.1", site.port, timeout=60)
            pages = _pages(line, cycle(lesson_addresses(app)), {"Cookie": visitor.cookie})
            quiet = [next(pages) for _ in range(QUIET)]
            batch_id, began = _begun(app, slug), time.monotonic()
            busy: list[float] = []
            while (far := _far(app, batch_id)).waiting:
                assert time.monotonic() - began < PATIENCE, f"{far.waiting} papers still wait"
                busy += [next(pages) for _ in range(20)]
            took = time.monotonic() - began
            quiet += [next(pages) for _ in range(QUIET)]
        papers = _issued(app, slug)
    report(
        "bulk",
        Figure("lesson page while papers are made: p95", "ms", _late(busy, 0.95), _late(quiet, 0.95), most=2),
        Figure("the same: p50", "ms", _late(busy, 0.5), _late(quiet, 0.5)),
        Figure("the same: the slowest page", "ms", max(busy), max(quiet)),
        Figure("papers issued", f"of {PAPERS}", papers, least=PAPERS),
        Figure("papers a second", "1/s", papers / took),
    )


def _event(app: Flask) -> str:
    """An event of last week with so many people who were there and have confirmed their names."""
    with app.app_context(), writing():
        day = datetime.combine(now().date() - timedelta(days=7), clock(9), ZoneInfo(ZONE))
        half_days = [
            HalfDay(id=new_id(), title=title, starts_at=at, ends_at=at + timedelta(hours=3))
            for title, at in (("Child trafficking", day), ("Electronic evidence", day + timedelta(hours=4)))
        ]
        event = Event(
            slug="crowd", title="Crowd", kind=EventKind.EU, city="Ghent", timezone=ZONE, late_after=15,
            counts_per_cent=75, room_secret=new_salt(), half_days=half_days,
        )  # fmt: skip
        db.session.add(event)
        db.session.flush()
        for number in range(PAPERS):
            name = f"Person {number}"
            registration = receiving.add_registration(event, now(), name=name)
            db.session.flush()
            db.session.add(ConfirmedName(registration_id=registration.id, name=name, at=now()))
            for half_day in event.half_days:
                receiving.say(
                    event, by_id=None, half_day=half_day, registration=registration, kind=MarkKind.CAME,
                    at=half_day.starts_at, now=half_day.starts_at,
                )  # fmt: skip
        db.session.commit()
    return "crowd"


def _begun(app: Flask, slug: str) -> int:
    """The batch that an organiser asks for on the page."""
    with app.test_request_context(), writing():
        event = db.session.scalars(select(Event).where(Event.slug == slug)).one()
        by = db.session.scalars(select(Person.id).limit(1)).one()
        batch = batches.begin(due.of_event(event), by, now())
        assert len(batch.lines) == PAPERS
        db.session.commit()
        return batch.id


def _far(app: Flask, batch_id: int) -> Progress:
    with app.app_context():
        reads()
        return batches.progress(batch_id)


def _issued(app: Flask, slug: str) -> int:
    with app.app_context():
        return len(db.session.scalars(select(Certificate.id).where(Certificate.scope == slug)).all())


def _pages(line: HTTPConnection, addresses: Iterator[str], headers: dict[str, str]) -> Iterator[float]:
    """Milliseconds that each page takes, asked for at a steady pace."""
    for address in addresses:
        began = time.perf_counter()
        line.request("GET", address, headers=headers)
        answer = line.getresponse()
        answer.read()
        took = time.perf_counter() - began
        assert answer.status == 200, f"{address} answered {answer.status}"
        yield took * 1000
        time.sleep(max(0.0, PACE - took))


def _late(taken: list[float], share: float) -> float:
    """How many milliseconds this share of the pages took at most."""
    return sorted(taken)[min(len(taken) - 1, int(len(taken) * share))]


if __name__ == "__main__":
    main()
