"""The big screen in a real browser: everything fits, nothing is small, and a lost network shows and comes back."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Visitor
from tests.journeys.test_every_page import faults

pytestmark = pytest.mark.journey
CASE = "investigation-and-prosecution/sixty-days-eight-hours"
SIZES = ((1280, 720), (1920, 1080), (1024, 768))
LOOK = """() => {
  const seen = [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility()
    && !one.closest(".unseen, svg, template")
    && [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim()));
  const small = seen.filter((one) => parseFloat(getComputedStyle(one).fontSize) < 28).map((one) => one.textContent);
  const outside = seen.filter((one) => {
    const box = one.getBoundingClientRect();
    return box.bottom > innerHeight + 1 || box.right > innerWidth + 1;
  }).map((one) => one.textContent);
  const root = document.documentElement;
  return { small, outside, scrolls: root.scrollHeight > innerHeight || root.scrollWidth > innerWidth };
}"""


class Hall:
    """A rehearsal with invented players, its console, and its screen on a machine where nobody is signed in."""

    def __init__(self, visitor) -> None:
        self.trainer: Visitor = visitor()
        self.trainer.sign_in("trainer@demo.test")
        page = self.trainer.go(f"/runs/new?rehearsal&exercise={CASE}")
        page.fill("#invented", "34")
        page.get_by_role("button", name="Open it and go to the console").click()
        expect(page.locator("#next-words")).to_have_text("Start the exercise")
        self.root = page.locator("#main").get_attribute("data-root")
        address = page.locator("#screen-link").input_value()
        self.beamer: Visitor = visitor()
        self.screen: Page = self.beamer.go(re.sub(r"^https?://[^/]+", "", address))

    def move(self, **move: object) -> None:
        """A move as the console sends it."""
        answer = self.trainer.page.evaluate(
            """async ([root, move]) => (await fetch(`${root}/moves`, {
                method: "POST", body: JSON.stringify({ id: crypto.randomUUID(), ...move }),
                headers: { "Content-Type": "application/json",
                           "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content },
            })).status""",
            [self.root, move],
        )
        assert answer == 200, move

    def wrongs(self) -> list[str]:
        """What is wrong with the screen as it is, at each of the sizes that halls have."""
        found = []
        for width, height in SIZES:
            self.screen.set_viewport_size({"width": width, "height": height})
            self.screen.wait_for_timeout(150)
            look = self.screen.evaluate(LOOK)
            found += [f"{width}: {name} {what}" for name, what in look.items() if what]
        return found


@pytest.fixture
def hall(visitor) -> Hall:
    return Hall(visitor)


def test_in_every_state_all_of_it_fits_and_can_be_read_from_the_last_row(hall: Hall):
    heading = hall.screen.locator("h1")
    expect(heading).to_have_text("Join with your phone")
    expect(hall.screen.locator("#here")).to_have_text("34 here")
    assert hall.wrongs() == []
    assert faults(hall.beamer, "screen") == []

    hall.move(move="start")
    expect(heading).to_have_text("The exercise has begun")
    hall.move(move="next")
    expect(heading).to_have_text("A tip from the hotline")
    assert hall.wrongs() == []

    hall.move(move="next")
    expect(heading).to_have_text(re.compile("Which paper goes out first"))
    expect(hall.screen.locator("#answered")).to_have_text(re.compile(r"[1-9]\d* teams have decided"), timeout=60_000)
    assert hall.wrongs() == []
    hall.move(move="close", task="first-signature")
    expect(hall.screen.locator("#kind")).to_have_text("Answers are closed")
    assert hall.screen.locator(".results").count() == 0
    hall.move(move="reveal", task="first-signature", to="all")
    expect(hall.screen.locator(".results table")).to_be_visible()
    assert hall.wrongs() == []
    assert faults(hall.beamer, "screen") == []

    hall.move(move="pause")
    expect(hall.screen.locator("#paused")).to_have_text("Paused. The clock stands still.")
    assert hall.wrongs() == []
    hall.move(move="resume")
    hall.move(move="send", to="all", text="Many words of the trainer’s own, which go on and on. " * 70)
    expect(hall.screen.locator("#more")).to_have_text("Read on, on your device.")
    assert hall.wrongs() == []
    hall.move(move="debrief")
    expect(heading).to_have_text("What happened, and why?")
    hall.move(move="end")
    expect(heading).to_have_text("The exercise is over")
    assert hall.wrongs() == []
    assert faults(hall.beamer, "screen") == []
    expect(hall.screen.locator(".exercise")).to_have_text("EXERCISE")
    expect(hall.screen.locator(".rehearsal")).to_have_text("Rehearsal")
    assert hall.beamer.wrong == []


def test_what_is_too_much_for_one_view_comes_in_parts_that_the_arrow_keys_turn(hall: Hall):
    hall.move(move="start")
    for name in ("hotline-tip", "prosecutor-reached", "harm-tonight"):
        hall.move(move="send", inject=name, to="all")
    expect(hall.screen.locator("#answered")).to_have_text(re.compile(r"(2\d|3\d) of \d+ answered"), timeout=90_000)
    hall.move(move="close", task="emergency")
    hall.move(move="reveal", task="emergency", to="all")
    more = hall.screen.locator("#more")

    expect(more).to_have_text(re.compile(r"^1 to \d+ of \d+$"))
    assert hall.wrongs() == []
    hall.screen.set_viewport_size({"width": 1280, "height": 720})
    expect(more).to_have_text(re.compile(r"^1 "))
    first = more.inner_text()
    hall.screen.keyboard.press("ArrowRight")
    expect(more).not_to_have_text(first)
    hall.screen.keyboard.press("ArrowLeft")

    expect(more).to_have_text(first)


def test_without_the_network_the_last_thing_stays_with_a_sign_and_it_comes_back_by_itself(hall: Hall):
    hall.move(move="start")
    hall.move(move="next")
    expect(hall.screen.locator("h1")).to_have_text("A tip from the hotline")

    hall.beamer.context.set_offline(True)
    expect(hall.screen.locator("#net")).to_contain_text("No contact since", timeout=30_000)
    expect(hall.screen.locator("h1")).to_have_text("A tip from the hotline")
    hall.move(move="next")
    hall.beamer.context.set_offline(False)

    expect(hall.screen.locator("h1")).to_have_text(re.compile("Which paper goes out first"), timeout=30_000)
    expect(hall.screen.locator("#net")).to_have_text("")


def test_the_screen_is_readable_in_the_dark_and_without_scripts_says_what_it_needs(visitor):
    dark = Hall(visitor)
    dark.screen.emulate_media(color_scheme="dark")
    assert faults(dark.beamer, "dark") == []

    plain = visitor(java_script_enabled=False)
    page = plain.go(re.sub(r"^https?://[^/]+", "", dark.screen.url))

    assert "The big screen needs scripts." in page.content()
