"""A run on real servers: several processes, a server that dies, devices that drop out, a network that misbehaves."""

import asyncio
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import create_engine, select, text

from bench.audience import Device, ask, request
from bench.room import TRAINER, Console, Room, room
from bench.served import answers as is_up
from bench.served import free_port
from bench.site import LMS, application, signed_in
from lms.accounts import passwords
from lms.accounts.models import Person, Role
from lms.clock import now
from lms.database import db, writing
from lms.exercises.models import Answer
from lms.paths import MIGRATIONS
from lms.settings import Settings
from tests.servers import POSTGRESQL_URL

PEOPLE = 40
CONVERGED = 5.0  # seconds after which everybody must show the same
PATIENCE = 30.0


class Served:
    """The site or its streams, which can be ended as a power cut would and started again."""

    def __init__(self, environment: dict[str, str], log: Path, *options: str) -> None:
        self.environment, self.log, self.options = environment, log, options
        self.port = free_port()
        self.start()

    def start(self) -> None:
        command = [LMS, "serve", "--port", str(self.port), *self.options]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + 60
        while not is_up(self.port):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.02)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


Serve = Callable[..., Served]


@pytest.fixture(params=["sqlite"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """An instance and a database of this test's own; "redis" and "notify" say how its processes speak."""
    settings = {"PATH": os.environ["PATH"], "LMS_INSTANCE": str(tmp_path)}
    if request.param == "sqlite":
        yield settings
        return
    if request.param == "redis":
        settings["LMS_REDIS_URL"] = request.getfixturevalue("redis_url")
    engine = create_engine(os.environ[POSTGRESQL_URL], isolation_level="AUTOCOMMIT")
    name = f"live_{uuid4().hex}"
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield settings | {"LMS_DATABASE_URL": os.environ[POSTGRESQL_URL].rpartition("/")[0] + f"/{name}"}
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def app(environment: dict[str, str]) -> Iterator[Flask]:
    """The application on the same database, to prepare and to look."""
    site = application(environment)
    with site.app_context(), writing():
        upgrade(directory=str(MIGRATIONS))
        cheap = passwords.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(Settings.demo_password)
        db.session.add(
            Person(email=TRAINER, name="Petra Vrana", role=Role.TRAINER, joined_at=now(), password_hash=cheap)
        )
        db.session.commit()
    yield site
    with site.app_context():
        db.engine.dispose()
    site.extensions["jobs"].storage.close()


@pytest.fixture
def place(app: Flask) -> Room:
    return room(app, PEOPLE)


@pytest.fixture
def serve(environment: dict[str, str], tmp_path: Path, place: Room) -> Iterator[Serve]:
    """Starts servers; all are gone after the test."""
    running: list[Served] = []

    def start(*options: str) -> Served:
        running.append(Served(environment, tmp_path / f"log{len(running)}", *options))
        return running[-1]

    yield start
    for one in running:
        one.kill()


class Crowd:
    """All devices of a room, following."""

    def __init__(self, place: Room, ports: list[int]) -> None:
        self.place = place
        self.devices = [Device(ports, f"{place.address}/stream?as=player", cookie) for cookie in place.cookies]

    async def __aenter__(self) -> "Crowd":
        self.going = [asyncio.create_task(device.follow()) for device in self.devices]
        await self.until(lambda: all(device.latest for device in self.devices), PATIENCE)
        return self

    async def __aexit__(self, *_problem: object) -> None:
        for device in self.devices:
            device.stop()
        for one in self.going:
            one.cancel()
        await asyncio.gather(*self.going, return_exceptions=True)

    async def until(self, holds: Callable[[], bool], within: float = CONVERGED) -> float:
        """Wait until something holds; after how many seconds it did."""
        began = time.monotonic()
        while not holds():
            assert time.monotonic() - began < within, [(one.version, one.released, one.refused) for one in self.devices]
            await asyncio.sleep(0.02)
        return time.monotonic() - began

    async def shows(self, *released: str, within: float = CONVERGED) -> float:
        """Wait until everybody shows this list, in this order."""
        return await self.until(lambda: all(one.released == list(released) for one in self.devices), within)


async def moved(console: Console, kind: str, **more: str) -> dict:
    return await asyncio.to_thread(console.move, kind, **more)


async def answered(place: Room, cookie: str, port: Callable[[], int], choice: str) -> None:
    """Send an answer under one id until the server says that it is stored, as a player's page does."""
    body = json.dumps({"id": str(uuid4()), "task": place.task, "answer": choice}).encode()
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with suppress(OSError, ValueError, asyncio.IncompleteReadError, TimeoutError):
            status, content = await ask(port(), request("POST", f"{place.address}/answers", cookie, body))
            if status == 200:
                assert json.loads(content)["outcome"] == "stored", content
                return
        await asyncio.sleep(random.uniform(0.1, 0.4))
    raise AssertionError("the answer was never taken")


def choices(place: Room) -> list[str]:
    return [place.options[number % len(place.options)] for number in range(PEOPLE)]


def kept(app: Flask, place: Room) -> list[str]:
    """Every answer in the database, by what it says."""
    with app.app_context():
        found = db.session.scalars(select(Answer.answer).where(Answer.run_id == place.run_id)).all()
        db.session.remove()
        return sorted(found)


@pytest.mark.parametrize("environment", ["redis", "notify"], indirect=True)
def test_two_processes_for_pages_and_two_for_streams_are_one_room(app: Flask, place: Room, serve: Serve):
    pages = serve("--workers", "2")
    streams = [serve("--streams") for _number in range(2)]
    console = Console(pages.port, place)

    async def play() -> list[float]:
        took = []
        async with Crowd(place, [one.port for one in streams]) as crowd:
            assert {one.opened for one in crowd.devices} == {1}
            await moved(console, "start")
            for number in range(5):
                await moved(console, "next")
                took.append(await crowd.shows(*(f"inject-{one}" for one in range(number + 1))))
            await moved(console, "take-back", inject="inject-1")
            await crowd.shows("inject-0", "inject-2", "inject-3", "inject-4")
            await moved(console, "open", task=place.task)
            sent = [answered(place, cookie, lambda: pages.port, choice)
                    for cookie, choice in zip(place.cookies, choices(place), strict=True)]  # fmt: skip
            await asyncio.gather(*sent)
            await crowd.until(lambda: all(b'"answered":%d}' % PEOPLE in one.latest for one in crowd.devices))
        return took

    took = asyncio.run(play())

    assert kept(app, place) == sorted(choices(place))
    assert sorted(took)[2] < 1.5, took  # words came: unasked one looks every two seconds


@pytest.mark.parametrize("environment", ["notify"], indirect=True)
def test_words_that_are_lost_delay_nothing_for_long_and_the_line_mends_itself(
    environment: dict[str, str], place: Room, serve: Serve
):
    pages, streams = serve(), serve("--streams")
    console = Console(pages.port, place)
    engine = create_engine(environment["LMS_DATABASE_URL"], isolation_level="AUTOCOMMIT")
    cut = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' OR query LIKE 'SELECT pg_n%'"
    )

    async def play() -> None:
        async with Crowd(place, [streams.port]) as crowd:
            await moved(console, "start")
            with engine.connect() as connection:
                assert connection.execute(text(cut)).all()
            await moved(console, "next")
            await crowd.shows("inject-0")
            await asyncio.sleep(2)
            took = []
            for number in range(1, 4):
                await moved(console, "next")
                took.append(await crowd.shows(*(f"inject-{one}" for one in range(number + 1))))
            assert min(took) < 1.5, took

    asyncio.run(play())
    engine.dispose()


def test_a_process_for_streams_beside_the_site_sees_what_changes_in_their_file(place: Room, serve: Serve):
    pages, streams = serve(), serve("--streams")
    console = Console(pages.port, place)

    async def play() -> None:
        async with Crowd(place, [streams.port]) as crowd:
            await moved(console, "start")
            await moved(console, "next")
            assert await crowd.shows("inject-0") < 3
        status, _content = await ask(streams.port, request("GET", "/"))
        assert status == 404
        status, _content = await ask(streams.port, request("GET", "/healthz"))
        assert status == 200
        status, content = await ask(streams.port, request("GET", f"{place.address}/state", place.cookies[0]))
        assert (status, json.loads(content)["released"][0]["id"]) == (200, "inject-0")

    asyncio.run(play())


def test_a_server_killed_during_an_open_question_loses_and_doubles_no_answer(app: Flask, place: Room, serve: Serve):
    site = serve()
    console = Console(site.port, place)

    async def play() -> None:
        async with Crowd(place, [site.port]) as crowd:
            for move in ("start", "next"):
                await moved(console, move)
            await moved(console, "open", task=place.task)
            sent = [asyncio.create_task(answered(place, cookie, lambda: site.port, choice))
                    for cookie, choice in zip(place.cookies, choices(place), strict=True)]  # fmt: skip
            while sum(one.done() for one in sent) < PEOPLE // 4:
                await asyncio.sleep(0.01)
            site.kill()
            await asyncio.sleep(0.5)
            await asyncio.to_thread(site.start)
            await asyncio.gather(*sent)
            await moved(console, "next")
            await crowd.shows("inject-0", "inject-1")
            await crowd.until(lambda: all(b'"answered":%d}' % PEOPLE in one.latest for one in crowd.devices))

    asyncio.run(play())

    assert kept(app, place) == sorted(choices(place))


def test_devices_that_drop_out_and_a_console_that_is_swapped_end_with_the_same_list(
    app: Flask, place: Room, serve: Serve
):
    """One in five is cut off every second while things are sent and taken back; pages go on meanwhile."""
    site = serve()
    first = Console(site.port, place)
    second = Console(site.port, Room(place.run_id, place.cookies, signed_in(app, TRAINER), place.task, place.options))
    pages: list[float] = []

    async def cut(crowd: Crowd) -> None:
        while True:
            for device in random.sample(crowd.devices, PEOPLE // 5):
                device.drop()
            await asyncio.sleep(1)

    async def read() -> None:
        while True:
            began = time.monotonic()
            status, _content = await ask(site.port, request("GET", "/sign-in"))
            assert status == 200
            pages.append(time.monotonic() - began)
            await asyncio.sleep(0.05)

    async def play() -> None:
        async with Crowd(place, [site.port]) as crowd:
            beside = [asyncio.create_task(cut(crowd)), asyncio.create_task(read())]
            await moved(first, "start")
            for console in (first, second, first, second):
                await moved(console, "next")
                await asyncio.sleep(0.7)
            await moved(second, "take-back", inject="inject-2")
            for device in crowd.devices:  # and once all at the same moment, while something is sent and taken back
                device.drop()
            await moved(first, "next")
            await moved(second, "take-back", inject="inject-2")  # which came once more
            await asyncio.sleep(1)
            beside[0].cancel()
            await crowd.shows("inject-0", "inject-1", "inject-3")
            assert sum(one.opened for one in crowd.devices) > PEOPLE + PEOPLE // 5
            assert not beside[1].done(), beside[1].exception()
            beside[1].cancel()

    asyncio.run(play())

    assert sorted(pages)[len(pages) // 2] < 1


class BadNetwork:
    """Between devices and a site: cuts, delays, and sends what was posted twice."""

    def __init__(self, site: int) -> None:
        self.site = site
        self.chance = random.Random(7)
        self.passing: set[asyncio.Task[None] | None] = set()

    async def __aenter__(self) -> "BadNetwork":
        self.server = await asyncio.start_server(self._pass, "127.0.0.1", 0, limit=2**22)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_problem: object) -> None:
        self.server.close()
        for one in self.passing:
            one.cancel()
        await asyncio.gather(*self.passing, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.passing.add(asyncio.current_task())
        try:
            await self._passed(reader, writer)
        finally:
            writer.close()

    async def _passed(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            sent = head + await reader.readexactly(length)
            await asyncio.sleep(self.chance.uniform(0, 0.3))
            luck = self.chance.random()
            if luck < 0.2:
                raise ConnectionError
            if head.startswith(b"POST") and luck < 0.6:
                with suppress(OSError, asyncio.IncompleteReadError):
                    await ask(self.site, sent)  # it comes twice, or it came and nobody hears of it
                if luck < 0.4:
                    raise ConnectionError
            await self._through(sent, writer)

    async def _through(self, sent: bytes, writer: asyncio.StreamWriter) -> None:
        theirs, out = await asyncio.open_connection("127.0.0.1", self.site)
        try:
            out.write(sent)
            until = time.monotonic() + self.chance.uniform(0.5, 3)
            while time.monotonic() < until:
                piece = await asyncio.wait_for(
                    theirs.read(self.chance.randint(1, 4000)), max(0.1, until - time.monotonic())
                )
                if not piece:
                    return
                writer.write(piece)
                await writer.drain()
        except TimeoutError:
            writer.transport.abort()
        finally:
            out.close()


def test_a_network_that_cuts_delays_and_doubles_loses_and_doubles_no_answer(app: Flask, place: Room, serve: Serve):
    site = serve()
    console = Console(site.port, place)

    async def play() -> None:
        async with BadNetwork(site.port) as network, Crowd(place, [network.port]) as crowd:
            for move in ("start", "next"):
                await moved(console, move)
            await moved(console, "open", task=place.task)
            sent = [answered(place, cookie, lambda: network.port, choice)
                    for cookie, choice in zip(place.cookies, choices(place), strict=True)]  # fmt: skip
            await asyncio.gather(*sent, moved(console, "next"))
            await moved(console, "next")
            await moved(console, "take-back", inject="inject-1")
            await crowd.shows("inject-0", "inject-2")
            assert not any(device.older for device in crowd.devices)

    asyncio.run(play())

    assert kept(app, place) == sorted(choices(place))


def test_requests_that_never_end_keep_nobody_waiting(place: Room, serve: Serve):
    site = serve()
    half = f"POST {place.address}/answers HTTP/1.1\r\nHost: a\r\nContent-Length: 200\r\n\r\n{{".encode()
    open_ones = [socket.create_connection(("127.0.0.1", site.port)) for _one in range(8)]
    for one in open_ones:
        one.sendall(half)
    time.sleep(0.5)

    began = time.monotonic()
    line = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    line.request("GET", f"{place.address}/state?as=player")

    answer = line.getresponse()
    answer.read()

    assert answer.status == 401
    assert time.monotonic() - began < 5
    for one in (*open_ones, line):
        one.close()
