"""What files hold that should not, and what someone writes into them who means no good."""

import json
import subprocess
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from lms import jobs
from lms.accounts.models import Role
from lms.clock import now
from lms.database import db, writing
from lms.exercises import carrying, retention
from lms.exercises.carrying import Unfit
from lms.exercises.models import Answer, DecisionRow, Player, Run, TakingPart
from tests.exercises.test_carrying import KEPT, altered, is_refused, take
from tests.exercises.travels import pack, played
from tests.make import Making


@pytest.fixture
def lies_in(app: Flask, database_url: str) -> Any:
    """Of some texts and ids those that lie anywhere in the files of the database, its log among them."""
    if not database_url.startswith("sqlite"):
        pytest.skip("PostgreSQL keeps its files to itself")
    path = Path(database_url.removeprefix("sqlite:///"))

    def found(*wanted: str | UUID) -> list[str | UUID]:
        files = path.parent.glob(f"{path.name}*")
        # In a process of its own: whoever closes a database's file lets go of every lock that their process has on it.
        content = subprocess.run(["/bin/cat", *files], check=True, capture_output=True).stdout
        return [one for one in wanted if any(form in content for form in _forms(one))]

    return found


def _forms(one: str | UUID) -> tuple[bytes, ...]:
    return (one.encode(),) if isinstance(one, str) else (one.bytes, one.hex.encode(), str(one).encode())


def work(app: Flask) -> None:
    """Do what is to be done soon."""
    with app.app_context(), writing():
        jobs.run_due()


def tonight(app: Flask) -> None:
    with app.app_context(), writing():
        retention.forget()
        db.session.commit()
    work(app)


def canaries(room: Any) -> list[str | UUID]:
    """Ids and names that lead to a person who answers."""
    ids = [row.id for row in (*room.kept(Answer), *room.kept(DecisionRow))]
    return [*ids, *(row.name for row in room.kept(Player))]


def test_after_the_end_no_file_of_the_database_says_whose_an_answer_was(app: Flask, make: Making, lies_in: Any):
    room, phones = played(make, end=False)
    later = [uuid4() for _phone in phones]
    for phone, one in zip(phones, later, strict=True):
        assert phone.send("whom", ["b"], one).json["outcome"] == "stored"
    wanted = [*canaries(room), *later]
    before = lies_in(*wanted)

    room.does("end")
    work(app)

    assert len(before) == len(wanted)
    assert lies_in(*wanted) == []


def test_of_a_deleted_rehearsal_nothing_is_left_in_any_file(app: Flask, make: Making, lies_in: Any):
    room, phones = played(make, end=False, rehearsal=True)
    wanted = [*canaries(room), *(UUID(phone.id) for phone in phones), room.run.id, room.run.screen_key]
    before = lies_in(*wanted)

    room.trainer.post(f"/runs/{room.run.id}/forget")

    assert len(before) == len(wanted)
    assert lies_in(*wanted) == []


def test_of_a_run_past_its_time_no_answer_is_left_in_any_file(app: Flask, make: Making, lies_in: Any):
    with time_machine.travel("2025-03-03T09:00Z"):
        room, phones = played(make)
        phones[0].post("thoughts", {"about": "worked", "words": "The grey telephone"})
        wanted = [*(row.id for row in room.kept(Answer)), room.run.screen_key, "The grey telephone"]

    tonight(app)

    assert room.kept(Run) == []
    assert lies_in(*wanted) == []


# --- a run as a file


@pytest.mark.parametrize("placed", [True, False])
def test_a_run_brought_home_was_taken_part_in_on_the_day_on_which_it_began_where_it_is_played(
    app: Flask, make: Making, laptop: Making, placed: bool
):
    with time_machine.travel("2026-03-03T22:30Z") as clock:  # half past eleven in Brussels
        laptop_room, _phones = played(laptop, people=1, end=False, event_id=laptop.event("ghent").id)
        clock.move_to(datetime.fromisoformat("2026-03-04T00:30Z"))
        laptop_room.does("end")
    make.person(email="person2@service.example")
    if placed:
        make.event("ghent")

    take(app, pack(laptop.app, laptop_room.run))

    assert laptop_room.kept(TakingPart)[0].day == date(2026, 3, 3)
    assert make.one(select(TakingPart)).day == date(2026, 3, 3)


def test_a_file_that_says_who_took_part_in_what_never_began_is_refused(app: Flask, make: Making, laptop: Making):
    room, _phones = played(laptop, people=1)
    make.person(email="person2@service.example")
    content = pack(laptop.app, room.run)

    def never_begun(run: dict[str, Any]) -> None:
        run["moves"] = run["moves"][-1:]

    is_refused(app, altered(content, never_begun), "nobody can have taken part")
    is_refused(app, altered(content, lambda run: run["scenario"].update(counts=False)), "nobody can have taken part")


HOSTILE: list[Any] = [
    None, "", " ", 0, -1, True, 1.5, 2**63, 10**30, "x" * 81, "x" * 100_000, "<script>alert(1)</script>",
    "<svg onload=alert(1)>", "[a](javascript:alert(1))", "\x01", "\x0b", "\u202eabc", "\ufffe", "a\r\nb", "{{7*7}}",
    "%(n)s", "=1+1", [], {}, [None], ["a"], {"a": 1}, "all", "player/x", "player/" + "9" * 80, "team/north",
    "2399-12-31T23:59:59.999999+14:00", "9999-12-31T23:59:59Z", "2000-01-01T00:00:00+23:59", "0001-01-01",
    "9999-12-31", "ordering", "poll-scale", "text", "tip", "decide", "north",
]  # fmt: skip


def places(value: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where anything stands in a file."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inside:
        yield (*above, name)
        yield from places(one, (*above, name))


@pytest.fixture
def file(laptop: Making) -> bytes:
    """A run with something of every kind in it."""
    room, phones = played(laptop, end=False)
    room.does("reveal decide", "close whom", "reveal whom", "debrief")
    for more in ({"move": "hands", "task": "whom", "counts": {"a": 3}}, {"move": "note", "text": "They were tired"}):
        assert room.move(**more).status_code == 200
    phones[0].post("thoughts", {"about": "worked", "words": "The clock"})
    room.does("end")
    return pack(laptop.app, room.run)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_file_with_anything_anywhere_in_it_is_refused_or_can_be_looked_at(
    app: Flask, make: Making, file: bytes, data: st.DataObject
):
    kinds: dict[tuple[str, ...], list[tuple[str | int, ...]]] = {}
    for place in places(json.loads(file)["run"]):
        kinds.setdefault(tuple(str(one) if isinstance(one, str) else "" for one in place), []).append(place)
    place = data.draw(st.sampled_from(kinds[data.draw(st.sampled_from(sorted(kinds)))]))
    value = data.draw(st.sampled_from(HOSTILE))

    def put(run: dict[str, Any]) -> None:
        inner: Any = run
        for name in place[:-1]:
            inner = inner[name]
        inner[place[-1]] = value

    with app.app_context(), writing():
        for table in KEPT:
            db.session.execute(table.__table__.delete())
        db.session.commit()
        app.extensions["run_states"].clear()
        try:
            found = carrying.taken(carrying.read(altered(file, put)), now())
        except Unfit:
            db.session.rollback()
            return
        db.session.commit()
    coordinator = make.signed_in(Role.ORGANISER)
    for where in ("", "/console", "/state", "/screen", "/report.xlsx", "/copy.json") if not found.old else ():
        answer = coordinator.http.get(f"/runs/{found.run_id}{where}")
        assert answer.status_code == 200, where
        assert not any(
            piece in answer.text for piece in ("<script>alert", "<svg onload") if answer.mimetype == "text/html"
        )
