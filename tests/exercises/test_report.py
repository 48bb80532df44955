"""What is left of a run: its page, lessons with owners, and the report as a PDF and as a workbook."""

import io
import re
from typing import Any
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from lms.accounts.models import Role
from lms.audit import AuditRow
from lms.exercises import aftermath, report_files
from lms.exercises.aftermath import Entered, Left, Lesson
from lms.exercises.models import LessonLearned
from lms.exercises.report_files import Setting
from lms.exercises.report_pages import MOST_LESSONS
from lms.exercises.tally import Given
from lms.exercises.thoughts import About
from tests.exercises.play import EXERCISE, NINE, started
from tests.exercises.rooms import RoomWith
from tests.make import Making
from tests.pdf import copied_from, qpdf_check, text_of, verapdf

BRUSSELS = ZoneInfo("Europe/Brussels")
NASTY = ["=1+1", "<b>bold</b> & {{7*7}}", "@SUM(A1)", "-2+3", "Ünïcode Γραφή Кирилица العربية עברית", "x" * 290]


def played(app: Flask, make: Making, **values: Any) -> RoomWith:
    """A run to its end: six players, a decision that was changed, results, a note, words of the trainer's own."""
    room = RoomWith(app, make, **values)
    phones = [room.phone(name=f"Secretname{n}", profession="police" if n < 5 else "judge") for n in range(6)]
    for n, phone in enumerate(phones):
        room.seats(player=phone.id, team="north" if n < 3 else "south")
    room.does("start", "next", "open mood", "open whom", "open sure")
    for n, phone in enumerate(phones):
        phone.send("mood", "good" if n else "bad")
        phone.send("sure", str(n % 5 + 1))
        phone.send("whom", ["a", "b"])
    room.does("close mood", "close whom", "close sure", "next", "send north-letter", "send judge-call")
    for phone, option in ((phones[0], "wait"), (phones[0], "act"), (phones[3], "wait")):
        said = {"option": option, "reason": f"{NASTY[0]} {option}", "owner": NASTY[2]}
        assert phone.send("decide", said).json["outcome"] == "stored"
    for phone, text in zip(phones, NASTY, strict=True):
        phone.send("why", text)
    room.does("close decide")
    room.move("note", text=NASTY[3], inject="tip")
    room.move("send", to="all", text=NASTY[1])
    room.does("take-back call", "debrief", "end")
    for phone, words in zip(phones, NASTY, strict=True):
        phone.post("thoughts", {"about": "change", "words": words})
    return room


def report(room: RoomWith, kind: str) -> bytes:
    return room.trainer.get(f"/runs/{room.run.id}/report.{kind}").data


def sheets(content: bytes) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


# --- the page of a run


def test_while_it_goes_on_the_page_leads_to_console_and_screen_and_offers_no_report(app: Flask, make: Making):
    room = RoomWith(app, make)

    room.trainer.get(f"/runs/{room.run.id}")

    links = room.trainer.page.links()
    assert f"/runs/{room.run.id}/console" in links
    assert f"/runs/{room.run.id}/screen?key={room.run.screen_key}" in links
    assert f"http://localhost/runs/{room.run.id}/screen?key={room.run.screen_key}" in room.trainer.page.words
    assert not [one for one in links if "report" in one]
    assert f"{room.run.code[:3]} {room.run.code[3:]}" in room.trainer.page.words
    assert "EXERCISE" in room.trainer.page.words


def test_a_report_is_made_only_when_the_exercise_is_over(app: Flask, make: Making):
    room = RoomWith(app, make)
    room.does("start", "next", "debrief")

    answer = room.trainer.get(f"/runs/{room.run.id}/report.pdf", status=409)

    assert "End it at the console first" in answer.text
    room.trainer.get(f"/runs/{room.run.id}/report.xlsx", status=409)


def test_page_lessons_and_report_are_not_there_for_anyone_else(app: Flask, make: Making):
    room = RoomWith(app, make)
    room.does("start", "debrief", "end")
    room.trainer.get(f"/runs/{room.run.id}")
    room.trainer.post(f"/runs/{room.run.id}/lessons", {"words": "Ring first"})
    lesson = make.one(select(LessonLearned))
    other = make.signed_in(Role.TRAINER)
    other.get("/account")

    for path in ("", "/report.pdf", "/report.xlsx", f"/lessons/{lesson.id}"):
        other.get(f"/runs/{room.run.id}{path}", status=404)
        make.signed_in().get(f"/runs/{room.run.id}{path}", status=404)
    other.get("/account")
    other.post(f"/runs/{room.run.id}/lessons", {"words": "Mine"}, status=404)


def test_afterwards_it_says_what_was_thought_who_took_part_and_when_it_is_erased(app: Flask, make: Making):
    room = played(app, make)

    room.trainer.get(f"/runs/{room.run.id}")

    page = room.trainer.page
    assert NASTY[1] in page.words
    assert "6 people at most to one question" in page.words
    assert "0 people with an account" in page.words
    assert re.search(r"on \d+ \w+ \d{4}, with all answers", page.words)
    assert "Secretname" not in page.text
    assert f"/runs/{room.run.id}/report.pdf" in page.links()


# --- lessons


def test_a_lesson_is_written_down_changed_and_removed(app: Flask, make: Making):
    room = RoomWith(app, make)
    room.does("start", "debrief")
    where = f"/runs/{room.run.id}"
    room.trainer.get(where)

    room.trainer.follow(
        room.trainer.post(f"{where}/lessons", {"words": " Ring first ", "owner": "Duty desk", "until": "2027-04-01"})
    )
    lesson = make.one(select(LessonLearned))
    assert (lesson.number, lesson.words, lesson.owner, str(lesson.until)) == (
        1,
        "Ring first",
        "Duty desk",
        "2027-04-01",
    )
    assert "Duty desk" in room.trainer.page.words

    room.trainer.get(f"{where}/lessons/{lesson.id}")
    room.trainer.post(f"{where}/lessons/{lesson.id}", {"words": "Ring twice", "owner": "", "until": ""})
    changed = make.one(select(LessonLearned))
    assert (changed.words, changed.owner, changed.until) == ("Ring twice", "", None)

    room.trainer.get(f"{where}/lessons/{lesson.id}")
    room.trainer.post(f"{where}/lessons/{lesson.id}", {"remove": "yes"})
    assert make.all(select(LessonLearned)) == []
    deeds = [row.deed for row in make.all(select(AuditRow).order_by(AuditRow.id))]
    assert deeds == ["run.lesson.added", "run.lesson.changed", "run.lesson.changed"]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"words": "  "}, "Write what is to be done."),
        ({"words": "x" * 601}, "Shorten this to 600 characters."),
        ({"words": "x", "owner": "y" * 201}, "Shorten this to 200 characters."),
        ({"words": "x", "until": "soon"}, "Enter a date such as 16.10.2027."),
    ],
)
def test_a_lesson_that_cannot_be_kept_says_why_and_keeps_what_was_typed(
    app: Flask, make: Making, sent: dict[str, str], words: str
):
    room = RoomWith(app, make)
    room.does("start", "debrief")
    room.trainer.get(f"/runs/{room.run.id}")

    room.trainer.post(f"/runs/{room.run.id}/lessons", sent, status=200)

    assert words in room.trainer.page.words
    assert room.trainer.page.title.startswith("Error: ")
    assert all(value.strip() in room.trainer.page.text for value in sent.values())
    assert make.all(select(LessonLearned)) == []


def test_lessons_wait_for_the_debrief_and_are_not_without_end(app: Flask, make: Making):
    room = RoomWith(app, make)
    room.does("start")
    room.trainer.get("/account")

    room.trainer.post(f"/runs/{room.run.id}/lessons", {"words": "Too early"}, status=409)
    room.does("debrief")
    for n in range(MOST_LESSONS):
        room.trainer.get(f"/runs/{room.run.id}")
        room.trainer.post(f"/runs/{room.run.id}/lessons", {"words": f"Lesson {n}"})
    room.trainer.get(f"/runs/{room.run.id}")
    room.trainer.post(f"/runs/{room.run.id}/lessons", {"words": "One too many"}, status=409)

    assert len(make.all(select(LessonLearned))) == MOST_LESSONS


def test_signs_that_nobody_can_see_are_left_out_of_a_lesson(app: Flask, make: Making):
    room = RoomWith(app, make)
    room.does("start", "debrief")
    room.trainer.get(f"/runs/{room.run.id}")

    room.trainer.post(f"/runs/{room.run.id}/lessons", {"words": "Ring\x07 first\r\nthen write", "owner": "A\u202eB"})

    lesson = make.one(select(LessonLearned))
    assert (lesson.words, lesson.owner) == ("Ring first\nthen write", "AB")


# --- the report


def test_the_report_is_a_pdf_ua_that_says_exercise_on_every_page(app: Flask, make: Making):
    room = played(app, make)

    content = report(room, "pdf")

    assert verapdf(content, "ua1") == []
    assert qpdf_check(content) == ""
    pages = copied_from(content).split("\f")[:-1]
    assert len(pages) > 1
    assert all("EXERCISE" in page for page in pages)
    assert "page 2 of" in pages[1]


def test_each_part_of_the_report_is_in_the_pdf_and_nobodys_name(app: Flask, make: Making):
    room = played(app, make)
    room.trainer.get(f"/runs/{room.run.id}")
    room.trainer.post(
        f"/runs/{room.run.id}/lessons", {"words": "Ring first", "owner": "Duty desk", "until": "2027-04-01"}
    )

    text = " ".join(text_of(report(room, "pdf")).split())

    for words in (
        "Decide", "<title tip>", "Planned: minute 10, to Everybody", "taken back", "<question mood>",
        "83 % (5)", "17 % (1)", "Mean 2.67, median 2.5", "changed later", "=1+1 act", NASTY[3], NASTY[1], "Petra Vrana",
        "Ring first Duty desk 1 April 2027", "6 answered on a device", "What to change", "The exercise ended",
    ):  # fmt: skip
        assert words in text, words
    assert "Secretname" not in text
    assert "Rehearsal" not in text
    for private in ("<note", "<expected", "<fallback", "<look-for", "<guide>"):
        assert private not in text


def test_a_rehearsal_is_marked_in_its_report(app: Flask, make: Making):
    room = RoomWith(app, make, rehearsal=True)
    room.does("start", "end")

    text = text_of(report(room, "pdf"))

    assert "Rehearsal" in text
    assert "of a rehearsal with invented players" in text
    assert ["Rehearsal", "yes"] in [row[:2] for row in sheets(report(room, "xlsx"))["EXERCISE, about"]]


def test_the_workbook_has_a_sheet_for_each_part_and_every_text_in_it_is_literal(app: Flask, make: Making):
    room = played(app, make)

    found = sheets(report(room, "xlsx"))

    assert list(found) == [
        f"EXERCISE, {part}" for part in (
            "about", "time line", "messages", "answers", "texts", "decisions", "notes", "hot wash", "lessons",
        )
    ]  # fmt: skip
    assert {row[2] for row in found["EXERCISE, texts"][1:]} == set(NASTY[:3])
    assert {row[1] for row in found["EXERCISE, hot wash"][1:]} == set(NASTY)
    assert found["EXERCISE, notes"][1][2] == NASTY[3]
    decisions = [row[2:8] for row in found["EXERCISE, decisions"][1:]]
    assert decisions == [
        ["North", 1, False, "<option decide wait>", "=1+1 wait", "@SUM(A1)"],
        ["North", 2, True, "<option decide act>", "=1+1 act", "@SUM(A1)"],
        ["South", 1, True, "<option decide wait>", "=1+1 wait", "@SUM(A1)"],
    ]
    moods = [row[3:8] for row in found["EXERCISE, answers"] if row[0] == "<question mood>"]
    assert moods == [["Everybody", "<option mood good>", 5, 0, 83], ["Everybody", "<option mood bad>", 1, 0, 17]]
    assert "Secretname" not in str(found)


def test_no_cell_of_the_workbook_is_a_formula(app: Flask, make: Making):
    room = played(app, make)

    found = CalamineWorkbook.from_filelike(io.BytesIO(report(room, "xlsx")))

    assert found.sheet_names
    assert b"<f>" not in b"".join(unpacked(report(room, "xlsx")))


def unpacked(content: bytes) -> list[bytes]:
    with ZipFile(io.BytesIO(content)) as book:
        return [book.read(name) for name in book.namelist()]


def test_hands_corrected_after_the_end_and_later_notes_are_in_the_next_report(app: Flask, make: Making):
    room = played(app, make)
    room.does("hands mood", counts={"good": 4})
    room.does("note", text="The paper votes were found.")

    found = sheets(report(room, "xlsx"))

    moods = [row[4:8] for row in found["EXERCISE, answers"] if row[0] == "<question mood>"]
    assert moods[0] == ["<option mood good>", 9, 4, 90]
    assert found["EXERCISE, notes"][-1][2] == "The paper votes were found."


def test_that_a_report_was_fetched_is_noted_and_its_name_says_what_it_is(app: Flask, make: Making):
    room = played(app, make)

    answer = room.trainer.get(f"/runs/{room.run.id}/report.xlsx")

    assert re.search(r"exercise-report-letters-\d{4}-\d\d-\d\d\.xlsx", answer.headers["Content-Disposition"])
    assert answer.headers["Cache-Control"] == "no-store"
    row = make.all(select(AuditRow).order_by(AuditRow.id))[-1]
    assert (row.deed, row.about) == ("run.report.downloaded", {"run": str(room.run.id), "format": "xlsx"})


def test_a_run_without_teams_questions_or_people_has_a_report(app: Flask, make: Making):
    room = RoomWith(app, make, exercise=replace(EXERCISE, tasks=(), teams=(), roles=(), debrief=()))
    room.does("end")

    content = report(room, "pdf")

    assert verapdf(content, "ua1") == []
    assert "Nothing was asked." in text_of(content)


def test_the_report_of_the_largest_exercise_is_printed_and_says_where_the_rest_is(app: Flask):
    task, teams = EXERCISE.task("decide"), [f"team-{n}" for n in range(12)]
    state = started("next", "next", "close decide", "send north-letter", "close why").state
    texts = [Given(task="why", player=str(n), answer=f"{n} {NASTY[4]} " + "word " * 180) for n in range(500)]
    versions = [
        Entered(task="decide", round=1, team=team, number=n, answer={
            "option": task.options[0].id, "reason": "reason " * 500, "owner": "o" * 200,
        }, at=NINE)
        for team in teams for n in range(1, 21)
    ]  # fmt: skip
    thoughts = [(about, f"{n} " + "thought " * 120) for about in About for n in range(500)]
    found = aftermath.report(state, Left(given=texts, versions=versions, thoughts=thoughts))
    setting = Setting(title="T" * 90, name="x", place="P" * 300, rehearsal=False, zone=BRUSSELS, made_at=NINE)

    with app.test_request_context():
        content = report_files.as_pdf(found, setting)
        book = sheets(b"".join(report_files.as_xlsx(found, setting)))

    assert verapdf(content, "ua1") == []
    assert "more are in the spreadsheet." in text_of(content)
    assert len(book["EXERCISE, texts"]) == 501
    assert len(book["EXERCISE, decisions"]) == 241
    assert len(book["EXERCISE, hot wash"]) == 1501


@given(st.lists(st.text(max_size=60), min_size=1, max_size=4))
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_was_written_is_printed(app: Flask, texts: list[str]):
    state = started("next", "send north-letter", "close why").state
    found = aftermath.report(
        state,
        Left(
            given=[Given(task="why", player=str(n), answer=text) for n, text in enumerate(texts)],
            thoughts=[(About.WORKED, text) for text in texts],
            lessons=[Lesson(text, text, None) for text in texts],
        ),
    )
    setting = Setting(title="Letters", name="x", place="", rehearsal=False, zone=BRUSSELS, made_at=NINE)

    with app.test_request_context():
        content = report_files.as_pdf(found, setting)

    assert verapdf(content, "ua1") == []
