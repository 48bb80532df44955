"""Right answers to the attempt that is open, read from the site's own database."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import msgspec

from lms.quizzes.paper import Paper, given
from tests.quizzes.test_taking_a_quiz import fields_of, right_answer


def paper_of(instance: Path, attempt_id: int) -> Paper:
    with sqlite3.connect(instance / "lms.db") as rows:
        kept = rows.execute("SELECT paper_kept FROM attempt WHERE id = ?", (attempt_id,)).fetchone()[0]
    return msgspec.convert(json.loads(kept), Paper)


def right_fields(instance: Path, attempt_id: int, number: int) -> dict[str, list[str]]:
    drawn = paper_of(instance, attempt_id).questions[number - 1]
    return fields_of(given(drawn, right_answer(drawn.question)), "q")


def sent_of(instance: Path, attempt_id: int) -> list[tuple[int, dict[str, Any]]]:
    with sqlite3.connect(instance / "lms.db") as rows:
        found = rows.execute("SELECT number, given FROM sent_answer WHERE attempt_id = ? ORDER BY place", (attempt_id,))
        return [(number, json.loads(given_)) for number, given_ in found]
