"""An event's file: read whole, with every fault named by file, line, place and reason."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from lms.certificates.parts import COURSE
from lms.content.events import KINDS, TAKEN, EventFile, moments, unfit
from lms.content.files import Fault
from lms.content.loader import BadMaterial, load_event
from lms.events.parts import EventKind
from lms.paths import MODULES
from tests.make import at

EVENT = """\
slug = "sofia"
title = "Sofia training"
kind = "national"
city = "Sofia"
country = "BG"
timezone = "Europe/Sofia"
counts_per_cent = 75

[[half_day]]
id = "morning"
title = "First half"
starts = 2027-05-04T09:00:00
ends = 2027-05-04T12:30:00

[[half_day]]
id = "afternoon"
title = "Second half"
starts = 2027-05-04T13:30:00
ends = 2027-05-04T17:00:00
"""
VIENNA = ZoneInfo("Europe/Vienna")


@pytest.fixture
def written(tmp_path: Path):
    """Writes the faultless file with one thing put in another's place, and gives its path."""

    def write(old: str = "", new: str = "") -> Path:
        assert old in EVENT
        path = tmp_path / "sofia.toml"
        path.write_text(EVENT.replace(old, new, 1), "utf-8")
        return path

    return write


def faults(path: Path) -> list[Fault]:
    try:
        load_event(path)
    except BadMaterial as bad:
        return bad.faults
    return []


def test_a_good_file_becomes_an_event(written):
    event = load_event(written())

    assert (event.slug, event.city, event.late_after, event.places) == ("sofia", "Sofia", 15, None)
    assert not event.self_check_in
    assert event.moments(event.half_days[0]) == (at("2027-05-04T06:00+00:00"), at("2027-05-04T09:30+00:00"))


@pytest.mark.parametrize(
    ("old", "new", "line", "place", "reason"),
    [
        ("counts_per_cent = 75", "", 0, "", "give one of counts_minutes and counts_per_cent"),
        ("counts_per_cent = 75", "counts_per_cent = 75\ncounts_minutes = 90", 8, "", "give one of counts_minutes"),
        ("counts_per_cent = 75", "counts_per_cent = 0", 7, "counts_per_cent", "expected a whole number >= 1"),
        ("counts_per_cent", "counts_percent", 7, "", "unknown key “counts_percent”"),
        ('slug = "sofia"', 'slug = "Sofia 1"', 1, "slug", "an id has lower-case letters, digits and hyphens only"),
        ('slug = "sofia"', 'slug = "new"', 1, "slug", "“new” is a word of the site's own"),
        ('slug = "sofia"', "", 0, "", "slug is missing"),
        ('title = "Sofia training"', 'title = ""', 2, "title", "expected text of length >= 1"),
        ('kind = "national"', 'kind = "party"', 3, "kind", "kind is one of eu, national, webinar, conference"),
        ('country = "BG"', 'country = "Bulgaria"', 5, "country", "write a country as two capital letters"),
        ("Europe/Sofia", "Europe/Sophia", 6, "timezone", "there is no time zone “Europe/Sophia”"),
        ("Europe/Sofia", "Europe", 6, "timezone", "there is no time zone “Europe”"),
        ("Europe/Sofia", "localtime", 6, "timezone", "there is no time zone “localtime”"),
        ("Europe/Sofia", "../etc/passwd", 6, "timezone", "there is no time zone “../etc/passwd”"),
        ('"afternoon"', '"morning"', 10, "", "the half-day id “morning” stands twice"),
        ("T12:30", "T08:30", 13, "half_day “morning”", "it ends before it starts"),
        ("04T12:30", "05T12:30", 13, "half_day “morning”", "it lasts longer than twelve hours"),
        ("T13:30", "T12:29", 16, "half_day “afternoon”", "it begins before “morning” ends"),
        ("T09:00:00", "", 12, "half_day “morning”, starts", "expected a date with a time"),
        ("T09:00:00", "T09:00:00+02:00", 12, "half_day “morning”, starts", "the offset is not that of Europe/Sofia"),
        ("05-04T09", "03-28T03", 12, "half_day “morning”, starts", "this time does not exist in Europe/Sofia"),
        ("05-04T09", "10-31T03", 12, "half_day “morning”, starts", "this time comes twice in Europe/Sofia"),
    ],
)  # fmt: skip
def test_each_fault_is_named_with_its_line_and_place(written, old, new, line, place, reason):
    found = faults(written(old, new))

    assert [(fault.file, fault.line, fault.place) for fault in found if fault.reason.startswith(reason)] == [
        ("sofia.toml", line, place)
    ], found


def test_all_faults_are_named_at_once(written):
    found = faults(written('city = "Sofia"\ncountry = "BG"\n', "city = 5\ncolour = 1\n"))

    assert [fault.reason for fault in found if "known are" not in fault.reason] == ["expected text, got a whole number"]
    assert len(found) == 2


def test_an_event_without_half_days_is_refused(written):
    path = written()
    path.write_text(EVENT[: EVENT.index("[[half_day]]")], "utf-8")

    assert [fault.reason for fault in faults(path)] == ["half_day is missing"]


def test_a_file_that_is_no_toml_or_no_text_is_refused(tmp_path):
    (tmp_path / "torn.toml").write_text('slug = "a\n', "utf-8")
    (tmp_path / "picture.toml").write_bytes(b"\xff\xd8\xff")

    assert faults(tmp_path / "torn.toml")[0].reason.startswith("not TOML")
    assert faults(tmp_path / "picture.toml")[0].reason.startswith("the file cannot be read as UTF-8")
    assert faults(tmp_path / "none.toml")[0].reason == "the file is not there"


def test_a_time_that_comes_twice_is_told_apart_by_its_offset():
    night = datetime(2027, 10, 31, 2, 30)

    first, second = moments(night, VIENNA)

    assert second - first == timedelta(hours=1)
    assert moments(at("2027-10-31T02:30+02:00"), VIENNA) == (first,)
    assert moments(at("2027-10-31T02:30+01:00"), VIENNA) == (second,)


def test_a_half_day_over_midnight_and_over_the_change_of_clocks_is_as_long_as_it_lasts(written):
    event = load_event(
        written("2027-05-04T09:00:00\nends = 2027-05-04T12", "2027-03-27T22:00:00\nends = 2027-03-28T04")
    )

    starts, ends = event.moments(event.half_days[0])

    assert ends - starts == timedelta(hours=5, minutes=30)


def test_a_half_day_is_kept_under_the_same_id_on_every_installation(written):
    event = load_event(written())

    assert str(event.half_day_id(event.half_days[0])) == "36881f51-9bd0-553c-9706-ab14fc141098"


def test_the_kinds_of_an_event_are_those_that_are_kept():
    assert set(KINDS) == {kind.value for kind in EventKind}


@pytest.mark.parametrize(
    ("slug", "venue", "first", "last"),
    [
        ("brussels", "European Parliament", "2024-10-16T09:00+02:00", "2024-10-17T16:30+02:00"),
        ("vienna", "younion HALL", "2025-02-12T09:00+01:00", "2025-02-13T16:30+01:00"),
    ],
)
def test_the_two_eu_trainings_have_four_half_days_each_and_are_marked_as_samples(slug, venue, first, last):
    event = load_event(MODULES / "events" / f"{slug}.toml")

    assert (event.slug, event.venue, event.kind, event.sample) == (slug, venue, "eu", True)
    assert len(event.half_days) == 4
    assert event.moments(event.half_days[0])[0] == at(first)
    assert event.moments(event.half_days[-1])[1] == at(last)


def test_no_event_takes_a_word_that_the_site_uses_in_the_place_of_its_name(app):
    rules = [rule.rule.split("/") for rule in app.url_map.iter_rules() if rule.rule.startswith("/events/")]

    assert {parts[2] for parts in rules if parts[2] and "<" not in parts[2]} | {COURSE} == TAKEN


def test_what_is_fit_has_no_fault(written):
    event: EventFile = load_event(written())

    assert not list(unfit(event))


def test_the_example_in_the_authors_guide_is_a_faultless_event(tmp_path):
    guide = (MODULES / "README.md").read_text("utf-8")
    (example,) = re.findall(r"```toml\n(slug = .*?)```", guide, re.S)
    (tmp_path / "sofia.toml").write_text(example, "utf-8")

    assert load_event(tmp_path / "sofia.toml").slug == "sofia-2027"
