"""What an event's file says: its facts, its limits, its half-days; and why one that can be read cannot take place.

Times stand as a clock on the wall of the event shows them. Ids of half-days are never reused: marks are kept by them.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Annotated
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta, field

from lms.content.values import Id, Value

Line = Annotated[str, Meta(min_length=1, max_length=300)]
KINDS = ("eu", "national", "webinar", "conference")
TAKEN = {"new", "copy", "course"}  # words that stand where an event's name would, in an address or a command
LONGEST = timedelta(hours=12)
MACHINES_OWN = {"localtime", "posixrules", "Factory"}
HALF_DAYS = UUID("401d756d-f246-4a7f-ac58-a476e14d52f3")


class HalfDay(Value, kw_only=True, frozen=True):
    """A morning or an afternoon; a time that comes twice, as clocks go back, is written with its offset."""

    id: Id
    title: Line
    summary: str = ""
    starts: datetime
    ends: datetime


class EventFile(Value, kw_only=True, frozen=True):
    """An event as its file says it."""

    slug: Id
    title: Line
    kind: str
    city: Line
    country: str = ""
    venue: Annotated[str, Meta(max_length=300)] = ""
    timezone: Annotated[str, Meta(min_length=1, max_length=64)]
    summary: str = ""
    sample: bool = False
    places: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    late_after: Annotated[int, Meta(ge=0, le=240)] = 15
    counts_minutes: Annotated[int, Meta(ge=1, le=1440)] | None = None
    counts_per_cent: Annotated[int, Meta(ge=1, le=100)] | None = None
    self_check_in: bool = False
    half_days: tuple[HalfDay, ...] = field(name="half_day", default=())

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def moments(self, half_day: HalfDay) -> tuple[datetime, datetime]:
        """When one of its half-days begins and ends, in UTC; only of an event that is fit."""
        return moments(half_day.starts, self.zone)[0], moments(half_day.ends, self.zone)[0]

    def half_day_id(self, half_day: HalfDay) -> UUID:
        """The id under which a half-day's marks are kept, the same on every installation."""
        return uuid5(HALF_DAYS, f"{self.slug}/{half_day.id}")


def zone_named(name: str) -> ZoneInfo | None:
    """A time zone by its name, such as Europe/Vienna; None where there is none, or none that is the same everywhere."""
    if name in MACHINES_OWN:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of zones, such as Europe
        return None


def moments(wall: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """What a clock on the wall may mean, in UTC: none in the hour that spring skips, two in the one autumn repeats.

    A time written with an offset is one moment, or none where the zone has another offset then.
    """
    local = wall.replace(tzinfo=None)
    found = {local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    real = sorted(one for one in found if one.astimezone(zone).replace(tzinfo=None, fold=0) == local)
    return tuple(one for one in real if wall.tzinfo is None or one == wall)


def unfit(event: EventFile) -> Iterator[tuple[str, str, str]]:
    """Why an event cannot take place as its file says: (needle, place, reason) for each fault."""
    if event.slug in TAKEN:
        yield "slug", "slug", f"“{event.slug}” is a word of the site's own; choose another"
    if event.kind not in KINDS:
        yield "kind", "kind", f"kind is one of {', '.join(KINDS)}"
    if event.country and not re.fullmatch("[A-Z]{2}", event.country):
        yield "country", "country", "write a country as two capital letters, such as AT"
    if (event.counts_minutes is None) == (event.counts_per_cent is None):
        yield "counts_minutes", "", "give one of counts_minutes and counts_per_cent: what makes a half-day count"
    if not event.half_days:
        yield "", "", "half_day is missing"
    ids = [half_day.id for half_day in event.half_days]
    for one in sorted({one for one in ids if ids.count(one) > 1}):
        yield one, "", f"the half-day id “{one}” stands twice"
    zone = zone_named(event.timezone)
    if zone is None:
        yield "timezone", "timezone", f"there is no time zone “{event.timezone}”; write it like Europe/Vienna"
        return
    yield from _unfit_times(event, zone)


def _unfit_times(event: EventFile, zone: ZoneInfo) -> Iterator[tuple[str, str, str]]:
    spans = []
    for half_day in event.half_days:
        place = f"half_day “{half_day.id}”"
        times = {}
        for key, wall in (("starts", half_day.starts), ("ends", half_day.ends)):
            meant = moments(wall, zone)
            if len(meant) == 1:
                times[key] = meant[0]
            else:
                yield key, f"{place}, {key}", _unclear(wall, zone)
        if len(times) < 2:
            continue
        starts, ends = times["starts"], times["ends"]
        if ends <= starts:
            yield "ends", place, "it ends before it starts"
        elif ends - starts > LONGEST:
            yield "ends", place, "it lasts longer than twelve hours"
        else:
            spans.append((starts, ends, half_day.id))
    spans.sort()
    for (_, ends, before), (starts, _, after) in pairwise(spans):
        if starts < ends:
            yield after, f"half_day “{after}”", f"it begins before “{before}” ends"


def _unclear(wall: datetime, zone: ZoneInfo) -> str:
    if wall.tzinfo is not None:
        return f"the offset is not that of {zone.key} at that time; leave it out"
    if not moments(wall, zone):
        return f"this time does not exist in {zone.key}: clocks go forward that night"
    one, other = (moment.astimezone(zone).isoformat() for moment in moments(wall, zone))
    return f"this time comes twice in {zone.key}, as clocks go back: write {one} or {other}"
