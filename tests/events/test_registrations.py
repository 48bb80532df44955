"""Who is on the roll: added, changed, merged, parted; and marks that were not taken."""

from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from lms.accounts.models import Role
from lms.audit import AuditRow
from lms.clock import now
from lms.database import db, writing
from lms.events import receiving, roll
from lms.events.checkin import hashed
from lms.events.models import Device, Event, Mark, Registration, Stray
from lms.events.parts import MarkKind, Origin, Part, RegistrationState
from lms.events.receiving import Sender
from tests.make import Making
from tests.page import Client

STANDS = {"part": "participant", "state": "registered", "origin": "international"}


@pytest.fixture
def event(make: Making) -> Event:
    return make.event()


@pytest.fixture
def client(make: Making, event: Event) -> Client:
    """The organiser of the event, on its list."""
    client = make.appointed(event, "organiser")
    client.get(f"/events/{event.slug}/registrations")
    return client


def path(event: Event, who: Registration | None = None, deed: str = "") -> str:
    return f"/events/{event.slug}/registrations" + (f"/{who.id}" if who else "") + (f"/{deed}" if deed else "")


def version(make: Making, event: Event) -> int:
    return make.event_again(event).version


def again(make: Making, who: Registration) -> Registration:
    return make.one(select(Registration).where(Registration.id == who.id))


def came(app: Flask, event: Event, who: Registration, which: int = 0) -> None:
    with app.app_context(), writing():
        found = db.session.get_one(Event, event.id)
        half_day = found.half_days[which]
        receiving.say(
            found, by_id=None, registration=db.session.get_one(Registration, who.id), half_day=half_day,
            kind=MarkKind.CAME, at=half_day.starts_at, now=half_day.starts_at,
        )  # fmt: skip
        db.session.commit()


def half_days(app: Flask, event: Event) -> dict[str, int]:
    with app.app_context():
        return {row.registration.shown_name: row.half_days for row in roll.roll(db.session.get_one(Event, event.id))}


def test_someone_is_added_by_name_with_a_badge_and_a_code(make: Making, event: Event, client: Client):
    before = version(make, event)

    answer = client.post(path(event), STANDS | {"name": " Zsófia  Szőke ", "country": "HU", "profession": "judge"})
    client.follow(answer)

    found = make.one(select(Registration))
    assert (found.name, found.country, found.profession) == ("Zsófia Szőke", "HU", "judge")
    assert len(found.badge) == 26
    assert "Zsófia Szőke is on the roll." in client.page.words
    assert f"{found.code[:3]}\u00a0{found.code[3:]}" in client.page.text
    assert version(make, event) > before
    assert make.one(select(AuditRow)).about["registration"] == str(found.id)


def test_an_account_is_added_by_its_address_once(make: Making, event: Event, client: Client):
    person = make.person(name="Ann Example", email="ann@service.example")

    client.follow(client.post(path(event), STANDS | {"email": "Ann@Service.Example", "part": "trainer"}))
    again_ = client.post(path(event), STANDS | {"email": "ann@service.example"}, 422)

    found = make.one(select(Registration))
    assert (found.person_id, found.name, found.part) == (person.id, "", Part.TRAINER)
    assert "This person is on the list already." in again_.text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "Enter a name, or the e-mail address of an account."),
        ({"email": "nobody@service.example"}, "There is no open account with this address."),
        ({"email": "nobody"}, "Enter an e-mail address"),
        ({"name": "x" * 301}, "Shorten this to 300 characters."),
        ({"name": "x", "part": "king"}, "Not a valid choice"),
    ],
)
def test_what_cannot_be_added_is_refused_in_words(make: Making, event: Event, client: Client, values, words):
    answer = client.post(path(event), STANDS | values, 422)

    assert words in answer.text
    assert make.all(select(Registration)) == []


def test_part_state_and_origin_are_changed_and_the_version_grows(make: Making, event: Event, client: Client):
    someone = make.registered(event)
    before = version(make, event)
    client.get(path(event, someone))

    client.post(path(event, someone), {"part": "observer", "state": "cancelled", "origin": "local", "name": "Other"})

    found = again(make, someone)
    assert (found.part, found.state, found.origin) == (Part.OBSERVER, RegistrationState.CANCELLED, Origin.LOCAL)
    assert found.name == ""
    assert version(make, event) > before
    assert make.one(select(AuditRow)).about["what"] == "origin part state"


def test_keeping_what_stands_changes_nothing(make: Making, event: Event, client: Client):
    someone = make.registered(event, name="Ann")
    before = version(make, event)
    client.get(path(event, someone))

    client.post(path(event, someone), STANDS | {"name": "Ann"})

    assert version(make, event) == before
    assert make.all(select(AuditRow)) == []


def test_a_walk_in_is_merged_with_someone_on_the_roll_and_parted_again(
    make: Making, event: Event, client: Client, app: Flask
):
    someone = make.registered(event, name="Ann Example")
    walk_in = make.registered(event, name="Woman with a scarf", walk_in=True)
    came(app, event, walk_in)
    client.get(path(event))
    assert "Woman with a scarf" in client.page.words
    client.get(path(event, walk_in))

    client.follow(client.post(path(event, walk_in, "merge"), {"into": str(someone.id)}))

    assert half_days(app, event) == {"Ann Example": 1}
    assert "Woman with a scarf is Ann Example." in client.page.words

    client.post(path(event, walk_in, "part"), {})

    assert half_days(app, event) == {"Ann Example": 0, "Woman with a scarf": 1}
    assert {row.deed for row in make.all(select(AuditRow))} == {"registration.merged", "registration.parted"}


def test_a_walk_in_becomes_the_registration_of_an_account_that_has_none_here(
    make: Making, event: Event, client: Client, app: Flask
):
    person = make.person(name="Ann Example")
    walk_in = make.registered(event, name="Woman with a scarf", walk_in=True)
    came(app, event, walk_in)
    client.get(path(event, walk_in))

    client.post(path(event, walk_in, "merge"), {"email": person.email})
    client.get(path(event, walk_in))

    assert half_days(app, event) == {"Ann Example": 1}
    assert "Came as the walk-in “Woman with a scarf”, and was given this account." in client.page.words

    client.post(path(event, walk_in, "part"), {})

    assert half_days(app, event) == {"Woman with a scarf": 1}


def test_a_walk_in_of_an_account_that_is_here_counts_there_and_a_cancelled_one_holds_again(
    make: Making, event: Event, client: Client, app: Flask
):
    person = make.person(name="Ann Example")
    cancelled = make.registered(event, person, state=RegistrationState.CANCELLED)
    walk_in = make.registered(event, name="Woman with a scarf", walk_in=True)
    came(app, event, walk_in)
    client.get(path(event, walk_in))

    client.follow(client.post(path(event, walk_in, "merge"), {"email": person.email}))

    assert again(make, walk_in).merged_into_id == cancelled.id
    assert again(make, cancelled).state is RegistrationState.CONFIRMED
    assert half_days(app, event) == {"Ann Example": 1}
    assert "the cancelled registration holds again" in client.page.words


def test_what_was_merged_before_moves_along(make: Making, event: Event, client: Client, app: Flask):
    someone = make.registered(event, name="Ann Example")
    first = make.registered(event, name="Scarf at the main door", walk_in=True)
    second = make.registered(event, name="Scarf at the side door", walk_in=True)
    came(app, event, first, 0)
    came(app, event, second, 1)
    client.get(path(event, first))

    client.post(path(event, first, "merge"), {"into": str(second.id)})
    client.post(path(event, second, "merge"), {"into": str(someone.id)})

    assert half_days(app, event) == {"Ann Example": 2}
    assert again(make, first).merged_into_id == someone.id


@pytest.mark.parametrize("values", [{}, {"into": "x"}, {"email": "nobody@service.example"}])
def test_a_merge_with_nobody_is_refused_in_words(make: Making, event: Event, client: Client, values):
    walk_in = make.registered(event, name="Woman with a scarf", walk_in=True)
    client.get(path(event, walk_in))

    answer = client.post(path(event, walk_in, "merge"), values, 422)

    assert "<title>Error:" in answer.text
    assert again(make, walk_in).merged_into_id is None


def test_nobody_is_merged_into_another_event_nor_into_themselves(make: Making, event: Event, client: Client):
    walk_in = make.registered(event, name="Woman with a scarf", walk_in=True)
    stranger = make.registered(make.event("vienna"), name="Stranger")
    client.get(path(event, walk_in))

    client.post(path(event, walk_in, "merge"), {"into": str(stranger.id)}, 422)
    client.post(path(event, walk_in, "merge"), {"into": str(walk_in.id)}, 422)
    client.post(path(event, stranger, "merge"), {"into": str(walk_in.id)}, 404)


# --- marks that were not taken -------------------------------------------------------------------------------


def refused(app: Flask, event: Event, **values: object) -> Stray:
    """A mark of a badge that nobody has."""
    with app.app_context(), writing():
        found = db.session.get_one(Event, event.id)
        half_day = found.half_days[0]
        at = half_day.starts_at + timedelta(minutes=2)
        sent = {
            "id": str(uuid4()), "badge": "A" * 26, "half_day": str(half_day.id), "kind": "came", "at": at.isoformat(),
        } | values  # fmt: skip
        receiving.receive(found, Sender(device_id=uuid4(), desk=True), [sent], None, at)
        db.session.commit()
        return db.session.scalars(select(Stray).order_by(Stray.received_at.desc())).first()


def test_a_mark_that_was_not_taken_is_given_to_whom_it_belongs(make: Making, event: Event, client: Client, app: Flask):
    someone = make.registered(event, name="Ann Example")
    stray = refused(app, event)
    client.get(path(event))
    assert "This badge is not on the list of this event." in client.page.words
    client.get(f"/events/{event.slug}/strays/{stray.id}")
    sent = {"half_day": str(event.half_days[0].id), "kind": "came", "at": "9:02", "note": "An old badge",
            "whose": str(someone.id)}  # fmt: skip

    client.follow(client.post(f"/events/{event.slug}/strays/{stray.id}/assign", sent))
    client.post(f"/events/{event.slug}/strays/{stray.id}/assign", sent)

    mark = make.one(select(Mark))
    assert (mark.registration_id, mark.reason, mark.by_id) == (someone.id, "An old badge", client.person.id)
    assert mark.at == event.half_days[0].starts_at + timedelta(minutes=2)
    assert make.one(select(Stray)).settled_by_id == client.person.id
    assert "Marks that were not taken" not in client.page.words
    assert make.one(select(AuditRow)).deed == "stray.assigned"


def test_a_mark_that_was_not_taken_is_left_aside_with_a_reason(make: Making, event: Event, client: Client, app: Flask):
    stray = refused(app, event, at="nonsense", half_day=["x"], kind=7, person={"name": 3})
    client.get(f"/events/{event.slug}/strays/{stray.id}")

    refusal = client.post(f"/events/{event.slug}/strays/{stray.id}/dismiss", {"note": ""}, 422)
    client.post(f"/events/{event.slug}/strays/{stray.id}/dismiss", {"note": "A test before the doors opened"})

    assert "Say why, in a few words." in refusal.text
    assert make.one(select(Stray)).note == "A test before the doors opened"
    assert make.all(select(Mark)) == []


@pytest.mark.parametrize(
    ("values", "words"),
    [({"at": "late"}, "Enter a time, for example 9:02."), ({"at": "23:00"}, "Enter a time of this half-day"),
     ({"whose": ""}, "Choose someone."), ({"note": ""}, "Say why, in a few words.")],
)  # fmt: skip
def test_what_cannot_be_assigned_is_refused_in_words(make: Making, event: Event, client: Client, app: Flask, values,
                                                     words):  # fmt: skip
    someone = make.registered(event, name="Ann Example")
    stray = refused(app, event)
    client.get(f"/events/{event.slug}/strays/{stray.id}")
    sent = {"half_day": str(event.half_days[0].id), "kind": "came", "at": "9:02", "note": "x", "whose": str(someone.id)}

    answer = client.post(f"/events/{event.slug}/strays/{stray.id}/assign", sent | values, 422)

    assert words in answer.text
    assert make.all(select(Mark)) == []


def test_what_a_closed_desk_sent_is_taken_all_at_once_with_its_walk_ins_and_what_it_took_back(
    make: Making, event: Event, client: Client, app: Flask
):
    ann, boris = make.registered(event, name="Ann"), make.registered(event, name="Boris")
    gone = make.registered(event, name="Clara", state=RegistrationState.CANCELLED)
    desk = Device(id=uuid4(), event_id=event.id, name="Side door", salt="salt", made_at=now(), revoked_at=now())
    make.add(desk)
    half_day = event.half_days[0]
    at = (half_day.starts_at + timedelta(minutes=2)).isoformat()
    base = {"half_day": str(half_day.id), "kind": "came", "at": at}
    mistaken = str(uuid4())
    sent = [
        {"id": str(uuid4()), "badge": hashed(ann.badge, "salt")},
        {"id": mistaken, "badge": boris.code.lower()},
        {"id": str(uuid4()), "badge": boris.code, "kind": "undo", "of": mistaken, "reason": "Taken back at the desk"},
        {"id": str(uuid4()), "person": {"id": str(uuid4()), "name": "Man with a cap"}},
        {"id": str(uuid4()), "badge": gone.badge},
        {"id": str(uuid4()), "badge": "A" * 26},
    ]
    with app.app_context(), writing():
        found = db.session.get_one(Event, event.id)
        sender = Sender(device_id=desk.id, salt="salt", desk=True, revoked=True)
        receiving.receive(found, sender, [base | one for one in sent], None, half_day.starts_at)
        db.session.commit()
    client.get(path(event))
    assert "4 marks name someone on the roll, or a walk-in." in client.page.words

    refused_ = client.post(f"/events/{event.slug}/strays", {"all-note": ""}, 422)
    client.follow(client.post(f"/events/{event.slug}/strays", {"all-note": "The desk was closed too early"}))
    client.post(f"/events/{event.slug}/strays", {"all-note": "Once more"})

    assert "Say why, in a few words." in refused_.text
    assert "4 marks count now." in client.page.words
    assert half_days(app, event) == {"Ann": 1, "Boris": 0, "Man with a cap": 1}
    assert len(make.all(select(Mark))) == 4
    assert len(make.all(select(Stray).where(Stray.settled_at.is_(None)))) == 2


def test_only_organisers_of_the_event_see_and_change_its_registrations(make: Making, event: Event, app: Flask):
    someone = make.registered(event, name="Ann Example")
    stray = refused(app, event)
    vienna = make.event("vienna")
    trainer, outsider, practitioner = make.appointed(event), make.appointed(vienna, "organiser"), make.signed_in()
    coordinator = make.signed_in(Role.ORGANISER)

    for stranger in (trainer, outsider, practitioner):
        stranger.get(path(event), 404)
        stranger.get(path(event, someone), 404)
        stranger.post(path(event), STANDS | {"name": "x"}, 404)
        stranger.post(path(event, someone), STANDS | {"name": "x"}, 404)
        stranger.get(f"/events/{event.slug}/strays/{stray.id}", 404)
        stranger.post(f"/events/{event.slug}/strays", {"all-note": "x"}, 404)
    outsider.get(f"/events/{vienna.slug}/strays/{stray.id}", 404)
    outsider.get(path(vienna, someone), 404)
    coordinator.get(path(event))

    assert len(make.all(select(Registration))) == 1
