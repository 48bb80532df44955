"""What a live exercise is: frozen values that a run walks through, from the first message to the debrief.

Minutes are counted from the start of the exercise, its briefing included. Ids are never reused: what people answered
and decided is kept by them. The fields named in PRIVATE are for trainers alone, whatever class they stand in.
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated

from msgspec import Meta, field

from lms.content.values import Id, Minutes, Positive, Text, Texts, Value

PROFESSIONS = ("police", "prosecutor", "judge", "support", "other")
PRIVATE = {"guide", "note", "expected", "fallback", "look_for", "review"}
Audience = Annotated[str, Meta(pattern=r"^(all|(team|role)/[a-z0-9]+(-[a-z0-9]+)*)$")]
Minute = Annotated[int, Meta(ge=0, le=600)]
EVERYONE = "all"
# What stands on a big screen and on a phone has a length at which it can still be read there.
Title = Annotated[str, Meta(min_length=1, max_length=90)]
Shown = Annotated[str, Meta(min_length=1, max_length=900)]
Line = Annotated[str, Meta(min_length=1, max_length=200)]


class Role(Value, kw_only=True, frozen=True):
    """A part to play; `brief` says what it is there for, `professions` whom it suits (none named: everyone)."""

    id: Id
    title: Title
    brief: Shown
    professions: tuple[str, ...] = ()


class Team(Value, kw_only=True, frozen=True):
    """People who decide together: between `least` and `most` of them. A run opens as many teams as the room fills."""

    id: Id
    title: Title
    least: Positive = 4
    most: Positive = 8


class When(Value, kw_only=True, frozen=True):
    """A condition: the team's decision on `task`, asked earlier, is one of `options`."""

    task: Id
    options: tuple[Id, ...]


class Inject(Value, kw_only=True, frozen=True):
    """What happens next: `title` and `text` are for whom it goes `to`, the rest is for the trainer.

    `to` is "all", "team/<id>" or "role/<id>". With `when`, of these only the teams that decided so get it.
    """

    id: Id
    minute: Minute
    to: Audience = EVERYONE
    title: Title
    text: Shown
    note: Text
    expected: Text
    fallback: Text
    when: When | None = None


class Choice(Value, kw_only=True, frozen=True):
    """One thing to choose or to put in order; none is right or wrong."""

    id: Id
    text: Line


class Task(Value, tag_field="kind", kw_only=True, frozen=True):
    """Something asked of whoever got `inject`: at once with it, or, if `waits`, when the trainer opens it.

    `minutes` is how long the plan leaves for it.
    """

    id: Id
    inject: Id
    text: Shown
    look_for: Text
    minutes: Positive = 3
    waits: bool = False

    @property
    def kind(self) -> str:
        return str(self.__struct_config__.tag)


class PollSingle(Task, tag="poll-single", kw_only=True, frozen=True):
    """Each person chooses one option; the answer is its id."""

    options: tuple[Choice, ...]


class PollMultiple(Task, tag="poll-multiple", kw_only=True, frozen=True):
    """Each person chooses as many options as they like, and at least one; the answer is a list of ids."""

    options: tuple[Choice, ...]


class PollScale(Task, tag="poll-scale", kw_only=True, frozen=True):
    """Each person chooses a point from 1 to `points`, of which the ends have names; the answer is the point's id."""

    points: Annotated[int, Meta(ge=2, le=10)] = 5
    low: Line
    high: Line

    @property
    def options(self) -> tuple[Choice, ...]:
        ends = {1: f"1: {self.low}", self.points: f"{self.points}: {self.high}"}
        return tuple(Choice(id=str(point), text=ends.get(point, str(point))) for point in range(1, self.points + 1))


class FreeText(Task, tag="text", kw_only=True, frozen=True):
    """Each person writes a text of `longest` characters at most."""

    longest: Annotated[int, Meta(ge=20, le=4000)] = 1000

    @property
    def options(self) -> tuple[Choice, ...]:
        return ()


class Order(Task, tag="ordering", kw_only=True, frozen=True):
    """Each person puts all options in order; the answer is the list of their ids. The file has them unsorted."""

    options: tuple[Choice, ...]


class Decision(Task, tag="decision", kw_only=True, frozen=True):
    """Each team's recorder enters one option, the reason where `reason` asks for it, and who sees to it (`owner`)."""

    options: tuple[Choice, ...]
    reason: bool = True
    owner: bool = True


class Hands(Task, tag="hands", kw_only=True, frozen=True):
    """The room raises hands and the trainer enters a count for each option; nobody answers on a device."""

    options: tuple[Choice, ...]


AnyTask = PollSingle | PollMultiple | PollScale | FreeText | Order | Decision | Hands
TASKS: dict[str, type[AnyTask]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (PollSingle, PollMultiple, PollScale, FreeText, Order, Decision, Hands)
}


class DebriefQuestion(Value, kw_only=True, frozen=True):
    """A question for the talk afterwards, and what to look for in what is said."""

    id: Id
    text: Shown
    look_for: Text


class Exercise(Value, kw_only=True, frozen=True):
    """A scenario to be run in a room: messages in order, what is asked after each, and the questions of the debrief.

    Of its `minutes` the first `briefing_minutes` explain it and the last `debrief_minutes` look back. Without teams
    everyone plays alone; without roles everyone has the same part. `counts`: having taken part may count for a paper,
    as in a warm-up it does not.
    """

    title: Title
    summary: Text
    objectives: Texts
    minutes: Minutes
    briefing_minutes: Minute = 0
    debrief_minutes: Minute = 0
    content_note: str = ""
    stop_word: str = ""
    support: str = ""
    counts: bool = True
    guide: Text
    checked: date
    sources: tuple[Id, ...] = ()
    review: tuple[Text, ...] = ()
    roles: tuple[Role, ...] = field(name="role", default=())
    teams: tuple[Team, ...] = field(name="team", default=())
    injects: tuple[Inject, ...] = field(name="inject")
    tasks: tuple[AnyTask, ...] = field(name="task", default=())
    debrief: tuple[DebriefQuestion, ...] = ()
    id: str = ""
    version: str = ""
    locale: str = "en"
    outdated: bool = False

    @property
    def debrief_from(self) -> int:
        """The minute in which the debrief begins; the end of the exercise where there is none."""
        return self.minutes - self.debrief_minutes

    def role(self, role_id: str) -> Role | None:
        return next((role for role in self.roles if role.id == role_id), None)

    def team(self, team_id: str) -> Team | None:
        return next((team for team in self.teams if team.id == team_id), None)

    def inject(self, inject_id: str) -> Inject | None:
        return next((inject for inject in self.injects if inject.id == inject_id), None)

    def task(self, task_id: str) -> AnyTask | None:
        return next((task for task in self.tasks if task.id == task_id), None)

    def tasks_after(self, inject_id: str) -> Iterator[AnyTask]:
        """What is asked after an inject, in order."""
        return (task for task in self.tasks if task.inject == inject_id)
