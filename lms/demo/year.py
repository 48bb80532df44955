"""The sample year as a whole, part by part; a part that is there already is left as it is."""

from datetime import timedelta
from random import Random

from lms.demo import events, exercises, papers, people
from lms.demo.people import ACCOUNTS

__all__ = ["ACCOUNTS", "fill"]
SEED = 101101918
KEPT = timedelta(days=10 * 365)  # or what is of 2024 would be old, and forgotten in its first night


def fill(password: str) -> bool:
    """Add what is missing of the sample year in the caller's transaction; whether anything was."""
    parts = (
        people.fill(password, Random(SEED)),  # noqa: S311 - the same every time is the point
        events.fill(Random(SEED)),  # noqa: S311
        papers.fill(Random(SEED + 1)),  # noqa: S311 - its own, or its ids would be those of the people
        exercises.fill(Random(SEED + 2)),  # noqa: S311
    )
    return any(parts)
