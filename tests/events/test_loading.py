"""An event's file becomes the event; what is kept under a half-day is never lost by it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from lms.audit import AuditRow
from lms.clock import now
from lms.content.loader import load_event
from lms.database import db, writing
from lms.events import loading, receiving
from lms.events.models import Event, HalfDay, Mark
from lms.events.parts import MarkKind
from lms.paths import MODULES
from tests.make import Making, at

LMS = Path(sys.executable).parent / "lms"
BRUSSELS = (MODULES / "events" / "brussels.toml").read_text("utf-8")
WEDNESDAY = BRUSSELS[BRUSSELS.index("[[half_day]]") : BRUSSELS.index('[[half_day]]\nid = "wednesday-afternoon"')]


@pytest.fixture
def load(app: Flask, tmp_path: Path):
    """Loads the text of a file and gives what changed."""

    def load_text(text: str) -> tuple[str, ...]:
        path = tmp_path / "event.toml"
        path.write_text(text, "utf-8")
        with app.app_context(), writing():
            loaded = loading.load(load_event(path))
            db.session.commit()
            return loaded.changes

    return load_text


@pytest.fixture
def brussels(make: Making):
    """The event as it is kept now."""
    return lambda: make.event_again(make.one(select(Event).where(Event.slug == "brussels")))


def marked(make: Making, app: Flask, event: Event, place: int) -> None:
    """Someone came to a half-day."""
    registration = make.registered(event)
    half_day = event.half_days[place]
    with app.app_context(), writing():
        receiving.say(
            db.session.get_one(Event, event.id), by_id=None, registration=registration, half_day=half_day,
            kind=MarkKind.CAME, at=half_day.starts_at, now=now(),
        )  # fmt: skip
        db.session.commit()


def test_a_file_becomes_an_event_with_its_half_days(load, brussels):
    said = load(BRUSSELS)

    event = brussels()
    assert said == ("The event Brussels training is made, with 4 half-days.",)
    assert (event.venue, event.sample, event.limits.per_cent, event.self_check_in) == (
        "European Parliament",
        True,
        75,
        False,
    )
    assert [one.starts_at for one in event.half_days[:2]] == [
        at("2024-10-16T07:00+00:00"),
        at("2024-10-16T11:30+00:00"),
    ]
    assert len(event.room_secret) == 32


def test_the_same_file_twice_changes_nothing(load, brussels):
    load(BRUSSELS)
    before = brussels()

    said = load(BRUSSELS)

    after = brussels()
    assert said == ()
    assert (after.version, after.room_secret) == (before.version, before.room_secret)


def test_changed_facts_are_named_and_desks_fetch_the_event_anew(load, brussels):
    load(BRUSSELS)

    said = load(BRUSSELS.replace("late_after = 15", "late_after = 20").replace("European Parliament", "Another house"))

    assert said == ("venue is changed.", "late_after is changed.")
    assert (brussels().late_after, brussels().version) == (20, 2)


def test_a_limit_of_another_kind_takes_the_place_of_the_first(load, brussels):
    load(BRUSSELS)

    load(BRUSSELS.replace("counts_per_cent = 75", "counts_minutes = 120"))

    assert (brussels().counts_minutes, brussels().counts_per_cent) == (120, None)


def test_a_half_day_with_marks_cannot_vanish_and_nothing_of_the_file_is_kept(load, brussels, make, app):
    load(BRUSSELS)
    marked(make, app, brussels(), 0)

    with pytest.raises(loading.HasMarks, match="“Child trafficking for sexual purposes” cannot go"):
        load(BRUSSELS.replace(WEDNESDAY, "").replace("late_after = 15", "late_after = 20"))

    assert len(brussels().half_days) == 4
    assert brussels().late_after == 15


def test_a_half_day_without_marks_may_go_and_that_is_noted(load, brussels, make):
    load(BRUSSELS)

    said = load(BRUSSELS.replace(WEDNESDAY, ""))

    assert said == ("The half-day “Child trafficking for sexual purposes” is taken out.",)
    assert len(brussels().half_days) == 3
    assert make.one(select(AuditRow.deed)) == "half-day.removed"


def test_a_half_day_with_marks_may_be_moved_and_keeps_them(load, brussels, make, app):
    load(BRUSSELS)
    marked(make, app, brussels(), 0)

    said = load(BRUSSELS.replace("2024-10-16T09:00:00", "2024-10-16T09:30:00"))

    assert said == ("The half-day “Child trafficking for sexual purposes” is moved.",)
    assert brussels().half_days[0].starts_at == at("2024-10-16T07:30+00:00")
    assert make.one(select(Mark.half_day_id)) == brussels().half_days[0].id
    assert make.one(select(AuditRow.deed)) == "half-day.moved"


def test_two_half_days_may_exchange_their_times(load, brussels):
    load(BRUSSELS)
    morning, afternoon = (one.id for one in brussels().half_days[:2])
    text = BRUSSELS.replace("16T09:00", "16T00:00").replace("16T12:30", "16T00:01")
    text = text.replace("16T13:30", "16T09:00").replace("16T17:00", "16T12:30")
    text = text.replace("16T00:00", "16T13:30").replace("16T00:01", "16T17:00")

    load(text)

    assert [one.id for one in brussels().half_days[:2]] == [afternoon, morning]


def test_a_half_day_may_be_added_at_the_time_of_one_that_is_taken_out(load, brussels):
    load(BRUSSELS)

    load(BRUSSELS.replace("wednesday-morning", "wednesday-first"))

    assert len(brussels().half_days) == 4


def test_loading_leaves_other_events_alone(load, make):
    other = make.event()

    load(BRUSSELS)
    load(BRUSSELS.replace("European Parliament", "Another house"))

    assert make.event_again(other).version == other.version
    assert len(make.all(select(HalfDay).where(HalfDay.event_id == other.id))) == 4


# --- the command ---------------------------------------------------------------------------------------------


@pytest.fixture
def lms(tmp_path: Path):
    """The command as people type it, on an instance of its own with its database up to date."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        given = {name: value for name, value in os.environ.items() if not name.startswith("LMS_")}
        return subprocess.run(
            [LMS, *arguments], env=given | {"LMS_INSTANCE": str(tmp_path)}, capture_output=True, text=True, check=False,
            timeout=120,
        )  # fmt: skip

    return run


def test_the_command_says_what_changed_and_refuses_with_one_line(lms, tmp_path):
    file = tmp_path / "brussels.toml"
    file.write_text(BRUSSELS, "utf-8")

    early = lms("events", "load", str(file))
    lms("db", "upgrade")
    made = lms("events", "load", str(file))
    again = lms("events", "load", str(file))
    file.write_text(
        BRUSSELS.replace("Europe/Brussels", "Europe/Brusels").replace('kind = "eu"', 'kind = "ue"'), "utf-8"
    )
    faulty = lms("events", "load", str(file))
    none = lms("events", "load", str(tmp_path / "none.toml"))

    assert (early.returncode, early.stderr) == (1, "The database is not up to date: run `lms db upgrade`.\n")
    assert (made.returncode, made.stdout) == (0, "The event Brussels training is made, with 4 half-days.\n")
    assert (again.returncode, again.stdout) == (0, "Nothing to change.\n")
    assert (faulty.returncode, faulty.stderr) == (1, "2 faults.\n")
    assert "brussels.toml:9: timezone: there is no time zone “Europe/Brusels”" in faulty.stdout
    assert none.returncode == 2
