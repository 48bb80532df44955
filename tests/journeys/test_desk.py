"""The check-in desk in a real browser: scans that outlive the network, the page, the browser and the sign-in."""

import io
import json
import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import segno
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Error, Page, Route, expect
from sqlalchemy import select

from lms import doctor
from lms.accounts.models import Person
from lms.app import create_app
from lms.database import db, writing
from lms.events.badges import new_badge, new_code, new_id, new_salt
from lms.events.desk_json import digest
from lms.events.models import Appointment, Device, Event, HalfDay, Mark, Registration, Stray
from lms.events.parts import Charge, EventKind, Part
from lms.settings import Settings
from tests.journeys.conftest import FLAGS, Site, Visitor
from tests.journeys.test_every_page import faults

pytestmark = pytest.mark.journey
CHROMIUM = str(doctor.program("chromium"))
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

    def speak(self, language: str) -> None:
        """Let the trainer read the site in another language."""
        with self._writing():
            db.session.scalars(select(Person).where(Person.email == "trainer@demo.test")).one().language = language
            db.session.commit()

    def move(self, by: timedelta) -> None:
        """Let the event take place earlier or later."""
        with self._writing():
            event = db.session.scalars(select(Event).where(Event.slug == self.slug)).one()
            event.version += 1
            for half_day in event.half_days:
                half_day.starts_at, half_day.ends_at = half_day.starts_at + by, half_day.ends_at + by
            db.session.commit()

    def forget_first_half_day(self) -> None:
        """Take a half-day out of the programme."""
        with self._writing():
            event = db.session.scalars(select(Event).where(Event.slug == self.slug)).one()
            event.version += 1
            db.session.delete(event.half_days[0])
            db.session.commit()

    def revoke(self) -> None:
        """End every desk."""
        with self._writing():
            for device in db.session.scalars(select(Device).join(Event).where(Event.slug == self.slug)):
                device.revoked_at = datetime.now(UTC)
            db.session.commit()

    def pairing_code(self) -> str:
        """A code by which a device becomes a desk."""
        with self._writing():
            event = db.session.scalars(select(Event).where(Event.slug == self.slug)).one()
            now = datetime.now(UTC)
            db.session.add(
                Device(
                    id=new_id(), event_id=event.id, name="Plain door", salt=new_salt(), made_at=now,
                    pairing_hash=digest("ABCDEFGH"), pairing_until=now + timedelta(minutes=10),
                )
            )  # fmt: skip
            db.session.commit()
        return "ABCDEFGH"

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
        with suppress(Error):  # the page may load itself anew meanwhile
            if page.evaluate(truth):
                return
        page.wait_for_timeout(100)
    raise AssertionError(truth)


def type_code(page: Page, code: str) -> None:
    page.fill("#typed", code)
    page.press("#typed", "Enter")


def said(page: Page, words: str | re.Pattern[str]) -> None:
    expect(page.locator("#said")).to_contain_text(words)


def check_in(page: Page, someone: Registration) -> None:
    """Type a code and wait for the answer to this very person."""
    type_code(page, someone.code)
    said(page, someone.name.split()[0])
    said(page, "You are checked in")


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


def drained(page: Page, but: int = 0) -> None:
    for _time in range(100):
        if waiting(page) == but:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{waiting(page)} scans still wait")


# --- the roll ------------------------------------------------------------------------------------------------


def test_a_browser_becomes_a_desk_and_says_green_amber_and_red_in_words(visitor, hall: Hall):
    someone = visitor(width=1024)
    page = open_desk(someone, hall)
    first = hall.people[0]

    type_code(page, f" {first.code[:3].lower()} {first.code[3:].lower()} ")
    said(page, "You are checked in")
    said(page, "Ġulja Ż.")
    type_code(page, first.code)
    said(page, "Already here")
    said(page, "Ġulja Ż. was checked in at this desk.")
    type_code(page, "ZZZZZZ")
    said(page, "Not on the list")

    drained(page)
    expect(page.locator("#here")).to_have_text("1")
    expect(page.locator("#missing")).to_have_text("9")
    assert [(mark.kind, mark.outcome, mark.registration_id) for mark in hall.marks()] == [
        ("came", "recorded", first.id), ("came", "already", first.id),
    ]  # fmt: skip
    assert not someone.wrong


def test_after_five_seconds_nothing_of_a_person_is_left_on_the_screen(visitor, hall: Hall):
    page = open_desk(visitor(), hall)

    type_code(page, hall.people[1].code)
    said(page, "Ελένη Π.")
    expect(page.locator("#countdown-words")).to_have_text("Ready for the next person in 5 seconds")
    expect(page.locator("#ready")).to_be_visible(timeout=8000)

    assert "Ελένη" not in page.inner_text("body")


def test_three_letters_find_a_name_without_accents_and_no_list_is_ever_shown(visitor, hall: Hall):
    page = open_desk(visitor(), hall)

    page.fill("#typed", "ma")
    expect(page.locator("#found")).to_be_hidden()
    page.fill("#typed", "mar")
    expect(page.locator("#found button")).to_have_count(2)
    expect(page.locator("#found-words")).to_have_text("2 names. Choose one.")
    page.press("#typed", "Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    said(page, "Maria R.")
    expect(page.locator("#found")).to_be_hidden()
    page.fill("#typed", "luc")
    page.press("#typed", "Enter")
    said(page, "Łucja Ź.")

    drained(page)
    page.fill("#typed", "tho")
    expect(page.locator("#found button")).to_have_count(1)
    expect(page.locator("#found")).to_be_hidden(timeout=7000)
    assert len(hall.marks()) == 2


def test_a_badge_typed_by_a_scanner_is_read_wherever_the_focus_is(visitor, hall: Hall):
    page = open_desk(visitor(), hall)

    page.focus("#undo")
    page.keyboard.type(hall.people[4].badge)
    page.keyboard.press("Enter")
    said(page, "Maria R.")

    drained(page)
    assert [mark.registration_id for mark in hall.marks()] == [hall.people[4].id]
    assert hall.people[4].badge not in json.dumps(kept(page))


def kept(page: Page) -> dict:
    """Everything that this browser keeps of desks."""
    return page.evaluate(
        """() => new Promise((resolve) => {
            const asked = indexedDB.open("lms-desk");
            asked.onsuccess = async () => {
                const all = {};
                for (const name of asked.result.objectStoreNames) {
                    all[name] = await new Promise((done) => {
                        const rows = asked.result.transaction(name).objectStore(name).getAll();
                        rows.onsuccess = () => done(rows.result);
                    });
                }
                asked.result.close();
                resolve(all);
            };
        })"""
    )


def test_an_unknown_badge_is_kept_for_the_organisers(visitor, hall: Hall):
    page = open_desk(visitor(), hall)

    type_code(page, "A2" * 13)
    said(page, "Not on the list")
    said(page, "Add a walk-in at the desk.")
    drained(page)

    assert [stray.why for stray in hall.strays()] == ["unknown-badge"]
    page.click("#not-taken")
    expect(page.locator("#not-taken-list li")).to_contain_text("A badge that is not on the list")
    page.click("#not-taken-seen")
    expect(page.locator("#not-taken")).to_be_hidden()


def test_a_walk_in_is_on_the_list_and_can_be_taken_back(visitor, hall: Hall):
    page = open_desk(visitor(), hall)

    page.click("#walk-in")
    page.fill("#walk-in-name", "  Anna Maria   Berg ")
    page.press("#walk-in-name", "Enter")
    said(page, "Anna B.")
    drained(page)
    expect(page.locator("#of")).to_have_text("Of 11, all desks together.")
    page.click("#undo")
    said(page, "Taken back")
    said(page, "Anna B. is not checked in now.")
    drained(page)

    came, undo = hall.marks()
    [walk_in] = hall.all(select(Registration).where(Registration.walk_in, Registration.id == came.registration_id))
    assert walk_in.name == "Anna Maria Berg"
    assert (undo.kind, undo.undoes_id, undo.reason) == ("undo", came.id, "Taken back at the desk")
    expect(page.locator("#here")).to_have_text("0")
    page.click("#undo")
    said(page, "Nothing to take back")
    assert len(hall.marks()) == 2
    assert "Anna Maria Berg" not in json.dumps(kept(page))


def test_leaving_is_plainly_another_way_and_can_be_taken_back(visitor, hall: Hall):
    page = open_desk(visitor(), hall)
    check_in(page, hall.people[2])

    page.check("[value=left]")
    type_code(page, hall.people[2].code)
    said(page, "Goodbye,")
    type_code(page, hall.people[3].code)
    said(page, "Not seen coming")
    expect(page.locator("#ready-what")).to_have_text("Leaving: scan the next badge")
    page.click("#undo")
    said(page, "Łucja Ź. is not checked in now.")
    drained(page)

    assert [mark.kind for mark in hall.marks()] == ["came", "left", "left", "undo"]


def test_the_half_day_is_by_the_clock_and_can_be_chosen(visitor, hall: Hall):
    page = open_desk(visitor(), hall)
    expect(page.locator("#half-day option").first).to_contain_text("Thursday morning")
    by_clock = page.inner_text("#where")

    page.click("#settings")
    page.select_option("#half-day", index=3)
    page.click("#settings-box [data-close]")
    expect(page.locator("#where")).not_to_have_text(by_clock)
    type_code(page, hall.people[0].code)
    said(page, "Half-day 3 of 4.")
    drained(page)

    [friday] = hall.all(select(HalfDay).join(Event).where(Event.slug == hall.slug, HalfDay.title == "Friday morning"))
    assert [mark.half_day_id for mark in hall.marks()] == [friday.id]


def test_a_half_day_that_is_not_now_is_said_before_anyone_is_scanned(visitor, hall: Hall):
    hall.move(timedelta(days=3))

    page = open_desk(visitor(), hall)

    expect(page.locator("#ready-more")).to_contain_text("This half-day is not now: it is on ")


# --- without the network -------------------------------------------------------------------------------------------


def test_without_the_network_scans_wait_survive_a_reload_and_leave_once(visitor, hall: Hall):
    someone = visitor(width=1024)
    page = with_worker(open_desk(someone, hall))
    someone.context.set_offline(True)

    for one in hall.people[:3]:
        check_in(page, one)
    expect(page.locator("#waits")).to_contain_text("scans wait on this device")
    expect(page.locator("#waits-number")).to_have_text("3")
    expect(page.locator("#net")).to_contain_text("No network since")
    expect(page.locator("#of")).to_contain_text("Other desks not counted since")
    page.reload()
    expect(page.locator("#waits-number")).to_have_text("3")
    expect(page.locator("#here")).to_have_text("3")
    type_code(page, hall.people[0].code)
    said(page, "Already here")
    assert hall.marks() == []

    someone.context.set_offline(False)
    drained(page)
    expect(page.locator("#waits")).to_be_hidden()
    expect(page.locator("#net")).to_have_text("Connected")
    assert [mark.registration_id for mark in hall.marks()] == [one.id for one in (*hall.people[:3], hall.people[0])]
    assert not someone.wrong


@pytest.mark.parametrize("end", ["closed", "killed"])
def test_scans_survive_the_end_of_the_browser(browser: Browser, site: Site, hall: Hall, tmp_path: Path, end: str):
    profile = tmp_path / "profile"

    def start() -> BrowserContext:
        return browser.browser_type.launch_persistent_context(
            profile, executable_path=CHROMIUM, args=FLAGS, locale="en-GB"
        )

    context = start()
    someone = Visitor(context, site)
    page = with_worker(open_desk(someone, hall))
    context.set_offline(True)
    for one in hall.people[:3]:
        check_in(page, one)
    if end == "killed":
        kill_browser_of(profile)
    with suppress(Error):
        context.close()

    context = start()
    context.set_offline(True)
    page = context.new_page()
    page.goto(site.url + hall.path)
    expect(page.locator("#waits-number")).to_have_text("3")
    page.goto(site.url + "/kiosk")
    expect(page.locator("#waits-number")).to_have_text("3")
    context.set_offline(False)
    drained(page)
    context.close()

    assert [mark.registration_id for mark in hall.marks()] == [one.id for one in hall.people[:3]]


def kill_browser_of(profile: Path) -> None:
    """End the browser that uses this folder as a power cut would."""
    lock = os.readlink(profile / "SingletonLock")  # host-pid
    os.kill(int(lock.rpartition("-")[2]), signal.SIGKILL)


def test_a_sign_in_that_ended_stops_nothing(visitor, hall: Hall):
    someone = visitor()
    page = with_worker(open_desk(someone, hall))

    other = someone.context.new_page()
    other.goto(someone.site.url + "/account")
    other.click("summary:has-text('Signed in')")
    other.click("text=Sign out >> nth=0")
    other.wait_for_url(someone.site.url + "/")
    other.close()
    check_in(page, hall.people[0])
    drained(page)
    page.reload()
    expect(page.locator("#net")).to_have_text("Connected")
    check_in(page, hall.people[1])
    drained(page)
    someone.context.set_offline(True)
    page.reload()
    check_in(page, hall.people[2])
    someone.context.set_offline(False)
    drained(page)

    assert len(hall.marks()) == 3


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 401, "json": {"error": "no"}}, {"status": 403, "json": {"error": "no"}},
        {"status": 409, "json": {"error": "no"}}, {"status": 500, "body": "<h1>Oh</h1>", "content_type": "text/html"},
        {"status": 200, "body": "<h1>Sign in to this Wi-Fi</h1>", "content_type": "text/html"},
        {"status": 200, "json": {"results": []}}, {"status": 422, "json": {"error": "no"}},
        {"status": 200, "json": {"results": [{"id": "another", "outcome": "recorded"}]}}, None,
    ],
    ids=["401", "403", "409", "500", "a page instead", "no results", "422", "another's result", "cut"],
)  # fmt: skip
def test_a_scan_leaves_only_on_a_positive_answer_to_its_own_id(visitor, hall: Hall, answer):
    someone = visitor()
    page = with_worker(open_desk(someone, hall))
    tries = []

    def refuse(route: Route) -> None:
        tries.append(route.request.post_data_json)
        if answer is None:
            with suppress(Error):  # the page may have gone on meanwhile
                route.fetch()  # the server took it; the answer never comes
                route.abort()
        else:
            route.fulfill(**answer)

    page.route("**/marks", refuse)
    for one in hall.people[:2]:
        check_in(page, one)
    expect(page.locator("#waits-number")).to_have_text("2")
    assert waiting(page) == 2
    assert tries

    page.unroute("**/marks")
    page.evaluate("dispatchEvent(new Event('online'))")
    drained(page)
    expect(page.locator("#waits")).to_be_hidden()

    assert [mark.registration_id for mark in hall.marks()] == [one.id for one in hall.people[:2]]
    assert {mark.outcome for mark in hall.marks()} == {"recorded"}


def test_a_scan_that_cannot_be_read_keeps_no_other_back(visitor, hall: Hall):
    page = with_worker(open_desk(visitor(), hall))
    poison = []

    def refuse(route: Route) -> None:
        sent = route.request.post_data_json["marks"]
        poison[:] = poison or [sent[0]["id"]]
        if any(mark["id"] in poison for mark in sent):
            route.fulfill(status=422, json={"error": "cannot be read"})
        else:
            route.continue_()

    page.route("**/marks", refuse)
    for one in hall.people[:3]:
        check_in(page, one)
    drained(page, but=1)

    assert [mark.registration_id for mark in hall.marks()] == [one.id for one in hall.people[1:3]]


@pytest.mark.parametrize("wrong_by", [-86_400_000, 37 * 60_000], ids=["a day behind", "37 minutes ahead"])
def test_a_desk_whose_clock_is_wrong_shows_and_sends_the_right_time(visitor, hall: Hall, wrong_by: int):
    someone = visitor()
    someone.page.add_init_script(
        f"""const Real = Date;
        globalThis.Date = class extends Real {{
            constructor(...given) {{ if (given.length) super(...given); else super(Real.now() + {wrong_by}); }}
            static now() {{ return Real.now() + {wrong_by}; }}
        }};"""
    )
    page = with_worker(open_desk(someone, hall))
    someone.context.set_offline(True)

    type_code(page, hall.people[0].code)
    moment = datetime.now(UTC)
    shown = {(moment + timedelta(seconds=n)).astimezone(ZoneInfo("Europe/Brussels")).strftime("%H:%M") for n in (-5, 0)}
    said(page, re.compile("You are checked in: (" + "|".join(shown) + ")"))
    expect(page.locator("#half-day option").first).to_contain_text("Thursday morning")
    someone.context.set_offline(False)
    drained(page)

    [mark] = hall.marks()
    assert abs(mark.at - moment) < timedelta(seconds=5)
    assert abs(mark.said_at - moment - timedelta(milliseconds=wrong_by)) < timedelta(seconds=5)


def test_two_desks_in_two_tabs_send_each_scan_once(visitor, hall: Hall):
    someone = visitor()
    page = with_worker(open_desk(someone, hall))
    other = someone.context.new_page()
    other.goto(someone.site.url + hall.path)
    expect(other.locator("#net")).to_have_text("Connected")
    sent: list[str] = []
    someone.context.on(
        "request",
        lambda request: (
            sent.extend(mark["id"] for mark in request.post_data_json["marks"])
            if request.url.endswith("/marks")
            else None
        ),
    )
    someone.context.set_offline(True)
    for one in hall.people[:4]:
        check_in(page, one)
    sent.clear()

    someone.context.set_offline(False)
    drained(page)

    assert len(hall.marks()) == 4
    assert len(sent) == len(set(sent))


def test_a_scan_that_cannot_be_written_down_is_never_shown_as_taken(visitor, hall: Hall):
    page = with_worker(open_desk(visitor(), hall))
    page.evaluate(
        "() => { IDBObjectStore.prototype.add = () => { throw new DOMException('full', 'QuotaExceededError'); }; }"
    )

    type_code(page, hall.people[0].code)

    said(page, "Not written down")
    said(page, "Write the name on paper, and use another device.")
    expect(page.locator("#here")).to_have_text("0")
    assert waiting(page) == 0
    assert hall.marks() == []


def test_a_scan_that_is_not_answered_at_once_is_said_to_wait(visitor, hall: Hall):
    page = with_worker(open_desk(visitor(), hall))
    page.route("**/marks", lambda _route: None)  # neither an answer nor a refusal

    check_in(page, hall.people[0])

    expect(page.locator("#waits")).to_contain_text("scan waits on this device")
    assert waiting(page) == 1


def test_a_half_day_that_vanished_meanwhile_stops_no_desk(visitor, hall: Hall):
    someone = visitor()
    page = with_worker(open_desk(someone, hall))
    someone.context.set_offline(True)
    check_in(page, hall.people[0])
    hall.forget_first_half_day()
    someone.context.set_offline(False)

    drained(page)
    expect(page.locator("#not-taken")).to_have_text("1 scan was not taken")
    page.reload()
    expect(page.locator("#net")).to_have_text("Connected")
    check_in(page, hall.people[1])
    drained(page)

    assert [stray.why for stray in hall.strays()] == ["unknown-half-day"]
    assert [mark.registration_id for mark in hall.marks()] == [hall.people[1].id]


def test_two_desks_know_of_each_other_and_say_which_saw_someone(visitor, hall: Hall):
    first = open_desk(visitor(), hall, "Main door")
    second = open_desk(visitor(), hall, "Side door")

    check_in(first, hall.people[0])
    drained(first)
    second.evaluate("dispatchEvent(new Event('online'))")
    expect(second.locator("#here")).to_have_text("1")
    type_code(second, hall.people[0].code)

    said(second, "Ġulja Ż. was checked in at the desk “Main door”.")


def test_a_thousand_scans_of_a_day_without_network_leave_within_a_minute(visitor, hall: Hall):
    someone = visitor()
    page = with_worker(open_desk(someone, hall))
    someone.context.set_offline(True)
    page.evaluate(
        """async () => {
            const store = await import("/static/desk/store.js");
            const { newId } = await import("/static/desk/codes.js");
            const [desk] = await store.desks();
            const { content } = await store.list(desk.id);
            for (let n = 0; n < 1000; n += 1) {
                const one = content.people[n % content.people.length];
                const at = new Date(Date.now() - n * 28_000).toISOString();
                const mark = { id: newId(), half_day: content.half_days[0].id, kind: "came", at, badge: one.badge };
                await store.add({ desk: desk.id, deskName: desk.name, who: one.badge, name: one.name, here: at, mark }, null);
            }
        }"""
    )
    assert waiting(page) == 1000

    began = time.monotonic()
    someone.context.set_offline(False)
    for _second in range(600):
        if not waiting(page):
            break
        page.wait_for_timeout(100)
    took = time.monotonic() - began

    assert waiting(page) == 0
    assert took < 60
    assert len(hall.marks()) == 1000


def test_a_new_version_of_the_page_keeps_what_waits(visitor, hall: Hall):
    someone = visitor()
    page = with_worker(open_desk(someone, hall))
    before = page.evaluate("caches.keys()")
    page.route("**/marks", lambda route: route.fulfill(status=503, json={"error": "later"}))
    for one in hall.people[:2]:
        check_in(page, one)
    page.evaluate("globalThis.old = true")

    hall.speak("de")  # the shell is kept in one language: another is another version
    try:
        page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.forEach((one) => one.update()))")
        until(page, "!globalThis.old")
        page.wait_for_load_state()
        until(page, "document.querySelector('#waits-number')?.textContent === '2'")
    finally:
        hall.speak("en")

    assert waiting(page) == 2
    assert set(page.evaluate("caches.keys()")) != set(before)
    page.unroute("**/marks")
    page.evaluate("dispatchEvent(new Event('online'))")
    drained(page)
    assert len(hall.marks()) == 2


# --- pairing and its end -------------------------------------------------------------------------------------------


def pair_by_code(someone: Visitor, hall: Hall, tablet: Visitor) -> Page:
    """A tablet without an account becomes a desk by a code that staff reads out."""
    someone.sign_in("trainer@demo.test")
    page = someone.go(f"/events/{hall.slug}/devices")
    page.fill("#name", "Side door")
    page.click("main form button.primary")
    code = page.inner_text(".big-code").strip()
    kiosk = tablet.go("/kiosk")
    kiosk.fill("#code", code.lower())
    kiosk.press("#code", "Enter")
    expect(kiosk.locator("#net")).to_have_text("Connected")
    return kiosk


def test_a_tablet_without_an_account_becomes_a_desk_and_loses_its_list_when_it_is_ended(visitor, hall: Hall):
    someone, tablet = visitor(), visitor(width=1024)
    kiosk = with_worker(pair_by_code(someone, hall, tablet))
    check_in(kiosk, hall.people[0])
    drained(kiosk)
    tablet.context.set_offline(True)
    check_in(kiosk, hall.people[1])

    page = someone.go(f"/events/{hall.slug}/devices")
    page.click("text=End >> nth=-1")
    page.click("main form button.primary")
    expect(page.locator("table")).to_contain_text("ended")
    kiosk.route("**/marks", lambda route: route.abort())
    tablet.context.set_offline(False)
    expect(kiosk.locator("#ended")).to_contain_text("1 scan waits here.")

    left = kept(kiosk)
    assert left["lists"] == []
    assert len(left["queue"]) == 1
    kiosk.unroute("**/marks")
    kiosk.reload()
    drained(kiosk)
    expect(kiosk.locator("#ended")).to_contain_text("Its list is erased")
    until(kiosk, "true")
    assert [stray.why for stray in hall.strays()] == ["revoked"]
    assert len(hall.marks()) == 1
    assert [desk["token"] for desk in kept(kiosk)["desks"]] == [None]


def test_a_desk_that_was_ended_and_is_paired_anew_sends_the_old_scans_as_the_old_desk(visitor, hall: Hall):
    someone = visitor()
    page = with_worker(open_desk(someone, hall))
    page.route("**/marks", lambda route: route.abort())
    check_in(page, hall.people[0])
    hall.revoke()
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#ended")).to_contain_text("1 scan waits here.")

    page.reload()  # from what the device keeps, where there is no way to pair but a code
    page.fill("#code", hall.pairing_code())
    page.press("#code", "Enter")
    expect(page.locator("#side")).to_be_visible()
    check_in(page, hall.people[1])
    page.unroute("**/marks")
    page.evaluate("dispatchEvent(new Event('online'))")
    drained(page)

    assert [mark.registration_id for mark in hall.marks()] == [hall.people[1].id]
    assert [stray.why for stray in hall.strays()] == ["revoked"]


def test_a_wrong_code_is_refused_in_words(visitor):
    kiosk = visitor().go("/kiosk")

    kiosk.fill("#code", "ABCD EFGH")
    kiosk.press("#code", "Enter")

    expect(kiosk.locator("#pair-fault")).to_have_text("This code is not good, or no longer. Ask for a new one.")


def test_a_desk_that_is_ended_leaves_nothing_on_the_device(visitor, hall: Hall):
    page = with_worker(open_desk(visitor(), hall))
    check_in(page, hall.people[0])
    drained(page)

    page.click("#settings")
    page.click("#end")
    page.click("#end-really")
    expect(page.locator("#ended")).to_contain_text("Nothing of the event is left on this device.")

    assert all(rows == [] for rows in kept(page).values())
    assert page.evaluate("caches.keys()") == []
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0


def test_a_desk_with_scans_that_wait_is_not_ended(visitor, hall: Hall):
    someone = visitor()
    page = with_worker(open_desk(someone, hall))
    someone.context.set_offline(True)
    check_in(page, hall.people[0])

    page.click("#settings")
    page.click("#end")

    expect(page.locator("#end-really")).to_be_hidden()
    expect(page.locator("#end-words")).to_contain_text("1 scan waits here.")


def test_half_a_day_after_the_event_the_device_has_forgotten_it(visitor, hall: Hall):
    page = with_worker(open_desk(visitor(), hall))
    hall.move(timedelta(days=-3))
    page.evaluate(
        """() => new Promise((resolve) => {
            const asked = indexedDB.open("lms-desk");
            asked.onsuccess = () => {
                const store = asked.result.transaction("desks", "readwrite").objectStore("desks");
                const rows = store.getAll();
                rows.onsuccess = () => { store.put({ ...rows.result[0], pairedAt: Date.now() - 3 * 864e5 }).onsuccess = resolve; };
            };
        })"""
    )

    page.reload()

    expect(page.locator("#ended")).to_contain_text("Nothing of the event is left on this device.")
    assert all(rows == [] for rows in kept(page).values())


# --- hands, eyes and cameras ------------------------------------------------------------------------------------------


def test_the_roll_of_forty_takes_less_than_three_minutes(visitor, site_app: Flask):
    hall = Hall(site_app, "hall-of-forty", tuple(f"Person{chr(65 + n % 26)} Family{n}" for n in range(38)))
    page = open_desk(visitor(), hall)
    began = page.evaluate("performance.now()")

    for one in hall.people:
        type_code(page, one.code)
        said(page, one.name.split()[0])
    for name in ("Wanda Walker", "Wim Wanders"):
        page.click("#walk-in")
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        said(page, name.split()[0])
    machine = (page.evaluate("performance.now()") - began) / 1000
    drained(page)

    hands = 40 * 1.5 + 2 * 8  # a code a person, a name for each walk-in
    assert machine + hands < 180
    assert len(hall.marks()) == 40
    expect(page.locator("#here")).to_have_text("40")
    expect(page.locator("#missing")).to_have_text("0")


def test_everything_at_the_desk_is_done_with_the_keyboard_alone(visitor, hall: Hall):
    someone = visitor()
    someone.sign_in("trainer@demo.test")
    page = someone.go(hall.path)

    def tab_to(place: str) -> None:
        for _step in range(30):
            page.keyboard.press("Tab")
            if page.evaluate("place => document.activeElement.matches(place)", place):
                return
        raise AssertionError(f"no way to {place}")

    tab_to("#pair-name")
    page.keyboard.press("Enter")
    expect(page.locator("#net")).to_have_text("Connected")
    page.keyboard.type(hall.people[0].code)
    page.keyboard.press("Enter")
    said(page, "You are checked in")
    tab_to("#walk-in")
    page.keyboard.press("Enter")
    page.keyboard.type("Anna Berg")
    page.keyboard.press("Enter")
    said(page, "Anna B.")
    tab_to("#undo")
    page.keyboard.press("Enter")
    said(page, "Taken back")
    tab_to("[name=kind]")
    page.keyboard.press("ArrowRight")
    page.keyboard.type(hall.people[0].code)
    page.keyboard.press("Enter")
    said(page, "Goodbye,")
    tab_to("#settings")
    page.keyboard.press("Enter")
    expect(page.locator("#settings-box")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#settings-box")).to_be_hidden()

    drained(page)
    assert [mark.kind for mark in hall.marks()] == ["came", "came", "undo", "left"]


@pytest.fixture
def camera(browser: Browser, tmp_path: Path) -> Iterator:
    """Browsers whose camera sees a film: `camera(film, allowed=True)`."""
    opened = []

    def start(film: Path, *more: str) -> Browser:
        flags = [*FLAGS, "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}", *more]
        seeing = browser.browser_type.launch(executable_path=CHROMIUM, args=flags)
        opened.append(seeing)
        return seeing

    yield start
    for one in opened:
        one.close()


def film(path: Path, *texts: str) -> Path:
    """A film of badges held before a camera, one after the other, each for two seconds."""
    frames = []
    for text in texts:
        picture = io.BytesIO()
        segno.make(text, error="m", micro=False).save(picture, kind="png", scale=8, border=4)
        badge = Image.open(picture).convert("RGB").rotate(7, expand=True, fillcolor="#cccccc")
        scene = Image.new("RGB", (640, 480), "#cccccc")
        scene.paste(badge.resize((320, 320)), (160, 80))
        frame = io.BytesIO()
        scene.save(frame, "JPEG", quality=90)
        frames += [frame.getvalue()] * 60
    path.write_bytes(b"".join(frames))
    return path


def test_the_camera_reads_a_badge_and_one_badge_held_still_is_one_scan(camera, site: Site, hall: Hall, tmp_path: Path):
    seeing = camera(film(tmp_path / "one.mjpeg", hall.people[6].badge), "--use-fake-ui-for-media-stream")
    context = seeing.new_context(viewport={"width": 1024, "height": 768}, locale="en-GB")
    someone = Visitor(context, site)
    page = open_desk(someone, hall)
    assert page.evaluate("'BarcodeDetector' in globalThis") is False

    page.click("#camera")
    said(page, "مريم ا.")
    page.wait_for_timeout(3000)
    drained(page)

    assert [mark.registration_id for mark in hall.marks()] == [hall.people[6].id]
    expect(page.locator("#ready")).to_be_visible(timeout=8000)
    expect(page.locator("#video")).to_be_visible()
    assert not someone.wrong


def test_a_code_that_is_no_badge_is_said_and_writes_nothing(camera, site: Site, hall: Hall, tmp_path: Path):
    seeing = camera(film(tmp_path / "none.mjpeg", "https://elsewhere.example/menu"), "--use-fake-ui-for-media-stream")
    page = open_desk(Visitor(seeing.new_context(locale="en-GB"), site), hall)

    page.click("#camera")
    said(page, "No badge of ours")

    assert waiting(page) == 0


def test_a_camera_that_is_refused_is_said_and_typing_goes_on(camera, site: Site, hall: Hall, tmp_path: Path):
    seeing = camera(film(tmp_path / "none.mjpeg", "none"), "--deny-permission-prompts")
    page = open_desk(Visitor(seeing.new_context(locale="en-GB"), site), hall)

    page.click("#camera")
    expect(page.locator("#ready-more")).to_contain_text("The browser may not use the camera")
    check_in(page, hall.people[0])


def test_over_plain_http_typing_works_and_the_page_says_what_does_not(camera, site: Site, hall: Hall, tmp_path: Path):
    seeing = camera(film(tmp_path / "none.mjpeg", "none"), "--host-resolver-rules=MAP plain.test 127.0.0.1")
    context = seeing.new_context(locale="en-GB", viewport={"width": 1024, "height": 900})
    page = context.new_page()
    code = hall.pairing_code()
    page.goto(f"http://plain.test:{site.port}/kiosk")
    assert page.evaluate("globalThis.isSecureContext") is False
    page.fill("#code", code)
    page.press("#code", "Enter")
    expect(page.locator("#net")).to_have_text("Connected")
    expect(page.locator("#plain")).to_contain_text("This address is not secure (http)")

    check_in(page, hall.people[0])
    type_code(page, hall.people[1].badge)
    said(page, "Check the code on the badge")
    drained(page)

    assert [mark.registration_id for mark in hall.marks()] == [hall.people[0].id]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1024, 768), (1280, 800), (375, 812)])
def test_axe_finds_nothing_in_any_state_of_the_desk(visitor, site_app: Flask, width: int, height: int, scheme: str):
    hall = Hall(site_app, f"axe-{width}-{scheme}")
    someone = visitor(width=width, color_scheme=scheme)
    someone.page.set_viewport_size({"width": width, "height": height})
    someone.sign_in("trainer@demo.test")
    page = someone.go(hall.path)
    wrong = faults(someone, "pairing")
    someone.go("/kiosk")
    wrong += faults(someone, "kiosk")
    page.goto(someone.site.url + hall.path)
    page.click("#pair-here button")
    expect(page.locator("#net")).to_have_text("Connected")
    wrong += faults(someone, "ready")
    for words, code in (
        ("You are checked in", hall.people[0].code), ("Already here", hall.people[0].code),
        ("Not on the list", "A3" * 13),
    ):  # fmt: skip
        type_code(page, code)
        said(page, words)
        wrong += faults(someone, words)
    drained(page)
    for opener, box in (("#walk-in", "#walk-in-box"), ("#settings", "#settings-box"), ("#not-taken", "#not-taken-box")):
        page.click(opener)
        wrong += faults(someone, box)
        page.click(f"{box} button >> nth=-1" if box == "#not-taken-box" else f"{box} [data-close]")
        expect(page.locator(box)).to_be_hidden()
    page.fill("#typed", "mar")
    expect(page.locator("#found")).to_be_visible()
    wrong += faults(someone, "names")
    page.press("#typed", "Escape")
    with_worker(page)
    someone.context.set_offline(True)
    type_code(page, hall.people[1].code)
    expect(page.locator("#waits-number")).to_have_text("1")
    wrong += faults(someone, "green without network")
    page.click("#undo")
    said(page, "Taken back")
    wrong += faults(someone, "taken back")
    page.check("[value=left]")
    expect(page.locator("#ready")).to_be_visible(timeout=8000)
    wrong += faults(someone, "leaving without network")
    tall = page.evaluate("document.documentElement.scrollHeight - document.documentElement.clientHeight")

    assert not wrong
    assert width < 700 or tall <= 0
    assert not someone.wrong


def test_the_screen_of_the_room_changes_its_code_and_a_telephone_checks_in_with_it(visitor, hall: Hall):
    wall, telephone = visitor(width=1280), visitor(width=375)
    wall.sign_in("trainer@demo.test")
    page = wall.go(f"/events/{hall.slug}/room")
    first = page.inner_text(".wall-code")
    wrong = faults(wall, "room")

    until_changed = 0
    while page.inner_text(".wall-code") == first and until_changed < 250:
        page.wait_for_timeout(100)
        until_changed += 1
    here = telephone.go(f"/here/{hall.slug}?c={page.inner_text('.wall-code').replace(' ', '')}")
    wrong += faults(telephone, "here")
    here.fill("#badge", hall.people[0].code.lower())
    here.click("main form button.primary")
    expect(here.locator("main")).to_contain_text("You are checked in")
    wrong += faults(telephone, "checked in")

    assert page.inner_text(".wall-code") != first
    assert [mark.registration_id for mark in hall.marks()] == [hall.people[0].id]
    assert not wrong
    assert not wall.wrong + telephone.wrong
