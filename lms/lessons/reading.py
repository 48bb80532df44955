"""When a lesson counts as read: its end was reached and its question answered, rightly or not; never by time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol


class Read(Protocol):
    """What is known of someone's reading of a lesson."""

    @property
    def ended_at(self) -> datetime | None: ...

    @property
    def checked_at(self) -> datetime | None: ...


def is_read(visit: Read | None) -> bool:
    return visit is not None and visit.ended_at is not None and visit.checked_at is not None


def still_open(visit: Read | None) -> str | None:
    """What a lesson that was begun still lacks: "question", "end", or None for both or neither."""
    if visit is None or is_read(visit):
        return None
    if visit.ended_at is not None:
        return "question"
    if visit.checked_at is not None:
        return "end"
    return None


def per_cent(read: int, lessons: int) -> int:
    """How much of a topic is read; 100 only when nothing is left."""
    return 100 * read // lessons if lessons else 0


def next_unread(lessons: Sequence[str], read: set[str]) -> str | None:
    """The first lesson of a topic that is not read yet."""
    return next((lesson for lesson in lessons if lesson not in read), None)
