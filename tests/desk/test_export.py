"""The attendance of an event and lists of accounts at the command line."""

import csv
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import select

from lms import pdf
from lms.accounts.models import Link, Person, Role
from lms.audit import AuditRow
from lms.cli import attendance, people
from lms.mail import Letter
from tests.make import Making


@pytest.fixture
def run(app: Flask, monkeypatch: pytest.MonkeyPatch):
    for room in (attendance, people):
        monkeypatch.setattr(room, "site", lambda _settings=None: app)
    monkeypatch.setattr(people, "settings_read", lambda: app.extensions["settings"])

    def invoke(command, *arguments: str) -> Result:
        return CliRunner().invoke(command, [str(one) for one in arguments], prog_name="lms")

    return invoke


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ods"])
def test_the_export_is_what_the_page_gives_to_download(make: Making, run, tmp_path: Path, kind: str):
    event = make.event("brussels")
    make.registered(event, name="Ann Example")
    client = make.appointed(event)

    answer = run(attendance.export, "brussels", "--format", kind, "-o", tmp_path / "out")

    written = (tmp_path / "out").read_bytes()
    downloaded = client.get(f"/desk/attendance/brussels.{kind}").data
    assert answer.exit_code == 0, answer.output
    assert len(written) == len(downloaded)
    assert kind != "csv" or written == downloaded
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o600
    assert [row.actor_id for row in make.all(select(AuditRow).order_by(AuditRow.id))] == [None, client.person.id]


def test_columns_can_be_chosen_and_every_mark_had_as_csv(make: Making, run, tmp_path: Path):
    make.registered(make.event("brussels"), name="Ann Example")

    run(attendance.export, "brussels", "--format", "csv", "--columns", "country,half_days", "-o", tmp_path / "out")
    run(attendance.export, "brussels", "--format", "csv", "--marks", "-o", tmp_path / "marks")

    assert next(csv.reader([(tmp_path / "out").read_text("utf-8-sig").splitlines()[0]])) == [
        "No.", "Country", "Half-days",
    ]  # fmt: skip
    assert (tmp_path / "marks").read_text("utf-8-sig").startswith("Name,Part played,Half-day,What")


def test_an_event_that_is_not_there_and_a_file_that_cannot_be_written_are_refused_in_one_line(
    make: Making, run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    make.event("brussels")

    def broken(_html: str) -> bytes:
        raise pdf.Failed("too long")

    monkeypatch.setattr(pdf, "render", broken)
    unknown = run(attendance.export, "none", "--format", "csv", "-o", tmp_path / "out")
    failed = run(attendance.export, "brussels", "--format", "pdf", "-o", tmp_path / "out")
    wrong = run(attendance.export, "brussels", "--format", "doc", "-o", tmp_path / "out")

    assert (unknown.exit_code, unknown.stderr) == (1, "There is no event 'none'.\n")
    assert failed.exit_code == 1
    assert failed.stderr.count("\n") == 1
    assert wrong.exit_code == 2
    assert list(tmp_path.iterdir()) == []


# --- lists of accounts ---------------------------------------------------------------------------------------

LIST = (
    "E-mail,Name,Country\nann@service.example,Ann Example,AT\nANN@service.example,Ann Example,AT\n"
    "zoe@service.example,Ann Example,\n"
)


def test_accounts_are_made_from_a_list_once_and_without_letters(make: Making, run, tmp_path: Path):
    make.person(email="zoe@service.example", name="Zoe")
    (tmp_path / "list.csv").write_text(LIST)

    dry = run(people.import_people, tmp_path / "list.csv", "--dry-run")
    assert len(make.all(select(Person))) == 1
    first = run(people.import_people, tmp_path / "list.csv")
    again = run(people.import_people, tmp_path / "list.csv")

    assert dry.stdout == "1 new, 2 there already. Nothing was kept.\n"
    assert first.stdout == "1 new, 2 there already.\n"
    assert again.stdout == "0 new, 3 there already.\n"
    ann = make.one(select(Person).where(Person.email == "ann@service.example"))
    assert (ann.role, ann.country, ann.password_hash) == (Role.PRACTITIONER, "AT", None)
    assert make.all(select(Letter)) == make.all(select(Link)) == []


def test_a_list_with_mistakes_is_refused_row_by_row_and_nothing_is_kept(make: Making, run, tmp_path: Path):
    (tmp_path / "list.csv").write_text(LIST + ",Nobody,\nbad,Bad,Atlantis\n")
    (tmp_path / "list.pdf").write_bytes(b"%PDF-1.7")

    answer = run(people.import_people, tmp_path / "list.csv")
    unreadable = run(people.import_people, tmp_path / "list.pdf")

    assert answer.exit_code == unreadable.exit_code == 1
    assert "Row 5: E-mail address: Enter an e-mail address" in answer.stdout
    assert "Row 6: Country: Enter a country" in answer.stdout
    assert answer.stderr == "Nothing was imported: correct 2 rows first.\n"
    assert "This is not a spreadsheet" in unreadable.stderr
    assert make.all(select(Person)) == []
