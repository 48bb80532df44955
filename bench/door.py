"""A crowd at a door: an event with many people, a paired desk, and processes that send its scans all at once."""

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from http.client import HTTPConnection, HTTPException
from multiprocessing import get_context
from uuid import uuid4

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import select

from lms.clock import now
from lms.database import db, writing
from lms.events import receiving, roll
from lms.events.badges import new_id, new_salt
from lms.events.checkin import hashed
from lms.events.desk_json import digest
from lms.events.models import Device, Event, HalfDay, Mark
from lms.events.parts import EventKind
from lms.paths import MIGRATIONS

TOKEN = "a token of a desk that is paired"
PROCESSES = 4
THREADS = 4


@dataclass(frozen=True)
class Answer:
    """What one scan was answered, and how long that took in seconds; status 0 where the line was cut."""

    mark_id: str
    status: int
    outcome: str
    took: float


@dataclass(frozen=True)
class Crowd:
    """The scans of people at a door, ready to be sent, each with an id of its own."""

    address: str
    bodies: tuple[tuple[str, bytes], ...]
    headers: tuple[tuple[str, str], ...] = (
        ("Authorization", f"Bearer {TOKEN}"),
        ("Content-Type", "application/json"),
    )


def crowd(app: Flask, people: int, slug: str = "crowd") -> Crowd:
    """Make an event of today with so many people and a paired desk, and a scan for each of them."""
    with app.app_context(), writing():
        upgrade(directory=str(MIGRATIONS))
        day = datetime.combine(now().date(), clock(0), UTC)
        event = Event(
            slug=slug, title="Crowd", kind=EventKind.EU, city="Ghent", timezone="UTC", late_after=15,
            counts_per_cent=75, room_secret=new_salt(),
            half_days=[HalfDay(id=new_id(), title="The day", starts_at=day, ends_at=day + timedelta(hours=24))],
        )  # fmt: skip
        db.session.add(event)
        db.session.flush()
        salt = new_salt()
        db.session.add(
            Device(
                id=new_id(), event_id=event.id, name="Door", salt=salt, token_hash=digest(TOKEN), made_at=now(),
                paired_at=now(), seen_at=now(),
            )
        )  # fmt: skip
        badges = [receiving.add_registration(event, now(), name=f"Person {one}").badge for one in range(people)]
        half_day = str(event.half_days[0].id)
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    bodies = []
    for badge in badges:
        mark_id = str(uuid4())
        mark = {
            "id": mark_id, "badge": hashed(badge, salt), "half_day": half_day, "kind": "came",
            "at": now().isoformat(),
        }  # fmt: skip
        bodies.append((mark_id, json.dumps({"device": "", "marks": [mark]}).encode()))
    return Crowd(f"/events/{slug}/marks", tuple(bodies))


def storm(port: int, scans: Crowd, processes: int = PROCESSES, patience: float = 0) -> list[Answer]:
    """Every scan from every process at once; with patience, a scan is sent until it is answered or that is over."""
    with get_context("spawn").Pool(processes) as pool:
        taken = pool.starmap(_send, [(port, scans, patience)] * processes)
    return [answer for answers in taken for answer in answers]


def _send(port: int, scans: Crowd, patience: float) -> list[Answer]:
    """One process: its threads share the scans."""
    shares = [scans.bodies[one::THREADS] for one in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        taken = pool.map(lambda share: _share(port, scans, share, patience), shares)
    return [answer for answers in taken for answer in answers]


def _share(port: int, scans: Crowd, share: Sequence[tuple[str, bytes]], patience: float) -> list[Answer]:
    line = HTTPConnection("127.0.0.1", port, timeout=30)
    answers = []
    for mark_id, body in share:
        began = time.perf_counter()
        answer = _once(line, scans, mark_id, body, began)
        while answer.status != 200 and time.perf_counter() - began < patience:
            time.sleep(0.05)
            answer = _once(line, scans, mark_id, body, began)
        answers.append(answer)
    line.close()
    return answers


def _once(line: HTTPConnection, scans: Crowd, mark_id: str, body: bytes, began: float) -> Answer:
    try:
        line.request("POST", scans.address, body, dict(scans.headers))
        response = line.getresponse()
        content = response.read()
    except (OSError, HTTPException):
        line.close()
        return Answer(mark_id, 0, "", time.perf_counter() - began)
    outcome = json.loads(content)["results"][0]["outcome"] if response.status == 200 else ""
    return Answer(mark_id, response.status, outcome, time.perf_counter() - began)


@dataclass(frozen=True)
class Kept:
    """What the database holds afterwards."""

    marks: frozenset[str]
    present: int


def kept(app: Flask, slug: str = "crowd") -> Kept:
    """Every mark, and how many people they make present."""
    with app.app_context():
        event = db.session.scalars(select(Event).where(Event.slug == slug)).one()
        rows = roll.roll(event)
        marks = frozenset(str(one) for one in db.session.scalars(select(Mark.id)))
        db.session.remove()
        db.engine.dispose()
        return Kept(marks, sum(row.attended[0].came_at is not None for row in rows))


def late(answers: Sequence[Answer], share: float) -> float:
    """How many milliseconds this share of the answers took at most."""
    taken = sorted(answer.took for answer in answers)
    return taken[min(len(taken) - 1, int(len(taken) * share))] * 1000


@contextmanager
def timed() -> Iterator[list[float]]:
    """How many seconds the block took, in the list's one place."""
    taken: list[float] = []
    began = time.perf_counter()
    yield taken
    taken.append(time.perf_counter() - began)
