"""Events as those who take part see them: what is to come, where they were, their badge, and taking a place."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from lms.clock import now
from lms.database import db, writing
from lms.events import receiving
from lms.events.models import Event, HalfDay, Registration
from lms.events.parts import Charge, MarkKind, Origin, Part, RegistrationState
from tests.make import Making, at
from tests.page import Client, words

FIRST_MORNING = at("2027-03-01T10:00+01:00")
CAME, LEFT, EXCUSED, ABSENT, _UNDO = MarkKind


@pytest.fixture
def clock():
    """The first morning of the event is going on, or another moment: `clock.move_to(…)`."""
    with time_machine.travel(FIRST_MORNING, tick=False) as travelling:
        yield travelling


@pytest.fixture
def event(clock, make: Making) -> Event:
    return make.event()


@pytest.fixture
def client(clock, make: Making) -> Client:
    return make.signed_in(name="Marija Żammit", country="MT")


@pytest.fixture
def say(app: Flask):
    """Notes something of someone at one of the event's half-days, so many minutes after its start."""

    def note(registration: Registration, place: int, kind: MarkKind, minutes: int = 0, reason: str = "") -> None:
        with app.app_context(), writing():
            event = db.session.get_one(Event, registration.event_id)
            half_day = event.half_days[place]
            receiving.say(
                event, by_id=None, registration=registration, half_day=half_day, kind=kind, reason=reason,
                at=half_day.starts_at + timedelta(minutes=minutes), now=now(),
            )  # fmt: skip
            db.session.commit()

    return note


def lines(client: Client) -> list[str]:
    """What each half-day of the programme says."""
    days = [section for section in client.page.all("section") if "day" in (section.get("class") or "").split()]
    return [words(line) for day in days for line in day.iter("{http://www.w3.org/1999/xhtml}li")]


def state(make: Making, client: Client) -> RegistrationState:
    return make.one(select(Registration.state).where(Registration.person_id == client.person.id))


# --- the list --------------------------------------------------------------------------------------------------


def test_what_is_to_come_stands_before_what_is_past(client, make):
    make.event("past", "2026-01-10")
    make.event("later", "2027-06-01")
    make.event("soon", "2027-03-01")

    client.get("/events/")

    headings = [words(heading) for heading in [*client.page.all("h2"), *client.page.all("h3")]]
    assert headings == ["To come", "Past", "Soon training", "Later training", "Past training"]


def test_an_event_says_how_i_stand_to_it(client, make, event):
    make.registered(event, client.person, state=RegistrationState.INVITED)
    make.event("other", "2027-05-31")

    client.get("/events/")

    assert "1–2 March 2027" in client.page.words.replace("\xa0", " ")
    assert "31 May 2027 – 1 June 2027" in client.page.words.replace("\xa0", " ")
    assert "You are invited" in client.page.words
    assert "You are not registered" in client.page.words


def test_someone_appointed_sees_what_to(make, event):
    trainer = make.appointed(event, Charge.TRAINER)

    make.event("other")

    trainer.get("/events/")

    assert "You are a trainer here" in trainer.page.words
    assert "/events/ghent/desk" in trainer.page.links()
    assert "/events/other/desk" not in trainer.page.links()


def test_where_there_is_no_event_the_page_says_so(client):
    client.get("/events/")

    assert "There is no event yet." in client.page.words


@pytest.mark.parametrize(
    ("role", "offered"),
    [("practitioner", set()), ("trainer", {"/events/copy"}), ("organiser", {"/events/copy", "/events/new"})],
)
def test_only_a_coordinator_is_offered_to_make_an_event_and_only_staff_to_bring_one(clock, make, role, offered):
    someone = make.signed_in(role)

    someone.get("/events/")

    assert {"/events/copy", "/events/new"} & set(someone.page.links()) == offered


# --- one event -------------------------------------------------------------------------------------------------


def test_the_programme_stands_in_the_events_own_time(client, make):
    make.event("athens", timezone="Europe/Athens")

    client.get("/events/athens")

    assert "Monday 1 March" in client.page.words
    assert lines(client)[0].startswith("Morning 09:00–12:30")


def test_each_half_day_says_in_words_what_it_was(client, make, event, say, clock):
    mine = make.registered(event, client.person)
    say(mine, 0, CAME, 2)
    say(mine, 1, CAME, 41)
    say(mine, 2, EXCUSED, 0, "ill")
    clock.move_to(at("2027-03-03T09:00+01:00"))
    client = sign_in_again(client)

    client.get("/events/ghent")

    assert [line.split("Morning ")[-1].split("Afternoon ")[-1] for line in lines(client)] == [
        "1 Present, in at 09:02", "1 Late, in at 14:11", "2 Excused", "2 Missing",
    ]  # fmt: skip
    assert "You have 2 of 4 half-days." in client.page.words


def sign_in_again(client: Client) -> Client:
    """After so long a time a session has ended."""
    again = Client(client.app)
    again.person = client.person
    again.sign_in(client.person.email, "four calm words together")
    return again


def test_while_it_goes_on_it_says_what_is_under_way_and_what_is_to_come(client, make, event):
    make.registered(event, client.person)

    client.get("/events/ghent")

    assert lines(client)[0].endswith("Under way, not checked in yet")
    assert all(line.endswith("To come") for line in lines(client)[1:])


def test_leaving_early_is_said_and_a_stay_too_short_to_count(client, make, event, say, clock):
    mine = make.registered(event, client.person)
    say(mine, 0, CAME)
    say(mine, 0, LEFT, 185)
    say(mine, 1, CAME, 60)
    say(mine, 1, LEFT, 90)
    clock.move_to(at("2027-03-01T18:00+01:00"))
    client = sign_in_again(client)

    client.get("/events/ghent")

    assert lines(client)[0].endswith("In at 09:00; left early, at 12:05")
    assert lines(client)[1].endswith("Late, in at 14:30; left early, at 15:00: too short to count")


def test_what_contradicts_is_said_to_be_looked_at(client, make, event, say):
    mine = make.registered(event, client.person)
    say(mine, 0, CAME)
    say(mine, 0, ABSENT, 0, "not in the room")

    client.get("/events/ghent")

    assert lines(client)[0].endswith("Present, in at 09:00. An organiser is to look at this.")


def test_one_day_is_not_days(client, make, event):
    client.get("/events/ghent")
    assert "2 days, 4 half-days." in client.page.words
    make.event(
        "short",
        half_days=[HalfDay(id=UUID(int=9), title="One", starts_at=FIRST_MORNING, ends_at=at("2027-03-01T12:00+01:00"))],
    )

    client.get("/events/short")

    assert "1 day, 1 half-day." in client.page.words


@pytest.mark.parametrize("charge", [Charge.TRAINER, Charge.ORGANISER])
def test_every_way_on_is_open_to_those_who_see_it(make, charge):
    event = make.event(self_check_in=True)
    someone = make.appointed(event, charge)
    someone.get("/events/ghent")
    (ways,) = [nav for nav in someone.page.all("nav") if nav.get("class") == "tools"]

    for link in ways.iter("{http://www.w3.org/1999/xhtml}a"):
        someone.get(link.get("href"))

    assert len(list(ways.iter("{http://www.w3.org/1999/xhtml}a"))) == (6 if charge is Charge.TRAINER else 10)


def test_someone_who_is_not_on_the_roll_sees_the_programme_and_no_badge(client, event):
    client.get("/events/ghent")

    assert "Programme and your attendance" not in client.page.words
    assert "My badge" not in client.page.words
    assert "Under way" in lines(client)[0]
    client.get("/events/ghent/badge", status=404)


def test_an_event_that_is_not_there_is_not_found(client):
    for path in ("/events/none", "/events/none.ics", "/events/none/badge"):
        client.get(path, status=404)
    client.post("/events/none/register", status=404)
    client.post("/events/none/cancel", status=404)


def test_a_practitioner_reads_no_name_but_their_own(client, make, event):
    make.registered(event, client.person)
    make.registered(event, name="Canary Someone", organisation="Canary House")
    make.registered(event, make.person(name="Canary Other"), part=Part.TRAINER)
    make.appointed(event, name="Canary Trainer")

    for path in ("/events/", "/events/ghent", "/events/ghent/badge", "/events/ghent.ics"):
        answer = client.get(path)

        assert "Canary" not in answer.text
    assert "/events/ghent/desk" not in client.get("/events/ghent").text


def test_those_who_take_the_roll_go_on_from_here(make, event):
    trainer, organiser = make.appointed(event), make.appointed(event, Charge.ORGANISER)
    elsewhere = make.appointed(make.event("other"))
    coordinator = make.signed_in("organiser")

    seen = []
    for who in (trainer, organiser, coordinator, elsewhere):
        who.get("/events/ghent")
        links = who.page.links()
        seen.append(("/events/ghent/desk" in links, "/events/ghent/edit" in links))

    assert seen == [(True, False), (True, True), (True, True), (False, False)]


def test_an_event_whose_half_days_are_not_settled_has_a_page(client, make):
    make.event(half_days=[])

    client.get("/events/")
    client.get("/events/ghent")

    assert "The half-days are not settled yet." in client.page.words
    assert "You can register when the days are settled." in client.page.words
    assert "/events/ghent.ics" not in client.page.links()


# --- calendar and badge ----------------------------------------------------------------------------------------


def test_the_calendar_file_is_one_to_keep(client, event):
    answer = client.get("/events/ghent.ics")

    assert answer.mimetype == "text/calendar"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="ghent.ics"'
    assert answer.text.count("BEGIN:VEVENT") == 4
    assert "URL:http://localhost/events/ghent" in answer.text


def test_my_badge_shows_my_name_and_my_code_in_two_threes_and_a_qr_with_its_alternative(client, make, event):
    mine = make.registered(event, client.person)

    for path in ("/events/ghent", "/events/ghent/badge"):
        client.get(path)

        assert "Marija Żammit" in client.page.words
        assert f"Code: {' '.join(mine.code)}" in client.page.words
        assert re.search(rf">{mine.code[:3]}<.*>{mine.code[3:]}<", client.page.text)
        assert "QR code of your badge" in client.page.words
        assert mine.badge not in client.page.text


def test_a_cancelled_registration_has_no_badge(client, make, event):
    make.registered(event, client.person, state=RegistrationState.CANCELLED)

    client.get("/events/ghent")

    assert "My badge" not in client.page.words
    client.get("/events/ghent/badge", status=404)


# --- taking a place --------------------------------------------------------------------------------------------


def test_i_can_take_a_place_and_it_is_one_however_often_it_is_sent(client, make, event):
    client.get("/events/ghent")

    for _time in range(3):
        client.post("/events/ghent/register")

    mine = make.one(select(Registration))
    assert (mine.person_id, mine.state, mine.part, mine.origin) == (
        client.person.id, RegistrationState.REGISTERED, Part.PARTICIPANT, Origin.INTERNATIONAL,
    )  # fmt: skip
    assert make.event_again(event).version == event.version + 1
    client.get("/events/ghent")
    assert "You are registered" in client.page.words


def test_who_comes_from_the_country_of_the_event_is_local(make, event):
    client = make.signed_in(country="BE")
    client.get("/events/ghent")

    client.post("/events/ghent/register")

    assert make.one(select(Registration.origin)) is Origin.LOCAL


def test_someone_invited_confirms(client, make, event):
    make.registered(event, client.person, state=RegistrationState.INVITED)
    client.get("/events/ghent")
    assert "Confirm that you come" in client.page.words

    client.post("/events/ghent/register")

    assert state(make, client) is RegistrationState.CONFIRMED


def test_someone_invited_has_a_place_even_when_all_are_taken(client, make):
    event = make.event(places=1)
    make.registered(event, client.person, state=RegistrationState.INVITED)
    other = make.signed_in()

    other.get("/events/ghent")
    other.post("/events/ghent/register")
    client.get("/events/ghent")
    client.post("/events/ghent/register")

    assert "All places are taken. Ask the organisers." in other.page.words
    assert make.one(select(Registration.state)) is RegistrationState.CONFIRMED


def test_someone_who_cancelled_needs_a_place_to_come_back(client, make):
    event = make.event(places=1)
    make.registered(event, client.person)
    client.get("/events/ghent")
    client.post("/events/ghent/cancel")
    other = make.registered(event)

    client.get("/events/ghent")
    client.post("/events/ghent/register")
    assert state(make, client) is RegistrationState.CANCELLED
    make.change(other, state=RegistrationState.CANCELLED)
    client.post("/events/ghent/register")

    assert state(make, client) is RegistrationState.REGISTERED


def test_trainers_and_organisers_take_no_place_and_are_no_participants(make):
    event = make.event(places=1)
    make.registered(event)
    trainer = make.appointed(event)
    trainer.get("/events/ghent")

    trainer.post("/events/ghent/register")

    assert make.one(select(Registration.part).where(Registration.person_id == trainer.person.id)) is Part.TRAINER


def test_nobody_takes_a_place_at_an_event_that_is_over(client, make):
    make.event("past", "2026-01-10")
    client.get("/events/past")

    client.post("/events/past/register")

    assert "The event is over." in client.page.words
    assert not make.all(select(Registration))


def test_a_place_can_be_given_back_until_someone_saw_me_there(client, make, event, say):
    mine = make.registered(event, client.person)
    client.get("/events/ghent")
    client.post("/events/ghent/cancel")
    assert state(make, client) is RegistrationState.CANCELLED
    client.post("/events/ghent/register")
    say(mine, 0, CAME)

    client.get("/events/ghent")
    offered = "Cancel my registration" in client.page.words
    client.post("/events/ghent/cancel")

    assert not offered
    assert state(make, client) is RegistrationState.REGISTERED


def test_nobody_can_cancel_what_they_have_not(client, event):
    client.get("/events/ghent")

    client.post("/events/ghent/cancel", status=404)


@pytest.mark.parametrize("places", [1, 7])
def test_fifty_at_once_get_as_many_places_as_there_are(make, places):
    make.event(places=places, first=f"{now() + timedelta(days=30):%Y-%m-%d}")
    clients = [make.signed_in() for _one in range(50)]
    for client in clients:
        client.get("/events/ghent")

    with ThreadPoolExecutor(25) as pool:
        answers = list(pool.map(lambda client: client.http.post(
            "/events/ghent/register", data={"csrf_token": client.page.hidden("csrf_token")}
        ).status_code, clients))  # fmt: skip

    assert set(answers) == {302}
    assert make.one(select(func.count()).select_from(Registration)) == places
