"""What every table stands on: how connections are set up, how transactions begin, what a column refuses."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import ForeignKeyConstraint, PrimaryKeyConstraint, UniqueConstraint, event, select, text, update
from sqlalchemy.exc import DataError, IntegrityError, StatementError

from lms.accounts.models import Login, Person
from lms.clock import now
from lms.database import Model, db, pragmas, writing
from lms.quizzes.models import Attempt
from lms.reports.models import Report
from lms.server import THREADS
from lms.settings import Settings
from tests.make import Making

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, scope="session")


@contextmanager
def begun(app: Flask) -> Iterator[list[str]]:
    """How each transaction in the block began."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("BEGIN"):
            seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


# --- SQLite --------------------------------------------------------------------------------------------------


def test_no_thread_of_a_process_waits_for_the_connection_of_another(app: Flask):
    threads = THREADS + 4  # those of pages; that of a room, of streams, of what they note, of jobs
    with app.app_context():
        engine = db.engine

    held = [engine.raw_connection() for _thread in range(threads)]
    different = {id(each.dbapi_connection) for each in held}
    for each in held:
        each.close()

    assert len(different) == threads


@ON_SQLITE
def test_every_connection_keeps_what_it_acknowledged_checks_references_and_waits_its_turn(app: Flask):
    asked = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10000, "secure_delete": 1}
    with app.app_context():
        engine = db.engine
        engine.dispose()

    held = [engine.connect() for _connection in range(5)]
    found = [{name: each.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked} for each in held]
    for each in held:
        each.close()

    assert found == [asked] * 5
    assert pragmas(engine) == asked


@ON_SQLITE
def test_a_request_that_writes_begins_at_once_as_a_writer_and_one_that_reads_does_not(app: Flask, make: Making):
    mine = make.signed_in()

    with begun(app) as reading:
        mine.get("/account")
    with begun(app) as writes:
        mine.post("/account/sessions/end")

    assert set(reading) <= {"BEGIN"}
    assert writes[-1] == "BEGIN IMMEDIATE"


@ON_SQLITE
@pytest.mark.parametrize("path", ["/", "/account", "/progress", "/nowhere", "/?x=%00", "/healthz"])
def test_a_reading_request_after_a_writing_one_on_the_same_thread_does_not_write(app: Flask, make: Making, path: str):
    mine = make.signed_in()
    mine.get("/account")
    mine.post("/account/sessions/end")

    with begun(app) as reading:
        mine.http.get(path)

    assert set(reading) <= {"BEGIN"}


@ON_SQLITE
def test_readers_do_not_wait_for_a_writer(app: Flask, make: Making):
    mine = make.signed_in()
    with app.app_context(), writing():
        db.session.execute(update(Person).values(organisation="being written"))

        began = time.perf_counter()
        mine.get("/account")
        took = time.perf_counter() - began
        db.session.rollback()

    assert took < 5


@ON_SQLITE
def test_what_is_deleted_is_gone_from_the_file_too(app: Flask, settings: Settings, make: Making):
    canary = "Canaria Quillfeather"
    path = Path(settings.database_url.removeprefix("sqlite:///"))
    person = make.person(name=canary)
    checkpoint(app)
    before = canary.encode() in path.read_bytes()

    with app.app_context(), writing():
        db.session.delete(db.session.get_one(Person, person.id))
        db.session.commit()
    checkpoint(app)

    assert before
    assert canary.encode() not in path.read_bytes()


def checkpoint(app: Flask) -> None:
    with app.app_context():
        db.engine.dispose()
        raw = db.engine.raw_connection()
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.close()


# --- both ----------------------------------------------------------------------------------------------------


def test_two_hundred_who_read_and_then_write_from_four_threads_lose_nothing(app: Flask, make: Making):
    person = make.person()

    def add_one(_turn: int) -> None:
        with app.app_context(), writing():
            mine = db.session.scalars(select(Person).where(Person.id == person.id).with_for_update()).one()
            mine.extra_time += 1
            db.session.commit()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add_one, range(200)))

    assert make.one(select(Person)).extra_time == 200


def test_two_hundred_forms_from_four_threads_are_all_kept(app: Flask, make: Making):
    mine = make.signed_in()
    mine.get("/report/early-signs/reporting-routes")
    token = mine.page.hidden("csrf_token")
    cookie = {"Cookie": f"session={mine.http.get_cookie('session').value}"}

    def report(turn: int) -> int:
        browser = app.test_client(use_cookies=False)
        fields = {"csrf_token": token, "words": f"Mistake {turn}"}
        return browser.post("/report/early-signs/reporting-routes", data=fields, headers=cookie).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(report, range(200)))

    assert answers == [302] * 200
    assert {row.words for row in make.all(select(Report))} == {f"Mistake {turn}" for turn in range(200)}


def test_a_moment_without_its_time_zone_is_refused(app: Flask, make: Making):
    with pytest.raises(StatementError, match="a moment needs its time zone"):
        make.person(joined_at=datetime(2026, 1, 1, 12, 0))

    with app.app_context(), pytest.raises(StatementError, match="a moment needs its time zone"):
        db.session.scalar(select(Person).where(Person.joined_at < datetime(2026, 1, 1)))


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 1, 1, 12, 0, tzinfo=UTC),
        datetime(2026, 7, 1, 2, 30, 15, 123456, tzinfo=timezone(timedelta(hours=2))),
        datetime(2027, 10, 31, 2, 30, tzinfo=timezone(timedelta(hours=-11, minutes=-30))),
    ],
)
def test_a_moment_comes_back_in_utc_to_the_microsecond(make: Making, moment: datetime):
    make.person(joined_at=moment)

    kept = make.one(select(Person)).joined_at

    assert kept == moment
    assert kept.utcoffset() == timedelta(0)


def test_the_only_clock_is_aware_and_in_utc():
    assert now().tzinfo is UTC


def test_every_constraint_and_index_has_a_name_to_change_it_by():
    for table in Model.metadata.sorted_tables:
        for constraint in table.constraints:
            assert constraint.name, (table.name, constraint)
        assert all(index.name for index in table.indexes)


STAYS = {"fk_registration_person_id"}  # a roll is evidence: who was on it is decided when someone is erased


def test_what_belongs_to_a_person_goes_with_the_person_and_what_they_did_to_others_stays_without_them():
    for table in Model.metadata.sorted_tables:
        for constraint in table.constraints:
            if isinstance(constraint, ForeignKeyConstraint) and constraint.referred_table.name == "person":
                assert constraint.ondelete in ("CASCADE", "SET NULL") or constraint.name in STAYS, constraint.name


def test_every_reference_has_an_index_to_follow_it_by():
    for table in Model.metadata.sorted_tables:
        unique = [one for one in table.constraints if isinstance(one, (UniqueConstraint, PrimaryKeyConstraint))]
        first = {next(iter(each.columns)).name for each in [*table.indexes, *unique]}
        for column in table.columns:
            assert not column.foreign_keys or column.name in first, (table.name, column.name)


WRONG_ROWS = {
    "a role there is not": "UPDATE person SET role = 'owner'",
    "a standing there is not": "UPDATE person SET standing = 'asleep'",
    "a profession there is not": "UPDATE person SET profession = 'spy'",
    "a name of nothing": "UPDATE person SET name = ''",
    "an address in capitals": "UPDATE person SET email = 'ANN@x.example'",
    "too much extra time": "UPDATE person SET extra_time = 401",
    "too little extra time": "UPDATE person SET extra_time = -1",
    "an address twice": "UPDATE person SET email = 'same@x.example'",
    "a session of nobody": "UPDATE login SET person_id = 999999",
    "an attempt closed without points": "UPDATE attempt SET submitted_at = begun_at",
    "points without an end": "UPDATE attempt SET points = 1",
    "more points than there are": "UPDATE attempt SET submitted_at = begun_at, points = out_of + 1",
    "fewer points than none": "UPDATE attempt SET submitted_at = begun_at, points = -1",
    "an attempt of nobody": "UPDATE attempt SET person_id = 999999",
}


@pytest.mark.parametrize("statement", WRONG_ROWS.values(), ids=WRONG_ROWS)
def test_a_wrong_row_is_impossible(app: Flask, make: Making, statement: str):
    first, _second = make.person(), make.person()
    make.add(
        Login(key_hash="k" * 64, person_id=first.id, began_at=now(), seen_at=now()),
        Attempt(person_id=first.id, module="x", number=1, paper_kept={}, out_of=10, begun_at=now(), passed=False),
    )

    with app.app_context(), writing(), pytest.raises((IntegrityError, DataError)):
        db.session.execute(text(statement))
        db.session.commit()


def test_a_second_open_attempt_at_a_quiz_is_impossible(make: Making):
    person = make.person()
    opened = {"person_id": person.id, "module": "x", "paper_kept": {}, "out_of": 10, "begun_at": now(), "passed": False}
    make.add(Attempt(number=1, **opened))

    with pytest.raises(IntegrityError):
        make.add(Attempt(number=2, **opened))

    make.add(Attempt(number=3, submitted_at=now(), points=5.0, **opened))


def test_a_block_that_writes_ends_with_its_block(app: Flask):
    with app.app_context(), writing():
        with writing():
            pass
        with begun(app) as inside:
            db.session.execute(text("SELECT 1"))
    with begun(app) as after, app.app_context():
        db.session.execute(text("SELECT 1"))

    assert set(inside) <= {"BEGIN IMMEDIATE"}
    assert set(after) <= {"BEGIN"}
