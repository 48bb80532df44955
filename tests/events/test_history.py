"""One person's half-days as sentences, and their correction."""

from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from lms.accounts.models import Role
from lms.audit import AuditRow
from lms.clock import now
from lms.database import db, writing
from lms.events import receiving, telling
from lms.events.attendance import Attendance, Doubt, Status
from lms.events.models import Device, Event, HalfDay, Mark, Registration
from lms.events.parts import MarkKind, RegistrationState
from lms.events.receiving import Sender
from tests.make import Making, at


@pytest.fixture
def event(make: Making) -> Event:
    return make.event(first="2024-10-16")


def path(event: Event, who: Registration) -> str:
    return f"/events/{event.slug}/people/{who.id}"


def say(app: Flask, event: Event, who: Registration, kind: MarkKind, minutes: int, **values) -> Mark:
    """A mark at the first half-day, so many minutes after its beginning."""
    mark_id = uuid4()
    with app.app_context(), writing():
        found = db.session.get_one(Event, event.id)
        half_day = found.half_days[0]
        receiving.say(
            found, registration=db.session.get_one(Registration, who.id), half_day=half_day, kind=kind,
            at=half_day.starts_at + timedelta(minutes=minutes),
            **({"mark_id": mark_id, "by_id": None, "now": half_day.starts_at + timedelta(minutes=minutes + 1)} | values),
        )  # fmt: skip
        db.session.commit()
    return mark_id


def test_a_scan_is_told_with_the_desk_that_saw_it_and_when_it_arrived(make: Making, event: Event, app: Flask):
    someone = make.registered(event)
    desk = Device(id=uuid4(), event_id=event.id, name="Main door", salt="salt", made_at=now())
    make.add(desk)
    with app.app_context(), writing():
        found = db.session.get_one(Event, event.id)
        sent = {
            "id": str(uuid4()), "badge": someone.badge, "half_day": str(event.half_days[0].id), "kind": "came",
            "at": "2024-10-16T09:09:00+02:00",
        }  # fmt: skip
        receiving.receive(
            found, Sender(device_id=desk.id, desk=True), [sent], at("2024-10-16T09:38:00+02:00"),
            at("2024-10-16T09:31:00+02:00"),
        )  # fmt: skip
        db.session.commit()
    client = make.appointed(event)

    client.get(path(event, someone))

    assert (
        "Came at 09:02. Seen at the desk “Main door”. The desk’s own clock said 09:09. Received at 09:31."
        in client.page.words
    )


def test_what_was_taken_back_says_so_where_it_stands_with_who_and_why(make: Making, event: Event, app: Flask):
    someone = make.registered(event)
    mark = say(app, event, someone, MarkKind.CAME, 2)
    client = make.appointed(event, name="Tara Trainer")
    client.get(path(event, someone))

    answer = client.post(f"{path(event, someone)}/marks/{mark}/back", {"reason": "Scanned by mistake."})
    client.follow(answer)

    assert "Taken back at" in client.page.words
    assert "by Tara Trainer: Scanned by mistake." in client.page.words
    undo = make.one(select(Mark).where(Mark.kind == MarkKind.UNDO))
    assert (undo.undoes_id, undo.by_id, undo.reason) == (mark, client.person.id, "Scanned by mistake.")
    assert make.one(select(AuditRow).where(AuditRow.deed == "attendance.taken_back"))


def test_a_mark_is_taken_back_once_and_only_with_a_reason(make: Making, event: Event, app: Flask):
    someone = make.registered(event)
    mark = say(app, event, someone, MarkKind.CAME, 2)
    client = make.appointed(event)
    client.get(path(event, someone))

    refused = client.post(f"{path(event, someone)}/marks/{mark}/back", {"reason": " "}, 422)
    client.post(f"{path(event, someone)}/marks/{mark}/back", {"reason": "Wrong badge"})
    client.post(f"{path(event, someone)}/marks/{mark}/back", {"reason": "Wrong badge again"})

    assert "Say why, in a few words." in refused.text
    assert len(make.all(select(Mark).where(Mark.kind == MarkKind.UNDO))) == 1


def test_the_marks_of_a_walk_in_are_told_with_those_of_whom_they_turned_out_to_be(
    make: Making, event: Event, app: Flask
):
    someone, walk_in = make.registered(event), make.registered(event, name="Woman with a red scarf", walk_in=True)
    say(app, event, walk_in, MarkKind.CAME, 2)
    make.change(walk_in, merged_into_id=someone.id)
    client = make.appointed(event)

    client.get(path(event, someone))
    moved = client.get(path(event, walk_in), 302)

    assert "Came as the walk-in “Woman with a red scarf”." in client.page.words
    assert moved.location == path(event, someone)


def test_a_taking_back_that_came_before_its_mark_is_told_until_the_mark_arrives(make: Making, event: Event, app: Flask):
    someone = make.registered(event)
    late = uuid4()
    say(app, event, someone, MarkKind.UNDO, 5, of=late, reason="Wrong badge")
    client = make.appointed(event)

    before = client.get(path(event, someone)).text
    say(app, event, someone, MarkKind.CAME, 2, mark_id=late)
    client.get(path(event, someone))

    assert "A mark that has not arrived here was taken back. Reason: Wrong badge." in before
    assert "Came at 09:02." in client.page.words
    assert "Wrong badge." in client.page.words
    assert "has not arrived" not in client.page.words


def test_a_correction_takes_back_and_adds_and_says_by_whom(make: Making, event: Event, app: Flask):
    someone = make.registered(event)
    say(app, event, someone, MarkKind.CAME, 41)
    client = make.appointed(event, name="Tara Trainer")
    client.get(path(event, someone))
    form = {
        "half_day": str(event.half_days[0].id), "kind": "came", "came": "9:02", "left": "", "reason": "The scan failed",
        "stood": client.page.hidden("stood"), "id": client.page.hidden("id"),
    }  # fmt: skip

    answer = client.post(path(event, someone), form)
    client.follow(answer)

    assert "The half-day is corrected." in client.page.words
    assert "Came at 09:41." in client.page.words
    assert "by Tara Trainer: The scan failed." in client.page.words
    assert "Came at 09:02. Said by Tara Trainer. Reason: The scan failed." in client.page.words
    assert make.one(select(AuditRow).where(AuditRow.deed == "attendance.corrected")).about["marks"] == 2


def test_the_same_correction_sent_twice_says_it_once(make: Making, event: Event):
    someone = make.registered(event)
    client = make.appointed(event)
    client.get(path(event, someone))
    form = {
        "half_day": str(event.half_days[1].id), "kind": "excused", "reason": "A hearing",
        "stood": client.page.hidden("stood"), "id": client.page.hidden("id"),
    }  # fmt: skip

    client.post(path(event, someone), form)
    again = client.post(path(event, someone), form)
    client.follow(again)

    assert "That stood already: nothing was added." in client.page.words
    assert len(make.all(select(Mark))) == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"reason": ""}, "Say why, in a few words."),
        ({"half_day": ""}, "Choose a half-day."),
        ({"came": "23:00"}, "Enter a time of this half-day"),
        ({"left": "8:00"}, "Enter a time of leaving that is after the coming."),
        ({"half_day": "none"}, "Not a valid choice"),
    ],
)
def test_a_correction_that_cannot_be_is_refused_in_words(make: Making, event: Event, values, words):
    someone = make.registered(event)
    client = make.appointed(event)
    client.get(path(event, someone))
    form = {
        "half_day": str(event.half_days[0].id), "kind": "came", "reason": "x", "stood": client.page.hidden("stood"),
        "id": client.page.hidden("id"),
    }  # fmt: skip

    answer = client.post(path(event, someone), form | values, 422)

    assert words in answer.text
    assert make.all(select(Mark)) == []


def test_a_correction_of_what_changed_meanwhile_is_shown_again(make: Making, event: Event, app: Flask):
    someone = make.registered(event)
    client = make.appointed(event)
    client.get(path(event, someone))
    form = {
        "half_day": str(event.half_days[0].id), "kind": "excused", "reason": "x", "stood": client.page.hidden("stood"),
        "id": client.page.hidden("id"),
    }  # fmt: skip
    say(app, event, someone, MarkKind.CAME, 2)

    answer = client.post(path(event, someone), form, 409)

    assert "Someone changed this meanwhile." in answer.text
    assert len(make.all(select(Mark))) == 1


def test_a_cancelled_registration_is_told_and_not_corrected(make: Making, event: Event):
    someone = make.registered(event, state=RegistrationState.CANCELLED)
    client = make.appointed(event)

    shown = client.get(path(event, someone))
    client.post(path(event, someone), {"reason": "x"}, 404)

    assert "nothing can be added to it" in shown.text


def test_only_staff_of_the_event_see_a_history_and_only_of_its_people(make: Making, event: Event, app: Flask):
    someone = make.registered(event)
    other = make.event("vienna")
    stranger = make.registered(other)
    mark = say(app, event, someone, MarkKind.CAME, 2)
    client, outsider, practitioner = make.appointed(event), make.signed_in(Role.TRAINER), make.signed_in()

    outsider.get(path(event, someone), 404)
    practitioner.get(path(event, someone), 404)
    client.get(path(event, stranger), 404)
    client.get(path(event, someone))
    client.post(f"/events/{event.slug}/people/{stranger.id}/marks/{mark}/back", {"reason": "x"}, 404)
    outsider.post(f"{path(event, someone)}/marks/{mark}/back", {"reason": "x"}, 404)

    assert len(make.all(select(Mark))) == 1


# --- in a few words ------------------------------------------------------------------------------------------

MORNING = HalfDay(id=uuid4(), starts_at=at("2024-10-16T07:00+00:00"), ends_at=at("2024-10-16T10:30+00:00"))
CAME, LATER, LEFT = at("2024-10-16T07:02+00:00"), at("2024-10-16T07:41+00:00"), at("2024-10-16T09:10+00:00")


@pytest.mark.parametrize(
    ("attended", "sign", "words"),
    [
        (Attendance(Status.PRESENT, CAME, None, 208, True), "check", "09:02"),
        (Attendance(Status.LATE, LATER, None, 169, True, True), "clock", "09:41 late"),
        (Attendance(Status.LEFT_EARLY, CAME, LEFT, 128, True, False, True), "clock", "09:02, left 11:10"),
        (Attendance(Status.LATE, LATER, LEFT, 89, False, True, True), "clock",
         "09:41 late, left 11:10, does not count"),
        (Attendance(Status.EXCUSED), "minus", "excused"),
        (Attendance(Status.ABSENT), "x", "missing"),
    ],
)  # fmt: skip
def test_a_half_day_stands_in_a_few_words(make: Making, event: Event, app: Flask, attended, sign, words):
    with app.test_request_context("/"):
        stand = telling.stand(MORNING, attended, event.zone, now())

    assert (stand.sign, stand.words) == (sign, words)


def test_nobody_is_missing_before_it_is_over(event: Event, app: Flask):
    nobody = Attendance(Status.ABSENT)
    with app.test_request_context("/"):
        before = telling.stand(MORNING, nobody, event.zone, at("2024-10-16T06:00+00:00"))
        during = telling.stand(MORNING, nobody, event.zone, at("2024-10-16T08:00+00:00"))

    assert (before.words, during.words) == ("to come", "not yet")


def test_every_doubt_has_words(app: Flask):
    with app.test_request_context("/"):
        assert telling.doubts(Attendance(Status.ABSENT, doubts=tuple(Doubt))).count(",") >= 2
