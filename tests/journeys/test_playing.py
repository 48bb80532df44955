"""Players of a live exercise in a real browser: phones, a network that goes, a server that dies, keys, no scripts."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from playwright.sync_api import Error, Page, Route, expect
from sqlalchemy import select

from lms.accounts.models import Person
from lms.app import create_app
from lms.clock import now
from lms.database import db, writing
from lms.exercises import joining
from lms.exercises.models import Answer, DecisionRow, Player, Thought
from lms.exercises.seating import TeamsBy
from lms.settings import Settings
from tests.exercises.test_player_pages import FRAMED
from tests.journeys.conftest import Site, Visitor, site_of
from tests.journeys.test_every_page import faults
from tests.journeys.test_journeys import tab_to

pytestmark = pytest.mark.journey
SOON = 10_000


@contextmanager
def application(site: Site) -> Iterator[Flask]:
    """The application on a running site's database, to prepare and to look."""
    settings = Settings(
        secret_key="looks at the site and answers nobody", database_url=f"sqlite:///{site.instance / 'lms.db'}",
        instance=site.instance, public_url=site.url,
    )  # fmt: skip
    app = create_app(settings)
    yield app
    with app.app_context():
        db.engine.dispose()
    app.extensions["jobs"].storage.close()


class Stage:
    """A run on the site, its trainer moving it as a console does."""

    def __init__(self, app: Flask, trainer: Visitor) -> None:
        self.app, self.trainer = app, trainer
        trainer.sign_in("trainer@demo.test")
        self.token = trainer.page.locator('meta[name="csrf-token"]').get_attribute("content")
        with app.app_context(), writing():
            who = db.session.scalars(select(Person.id).where(Person.email == "trainer@demo.test")).one()
            run = joining.open_run(FRAMED, "early-signs", who, now(), teams_by=TeamsBy.SELF)
            db.session.commit()
            self.id, self.code = run.id, run.code

    def does(self, *moves: str, **more: Any) -> None:
        for one in moves:
            kind, _space, name = one.partition(" ")
            of = "task" if kind in ("open", "close", "reveal", "revote", "hands") else "inject"
            answer = self.trainer.context.request.post(
                f"{self.trainer.site.url}/runs/{self.id}/moves",
                data={"id": str(uuid4()), "move": kind} | ({of: name} if name else {}) | more,
                headers={"X-CSRFToken": self.token},
            )
            assert answer.ok, (one, answer.text())

    def kept(self, table: Any) -> list[Any]:
        with self.app.app_context():
            found = list(db.session.scalars(select(table).where(table.run_id == self.id)))
            db.session.expunge_all()
            return found

    def answers(self, task: str) -> list[Any]:
        return [row.answer for row in self.kept(Answer) if row.task == task]

    def joins(self, someone: Visitor, team: str = "", role: str = "") -> Page:
        page = someone.go(f"/join/{self.code}")
        page.click("main button.primary")
        connected(page)
        if team:
            page.select_option("#team", team)
        if role:
            page.select_option("#role", role)
        if team or role:
            page.click("#seat button")
            expect(page.locator("#you")).to_contain_text((team or role).title())
        return page


def connected(page: Page) -> None:
    expect(page.locator("#net")).to_have_text("Connected", timeout=SOON)


def kept(page: Page) -> None:
    expect(page.locator("#question .state.done")).to_contain_text("Kept", timeout=SOON)


def asked(page: Page, task: str) -> None:
    expect(page.locator("#question-text")).to_have_text(f"<question {task}>", timeout=SOON)


@pytest.fixture
def stage(site: Site, visitor) -> Iterator[Stage]:
    with application(site) as app:
        yield Stage(app, visitor())


# --- a room


def test_six_phones_follow_one_console_and_each_sees_what_is_theirs(stage: Stage, visitor):
    phones = [visitor(width=360) for _number in range(6)]
    pages = [
        stage.joins(one, team, role)
        for one, (team, role) in zip(
            phones, [(team, role) for team in ("north", "south") for role in ("police", "judge", "")], strict=True
        )
    ]

    stage.does("start", "next", "open mood")
    for number, page in enumerate(pages):
        asked(page, "mood")
        page.check(f"[value={'good' if number < 4 else 'bad'}]")
        kept(page)
    assert sorted(stage.answers("mood")) == ["bad"] * 2 + ["good"] * 4
    expect(pages[0].locator("#question .results")).to_have_count(0)
    stage.does("close mood", "reveal mood")
    for page in pages:
        expect(page.locator("#question .results .per-cent").first).to_have_text("67 %", timeout=SOON)
    stage.does("next")
    for page in pages[:3]:
        asked(page, "decide")
    pages[0].check("[value=act]")
    pages[0].fill("#reason", "It is late")
    pages[0].fill("#owner", "Ana")
    pages[0].click("form.ask .primary")
    for page in pages[1:3]:
        expect(page.locator("#question")).to_contain_text("It is late", timeout=SOON)
    expect(pages[3].locator("#question")).not_to_contain_text("It is late")
    pages[1].click("text=Take over writing")
    expect(pages[1].locator("#reason")).to_have_value("It is late")
    pages[1].fill("#reason", "It is later")
    pages[1].click("form.ask .primary")
    expect(pages[0].locator("#question")).to_contain_text("It is later", timeout=SOON)
    stage.does("send north-letter", "send judge-call")
    for number, page in enumerate(pages):
        titles = [one for one in ("north-letter", "judge-call") if f"<title {one}>" in page.inner_text("#sent")]
        wanted = (["north-letter"] if number < 3 else []) + (["judge-call"] if number in (1, 4) else [])
        expect(page.locator("#sent article")).to_have_count(2 + len(wanted), timeout=SOON)
        titles = [one for one in ("north-letter", "judge-call") if f"<title {one}>" in page.inner_text("#sent")]
        assert titles == wanted
    late = stage.joins(visitor(width=360))
    expect(late.locator("#sent article")).to_have_count(2)
    stage.does("debrief", "end")
    for page in pages:
        expect(page.locator("#stand")).to_contain_text("The exercise is over", timeout=SOON)
        page.fill("#worked", f"We talked {pages.index(page)}")
        page.click("#wash .primary")
        expect(page.locator("#thanks")).to_contain_text("Thank you", timeout=SOON)

    assert len(stage.kept(Thought)) == 6
    assert [row.answer["reason"] for row in sorted(stage.kept(DecisionRow), key=lambda one: one.number)] == [
        "It is late", "It is later",
    ]  # fmt: skip
    assert all(not one.wrong for one in phones)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_in_any_state_of_a_player(stage: Stage, visitor, width: int, scheme: str):
    someone, other, gone = visitor(width=width, color_scheme=scheme), visitor(), visitor(width=width)
    page = someone.go("/join")
    wrong = faults(someone, "join")
    page.fill("#code", "AAAAAA")
    page.click("main button.primary")
    wrong += faults(someone, "wrong code")
    someone.go(f"/join/{stage.code}")
    wrong += faults(someone, "way in")
    stage.joins(someone)
    wrong += faults(someone, "lobby")
    page.select_option("#team", "north")
    page.select_option("#role", "judge")
    page.click("#seat button")
    expect(page.locator("#you")).to_contain_text("North")
    page.click("#frame summary")
    wrong += faults(someone, "seated")
    stage.joins(other, "north")

    def at(state: str, *moves: str, shows: str) -> None:
        stage.does(*moves)
        page.wait_for_selector(shows, timeout=SOON)
        wrong.extend(faults(someone, state))

    at("begun", "start", shows="text=Nothing to decide yet")
    at("message", "send last", shows="text=Raise your hand")
    at("single", "next", "open mood", shows='h2:has-text("<question mood>")')
    page.check("[value=good]")
    at("kept", shows="#question .state.done")
    at("multiple", "open whom", shows='h2:has-text("<question whom>")')
    at("scale", "open sure", shows='h2:has-text("<question sure>")')
    at("order", "send judge-call", shows=".steps")
    at("text", "send north-letter", shows="form.ask textarea")
    page.fill("form.ask textarea", "x" * 1100)
    page.click("form.ask .primary")
    at("too long", shows="form.ask .fault:not(:empty)")
    at("held", "next", shows="#held:visible")
    page.click("#held button")
    at("decision", shows="[name=option]")
    page.click("form.ask .primary")
    at("no option", shows="form.ask .fault:not(:empty)")
    other.page.check("[value=act]")
    other.page.fill("#reason", "Late")
    other.page.fill("#owner", "Ben")
    other.page.click("form.ask .primary")
    at("watching", shows="text=Take over writing")
    at("results", "close mood", "reveal mood", shows="#question .results")
    at("paused", "pause", shows="text=Paused.")
    someone.context.set_offline(True)
    page.click("#others button:has-text('sure')")
    page.check("[value='4']")
    at("offline", shows="#band:visible")
    someone.context.set_offline(False)
    at("debrief", "resume", "debrief", shows="#wash:visible")
    page.click("#wash .primary")
    at("nothing written", shows="#worked-fault:not(:empty)")
    player = next(str(one.id) for one in stage.kept(Player) if one.team == "north" and one.role == "")
    stage.does("remove", player=player)
    other.page.wait_for_selector("text=You are not in this exercise any more", timeout=SOON)
    stage.joins(gone)
    expect(gone.page.locator("#stand")).to_contain_text("Your trainer lets you in")
    wrong += faults(other, "removed") + faults(gone, "waiting")
    at("over", "end", shows="text=The exercise is over")

    assert not wrong
    assert not someone.wrong + other.wrong + gone.wrong


# --- what must not be lost


def test_with_the_network_gone_an_answer_waits_is_said_and_goes_out_once(stage: Stage, visitor):
    someone = visitor(width=360)
    page = stage.joins(someone)
    stage.does("start", "next", "open mood")
    asked(page, "mood")

    someone.context.set_offline(True)
    page.check("[value=bad]")
    page.check("[value=good]")
    expect(page.locator("#band")).to_be_visible()
    expect(page.locator("#band h2")).to_have_text("Not sent yet: your answer waits")
    stage.does("open whom")
    assert stage.answers("mood") == []
    someone.context.set_offline(False)

    expect(page.locator("#band")).to_be_hidden(timeout=SOON)
    asked(page, "whom")
    (row,) = stage.kept(Answer)
    assert (row.answer, row.changes) == ("good", 1)
    assert not someone.wrong


def test_an_answer_that_waits_survives_a_reload_and_lost_replies_and_counts_once(stage: Stage, visitor):
    someone = visitor(width=360)
    page = stage.joins(someone, "north")
    stage.does("start", "send north-letter")
    asked(page, "why")
    tries: list[str] = []

    def cut(route: Route) -> None:
        """The server takes the answer, and its reply never comes."""
        tries.append(route.request.post_data_json["id"])
        with suppress(Error):
            if len(tries) > 1:
                route.fetch()
            route.abort()

    page.route("**/answers", cut)
    page.fill("form.ask textarea", "Because of the hour")
    page.click("form.ask .primary")
    expect(page.locator("#band")).to_be_visible()
    page.reload()
    expect(page.locator("form.ask textarea")).to_have_value("Because of the hour")
    expect(page.locator("#band")).to_be_visible()
    while len(tries) < 4:
        page.wait_for_timeout(200)
    page.unroute("**/answers")

    expect(page.locator("#band")).to_be_hidden(timeout=3 * SOON)
    kept(page)
    (row,) = stage.kept(Answer)
    assert {str(row.id), *row.later} == set(tries)
    assert (len(set(tries)), row.changes, row.answer) == (1, 1, "Because of the hour")


def test_an_answer_that_comes_after_the_close_is_told_and_given_back(stage: Stage, visitor):
    someone = visitor(width=360)
    page = stage.joins(someone, "north")
    stage.does("start", "send north-letter")
    asked(page, "why")
    page.route("**/answers", lambda route: route.abort())
    page.fill("form.ask textarea", "Written for minutes")
    page.click("form.ask .primary")
    expect(page.locator("#band")).to_be_visible()
    stage.does("close why", "next")

    page.unroute("**/answers")
    page.click("#band button")

    notice = page.locator("#back .notice")
    expect(notice).to_contain_text("This question is closed", timeout=SOON)
    expect(notice).to_contain_text("Written for minutes")
    page.reload()
    expect(notice).to_contain_text("Written for minutes")
    notice.locator("button").click()
    expect(notice).to_have_count(0)
    assert stage.answers("why") == []


def test_what_is_being_written_survives_whatever_comes_and_a_reload(stage: Stage, visitor):
    someone = visitor(width=360)
    page = stage.joins(someone, "north", "judge")
    stage.does("start", "send north-letter")
    asked(page, "why")
    page.focus("form.ask textarea")
    page.keyboard.type("I begin")

    stage.does("next", "open mood", "send judge-call")
    expect(page.locator("#held")).to_be_visible(timeout=SOON)
    page.keyboard.type(" to write")
    expect(page.locator("form.ask textarea")).to_be_focused()
    page.reload()
    connected(page)
    page.click("#others button:has-text('<question why>')")

    expect(page.locator("form.ask textarea")).to_have_value("I begin to write")
    page.click("form.ask .primary")
    kept(page)
    assert stage.answers("why") == ["I begin to write"]
    assert not someone.wrong


def test_a_phone_that_slept_comes_back_to_the_same_place_by_itself(stage: Stage, visitor):
    someone = visitor(width=360)
    page = stage.joins(someone, "north")
    stage.does("start", "send north-letter")
    asked(page, "why")
    page.fill("form.ask textarea", "Half a sen")
    phone = someone.context.new_cdp_session(page)

    phone.send("Page.setWebLifecycleState", {"state": "frozen"})
    stage.does("next", "next")
    phone.send("Page.setWebLifecycleState", {"state": "active"})

    expect(page.locator("#sent article")).to_have_count(3, timeout=SOON)
    expect(page.locator("form.ask textarea")).to_have_value("Half a sen")
    connected(page)


def test_a_killed_server_costs_no_answer_and_the_page_finds_back_by_itself(browser, sample_year, tmp_path):
    own = site_of(sample_year, tmp_path)
    own.start()
    contexts = [browser.new_context(viewport={"width": 360, "height": 700}) for _one in range(2)]
    with application(own) as app:
        stage = Stage(app, Visitor(contexts[0], own))
        page = stage.joins(Visitor(contexts[1], own))
        stage.does("start", "next", "open mood")
        asked(page, "mood")

        own.kill()
        page.check("[value=bad]")
        expect(page.locator("#band")).to_be_visible()
        page.close()
        page = contexts[1].new_page()
        own.start()
        page.goto(f"{own.url}/join/{stage.code}")

        kept(page)
        stage.does("open whom")
        asked(page, "whom")
        assert stage.answers("mood") == ["bad"]
    for context in contexts:
        context.close()
    own.stop()


# --- every way of taking part


def test_a_whole_exercise_with_the_keyboard_alone(stage: Stage, visitor):
    someone = visitor()
    page = someone.go("/join")
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type(stage.code.lower())
    page.keyboard.press("Enter")
    connected(page)
    for name, words in (("team", "North"), ("role", "Judge")):
        tab_to(page, f"#{name}")
        page.keyboard.type(words)
    tab_to(page, "#seat button")
    page.keyboard.press("Enter")
    expect(page.locator("#you")).to_have_text("You: Judge, North")

    stage.does("start", "next", "open mood")
    asked(page, "mood")
    tab_to(page, "[value=good]")
    page.keyboard.press("ArrowDown")
    kept(page)
    stage.does("send judge-call")
    asked(page, "order")
    tab_to(page, "[data-step=first] [value=down]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("[data-step=first] button:focus")).to_have_count(1)
    expect(page.locator(".steps + [role=status]")).to_contain_text("number 3 of 3")
    tab_to(page, "form.ask .primary")
    page.keyboard.press("Enter")
    kept(page)
    stage.does("next")
    asked(page, "decide")
    tab_to(page, "[name=option]")
    page.keyboard.press("Space")
    tab_to(page, "#reason")
    page.keyboard.type("We wait")
    tab_to(page, "#owner")
    page.keyboard.type("Ana")
    page.keyboard.press("Enter")
    kept(page)
    stage.does("debrief")
    tab_to(page, "#change")
    page.keyboard.type("More time")
    tab_to(page, "#wash .primary")
    page.keyboard.press("Enter")
    expect(page.locator("#thanks")).to_contain_text("Thank you", timeout=SOON)

    assert stage.answers("mood") == ["bad"]
    assert stage.answers("order") == [["second", "third", "first"]]
    assert [row.answer for row in stage.kept(DecisionRow)] == [{"option": "wait", "reason": "We wait", "owner": "Ana"}]
    assert [row.words for row in stage.kept(Thought)] == ["More time"]
    assert not someone.wrong


def test_a_whole_exercise_with_scripts_off(stage: Stage, visitor):
    someone = visitor(width=360, java_script_enabled=False)
    page = someone.go("/join")
    page.fill("#code", f"{stage.code[:3]} {stage.code[3:]}")
    page.click("main button.primary")
    page.select_option("#team", "north")
    page.select_option("#role", "judge")
    page.click("#seat button")
    stage.does("start", "next", "open whom")
    page.click("#net a")
    page.check("[value=a]")
    page.check("[value=c]")
    page.click("form.ask .primary")
    expect(page.locator("#question .state")).to_contain_text("Kept.")
    stage.does("send judge-call")
    page.click("#net a")
    page.click('[value="third:up"]')
    page.click("form.ask .primary:has-text('Send')")
    stage.does("close whom", "reveal whom")
    page.click("#net a")
    expect(page.locator("#question table")).to_contain_text("100")
    stage.does("debrief")
    page.click("#net a")
    page.fill("#will-do", "Ring first")
    page.click("#wash .primary")
    expect(page.locator("#thanks")).to_contain_text("Thank you")

    assert stage.answers("whom") == [["a", "c"]]
    assert stage.answers("order") == [["first", "third", "second"]]
    assert [row.words for row in stage.kept(Thought)] == ["Ring first"]


def test_two_tabs_of_one_player_are_one_player_and_show_the_same(stage: Stage, visitor):
    someone = visitor()
    page = stage.joins(someone)
    other = someone.context.new_page()
    other.goto(page.url)
    connected(other)
    stage.does("start", "next", "open mood")
    asked(page, "mood")
    asked(other, "mood")

    page.check("[value=good]")
    kept(page)

    expect(other.locator("[value=good]")).to_be_checked(timeout=SOON)
    other.check("[value=bad]")
    expect(page.locator("[value=bad]")).to_be_checked(timeout=SOON)
    assert stage.answers("mood") == ["bad"]
