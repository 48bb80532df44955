"""A trainer's pages: the list of runs, the opening of one, the console, and whose they are."""

import pytest
from flask import Flask
from sqlalchemy import select

from lms.accounts.models import Role
from lms.audit import AuditRow
from lms.events.models import Event
from lms.exercises.models import Player, Run
from tests.exercises.rooms import RoomWith
from tests.make import Making
from tests.page import Client

WARM_UP = "early-signs/warm-up"
CITIES = "technology-in-recruitment/three-cities"
USUAL = {"exercise": WARM_UP, "half_day": "", "teams_by": "mix", "capacity": "60", "invented": "12"}


def opened(make: Making) -> Run:
    return make.one(select(Run))


def opening(client: Client, status: int = 302, **fields: str):
    client.get("/runs/new")
    return client.post("/runs/new", USUAL | fields, status=status)


def test_a_trainer_without_runs_is_told_what_to_do_next(make: Making):
    trainer = make.signed_in(Role.TRAINER)

    trainer.get("/runs/")

    assert "None is open." in trainer.page.words
    assert "/runs/new" in trainer.page.links()


def test_whoever_opens_an_exercise_comes_to_its_console_and_finds_it_in_the_list(make: Making):
    trainer = make.signed_in(Role.TRAINER)

    answer = opening(trainer)

    run = opened(make)
    assert answer.location == f"/runs/{run.id}/console"
    assert (run.module, run.exercise, run.capacity, run.rehearsal) == ("early-signs", "warm-up", 60, False)
    trainer.get("/runs/")
    assert f"{run.code[:3]} {run.code[3:]}" in trainer.page.words
    assert {f"/runs/{run.id}/console", f"/runs/{run.id}/screen"} <= set(trainer.page.links())


def test_every_exercise_is_offered_under_its_topic_with_its_minutes(make: Making):
    trainer = make.signed_in(Role.TRAINER)

    trainer.get("/runs/new")

    offered = [field.get("value") for field in trainer.page.all("input") if field.get("name") == "exercise"]
    assert {WARM_UP, CITIES} <= set(offered)
    assert "90 minutes" in trainer.page.words


def test_a_run_at_a_half_day_is_a_run_of_its_event(make: Making):
    event = make.event()
    trainer = make.appointed(event)

    opening(trainer, half_day=str(event.half_days[1].id))

    run = opened(make)
    assert (run.event_id, run.half_day_id) == (event.id, event.half_days[1].id)


def test_the_half_day_of_an_event_named_in_the_address_is_chosen_beforehand(make: Making):
    event = make.event()
    trainer = make.appointed(event)

    trainer.get(f"/runs/new?event={event.slug}&exercise={CITIES}&rehearsal")

    chosen = [one.get("value") for one in trainer.page.all("option") if one.get("selected") is not None]
    ticked = [one.get("value") for one in trainer.page.all("input") if one.get("checked") is not None]
    assert chosen == [str(event.half_days[0].id)]
    assert ticked == [CITIES, "mix", "y"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"exercise": ""}, "Choose an exercise."),
        ({"exercise": "early-signs/three-cities"}, "Choose an exercise."),
        ({"exercise": "../../etc"}, "Choose an exercise."),
        ({"half_day": "00000000-0000-0000-0000-000000000000"}, "Choose a half-day"),
        ({"half_day": "monday"}, "Choose a half-day"),
        ({"teams_by": "lot"}, "Choose how teams come about."),
        ({"capacity": "0"}, "Enter a whole number from 1 to 2000."),
        ({"capacity": "2001"}, "Enter a whole number from 1 to 2000."),
        ({"capacity": "many"}, "Enter a whole number from 1 to 2000."),
        ({"capacity": ""}, "Enter a number."),
        ({"rehearsal": "y", "invented": "41"}, "Enter a whole number from 0 to 40."),
        ({"rehearsal": "y", "invented": "x"}, "Enter a whole number from 0 to 40."),
    ],
)
def test_what_cannot_be_opened_is_said_at_its_field_and_nothing_is_opened(make: Making, fields: dict, words: str):
    trainer = make.signed_in(Role.TRAINER)

    opening(trainer, 422, **fields)

    assert words in trainer.page.words
    assert make.all(select(Run)) == []


def test_the_number_of_invented_people_is_not_asked_of_a_run_that_counts(make: Making):
    trainer = make.signed_in(Role.TRAINER)

    opening(trainer, invented="-1")

    assert opened(make).rehearsal is False
    assert make.all(select(Player)) == []


def test_a_half_day_of_an_event_where_one_does_not_take_the_roll_cannot_be_chosen(make: Making):
    event = make.event()
    trainer = make.signed_in(Role.TRAINER)

    opening(trainer, 422, half_day=str(event.half_days[0].id))

    assert event.title not in trainer.page.words
    assert make.all(select(Run)) == []


def test_the_opening_of_a_run_leaves_a_trace_and_that_of_a_rehearsal_leaves_none(make: Making):
    trainer = make.signed_in(Role.TRAINER)

    opening(trainer)
    opening(trainer, rehearsal="y")

    assert [row.deed for row in make.all(select(AuditRow))] == ["run.opened"]


def test_the_console_is_its_trainers_alone(app: Flask, make: Making):
    event = make.event()
    with_event = {"event_id": event.id}
    room = RoomWith(app, make, **with_event)
    console = f"/runs/{room.run.id}/console"

    room.trainer.get(console)
    make.appointed(event).get(console)
    make.signed_in(Role.ORGANISER).get(console)
    make.signed_in(Role.TRAINER).get(console, status=404)
    make.appointed(make.event("graz")).get(console, status=404)
    make.signed_in(Role.PRACTITIONER).get(console, status=404)
    Client(app).get(console, status=302)


def test_the_list_shows_nothing_of_other_trainers(app: Flask, make: Making):
    room = RoomWith(app, make)
    other = make.signed_in(Role.TRAINER)

    other.get("/runs/")

    assert room.run.title not in other.page.words
    make.signed_in(Role.PRACTITIONER).get("/runs/", status=404)
    make.signed_in(Role.PRACTITIONER).get("/runs/new", status=404)


def test_the_console_has_the_code_the_address_and_the_screen_with_its_key(app: Flask, make: Making):
    room = RoomWith(app, make)

    room.trainer.get(f"/runs/{room.run.id}/console")

    page = room.trainer.page
    assert page.one("input", id="join-link").get("value") == f"http://localhost/join/{room.run.code}"
    screen = page.one("input", id="screen-link").get("value")
    assert screen == f"http://localhost/runs/{room.run.id}/screen?key={room.run.screen_key}"
    assert page.one("meta", name="csrf-token").get("content")
    assert "EXERCISE" in page.words


def test_what_is_over_leads_to_its_results(app: Flask, make: Making):
    room = RoomWith(app, make)
    room.does("start", "end")

    room.trainer.get("/runs/")

    assert f"/runs/{room.run.id}" in room.trainer.page.links()
    assert f"/runs/{room.run.id}/console" not in room.trainer.page.links()


def test_a_run_at_an_event_is_found_by_everyone_who_takes_its_roll(app: Flask, make: Making):
    event: Event = make.event()
    room = RoomWith(app, make, event_id=event.id)

    colleague = make.appointed(event)
    colleague.get("/runs/")

    assert room.run.title in colleague.page.words
    assert event.title in colleague.page.words
