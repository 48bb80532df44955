"""The interface in other languages: no string is missing, none is left in English, and English says that it is."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from io import BytesIO
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask_babel import force_locale

from lms.content.prose import hold_together, inline
from lms.pages import day, points
from lms.paths import TRANSLATIONS
from lms.settings import LANGUAGES
from tests.make import Making
from tests.page import HTML, Client, Page, words

TOP = Path(__file__).parents[2]
MARKS = {"_", "gettext", "ngettext", "lazy_gettext"}
HOLES = re.compile(r"%\(\w+\)s|\{\w+\}")
SAID = {"aria-label", "placeholder", "title", "alt"}  # attributes that are read to someone
LETTERS = re.compile(r"[A-Za-z]{2,}")
OURS = {"DISRUPT", "training", *LANGUAGES.values()}
TRANSLATED = "/modules/early-signs"  # its first lesson and its quiz stand in German and Bulgarian
ENGLISH = "/modules/digital-evidence"
PAGES = [
    "/", "/progress", "/account", "/desk/people", "/desk/reports", "/outbox", "/glossary/",
    f"{TRANSLATED}/", f"{TRANSLATED}/indicators-and-judgement", f"{TRANSLATED}/quiz",
    f"{ENGLISH}/", f"{ENGLISH}/first-hour-at-the-scene?empty=1", f"{ENGLISH}/quiz",
    "/report/digital-evidence/first-hour-at-the-scene",
]  # fmt: skip
OPEN = [
    "/", "/sign-in", "/sign-in/link", "/password/forgotten", "/register", "/privacy", "/accessibility",
    f"{ENGLISH}/",
]  # fmt: skip
every_locale = pytest.mark.parametrize("locale", ["bg", "de"])


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """What `make translations` finds in the program now."""
    found = tmp_path_factory.mktemp("words") / "messages.pot"
    [recipe] = re.findall(r"\$\(BABEL\) (extract .*)", (TOP / "Makefile").read_text())
    command = [
        str(Path(sys.executable).with_name("pybabel")),
        *recipe.replace(".venv/messages.pot", str(found)).split(),
    ]
    subprocess.run(command, cwd=TOP, check=True, capture_output=True)
    return read_po(BytesIO(found.read_bytes()))


def kept(locale: str, kind: str) -> BytesIO:
    return BytesIO((TRANSLATIONS / locale / f"LC_MESSAGES/messages.{kind}").read_bytes())


@cache
def catalogue(locale: str) -> Catalog:
    return read_po(kept(locale, "po"), locale=locale)


def ids(found: Catalog) -> set[object]:
    return {message.id for message in found if message.id}


def pairs(found: Catalog) -> Iterator[tuple[str, str]]:
    """Each English string with its translation; a plural is two."""
    for message in found:
        if message.id:
            yield from zip(forms(message.id), forms(message.string), strict=True)


def forms(text: str | Sequence[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


# --- the catalogues --------------------------------------------------------------------------------------------


def test_every_marked_string_of_the_program_is_found(extracted: Catalog):
    """Python 3.11 hides what stands inside an f-string from those who look for it."""
    marked = set()
    for path in (TOP / "lms").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in MARKS:
                marked |= {one.value for one in node.args[:1] if isinstance(one, ast.Constant)}

    assert marked - {forms(one)[0] for one in ids(extracted)} == set()


@every_locale
def test_every_string_is_in_every_catalogue(locale: str, extracted: Catalog):
    assert ids(catalogue(locale)) ^ ids(extracted) == set(), "make translations"


@every_locale
def test_every_string_is_translated(locale: str):
    def unfinished(message: Message) -> bool:
        return message.fuzzy or not all(forms(message.string))

    assert [message.id for message in catalogue(locale) if message.id and unfinished(message)] == []


@every_locale
def test_a_translation_has_the_places_of_its_original(locale: str):
    found = catalogue(locale)

    assert [message.id for message in found if list(message.check(found))] == []
    assert [one for one in pairs(found) if sorted(HOLES.findall(one[0])) != sorted(HOLES.findall(one[1]))] == []


@every_locale
def test_a_translation_has_the_quotation_marks_of_its_language(locale: str):
    translations = [translation for _original, translation in pairs(catalogue(locale))]

    assert [one for one in translations if '"' in one or "”" in one or one.count("„") != one.count("“")] == []


@every_locale
def test_what_is_used_was_compiled_from_what_is_written(locale: str):
    fresh = BytesIO()
    write_mo(fresh, catalogue(locale))
    fresh.seek(0)

    used, made = ({forms(one.id): one.string for one in read_mo(file)} for file in (kept(locale, "mo"), fresh))

    assert used == made, "make translations"


# --- pages -----------------------------------------------------------------------------------------------------


def spoken(page: Page) -> list[tuple[str, str]]:
    """All that is read or shown on a page, each piece with its language."""
    [body] = page.all("body")
    return [(language, " ".join(text.split())) for language, text in _spoken(body, page.one("html").get("lang", ""))]


def _spoken(element: Element, language: str) -> Iterator[tuple[str, str]]:
    language = element.get("lang") or language
    yield language, element.text or ""
    for name, value in element.attrib.items():
        if name in SAID or (name.startswith("data-") and " " in value):
            yield language, value
    for child in element:
        if child.tag not in (HTML + "bdi", HTML + "pre"):  # a person's name, a letter
            yield from _spoken(child, language)
        yield language, child.tail or ""


def left_in_english(page: Page, locale: str) -> list[str]:
    """English strings of the interface in the page's own language, and its own strings where it says English."""
    known = [one for one in pairs(catalogue(locale)) if one[0] != one[1] and _says_enough(one[0])]
    english = re.compile("|".join(_shape(original) for original, _translation in known))
    own = re.compile("|".join(_shape(translation) for _original, translation in known))
    return [
        f"{language}: {text}"
        for language, text in spoken(page)
        if text and (english if language == locale else own).fullmatch(text)
    ]


def _says_enough(text: str) -> bool:
    """Whether a string can be told from others: "%(some)s of %(all)s" would be found in the Isle of Man."""
    return len(HOLES.sub("", text).strip()) > 2


def _shape(text: str) -> str:
    """A pattern for a string with anything in its places."""
    folded = " ".join(text.split()).replace("%%", "%")
    return ".+".join(re.escape(piece) for piece in HOLES.split(folded))


def latin(page: Page) -> list[str]:
    """Latin words on a Bulgarian page that are neither marked as foreign nor names or addresses."""
    texts = [text for language, text in spoken(page) if language == "bg" and "@" not in text]
    return sorted({word for text in texts for word in LETTERS.findall(HOLES.sub("", text))} - OURS)


def take(client: Client, topic: str) -> Iterator[Page]:
    """The pages of a quiz, from its first question to its result."""
    client.get(f"{topic}/quiz")
    here = client.post(f"{topic}/quiz").location.rpartition("/")[0]
    for number in range(1, 11):
        client.get(f"{here}/{number}")
        yield client.page
    client.get(f"{here}/review")
    yield client.page
    client.follow(client.post(f"{here}/submit"))
    yield client.page


@every_locale
def test_no_page_of_a_signed_in_person_has_a_string_left_in_english(locale: str, make: Making):
    client = make.signed_in("organiser", language=locale, name="Ж")
    make.person(standing="waiting", name="Ж")

    for path in PAGES:
        client.get(path)

        assert left_in_english(client.page, locale) == [], path


@every_locale
@pytest.mark.parametrize("topic", [TRANSLATED, ENGLISH])
def test_no_page_of_a_quiz_has_a_string_left_in_english(locale: str, topic: str, make: Making):
    client = make.signed_in(language=locale)

    for page in take(client, topic):
        assert left_in_english(page, locale) == [], page.title


@every_locale
def test_no_page_for_anyone_has_a_string_left_in_english(locale: str, client: Client):
    for path in OPEN:
        client.get(f"{path}?lang={locale}")

        assert left_in_english(client.page, locale) == [], path
    client.get(f"/no-such-page?lang={locale}", status=404)

    assert left_in_english(client.page, locale) == []


# --- English on a page in another language ---------------------------------------------------------------------


def test_no_page_of_a_bulgarian_has_a_latin_word_that_is_not_marked(make: Making):
    client = make.signed_in("organiser", language="bg", name="Ж")

    for path in PAGES:
        client.get(path)

        assert path.startswith(TRANSLATED) or latin(client.page) == [], path


def test_no_page_of_an_english_quiz_has_a_word_that_is_not_marked_as_english(make: Making):
    client = make.signed_in(language="bg")

    for page in take(client, ENGLISH):
        assert latin(page) == [], page.title


def languages_of(page: Page, *texts: str) -> set[str]:
    """In which languages a page shows these texts; each must be there as one piece."""
    shown = spoken(page)
    plain = [" ".join(words(Page(f"<body>{inline(text)}").root).split()) for text in texts if "*" not in text]
    missing = [text for text in plain if text not in {piece for _language, piece in shown}]
    assert missing == []
    return {language for language, piece in shown if piece in plain}


def test_an_english_lesson_on_a_german_page_is_marked_as_english(make: Making):
    client = make.signed_in(language="de")
    module = client.app.extensions["training"].course("de").module("digital-evidence")
    lesson = module.lesson("integrity-and-custody")
    options = lesson.check.options

    client.get(f"{ENGLISH}/integrity-and-custody?answer={options[0].id}")

    assert lesson.locale == "en"
    assert client.page.one("div", class_="prose").get("lang") == "en"
    assert languages_of(
        client.page, lesson.title, lesson.lead, *lesson.key_points, lesson.check.text, lesson.check.explanation,
        *(option.text for option in options), options[0].feedback, module.title,
        *(one.short or one.title for one in module.lessons), module.lessons[1].title, module.lessons[3].title,
    ) == {"en"}  # fmt: skip


def test_an_english_topic_on_german_pages_is_marked_as_english(make: Making):
    client = make.signed_in(language="de")
    module = client.app.extensions["training"].course("de").module("digital-evidence")

    client.get("/")
    card = languages_of(client.page, module.title, module.summary)
    client.get(f"{ENGLISH}/")
    topic = languages_of(client.page, module.title, module.summary, *module.objectives, module.law)

    assert (card, topic) == ({"en"}, {"en"})


# --- dates and numbers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "written"),
    [("en", "3 April 2026, 7.67"), ("de", "3. April 2026, 7,67"), ("bg", "3 април 2026 г., 7,67")],
)
def test_dates_and_points_are_written_as_the_language_writes_them(app: Flask, locale: str, written: str):
    with app.test_request_context(), force_locale(locale):
        found = f"{day(date(2026, 4, 3))}, {points(7.666)}"

    assert " ".join(found.split()) == written


@pytest.mark.parametrize(
    "written",
    [
        "am 3.~April 2026", "am 21.~März", "bis Ende Mai", "vom 1. bis 2.~Juli", "in 2026. May they",
        "на 3~април 2026~г.", "от 1–2~юли 2026~г., а", "до 2027~г.", "в 22:10~ч.", "2 гари", "Art.~9 Abs.~1",
        "чл.~9, пар.~1",
    ],
)  # fmt: skip
def test_a_date_or_an_article_holds_together_in_german_and_in_bulgarian(written: str):
    assert hold_together(written.replace("~", " ")) == written.replace("~", "\u00a0")
