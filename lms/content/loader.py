"""How the training material is read: a whole tree at once, with every fault and its place."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from lms.content.askable import unaskable
from lms.content.events import EventFile, unfit
from lms.content.exercise_files import ExerciseFiles
from lms.content.files import ORIGINAL, Fault, File, Reader, T, Table
from lms.content.material import (
    KINDS,
    Course,
    Helpline,
    Lesson,
    Module,
    Paper,
    PaperKind,
    Question,
    Quiz,
    Source,
    Term,
)
from lms.content.prose import Shelf, render
from lms.content.translating import doubles, named

LOCALE = re.compile(r"^[a-z]{2}$")
LESSON = re.compile(r"^(\d\d)-([a-z0-9]+(?:-[a-z0-9]+)*)\.md$")
FRONT = re.compile(r"\A\+\+\+\n(.*?)\n\+\+\+\n(.*)\Z", re.S)
WORDS = range(600, 1201)
# What the loader fills in, and no author writes.
MADE = {
    "module": {"slug", "number", "lessons", "quiz", "exercises", "locale", "outdated", "languages"},
    "lesson": {"id", "number", "body", "words", "version", "locale", "outdated"},
    "quiz": {"questions", "version", "locale", "outdated"},
}


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


class _Tree(Reader):
    """Reads the whole tree once."""

    def __init__(self, root: Path, translator: Callable[[str], Callable[[str], str]]) -> None:
        super().__init__(root)
        self.translator = translator
        self.exercises = ExerciseFiles(self)
        self.glossary: dict[str, Term] = {}
        self.lessons: set[str] = set()

    def read(self) -> Training | None:
        course = self.table("course.toml")
        if course is None:
            return None
        file, table = course
        slugs = table.pop("modules", None)
        if not isinstance(slugs, list) or not all(isinstance(slug, str) for slug in slugs) or not slugs:
            self.fault(file, "modules", "modules must list the topics' folders in order")
            return None
        self.sources = self._entries("sources.toml", Source)
        self.glossary = self._entries("glossary.toml", Term)
        for slug in doubles(slugs):
            self.fault(file, slug, f"the topic “{slug}” is listed twice")
        for slug in slugs:
            if not (self.root / slug).is_dir():
                self.fault(file, slug, f"there is no folder “{slug}”")
        slugs = [slug for slug in dict.fromkeys(slugs) if (self.root / slug).is_dir()]
        self.lessons = {f"{slug}/{lesson[2]}" for slug in slugs for lesson, _path in self._lesson_files(slug)}
        locales = self._locales(slugs)
        asked = self._papers(file, table, slugs)
        for key in set(table) - {"title"}:
            self.fault(file, key, f"unknown key “{key}”")
        titles = {locale: self._title(locale) for locale in locales}
        papers = {locale: self._translated_papers(locale, asked) for locale in locales}
        glossaries = {locale: self._entries("glossary.toml", Term, locale) for locale in locales}
        helplines = {locale: self._helplines(locale) for locale in locales}
        modules = {
            locale: [self._module(slug, number, locale) for number, slug in enumerate(slugs, 1)] for locale in locales
        }
        self._has_as_many_exercises(file, asked, modules[ORIGINAL])
        for asked_in, question, place in self.built:
            if isinstance(question, Question):
                for reason in unaskable(question):
                    self.fault(asked_in, question.id, reason, place)
        self._events()
        if self.faults:
            return None
        courses = {}
        for locale in locales:
            whole = tuple(module for module in modules[locale] if module)
            courses[locale] = Course(
                title=titles[locale],
                modules=tuple(replace(module, languages=_languages(module.slug, modules)) for module in whole),
                papers=papers[locale],
                sources=self.sources,
                glossary=glossaries[locale],
                glossary_locale=locale if (self.root / locale / "glossary.toml").exists() else ORIGINAL,
                helplines=helplines[locale],
                locale=locale,
            )
        return Training(courses=courses, versions=self.versions)

    # --- files ---------------------------------------------------------------------------------------------

    def _front(self, name: str) -> tuple[File, Table, str, int] | None:
        """A lesson's file, front matter, body, and the lines before the body."""
        file = self.text(name)
        if file is None:
            return None
        match = FRONT.match(file.text)
        if not match:
            self.fault(file, "", "a lesson begins with its front matter between two lines of +++", line=1)
            return None
        table = self.parse(file, match[1], offset=1)
        return None if table is None else (file, table, match[2], file.text.count("\n", 0, match.start(2)))

    def _shared(self, name: str, locale: str) -> tuple[File, Table] | None:
        """A file that serves all topics, in this language where it is translated."""
        found = self.table(name)
        if found is None:
            return None
        original, table = found
        file, _language, _outdated = self.translation(f"{locale}/{name}", locale, original, table)
        return file, table

    def _title(self, locale: str) -> str:
        found = self._shared("course.toml", locale)
        if found is None:
            return ""
        file, table = found
        title = table.get("title")
        if isinstance(title, str) and title:
            return title
        self.fault(file, "title", "title is missing")
        return ""

    def _translated_papers(self, locale: str, papers: tuple[Paper, ...]) -> tuple[Paper, ...]:
        """The papers with their titles in this language; what they ask is the same in every language."""
        found = self._shared("course.toml", locale)
        pieces = found[1].get("paper") if found else None
        titles = {one.get("id"): one.get("title") for one in pieces} if isinstance(pieces, list) else {}
        return tuple(replace(paper, title=titles.get(paper.id) or paper.title) for paper in papers)

    def _locales(self, slugs: list[str]) -> list[str]:
        found = {path.name for path in self.root.iterdir() if path.is_dir() and LOCALE.match(path.name)}
        for slug in slugs:
            for path in sorted((self.root / slug).iterdir()):
                if path.is_dir() and LOCALE.match(path.name) and path.name != ORIGINAL:
                    found.add(path.name)
                elif path.is_dir() and path.name not in ("images", "exercises"):
                    self.fault(f"{slug}/{path.name}", "", "a folder is images, exercises or a language such as de")
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
                self.fault(file, key, "an id has lower-case letters, digits and hyphens only", place)
            entries[key] = self.build(kind, value, file, place, key)
        return entries

    def _helplines(self, locale: str) -> tuple[Helpline, ...]:
        found = self._shared("helplines.toml", locale)
        if found is None:
            return ()
        file, table = found
        lines = self.pieces(file, table, "helpline")
        for key in table:
            self.fault(file, key, f"unknown key “{key}”")
        built = [self.build(Helpline, line, file, f"helpline {n}", "helpline") for n, line in enumerate(lines, 1)]
        return tuple(line for line in built if line)

    def _papers(self, file: File, table: Table, slugs: list[str]) -> tuple[Paper, ...]:
        built = []
        for value in self.pieces(file, table, "paper"):
            paper = self.build(Paper, value, file, "paper", "paper")
            if paper is None:
                continue
            where = f"paper “{paper.id}”"
            for asked in (paper.lessons, paper.quizzes):
                if isinstance(asked, str) and asked != "all":
                    self.fault(file, asked, 'write "all" or a list of topics', where)
                for slug in asked if isinstance(asked, tuple) else ():
                    if slug not in slugs:
                        self.fault(file, slug, f"there is no topic “{slug}”", where)
            if paper.over not in ("one", "all") and (isinstance(paper.over, str) or not paper.over):
                self.fault(file, "over", 'write "one", "all" or a list of events', where)
            self._asks_what_it_may(file, paper, where)
            built.append(paper)
        for paper_id in doubles([paper.id for paper in built]):
            self.fault(file, paper_id, f"the id “{paper_id}” stands twice")
        return tuple(built)

    def _asks_what_it_may(self, file: File, paper: Paper, where: str) -> None:
        """A paper of attendance is of an event alone; a paper of completion asks for something."""
        if paper.kind is PaperKind.COMPLETION:
            if not (paper.lessons or paper.quizzes or paper.half_days or paper.exercises):
                self.fault(file, paper.id, "asks for nothing: name lessons, quizzes, half_days or exercises", where)
            return
        if not paper.half_days:
            self.fault(file, paper.id, "say how many half_days it asks", where)
        for key, asked in (("lessons", paper.lessons), ("quizzes", paper.quizzes), ("exercises", paper.exercises)):
            if asked:
                self.fault(file, key, "a paper of attendance is of an event alone: leave this to completion", where)
        if paper.over != "one":
            self.fault(file, "over", "a paper of attendance is always of one event: leave this out", where)

    def _has_as_many_exercises(self, file: File, papers: Iterable[Paper], modules: Iterable[Module | None]) -> None:
        there = sum(exercise.counts for module in modules if module for exercise in module.exercises)
        for paper in papers:
            if paper.exercises > there:
                reason = f"asks {paper.exercises} exercises, but the course has {there} that count"
                self.fault(file, "exercises", reason, f"paper “{paper.id}”")

    # --- a topic -------------------------------------------------------------------------------------------

    def _module(self, slug: str, number: int, locale: str) -> Module | None:
        found = self.table(f"{slug}/module.toml")
        if found is None:
            return None
        file, table = found
        file, language, outdated = self.translation(f"{slug}/{locale}/module.toml", locale, file, table)
        lessons = self._module_lessons(slug, locale)
        quiz = self._quiz(slug, locale)
        exercises = self.exercises.of(slug, locale)
        built = self.build(Module, table, file, "", "", given=MADE["module"])
        for place, status in enumerate(built.status if built else (), 1):
            self.check_sources(file, status.sources, f"status {place}")
        if built is None or quiz is None or None in lessons:
            return None
        whole = tuple(lesson for lesson in lessons if lesson)
        minutes = sum(lesson.minutes for lesson in whole) + quiz.minutes
        if built.minutes != minutes:
            self.fault(file, "minutes", f"minutes says {built.minutes}, but lessons and quiz add up to {minutes}")
        if not whole:
            self.fault(f"{slug}", "", "the topic has no lessons")
        return replace(
            built, slug=slug, number=number, lessons=whole, quiz=quiz, exercises=exercises, locale=language,
            outdated=outdated,
        )  # fmt: skip

    def _module_lessons(self, slug: str, locale: str) -> list[Lesson | None]:
        names = []
        for path in sorted((self.root / slug).glob("*.md")):
            match = LESSON.match(path.name)
            if match:
                names.append((match[2], path.name))
            else:
                self.fault(f"{slug}/{path.name}", "", "call a lesson NN-name.md, for example 01-first-steps.md")
        for lesson_id in doubles([lesson_id for lesson_id, _name in names]):
            self.fault(f"{slug}", "", f"two lessons are called “{lesson_id}”")
        if locale != ORIGINAL:
            originals = {name for _id, name in names}
            for path in sorted((self.root / slug / locale).glob("*.md")):
                if path.name not in originals:
                    self.fault(f"{slug}/{locale}/{path.name}", "", "translates no lesson: its name must be the same")
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
            language, outdated = self.overlay(foreign, own, file, table, locale)
            file = foreign
        check = table.get("check")
        if isinstance(check, dict):
            table["check"] = {"id": "check"} | check
        lesson = self.build(Lesson, table, file, "", "", given=MADE["lesson"])
        listed = table.get("sources")
        sources = [source for source in listed if isinstance(source, str)] if isinstance(listed, list) else []
        self.check_sources(file, sources, "sources")
        if listed == []:
            self.fault(file, "sources", "a lesson without sources")
        shelf = Shelf(sources, self.sources, self.glossary, self.lessons, self.root / slug / "images")
        prose = render(body, shelf, self.translator(language))
        for line, reason in prose.faults:
            self.fault(file, "", reason, line=line + before)
        for source in sources:
            if source in self.sources and source not in prose.cited:
                self.fault(file, source, f"the source “{source}” is listed but never cited in the text")
        if language == ORIGINAL and prose.words not in WORDS:
            reason = f"the body has {prose.words} words; a lesson has {WORDS[0]} to {WORDS[-1]}"
            self.fault(file, "", reason, line=before + 1)
        if lesson is None:
            return None
        match = LESSON.match(name)
        return replace(
            lesson, id=match[2] if match else name, number=number, body=prose.html, words=prose.words,
            version=version, locale=language, outdated=outdated,
        )  # fmt: skip

    def _quiz(self, slug: str, locale: str) -> Quiz | None:
        name = f"{slug}/quiz.toml"
        found = self.table(name)
        if found is None:
            return None
        file, table = found
        version = file.version
        file, language, outdated = self.translation(f"{slug}/{locale}/quiz.toml", locale, file, table)
        asked = self.pieces(file, table, "question")
        if not asked:
            self.fault(file, "", "question is missing")
        questions = []
        for number, one in enumerate(asked, 1):
            place = named("question", one, number)
            questions.append(self.piece(list(KINDS.values()), one, file, place))
            self._belongs(file, one if isinstance(one, dict) else {}, slug, place)
        for question_id in doubles([str(one["id"]) for one in asked if isinstance(one, dict) and "id" in one]):
            self.fault(file, question_id, f"the id “{question_id}” stands twice")
        quiz = self.build(Quiz, table, file, "", "", given=MADE["quiz"])
        if quiz is None:
            return None
        if len(asked) < quiz.draw:
            self.fault(file, "draw", f"draw is {quiz.draw}, but there are only {len(asked)} questions")
        return replace(quiz, questions=tuple(questions), version=version, locale=language, outdated=outdated)

    def _belongs(self, file: File, question: Table, slug: str, place: str) -> None:
        """What a question of a quiz points at: its lesson and its sources."""
        lesson, sources = question.get("lesson"), question.get("sources")
        needle = str(question.get("id", ""))
        if not lesson:
            self.fault(file, needle, "lesson is missing", place)
        elif f"{slug}/{lesson}" not in self.lessons:
            self.fault(file, needle, f"there is no lesson “{lesson}” in this topic", place)
        if not sources:
            self.fault(file, needle, "a question without sources", place)
        self.check_sources(file, sources, place)

    # --- events ----------------------------------------------------------------------------------------------

    def _events(self) -> None:
        """The events that ship with the material; no two may have the same name in the address."""
        names = sorted(path.relative_to(self.root).as_posix() for path in self.root.glob("events/*.toml"))
        slugs: dict[str, str] = {}
        for name in names:
            event = self.event(name)
            if event is not None and slugs.setdefault(event.slug, name) != name:
                self.fault(name, "slug", f"{slugs[event.slug]} has the slug “{event.slug}” too")

    def event(self, name: str) -> EventFile | None:
        """One event's file."""
        found = self.table(name)
        if found is None:
            return None
        file, table = found
        event = self.build(EventFile, table, file, "", "")
        for needle, place, reason in unfit(event) if event else ():
            self.fault(file, needle, reason, place)
        return event


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
