"""The only place that asks the time."""

from datetime import UTC, datetime


def now() -> datetime:
    """The moment, aware and in UTC."""
    return datetime.now(UTC)
