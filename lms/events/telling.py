"""What attendance and marks say in words, in the page's language and on the event's clocks."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from msgspec import Struct

from lms.events.attendance import Attendance, Doubt, Span, Status
from lms.events.models import HalfDay, Mark, Registration
from lms.events.parts import MarkKind, Origin, Part, RegistrationState
from lms.pages import clock_in, day_in

PARTS = {
    Part.PARTICIPANT: _("Participant"),
    Part.TRAINER: _("Trainer"),
    Part.SPEAKER: _("Speaker"),
    Part.ORGANISER: _("Organiser"),
    Part.OBSERVER: _("Observer"),
}
STATES = {
    RegistrationState.INVITED: _("Invited"),
    RegistrationState.REGISTERED: _("Registered"),
    RegistrationState.CONFIRMED: _("Confirmed"),
    RegistrationState.CANCELLED: _("Cancelled"),
}
ORIGINS = {Origin.LOCAL: _("Local"), Origin.INTERNATIONAL: _("International")}
STATUSES = {
    Status.PRESENT: _("present"),
    Status.LATE: _("late"),
    Status.LEFT_EARLY: _("left early"),
    Status.EXCUSED: _("excused"),
    Status.ABSENT: _("missing"),
}
DOUBTS = {
    Doubt.CONTRADICTS: _("excused or missing, and yet seen"),
    Doubt.LEFT_UNSEEN: _("left, and nobody saw them come"),
    Doubt.OUT_OF_TIME: _("a time far outside the half-day"),
}
SIGNS = {
    Status.PRESENT: "check",
    Status.LATE: "clock",
    Status.LEFT_EARLY: "clock",
    Status.EXCUSED: "minus",
    Status.ABSENT: "x",
}


class Stand(Struct, frozen=True):
    """How a half-day stands for someone: its sign and its words, which say all that the sign says."""

    sign: str
    words: str


ALL = ("status", "came", "left")


def stand(half_day: Span, one: Attendance, zone: ZoneInfo, now: datetime, told: Collection[str] = ALL) -> Stand:
    """In a few words, for a table's cell; a half-day that nobody said anything of is missing only when it is over.

    `told` is what may be said: status, came, left.
    """
    came = clock_in(one.came_at, zone) if one.came_at and "came" in told else ""
    left = clock_in(one.left_at, zone) if one.left_at and "left" in told else ""
    words = [came]
    if "status" in told:
        words = [gettext("%(time)s late", time=came) if came and one.late else came or status(half_day, one, now)]
        if came and one.left_early and not left:
            words.append(str(STATUSES[Status.LEFT_EARLY]))
    if left:
        words.append(gettext("left %(time)s", time=left))
    if "status" in told and one.came_at and not one.counts and now >= half_day.ends_at:
        words.append(gettext("does not count"))
    return Stand(_sign(half_day, one, now), ", ".join(filter(None, words)))


def status(half_day: Span, one: Attendance, now: datetime) -> str:
    """How a half-day was, in one word."""
    if one.status is Status.ABSENT and one.came_at is None and now < half_day.starts_at:
        return str(gettext("to come"))
    if one.status is Status.ABSENT and one.came_at is None and now < half_day.ends_at:
        return str(gettext("not yet"))
    return str(STATUSES[one.status])


def _sign(half_day: Span, one: Attendance, now: datetime) -> str:
    waits = one.status is Status.ABSENT and one.came_at is None and now < half_day.ends_at
    return "circle" if waits else SIGNS[one.status]


def doubts(one: Attendance) -> str:
    """What the marks leave open, in words; nothing where they agree."""
    return ", ".join(str(DOUBTS[doubt]) for doubt in one.doubts)


class Told(Struct, frozen=True):
    """One mark as a sentence; `back` says by whom and why it was taken back, if it was."""

    mark: Mark
    words: str
    back: str

    @property
    def may_be_taken_back(self) -> bool:
        return not self.back and self.mark.kind is not MarkKind.UNDO


def history(
    half_day: HalfDay, marks: Sequence[Mark], whose: Registration, desks: Mapping[UUID, str], zone: ZoneInfo
) -> list[Told]:
    """The marks of someone's half-day as sentences, oldest first; what was taken back says so in its own place."""
    marks = [mark for mark in marks if mark.half_day_id == half_day.id]
    here = {mark.id for mark in marks}
    told = []
    for mark in marks:
        if mark.kind is MarkKind.UNDO and mark.undoes_id in here:
            continue
        undone = [one for one in marks if one.kind is MarkKind.UNDO and one.undoes_id == mark.id]
        back = " ".join(_taken_back(one, desks, half_day, zone) for one in undone)
        told.append(Told(mark, " ".join(_said(mark, whose, desks, half_day, zone)), back))
    return told


def _said(
    mark: Mark, whose: Registration, desks: Mapping[UUID, str], half_day: HalfDay, zone: ZoneInfo
) -> Iterable[str]:
    at = when(mark.at, half_day, zone)
    yield {
        MarkKind.CAME: lambda: gettext("Came at %(time)s.", time=at),
        MarkKind.LEFT: lambda: gettext("Left at %(time)s.", time=at),
        MarkKind.EXCUSED: lambda: gettext("Excused."),
        MarkKind.ABSENT: lambda: gettext("Missing."),
        MarkKind.UNDO: lambda: gettext("A mark that has not arrived here was taken back."),
    }[mark.kind]()
    if mark.registration_id != whose.id:
        yield gettext("Came as the walk-in “%(name)s”.", name=mark.registration.shown_name)
    if mark.device_id is not None:
        yield gettext("Seen at the desk “%(desk)s”.", desk=_desk(mark, desks))
    if mark.by is not None:
        yield gettext("Said by %(who)s.", who=mark.by.name)
    if mark.reason:
        yield gettext("Reason: %(reason)s.", reason=mark.reason.rstrip("."))
    if abs((mark.said_at - mark.at).total_seconds()) >= 60:
        yield gettext("The desk’s own clock said %(time)s.", time=when(mark.said_at, half_day, zone))
    yield gettext("Received at %(time)s.", time=when(mark.received_at, half_day, zone))


def _taken_back(mark: Mark, desks: Mapping[UUID, str], half_day: HalfDay, zone: ZoneInfo) -> str:
    at, reason = when(mark.received_at, half_day, zone), mark.reason.rstrip(".")
    if mark.by is not None:
        words = gettext("Taken back at %(time)s by %(who)s: %(reason)s.", time=at, who=mark.by.name, reason=reason)
    elif mark.device_id is not None:
        desk = _desk(mark, desks)
        words = gettext("Taken back at %(time)s at the desk “%(desk)s”: %(reason)s.", time=at, desk=desk, reason=reason)
    else:
        words = gettext("Taken back at %(time)s: %(reason)s.", time=at, reason=reason)
    return str(words)


def _desk(mark: Mark, desks: Mapping[UUID, str]) -> str:
    return desks.get(mark.device_id) or gettext("unknown") if mark.device_id else ""


def when(moment: datetime, half_day: HalfDay, zone: ZoneInfo) -> str:
    """A time of day; with its date where that is another than the half-day's."""
    if moment.astimezone(zone).date() == half_day.starts_at.astimezone(zone).date():
        return clock_in(moment, zone)
    return str(gettext("%(time)s on %(day)s", time=clock_in(moment, zone), day=day_in(moment, zone)))


def hours(minutes: int) -> str:
    """Minutes as hours and minutes: 6:05."""
    return f"{minutes // 60}:{minutes % 60:02}"
