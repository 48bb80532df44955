"""The open event streams of this process: one thread works out what is new and writes it to all of them.

A stream's connection is taken from the server once the request is answered, so that it holds no thread, no database
session and nothing else of the request: docs/decisions/023. Of what could not be sent yet only the latest is kept.
"""

import logging
import os
import random
import selectors
import socket
import time
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from threading import Lock, Thread
from typing import Any
from uuid import UUID

from flask import Flask, current_app
from msgspec import Struct
from sqlalchemy import select, update
from sqlalchemy.exc import NoResultFound, SQLAlchemyError

from lms.accounts.models import Login, Person, Role, Standing
from lms.clock import now
from lms.database import db, reads, writes
from lms.exercises import showing, staff
from lms.exercises.models import Player, Run
from lms.exercises.parts import Phase
from lms.exercises.showing import Encoded, Sent
from lms.hub import ANYTHING, Hub

log = logging.getLogger(__name__)
MOST = 2000  # streams of a process; a run has no more players
MOST_OF_ONE = 5  # of a player: whoever opens more loses the oldest
BETWEEN = 0.25  # seconds between two looks at a run
BETWEEN_COUNTS = 2.0  # seconds until players are told what changes in nothing but counts
BEAT = 15.0
STALLED = 30.0  # seconds after which a connection that takes nothing is given up
CHECK = 5.0  # seconds between two looks at whether everybody may still look
SEEN = 60.0  # seconds between two notes that players' devices are alive
TICK = 1.0
STAYS = (240, 480)  # seconds that a stream lives at most, so that not all come back at once
SIGNED_IN = (50, 60)  # the same for someone who is signed in: coming back they are asked anew what they may see
RETRY = (1000, 4000)  # milliseconds until a browser comes back
_chance = random.SystemRandom()


class Listener(Struct, frozen=True):
    """Who is at the other end, and by what they were known: their key's hash, or a session; a screen by its own key."""

    run_id: UUID
    audience: str
    player_id: UUID | None = None
    key_hash: str = ""
    login_id: int | None = None


class Stream:
    """A connection that is written to, and what it was sent last."""

    def __init__(self, line: socket.socket, head: bytes, listener: Listener) -> None:
        self.line, self.listener = line, listener
        self.began = now()
        self.ends = time.monotonic() + _chance.uniform(*(SIGNED_IN if listener.login_id is not None else STAYS))
        self.left = memoryview(head + b"retry: %d\n%b" % (_chance.randint(*RETRY), _beat()))
        self.next: bytes | None = None
        self.wrote = time.monotonic()
        self.shown: Encoded | None = None
        self.sent: Sent | None = None
        self.sent_at = 0.0
        self.held = False
        self.wants_more = False


class _Room:
    """A run with those who follow it here, and when it is looked at next."""

    def __init__(self, run_id: UUID) -> None:
        self.run_id = run_id
        self.streams: set[Stream] = set()
        self.seen: Encoded | None = None
        self.looked = 0.0  # because something was announced
        self.due = 0.0
        self.again = True
        self.noted = 0.0


def offered(environ: Mapping[str, Any]) -> bool:
    """Whether this request's connection can become a stream: the server gives it away, and there is room."""
    by = environ.get("gunicorn.socket")
    return type(by) is socket.socket and environ["SERVER_PROTOCOL"].startswith("HTTP/1.") and not streams().full


def take(environ: Mapping[str, Any]) -> socket.socket:
    """The connection of a request, for ourselves.

    The server goes on with one in its place whose other end is closed, and so ends what it has of the request.
    """
    theirs: socket.socket = environ["gunicorn.socket"]
    ours = theirs.dup()
    instead, other = socket.socketpair()
    os.dup2(instead.fileno(), theirs.fileno(), inheritable=False)
    instead.close()
    other.close()
    ours.setblocking(False)
    if ours.family in (socket.AF_INET, socket.AF_INET6):
        ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(STALLED * 1000))
    return ours


def init_app(app: Flask) -> None:
    """Make room for streams; their thread begins with the first."""
    app.extensions["streams"] = Streams(app)


def streams() -> "Streams":
    """The streams of this process."""
    found: Streams = current_app.extensions["streams"]
    return found


class Streams:
    """The streams of a process, for every thread."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.lock = Lock()
        self.writer: _Writer | None = None

    @property
    def full(self) -> bool:
        """Whether there is no room for one more."""
        return self.writer is not None and self.writer.open + len(self.writer.arriving) >= MOST

    def begin(self, line: socket.socket, head: bytes, listener: Listener) -> None:
        """Follow a run for someone from here on; `head` is sent first."""
        with self.lock:
            if self.writer is None:
                self.writer = _Writer(self.app)
                self.writer.start()
            writer = self.writer
        writer.arriving.append(Stream(line, head, listener))
        writer.wake()

    def stop(self) -> None:
        """End every stream, for the process ends."""
        if self.writer is not None:
            self.writer.ending = True
            self.writer.wake()
            self.writer.join(5)
            self.writer = None


class _Writer(Thread):
    """The thread that looks at runs and writes to all streams; `arriving` and `heard` are filled by others."""

    def __init__(self, app: Flask) -> None:
        super().__init__(name="streams", daemon=True)
        self.app = app
        self.hub: Hub = app.extensions["hub"]
        self.arriving: deque[Stream] = deque()
        self.heard: deque[str] = deque()
        self.ending = False
        self.open = 0
        self.rooms: dict[UUID, _Room] = {}
        self.ticked = self.checked = 0.0
        self.selector = selectors.DefaultSelector()
        self.woken, self.waker = socket.socketpair()
        self.woken.setblocking(False)
        self.waker.setblocking(False)
        self.selector.register(self.woken, selectors.EVENT_READ)
        self.hub.listen(self.hear)

    def hear(self, topic: str) -> None:
        """Something was announced."""
        self.heard.append(topic)
        self.wake()

    def wake(self) -> None:
        """Let the thread look at what is new at once."""
        with suppress(OSError):  # it has not yet looked at what woke it before, or is no more
            self.waker.send(b"\0")

    def run(self) -> None:
        """Until the process ends."""
        while not self.ending:
            try:
                self._hear_lines()
                self._turn()
            except Exception:
                log.exception("a turn of the live streams failed")
                time.sleep(TICK)
        self.hub.forget(self.hear)
        for stream in self._all():
            self._drop(stream)
        for thing in (self.selector, self.woken, self.waker):
            thing.close()

    def _hear_lines(self) -> None:
        """Wait for what the lines have to say, until something is due."""
        for key, mask in self.selector.select(self._until_next()):
            stream: Stream | None = key.data
            if stream is None:
                self.woken.recv(4096)
            elif mask & selectors.EVENT_READ:
                self._drop(stream)  # whoever reads a stream has nothing to say on it: they have gone
            else:
                self._write(stream)

    def _until_next(self) -> float | None:
        if not self.rooms:
            return None
        nearest = min(min(room.due for room in self.rooms.values()), self.ticked + TICK)
        return max(0.0, nearest - time.monotonic())

    def _turn(self) -> None:
        moment = time.monotonic()
        self._listen_to_what_was_heard(moment)
        self._let_in(moment)
        for room in [room for room in self.rooms.values() if room.due <= moment]:
            self._show(room, moment)
        if moment - self.ticked >= TICK:
            self.ticked = moment
            self._keep_alive(moment)
        if moment - self.checked >= CHECK:
            self.checked = moment
            self._check()

    def _listen_to_what_was_heard(self, moment: float) -> None:
        """What was announced is looked at as soon as it may be; and once more, for what came with it."""
        topics = {self.heard.popleft() for _ in range(len(self.heard))}
        for room in self.rooms.values():
            if ANYTHING in topics or showing.topic(room.run_id) in topics:
                room.due = min(room.due, max(moment, room.looked + BETWEEN))
                room.again = True

    def _let_in(self, moment: float) -> None:
        while self.arriving:
            stream = self.arriving.popleft()
            self.selector.register(stream.line, selectors.EVENT_READ, stream)
            room = self.rooms.setdefault(stream.listener.run_id, _Room(stream.listener.run_id))
            mine = [one for one in room.streams if stream.listener.player_id and one.listener == stream.listener]
            room.streams.add(stream)
            self.open += 1
            for oldest in sorted(mine, key=lambda one: one.began)[: max(0, len(mine) + 1 - MOST_OF_ONE)]:
                self._end(oldest)
            self._write(stream)
            room.due = moment

    def _show(self, room: _Room, moment: float) -> None:
        """Look at a run, and send everybody what is new to them."""
        if room.again:
            room.looked = moment
        room.due = moment + (BETWEEN if room.again else self.hub.by_itself)
        room.again = False
        try:
            with self.app.app_context():
                room.seen = showing.encoded(room.run_id, now(), room.seen)
                held = [self._tell(stream, room.seen, moment) for stream in list(room.streams)]
            if moment - room.noted >= SEEN and room.seen.live.state.phase is not Phase.ENDED:
                room.noted = moment
                self._note_seen(room)
        except NoResultFound:
            for stream in list(room.streams):
                self._end(stream)
            return
        except SQLAlchemyError as problem:
            log.warning("run %s cannot be looked at: %s", room.run_id, problem)
            room.due = moment + self.hub.by_itself
            return
        room.due = min(room.due, min(held, default=room.due))

    def _tell(self, stream: Stream, seen: Encoded, moment: float) -> float:
        """Send a stream what is new to it; when that is to be looked at again, where players are not told yet."""
        never = float("inf")
        if stream.shown is not None and stream.shown.live is seen.live and not stream.held:
            return never
        new = self._of(stream.listener, seen)
        if new is None:
            if seen.live.at >= stream.began:
                self._end(stream)
                return never
            return moment + BETWEEN  # they joined after this was worked out
        stream.shown = seen
        last = stream.sent
        stream.held = False
        if last is not None and (new.version < last.version or new.parts == last.parts):
            return never
        waits = stream.sent_at + BETWEEN_COUNTS
        if last is not None and stream.listener.audience == "player" and new.core == last.core and waits > moment:
            stream.held = True
            return waits
        stream.sent, stream.sent_at = new, moment
        stream.next = b"".join((b"id: %d\ndata: " % new.version, *new.parts, b"\n\n"))
        self._write(stream)
        return never

    def _of(self, listener: Listener, seen: Encoded) -> Sent | None:
        if listener.player_id is not None:
            return seen.players(listener.player_id)
        return seen.screens() if listener.audience == "screen" else seen.trainers()

    def _write(self, stream: Stream) -> None:
        """Send as much as the connection takes; what then comes in place of what waits is the latest."""
        while stream.left or stream.next is not None:
            if not stream.left:
                stream.left, stream.next = memoryview(stream.next or b""), None
            try:
                sent = stream.line.send(stream.left)
            except BlockingIOError:
                break
            except OSError:
                self._drop(stream)
                return
            stream.left = stream.left[sent:]
            stream.wrote = time.monotonic()
        wants_more = bool(stream.left)
        if wants_more is not stream.wants_more:
            stream.wants_more = wants_more
            mask = selectors.EVENT_READ | (selectors.EVENT_WRITE if wants_more else 0)
            self.selector.modify(stream.line, mask, stream)

    def _end(self, stream: Stream) -> None:
        """End a stream between two events; whoever may go on looking comes back at once."""
        if not stream.left:
            stream.next = _event("again", b"1")
            self._write(stream)
        self._drop(stream)

    def _drop(self, stream: Stream) -> None:
        room = self.rooms.get(stream.listener.run_id)
        if room is None or stream not in room.streams:
            return
        room.streams.discard(stream)
        self.open -= 1
        if not room.streams:
            del self.rooms[room.run_id]
        self.selector.unregister(stream.line)
        stream.line.close()

    def _all(self) -> list[Stream]:
        return [stream for room in self.rooms.values() for stream in room.streams]

    def _keep_alive(self, moment: float) -> None:
        for stream in self._all():
            if moment >= stream.ends:
                self._end(stream)
            elif stream.left and moment - stream.wrote >= STALLED:
                self._drop(stream)
            elif not stream.left and moment - stream.wrote >= BEAT:
                stream.next = _beat()
                self._write(stream)

    def _check(self) -> None:
        """End the streams of whoever may not look any more: signed out, blocked, no longer a trainer, no such key."""
        try:
            with self.app.app_context():
                sessions = _alive({one.listener.login_id for one in self._all() if one.listener.login_id is not None})
                theirs = {someone: _conducted(someone, self.rooms) for someone in set(sessions.values())}
                keys = _keys(self.rooms)
        except SQLAlchemyError as problem:
            log.warning("whether everybody may still look is not known: %s", problem)
            return
        for stream in self._all():
            listener = stream.listener
            if listener.login_id is not None:
                someone = sessions.get(listener.login_id)
                good = someone is not None and (listener.player_id is not None or listener.run_id in theirs[someone])
            else:
                good = not listener.key_hash or listener.key_hash in keys
            if not good:
                self._end(stream)

    def _note_seen(self, room: _Room) -> None:
        """Note that the players who follow are here; in a thread of its own, because it may have to wait."""
        ids = {one.listener.player_id for one in room.streams} - {None}
        if ids:
            Thread(target=_note_seen, args=(self.app, ids), name="seen", daemon=True).start()


def _event(name: str, data: bytes) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)


def _beat() -> bytes:
    """A sign of life that scripts hear too, with the server's time in milliseconds."""
    return _event("beat", b"%d" % (time.time() * 1000))


def _alive(login_ids: Iterable[int]) -> dict[int, tuple[int, Role]]:
    """Of these sessions those that open something, with their people and the role of these now."""
    if not login_ids:
        return {}
    moment = now()
    rows = db.session.execute(
        select(Login.id, Login.person_id, Person.role)
        .join(Login.person)
        .where(
            Login.id.in_(login_ids),
            Login.ended_at.is_(None),
            Login.seen_at > moment - current_app.extensions["session_idle"],
            Login.began_at > moment - current_app.extensions["session_longest"],
            Person.standing == Standing.ACTIVE,
        )
    )
    return {row.id: (row.person_id, row.role) for row in rows}


def _conducted(someone: tuple[int, Role], run_ids: Iterable[UUID]) -> set[UUID]:
    """Of these runs those that someone conducts."""
    mine = staff.conducted_by(*someone).with_only_columns(Run.id).where(Run.id.in_(run_ids))
    return set(db.session.scalars(mine))


def _keys(run_ids: Iterable[UUID]) -> set[str]:
    return set(db.session.scalars(select(Player.key_hash).where(Player.run_id.in_(run_ids))))


def _note_seen(app: Flask, player_ids: Iterable[UUID]) -> None:
    with app.app_context():
        writes()
        try:
            db.session.execute(update(Player).where(Player.id.in_(player_ids)).values(seen_at=now()))
            db.session.commit()
        except SQLAlchemyError as problem:
            log.warning("who is here could not be noted: %s", problem)
        reads()
