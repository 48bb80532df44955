"""People, devices and files that mean no good, or whose network does not."""

import pytest
from flask import Flask

from lms.accounts.models import Role
from lms.audit import AuditRow
from lms.exercises import responding, thinking
from lms.exercises.carrying import Unfit, read
from lms.exercises.models import Player, TakingPart
from tests.exercises.rooms import Phone, RoomWith
from tests.exercises.test_carrying import altered
from tests.exercises.travels import pack, played
from tests.make import Making
from tests.page import Client


def test_a_place_is_free_again_when_someone_was_sent_out(app: Flask, make: Making):
    room = RoomWith(app, make, capacity=1)
    intruder = room.phone()
    Phone(app, room.run).join(status=409)

    room.does("remove", player=intruder.id)

    Phone(app, room.run).join()


@pytest.mark.parametrize("name", ["123", "مهدی\u200cزاده", "👩\u200d⚖️ Anna"])
def test_an_account_whose_name_cannot_be_shown_joins_like_any_other(app: Flask, make: Making, name: str):
    room = RoomWith(app, make)

    phone = room.phone(make.signed_in(name=name))

    assert phone.sees()["mine"]["admission"] == "in"


def test_a_form_sent_twice_by_a_browser_that_has_no_cookie_yet_lets_one_player_in(app: Flask, make: Making):
    room = RoomWith(app, make, capacity=5)
    page = Client(app)
    page.get(f"/join/{room.run.code}")
    form = {"code": room.run.code, "name": "Ana", "key": page.page.hidden("key")}

    first, second = (app.test_client().post("/join", data=form) for _press in range(2))

    assert (first.status_code, second.status_code) == (303, 303)
    assert len(room.kept(Player)) == 1


def test_the_key_that_a_page_offers_is_another_for_every_browser_and_gives_way_to_the_one_a_browser_has(
    app: Flask, make: Making
):
    room = RoomWith(app, make)
    mine = room.phone()
    page = Client(app)
    page.get("/join")
    offered = page.page.hidden("key")
    page.get("/join")

    mine.http.post("/join", data={"code": room.run.code, "key": offered})

    assert page.page.hidden("key") != offered
    assert len(room.kept(Player)) == 1


def test_someone_who_guesses_codes_in_the_room_shuts_nobody_out_who_is_in(app: Flask, make: Making):
    room = RoomWith(app, make)
    phone = room.phone()
    for number in range(600):
        app.test_client().get(f"/join/A{number:05}")

    assert phone.http.get(f"/join/{room.run.code}").status_code == 200
    assert app.test_client().get(f"/join/{room.run.code}").status_code == 429


def test_a_form_about_a_question_to_come_is_answered_like_one_about_none(app: Flask, make: Making):
    room = RoomWith(app, make, teams_by="self")
    phone = room.phone()
    room.does("start", "next")

    def told(task: str) -> tuple[int, int]:
        sent = {"task": task, "answer": "first", "move": "first:up", "reason": "Because", "owner": "Ana"}
        answer = phone.http.post(f"/join/{room.run.code}/answers", data=sent)
        assert "Because" in answer.text
        return answer.status_code, len(answer.text)

    assert told("order") == told("decide") == told("why") == told("hands") == told("never")


def test_a_file_whose_exercise_has_a_name_that_is_none_is_refused(laptop: Making):
    room, _phones = played(laptop, people=1)
    content = altered(pack(laptop.app, room.run), lambda run: run["scenario"].update(id='a"\r\nSet-Cookie: b'))

    with pytest.raises(Unfit):
        read(content)


def test_nobody_writes_thoughts_without_end(app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(thinking, "MOST_EACH", 2)
    room = RoomWith(app, make)
    phones = [room.phone() for _one in range(2)]
    room.does("start", "end")

    said = [phones[0].post("thoughts", {"about": "worked", "words": f"Thought {n}"}) for n in range(5)]

    assert [one.status_code for one in said] == [200, 200, 200, 200, 409]
    assert "Tell your trainer" in said[-1].json["error"]


def test_no_team_writes_versions_of_a_decision_without_end(app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(responding, "MOST_VERSIONS", 2)
    room = RoomWith(app, make, teams_by="self")
    phone = room.phone()
    phone.post("seat", {"team": "north"})
    room.does("start", "next", "next", "open decide")

    said = [phone.send("decide", {"option": "act", "reason": f"Because {n}", "owner": "Police"}).json for n in range(3)]

    assert [one["outcome"] for one in said] == ["stored", "stored", "refused"]
    assert "two hundred" in said[-1]["error"]


def test_a_rehearsal_leaves_no_trace_whatever_is_done_with_it(app: Flask, make: Making):
    room = RoomWith(app, make, rehearsal=True)
    make.person(role=Role.TRAINER, email="jana@justice.test")
    room.does("start", "end")

    assert room.trainer.http.get(f"/runs/{room.run.id}/report.xlsx").status_code == 200
    for where, what in (("lessons", {"words": "Ring first"}), ("trainers", {"email": "jana@justice.test"})):
        room.trainer.get(f"/runs/{room.run.id}" + ("/trainers" if where == "trainers" else ""))
        room.trainer.post(f"/runs/{room.run.id}/{where}", what)

    assert room.kept(AuditRow) == []


def test_a_language_chosen_at_the_way_in_stays_without_an_account_and_without_scripts(app: Flask, make: Making):
    room = RoomWith(app, make, teams_by="self")
    browser = Client(app)

    def form(where: str) -> str:
        (action,) = (one.get("action") for one in browser.page.all("form") if where in (one.get("action") or ""))
        return action.partition("#")[0]

    def is_german() -> bool:
        return browser.page.all("html")[0].get("lang") == "de"

    browser.get(f"/join/{room.run.code}?lang=de")
    browser.follow(browser.http.post(form("/join"), data={"code": room.run.code}))
    joined = is_german()
    browser.follow(browser.http.post(form("/seat"), data={"team": "north"}))
    seated = is_german()
    room.does("start", "next", "open mood")
    browser.get(f"/join/{room.run.code}?lang=de")
    answered = browser.follow(browser.http.post(form("/answers"), data={"task": "mood", "answer": "good"}))

    assert joined and seated and is_german()
    assert answered.request.args["question"] == "mood"


def test_the_square_of_a_console_in_another_language_forces_that_language_on_nobody(app: Flask, make: Making):
    room = RoomWith(app, make)

    for where in ("", "/console"):
        room.trainer.get(f"/runs/{room.run.id}{where}?lang=de")

        assert f"/join/{room.run.code}" in room.trainer.page.text
        assert f"/join/{room.run.code}?" not in room.trainer.page.text


def test_a_run_that_is_ended_before_anything_was_asked_counts_for_nobody(app: Flask, make: Making):
    room = RoomWith(app, make)
    room.phone(make.signed_in())

    room.does("start", "next", "end")

    assert room.kept(TakingPart) == []
