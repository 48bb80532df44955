"""Taking marks over the wire: what desks and signed-in people send, and what they are answered."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from lms.clock import now
from lms.database import db
from lms.events import roll
from lms.events.checkin import hashed
from lms.events.desk_json import digest
from lms.events.models import Device, Event, Mark, Registration, Stray
from lms.events.parts import RegistrationState
from tests.make import Making
from tests.page import Client


class Desk:
    """A paired desk, as a program that is no browser."""

    def __init__(self, app: Flask, paired: dict[str, Any]) -> None:
        self.http = app.test_client()
        self.slug = paired["event"]["slug"]
        self.device = paired["device"]
        self.headers = {"Authorization": f"Bearer {paired['token']}"}

    def mark(self, badge: str, half_day: Any, kind: str = "came", **more: Any) -> dict[str, Any]:
        mark = {"id": str(uuid4()), "badge": badge, "half_day": str(half_day), "kind": kind, "at": now().isoformat()}
        return mark | more

    def send(self, *marks: Any, slug: str = "", **more: Any) -> TestResponse:
        content = {"device": self.device["id"], "marks": marks, "sent_at": now().isoformat()} | more
        return self.http.post(f"/events/{slug or self.slug}/marks", json=content, headers=self.headers)

    def results(self, *marks: Any, **more: Any) -> list[dict[str, Any]]:
        answer = self.send(*marks, **more)
        assert answer.status_code == 200, answer.text
        return answer.json["results"]

    def roster(self, slug: str = "", **headers: str) -> TestResponse:
        return self.http.get(f"/events/{slug or self.slug}/roster.json", headers=self.headers | headers)


@pytest.fixture
def event(make: Making) -> Event:
    """An event that is going on."""
    return make.event(first=f"{now() - timedelta(hours=12):%Y-%m-%d}")


@pytest.fixture
def staff(make: Making, event: Event) -> Client:
    return make.appointed(event)


def paired(client: Client, slug: str, name: str = "Main door") -> Desk:
    client.get("/progress")
    token = client.page.one("meta", name="csrf-token").get("content")
    answer = client.http.post(f"/events/{slug}/desk", json={"name": name}, headers={"X-CSRFToken": token})
    assert answer.status_code == 201, answer.text
    return Desk(client.app, answer.json)


@pytest.fixture
def desk(staff: Client, event: Event) -> Desk:
    return paired(staff, event.slug)


def count(make: Making, table: Any) -> int:
    return len(make.all(select(table)))


def test_a_scan_is_recorded_and_a_second_one_is_already_here_since_the_first(make, event, desk):
    who = make.registered(event)
    badge = hashed(who.badge, desk.device["salt"])
    half_day = event.half_days[0].id
    first, second = desk.mark(badge, half_day), desk.mark(badge, half_day)

    one = desk.results(first)[0]
    two = desk.results(second)[0]

    assert (one["outcome"], two["outcome"]) == ("recorded", "already")
    assert one["since"] == two["since"]
    assert count(make, Mark) == 2


def test_the_same_mark_again_is_answered_as_it_was_the_first_time(make, event, desk):
    who = make.registered(event)
    half_day = event.half_days[0].id
    first, second = desk.mark(who.code, half_day), desk.mark(who.code, half_day)
    answers = desk.results(first, second)

    again = desk.results(second, first, first)

    assert again == [answers[1], answers[0], answers[0]]
    assert count(make, Mark) == 2


def test_another_content_under_the_same_id_is_refused_and_changes_nothing(make, event, desk):
    who, other = make.registered(event), make.registered(event)
    mark = desk.mark(who.code, event.half_days[0].id)
    desk.results(mark)

    again = desk.results(mark | {"badge": other.code})[0]

    assert again["outcome"] == "refused"
    assert "another mark" in again["reason"].lower()
    assert make.one(select(Mark)).registration_id == who.id


@pytest.mark.parametrize("how", ["hash", "badge", "code", "code in small letters with a space"])
def test_someone_is_known_by_badge_by_the_desks_hash_of_it_and_by_the_typed_code(make, event, desk, how):
    who = make.registered(event)
    said = {
        "hash": hashed(who.badge, desk.device["salt"]),
        "badge": who.badge,
        "code": who.code,
        "code in small letters with a space": f"{who.code[:3]} {who.code[3:]}".lower(),
    }[how]

    assert desk.results(desk.mark(said, event.half_days[0].id))[0]["outcome"] == "recorded"


def test_a_desk_that_was_paired_anew_still_delivers_what_it_scanned_before(make, event, staff, desk):
    who = make.registered(event)
    mark = desk.mark(hashed(who.badge, desk.device["salt"]), event.half_days[0].id)

    again = paired(staff, event.slug, "The same tablet")

    assert again.results(mark)[0]["outcome"] == "recorded"


def test_what_is_wrong_with_one_mark_stops_no_other_and_each_is_answered_in_order(make, event, desk):
    who = make.registered(event)
    half_day = event.half_days[0].id
    good = desk.mark(who.code, half_day)
    wrong = [
        desk.mark("ZZZZZZ", half_day),
        desk.mark(who.code, uuid4()),
        desk.mark(who.code, half_day, kind="danced"),
        desk.mark(who.code, half_day, at="yesterday"),
        desk.mark(who.code, half_day, at="2027-03-01T09:00:00"),
        desk.mark(who.code, half_day, at="0001-01-01T00:00:00+00:00"),
        desk.mark(who.code, half_day, kind="undo", reason="by mistake"),
        desk.mark(who.code, half_day, kind="excused", reason="a letter came"),
        desk.mark(who.code, half_day, reason="x" * 301),
        desk.mark(who.code, half_day, reason="a\u0000b"),
        {"id": "none"},
        {"id": 7},
        "mark",
        None,
        [],
        7,
    ]

    results = desk.results(*wrong, good)

    assert [one["outcome"] for one in results] == ["refused"] * len(wrong) + ["recorded"]
    assert all(one["reason"] for one in results[:-1])
    assert [one["id"] for one in results[:9]] == [one["id"] for one in wrong[:9]]
    assert count(make, Mark) == 1


def test_a_refused_mark_is_kept_aside_as_it_was_sent_and_answered_the_same_again(make, event, desk):
    mark = desk.mark("ZZZZZZ", event.half_days[0].id)
    first = desk.results(mark)

    again = desk.results(mark)

    assert again == first
    stray = make.one(select(Stray))
    assert (str(stray.id), stray.said, stray.why) == (mark["id"], mark, "unknown-badge")


def test_a_walk_in_is_put_on_the_list_once_however_often_it_is_sent(make, event, desk):
    someone = {"id": str(uuid4()), "name": "Ana  Kovač"}
    came = desk.mark("", event.half_days[0].id, person=someone)
    left = desk.mark("", event.half_days[0].id, kind="left", person=someone)

    outcomes = [one["outcome"] for one in desk.results(came, left, came) + desk.results(came, left)]

    assert outcomes == ["recorded"] * 5
    walk_in = make.one(select(Registration))
    assert (walk_in.name, walk_in.walk_in, str(walk_in.id)) == ("Ana Kovač", True, someone["id"])
    assert len(walk_in.code) == 6


def test_a_mark_taken_back_leaves_nobody_present_and_cannot_be_taken_back_itself(app, make, event, desk):
    who = make.registered(event)
    half_day = event.half_days[0]
    at = (half_day.starts_at + timedelta(minutes=2)).isoformat()
    came = desk.mark(who.code, half_day.id, at=at)
    undo = desk.mark(who.code, half_day.id, kind="undo", of=came["id"], reason="wrong badge")
    again = desk.mark(who.code, half_day.id, kind="undo", of=undo["id"], reason="it was right")

    results = desk.results(came, undo, again, sent_at=None)

    assert [one["outcome"] for one in results] == ["recorded", "recorded", "refused"]
    with app.app_context():
        assert not roll.roll(db.session.get_one(Event, event.id))[0].half_days


def test_an_undo_that_arrives_before_its_mark_takes_it_back_all_the_same(app, make, event, desk):
    who = make.registered(event)
    half_day = event.half_days[0]
    came = desk.mark(who.code, half_day.id, at=half_day.starts_at.isoformat())
    undo = desk.mark(who.code, half_day.id, kind="undo", of=came["id"], reason="wrong badge")

    desk.results(undo, sent_at=None)
    desk.results(came, sent_at=None)

    with app.app_context():
        assert not roll.roll(db.session.get_one(Event, event.id))[0].minutes


def test_a_desks_wrong_clock_is_corrected_and_both_times_are_kept(make, event, desk):
    who = make.registered(event)
    wrong = timedelta(days=-1, minutes=-7)
    scanned = now() - timedelta(hours=2)
    mark = desk.mark(who.code, event.half_days[0].id, at=(scanned + wrong).isoformat())

    desk.results(mark, sent_at=(now() + wrong).isoformat())

    kept = make.one(select(Mark))
    assert abs(kept.at - scanned) < timedelta(seconds=5)
    assert kept.said_at == scanned + wrong
    assert kept.received_at > kept.at


def test_marks_of_a_merged_walk_in_count_for_who_they_turned_out_to_be(app, make, event, desk):
    who = make.registered(event)
    half_day = event.half_days[0]
    someone = {"id": str(uuid4()), "name": "Ana"}
    at = half_day.starts_at.isoformat()
    desk.results(desk.mark("", half_day.id, person=someone, at=at), sent_at=None)
    make.change(make.one(select(Registration).where(Registration.walk_in)), merged_into_id=who.id)

    second = desk.results(desk.mark(who.code, half_day.id, at=at), sent_at=None)[0]

    assert second["outcome"] == "already"
    with app.app_context():
        rows = roll.roll(db.session.get_one(Event, event.id))
        assert [(row.registration.id, row.half_days) for row in rows] == [(who.id, 1)]


def test_a_cancelled_registration_is_not_let_in_and_its_scan_is_kept_aside(make, event, desk):
    who = make.registered(event)
    make.change(who, state=RegistrationState.CANCELLED)

    result = desk.results(desk.mark(who.code, event.half_days[0].id))[0]

    assert result["outcome"] == "refused"
    assert count(make, Stray) == 1


def test_a_revoked_desk_gets_no_roster_and_its_scans_go_to_quarantine_each_by_its_id(make, event, desk):
    who = make.registered(event)
    waiting = [desk.mark(who.code, event.half_days[0].id) for _scan in range(3)]
    make.change(make.one(select(Device)), revoked_at=now())

    roster = desk.roster()
    results = desk.results(*waiting)

    assert roster.status_code == 401
    assert roster.json["error"]
    assert [one["outcome"] for one in results] == ["refused"] * 3
    assert {str(one.id) for one in make.all(select(Stray))} == {one["id"] for one in waiting}
    assert count(make, Mark) == 0


def test_a_desk_knows_one_event_and_may_do_nothing_else(app, make, event, desk):
    make.event("vienna", first="2027-04-01")
    addresses = [rule.rule for rule in app.url_map.iter_rules() if "GET" in rule.methods and not rule.arguments]

    assert desk.roster("vienna").status_code == 403
    assert desk.send(slug="vienna").status_code == 403
    open_to_all = {"/", "/modules/", "/glossary/", "/privacy", "/accessibility", "/healthz", "/readyz", "/sign-in"}
    for address in addresses:
        answer = desk.http.get(address, headers=desk.headers)
        public = Client(app).http.get(address)
        assert answer.status_code in (401, 404) or answer.status_code == public.status_code, address
        assert address in open_to_all or answer.status_code != 200 or public.status_code == 200, address


def test_a_token_that_is_none_of_ours_is_refused(app, event):
    for header in ("Bearer wrong", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer " + "x" * 5000, "Basic \xa0", "\xff", ""):
        answer = app.test_client().get(f"/events/{event.slug}/roster.json", headers={"Authorization": header})
        assert answer.status_code == 401, header


def test_the_roster_of_a_desk_holds_hashes_and_short_names_only(make, event, desk):
    who = make.registered(event, make.person(name="Marija Żammit Ċiantar", email="marija@police.example"))

    content = desk.roster().json

    assert content["people"] == [
        {
            "badge": hashed(who.badge, desk.device["salt"]), "code": who.code, "name": "Marija Ċ.",
            "part": "participant", "here": {}, "left": {}, "by": {},
        }
    ]  # fmt: skip
    text = desk.roster().text
    assert who.badge not in text
    assert "Żammit" not in text
    assert "police.example" not in text


def test_the_roster_says_who_is_here_since_when_and_at_which_door(make, event, desk):
    who = make.registered(event)
    make.registered(event)
    half_day = str(event.half_days[0].id)
    at = event.half_days[0].starts_at.isoformat()
    desk.results(desk.mark(who.code, half_day, at=at), sent_at=None)

    content = desk.roster().json

    seen = next(one for one in content["people"] if one["code"] == who.code)
    assert datetime.fromisoformat(seen["here"][half_day]) == event.half_days[0].starts_at
    assert seen["by"] == {half_day: "Main door"}
    assert content["counts"][half_day] == {"here": 1, "of": 2}


def test_an_unchanged_roster_is_304_and_a_mark_or_a_registration_changes_it(make, event, desk):
    who = make.registered(event)
    etag = desk.roster().headers["ETag"]
    same = desk.roster(**{"If-None-Match": etag}).status_code
    desk.results(desk.mark(who.code, event.half_days[0].id))

    after_a_mark = desk.roster(**{"If-None-Match": etag})
    make.registered(event)
    after_a_registration = desk.roster(**{"If-None-Match": after_a_mark.headers["ETag"]})

    assert same == 304
    assert after_a_mark.status_code == after_a_registration.status_code == 200
    assert after_a_mark.json["version"] < after_a_registration.json["version"]


def test_someone_signed_in_sends_marks_with_their_token_and_not_without(make, event, staff):
    who = make.registered(event)
    staff.get("/progress")
    token = staff.page.one("meta", name="csrf-token").get("content")
    mark = {
        "id": str(uuid4()), "badge": who.badge, "half_day": str(event.half_days[0].id), "kind": "excused",
        "at": now().isoformat(), "reason": "A letter came",
    }  # fmt: skip
    content = {"device": str(uuid4()), "marks": [mark]}

    without = staff.http.post(f"/events/{event.slug}/marks", json=content)
    with_ = staff.http.post(f"/events/{event.slug}/marks", json=content, headers={"X-CSRFToken": token})

    assert without.status_code == 400
    assert with_.json["results"][0]["outcome"] == "recorded"
    assert make.one(select(Mark)).by_id == staff.person.id


@pytest.mark.parametrize("role", ["practitioner", "trainer"])
def test_who_is_not_appointed_finds_no_roster(make, event, role):
    client = make.signed_in(role)

    client.get(f"/events/{event.slug}/roster.json", status=404)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"7", b'{"marks": 7}', b'{"marks": [{]}', b'{"marks": [], "sent_at": "soon"}', b"\xff\xfe",
     b'{"marks": [' + b"[" * 3000 + b"]" * 3000 + b"]}", b'{"marks": [], "sent_at": "0001-01-01T00:00:00Z"}',
     b'{"marks": [' + b"null," * 1000 + b"null]}"],
)  # fmt: skip
def test_a_batch_that_cannot_be_read_is_refused_in_words(event, desk, body):
    answer = desk.http.post(
        f"/events/{event.slug}/marks", data=body, headers=desk.headers | {"Content-Type": "application/json"}
    )

    assert answer.status_code == 422
    assert answer.json["error"]


def test_a_pairing_code_works_once_and_for_ten_minutes_only(app, make, event):
    def waiting(code: str, until: datetime) -> None:
        make.add(Device(id=uuid4(), event_id=event.id, name="Door", salt="s", pairing_hash=digest(code),
                        pairing_until=until, made_at=now()))  # fmt: skip

    waiting("AAAAAAAA", now() + timedelta(minutes=10))
    waiting("BBBBBBBB", now() - timedelta(seconds=1))
    pair = lambda code: app.test_client().post("/kiosk/pair", json={"code": code})  # noqa: E731

    good, twice, late, unknown = pair("aaaa aaaa"), pair("AAAAAAAA"), pair("BBBBBBBB"), pair("CCCCCCCC")

    assert good.status_code == 200
    assert Desk(app, good.json).roster().status_code == 200
    assert [one.status_code for one in (twice, late, unknown)] == [404] * 3
    assert twice.json == late.json == unknown.json


def test_two_doors_at_once_make_one_attendance_and_keep_every_mark(app, make, event, staff):
    who = make.registered(event)
    doors = [paired(staff, event.slug, f"Door {number}") for number in range(4)]
    half_day = event.half_days[0].id

    def scan(door: Desk) -> dict[str, Any]:
        return door.results(door.mark(who.badge, half_day))[0]

    with ThreadPoolExecutor(4) as pool:
        outcomes = [one["outcome"] for one in pool.map(scan, doors * 5)]

    assert sorted(outcomes) == ["already"] * 19 + ["recorded"]
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Mark)) == 20


def test_the_same_walk_in_sent_by_several_requests_at_once_is_one(app, make, event, staff):
    desk = paired(staff, event.slug)
    someone = {"id": str(UUID(int=7, version=4)), "name": "Ana"}
    mark = desk.mark("", event.half_days[0].id, person=someone)
    desks = [Desk(app, {"event": {"slug": event.slug}, "device": desk.device, "token": desk.headers["Authorization"][7:]})
             for _process in range(6)]  # fmt: skip

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda one: one.results(mark)[0], desks))

    assert [one["outcome"] for one in results] == ["recorded"] * 6
    assert all(one == results[0] for one in results)
    assert count(make, Registration) == count(make, Mark) == 1


def test_scans_of_a_closed_desk_with_a_wrong_clock_are_taken_at_the_time_that_was(make, event, staff, desk):
    who = make.registered(event)
    organiser = make.appointed(event, "organiser")
    wrong = timedelta(days=-1, minutes=-7)
    scanned = now() - timedelta(hours=2)
    mark = desk.mark(who.code, event.half_days[0].id, at=(scanned + wrong).isoformat())
    make.change(make.one(select(Device)), revoked_at=now())
    desk.results(mark, sent_at=(now() + wrong).isoformat())

    organiser.get(f"/events/{event.slug}/registrations")
    organiser.post(f"/events/{event.slug}/strays", {"all-note": "The desk was closed too early"})

    assert abs(make.one(select(Mark)).at - scanned) < timedelta(seconds=5)


def test_the_roster_says_who_left_and_counts_participants_only(make, event, desk):
    who = make.registered(event)
    trainer = make.registered(event, part="trainer")
    half_day = event.half_days[0]
    at = half_day.starts_at
    came = [desk.mark(one.code, half_day.id, at=at.isoformat()) for one in (who, trainer)]
    left = desk.mark(who.code, half_day.id, kind="left", at=(at + timedelta(hours=1)).isoformat())
    desk.results(*came, left, sent_at=None)

    content = desk.roster().json

    seen = next(one for one in content["people"] if one["code"] == who.code)
    assert datetime.fromisoformat(seen["left"][str(half_day.id)]) == at + timedelta(hours=1)
    assert content["counts"][str(half_day.id)] == {"here": 1, "of": 1}


def test_a_trainer_at_the_door_is_let_in_and_not_counted(make, event, desk):
    trainer = make.registered(event, part="trainer")

    result = desk.results(desk.mark(trainer.badge, event.half_days[0].id))[0]

    assert result["outcome"] == "recorded"
    assert desk.roster().json["counts"][str(event.half_days[0].id)] == {"here": 0, "of": 0}


def test_nobody_but_a_desk_itself_speaks_in_its_name(make, event, staff, desk):
    who = make.registered(event)
    staff.get("/progress")
    token = staff.page.one("meta", name="csrf-token").get("content")
    content = {"device": desk.device["id"], "marks": [desk.mark(who.badge, event.half_days[0].id)]}

    staff.http.post(f"/events/{event.slug}/marks", json=content, headers={"X-CSRFToken": token})

    assert make.one(select(Mark)).device_id is None


def test_an_unreadable_authorization_is_refused_at_every_door_and_never_a_fault(app, event):
    client = app.test_client()
    for path in ("/", "/events/", "/progress", f"/events/{event.slug}/roster.json", "/nowhere"):
        answer = client.get(path, headers={"Authorization": "Basic \xa0"})
        assert answer.status_code in (200, 401, 404), path
