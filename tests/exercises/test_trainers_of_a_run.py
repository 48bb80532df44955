"""Who conducts a run: whoever opened it, whoever is appointed to its event, and whoever is put beside them."""

from uuid import uuid4

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from lms.accounts.models import Role, Standing
from tests.exercises.rooms import RoomWith
from tests.make import Making


@pytest.fixture
def room(app: Flask, make: Making) -> RoomWith:
    return RoomWith(app, make)


def _add(room: RoomWith, data: dict[str, str], status: int = 302) -> TestResponse:
    room.trainer.get(f"/runs/{room.run.id}/trainers")
    return room.trainer.post(f"/runs/{room.run.id}/trainers", data, status)


def test_a_trainer_put_beside_goes_on_where_the_first_stopped(room, make):
    second = make.signed_in(Role.TRAINER, name="Jana Dvořák", email="jana@justice.test")
    address = f"/runs/{room.run.id}/trainers"
    second.get(address, 404)
    room.move("start")

    _add(room, {"email": "jana@justice.test"})

    second.get(address)
    assert room.run.title in second.get("/runs/").text
    second.get("/account")
    answer = room.move("next", second, second.page.hidden("csrf_token"))
    assert answer.status_code == 200
    assert answer.json["moves"] == 2


def test_whoever_is_taken_out_conducts_it_no_more(room, make):
    second = make.signed_in(Role.TRAINER, email="jana@justice.test")
    address = f"/runs/{room.run.id}/trainers"
    _add(room, {"email": "jana@justice.test"})

    second.get(address)
    second.post(f"{address}/{second.person.id}/end")

    second.get(address, 404)
    assert second.get("/runs/").status_code == 200


@pytest.mark.parametrize(
    ("email", "words"),
    [("", "Enter an e-mail address"), ("nobody@police.test", "no open account"), ("p@police.test", "practitioner")],
)
def test_whoever_cannot_be_put_beside_is_not_and_the_page_says_why(room, make, email, words):
    make.person(email="p@police.test")

    answer = _add(room, {"email": email}, 422)

    assert words in answer.text


def test_an_account_that_is_closed_is_not_put_beside(room, make):
    make.person(role=Role.TRAINER, email="gone@police.test", standing=Standing.DISABLED)

    answer = _add(room, {"email": "gone@police.test"}, 422)

    assert "no open account" in answer.text


def test_adding_the_same_trainer_twice_adds_them_once(room, make):
    make.person(role=Role.TRAINER, name="Jana Dvořák", email="jana@justice.test")
    address = f"/runs/{room.run.id}/trainers"

    for _turn in range(2):
        _add(room, {"email": "jana@justice.test"})

    assert room.trainer.get(address).text.count("put beside for this exercise") == 1


def test_a_foreign_trainer_finds_no_such_run(room, make):
    stranger = make.signed_in(Role.TRAINER)

    stranger.get(f"/runs/{room.run.id}/trainers", 404)
    stranger.get(f"/runs/{uuid4()}/trainers", 404)
