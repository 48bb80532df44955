"""How HTML becomes a tagged PDF, in a process of its own, and a text becomes a QR code.

    render(html) -> bytes                     a PDF/UA-1 file; Failed says in words why there is none
    record(html, attachment, room) -> bytes   the same as PDF/A-3a too, with a file in it, ready to be signed
    qr(text, alternative) -> Markup           an inline SVG, for pages and documents alike
    unprintable(text) -> list[str]            the letters no font of ours has: ask before a name is printed for good

`html` is a whole page with `lang` and a `<title>`, which become the file's language and title. It has the looks of
`lms/static/paper.css`: the class of its `<body>` names the paper. Nothing it names is fetched. A letter that
no font of ours has is printed as �.

The process (`lms/press.py`) starts with the first document and ends when none has come for a minute; `lms/apart.py`
speaks to it.
"""

import base64
import json
import logging
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

import segno
from flask_babel import gettext as _
from fontTools.ttLib import TTFont
from markupsafe import Markup

from lms.apart import Apart, Ended, Faulty, NoLibraries, NoTurn, TooLarge, TooLong, ends_with_us
from lms.paths import PACKAGE, STATIC

FONTS = STATIC / "fonts" / "pdf"
STYLESHEET = STATIC / "paper.css"
QUIET_ZONE = 4
MOST_ROOM = 5120  # bytes: a signature of RSA-4096 with its certificate and those of two who vouch for it
# What a text may hold besides letters: ends of lines, and marks that join, part or turn letters and have no ink.
INKLESS = frozenset("\t\n\r\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069")
REPLACEMENT = "\ufffd"

log = logging.getLogger(__name__)


class Failed(Exception):
    """A document that could not be printed, in words for whoever asked for it."""


@dataclass(frozen=True)
class Attachment:
    """A file within a document: its name, what is in it, its type (“application/json”) and what it is, in words."""

    name: str
    content: bytes
    mimetype: str
    description: str


class Press(Apart):
    """The process that prints. A document may work for `seconds`."""

    def __init__(
        self, *, seconds: float = 20, megabytes: int = 512, idle_seconds: float = 60, turn_seconds: float = 60
    ) -> None:
        super().__init__(
            str(STYLESHEET),
            environment={"FONTCONFIG_FILE": str(FONTS / "fonts.conf")},
            seconds=seconds,
            megabytes=megabytes,
            idle_seconds=idle_seconds,
            turn_seconds=turn_seconds,
        )

    def script(self) -> Path:
        return PACKAGE / "press.py"

    def print(self, html: str) -> bytes:
        """The PDF/UA-1 file of a page. Raises Failed."""
        return self._told(b"P", html.encode())

    def record(self, html: str, attachment: Attachment, room: int) -> bytes:
        """The PDF/A-3a and PDF/UA-1 file of a page, ready to be signed. Raises Failed."""
        parcel = {
            "page": html,
            "name": attachment.name,
            "content": base64.b64encode(attachment.content).decode(),
            "mimetype": attachment.mimetype,
            "description": attachment.description,
            "field": _("Digital signature"),
            "room": room,
        }
        return self._told(b"R", json.dumps(parcel).encode())

    def _told(self, letter: bytes, errand: bytes) -> bytes:
        try:
            return self.do(letter, errand)
        except NoTurn:
            raise Failed(_("Other documents are being made just now. Try again in a minute.")) from None
        except NoLibraries:
            raise Failed(
                _(
                    "This machine lacks the libraries that lay out a PDF. "
                    "Type lms doctor: it names the command that brings them."
                )
            ) from None
        except TooLong as fault:
            log.error("A document was given up: %s", fault)
            raise Failed(_("This document took too long to make. Choose fewer rows and try again.")) from None
        except TooLarge:
            raise Failed(_("This document is too large to make. Choose fewer rows and try again.")) from None
        except (Faulty, Ended) as fault:
            log.error("A document could not be printed: %s", fault)
            raise Failed(_("This document could not be made. Tell the people who run this site.")) from None


_press = Press()
ends_with_us(_press)


def render(html: str) -> bytes:
    """The tagged PDF (PDF/UA-1) of a whole page. Raises Failed, whose words are for whoever asked."""
    return _press.print(_printable(html))


def record(html: str, attachment: Attachment, room: int = MOST_ROOM) -> bytes:
    """What `render` gives, made to last: PDF/A-3a besides, with a file attached and a signature still to be written.

    `room`: bytes for the signature; each takes two of the file.

    `lms/certificates/signing.py` writes it in place; until then the file says that it is signed and is not. Give the
    page `<meta name="dcterms.created">`, or the file does not say when it was made. Raises Failed.
    """
    return _press.record(_printable(html), attachment, room)


def _printable(html: str) -> str:
    if not unicodedata.is_normalized("NFC", html):
        # Not across a bracket: “>” and a combining stroke after it would become one letter, and the tag stay open.
        html = re.sub("[^<>]+", lambda text: unicodedata.normalize("NFC", text[0]), html)
    return html.translate({ord(letter): REPLACEMENT for letter in set(html) - _letters()})


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
        '<svg xmlns="http://www.w3.org/2000/svg" class="qr" role="img" viewBox="0 0 {side} {side}" '
        'shape-rendering="crispEdges"><title>{alternative}</title>'
        '<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path stroke="#000" d="{ink}"/></svg>'
    ).format(side=side, alternative=alternative, ink="".join(ink))
