"""What the documentation names is there: pages, files, settings, commands, addresses, tests, dependencies."""

import configparser
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from lms import settings
from lms.app import create_app
from lms.settings import Settings

TOP = Path(__file__).parents[2]
PAGES = {
    path.relative_to(TOP).as_posix(): path.read_text()
    for path in sorted([*TOP.glob("*.md"), *(TOP / "docs").rglob("*.md"), TOP / "modules" / "README.md"])
}
OURS = {name: text for name, text in PAGES.items() if name != "modules/README.md"}  # that one is full of examples
ON_A_SERVER = ("/etc/", "/opt/", "/var/", "/path/")
MADE_LATER = ("instance/", ".venv/", "messages.mo")
FOLDERS = r"lms|modules|templates|migrations|instance|tests|docs|bench|deploy|\.ci|\.venv"
PATH = re.compile(rf"(?:{FOLDERS})/[\w./*-]*|[\w-]+\.(?:py|md|toml|cfg|lock|js|po|mo|conf|service)|Makefile")
COMMAND = re.compile(r"(?:[A-Z_]+=\S+ )*(?:.*&& )?(?:\.venv/bin/)?lms ((?:[a-z]+ ?)+)(.*)")
BOX = re.compile(r"```.*?```", re.S)

every_page = pytest.mark.parametrize("page", OURS)


def code(page: str) -> list[str]:
    """What stands between backticks on a page, and each line of its boxes."""
    boxes = [line.strip() for box in BOX.findall(PAGES[page]) for line in box.splitlines()[1:-1]]
    return boxes + re.findall(r"`([^`\n]+)`", BOX.sub("", PAGES[page]))


def links(page: str) -> Iterator[tuple[str, str]]:
    """File and heading of each link on a page that stays in the project."""
    for target in re.findall(r"\]\(([^)\s]+)\)", BOX.sub("", PAGES[page])):
        if re.match(r"https?:|glossary:|lesson:|…", target):
            continue
        file, _mark, heading = target.partition("#")
        found = (TOP / page).parent / file if file else TOP / page
        yield found.resolve().relative_to(TOP).as_posix(), heading


def anchors(page: str) -> set[str]:
    """The headings of a page as the addresses that hosts of repositories give them."""
    headings = re.findall(r"^#+ (.+)$", BOX.sub("", PAGES[page]), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands() -> set[tuple[str, ...]]:
    """Every `lms` command that a page names, with its options."""
    told = [COMMAND.match(words) for page in PAGES for words in code(page)]
    return {(*found[1].split(), *re.findall(r"--[a-z-]+", found[2])) for found in told if found}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    for file, heading in links(page):
        assert (TOP / file).exists(), file
        assert not heading or heading in anchors(file), f"{file}#{heading}"


def test_every_page_is_reached_from_the_first_one():
    reached, ahead = set(), {"README.md"}
    while ahead:
        page = ahead.pop()
        reached.add(page)
        ahead |= {file for file, _heading in links(page) if file in PAGES} - reached

    assert set(PAGES) - reached == set()


@every_page
def test_every_file_that_is_named_is_there(page):
    named = {words for words in code(page) if PATH.fullmatch(words) and not words.startswith(MADE_LATER)}

    missing = [name for name in named if not any(TOP.glob(name.rstrip("/")))]

    # A bare name, such as quiz.toml, stands for the files that are called so.
    inside = [path for folder in ("lms", "modules", "tests", "docs") for path in (TOP / folder).rglob("*")]
    assert [name for name in missing if "/" in name or name not in {path.name for path in inside}] == []


@every_page
def test_every_test_that_is_named_is_there(page):
    for file, name in re.findall(r"`(?:([\w/]+\.py)::)?(test_\w+)`", PAGES[page]):
        files = [TOP / "tests" / file] if file else (TOP / "tests").rglob("test_*.py")
        assert any(f"def {name}(" in path.read_text() for path in files), name


def test_settings_are_explained_and_what_is_explained_is_read():
    read = set(re.findall(r'"(LMS_[A-Z_]+)"', Path(settings.__file__).read_text()))
    explained = set(re.findall(r"LMS_[A-Z_]+", PAGES["docs/operate.md"]))
    named = {name for text in PAGES.values() for name in re.findall(r"LMS_[A-Z_]+", text)}

    assert explained == read
    assert named - read == set()


@pytest.mark.parametrize("command", sorted(commands()), ids=" ".join)
def test_every_command_that_is_named_is_there_with_its_options(command, tmp_path):
    words = [word for word in command if not word.startswith("--")]
    options = {word for word in command if word.startswith("--")}

    help_ = subprocess.run(
        [Path(sys.executable).with_name("lms"), *words, "--help"], cwd=TOP, capture_output=True, text=True, check=False
    )

    assert help_.returncode == 0, help_.stderr
    assert options - set(re.findall(r"--[a-z-]+", help_.stdout)) == set()


def test_the_commands_of_the_program_are_found_in_the_pages():
    assert {command[:2] for command in commands()} >= {("demo",), ("content", "check"), ("people", "add"), ("doctor",)}


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_make_that_is_named_is_there(page):
    targets = set(re.findall(r"^([a-z]+):", (TOP / "Makefile").read_text(), re.M))

    assert {found[1] for words in code(page) if (found := re.match(r"make ([a-z]+)", words))} - targets == set()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The site for its addresses alone: nobody opens its database."""
    instance = tmp_path_factory.mktemp("site")
    return create_app(Settings(secret_key="k" * 48, database_url=f"sqlite:///{instance / 'lms.db'}", instance=instance))


@every_page
def test_every_address_that_is_named_is_there(page, site: Flask):
    wrong = []
    for words in code(page):
        found = re.fullmatch(r"(?:(GET|POST) )?(/[^\s?#]*)(?:[?#]\S*)?", words)
        if found and not found[2].startswith(ON_A_SERVER) and not leads_somewhere(site, found[1], found[2]):
            wrong.append(words)

    assert not wrong


def leads_somewhere(site: Flask, method: str | None, path: str) -> bool:
    """Whether an address such as /attempts/<id> is one of ours, by this method where one is named."""
    for row in ("1", "00000000-0000-4000-8000-000000000000"):
        try:
            site.url_map.bind("localhost").match(re.sub("<[^>]+>", row, path), method=method)
        except MethodNotAllowed:
            return method is None
        except (NotFound, RequestRedirect):
            continue
        return True
    return False


def test_every_dependency_has_its_line_and_nothing_else_has_one():
    asked = configparser.ConfigParser()
    asked.read(TOP / "setup.cfg")
    listed = asked["options"]["install_requires"] + asked["options.extras_require"]["test"]

    rows = re.findall(r"^\| ([\w, -]+) \|", PAGES["docs/dependencies.md"], re.M)
    lines = {name.lower() for row in rows for name in row.split(", ")} - {"package"}

    assert lines - {"---"} == {name.lower() for name in re.findall(r"^([\w-]+)", listed, re.M)}


def test_a_picture_is_light_enough_to_look_at():
    assert {path.name for path in (TOP / "docs" / "pictures").iterdir() if path.stat().st_size > 200_000} == set()
