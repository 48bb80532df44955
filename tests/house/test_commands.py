"""The `lms` command as people type it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

LMS = Path(sys.executable).parent / "lms"


def lms(instance: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith("LMS_")}
    return subprocess.run(
        [LMS, *arguments], env=given | {"LMS_INSTANCE": str(instance)} | environ, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [
        "demo",
        "serve",
        "work",
        "content check",
        "people add",
        "events load",
        "events copy",
        "events take",
        "runs copy",
        "runs take",
        "attendance export",
        "certificates issue",
        "certificates export",
        "certificates check",
        "certificates keys",
        "certificates compromised",
        "people import",
        "doctor",
        "db",
    ],
)
def test_every_command_has_help(tmp_path: Path, command: str):
    answer = lms(tmp_path, *command.split(), "--help")

    assert answer.returncode == 0
    assert "Usage" in answer.stdout


def test_wrong_usage_exits_with_2(tmp_path: Path):
    assert lms(tmp_path, "people", "add", "--email", "a@b.example").returncode == 2
    assert lms(tmp_path, "no-such-command").returncode == 2


def test_the_sample_year_is_made_once_and_says_how_to_sign_in(tmp_path: Path):
    first = lms(tmp_path, "demo", "--no-serve")
    second = lms(tmp_path, "demo", "--no-serve")

    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert "practitioner@demo.test" in first.stdout
    assert "demo-password-only" in first.stdout
    assert "code SAM8H2, http://127.0.0.1:8000/join/SAM8H2" in first.stdout
    assert "there already" in second.stdout


def test_the_sample_year_is_the_same_every_time(tmp_path: Path):
    import sqlite3  # noqa: PLC0415

    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        lms(tmp_path / name, "demo", "--no-serve")
        with sqlite3.connect(tmp_path / name / "lms.db") as rows:
            people = rows.execute("SELECT id, email, name, country FROM person ORDER BY id").fetchall()
            attempts = rows.execute("SELECT person_id, module, points, paper_kept FROM attempt ORDER BY id").fetchall()
            roll = rows.execute(
                "SELECT id, event_id, person_id, name, badge, code FROM registration ORDER BY id"
            ).fetchall()
            marks = rows.execute(
                "SELECT id, registration_id, half_day_id, kind, at, reason FROM mark ORDER BY id"
            ).fetchall()
        found.append((people, attempts, roll, marks))

    assert found[0] == found[1]


def test_the_demo_refuses_in_production(tmp_path: Path):
    production = {
        "LMS_ENV": "production", "LMS_SECRET_KEY": "k" * 40, "LMS_PUBLIC_URL": "https://training.example",
        "LMS_TRUSTED_PROXIES": "1", "LMS_MAIL_URL": "smtp://localhost:25",
    }  # fmt: skip

    answer = lms(tmp_path, "demo", "--no-serve", **production)

    assert answer.returncode == 1
    assert "production" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_production_names_everything_that_is_missing(tmp_path: Path):
    answer = lms(tmp_path, "serve", LMS_ENV="production")

    assert answer.returncode == 1
    for name in ("LMS_SECRET_KEY", "LMS_PUBLIC_URL", "LMS_TRUSTED_PROXIES", "LMS_MAIL_URL"):
        assert name in answer.stderr


def test_the_first_organiser_is_made_by_a_command_and_only_once(tmp_path: Path):
    lms(tmp_path, "db", "upgrade")
    command = ("people", "add", "--email", " First@Service.example ", "--name", "Anna", "--role", "organiser")

    made = lms(tmp_path, *command)
    again = lms(tmp_path, *command)

    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("http://127.0.0.1:8000/invitation/")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.strip() == "There is an account for first@service.example already."


def test_a_database_that_was_never_made_is_named_with_the_command_that_makes_it(tmp_path: Path):
    answer = lms(tmp_path, "people", "add", "--email", "a@b.example", "--name", "A", "--role", "trainer")

    assert answer.returncode == 1
    assert "lms db upgrade" in answer.stderr


def test_several_workers_on_sqlite_are_refused_with_the_way_out(tmp_path: Path):
    answer = lms(tmp_path, "serve", "--workers", "3")

    assert answer.returncode == 1
    assert "postgresql" in answer.stderr


def test_an_event_is_copied_to_another_installation_and_taken_there_once(tmp_path: Path):
    here, there, file = tmp_path / "here", tmp_path / "there", tmp_path / "brussels.json"
    lms(here, "demo", "--no-serve")
    lms(there, "db", "upgrade")

    copied = lms(here, "events", "copy", "brussels", "-o", str(file))
    first, second = (lms(there, "events", "take", str(file)) for _time in range(2))
    unknown = lms(here, "events", "copy", "nowhere", "-o", str(tmp_path / "x"))
    nonsense = lms(there, "events", "take", str(Path(__file__)))

    assert copied.returncode == 0, copied.stderr
    assert file.stat().st_mode & 0o077 == 0
    assert "44 people and" in first.stdout
    assert "0 people and 0 marks are new" in second.stdout
    assert (unknown.returncode, nonsense.returncode) == (1, 1)
    assert len(nonsense.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "command", ["events copy brussels -o x.json", "attendance export brussels --format csv -o x.csv"]
)
def test_a_database_that_is_not_up_to_date_is_said_in_one_line(tmp_path: Path, command: str):
    answer = lms(tmp_path, *command.replace("x.", str(tmp_path / "x.")).split())

    assert answer.returncode == 1
    assert answer.stderr.strip() == "The database is not up to date: run `lms db upgrade`."


def test_a_file_that_is_not_there_is_wrong_usage_and_no_unknown_certificate(tmp_path: Path):
    lms(tmp_path, "db", "upgrade")

    answer = lms(tmp_path, "certificates", "check", str(tmp_path / "nowhere.pdf"))

    assert (answer.returncode, "no file" in answer.stderr) == (2, True)


def test_a_database_that_cannot_be_read_is_not_said_to_be_out_of_date(tmp_path: Path):
    (tmp_path / "lms.db").write_bytes(b"no database at all, only some text that stands where one should be" * 20)

    answer = lms(tmp_path, "certificates", "keys")

    assert answer.returncode == 1
    assert "did not do it" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_doctor_says_that_a_compromised_key_signs_nothing(tmp_path: Path):
    import sqlite3  # noqa: PLC0415

    lms(tmp_path, "demo", "--no-serve")
    with sqlite3.connect(tmp_path / "lms.db") as rows:
        (fingerprint,) = rows.execute("SELECT fingerprint FROM signing_key").fetchone()

    marked = lms(
        tmp_path, "certificates", "compromised", fingerprint[:12], "--from", "2024-10-22", "--why", "A laptop was lost"
    )
    listed, told = lms(tmp_path, "certificates", "keys"), lms(tmp_path, "doctor")

    assert marked.returncode == 0, marked.stderr
    assert "compromised from 2024-10-22" in listed.stdout
    assert (told.returncode, "marked compromised" in told.stderr) == (1, True)
