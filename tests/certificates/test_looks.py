"""A paper is the same to the byte whether WeasyPrint does all of its work or remembers papers built alike."""

import json
import random
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from xml.etree.ElementTree import ParseError, fromstring

import pytest
import weasyprint
from weasyprint import CSS, css, svg
from weasyprint.text.fonts import FontConfiguration

from lms import looks, pdf, press
from lms.certificates.document import document
from lms.certificates.statement import Statement
from tests.certificates.test_document import (  # noqa: F401 - the first two are fixtures
    LITERAL,
    LONGEST,
    MIXED,
    SIXTY,
    attendance,
    completion,
    context,
    site,
    two_events,
)

# WeasyPrint leaves a colour profile open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

Press = Callable[[str], bytes]
RULES = Path(weasyprint.__file__).parent / "css" / "html5_ua.css"
MOMENT = datetime(2024, 10, 20, 22, 30, tzinfo=UTC)


class Stopped(datetime):
    """A clock that stands still: a file says when its attachment was made."""

    @classmethod
    def now(cls, tz: object = None) -> datetime:
        return MOMENT


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> Press:
    """What the press does with the page of a certificate, in this process."""
    monkeypatch.setattr(press, "datetime", Stopped)
    monkeypatch.setattr(looks.Looks, "places", {})
    monkeypatch.setattr(looks.Looks, "held", 0)
    fonts = FontConfiguration()
    stylesheet = CSS(string=pdf.STYLESHEET.read_text(), font_config=fonts, url_fetcher=press.Closed())
    return partial(recorded, stylesheet, fonts)


@pytest.fixture
def remembering(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(css, "StyleFor", css.StyleFor)
    monkeypatch.setitem(svg.TAGS, "path", press.draw)
    press.be_quick()
    yield


def recorded(stylesheet: CSS, fonts: FontConfiguration, page: str) -> bytes:
    facts = {"name": "facts.json", "content": b64encode(b"{}").decode(), "mimetype": "application/json"}
    parcel = {"page": page, **facts, "description": "Facts", "field": "Signature", "room": 100}
    return press.recorded(stylesheet, fonts, json.dumps(parcel).encode())


def every_kind() -> list[str]:
    """Pages of certificates that differ in all that a stylesheet looks at."""
    papers: list[tuple[Statement, str]] = [
        *((attendance(half_days), "Ana Horvat") for half_days in (1, 2, 4, 9)),
        *((attendance(locale=locale), "Ana Horvat") for locale in ("de", "bg", "el")),
        *((attendance(), name) for name in (SIXTY, LONGEST, *LITERAL, *MIXED)),
        (attendance(replaces="D-0000-0000-0000"), "Ana Horvat"),
        (completion(), "Ana Horvat"),
        (completion(*two_events()), "Ana Horvat"),
        (completion(*two_events(9), locale="de"), SIXTY),
    ]
    return [document(statement, name) for statement, name in papers]


def test_a_paper_is_the_same_to_the_byte_whatever_was_printed_before_it(
    record: Press, remembering: None, monkeypatch: pytest.MonkeyPatch
):
    pages = every_kind()
    with monkeypatch.context() as as_it_comes:
        as_it_comes.setattr(press, "paper", press.document)
        as_it_comes.setitem(svg.TAGS, "path", press.draw)
        expected = {page: record(page) for page in pages}

    order = random.Random(4).sample(pages * 2, len(pages) * 2)
    made = [(page, record(page)) for page in order]

    assert [page for page, file in made if file != expected[page]] == []
    assert looks.Looks.places


def test_a_paper_built_like_one_before_asks_no_rule_of_any_element(
    record: Press, remembering: None, monkeypatch: pytest.MonkeyPatch
):
    record(document(attendance(), "Ana Horvat"))
    asked: list[object] = []
    monkeypatch.setattr(looks.Looks.__base__, "set_computed_styles", lambda *given, **_more: asked.append(given))

    record(document(attendance(), "Eva Nagy"))

    assert asked == []


def test_a_code_is_drawn_at_once(record: Press, remembering: None, monkeypatch: pytest.MonkeyPatch):
    one_by_one: list[str] = []
    monkeypatch.setattr(press, "draw", lambda _drawing, path, _size: one_by_one.append(path.get("d")))

    record(document(attendance(), "Ana Horvat"))

    assert one_by_one
    assert not any(press.MODULES.match(path) for path in one_by_one)


def test_what_is_remembered_has_an_end(record: Press, remembering: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(looks, "MOST", 0)
    first = record(document(attendance(), "Ana Horvat"))
    record(document(completion(), "Ana Horvat"))

    again = record(document(attendance(), "Ana Horvat"))

    assert len(looks.Looks.places) == 1
    assert again == first


def test_a_document_that_is_no_paper_is_not_remembered(record: Press, remembering: None):
    page = "<!doctype html><html lang=en><title>A</title><body class=table><h1>A</h1><p>Words<br>more"

    record(page)

    assert looks.Looks.places == {}


def test_every_paper_is_well_formed():
    for page in every_kind():
        try:
            fromstring(page)
        except ParseError as fault:
            pytest.fail(f"{fault}: {page}")


def test_no_rule_looks_inside_an_element_or_at_the_size_of_its_page():
    """What an element holds, and how large the page is, is not among what two must share to look alike."""
    rules = re.sub("^(?:select|textarea).*", "", pdf.STYLESHEET.read_text() + RULES.read_text(), flags=re.MULTILINE)

    assert not any("<select" in page or "<textarea" in page for page in every_kind())
    assert re.findall(r":(?:has|empty|blank|contains)\b|\d(?:vw|vh|vmin|vmax|vi|vb|pw|ph|pmin|pmax)\b", rules) == []
