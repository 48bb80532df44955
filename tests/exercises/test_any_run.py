"""Whatever trainers do in whatever order: the run sheet does what a simple model does, and no byte tells too much."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import json

from lms.exercises.audiences import Room, Seat, alike, for_player, for_screen, for_trainer, shared
from lms.exercises.parts import MoveKind, Phase
from lms.exercises.runsheet import apply, fold
from lms.exercises.standing import Asked, Move, State, comes_next
from tests.exercises.model import SCREEN, SEATS, Model
from tests.exercises.play import NINE
from tests.exercises.scenarios import marked_tally, marks, public_marks, scenario

PLACES = st.integers(0, 40)  # an inject or a question by its place, of which one in many is unknown
AUDIENCES = st.sampled_from(["", "", "all", "team/north", "team/south", "role/police", "role/judge", "team/nowhere"])
PLAYERS = st.sampled_from(["", "p1", "p2", "p3", "p4"])
DECIDED = st.one_of(
    st.none(),
    st.fixed_dictionaries({one: st.sampled_from([("a",), ("b",)]) for one in ("north", "south")}),
    st.dictionaries(st.sampled_from(["", "north", "south"]), st.sampled_from([("a",), ("b",)])),
)
ON_TASKS = st.sampled_from(["open", "close", "reveal", "close", "reveal", "revote"])
STALE = st.one_of(st.none(), st.integers(0, 6))  # how many moves ago a console last looked; None: it does not say


class AnyRun(RuleBasedStateMachine):
    """Trainers with several consoles, four players and a screen."""

    @initialize(seed=st.integers(0, 10_000), steps=st.integers(0, 5), room=st.sampled_from([False, False, True]))
    def open_a_run(self, seed: int, steps: int, room: bool) -> None:
        self.exercise = exercise = scenario(seed)
        self.state = State(exercise=exercise)
        self.model = Model(exercise)
        self.moves: list[Move] = []
        self.say({"move": "start"})
        for _step in range(steps):
            self.the_plan_goes_on("a" if seed % 2 else "b", "a" if seed % 3 else "b", room)

    def say(self, words: dict[str, Any], decided: dict[str, tuple[str, ...]] | None = None) -> None:
        number = len(self.moves) + 1
        words = {key: value for key, value in words.items() if value not in ("", None, False)}
        words["id"] = UUID(int=number)
        self.keep(words, decided)

    def keep(self, words: dict[str, Any], decided: dict[str, tuple[str, ...]] | None) -> None:
        asked = Asked(**{**words, "move": MoveKind(words["move"])})
        move = Move(asked=asked, at=NINE + timedelta(minutes=len(self.moves)), by="someone", decided=decided)
        expected = self.model.say(words["id"].int, words, decided)
        self.moves.append(move)
        self.state, verdict = apply(self.state, move)
        assert verdict.outcome == expected, (words, verdict)
        assert (verdict.why is not None) == (expected == "refused")

    def inject(self, place: int) -> str:
        """By its place, one of the trainer's own messages among them; the last place is nothing that anyone knows."""
        own = [one.id for one in self.state.releases if one.improvised][-1:]
        known = [*(one.id for one in self.exercise.injects), *own]
        return "unknown" if place == 40 else known[place % len(known)]

    def task(self, place: int) -> str:
        tasks = [one.id for one in self.exercise.tasks]
        return tasks[place % len(tasks)] if tasks and place < 40 else "unknown"

    def seen(self, ago: int | None) -> int | None:
        return None if ago is None else max(0, len(self.state.log) - ago)

    @rule(named=st.booleans(), ago=STALE)
    def next(self, named: bool, ago: int | None) -> None:
        line = comes_next(self.state)
        self.say({"move": "next", "inject": line.id if named and line else "", "seen": self.seen(ago)})

    @rule(north=st.sampled_from("ab"), south=st.sampled_from("ab"), room=st.booleans())
    def follow_the_plan(self, north: str, south: str, room: bool) -> None:
        self.the_plan_goes_on(north, south, room)

    def the_plan_goes_on(self, north: str, south: str, room: bool) -> None:
        decided = {"": (north,)} if room else {"north": (north,), "south": (south,)}
        self.say({"move": "resume"})
        for task_id in self.state.open_tasks():
            self.say({"move": "close", "task": task_id}, decided)
            self.say({"move": "reveal", "task": task_id, "by_profession": room})
        self.say({"move": "next"})

    @rule()
    def two_consoles_say_next_at_once(self) -> None:
        line = comes_next(self.state)
        before = {one.id for one in self.state.live()}
        for _console in range(2):
            self.say({"move": "next", "inject": line.id if line else "", "seen": len(self.state.log) - _console})
        assert len({one.id for one in self.state.live()} - before) <= 1

    @rule(move=st.sampled_from(["next", "hold", "skip", "replay"]), place=PLACES, ago=STALE)
    def about_an_inject(self, move: str, place: int, ago: int | None) -> None:
        self.say({"move": move, "inject": self.inject(place), "seen": self.seen(ago)})

    @rule(move=st.sampled_from(["hold", "skip", "replay"]), ago=STALE)
    def about_none_in_particular(self, move: str, ago: int | None) -> None:
        self.say({"move": move, "seen": self.seen(ago)})

    @rule(place=PLACES, to=AUDIENCES, player=PLAYERS)
    def send(self, place: int, to: str, player: str) -> None:
        self.say({"move": "send", "inject": self.inject(place), "to": to, "player": player if not to else ""})

    @rule(to=AUDIENCES, player=PLAYERS)
    def send_own_words(self, to: str, player: str) -> None:
        self.say({"move": "send", "text": f"‹own words {len(self.moves)}›", "to": to, "player": player})

    @rule(place=PLACES, to=AUDIENCES, ago=STALE)
    def take_back(self, place: int, to: str, ago: int | None) -> None:
        self.say({"move": "take-back", "inject": self.inject(place), "to": to, "seen": self.seen(ago)})

    @precondition(lambda self: any(self.state.live()) and self.state.phase == Phase.RUNNING)
    @rule(which=PLACES, other=st.sampled_from(["team/north", "team/south", "player/p1", "all"]))
    def send_to_others_and_take_back_one(self, which: int, other: str) -> None:
        live = list(self.state.live())
        one = live[which % len(live)]
        self.say({"move": "send", "inject": one.id, "to": other})
        self.say({"move": "take-back", "inject": one.id, "to": one.to})

    @rule(place=PLACES, ago=STALE)
    def take_back_a_question(self, place: int, ago: int | None) -> None:
        self.say({"move": "take-back", "task": self.task(place), "seen": self.seen(ago)})

    @rule(move=ON_TASKS, place=PLACES, decided=DECIDED, ago=STALE, to=st.sampled_from(["", "all"]), by=st.booleans())
    def about_a_question(
        self, move: str, place: int, decided: dict[str, tuple[str, ...]] | None, ago: int | None, to: str, by: bool
    ) -> None:
        more = {"to": to, "by_profession": by} if move == "reveal" else {}
        self.say({"move": move, "task": self.task(place), "seen": self.seen(ago), **more}, decided)

    @precondition(lambda self: self.state.phase == Phase.RUNNING)
    @rule(which=PLACES, decided=DECIDED, to=st.sampled_from(["", "all"]), by=st.booleans(), again=st.integers(0, 3))
    def ask_something(
        self, which: int, decided: dict[str, tuple[str, ...]] | None, to: str, by: bool, again: int
    ) -> None:
        sent = {one.id for one in self.state.live()}
        possible = [one.id for one in self.exercise.tasks if one.inject in sent] or ["unknown"]
        task = {"task": possible[which % len(possible)]}
        self.say({"move": "open", **task})
        self.say({"move": "close", **task}, decided)
        if again == 1:
            self.say({"move": "revote", **task})
        if again > 1:
            self.say({"move": "reveal", "to": to, "by_profession": by, **task})
        if again > 2:
            self.say({"move": "revote", **task})
            self.say({"move": "close", **task}, decided)

    @rule(place=PLACES, counts=st.dictionaries(st.sampled_from("abz"), st.integers(-1, 9)), decided=DECIDED)
    def hands(self, place: int, counts: dict[str, int], decided: dict[str, tuple[str, ...]] | None) -> None:
        self.say({"move": "hands", "task": self.task(place), "counts": counts}, decided)

    @rule(
        place=PLACES,
        move=st.sampled_from(["next", "send", "hold", "close", "reveal", "start", "pause"]),
        on=st.booleans(),
    )
    def a_pause(self, place: int, move: str, on: bool) -> None:
        self.say({"move": "pause"})
        about = {"task": self.task(place)} if move in ("close", "reveal") else {"inject": self.inject(place)}
        self.say({"move": move, **about})
        if on:
            self.say({"move": "resume"})

    @precondition(lambda self: self.state.phase == Phase.PAUSED)
    @rule()
    def resume(self) -> None:
        self.say({"move": "resume"})

    @precondition(lambda self: len(self.moves) > 50)
    @rule()
    def end(self) -> None:
        self.say({"move": "end"})

    @rule(question=st.sampled_from(["", "d1", "d2", "d3"]))
    def debrief(self, question: str) -> None:
        self.say({"move": "debrief", "task": question})

    @rule(place=PLACES, text=st.sampled_from(["‹a note›", "", "  "]))
    def note(self, place: int, text: str) -> None:
        self.say({"move": "note", "inject": self.inject(place), "text": text})

    @rule(move=st.sampled_from(["admit", "remove"]), player=PLAYERS)
    def at_the_door(self, move: str, player: str) -> None:
        self.say({"move": move, "player": player})

    @rule(which=st.integers(0, 50), other=st.booleans())
    def an_old_move_comes_again(self, which: int, other: bool) -> None:
        move = self.moves[which % len(self.moves)]
        words, _answer = self.model.told[move.asked.id.int]
        self.keep({**words, "text": "‹other›"} if other else words, move.decided)

    # What must hold after each move

    @invariant()
    def the_sheet_stands_as_the_model_says(self) -> None:
        line = comes_next(self.state)
        assert self.state.phase == self.model.phase
        assert (line.id if line else None) == self.model.following()
        assert self.state.aside == self.model.aside
        for task in self.exercise.tasks:
            asking, noted = self.state.asking(task.id), self.model.tasks.get(task.id)
            assert asking.status == self.model.status(task.id)
            if noted:
                assert (asking.round, asking.decided, asking.hands, asking.published) == (
                    noted["round"], noted["decided"], noted["hands"], noted["published"],
                )  # fmt: skip
        assert (set(self.state.removed), set(self.state.admitted)) == (self.model.removed, self.model.admitted)
        assert (self.state.nod_since is not None) == self.model.nod

    def teardown(self) -> None:
        """The log gives the same state again, with every move said twice and without those said before."""
        if hasattr(self, "state"):
            assert fold(self.exercise, [one for move in self.moves for one in (move, move)]) == self.state
            assert fold(self.exercise, [entry.move for entry in self.state.log.values()]) == self.state

    @invariant()
    def no_byte_tells_a_player_or_the_room_too_much(self) -> None:
        rounds = {one.id: self.state.asking(one.id).round for one in self.exercise.tasks}
        room = Room(
            here=4,
            answered={one.id: 3 for one in self.exercise.tasks},
            tallies={
                one.id: tuple(marked_tally(one, number) for number in range(1, rounds[one.id] + 1))
                for one in self.exercise.tasks
            },
        )
        for who in (*SEATS, SCREEN):
            if who == SCREEN:
                snapshot = for_screen(self.state, room)
            else:
                own = {one.id: f"‹{who} answers {one.id}›" for one in self.exercise.tasks}
                snapshot = for_player(self.state, Seat(who, *SEATS[who]), room, own)
            found = marks(json.encode(snapshot).decode())
            assert [one.id for one in snapshot.released] == self.model.got(who)
            assert self.model.must(who) <= found
            assert found <= self.model.must(who) | self.model.may(who)
            assert {one.id for one in snapshot.tasks} == self.model.sees(who)
            if snapshot.results is not None:
                assert self.model.status(snapshot.results.task) == "revealed"

    @invariant()
    def whoever_is_alike_sees_the_same(self) -> None:
        seen: dict[tuple[str, ...], object] = {}
        for name in ("p1", "p2", "p3", "p4"):
            for seat in (Seat(name, *SEATS[name]), Seat("p5", *SEATS[name])):
                mine = shared(self.state, seat)
                assert seen.setdefault(alike(self.state, seat), mine) == mine

    @invariant()
    def a_trainer_sees_the_whole_sheet(self) -> None:
        found = marks(json.encode(for_trainer(self.state)).decode())

        for inject in self.exercise.injects:
            assert {inject.title, inject.text, inject.note, inject.expected, inject.fallback} <= found
        for task in self.exercise.tasks:
            assert public_marks(task) | {task.look_for} <= found


TestAnyRun = AnyRun.TestCase
TestAnyRun.settings = settings(
    max_examples=80, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
