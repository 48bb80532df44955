"""What the training material is: frozen values, one class per thing an author writes.

Every class forbids unknown keys. Texts are plain strings in which `*emphasis*` is allowed; a lesson's body is
HTML made from Markdown at boot. Ids are never reused, because answers are kept by id.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from lms.content.exercises import Exercise
from lms.content.values import Id, Minutes, Percent, Positive, Text, Texts, Value


def _(message: str) -> str:
    """Mark a string for translation; whoever shows it translates it, into the reader's language."""
    return message


class Option(Value, kw_only=True, frozen=True):
    """One thing to choose; its feedback says why it is right or wrong."""

    id: Id
    text: Text
    feedback: Text
    right: bool = False


class Pair(Value, kw_only=True, frozen=True):
    """Two things that belong together."""

    id: Id
    left: Text
    right: Text
    feedback: Text


class Decoy(Value, kw_only=True, frozen=True):
    """A right-hand thing that belongs to nothing."""

    id: Id
    text: Text
    feedback: Text


class Step(Value, kw_only=True, frozen=True):
    """One step of an order; the file lists steps in the right order."""

    id: Id
    text: Text
    feedback: Text


class NearNumber(Value, kw_only=True, frozen=True):
    """A wrong number that many people give, and why it is wrong."""

    value: float
    feedback: Text


class NearWord(Value, kw_only=True, frozen=True):
    """A wrong word that many people give, and why it is wrong."""

    value: Text
    feedback: Text


class Verdicts(Value, kw_only=True, frozen=True):
    """What is said to someone who chose “true”, and to someone who chose “false”."""

    when_true: Text = field(name="true")
    when_false: Text = field(name="false")


class Question(Value, tag_field="kind", kw_only=True, frozen=True):
    """What every kind of question has; `lesson` and `sources` are empty in a part of a scenario."""

    id: Id
    text: Text
    explanation: Text
    lesson: str = ""
    sources: tuple[Id, ...] = ()

    @property
    def kind(self) -> str:
        return str(self.__struct_config__.tag)


class Single(Question, tag="single", kw_only=True, frozen=True):
    """Exactly one option is right."""

    options: tuple[Option, ...]


class Multiple(Question, tag="multiple", kw_only=True, frozen=True):
    """Every right option is to be chosen and no wrong one."""

    options: tuple[Option, ...]


class TrueFalse(Question, tag="true-false", kw_only=True, frozen=True):
    """A sentence that is true or false."""

    answer: bool
    feedback: Verdicts

    @property
    def options(self) -> tuple[Option, ...]:
        return (
            Option(id="true", text=_("True"), feedback=self.feedback.when_true, right=self.answer),
            Option(id="false", text=_("False"), feedback=self.feedback.when_false, right=not self.answer),
        )


class Numeric(Question, tag="numeric", kw_only=True, frozen=True):
    """A number, off by `tolerance` at most; `units` gives each unit's size in the first one."""

    answer: float
    tolerance: Annotated[float, Meta(ge=0)] = 0.0
    unit: str = ""
    units: dict[str, Annotated[float, Meta(gt=0)]] = {}
    near: tuple[NearNumber, ...] = ()
    feedback: Text


class Short(Question, tag="short", kw_only=True, frozen=True):
    """A word or a few; case, accents and spaces are folded before comparing."""

    accept: Texts
    near: tuple[NearWord, ...] = ()
    feedback: Text


class Matching(Question, tag="matching", kw_only=True, frozen=True):
    """Each left-hand thing gets one right-hand thing."""

    pairs: tuple[Pair, ...]
    decoys: tuple[Decoy, ...] = ()


class Ordering(Question, tag="ordering", kw_only=True, frozen=True):
    """Steps to be put in order."""

    steps: tuple[Step, ...]


ChoiceQuestion = Single | Multiple | TrueFalse
SimpleQuestion = Single | Multiple | TrueFalse | Numeric | Short | Matching | Ordering


class Scenario(Question, tag="scenario", kw_only=True, frozen=True):
    """A situation with several questions, each an equal share of its mark."""

    parts: tuple[SimpleQuestion, ...]


AnyQuestion = SimpleQuestion | Scenario
KINDS: dict[str, type[AnyQuestion]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (Single, Multiple, TrueFalse, Numeric, Short, Matching, Ordering, Scenario)
}


class Quiz(Value, kw_only=True, frozen=True):
    """A topic's questions; None in a limit means there is none. Times are minutes."""

    pass_mark: Percent
    draw: Positive
    minutes: Minutes
    attempts: Positive | None = None
    wait_minutes: Positive | None = None
    time_limit: Positive | None = None
    questions: tuple[AnyQuestion, ...] = field(name="question")
    version: str = ""
    locale: str = "en"
    outdated: bool = False


class Status(Value, kw_only=True, frozen=True):
    """Where a law stood on the day it was checked."""

    instrument: Text
    position: Text
    sources: tuple[Id, ...] = ()


class Source(Value, kw_only=True, frozen=True):
    """Where a fact stands; `where` is the place in it or its number."""

    title: Text
    publisher: Text
    where: str = ""
    url: str = ""


class Term(Value, kw_only=True, frozen=True):
    """A glossary entry."""

    term: Text
    means: Text
    also: tuple[Text, ...] = ()


class Helpline(Value, kw_only=True, frozen=True):
    """A number to call; it is left out where it is known not to answer."""

    number: Text
    serves: Text
    absent: tuple[Text, ...] = ()


class Lesson(Value, kw_only=True, frozen=True):
    """A lesson; `body` is HTML, `version` changes with its file, `locale` is the language it is written in."""

    title: Text
    lead: Text
    minutes: Minutes
    sources: tuple[Id, ...]
    checked: date
    key_points: Texts
    check: ChoiceQuestion
    short: str = ""
    content_note: str = ""
    review: tuple[Text, ...] = ()
    id: str = ""
    number: int = 0
    body: str = ""
    words: int = 0
    version: str = ""
    locale: str = "en"
    outdated: bool = False


class Module(Value, kw_only=True, frozen=True):
    """One national training topic."""

    title: Text
    summary: Text
    objectives: Texts
    minutes: Minutes
    law: Text
    checked: date
    status: tuple[Status, ...] = ()
    slug: str = ""
    number: int = 0
    lessons: tuple[Lesson, ...] = ()
    quiz: Quiz
    exercises: tuple[Exercise, ...] = ()
    locale: str = "en"
    outdated: bool = False
    languages: tuple[str, ...] = ("en",)

    def lesson(self, lesson_id: str) -> Lesson | None:
        return next((lesson for lesson in self.lessons if lesson.id == lesson_id), None)

    def exercise(self, exercise_id: str) -> Exercise | None:
        return next((exercise for exercise in self.exercises if exercise.id == exercise_id), None)


class PaperKind(StrEnum):
    """What a paper certifies: that someone was at an event, or that they completed the course."""

    ATTENDANCE = "attendance"
    COMPLETION = "completion"


class Paper(Value, kw_only=True, frozen=True):
    """A certificate and what it asks.

    `lessons` and `quizzes` are ids of topics, or "all". `half_days` are so many, `over` one event, all events
    together, or the events named; a paper of attendance is of each event by itself, and asks nothing else.
    `exercises` are so many different ones taken part in, wherever they were played.
    """

    id: Id
    kind: PaperKind
    title: Text
    lessons: tuple[Id, ...] | str = ()
    quizzes: tuple[Id, ...] | str = ()
    half_days: Annotated[int, Meta(ge=0, le=100)] = 0
    over: tuple[Id, ...] | str = "one"
    exercises: Annotated[int, Meta(ge=0, le=100)] = 0


class Course(Value, kw_only=True, frozen=True):
    """The whole training in one language; what is not translated stands in English and says so."""

    title: Text
    modules: tuple[Module, ...]
    papers: tuple[Paper, ...]
    sources: dict[str, Source]
    glossary: dict[str, Term]
    helplines: tuple[Helpline, ...]
    glossary_locale: str = "en"
    locale: str = "en"

    def module(self, slug: str) -> Module | None:
        return next((module for module in self.modules if module.slug == slug), None)

    def paper(self, paper_id: str) -> Paper | None:
        return next((paper for paper in self.papers if paper.id == paper_id), None)

    def papers_of(self, kind: PaperKind) -> tuple[Paper, ...]:
        return tuple(paper for paper in self.papers if paper.kind is kind)
