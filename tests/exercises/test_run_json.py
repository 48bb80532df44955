"""A run over HTTP: who gets what, who may send what, and that no device holds more than its player may see."""

from http.cookies import SimpleCookie
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from lms.accounts.models import Role
from lms.audit import AuditRow
from lms.content.exercises import Decision, Exercise, FreeText, Hands, Order, PollMultiple
from lms.events.checkin import LETTERS
from lms.exercises.models import Answer, MoveRow, Player, TakingPart, Thought
from lms.exercises.parts import Fault, Why
from lms.exercises.reasons import ANSWERS, DOOR, FIELDS_OF_DOOR, MOVES
from lms.settings import Settings
from tests.exercises.rooms import Phone, RoomWith
from tests.exercises.test_shipped import shipped
from tests.make import Making, another_site
from tests.page import Client

NOWHERE = UUID(int=9)


@pytest.fixture
def room(app: Flask, make: Making) -> RoomWith:
    return RoomWith(app, make)


# --- joining


def test_a_code_has_six_signs_that_nobody_mistakes(room: RoomWith):
    assert len(room.run.code) == 6
    assert set(room.run.code) <= set(LETTERS)


def test_someone_without_an_account_joins_with_a_code_typed_in_any_way(room: RoomWith):
    phone = Phone(room.app, room.run)

    phone.join(code=f" {room.run.code[:3].lower()}-{room.run.code[3:].lower()} ", name="Ana", profession="judge")

    assert phone.sees()["mine"] == {"team": "", "role": "", "admission": "in", "answers": {}}
    (player,) = room.kept(Player)
    assert (player.name, player.profession, player.person_id) == ("Ana", "judge", None)


def test_the_key_is_a_cookie_that_scripts_and_other_sites_do_not_get_and_that_opens_nothing_else(room: RoomWith):
    phone = Phone(room.app, room.run)

    (sent,) = phone.join().headers.getlist("Set-Cookie")

    (cookie,) = SimpleCookie(sent).values()
    assert (cookie.key, cookie["path"], cookie["samesite"], cookie["domain"]) == ("player", "/", "Lax", "")
    assert cookie["httponly"] is True and not cookie["secure"]
    assert phone.http.get("/account").location.startswith("/sign-in")
    assert phone.http.get(f"/runs/{room.run.id}/state?as=trainer").status_code == 404
    assert phone.http.get(f"/runs/{room.run.id}/state?as=screen").status_code == 404
    assert cookie.value not in str([vars(one) for one in room.kept(Player)])


def test_over_https_the_key_is_bound_to_this_host_and_a_plain_cookie_is_not_believed(
    settings: Settings, app: Flask, make: Making
):
    room = RoomWith(app, make)
    here = "https://training.example"

    with another_site(settings, public_url=here) as site:
        browser = site.test_client()
        joined = browser.post("/join", json={"code": room.run.code}, base_url=here)
        (cookie,) = SimpleCookie(joined.headers["Set-Cookie"]).values()
        own = browser.get(f"/runs/{room.run.id}/state", base_url=here)
        thief = site.test_client()
        thief.set_cookie("player", cookie.value, domain="training.example")
        theirs = thief.get(f"/runs/{room.run.id}/state", base_url=here)

    assert cookie.key == "__Host-player" and cookie["secure"] is True and cookie["path"] == "/"
    assert (own.status_code, theirs.status_code) == (200, 401)


def test_joining_again_with_the_same_browser_is_the_same_player(room: RoomWith):
    phone = room.phone(name="Ana")
    first = phone.id

    phone.join()

    assert phone.id == first
    assert len(room.kept(Player)) == 1


def test_someone_who_is_signed_in_is_the_same_player_on_every_device(room: RoomWith, make: Making):
    mine = make.signed_in(profession="prosecutor")
    phone = room.phone(mine)
    other = Client(room.app)
    other.sign_in(mine.person.email, "four calm words together")

    tablet = room.phone(other)

    assert phone.id == tablet.id
    (player,) = room.kept(Player)
    assert (player.person_id, player.profession) == (mine.person.id, "prosecutor")
    assert phone.sees()["audience"] == tablet.sees()["audience"] == "player"


def test_who_joined_without_an_account_and_then_signs_in_is_still_the_same_player(room: RoomWith, make: Making):
    phone = room.phone()
    browser = Client(room.app)
    browser.http = phone.http
    person = make.person()
    browser.sign_in(person.email, "four calm words together")
    first = phone.id

    phone.join()

    assert phone.id == first
    assert [player.person_id for player in room.kept(Player)] == [person.id]


def test_two_people_who_sign_in_with_one_browser_are_two_players(room: RoomWith, make: Making):
    people = [make.person(), make.person()]
    browser = Client(room.app)
    phone = Phone(room.app, room.run, browser)
    ids = []
    for person in people:
        browser.sign_in(person.email, "four calm words together")
        before = phone.state().status_code
        phone.join()
        ids.append(phone.id)
        browser.post("/sign-out")
        assert before == 401

    assert len(set(ids)) == 2
    assert {player.person_id for player in room.kept(Player)} == {person.id for person in people}


def test_a_browser_in_two_runs_cannot_be_recognised_by_what_is_kept(app: Flask, make: Making, room: RoomWith):
    phone = room.phone()
    other = RoomWith(app, make)

    phone.join(code=other.run.code)

    first, second = room.kept(Player)
    assert first.key_hash != second.key_hash
    assert phone.sees()["phase"] == "lobby"


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"code": "AAAAAA"}, 404, "code"),
        ({"code": ""}, 404, "code"),
        ({"name": "x" * 81}, 422, "name"),
        ({"name": "12 34"}, 422, "name"),
        ({"name": "a\0b"}, 422, "name"),
        ({"profession": "wizard"}, 422, "profession"),
    ],
)
def test_who_cannot_join_is_told_why_and_at_which_field(room: RoomWith, fields, status, field):
    answer = room.app.test_client().post("/join", json={"code": room.run.code} | fields)

    assert (answer.status_code, answer.json["field"]) == (status, field)
    assert answer.json["error"]
    assert not answer.headers.getlist("Set-Cookie")
    assert room.kept(Player) == []


def test_a_form_leads_on_and_a_wrong_one_is_a_page_with_words(room: RoomWith):
    browser = Client(room.app)

    good = browser.post("/join", {"code": room.run.code}, status=303)
    browser.post("/join", {"code": "AAAAAA"}, status=404)

    assert good.location == f"/join/{room.run.code}"
    assert "six signs" in browser.page.text


def test_a_full_room_and_one_that_is_over_say_so(app: Flask, make: Making):
    room = RoomWith(app, make, capacity=1)
    room.phone()

    full = Phone(app, room.run).join(status=409)
    room.does("end")
    over = Phone(app, room.run).join(status=410)

    assert full.json["error"] == "The room is full. Tell the trainer."
    assert over.json["error"] == "This exercise is over."


def test_two_hundred_people_behind_one_address_get_in_and_a_machine_that_guesses_does_not(room: RoomWith):
    for _number in range(200):
        Phone(room.app, room.run).join()
    guesser = room.app.test_client()

    for number in range(600):
        guesser.post("/join", json={"code": f"A{number:05}"})

    assert guesser.post("/join", json={"code": room.run.code}).status_code == 429
    assert len(room.kept(Player)) == 200


# --- who may do what


@pytest.mark.parametrize("where", ["answers", "seat", "recorder", "thoughts"])
def test_what_another_sites_page_sends_is_refused(room: RoomWith, where: str):
    phone = room.phone()

    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.test"}, {"Origin": "null"}):
        answer = phone.http.post(f"/runs/{room.run.id}/{where}", json={}, headers=headers)
        assert answer.status_code == 403, (headers, answer.text)
    assert phone.http.post("/join", json={}, headers={"Origin": "http://evil.test"}).status_code == 403


def test_who_has_not_joined_is_told_to_join_and_of_no_run_they_learn_nothing(room: RoomWith):
    stranger = Phone(room.app, room.run)

    assert (stranger.state().status_code, stranger.send("mood", "good").status_code) == (401, 401)
    assert stranger.state().json["field"] == "code"
    assert stranger.http.get(f"/runs/{NOWHERE}/state").status_code == 404


def test_a_run_is_conducted_by_who_opened_it_by_staff_of_its_event_and_by_coordinators(app: Flask, make: Making):
    event = make.event()
    appointed, organiser, other = make.appointed(event), make.signed_in(Role.ORGANISER), make.signed_in(Role.TRAINER)
    room = RoomWith(app, make, event_id=event.id)

    statuses = [
        one.http.get(f"/runs/{room.run.id}/state?as=trainer").status_code
        for one in (room.trainer, appointed, organiser, other, make.signed_in())
    ]
    other.get("/account")
    moved = room.move("start", other, other.page.hidden("csrf_token"))

    assert statuses == [200, 200, 200, 404, 404]
    assert moved.status_code == 404
    assert room.kept(MoveRow) == []


def test_a_move_needs_the_token_of_its_trainers_session(room: RoomWith):
    assert room.move("start", token="wrong").status_code == 400
    assert room.kept(MoveRow) == []


def test_the_screen_has_a_key_of_its_own_which_opens_nothing_else(room: RoomWith):
    room.does("start", "next")
    key = room.run.screen_key
    anyone = room.app.test_client()

    shown = anyone.get(f"/runs/{room.run.id}/state?as=screen&key={key}")

    assert shown.json["audience"] == "screen"
    assert [one["id"] for one in shown.json["released"]] == ["tip"]
    assert anyone.get(f"/runs/{room.run.id}/state?as=screen&key={key}x").status_code == 404
    assert anyone.get(f"/runs/{room.run.id}/state?as=trainer&key={key}").status_code == 404
    assert room.trainer.http.get(f"/runs/{room.run.id}/state?as=screen").json["audience"] == "screen"


# --- the state


def test_whoever_has_a_state_gets_304_until_something_changes(room: RoomWith):
    phone = room.phone()
    etag = phone.state().headers["ETag"]

    same = phone.state(**{"If-None-Match": etag})
    room.does("start")
    other = phone.state(**{"If-None-Match": etag})

    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", etag)
    assert (other.status_code, other.json["phase"]) == (200, "running")
    assert other.headers["ETag"] != etag


def test_a_players_own_answer_is_part_of_their_tag_and_of_nobody_elses_place(room: RoomWith):
    ana, ben = room.phone(), room.phone()
    room.does("start", "next", "open mood")
    before = ana.state().headers["ETag"]

    assert ana.send("mood", "good").json["outcome"] == "stored"

    assert ana.state().headers["ETag"] != before
    assert ana.sees()["mine"]["answers"] == {"mood": "good"}
    assert ben.sees()["mine"]["answers"] == {}


def test_a_console_gets_its_own_state_back_with_what_became_of_the_move(room: RoomWith):
    move_id = str(uuid4())

    first = room.move("start", id=move_id)
    again = room.move("start", id=move_id)
    other = room.move("start")
    refused = room.move("next", inject="last")

    assert (first.json["outcome"], first.json["phase"], first.json["moves"]) == ("done", "running", 1)
    assert (again.json["outcome"], again.json["moves"]) == ("done", 1)
    assert other.json["outcome"] == "already"
    assert (refused.status_code, refused.json["why"]) == (409, "moved-on")
    assert refused.json["error"].startswith("Another trainer was faster")
    assert [row.number for row in sorted(room.kept(MoveRow), key=lambda one: one.number)] == [0, 1, 2]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"id": 1}', b"\xff", b"[" * 5000, b'{"id":"x","move":"start"}'])
@pytest.mark.parametrize("where", ["moves", "answers", "seat", "seats", "thoughts"])
def test_what_cannot_be_read_is_refused_with_words(room: RoomWith, where: str, body: bytes):
    room.phone(room.trainer)

    answer = room.trainer.http.post(
        f"/runs/{room.run.id}/{where}", data=body,
        headers={"X-CSRFToken": room.token, "Content-Type": "application/json"},
    )  # fmt: skip

    assert answer.status_code in (400, 409, 422), answer.text
    assert answer.json["error"]


def test_every_reason_has_words_that_end_a_sentence(app: Flask):
    with app.test_request_context():
        assert set(MOVES) == set(Why)
        assert set(Fault) <= set(ANSWERS)
        assert set(DOOR) == set(FIELDS_OF_DOOR)
        for words in (*MOVES.values(), *ANSWERS.values(), *DOOR.values()):
            assert str(words).endswith(".")


@pytest.mark.parametrize(
    ("task", "answer", "outcome", "why"),
    [
        ("mood", "good", "stored", None),
        ("mood", "ugly", "refused", "unknown-option"),
        ("mood", "x" * 10_000, "refused", "unknown-option"),
        ("mood", None, "refused", "wrong-shape"),
        ("whom", ["a"], "refused", "foreign"),
        ("none", "good", "refused", "foreign"),
        ("last", "good", "refused", "foreign"),
    ],
)
def test_an_answer_is_stored_or_comes_back_with_the_reason(room: RoomWith, task, answer, outcome, why):
    phone = room.phone()
    room.does("start", "next", "open mood")

    got = phone.send(task, answer)

    assert (got.status_code, got.json["outcome"], got.json.get("why")) == (200, outcome, why)
    assert got.json["version"] > 0
    assert bool(got.json.get("error")) is (outcome != "stored")
    assert len(room.kept(Answer)) == (outcome == "stored")


def test_an_answer_to_a_closed_question_says_closed_and_what_was_sent_before_counts(room: RoomWith):
    phone = room.phone()
    room.does("start", "next", "open mood")
    first = uuid4()
    phone.send("mood", "good", first)
    room.does("close mood")

    late = phone.send("mood", "bad")
    replayed = phone.send("mood", "good", first)

    assert (late.json["outcome"], late.json["why"]) == ("closed", "closed")
    assert replayed.json["outcome"] == "stored"
    assert phone.sees()["mine"]["answers"] == {"mood": "good"}


def test_after_a_removal_newcomers_wait_for_the_nod_and_see_nothing(room: RoomWith):
    ana, ben = room.phone(), room.phone()
    room.does("start", "next", "open mood")
    assert room.move("remove", player=ben.id).status_code == 200

    eva = room.phone()
    waiting = eva.sees()
    refused = eva.send("mood", "good")
    room.move("admit", player=eva.id)

    assert (waiting["mine"]["admission"], waiting["released"], waiting["task"]) == ("waiting", [], None)
    assert refused.json["why"] == "not-in"
    assert ben.sees()["released"] == []
    assert len(ana.sees()["released"]) == 1
    assert len(eva.sees()["released"]) == 1


# --- teams and those who write down


def test_teams_chosen_by_oneself_are_fixed_once_the_exercise_has_begun(app: Flask, make: Making):
    room = RoomWith(app, make, teams_by="self")
    phone = room.phone()

    chosen = [phone.post("seat", {"team": team, "role": "judge"}).status_code for team in ("north", "south", "east")]
    room.does("start")
    hopped = phone.post("seat", {"team": "north", "role": "judge"})

    assert chosen == [200, 200, 409]
    assert (hopped.status_code, hopped.json["field"]) == (409, "team")
    assert (phone.sees()["mine"]["team"], phone.sees()["mine"]["role"]) == ("south", "judge")


def test_a_latecomer_chooses_once(app: Flask, make: Making):
    room = RoomWith(app, make, teams_by="self")
    room.does("start")
    phone = room.phone()

    chosen = [phone.post("seat", {"team": team}).status_code for team in ("north", "south")]

    assert chosen == [200, 409]


def test_a_trainer_seats_anybody_at_any_time_and_deals_out_the_rest(app: Flask, make: Making):
    room = RoomWith(app, make, teams_by="mix")
    phones = [room.phone(profession=one) for one in ("police", "police", "judge", "judge") * 2]

    dealt = room.seats(deal=True).json["players"]
    room.does("start")
    late = room.phone(profession="judge")
    moved = room.seats(player=phones[0].id, team="south", role="police")

    teams = {(one["team"], one["profession"]) for one in dealt}
    assert teams == {(team, profession) for team in ("north", "south") for profession in ("police", "judge")}
    assert late.sees()["mine"]["team"] in ("north", "south")
    assert moved.status_code == 200
    assert phones[0].sees()["mine"]["team"] == "south"
    assert room.seats(player=str(NOWHERE), team="south").status_code == 422
    assert room.seats().status_code == 422


def test_one_of_a_team_writes_down_and_the_others_see_it(app: Flask, make: Making):
    room = RoomWith(app, make, teams_by="self")
    ana, ben, eva = room.phone(), room.phone(), room.phone()
    for phone, team in ((ana, "north"), (ben, "north"), (eva, "south")):
        phone.post("seat", {"team": team})
    room.does("start", "next", "next")
    decision = {"option": "wait", "reason": "We do not know enough", "owner": "Ben"}

    first = ana.send("decide", decision)
    second = ben.send("decide", decision | {"option": "act"})
    taken = ben.post("recorder", {})
    third = ben.send("decide", decision | {"option": "act"})
    room.look_anew()

    assert [one.json["outcome"] for one in (first, second, third)] == ["stored", "refused", "stored"]
    assert second.json["why"] == "not-recorder"
    assert taken.json["recorder"] == "you"
    assert ana.sees()["mine"]["answers"]["decide"]["option"] == "act"
    assert ana.sees()["recorder"] == "other"
    assert eva.sees()["mine"]["answers"] == {}
    assert eva.sees()["recorder"] == "none"


# --- the end


def test_who_answered_enough_took_part_and_the_end_is_traced(room: RoomWith, make: Making):
    busy, idle = make.signed_in(), make.signed_in()
    phones = [room.phone(one) for one in (busy, idle)]
    room.does("start", "next", "open mood")
    phones[0].send("mood", "good")

    room.does("end")

    assert [row.person_id for row in room.kept(TakingPart)] == [busy.person.id]
    assert [row.deed for row in room.kept(AuditRow)] == ["run.ended"]
    assert phones[0].sees()["phase"] == "ended"
    assert phones[0].sees()["mine"]["answers"] == {}


def test_thoughts_are_asked_when_the_exercise_is_talked_about(room: RoomWith):
    phone = room.phone()
    early = phone.post("thoughts", {"about": "worked", "words": "Talking"})
    room.does("start", "next", "end")

    kept = [phone.post("thoughts", {"about": "worked", "words": one}).json["outcome"] for one in ("Talk", "Talk", "Go")]

    assert early.status_code == 409
    assert kept == ["stored"] * 3
    assert {row.words for row in room.kept(Thought)} == {"Talk", "Go"}
    assert phone.post("thoughts", {"about": "worked", "words": " "}).status_code == 422
    assert phone.post("thoughts", {"about": "worked", "words": "x" * 1001}).status_code == 422


# --- a whole exercise, every byte


def fitting(task: Any, number: int, mark: str) -> Any:
    """An answer that fits a question; what is written in it bears the mark of who wrote it."""
    if isinstance(task, FreeText):
        return f"{mark} writes"
    if isinstance(task, Order):
        return [option.id for option in task.options][::-1]
    option = task.options[number % len(task.options)].id
    if isinstance(task, Decision):
        return {"option": option, "reason": f"{mark} reasons", "owner": f"{mark} owner"}
    return [option] if isinstance(task, PollMultiple) else option


def private_words(exercise: Exercise) -> list[str]:
    """Everything that only trainers may read."""
    words = [exercise.guide, *exercise.review]
    for inject in exercise.injects:
        words += [inject.note, inject.expected, inject.fallback]
    return words + [one.look_for for one in (*exercise.tasks, *exercise.debrief)]


def words_of(exercise: Exercise, injects: set[str], tasks: set[str]) -> list[bytes]:
    """What can be read of these injects and questions."""
    words = [one for inject in exercise.injects if inject.id in injects for one in (inject.title, inject.text)]
    for task in exercise.tasks:
        if task.id in tasks:
            words += [task.text, *(option.text for option in task.options)]
    return [encoded(one) for one in words if len(one) > 8]  # a point of a scale may be anybody's number


def encoded(words: str) -> bytes:
    """As words stand in a body of JSON."""
    return words.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").encode()


@pytest.mark.parametrize("name", ["three-cities", "sixty-days-eight-hours", "before-she-speaks", "warm-up"])
def test_no_byte_that_reaches_a_player_is_private_to_come_or_anothers(app: Flask, make: Making, name: str):
    """Six players in two teams, every inject and every question, to the end; all that each device ever got is read."""
    exercise = shipped()[name]
    room = RoomWith(app, make, exercise, teams_by="self")
    teams = [team.id for team in exercise.teams[:2]] or [""]
    roles = [role.id for role in exercise.roles] or [""]
    phones = [room.phone(name=f"Secretname{number}", profession="judge") for number in range(6)]
    seats = {}
    for number, phone in enumerate(phones):
        seats[phone.id] = (teams[number % len(teams)], roles[number % len(roles)])
        phone.post("seat", dict(zip(("team", "role"), seats[phone.id], strict=True)))
    wrong: list[str] = []
    private = [encoded(one) for one in private_words(exercise)]
    revealed: set[str] = set()
    every_inject, every_task = {one.id for one in exercise.injects}, {one.id for one in exercise.tasks}

    def read(moment: str, console: dict[str, Any]) -> None:
        """Look at all that came since the last time, against what the console says is sent, and to whom."""
        sent = console["sent"]
        status = {task["id"]: task["status"] for row in console["sheet"] for task in row["tasks"]}
        for number, phone in enumerate(phones):
            phone.state()
            team, role = seats[phone.id]
            told = {
                one["id"] for one in sent
                if one["to"] in ("all", f"team/{team}", f"role/{role}") and (one["teams"] is None or team in one["teams"])
            }  # fmt: skip
            body = b"\n".join(one.data for one in phone.seen)
            phone.seen.clear()
            asked = {task.id for task in exercise.tasks if task.inject in told and status[task.id] != "unasked"}
            hidden = words_of(exercise, every_inject - told, every_task - asked)
            open_to = words_of(exercise, told, asked)
            wrong.extend(f"{moment}: private {one[:40]!r}" for one in private if one in body)
            wrong.extend(
                f"{moment}: to come or another team's {one[:40]!r}"
                for one in hidden if one in body and not any(one in other for other in open_to)
            )  # fmt: skip
            for other, theirs in enumerate(phones):
                own_team = seats[theirs.id][0] == team != ""
                if other == number:
                    continue
                if f"Secretname{other}".encode() in body or theirs.id.encode() in body:
                    wrong.append(f"{moment}: who another player is")
                if not revealed and f"mark{other}t" in body.decode() and not own_team:
                    wrong.append(f"{moment}: what another wrote")
            wrong.extend(f"{moment}: {one}" for one in ("Petra", room.run.screen_key) if one.encode() in body)
            state = phone.sees()
            if state["results"] and not state["task"]["revealed"]:
                wrong.append(f"{moment}: results before they are revealed")
            phone.seen.clear()

    room.does("start")
    read("start", room.console())
    for _inject in exercise.injects:
        console = room.console()
        if console["next"] is None:
            break
        room.does("next")
        sent = exercise.inject(console["next"])
        read(f"after {sent.id}", room.console())
        for task in exercise.tasks_after(sent.id):
            if task.waits:
                room.does(f"open {task.id}")
            for number, phone in enumerate(phones):
                if isinstance(task, Hands):
                    assert phone.send(task.id, "x").json["outcome"] == "refused"
                    continue
                got = phone.send(task.id, fitting(task, number, f"mark{number}t")).json
                assert got["outcome"] in ("stored", "refused"), got
            read(f"{task.id} answered", room.console())
            room.does(f"close {task.id}")
            read(f"{task.id} closed", room.console())
            revealed.add(task.id)
            room.does(f"reveal {task.id}")
            read(f"{task.id} revealed", room.console())
    room.does("debrief")
    room.does("end")
    read("end", room.console())

    assert wrong == []
    assert revealed
    assert room.make.one(select(MoveRow).where(MoveRow.number == 0)).asked["move"] == "start"
