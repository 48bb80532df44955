"""The calendar file of an event: what Outlook and others need to show each half-day at the right time."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import icalendar
import pytest

from lms.events.calendar import calendar, changes, zone
from lms.events.models import Event, HalfDay
from tests.make import at

NOW = at("2026-11-21T12:00+00:00")
PAGE = "https://training.example/events/ghent"


def event(*spans: tuple[str, str], timezone: str = "Europe/Brussels") -> Event:
    made = Event(slug="ghent", title="Ghent training", city="Ghent", venue="Town hall, room 2", timezone=timezone)
    made.version = 3
    made.half_days = [
        HalfDay(id=UUID(int=number), title=f"Part {number}", summary="", starts_at=at(starts), ends_at=at(ends))
        for number, (starts, ends) in enumerate(spans, 1)
    ]
    return made


def read(made: Event) -> icalendar.Calendar:
    return icalendar.Calendar.from_ical(calendar(made, PAGE, "Sample programme.", NOW))


def test_each_half_day_is_one_entry_with_its_place_its_text_and_an_id_that_stays():
    made = event(
        ("2027-03-01T09:00+01:00", "2027-03-01T12:30+01:00"), ("2027-03-01T13:30+01:00", "2027-03-01T17:00+01:00")
    )

    first, second = read(made).walk("VEVENT")

    assert str(first["SUMMARY"]) == "Ghent training: Part 1"
    assert str(first["LOCATION"]) == "Town hall, room 2, Ghent"
    assert str(first["DESCRIPTION"]) == f"Sample programme.\n{PAGE}"
    assert str(first["UID"]) == f"{UUID(int=1)}@disrupt-training"
    assert first["UID"] != second["UID"]
    assert first["DTSTAMP"].dt == NOW
    assert read(made).walk("VEVENT")[0]["UID"] == first["UID"]


def test_the_file_is_published_and_its_lines_end_as_the_standard_asks():
    content = calendar(event(("2027-03-01T09:00+01:00", "2027-03-01T12:30+01:00")), PAGE, "", NOW)

    assert b"METHOD:PUBLISH\r\n" in content
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(len(line) for line in content.split(b"\r\n")) <= 75


@pytest.mark.parametrize("timezone", ["Europe/Brussels", "Europe/Vienna"])
def test_times_stand_in_the_events_zone_which_changes_by_the_two_rules_outlook_reads(timezone):
    whole = read(event(("2027-03-01T09:00+01:00", "2027-03-01T12:30+01:00"), timezone=timezone))

    (entry,) = whole.walk("VEVENT")
    (summer,), (winter,) = whole.walk("DAYLIGHT"), whole.walk("STANDARD")

    assert entry["DTSTART"].params["TZID"] == timezone
    assert entry.to_ical().count(b"20270301T090000") == 1
    assert summer["RRULE"].to_ical() == b"FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3"
    assert winter["RRULE"].to_ical() == b"FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10"
    assert "RDATE" not in summer
    assert (summer["TZOFFSETFROM"].td, summer["TZOFFSETTO"].td) == (timedelta(hours=1), timedelta(hours=2))
    assert summer["DTSTART"].dt == datetime(2026, 3, 29, 2)
    assert winter["DTSTART"].dt == datetime(2026, 10, 25, 3)


@pytest.mark.parametrize(
    ("timezone", "night"),
    [("Europe/Vienna", "2027-03-27"), ("Europe/Vienna", "2027-10-30"), ("Europe/Brussels", "2027-10-30")],
)
def test_a_half_day_in_the_night_when_clocks_change_lasts_as_long_as_it_lasts(timezone, night):
    begin = datetime.combine(datetime.fromisoformat(night), time(22), ZoneInfo(timezone)).astimezone(UTC)
    made = event((begin.isoformat(), (begin + timedelta(hours=8)).isoformat()), timezone=timezone)

    (entry,) = read(made).walk("VEVENT")

    assert entry["DTEND"].dt.astimezone(UTC) - entry["DTSTART"].dt.astimezone(UTC) == timedelta(hours=8)


@pytest.mark.parametrize(
    "name",
    ["Europe/Brussels", "Europe/Vienna", "Europe/London", "America/New_York", "Australia/Sydney", "Asia/Tokyo",
     "Asia/Kolkata", "Africa/Casablanca", "America/Santiago"],
)  # fmt: skip
@pytest.mark.parametrize("year", [2024, 2027])
def test_the_zone_in_the_file_agrees_with_the_real_one_every_week_of_the_year(name, year):
    real = ZoneInfo(name)
    written = zone(real, range(year - 1, year + 1)).to_tz(lookup_tzid=False)

    noons = [datetime(year, 1, 1, 12) + timedelta(days=days) for days in range(365)]

    wrong = [
        noon for noon in noons if noon.replace(tzinfo=written).utcoffset() != noon.replace(tzinfo=real).utcoffset()
    ]
    assert not wrong


def test_a_zone_whose_clocks_never_change_is_written_without_rules():
    (standard,) = zone(ZoneInfo("Asia/Tokyo"), range(2026, 2028)).subcomponents

    assert standard["TZOFFSETTO"].td == timedelta(hours=9)
    assert "RRULE" not in standard


def test_a_change_is_found_to_the_minute():
    spring, autumn = changes(ZoneInfo("Europe/Vienna"), 2027)

    assert (spring.at, autumn.at) == (at("2027-03-28T01:00+00:00"), at("2027-10-31T01:00+00:00"))
    assert (spring.wall, autumn.wall) == (datetime(2027, 3, 28, 2), datetime(2027, 10, 31, 3))


def test_an_event_without_half_days_is_an_empty_calendar():
    assert not read(event()).walk("VEVENT")
