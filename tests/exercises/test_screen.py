"""The big screen opens to its trainers and by its own key, says where to join, and names nobody."""

from uuid import uuid4

from flask import Flask

from lms.accounts.models import Role
from lms.clock import now
from lms.database import db, writing
from lms.exercises import joining
from lms.exercises.models import Run
from tests.exercises.play import EXERCISE
from tests.exercises.rooms import RoomWith
from tests.make import Making
from tests.page import Client


def another_run(app: Flask) -> Run:
    with app.app_context(), writing():
        run = joining.open_run(EXERCISE, "early-signs", None, now())
        db.session.commit()
        db.session.expunge_all()
    return run


def test_its_trainer_opens_it_without_a_key(app: Flask, make: Making):
    room = RoomWith(app, make)

    room.trainer.get(f"/runs/{room.run.id}/screen")

    assert room.trainer.page.title.startswith("Big screen: Letters")


def test_a_machine_where_nobody_is_signed_in_opens_it_by_its_key(app: Flask, make: Making, client: Client):
    room = RoomWith(app, make)

    client.get(f"/runs/{room.run.id}/screen?key={room.run.screen_key}")

    assert client.page.one("main").get("data-key") == room.run.screen_key


def test_without_a_key_or_with_a_wrong_or_a_foreign_one_it_is_not_there(app: Flask, make: Making, client: Client):
    room, other = RoomWith(app, make), another_run(app)

    for key in ("", "?key=", "?key=wrong", "?key=%C3%A9", f"?key={other.screen_key}", f"?key={room.run.code}"):
        client.get(f"/runs/{room.run.id}/screen{key}", status=404)
    client.get(f"/runs/{uuid4()}/screen?key={room.run.screen_key}", status=404)


def test_for_other_trainers_and_for_players_it_is_not_there(app: Flask, make: Making):
    room = RoomWith(app, make)
    phone = room.phone()

    make.signed_in(Role.TRAINER).get(f"/runs/{room.run.id}/screen", status=404)
    make.signed_in().get(f"/runs/{room.run.id}/screen", status=404)

    assert phone.http.get(f"/runs/{room.run.id}/screen").status_code == 404


def test_it_says_where_to_join_and_shows_the_code_in_words_and_as_a_picture(app: Flask, make: Making):
    room = RoomWith(app, make)

    room.trainer.get(f"/runs/{room.run.id}/screen")

    page, code = room.trainer.page, room.run.code
    assert "localhost/join" in page.words
    assert f"{code[:3]} {code[3:]}" in page.words
    assert code in "".join(page.one("aside").itertext())
    assert "EXERCISE" in page.words
    assert "Rehearsal" not in page.words


def test_a_rehearsal_says_so(app: Flask, make: Making):
    room = RoomWith(app, make, rehearsal=True)

    room.trainer.get(f"/runs/{room.run.id}/screen")

    assert "Rehearsal" in room.trainer.page.words


def test_neither_page_nor_state_of_the_screen_holds_a_name_or_a_future_message(app: Flask, make: Making):
    room = RoomWith(app, make)
    room.phone(name="Eva Novak", profession="police")
    room.does("start", "next")

    room.trainer.get(f"/runs/{room.run.id}/screen")
    said = room.trainer.page.text + room.screen().text

    assert "<text tip>" in room.screen().json["released"][0]["text"]
    for secret in ("Eva", "Novak", "call>", "<note", "<expected"):
        assert secret not in said
    assert "Petra Vrana" not in said


def test_every_word_the_results_need_stands_in_the_page(app: Flask, make: Making):
    room = RoomWith(app, make)

    room.trainer.get(f"/runs/{room.run.id}/screen?lang=de")

    text = room.trainer.page.text
    for word in ("team-north", "team-south", "profession-police", "profession-other", "so-many-per-cent", "part-many"):
        assert f'data-word="{word}"' in text
