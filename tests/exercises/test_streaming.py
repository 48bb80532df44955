"""A run as event streams: the same bytes as its state, at once, for as long as one may look, and never a burden."""

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import OperationalError

from lms.accounts.models import Login, Person, Role, Standing
from lms.clock import now
from lms.content.exercises import Hands
from lms.database import changed as rows_changed
from lms.database import db, writing
from lms.exercises import showing, streaming
from lms.exercises.models import Player, Run, RunTrainer
from tests.exercises.rooms import Phone, RoomWith
from tests.exercises.test_run_json import encoded, fitting, private_words
from tests.exercises.test_shipped import shipped
from tests.make import Making

SOON = 4.0  # seconds in which something must have come


class Wire:
    """A browser's end of a stream: everything that came, cut into events."""

    def __init__(self, room: RoomWith, http: Any, query: str) -> None:
        ours, self.line = socket.socketpair()
        self.answer = http.get(f"/runs/{room.run.id}/stream?{query}", environ_overrides={"gunicorn.socket": ours})
        ours.close()
        self.line.settimeout(0.02)
        self.bytes = b""
        self.over = False

    def read(self) -> None:
        """Take what has come."""
        while not self.over:
            try:
                piece = self.line.recv(65536)
            except TimeoutError:
                return
            except ConnectionError:
                piece = b""
            self.over = not piece
            self.bytes += piece

    @property
    def head(self) -> str:
        return self.bytes.partition(b"\r\n\r\n")[0].decode()

    @property
    def events(self) -> list[bytes]:
        """All whole events."""
        return self.bytes.partition(b"\r\n\r\n")[2].split(b"\n\n")[:-1]

    @property
    def shown(self) -> list[bytes]:
        """The snapshots, as they came."""
        return [one.partition(b"\ndata: ")[2] for one in self.events if one.startswith(b"id: ")]

    @property
    def newest(self) -> bytes:
        return self.shown[-1] if self.shown else b""

    def until(self, holds: Callable[[], Any], within: float = SOON) -> float:
        """Read until something holds; after how many seconds it did."""
        began = time.monotonic()
        while not holds():
            assert time.monotonic() - began < within, (self.head[:100], self.events[-3:], self.over)
            self.read()
        return time.monotonic() - began

    def close(self) -> None:
        self.line.close()


@pytest.fixture
def room(app: Flask, make: Making) -> RoomWith:
    return RoomWith(app, make)


@pytest.fixture
def wire(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Wire]]:
    """Streams to a room; all are gone after the test."""
    open_: list[Wire] = []

    def of(room: RoomWith, who: Any, query: str = "") -> Wire:
        http = getattr(who, "http", who)
        open_.append(Wire(room, http, query or ("as=player" if isinstance(who, Phone) else "as=trainer")))
        return open_[-1]

    yield of
    app.extensions["streams"].stop()
    for one in open_:
        one.close()


def screen(room: RoomWith) -> str:
    return f"as=screen&key={room.run.screen_key}"


def streams_open(app: Flask) -> int:
    writer = app.extensions["streams"].writer
    return writer.open if writer else 0


def do(app: Flask, statement: Any) -> None:
    with app.app_context(), writing():
        assert rows_changed(statement)
        db.session.commit()


# --- what comes


def test_a_stream_brings_the_very_bytes_of_the_state_to_everyone(app: Flask, make: Making, wire):
    room = RoomWith(app, make, teams_by="self")
    north, south, late = room.phone(name="Ana", profession="judge"), room.phone(), Phone(app, room.run)
    north.post("seat", {"team": "north", "role": "judge"})
    south.post("seat", {"team": "south", "role": "police"})
    removed = room.phone()
    wires = {
        "trainer": wire(room, room.trainer), "screen": wire(room, app.test_client(), screen(room)),
        "north": wire(room, north), "south": wire(room, south), "removed": wire(room, removed),
    }  # fmt: skip

    def same() -> None:
        room.look_anew()
        state = f"/runs/{room.run.id}/state"
        bodies = {
            "trainer": room.trainer.http.get(state).data, "screen": room.screen().data,
            "north": north.state().data, "south": south.state().data, "removed": removed.state().data,
        }  # fmt: skip
        for name, one in wires.items():
            one.until(lambda one=one, name=name: one.newest == bodies[name])

    same()
    for moves in (
        ("start", "next", "open mood"), ("close mood", "reveal mood"), ("revote mood",), ("next",), ("send north-letter",),
        ("take-back tip",), ("debrief",),
    ):  # fmt: skip
        room.does(*moves)
        north.send("mood", "good")
        south.send("decide", {"option": "act", "reason": "Ne čakáme", "owner": "Ivo"})
        same()
    room.does("remove", player=removed.id)
    same()
    late.join()
    room.look_anew()
    wires["late"] = wire(room, late)
    late_body = late.state().data
    wires["late"].until(lambda: wires["late"].newest == late_body)


def test_the_head_of_a_stream_tells_every_proxy_to_pass_it_on_and_browsers_when_to_come_back(room: RoomWith, wire):
    stream = wire(room, room.phone())

    stream.until(lambda: stream.newest)

    lines = {name.lower(): value for name, _colon, value in (one.partition(": ") for one in stream.head.split("\r\n"))}
    assert lines["http/1.1 200 ok"] == ""
    assert lines["content-type"].startswith("text/event-stream")
    assert (lines["cache-control"], lines["x-accel-buffering"], lines["connection"]) == ("no-store", "no", "close")
    assert "content-length" not in lines and "set-cookie" not in lines
    assert "default-src 'self'" in lines["content-security-policy"]
    assert stream.events[0].startswith(b"retry: ")
    assert b"event: beat\ndata: " in stream.events[0]


def test_a_move_comes_at_once_and_with_its_version_as_id(room: RoomWith, wire):
    phone = room.phone()
    stream = wire(room, phone)
    stream.until(lambda: stream.newest)

    room.does("start", "next")
    took = stream.until(lambda: b"<title tip>" in stream.newest)

    assert took < 1
    assert stream.events[-1].startswith(b"id: %d\n" % phone.sees()["version"])
    ids = [int(one[4 : one.index(b"\n")]) for one in stream.events if one.startswith(b"id: ")]
    assert ids == sorted(ids)


def test_an_answer_reaches_trainers_at_once_and_other_players_with_the_next_counts(room: RoomWith, wire):
    phone, other = room.phone(), room.phone()
    room.does("start", "next", "open mood")
    console, theirs = wire(room, room.trainer), wire(room, other)
    for one in (console, theirs):
        one.until(lambda one=one: b'"answered":0}' in one.newest)
    before = len(theirs.shown)

    phone.send("mood", "good")
    at_console = console.until(lambda: b'"counts":{"here":2,"answered":1}' in console.newest)
    theirs.read()
    told_at_once = len(theirs.shown) > before
    at_others = theirs.until(lambda: b'"answered":1}' in theirs.newest)

    assert at_console < 1.5
    assert not told_at_once
    assert at_others < streaming.BETWEEN_COUNTS + 1


def test_what_changes_is_looked_at_four_times_a_second_at_most(room: RoomWith, wire, monkeypatch: pytest.MonkeyPatch):
    phones = [room.phone() for _number in range(4)]
    room.does("start", "next", "open mood")
    looks: list[float] = []
    looked = showing._looked
    monkeypatch.setattr(showing, "_looked", lambda *given: looks.append(time.monotonic()) or looked(*given))
    console = wire(room, room.trainer)
    console.until(lambda: console.newest)

    began = time.monotonic()
    while time.monotonic() - began < 2:
        for phone in phones:
            phone.send("mood", "good")

    assert 4 <= sum(began <= at <= began + 2 for at in looks) <= 9


def test_a_connection_that_takes_nothing_is_kept_the_latest_only(room: RoomWith, wire, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(streaming, "BETWEEN", 0.0)
    room.does("start")
    stream = wire(room, room.trainer)
    stream.until(lambda: stream.newest)

    for number in range(60):
        room.does("note", text=f"{number} " + "x" * 900)
        time.sleep(0.02)
    last = room.console()
    stream.until(lambda: stream.newest and b"59 xxx" in stream.newest)

    assert stream.newest.startswith(b'{"version":%d,' % last["version"])
    assert len(stream.shown) < 55


@pytest.mark.parametrize("name", ["three-cities", "sixty-days-eight-hours", "before-she-speaks"])
def test_no_byte_on_a_players_stream_is_private_or_to_come(app: Flask, make: Making, wire, name: str):
    """Two teams, every inject and every question to the end; each stream ends a step with the bytes of the state."""
    exercise = shipped()[name]
    room = RoomWith(app, make, exercise, teams_by="self")
    teams = [team.id for team in exercise.teams[:2]] or [""]
    phones = [room.phone(name=f"Secretname{number}") for number in range(3)]
    for number, phone in enumerate(phones):
        role = exercise.roles[number % len(exercise.roles)].id if exercise.roles else ""
        phone.post("seat", {"team": teams[number % len(teams)], "role": role})
    wires = [wire(room, phone) for phone in phones]
    private = [encoded(one) for one in private_words(exercise)]
    steps: list[list[bytes]] = []  # by step what every stream brought

    def step() -> None:
        room.look_anew()
        for phone, stream in zip(phones, wires, strict=True):
            body = phone.state().data
            stream.until(lambda stream=stream, body=body: stream.newest == body)
        steps.append([stream.bytes for stream in wires])

    room.does("start")
    for _inject in exercise.injects:
        following = room.console()["next"]
        if following is None:
            break
        title, text = exercise.inject(following).title, exercise.inject(following).text
        step()
        assert not any(encoded(text) in one for one in steps[-1]), title
        room.does("next")
        for task in exercise.tasks_after(following):
            if task.waits:
                step()
                assert not any(encoded(task.text) in one for one in steps[-1]), task.id
                room.does(f"open {task.id}")
            for number, phone in enumerate(phones):
                if not isinstance(task, Hands):
                    phone.send(task.id, fitting(task, number, f"mark{number}t"))
            room.does(f"close {task.id}")
            step()
            assert not any(b'"results":{' in one[len(before) :] for one, before in zip(*steps[-1:-3:-1], strict=True))
            room.does(f"reveal {task.id}")
            step()
    room.does("end")
    step()

    got = b"".join(steps[-1])
    assert [one[:40] for one in private if one in got] == []
    assert b"Secretname" not in got and room.run.screen_key.encode() not in got
    assert all(b'"revealed":true' in one for stream in wires for one in stream.shown if b'"results":{' in one)


# --- who may follow, and for how long


def test_who_may_not_see_the_state_gets_no_stream(room: RoomWith, make: Making, wire):
    room.phone()
    stranger, other = room.app.test_client(), make.signed_in(Role.TRAINER)

    answers = [
        wire(room, stranger, query).answer.status_code
        for query in ("as=player", "as=trainer", "as=screen&key=x", "as=x")
    ]

    assert answers == [401, 404, 404, 404]
    assert wire(room, other, "as=trainer").answer.status_code == 404
    assert streams_open(room.app) == 0


def test_a_server_that_cannot_give_a_connection_away_asks_to_poll(room: RoomWith):
    phone = room.phone()

    answer = phone.http.get(f"/runs/{room.run.id}/stream?as=player")

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


def test_a_full_house_asks_to_poll(room: RoomWith, wire, monkeypatch: pytest.MonkeyPatch):
    phone = room.phone()
    first = wire(room, phone)
    first.until(lambda: first.newest)
    monkeypatch.setattr(streaming, "MOST", 1)

    second = wire(room, room.trainer)

    assert second.answer.status_code == 503
    assert phone.state().status_code == 200


def test_a_player_who_opens_ever_more_streams_loses_the_oldest(room: RoomWith, wire):
    phone = room.phone()

    opened = [wire(room, phone) for _number in range(streaming.MOST_OF_ONE + 1)]

    opened[0].until(lambda: opened[0].over)
    opened[-1].until(lambda: opened[-1].newest)
    assert streams_open(room.app) == streaming.MOST_OF_ONE


def test_the_stream_of_who_signs_out_is_blocked_or_is_no_trainer_any_more_ends(
    app: Flask, make: Making, wire, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(streaming, "CHECK", 0.1)
    for end in (
        lambda person: update(Login).where(Login.person_id == person.id).values(ended_at=now()),
        lambda person: update(Person).where(Person.id == person.id).values(standing=Standing.DISABLED),
        lambda person: update(Person).where(Person.id == person.id).values(role=Role.PRACTITIONER),
    ):
        room = RoomWith(app, make)
        console, player = wire(room, room.trainer), wire(room, room.phone())
        for one in (console, player):
            one.until(lambda one=one: one.newest)

        do(app, end(room.trainer.person))

        console.until(lambda console=console: console.over)
        player.read()
        assert not player.over


def test_the_stream_of_a_trainer_who_conducts_the_run_no_more_ends(
    app: Flask, make: Making, room: RoomWith, wire, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(streaming, "CHECK", 0.1)
    second = make.signed_in(Role.TRAINER)
    do(app, insert(RunTrainer).values(run_id=room.run.id, person_id=second.person.id))
    consoles = [wire(room, room.trainer), wire(room, second)]
    for one in consoles:
        one.until(lambda one=one: one.newest)

    do(app, delete(RunTrainer))

    consoles[1].until(lambda: consoles[1].over)
    consoles[0].read()
    assert not consoles[0].over


def test_the_stream_of_a_player_ends_with_their_session_or_their_key(
    app: Flask, make: Making, room: RoomWith, wire, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(streaming, "CHECK", 0.1)
    mine = make.signed_in()
    by_account, by_key = room.phone(mine), room.phone()
    wires = [wire(room, by_account), wire(room, by_key)]
    for one in wires:
        one.until(lambda one=one: one.newest)

    do(app, update(Login).where(Login.person_id == mine.person.id).values(ended_at=now()))
    wires[0].until(lambda: wires[0].over)
    do(app, delete(Player).where(Player.person_id.is_(None)))

    wires[1].until(lambda: wires[1].over)


def test_a_run_that_is_gone_ends_its_streams(app: Flask, room: RoomWith, wire):
    stream = wire(room, room.phone())
    stream.until(lambda: stream.newest)

    do(app, delete(Run))

    stream.until(lambda: stream.over)
    assert stream.events[-1] == b"event: again\ndata: 1"


def test_a_stream_ends_by_itself_between_two_events_and_asks_to_come_again(
    room: RoomWith, wire, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(streaming, "STAYS", (0.5, 0.6))
    stream = wire(room, room.phone())

    stream.until(lambda: stream.over)

    assert stream.newest
    assert stream.events[-1] == b"event: again\ndata: 1"


def test_a_stream_on_which_nothing_happens_gives_signs_of_life(room: RoomWith, wire, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(streaming, "BEAT", 0.3)
    stream = wire(room, room.phone())

    stream.until(lambda: len([one for one in stream.events if one.startswith(b"event: beat\ndata: 1")]) > 1)

    assert len(stream.shown) == 1


def test_a_browser_that_leaves_is_forgotten_at_once(room: RoomWith, wire):
    stream = wire(room, room.phone())
    stream.until(lambda: stream.newest)

    stream.close()

    until = time.monotonic() + SOON
    while streams_open(room.app):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_database_that_is_gone_for_a_while_costs_nobody_their_stream(
    room: RoomWith, wire, monkeypatch: pytest.MonkeyPatch
):
    phone = room.phone()
    stream = wire(room, phone)
    stream.until(lambda: stream.newest)
    with monkeypatch.context() as broken:
        broken.setattr(showing, "encoded", lambda *_given: (_ for _ in ()).throw(OperationalError("", {}, Exception())))
        room.does("start", "next")
        time.sleep(0.6)

    stream.until(lambda: b"<title tip>" in stream.newest)
    assert not stream.over


def test_a_player_who_follows_is_here_without_asking_for_anything(app: Flask, room: RoomWith, wire, make: Making):
    phone = room.phone()
    do(app, update(Player).values(seen_at=room.run.opened_at.replace(year=2020)))

    stream = wire(room, phone)
    stream.until(lambda: b'"here":1' in stream.newest, within=6)

    assert make.one(select(Player)).seen_at.year > 2020
