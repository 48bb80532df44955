"""A certificate says on two pages what it states, in the holder's letters and language, whatever the length."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from math import cos, pi, sin
from pathlib import Path

import msgspec
import pytest
import segno
from flask import Flask
from flask_babel import get_locale
from PIL import Image

from lms import pdf
from lms.app import create_app
from lms.certificates import document as paper
from lms.certificates import signing
from lms.certificates.document import attachment, document
from lms.certificates.statement import Asked, Event, Exercise, HalfDay, Statement, Topic
from lms.settings import Settings
from tests.pdf import facts_of, fonts_of, opened, pages_as_pictures, qpdf_check, tags_of, text_of, verapdf
from tests.test_pdf import NAMES

NUMBER = "D-7K4M-29QX-0CZ3"
SUBJECTS = (
    "Child trafficking for sexual purposes",
    "Electronic evidence in trafficking cases",
    "Live exercise: sixty days, eight hours",
    "Before she speaks",
)
TITLES = (
    "The role of technology in recruiting and exploiting children",
    "Using digital tools to detect early signs of child trafficking",
    "Using digital tools in investigating and prosecuting child trafficking cases",
    "Collecting and working with digital evidence in trafficking cases",
    "Taking a victim-centred and gender-responsive approach when dealing with child victims of trafficking "
    "for sexual exploitation",
)
ENDS = {title.split()[-1] for title in (*SUBJECTS, *TITLES, "END")}
LITERAL = ["<b>Bob</b> & Co", "{{7*7}} {user.__class__} %(x)s ${x}", '"><img src=x>', "=1+1"]
SIXTY = "Maximiliana-Theodora von Hohenstaufen zu Sayn-Wittgenstein-B"
LONGEST = " ".join(["Maximiliana", "Ελευθερία", "Владислава"] * 10)[:300]
UNBROKEN = "W" * 300
MIXED = ["Maryam مريم Hassan", "مريم (Maryam) الحسيني", "יעל Cohen"]
FUNDED = "Co-funded by the European Union. Views and opinions expressed are those of the authors only. " * 3


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The site without a database: a certificate asks it for words and settings alone."""
    instance = tmp_path_factory.mktemp("instance")
    settings = Settings(secret_key="k" * 40, database_url=f"sqlite:///{instance / 'none.db'}", instance=instance)
    app = create_app(settings)
    yield app
    app.extensions["jobs"].storage.close()


@pytest.fixture(autouse=True)
def context(site: Flask) -> Iterator[None]:
    with site.app_context():
        yield


@pytest.fixture
def funded(site: Flask) -> Iterator[None]:
    plain = site.extensions["settings"]
    site.extensions["settings"] = replace(plain, funding_statement=FUNDED.strip(), funding_emblem=True)
    yield
    site.extensions["settings"] = plain


@pytest.fixture
def wordy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A language in which everything is said twice."""

    def twice(message: str, **values: object) -> str:
        said = message % values if values else message
        return said if str(get_locale()) == "en" else f"{said} {said}"

    monkeypatch.setattr(paper, "_", twice)


def event(half_days: int = 4, **other: object) -> Event:
    """An event of so many half-days in Brussels, all of them attended."""
    morning = datetime(2024, 10, 16, 7, tzinfo=UTC)
    starts = [morning + timedelta(days=n // 2, hours=4.5 * (n % 2)) for n in range(half_days)]
    plain = Event(
        slug="brussels",
        title="Brussels training",
        city="Brussels",
        country="BE",
        venue="European Parliament",
        timezone="Europe/Brussels",
        half_days=tuple(
            HalfDay(start, start + timedelta(hours=3.5), SUBJECTS[n % 4], 195, True) for n, start in enumerate(starts)
        ),
    )
    return msgspec.structs.replace(plain, **other)


def topics(**titles: str) -> tuple[Topic, ...]:
    return tuple(
        Topic(
            slug=f"topic-{n}",
            number=n,
            title={"en": title} | {locale: f"{n} {words}" for locale, words in titles.items()},
            minutes=60,
            lessons=5,
            read_on=date(2024, 9, n),
            points=8.5,
            out_of=10,
            pass_mark=70,
            passed_on=date(2024, 9, 10 + n),
        )
        for n, title in enumerate(TITLES, 1)
    )


def attendance(half_days: int = 4, **other: object) -> Statement:
    plain = Statement(
        number=NUMBER,
        kind="attendance",
        paper="attendance",
        scope="brussels",
        title={"en": "Training on child trafficking", "de": "Schulung zu Kinderhandel"},
        programme={"en": "Five topics", "de": "Fünf Themen"},
        locale="en",
        issuer="DISRUPT, EU project 101101918",
        issued_at=datetime(2024, 10, 20, 22, 30, tzinfo=UTC),
        timezone="Europe/Brussels",
        keep_until=date(2034, 10, 21),
        check=f"https://training.example.org/check/{NUMBER}",
        rule=(Asked("half-days", min(3, half_days), min(3, half_days), ("brussels",)),),
        events=(event(half_days),),
    )
    return msgspec.structs.replace(plain, **other)


def completion(*events: Event, **other: object) -> Statement:
    changed = {
        "kind": "completion",
        "paper": "completion",
        "scope": "course",
        "title": {"en": "Five topics", "de": "Fünf Themen", "bg": "Пет теми"},
        "rule": (Asked("lessons", 25, 25), Asked("quizzes", 5, 5), Asked("half-days", 3, 3, "one")),
        "events": events or (event(),),
        "topics": topics(),
    }
    return attendance(**(changed | other))


def exercises(count: int) -> tuple[Exercise, ...]:
    titles = ("Three cities", "Sixty days, eight hours", "Before she speaks")
    return tuple(
        Exercise(f"topic/{n}", {"en": titles[n % 3], "de": f"{n} Städte"}, date(2024, 10, 17 + n)) for n in range(count)
    )


def two_events(half_days: int = 4) -> tuple[Event, Event]:
    vienna = event(half_days, slug="vienna", title="Vienna training", city="Vienna", venue="younion HALL", sample=True)
    return event(half_days), vienna


def printed(statement: Statement, name: str = "Marija Żammit Ċiantar") -> bytes:
    return pdf.render(document(statement, name))


def signed(statement: Statement, name: str = "Marija Żammit Ċiantar") -> bytes:
    facts = pdf.Attachment("certificate.json", attachment(statement, name), "application/json", "Facts")
    return signing.sign(pdf.record(document(statement, name), facts), statement.issued_at)


def told(made: bytes) -> str:
    """The words of a certificate on one line, with plain spaces."""
    return " ".join(text_of(made).split())


def alike(text: str) -> list[str]:
    """The letters of a text in no order: two close ones of Arabic may be read as two words."""
    return sorted("".join(text.split()))


@dataclass(frozen=True)
class Word:
    """A word as it stands on a page, in mm."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


def words_of(made: bytes, page: int, folder: Path) -> list[Word]:
    path = folder / "one.pdf"
    path.write_bytes(made)
    command = ["pdftotext", "-bbox", "-f", str(page), "-l", str(page), str(path), "-"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    pattern = r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</word>'
    return [
        Word(match[5], *(float(match[n]) * 25.4 / 72 for n in range(1, 5))) for match in re.finditer(pattern, found)
    ]


def ink(picture: Image.Image, left: float, top: float, right: float, bottom: float) -> tuple[float, ...] | None:
    """Where something is printed in a part of a page, in mm; None where nothing is."""
    dots = picture.width / 297
    part = picture.crop(tuple(int(mm * dots) for mm in (left, top, right, bottom)))
    box = part.point(lambda grey: 255 if grey < 160 else 0).getbbox()
    return tuple(edge / dots + start for edge, start in zip(box, (left, top) * 2, strict=True)) if box else None


PAPERS = {
    "one half-day": lambda: attendance(1),
    "eight half-days": lambda: attendance(8),
    "attendance in two languages": lambda: attendance(locale="de"),
    "completion": completion,
    "completion over two events, in two languages": lambda: completion(*two_events(), locale="bg"),
}


# --- for everyone, for ever ----------------------------------------------------------------------------------


@pytest.mark.parametrize("which", PAPERS)
def test_every_certificate_lasts_and_is_accessible(which: str):
    made = signed(PAPERS[which]())

    assert verapdf(made, "ua1") == []
    assert verapdf(made, "3a") == []
    assert qpdf_check(made) == ""
    assert facts_of(made)["Pages"] == "2"
    assert facts_of(made)["Page size"].endswith("(A4)")


def test_a_title_says_kind_and_number_and_never_whose_it_is():
    facts = facts_of(printed(attendance()))

    assert facts["Title"] == f"Certificate of attendance {NUMBER}"
    assert facts["Author"] == "DISRUPT, EU project 101101918"
    assert facts_of(printed(completion()))["Title"] == f"Certificate of completion {NUMBER}"


def test_a_file_says_when_it_was_issued():
    assert b"2024-10-20T22:30" in document(attendance(), "Jo Li").encode()


def test_a_certificate_is_one_face_of_latin_greek_and_cyrillic():
    assert fonts_of(printed(completion(locale="bg"), "Γιώργος Αντωνίου")) == ["IBM-Plex-Sans"]


def test_a_signed_certificate_is_small():
    assert len(signed(completion(*two_events()))) < 40_000


def test_only_the_qr_code_is_a_picture_and_it_says_what_it_is():
    made = printed(attendance())

    assert tags_of(made).count("Figure") == 1
    assert b"QR code of the address where this certificate is checked" in opened(made)


def test_a_qr_code_holds_the_address_of_its_check():
    code = segno.make(attendance().check, error="m", micro=False, boost_error=False)
    wanted = [[int(dark) for dark in row] for row in code.matrix_iter(border=0)]

    picture = pages_as_pictures(printed(attendance()), 300)[0]
    dots = picture.width / 297
    left, top, right, bottom = ink(picture, 240, 150, 280, 181)
    module = (right - left) / len(wanted)
    seen = [
        [
            int(picture.getpixel((int((left + (x + 0.5) * module) * dots), int((top + (y + 0.5) * module) * dots))) < 128)
            for x in range(len(wanted))
        ]
        for y in range(len(wanted))
    ]  # fmt: skip

    assert seen == wanted
    assert right - left == pytest.approx(bottom - top, abs=0.2)
    assert right - left >= 24
    assert module >= 0.7


def test_a_certificate_is_heard_in_the_order_it_is_seen():
    tags = tags_of(printed(completion(locale="de")))

    order = ["H1", "Ċiantar", "Five topics", "Place", "Hours", "Topics", "Issued", NUMBER, "DISRUPT, EU", "example.org"]
    order += ["H2", "Asked", "Done", "H3", "Pass mark", "Brussels training", "What this paper says", "How long"]
    places, at = [], 0
    for said in order:
        at = tags.index(said, at)
        places.append(at)
    assert places == sorted(places)


# --- what it says --------------------------------------------------------------------------------------------


def test_attendance_says_who_was_where_when_and_for_how_long():
    said = told(printed(attendance()))

    for words in (
        "Certificate of attendance Marija Żammit Ċiantar took part in “Brussels training”, 16–17 October 2024, "
        "and was present at 4 of its 4 half-days.",
        "Place European Parliament, Brussels",
        "Hours 13 h in the room",
        "Topics Child trafficking for sexual purposes Electronic evidence",
        "Issued 21 October 2024",  # it was evening in Greenwich and past midnight in Brussels
        f"Number {NUMBER}",
        "DISRUPT, EU project 101101918 Signed electronically",
        "Check at training.example.org/check",
        "Asked Be present at 3 half-days: Brussels training",
        "Done Present at 4 of 4 half-days, 13 h: Brussels training",
        "Half-day Subject Present 16 Oct 2024, 09:00–12:30 Child trafficking for sexual purposes 3 h 15",
        "The record is kept until 21 October 2034.",
    ):
        assert words in said


def test_completion_says_what_was_read_passed_and_attended():
    said = told(printed(completion()))

    for words in (
        "completed “Five topics”, 1 September – 17 October 2024: "
        "25 lessons read, 5 quizzes passed and 4 half-days attended.",
        "Hours 13 h in the room, about 5 h of study on one’s own",
        "1. The role of technology",
        "Asked Read 25 lessons Pass 5 quizzes Be present at 3 half-days of one event",
        "Done 25 of 25 lessons read 5 of 5 quizzes passed Present at 4 of 4 half-days, 13 h: Brussels training",
        "Topic Lessons read (last on) Quiz passed (on) Pass mark",
        "children 5 (1 Sep 2024) 8.5 / 10 (11 Sep 2024) 70 %",
    ):
        assert words in said


def test_completion_says_which_exercises_were_played_and_when():
    played = exercises(2)
    rule = (Asked("half-days", 3, 3, "one"), Asked("exercises", 1, 1))

    said = told(printed(completion(rule=rule, exercises=played)))

    for words in (
        "completed “Five topics”, 1 September – 18 October 2024:",
        "attended and 2 live exercises played.",
        "Asked Be present at 3 half-days of one event Take part in 1 live exercise",
        "Took part in the live exercise “Three cities”, 17 October 2024",
        "Took part in the live exercise “Sixty days, eight hours”, 18 October 2024",
    ):
        assert words in said


def test_a_paper_from_before_there_were_exercises_reads_and_prints_as_it_did():
    today = completion()
    then = msgspec.to_builtins(today)
    del then["exercises"]

    read = msgspec.convert(then, Statement)

    assert read == today
    assert document(read, "Jo") == document(today, "Jo")


def test_completion_without_events_says_no_place():
    said = told(printed(completion(events=(), rule=(Asked("lessons", 25, 25), Asked("quizzes", 5, 5)))))

    assert "Place" not in said
    assert "in the room" not in said
    assert "25 lessons read and 5 quizzes passed." in said


def test_what_a_paper_did_not_ask_has_no_column():
    read_only = tuple(msgspec.structs.replace(one, passed_on=None) for one in topics())

    said = told(printed(completion(topics=read_only)))

    assert "Lessons read" in said
    assert "Pass mark" not in said


def test_a_half_day_that_does_not_count_is_no_topic_and_says_why():
    first, second, *others = event().half_days
    partly = (msgspec.structs.replace(first, minutes=40, counts=False), second, *others)
    absent = (msgspec.structs.replace(first, minutes=0, counts=False), second, *others)

    late, missing = (
        told(printed(attendance(events=(msgspec.structs.replace(event(), half_days=rows),))))
        for rows in (partly, absent)
    )

    assert "was present at 3 of its 4 half-days" in late
    assert "Topics Electronic evidence" in late
    assert "Child trafficking for sexual purposes 0 h 40, does not count" in late
    assert "Child trafficking for sexual purposes not present" in missing


def test_a_certificate_of_a_programme_that_is_a_sample_says_so():
    assert "The programme printed here is a sample." in told(printed(attendance(events=(event(sample=True),))))
    assert "sample" not in told(printed(attendance()))


def test_a_certificate_that_replaces_another_names_it():
    assert "Replaces D-0000-1111-2222" in told(printed(attendance(replaces="D-0000-1111-2222")))


def test_an_attendance_without_an_event_is_printed_too():
    made = printed(attendance(events=(), rule=()))

    assert facts_of(made)["Pages"] == "2"


def test_times_are_those_of_the_event():
    there = event(1, timezone="Europe/Athens")

    assert "16 Oct 2024, 10:00–13:30" in told(printed(attendance(1, events=(there,))))


# --- two languages -------------------------------------------------------------------------------------------


def test_a_certificate_is_in_the_holders_language_with_english_beside_it():
    made = printed(attendance(locale="de"))

    said = told(made)
    assert "Schulung zu Kinderhandel" in said
    assert "16.–17. Oktober 2024" in said
    assert "took part in “Brussels training”, 16–17 October 2024" in said
    assert "21 October 2024" in said
    assert b"/Lang (de)" in opened(made)
    assert document(attendance(locale="de"), "Jo").count('lang="en"') > 3


def test_what_is_the_same_in_both_languages_stands_once():
    said = told(printed(attendance(locale="de")))

    assert said.count("European Parliament, Brussels") == 2  # once a page
    assert said.count("Before she speaks") == 2
    assert "16.10.2024, 09:00–12:30" in said


def test_an_english_certificate_says_everything_once():
    page = document(attendance(), "Jo")

    assert 'lang="en"' not in page.partition("<body")[2]


def test_topics_stand_side_by_side_on_the_first_page_and_once_on_the_second():
    made = printed(completion(topics=topics(de="Thema in deutscher Sprache"), locale="de"))

    front, _, back = told(made).partition("2 von 2")
    assert "Thema in deutscher Sprache" in front
    assert TITLES[0] in front
    assert "Thema in deutscher Sprache" in back
    assert TITLES[0] not in back


def test_english_leaves_the_second_page_before_anything_else_does(wordy: None):
    own = completion(*two_events(8), topics=topics(de=TITLES[4]), locale="de")

    made = printed(own)

    back = told(made)[told(made).index("What was asked, and what was done") :]
    assert "12. Taking" not in back
    assert back.count("What this paper says") == 2  # what the holder's language says twice
    for kept in ("8,5", "70 %", "Vienna training", "kept until"):
        assert kept in back


# --- names ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*NAMES, *LITERAL, *MIXED, SIXTY, LONGEST, UNBROKEN, "Ж", "Ш" * 60, "مريم " * 12])
def test_a_name_is_printed_letter_by_letter_within_its_place(name: str):
    made = printed(attendance(), name)

    said = text_of(made).partition("Certificate of attendance\n")[2].partition("took part in")[0]
    assert alike(said) == alike(name)
    assert facts_of(made)["Pages"] == "2"
    picture = pages_as_pictures(made, 100)[0]
    assert ink(picture, 274, 30, 297, 200) is None
    assert ink(picture, 59, 30, 81, 200) is None


@pytest.mark.parametrize("name", [*NAMES, *MIXED, SIXTY, LONGEST, UNBROKEN])
def test_a_name_touches_nothing_above_or_below(name: str, tmp_path: Path):
    made = printed(attendance(), name)

    words = words_of(made, 1, tmp_path)
    kind = next(word for word in words if word.text == "attendance")
    sentence = next(word for word in words if word.text == "took")
    picture = pages_as_pictures(made, 150)[0]
    box = ink(picture, 81, kind.bottom - 1.2, 274, sentence.top + 1)
    assert box is not None
    assert box[1] > kind.bottom - 1
    assert box[3] < sentence.top + 0.9


def test_a_name_in_arabic_is_joined_and_begins_at_its_right():
    name = "مريم"
    joined = ink(pages_as_pictures(printed(attendance(), name), 150)[0], 81, 60, 274, 78)
    apart = ink(pages_as_pictures(printed(attendance(), "\u200c".join(name)), 150)[0], 81, 60, 274, 78)

    assert joined[2] - joined[0] < 0.85 * (apart[2] - apart[0])


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("مريم (Maryam) الحسيني", "rtl"),
        ("יעל כהן", "rtl"),
        ("Maryam مريم", "ltr"),
        ("“Marija", "ltr"),
        ("1 מ", "rtl"),
        ("...", "ltr"),
        ("", "ltr"),
    ],
)
def test_a_name_runs_as_its_first_letter_does(name: str, way: str):
    assert paper.direction(name) == way


def test_a_name_gets_smaller_rather_than_broken_and_is_broken_rather_than_tiny():
    names = (
        "Marija Żammit",
        "Bartholomew Featherstonehaugh",
        "Anna-Lena Großmann-Überweg di Sant’Agata",
        SIXTY,
        LONGEST,
    )

    steps = [paper.name_step(name) for name in (*names, UNBROKEN)]

    assert steps == sorted(steps)
    assert steps[0] == 1
    assert paper.NAME_STEPS[steps[3] - 1][0] >= 24
    assert paper.NAME_STEPS[steps[4] - 1][0] >= 16
    assert steps[5] < len(paper.NAME_STEPS)


@pytest.mark.parametrize("name", [*NAMES, SIXTY, "W" * 20, "fi ffi AVAVAV", "Ш" * 15])
def test_letters_are_never_wider_than_measured(name: str):
    points = paper.NAME_STEPS[paper.name_step(name) - 1][0]
    picture = pages_as_pictures(printed(attendance(), name), 150)[0]

    box = ink(picture, 81, 60, 297, 76)

    assert paper.lines(name, 541 / points) > 1 or box[2] - box[0] <= paper.width(name) * points * 25.4 / 72


def test_control_characters_break_nothing():
    made = printed(attendance(), "Ma\x00ri\x1bja\u202e\u2067 Zammit\ud800")

    assert facts_of(made)["Pages"] == "2"
    assert verapdf(made, "ua1") == []


# --- whatever the length -------------------------------------------------------------------------------------


def fits(made: bytes, folder: Path) -> None:
    """Nothing runs off its page, and what stands at the foot is reached by nothing above it."""
    assert facts_of(made)["Pages"] == "2"
    front, back = words_of(made, 1, folder), words_of(made, 2, folder)
    assert all(word.left > 80 and word.right < 275 and word.top > 15 and word.bottom < 200 for word in front)
    assert all(word.left > 40 and word.right < 275 and word.top > 12 and word.bottom < 200 for word in back)
    foot = min(word.top for word in front if word.text.startswith("Issued"))
    last = max(word.bottom for word in front if word.text in ENDS)
    assert last < foot
    assert last < 157  # where the QR code begins
    notes = min(word.top for word in back if word.text == "paper")
    rows = max(word.bottom for word in back if re.fullmatch(r"\d\d:\d\d–\d\d:\d\d", word.text))
    assert rows < notes


@pytest.mark.parametrize("locale", ["en", "de", "bg"])
@pytest.mark.parametrize("half_days", [1, 2, 5, 8])
def test_attendance_of_any_number_of_half_days_fits(half_days: int, locale: str, tmp_path: Path):
    fits(printed(attendance(half_days, locale=locale)), tmp_path)


@pytest.mark.parametrize("name", ["Jo Li", LONGEST])
@pytest.mark.parametrize("half_days", [4, 8])
def test_completion_over_two_events_fits(half_days: int, name: str, tmp_path: Path):
    fits(printed(completion(*two_events(half_days)), name), tmp_path)


@pytest.mark.parametrize("name", ["Jo Li", LONGEST])
def test_a_wordy_language_fits_with_its_funding(name: str, wordy: None, funded: None, tmp_path: Path):
    longest = completion(*two_events(), topics=topics(de=TITLES[4]), locale="de")

    fits(printed(longest, name), tmp_path)


def test_completion_with_many_exercises_fits(tmp_path: Path):
    fits(printed(completion(*two_events(), exercises=exercises(8))), tmp_path)


def test_long_titles_places_and_issuers_fit(tmp_path: Path):
    long = event(
        8, title="A training " * 15, venue="Ministry of the Interior and Administration " * 4, city="Bruxelles"
    )
    halves = tuple(msgspec.structs.replace(one, title=f"{'Open sources and ' * 8}END") for one in long.half_days)

    fits(
        printed(attendance(events=(msgspec.structs.replace(long, half_days=halves),), issuer="An issuer " * 12)),
        tmp_path,
    )


def test_a_long_paper_is_set_smaller_than_a_short_one():
    short, long = (document(one, "Jo") for one in (attendance(), completion(*two_events(8))))

    assert 'class="back back-1"' in short
    assert "front-1" in short
    assert 'class="back back-1"' not in long


def test_the_stylesheet_has_every_size_and_width_that_is_counted_with():
    css = pdf.STYLESHEET.read_text()

    for step, (points, _most) in enumerate(paper.NAME_STEPS, 1):
        assert re.search(rf"\.name-{step}\b[^{{]*{{ font-size: {points}pt; }}", css)
    for step, (points, top) in enumerate(paper.FRONT_STEPS, 1):
        assert f".front-{step} {{ top: {top}mm; font-size: {points}pt; }}" in css
    for step, points in enumerate(paper.BACK_STEPS, 1):
        assert f".back-{step} {{ font-size: {points}pt; }}" in css
    for kind, widths in (("half-days", paper.HALF_DAY_WIDTHS), ("topics", paper.TOPIC_WIDTHS)):
        for column, mm in enumerate(widths[:-1], 1):
            assert re.search(rf"\.{kind} th:nth-child\({column}\)[^{{]*{{ width: {mm}mm; }}", css)
        assert sum(widths) == paper.BACK_WIDTH
    assert f".facts .label {{ width: {paper.FACT_WIDTHS[0]}mm; }}" in css
    assert f".asked .label {{ width: {paper.ASKED_WIDTHS[0]}mm; }}" in css
    assert sum(paper.FACT_WIDTHS) == paper.FRONT_WIDTH
    assert sum(paper.ASKED_WIDTHS) == paper.BACK_WIDTH
    assert f"width: {paper.NOTE_WIDTH}mm" in css
    assert f".sentence {{ width: {paper.SENTENCE_WIDTH}mm" in css


# --- who pays ------------------------------------------------------------------------------------------------


def test_funding_is_said_only_where_it_is_set(funded: None):
    made = printed(attendance())

    assert FUNDED.strip() in told(made)
    assert b"Emblem of the European Union" in opened(made)
    assert verapdf(made, "ua1") == []


def test_without_a_setting_nobody_is_said_to_pay():
    made = printed(attendance())

    assert "funded" not in told(made)
    assert b"Emblem" not in opened(made)


def test_the_emblem_has_twelve_upright_stars_on_a_circle():
    stars = re.findall(r"M([^z]+)z", paper._stars())

    assert len(stars) == 12
    for hour, star in enumerate(stars):
        points = [float(one) for one in star.split()]
        corners = list(zip(points[::2], points[1::2], strict=True))
        x, y = sum(corner[0] for corner in corners) / 10, sum(corner[1] for corner in corners) / 10
        assert (x, y) == pytest.approx((27 + 12 * sin(hour * pi / 6), 18 - 12 * cos(hour * pi / 6)), abs=0.01)
        assert corners[0] == pytest.approx((x, y - 2), abs=0.01)


# --- for machines --------------------------------------------------------------------------------------------


def test_the_attached_facts_are_the_whole_statement_and_the_name():
    statement = completion(*two_events(), replaces="D-0000-1111-2222")

    facts = attachment(statement, "Marija Żammit")

    assert json.loads(facts)["name"] == "Marija Żammit"
    assert msgspec.json.decode(facts, type=Statement) == statement
    assert "Żammit".encode() in facts
    assert facts == attachment(statement, "Marija Żammit")


def test_every_member_of_the_attached_facts_is_described():
    described = (Path(__file__).parents[2] / "docs" / "certificates.md").read_text()
    facts = json.loads(attachment(completion(exercises=exercises(1)), "Jo"))

    members = [*facts, *facts["events"][0], *facts["events"][0]["half_days"][0], *facts["topics"][0], *facts["rule"][0]]
    members += [*facts["exercises"][0]]
    assert [member for member in members if f"`{member}`" not in described] == []


# --- nothing is obeyed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", LITERAL)
def test_markup_and_formulas_in_any_field_stay_words(text: str):
    half_day = msgspec.structs.replace(event(1).half_days[0], title=text)
    there = event(1, title=text, city=text, venue=text)
    statement = attendance(
        issuer=text, title={"en": text}, events=(msgspec.structs.replace(there, half_days=(half_day,)),)
    )

    said = told(printed(statement, text))

    assert said.count(" ".join(text.split())) >= 8


def test_addresses_in_any_field_are_not_fetched():
    secret = Path("/etc/passwd").as_uri()
    lure = f'<img src="{secret}"><link rel="attachment" href="{secret}"><style>@import url({secret})</style>'

    made = printed(attendance(issuer=lure, events=(event(1, title=lure, venue=lure),)), lure)

    assert "root:" not in text_of(made)
    assert b"/EmbeddedFile" not in opened(made)
    assert lure.replace(" ", "") in "".join(text_of(made).split())
