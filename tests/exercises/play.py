"""A small exercise, and a run of it that is written down move by move."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from lms.content.exercises import (
    Choice,
    DebriefQuestion,
    Decision,
    Exercise,
    FreeText,
    Hands,
    Inject,
    Order,
    PollMultiple,
    PollScale,
    PollSingle,
    Role,
    Team,
    When,
)
from lms.exercises.parts import MoveKind
from lms.exercises.runsheet import apply
from lms.exercises.standing import Asked, Move, State, Verdict

NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)


def inject(name: str, minute: int, to: str = "all", when: When | None = None) -> Inject:
    """An inject whose every text says what it is."""
    return Inject(
        id=name, minute=minute, to=to, title=f"<title {name}>", text=f"<text {name}>", note=f"<note {name}>",
        expected=f"<expected {name}>", fallback=f"<fallback {name}>", when=when,
    )  # fmt: skip


def options(task: str, *names: str) -> tuple[Choice, ...]:
    return tuple(Choice(id=name, text=f"<option {task} {name}>") for name in names)


def words(task: str) -> dict[str, str]:
    return {"id": task, "text": f"<question {task}>", "look_for": f"<look-for {task}>"}


EXERCISE = Exercise(
    id="letters", title="Letters", summary="A case", objectives=("Decide",), minutes=90, briefing_minutes=10,
    debrief_minutes=25, guide="<guide>", checked=date(2026, 11, 1), review=("<review>",),
    roles=tuple(Role(id=one, title=one.title(), brief=f"<brief {one}>") for one in ("police", "judge")),
    teams=tuple(Team(id=one, title=one.title()) for one in ("north", "south")),
    injects=(
        inject("tip", 10),
        inject("call", 20),
        inject("north-letter", 30, "team/north"),
        inject("judge-call", 35, "role/judge"),
        inject("waited", 40, "all", When(task="decide", options=("wait",))),
        inject("acted", 40, "all", When(task="decide", options=("act",))),
        inject("last", 50),
    ),
    tasks=(
        PollSingle(**words("mood"), inject="tip", waits=True, options=options("mood", "good", "bad")),
        PollMultiple(**words("whom"), inject="tip", waits=True, options=options("whom", "a", "b", "c")),
        PollScale(**words("sure"), inject="tip", waits=True, points=5, low="<low>", high="<high>"),
        Decision(**words("decide"), inject="call", options=options("decide", "wait", "act")),
        FreeText(**words("why"), inject="north-letter"),
        Order(**words("order"), inject="judge-call", options=options("order", "first", "second", "third")),
        Hands(**words("hands"), inject="last", options=options("hands", "yes", "no")),
    ),
    debrief=tuple(
        DebriefQuestion(id=one, text=f"<debrief {one}>", look_for=f"<look-for {one}>") for one in ("clock", "boy")
    ),
)  # fmt: skip


class Run:
    """A run at a moment, one minute later with each move unless the move says how many."""

    def __init__(self, exercise: Exercise = EXERCISE) -> None:
        self.state = State(exercise=exercise)
        self.moves: list[Move] = []
        self.now = NINE

    def say(
        self, move: str, minutes: float = 1, decided: dict[str, tuple[str, ...]] | None = None, **more: Any
    ) -> Verdict:
        """A new move by the trainer, after so many minutes."""
        self.now += timedelta(minutes=minutes)
        asked = Asked(id=UUID(int=len(self.moves) + 1), move=MoveKind(move), **more)
        return self.keep(Move(asked=asked, at=self.now, by="trainer", decided=decided))

    def keep(self, move: Move) -> Verdict:
        self.moves.append(move)
        self.state, verdict = apply(self.state, move)
        return verdict

    def again(self, number: int = -1, **other: Any) -> Verdict:
        """The same move once more, perhaps with other content."""
        move = self.moves[number]
        return self.keep(replace(move, asked=replace(move.asked, **other), at=self.now))

    @property
    def sent(self) -> list[str]:
        return [one.id for one in self.state.live()]


def started(*moves: str) -> Run:
    """A run that has begun, after some moves such as "next", "open mood" or "send last"."""
    run = Run()
    run.say("start", 0)
    for move in moves:
        kind, _space, name = move.partition(" ")
        of = "task" if kind in ("open", "close", "reveal", "revote") else "inject"
        run.say(kind, **({of: name} if name else {}))
    return run
