"""What a certificate states: frozen when it is issued, kept beside the file, attached to it as JSON.

A statement holds no name: the name stands beside it in the record, so that whoever checks a number never loads it.
Times are aware; a text in several languages is a dict by language code that always has "en".
"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

Words = dict[str, str]


class HalfDay(Struct, frozen=True):
    """A half-day of an event as it was: minutes present within the programme, and whether it counts."""

    starts_at: datetime
    ends_at: datetime
    title: str
    minutes: int
    counts: bool


class Event(Struct, frozen=True):
    """An event that the paper counts on; `sample` says that its programme is not the real one."""

    slug: str
    title: str
    city: str
    country: str
    venue: str
    timezone: str
    half_days: tuple[HalfDay, ...]
    sample: bool = False

    @property
    def minutes(self) -> int:
        return sum(half_day.minutes for half_day in self.half_days)

    @property
    def counted(self) -> int:
        """How many half-days count."""
        return sum(half_day.counts for half_day in self.half_days)


class Topic(Struct, frozen=True):
    """A topic that the paper asked: lessons read by when, the quiz passed when, how, and with which pass mark (%).

    `read_on` and `passed_on` are None where the paper did not ask for it.
    """

    slug: str
    number: int
    title: Words
    minutes: int
    lessons: int = 0
    read_on: date | None = None
    points: float = 0.0
    out_of: int = 0
    pass_mark: int = 0
    passed_on: date | None = None


class Exercise(Struct, frozen=True):
    """A live exercise that someone took part in: `id` is `slug/id`, `day` the first on which they did."""

    id: str
    title: Words
    day: date


class Asked(Struct, frozen=True):
    """A line of the rule as it was: `kind` is a `completion.Kind`; `over` is "one", "all" or slugs of events."""

    kind: str
    asked: int
    done: int
    over: str | tuple[str, ...] = "one"


class Statement(Struct, frozen=True, kw_only=True):
    """The facts of one certificate. `scope` is the slug of an event, or "course"."""

    number: str
    kind: str
    paper: str
    scope: str
    title: Words
    programme: Words
    locale: str
    issuer: str
    issued_at: datetime
    timezone: str
    keep_until: date
    check: str  # the address where it is checked
    rule: tuple[Asked, ...]
    events: tuple[Event, ...] = ()
    topics: tuple[Topic, ...] = ()
    exercises: tuple[Exercise, ...] = ()
    replaces: str = ""  # the number of the certificate that this one supersedes
    version: int = 1

    @property
    def issued_on(self) -> date:
        """The day of issue where the course is run."""
        return self.issued_at.astimezone(ZoneInfo(self.timezone)).date()

    @property
    def minutes(self) -> int:
        """Minutes present at events, within their programmes."""
        return sum(event.minutes for event in self.events)

    @property
    def study_minutes(self) -> int:
        """Minutes that the topics are meant to take on one's own."""
        return sum(topic.minutes for topic in self.topics)
