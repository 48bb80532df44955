"""Whoever is shown a certificate checks it in a real browser: by number, name and file, with scripts and without."""

import sqlite3

import pytest

from tests.journeys.conftest import Site
from tests.journeys.test_every_page import faults

pytestmark = pytest.mark.journey
VALID = "revoked_at IS NULL AND superseded_at IS NULL"


@pytest.fixture
def paper(site: Site) -> tuple[str, str, bytes]:
    """Number, name and file of a certificate of the sample year."""
    return papers(site, VALID)[0]


def papers(site: Site, which: str) -> list[tuple[str, str, bytes]]:
    with sqlite3.connect(site.instance / "lms.db") as rows:
        return rows.execute(
            "SELECT number, name, content FROM certificate JOIN certificate_file ON certificate_id = id "
            f"WHERE {which} ORDER BY id LIMIT 2"
        ).fetchall()


def of_a_pdf(content: bytes) -> dict[str, object]:
    return {"name": "certificate.pdf", "mimeType": "application/pdf", "buffer": content}


def word(page) -> str:
    return page.locator(".check-answer h2").inner_text().strip()


def test_without_scripts_a_number_a_name_and_a_file_are_checked(visitor, paper):
    number, name, file = paper
    anyone = visitor(375, java_script_enabled=False)
    page = anyone.go("/")
    page.get_by_role("link", name="Check a certificate").click()

    page.get_by_label("Number").fill(number.lower().replace("-", " "))
    page.get_by_role("button", name="Check", exact=True).click()
    page.wait_for_url(f"**/check/{number}")
    assert (word(page), name in page.content()) == ("Valid", False)

    page.get_by_label("Name as printed").fill(name.upper())
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("heading", name="The name matches").wait_for()
    page.get_by_label("Name as printed").fill("Somebody Else")
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("heading", name="The name does not match").wait_for()

    page.get_by_label("Or drop its PDF here").set_input_files(of_a_pdf(file))
    page.get_by_role("button", name="Check the file").click()
    page.get_by_text("exactly the one we issued").wait_for()
    assert word(page) == "Valid"

    page.get_by_label("Or drop the PDF here").set_input_files(of_a_pdf(file + b"% more\n"))
    page.get_by_role("button", name="Check the file").click()
    page.get_by_text("something was added to it").wait_for()
    assert word(page) == "Altered"
    assert anyone.context.cookies() == []
    assert not anyone.wrong


def test_without_scripts_fifty_megabytes_are_refused_in_words(visitor, tmp_path):
    anyone = visitor(java_script_enabled=False)
    page = anyone.go("/check/")

    (tmp_path / "large.pdf").write_bytes(b"%PDF-1.7\n" + bytes(50_000_000))
    page.locator("#file").set_input_files(tmp_path / "large.pdf")
    page.get_by_role("button", name="Check the file").click()

    page.get_by_text("This file is larger than 5 MB").first.wait_for()


def test_a_file_is_dropped_on_the_box_and_one_too_large_is_not_sent(visitor, paper):
    anyone = visitor()
    page = anyone.go("/check/")
    drop = """([size, bytes]) => {
      const file = new File([bytes ? new Uint8Array(bytes) : new Uint8Array(size)], "a.pdf", {type: "application/pdf"});
      const carried = new DataTransfer(); carried.items.add(file);
      document.querySelector(".check-drop").dispatchEvent(new DragEvent("drop", {dataTransfer: carried, bubbles: true, cancelable: true}));
    }"""

    page.evaluate(drop, [6_000_000, None])
    too_large = page.locator("#file-fault").inner_text()
    page.evaluate(drop, [0, list(paper[2])])
    page.get_by_text("exactly the one we issued").wait_for()

    assert "larger than 5 MB" in too_large
    assert word(page) == "Valid"
    assert not anyone.wrong


def test_the_file_of_another_certificate_is_said_to_be_another(visitor, site):
    (number, _name, _file), (_other, _whose, foreign) = papers(site, VALID)
    anyone = visitor()
    page = anyone.go(f"/check/{number}")

    page.get_by_label("Or drop its PDF here").set_input_files(of_a_pdf(foreign))
    page.get_by_role("button", name="Check the file").click()

    page.get_by_text(f"You asked about {number}").wait_for()
    assert word(page) == "Another certificate"


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (375, "light"), (320, "light"), (320, "dark")]
)
def test_pages_of_checking_have_no_faults(visitor, site, paper, width, scheme):
    anyone = visitor(width, color_scheme=scheme)
    gone = papers(site, "revoked_at IS NOT NULL")[0][0]
    old = papers(site, "superseded_at IS NOT NULL")[0][0]

    wrong = []
    for path in ("/check/", f"/check/{paper[0]}", f"/check/{gone}", f"/check/{old}", "/check/D-0000", "/check/help",
                 "/check/?number=+"):  # fmt: skip
        anyone.go(path)
        wrong += faults(anyone, path)
    anyone.go("/check/")
    anyone.page.locator("#file").set_input_files(of_a_pdf(paper[2] + b"% more\n"))
    anyone.page.get_by_role("button", name="Check the file").click()
    anyone.page.get_by_text("something was added to it").wait_for()
    wrong += faults(anyone, "altered")
    anyone.go(f"/check/{paper[0]}")
    anyone.page.get_by_label("Name as printed").fill("Somebody Else")
    anyone.page.get_by_role("button", name="Compare").click()
    anyone.page.get_by_role("heading", name="The name does not match").wait_for()
    wrong += faults(anyone, "name")

    assert wrong == anyone.wrong == []
