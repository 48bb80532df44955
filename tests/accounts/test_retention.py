"""What is forgotten every night when its time is over, and what is not."""

from datetime import datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from lms import jobs
from lms.accounts.links import GOOD_FOR
from lms.accounts.models import FailedSignIn, Link, Login, Person, Purpose
from lms.audit import AuditRow
from lms.clock import now
from lms.database import Model, writing
from lms.mail import Letter
from lms.reports.models import Report
from tests.make import Making

DAY = timedelta(days=1)


def night(app: Flask, at: datetime) -> None:
    with time_machine.travel(at), app.app_context(), writing():
        jobs.run_nightly()


def some(make: Making, at: datetime) -> dict[type[Model], timedelta]:
    """One row of each kind made at this moment, and how long each is kept after it."""
    person = make.person()
    make.add(
        FailedSignIn(account="a" * 64, address="192.0.2.1", at=at),
        Login(key_hash="l" * 64, person_id=person.id, began_at=at, seen_at=at, ended_at=at),
        Link(token_hash="t" * 64, purpose=Purpose.INVITATION, person_id=person.id, expires_at=at),
        Letter(address="a@x.example", subject="S", body="B", written_at=at),
    )
    return {FailedSignIn: 30 * DAY, Login: 90 * DAY, Link: 90 * DAY, Letter: 90 * DAY}


def test_each_kind_goes_on_its_day_and_not_a_day_before(app: Flask, make: Making):
    made = now()
    kept_for = some(make, made)

    for days in (29, 31, 89, 91):
        night(app, made + days * DAY)

        for kind, long in kept_for.items():
            assert bool(make.all(select(kind))) == (days * DAY < long), (kind, days)


def test_the_days_are_those_of_the_settings(app: Flask, make: Making, changed):
    made = now()
    kept_for = some(make, made)
    changed(keep_failures=DAY, keep_logins=DAY, keep_letters=DAY)

    night(app, made + timedelta(hours=25))

    assert {kind: make.all(select(kind)) for kind in kept_for} == {kind: [] for kind in kept_for}


def test_a_session_that_was_never_ended_goes_when_it_could_not_open_anything_any_more(app: Flask, make: Making):
    mine = make.signed_in()
    began = make.one(select(Login)).began_at

    night(app, began + 14 * DAY + 89 * DAY)
    before = make.all(select(Login))
    night(app, began + 14 * DAY + 91 * DAY)

    assert len(before) == 1
    assert make.all(select(Login)) == []
    assert make.one(select(Person)).id == mine.person.id


def test_a_session_in_use_and_a_link_that_is_good_survive_every_night(app: Flask, make: Making):
    mine = make.signed_in()
    make.add(Link(token_hash="t" * 64, purpose=Purpose.INVITATION, person_id=mine.person.id,
                  expires_at=now() + GOOD_FOR[Purpose.INVITATION]))  # fmt: skip

    night(app, now() + timedelta(hours=5))

    mine.get("/account")
    assert len(make.all(select(Link))) == 1


def test_people_reports_and_the_trace_of_deeds_are_not_forgotten_by_the_night(app: Flask, make: Making):
    person = make.person(joined_at=now() - 3000 * DAY)
    row = AuditRow(id=1, at=now() - 3000 * DAY, deed="x", about={}, previous="0" * 64, hash="h")
    make.add(row, Report(person_id=person.id, about="x", words="y", reported_at=now() - 3000 * DAY))

    night(app, now())

    for kind in (Person, AuditRow, Report):
        assert len(make.all(select(kind))) == 1


def test_a_night_may_be_repeated(app: Flask, make: Making):
    some(make, now() - 200 * DAY)

    night(app, now())
    night(app, now())

    assert make.all(select(Letter)) == []


@pytest.mark.parametrize("kind", [FailedSignIn, Login, Link, Letter])
def test_nothing_is_forgotten_when_the_clock_stands_before_it_was_made(app: Flask, make: Making, kind: type[Model]):
    some(make, now())

    night(app, now() - 400 * DAY)

    assert len(make.all(select(kind))) == 1
