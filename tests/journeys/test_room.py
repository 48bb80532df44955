"""A whole room in a real browser: a console, a big screen, and six phones in two teams, to the report."""

import io
import re
import subprocess

import pytest
from playwright.sync_api import Locator, Page, expect

from lms.doctor import program
from tests.journeys.conftest import Visitor
from tests.journeys.test_every_page import faults

pytestmark = pytest.mark.journey
EXERCISE = "investigation-and-prosecution/sixty-days-eight-hours"
PLAYERS = [
    ("Mara Δ.", "police", "team-1", "police"),
    ("Ċetta M.", "prosecutor", "team-1", "prosecutor"),
    ("Łukasz W.", "judge", "team-1", "judge"),
    ("Иван П.", "police", "team-2", "police"),
    ("", "support", "team-2", "support"),
    ("Ħasan B.", "other", "team-2", "forensic"),
]
NAMES = [name for name, *_rest in PLAYERS if name]
OF_SUPPORT = "for your role alone"


class Room:
    """The trainer's console, the screen and the phones of one run."""

    def __init__(self, visitor) -> None:
        self.trainer: Visitor = visitor()
        self.trainer.sign_in("trainer@demo.test")
        self.console = self.trainer.go("/runs/new")
        self.console.locator(f"[value='{EXERCISE}']").check()
        self.console.locator("[name=teams_by][value=self]").check()
        self.console.get_by_role("button", name="Open it and go to the console").click()
        expect(self.console.locator("#next-words")).to_have_text("Start the exercise")
        self.code = self.console.locator("#to-join .code").inner_text().replace(" ", "")
        self.beamer: Visitor = visitor(width=1280)
        self.screen = self.beamer.go(re.sub(r"^https?://[^/]+", "", self.console.locator("#screen-link").input_value()))
        self.phones: list[Visitor] = [visitor(width=360) for _player in PLAYERS]
        self.asked: list[str] = []

    def join(self) -> None:
        for phone, (name, profession, team, role) in zip(self.phones, PLAYERS, strict=True):
            page = phone.go(f"/join/{self.code}")
            page.fill("#name", name)
            page.select_option("#profession", profession)
            page.get_by_role("button", name="Join").click()
            page.select_option("#team", team)
            page.select_option("#role", role)
            page.get_by_role("button", name="Take this place").click()
            expect(page.locator("#you")).to_contain_text(f"Team {team[-1]}")

    def everybody(self) -> list[Visitor]:
        return [self.trainer, self.beamer, *self.phones]

    def press(self) -> str:
        """What the largest button says, after it was pressed."""
        words = self.console.locator("#next-words").inner_text()
        self.console.wait_for_timeout(700)  # sooner it would be the same press
        self.console.locator("#next").click()
        self.console.wait_for_timeout(300)
        return words

    def answer(self, task: str) -> int:
        """Everybody answers the question in front, for a decision the first of each team; how many sent something."""
        sent = 0
        teams = set()
        for phone, (_name, _profession, team, _role) in zip(self.phones, PLAYERS, strict=True):
            expect(phone.page.locator("#question-text")).to_have_text(task, timeout=10_000)
            form = phone.page.locator("#question form.ask")
            decides = form.locator("[name=owner]").count() > 0
            if form.count() and not (decides and team in teams):
                teams.add(team)
                fill(form)
                if form.locator("button.primary").count():  # a choice of one is sent as it is made
                    form.locator("button.primary").click()
                expect(phone.page.locator("#question")).to_contain_text("Kept", timeout=15_000)
                sent += 1
        return sent

    def question(self) -> str:
        """The question that is open in the room, once the screen shows it too; or nothing."""
        strip = self.console.locator("#strip-state")
        if not strip.is_visible() or "Answers open" not in strip.inner_text():
            return ""
        task = self.console.evaluate(
            "async root => (await (await fetch(root + '/state?as=trainer')).json()).task.text",
            self.console.locator("#main").get_attribute("data-root"),
        )
        expect(self.screen.locator("body")).to_contain_text(re.sub(r"\s+", " ", task)[:40])
        return task

    def ask(self) -> None:
        """Let every question that came with an inject be answered and shown, those that wait too."""
        while task := self.question():
            self.asked.append(task)
            assert self.answer(task) >= 2, task
            self.console.locator("#main").focus()
            self.console.keyboard.press("v")
            expect(self.console.locator("#strip-state")).to_contain_text("Results shown")
            expect(self.screen.locator(".results").first).to_be_visible()
            if self.console.locator("#to-open").is_visible():
                self.console.keyboard.press("o")
                expect(self.console.locator("#strip-state")).to_contain_text("Answers open")


def fill(form: Locator) -> None:
    """Answer as somebody would: the third option, a sentence, the order turned round."""
    options = form.locator("input[type=radio], input[type=checkbox]")
    if options.count():
        options.nth(min(2, options.count() - 1)).check()
    for name, words in {"answer": "17:05, by her telephone; zone to be checked", "reason": "Logs go tonight."}.items():
        box = form.locator(f"textarea[name={name}]")
        if box.count():
            box.fill(words)
    if form.locator("[name=owner]").count():
        form.locator("[name=owner]").fill("Duty prosecutor")
    if form.locator(".step").count():
        form.locator(".step [value=down]").first.click()


def text_of(pdf: bytes) -> str:
    done = subprocess.run([str(program("pdftotext")), "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


def expect_none_of(words: list[str], page: Page) -> None:
    shown = page.locator("body").inner_text()
    assert not [one for one in words if one in shown]


def test_an_afternoon_of_sixty_days_is_played_by_two_teams_to_its_report(visitor):
    room = Room(visitor)
    expect(room.screen.locator("body")).to_contain_text(room.code[:3])
    room.join()
    expect(room.console.locator("#present")).to_contain_text("6 here", timeout=10_000)
    wrong = [one for who in room.everybody() for one in faults(who, "lobby")]

    assert room.press() == "Start the exercise"
    expect(room.phones[5].page.locator("#stand")).not_to_contain_text("You are in", timeout=10_000)
    while (words := room.console.locator("#next-words").inner_text()) == "Next inject":
        room.press()
        expect(room.screen.locator("body")).to_contain_text("EXERCISE")
        room.console.wait_for_timeout(800)
        if room.phones[4].page.get_by_text(OF_SUPPORT).is_visible():
            others = [phone for place, phone in enumerate(room.phones) if place != 4]
            assert not [phone for phone in [*others, room.beamer] if OF_SUPPORT in phone.page.content()]
        if len(room.asked) == 1:
            wrong += [one for who in room.everybody() for one in faults(who, "open")]
        room.ask()
    wrong += [one for who in room.everybody() for one in faults(who, "revealed")]
    assert words == "Begin the debrief"
    assert len(room.asked) >= 7
    while (words := room.press()) != "End exercise":
        assert words in ("Begin the debrief", "Next question of the debrief")
    wrong += [one for who in room.everybody() for one in faults(who, "debrief")]
    room.console.get_by_role("button", name="End it for everyone").click()
    expect(room.console.locator("#over")).to_be_visible()

    for phone in room.phones:
        expect(phone.page.locator("#stand")).to_contain_text("The exercise is over", timeout=10_000)
    thinker = room.phones[2].page
    thinker.locator("#wash textarea").first.fill("The clock on the wall helped us all")
    thinker.get_by_role("button", name="Send without my name").click()
    expect(thinker.locator("#thanks")).to_contain_text("Thank you")
    wrong += [one for who in room.everybody() for one in faults(who, "ended")]
    expect_none_of(NAMES, room.screen)

    page = room.console
    page.get_by_role("link", name="Results and report").first.click()
    expect(page.locator("main")).to_contain_text("The clock on the wall helped us all")
    wrong += faults(room.trainer, "afterwards")
    expect_none_of(NAMES, page)
    report = page.request.get(page.get_by_role("link", name="Report as PDF").evaluate("a => a.href"))
    words = re.sub(r"\s+", " ", text_of(report.body()))
    assert words.count("EXERCISE") >= 3
    for one in (
        "Sixty days, eight hours",
        "Logs go tonight.",
        "Duty prosecutor",
        "The clock on the wall helped us all",
    ):
        assert one in words
    assert not [name for name in NAMES if name in words]
    sheet = page.request.get(page.get_by_role("link", name="Report as a spreadsheet").evaluate("a => a.href"))
    assert io.BytesIO(sheet.body()).read(2) == b"PK"
    assert not wrong
    assert not [one for who in room.everybody() for one in who.wrong]
