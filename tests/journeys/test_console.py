"""The console in a real browser: by keyboard alone, without the network, from two devices, in every state."""

import json
import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.journeys.conftest import Visitor
from tests.journeys.test_every_page import faults

pytestmark = pytest.mark.journey
WARM_UP = "early-signs/warm-up"
CITIES = "technology-in-recruitment/three-cities"


def opened(someone: Visitor, exercise: str = WARM_UP, invented: int = 12) -> Page:
    """A rehearsal opened by the trainer of the sample year, with its console on the page."""
    someone.sign_in("trainer@demo.test")
    page = someone.go(f"/runs/new?rehearsal&exercise={exercise}")
    page.fill("#invented", str(invented))
    page.get_by_role("button", name="Open it and go to the console").click()
    expect(page.locator("#next-words")).to_have_text("Start the exercise")
    return page


def sent(page: Page) -> list[str]:
    """What was sent, as the server has it."""
    root = page.locator("#main").get_attribute("data-root")
    return page.evaluate(
        "async root => (await (await fetch(root + '/state?as=trainer')).json()).sent.map(s => s.id)", root
    )


def starts(page: Page) -> None:
    page.locator("#next").click()
    expect(page.locator("#next-words")).not_to_have_text("Start the exercise")
    page.wait_for_timeout(700)  # a second press sooner is the same press


def next_inject(page: Page) -> None:
    before = len(sent(page))
    page.locator("#next").click()
    page.wait_for_function("n => document.querySelectorAll('.time-line li').length > n", arg=before)
    page.wait_for_timeout(700)


def test_a_whole_warm_up_is_conducted_with_the_keyboard_alone(visitor):
    someone = visitor()
    someone.sign_in("trainer@demo.test")
    page = someone.go("/runs/")

    page.get_by_role("link", name="Rehearse one").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/new**")
    page.locator(f"[value='{WARM_UP}']").focus()
    page.keyboard.press("Space")
    page.locator("#invented").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/console")
    expect(page.locator("#next-words")).to_have_text("Start the exercise")

    page.keyboard.press("Space")
    expect(page.locator("#next-words")).to_have_text("Next inject")
    page.wait_for_timeout(700)
    page.keyboard.press("PageDown")
    expect(page.locator("#frame-inside")).to_contain_text("From where have signs")
    expect(page.locator("#frame-count-words")).to_have_text("12 of 12 answered", timeout=30_000)
    assert page.locator("#frame-inside .results").count() == 0, "results are hidden until they are shown"

    page.keyboard.press("c")
    expect(page.locator("#strip-state")).to_contain_text("Closed, results hidden")
    page.keyboard.press("v")
    expect(page.locator("#frame-inside .results")).to_be_visible()
    page.keyboard.press("o")
    expect(page.locator("#frame-inside")).to_contain_text("How sure are you")
    page.keyboard.press("n")
    page.keyboard.type("Two looked up from their phones")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#line")).to_contain_text("Two looked up from their phones")
    page.keyboard.press("p")
    expect(page.locator("#next-words")).to_have_text("Let the clock go on")
    page.keyboard.press("p")
    expect(page.locator("#next-words")).not_to_have_text("Let the clock go on")
    page.wait_for_timeout(700)
    page.locator("#main").focus()
    page.keyboard.press("v")
    expect(page.locator("#frame-inside .results")).to_be_visible()

    page.keyboard.press("Space")
    expect(page.get_by_role("heading", name="End the exercise?")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#over")).to_be_visible()
    page.locator("#over button").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/")
    expect(page.locator("body")).to_contain_text("Nothing of it is kept")
    assert not someone.wrong


def test_no_key_does_anything_while_one_types_or_when_single_letters_are_off(visitor):
    someone = visitor()
    page = opened(someone)
    starts(page)

    page.keyboard.press("n")
    page.keyboard.type("has ropes, hmm? now ")
    expect(page.locator("#note-text")).to_have_value("has ropes, hmm? now ")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.locator("#keys-on").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    page.locator("#main").focus()
    page.keyboard.press("p")
    page.wait_for_timeout(500)

    expect(page.locator("#next-words")).to_have_text("Next inject")
    assert sent(page) == []
    assert not someone.wrong


def test_two_presses_within_half_a_second_send_one_inject(visitor):
    someone = visitor()
    page = opened(someone, CITIES)
    starts(page)

    page.evaluate("() => { const n = document.getElementById('next'); n.click(); setTimeout(() => n.click(), 450); }")
    page.wait_for_timeout(1500)

    assert len(sent(page)) == 1


def test_two_presses_before_the_server_has_answered_send_one_inject(visitor):
    someone = visitor()
    page = opened(someone, CITIES)
    starts(page)
    held: list[Route] = []
    page.route("**/moves", lambda route: held.append(route))

    page.evaluate("() => { const n = document.getElementById('next'); n.click(); setTimeout(() => n.click(), 800); }")
    expect(page.locator("#said")).to_contain_text("This waits to be sent")
    held[0].continue_()

    expect(page.locator(".inject[data-status=here]")).to_have_count(1)
    page.wait_for_timeout(1000)
    assert len(held) == len(sent(page)) == 1


def test_of_two_consoles_that_send_the_same_inject_one_sends_it(visitor):
    first, second = visitor(), visitor()
    page = opened(first, CITIES)
    starts(page)
    second.sign_in("trainer@demo.test")
    other = second.go(page.url.removeprefix(first.site.url))
    expect(other.locator("#next-words")).to_have_text("Next inject")
    second.context.set_offline(True)
    other.locator("#next").click()
    expect(other.locator("#kept")).to_contain_text("1 move waits")

    page.locator("#next").click()
    expect(page.locator(".inject[data-status=here]")).to_have_count(1)
    second.context.set_offline(False)

    expect(other.locator("#kept")).to_contain_text("All moves kept", timeout=20_000)
    expect(other.locator(".inject[data-status=here]")).to_have_count(1)
    assert len(sent(page)) == 1


def test_moves_wait_without_the_network_outlive_a_reload_and_go_out_once(visitor):
    someone = visitor()
    page = opened(someone, CITIES)
    starts(page)
    posts: list[dict] = []

    def refuse(route: Route) -> None:
        route.abort("internetdisconnected")

    page.route("**/moves", refuse)
    page.locator("#next").click()
    expect(page.locator("#kept")).to_contain_text("1 move waits")
    page.keyboard.press("n")
    page.keyboard.type("The network is gone")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#kept")).to_contain_text("2 moves wait")
    page.wait_for_timeout(700)
    page.locator("#next").click()
    expect(page.locator("#said")).to_contain_text("This waits to be sent")
    page.reload()
    expect(page.locator("#kept")).to_contain_text("2 moves wait")
    assert sent(page) == []

    page.unroute("**/moves")
    page.on("request", lambda one: posts.append(json.loads(one.post_data)) if one.url.endswith("/moves") else None)
    page.evaluate("dispatchEvent(new Event('online'))")

    expect(page.locator("#kept")).to_contain_text("All moves kept")
    expect(page.locator("#line")).to_contain_text("The network is gone")
    assert len(sent(page)) == 1
    assert [one["move"] for one in posts] == ["next", "note"]


def test_an_answer_that_was_lost_on_the_way_back_makes_no_second_move(visitor):
    someone = visitor()
    page = opened(someone, CITIES)
    starts(page)
    lost: list[str] = []

    def swallow(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(json.loads(route.request.post_data)["id"])
        route.fetch()
        route.abort("connectionreset")

    page.route("**/moves", swallow)
    page.locator("#next").click()

    expect(page.locator("#kept")).to_contain_text("All moves kept")
    page.wait_for_timeout(2500)
    expect(page.locator("#kept")).to_contain_text("All moves kept")
    assert len(sent(page)) == 1


def test_what_is_refused_is_said_in_words_and_nothing_is_lost(visitor):
    first, second = visitor(), visitor()
    page = opened(first, CITIES)
    starts(page)
    second.sign_in("trainer@demo.test")
    other = second.go(page.url.removeprefix(first.site.url))
    expect(other.locator("#next-words")).to_have_text("Next inject")
    page.route("**/moves", lambda route: route.abort("internetdisconnected"))
    page.keyboard.press("h")
    expect(page.locator("#kept")).to_contain_text("1 move waits")
    other.locator("#next").click()
    expect(other.locator(".inject[data-status=here]")).to_have_count(1)

    page.unroute("**/moves")
    page.evaluate("dispatchEvent(new Event('online'))")

    expect(page.locator("#said")).to_contain_text(re.compile("Another trainer was faster|sent already"))
    expect(page.locator(".inject[data-status=here]")).to_have_count(1)
    page.locator("#said-close").click()
    expect(page.locator("#said-box")).to_be_hidden()


def test_whoever_is_sent_out_sees_nothing_and_newcomers_wait_for_the_nod(visitor):
    trainer, phone = visitor(), visitor(width=360)
    page = opened(trainer, WARM_UP, invented=2)
    code = page.locator("#join-link").input_value().rpartition("/")[2]
    joined = phone.go("/join")
    join = "async body => (await fetch('/join', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)})).status"
    page.locator("#everybody summary").click()
    page.locator("#people .person").first.click()
    page.locator("#person-out").click()
    expect(page.locator("#nods")).to_be_visible()

    assert joined.evaluate(join, {"code": code, "name": "Rosa Late"}) == 200

    expect(page.locator("#nod-list")).to_contain_text("Rosa Late")
    page.locator("#nod-list").get_by_role("button").click()
    expect(page.locator("#nod-list li")).to_have_count(0)
    expect(page.locator("#people")).to_contain_text("Rosa Late")
    page.locator("#nod-all").click()
    expect(page.locator("#nods")).to_be_hidden()
    assert not trainer.wrong


def test_own_words_go_to_one_team_and_are_taken_back(visitor):
    someone = visitor()
    page = opened(someone, CITIES)
    starts(page)

    page.keyboard.press("m")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Send now").click()
    expect(page.locator("#send-fault")).to_have_text("Write something first.")
    page.locator("#send-text").fill("The line is dead. <b>Try</b> again in a minute.")
    page.locator("#send-to").select_option("team/team-1")
    page.get_by_role("button", name="Send now").click()

    expect(page.locator("#line")).to_contain_text("The line is dead. <b>Try</b> again in a minute.. To: Team 1")
    assert len(sent(page)) == 1
    expect(page.locator("#frame-inside")).not_to_contain_text("The line is dead")
    page.locator("#line").get_by_role("button", name="Take back").click()
    expect(page.locator("#line")).to_contain_text("Taken back")
    assert not someone.wrong


def test_an_inject_for_a_role_that_nobody_has_says_so_before_it_is_sent(visitor):
    someone = visitor()
    page = opened(someone, CITIES, invented=1)
    starts(page)
    row = page.locator(".inject", has=page.get_by_role("heading", name="What she whispers"))

    row.get_by_role("button", name="What she whispers", expanded=False).click()
    expect(row.locator(".missed")).to_contain_text("Nobody here is “Victim support and guardian” now")
    for _inject in range(7):
        if "whispers" in page.locator("#next-what").inner_text():
            break
        before = page.locator("#next-what").inner_text()
        page.locator("#skip").click()
        expect(page.locator("#next-what")).not_to_have_text(before)
    expect(page.locator("#next-what")).to_have_text("Nobody would get it: What she whispers")

    page.locator("#everybody summary").click()
    page.locator("#people button").click()
    page.locator("#person-role").select_option("support")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.locator("#next-what")).to_have_text("What she whispers")
    expect(row.locator(".missed")).to_be_hidden()
    assert not someone.wrong


def test_hands_that_were_counted_are_in_the_results(visitor):
    someone = visitor()
    page = opened(someone, WARM_UP, invented=0)
    starts(page)
    next_inject(page)

    page.locator("#strip").get_by_role("button", name="Enter hands").click()
    page.locator("#hands-0").fill("seven")
    page.get_by_role("button", name="Count them in").click()
    expect(page.locator("#hands-fault")).to_contain_text("Give a number")
    page.locator("#hands-0").fill("7")
    page.get_by_role("button", name="Count them in").click()
    expect(page.locator("#hands-box")).to_be_hidden()
    page.locator("#strip").get_by_role("button", name="Close and show results").click()

    expect(page.locator("#frame-inside .results")).to_contain_text("Of 7 answers")
    assert not someone.wrong


def test_the_focus_stays_where_it_is_while_the_room_answers(visitor):
    someone = visitor()
    page = opened(someone, WARM_UP)
    starts(page)
    next_inject(page)
    page.locator("#everybody summary").click()
    page.locator("#people .person").nth(3).focus()
    who = page.evaluate("document.activeElement.textContent.slice(0, 6)")

    expect(page.locator("#frame-count-words")).to_have_text("12 of 12 answered", timeout=30_000)

    assert page.evaluate("document.activeElement.textContent.slice(0, 6)") == who
    page.locator("#strip").get_by_role("button", name="Close and show results").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#strip-state")).to_contain_text("Results shown")
    assert page.evaluate("document.activeElement.closest('#strip') !== null")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_in_any_state_of_the_console(visitor, width, scheme):
    someone = visitor(width=width, color_scheme=scheme, reduced_motion="reduce")
    page = opened(someone, CITIES, invented=12)
    wrong = []

    def look(state: str) -> None:
        for part in ("sheet", "hall", "stage") if width == 360 else ("stage",):
            if width == 360:
                page.locator(f".tabs [data-part={part}]").click()
            wrong.extend(faults(someone, f"{state}, {part}"))

    def boxed(name: str, key: str) -> None:
        page.locator("#main").focus()
        page.keyboard.press(key)
        expect(page.locator(f"#{name}-box")).to_be_visible()
        wrong.extend(faults(someone, name))
        page.keyboard.press("Escape")

    look("lobby")
    for name, key in (("join", "j"), ("keys", "?"), ("note", "n")):
        boxed(name, key)
    starts(page)
    look("running")
    for _time in range(8):
        if page.locator("#strip").is_visible():
            break
        next_inject(page)
    look("question open")
    boxed("send", "m")
    page.locator("#look summary").click()
    page.wait_for_timeout(21_000)
    look("answers looked at")
    page.locator("#strip").get_by_role("button", name="Close", exact=True).click()
    expect(page.locator("#strip-state")).to_contain_text("Closed")
    look("closed")
    page.locator("#main").focus()
    page.keyboard.press("v")
    expect(page.locator("#frame-inside .results")).to_be_visible()
    look("revealed")
    page.locator("#main").focus()
    page.keyboard.press("p")
    expect(page.locator("#next-words")).to_have_text("Let the clock go on")
    look("paused")
    page.keyboard.press("p")
    expect(page.locator("#next-words")).to_have_text("Next inject")
    if width == 360:
        page.locator(".tabs [data-part=sheet]").click()
    page.get_by_role("button", name=re.compile("Debrief")).last.click()
    page.get_by_role("button", name="Put it up").last.click()
    expect(page.locator(".inject[data-status=here]")).to_contain_text("Up now")
    look("debrief")
    page.locator("#to-end").click()
    wrong.extend(faults(someone, "end asked"))
    page.locator("#end-really").click()
    if width == 360:
        page.locator(".tabs [data-part=stage]").click()
    expect(page.locator("#over")).to_be_visible()
    look("ended")

    assert not wrong
    assert not someone.wrong


@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_on_the_list_and_the_form(visitor, width):
    someone = visitor(width=width)
    someone.sign_in("trainer@demo.test")

    wrong = []
    for path in ("/runs/", "/runs/new", "/runs/new?rehearsal"):
        someone.go(path)
        wrong += faults(someone, path)
    someone.page.fill("#capacity", "0")
    someone.page.get_by_role("button", name="Open it and go to the console").click()
    expect(someone.page.locator(".faults")).to_be_visible()
    wrong += faults(someone, "faulty form")

    assert not wrong
    assert not someone.wrong
