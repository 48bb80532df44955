"""The organiser's side of certificates in a real browser: axe, the ruler, and a silent console."""

import re

import pytest

from tests.journeys.test_every_page import faults

pytestmark = pytest.mark.journey
HOME = "/desk/certificates/brussels"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_axe_finds_nothing_on_the_pages_of_who_issues(visitor, width, scheme):
    someone = visitor(width=width, color_scheme=scheme)
    someone.sign_in("organiser@demo.test")
    someone.go(f"{HOME}?show=issued")
    number = re.search(r"D-\w{4}-\w{4}-\w{4}", someone.page.inner_text("table"))[0]
    someone.go(f"{HOME}?show=revoked")
    revoked = re.search(r"D-\w{4}-\w{4}-\w{4}", someone.page.inner_text("table"))[0]

    wrong = []
    for path in (HOME, "/desk/certificates/course", f"{HOME}/issue", f"{HOME}/{number}", f"{HOME}/{revoked}",
                 f"{HOME}/{number}/supersede", f"{HOME}/{number}/revoke"):  # fmt: skip
        someone.go(path)
        wrong += faults(someone, path)
    someone.page.fill("[name=why]", "A reason that nobody acts on")
    someone.page.click("main .primary")
    wrong += faults(someone, "the page that asks whether one is sure")

    assert not wrong
    assert not someone.wrong
