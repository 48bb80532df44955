"""Tables as csv, xlsx or ods: no text that is written becomes a formula, no file that is read can do harm."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import chain, islice
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, cast
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo
from zlib import crc32
from zlib import error as Inflating

from babel.numbers import get_decimal_symbol
from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum
from xlsxwriter import Workbook
from xlsxwriter.utility import xl_cell_to_rowcol, xl_rowcol_to_cell

Cell = str | int | float | bool | date | datetime | time | timedelta | None

MIMETYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
}
PIECE = 64 * 1024  # what is handed out at once
PEEKED = 50  # rows that say how wide a column is
NARROWEST, WIDEST = 8, 60  # characters
LARGEST = 10**15  # beyond it a spreadsheet rounds whole numbers
MOST_ROWS = 1_048_576  # a sheet has no more, in Excel and in LibreOffice
LONGEST = 32_767  # UTF-16 units: Excel's longest cell
FIRST_DAY = date(1900, 3, 1)  # Excel counts the days before it wrongly

MOST_BYTES = 5_000_000  # of a file that is read
MOST_READ = 5_000  # rows below the head
MOST_COLUMNS = 256
MOST_CELLS = 1_500_000  # full and empty ones, of all sheets
MOST_TEXT = 20_000_000  # characters of all sheets
MOST_SHEETS = 10  # that are looked at
MOST_TAGS = 2_000_000  # elements in the parts of a package
DEEPEST = 100  # elements within one another
MOST_PARTS = 2_000  # files in a package
MOST_UNPACKED = 25_000_000  # bytes of the parts of a package

UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_FORMULA = r"""(?=["'\s]*[=+\-@＝＋－＠])"""
_OPENS = rf"""^{_FORMULA}|^(?=["']*[\t\r\n])"""
_AFTER = rf"""(?:(?<=[;,\t\n])|(?<=\r)(?!\n)){_FORMULA}"""  # were it read with another delimiter
OPENS = re.compile(_OPENS)
OPENS_ANYWHERE = re.compile(f"{_OPENS}|{_AFTER}")
BLANKS = re.compile("^ +|(?<= ) +| +$")
LINES = re.compile(r"\r\n|\r|\n")
QUOTED = re.compile("|".join(place.replace("(?=", "'(?=") for place in (_OPENS, _AFTER)))


@dataclass(frozen=True)
class Sheet:
    """A table: its rows may be an iterator, and are asked for one by one.

    Times are shown on the clocks of `zone`; a cell cannot hold one, so a column's head should name it.
    """

    name: str
    head: Sequence[str]
    rows: Iterable[Sequence[Cell]]
    zone: tzinfo = UTC


def written(kind: str, sheets: Sequence[Sheet], locale: str = "en") -> Iterator[bytes]:
    """The bytes of a file of this kind: csv (the first sheet alone), xlsx or ods; KeyError for another."""
    match kind:
        case "csv":
            return as_csv(sheets[0], locale)
        case "xlsx":
            return as_xlsx(sheets)
        case "ods":
            return as_ods(sheets)
    raise KeyError(kind)


def filename(name: str, kind: str) -> str:
    """A name for a download: no folder, nothing a shell, a spreadsheet or Windows reads otherwise, not too long."""
    plain = UNPRINTABLE.sub("", unicodedata.normalize("NFC", name))
    plain = re.sub(r"""[\s\u2028\u2029\u202a-\u202e\u2066-\u2069/\\:*?"'<>|;,%&$`!^(){}\[\]#~]+""", "-", plain)
    plain = re.sub("-+", "-", plain).strip("-=+@＝＋－＠. ")[:80].rstrip("-. ")
    return f"{plain or 'table'}.{kind}"


# csv


def as_csv(sheet: Sheet, locale: str = "en") -> Iterator[bytes]:
    """One sheet as csv in UTF-8 with BOM, by which Excel knows it.

    Excel splits at the delimiter of its own region: a semicolon, with a decimal comma, wherever the locale writes
    one. A first line `sep=,` would serve Excel alone: every other program takes it for a row. Text that might be taken
    for a formula is given a leading quote, which `read` takes away again.
    """
    comma = get_decimal_symbol(locale) == ","
    buffer = io.StringIO(newline="")
    lines = csv.writer(buffer, delimiter=";" if comma else ",", lineterminator="\r\n")
    buffer.write("\ufeff")
    for row in chain([sheet.head], sheet.rows):
        lines.writerow([_csv_cell(cell, sheet.zone, comma) for cell in row])
        if buffer.tell() >= PIECE:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _csv_cell(cell: Cell, zone: tzinfo, comma: bool) -> str | int:
    match cell:
        case str():
            return guarded(UNPRINTABLE.sub("\ufffd", cell))
        case None:
            return ""
        case bool():
            return "TRUE" if cell else "FALSE"
        case int():
            return cell
        case float():
            return (repr(cell).replace(".", ",") if comma else repr(cell)) if isfinite(cell) else ""
        case datetime():
            return local(cell, zone).isoformat(" ")
        case time():
            return cell.isoformat("seconds")
        case timedelta():
            return _hours(cell)
    return cell.isoformat()


def guarded(text: str) -> str:
    """Text as it stands in our csv: a quote before whatever might be taken for a formula."""
    return OPENS_ANYWHERE.sub("'", text)


def unguarded(text: str) -> str:
    """Text as it was before `guarded`."""
    return QUOTED.sub("", text)


# xlsx


def as_xlsx(sheets: Sequence[Sheet]) -> Iterator[bytes]:
    """A workbook; its rows lie on the disk, never all in memory, until it is whole and handed out.

    A cell of more than 32,767 characters is cut there: Excel calls a file with a longer one damaged.
    """
    with TemporaryDirectory(prefix="lms-xlsx-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "table.xlsx"
        options = {"constant_memory": True, "tmpdir": folder}
        options |= dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
        with Workbook(str(path), options) as book:
            for sheet, name in zip(sheets, sheet_names(sheets), strict=True):
                _xlsx_sheet(book, name, sheet)
        with path.open("rb") as file:
            yield from iter(lambda: file.read(PIECE), b"")


def _xlsx_sheet(book: Workbook, name: str, sheet: Sheet) -> None:
    bold = book.add_format({"bold": True, "quote_prefix": True})
    quoted = book.add_format({"quote_prefix": True})
    shapes = {
        shape: book.add_format({"num_format": words})
        for shape, words in (
            (datetime, "yyyy-mm-dd hh:mm:ss"),
            (date, "yyyy-mm-dd"),
            (time, "hh:mm:ss"),
            (timedelta, "[h]:mm:ss"),
        )
    }
    page = book.add_worksheet(name)
    page.freeze_panes(1, 0)
    widths, rows = _peeked(sheet)
    for column, width in enumerate(widths):
        page.set_column(column, column, width)
    last = 0
    for last, row in enumerate(rows):
        if last >= MOST_ROWS:
            raise TooManyRows(name)
        for column, cell in enumerate(row):
            match _plain(cell, sheet.zone):
                case None:
                    continue
                case str() as text:
                    shape = bold if last == 0 else quoted if OPENS.match(text) else None
                    page.write_string(last, column, _excel_text(text), shape)
                case bool() as truth:
                    page.write_boolean(last, column, truth)
                case int() | float() as number:
                    page.write_number(last, column, number)
                case moment:
                    page.write_datetime(last, column, moment, shapes[type(moment)])
    page.autofilter(0, 0, last, max(len(sheet.head) - 1, 0))


def _excel_text(text: str) -> str:
    """Text that fits a cell; xlsxwriter would write one between <r> and </r> as it stands, tags and all."""
    if len(text) > LONGEST // 2:
        text = text.encode("utf-16-le")[: 2 * LONGEST].decode("utf-16-le", "ignore")
    return text + " " if text.startswith("<r>") and text.endswith("</r>") else text


# ods


def as_ods(sheets: Sequence[Sheet]) -> Iterator[bytes]:
    """An OpenDocument spreadsheet; each row is handed on before the next one is asked for."""
    sink = _Sink()
    names = sheet_names(sheets)
    kind = MIMETYPES["ods"].encode()
    with ZipFile(cast(IO[bytes], sink), "w", ZIP_DEFLATED, compresslevel=1) as package:
        first = ZipInfo("mimetype")  # bare, at the very start: there the format is known by
        first.header_offset, first.CRC, first.file_size, first.compress_size = 0, crc32(kind), len(kind), len(kind)
        cast(IO[bytes], package.fp).write(first.FileHeader() + kind)
        package.filelist.append(first)
        package.writestr("META-INF/manifest.xml", MANIFEST)
        package.writestr("settings.xml", _ods_settings(names))
        with package.open("content.xml", "w") as content:
            for piece in _ods_content(sheets, names):
                content.write(piece.encode())
                if sink.waiting:
                    yield sink.taken()
    yield sink.taken()


class _Sink:
    """Where a package is written that nobody can turn back in: what was written is taken away."""

    def __init__(self) -> None:
        self.waiting: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self.waiting.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        return

    def taken(self) -> bytes:
        taken, self.waiting = b"".join(self.waiting), []
        return taken


_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
MANIFEST = (
    f'{_XML}<manifest:manifest xmlns:manifest="{_OASIS}manifest:1.0" manifest:version="1.3">'
    f'<manifest:file-entry manifest:full-path="/" manifest:version="1.3" manifest:media-type="{MIMETYPES["ods"]}"/>'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
    '<manifest:file-entry manifest:full-path="settings.xml" manifest:media-type="text/xml"/></manifest:manifest>'
)
_DAY = '<number:year number:style="long"/>{0}<number:month number:style="long"/>{0}<number:day number:style="long"/>'
_HOURS = (
    '<number:hours number:style="long"/><number:text>:</number:text><number:minutes number:style="long"/>'
    '<number:text>:</number:text><number:seconds number:style="long"/>'
)
_DAY = _DAY.format("<number:text>-</number:text>")
SHAPES = (
    f'<number:date-style style:name="N1">{_DAY}</number:date-style>'
    f'<number:date-style style:name="N2">{_DAY}<number:text> </number:text>{_HOURS}</number:date-style>'
    f'<number:time-style style:name="N3">{_HOURS}</number:time-style>'
    f'<number:time-style style:name="N4" number:truncate-on-overflow="false">{_HOURS}</number:time-style>'
    '<number:text-style style:name="N5"><number:text-content/></number:text-style>'
    + "".join(
        f'<style:style style:name="{name}" style:family="table-cell" style:data-style-name="{data}"/>'
        for name, data in (("day", "N1"), ("moment", "N2"), ("time", "N3"), ("length", "N4"), ("text", "N5"))
    )
    + '<style:style style:name="head" style:family="table-cell" style:data-style-name="N5">'
    '<style:text-properties fo:font-weight="bold"/></style:style>'
)


def _ods_content(sheets: Sequence[Sheet], names: Sequence[str]) -> Iterator[str]:
    spaces = " ".join(f'xmlns:{name}="{_OASIS}{name}:1.0"' for name in ("office", "table", "text", "style"))
    spaces += f' xmlns:fo="{_OASIS}xsl-fo-compatible:1.0" xmlns:number="{_OASIS}datastyle:1.0"'
    yield f'{_XML}<office:document-content {spaces} office:version="1.3"><office:automatic-styles>{SHAPES}'
    peeked = [_peeked(sheet) for sheet in sheets]
    for width in sorted({width for widths, _ in peeked for width in widths}):
        yield f'<style:style style:name="w{width}" style:family="table-column">'
        yield f'<style:table-column-properties style:column-width="{width * 0.2:.1f}cm"/></style:style>'
    yield "</office:automatic-styles><office:body><office:spreadsheet>"
    ranges = []
    for sheet, name, (widths, rows) in zip(sheets, names, peeked, strict=True):
        yield f"<table:table table:name={quoteattr(name)}>"
        yield "".join(f'<table:table-column table:style-name="w{width}"/>' for width in widths)
        last = 0
        for last, row in enumerate(rows):
            if last >= MOST_ROWS:
                raise TooManyRows(name)
            cells = "".join([_ods_cell(_plain(cell, sheet.zone), "head" if last == 0 else "") for cell in row])
            yield f"<table:table-row>{cells}</table:table-row>"
        yield "</table:table>"
        corner = xl_rowcol_to_cell(last, max(len(sheet.head) - 1, 0))
        quoted = name.replace("'", "''")
        ranges.append(quoteattr(f"'{quoted}'.A1:'{quoted}'.{corner}"))
    yield "<table:database-ranges>"
    for number, area in enumerate(ranges):
        yield f'<table:database-range table:name="__Anonymous_Sheet_DB__{number}" '
        yield f'table:target-range-address={area} table:display-filter-buttons="true"/>'
    yield "</table:database-ranges></office:spreadsheet></office:body></office:document-content>"


def _ods_cell(cell: Cell, style: str = "") -> str:
    if cell is None:
        return "<table:table-cell/>"
    match cell:
        case str():
            style, kind, shown = style or ("text" if OPENS.match(cell) else ""), "string", ""
        case bool():
            kind, shown = "boolean", f'office:boolean-value="{str(cell).lower()}"'
        case int() | float():
            kind, shown = "float", f'office:value="{cell!r}"'
        case datetime():
            style, kind, shown = "moment", "date", f'office:date-value="{cell.isoformat()}"'
        case date():
            style, kind, shown = "day", "date", f'office:date-value="{cell.isoformat()}"'
        case time():
            style, kind, shown = "time", "time", f'office:time-value="PT{cell:%HH%MM%SS}"'
        case timedelta():
            hours = _hours(cell).replace(":", "H", 1).replace(":", "M")
            sign, hours = ("-", hours[1:]) if hours.startswith("-") else ("", hours)
            style, kind, shown = "length", "time", f'office:time-value="{sign}PT{hours}S"'
    named = f' table:style-name="{style}"' if style else ""
    words = _ods_text(cell) if isinstance(cell, str) else ""
    return f'<table:table-cell{named} office:value-type="{kind}" {shown}>{words}</table:table-cell>'


def _ods_text(text: str) -> str:
    """Paragraphs; a blank at the edge or after another one is an element, for plain ones are folded together."""
    lines = [BLANKS.sub(_ods_blank, escape(line)) for line in LINES.split(text)]
    return "".join([f"<text:p>{line}</text:p>" for line in lines])


def _ods_blank(found: re.Match[str]) -> str:
    return f'<text:s text:c="{len(found[0])}"/>'


def _ods_settings(names: Sequence[str]) -> str:
    """The head of each sheet stays in sight."""
    item = '<config:config-item config:name="{}" config:type="{}">{}</config:config-item>'.format
    frozen = item("HorizontalSplitMode", "short", 0) + item("VerticalSplitMode", "short", 2)
    frozen += item("HorizontalSplitPosition", "int", 0) + item("VerticalSplitPosition", "int", 1)
    frozen += item("ActiveSplitRange", "short", 2) + item("PositionTop", "int", 0) + item("PositionBottom", "int", 1)
    return (
        f'{_XML}<office:document-settings xmlns:office="{_OASIS}office:1.0" xmlns:config="{_OASIS}config:1.0" '
        'xmlns:ooo="http://openoffice.org/2004/office" '
        'office:version="1.3"><office:settings><config:config-item-set config:name="ooo:view-settings">'
        '<config:config-item-map-indexed config:name="Views"><config:config-item-map-entry>'
        + item("ViewId", "string", "view1")
        + '<config:config-item-map-named config:name="Tables">'
        + "".join(
            f"<config:config-item-map-entry config:name={quoteattr(name)}>{frozen}</config:config-item-map-entry>"
            for name in names
        )
        + "</config:config-item-map-named></config:config-item-map-entry></config:config-item-map-indexed>"
        "</config:config-item-set></office:settings></office:document-settings>"
    )


# what all three share


class TooManyRows(ValueError):
    """More rows than a sheet holds."""


def local(moment: datetime, zone: tzinfo) -> datetime:
    """What a clock in the zone shows, to the second; ValueError where a time does not say its own zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be shown in another one")
    return moment.astimezone(zone).replace(tzinfo=None, microsecond=0)


def sheet_names(sheets: Sequence[Sheet]) -> list[str]:
    """Names that Excel takes: no bracket, slash, colon, star or question mark, at most 31 characters, none twice."""
    names: list[str] = []
    for sheet in sheets:
        plain = (
            re.sub(r"[\[\]:*?/\\\s]+", " ", UNPRINTABLE.sub("", sheet.name)).strip("' =+-@＝＋－＠")[:31].strip("' ")
        )
        plain = plain if plain and plain.casefold() != "history" else f"Sheet {len(names) + 1}"
        number = 2
        base = plain
        while plain.casefold() in {name.casefold() for name in names}:
            plain, number = f"{base[:27]} {number}", number + 1
        names.append(plain)
    return names


def _plain(cell: Cell, zone: tzinfo) -> Cell:
    """A cell that every format can hold: a number or date that a spreadsheet would get wrong becomes text."""
    match cell:
        case str():
            return UNPRINTABLE.sub("\ufffd", cell) or None
        case None | bool():
            return cell
        case int():
            return cell if abs(cell) < LARGEST else str(cell)
        case float():
            return cell if isfinite(cell) else None
        case datetime():
            cell = local(cell, zone)
            return cell if cell.date() >= FIRST_DAY else cell.isoformat(" ")
        case date():
            return cell if cell >= FIRST_DAY else cell.isoformat()
        case time():
            return cell.replace(tzinfo=None, microsecond=0)
    return cell


def _hours(length: timedelta) -> str:
    seconds = round(length.total_seconds())
    minutes, seconds = divmod(abs(seconds), 60)
    return f"{'-' if length < timedelta() else ''}{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def _peeked(sheet: Sheet) -> tuple[list[int], Iterator[Sequence[Cell]]]:
    """How wide the columns are, by the first rows, and all rows with the head as the first."""
    rows = iter(sheet.rows)
    first: list[Sequence[Cell]] = [sheet.head, *islice(rows, PEEKED)]
    widths = [NARROWEST] * max(map(len, first))
    for row in first:
        for column, cell in enumerate(row):
            shown = 19 if isinstance(cell, datetime) else len(str(cell or ""))
            widths[column] = min(max(widths[column], shown + 2), WIDEST)
    return widths, chain(first, rows)


# reading


@dataclass(frozen=True)
class Table:
    """A sheet that was read. `rows[0]` is row 1 of the sheet; cells left empty are "", at the end of a row left out."""

    name: str
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Book:
    """What was read: every sheet in sight that holds something, and notes on how it was read, as codes."""

    tables: tuple[Table, ...]
    notes: tuple[str, ...] = ()


class Unreadable(ValueError):
    """A file that cannot be, or will not be read; why as a code, and where.

    large, rows, columns, text: more than is taken. cell: one cell holds too much. empty: there is nothing in it.
    kind: it is something else. old: xls or xlsb. locked: it needs a password. bomb, entities: it is an attack.
    encoding, binary, quotes: csv that does not add up. damaged: anything else.
    """

    def __init__(self, why: str, row: int | None = None) -> None:
        super().__init__(why if row is None else f"{why} in row {row}")
        self.why = why
        self.row = row


def read(content: bytes, most_rows: int = MOST_READ, most_bytes: int = MOST_BYTES) -> Book:
    """The tables of a csv, xlsx or ods file, told apart by what is in it; Unreadable says why there are none.

    Formulas are read as the values they had, macros and pictures not at all. Numbers are int or float, dates and
    times what they are; in csv everything is text.
    """
    if len(content) > most_bytes:
        raise Unreadable("large")
    if content.startswith(b"PK"):
        book = _read_package(content, most_rows + 1)
    elif content.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        raise Unreadable("locked" if "EncryptedPackage".encode("utf-16-le") in content else "old")
    else:
        book = _read_csv(content, most_rows + 1)
    if not book.tables:
        raise Unreadable("empty")
    return book


def _read_csv(content: bytes, most_rows: int) -> Book:
    text, notes = _decoded(content)
    if "\0" in text or text.lstrip().startswith(("<", "%PDF", "{\\rtf")):
        raise Unreadable("binary" if "\0" in text else "kind")
    hint = re.match(r"sep=([,;|\t])\r?\n", text)
    text = text[hint.end() :] if hint else text
    rows: list[tuple[Cell, ...]] = []
    try:
        for row in csv.reader(
            io.StringIO(text, newline=""), delimiter=hint[1] if hint else _delimiter(text), strict=True
        ):
            rows.append(_fitting([unguarded(cell) for cell in row], len(rows) + 1, most_rows))
    except csv.Error as fault:
        raise Unreadable("cell" if "limit" in str(fault) else "quotes", len(rows) + 1) from fault
    return Book(_tables([("", rows)]), notes)


def _decoded(content: bytes) -> tuple[str, tuple[str, ...]]:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if content.startswith(mark):
            try:
                return content[len(mark) :].decode(encoding), ()
            except UnicodeDecodeError as fault:
                raise Unreadable("encoding") from fault
    for encoding, notes in (("utf-8", ()), ("cp1252", ("windows-1252",))):
        try:
            return content.decode(encoding), notes
        except UnicodeDecodeError:
            continue
    raise Unreadable("encoding")


def _delimiter(text: str) -> str:
    """What splits the first line that is not empty into most cells."""
    head = text.lstrip("\r\n")[:LONGEST]
    return max(",;\t", key=lambda mark: len(next(csv.reader(io.StringIO(head, newline=""), delimiter=mark), [])))


def _read_package(content: bytes, most_rows: int) -> Book:
    """An xlsx or ods; calamine is handed nothing but parts that were checked, in a package of our own making."""
    parts, ods = _parts(content)
    check = _Ods(most_rows) if ods else _Xlsx(most_rows)
    checked = io.BytesIO()
    with ZipFile(checked, "w", ZIP_STORED) as package:
        for name, part in parts:
            if name != "mimetype":
                check.part(name, part)
            package.writestr(name, part)
    checked.seek(0)
    try:
        return Book(_tables(_calamine(checked, most_rows)))
    except (Unreadable, MemoryError):
        raise
    except PasswordError as fault:
        raise Unreadable("locked") from fault
    except BaseException as fault:
        if isinstance(fault, Exception) or type(fault).__name__ == "PanicException":  # which Rust raises past Exception
            raise Unreadable("damaged") from fault
        raise


def _calamine(package: IO[bytes], most_rows: int) -> Iterator[tuple[str, list[tuple[Cell, ...]]]]:
    area = text = 0
    with CalamineWorkbook.from_object(package) as workbook:
        shown = [
            sheet.name
            for sheet in workbook.sheets_metadata
            if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
        ]
        for name in shown[:MOST_SHEETS]:
            sheet = workbook.get_sheet_by_name(name)
            bottom, right = sheet.end or (0, 0)
            area += (bottom + 1) * (right + 1)
            if area > MOST_CELLS:
                raise Unreadable("large")
            rows = sheet.to_python(skip_empty_area=False)
            text += sum(len(cell) for row in rows for cell in row if isinstance(cell, str))
            if text > MOST_TEXT:
                raise Unreadable("text")
            yield name, [_fitting(row, number, most_rows) for number, row in enumerate(rows, 1)]


def _parts(content: bytes) -> tuple[list[tuple[str, bytes]], bool]:
    """The parts of a package that a table is read from, and whether it is an ods; sizes are judged before unpacking."""
    if content.count(b"PK\1\2") > MOST_PARTS:
        raise Unreadable("bomb")
    try:
        with ZipFile(io.BytesIO(content)) as package:
            entries = package.infolist()
            names = [entry.filename for entry in entries]
            packed, unpacked = (sum(getattr(one, size) for one in entries) for size in ("compress_size", "file_size"))
            if (
                packed > len(content)
                or unpacked > MOST_UNPACKED
                or len(names) > len({name.casefold() for name in names})
            ):
                raise Unreadable("bomb")
            if any(entry.flag_bits & 1 for entry in entries):
                raise Unreadable("locked")
            if any(entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for entry in entries):
                raise Unreadable("damaged")
            if "xl/workbook.bin" in names:
                raise Unreadable("old")
            ods = "mimetype" in names and package.read("mimetype") == MIMETYPES["ods"].encode()
            if not ods and "xl/workbook.xml" not in names:
                raise Unreadable("kind")
            wanted = ODS_PARTS if ods else XLSX_PARTS
            return [(name, package.read(name)) for name in sorted(filter(wanted.fullmatch, names))], ods
    except Unreadable:
        raise
    except (BadZipFile, Inflating, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as fault:
        raise Unreadable("damaged") from fault


ODS_PARTS = re.compile(r"mimetype|META-INF/manifest\.xml|content\.xml")
XLSX_PARTS = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|xl/_rels/workbook\.xml\.rels|xl/[^/]+\.xml|xl/worksheets/[^/]+\.xml"
)


ODS_CELLS = ("table:table-cell", "table:covered-table-cell")
PLACE = re.compile("([A-Za-z]{1,3})([0-9]{1,7})")


class _Check:
    """Reads every part before calamine does, which lays a table out in memory from its first to its furthest cell.

    No document type, so no entity; only UTF-8; and neither place nor size of a cell beyond what is taken.
    """

    def __init__(self, most_rows: int) -> None:
        self.most_rows = most_rows
        self.name = self.said = ""
        self.tags = self.depth = 0
        self.area = self.text = self.lowest = self.furthest = 0
        self.row = self.column = self.length = 0

    def part(self, name: str, content: bytes) -> None:
        """Check one part; one that others refer to comes before them."""
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self.refuse
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.characters
        self.name, self.row, self.column = name.lower(), 0, 0
        try:
            parser.Parse(content, True)
        except Unreadable:
            raise
        except (expat.ExpatError, ValueError) as fault:
            raise Unreadable("damaged") from fault
        self.close()

    def close(self) -> None:
        """Add up a sheet that is read to its end."""
        self.area += self.lowest * self.furthest
        self.lowest = self.furthest = 0
        if self.area > MOST_CELLS:
            raise Unreadable("large")

    def refuse(self, *_words: object) -> None:
        raise Unreadable("entities")

    def full(self, row: int, column: int, length: int = 0) -> None:
        """Note a cell that holds something."""
        if row > self.most_rows:
            raise Unreadable("rows", row)
        if column > MOST_COLUMNS:
            raise Unreadable("columns", row)
        self.lowest, self.furthest = max(self.lowest, row), max(self.furthest, column)
        self.text += length
        if self.text > MOST_TEXT:
            raise Unreadable("text")

    def start(self, _name: str, _about: dict[str, str]) -> None:
        self.tags += 1
        self.depth += 1
        if self.tags > MOST_TAGS or self.depth > DEEPEST:
            raise Unreadable("large" if self.tags > MOST_TAGS else "damaged")

    def end(self, _name: str) -> None:
        self.depth -= 1

    def characters(self, text: str) -> None:
        self.length += len(text)


class _Xlsx(_Check):
    """The parts of an xlsx; the shared strings come before the sheets in the alphabet."""

    def __init__(self, most_rows: int) -> None:
        super().__init__(most_rows)
        self.shared: list[int] = []
        self.refers = False

    def start(self, name: str, about: dict[str, str]) -> None:
        super().start(name, about)
        name = name.rpartition(":")[2]
        if name == "row":
            self.row, self.column = _later(self.row, about.get("r")), 0
        elif name == "c":
            place = PLACE.fullmatch(about.get("r", "A1"))
            if not place or ("r" in about and int(place[2]) != self.row):
                raise Unreadable("damaged")
            self.column = _later(self.column, xl_cell_to_rowcol(place[0].upper())[1] + 1 if "r" in about else None)
            self.refers = about.get("t") == "s"
        elif name in ("si", "v", "is"):
            self.length = 0

    def characters(self, text: str) -> None:
        super().characters(text)
        self.said = text

    def end(self, name: str) -> None:
        super().end(name)
        name = name.rpartition(":")[2]
        if name == "si" and self.name == "xl/sharedstrings.xml":
            self.shared.append(self.length)
        elif name in ("v", "is"):
            length = self.length
            if self.refers and length:
                number = int(self.said)
                if not 0 <= number < len(self.shared):
                    raise Unreadable("damaged")
                length = self.shared[number]
            self.full(self.row, self.column, length)


class _Ods(_Check):
    """The parts of an ods, where a row or a cell may say how often it is repeated."""

    in_row = in_cell = holds = False
    rows = columns = last = row_text = 0

    def start(self, name: str, about: dict[str, str]) -> None:
        super().start(name, about)
        if name == "manifest:encryption-data":
            raise Unreadable("locked")
        if (name == "table:table-row" and self.in_row) or (name in ODS_CELLS and self.in_cell):
            raise Unreadable("damaged")
        if name == "table:table-row":
            self.in_row, self.rows = True, _times(about.get("table:number-rows-repeated"))
            self.column = self.last = self.row_text = 0
        elif name in ODS_CELLS:
            self.in_cell, self.columns = True, _times(about.get("table:number-columns-repeated"))
            self.holds = any(one.startswith("office:") or one == "table:formula" for one in about)
            self.length = sum(map(len, about.values()))
        elif name == "text:s":
            self.length += _times(about.get("text:c"))

    def characters(self, text: str) -> None:
        super().characters(text)
        self.holds = self.holds or not text.isspace()

    def end(self, name: str) -> None:
        super().end(name)
        if name in ODS_CELLS:
            self.in_cell = False
            self.column += self.columns
            if self.holds:
                self.last = self.column
                self.row_text += self.columns * self.length
        elif name == "table:table-row":
            self.in_row = False
            self.row += self.rows
            if self.last:
                self.full(self.row, self.last, self.rows * self.row_text)
        elif name == "table:table":
            self.close()
            self.row = 0


def _later(position: int, given: str | int | None) -> int:
    """A place after this one: the next where none is given. Never an earlier one, which every program writes first."""
    place = position + 1 if given is None else int(given)
    if place <= position:
        raise Unreadable("damaged")
    return place


def _times(given: str | None) -> int:
    times = int(given or 1)
    if times < 0:
        raise Unreadable("damaged")
    return times


def _fitting(row: Sequence[Cell], number: int, most_rows: int) -> tuple[Cell, ...]:
    """A row without the empty cells at its end, whole numbers as such; Unreadable where it is more than is taken."""
    if number > most_rows:
        raise Unreadable("rows", number)
    cells = [int(cell) if isinstance(cell, float) and cell.is_integer() else cell for cell in row]
    while cells and cells[-1] == "":
        cells.pop()
    if len(cells) > MOST_COLUMNS:
        raise Unreadable("columns", number)
    if any(isinstance(cell, str) and len(cell) > LONGEST for cell in cells):
        raise Unreadable("cell", number)
    return tuple(cells)


def _tables(found: Iterable[tuple[str, list[tuple[Cell, ...]]]]) -> tuple[Table, ...]:
    """Those that hold something, without the empty rows at their end."""
    tables = []
    for name, rows in found:
        while rows and not rows[-1]:
            rows.pop()
        if rows:
            tables.append(Table(name, tuple(rows)))
    return tuple(tables)
