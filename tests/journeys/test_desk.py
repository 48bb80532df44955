"""The check-in desk in a real browser: scans that outlive the network, the page, the browser and the sign-in."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import select

from lms.accounts.models import Person
from lms.app import create_app
from lms.database import db, writing
from lms.events.badges import new_badge, new_code, new_id
from lms.events.models import Appointment, Device, Event, HalfDay, Mark, Registration, Stray
from lms.events.parts import Charge, EventKind, Part
from lms.settings import Settings
from tests.journeys.conftest import Site, Visitor
from tests.journeys.test_every_page import faults

pytestmark = pytest.mark.journey
NAMES = (
    "Ġulja Żahra", "Ελένη Παπαδάκη", "Иван Димитров", "Łucja Źdźbło", "Maria Rossi", "Maria Russo", "مريم الحداد",
    "Jürgen Weiß", "Zoë van den Broeck", "Thomas Huber",
)  # fmt: skip


class Hall:
    """An event that takes place now, with people on its list, in the database of the running site."""

    def __init__(self, app: Flask, slug: str, names: tuple[str, ...] = NAMES) -> None:
        self.app = app
        self.slug = slug
        began = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=30)
        with self._writing():
            event = Event(
                slug=slug, title=slug.title(), kind=EventKind.EU, city=slug.title(), country="BE", timezone="Europe/Brussels",
                counts_per_cent=50, room_secret="a secret of the room", self_check_in=True,
            )  # fmt: skip
            db.session.add(event)
            for number, title in enumerate(("Thursday morning", "Thursday afternoon", "Friday morning", "Friday noon")):
                starts = began + timedelta(hours=4 * number)
                event.half_days.append(
                    HalfDay(id=new_id(), title=title, starts_at=starts, ends_at=starts + timedelta(hours=3))
                )
            trainer = db.session.scalar(select(Person).where(Person.email == "trainer@demo.test"))
            db.session.add(Appointment(event=event, person=trainer, charge=Charge.TRAINER))
            self.people = [
                Registration(
                    id=new_id(), event=event, name=name, part=Part.PARTICIPANT, badge=new_badge(), code=new_code(),
                    registered_at=began,
                )
                for name in names
            ]  # fmt: skip
            db.session.add_all(self.people)
            db.session.commit()
            db.session.expunge_all()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self.app.app_context(), writing():
            yield

    def all(self, query):
        with self.app.app_context():
            found = db.session.scalars(query).all()
            db.session.expunge_all()
            return found

    def marks(self) -> list[Mark]:
        """Every mark of the event, by time."""
        return self.all(
            select(Mark)
            .join(HalfDay, Mark.half_day_id == HalfDay.id)
            .join(Event, HalfDay.event_id == Event.id)
            .where(Event.slug == self.slug)
            .order_by(Mark.at)
        )

    def strays(self) -> list[Stray]:
        return self.all(select(Stray).join(Event).where(Event.slug == self.slug))

    def devices(self) -> list[Device]:
        return self.all(select(Device).join(Event).where(Event.slug == self.slug))

    def revoke_all(self) -> None:
        with self._writing():
            for device in db.session.scalars(select(Device).join(Event).where(Event.slug == self.slug)):
                device.revoked_at = datetime.now(UTC)
            db.session.commit()

    @property
    def path(self) -> str:
        return f"/events/{self.slug}/desk"


@pytest.fixture(scope="module")
def site_app(site: Site) -> Iterator[Flask]:
    """The application on the running site's database, to look and to prepare."""
    settings = Settings(
        secret_key="looks at the site and answers nobody", database_url=f"sqlite:///{site.instance / 'lms.db'}",
        instance=site.instance, public_url=site.url,
    )  # fmt: skip
    app = create_app(settings)
    yield app
    with app.app_context():
        db.engine.dispose()
    app.extensions["jobs"].storage.close()


@pytest.fixture
def hall(site_app: Flask, request: pytest.FixtureRequest) -> Hall:
    """A hall of this test's own."""
    return Hall(site_app, "hall-" + format(abs(hash(request.node.name)) % 10**8, "08d"))


def open_desk(someone: Visitor, hall: Hall, name: str = "Main door") -> Page:
    """Sign in as the trainer and make this browser a desk."""
    someone.sign_in("trainer@demo.test")
    page = someone.go(hall.path)
    page.fill("#pair-name", name)
    page.click("#pair-here button")
    expect(page.locator("#net")).to_have_text("Connected")
    expect(page.locator("#here")).to_have_text("0")
    return page


def with_worker(page: Page) -> Page:
    """Wait until the page can be opened without the network."""
    until(page, "navigator.serviceWorker.controller !== null")
    return page


def until(page: Page, truth: str) -> None:
    """Wait for what the page says; the policy lets no waiting code into it."""
    for _time in range(150):
        if page.evaluate(truth):
            return
        page.wait_for_timeout(100)
    raise AssertionError(truth)


def type_code(page: Page, code: str) -> None:
    page.fill("#typed", code)
    page.press("#typed", "Enter")


def said(page: Page, words: str | re.Pattern[str]) -> None:
    expect(page.locator("#said")).to_contain_text(words)


def waiting(page: Page) -> int:
    """How many scans are on the disk of this browser."""
    return page.evaluate(
        """() => new Promise((resolve, reject) => {
            const asked = indexedDB.open("lms-desk");
            asked.onerror = () => reject(asked.error);
            asked.onsuccess = () => {
                const count = asked.result.transaction("queue").objectStore("queue").count();
                count.onsuccess = () => { asked.result.close(); resolve(count.result); };
            };
        })"""
    )


def drained(page: Page) -> None:
    for _time in range(100):
        if not waiting(page):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{waiting(page)} scans still wait")
