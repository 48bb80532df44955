"""The attendance of an event as a table: its head and its rows, once for the page, csv, xlsx, ods and pdf."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import TypeVar
from uuid import UUID

from flask_babel import format_date, gettext
from flask_babel import lazy_gettext as _
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import aliased
from werkzeug.datastructures import MultiDict

from lms.accounts.forms import PROFESSIONS
from lms.accounts.models import Person, Profession
from lms.database import db
from lms.events import differences, roll, telling
from lms.events.agreement import THERE
from lms.events.attendance import Attendance, Status
from lms.events.differences import Standing
from lms.events.models import Device, Event, Mark, Registration
from lms.events.parts import MarkKind, Part, Signed
from lms.spreadsheet import Cell, Sheet

COLUMNS = {
    "name": _("Name"),
    "organisation": _("Organisation"),
    "profession": _("Profession"),
    "country": _("Country"),
    "part": _("Part played"),
    "origin": _("Local or international"),
    "status": _("Each half-day: how it was"),
    "came": _("Each half-day: came at"),
    "left": _("Each half-day: left at"),
    "minutes": _("Each half-day: minutes"),
    "signed": _("Each half-day: signed on paper"),
    "half_days": _("Half-days"),
    "hours": _("Hours"),
}
EACH_HALF_DAY = {
    "status": _("how it was"),
    "came": _("came"),
    "left": _("left"),
    "minutes": _("minutes"),
    "signed": _("on paper"),
}
AFTER = ("half_days", "hours")
AT_FIRST = tuple(key for key in COLUMNS if key not in ("organisation", "origin", "part"))
SIGNED = {
    Signed.SIGNED: _("signed"),
    Signed.UNSIGNED: _("not signed"),
    Signed.BY_HAND: _("added by hand"),
}
KINDS = {
    MarkKind.CAME: _("came"),
    MarkKind.LEFT: _("left"),
    MarkKind.EXCUSED: _("excused"),
    MarkKind.ABSENT: _("missing"),
    MarkKind.UNDO: _("took back a mark"),
}


class Show(StrEnum):
    """Whose rows are shown."""

    EVERYBODY = "everybody"
    MISSING = "missing"
    DOUBTS = "doubts"


class Wanted(Struct, frozen=True):
    """What is asked to be shown, as the address says it; whatever it says wrong is as if it were not said."""

    show: Show = Show.EVERYBODY
    part: Part | None = None
    profession: Profession | None = None
    begins: str = ""
    columns: tuple[str, ...] = AT_FIRST

    @property
    def address(self) -> dict[str, str | list[str]]:
        """The same, to be put into an address."""
        said: dict[str, str | list[str]] = {}
        if self.show is not Show.EVERYBODY:
            said["show"] = self.show.value
        if self.part:
            said["part"] = self.part.value
        if self.profession:
            said["profession"] = self.profession.value
        if self.begins:
            said["begins"] = self.begins
        if self.columns != AT_FIRST:
            said["columns"] = list(self.columns)
        return said


def wanted(said: MultiDict[str, str]) -> Wanted:
    """What an address asks for."""
    chosen = {key for given in said.getlist("columns") for key in given.split(",")}
    columns = tuple(key for key in COLUMNS if key in chosen) or AT_FIRST
    return Wanted(
        _one_of(Show, said.get("show")) or Show.EVERYBODY,
        _one_of(Part, said.get("part")),
        _one_of(Profession, said.get("profession")),
        " ".join(said.get("begins", "").split())[:100],
        columns,
    )


Kind = TypeVar("Kind", bound=StrEnum)


def _one_of(kinds: type[Kind], value: str | None) -> Kind | None:
    return kinds(value) if value in set(kinds) else None


class Line(Struct, frozen=True):
    """Someone on the roll: a number that says nothing of the name, and what paper and marks say of each half-day."""

    number: int
    registration: Registration
    at: tuple[Standing, ...]
    half_days: int
    minutes: int

    @property
    def is_participant(self) -> bool:
        """Whether they are counted: trainers and others are on the roll, and not among the participants."""
        return self.registration.part is Part.PARTICIPANT


class Column(Struct, frozen=True):
    """One column: by what it is chosen, its head, the half-day it is about."""

    key: str
    head: str
    half_day: int | None = None

    @property
    def number(self) -> bool:
        return self.key in ("number", "minutes", "half_days", "hours")


# --- whose rows ----------------------------------------------------------------------------------------------


def lines(event: Event) -> list[Line]:
    """Everyone on the roll, by name."""
    rows = roll.roll(event)
    numbers = {one: number for number, one in enumerate(sorted(row.registration.id for row in rows), 1)}
    standings = iter(differences.standings(event, rows))
    return [
        Line(
            numbers[row.registration.id], row.registration, tuple(islice(standings, len(event.half_days))),
            row.half_days, row.minutes,
        )
        for row in rows
    ]  # fmt: skip


def participants(everyone: Iterable[Line]) -> list[Line]:
    """Those who are counted as participants."""
    return [line for line in everyone if line.is_participant]


def shown(everyone: Iterable[Line], wanted: Wanted, now: datetime) -> list[Line]:
    """The rows that are asked for: participants first, trainers and others after them.

    Without names they stand in the order of their numbers, for the order would tell of the names.
    """
    found = [line for line in everyone if _asked_for(line, wanted, now)]
    if "name" not in wanted.columns:
        found.sort(key=lambda line: line.number)
    return sorted(found, key=lambda line: not line.is_participant)


def _asked_for(line: Line, wanted: Wanted, now: datetime) -> bool:
    who = line.registration
    if wanted.part and who.part is not wanted.part:
        return False
    if wanted.profession and who.shown_profession is not wanted.profession:
        return False
    if wanted.begins and not begins(who.shown_name, wanted.begins):
        return False
    if wanted.show is Show.MISSING:
        return any(one.attendance.status is Status.ABSENT and one.half_day.ends_at <= now for one in line.at)
    if wanted.show is Show.DOUBTS:
        return any(one.open for one in line.at)
    return True


def begins(name: str, letters: str) -> bool:
    """Whether the name, or one of its words, begins so, whatever the case and the accents."""
    plain, wanted = _plain(name), _plain(letters)
    return plain.startswith(wanted) or f" {wanted}" in plain


def _plain(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))


# --- the table -----------------------------------------------------------------------------------------------


def columns(event: Event, rows: Sequence[Line], wanted: Wanted) -> list[Column]:
    """The head. The part played is said wherever not all are participants; a number stands in for the name."""
    keys = list(wanted.columns)
    if "part" not in keys and len(participants(rows)) < len(rows):
        keys.append("part")
    before = [key for key in COLUMNS if key in keys and key not in EACH_HALF_DAY and key not in AFTER]
    head = [] if "name" in keys else [Column("number", gettext("No."))]
    head += [Column(key, str(COLUMNS[key])) for key in before]
    for index, half_day in enumerate(event.half_days):
        title = gettext("%(day)s, %(title)s", day=_short_day(half_day.starts_at.astimezone(event.zone).date()),
                        title=half_day.title)  # fmt: skip
        for key, words in EACH_HALF_DAY.items():
            if key in keys:
                zone = f" ({event.zone.key})" if key in ("came", "left") else ""
                head.append(Column(key, f"{title}: {words}{zone}", index))
    return head + [Column(key, str(COLUMNS[key])) for key in AFTER if key in keys]


def _short_day(value: date) -> str:
    return str(format_date(value, gettext("d MMM")))


def cells(line: Line, head: Iterable[Column], event: Event, now: datetime) -> list[Cell]:
    """One row under this head: numbers are numbers, times are times of the event's zone."""
    return [
        _whole(line, column.key) if column.half_day is None else _of(line.at[column.half_day], column.key, event, now)
        for column in head
    ]


def _whole(line: Line, key: str) -> Cell:
    who = line.registration
    match key:
        case "number":
            return line.number
        case "name":
            return who.shown_name
        case "organisation":
            return who.shown_organisation
        case "profession":
            return str(PROFESSIONS[who.shown_profession]) if who.shown_profession else ""
        case "country":
            return who.shown_country
        case "part":
            return str(telling.PARTS[who.part])
        case "origin":
            return str(telling.ORIGINS[who.origin])
        case "half_days":
            return line.half_days
    return timedelta(minutes=line.minutes)


def _of(standing: Standing, key: str, event: Event, now: datetime) -> Cell:
    one = standing.attendance
    if key == "came":
        return one.came_at.astimezone(event.zone).time() if one.came_at else None
    if key == "left":
        return one.left_at.astimezone(event.zone).time() if one.left_at else None
    if key == "minutes":
        return one.minutes
    if key == "signed":
        return str(SIGNED[standing.signed]) if standing.signed else None
    words = telling.status(standing.half_day, one, now)
    return gettext("%(status)s; to settle: %(what)s", status=words, what=standing.words) if standing.open else words


def people(event: Event, rows: Sequence[Line], wanted: Wanted, now: datetime) -> Sheet:
    """A row a person."""
    head = columns(event, rows, wanted)
    return Sheet(
        gettext("Attendance"), [column.head for column in head], (cells(line, head, event, now) for line in rows),
        event.zone,
    )  # fmt: skip


def marks(event: Event, rows: Iterable[Line], wanted: Wanted) -> Sheet:
    """Every mark of these people, fetched piece by piece. Without names nobody's is told, nor a reason, which may."""
    named = "name" in wanted.columns
    zone = event.zone.key
    head = [
        gettext("Name") if named else gettext("No."),
        gettext("Part played"),
        gettext("Half-day"),
        gettext("What"),
        gettext("At (%(zone)s)", zone=zone),
        gettext("Received (%(zone)s)", zone=zone),
        gettext("Desk"),
        gettext("Taken back"),
    ]
    if named:
        head += [gettext("By"), gettext("Reason"), gettext("Came as the walk-in")]
    whose = {line.registration.id: line for line in rows}
    return Sheet(gettext("Marks"), head, _marks(event, whose, named), event.zone)


def _marks(event: Event, whose: Mapping[UUID, Line], named: bool) -> Iterator[Sequence[Cell]]:
    desks = {desk.id: desk.name for desk in db.session.scalars(select(Device).where(Device.event_id == event.id))}
    half_days = {
        one.id: f"{_short_day(one.starts_at.astimezone(event.zone).date())}, {one.title}" for one in event.half_days
    }
    here = Mark.half_day_id.in_(half_days)
    undone = set(db.session.scalars(select(Mark.undoes_id).where(here, Mark.kind == MarkKind.UNDO)))
    by = aliased(Person)
    asked = (
        select(
            Mark.id, Mark.half_day_id, Mark.kind, Mark.at, Mark.received_at, Mark.device_id, Mark.reason,
            by.name.label("by"), Registration.id.label("registration_id"), Registration.merged_into_id,
            Registration.name.label("walk_in"),
        )
        .join(Registration, Mark.registration_id == Registration.id)
        .outerjoin(by, Mark.by_id == by.id)
        .where(here)
        .order_by(Mark.at, Mark.received_at, Mark.id)
        .execution_options(yield_per=500)
    )  # fmt: skip
    for mark in db.session.execute(asked):
        line = whose.get(mark.merged_into_id or mark.registration_id)
        if line is None:
            continue
        row: list[Cell] = [
            line.registration.shown_name if named else line.number,
            str(telling.PARTS[line.registration.part]),
            half_days[mark.half_day_id],
            str(KINDS[mark.kind]),
            mark.at,
            mark.received_at,
            desks.get(mark.device_id, "") if mark.device_id else "",
            gettext("yes") if mark.id in undone else "",
        ]
        yield [*row, mark.by or "", mark.reason, mark.walk_in if mark.merged_into_id else ""] if named else row


# --- as it is read -------------------------------------------------------------------------------------------


class Shown(Struct, frozen=True):
    """A half-day of someone in one cell: its sign, its words, a second line, and whether it is to settle."""

    sign: str
    words: str
    note: str
    settle: str


def read(standing: Standing, event: Event, wanted: Wanted, now: datetime) -> Shown:
    """The same columns of a half-day as in a spreadsheet, put into one cell."""
    one = standing.attendance
    told = [key for key in telling.ALL if key in wanted.columns]
    stand = telling.stand(standing.half_day, one, event.zone, now, told)
    notes = []
    if "minutes" in wanted.columns and one.minutes:
        notes.append(gettext("%(n)s min", n=one.minutes))
    if "signed" in wanted.columns and standing.signed:
        notes.append(str(SIGNED[standing.signed]))
    settle = standing.words if standing.open and "status" in wanted.columns else ""
    return Shown(stand.sign if told else "", stand.words, ", ".join(notes), settle)


def plain(column: Column, cell: Cell) -> str:
    """A cell outside the half-days as it is read."""
    if isinstance(cell, timedelta):
        return telling.hours(int(cell.total_seconds()) // 60)
    return "" if cell is None else str(cell)


def foot(event: Event, everyone: Iterable[Line]) -> list[int]:
    """How many participants were there at each half-day; it counts everybody, whoever is shown."""
    counted = participants(everyone)
    return [sum(line.at[index].attendance.status in THERE for line in counted) for index in range(len(event.half_days))]


class Figures(Struct, frozen=True):
    """What stands above the table; participants alone are counted."""

    registered: int
    at_every: int
    at_none: int
    here_now: int | None
    to_settle: int


def figures(event: Event, everyone: Sequence[Line], now: datetime) -> Figures:
    """Counts of the event; `here_now` only while a half-day is going on."""
    counted = participants(everyone)
    going_on = next((i for i, one in enumerate(event.half_days) if one.starts_at <= now < one.ends_at), None)
    return Figures(
        len(counted),
        sum(line.half_days == len(line.at) > 0 for line in counted),
        sum(not line.half_days for line in counted),
        None if going_on is None else sum(_here(line.at[going_on].attendance) for line in counted),
        sum(bool(one.open) for line in everyone for one in line.at),
    )


def _here(one: Attendance) -> bool:
    return one.came_at is not None and one.left_at is None
