"""A page follows a run, whatever the network and the server do: by its stream, else by asking."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from bench.room import Console, Room
from tests.exercises.test_live_processes import Serve, Served, app, environment, place, serve

__all__ = ["app", "environment", "place", "serve"]
pytestmark = pytest.mark.journey
FOLLOW = """async (root) => {
  const { follow } = await import("/static/runs/live.js");
  window.shown = [];
  window.told = [];
  window.run = follow(root, { as: "player", show: (one) => shown.push(one), tell: (word) => told.push(word) });
}"""
RELEASED = "() => shown.at(-1)?.released.map((one) => one.id).join()"


class Following:
    """A player's browser on a page of the site, and what it asked for."""

    def __init__(self, browser: Browser, site: Served, place: Room) -> None:
        self.url = f"http://127.0.0.1:{site.port}"
        self.context = browser.new_context()
        name, _equals, key = place.cookies[0].partition("=")
        self.context.add_cookies([{"name": name, "value": key, "url": self.url}])
        self.page = self.context.new_page()
        self.page.goto(f"{self.url}/privacy")
        self.asked: list[str] = []
        self.page.on("request", lambda one: self.asked.append(one.url.rpartition("/")[2].partition("?")[0]))
        self.wrong: list[str] = []
        self.page.on("console", lambda line: self.wrong.append(line.text) if line.type == "error" else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.place = place

    def begin(self) -> None:
        self.page.evaluate(FOLLOW, self.place.address)

    def shows(self, released: str, within: float) -> None:
        """Wait until the page shows this list."""
        self.until(lambda: self.page.evaluate(RELEASED) == released, within)

    def until(self, holds: Callable[[], Any], within: float) -> None:
        began = time.monotonic()
        while not holds():
            assert time.monotonic() - began < within, (self.told, self.asked)
            self.page.wait_for_timeout(50)

    @property
    def told(self) -> list[str]:
        return self.page.evaluate("told")


@pytest.fixture
def site(serve: Serve) -> Served:
    return serve()


@pytest.fixture
def page(browser: Browser, site: Served, place: Room) -> Iterator[Following]:
    following = Following(browser, site, place)
    yield following
    following.context.close()


@pytest.fixture
def console(site: Served, place: Room) -> Console:
    return Console(site.port, place)


def test_a_page_follows_by_its_stream_and_asks_for_nothing_besides(page: Following, console: Console):
    page.begin()
    page.shows("", within=5)
    console.move("start")
    console.move("next")
    page.shows("inject-0", within=3)
    skew = page.page.evaluate("run.now() - Date.now()")
    newest = page.page.evaluate("shown.at(-1).version")
    page.page.evaluate("run.take({ version: 0, released: [] })")

    assert page.asked.count("stream") == 1
    assert page.asked.count("state") <= 1
    assert page.told == ["connected"]
    assert abs(skew) < 2000
    assert page.page.evaluate("shown.at(-1).version") == newest
    assert page.wrong == []


def test_where_a_network_eats_streams_the_page_asks_by_itself_and_says_nothing(page: Following, console: Console):
    page.context.route("**/stream?*", lambda _route: None)  # it goes out, and nothing ever comes
    console.move("start")
    console.move("next")

    page.begin()
    page.shows("inject-0", within=10)
    console.move("next")
    page.shows("inject-0,inject-1", within=4)

    assert page.told == ["connected"]


def test_a_server_that_comes_back_is_followed_again_and_a_page_that_may_not_look_is_told(
    page: Following, console: Console, site: Served
):
    page.begin()
    page.until(lambda: page.told == ["connected"], within=5)
    console.move("start")

    site.kill()
    page.until(lambda: page.told[-1] == "lost", within=10)
    site.start()
    console.move("next")
    page.shows("inject-0", within=10)
    page.until(lambda: page.told[-1] == "connected", within=5)
    page.until(lambda: page.asked.count("stream") > 1, within=10)
    page.page.context.clear_cookies()
    page.page.evaluate("run.look()")
    page.until(lambda: page.told[-1] == "gone", within=10)

    assert page.told == ["connected", "lost", "connected", "gone"]
