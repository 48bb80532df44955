"""How many bytes a browser is sent: for the first page of all, and for every later page of someone who signed in."""

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from bench.figure import Figure, report
from bench.site import PRACTITIONER, application, lesson_addresses, sample_year
from lms.doctor import program
from lms.paths import STATIC
from lms.settings import Settings

ICON = "/static/favicon.svg"


class Scale:
    """A WSGI app that weighs what another one answers to GET: headers and body, as they go over the wire."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.sent: dict[str, int] = {}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        address = environ["PATH_INFO"] if environ["REQUEST_METHOD"] == "GET" else "(not weighed)"

        def started(status: str, headers: list[tuple[str, str]], problem: object = None) -> Any:
            self.add(address, len(status) + sum(len(name) + len(value) + 4 for name, value in headers))
            return start_response(status, headers, problem)

        body = self.app(environ, started)
        for piece in body:
            self.add(address, len(piece))
            yield piece
        body.close()

    def add(self, address: str, count: int) -> None:
        self.sent[address] = self.sent.get(address, 0) + count

    def taken(self) -> dict[str, int]:
        """What was sent since it was last asked."""
        taken, self.sent = self.sent, {}
        taken.pop("(not weighed)", None)
        return taken


def main() -> None:
    """One browser, its cache empty at first, goes through every kind of page."""
    with sample_year() as environment:
        app = application(environment)
        scale = Scale(app)
        with site(scale) as root, browser() as page:
            first = weigh(page, scale, root + "/")
            first.setdefault(ICON, (STATIC / "favicon.svg").stat().st_size)  # a headless browser leaves it out
            sign_in(page, root)
            scale.taken()
            later = {address: weigh(page, scale, root + address) for address in lesson_addresses(app)}
            later |= {address: weigh(page, scale, root + address) for address in other_addresses(page, scale, root)}
            quiz, questions = take_a_quiz(page, scale, root)
    later |= quiz
    heaviest = max(later.values(), key=total)
    print("The first page:", *lines(first), f"The heaviest of {len(later)} later pages:", *lines(heaviest), sep="\n")
    report(
        "weight",
        Figure("first page, nothing cached", "kB", total(first), most=100),
        Figure("heaviest later page", "kB", total(heaviest), most=50),
        Figure("median later page", "kB", median(map(total, later.values())), most=50),
        Figure("questions fetched ahead when a quiz is opened", "kB", total(questions)),
    )


def total(files: dict[str, int]) -> float:
    """Kilobytes of a page with all its files."""
    return sum(files.values()) / 1000


def lines(files: dict[str, int]) -> list[str]:
    return [f"{count / 1000:8.1f} kB  {address}" for address, count in sorted(files.items())]


@contextmanager
def site(app: Any) -> Iterator[str]:
    """The app, served from a thread of this process."""

    class Silent(WSGIRequestHandler):
        def log(self, *_words: object) -> None:
            return

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()


@contextmanager
def browser() -> Iterator[Page]:
    """Chromium with an empty cache."""
    with sync_playwright() as playwright:
        chromium = program("chromium", "chromium-browser", "google-chrome")
        window = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield window.new_page()
        window.close()


def weigh(page: Page, scale: Scale, address: str) -> dict[str, int]:
    """Open a page; the bytes of every file that was sent for it."""
    answer = page.goto(address, wait_until="networkidle")
    assert answer is not None and answer.ok, f"{address} answered {answer and answer.status}"
    page.evaluate("document.fonts.ready.then(() => true)")
    return scale.taken()


def sign_in(page: Page, root: str) -> None:
    page.goto(f"{root}/sign-in")
    page.fill("[name=email]", PRACTITIONER)
    page.fill("[name=password]", Settings.demo_password)
    page.press("[name=password]", "Enter")
    page.wait_for_load_state("networkidle")


def other_addresses(page: Page, scale: Scale, root: str) -> list[str]:
    """Course, topics, progress, glossary, account."""
    page.goto(f"{root}/")
    links = page.locator('a[href^="/modules/"]').evaluate_all("links => links.map(link => link.pathname)")
    page.wait_for_load_state("networkidle")
    scale.taken()
    topics = {address for address in links if address.count("/") == 3}
    return ["/", *sorted(topics), "/progress", "/glossary/", "/account"]


def take_a_quiz(page: Page, scale: Scale, root: str) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """The pages of a quiz, and the questions its first page fetches ahead, for the time the network is gone.

    From then on a script shows the next question without loading a page.
    """
    page.goto(f"{root}/modules/victim-centred-approach/quiz")
    go_on(page)
    question = urlsplit(page.url).path
    attempt = question.rpartition("/")[0]
    scale.taken()
    opened = weigh(page, scale, root + question)
    ahead = {address: count for address, count in opened.items() if address.startswith(attempt) and address != question}
    pages = {question: {address: count for address, count in opened.items() if address not in ahead}}

    pages["review"] = weigh(page, scale, f"{root}{attempt}/review")
    go_on(page)
    scale.taken()
    pages["result"] = weigh(page, scale, root + attempt)
    return pages, ahead


def go_on(page: Page) -> None:
    """Press the page's main button."""
    page.locator("main button.primary").last.click()
    page.wait_for_load_state("networkidle")


if __name__ == "__main__":
    main()
