"""A whole half-day from paper: row by row, never twice, never over what someone else said meanwhile."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from sqlalchemy import select

from lms.accounts.models import Role
from lms.audit import AuditRow
from lms.events.models import Event, Mark, Registration
from lms.events.parts import MarkKind, RegistrationState
from tests.make import Making
from tests.page import Client

JSON = {"Accept": "application/json"}


@pytest.fixture
def event(make: Making) -> Event:
    return make.event()


def path(event: Event, which: int = 0) -> str:
    return f"/events/{event.slug}/half-days/{event.half_days[which].id}"


def fields(client: Client, who: Registration, **values: str) -> dict[str, str]:
    """What the row's form holds, with what is typed over it."""
    form = next(
        one for one in client.page.all("form") if (one.get("action") or "").endswith(f"/{who.id}")
    )  # fmt: skip
    given = {
        one.get("name"): one.get("value", "")
        for one in form.iter()
        if one.get("name") and (one.get("type") != "radio" or one.get("checked") is not None)
    }
    return given | {"kind": "came"} | values


def save(client: Client, event: Event, who: Registration, status: int = 302, **values: str):
    return client.post(f"{path(event)}/{who.id}", fields(client, who, **values), status)


def kept(make: Making) -> list[tuple[MarkKind, str]]:
    marks = make.all(select(Mark).order_by(Mark.received_at, Mark.kind.desc()))
    return [(mark.kind, mark.reason) for mark in marks]


def test_a_row_is_a_mark_with_who_said_it_when_and_why(make: Making, event: Event):
    someone = make.registered(event)
    client = make.appointed(event)
    client.get(path(event))

    answer = save(client, event, someone, came="9:02")
    client.follow(answer)

    mark = make.one(select(Mark))
    assert mark.kind is MarkKind.CAME
    assert mark.at == event.half_days[0].starts_at + timedelta(minutes=2)
    assert (mark.by_id, mark.reason) == (client.person.id, "From the signed sheet")
    assert "09:02" in client.page.words
    assert "Saved" in client.page.words
    assert make.one(select(AuditRow).where(AuditRow.deed == "attendance.corrected")).actor_id == client.person.id


def test_a_row_without_a_time_counts_from_the_beginning(make: Making, event: Event):
    someone = make.registered(event)
    client = make.appointed(event)
    client.get(path(event))

    save(client, event, someone)

    assert make.one(select(Mark)).at == event.half_days[0].starts_at


def test_the_reason_of_the_page_stands_in_every_row(make: Making, event: Event):
    someone = make.registered(event)
    client = make.appointed(event)
    client.get(path(event) + "?reason=Read+aloud+by+the+trainer")

    save(client, event, someone)

    assert kept(make) == [(MarkKind.CAME, "Read aloud by the trainer")]


def test_the_same_row_sent_twice_is_one_mark(make: Making, event: Event):
    someone = make.registered(event)
    client = make.appointed(event)
    client.get(path(event))
    sent = fields(client, someone, came="9:02")

    first = client.post(f"{path(event)}/{someone.id}", sent, 200, headers=JSON)
    again = client.post(f"{path(event)}/{someone.id}", sent, 200, headers=JSON)

    assert len(kept(make)) == 1
    assert first.json["saved"][:6] == again.json["saved"][:6] == "Saved "
    assert first.json["words"] == again.json["words"] == "09:02"


def test_a_change_takes_back_what_stood_and_says_why(make: Making, event: Event):
    someone = make.registered(event)
    client = make.appointed(event)
    client.get(path(event))
    client.follow(save(client, event, someone, came="9:41"))

    save(client, event, someone, came="9:02", reason="Misread")

    marks = make.all(select(Mark).order_by(Mark.received_at))
    assert sorted((mark.kind.value, mark.reason) for mark in marks) == [
        ("came", "From the signed sheet"), ("came", "Misread"), ("undo", "Misread"),
    ]  # fmt: skip
    assert {mark.undoes_id for mark in marks} == {None, next(m.id for m in marks if m.reason != "Misread")}


def test_what_someone_else_said_meanwhile_is_never_overwritten(make: Making, event: Event):
    someone = make.registered(event)
    client, other = make.appointed(event), make.appointed(event)
    client.get(path(event))
    other.get(path(event))
    save(other, event, someone, came="9:02")

    answer = save(client, event, someone, 409, kind="excused", came="")
    said = client.post(
        f"{path(event)}/{someone.id}", fields(client, someone, kind="excused", came="", stood="none"), 409, headers=JSON
    )

    assert kept(make) == [(MarkKind.CAME, "From the signed sheet")]
    assert "Someone changed this row meanwhile" in answer.text
    assert said.json["words"] == "09:02"
    assert said.json["kind"] == "came"


def test_excused_and_missing_are_said_with_the_reason(make: Making, event: Event):
    ill, away = make.registered(event, name="Ill"), make.registered(event, name="Away")
    client = make.appointed(event)
    client.get(path(event))

    save(client, event, ill, kind="excused", reason="Ill")
    save(client, event, away, kind="absent")

    assert sorted(kept(make)) == [(MarkKind.ABSENT, "From the signed sheet"), (MarkKind.EXCUSED, "Ill")]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"came": "nine"}, "Enter a time, for example 9:02."),
        ({"came": "23:00"}, "Enter a time of this half-day"),
        ({"came": "11:00", "left": "10:00"}, "Enter a time of leaving that is after the coming."),
        ({"kind": "excused", "came": "9:00"}, "Take the time away"),
        ({"reason": " "}, "Say why, in a few words."),
        ({"reason": "x" * 301}, "Shorten this to 300 characters."),
        ({"kind": "undo"}, "Not a valid choice"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_what_was_typed_stays(make: Making, event: Event, values, words):
    someone = make.registered(event)
    client = make.appointed(event)
    client.get(path(event))

    answer = save(client, event, someone, 422, **values)
    client.get(path(event))
    as_json = client.post(f"{path(event)}/{someone.id}", fields(client, someone, **values), 422, headers=JSON)

    assert words in answer.text
    assert answer.text.count("<title>Error:") == 1
    if "came" in values:
        assert f'value="{values["came"]}"' in answer.text
    assert words in as_json.json["error"]
    assert kept(make) == []


def test_an_id_that_is_none_is_not_understood(make: Making, event: Event):
    someone = make.registered(event)
    client = make.appointed(event)
    client.get(path(event))

    save(client, event, someone, 400, id="none")

    assert kept(make) == []


def test_trainers_stand_apart_and_cancelled_ones_are_not_there(make: Making, event: Event):
    make.registered(event, name="Anna Participant")
    make.registered(event, name="Boris Trainer", part="trainer")
    make.registered(event, name="Clara Cancelled", state=RegistrationState.CANCELLED)
    client = make.appointed(event)

    client.get(path(event))

    headings = [re.sub(r"\s+", " ", "".join(one.itertext())).strip() for one in client.page.all("h2")]
    assert headings == ["Participants 1", "Trainers and others 1"]
    assert "Clara" not in client.page.words


def test_only_staff_of_the_event_enter_and_only_its_people_and_half_days(make: Making, event: Event):
    someone = make.registered(event)
    other = make.event("vienna")
    stranger = make.registered(other)
    outsider, practitioner = make.signed_in(Role.TRAINER), make.signed_in()
    client = make.appointed(event)

    outsider.get(path(event), 404)
    practitioner.get(path(event), 404)
    outsider.post(f"{path(event)}/{someone.id}", {"kind": "came"}, 404)
    client.get(f"/events/{event.slug}/half-days/{other.half_days[0].id}", 404)
    client.get(path(event))
    client.post(f"{path(event)}/{stranger.id}", {"kind": "came", "reason": "x", "id": str(uuid4())}, 404)
    client.get(path(other), 404)

    assert kept(make) == []


def test_someone_cancelled_meanwhile_gets_no_row(make: Making, event: Event):
    someone = make.registered(event)
    client = make.appointed(event)
    client.get(path(event))
    make.change(someone, state=RegistrationState.CANCELLED)

    save(client, event, someone, 404)

    assert kept(make) == []


def test_of_two_who_save_a_row_at_once_one_is_told_of_the_other(make: Making, event: Event):
    someone = make.registered(event)
    clients = [make.appointed(event), make.appointed(event)]
    sent = []
    for client, came in zip(clients, ("9:02", "9:30"), strict=True):
        client.get(path(event))
        sent.append(fields(client, someone, came=came) | {"csrf_token": client.page.hidden("csrf_token")})
    together = Barrier(2)

    def save_now(client: Client, form: dict[str, str]) -> int:
        together.wait()
        return client.http.post(f"{path(event)}/{someone.id}", data=form, headers=JSON).status_code

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(save_now, clients, sent))

    assert sorted(answers) == [200, 409]
    assert len(kept(make)) == 1
