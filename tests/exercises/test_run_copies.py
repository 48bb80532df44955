"""The pages and commands by which a run travels as a file."""

from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from lms import audit
from lms.accounts.models import Role
from lms.events import parcel
from lms.exercises.models import Answer, MoveRow, Run, TakingPart
from tests.exercises.travels import pack, played
from tests.make import Making
from tests.page import Client


def bring(organiser: Client, content: bytes, status: int = 200, **more: Any) -> None:
    organiser.get("/runs/take")
    token = organiser.page.hidden("csrf_token")
    given = {"csrf_token": token, "file": (BytesIO(content), "run.json")} | more
    organiser.post("/runs/take", given, status=status, content_type="multipart/form-data")


def test_a_trainer_takes_the_file_of_a_run_and_an_organiser_looks_at_it_before_it_is_kept(
    app: Flask, make: Making, laptop: Making
):
    room, _phones = played(laptop, people=2)
    room.trainer.get(f"/runs/{room.run.id}/copy")
    assert f"/runs/{room.run.id}/copy.json" in room.trainer.page.links()
    content = room.trainer.get(f"/runs/{room.run.id}/copy.json")
    organiser = make.signed_in(Role.ORGANISER)

    bring(organiser, content.data)
    asked, kept_before = organiser.page.words, make.all(select(Run))
    form = {name: organiser.page.hidden(name) for name in ("csrf_token", "parcel")}
    organiser.post("/runs/take", form, status=200)

    assert "attachment" in content.headers["Content-Disposition"]
    assert "Nothing is kept yet" in asked and "steps of the trainers" in asked and kept_before == []
    assert "The file is taken" in organiser.page.heading
    assert f"/runs/{room.run.id}" in organiser.page.links()
    assert len(make.all(select(MoveRow))) == 6
    deeds = [row.deed for row in make.all(select(audit.AuditRow))]
    assert deeds.count("run.taken") == 1
    assert "run.copied" in [row.deed for row in laptop.all(select(audit.AuditRow))]


def test_the_page_says_who_has_no_account_here_and_that_all_is_here_already(app: Flask, make: Making, laptop: Making):
    room, _phones = played(laptop, people=2)
    content = pack(laptop.app, room.run)
    organiser = make.signed_in(Role.ORGANISER, email="person2@service.example")

    bring(organiser, content)
    assert "person3@service.example" in organiser.page.words and "person1@service.example" in organiser.page.words
    assert "person2@service.example" not in organiser.page.words
    organiser.post("/runs/take", {name: organiser.page.hidden(name) for name in ("csrf_token", "parcel")}, status=200)
    bring(organiser, content)

    assert "Everything in this file is here already" in organiser.page.words
    assert len(make.all(select(TakingPart))) == 1


def test_a_file_that_is_too_large_to_wait_in_the_page_is_chosen_once_more(
    app: Flask, make: Making, laptop: Making, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(parcel, "MOST_PACKED", 100)
    room, _phones = played(laptop, people=2)
    organiser = make.signed_in(Role.ORGANISER)

    bring(organiser, pack(laptop.app, room.run))
    assert organiser.page.hidden("sure") == "y" and make.all(select(Run)) == []
    bring(organiser, pack(laptop.app, room.run), sure="y")

    assert len(make.all(select(Answer))) == 2


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b'{"format":"disrupt-run-1","sum":"","run":{}}'])
def test_a_file_that_is_none_of_ours_is_refused_in_words_at_its_field(make: Making, content: bytes):
    organiser = make.signed_in(Role.ORGANISER)

    bring(organiser, content, status=422)

    assert organiser.page.title.startswith("Error: ")
    assert make.all(select(Run)) == []


@pytest.mark.parametrize("text", ["x", "eNo", "AAAA" * 10])
def test_a_parcel_that_is_none_is_refused(make: Making, text: str):
    organiser = make.signed_in(Role.ORGANISER)
    organiser.get("/runs/take")

    organiser.post("/runs/take", {"csrf_token": organiser.page.hidden("csrf_token"), "parcel": text}, status=422)

    assert make.all(select(Run)) == []


def test_a_run_that_goes_on_and_a_rehearsal_say_why_they_do_not_travel(app: Flask, make: Making):
    still, _phones = played(make, people=1, end=False)
    rehearsed, _phones = played(make, people=1, rehearsal=True)

    for room, words in ((still, "End the exercise first"), (rehearsed, "A rehearsal does not travel")):
        room.trainer.get(f"/runs/{room.run.id}/copy")
        assert words in room.trainer.page.words
        assert f"/runs/{room.run.id}/copy.json" not in room.trainer.page.links()
        room.trainer.get(f"/runs/{room.run.id}/copy.json", status=302)


def test_the_way_to_bring_a_run_stands_on_the_list_of_runs_for_organisers_alone(make: Making):
    for role, there in ((Role.ORGANISER, True), (Role.TRAINER, False)):
        someone = make.signed_in(role)
        someone.get("/runs/")
        assert ("/runs/take" in someone.page.links()) is there


def test_only_an_organiser_brings_a_run_and_only_its_trainers_take_one(app: Flask, make: Making):
    room, _phones = played(make, people=1)
    other = make.signed_in(Role.TRAINER)

    room.trainer.get("/runs/take", status=404)
    other.get(f"/runs/{room.run.id}/copy", status=404)
    other.get(f"/runs/{room.run.id}/copy.json", status=404)
    make.signed_in(Role.ORGANISER).get(f"/runs/{room.run.id}/copy")


def test_the_file_says_nothing_that_the_main_site_would_show_a_trainer_of_somebody_elses_run(
    make: Making, laptop: Making
):
    room, _phones = played(laptop, people=2)
    organiser = make.signed_in(Role.ORGANISER)
    bring(organiser, pack(laptop.app, room.run), sure="y")

    make.signed_in(Role.TRAINER).get(f"/runs/{room.run.id}/copy", status=404)
    organiser.get(f"/runs/{room.run.id}/copy.json")
