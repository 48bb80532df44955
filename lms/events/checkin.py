"""May this scan count, and for which half-day: times corrected, codes read, self check-in let in or refused."""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import TypeVar

from lms.events.attendance import Span

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # no I, O, 0, 1: 32 signs that nobody mistakes for another
CODE_LENGTH = 6
BADGE_LENGTH = 26  # 26 of 32 signs are 130 bits
OPENS = timedelta(minutes=90)
TURN = timedelta(seconds=20)
Day = TypeVar("Day", bound=Span)


class Why(StrEnum):
    """Why a mark or a check-in is not taken."""

    UNREADABLE = "unreadable"
    OTHER_CONTENT = "other-content"
    UNKNOWN_BADGE = "unknown-badge"
    UNKNOWN_HALF_DAY = "unknown-half-day"
    CANCELLED = "cancelled"
    NEEDS_REASON = "needs-reason"
    NEEDS_MARK = "needs-mark"
    UNDOES_UNDO = "undoes-undo"
    NOT_FROM_DESK = "not-from-desk"
    REVOKED = "revoked"
    TOO_EARLY = "too-early"
    TOO_LATE = "too-late"
    OLD_CODE = "old-code"
    CLOSED = "closed"


def typed(code: str) -> str:
    """A code as it is kept: capitals, without spaces and strokes."""
    return "".join(sign for sign in code.upper() if sign.isalnum())


def hashed(badge: str, salt: str) -> str:
    """What a desk knows of a badge: nobody who finds the desk's list can print one."""
    return sha256(f"{salt}{badge}".encode()).hexdigest()


def corrected(at: datetime, sent_at: datetime, received_at: datetime) -> datetime:
    """A device's time by our clock: what its clock said when it sent, against when it arrived, is its skew."""
    return at + (received_at - sent_at)


def current(half_days: Sequence[Day], moment: datetime) -> Day | None:
    """The half-day a desk checks in to: the one going on, else the next one, else the last."""
    ahead = [half_day for half_day in half_days if moment < half_day.ends_at]
    return min(ahead, key=lambda one: one.starts_at) if ahead else max(half_days, key=lambda o: o.ends_at, default=None)


def room_code(secret: str, moment: datetime) -> str:
    """What the room's screen shows at a moment; it changes every twenty seconds."""
    turn = int(moment.timestamp()) // int(TURN.total_seconds())
    digest = hmac.new(secret.encode(), str(turn).encode(), sha256).digest()
    return "".join(LETTERS[byte % 32] for byte in digest[:CODE_LENGTH])


def self_refusal(open_: bool, half_day: Span | None, secret: str, code: str, moment: datetime) -> Why | None:
    """Why someone may not check in alone now; None lets them. The code before the one shown is still good."""
    if not open_ or half_day is None:
        return Why.CLOSED
    if moment < half_day.starts_at - OPENS:
        return Why.TOO_EARLY
    if moment > half_day.ends_at:
        return Why.TOO_LATE
    good = {room_code(secret, moment), room_code(secret, moment - TURN)}
    return None if typed(code) in good else Why.OLD_CODE
