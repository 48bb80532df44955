"""New badges, codes and tokens: made by chance alone."""

import secrets
from uuid import UUID, uuid4

from lms.events.checkin import BADGE_LENGTH, CODE_LENGTH, LETTERS


def new_badge() -> str:
    """What a badge's QR holds: 130 random bits in 26 signs."""
    return _signs(BADGE_LENGTH)


def new_code() -> str:
    """Six signs to type; the caller sees to it that the event has no other of the kind."""
    return _signs(CODE_LENGTH)


def _signs(length: int) -> str:
    return "".join(secrets.choice(LETTERS) for _sign in range(length))


def new_salt() -> str:
    """A device's own salt: 128 bits."""
    return secrets.token_hex(16)


def new_id() -> UUID:
    """An id for what is made here and may travel to another installation."""
    return uuid4()
