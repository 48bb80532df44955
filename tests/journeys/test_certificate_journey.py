"""Someone is due a certificate: the name confirmed, the file fetched, the number checked; in a real browser."""

import sqlite3
from hashlib import sha256
from pathlib import Path

import pytest

from tests.journeys.conftest import Site, Visitor
from tests.journeys.test_every_page import faults

pytestmark = pytest.mark.journey
THERE = """
    SELECT p.id, p.email FROM person p JOIN registration r ON r.person_id = p.id JOIN event e ON e.id = r.event_id
    JOIN mark m ON m.registration_id = r.id
    WHERE e.slug = 'vienna' AND r.part = 'participant' AND p.role = 'practitioner'
    GROUP BY p.id, p.email
    HAVING count(*) = 4 AND count(DISTINCT m.half_day_id) = 4 AND min(m.kind) = 'came' AND max(m.kind) = 'came'
    ORDER BY p.id
"""


def due(site: Site, which: int, **values: str) -> tuple[int, str]:
    """Someone who was in Vienna all the time, has confirmed no name, and has no paper of it yet."""
    with sqlite3.connect(site.instance / "lms.db", timeout=10) as rows:
        person_id, email = rows.execute(THERE).fetchall()[which]
        mine = f"SELECT id FROM certificate WHERE person_id = {person_id} AND scope = 'vienna'"
        rows.execute(f"UPDATE batch_line SET certificate_id = NULL WHERE certificate_id IN ({mine})")
        rows.execute(f"DELETE FROM certificate_file WHERE certificate_id IN ({mine})")
        rows.execute(f"DELETE FROM certificate WHERE id IN ({mine})")
        rows.execute("DELETE FROM confirmed_name WHERE person_id = ?", (person_id,))
        rows.execute("DELETE FROM letter WHERE person_id = ?", (person_id,))
        for column, value in values.items():
            rows.execute(f"UPDATE person SET {column} = ? WHERE id = ?", (value, person_id))
    return person_id, email


def letters(site: Site, person_id: int) -> int:
    with sqlite3.connect(site.instance / "lms.db", timeout=10) as rows:
        return rows.execute("SELECT count(*) FROM letter WHERE person_id = ?", (person_id,)).fetchone()[0]


def fetched(someone: Visitor, where: Path) -> bytes:
    with someone.page.expect_download() as coming:
        someone.page.locator("article").first.get_by_role("link", name="PDF").click()
    coming.value.save_as(where)
    assert coming.value.suggested_filename.startswith("certificate-D-")
    return where.read_bytes()


@pytest.mark.parametrize(("which", "width", "scripts"), [(0, 1280, True), (1, 375, False)])
def test_a_name_is_confirmed_the_file_fetched_twice_and_its_number_checked(
    visitor, site, tmp_path, which, width, scripts
):
    person_id, email = due(site, which)
    someone = visitor(width=width, java_script_enabled=scripts)
    someone.sign_in(email)
    page = someone.go("/certificates/")

    page.get_by_role("button", name="Make my certificate").click()
    page.get_by_role("link", name="Tick that the name is right").click()
    page.locator("#name_is_right").check(force=True)
    page.get_by_role("button", name="Make my certificate").click()
    page.get_by_text("Your certificate is ready.").wait_for()
    first, second = fetched(someone, tmp_path / "1.pdf"), fetched(someone, tmp_path / "2.pdf")
    page.get_by_role("link", name="/check/").first.click()

    assert first.startswith(b"%PDF")
    assert sha256(first).digest() == sha256(second).digest()
    assert page.locator(".check-answer h2").inner_text().strip() == "Valid"
    page.set_input_files("#file", tmp_path / "1.pdf")
    page.get_by_role("button", name="Check the file").click()
    page.get_by_text("This is the very file that we issued.").wait_for()
    assert letters(site, person_id) == 1
    assert not someone.wrong


def test_a_form_that_is_sent_again_gives_the_same_certificate_and_no_second_letter(visitor, site):
    person_id, email = due(site, 2)
    someone = visitor()
    someone.sign_in(email)
    page = someone.go("/certificates/")
    token = page.locator("meta[name=csrf-token]").get_attribute("content")
    form = {"csrf_token": token, "name_is_right": "y"}

    numbers = []
    for _time in range(2):
        answer = someone.context.request.post(f"{site.url}/certificates/", form=form)
        assert answer.ok
        page.goto(f"{site.url}/certificates/")
        numbers.append(page.locator("article .number").first.inner_text())

    assert numbers[0] == numbers[1]
    assert letters(site, person_id) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_the_page_is_faultless_with_any_name(visitor, site, width, scheme):
    names = [
        "Maria-Magdalena Ċetta-Österreicher von und zu Hohenfels-Αντωνοπούλου",
        "فاطمة الزهراء بنت عبد الرحمن",
        "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwaren",
        "Ana 𓀀 Zoe",
    ]
    wrong = []
    for name in names:
        _person_id, email = due(site, 3, name=name)
        someone = visitor(width=width, color_scheme=scheme)
        someone.sign_in(email)
        someone.go("/certificates/")
        wrong += faults(someone, name)
        someone.go("/progress")
        wrong += faults(someone, f"/progress of {name}")
        assert not someone.wrong

    assert not wrong


def test_revoked_and_superseded_ones_are_said_in_words(visitor, site):
    with sqlite3.connect(site.instance / "lms.db", timeout=10) as rows:
        found = rows.execute(
            "SELECT p.email, c.revoked_why || c.superseded_why FROM certificate c JOIN person p ON p.id = c.person_id "
            "WHERE c.scope = 'brussels' AND c.revoked_why || c.superseded_why <> ''"
        ).fetchall()

    wrong = []
    for email, why in found:
        someone = visitor(width=375)
        someone.sign_in(email)
        someone.go("/certificates/")
        assert why in someone.page.locator("main").inner_text()
        wrong += faults(someone, email)

    assert len(found) >= 2
    assert not wrong
