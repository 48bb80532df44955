"""How the training material is read: a whole tree at once, with every fault and its place."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct
from msgspec.structs import fields, replace

from lms.content.events import EventFile, unfit
from lms.content.material import (
    KINDS,
    Course,
    Helpline,
    Lesson,
    Matching,
    Module,
    Multiple,
    Numeric,
    Ordering,
    Paper,
    Question,
    Quiz,
    Scenario,
    Single,
    Source,
    Term,
)
from lms.content.prose import Shelf, render

T = TypeVar("T", bound=Struct)
Table = dict[str, Any]
ORIGINAL = "en"
LOCALE = re.compile(r"^[a-z]{2}$")
LESSON = re.compile(r"^(\d\d)-([a-z0-9]+(?:-[a-z0-9]+)*)\.md$")
FRONT = re.compile(r"\A\+\+\+\n(.*?)\n\+\+\+\n(.*)\Z", re.S)
STRUCTURE = {"id", "kind", "lesson", "sources", "source", "checked", "number", "absent"}
WORDS = range(600, 1201)
MOST = 12  # options, pairs or steps of a question
# What the loader fills in, and no author writes.
MADE = {
    "module": {"slug", "number", "lessons", "quiz", "locale", "outdated", "languages"},
    "lesson": {"id", "number", "body", "words", "version", "locale", "outdated"},
    "quiz": {"questions", "version", "locale", "outdated"},
}


@dataclass(frozen=True, order=True)
class Fault:
    """Something an author must mend: which file, where in it, and why."""

    file: str
    line: int
    reason: str
    place: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.place}: {self.reason}" if self.place else f"{where}: {self.reason}"


class BadMaterial(Exception):
    """The material has faults; the site does not start with it."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__("\n".join(["The training material has faults:", *map(str, faults)]))


@dataclass(frozen=True)
class Training:
    """The course in every language, and the version of each file as `lms content check` prints it."""

    courses: dict[str, Course]
    versions: dict[str, str]

    def course(self, locale: str) -> Course:
        return self.courses.get(locale, self.courses[ORIGINAL])

    def languages(self, slug: str, lesson_id: str) -> list[str]:
        """The languages in which a lesson is written."""
        found = {
            locale: lesson
            for locale, course in self.courses.items()
            for module in course.modules
            if module.slug == slug
            for lesson in module.lessons
            if lesson.id == lesson_id
        }
        return [locale for locale, lesson in found.items() if lesson.locale == locale]


def load(root: Path, translator: Callable[[str], Callable[[str], str]] = lambda _locale: str) -> Training:
    """Read the tree at `root`.

    `translator(locale)` gives the function that translates the few words the site puts into a lesson.
    Raises BadMaterial with every fault of the tree.
    """
    tree = _Tree(root, translator)
    training = tree.read()
    if tree.faults:
        raise BadMaterial(sorted(set(tree.faults)))
    assert training is not None  # noqa: S101 - without faults there is a course
    return training


def load_event(path: Path) -> EventFile:
    """Read one event's file. Raises BadMaterial with every fault in it."""
    tree = _Tree(path.parent, lambda _locale: str)
    event = tree.event(path.name)
    if tree.faults:
        raise BadMaterial(sorted(set(tree.faults)))
    assert event is not None  # noqa: S101 - without faults there is an event
    return event


@dataclass(frozen=True)
class _File:
    """One file's text, and what its faults are called."""

    name: str
    text: str

    @property
    def original(self) -> str:
        """The name of the file that this one translates; its own where it translates none."""
        return re.sub(r"(^|/)[a-z]{2}/([^/]+)$", r"\1\2", self.name)

    @property
    def version(self) -> str:
        return sha256(self.text.encode()).hexdigest()[:12]

    def line(self, needle: str, place: str = "") -> int:
        """The line on which a key or an id first stands, after the ids that `place` names; else theirs; 0 for none."""
        start = 0
        for name in map(re.escape, re.findall("“(.*?)”", place)):
            piece = re.compile(rf'^(?:.*?\bid\s*=\s*"{name}"|\[{name}\])', re.M).search(self.text, start)
            start = piece.start() if piece else start
        key = re.escape(needle)
        match = re.compile(rf'\b{key}\b\s*=|"{key}"|^\[+{key}\]', re.M).search(self.text, start) if needle else None
        if match is None and start == 0:
            return 0
        return self.text.count("\n", 0, match.start() if match else start) + 1


class _Tree:
    """Reads the tree once and collects faults on the way; a piece with faults is None."""

    def __init__(self, root: Path, translator: Callable[[str], Callable[[str], str]]) -> None:
        self.root = root
        self.translator = translator
        self.faults: list[Fault] = []
        self.versions: dict[str, str] = {}
        self.sources: dict[str, Source] = {}
        self.glossary: dict[str, Term] = {}
        self.lessons: set[str] = set()
        self.questions: list[tuple[_File, Question, str]] = []

    def read(self) -> Training | None:
        course = self._table("course.toml")
        if course is None:
            return None
        file, table = course
        slugs = table.pop("modules", None)
        if not isinstance(slugs, list) or not all(isinstance(slug, str) for slug in slugs) or not slugs:
            self._fault(file, "modules", "modules must list the topics' folders in order")
            return None
        self.sources = self._entries("sources.toml", Source)
        self.glossary = self._entries("glossary.toml", Term)
        for slug in _doubles(slugs):
            self._fault(file, slug, f"the topic “{slug}” is listed twice")
        for slug in slugs:
            if not (self.root / slug).is_dir():
                self._fault(file, slug, f"there is no folder “{slug}”")
        slugs = [slug for slug in dict.fromkeys(slugs) if (self.root / slug).is_dir()]
        self.lessons = {f"{slug}/{lesson[2]}" for slug in slugs for lesson, _path in self._lesson_files(slug)}
        locales = self._locales(slugs)
        papers = self._papers(file, table, slugs)
        for key in set(table) - {"title"}:
            self._fault(file, key, f"unknown key “{key}”")
        titles = {locale: self._title(locale) for locale in locales}
        glossaries = {locale: self._entries("glossary.toml", Term, locale) for locale in locales}
        helplines = {locale: self._helplines(locale) for locale in locales}
        modules = {
            locale: [self._module(slug, number, locale) for number, slug in enumerate(slugs, 1)] for locale in locales
        }
        for asked_in, question, place in self.questions:
            for reason in _unfit(question):
                self._fault(asked_in, question.id, reason, place)
        self._events()
        if self.faults:
            return None
        courses = {}
        for locale in locales:
            whole = tuple(module for module in modules[locale] if module)
            courses[locale] = Course(
                title=titles[locale],
                modules=tuple(replace(module, languages=_languages(module.slug, modules)) for module in whole),
                papers=papers,
                sources=self.sources,
                glossary=glossaries[locale],
                glossary_locale=locale if (self.root / locale / "glossary.toml").exists() else ORIGINAL,
                helplines=helplines[locale],
                locale=locale,
            )
        return Training(courses=courses, versions=self.versions)

    # --- files ---------------------------------------------------------------------------------------------

    def _fault(self, file: _File | str, needle: str, reason: str, place: str = "", line: int = 0) -> None:
        if isinstance(file, str):
            self.faults.append(Fault(file, line, reason, place))
            return
        fault = Fault(file.name, line or file.line(needle, place), reason, place)
        # What a translation has from its original is the original's fault, which was found before.
        had = [one for one in self.faults if (one.file, one.reason, one.place) == (file.original, reason, place)]
        self.faults.append(had[0] if had and not line else fault)

    def _text(self, name: str) -> _File | None:
        try:
            text = (self.root / name).read_text("utf-8-sig").replace("\r\n", "\n")
        except FileNotFoundError:
            self._fault(name, "", "the file is not there")
            return None
        except (UnicodeDecodeError, OSError) as error:
            self._fault(name, "", f"the file cannot be read as UTF-8 text: {error}")
            return None
        file = _File(name, text)
        self.versions[name] = file.version
        return file

    def _parse(self, file: _File, toml: str, offset: int = 0) -> Table | None:
        try:
            return tomllib.loads(toml)
        except tomllib.TOMLDecodeError as error:
            match = re.search(r"\(at line (\d+)", str(error))
            last = toml.rstrip().count("\n") + 1
            self._fault(file, "", f"not TOML: {error}", line=offset + (int(match[1]) if match else last))
            return None

    def _table(self, name: str) -> tuple[_File, Table] | None:
        file = self._text(name)
        if file is None:
            return None
        table = self._parse(file, file.text)
        return None if table is None else (file, table)

    def _front(self, name: str) -> tuple[_File, Table, str, int] | None:
        """A lesson's file, front matter, body, and the lines before the body."""
        file = self._text(name)
        if file is None:
            return None
        match = FRONT.match(file.text)
        if not match:
            self._fault(file, "", "a lesson begins with its front matter between two lines of +++", line=1)
            return None
        table = self._parse(file, match[1], offset=1)
        return None if table is None else (file, table, match[2], file.text.count("\n", 0, match.start(2)))

    def _shared(self, name: str, locale: str) -> tuple[_File, Table] | None:
        """A file that serves all topics, in this language where it is translated."""
        found = self._table(name)
        if found is None:
            return None
        original, table = found
        file, _language, _outdated = self._translation(f"{locale}/{name}", locale, original, table)
        return file, table

    def _title(self, locale: str) -> str:
        found = self._shared("course.toml", locale)
        if found is None:
            return ""
        file, table = found
        title = table.get("title")
        if isinstance(title, str) and title:
            return title
        self._fault(file, "title", "title is missing")
        return ""

    def _locales(self, slugs: list[str]) -> list[str]:
        found = {path.name for path in self.root.iterdir() if path.is_dir() and LOCALE.match(path.name)}
        for slug in slugs:
            for path in sorted((self.root / slug).iterdir()):
                if path.is_dir() and LOCALE.match(path.name) and path.name != ORIGINAL:
                    found.add(path.name)
                elif path.is_dir() and path.name not in ("images", "exercises"):
                    self._fault(f"{slug}/{path.name}", "", "a folder is images, exercises or a language such as de")
        return [ORIGINAL, *sorted(found)]

    def _lesson_files(self, slug: str) -> Iterator[tuple[re.Match[str], Path]]:
        for path in sorted((self.root / slug).glob("*.md")):
            match = LESSON.match(path.name)
            if match:
                yield match, path

    # --- the files beside the topics -----------------------------------------------------------------------

    def _entries(self, name: str, kind: type[T], locale: str = ORIGINAL) -> dict[str, T]:
        found = self._shared(name, locale)
        if found is None:
            return {}
        file, table = found
        entries: dict[str, Any] = {}  # with faulty ones as None: whoever names them is not at fault
        for key, value in table.items():
            place = f"“{key}”"
            if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", key):
                self._fault(file, key, "an id has lower-case letters, digits and hyphens only", place)
            entries[key] = self._build(kind, value, file, place, key)
        return entries

    def _pieces(self, file: _File, table: Table, key: str) -> list[Any]:
        """What stands under `[[key]]`, taken out of its table; nothing, and a fault, where that is no list."""
        pieces = table.pop(key, [])
        if isinstance(pieces, list):
            return pieces
        self._fault(file, key, "must be a list", key)
        return []

    def _helplines(self, locale: str) -> tuple[Helpline, ...]:
        found = self._shared("helplines.toml", locale)
        if found is None:
            return ()
        file, table = found
        lines = self._pieces(file, table, "helpline")
        for key in table:
            self._fault(file, key, f"unknown key “{key}”")
        built = [self._build(Helpline, line, file, f"helpline {n}", "helpline") for n, line in enumerate(lines, 1)]
        return tuple(line for line in built if line)

    def _papers(self, file: _File, table: Table, slugs: list[str]) -> tuple[Paper, ...]:
        built = []
        for value in self._pieces(file, table, "paper"):
            paper = self._build(Paper, value, file, "paper", "paper")
            if paper is None:
                continue
            for asked in (paper.lessons, paper.quizzes):
                if isinstance(asked, str) and asked != "all":
                    self._fault(file, asked, 'write "all" or a list of topics', f"paper “{paper.id}”")
                for slug in asked if isinstance(asked, tuple) else ():
                    if slug not in slugs:
                        self._fault(file, slug, f"there is no topic “{slug}”", f"paper “{paper.id}”")
            built.append(paper)
        for paper_id in _doubles([paper.id for paper in built]):
            self._fault(file, paper_id, f"the id “{paper_id}” stands twice")
        return tuple(built)

    # --- a topic -------------------------------------------------------------------------------------------

    def _module(self, slug: str, number: int, locale: str) -> Module | None:
        found = self._table(f"{slug}/module.toml")
        if found is None:
            return None
        file, table = found
        file, language, outdated = self._translation(f"{slug}/{locale}/module.toml", locale, file, table)
        lessons = self._module_lessons(slug, locale)
        quiz = self._quiz(slug, locale)
        built = self._build(Module, table, file, "", "", given=MADE["module"])
        for place, status in enumerate(built.status if built else (), 1):
            self._sources(file, status.sources, f"status {place}")
        if built is None or quiz is None or None in lessons:
            return None
        whole = tuple(lesson for lesson in lessons if lesson)
        minutes = sum(lesson.minutes for lesson in whole) + quiz.minutes
        if built.minutes != minutes:
            self._fault(file, "minutes", f"minutes says {built.minutes}, but lessons and quiz add up to {minutes}")
        if not whole:
            self._fault(f"{slug}", "", "the topic has no lessons")
        return replace(built, slug=slug, number=number, lessons=whole, quiz=quiz, locale=language, outdated=outdated)

    def _module_lessons(self, slug: str, locale: str) -> list[Lesson | None]:
        names = []
        for path in sorted((self.root / slug).glob("*.md")):
            match = LESSON.match(path.name)
            if match:
                names.append((match[2], path.name))
            else:
                self._fault(f"{slug}/{path.name}", "", "call a lesson NN-name.md, for example 01-first-steps.md")
        for lesson_id in _doubles([lesson_id for lesson_id, _name in names]):
            self._fault(f"{slug}", "", f"two lessons are called “{lesson_id}”")
        if locale != ORIGINAL:
            originals = {name for _id, name in names}
            for path in sorted((self.root / slug / locale).glob("*.md")):
                if path.name not in originals:
                    self._fault(f"{slug}/{locale}/{path.name}", "", "translates no lesson: its name must be the same")
        return [self._lesson(slug, name, number, locale) for number, (_id, name) in enumerate(names, 1)]

    def _lesson(self, slug: str, name: str, number: int, locale: str) -> Lesson | None:
        found = self._front(f"{slug}/{name}")
        if found is None:
            return None
        file, table, body, before = found
        version = file.version
        language, outdated = ORIGINAL, False
        if locale != ORIGINAL and (self.root / slug / locale / name).exists():
            translated = self._front(f"{slug}/{locale}/{name}")
            if translated is None:
                return None
            foreign, own, body, before = translated
            language, outdated = self._overlay_checked(foreign, own, file, table, locale)
            file = foreign
        check = table.get("check")
        if isinstance(check, dict):
            table["check"] = {"id": "check"} | check
        lesson = self._build(Lesson, table, file, "", "", given=MADE["lesson"])
        listed = table.get("sources")
        sources = [source for source in listed if isinstance(source, str)] if isinstance(listed, list) else []
        self._sources(file, sources, "sources")
        if listed == []:
            self._fault(file, "sources", "a lesson without sources")
        shelf = Shelf(sources, self.sources, self.glossary, self.lessons, self.root / slug / "images")
        prose = render(body, shelf, self.translator(language))
        for line, reason in prose.faults:
            self._fault(file, "", reason, line=line + before)
        for source in sources:
            if source in self.sources and source not in prose.cited:
                self._fault(file, source, f"the source “{source}” is listed but never cited in the text")
        if language == ORIGINAL and prose.words not in WORDS:
            reason = f"the body has {prose.words} words; a lesson has {WORDS[0]} to {WORDS[-1]}"
            self._fault(file, "", reason, line=before + 1)
        if lesson is None:
            return None
        match = LESSON.match(name)
        return replace(
            lesson, id=match[2] if match else name, number=number, body=prose.html, words=prose.words,
            version=version, locale=language, outdated=outdated,
        )  # fmt: skip

    def _quiz(self, slug: str, locale: str) -> Quiz | None:
        name = f"{slug}/quiz.toml"
        found = self._table(name)
        if found is None:
            return None
        file, table = found
        version = file.version
        file, language, outdated = self._translation(f"{slug}/{locale}/quiz.toml", locale, file, table)
        asked = self._pieces(file, table, "question")
        if not asked:
            self._fault(file, "", "question is missing")
        questions = []
        for number, one in enumerate(asked, 1):
            place = _named("question", one, number)
            questions.append(self._piece(list(KINDS.values()), one, file, place))
            self._belongs(file, one if isinstance(one, dict) else {}, slug, place)
        for question_id in _doubles([str(one["id"]) for one in asked if isinstance(one, dict) and "id" in one]):
            self._fault(file, question_id, f"the id “{question_id}” stands twice")
        quiz = self._build(Quiz, table, file, "", "", given=MADE["quiz"])
        if quiz is None:
            return None
        if len(asked) < quiz.draw:
            self._fault(file, "draw", f"draw is {quiz.draw}, but there are only {len(asked)} questions")
        return replace(quiz, questions=tuple(questions), version=version, locale=language, outdated=outdated)

    def _belongs(self, file: _File, question: Table, slug: str, place: str) -> None:
        """What a question of a quiz points at: its lesson and its sources."""
        lesson, sources = question.get("lesson"), question.get("sources")
        needle = str(question.get("id", ""))
        if not lesson:
            self._fault(file, needle, "lesson is missing", place)
        elif f"{slug}/{lesson}" not in self.lessons:
            self._fault(file, needle, f"there is no lesson “{lesson}” in this topic", place)
        if not sources:
            self._fault(file, needle, "a question without sources", place)
        self._sources(file, sources, place)

    def _sources(self, file: _File, ids: Any, place: str) -> None:
        for source in ids if isinstance(ids, list | tuple) else ():
            if isinstance(source, str) and source not in self.sources:
                self._fault(file, source, f"the source “{source}” is not in sources.toml", place)

    # --- events ----------------------------------------------------------------------------------------------

    def _events(self) -> None:
        """The events that ship with the material; no two may have the same name in the address."""
        names = sorted(path.relative_to(self.root).as_posix() for path in self.root.glob("events/*.toml"))
        slugs: dict[str, str] = {}
        for name in names:
            event = self.event(name)
            if event is not None and slugs.setdefault(event.slug, name) != name:
                self._fault(name, "slug", f"{slugs[event.slug]} has the slug “{event.slug}” too")

    def event(self, name: str) -> EventFile | None:
        """One event's file."""
        found = self._table(name)
        if found is None:
            return None
        file, table = found
        event = self._build(EventFile, table, file, "", "")
        for needle, place, reason in unfit(event) if event else ():
            self._fault(file, needle, reason, place)
        return event

    # --- translations --------------------------------------------------------------------------------------

    def _translation(self, name: str, locale: str, original: _File, table: Table) -> tuple[_File, str, bool]:
        """Lay a translated TOML file over the original's table; the file read, its language, whether it is outdated."""
        if locale == ORIGINAL or not (self.root / name).exists():
            return original, ORIGINAL, False
        found = self._table(name)
        if found is None:
            return original, ORIGINAL, False
        file, own = found
        return file, *self._overlay_checked(file, own, original, table, locale)

    def _overlay_checked(self, file: _File, own: Table, original: _File, table: Table, locale: str) -> tuple[str, bool]:
        source = own.pop("source", None)
        if not isinstance(source, str):
            self._fault(
                file, "source", f'a translation names what it was made from: source = "{original.version}" today'
            )
        outdated = source != original.version
        for needle, place, reason in _overlay(table, own, "", outdated):
            self._fault(file, needle, reason, place)
        return locale, outdated

    # --- building ------------------------------------------------------------------------------------------

    def _build(
        self,
        kind: type[T],
        value: Any,
        file: _File,
        place: str,
        needle: str,
        given: set[str] = frozenset(),  # type: ignore[assignment]
    ) -> T | None:
        """A value of `kind` made from a table, or None with a fault for each key that is wrong.

        Keys in `given` are filled in by the loader and no author writes them.
        """
        if not isinstance(value, dict):
            self._fault(file, needle, "must be a table of keys and values", place)
            return None
        before = len(self.faults)
        known = {f.encode_name: f for f in fields(kind) if f.name not in given}
        hints = get_type_hints(kind, include_extras=True)
        tag = kind.__struct_config__.tag_field
        for key in sorted(set(value) - set(known) - ({tag} if tag else set())):
            self._fault(file, key, f"unknown key “{key}”; known are {', '.join(sorted(known))}", place)
        made: dict[str, Any] = {}
        for name, f in known.items():
            if name in value:
                inner = f"{place}, {name}" if place else name
                made[f.name] = self._convert(
                    hints[f.name], value[name], file, inner, name if name in file.text else needle
                )
            elif f.required:
                self._fault(file, needle, f"{name} is missing", place)
        for name in given & {f.name for f in fields(kind) if f.required}:
            made[name] = None
        if len(self.faults) > before:
            return None
        piece = kind(**made)
        if isinstance(piece, Question):
            self.questions.append((file, piece, place))
        return piece

    def _convert(self, hint: Any, value: Any, file: _File, place: str, needle: str) -> Any:
        """A value of the type `hint`; None with a fault where it is another."""
        pieces = _pieces_of(hint)
        if pieces and get_origin(hint) is tuple:
            if not isinstance(value, list):
                self._fault(file, needle, "must be a list", place)
                return None
            return tuple(self._piece(pieces, item, file, _named(place, item, n)) for n, item in enumerate(value, 1))
        elif pieces:
            return self._piece(pieces, value, file, place)
        try:
            return msgspec.convert(value, hint)
        except msgspec.ValidationError as error:
            self._fault(file, needle, _plain(str(error)), place)
            return None

    def _piece(self, kinds: list[Any], value: Any, file: _File, place: str) -> Any:
        kind = kinds[0]
        needle = value.get("id", "") if isinstance(value, dict) else ""
        if len(kinds) > 1:
            tags = {str(k.__struct_config__.tag): k for k in kinds}
            name = value.get("kind") if isinstance(value, dict) else None
            if name not in tags:
                self._fault(file, str(needle), f"kind is one of {', '.join(tags)}", place)
                return None
            kind = tags[name]
        return self._build(kind, value, file, place, str(needle) if isinstance(needle, str) else "")


def _pieces_of(hint: Any) -> list[Any]:
    """The Struct classes a type holds: of the class itself, of a union, of a tuple of either."""
    origin = get_origin(hint)
    if origin is tuple:
        return _pieces_of(get_args(hint)[0])
    if origin in (Union, UnionType):
        return [kind for arg in get_args(hint) for kind in _pieces_of(arg)]
    if isinstance(hint, type) and issubclass(hint, Struct):
        return [hint]
    return []


def _named(place: str, item: Any, number: int) -> str:
    """How a piece of a list is called: by its id, else by its number."""
    kind = {"question": "question", "options": "option", "parts": "part", "steps": "step", "pairs": "pair"}
    base, _comma, last = place.rpartition(", ")
    word = kind.get(last, last)
    name = f"“{item['id']}”" if isinstance(item, dict) and isinstance(item.get("id"), str) else str(number)
    return f"{base}, {word} {name}" if base else f"{word} {name}"


def _plain(message: str) -> str:
    """A type error in an author's words."""
    message = re.sub(r" - at `\$(.*?)`$", r"", message)
    if "matching regex" in message:
        return "an id has lower-case letters, digits and hyphens only"
    if "RFC3339" in message:
        return "expected a date such as 2026-11-21, without quotation marks"
    names = {"`str`": "text", "`int`": "a whole number", "`float`": "a number", "`bool`": "true or false",
             "`array`": "a list", "`object`": "a table", "`date`": "a date", "`null`": "nothing",
             "`datetime`": "a date with a time, such as 2026-11-21T09:00:00"}  # fmt: skip
    for code, word in names.items():
        message = message.replace(code, word)
    return message[0].lower() + message[1:]


def _doubles(ids: list[str]) -> list[str]:
    return sorted({one for one in ids if ids.count(one) > 1})


def _unfit(question: Question) -> Iterator[str]:
    """Why a question of its kind cannot be asked."""
    if isinstance(question, Single | Multiple):
        right = sum(option.right for option in question.options)
        if right == 0:
            yield "no option is right"
        if isinstance(question, Single) and right > 1:
            yield f"{right} options are right; a question of kind single has one"
        if right == len(question.options):
            yield "every option is right"
        yield from _twice("option", [option.id for option in question.options])
    if isinstance(question, Matching):
        if len(question.pairs) < 2:
            yield "a matching question has two pairs or more"
        yield from _twice("pair", [pair.id for pair in question.pairs] + [decoy.id for decoy in question.decoys])
        for text in _doubles([pair.right for pair in question.pairs] + [decoy.text for decoy in question.decoys]):
            yield f"“{text}” stands twice on the right: nobody could tell them apart"
    if isinstance(question, Ordering):
        if len(question.steps) < 2:
            yield "an ordering question has two steps or more"
        yield from _twice("step", [step.id for step in question.steps])
    if isinstance(question, Numeric) and question.units and question.unit not in question.units:
        yield f"units must hold the unit the answer is in: {question.unit or '(none)'}"
    if isinstance(question, Numeric):
        numbers = (question.answer, question.tolerance, *question.units.values(), *(one.value for one in question.near))
        if not all(map(isfinite, numbers)):
            yield "answer, tolerance, units and near are finite numbers"
    pieces = max((len(getattr(question, name, ())) for name in ("options", "pairs", "decoys", "steps")), default=0)
    if pieces > MOST:
        yield f"more than {MOST} pieces: nobody can keep them in mind"
    if isinstance(question, Scenario):
        if not question.parts:
            yield "a scenario has one part or more"
        yield from _twice("part", [part.id for part in question.parts])


def _twice(word: str, ids: list[str]) -> Iterator[str]:
    for one in _doubles(ids):
        yield f"the {word} id “{one}” stands twice"


def _overlay(original: Table, own: Mapping[str, Any], place: str, outdated: bool) -> Iterator[tuple[str, str, str]]:
    """Lay translated texts over `original`, in place; yields (needle, place, reason) for what does not fit.

    A question that is newer than an outdated translation stands in English and is no fault.
    """
    for key, value in own.items():
        here = f"{place}, {key}" if place else key
        if key not in original:
            yield key, place, f"“{key}” is not in the original"
            continue
        was = original[key]
        if isinstance(was, dict) and isinstance(value, dict) and key != "units":
            yield from _overlay(was, value, here, outdated)
        elif _listed(was) and _listed(value):
            yield from _overlay_list(was, value, here, outdated)
        elif key in STRUCTURE or isinstance(was, bool | int | float):
            if value != was:
                yield key, place, f"{key} differs from the original: {value!r} here, {was!r} there"
        else:
            original[key] = value
    for key, was in original.items():
        if place and key not in own and key not in STRUCTURE and isinstance(was, str):
            yield str(own.get("id", key)), place, f"{key} is not translated"


def _listed(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _overlay_list(was: list[Table], own: list[Table], place: str, outdated: bool) -> Iterator[tuple[str, str, str]]:
    """Pieces with ids are matched by id, others by position; both sides must have the same."""
    if all("id" in item for item in was):
        ours = {str(item.get("id")): item for item in own}
        theirs = {str(item["id"]): item for item in was}
        for twice in _doubles([str(item.get("id")) for item in own]):
            yield twice, place, f"“{twice}” stands twice"
        for missing in [name for name in theirs if name not in ours and not (outdated and place == "question")]:
            yield "", place, f"“{missing}” is not translated"
        for extra in [name for name in ours if name not in theirs]:
            yield extra, place, f"“{extra}” is not in the original"
        for name in theirs.keys() & ours.keys():
            yield from _overlay(theirs[name], ours[name], _named(place, theirs[name], 0), outdated)
        return
    if len(was) != len(own):
        yield "", place, f"{len(own)} here, {len(was)} in the original"
        return
    for number, (theirs_, ours_) in enumerate(zip(was, own, strict=True), 1):
        yield from _overlay(theirs_, ours_, f"{place} {number}", outdated)


def _languages(slug: str, modules: Mapping[str, list[Module | None]]) -> tuple[str, ...]:
    """The languages in which at least one lesson of a topic can be read, the original first."""
    return tuple(
        locale
        for locale, course in modules.items()
        if any(
            lesson.locale == locale
            for module in course
            if module is not None and module.slug == slug
            for lesson in module.lessons
        )
    )
