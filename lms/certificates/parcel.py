"""Many certificates as one file: a zip of the very files that were issued, and one PDF of their pages for printing.

    parcel = of(scope, everything)      what it will hold, and its exact length
    parcel.zip()                        its bytes, one certificate after another from the database
    printed(parcel)                     one PDF of its pages; raises pdf.Failed

For the page and for the terminal.
"""

import io
import re
import struct
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

from flask_babel import gettext
from msgspec import Struct
from sqlalchemy import ColumnElement, select
from zipstream import ZipStream

from lms import pdf
from lms.apart import Apart, NoTurn, TooLarge, TooLong, Undone, ends_with_us
from lms.certificates.models import Certificate, CertificateFile
from lms.certificates.parts import State
from lms.database import db
from lms.events.roll import in_the_alphabet
from lms.paths import PACKAGE

LONGEST = 120  # bytes of a name in a file's name; with the number and a state it stays within what every system takes
MOST_PRINTED = 2_000
LENGTH = struct.Struct(">I")
# What no system's file names may hold, or what turns the way a name reads; “.” at the end and “~” at the beginning.
UNSAFE = re.compile(
    r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]'
)
RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|\s|$)", re.IGNORECASE)


class Item(Struct, frozen=True):
    """One certificate of a parcel."""

    id: int
    number: str
    name: str
    size: int
    state: State


class Withdrawn(Exception):
    """Whoever fetches a parcel lost the right to it on the way; what was sent ends in the middle."""


class Parcel(Struct, frozen=True):
    """What a zip will hold, by name."""

    items: tuple[Item, ...]

    @property
    def length(self) -> int:
        """The exact length of the zip in bytes."""
        return len(self._stream())

    def zip(self, allowed: Callable[[], bool] = lambda: True) -> Iterator[bytes]:
        """The bytes of the zip. One certificate is read at a time, in a transaction of its own.

        Raises Withdrawn before the first one that whoever fetches them is not `allowed` to have any more.
        """
        yield from self._stream(allowed)

    def _stream(self, allowed: Callable[[], bool] = lambda: True) -> ZipStream:
        stream = ZipStream(sized=True)
        for item in self.items:
            stream.add(_allowed(item.id, allowed), file_name(item), size=item.size)
        return stream


def of(scope: str, everything: bool = False) -> Parcel:
    """The certificates of a scope whose files are still kept: the valid ones, or every one that was issued."""
    return Parcel(tuple(_items(scope, everything)))


def _items(scope: str, everything: bool) -> list[Item]:
    valid = (Certificate.superseded_at.is_(None), Certificate.revoked_at.is_(None))
    which: tuple[ColumnElement[bool], ...] = () if everything else valid
    found = db.session.execute(
        select(
            Certificate.id, Certificate.number, Certificate.name, Certificate.size, Certificate.superseded_at,
            Certificate.revoked_at,
        )
        .join(CertificateFile, CertificateFile.certificate_id == Certificate.id)
        .where(Certificate.scope == scope, *which)
    )  # fmt: skip
    items = [
        Item(
            row.id, row.number, row.name, row.size,
            State.REVOKED if row.revoked_at else State.SUPERSEDED if row.superseded_at else State.VALID,
        )
        for row in found
    ]  # fmt: skip
    return sorted(items, key=lambda item: (in_the_alphabet(item.name), item.number))


def _allowed(certificate_id: int, allowed: Callable[[], bool]) -> Iterator[bytes]:
    if not allowed():
        raise Withdrawn("The right to these certificates ended while they were sent.")
    yield from _content(certificate_id)


def _content(certificate_id: int) -> Iterator[bytes]:
    content = db.session.scalar(select(CertificateFile.content).where(CertificateFile.certificate_id == certificate_id))
    db.session.rollback()  # who fetches slowly holds up nobody
    yield content or b""


def file_name(item: Item) -> str:
    """“Marija Żammit Ċiantar D-….pdf”, in the letters of the name; one that is not valid says so."""
    state = "" if item.state is State.VALID else f" ({item.state.value})"
    return f"{readable(item.name)} {item.number}{state}.pdf".lstrip()


def readable(name: str) -> str:
    """A name as the beginning of a file's name: whole letters, no folder, nothing that a system reads otherwise."""
    plain = UNSAFE.sub(" ", unicodedata.normalize("NFC", name))
    plain = " ".join(plain.split()).lstrip(".~-= ")
    if RESERVED.match(plain):
        plain = f"_{plain}"
    while len(plain.encode()) > LONGEST:
        plain = plain[:-1]
    return plain.rstrip()


# --- for printing --------------------------------------------------------------------------------------------


class Binder(Apart):
    """The process that puts pages together."""

    def script(self) -> Path:
        return PACKAGE / "certificates" / "binder.py"


_binder = Binder(seconds=60, megabytes=512, idle_seconds=5)
ends_with_us(_binder)


def printed(held: Parcel) -> bytes:
    """The pages of a parcel's certificates as one PDF, which is for paper and proves nothing.

    Raises pdf.Failed, whose words are for whoever asked.
    """
    if len(held.items) > MOST_PRINTED:
        raise pdf.Failed(gettext("These are too many pages for one file. Take the zip and print from that."))
    errand = io.BytesIO()
    for item in held.items:
        content = b"".join(_content(item.id))
        errand.write(LENGTH.pack(len(content)))
        errand.write(content)
    try:
        return _binder.do(b"B", errand.getvalue())
    except NoTurn:
        raise pdf.Failed(gettext("Other documents are being made just now. Try again in a minute.")) from None
    except (TooLarge, TooLong):
        words = gettext("These are too many pages for one file. Take the zip and print from that.")
        raise pdf.Failed(words) from None
    except Undone:
        raise pdf.Failed(gettext("This document could not be made. Tell the people who run this site.")) from None
