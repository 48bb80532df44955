"""What an attacker, a broken program or bad luck may try on events, and what becomes of it."""

import csv
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO, StringIO
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import event as happening
from sqlalchemy import select

from lms.accounts.models import Person, Role
from lms.audit import AuditRow
from lms.clock import now
from lms.database import Model, db
from lms.events import copying, roll
from lms.events.checkin import room_code
from lms.events.desk_json import digest
from lms.events.models import (
    Appointment,
    Device,
    Event,
    Mark,
    Registration,
    Scan,
    Settlement,
    Sheet,
    Stray,
    Tick,
)
from lms.events.parts import Charge, MarkKind, Part, RegistrationState, Signed
from tests.events.test_marks import Desk, paired
from tests.make import Making
from tests.page import Client

CANARY = "Zephyrine Quillfeather"  # somebody of the other event


class Site:
    """Two events, each with everything that has an id, and whoever may come to them."""

    def __init__(self, app: Flask, make: Making) -> None:
        self.app, self.make = app, make
        self.coordinator = make.signed_in(Role.ORGANISER)
        self.here = make.event("ghent", first=f"{now() - timedelta(hours=12):%Y-%m-%d}")
        self.there = make.event("vienna", first=f"{now() - timedelta(hours=12):%Y-%m-%d}")
        self.mine, self.theirs = self._filled(self.here, "Ana Here"), self._filled(self.there, CANARY)

    def _filled(self, event: Event, name: str) -> dict[str, Any]:
        """Someone, a walk-in, a mark, a sheet, a scan, a stray, a desk and an appointed trainer of an event."""
        who = self.make.registered(event, self.make.person(name=name, email=f"canary-{event.slug}@service.example"))
        walk_in = self.make.registered(event, name=f"{name} walk-in", walk_in=True)
        half_day = event.half_days[0]
        moment = half_day.starts_at
        mark = Mark(
            id=uuid4(), registration_id=who.id, half_day_id=half_day.id, kind=MarkKind.CAME, at=moment, said_at=moment,
            received_at=moment, fingerprint="0" * 64, reason=f"{name} reason",
        )  # fmt: skip
        sheet = Sheet(code=f"{event.slug.upper():A<8}"[:8], half_day_id=half_day.id, part=Part.PARTICIPANT,
                      rows=[str(who.id)], made_at=moment)  # fmt: skip
        scan = Scan(half_day_id=half_day.id, name=f"{name}.pdf", mimetype="application/pdf", sha256="1" * 64,
                    content=f"%PDF-1.4 {name}".encode(), added_at=moment)  # fmt: skip
        stray = Stray(id=uuid4(), event_id=event.id, said={"badge": name, "at": moment.isoformat()},
                      fingerprint="2" * 64, why="unknown-badge", received_at=moment)  # fmt: skip
        device = Device(id=uuid4(), event_id=event.id, name=f"{name} door", salt="s", made_at=moment, paired_at=moment)
        trainer = self.make.person(Role.TRAINER)
        appointment = Appointment(event_id=event.id, person_id=trainer.id, charge=Charge.TRAINER)
        tick = Tick(half_day_id=half_day.id, registration_id=who.id, signed=Signed.UNSIGNED, at=moment)
        self.make.add(mark, sheet, scan, stray, device, appointment, tick)
        return {
            "slug": event.slug, "half_day_id": half_day.id, "registration_id": who.id, "mark_id": mark.id,
            "sheet_id": sheet.id, "scan_id": scan.id, "stray_id": stray.id, "device_id": device.id,
            "person_id": trainer.id, "who": who, "walk_in": walk_in, "mark": mark, "stray": stray,
        }  # fmt: skip


@pytest.fixture
def site(app: Flask, make: Making) -> Site:
    return Site(app, make)


def token_of(client: Client) -> str:
    client.get("/progress")
    return str(client.page.one("meta", name="csrf-token").get("content"))


def ways(app: Flask, wings: tuple[str, ...] = ()) -> Iterator[tuple[str, str, str, set[str]]]:
    """Endpoint, method, rule and arguments of every way into events."""
    names = wings or (
        "events", "desk_pages", "desk_json", "people_pages", "roll_pages", "registrations", "imports", "paper_pages",
        "copy_pages", "desk",
    )  # fmt: skip
    for rule in app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] in names:
            for method in sorted(rule.methods & {"GET", "POST"}):
                yield rule.endpoint, method, rule.rule, set(rule.arguments)


def address(rule: str, ids: dict[str, Any]) -> str:
    for name, value in ids.items():
        for kind in ("", "int:", "uuid:"):
            rule = rule.replace(f"<{kind}{name}>", str(value))
    assert "<" not in rule, rule
    return rule


# --- who may come where --------------------------------------------------------------------------------------

PUBLIC, SIGNED_IN, ON_THE_ROLL, STAFF, ORGANISE, COORDINATE, DESK = range(7)
LEVELS = {
    "events": SIGNED_IN, "events.badge": ON_THE_ROLL, "events.cancel": ON_THE_ROLL,
    "desk_pages": STAFF, "desk_pages.kiosk": PUBLIC, "desk_pages.worker": PUBLIC, "desk_pages.manifest": PUBLIC,
    "desk_pages.here": PUBLIC, "desk_pages.come": PUBLIC,
    "desk_json.roster": DESK, "desk_json.marks": "its scans", "desk_json.pair": PUBLIC, "desk_json.become": STAFF,
    "people_pages": ORGANISE, "people_pages.new": COORDINATE,
    "roll_pages": STAFF, "registrations": ORGANISE, "imports": ORGANISE,
    "paper_pages": STAFF, "paper_pages.remove_scan": ORGANISE, "paper_pages.badge": ON_THE_ROLL,
    "copy_pages": ORGANISE, "desk": STAFF,
}  # fmt: skip
MAY = {
    "nobody": {PUBLIC},
    "practitioner": {PUBLIC, SIGNED_IN},
    "registered": {PUBLIC, SIGNED_IN, ON_THE_ROLL},
    "trainer here": {PUBLIC, SIGNED_IN, STAFF, DESK, "its scans"},
    "trainer there": {PUBLIC, SIGNED_IN},
    "organiser here": {PUBLIC, SIGNED_IN, STAFF, ORGANISE, DESK, "its scans"},
    "organiser there": {PUBLIC, SIGNED_IN},
    "coordinator": {PUBLIC, SIGNED_IN, STAFF, ORGANISE, COORDINATE, DESK, "its scans"},
    "desk here": {PUBLIC, DESK, "its scans"},
    "desk there": {PUBLIC},
    "revoked desk": {PUBLIC, "its scans"},
}
UNLESS_FILLED_IN = {
    ("POST", "paper_pages.make_sheet"),
    ("POST", "paper_pages.tick"),
    ("POST", "paper_pages.tick_rest"),
    ("POST", "desk_json.pair"),
    ("POST", "registrations.merge"),
    ("POST", "roll_pages.take_back"),
    ("POST", "imports.plan"),
    ("POST", "imports.carry_out"),
    ("POST", "imports.returned"),
}  # not there for anybody without what belongs into the form
CHANGES_WHO_I_AM = {"events.register", "events.cancel"}
FOR_ANY_STAFF = {"copy_pages.bring", "copy_pages.take"}  # whoever may organise anything; the file says what


def someone(site: Site, who: str) -> tuple[Any, dict[str, str], str]:
    """A browser or a program of this identity, the headers it sends, its form token."""
    make, event = site.make, site.there if who.endswith("there") else site.here
    if who.endswith("desk") or who.startswith("desk"):
        desk = paired(site.coordinator, event.slug, who)
        if who == "revoked desk":
            make.change(make.one(select(Device).where(Device.id == UUID(desk.device["id"]))), revoked_at=now())
        return desk.http, desk.headers, ""
    if who == "nobody":
        return site.app.test_client(), {}, ""
    if who == "coordinator":
        client = site.coordinator
    elif who in ("practitioner", "registered"):
        client = make.signed_in()
        if who == "registered":
            make.registered(event, client.person)
    else:
        client = make.appointed(event, who.split()[0])
    return client.http, {}, token_of(client)


@pytest.mark.parametrize("who", MAY)
def test_every_way_into_events_opens_to_those_it_is_for_and_shows_others_nothing(app, make, site, who):
    http, headers, token = someone(site, who)

    wrong = []
    for endpoint, method, rule, _names in ways(app):
        if (method, endpoint) in UNLESS_FILLED_IN or (endpoint in CHANGES_WHO_I_AM and who != "nobody"):
            continue
        level = LEVELS.get(endpoint, LEVELS.get(endpoint.partition(".")[0]))
        path = address(rule, site.mine)
        answer = http.open(
            path, method=method, buffered=True, headers=headers, data={"csrf_token": token} if method == "POST" else {}
        )
        turned_away = answer.status_code in (401, 403, 404) or "/sign-in" in (answer.location or "")
        may = level in MAY[who]
        if endpoint in FOR_ANY_STAFF and who in ("trainer here", "trainer there", "organiser there"):
            may = True
        if turned_away == may or answer.status_code >= 500:
            wrong.append((method, path, answer.status_code, answer.location))
        if CANARY.encode() in answer.data and who != "coordinator" and not who.endswith("there"):
            wrong.append((method, path, "the other event shows"))

    assert not wrong


@pytest.mark.parametrize("charge", list(Charge))
def test_no_id_of_another_event_opens_anything_under_the_address_of_mine(app, make, site, charge):
    client = make.appointed(site.here, charge)
    token = token_of(client)

    wrong = []
    for _endpoint, method, rule, names in ways(app):
        for swapped in names - {"slug", "kind"}:
            path = address(rule, site.mine | {swapped: site.theirs[swapped]})
            answer = client.http.open(
                path, method=method, buffered=True, data={"csrf_token": token} if method == "POST" else {}
            )
            if answer.status_code != 404 or CANARY.encode() in answer.data:
                wrong.append((method, path, answer.status_code))

    assert not wrong


@pytest.mark.parametrize("verb", ["PUT", "PATCH", "DELETE", "HEAD"])
def test_another_verb_or_spelling_of_an_address_opens_no_more_than_the_plain_one(app, make, site, verb):
    client = make.appointed(site.there)
    token = token_of(client)

    wrong = []
    for _endpoint, _method, rule, _names in ways(app):
        if "<slug>" not in rule or rule.startswith(("/here", "/events/<slug>.ics")) or rule == "/events/<slug>":
            continue
        path = address(rule, site.mine)
        for one in (
            path,
            f"{path}/",
            path.replace("/events/", "/events//"),
            path.upper(),
            f"{path}.json",
            f"{path}%2e",
        ):
            for headers in ({}, {"X-HTTP-Method-Override": "GET"}):
                answer = client.http.open(one, method=verb, headers={"X-CSRFToken": token} | headers)
                if answer.status_code < 400 and "/sign-in" not in (answer.location or "") and answer.status_code != 308:
                    wrong.append((verb, one, answer.status_code))

    assert not wrong


# --- what is sent --------------------------------------------------------------------------------------------


def test_half_days_people_sheets_and_marks_of_another_event_named_in_a_form_or_in_json_are_not_there(make, site):
    client = make.appointed(site.here, Charge.ORGANISER)
    token, mine, theirs = token_of(client), site.mine, site.theirs
    before = rows_of(site.app, but={"audit_row", "login"})
    at = f"/events/{site.here.slug}"
    other = str(theirs["half_day_id"])
    forms: list[tuple[str, dict[str, Any]]] = [
        (f"/people/{mine['registration_id']}", {"half_day": other, "kind": "came", "reason": "r", "id": str(uuid4())}),
        (f"/registrations/{mine['walk_in'].id}/merge", {"into": str(theirs["registration_id"])}),
        (f"/strays/{mine['stray_id']}/assign",
         {"whose": str(theirs["registration_id"]), "half_day": other, "kind": "came", "note": "n"}),
        (f"/half-days/{mine['half_day_id']}/paper/rest", {"sheet": theirs["sheet_id"]}),
        (f"/half-days/{mine['half_day_id']}/paper/rest", {"sheet": 10**30}),
        (f"/half-days/{mine['half_day_id']}/paper", {"row": f"{theirs['registration_id']} signed"}),
        (f"/half-days/{mine['half_day_id']}/by-hand", {"id": str(theirs["registration_id"]), "name": "X"}),
    ]  # fmt: skip

    answers = [client.http.post(at + path, data={"csrf_token": token} | form) for path, form in forms]

    assert [(one.request.path, one.status_code) for one in answers if one.status_code not in (400, 404, 422)] == []
    assert not any(CANARY in one.text for one in answers)
    assert rows_of(site.app, but={"audit_row", "login"}) == before


def test_a_desk_can_neither_check_in_nor_take_back_at_another_event(make, site):
    desk = paired(site.coordinator, site.here.slug)
    theirs = site.theirs

    results = desk.results(
        desk.mark(theirs["who"].badge, site.mine["half_day_id"]),
        desk.mark(theirs["who"].code, site.mine["half_day_id"]),
        desk.mark(site.mine["who"].badge, theirs["half_day_id"]),
        desk.mark("", site.mine["half_day_id"], kind="undo", of=str(theirs["mark_id"]), reason="r"),
        desk.mark("", site.mine["half_day_id"], person={"id": str(theirs["registration_id"]), "name": "X"}),
        desk.mark(site.mine["who"].badge, site.mine["half_day_id"], id=str(theirs["mark_id"])),
    )

    assert [one["outcome"] for one in results] == ["refused"] * 6
    assert CANARY not in str(results)
    assert len(make.all(select(Mark))) == 2


EXTRA = {
    "id": 999, "event_id": 2, "slug": "taken", "version": 77, "room_secret": "mine", "person_id": 1, "by_id": 1,
    "badge": "A" * 26, "code": "AAAAAA", "walk_in": "1", "merged_into_id": str(uuid4()), "registered_at": "2020-01-01",
    "role": "organiser", "is_admin": "1", "outcome": "recorded", "received_at": "2020-01-01", "since": "2020-01-01",
    "attended": "1", "minutes": "400", "counts": "1", "device_id": str(uuid4()), "fingerprint": "f" * 64,
    "token_hash": "0" * 64, "salt": "", "revoked_at": "", "charge": "organiser",
}  # fmt: skip


def test_fields_that_no_form_and_no_mark_has_change_nothing(make, site):
    client, here, mine = site.coordinator, site.here, site.mine
    token, desk = token_of(client), paired(site.coordinator, here.slug)
    version = make.event_again(here).version
    send = lambda path, form: client.http.post(  # noqa: E731
        f"/events/{here.slug}{path}", data=EXTRA | {"csrf_token": token} | form
    )

    added = send("/registrations", {"name": "Bo", "part": "participant", "state": "registered", "origin": "local"})
    changed = send(f"/registrations/{mine['walk_in'].id}",
                   {"name": "Bo 2", "part": "observer", "state": "confirmed", "origin": "local"})  # fmt: skip
    edited = send("/edit", {"title": "T", "kind": "eu", "city": "C", "country": "BE", "timezone": "Europe/Brussels",
                            "late_after": "15", "counts_by": "per-cent", "counts_from": "75"})  # fmt: skip
    marked = desk.results(EXTRA | desk.mark(mine["who"].badge, mine["half_day_id"]) | {"by": "x", "event": "vienna"})

    assert [one.status_code for one in (added, changed, edited)] == [302] * 3
    assert marked[0]["outcome"] == "already"
    new = make.one(select(Registration).where(Registration.name == "Bo"))
    again = make.one(select(Registration).where(Registration.id == mine["walk_in"].id))
    for one in (new, again):
        assert (one.event_id, one.person_id, one.merged_into_id) == (here.id, None, None)
        assert one.badge != EXTRA["badge"]
        assert one.code != EXTRA["code"]
    assert (new.walk_in, again.walk_in, again.badge) == (False, True, mine["walk_in"].badge)
    event = make.event_again(here)
    assert (event.slug, event.room_secret, event.id) == (here.slug, here.room_secret, here.id)
    assert version < event.version < 77
    mark = make.one(select(Mark).where(Mark.id == UUID(marked[0]["id"])))
    assert (mark.device_id, mark.fingerprint == EXTRA["fingerprint"]) == (UUID(desk.device["id"]), False)
    assert mark.received_at > now() - timedelta(minutes=1)


def test_a_cookie_beside_a_wrong_token_opens_nothing_and_a_cookie_alone_needs_the_forms_token(make, site):
    client = make.appointed(site.here)
    desk = paired(client, site.here.slug)
    far = paired(site.coordinator, site.there.slug)
    path = f"/events/{site.here.slug}/marks"
    body = {"marks": [desk.mark(site.mine["who"].badge, site.mine["half_day_id"])], "device": ""}

    statuses = [
        client.http.post(path, json=body, headers=headers).status_code
        for headers in (
            {},
            {"Authorization": "Bearer wrong"},
            {"Authorization": "Basic eDp5"},
            {"Authorization": "Bearer"},
            {"Authorization": ""},
            {"Authorization": "Digest x"},
            {"X-CSRFToken": "wrong"},
            far.headers,
            far.headers | {"X-CSRFToken": token_of(client)},
        )
    ]
    with_both = client.http.post(path, json=body, headers=desk.headers)

    assert statuses == [400, 401, 401, statuses[3], statuses[4], 401, 400, 403, 403]
    assert {statuses[3], statuses[4]} <= {400, 401}
    assert with_both.status_code == 200
    assert {one.by_id for one in make.all(select(Mark).where(Mark.device_id.is_not(None)))} == {client.person.id}


def rows_of(app: Flask, but: set[str] = frozenset()) -> dict[str, list[Any]]:
    """Everything that is kept, but what is noted of whoever looks."""
    seen = {"device": {"seen_at"}, "login": {"seen_at"}}
    with app.app_context():
        return {
            table.name: [
                tuple(row) for row in db.session.execute(
                    select(*(column for column in table.c if column.name not in seen.get(table.name, ())))
                    .order_by(*table.primary_key.columns)
                )
            ]
            for table in Model.metadata.sorted_tables if table.name not in but
        }  # fmt: skip


def test_no_page_of_events_that_is_only_looked_at_changes_anything(app, site):
    client = site.coordinator
    desk = paired(client, site.here.slug)
    before = rows_of(app, but={"audit_row"})

    for _endpoint, method, rule, _names in ways(app):
        if method == "GET":
            client.http.get(address(rule, site.mine | {"kind": "csv"}), buffered=True)
            client.http.get(address(rule, site.mine | {"kind": "csv"}), buffered=True, headers=desk.headers)

    assert rows_of(app, but={"audit_row"}) == before


def test_every_answer_of_events_carries_the_headers_that_protect_whatever_it_is(app, site):
    client = site.coordinator
    token, desk = token_of(client), paired(client, site.here.slug)
    etag = desk.roster().headers["ETag"]

    answers = [desk.roster(**{"If-None-Match": etag}), desk.roster("vienna"), desk.send(None, "x", slug="vienna")]
    for _endpoint, method, rule, _names in ways(app):
        for http, ids in ((client.http, site.mine), (app.test_client(), site.theirs), (desk.http, site.mine)):
            sent = {"csrf_token": token} if method == "POST" else {}
            answers.append(http.open(address(rule, ids), method=method, buffered=True, data=sent))

    for answer in answers:
        where = (answer.request.method, answer.request.path, answer.status_code)
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'"), where
        assert "unsafe" not in answer.headers["Content-Security-Policy"], where
        assert answer.headers["X-Content-Type-Options"] == "nosniff", where
        assert "no-store" in answer.headers["Cache-Control"], where
        assert "Server" not in answer.headers or not any(sign.isdigit() for sign in answer.headers["Server"]), where


# --- an event's file -----------------------------------------------------------------------------------------


def packed(app: Flask, slug: str = "ghent") -> dict[str, Any]:
    with app.app_context():
        content: dict[str, Any] = json.loads(
            copying.packed(db.session.scalars(select(Event).where(Event.slug == slug)).one())
        )
        return content


def brought(client: Client, content: Any) -> Any:
    """A file sent from the page; put together here, because a test client leaves a large one open on the disk."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    part = '--limit\r\nContent-Disposition: form-data; name="%s"\r\n\r\n'
    sent = (part % "csrf_token" + token_of(client) + "\r\n" + part % 'file"; filename="x.json').encode() + body
    return client.http.post(
        "/events/copy", data=sent + b"\r\n--limit--\r\n", content_type="multipart/form-data; boundary=limit"
    )


def first(kind: str, **values: Any) -> Any:
    return lambda copy, theirs: copy[kind][0].update(values)


def again(kind: str, **values: Any) -> Any:
    return lambda copy, theirs: copy[kind].append(copy[kind][0] | values)


NEW_CODE = {"code": "ABCDEF", "badge": "ABCDEFGHJKLMNPQRSTUVWXYZ23"}
UNFIT = {
    "the slug is a word of the site": lambda copy, _theirs: copy.update(slug="copy"),
    "a zone that is none": lambda copy, _theirs: copy.update(slug="new-one", timezone="Mars/Olympus"),
    "a zone that is a path": lambda copy, _theirs: copy.update(slug="new-one", timezone="../../etc/passwd"),
    "no way to count": lambda copy, _theirs: copy.update(counts_per_cent=None),
    "two ways to count": lambda copy, _theirs: copy.update(counts_minutes=10),
    "more late than can be": lambda copy, _theirs: copy.update(late_after=10**12),
    "no places": lambda copy, _theirs: copy.update(places=0),
    "a title that no database keeps": lambda copy, _theirs: copy.update(title="a\0b"),
    "a summary that no database keeps": first("half_days", summary="a\0b"),
    "a half-day of another event": lambda copy, theirs: copy["half_days"].append(
        copy["half_days"][0] | {"id": str(theirs["half_day_id"]), "starts_at": "2027-01-01T09:00:00Z",
                                "ends_at": "2027-01-01T10:00:00Z"}),
    "a half-day twice": again("half_days"),
    "two half-days at one time": again("half_days", id=str(uuid4())),
    "a half-day that ends before it starts": again(
        "half_days", id=str(uuid4()), starts_at="2027-01-01T09:00:00Z", ends_at="2027-01-01T08:00:00Z"),
    "a half-day of a year": again(
        "half_days", id=str(uuid4()), starts_at="2027-01-01T09:00:00Z", ends_at="2028-01-01T08:00:00Z"),
    "a half-day in the year 1": again(
        "half_days", id=str(uuid4()), starts_at="0001-01-01T00:00:00+23:59", ends_at="0001-01-01T08:00:00+23:59"),
    "someone of another event": lambda copy, theirs: copy["people"].append(
        copy["people"][0] | NEW_CODE | {"id": str(theirs["registration_id"])}),
    "the badge of someone of another event": lambda copy, theirs: copy["people"].append(
        copy["people"][0] | NEW_CODE | {"id": str(uuid4()), "badge": theirs["who"].badge}),
    "the badge of someone else here": lambda copy, _theirs: copy["people"][0].update(id=str(uuid4()), code="ABCDEF"),
    "one badge twice": again("people", id=str(uuid4()), code="ABCDEF"),
    "one person twice": again("people", **NEW_CODE),
    "merged into someone of another event": lambda copy, theirs: copy["people"][0].update(
        merged_into=str(theirs["registration_id"])),
    "merged into nobody": first("people", merged_into=str(uuid4())),
    "merged into oneself": lambda copy, _theirs: copy["people"][0].update(merged_into=copy["people"][0]["id"]),
    "merged into each other": lambda copy, _theirs: (
        copy["people"][0].update(merged_into=copy["people"][1]["id"]),
        copy["people"][1].update(merged_into=copy["people"][0]["id"])),
    "a name of spaces": first("people", name=" "),
    "an address that no database keeps": first("people", email="a\0b"),
    "a registration in the year 9999": first("people", registered_at="9999-12-31T23:59:00-23:59"),
    "a desk that no database keeps": lambda copy, _theirs: copy["desks"][0].update(name="a\0b"),
    "a desk in the year 1": lambda copy, _theirs: copy["desks"][0].update(made_at="0001-01-01T00:00:00+23:59"),
    "a mark of a half-day of another event": lambda copy, theirs: copy["marks"][0].update(
        half_day=str(theirs["half_day_id"])),
    "a mark of someone of another event": lambda copy, theirs: copy["marks"][0].update(
        registration=str(theirs["registration_id"])),
    "a mark in the year 1": first("marks", at="0001-01-01T00:00:00+23:59"),
    "a mark received in the year 9999": first("marks", received_at="9999-12-31T23:59:00-23:59"),
    "a reason that no database keeps": first("marks", reason="a\0b"),
    "a fingerprint that no database keeps": first("marks", fingerprint="\0"),
}  # fmt: skip


def test_a_file_that_reaches_beyond_its_event_or_cannot_be_kept_changes_nothing(app, site):
    before = rows_of(app)

    answers = {}
    for what, spoil in UNFIT.items():
        content = packed(app)
        spoil(content, site.theirs)
        answers[what] = brought(site.coordinator, content)

    assert {what: one.status_code for what, one in answers.items() if one.status_code != 422} == {}
    assert [what for what, one in answers.items() if "Nothing was taken from this file" not in one.text] == []
    assert rows_of(app) == before


def test_a_file_changes_no_account_no_fact_and_nobody_who_is_here_already(app, make, site):
    client = make.appointed(site.here, Charge.ORGANISER)
    boss = make.person(Role.ORGANISER, email="boss@service.example", name="Boss")
    content = packed(app) | {"title": "Mine now", "self_check_in": True, "room_secret": "known", "late_after": 240}
    for one in content["people"]:
        one.update(name="Somebody else", email=boss.email, part="trainer", state="cancelled")
    for one in content["half_days"]:
        one.update(title="Mine now")
    before = rows_of(app, but={"audit_row"})

    answer = brought(client, content)

    assert answer.status_code == 200
    assert rows_of(app, but={"audit_row"}) == before
    assert make.one(select(Person).where(Person.id == boss.id)).role is Role.ORGANISER


def test_a_file_of_an_event_that_one_does_not_organise_is_not_taken(app, make, site):
    trainer, elsewhere = make.appointed(site.here), make.appointed(site.there, Charge.ORGANISER)
    content = packed(app)
    content["marks"][0]["id"] = str(uuid4())
    nobody = make.signed_in()
    before = rows_of(app)

    answers = [brought(trainer, content), brought(elsewhere, content), brought(nobody, content)]

    assert [one.status_code for one in answers] == [404] * 3
    assert rows_of(app) == before


def test_a_file_lets_a_walk_in_move_on_with_whoever_was_merged_into_it(app, make, site):
    mine, event = site.mine, site.here
    first_guess = make.registered(event, name="First guess", walk_in=True)
    content = packed(app)
    walk_in = mine["walk_in"]
    half_day = event.half_days[0]
    make.add(Mark(id=uuid4(), registration_id=walk_in.id, half_day_id=half_day.id, kind=MarkKind.CAME,
                  at=half_day.starts_at, said_at=half_day.starts_at, received_at=now(), fingerprint="9" * 64))  # fmt: skip
    make.change(walk_in, merged_into_id=first_guess.id)
    for one in content["people"]:
        if one["id"] == str(first_guess.id):
            one["merged_into"] = str(mine["registration_id"])

    answer = brought(site.coordinator, content)

    assert answer.status_code == 200
    assert {one.merged_into_id for one in make.all(select(Registration).where(Registration.walk_in))} >= {
        mine["registration_id"]
    }
    assert make.one(select(Registration).where(Registration.id == walk_in.id)).merged_into_id == mine["registration_id"]


def test_the_file_of_a_large_event_is_taken_at_once_and_twice_is_once(app, make, site):
    content = packed(app)
    person, mark = content["people"][0], content["marks"][0]
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    code = lambda n: "".join(letters[n // 32**place % 32] for place in range(6))  # noqa: E731
    content["people"] += [
        person | {"id": str(uuid4()), "email": "", "badge": code(n) + "A" * 20, "code": code(n)} for n in range(2000)
    ]
    content["marks"] += [
        mark | {"id": str(uuid4()), "registration": one["id"], "reason": "long " * 20}
        for one in content["people"][2:] for _twice in range(3)
    ]  # fmt: skip
    assert len(json.dumps(content)) > 3_000_000
    asked: list[str] = []

    with queries(app, asked):
        once = brought(site.coordinator, content)
    twice = brought(site.coordinator, content)

    assert (once.status_code, twice.status_code) == (200, 200)
    assert "New on the list: 2000. New marks: 6000." in once.text
    assert "New on the list: 0. New marks: 0. Here already: 6001." in twice.text
    assert len(asked) < 150


@contextmanager
def queries(app: Flask, asked: list[str]) -> Iterator[None]:
    """Every statement the site sends meanwhile."""

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    with app.app_context():
        engine = db.engine
    happening.listen(engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        happening.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("content", [b'{"format":' + b"[" * 200_000, b'{"marks": [' + b"{}," * 500_000 + b"{}]}"])
def test_a_file_of_brackets_or_of_half_a_million_rows_is_refused_in_words(app, site, content):
    answer = brought(site.coordinator, content)

    assert answer.status_code == 422
    assert "Nothing was taken" in answer.text


def test_the_same_file_brought_by_several_at_once_is_taken_once(app, make, site):
    content = packed(app) | {"slug": "fresh"}
    for kind in ("half_days", "people", "desks", "marks"):
        for one in content[kind]:
            fresh = {one["id"]: str(uuid4())}
            text = json.dumps(content)
            for old, new in fresh.items():
                text = text.replace(old, new)
            content = json.loads(text)
    for n, one in enumerate(content["people"]):
        one.update(badge="ABCDEFGHJKLMNPQRSTUVWXYZ2" + "2345"[n], email="")
    clients = [make.signed_in(Role.ORGANISER) for _one in range(4)]
    for client in clients:
        token_of(client)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda client: brought(client, content), clients))

    assert [one.status_code for one in answers] == [200] * 4, [one.text[:200] for one in answers]
    fresh_event = make.one(select(Event).where(Event.slug == "fresh"))
    assert len(make.all(select(Registration).where(Registration.event_id == fresh_event.id))) == len(content["people"])


# --- what desks send -----------------------------------------------------------------------------------------


def raw(desk: Desk, marks: list[str], sent_at: str = "") -> Any:
    """A batch as text, so that it can be as crooked as a program makes it."""
    body = f'{{"device": "{desk.device["id"]}", "marks": [{", ".join(marks)}]{sent_at}}}'
    return desk.http.post(
        f"/events/{desk.slug}/marks", data=body.encode(), headers=desk.headers | {"Content-Type": "application/json"}
    )


def crooked(badge: str, half_day: Any) -> dict[str, str]:
    """Marks that a broken or a hostile program could send, by what is wrong with them."""
    good = {"badge": badge, "half_day": str(half_day), "kind": "came", "at": now().isoformat()}

    def one(**more: Any) -> str:
        return json.dumps({"id": str(uuid4())} | good | more)

    def text(field: str, value: str) -> str:
        return one(**{field: "PLACE"}).replace('"PLACE"', value)

    return {
        "the same key twice": one()[:-1] + f', "badge": "ZZZZZZ", "half_day": "{half_day}", "badge": "{badge}"}}',
        "a number without end": text("reason", "1" + "0" * 4000),
        "a large number as its id": text("id", "9" * 40),
        "a broken number": text("at", "1e308"),
        "year 1 with an offset": one(at="0001-01-01T00:00:00+23:59"),
        "year 9999 with an offset": one(at="9999-12-31T23:59:59-23:59"),
        "year 2000 with an offset": one(at="2000-01-01T00:00:00+23:59"),
        "year 2200 with an offset": one(at="2200-12-31T23:59:59-23:59"),
        "an offset beyond a day": one(at="2026-01-01T00:00:00+99:99"),
        "a number as its time": text("at", "1700000000"),
        "a list as its badge": text("badge", "[]"),
        "deep in itself": text("reason", "[" * 400 + "]" * 400),
        "deeper": text("reason", "[" * 700 + "]" * 700),
        "an object in each other": text("person", '{"a":' * 300 + "1" + "}" * 300),
        "a NUL": text("reason", '"a\\u0000b"'),
        "a NUL in its id": text("id", '"\\u0000"'),
        "a NUL in a name": text("person", f'{{"id": "{uuid4()}", "name": "a\\u0000"}}'),
        "a name of spaces": text("person", f'{{"id": "{uuid4()}", "name": "   "}}'),
        "a name of signs that nobody sees": text("person", f'{{"id": "{uuid4()}", "name": "\\u200b\\u202e"}}'),
        "a name with a line": text("person", f'{{"id": "{uuid4()}", "name": "a\\nb"}}'),
        "an id in braces": one(id="{" + str(uuid4()) + "}"),
        "an id in capitals": one(id=str(uuid4()).upper()),
        "its own undo": one(kind="undo", of=str(UUID(int=5)), id=str(UUID(int=5)), reason="r"),
        "an undo of nothing": one(kind="undo", of=str(uuid4()), badge="", reason="r"),
        "a reason as long as can be": one(reason="ж" * 300),
        "all of everything": one(reason="x" * 9000, badge="y" * 9000),
        "true": "true",
        "a text": '"' + "x" * 5000 + '"',
    }


def test_whatever_a_desk_sends_each_mark_is_answered_and_none_keeps_the_others_back(app, make, site):
    desk = paired(site.coordinator, "ghent")
    who = make.registered(site.here)
    good = desk.mark(who.code, site.mine["half_day_id"])

    answers = {
        what: raw(desk, [mark, json.dumps(good)]) for what, mark in crooked(who.badge, site.mine["half_day_id"]).items()
    }

    assert {what: one.status_code for what, one in answers.items() if one.status_code != 200} == {}
    for what, one in answers.items():
        assert one.json["results"][1]["outcome"] in ("recorded", "already"), what
        assert one.json["results"][0]["outcome"] in ("recorded", "already", "refused"), what
    assert desk.roster().status_code == 200
    for path in ("/desk/attendance/ghent", "/events/ghent/registrations", f"/events/ghent/people/{who.id}"):
        site.coordinator.get(path)
    for kind in ("csv", "xlsx", "ods", "pdf"):
        assert site.coordinator.http.get(f"/desk/attendance/ghent.{kind}", buffered=True).status_code == 200
    for stray in make.all(select(Stray).where(Stray.event_id == site.here.id)):
        site.coordinator.get(f"/events/ghent/strays/{stray.id}")


def test_no_depth_of_brackets_makes_a_fault_of_ours(app, site):
    desk = paired(site.coordinator, "ghent")
    depths = [*range(100, 860, 90), *range(860, 1000, 6)]

    answers = [raw(desk, [f'{{"id": "{uuid4()}", "reason": {"[" * deep}{"]" * deep}}}']) for deep in depths]
    pairing = [
        app.test_client().post("/kiosk/pair", data=b'{"code": "A", "x": ' + b"[" * deep + b"]" * deep + b"}")
        for deep in (100, 950, 3000)
    ]

    assert {one.status_code for one in answers} <= {200, 422}
    assert {one.status_code for one in pairing} <= {404, 422}


@pytest.mark.parametrize(
    "sent_at",
    ["2000-01-01T00:00:00+23:59", "2200-12-31T23:59:59-23:59", "2000-01-01T00:00:00Z", "1999-12-31T23:59:59Z",
     "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"],
)  # fmt: skip
def test_a_clock_that_is_lifetimes_wrong_stops_nothing_and_its_marks_are_told_apart(app, make, site, sent_at):
    desk = paired(site.coordinator, "ghent")
    who = make.registered(site.here)
    marks = [
        json.dumps(desk.mark(who.code, site.mine["half_day_id"], at=at))
        for at in ("2000-01-01T00:00:00+23:59", "2200-12-31T23:59:59-23:59", now().isoformat())
    ]

    answer = raw(desk, marks, f', "sent_at": "{sent_at}"')

    assert answer.status_code in (200, 422)
    assert desk.roster().status_code == 200
    site.coordinator.get(f"/events/ghent/people/{who.id}")
    site.coordinator.get("/desk/attendance/ghent")
    for kind in ("csv", "xlsx", "ods"):
        file = site.coordinator.http.get(f"/desk/attendance/ghent.{kind}", buffered=True)
        assert (file.status_code, len(file.data) > 100) == (200, True)


# --- several at once -----------------------------------------------------------------------------------------


def at_once(*deeds: Any) -> list[Any]:
    """What becomes of deeds that begin at the same moment."""
    gate = Barrier(len(deeds))

    def begin(deed: Any) -> Any:
        gate.wait(20)
        return deed()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return [one.result() for one in [pool.submit(begin, deed) for deed in deeds]]


def posting(client: Client, path: str, form: dict[str, Any], **options: Any) -> Any:
    token = token_of(client)
    return lambda: client.http.post(path, data={"csrf_token": token} | form, **options)


def test_a_pairing_code_tried_by_many_at_once_makes_one_desk(app, make, site):
    make.add(Device(id=uuid4(), event_id=site.here.id, name="Door", salt="s", pairing_hash=digest("AAAAAAAA"),
                    pairing_until=now() + timedelta(minutes=10), made_at=now()))  # fmt: skip
    clients = [app.test_client() for _one in range(12)]

    answers = at_once(*((lambda one=one: one.post("/kiosk/pair", json={"code": "AAAA-AAAA"})) for one in clients))

    assert sorted(one.status_code for one in answers) == [200] + [404] * 11


def test_two_organisers_who_merge_and_part_a_walk_in_at_once_leave_it_in_one_place_with_its_marks(app, make, site):
    event, walk_in = site.here, site.mine["walk_in"]
    half_day = event.half_days[0]
    make.add(Mark(id=uuid4(), registration_id=walk_in.id, half_day_id=half_day.id, kind=MarkKind.CAME,
                  at=half_day.starts_at, said_at=half_day.starts_at, received_at=now(), fingerprint="9" * 64))  # fmt: skip
    others = [make.registered(event) for _one in range(2)]
    one, two = (make.appointed(event, Charge.ORGANISER) for _one in range(2))
    at = f"/events/{event.slug}/registrations/{walk_in.id}"

    for _trial in range(4):
        answers = at_once(
            posting(one, f"{at}/merge", {"into": str(others[0].id)}),
            posting(two, f"{at}/merge", {"into": str(others[1].id)}),
            posting(one, f"{at}/part", {}),
            posting(two, f"{at}/merge", {"email": site.coordinator.person.email}),
        )
        assert {answer.status_code for answer in answers} <= {302, 404, 409, 422}
        with app.app_context():
            rows = roll.roll(db.session.get_one(Event, event.id))
            assert [row.attended[0].came_at for row in rows].count(half_day.starts_at) == 2  # theirs, and Ana's own
            again = db.session.get_one(Registration, walk_in.id)
            assert again.merged_into_id is None or again.merged_into_id in [row.registration.id for row in rows]
        at_once(posting(one, f"{at}/part", {}))


def test_two_who_settle_the_same_difference_at_once_decide_it_once(app, make, site):
    event, who = site.here, make.registered(site.here)
    half_day = event.half_days[0]
    make.add(Tick(half_day_id=half_day.id, registration_id=who.id, signed=Signed.SIGNED, at=now()))
    clients = [make.appointed(event) for _one in range(3)]
    at = f"/events/{event.slug}/half-days/{half_day.id}/settle/{who.id}"
    deeds = []
    for client in clients:
        client.get(at)
        form = {name: client.page.hidden(name) for name in ("id", "saw")} | {"decision": "present", "reason": "signed"}
        deeds.append(posting(client, at, form))

    answers = at_once(*deeds)

    assert sorted(one.status_code for one in answers) == [302, 409, 409]
    assert len(make.all(select(Mark).where(Mark.registration_id == who.id))) == 1
    assert len(make.all(select(Settlement))) == 1


def test_ticking_correcting_settling_and_scanning_the_same_people_at_once_never_fails(app, make, site):
    event = site.here
    half_day = event.half_days[0]
    people = [make.registered(event, name=f"Someone {n}") for n in range(12)]
    sheet = Sheet(code="QQQQQQQQ", half_day_id=half_day.id, part=Part.PARTICIPANT,
                  rows=[str(one.id) for one in people], made_at=now())  # fmt: skip
    make.add(sheet)
    clients = [make.appointed(event) for _one in range(4)]
    desk = paired(site.coordinator, event.slug)
    at = f"/events/{event.slug}/half-days/{half_day.id}"
    backwards = list(reversed(people))
    rest = posting(clients[0], f"{at}/paper/rest", {"sheet": sheet.id})
    ticks = [posting(clients[1], f"{at}/paper", {"row": f"{one.id} signed"}) for one in backwards]
    rows = [
        posting(clients[2], f"{at}/{one.id}", {"kind": "came", "reason": "r", "id": str(uuid4()), "stood": ""})
        for one in people
    ]
    marks = [desk.mark(one.code, half_day.id) for one in backwards]
    removed = posting(site.coordinator, f"/events/{event.slug}/edit/half-days/{half_day.id}/remove", {})

    answers = at_once(
        lambda: [rest()], lambda: [one() for one in ticks], lambda: [one() for one in rows],
        lambda: [desk.send(*marks)], lambda: [removed()],
    )  # fmt: skip

    statuses = [one.status_code for several in answers for one in several]
    assert not [one for one in statuses if one >= 500], statuses
    assert len(make.all(select(Tick).where(Tick.registration_id.in_([one.id for one in people])))) == 12


def test_walk_ins_come_while_others_are_merged_and_a_list_is_imported_and_nobody_is_turned_away(app, make, site):
    event = site.here
    half_day = event.half_days[0]
    people = [make.registered(event, name=f"Walk-in {n}", walk_in=True) for n in range(8)]
    desks = [paired(site.coordinator, event.slug, f"Door {n}") for n in range(3)]
    organiser = make.appointed(event, Charge.ORGANISER)
    new = [{"id": str(uuid4()), "name": f"New {n}"} for n in range(6)]
    merges = [
        posting(organiser, f"/events/{event.slug}/registrations/{one.id}/merge",
                {"into": str(site.mine["registration_id"])})
        for one in people
    ]  # fmt: skip

    def batch(desk: Desk, order: int) -> list[dict[str, Any]]:
        said = [desk.mark(one.code, half_day.id) for one in people]
        said += [desk.mark("", half_day.id, person=one) for one in new]
        return said[::order]

    sent = [batch(desk, order) for desk, order in zip(desks, (1, -1, 1), strict=True)]
    answers = at_once(
        *((lambda desk=desk, marks=marks: [desk.send(*marks)]) for desk, marks in zip(desks, sent, strict=True)),
        lambda: [one() for one in merges],
    )

    assert [one.status_code for several in answers for one in several if one.status_code >= 500] == []
    assert len(make.all(select(Registration).where(Registration.name.like("New %")))) == 6


def test_the_same_list_imported_by_two_at_once_is_on_the_roll_once(app, make, site):
    event = site.here
    clients = [make.appointed(event, Charge.ORGANISER) for _one in range(3)]
    content = "Name,E-mail\n" + "".join(f"Someone {n},someone{n}@service.example\n" for n in range(20))
    deeds = []
    for client in clients:
        client.get(f"/events/{event.slug}/registrations/import")
        client.post(f"/events/{event.slug}/registrations/import", {"file": (BytesIO(content.encode()), "x.csv")}, 200)
        page = client.page
        form = {e.get("name"): e.get("value") or "" for e in page.all("input") if e.get("type") == "hidden"}
        for e in page.all("select"):
            chosen = [o.get("value") for o in e.iter() if o.get("selected") is not None]
            form[e.get("name")] = chosen[0] if chosen else ""
        deeds.append(
            lambda client=client, form=form: client.http.post(
                f"/events/{event.slug}/registrations/import/carry-out", data=form
            )
        )

    answers = at_once(*deeds)

    assert sorted({one.status_code for one in answers}) in ([200], [200, 409])
    found = make.all(select(Registration).join(Person).where(Person.email.like("someone%")))
    assert len(found) == 20


# --- guessing ------------------------------------------------------------------------------------------------


def test_whoever_guesses_pairing_codes_is_stopped_and_another_address_in_a_header_does_not_help(app, site):
    http = app.test_client()
    statuses = [
        http.post("/kiosk/pair", json={"code": "ZZZZZZZZ"}, headers={"X-Forwarded-For": f"10.0.{n // 250}.{n % 250}"})
        .status_code for n in range(620)
    ]  # fmt: skip

    assert statuses[:600] == [404] * 600
    assert set(statuses[600:]) == {429}


def test_two_hundred_people_behind_one_address_check_in_alone_and_a_guesser_there_learns_no_name(app, make):
    event = make.event(first=f"{now():%Y-%m-%d}", self_check_in=True)
    half_day = event.half_days[0]
    make.change(half_day, starts_at=now() - timedelta(minutes=5), ends_at=now() + timedelta(hours=3))
    people = [make.registered(event, name=f"Name{n} Family{n}") for n in range(200)]
    client = Client(app)

    def come(badge: str, room: str) -> Any:
        return client.http.post("/here/ghent", data={"csrf_token": token, "c": room, "badge": badge})

    client.get("/here/ghent")
    token = client.page.hidden("csrf_token")
    guesses = [come(one.code, "AAAAAA") for one in people[:20]]
    unknown = [come("ZZZZZZ", room_code(event.room_secret, now())) for _one in range(3)]
    answers = [come(one.code, room_code(event.room_secret, now())) for one in people]

    assert {one.status_code for one in answers} == {200}
    assert {one.status_code for one in guesses + unknown} == {422}
    assert not any("Name" in one.text.replace("Name of", "") and "Family" in one.text for one in guesses + unknown)
    assert not any("Family" in one.text for one in answers)
    assert len(make.all(select(Mark))) == 200


# --- desks that were away ------------------------------------------------------------------------------------


def test_marks_for_a_half_day_that_was_moved_or_taken_out_meanwhile_are_taken_or_kept_aside(app, make, site):
    event, desk = site.here, paired(site.coordinator, "ghent")
    who = make.registered(event)
    moved, gone = event.half_days[2], event.half_days[3]
    scans = [desk.mark(who.code, one.id, at=one.starts_at.isoformat()) for one in (moved, gone)]
    token = token_of(site.coordinator)
    at = "/events/ghent/edit/half-days"
    removed = site.coordinator.http.post(f"{at}/{gone.id}/remove", data={"csrf_token": token})
    make.change(moved, starts_at=moved.starts_at - timedelta(minutes=30))

    results = desk.results(*scans, sent_at=None)

    assert removed.status_code == 302
    assert [one["outcome"] for one in results] == ["recorded", "refused"]
    stray = make.one(select(Stray).where(Stray.id == UUID(scans[1]["id"])))
    assert stray.why == "unknown-half-day"
    site.coordinator.get(f"/events/ghent/strays/{stray.id}")


def test_a_scan_of_someone_cancelled_is_kept_aside_also_by_the_badge_of_the_walk_in_they_came_as(app, make, site):
    event, desk = site.here, paired(site.coordinator, "ghent")
    who = make.registered(event)
    someone = {"id": str(uuid4()), "name": "Ana"}
    half_day = event.half_days[0].id
    desk.results(desk.mark("", half_day, person=someone))
    walk_in = make.one(select(Registration).where(Registration.id == UUID(someone["id"])))
    make.change(walk_in, merged_into_id=who.id)
    merged = desk.results(desk.mark("", half_day, person=someone), desk.mark(walk_in.code, half_day))
    make.change(who, state=RegistrationState.CANCELLED)

    results = desk.results(desk.mark("", half_day, person=someone), desk.mark(walk_in.code, half_day),
                           desk.mark(who.code, half_day))  # fmt: skip

    assert [one["outcome"] for one in merged] == ["already", "already"]
    assert [one["outcome"] for one in results] == ["refused"] * 3
    assert len(make.all(select(Stray).where(Stray.why == "cancelled"))) == 3


def test_an_undo_takes_back_a_mark_of_the_same_person_and_half_day_and_no_other(app, make, site):
    event, desk = site.here, paired(site.coordinator, "ghent")
    one, two = make.registered(event), make.registered(event)
    first_one, second = event.half_days[:2]
    came = desk.mark(one.code, first_one.id)
    desk.results(came)

    results = desk.results(
        desk.mark(two.code, first_one.id, kind="undo", of=came["id"], reason="of another"),
        desk.mark(one.code, second.id, kind="undo", of=came["id"], reason="at another half-day"),
        desk.mark("", second.id, kind="undo", of=came["id"], reason="at another half-day"),
    )
    right = desk.results(desk.mark("", first_one.id, kind="undo", of=came["id"], reason="right"))

    assert [result["outcome"] for result in results] == ["refused"] * 3
    assert right[0]["outcome"] == "recorded"


# --- what is shown -------------------------------------------------------------------------------------------

HOSTILE = (
    "<script>alert(1)</script>{{7*7}}${7*7}%(name)s%s", "=HYPERLINK(\"http://x\")\"><img src=x onerror=alert(1)>",
    "+1+1'-alert(1)-'</title><svg onload=alert(1)>", "@SUM(1)javascript:alert(1)<!--]]>", "-2+3&lt;b&gt; O'Brien",
    "\uff1d1+1",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_name_title_reason_or_organisation_is_more_than_text_on_any_page_or_in_any_file(app, make, text):
    event = make.event(first=f"{now() - timedelta(hours=12):%Y-%m-%d}", title=text, city=text, venue=text)
    half_day = event.half_days[0]
    make.change(half_day, title=text)
    organiser = make.appointed(event, Charge.ORGANISER, name=text)
    who = make.registered(event, make.person(name=text, organisation=text))
    walk_in = make.registered(event, name=text, organisation=text, walk_in=True)
    moment = half_day.starts_at
    device = Device(id=uuid4(), event_id=event.id, name=text, salt="s", made_at=moment, paired_at=moment)
    mark = Mark(
        id=uuid4(), registration_id=who.id, half_day_id=half_day.id, kind=MarkKind.CAME, at=moment, said_at=moment,
        received_at=moment, fingerprint="0" * 64, reason=text, device_id=device.id, by_id=organiser.person.id,
    )  # fmt: skip
    sheet = Sheet(code="QQQQQQQQ", half_day_id=half_day.id, part=Part.PARTICIPANT, rows=[str(who.id)], made_at=moment)
    scan = Scan(half_day_id=half_day.id, name=text, mimetype="application/pdf", sha256="1" * 64, content=b"%PDF-",
                added_at=moment)  # fmt: skip
    stray = Stray(id=uuid4(), event_id=event.id, said={"badge": text, "person": {"name": text}, "reason": text},
                  fingerprint="2" * 64, why="unknown-badge", received_at=moment, device_id=device.id)  # fmt: skip
    make.add(mark, sheet, scan, stray, device)
    tick = Tick(half_day_id=half_day.id, registration_id=who.id, signed=Signed.UNSIGNED, at=moment)
    make.add(tick)
    ids = {
        "slug": event.slug, "half_day_id": half_day.id, "registration_id": who.id, "mark_id": mark.id,
        "sheet_id": sheet.id, "scan_id": scan.id, "stray_id": stray.id, "device_id": device.id, "person_id": 1,
    }  # fmt: skip

    for _endpoint, method, rule, _names in ways(app):
        if method == "GET" and not rule.endswith(".pdf") and rule != "/events/new":
            path = address(rule, ids)
            if organiser.http.get(path, buffered=True).mimetype == "text/html":
                organiser.get(path, status=404 if rule.endswith("/badge") else 200)
    files = {
        kind: organiser.http.get(f"/desk/attendance/ghent.{kind}", buffered=True)
        for kind in ("csv", "xlsx", "ods", "pdf")
    }

    assert {one.status_code for one in files.values()} == {200}
    cells = [cell for row in csv.reader(StringIO(files["csv"].data.decode("utf-8-sig"))) for cell in row]
    assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "@", "\uff1d")) and len(cell) > 1]
    assert walk_in.name == text


def test_the_record_of_deeds_holds_no_name_and_no_address(app, make, site):
    client = site.coordinator
    token = token_of(client)
    for _endpoint, method, rule, _names in ways(app):
        client.http.open(address(rule, site.mine | {"kind": "csv"}), method=method, buffered=True,
                         data={"csrf_token": token, "name": "Zoe Secret", "reason": "Zoe Secret", "why": "other",
                               "part": "participant", "state": "registered", "origin": "local", "note": "Zoe Secret",
                               "into": str(site.mine["registration_id"]), "group": "participant-local"}
                         if method == "POST" else {})  # fmt: skip

    told = " ".join(f"{one.deed} {one.about}" for one in make.all(select(AuditRow)))
    assert told
    for secret in ("Zoe", "Ana", "Here", "@", "Quillfeather", site.mine["who"].badge, site.mine["who"].code):
        assert secret not in told, secret


def test_no_page_of_an_event_asks_more_of_the_database_for_more_people(app, make, site):
    client, event = site.coordinator, site.here
    desk = paired(client, event.slug)
    pages = [address(rule, site.mine) for _endpoint, method, rule, _names in ways(app)
             if method == "GET" and "kind" not in _names and not rule.endswith((".pdf", ".js", ".webmanifest"))]  # fmt: skip

    def counts() -> dict[str, int]:
        found = {}
        for page in pages:
            asked: list[str] = []
            with queries(app, asked):
                (desk.http if page.endswith("roster.json") else client.http).get(
                    page, headers=desk.headers if page.endswith("roster.json") else {}
                )
            found[page] = len(asked)
        return found

    def grow(many: int) -> None:
        for n in range(many):
            who = make.registered(event, **({"name": f"Someone {n}", "walk_in": True} if n % 3 else {}))
            mark = desk.mark(who.code, site.mine["half_day_id"])
            desk.results(mark)
            make.add(
                Tick(half_day_id=site.mine["half_day_id"], registration_id=who.id, signed=Signed.UNSIGNED, at=now())
            )

    grow(3)
    few = counts()
    grow(24)
    many = counts()

    assert {page: (few[page], many[page]) for page in pages if many[page] > few[page] + 1} == {}
