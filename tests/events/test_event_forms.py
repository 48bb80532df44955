"""What organisers settle of an event: facts and limits, half-days in the time of its clocks, who is appointed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from lms.accounts.models import Role, Standing
from lms.audit import AuditRow
from lms.clock import now
from lms.database import db, writing
from lms.events import receiving
from lms.events.models import Appointment, Event, HalfDay, Mark
from lms.events.parts import Charge, EventKind, MarkKind, Part
from tests.make import Making, at
from tests.page import Client, words

FACTS = {
    "title": "Sofia training", "kind": "national", "city": "Sofia", "country": "BG", "venue": "Hall 2",
    "timezone": "Europe/Sofia", "summary": "", "places": "", "late_after": "10", "counts_by": "minutes",
    "counts_from": "90",
}  # fmt: skip
HALF_DAY = {"title": "Opening", "summary": "", "day": "2027-05-04", "starts": "09:00", "ends": "12:30", "ends_on": ""}
EDIT = "/events/ghent/edit"


@pytest.fixture
def event(make: Making) -> Event:
    return make.event()


@pytest.fixture
def organiser(make: Making, event: Event) -> Client:
    """Appointed organiser of the event, and nothing else."""
    return make.appointed(event, Charge.ORGANISER)


@pytest.fixture
def coordinator(make: Making) -> Client:
    return make.signed_in(Role.ORGANISER)


def send(client: Client, path: str, data: dict[str, Any], status: int = 302) -> None:
    """Open the page and send its form."""
    client.get(path)
    client.post(path, data, status=status)


def faults(client: Client) -> list[str]:
    """What the summary of faults says."""
    summary = next(section for section in client.page.all("section") if "faults" in (section.get("class") or ""))
    return [words(line) for line in summary.iter("{http://www.w3.org/1999/xhtml}li")]


def deeds(make: Making) -> list[str]:
    return list(make.all(select(AuditRow.deed).order_by(AuditRow.id)))


def marked(make: Making, app: Flask, event: Event, half_day: HalfDay) -> None:
    registration = make.registered(event)
    with app.app_context(), writing():
        receiving.say(
            db.session.get_one(Event, event.id), by_id=None, registration=registration, half_day=half_day,
            kind=MarkKind.CAME, at=half_day.starts_at, now=now(),
        )  # fmt: skip
        db.session.commit()


# --- a new event -----------------------------------------------------------------------------------------------


def test_a_coordinator_makes_an_event(coordinator, make):
    send(coordinator, "/events/new", FACTS | {"slug": "sofia-2027", "self_check_in": "y"})

    made = make.one(select(Event))
    assert (made.slug, made.kind, made.counts_minutes, made.counts_per_cent) == (
        "sofia-2027", EventKind.NATIONAL, 90, None,
    )  # fmt: skip
    assert (made.places, made.self_check_in, made.sample) == (None, True, False)
    assert len(made.room_secret) == 32
    assert deeds(make) == ["event.made"]


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("slug", "", "Enter a name for the address, such as sofia-2027."),
        ("slug", "Sofia 2027", "Use small letters, digits and hyphens only."),
        ("slug", "new", "The site uses this word itself. Choose another."),
        ("slug", "ghent", "There is an event of this name. Choose another."),
        ("title", "  ", "Enter a title."),
        ("title", "x" * 301, "Shorten this to 300 characters."),
        ("title", "a\u200bb", "Take out the characters that cannot be printed."),
        ("city", "", "Enter the city."),
        ("timezone", "Europe/Sophia", "There is no such time zone. Write it like Europe/Vienna."),
        ("timezone", "Europe", "There is no such time zone. Write it like Europe/Vienna."),
        ("places", "0", "Enter a whole number from 1 to 100000."),
        ("places", "many", "Enter a whole number from 1 to 100000."),
        ("late_after", "", "Enter a number of minutes."),
        ("late_after", "241", "Enter a whole number from 0 to 240."),
        ("late_after", "-1", "Enter a whole number from 0 to 240."),
        ("counts_from", "", "Enter a number."),
        ("counts_from", "1441", "Enter a whole number from 1 to 1440."),
        ("counts_from", "²", "Enter a whole number from 1 to 1440."),
    ],
)
def test_what_is_wrong_with_an_event_is_said_at_the_field_and_nothing_is_kept(
    coordinator, make, event, field, typed, said
):
    send(coordinator, "/events/new", FACTS | {"slug": "sofia"} | {field: typed}, status=422)

    assert faults(coordinator) == [said]
    assert [one.slug for one in make.all(select(Event))] == ["ghent"]


def test_a_share_is_a_hundred_per_cent_at_most(coordinator):
    send(coordinator, "/events/new", FACTS | {"slug": "a", "counts_by": "per-cent", "counts_from": "101"}, status=422)

    assert faults(coordinator) == ["Enter a whole number from 1 to 100."]


def test_a_new_event_begins_with_the_usual_limits_and_the_zone_of_the_site(coordinator):
    coordinator.get("/events/new")

    asked = {
        field: coordinator.page.one("input", name=field).get("value")
        for field in ("late_after", "counts_from", "timezone")
    }
    assert asked == {"late_after": "15", "counts_from": "75", "timezone": "Europe/Brussels"}


def test_of_many_at_once_one_makes_the_event(make):
    answers = at_once(make, "/events/new", FACTS | {"slug": "sofia"})

    assert sorted(answers) == [302] + [422] * 5
    assert len(make.all(select(Event))) == 1


def at_once(make: Making, path: str, data: dict[str, Any]) -> list[int]:
    """What six coordinators are answered who send the same at the same moment."""
    clients = [make.signed_in(Role.ORGANISER) for _one in range(6)]
    with ThreadPoolExecutor(6) as pool:
        return list(
            pool.map(
                lambda client: (
                    client.http.post(path, data=data | {"csrf_token": client.page.hidden("csrf_token")}).status_code
                ),
                clients,
            )
        )


def test_only_a_coordinator_makes_events(organiser, make):
    organiser.get("/events/new", status=404)
    make.signed_in().get("/events/new", status=404)


# --- its facts -------------------------------------------------------------------------------------------------


def test_an_organiser_of_the_event_changes_its_facts(organiser, make, event):
    send(organiser, EDIT, FACTS | {"timezone": "Europe/Brussels", "places": "40"})

    after = make.event_again(event)
    assert (after.title, after.places, after.counts_minutes, after.counts_per_cent) == ("Sofia training", 40, 90, None)
    assert after.version > event.version
    assert (after.slug, after.room_secret) == ("ghent", "secret")
    assert deeds(make) == ["event.changed"]


def test_what_is_sent_unchanged_changes_nothing(organiser, make, event):
    organiser.get(EDIT)
    page = organiser.page
    sent = {field: page.one("input", name=field).get("value") or "" for field in
            ("title", "city", "venue", "timezone", "places", "late_after", "counts_from")}  # fmt: skip
    sent |= {"kind": "eu", "country": "BE", "counts_by": "per-cent", "summary": ""}

    organiser.post(EDIT, sent)

    assert make.event_again(event).version == event.version
    assert deeds(make) == []


def test_fields_that_the_form_does_not_have_are_ignored(organiser, make, event):
    send(organiser, EDIT, FACTS | {"slug": "other", "id": "7", "version": "99", "room_secret": "mine"})

    after = make.event_again(event)
    assert (after.id, after.slug, after.room_secret) == (event.id, "ghent", "secret")


@pytest.mark.parametrize("who", [None, Charge.TRAINER])
def test_nobody_else_changes_an_event(make, event, who):
    stranger = make.appointed(event, who) if who else make.appointed(make.event("other"), Charge.ORGANISER)
    half_day = event.half_days[0].id

    for path in (EDIT, f"{EDIT}/half-days/new", f"{EDIT}/half-days/{half_day}"):
        stranger.get(path, status=404)
        stranger.post(path, FACTS | HALF_DAY, status=404)
    stranger.post(f"{EDIT}/half-days/{half_day}/remove", status=404)
    stranger.post("/events/ghent/appointments", {"email": stranger.person.email, "charge": "organiser"}, status=404)
    stranger.post(f"/events/ghent/appointments/{stranger.person.id}/remove", status=404)

    assert make.event_again(event).version == event.version
    assert deeds(make) == []


def test_with_another_time_zone_half_days_stay_at_their_time_on_the_clock(organiser, make, event):
    send(organiser, EDIT, FACTS | {"timezone": "Europe/Athens"})

    after = make.event_again(event)
    assert [one.starts_at.astimezone(after.zone).hour for one in after.half_days] == [9, 13, 9, 13]
    assert after.half_days[0].starts_at == at("2027-03-01T07:00+00:00")
    assert deeds(make) == ["half-day.moved"] * 4 + ["event.changed"]


def test_a_zone_in_which_a_half_day_has_no_clear_time_is_refused(make):
    night = HalfDay(
        id=UUID(int=5), title="Night", starts_at=at("2027-03-28T03:30+03:00"), ends_at=at("2027-03-28T05:00+03:00")
    )  # fmt: skip
    event = make.event("night", half_days=[night], timezone="Europe/Istanbul")
    coordinator = make.signed_in(Role.ORGANISER)

    send(coordinator, "/events/night/edit", FACTS | {"timezone": "Europe/Athens"}, status=422)

    assert "not clear there" in faults(coordinator)[0]
    assert make.event_again(event).timezone == "Europe/Istanbul"


# --- half-days -------------------------------------------------------------------------------------------------


def test_a_half_day_is_added_in_the_time_of_the_events_clocks(coordinator, make):
    event = make.event("athens", timezone="Europe/Athens")

    send(coordinator, "/events/athens/edit/half-days/new", HALF_DAY)

    added = make.event_again(event).half_days[-1]
    assert (added.title, added.starts_at, added.ends_at) == (
        "Opening", at("2027-05-04T06:00+00:00"), at("2027-05-04T09:30+00:00"),
    )  # fmt: skip
    assert make.event_again(event).version > event.version
    assert deeds(make) == ["half-day.added"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"title": ""}, "Enter a title."),
        ({"day": ""}, "Enter the day."),
        ({"day": "4 May"}, "Enter a date such as 16.10.2027."),
        ({"day": "2027-02-29"}, "Enter a date such as 16.10.2027."),
        ({"day": "0001-01-01"}, "Enter a date such as 16.10.2027."),
        ({"starts": ""}, "Enter when it starts."),
        ({"starts": "25:00"}, "Enter a time such as 09:00."),
        ({"ends": "noon"}, "Enter a time such as 09:00."),
        ({"ends": "08:00"}, "It ends before it starts. Check both times."),
        ({"ends": "09:00"}, "It ends before it starts. Check both times."),
        ({"ends": "22:00"}, "A half-day lasts twelve hours at most. Check both times."),
        ({"day": "2027-03-01", "starts": "12:00"}, "At that time there is “Morning 1”. Choose another time."),
        ({"day": "2027-03-28", "starts": "02:30"}, "This time does not exist: clocks go forward that night. Choose another."),
        ({"day": "2027-10-31", "starts": "02:30", "ends": "04:00"}, "02:30 comes twice that night, as clocks go back: choose which."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_half_day_is_said_at_the_field(organiser, make, event, typed, said):
    send(organiser, f"{EDIT}/half-days/new", HALF_DAY | typed, status=422)

    assert faults(organiser) == [said]
    assert len(make.event_again(event).half_days) == 4


@pytest.mark.parametrize(
    ("turn", "starts_at"), [("once", "2027-10-31T00:30+00:00"), ("again", "2027-10-31T01:30+00:00")]
)
def test_of_an_hour_that_comes_twice_one_is_chosen(organiser, make, event, turn, starts_at):
    night = HALF_DAY | {"day": "31.10.2027", "starts": "02:30", "ends": "4.00"}
    organiser.get(f"{EDIT}/half-days/new")
    assert "Which of the two hours" not in organiser.page.words
    organiser.post(f"{EDIT}/half-days/new", night, status=422)
    assert "Which of the two hours" in organiser.page.words

    organiser.post(f"{EDIT}/half-days/new", night | {"turn": turn})

    added = make.event_again(event).half_days[-1]
    assert added.starts_at == at(starts_at)
    organiser.get(f"{EDIT}/half-days/{added.id}")
    assert organiser.page.one("option", value=turn).get("selected") is not None


def test_a_half_day_may_go_on_after_midnight_when_its_end_has_a_day_of_its_own(organiser, make, event):
    night = HALF_DAY | {"starts": "22:00", "ends": "01:00", "ends_on": "2027-05-05"}

    send(organiser, f"{EDIT}/half-days/new", night)

    added = make.event_again(event).half_days[-1]
    assert added.ends_at - added.starts_at == timedelta(hours=3)
    organiser.get(f"{EDIT}/half-days/{added.id}")
    assert organiser.page.one("input", name="ends_on").get("value") == "2027-05-05"


def test_of_many_at_once_one_adds_a_half_day_at_a_time(make, event):
    answers = at_once(make, f"{EDIT}/half-days/new", HALF_DAY)

    assert sorted(answers) == [302] + [422] * 5
    assert len(make.event_again(event).half_days) == 5


def test_a_half_day_may_be_reworded_without_a_note_and_moved_with_one(organiser, make, event):
    path = f"{EDIT}/half-days/{event.half_days[0].id}"
    same = HALF_DAY | {"day": "2027-03-01"}

    send(organiser, path, same)
    assert deeds(make) == []
    send(organiser, path, same | {"starts": "09:30"})

    changed = make.event_again(event).half_days[0]
    assert (changed.title, changed.starts_at) == ("Opening", at("2027-03-01T08:30+00:00"))
    assert deeds(make) == ["half-day.moved"]


def test_a_half_day_with_marks_may_be_moved_and_not_taken_out(organiser, make, event, app):
    half_day = event.half_days[0]
    marked(make, app, event, half_day)
    path = f"{EDIT}/half-days/{half_day.id}"

    organiser.get(path)
    offered = "Take out this half-day" in organiser.page.words
    organiser.post(f"{path}/remove", status=409)
    refused = faults(organiser)
    send(organiser, path, HALF_DAY | {"day": "2027-03-01", "starts": "09:30"})

    assert not offered
    assert refused == ["“Morning 1” cannot go: marks or signatures are kept under it."]
    assert make.one(select(Mark.half_day_id)) == half_day.id
    assert make.event_again(event).half_days[0].starts_at == at("2027-03-01T08:30+00:00")


def test_a_half_day_without_marks_is_taken_out(organiser, make, event):
    path = f"{EDIT}/half-days/{event.half_days[3].id}"
    organiser.get(path)

    organiser.post(f"{path}/remove")

    assert len(make.event_again(event).half_days) == 3
    assert make.event_again(event).version > event.version
    assert deeds(make) == ["half-day.removed"]


def test_a_half_day_of_another_event_is_not_there(organiser, make):
    other = make.event("other").half_days[0].id

    organiser.get(f"{EDIT}/half-days/{other}", status=404)
    organiser.post(f"{EDIT}/half-days/{other}", HALF_DAY, status=404)
    organiser.post(f"{EDIT}/half-days/{other}/remove", status=404)


# --- appointments ----------------------------------------------------------------------------------------------


def test_a_trainer_is_appointed_and_dismissed_and_both_are_noted(organiser, make, event):
    trainer = make.signed_in(Role.TRAINER)
    organiser.get(EDIT)
    organiser.post("/events/ghent/appointments", {"email": trainer.person.email.upper(), "charge": "trainer"})
    trainer.get("/events/ghent")
    could = "/events/ghent/desk" in trainer.page.links()

    organiser.post(f"/events/ghent/appointments/{trainer.person.id}/remove")
    trainer.get("/events/ghent")

    assert could
    assert "/events/ghent/desk" not in trainer.page.links()
    assert deeds(make) == ["event.appointed", "event.dismissed"]


def test_an_appointment_may_become_another(organiser, make, event):
    trainer = make.person(Role.TRAINER)
    organiser.get(EDIT)

    for charge in ("trainer", "organiser", "organiser"):
        organiser.post("/events/ghent/appointments", {"email": trainer.email, "charge": charge})

    assert make.one(select(Appointment.charge).where(Appointment.person_id == trainer.id)) is Charge.ORGANISER
    assert deeds(make) == ["event.appointed"] * 2


def test_who_is_appointed_trainer_is_no_longer_counted_as_participant(organiser, make, event):
    trainer = make.person(Role.TRAINER)
    registration = make.registered(event, trainer)
    organiser.get(EDIT)

    organiser.post("/events/ghent/appointments", {"email": trainer.email, "charge": "trainer"})

    assert make.one(select(type(registration).part)) is Part.TRAINER


@pytest.mark.parametrize(
    ("account", "said"),
    [
        (None, "There is no open account with this address. Invite the person first."),
        ({"role": Role.TRAINER, "standing": Standing.DISABLED}, "There is no open account with this address. Invite the person first."),
        ({"role": Role.PRACTITIONER}, "This is a practitioner's account. A coordinator must make it a trainer's first."),
    ],
)  # fmt: skip
def test_only_an_open_account_of_a_trainer_or_organiser_is_appointed(organiser, make, account, said):
    email = make.person(**account).email if account else "nobody@service.example"
    organiser.get(EDIT)

    organiser.post("/events/ghent/appointments", {"email": email, "charge": "trainer"}, status=422)

    assert faults(organiser) == [said]
    assert organiser.page.one("input", name="title").get("value") == "Ghent training"
    assert len(make.all(select(Appointment))) == 1


def test_an_organiser_who_ends_their_own_appointment_is_out(organiser):
    organiser.get(EDIT)

    answer = organiser.post(f"/events/ghent/appointments/{organiser.person.id}/remove")

    assert answer.location == "/events/"
    organiser.get(EDIT, status=404)
