"""How HTML becomes a tagged PDF, in a process of its own, and a text becomes a QR code.

    render(html) -> bytes                     a PDF/UA-1 file; Failed says in words why there is none
    qr(text, alternative) -> Markup           an inline SVG, for pages and documents alike
    unprintable(text) -> list[str]            the letters no font of ours has: ask before a name is printed for good

`html` is a whole page with `lang` and a `<title>`, which become the file's language and title. It has the looks of
`lms/static/paper.css`: the class of its `<body>` names the paper. Nothing it names is fetched. A letter that
no font of ours has is printed as �.

The process (`lms/press.py`) starts with the first document and ends when none has come for a minute. One document is
printed at a time; the others wait their turn.
"""

import atexit
import logging
import os
import re
import struct
import subprocess
import sys
import threading
import unicodedata
from contextlib import suppress
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import IO, cast

import segno
from flask_babel import gettext as _
from fontTools.ttLib import TTFont
from markupsafe import Markup

from lms.paths import PACKAGE, STATIC

FONTS = STATIC / "fonts" / "pdf"
STYLESHEET = STATIC / "paper.css"
QUIET_ZONE = 4
# What a text may hold besides letters: ends of lines, and marks that join, part or turn letters and have no ink.
INKLESS = frozenset("\t\n\r\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069")
REPLACEMENT = "\ufffd"
# What the other process may know of this one: where things lie, no keys and no addresses.
HANDED_ON = ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")
HEAD = struct.Struct(">cI")
LIBRARIES_MISSING = 3
WORKED_TOO_LONG = -27  # what SIGPROF leaves behind
BUSY = 3

log = logging.getLogger(__name__)


class Failed(Exception):
    """A document that could not be printed, in words for whoever asked for it."""


class Press:
    """One process that prints, and whoever waits for it. Safe to use from many threads.

    A document may work for `seconds`, and may take three times as long where the machine is busy with other things.
    """

    def __init__(
        self, *, seconds: float = 20, megabytes: int = 512, idle_seconds: float = 60, turn_seconds: float = 60
    ) -> None:
        self.seconds = seconds
        self.megabytes = megabytes
        self.idle_seconds = idle_seconds
        self.turn_seconds = turn_seconds
        self.process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()
        self._rest: threading.Timer | None = None
        self._inherited: subprocess.Popen[bytes] | None = None

    def print(self, html: str) -> bytes:
        """The PDF of a page. Raises Failed."""
        if not self._turn.acquire(timeout=self.turn_seconds):
            raise Failed(_("Other documents are being made just now. Try again in a minute."))
        try:
            self._cancel_rest()
            if self._runs():
                try:
                    return self._printed(html)
                except _Ended:
                    pass  # it had grown old or was ended from outside; the document may be sound
            self._start()
            return self._printed(html)
        except _Ended as ended:
            raise Failed(ended.words) from None
        finally:
            self._begin_rest()
            self._turn.release()

    def close(self) -> None:
        """End the process, if it runs."""
        with self._turn:
            self._cancel_rest()
            self._end()

    def forget(self) -> None:
        """After a fork: the process that prints is the parent's; two who spoke to it would get each other's pages."""
        self._turn = threading.Lock()
        self._rest = None
        self._inherited, self.process = self.process, None

    def _printed(self, html: str) -> bytes:
        overdue = threading.Event()
        watch = threading.Timer(self.seconds * BUSY, self._give_up, [overdue])
        watch.daemon = True
        watch.start()
        try:
            letter, body = self._ask(html.encode())
        except OSError:
            letter, body = b"", b""
        except BaseException:
            self._give_up(overdue)  # else its answer would go to whoever asks next
            raise
        finally:
            watch.cancel()
            watch.join()
        if letter == b"D" and not overdue.is_set():
            return body
        if letter == b"F":
            log.error("A document could not be printed: %s", body.decode(errors="replace"))
            raise Failed(_("This document could not be made. Tell the people who run this site."))
        status = self._end()
        if overdue.is_set() or status == WORKED_TOO_LONG:
            log.error("A document took longer than %s seconds", self.seconds)
            raise Failed(_("This document took too long to make. Choose fewer rows and try again."))
        if status == LIBRARIES_MISSING:
            raise Failed(
                _(
                    "This machine lacks the libraries that lay out a PDF. "
                    "Type lms doctor: it names the command that brings them."
                )
            )
        if letter == b"M":
            raise _Ended(_("This document is too large to make. Choose fewer rows and try again."))
        log.error("The process that prints documents ended with status %s", status)
        raise _Ended(_("This document could not be made. Tell the people who run this site."))

    def _ask(self, page: bytes) -> tuple[bytes, bytes]:
        """The letter and the bytes that come back for a page; raises OSError when nobody answers."""
        asked, given = self._pipes()
        asked.write(HEAD.pack(b"P", len(page)) + page)
        asked.flush()
        head = given.read(HEAD.size)
        if len(head) < HEAD.size:
            raise BrokenPipeError
        letter, length = HEAD.unpack(head)
        body = given.read(length)
        if len(body) < length:
            raise BrokenPipeError
        return letter, body

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
        environment |= {"FONTCONFIG_FILE": str(FONTS / "fonts.conf"), "LANG": "C.UTF-8"}
        limits = [str(self.megabytes * 1024 * 1024), str(self.seconds)]
        self.process = subprocess.Popen(  # noqa: S603 - our own file, by our own interpreter
            [sys.executable, "-P", str(PACKAGE / "press.py"), str(STYLESHEET), *limits],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
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


class _Ended(Exception):
    """The process ended while it printed; a fresh one may do better."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


_press = Press()
atexit.register(_press.close)
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_press.forget)


def render(html: str) -> bytes:
    """The tagged PDF (PDF/UA-1) of a whole page. Raises Failed, whose words are for whoever asked."""
    if not unicodedata.is_normalized("NFC", html):
        # Not across a bracket: “>” and a combining stroke after it would become one letter, and the tag stay open.
        html = re.sub("[^<>]+", lambda text: unicodedata.normalize("NFC", text[0]), html)
    return _press.print(html.translate({ord(letter): REPLACEMENT for letter in set(html) - _letters()}))


def unprintable(text: str) -> list[str]:
    """The letters of a text that no font of ours has, each once, in their order."""
    return [letter for letter in dict.fromkeys(unicodedata.normalize("NFC", text)) if letter not in _letters()]


@cache
def _letters() -> frozenset[str]:
    """What can be printed, in regular and in semi-bold."""
    regular, semibold = (_letters_of(sorted(FONTS.glob(f"*-{weight}.ttf"))) for weight in ("Regular", "SemiBold"))
    return (regular & semibold) | INKLESS


def _letters_of(files: list[Path]) -> frozenset[str]:
    letters: set[str] = set()
    for file in files:
        with TTFont(file, lazy=True) as font:
            letters.update(map(chr, font.getBestCmap()))
    return frozenset(letter for letter in letters if unicodedata.category(letter) != "Cc")


def qr(text: str, alternative: str) -> Markup:
    """A QR code as an SVG without size or style: level M, a quiet zone of four modules, ink on white.

    `alternative` is what someone hears instead of seeing it. Give it a size by its class, `qr`.
    """
    code = segno.make(text, error="m", micro=False, boost_error=False)
    side = code.symbol_size(border=QUIET_ZONE)[0]
    ink = []
    for y, row in enumerate(code.matrix, QUIET_ZONE):
        x = QUIET_ZONE
        for dark, run in groupby(row):
            length = len(list(run))
            if dark:
                ink.append(f"M{x} {y}.5h{length}")
            x += length
    return Markup(
        '<svg class="qr" role="img" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        '<title>{alternative}</title><path fill="#fff" d="M0 0h{side}v{side}H0z"/><path stroke="#000" d="{ink}"/></svg>'
    ).format(side=side, alternative=alternative, ink="".join(ink))
