"""Signed paper in a real browser: a sheet downloaded, a scan attached, rows ticked at the keyboard, one settled."""

import re

import pytest
from PIL import Image

from tests.journeys.conftest import Site
from tests.journeys.test_every_page import faults
from tests.journeys.test_roll import ask, half_day

pytestmark = pytest.mark.journey
VIENNA = "/events/vienna"


@pytest.fixture
def someone(visitor):
    person = visitor()
    person.sign_in("organiser@demo.test")
    return person


def paper(site: Site, which: int) -> str:
    return f"{VIENNA}/half-days/{half_day(site, 'vienna', which)}/paper"


def ticks(site: Site) -> int:
    return ask(site, "SELECT count(*) FROM tick")[0][0]


def test_a_sheet_is_downloaded_and_its_scan_attached_beside_its_rows(someone, site, tmp_path):
    page = someone.page
    someone.go(f"{VIENNA}/sheets")
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("Download the sheet.*Trainers")).first.click()
    Image.new("RGB", (620, 877), "white").save(tmp_path / "scan.png")

    someone.go(paper(site, 0))
    page.get_by_label("Signed sheet, scanned or photographed").set_input_files(tmp_path / "scan.png")
    page.get_by_label("Code on the sheet").fill(download.value.suggested_filename[-12:-4].lower())
    page.get_by_role("button", name="Keep the scan").click()
    page.get_by_text("The scan is kept.").wait_for()

    assert page.locator(".scans img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 620
    assert "sheet " in page.locator(".scans article").inner_text()
    assert not someone.wrong


def test_one_key_keeps_a_row_and_goes_on_to_the_next(someone, site):
    page = someone.page
    someone.go(paper(site, 1))
    before = ticks(site)
    rows = page.locator(".paper-rows li[id]")

    rows.nth(0).get_by_role("button").first.focus()
    for number in range(5):
        page.keyboard.press("Enter")
        rows.nth(number).locator("[aria-pressed=true]").wait_for()
    page.keyboard.press("ArrowDown")

    assert ticks(site) - before == 5
    assert page.locator("[data-count=signed]").inner_text() == "5 signed"
    assert rows.nth(6).locator("button:focus").count() == 1
    assert not someone.wrong


def test_a_row_without_network_says_that_it_is_not_saved_and_is_kept_when_it_is_pressed_again(someone, site):
    page = someone.page
    someone.go(paper(site, 2))
    before = ticks(site)
    row = page.locator(".paper-rows li[id]").first

    someone.context.set_offline(True)
    row.get_by_role("button", name="Not signed").click()
    row.get_by_text("Not saved: no network.").wait_for()
    someone.context.set_offline(False)
    row.get_by_role("button", name="Not signed").click()
    row.locator("[aria-pressed=true]").wait_for()

    assert ticks(site) - before == 1
    assert row.get_by_text("Not saved").count() == 0


def test_a_difference_is_settled_from_its_row(someone, site):
    page = someone.page
    someone.go(paper(site, 3))
    missing = page.locator(".paper-rows li", has_text="Check-in: missing").first
    missing.get_by_role("button", name=re.compile("^Signed")).click()
    page.locator(".paper-rows li", has_text="signed on paper, no scan").get_by_role("link", name="Settle").click()

    page.get_by_label("Count as present").check()
    page.get_by_label("Why", exact=True).fill("Both trainers saw them")
    page.get_by_role("button", name="Settle").click()

    page.get_by_text("Settled: ").wait_for()
    assert page.locator("[data-count=open]").inner_text() == "0 differences to settle"
    assert not someone.wrong


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (375, "light")])
def test_pages_of_paper_have_no_faults(visitor, site, width, scheme):
    person = visitor(width, color_scheme=scheme)
    person.sign_in("organiser@demo.test")

    wrong = []
    for path in (f"{VIENNA}/sheets", paper(site, 0)):
        person.go(path)
        wrong += faults(person, path)

    assert wrong == person.wrong == []
