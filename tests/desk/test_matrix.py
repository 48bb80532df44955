"""The attendance of an event on the page and as files: the same, whole, to those who may see it."""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from datetime import datetime, time, timedelta
from uuid import uuid4
from xml.etree import ElementTree

import pytest
import time_machine
from flask import Flask
from python_calamine import CalamineWorkbook
from sqlalchemy import select
from sqlalchemy.event import listen, remove

from lms.accounts.models import Role
from lms.audit import AuditRow
from lms.clock import now
from lms.database import db, writing
from lms.events import receiving
from lms.events.models import Event, Registration, Tick
from lms.events.parts import MarkKind, Part, RegistrationState, Signed
from tests.make import Making
from tests.page import Page, words

AFTER_IT = "2024-10-20T09:00:00+00:00"
KINDS = ("csv", "xlsx", "ods")


@pytest.fixture
def event(make: Making) -> Event:
    return make.event("brussels", first="2024-10-16")


@pytest.fixture(autouse=True)
def afterwards():
    with time_machine.travel(AFTER_IT, tick=False):
        yield


def say(app: Flask, event: Event, who: Registration, which: int, kind: MarkKind = MarkKind.CAME, minutes: int = 2,
        reason: str = "") -> None:  # fmt: skip
    with app.app_context(), writing():
        found = db.session.get_one(Event, event.id)
        half_day = found.half_days[which]
        receiving.say(
            found, by_id=None, registration=db.session.get_one(Registration, who.id), half_day=half_day, kind=kind,
            at=half_day.starts_at + timedelta(minutes=minutes), now=half_day.starts_at + timedelta(minutes=minutes + 1),
            reason=reason,
        )  # fmt: skip
        db.session.commit()


@pytest.fixture
def people(make: Making, event: Event, app: Flask) -> dict[str, Registration]:
    """Four participants and a trainer: at every half-day, late and early, excused, never there."""
    anna = make.registered(event, make.person(name="Anna Żammit", country="MT", profession="police"))
    boris = make.registered(event, name="Борис Петков", organisation="=cmd|' /C calc'!A0", country="BG")
    clara = make.registered(event, name="Clara O'Brien")
    dora = make.registered(event, name="Dora Never")
    tom = make.registered(event, name="Tom Trainer", part=Part.TRAINER)
    make.registered(event, name="Zoe Cancelled", state=RegistrationState.CANCELLED)
    for which in range(4):
        say(app, event, anna, which)
        say(app, event, tom, which)
    say(app, event, boris, 0, minutes=41)
    say(app, event, boris, 0, MarkKind.LEFT, minutes=60)
    say(app, event, clara, 1, MarkKind.EXCUSED, reason="A hearing")
    make.add(Tick(half_day_id=event.half_days[0].id, registration_id=anna.id, signed=Signed.SIGNED, at=now()))
    return {"anna": anna, "boris": boris, "clara": clara, "dora": dora, "tom": tom}


def tables(page: Page) -> list[list[list[str]]]:
    """The text of every cell of every table, row by row."""
    return [
        [[words(cell) for cell in row if cell.tag[-2:] in ("td", "th")] for row in table.iter("{http://www.w3.org/1999/xhtml}tr")]
        for table in page.all("table")
    ]  # fmt: skip


def sheets(content: bytes, kind: str) -> list[list[list[object]]]:
    if kind == "csv":
        return [list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))]
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]


def test_the_page_says_every_half_day_of_everyone_in_words(make: Making, event: Event, people):
    client = make.appointed(event)

    client.get("/desk/attendance/brussels")

    participants, trainers = tables(client.page)
    rows = {row[0]: row[1:] for row in participants[2:]}
    assert rows["Anna Żammit"][2:6] == ["09:02 208 min, signed", "13:32 208 min", "09:02 208 min", "13:32 208 min"]
    assert rows["Anna Żammit"][-2:] == ["4 of 4", "13:52"]
    assert rows["Борис Петков"][2] == "09:41 late, left 10:00, does not count 19 min"
    assert rows["Clara O'Brien"][3] == "excused"
    assert rows["Dora Never"][2:6] == ["missing"] * 4
    assert [row[0] for row in trainers[2:]] == ["Tom Trainer"]
    assert "Zoe" not in client.page.words


def test_trainers_are_never_counted_as_participants(make: Making, event: Event, people):
    client = make.appointed(event)

    client.get("/desk/attendance/brussels")

    figures = {words(div[1]): words(div[0]) for div in client.page.one("dl", class_="figures")}
    assert figures == {
        "Registered participants": "4", "At every half-day": "1", "At no half-day": "3", "To settle": "0",
    }  # fmt: skip
    assert tables(client.page)[0][-1] == ["Present, of all 4 participants", "2", "1", "1", "1", ""]


def test_whoever_is_here_now_is_counted_while_a_half_day_goes_on(make: Making, event: Event, people):
    with time_machine.travel("2024-10-16T07:50:00+00:00", tick=False):
        client = make.appointed(event)

        client.get("/desk/attendance/brussels")

    figures = {words(div[1]): words(div[0]) for div in client.page.one("dl", class_="figures")}
    assert figures["Here now"] == "1"
    assert "not yet" in client.page.words
    assert "to come" in client.page.words


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("show=missing", ["Борис Петков", "Clara O'Brien", "Dora Never"]),
        ("profession=police", ["Anna Żammit"]),
        ("begins=zam", ["Anna Żammit"]),
        ("begins=б", ["Борис Петков"]),
        ("part=trainer", ["Tom Trainer"]),
        ("show=doubts", []),
        ("show=nonsense&part=none&profession=none&columns=none",
         ["Anna Żammit", "Борис Петков", "Clara O'Brien", "Dora Never", "Tom Trainer"]),
    ],
)  # fmt: skip
def test_filters_of_the_page_are_those_of_every_file(make: Making, event: Event, people, asked, names):
    client = make.appointed(event)

    client.get(f"/desk/attendance/brussels?{asked}")
    found = {kind: sheets(client.get(f"/desk/attendance/brussels.{kind}?{asked}").data, kind)[0] for kind in KINDS}

    shown = [row[0] for table in tables(client.page) for row in table[2:] if len(row) > 2 and row[0][:7] != "Present"]
    assert sorted(shown) == sorted(names)
    for kind in KINDS:
        assert sorted(str(row[0]) for row in found[kind][1:]) == sorted(names)


def test_the_files_hold_numbers_as_numbers_and_times_as_times(make: Making, event: Event, people):
    client = make.appointed(event)

    for kind in ("xlsx", "ods"):
        head, *rows = sheets(client.get(f"/desk/attendance/brussels.{kind}").data, kind)[0]
        anna = dict(zip(head, rows[0], strict=True))

        assert anna["Name"] == "Anna Żammit"
        assert anna["16 Oct, Morning 1: how it was"] == "present"
        assert anna["16 Oct, Morning 1: came (Europe/Brussels)"] == time(9, 2)
        assert anna["16 Oct, Morning 1: minutes"] == 208
        assert anna["16 Oct, Morning 1: on paper"] == "signed"
        assert anna["Half-days"] == 4
        assert anna["Hours"] in (timedelta(hours=13, minutes=52), time(13, 52))  # an ods is read so


def test_a_second_sheet_holds_every_mark_and_csv_gives_it_by_itself(make: Making, event: Event, people):
    client = make.appointed(event)

    head, *rows = sheets(client.get("/desk/attendance/brussels.xlsx").data, "xlsx")[1]
    csv_head, *csv_rows = sheets(client.get("/desk/attendance/brussels.csv?table=marks").data, "csv")[0]

    assert head == csv_head
    assert len(rows) == len(csv_rows) == 11
    excused = next(row for row in rows if row[3] == "excused")
    assert excused[0] == "Clara O'Brien"
    assert excused[2] == "16 Oct, Afternoon 1"
    assert excused[4] == datetime(2024, 10, 16, 13, 32)
    assert "A hearing" in excused


def test_chosen_columns_are_those_of_the_page_and_the_files(make: Making, event: Event, people):
    client = make.appointed(event)
    asked = "columns=name&columns=status&columns=half_days&part=participant"

    client.get(f"/desk/attendance/brussels?{asked}")
    head, *rows = sheets(client.get(f"/desk/attendance/brussels.csv?{asked}").data, "csv")[0]

    assert tables(client.page)[0][2] == ["Anna Żammit", "present", "present", "present", "present", "4 of 4"]
    assert head[:2] == ["Name", "16 Oct, Morning 1: how it was"]
    assert rows[0] == ["Anna Żammit", "present", "present", "present", "present", "4"]


def test_each_cell_of_the_page_says_what_the_file_says(make: Making, event: Event, people):
    client = make.appointed(event)

    client.get("/desk/attendance/brussels")
    head, *rows = sheets(client.get("/desk/attendance/brussels.csv").data, "csv")[0]

    page = {row[0]: row for table in tables(client.page) for row in table[2:]}
    each = [column for column in head if "Oct" in column]
    assert len(each) == 4 * 5
    for row in rows:
        cells = page[row[0]]
        found = dict(zip(head, row, strict=True))
        for which in range(4):
            status, came, left, minutes, paper = (found[column] for column in each[which * 5 : which * 5 + 5])
            said = cells[len(cells) - 6 + which]
            assert came[:5] in said
            assert (f"left {left[:5]}" if left else "") in said
            assert (f"{minutes} min" if minutes != "0" else "") in said
            assert paper in said
            assert said.startswith(status) if status in ("missing", "excused") else came[:5]
        assert cells[-2:] == [f"{found['Half-days']} of 4", found["Hours"].rpartition(":")[0]]


def test_without_names_no_file_holds_one_nor_tells_it_by_its_order(make: Making, event: Event, people):
    client = make.appointed(event)
    asked = "columns=status&columns=came&columns=half_days"
    canaries = ("Anna", "Борис", "Clara", "Dora", "Tom", "hearing")

    client.get(f"/desk/attendance/brussels?{asked}")
    texts = [client.page.words]
    for kind in KINDS:
        texts += [str(sheet) for sheet in sheets(client.get(f"/desk/attendance/brussels.{kind}?{asked}").data, kind)]
    texts.append(client.get(f"/desk/attendance/brussels.csv?{asked}&table=marks").text)

    assert not [canary for canary in canaries for text in texts if canary in text]
    head, *rows = sheets(client.get(f"/desk/attendance/brussels.xlsx?{asked}&part=participant").data, "xlsx")[0]
    assert head[0] == "No."
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    by_id = sorted(make.all(select(Registration).where(Registration.state != "cancelled")), key=lambda one: one.id)
    assert [row[0] for row in rows] == [
        number for number, one in enumerate(by_id, 1) if one.part is Part.PARTICIPANT
    ]  # fmt: skip


def test_formulas_in_what_people_wrote_are_text_in_every_format(make: Making, event: Event, people):
    client = make.appointed(event)
    asked = "columns=name&columns=organisation"

    as_csv = client.get(f"/desk/attendance/brussels.csv?{asked}").text
    xlsx = zipfile.ZipFile(io.BytesIO(client.get(f"/desk/attendance/brussels.xlsx?{asked}").data))
    ods = zipfile.ZipFile(io.BytesIO(client.get(f"/desk/attendance/brussels.ods?{asked}").data))

    assert "'=cmd" in as_csv
    assert not [
        one for one in ElementTree.fromstring(xlsx.read("xl/worksheets/sheet1.xml")).iter() if one.tag[-2:] == "}f"
    ]
    assert b"table:formula" not in ods.read("content.xml")


def test_no_file_holds_a_badge_a_code_or_an_id(make: Making, event: Event, people):
    client = make.appointed(event)
    every = "&".join(f"columns={key}" for key in ("name", "organisation", "origin", "part", "status", "signed"))
    secrets = [text for one in people.values() for text in (one.badge, one.code, str(one.id))]
    secrets += [str(half_day.id) for half_day in event.half_days]

    texts = [str(sheets(client.get(f"/desk/attendance/brussels.{kind}?{every}").data, kind)) for kind in KINDS]

    assert not [secret for secret in secrets for text in texts if secret in text]


def test_a_file_is_named_after_the_event_kept_nowhere_and_noted(make: Making, event: Event, people):
    client = make.appointed(event)

    answer = client.get("/desk/attendance/brussels.xlsx?show=missing")

    assert answer.headers["Content-Disposition"] == "attachment; filename=attendance-brussels-2024-10-16.xlsx"
    assert answer.headers["Cache-Control"] == "no-store"
    row = make.one(select(AuditRow).where(AuditRow.deed == "attendance.downloaded"))
    assert row.actor_id == client.person.id
    assert row.about == {"event": event.id, "rows": 3, "format": "xlsx", "table": "people"}


def test_a_pdf_holds_the_rows_of_the_page(make: Making, event: Event, people):
    client = make.appointed(event)

    answer = client.get("/desk/attendance/brussels.pdf?columns=name&columns=status")

    assert answer.mimetype == "application/pdf"
    assert answer.data[:5] == b"%PDF-"


def test_a_walk_in_that_was_someone_else_is_not_counted_twice(make: Making, event: Event, people, app: Flask):
    walk_in = make.registered(event, name="Man with a cap", walk_in=True)
    say(app, event, walk_in, 2)
    make.change(walk_in, merged_into_id=people["dora"].id)
    client = make.appointed(event)

    client.get("/desk/attendance/brussels")
    marks = sheets(client.get("/desk/attendance/brussels.xlsx").data, "xlsx")[1]

    rows = {row[0]: row[1:] for row in tables(client.page)[0][2:]}
    assert "Man with a cap" not in rows
    assert rows["Dora Never"][4] == "09:02 208 min"
    assert next(row for row in marks if "Man with a cap" in row)[0] == "Dora Never"


def test_what_is_to_settle_stands_on_top_and_in_its_cell(make: Making, event: Event, people):
    make.add(Tick(half_day_id=event.half_days[3].id, registration_id=people["dora"].id, signed=Signed.SIGNED, at=now()))
    client = make.appointed(event)

    client.get("/desk/attendance/brussels?show=doubts")
    _head, *rows = sheets(client.get("/desk/attendance/brussels.csv?show=doubts").data, "csv")[0]

    assert "1 difference to settle before certificates" in client.page.words
    assert "Dora Never, Afternoon 2 (17 October 2024): signed on paper, no scan." in client.page.words
    assert [row[0] for row in tables(client.page)[0][2:3]] == ["Dora Never"]
    assert "missing; to settle: signed on paper, no scan" in rows[0]


def test_only_staff_of_the_event_see_it(make: Making, event: Event, people):
    vienna = make.event("vienna")
    outsider = make.appointed(vienna)
    practitioner, coordinator = make.signed_in(), make.signed_in(Role.ORGANISER)

    for path in ("", ".csv", ".xlsx", ".ods", ".pdf"):
        outsider.get(f"/desk/attendance/brussels{path}", 404)
        practitioner.get(f"/desk/attendance/brussels{path}", 404)
    coordinator.get("/desk/attendance/brussels")

    assert make.all(select(AuditRow)) == []


def test_a_large_event_shows_a_hundred_and_streams_them_all(make: Making, event: Event):
    make.add(
        *(
            Registration(
                id=uuid4(), event_id=event.id, name=f"Person {n:04}", badge=f"B{n:025}", code=f"{n:06}",
                registered_at=now(),
            )
            for n in range(3000)
        )
    )  # fmt: skip
    client = make.appointed(event)

    client.get("/desk/attendance/brussels")
    answer = client.get("/desk/attendance/brussels.csv", buffered=False)
    pieces = list(answer.iter_encoded())

    assert len(tables(client.page)[0]) == 2 + 100 + 1
    assert "Show the other 2900" in client.page.words
    assert len(pieces) > 3
    assert b"".join(pieces).count(b"\r\n") == 3001
    assert re.search(rb"Person 2999", pieces[-1] + pieces[-2])


def test_an_event_without_half_days_or_people_has_its_page_and_files(make: Making):
    make.event("empty", half_days=[])
    client = make.signed_in(Role.ORGANISER)

    client.get("/desk/attendance/empty")
    found = {kind: sheets(client.get(f"/desk/attendance/empty.{kind}").data, kind)[0] for kind in KINDS}

    assert "Nobody is shown by this choice." in client.page.words
    assert found["csv"] == [["Name", "Profession", "Country", "Half-days", "Hours"]]


@pytest.mark.parametrize("path", ["", ".csv", ".xlsx"])
def test_many_people_cost_no_more_questions_to_the_database_than_few(make: Making, event: Event, people, path: str):
    client = make.appointed(event)

    few = questions(make.app, lambda: client.get(f"/desk/attendance/brussels{path}"))
    make.add(
        *(
            Registration(
                id=uuid4(), event_id=event.id, name=f"Person {n}", badge=f"B{n:025}", code=f"{n:06}",
                registered_at=now(),
            )
            for n in range(40)
        )
    )  # fmt: skip
    many = questions(make.app, lambda: client.get(f"/desk/attendance/brussels{path}"))

    assert few == many


def questions(app: Flask, deed: Callable[[], object]) -> int:
    """How many statements a deed sends to the database."""
    with app.app_context():
        engine = db.engine
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    listen(engine, "before_cursor_execute", note)
    try:
        deed()
    finally:
        remove(engine, "before_cursor_execute", note)
    return len(asked)
