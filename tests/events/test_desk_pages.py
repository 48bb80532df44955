"""Desk devices are paired and ended by the event's staff; the shell holds no data; checking in alone is let in or refused."""

import json
import re
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from lms.accounts.models import Role
from lms.audit import AuditRow
from lms.events.badges import new_badge, new_id
from lms.events.checkin import room_code
from lms.events.desk_json import digest
from lms.events.models import Appointment, Device, Event, HalfDay, Mark, Registration
from lms.events.parts import Charge, EventKind, Part, RegistrationState
from lms.paths import STATIC
from tests.make import Making, at
from tests.page import Client

MORNING = at("2024-10-17T09:00:00+02:00")
OPEN = MORNING - timedelta(minutes=90)


@pytest.fixture
def event(make: Making) -> Event:
    """Brussels, one morning of three hours, where one may check in alone."""
    event = Event(
        id=1, slug="brussels", title="Brussels", kind=EventKind.EU, city="Brussels", country="BE",
        timezone="Europe/Brussels", counts_per_cent=50, room_secret="a secret of the room", self_check_in=True,
    )  # fmt: skip
    make.add(event)
    make.add(
        HalfDay(
            id=new_id(), event_id=1, title="Thursday morning", starts_at=MORNING, ends_at=MORNING + timedelta(hours=3)
        )
    )
    return event


def registered(make: Making, code: str = "K7P3RX", **values: object) -> Registration:
    """Someone on the list."""
    given = {"id": new_id(), "event_id": 1, "name": "Maria Rossi", "part": Part.PARTICIPANT, "badge": new_badge(),
             "code": code, "registered_at": MORNING} | values  # fmt: skip
    row = Registration(**given)
    make.add(row)
    return row


def staff(make: Making, charge: Charge = Charge.TRAINER) -> Client:
    """A trainer who is appointed to Brussels."""
    client = make.signed_in(Role.TRAINER)
    make.add(Appointment(event_id=1, person_id=client.person.id, charge=charge))
    return client


# --- the shell ---------------------------------------------------------------------------------------------------


def test_the_shell_holds_nothing_of_any_person(make: Making, event: Event):
    registered(make)
    client = staff(make)

    client.get("/events/brussels/desk")
    desk = client.page.text
    client.get("/kiosk")

    for text in (desk, client.page.text):
        for secret in ("Maria", "Rossi", "K7P3RX", client.person.name, client.person.email):
            assert secret not in text
    assert 'name="csrf-token"' in desk
    assert "csrf" not in client.page.text


def test_a_desk_is_there_for_its_staff_and_for_nobody_else(make: Making, event: Event):
    for path in ("desk", "devices", "room"):
        staff(make).get(f"/events/brussels/{path}")
        make.signed_in(Role.ORGANISER).get(f"/events/brussels/{path}")
        make.signed_in(Role.TRAINER).get(f"/events/brussels/{path}", status=404)
        make.signed_in().get(f"/events/brussels/{path}", status=404)


def test_the_worker_names_a_whole_shell_and_its_version_changes_with_the_language(client: Client):
    english = client.http.get("/desk-worker.js", headers={"Accept-Language": "en"})
    german = client.http.get("/desk-worker.js", headers={"Accept-Language": "de"})

    [shell] = re.findall(r"^const SHELL = (.*);$", english.text, re.MULTILINE)
    files = json.loads(shell)
    assert len(files) == len(set(files))
    for address in files:
        assert (STATIC / address.removeprefix("/static/").partition("?")[0]).is_file(), address
    for module in (STATIC / "desk").glob("*.js"):
        named = [one for one in files if one.startswith(f"/static/desk/{module.name}")]
        assert len(named) == (module.name not in ("room.js", "worker.js")), module.name
    assert english.mimetype == "text/javascript"
    assert english.text.splitlines()[0] != german.text.splitlines()[0]


def test_the_desk_can_be_installed(client: Client):
    content = json.loads(client.http.get("/desk.webmanifest").text)

    assert content["start_url"] == "/kiosk"
    for icon in content["icons"]:
        answer = client.http.get(icon["src"])
        assert answer.mimetype == "image/png"
        answer.close()


# --- pairing and revoking ---------------------------------------------------------------------------------------------


def test_a_pairing_code_is_shown_once_and_only_its_hash_is_kept(make: Making, event: Event):
    client = staff(make)
    client.get("/events/brussels/devices")

    client.post("/events/brussels/devices", {"name": "  Side   door "}, status=201)

    shown = client.page.words.partition("Pairing code for “Side door” ")[2][:9].replace(" ", "")
    device = make.one(select(Device))
    assert device.pairing_hash == digest(shown)
    assert len(shown) == 8
    assert device.name == "Side door"
    client.get("/events/brussels/devices")
    assert shown[:4] not in client.page.words
    assert [row.deed for row in make.all(select(AuditRow))] == ["desk pairing code made"]


def test_a_code_pairs_one_device_within_ten_minutes(make: Making, event: Event, client: Client):
    trainer = staff(make)
    codes = []
    for name in ("Main door", "Side door"):
        trainer.get("/events/brussels/devices")
        trainer.post("/events/brussels/devices", {"name": name}, status=201)
        codes.append(trainer.page.words.partition(f"Pairing code for “{name}” ")[2][:9])

    first = client.http.post("/kiosk/pair", json={"code": codes[0].lower()})
    again = client.http.post("/kiosk/pair", json={"code": codes[0]})
    with time_machine.travel(make.all(select(Device))[0].made_at + timedelta(minutes=11)):
        late = client.http.post("/kiosk/pair", json={"code": codes[1]})

    assert (first.status_code, again.status_code, late.status_code) == (200, 404, 404)
    assert first.json["device"]["name"] == "Main door"


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_a_desk_needs_a_name_of_its_own(make: Making, event: Event, name: str):
    client = staff(make)
    client.get("/events/brussels/devices")

    client.post("/events/brussels/devices", {"name": name}, status=422)

    assert client.page.title.startswith("Error:")
    assert make.all(select(Device)) == []


def test_a_desk_is_ended_after_a_question_and_ended_twice_is_ended_once(make: Making, event: Event):
    client = staff(make)
    device = Device(id=new_id(), event_id=1, name="Main door", salt="s", made_at=MORNING, paired_at=MORNING)
    make.add(device)
    client.get("/events/brussels/devices")
    address = next(link for link in client.page.links() if link.endswith("/revoke"))

    client.get(address)
    client.post(address)
    ended = make.one(select(Device)).revoked_at
    client.get("/events/brussels/devices")
    client.post(address)

    assert ended is not None
    assert make.one(select(Device)).revoked_at == ended
    assert not [link for link in client.page.links() if link.endswith("/revoke")]
    assert [row.deed for row in make.all(select(AuditRow))] == ["desk revoked"]


def test_a_desk_of_another_event_is_not_there(make: Making, event: Event):
    make.add(
        Event(id=2, slug="vienna", title="Vienna", kind=EventKind.EU, city="Vienna", timezone="Europe/Vienna",
              counts_minutes=60, room_secret="another secret")
    )  # fmt: skip
    device = Device(id=new_id(), event_id=2, name="Main door", salt="s", made_at=MORNING, paired_at=MORNING)
    make.add(device)
    client = staff(make)
    client.get("/events/brussels/devices")

    client.get(f"/events/brussels/devices/{device.id}/revoke", status=404)
    client.post(f"/events/brussels/devices/{device.id}/revoke", status=404)

    assert make.one(select(Device)).revoked_at is None


# --- checking in alone ---------------------------------------------------------------------------------------------------


def shown_at(moment) -> str:
    return room_code("a secret of the room", moment)


def come(client: Client, code: str, badge: str = "k7p 3rx", status: int = 200) -> str:
    client.get(f"/here/brussels?c={code}")
    client.post("/here/brussels", {"c": code, "badge": badge}, status=status)
    return client.page.words


def test_with_the_rooms_code_and_the_badges_one_checks_in_alone_once(client: Client, make: Making, event: Event):
    someone = registered(make)

    with time_machine.travel(MORNING, tick=False):
        first = come(client, shown_at(MORNING).lower())
    with time_machine.travel(MORNING + timedelta(minutes=5), tick=False):
        second = come(client, shown_at(MORNING + timedelta(minutes=5)))

    assert "You are checked in: 09:00" in first
    assert "Welcome, Maria." in first
    assert "Rossi" not in first
    assert "Already here since 09:00" in second
    [mark] = make.all(select(Mark))
    assert (mark.registration_id, mark.kind, mark.at, mark.by_id) == (someone.id, "came", MORNING, None)


@pytest.mark.parametrize(
    ("when", "seen", "badge", "words"),
    [
        (OPEN - timedelta(seconds=1), 0, "K7P3RX", "It is too early"),
        (MORNING + timedelta(hours=3, seconds=1), 0, "K7P3RX", "It is too late"),
        (MORNING, 60, "K7P3RX", "This code is no longer shown"),
        (MORNING, 0, "ZZZZZZ", "This code is not on the list"),
        (MORNING, 0, "", "This code is not on the list"),
        (MORNING, 0, "C2NC3L", "This registration was cancelled"),
    ],
)
def test_too_early_too_late_a_photographed_code_and_a_stranger_are_refused_in_words(
    client: Client, make: Making, event: Event, when, seen: int, badge: str, words: str
):
    registered(make)
    registered(make, "C2NC3L", name="Anna Berg", state=RegistrationState.CANCELLED)

    with time_machine.travel(when, tick=False):
        said = come(client, shown_at(when - timedelta(seconds=seen)), badge, status=422)

    assert words in said
    assert make.all(select(Mark)) == []


def test_the_code_before_the_one_shown_is_still_good(client: Client, make: Making, event: Event):
    registered(make)

    with time_machine.travel(MORNING, tick=False):
        said = come(client, shown_at(MORNING - timedelta(seconds=20)))

    assert "You are checked in" in said


def test_where_it_is_switched_off_nobody_checks_in_alone(client: Client, make: Making, event: Event):
    registered(make)
    make.change(event, self_check_in=False)

    with time_machine.travel(MORNING, tick=False):
        client.get("/here/brussels")
        shown = client.page.words
        said = make.signed_in()
        said.get("/account")
        said.post("/here/brussels", {"c": shown_at(MORNING), "badge": "K7P3RX"}, status=422)

    assert "The roll is taken at the desk" in shown
    assert "This event takes the roll at its desk" in said.page.words
    assert make.all(select(Mark)) == []


def test_someone_who_is_signed_in_and_registered_needs_no_badge(make: Making, event: Event):
    with time_machine.travel(MORNING, tick=False):
        client = make.signed_in(name="Maria Rossi")
        mine = registered(make, person_id=client.person.id)
        client.get(f"/here/brussels?c={shown_at(MORNING)}")
        client.post("/here/brussels", {"c": shown_at(MORNING), "me": "y"}, status=200)

    assert "You are checked in: 09:00" in client.page.words
    assert make.one(select(Mark)).registration_id == mine.id


def test_someone_who_left_may_come_again(client: Client, make: Making, app: Flask, event: Event):
    someone = registered(make)
    with time_machine.travel(MORNING, tick=False):
        come(client, shown_at(MORNING))
    came = make.one(select(Mark))
    make.add(
        Mark(id=new_id(), registration_id=someone.id, half_day_id=came.half_day_id, kind="left",
             at=MORNING + timedelta(hours=1), said_at=MORNING, received_at=MORNING, fingerprint="f")
    )  # fmt: skip

    back = MORNING + timedelta(hours=2)
    with time_machine.travel(back, tick=False):
        said = come(client, shown_at(back))

    assert "You are checked in: 11:00" in said
    assert len(make.all(select(Mark))) == 3


def test_the_rooms_screen_shows_the_code_of_now_and_when_it_changes(make: Making, event: Event):
    moment = MORNING.replace(second=7)

    with time_machine.travel(moment, tick=False):
        client = staff(make)
        client.get("/events/brussels/room")

    code = shown_at(moment)
    assert f"{code[:3]} {code[3:]}" in client.page.words
    assert client.page.one("main").get("data-seconds") == "14"
    assert f"c={code}" not in client.page.words


def test_a_room_where_it_is_switched_off_shows_no_code(make: Making, event: Event):
    make.change(event, self_check_in=False)
    client = staff(make)

    client.get("/events/brussels/room")

    assert "Checking in alone is switched off" in client.page.words
