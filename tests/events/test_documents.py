"""Signature sheets, badges and the attendance table say on paper what they were given, whole and for everyone."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import segno
from flask import Flask, g
from PIL import Image

from lms import pdf
from lms.app import create_app
from lms.events import documents
from lms.events.documents import AttendanceTable, Badge, Badges, Column, SignatureSheet, Signer
from lms.events.parts import Origin, Part
from lms.settings import Settings
from tests.pdf import facts_of, opened, pages_as_pictures, qpdf_check, tags_of, text_of, verapdf
from tests.test_pdf import NAMES

LITERAL = ["<b>Bob</b> & Co", "{{7*7}} {user.__class__} %(x)s ${x}", '"><img src=x>', "=1+1"]
SIXTY = "Maximiliana-Theodora von Hohenstaufen zu Sayn-Wittgenstein-B"
LONGEST = " ".join(["Maximiliana", "Ελευθερία", "Владислава"] * 10)[:300]
UNBROKEN = "W" * 300
CODE = "K7M4Q2XD"
BADGE = "ABCDEFGHJKLMNPQRSTUVWXYZ23"
BRUSSELS = ZoneInfo("Europe/Brussels")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The site without a database: documents ask it for words alone."""
    instance = tmp_path_factory.mktemp("instance")
    settings = Settings(secret_key="k" * 40, database_url=f"sqlite:///{instance / 'none.db'}", instance=instance)
    app = create_app(settings)
    yield app
    app.extensions["jobs"].storage.close()


@pytest.fixture(autouse=True)
def context(site: Flask) -> Iterator[None]:
    with site.app_context():
        yield


def sheet(rows: list[Signer] | None = None, **other: object) -> SignatureSheet:
    plain = SignatureSheet(
        event="Brussels training",
        city="Brussels",
        venue="European Parliament",
        subject="Child trafficking for sexual purposes",
        starts_at=datetime(2024, 10, 16, 7, 0, tzinfo=UTC),
        ends_at=datetime(2024, 10, 16, 10, 30, tzinfo=UTC),
        zone=BRUSSELS,
        part=Part.PARTICIPANT,
        origin=Origin.INTERNATIONAL,
        code=CODE,
        rows=rows if rows is not None else [Signer("Marija Zammit", "Ministry", "MT")],
        privacy_address="training.example.org/privacy",
    )
    return replace(plain, **other)


def badges(*names: str, part: Part = Part.PARTICIPANT, organisation: str = "Ministry") -> Badges:
    one = [Badge(name, organisation, part, BADGE, "7K4M2Q") for name in names]
    return Badges("Brussels training", "Brussels", date(2024, 10, 16), date(2024, 10, 17), one)


def table(rows: list[list[str]], foot: list[list[str]] | None = None) -> AttendanceTable:
    return AttendanceTable(
        title="Attendance: Brussels",
        facts=["European Parliament, Brussels", "2 people"],
        columns=[Column("Name"), Column("Wednesday morning"), Column("Hours", number=True)],
        rows=rows,
        foot=foot or [],
        made_at=datetime(2024, 10, 18, 20, 5, tzinfo=UTC),
        zone=BRUSSELS,
    )


def told(made: bytes) -> str:
    """The words of a document on one line."""
    return " ".join(text_of(made).split())


def letters(text: str) -> str:
    """A text without its spaces and the breaks of its lines."""
    return "".join(text.split())


def alike(text: str) -> list[str]:
    """The letters of a text in no order: two close ones of Arabic may be read as two words."""
    return sorted(letters(text))


def ink(picture: Image.Image, left: float, top: float, right: float, bottom: float) -> bool:
    """Whether anything is printed in a part of a page, said in mm."""
    dots = picture.width / 105 if picture.width > picture.height else picture.width / 210
    low, _high = picture.crop(tuple(int(mm * dots) for mm in (left, top, right, bottom))).getextrema()
    return low < 200


ALL = {
    "sheet": lambda: documents.signature_sheet(sheet([Signer(name, "Ministry", "MT") for name in NAMES * 4])),
    "badges": lambda: documents.badges(badges(*NAMES)),
    "badge": lambda: documents.badge(badges("Marija Zammit", part=Part.TRAINER)),
    "table": lambda: documents.attendance_table(table([[name, "09:02", "3.5"] for name in NAMES * 4])),
}


# --- for everyone --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_every_document_is_tagged_for_who_cannot_see_it_and_soundly_built(name: str):
    made = ALL[name]()

    assert verapdf(made, "ua1") == []
    assert qpdf_check(made) == ""
    assert facts_of(made)["Title"]
    assert facts_of(made)["Author"] == "DISRUPT"
    assert not facts_of(made)["Title"].startswith("Badges:") or name == "badges"


@pytest.mark.parametrize("name", ALL)
def test_every_figure_has_words(name: str):
    plain = opened(ALL[name]())

    assert plain.count(b"/S /Figure") == len(re.findall(rb"/Alt [(<]", plain))


def test_a_document_is_in_the_readers_language():
    g.locale = "de"

    made = documents.signature_sheet(sheet([Signer("Marija", "", "MT"), Signer("Jo", "", "XQ")]))

    assert b"/Lang (de)" in opened(made)
    assert "Oktober" in told(made)
    assert "XQ" in told(made)


# --- the signature sheet -------------------------------------------------------------------------------------


def test_a_sheet_says_what_is_signed_where_when_and_by_whom():
    made = documents.signature_sheet(sheet([Signer("Marija Zammit", "Ministry of Justice", "MT")]))

    words = told(made)
    assert facts_of(made)["Page size"].endswith("(A4)")
    for said in (
        "Brussels training",
        "European Parliament, Brussels",
        "Wednesday 16 October 2024, 09:00–12:30 (Europe/Brussels)",
        "Child trafficking for sexual purposes",
        "Participants, international",
        "Marija Zammit Ministry of Justice Malta",
        "K7M4 Q2XD",
        "Added by hand",
        "training.example.org/privacy",
        "DISRUPT, EU project 101101918",
        "page 1 of 1",
    ):
        assert said in words


def test_a_sheet_is_heard_in_the_order_it_is_read():
    tags = tags_of(documents.signature_sheet(sheet()))

    places = [tags.index(said) for said in ("Participants", "European Parliament", '"Signature"', "Marija", "Added by")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("part", "origin", "words"),
    [
        (Part.PARTICIPANT, Origin.LOCAL, "Participants, local"),
        (Part.PARTICIPANT, Origin.INTERNATIONAL, "Participants, international"),
        (Part.PARTICIPANT, None, "Participants"),
        (Part.TRAINER, None, "Trainers"),
        (Part.TRAINER, Origin.LOCAL, "Trainers"),
        (Part.SPEAKER, None, "Speakers"),
        (Part.ORGANISER, None, "Organisers"),
        (Part.OBSERVER, None, "Observers"),
    ],
)
def test_each_part_played_has_its_own_sheet(part: Part, origin: Origin | None, words: str):
    assert documents.group(part, origin) == words


def test_every_page_of_a_long_sheet_has_its_head_its_code_and_its_number():
    made = documents.signature_sheet(sheet([Signer(f"Person {n}", "Ministry", "MT") for n in range(1, 501)]))

    words = told(made)
    pages = int(facts_of(made)["Pages"])
    assert 28 <= pages <= 36
    assert words.count("K7M4 Q2XD") == pages
    assert words.count("No. Name Organisation Country Signature") == pages
    assert words.count("training.example.org/privacy") == pages
    assert [f"page {n} of {pages}" in words for n in range(1, pages + 1)] == [True] * pages
    assert re.findall(r"Person (\d+)", words) == [str(n) for n in range(1, 501)]


def test_every_page_of_a_sheet_has_the_qr_of_its_code_at_the_same_place():
    made = documents.signature_sheet(sheet([Signer(f"Person {n}") for n in range(40)]))

    code = segno.make(CODE, error="m", micro=False, boost_error=False)
    wanted = [[int(dark) for dark in row] for row in code.matrix_iter(border=0)]
    left, top, module = 210 - 15 - 24, 12, 24 / code.symbol_size(border=4)[0]
    for picture in pages_as_pictures(made, 300):
        dots = picture.width / 210
        seen = [
            [
                int(picture.getpixel(tuple(int(dots * (start + (n + 4.5) * module)) for start, n in ((left, x), (top, y)))) < 128)
                for x in range(len(wanted))
            ]
            for y in range(len(wanted))
        ]  # fmt: skip
        assert seen == wanted


def test_there_is_room_to_sign():
    picture = pages_as_pictures(documents.signature_sheet(sheet([], empty_rows=8)), 150)[0]
    dots = picture.width / 210

    column = [picture.getpixel((int(185 * dots), y)) < 200 for y in range(int(60 * dots), int(260 * dots))]
    lines = [y / dots for y in range(1, len(column)) if column[y] and not column[y - 1]]

    assert len(lines) >= 9
    assert min(after - before for before, after in zip(lines[-8:], lines[-7:], strict=False)) >= 11


def test_rows_for_people_added_by_hand_go_on_counting_and_may_be_left_out():
    assert "Added by hand: write clearly, in capitals 2 3 4" in told(documents.signature_sheet(sheet(empty_rows=3)))
    assert "Added by hand" not in told(documents.signature_sheet(sheet(empty_rows=0)))


@pytest.mark.parametrize("name", [*NAMES, *LITERAL, SIXTY, LONGEST, UNBROKEN])
def test_a_sheet_prints_a_name_as_it_stands(name: str):
    made = documents.signature_sheet(sheet([Signer(name, name, name)], empty_rows=0))

    row = text_of(made).partition("Signature\n")[2].partition("page 1 of")[0]
    assert alike(row) == alike(f"1{name * 3}")
    assert verapdf(made, "ua1") == []


def test_times_are_those_of_the_place_on_the_night_the_clocks_change():
    night = sheet(
        starts_at=datetime(2024, 10, 26, 23, 30, tzinfo=UTC), ends_at=datetime(2024, 10, 27, 2, 0, tzinfo=UTC)
    )

    assert "Sunday 27 October 2024, 01:30–03:00 (Europe/Brussels)" in told(documents.signature_sheet(night))


# --- badges --------------------------------------------------------------------------------------------------


def test_badges_stand_eight_to_a_page():
    made = documents.badges(badges(*(f"Person {n}" for n in range(1, 18))))

    assert facts_of(made)["Pages"] == "3"
    assert facts_of(made)["Page size"].endswith("(A4)")
    assert re.findall(r"Person (\d+)", told(made)) == [str(n) for n in range(1, 18)]


def test_a_badge_alone_has_a_page_of_its_size():
    made = documents.badge(badges("Marija Zammit"))

    assert facts_of(made)["Pages"] == "1"
    width, height = (float(side) / 72 * 25.4 for side in re.findall(r"[\d.]+", facts_of(made)["Page size"])[:2])
    assert (round(width), round(height)) == (105, 74)


def test_a_badge_says_who_where_when_and_the_code_in_two_threes():
    words = told(documents.badge(badges("Marija Zammit")))

    for said in ("Brussels training 16–17 October 2024, Brussels", "Marija Zammit Ministry", "7K4 M2Q"):
        assert said in words


@pytest.mark.parametrize(
    ("part", "word"),
    [(Part.TRAINER, "Trainer"), (Part.SPEAKER, "Speaker"), (Part.ORGANISER, "Organiser"), (Part.OBSERVER, "Observer")],
)
def test_whoever_is_no_participant_wears_what_they_are(part: Part, word: str):
    assert word in told(documents.badge(badges("Marija Zammit", part=part)))


def test_a_participant_wears_a_name_alone():
    assert "Participant" not in told(documents.badge(badges("Marija Zammit")))


@pytest.mark.parametrize("name", [*NAMES, *LITERAL, SIXTY, LONGEST, UNBROKEN, "Ш" * 60, "مريم" * 15])
def test_no_name_is_cut_off_on_a_badge(name: str):
    made = documents.badge(badges(name, organisation=name[:120], part=Part.ORGANISER))

    words = letters(text_of(made))
    assert alike(words) == alike(f"Brussels training16–17 October 2024, BrusselsOrganiser7K4M2Q{name}{name[:120]}")
    assert verapdf(made, "ua1") == []
    picture = pages_as_pictures(made, 150)[0]
    assert not ink(picture, 0, 34.5, 4, 74)
    assert not ink(picture, 98, 36, 105, 74)
    assert not ink(picture, 0, 71, 105, 74)
    assert ink(picture, 8, 37, 60, 60)


def test_a_long_name_is_smaller_than_a_short_one():
    steps = [documents.size(name) for name in ("Jo Li", "Łukasz Wiśniewski", SIXTY, LONGEST, UNBROKEN)]

    assert steps == sorted(steps)
    assert steps[0] == 1
    assert steps[2] <= 5
    assert steps[-1] == len(documents.NAME_POINTS)


def test_the_stylesheet_has_every_size_of_a_name():
    css = pdf.STYLESHEET.read_text()

    for step, points in enumerate(documents.NAME_POINTS, 1):
        assert f".size-{step} {{ font-size: {points}pt; }}" in css


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (date(2024, 10, 16), date(2024, 10, 16), "16 October 2024"),
        (date(2024, 10, 31), date(2024, 11, 1), "31 October 2024 – 1 November 2024"),
    ],
)
def test_a_badge_says_the_days_of_any_event(first: date, last: date, words: str):
    made = documents.badge(replace(badges("Jo Li"), first_day=first, last_day=last))

    assert f"{words}, Brussels" in told(made)


# --- the attendance table ------------------------------------------------------------------------------------


def test_a_table_says_its_facts_its_rows_its_counts_and_when_it_was_made():
    made = documents.attendance_table(
        table([["Marija Zammit", "09:02", "3.5"], ["Jo Li", "missing", "0"]], foot=[["Present", "1", "3.5"]])
    )

    words = told(made)
    for said in (
        "Attendance: Brussels European Parliament, Brussels 2 people",
        "Name Wednesday morning Hours Marija Zammit 09:02 3.5 Jo Li missing 0 Present 1 3.5",
        "Made 18 October 2024, 22:05 (Europe/Brussels)",
        "page 1 of 1",
    ):
        assert said in words


def test_a_long_table_repeats_its_head_and_loses_no_row():
    made = documents.attendance_table(table([[f"Person {n}", "09:02", "3.5"] for n in range(1, 301)]))

    words = told(made)
    assert words.count("Name Wednesday morning Hours") == int(facts_of(made)["Pages"]) > 5
    assert re.findall(r"Person (\d+)", words) == [str(n) for n in range(1, 301)]


@pytest.mark.parametrize("name", [*NAMES, *LITERAL, SIXTY, LONGEST, UNBROKEN])
def test_a_table_prints_what_it_was_given_as_it_stands(name: str):
    made = documents.attendance_table(table([[name, name, name]]))

    row = text_of(made).partition("Hours\n")[2].partition("page 1 of")[0]
    assert alike(row) == alike(name * 3)
    assert verapdf(made, "ua1") == []
    picture = pages_as_pictures(made, 60)[0]
    assert not picture.crop((int(283 / 297 * picture.width), 0, picture.width, picture.height)).getextrema()[0] < 200


@pytest.mark.parametrize("many", [12, 17, 24])
def test_a_table_of_many_columns_stays_on_the_paper(many: int):
    columns = [Column("Name"), *(Column(f"Wednesday {n}, afternoon") for n in range(1, many))]
    rows = [[NAMES[0], *(["09:41 late"] * (many - 1))]] * 3

    made = documents.attendance_table(replace(table(rows), columns=columns))

    picture = pages_as_pictures(made, 60)[0]
    assert not picture.crop((int(283 / 297 * picture.width), 0, picture.width, picture.height)).getextrema()[0] < 200
    assert letters(text_of(made)).count("09:41late") == 3 * (many - 1)


def test_a_document_of_nobody_is_a_document_too():
    assert verapdf(documents.badges(badges()), "ua1") == []
    assert verapdf(documents.attendance_table(table([])), "ua1") == []
    assert verapdf(documents.signature_sheet(sheet([], empty_rows=0)), "ua1") == []


# --- nothing is obeyed ---------------------------------------------------------------------------------------


def test_addresses_in_any_field_stay_words():
    secret = Path("/etc/passwd").as_uri()
    lure = f'<img src="{secret}"><link rel="attachment" href="{secret}"><style>@import url({secret})</style>'

    made = [
        documents.signature_sheet(
            sheet([Signer(lure, lure, lure)], event=lure, city=lure, venue=lure, subject=lure, privacy_address=lure)
        ),
        documents.badges(replace(badges(lure, organisation=lure), event=lure, city=lure)),
        documents.attendance_table(
            replace(table([[lure, lure, lure]], foot=[[lure, lure, lure]]), title=lure, facts=[lure])
        ),
    ]

    for one in made:
        assert "root:" not in text_of(one)
        assert letters(lure) in letters(text_of(one))
        assert b"/EmbeddedFile" not in opened(one)
