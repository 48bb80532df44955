"""Two desks without a network for half an hour, with clocks that disagree: what both saw is whole and once."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from playwright.sync_api import Error, Page, Route, expect
from sqlalchemy import select

from lms.database import db
from lms.events import differences, roll
from lms.events.models import Event
from tests.journeys.conftest import Visitor
from tests.journeys.test_desk import Hall, drained, open_desk, said, site_app, type_code, with_worker

__all__ = ["site_app"]
pytestmark = pytest.mark.journey
NAMES = tuple(f"Person{chr(65 + one % 26)} Family{one}" for one in range(41))
WRONG = timedelta(minutes=7)  # what the clock of the side door is ahead


def at_the_door(visitor, hall: Hall, name: str, ahead: timedelta) -> tuple[Visitor, Page]:
    """A browser with a profile and a clock of its own, paired and then without a network."""
    someone = visitor(width=1024)
    someone.context.clock.install(time=datetime.now(UTC) + ahead)
    page = with_worker(open_desk(someone, hall, name))
    someone.context.set_offline(True)
    return someone, page


def test_two_desks_offline_for_half_an_hour_with_clocks_seven_minutes_apart_lose_and_double_nothing(
    visitor, site_app: Flask
):
    hall = Hall(site_app, "hall-two-doors", NAMES)
    main, main_page = at_the_door(visitor, hall, "Main door", timedelta(0))
    side, side_page = at_the_door(visitor, hall, "Side door", WRONG)
    shares = {main_page: hall.people[:28], side_page: hall.people[12:40]}  # 40 people, 16 of them at both doors
    for step in range(28):
        for page, share in shares.items():
            type_code(page, share[step].code)
            said(page, share[step].name.split()[0])
            page.clock.fast_forward(30 * 60 * 1000 // 28)
    side_page.check("[value=left]")
    type_code(side_page, hall.people[40].code)  # nobody saw this one come
    said(side_page, hall.people[40].name.split()[0])
    assert hall.marks() == []

    sent: dict[Page, int] = {main_page: 0, side_page: 0}

    def twice_cut(page: Page):
        def deliver(route: Route) -> None:
            """The server takes the queue, and twice its answer never comes."""
            sent[page] += 1
            if sent[page] > 2:
                route.continue_()
                return
            with suppress(Error):
                route.fetch()
                route.abort()

        return deliver

    for someone, page in ((main, main_page), (side, side_page)):
        page.route("**/marks", twice_cut(page))
        someone.context.set_offline(False)
        while sent[page] < 3:
            page.clock.fast_forward(60 * 1000)
            page.evaluate("dispatchEvent(new Event('online'))")
            page.wait_for_timeout(300)
        drained(page)
        expect(page.locator("#waits")).to_be_hidden()

    marks = hall.marks()
    assert len(marks) == len({mark.id for mark in marks}) == 57
    assert all(count >= 3 for count in sent.values())
    with site_app.app_context():
        event = db.session.scalars(select(Event).where(Event.slug == hall.slug)).one()
        rows = {row.registration.id: row.attended[0] for row in roll.roll(event)}
        here = [one.id for one in hall.people if rows[one.id].came_at]
        listed = differences.open_differences(event)
    assert here == [one.id for one in hall.people[:40]]
    assert [one.registration.id for one in listed] == [hall.people[40].id]
    by_door = {door: [mark for mark in marks if mark.device_id == door] for door in {mark.device_id for mark in marks}}
    assert sorted(len(seen) for seen in by_door.values()) == [28, 29]
    ahead = sorted(max(abs(mark.said_at - mark.at) for mark in seen) for seen in by_door.values())
    assert timedelta(minutes=5) < ahead[1] - ahead[0] < timedelta(minutes=9), "each clock is corrected by its own skew"
