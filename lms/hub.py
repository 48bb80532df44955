"""What one process tells the others: a word that something has changed, never what.

Nobody waits for it and nothing fails by it. A word may get lost, so whoever listens looks now and then unasked.
"""

import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Thread

import psycopg
from flask import Flask, current_app
from redis import Redis, RedisError

from lms.settings import Settings

log = logging.getLogger(__name__)
CHANNEL = "lms"
ANYTHING = ""  # said to those who listen when words may have been lost
IDLE = 10.0  # seconds after which a line on which nothing was sent is given back
TOGETHER = 0.05  # seconds between two sendings: whatever is said meanwhile goes with the next, each word once
AGAIN = 1.0  # seconds until a line that broke is tried again
PATIENCE = 5.0  # seconds that a line may take to answer
BY_ITSELF = 2.0  # seconds after which whoever listens looks unasked
ALONE = 0.5  # the same where processes may share a file and nothing else

Deed = Callable[[str], None]


class _RedisLine:
    """Words over Redis."""

    broken = (RedisError, OSError)

    def __init__(self, url: str) -> None:
        self.url = url

    def _open(self) -> Redis:
        return Redis.from_url(
            self.url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, health_check_interval=10
        )

    @contextmanager
    def sender(self) -> Iterator[Deed]:
        """What sends a word."""
        with self._open() as redis:

            def say(word: str) -> None:
                redis.publish(CHANNEL, word)

            yield say

    def words(self) -> Iterator[str]:
        """Words as they come; the first is ANYTHING, once the line stands."""
        with self._open() as redis, redis.pubsub(ignore_subscribe_messages=True) as heard:
            heard.subscribe(CHANNEL)
            yield ANYTHING
            while True:
                message = heard.get_message(timeout=PATIENCE)
                if message is not None:
                    yield message["data"].decode()


class _PostgresLine:
    """Words over PostgreSQL."""

    broken = (psycopg.Error, OSError)

    def __init__(self, url: str) -> None:
        self.dsn = url.replace("postgresql+psycopg://", "postgresql://")

    def _open(self) -> psycopg.Connection:
        return psycopg.connect(
            self.dsn, autocommit=True, connect_timeout=int(PATIENCE), keepalives_idle=10, keepalives_interval=5,
            keepalives_count=2, tcp_user_timeout=20000,
        )  # fmt: skip

    @contextmanager
    def sender(self) -> Iterator[Deed]:
        """What sends a word."""
        with self._open() as line:

            def say(word: str) -> None:
                line.execute("SELECT pg_notify(%s, %s)", (CHANNEL, word))

            yield say

    def words(self) -> Iterator[str]:
        """Words as they come; the first is ANYTHING, once the line stands."""
        with self._open() as line:
            line.execute(f"LISTEN {CHANNEL}")
            yield ANYTHING
            for heard in line.notifies():
                yield heard.payload


class Hub:
    """The words of this process; its threads begin with the first one, in whichever process that is said."""

    def __init__(self, settings: Settings) -> None:
        self.line = _line(settings)
        self.by_itself = ALONE if self.line is None and settings.sqlite else BY_ITSELF
        self.seed = secrets.token_hex(6)
        self.deeds: list[Deed] = []
        self.waiting: set[str] = set()
        self.news = Condition()
        self.sending = False
        self.hearing = False

    @property
    def own(self) -> str:
        """What this process signs its words with; one that parted from another signs with something else."""
        return f"{self.seed}-{os.getpid()}"

    def announce(self, topic: str) -> None:
        """Tell everybody who listens, here at once and elsewhere soon."""
        for deed in list(self.deeds):
            deed(topic)
        if self.line is None:
            return
        with self.news:
            self.waiting.add(topic)
            self.news.notify()
            if not self.sending:
                self.sending = True
                Thread(target=self._send, args=(self.line,), name="hub-send", daemon=True).start()

    def listen(self, deed: Deed) -> None:
        """From here on `deed` is called with every topic, in whichever thread it is heard; it must be quick."""
        self.deeds.append(deed)
        with self.news:
            if self.line is not None and not self.hearing:
                self.hearing = True
                Thread(target=self._hear, args=(self.line,), name="hub-hear", daemon=True).start()

    def forget(self, deed: Deed) -> None:
        """Call this deed no more."""
        self.deeds.remove(deed)

    def _send(self, line: _RedisLine | _PostgresLine) -> None:
        """Send what waits until nothing does for a while; a word that could not be sent is lost."""
        while True:
            try:
                with line.sender() as say:
                    while topics := self._next():
                        for topic in topics:
                            say(f"{self.own} {topic}")
                        time.sleep(TOGETHER)
                return
            except line.broken as problem:
                log.warning("other processes do not hear at once what changes here: %s", problem)
                time.sleep(AGAIN)

    def _next(self) -> set[str]:
        with self.news:
            if not self.news.wait_for(lambda: self.waiting, IDLE):
                self.sending = False
            topics, self.waiting = self.waiting, set()
            return topics

    def _hear(self, line: _RedisLine | _PostgresLine) -> None:
        while True:
            try:
                for word in line.words():
                    sender, _space, topic = word.partition(" ")
                    if sender != self.own:
                        for deed in list(self.deeds):
                            deed(topic)
            except line.broken as problem:
                log.warning("what changes in other processes is not heard at once: %s", problem)
                time.sleep(AGAIN)


def _line(settings: Settings) -> _RedisLine | _PostgresLine | None:
    if settings.redis_url:
        return _RedisLine(settings.redis_url)
    return None if settings.sqlite else _PostgresLine(settings.database_url)


def init_app(app: Flask, settings: Settings) -> None:
    """Give the app its words."""
    app.extensions["hub"] = Hub(settings)


def announce(topic: str) -> None:
    """Tell everybody who listens that something changed; said after the commit."""
    hub: Hub = current_app.extensions["hub"]
    hub.announce(topic)
