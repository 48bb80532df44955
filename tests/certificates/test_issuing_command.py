"""`lms certificates issue`: who is due is said first, a person at a terminal is asked, and a script is not."""

import os
import pty
import re
import sqlite3
import subprocess
from pathlib import Path

from tests.house.test_commands import LMS, lms


def issued(instance: Path) -> int:
    with sqlite3.connect(instance / "lms.db") as rows:
        return rows.execute("SELECT count(*) FROM certificate WHERE scope = 'vienna'").fetchone()[0]


def at_a_terminal(instance: Path, answer: bytes) -> subprocess.CompletedProcess[str]:
    """Issue the papers of Vienna as somebody who types an answer."""
    keyboard, terminal = pty.openpty()
    given = {name: value for name, value in os.environ.items() if not name.startswith("LMS_")}
    try:
        os.write(keyboard, answer)
        return subprocess.run(
            [LMS, "certificates", "issue", "vienna"], env=given | {"LMS_INSTANCE": str(instance)}, stdin=terminal,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
    finally:
        os.close(keyboard)
        os.close(terminal)


def test_nothing_is_issued_before_the_plan_was_shown_and_agreed_to(tmp_path: Path):
    assert lms(tmp_path, "demo", "--no-serve").returncode == 0

    planned = lms(tmp_path, "certificates", "issue", "vienna", "--dry-run")
    due = int(re.search(r"^(\d+) would be issued, \d+ not\.$", planned.stdout, re.MULTILINE)[1])
    refused = at_a_terminal(tmp_path, b"n\n")

    assert due > 10
    assert (planned.returncode, refused.returncode) == (0, 1)
    assert f"{due} to be issued" in refused.stdout and "Issue them now?" in refused.stdout
    assert issued(tmp_path) == 0

    agreed = at_a_terminal(tmp_path, b"y\n")

    assert (agreed.returncode, issued(tmp_path)) == (0, due), agreed.stderr
    assert f"{due} issued." in agreed.stdout

    again = lms(tmp_path, "certificates", "issue", "vienna")

    assert (again.returncode, issued(tmp_path)) == (0, due)
    assert again.stdout.startswith("0 issued: nobody is due")
