"""A player's pages: the way in, the exercise without scripts, what comes back with words, what never reaches them."""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from msgspec.structs import replace
from werkzeug.test import TestResponse

from lms.accounts.models import Profession
from lms.content.exercises import PRIVATE
from lms.exercises.models import Answer, DecisionRow, Player, Thought
from lms.exercises.reasons import ANSWERS, DOOR, THOUGHTS
from lms.exercises.seating import TeamsBy
from lms.exercises.thinking import Unfit
from lms.paths import STATIC
from tests.exercises.play import EXERCISE
from tests.exercises.rooms import Phone, RoomWith
from tests.exercises.test_shipped import shipped
from tests.make import Making
from tests.page import HTML, Client, words

FRAMED = replace(
    EXERCISE, content_note="<content note>", stop_word="Lighthouse", support="<support>",
)  # fmt: skip


@pytest.fixture
def room(app: Flask, make: Making) -> RoomWith:
    return RoomWith(app, make, FRAMED, teams_by=TeamsBy.SELF)


class Tablet(Phone):
    """A player's device without scripts: every page it gets is inspected."""

    def __init__(self, app: Flask, room: RoomWith, signed_in: Client | None = None) -> None:
        super().__init__(app, room.run, signed_in)
        self.browser = signed_in or Client(app)
        self.browser.http = self.http
        self.here = f"/join/{room.run.code}"

    @property
    def says(self) -> str:
        page = self.browser.page
        return " ".join(words(one) for one in [*page.all("header"), page.one("main")])

    def look(self, **asked: str) -> "Tablet":
        self._heard(self.browser.get(self.here, query_string=asked))
        return self

    def sends(self, where: str, status: int = 303, **fields: Any) -> TestResponse:
        answer = self._heard(self.http.post(f"{self.here}/{where}", data=fields))
        assert answer.status_code == status, answer.text[:500]
        if status == 303:
            self.look(**({"question": fields["task"]} if "task" in fields else {}))
        else:
            self.browser._checked(answer, status)
        return answer

    def checked(self) -> list[str]:
        return [one.get("value") for one in self.browser.page.all("input") if one.get("checked") is not None]


def tablet(room: RoomWith, team: str = "", role: str = "", **fields: str) -> Tablet:
    """A device that has joined and sits where it wants."""
    made = Tablet(room.app, room)
    made.join(**fields)
    if team or role:
        made.sends("seat", team=team, role=role)
    return made


# --- the way in


def test_the_way_in_asks_for_a_code_and_says_what_is_kept(client: Client):
    client.get("/join")

    assert client.page.heading == "Join an exercise"
    assert client.page.one("input", name="code").get("value") == ""
    assert "/privacy" in client.page.links()
    assert "Leave quickly" in client.page.words
    assert {one.get("value") for one in client.page.all("option")} == {"", *Profession}


def test_with_a_code_in_the_address_the_way_in_has_it_and_says_what_is_spoken_of(room: RoomWith, client: Client):
    client.get(f"/join/{room.run.code.lower()}")

    code = client.page.one("input", name="code").get("value")
    assert code == f"{room.run.code[:3]} {room.run.code[3:]}"
    for said in ("EXERCISE", "Letters", "<content note>", "Lighthouse", "<support>"):
        assert said in client.page.words, said
    assert "Set-Cookie" not in client.http.get(f"/join/{room.run.code}").headers


def test_whoever_is_signed_in_is_recognised_and_takes_part_under_their_name(room: RoomWith, make: Making):
    mine = make.signed_in(name="Ana Petrova", profession="judge")

    mine.get(f"/join/{room.run.code}")
    said = mine.page.words
    fields = {one.get("name") for one in mine.page.all("input")} | {one.get("name") for one in mine.page.all("select")}
    mine.follow(mine.post("/join", {"code": room.run.code}, status=303))

    assert "Ana Petrova" in said and "certificates" in said
    assert not fields & {"name", "profession"}
    (player,) = room.kept(Player)
    assert (player.name, player.profession, player.person_id) == ("Ana Petrova", "judge", mine.person.id)
    assert "You are in" in mine.page.words


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"code": "AAAAAA"}, 404, "code"),
        ({"code": ""}, 404, "code"),
        ({"code": "x" * 10_000}, 404, "code"),
        ({"name": "12 34"}, 422, "name"),
        ({"name": "A" * 10_000}, 422, "name"),
        ({"name": "Ana\u202e"}, 422, "name"),
        ({"profession": "wizard"}, 422, "profession"),
    ],
)
def test_who_is_not_let_in_gets_the_form_back_with_words_at_the_field_and_what_was_typed(
    room: RoomWith, client: Client, fields: dict[str, str], status: int, field: str
):
    sent = {"code": room.run.code, "name": "Ana", "profession": "judge"} | fields

    client.post("/join", sent, status=status)

    page = client.page
    assert page.title.startswith("Error:")
    assert f"#{field}" in page.links(), "the summary leads to the field"
    assert [e for e in page.root.iter() if e.get("id") == field and e.get("aria-invalid") == "true"]
    assert page.one("input", name="name").get("value") == sent["name"][:160]
    assert [one.get("value") for one in page.all("option") if one.get("selected") is not None] == (
        ["judge"] if sent["profession"] == "judge" else []
    )
    assert room.kept(Player) == []


def test_a_full_room_and_one_that_is_over_say_so_on_the_form(app: Flask, make: Making):
    room = RoomWith(app, make, capacity=1)
    room.phone()
    browser = Client(app)

    browser.post("/join", {"code": room.run.code}, status=409)
    full = browser.page.words
    room.does("end")
    browser.post("/join", {"code": room.run.code}, status=410)
    browser.get(f"/join/{room.run.code}", status=410)

    assert "The room is full. Tell the trainer." in full
    assert "This exercise is over." in browser.page.words


def test_addresses_with_wrong_codes_are_stopped_after_many_like_forms_are(room: RoomWith):
    guesser = room.app.test_client()

    for number in range(600):
        assert guesser.get(f"/join/A{number:05}").status_code == 404

    assert guesser.get(f"/join/{room.run.code}").status_code == 429


def test_a_code_of_a_run_that_is_over_leads_whoever_played_it_to_its_end_and_others_to_the_new_one(
    app: Flask, make: Making
):
    room, again = RoomWith(app, make), RoomWith(app, make)
    player = tablet(room)
    room.does("start", "end")
    make.change(again.run, code=room.run.code)

    player.look()
    stranger = Client(app)
    stranger.get(player.here)

    assert "The exercise is over" in player.says
    assert stranger.page.heading == "Join an exercise"


# --- inside


def test_whoever_is_in_sees_that_they_are_and_chooses_team_and_role(room: RoomWith):
    mine = tablet(room)
    mine.look()
    lobby = mine.says

    mine.sends("seat", team="north", role="judge")

    assert "You are in" in lobby and "EXERCISE" in lobby
    assert "You: Judge, North" in mine.says
    assert "<brief judge>" in mine.says
    (player,) = room.kept(Player)
    assert (player.team, player.role) == ("north", "judge")


def test_where_trainers_set_the_teams_none_is_offered_and_none_is_taken(app: Flask, make: Making):
    room = RoomWith(app, make, FRAMED, teams_by=TeamsBy.HAND)
    mine = tablet(room)

    mine.look()
    offered = {one.get("name") for one in mine.browser.page.all("select")}
    mine.sends("seat", status=409, team="north", role="")

    assert offered == {"role"}
    assert str(DOOR["teams-are-set"]) in mine.says


def test_what_was_sent_stands_newest_first_and_what_was_shown_again_comes_back_in_front(room: RoomWith):
    mine = tablet(room, "north", "police")
    room.does("start", "next", "next")
    mine.look()
    first = mine.browser.page.one("article", class_="newest")

    room.does("replay tip")
    mine.look()

    assert "<title call>" in words(first)
    assert "<title tip>" in words(mine.browser.page.one("article", class_="newest"))
    assert "Before this" in mine.says


@pytest.mark.parametrize(
    ("opened", "task", "fields", "kept"),
    [
        ("open mood", "mood", {"answer": "good"}, "good"),
        ("open whom", "whom", {"answer": ["c", "a"]}, ["a", "c"]),
        ("open sure", "sure", {"answer": "4"}, "4"),
        ("send north-letter", "why", {"answer": "Because\r\nof it. "}, "Because\nof it."),
        ("send judge-call", "order", {"answer": ["third", "first", "second"]}, ["third", "first", "second"]),
    ],
)
def test_each_kind_of_question_is_answered_without_scripts_and_changed_until_it_is_closed(
    room: RoomWith, opened: str, task: str, fields: dict[str, Any], kept: Any
):
    mine = tablet(room, "north", "judge")
    room.does("start", "next", opened)
    mine.look(question=task)
    answer_id = mine.browser.page.hidden("id")

    mine.sends("answers", task=task, id=answer_id, **fields)

    (row,) = room.kept(Answer)
    assert (row.id, row.answer) == (UUID(answer_id), kept)
    assert "Kept. You can change it" in mine.says
    if task in ("mood", "sure", "whom"):
        assert set(mine.checked()) == set([kept] if isinstance(kept, str) else kept)
    room.does(f"close {task}")
    mine.look(question=task)
    assert "This question is closed. Your answer counts." in mine.says


def test_an_answer_by_a_form_stands_over_an_earlier_one_by_script(room: RoomWith):
    mine = tablet(room)
    room.does("start", "next", "open mood")
    mine.send("mood", "good", turn=1)

    mine.sends("answers", task="mood", answer="bad")

    (row,) = room.kept(Answer)
    assert row.answer == "bad"


def test_a_form_sent_twice_is_one_decision(room: RoomWith):
    mine = tablet(room, "north")
    room.does("start", "send call")
    mine.look()
    decision = {
        "task": "decide",
        "id": mine.browser.page.hidden("id"),
        "option": "act",
        "reason": "Now",
        "owner": "Ana",
    }

    mine.sends("answers", **decision)
    mine.sends("answers", **decision)

    (row,) = room.kept(DecisionRow)
    assert row.answer == {"option": "act", "reason": "Now", "owner": "Ana"}


def test_one_of_a_team_writes_the_others_see_it_and_take_over_without_scripts(room: RoomWith):
    ana, ben = tablet(room, "north"), tablet(room, "north")
    room.does("start", "send call")
    ana.sends("answers", task="decide", option="act", reason="It is <late>", owner="Ana")

    ben.look()
    seen = ben.says
    ben.sends("answers", status=422, task="decide", option="wait", reason="No", owner="Ben")
    refused = ben.says
    ben.sends("recorder", task="decide")
    ben.sends("answers", task="decide", option="wait", reason="No", owner="Ben")
    ana.look()

    assert "It is <late>" in seen and "Another of your team writes down" in seen
    assert str(ANSWERS["not-recorder"]) in refused and "Ben" in refused, "what was written comes back"
    assert "Ben" in ana.says and "Take over writing" in ana.says
    assert [one.answer["option"] for one in sorted(room.kept(DecisionRow), key=lambda one: one.number)] == [
        "act", "wait",
    ]  # fmt: skip


def test_a_decision_without_a_team_says_how_to_get_one(room: RoomWith):
    mine = tablet(room)
    room.does("start", "send call")

    mine.look()

    assert str(ANSWERS["no-team"]) in mine.says
    assert not [one for one in mine.browser.page.all("form") if (one.get("action") or "").endswith("/answers#question")]


def test_a_step_moves_by_its_buttons_and_is_sent_when_the_order_is(room: RoomWith):
    mine = tablet(room, "", "judge")
    room.does("start", "send judge-call")
    order = ["first", "second", "third"]

    mine.sends("answers", status=200, task="order", answer=order, move="third:up")
    moved = [one.get("value") for one in mine.browser.page.all("input") if one.get("name") == "answer"]

    assert moved == ["first", "third", "second"]
    assert room.kept(Answer) == []
    mine.sends("answers", status=200, task="order", answer=moved, move="first:up")
    mine.sends("answers", status=200, task="order", answer=moved, move="none:down")
    mine.sends("answers", task="order", answer=moved)
    assert room.kept(Answer)[0].answer == moved


@pytest.mark.parametrize(
    ("opened", "fields", "why"),
    [
        ("open mood", {"task": "mood"}, "empty"),
        ("open mood", {"task": "mood", "answer": "other"}, "unknown-option"),
        ("open whom", {"task": "whom"}, "empty"),
        ("send north-letter", {"task": "why", "answer": "x" * 10_000}, "too-long"),
        ("send north-letter", {"task": "why", "answer": "  "}, "empty"),
        ("send call", {"task": "decide", "option": "act", "owner": "Ana"}, "no-reason"),
        ("send call", {"task": "decide", "option": "act", "reason": "Now"}, "no-owner"),
        ("send call", {"task": "order", "answer": ["first"]}, "foreign"),
        ("send call", {"task": "nothing"}, "foreign"),
        ("send call", {}, "foreign"),
        ("send last", {"task": "hands", "answer": "yes"}, "by-hands"),
    ],
)
def test_an_answer_that_does_not_fit_comes_back_with_words_and_nothing_typed_is_lost(
    room: RoomWith, opened: str, fields: dict[str, Any], why: str
):
    mine = tablet(room, "north", "police")
    room.does("start", "next", opened)

    mine.sends("answers", status=422, **fields)

    assert mine.browser.page.title.startswith("Error:")
    assert str(ANSWERS[why]) in mine.says
    assert room.kept(Answer) == [] == room.kept(DecisionRow)
    if why in ("too-long", "no-reason", "no-owner"):
        assert all(str(value) in mine.browser.page.text for name, value in fields.items() if name != "task")


def test_an_answer_to_a_question_that_was_closed_meanwhile_says_so_and_gives_the_text_back(room: RoomWith):
    mine = tablet(room, "north")
    room.does("start", "send north-letter")
    mine.look()
    room.does("close why")

    mine.sends("answers", status=422, task="why", answer="I wrote for minutes")

    assert str(ANSWERS["closed"]) in mine.says
    assert "I wrote for minutes" in mine.says


def test_an_answer_that_was_meant_for_an_earlier_round_does_not_count_in_a_later_one(room: RoomWith):
    mine, other = tablet(room, "north"), tablet(room, "north")
    room.does("start", "next", "open mood", "send call")
    mine.look(question="mood")
    asked = mine.browser.page.hidden("round")
    room.does("close mood", "revote mood", "close decide", "revote decide")

    mine.sends("answers", status=422, task="mood", answer="bad", round=asked)
    late = [
        mine.send("mood", "good", round=1),
        other.send("decide", {"option": "act", "reason": "x", "owner": "y"}, round=1),
    ]

    assert asked == "1"
    assert str(ANSWERS["closed"]) in mine.says
    assert [answer.json["outcome"] for answer in late] == ["closed", "closed"]
    assert room.kept(Answer) == [] == room.kept(DecisionRow)
    assert mine.send("mood", "good", round=2).json["outcome"] == "stored"


def test_each_state_of_a_run_is_said_in_words_and_the_frame_stays_within_reach(room: RoomWith):
    mine, removed = tablet(room), tablet(room)
    room.does("start", "send last")

    said = {"Raise your hand": mine.look().says}
    room.does("pause")
    said["Paused."] = mine.look().says
    room.does("resume")
    room.does("remove", player=removed.id)
    said["You are not in this exercise any more"] = removed.look().says
    said["Your trainer lets you in"] = waiting = tablet(room).look().says
    room.does("debrief")
    said["What we talk about now"] = mine.look().says
    room.does("end")
    said["The exercise is over"] = mine.look().says

    for state, page in said.items():
        assert state in page
        assert all(one in page for one in ("EXERCISE", "Leave quickly", "Lighthouse", "<support>")), page
    assert "<title last>" not in waiting


def test_results_come_once_they_are_revealed(room: RoomWith):
    mine = tablet(room)
    room.does("start", "next", "open mood")
    mine.sends("answers", task="mood", answer="good")
    room.does("close mood")
    before = mine.look().says

    room.does("reveal mood")

    assert "What the room answered" not in before
    assert "What the room answered" in mine.look().says


# --- the hot wash


def test_thoughts_are_sent_together_and_more_can_be_added(room: RoomWith):
    mine = tablet(room)
    room.does("start", "debrief")
    mine.look()
    asked = "Looking back" in mine.says

    first = mine.http.post(f"{mine.here}/thoughts", data={"worked": "The table", "will-do": "Ring"})
    mine.browser.get(first.location)
    said = mine.says
    mine.sends("thoughts", change="The plan")

    assert asked
    assert "Thank you." in said
    assert {(one.about, one.words) for one in room.kept(Thought)} == {
        ("worked", "The table"), ("will-do", "Ring"), ("change", "The plan"),
    }  # fmt: skip


def test_a_thought_that_is_too_long_comes_back_and_the_others_are_kept(room: RoomWith):
    mine = tablet(room)
    room.does("start", "debrief")

    mine.sends("thoughts", status=422, worked="x" * 10_000, change="The plan")

    assert str(THOUGHTS[Unfit.UNFIT]) in mine.says
    assert "x" * 10_000 in mine.browser.page.text
    assert [one.words for one in room.kept(Thought)] == ["The plan"]
    mine.sends("thoughts", status=422)
    assert str(THOUGHTS[Unfit.EMPTY]) in mine.says


def test_before_the_debrief_nothing_is_asked_and_nothing_is_taken(room: RoomWith):
    mine = tablet(room)
    room.does("start")

    mine.sends("thoughts", status=422, worked="Early")

    assert str(THOUGHTS[Unfit.TOO_EARLY]) in mine.says
    assert room.kept(Thought) == []


# --- who may


@pytest.mark.parametrize("where", ["answers", "seat", "recorder", "thoughts"])
def test_a_form_of_another_site_does_nothing_and_who_is_not_in_is_led_to_the_way_in(room: RoomWith, where: str):
    mine = tablet(room)
    room.does("start", "next", "open mood")
    stranger = room.app.test_client()

    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.test"}):
        assert mine.http.post(f"{mine.here}/{where}", data={}, headers=headers).status_code == 403
    led = stranger.post(f"{mine.here}/{where}", data={"task": "mood", "answer": "good"})

    assert (led.status_code, led.location) == (303, mine.here)
    assert room.kept(Answer) == []


# --- what never reaches a player


def private(exercise: Any) -> set[str]:
    """Every text of an exercise that is for trainers alone."""
    found = set()
    for piece in (exercise, *exercise.roles, *exercise.teams, *exercise.injects, *exercise.tasks, *exercise.debrief):
        for name in PRIVATE & set(piece.__struct_fields__):
            value = getattr(piece, name)
            found |= set([value] if isinstance(value, str) else value)
    return found - {""}


def test_no_page_of_a_player_holds_a_private_text_another_teams_message_or_anything_still_to_come(room: RoomWith):
    mine, stranger = tablet(room, "south", "police"), Tablet(room.app, room)
    secret = private(FRAMED)
    assert len(secret) > 20
    stranger.look()
    mine.look()
    for step in ("start", "next", "next", "next", "open mood", "close mood"):
        room.does(step)
        mine.look()
        stranger.look()
    for task in ("why", "order", "mood", "decide"):
        mine.look(question=task)

    got = "".join(answer.text for answer in [*mine.seen, *stranger.seen])
    hidden = secret | {f"<text {one}>" for one in ("north-letter", "judge-call", "waited", "acted", "last")}
    hidden |= {"<question why>", "<question order>", "<question hands>", "<debrief clock>", "What the room answered"}
    assert "<text call>".replace("<", "&lt;").replace(">", "&gt;") in got
    for one in hidden:
        assert one not in got and one.replace("<", "&lt;").replace(">", "&gt;") not in got, one


@pytest.mark.parametrize("name", ["three-cities", "sixty-days-eight-hours", "before-she-speaks"])
def test_the_page_of_a_shipped_exercise_tells_nothing_before_it_is_sent(app: Flask, make: Making, name: str):
    exercise = shipped()[name]
    room = RoomWith(app, make, exercise, teams_by=TeamsBy.SELF)
    mine = tablet(room)

    mine.look()

    text = mine.browser.page.text
    later = {one.text for one in (*exercise.injects, *exercise.tasks, *exercise.debrief)}
    for one in private(exercise) | later | {one.title for one in exercise.injects}:
        assert one not in text and one.replace("'", "&#39;") not in text, one


def test_whoever_waits_for_the_nod_learns_nothing_of_teams_and_roles(room: RoomWith):
    removed = tablet(room)
    room.does("start", "next")
    room.does("remove", player=removed.id)
    newcomer = tablet(room)

    newcomer.look()

    for one in ("&lt;brief", "North", "&lt;text tip"):
        assert one not in newcomer.browser.page.text


# --- what it weighs


def test_the_first_page_weighs_less_than_100_kb_and_later_ones_less_than_50(app: Flask, make: Making):
    room = RoomWith(app, make, shipped()["sixty-days-eight-hours"], teams_by=TeamsBy.SELF)
    mine = tablet(room, "team-1", "prosecutor")
    room.does("start", "next", "next")
    mine.look()
    page = mine.browser.page
    styles = [e.get("href") for e in page.root.iter(HTML + "link") if e.get("rel") == "stylesheet"]
    scripts = ["asking", "live", "outbox", "play", "prose", "results"]
    files = [*styles, *(f"/static/runs/{name}.js" for name in scripts), "/static/desk/words.js"]

    static = sum(len(mine.http.get(one, headers={"Accept-Encoding": "gzip"}).data) for one in files)
    fonts = sum((STATIC / f"fonts/latin-{weight}.woff2").stat().st_size for weight in (400, 500, 600))

    assert len(page.text.encode()) < 50_000
    assert len(page.text.encode()) + static + fonts < 100_000


def test_a_players_page_says_that_it_is_a_rehearsal(app: Flask, make: Making):
    said = []
    for rehearsal in (False, True):
        room = RoomWith(app, make, rehearsal=rehearsal)
        phone = room.phone()
        said.append("Rehearsal" in phone.http.get(f"/join/{room.run.code}").text)

    assert said == [False, True]
