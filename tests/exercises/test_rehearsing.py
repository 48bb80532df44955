"""Rehearsals: invented people take their seats and answer by themselves; nothing of it counts and nothing is left."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from lms.accounts.models import Role
from lms.clock import now
from lms.database import Model, db, writing
from lms.exercises import rehearsing
from lms.exercises.models import Answer, DecisionRow, Player, Run, TakingPart
from tests.exercises.play import EXERCISE
from tests.exercises.rooms import RoomWith
from tests.make import Making
from tests.page import Client

SOON, LATER = timedelta(seconds=1), timedelta(seconds=21)


class Rehearsal(RoomWith):
    """A rehearsal with twelve invented people, whose time can be told."""

    def __init__(self, app: Flask, make: Making, many: int = 12) -> None:
        super().__init__(app, make, EXERCISE, rehearsal=True)
        with app.app_context(), writing():
            rehearsing.invite(db.session.get_one(Run, self.run.id), many, now())
            db.session.commit()

    def after(self, wait: timedelta) -> bool:
        """What invented people would have done by then."""
        with self.app.app_context(), writing():
            sent = rehearsing.play(db.session.get_one(Run, self.run.id), now() + wait)
            db.session.commit()
            return sent

    def post(self, where: str, client: Client | None = None, status: int = 200):
        answer = (client or self.trainer).http.post(
            f"/runs/{self.run.id}/{where}", headers={"X-CSRFToken": self.token, "Accept": "application/json"}
        )
        assert answer.status_code == status, answer.text
        return answer


@pytest.fixture
def rehearsal(app: Flask, make: Making) -> Rehearsal:
    return Rehearsal(app, make)


def test_invented_people_are_seated_with_mixed_professions_in_teams_and_roles(rehearsal: Rehearsal):
    people = rehearsal.kept(Player)

    assert len(people) == 12
    assert {one.team for one in people} == {"north", "south"}
    assert all(one.role and one.name and one.person_id is None for one in people)
    assert len({one.profession for one in people if one.team == "north"}) > 2


def test_nobody_answers_before_two_seconds_and_everybody_within_twenty(rehearsal: Rehearsal):
    rehearsal.does("start", "next", "open mood")

    assert rehearsal.after(SOON) is False
    assert rehearsal.kept(Answer) == []
    assert rehearsal.after(LATER) is True
    assert len(rehearsal.kept(Answer)) == 12
    assert rehearsal.console()["counts"] == {"here": 12, "answered": 12}


def test_answers_come_one_after_the_other(rehearsal: Rehearsal):
    rehearsal.does("start", "next", "open mood")

    rehearsal.after(timedelta(seconds=10))

    assert 0 < len(rehearsal.kept(Answer)) < 12


def test_asked_again_or_by_two_processes_at_once_it_comes_to_the_same(rehearsal: Rehearsal):
    rehearsal.does("start", "next", "open mood", "next")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(rehearsal.after, [LATER] * 4))

    kept = {one.id: (one.answer, one.changes) for one in rehearsal.kept(Answer)}
    assert len(kept) == 12
    assert {changes for _answer, changes in kept.values()} == {1}
    assert len(rehearsal.kept(DecisionRow)) == 2
    assert rehearsal.after(LATER) is False


def test_each_team_decides_once_with_its_reason(rehearsal: Rehearsal):
    rehearsal.does("start", "next", "next")

    rehearsal.after(LATER)

    decided = rehearsal.kept(DecisionRow)
    assert {one.team for one in decided} == {"north", "south"}
    assert all(one.answer["reason"] and one.answer["owner"] in ("Police", "Judge") for one in decided)


def test_who_is_not_asked_says_nothing(rehearsal: Rehearsal):
    rehearsal.does("start", "next", "next", "next")

    rehearsal.after(LATER)

    assert {one.team for one in rehearsal.kept(Answer) if one.task == "why"} == {"north"}


def test_in_another_round_all_answer_anew(rehearsal: Rehearsal):
    rehearsal.does("start", "next", "open mood")
    rehearsal.after(LATER)
    rehearsal.does("close mood", "reveal mood", "revote mood")

    rehearsal.after(LATER)

    assert sorted(one.round for one in rehearsal.kept(Answer)) == [1] * 12 + [2] * 12


def test_hands_are_raised_by_nobody_who_is_invented(rehearsal: Rehearsal):
    rehearsal.does("start", "send last")

    assert rehearsal.after(LATER) is False


def test_invented_people_stay_here_as_long_as_the_rehearsal_is_looked_at(rehearsal: Rehearsal, app: Flask):
    with app.app_context(), writing():
        rehearsal.after(timedelta(minutes=5))

    assert all(one.seen_at > now() + timedelta(minutes=4) for one in rehearsal.kept(Player))


def test_a_real_phone_can_join_and_leads_its_team_if_it_is_quicker(rehearsal: Rehearsal):
    phone = rehearsal.phone(name="Rosa")
    rehearsal.seats(player=phone.id, team="north", role="police")
    rehearsal.does("start", "next", "next")
    phone.send("decide", {"option": "wait", "reason": "To see more", "owner": "Rosa"})

    rehearsal.after(LATER)

    by_team = {one.team: one for one in rehearsal.kept(DecisionRow)}
    assert by_team["north"].answer["owner"] == "Rosa"
    assert by_team["south"].answer["owner"] in ("Police", "Judge")


def test_whoever_was_sent_out_answers_no_more(rehearsal: Rehearsal):
    rehearsal.does("start", "next", "open mood")
    out = rehearsal.kept(Player)[0]
    rehearsal.move("remove", player=str(out.id))

    rehearsal.after(LATER)

    assert str(out.id) not in {str(one.player_id) for one in rehearsal.kept(Answer)}
    assert len(rehearsal.kept(Answer)) == 11


def test_a_run_that_counts_has_nobody_invented(app: Flask, make: Making):
    room = RoomWith(app, make)
    room.does("start", "next", "open mood")

    answer = room.trainer.http.post(f"/runs/{room.run.id}/invented", headers={"X-CSRFToken": room.token})

    assert answer.json == {"sent": False}
    assert room.kept(Player) == []


def test_the_console_drives_them_and_only_its_trainers_may(rehearsal: Rehearsal, make: Making):
    stranger = make.signed_in(Role.TRAINER)
    stranger.get("/account")
    token = stranger.page.hidden("csrf_token")

    refused = stranger.http.post(f"/runs/{rehearsal.run.id}/invented", headers={"X-CSRFToken": token})

    assert refused.status_code == 404
    assert rehearsal.post("invented").json == {"sent": False}


def test_after_the_end_nobody_answers_and_nobody_took_part(rehearsal: Rehearsal, make: Making):
    client = make.signed_in()
    phone = rehearsal.phone(client)
    rehearsal.does("start", "next", "open mood")
    phone.send("mood", "good")
    rehearsal.does("end")

    assert rehearsal.after(LATER) is False
    assert rehearsal.kept(TakingPart) == []


def everything(app: Flask) -> dict[str, list[tuple]]:
    """Every row of every table, but for the sign-ins of those who look."""
    with app.app_context():
        return {
            table.name: sorted(map(repr, db.session.execute(select(table))))
            for table in Model.metadata.sorted_tables
            if table.name not in ("login", "person")
        }


def test_a_rehearsal_that_is_deleted_leaves_nothing_behind(app: Flask, make: Making):
    before = everything(app)
    rehearsal = Rehearsal(app, make)
    rehearsal.does("start", "next", "open mood", "next")
    rehearsal.after(LATER)
    rehearsal.move("note", text="They were quick")
    rehearsal.trainer.get(f"/runs/{rehearsal.run.id}/console")

    rehearsal.trainer.follow(rehearsal.trainer.post(f"/runs/{rehearsal.run.id}/forget"))

    assert "Nothing of it is kept" in rehearsal.trainer.page.words
    assert everything(app) == before
    rehearsal.trainer.get(f"/runs/{rehearsal.run.id}/console", status=404)


def test_a_run_that_counts_cannot_be_deleted_so(app: Flask, make: Making):
    room = RoomWith(app, make)
    room.trainer.get("/runs/new")

    room.trainer.follow(room.trainer.post(f"/runs/{room.run.id}/forget"))

    assert [one.id for one in room.kept(Run)] == [room.run.id]


def test_a_rehearsal_of_someone_else_cannot_be_deleted(rehearsal: Rehearsal, make: Making):
    stranger = make.signed_in(Role.TRAINER)
    stranger.get("/runs/new")

    stranger.post(f"/runs/{rehearsal.run.id}/forget", status=404)

    assert len(rehearsal.kept(Run)) == 1


def test_the_next_run_that_a_trainer_opens_clears_away_rehearsals_that_are_over(rehearsal: Rehearsal):
    rehearsal.does("start", "end")
    rehearsal.trainer.get("/runs/new")
    fields = {"exercise": "early-signs/warm-up", "half_day": "", "teams_by": "mix", "capacity": "60", "invented": "3"}

    rehearsal.trainer.post("/runs/new", fields | {"rehearsal": "y"})

    assert [one.exercise for one in rehearsal.kept(Run)] == ["warm-up"]
    assert len(rehearsal.kept(Player)) == 3


def test_the_ids_of_invented_people_are_known_beforehand_and_no_browser_has_their_keys(rehearsal: Rehearsal):
    run_id = UUID(str(rehearsal.run.id))

    people = rehearsal.kept(Player)

    assert {one.id for one in people} == {rehearsing.id_of(run_id, number) for number in range(12)}
    assert len({one.key_hash for one in people}) == 12
