"""The roll in a real browser: the grid at the keyboard and without network, a list imported, every page faultless."""

import re
import sqlite3
from uuid import UUID

import pytest

from lms import spreadsheet
from lms.events.roster import template
from tests.journeys.conftest import Site, Visitor
from tests.journeys.test_every_page import faults

pytestmark = pytest.mark.journey


def ask(site: Site, question: str) -> list[tuple]:
    with sqlite3.connect(site.instance / "lms.db", timeout=10) as rows:
        return rows.execute(question).fetchall()


def half_day(site: Site, slug: str, which: int) -> str:
    found = ask(
        site, f"SELECT h.id FROM half_day h JOIN event e ON e.id = h.event_id WHERE e.slug = '{slug}' ORDER BY starts_at"
    )  # fmt: skip
    return str(UUID(found[which][0]))


def grid(visitor, site: Site, **options: object) -> Visitor:
    someone = visitor(**options)
    someone.sign_in("organiser@demo.test")
    someone.go(f"/events/vienna/half-days/{half_day(site, 'vienna', 1)}")
    return someone


def test_rows_are_entered_at_the_keyboard_and_say_when_they_are_saved(visitor, site):
    someone = grid(visitor, site)
    page = someone.page
    rows = page.locator("form.row")
    before = ask(site, "SELECT count(*) FROM mark")[0][0]

    rows.nth(0).locator("[name=came]").focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("1401")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    rows.nth(2).locator(":checked").focus()
    page.keyboard.press("e")
    rows.nth(2).locator("[name=came]").fill("")
    rows.nth(2).locator("[data-key=e]").check(force=True)
    rows.nth(2).locator("button").click()
    rows.nth(0).locator(".saved").wait_for()
    rows.nth(2).locator(".saved").wait_for()

    assert re.fullmatch(r"Saved \d\d:\d\d", rows.nth(0).locator(".said").inner_text())
    assert rows.nth(0).locator("[name=came]").input_value() == "14:01"
    assert rows.nth(2).locator("[data-words]").inner_text() == "excused"
    assert ask(site, "SELECT count(*) FROM mark")[0][0] - before == 4
    assert not someone.wrong


def test_a_row_waits_in_its_place_while_the_network_is_gone_and_is_sent_once(visitor, site):
    someone = grid(visitor, site)
    page, rows = someone.page, someone.page.locator("form.row")
    before = ask(site, "SELECT count(*) FROM mark WHERE kind = 'left'")[0][0]

    someone.context.set_offline(True)
    rows.nth(4).locator("[name=left]").fill("15:00")
    rows.nth(4).locator("button").click()
    rows.nth(4).get_by_text("Not saved: no network.").wait_for()
    kept = ask(site, "SELECT count(*) FROM mark WHERE kind = 'left'")[0][0]
    someone.context.set_offline(False)
    rows.nth(4).locator(".saved").wait_for()

    assert kept == before
    assert ask(site, "SELECT count(*) FROM mark WHERE kind = 'left'")[0][0] - before == 1
    page.reload()
    assert rows.nth(4).locator("[name=left]").input_value() == "15:00"


def test_what_cannot_be_is_said_in_its_row_and_stays_to_be_corrected(visitor, site):
    someone = grid(visitor, site)
    row = someone.page.locator("form.row").nth(6)

    row.locator("[name=left]").fill("23:59")
    row.locator("button").click()
    row.get_by_text("Enter a time of this half-day").wait_for()

    assert row.locator("[name=left]").input_value() == "23:59"
    assert "unsaved" in row.get_attribute("class")


def test_without_scripts_a_row_is_a_form(visitor, site):
    someone = grid(visitor, site, java_script_enabled=False)
    row = someone.page.locator("form.row").nth(8)

    row.locator("[name=left]").fill("16:00")
    row.locator("button").click()

    assert someone.page.locator("form.row").nth(8).locator(".saved").inner_text() == "Saved"
    assert someone.page.locator("form.row").nth(8).locator("[name=left]").input_value() == "16:00"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_every_page_of_the_roll_is_faultless(visitor, site, tmp_path, width, scheme):
    someone = visitor(width=width, color_scheme=scheme)
    someone.sign_in("organiser@demo.test")
    walk_in = UUID(ask(site, "SELECT id FROM registration WHERE walk_in AND merged_into_id IS NULL")[0][0])
    whose = UUID(ask(site, "SELECT registration_id FROM mark WHERE kind = 'undo'")[0][0])
    slug = ask(site, f"SELECT slug FROM event e JOIN registration r ON r.event_id = e.id WHERE r.id = '{whose.hex}'")
    of_walk_in = ask(
        site, f"SELECT slug FROM event e JOIN registration r ON r.event_id = e.id WHERE r.id = '{walk_in.hex}'"
    )
    paths = [
        "/desk/attendance/brussels",
        "/desk/attendance/brussels?columns=status&columns=minutes&show=missing",
        f"/events/brussels/half-days/{half_day(site, 'brussels', 0)}",
        f"/events/{slug[0][0]}/people/{whose}",
        "/events/brussels/registrations",
        f"/events/{of_walk_in[0][0]}/registrations/{walk_in}",
        "/events/brussels/registrations/import",
    ]

    wrong = []
    for path in paths:
        someone.go(path)
        someone.page.evaluate("document.querySelectorAll('main details').forEach(e => { e.open = true; })")
        wrong += faults(someone, path)
    sheet = template()
    rows = [*sheet.rows, ("", "nobody", "", "Atlantis", "", "", "", ""), ("Marija Zammit Ciantar",)]
    (tmp_path / "list.csv").write_bytes(b"".join(spreadsheet.as_csv(spreadsheet.Sheet("People", sheet.head, rows))))
    someone.page.set_input_files("#file", tmp_path / "list.csv")
    someone.page.click("main button.primary")
    someone.page.locator(".figures").wait_for()
    wrong += faults(someone, "the dry run")

    assert not wrong
    assert not someone.wrong
