"""A real site and a real browser for whole journeys."""

import fcntl
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from lms import doctor
from lms.paths import CHECKOUT

PASSWORD = "demo-password-only"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Site:
    """`lms demo` on a free port, in a folder of its own."""

    def __init__(self, instance: Path, project: Path = CHECKOUT) -> None:
        self.instance = instance
        self.project = project
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = {**os.environ, "LMS_INSTANCE": str(instance)}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-c", "from lms.cli import main; main()", "demo", "--port", str(self.port)]
        with (self.instance / "log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.project, env=self.environ, stdout=log, stderr=log)
        until = time.monotonic() + 180
        while time.monotonic() < until:
            try:
                urllib.request.urlopen(f"{self.url}/healthz", timeout=2).close()
                break
            except OSError:
                assert self.process.poll() is None, (self.instance / "log").read_text()
                time.sleep(0.1)
        else:
            raise AssertionError((self.instance / "log").read_text())
        with sqlite3.connect(self.instance / "lms.db") as rows:  # whoever is in the sample year may sign in here
            rows.execute("UPDATE person SET password_hash = (SELECT max(password_hash) FROM person)")

    def kill(self) -> None:
        """End it as a power cut would."""
        subprocess.run(["pkill", "-KILL", "-P", str(self.process.pid)], check=False)
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture(scope="session")
def sample_year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance that holds the sample year, made once for all processes of this run of the tests: copy it."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    made = shared / "sample-year"
    with (shared / "sample-year.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            half = shared / "half-a-year"
            half.mkdir()
            command = [sys.executable, "-c", "from lms.cli import main; main()", "demo", "--no-serve"]
            environ = {**os.environ, "LMS_INSTANCE": str(half)}
            subprocess.run(command, cwd=CHECKOUT, env=environ, check=True, stdout=subprocess.DEVNULL)
            half.rename(made)
    return made


def site_of(sample_year: Path, instance: Path) -> Site:
    """A site of its own that has the sample year already."""
    return Site(shutil.copytree(sample_year, instance, dirs_exist_ok=True))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, sample_year: Path) -> Iterator[Site]:
    running = site_of(sample_year, tmp_path_factory.mktemp("site"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(doctor.program("chromium")), args=FLAGS)
        yield chromium
        chromium.close()


class Visitor:
    """Someone with a browser of their own; what goes wrong in its console is kept."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        self.context = context
        self.site = site
        self.page: Page = context.new_page()
        self.wrong: list[str] = []
        self.page.on("console", lambda line: self._note(line.type, line.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))

    def _note(self, kind: str, text: str) -> None:
        expected = "ERR_INTERNET_DISCONNECTED" in text or "status of 4" in text
        if kind in ("error", "warning") and not expected:
            self.wrong.append(text)

    def go(self, path: str) -> Page:
        self.page.goto(self.site.url + path)
        return self.page

    def sign_in(self, who: str = "practitioner@demo.test") -> None:
        self.go("/sign-in")
        self.page.fill("#email", who)
        self.page.fill("#password", PASSWORD)
        self.page.press("#password", "Enter")
        self.page.wait_for_url(self.site.url + "/")


@pytest.fixture
def visitor(browser: Browser, site: Site) -> Iterator:
    """Make visitors: `visitor(width=375, java_script_enabled=False)`."""
    contexts = []

    def make(width: int = 1280, **options: object) -> Visitor:
        context = browser.new_context(viewport={"width": width, "height": 900}, locale="en-GB", **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        return Visitor(context, site)

    yield make
    for context in contexts:
        context.close()
