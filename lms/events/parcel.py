"""Rows of a table as one field of a form: what was uploaded travels with the page, and is planned anew when back."""

import base64
import binascii
import zlib
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from lms.spreadsheet import MOST_READ

MOST_PACKED = 400_000  # characters of the field
MOST_UNPACKED = 8_000_000  # bytes, so that no small field becomes a large table


Rows = Annotated[list[list[str]], Meta(max_length=MOST_READ + 1)]  # with its head, as many as are read


class TooLarge(ValueError):
    """More than a page can carry."""


def packed(rows: Sequence[Sequence[str]]) -> str:
    """Rows as letters, digits, - and _. Raises TooLarge."""
    text = base64.urlsafe_b64encode(zlib.compress(msgspec.json.encode(rows), 9)).decode().rstrip("=")
    if len(text) > MOST_PACKED:
        raise TooLarge
    return text


def unpacked(text: str) -> list[list[str]] | None:
    """The rows again, or None where it is no such field."""
    if len(text) > MOST_PACKED:
        return None
    try:
        stream = zlib.decompressobj()
        content = stream.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), MOST_UNPACKED)
        if not stream.eof:
            return None
        return msgspec.json.decode(content, type=Rows)
    except (ValueError, binascii.Error, zlib.error, msgspec.MsgspecError, UnicodeError):
        return None
