"""`lms runs copy` and `lms runs take`, as people type them."""

import os
import subprocess
import sys
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from lms.exercises.models import Answer, Run
from tests.exercises.travels import played
from tests.make import Making

LMS = Path(sys.executable).parent / "lms"


def lms(site: Flask, *arguments: object) -> subprocess.CompletedProcess[str]:
    settings = site.extensions["settings"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LMS_")}
    environ = kept | {
        "LMS_INSTANCE": str(settings.instance), "LMS_DATABASE_URL": settings.database_url,
        "LMS_SECRET_KEY": settings.secret_key,
    }  # fmt: skip
    return subprocess.run(
        [str(one) for one in (LMS, *arguments)], env=environ, capture_output=True, text=True, check=False, timeout=120
    )


def test_a_run_is_copied_by_its_code_looked_at_and_taken_once(app: Flask, make: Making, laptop: Making, tmp_path: Path):
    room, _phones = played(laptop, people=2)
    file = tmp_path / "run.json"

    copied = lms(laptop.app, "runs", "copy", room.run.code.lower(), "-o", file)
    looked = lms(app, "runs", "take", file, "--dry-run")
    kept = make.all(select(Run))
    taken = lms(app, "runs", "take", file)
    again = lms(app, "runs", "take", file)

    assert copied.returncode == 0, copied.stderr
    assert file.stat().st_mode & 0o077 == 0
    assert "6 steps, 2 answers" in looked.stdout and "Nothing was kept" in looked.stdout and kept == []
    assert "has no account here: person2@service.example" in taken.stdout
    assert "A trainer without an account here" in taken.stdout
    assert "0 steps, 0 answers" in again.stdout
    assert len(make.all(select(Answer))) == 2


def test_what_does_not_travel_and_what_is_no_file_is_refused_in_a_line(
    app: Flask, make: Making, laptop: Making, tmp_path: Path
):
    room, _phones = played(laptop, people=1, end=False)
    nothing = tmp_path / "none.json"
    nothing.write_text("{}")

    still = lms(laptop.app, "runs", "copy", room.run.id, "-o", tmp_path / "run.json")
    unknown = lms(laptop.app, "runs", "copy", "ABCDEF", "-o", tmp_path / "run.json")
    none = lms(app, "runs", "take", nothing)

    assert (still.returncode, unknown.returncode, none.returncode) == (1, 1, 1)
    assert "still open" in still.stderr and len(still.stderr.splitlines()) == 1
    assert "There is no run 'ABCDEF'" in unknown.stderr
    assert none.stderr.startswith("Nothing was taken: it is no exercise's file")
    assert not (tmp_path / "run.json").exists()
