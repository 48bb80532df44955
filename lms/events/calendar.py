"""An event as a calendar file: one entry a half-day, in the event's own zone, as Outlook and others read it.

Outlook takes from a zone only its offsets and a yearly rule; a zone that lists its changes one by one is misread there.
So each change of the clock is written as the rule it follows, where it follows one.
"""

from calendar import monthrange
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
from msgspec import Struct

from lms.events.models import Event

MADE_BY = "-//DISRUPT//training//EN"
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class Change(Struct, frozen=True):
    """A moment at which the clocks of a zone change."""

    at: datetime
    before: timedelta
    after: timedelta
    name: str
    summer: bool

    @property
    def wall(self) -> datetime:
        """What a clock on the wall shows just as it is changed."""
        return (self.at + self.before).replace(tzinfo=None)

    @property
    def rule(self) -> tuple[int, str]:
        """Month and day as a yearly rule has them: (3, "-1SU") is the last Sunday of March."""
        wall = self.wall
        last = wall.day + 7 > monthrange(wall.year, wall.month)[1]
        return wall.month, f"{-1 if last else (wall.day + 6) // 7}{DAYS[wall.weekday()]}"


def calendar(event: Event, address: str, note: str, now: datetime) -> bytes:
    """The calendar file of an event.

    `address` is that of its page, `note` what is to be known of the programme. A half-day keeps its entry's id, so
    that the file taken again brings the entries up to date.
    """
    whole = icalendar.Calendar()
    whole.add("prodid", MADE_BY)
    whole.add("version", "2.0")
    whole.add("method", "PUBLISH")  # without it Outlook takes only the first entry
    whole.add("x-wr-calname", event.title)
    if event.half_days:
        years = range(event.half_days[0].starts_at.year - 1, event.half_days[-1].ends_at.year + 1)
        whole.add_component(zone(event.zone, years))
    for half_day in event.half_days:
        entry = icalendar.Event()
        entry.add("uid", f"{half_day.id}@disrupt-training")
        entry.add("dtstamp", now)
        entry.add("sequence", event.version)
        entry.add("dtstart", half_day.starts_at.astimezone(event.zone))
        entry.add("dtend", half_day.ends_at.astimezone(event.zone))
        entry.add("summary", f"{event.title}: {half_day.title}")
        entry.add("location", ", ".join(filter(None, (event.venue, event.city))))
        entry.add("description", "\n".join(filter(None, (half_day.summary, note, address))))
        entry.add("url", address)
        whole.add_component(entry)
    return whole.to_ical()  # type: ignore[no-any-return]


def zone(zone: ZoneInfo, years: range) -> icalendar.Timezone:
    """What a zone's clocks do in these years, each change as a yearly rule where it comes once in each of them."""
    whole = icalendar.Timezone()
    whole.add("tzid", zone.key)
    alike: dict[tuple[object, ...], list[Change]] = defaultdict(list)
    for change in (change for year in years for change in changes(zone, year)):
        alike[change.rule, change.wall.time(), change.before, change.after].append(change)
    if not alike:
        begin = datetime(years[0], 1, 1, tzinfo=zone)
        offset = begin.utcoffset() or timedelta(0)
        since = Change(begin.astimezone(UTC), offset, offset, begin.tzname() or zone.key, summer=False)
        whole.add_component(_observance(since))
    for group in alike.values():
        if len(group) == len(years):
            month, day = group[0].rule
            observance = _observance(group[0])
            observance.add("rrule", {"freq": "yearly", "bymonth": month, "byday": day})
            whole.add_component(observance)
            continue
        for change in group:
            whole.add_component(_observance(change))
    return whole


def _observance(change: Change) -> icalendar.cal.Component:
    found = icalendar.TimezoneDaylight() if change.summer else icalendar.TimezoneStandard()
    found.add("dtstart", change.wall)
    found.add("tzoffsetfrom", change.before)
    found.add("tzoffsetto", change.after)
    found.add("tzname", change.name)
    return found


def changes(zone: ZoneInfo, year: int) -> list[Change]:
    """The changes of a zone's clocks in a year, to the minute."""
    found = []
    begin = datetime.combine(date(year, 1, 1), datetime.min.time(), UTC)
    for day in range(366 if monthrange(year, 2)[1] == 29 else 365):
        early, late = begin + timedelta(days=day), begin + timedelta(days=day + 1)
        before, after = _offset(early, zone), _offset(late, zone)
        if before == after:
            continue
        while late - early > timedelta(minutes=1):
            middle = early + ((late - early) // timedelta(minutes=2)) * timedelta(minutes=1)
            early, late = (middle, late) if _offset(middle, zone) == before else (early, middle)
        there = late.astimezone(zone)
        found.append(Change(late, before, after, there.tzname() or zone.key, summer=bool(there.dst())))
    return found


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)
