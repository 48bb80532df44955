"""Signature sheets and badges on paper: made for a half-day and a group, recognised by their code."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from lms.accounts.models import Role
from lms.clock import now
from lms.events.checkin import LETTERS
from lms.events.models import Event, HalfDay, Sheet
from lms.events.parts import Charge, Origin, Part, RegistrationState
from tests.make import Making
from tests.page import Client


@pytest.fixture
def event(make: Making) -> Event:
    return make.event("brussels")


@pytest.fixture
def trainer(make: Making, event: Event) -> Client:
    return make.appointed(event)


def make_sheet(client: Client, half_day: HalfDay, group: str, status: int = 302) -> str:
    client.get("/events/brussels/sheets")
    answer = client.post(f"/events/brussels/half-days/{half_day.id}/sheets", {"group": group}, status=status)
    return answer.location or ""


def test_each_half_day_offers_a_sheet_for_every_group_that_has_people(make: Making, event: Event, trainer: Client):
    make.registered(event, name="Ada Local", origin=Origin.LOCAL)
    make.registered(event, name="Bo Away", origin=Origin.INTERNATIONAL)
    make.registered(event, name="Cy Teaches", part=Part.TRAINER)
    make.registered(event, name="Di Speaks", part=Part.SPEAKER)
    make.registered(event, name="Ed Gone", part=Part.OBSERVER, state=RegistrationState.CANCELLED)

    trainer.get("/events/brussels/sheets")

    groups = [e.get("value") for e in trainer.page.all("input") if e.get("name") == "group"]
    assert groups == ["participant-local", "participant-international", "trainer", "speaker"] * 4
    assert "Nobody is on the roll yet" not in trainer.page.words


def test_trainers_are_never_on_a_sheet_of_participants(make: Making, event: Event, trainer: Client):
    ada = make.registered(event, name="Ada", origin=Origin.LOCAL)
    make.registered(event, name="Cy", part=Part.TRAINER, origin=Origin.LOCAL)

    make_sheet(trainer, event.half_days[0], "participant-local")

    sheet = make.one(select(Sheet))
    assert sheet.rows == [str(ada.id)]
    assert (sheet.part, sheet.origin, sheet.half_day_id) == (Part.PARTICIPANT, Origin.LOCAL, event.half_days[0].id)
    assert sheet.made_by_id == trainer.person.id
    assert re.fullmatch(f"[{LETTERS}]{{8}}", sheet.code)


def test_the_same_group_printed_again_is_the_same_sheet_while_nobody_changed(
    make: Making, event: Event, trainer: Client
):
    make.registered(event, name="Ada", origin=Origin.LOCAL)

    first = make_sheet(trainer, event.half_days[0], "participant-local")
    again = make_sheet(trainer, event.half_days[0], "participant-local")

    assert first == again
    assert len(make.all(select(Sheet))) == 1


def test_a_changed_roll_makes_a_new_sheet_with_a_code_of_its_own(make: Making, event: Event, trainer: Client):
    make.registered(event, name="Bo", part=Part.TRAINER)
    make_sheet(trainer, event.half_days[0], "trainer")
    make.registered(event, name="Ada", part=Part.TRAINER)

    trainer.get("/events/brussels/sheets")
    said = trainer.page.words
    make_sheet(trainer, event.half_days[0], "trainer")

    old, new = make.all(select(Sheet).order_by(Sheet.id))
    assert "The roll changed since: print it again." in said
    assert (len(old.rows), len(new.rows), new.rows[1]) == (1, 2, old.rows[0])
    assert old.code != new.code


def test_every_half_day_has_sheets_of_its_own(make: Making, event: Event, trainer: Client):
    make.registered(event, name="Bo", part=Part.TRAINER)

    for half_day in event.half_days:
        make_sheet(trainer, half_day, "trainer")

    assert {sheet.half_day_id for sheet in make.all(select(Sheet))} == {one.id for one in event.half_days}


def test_a_sheet_is_a_pdf_to_save_named_by_its_day_and_code(make: Making, event: Event, trainer: Client):
    make.registered(event, name="Елена Георгиева", part=Part.TRAINER)
    where = make_sheet(trainer, event.half_days[0], "trainer")

    answer = trainer.http.get(where)

    code = make.one(select(Sheet)).code
    assert answer.data.startswith(b"%PDF-")
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"] == f"attachment; filename=brussels-2027-03-01-{code}.pdf"
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("group", ["", "participant", "speaker", "participant-local", "<b>"])
def test_a_group_that_is_none_or_has_nobody_has_no_sheet(make: Making, event: Event, trainer: Client, group: str):
    make.registered(event, name="Bo", part=Part.TRAINER)

    make_sheet(trainer, event.half_days[0], group, status=404)

    assert make.all(select(Sheet)) == []


def test_sheets_of_another_event_are_not_there(make: Making, event: Event, trainer: Client):
    other = make.event("vienna")
    make.registered(other, name="Bo", part=Part.TRAINER)
    make.appointed(other)
    sheet = Sheet(code="ABCDEFGH", half_day_id=other.half_days[0].id, part=Part.TRAINER, rows=[], made_at=now())
    make.add(sheet)

    trainer.get("/events/vienna/sheets", status=404)
    trainer.get(f"/events/vienna/sheets/{sheet.id}.pdf", status=404)
    trainer.get(f"/events/brussels/sheets/{sheet.id}.pdf", status=404)


def test_those_who_only_take_part_see_no_sheet_and_no_badges(make: Making, event: Event):
    someone = make.signed_in()
    make.registered(event, someone.person)
    unappointed = make.signed_in(Role.TRAINER)

    for client in (someone, unappointed):
        for page in ("sheets", "badges.pdf"):
            client.get(f"/events/brussels/{page}", status=404)


def test_badges_are_for_everyone_who_is_expected(make: Making, event: Event, trainer: Client):
    trainer.get("/events/brussels/badges.pdf", status=404)
    make.registered(event, name="Ada")
    make.registered(event, name="Bo", part=Part.TRAINER)

    answer = trainer.http.get("/events/brussels/badges.pdf")

    assert answer.data.startswith(b"%PDF-")
    assert answer.headers["Content-Disposition"] == "attachment; filename=brussels-badges.pdf"


def test_someone_who_takes_part_prints_their_own_badge_and_nobody_elses(make: Making, event: Event):
    someone, another = make.signed_in(), make.signed_in()
    make.registered(event, someone.person)

    answer = someone.http.get("/events/brussels/badge.pdf")

    assert answer.data.startswith(b"%PDF-")
    another.get("/events/brussels/badge.pdf", status=404)


def test_a_cancelled_registration_has_no_badge(make: Making, event: Event):
    someone = make.signed_in()
    make.registered(event, someone.person, state=RegistrationState.CANCELLED)

    someone.get("/events/brussels/badge.pdf", status=404)


def test_an_organiser_of_the_event_and_a_coordinator_print_sheets_too(make: Making, event: Event):
    make.registered(event, name="Bo", part=Part.TRAINER)

    for client in (make.appointed(event, Charge.ORGANISER), make.signed_in(Role.ORGANISER)):
        assert make_sheet(client, event.half_days[0], "trainer")


def test_an_event_without_half_days_says_so(make: Making):
    event = make.event("ghent", half_days=[])
    make.registered(event, name="Bo")
    trainer = make.appointed(event)

    trainer.get("/events/ghent/badges.pdf", status=404)
    trainer.get("/events/ghent/sheets")

    assert "no half-days yet" in trainer.page.words


def test_a_half_day_is_named_by_its_day_where_it_takes_place(make: Making):
    start = now().replace(year=2027, month=3, day=1, hour=22, minute=0, second=0, microsecond=0)
    event = make.event("brussels", timezone="Asia/Tokyo")
    make.change(event.half_days[0], starts_at=start, ends_at=start + timedelta(hours=3))
    make.registered(event, name="Bo", part=Part.TRAINER)
    trainer = make.appointed(event)
    where = make_sheet(trainer, event.half_days[0], "trainer")

    answer = trainer.http.get(where)

    assert "brussels-2027-03-02-" in answer.headers["Content-Disposition"]
