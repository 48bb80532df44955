"""A process of our own that does what is heavy or dangerous, and whoever waits for it.

It starts with the first errand, ends when none has come for a while, and gets neither our settings nor our keys in its
environment. One errand is done at a time; the others wait their turn. `lms/errands.py` is its other end.
"""

import atexit
import os
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from lms.errands import DONE, FAULTY, HEAD, LIBRARIES_MISSING, TOO_LARGE, WORKED_TOO_LONG

# What the other process may know of this one: where things lie, no keys and no addresses.
HANDED_ON = ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")
BUSY = 3


class Undone(Exception):
    """An errand that came to nothing; what it says is for the log and holds no words of the errand."""


class NoTurn(Undone):
    """Others were before it for too long."""


class Faulty(Undone):
    """It broke; the process lives."""


class TooLong(Undone):
    """It worked longer than an errand may, or hung."""


class NoLibraries(Undone):
    """The machine lacks a library that the process needs."""


class Ended(Undone):
    """The process ended over it; a fresh one may do better."""


class TooLarge(Ended):
    """It needed more memory than the process may have."""


class Apart(ABC):
    """One such process. Safe to use from many threads.

    An errand may work for `seconds`, and may take three times as long where the machine is busy with other things.
    """

    def __init__(
        self,
        *arguments: str,
        environment: dict[str, str] | None = None,
        seconds: float,
        megabytes: int,
        idle_seconds: float = 60,
        turn_seconds: float = 60,
    ) -> None:
        self.arguments = arguments
        self.environment = environment or {}
        self.seconds = seconds
        self.megabytes = megabytes
        self.idle_seconds = idle_seconds
        self.turn_seconds = turn_seconds
        self.process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()
        self._rest: threading.Timer | None = None
        self._inherited: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def script(self) -> Path:
        """The file that the process runs."""

    def do(self, letter: bytes, errand: bytes) -> bytes:
        """What comes back for an errand. Raises Undone."""
        if not self._turn.acquire(timeout=self.turn_seconds):
            raise NoTurn
        try:
            self._cancel_rest()
            if self._runs():
                try:
                    return self._done(letter, errand)
                except Ended:
                    pass  # it had grown old or was ended from outside; the errand may be sound
            self._start()
            return self._done(letter, errand)
        finally:
            self._begin_rest()
            self._turn.release()

    def close(self) -> None:
        """End the process, if it runs."""
        with self._turn:
            self._cancel_rest()
            self._end()

    def forget(self) -> None:
        """After a fork: the process is the parent's; two who spoke to it would get each other's answers."""
        self._turn = threading.Lock()
        self._rest = None
        self._inherited, self.process = self.process, None

    def _done(self, letter: bytes, errand: bytes) -> bytes:
        overdue = threading.Event()
        watch = threading.Timer(self.seconds * BUSY, self._give_up, [overdue])
        watch.daemon = True
        watch.start()
        try:
            outcome, answer = self._ask(letter, errand)
        except OSError:
            outcome, answer = b"", b""
        except BaseException:
            self._give_up(overdue)  # else its answer would go to whoever asks next
            raise
        finally:
            watch.cancel()
            watch.join()
        if outcome == DONE and not overdue.is_set():
            return answer
        if outcome == FAULTY:
            raise Faulty(answer.decode(errors="replace"))
        status = self._end()
        if overdue.is_set() or status == WORKED_TOO_LONG:
            raise TooLong(f"longer than {self.seconds} seconds")
        if status == LIBRARIES_MISSING:
            raise NoLibraries
        if outcome == TOO_LARGE:
            raise TooLarge(f"more than {self.megabytes} MiB")
        raise Ended(f"the process ended with status {status}")

    def _ask(self, letter: bytes, errand: bytes) -> tuple[bytes, bytes]:
        """The letter and the bytes that come back; raises OSError when nobody answers."""
        asked, given = self._pipes()
        asked.write(HEAD.pack(letter, len(errand)))
        asked.write(errand)
        asked.flush()
        head = given.read(HEAD.size)
        if len(head) < HEAD.size:
            raise BrokenPipeError
        outcome, length = HEAD.unpack(head)
        answer = given.read(length)
        if len(answer) < length:
            raise BrokenPipeError
        return outcome, answer

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        process = cast("subprocess.Popen[bytes]", self.process)
        return cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)

    def _give_up(self, overdue: threading.Event) -> None:
        overdue.set()
        if self.process:
            self.process.kill()

    def _runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def _start(self) -> None:
        self._end()
        environment = {name: os.environ[name] for name in HANDED_ON if name in os.environ}
        limits = [str(self.megabytes * 1024 * 1024), str(self.seconds)]
        self.process = subprocess.Popen(  # noqa: S603 - our own file, by our own interpreter
            [sys.executable, "-P", str(self.script()), *limits, *self.arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment | {"LANG": "C.UTF-8"} | self.environment,
        )

    def _end(self) -> int | None:
        """Stop the process and give the status it ended with."""
        if self.process is None:
            return None
        asked, given = self._pipes()
        process, self.process = self.process, None
        with suppress(OSError):  # what was not sent is sent to nobody
            asked.close()
        try:
            status = process.wait(2)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        given.close()
        return status

    def _begin_rest(self) -> None:
        if not self._runs():
            return
        self._rest = threading.Timer(self.idle_seconds, self._end_rest)
        self._rest.daemon = True
        self._rest.start()

    def _cancel_rest(self) -> None:
        if self._rest:
            self._rest.cancel()
        self._rest = None

    def _end_rest(self) -> None:
        with self._turn:
            if self._rest is threading.current_thread():
                self._rest = None
                self._end()


def ends_with_us(one: Apart) -> None:
    """Let a process end with ours; ours after a fork starts another."""
    atexit.register(one.close)
    if sys.platform != "win32":
        os.register_at_fork(after_in_child=one.forget)
