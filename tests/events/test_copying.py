"""An event as a file: to a laptop and back, once, whatever was done at both ends meanwhile."""

import json
from datetime import timedelta
from io import BytesIO
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import select

from lms.clock import now
from lms.database import db, writing
from lms.events import copying, receiving, roll
from lms.events.models import Event, HalfDay, Mark, Registration
from lms.events.parts import MarkKind
from lms.events.receiving import Sender
from lms.paths import MIGRATIONS
from tests.make import Making, another_site


@pytest.fixture
def laptop(settings, tmp_path):
    """Another installation, on a database of its own."""
    with another_site(settings, database_url=f"sqlite:///{tmp_path / 'laptop.db'}", instance=tmp_path) as site:
        with site.app_context(), writing():
            upgrade(directory=str(MIGRATIONS))
        yield site


def pack(app: Flask, slug: str) -> bytes:
    with app.app_context():
        return copying.packed(db.session.scalars(select(Event).where(Event.slug == slug)).one())


def take(app: Flask, content: bytes) -> copying.Taken:
    with app.app_context(), writing():
        taken = copying.unpack(copying.read(content))
        db.session.commit()
        return taken


def rolled(app: Flask, slug: str) -> list[tuple[str, int, int]]:
    with app.app_context():
        event = db.session.scalars(select(Event).where(Event.slug == slug)).one()
        return [(row.registration.shown_name, row.half_days, row.minutes) for row in roll.roll(event)]


def scan(app: Flask, code: str, slug: str = "ghent", **more: object) -> None:
    """Someone comes to the first half-day, in time."""
    with app.app_context(), writing():
        event = db.session.scalars(select(Event).where(Event.slug == slug)).one()
        half_day = event.half_days[0]
        mark = {
            "id": str(uuid4()), "badge": code, "half_day": str(half_day.id), "kind": "came",
            "at": half_day.starts_at.isoformat(),
        } | more  # fmt: skip
        result = receiving.receive(event, Sender(), [mark], None, now())[0]
        assert result.why is None, result
        db.session.commit()


def test_a_laptop_runs_an_event_alone_and_its_marks_come_back_once(app: Flask, make: Making, laptop: Flask):
    event = make.event()
    people = [make.registered(event) for _one in range(3)]
    to_laptop = pack(app, "ghent")
    first = take(laptop, to_laptop)
    scan(laptop, people[0].badge)
    scan(laptop, "", person={"id": str(uuid4()), "name": "Ana Kovač"})
    scan(app, people[1].badge)  # meanwhile, at the main installation

    back = pack(laptop, "ghent")
    once, twice = take(app, back), take(app, back)

    assert (first.made, first.people, first.marks) == (True, 3, 0)
    assert (once.made, once.people, once.marks, once.refused) == (False, 1, 2, ())
    assert (twice.people, twice.marks, twice.known) == (0, 0, 2)
    assert {(name, half_days) for name, half_days, _minutes in rolled(app, "ghent")} == {
        ("Ana Kovač", 1), (people[0].person.name, 1), (people[1].person.name, 1), (people[2].person.name, 0),
    }  # fmt: skip
    assert len(make.all(select(Registration))) == 4


def test_taken_to_the_laptop_again_the_file_brings_what_is_new_here(app: Flask, make: Making, laptop: Flask):
    event = make.event()
    who = make.registered(event)
    take(laptop, pack(app, "ghent"))
    make.registered(event, name="Someone late")
    scan(app, who.badge)

    again = take(laptop, pack(app, "ghent"))

    assert (again.made, again.people, again.marks) == (False, 1, 1)
    assert rolled(laptop, "ghent") == rolled(app, "ghent")


def test_corrections_and_merged_walk_ins_travel_too(app: Flask, make: Making, laptop: Flask):
    event = make.event()
    who = make.registered(event)
    take(laptop, pack(app, "ghent"))
    someone = {"id": str(uuid4()), "name": "Ana"}
    scan(laptop, "", person=someone)
    with laptop.app_context(), writing():
        walk_in = db.session.scalars(select(Registration).where(Registration.walk_in)).one()
        walk_in.merged_into_id = who.id
        there = db.session.scalars(select(Event)).one()
        half_day, mark = there.half_days[1], db.session.scalars(select(Mark)).one()
        whose = db.session.get_one(Registration, who.id)
        for kind, of in ((MarkKind.EXCUSED, None), (MarkKind.UNDO, mark.id)):
            receiving.say(there, by_id=None, registration=whose, half_day=half_day if of is None else there.half_days[0],
                          kind=kind, at=half_day.starts_at, now=now(), reason="A letter came", of=of)  # fmt: skip
        db.session.commit()

    take(app, pack(laptop, "ghent"))

    assert rolled(app, "ghent") == rolled(laptop, "ghent") == [(who.person.name, 0, 0)]
    assert make.one(select(Registration).where(Registration.walk_in)).merged_into_id == who.id


def test_accounts_are_found_by_their_address_and_never_made(app: Flask, make: Making, laptop: Flask):
    event = make.event()
    who = make.registered(event, make.person(email="ana@service.example", name="Ana"))

    take(laptop, pack(app, "ghent"))

    with laptop.app_context():
        there = db.session.get_one(Registration, who.id)
        assert (there.person_id, there.shown_name) == (None, "Ana")
    take(app, pack(laptop, "ghent"))
    assert make.one(select(Registration)).person_id == who.person_id


def test_another_content_under_a_known_id_is_refused_and_named(app: Flask, make: Making):
    event = make.event()
    who = make.registered(event)
    scan(app, who.badge)
    forged = json.loads(pack(app, "ghent"))
    forged["marks"][0]["fingerprint"] = "0" * 64

    taken = take(app, json.dumps(forged).encode())

    assert [str(one) for one in taken.refused] == [forged["marks"][0]["id"]]
    assert len(make.all(select(Mark))) == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda one: one.update(format="disrupt-event-9"),
        lambda one: one.update(slug="../etc"),
        lambda one: one.update(more=1),
        lambda one: one.pop("people"),
        lambda one: one["half_days"][0].update(starts_at="soon"),
        lambda one: one["people"][0].update(badge="short"),
        lambda one: one["people"][0].update(name="a\u0007b"),
        lambda one: one["marks"][0].update(registration=str(uuid4())),
        lambda one: one["marks"][0].update(half_day=str(uuid4())),
        lambda one: one["marks"][0].update(kind="danced"),
    ],
)
def test_a_file_that_cannot_be_true_is_refused_whole_and_in_words(app: Flask, make: Making, spoil):
    event = make.event()
    scan(app, make.registered(event).badge)
    content = json.loads(pack(app, "ghent"))
    spoil(content)
    organiser = make.signed_in("organiser")
    organiser.get("/events/copy")

    organiser.post("/events/copy", {"file": (BytesIO(json.dumps(content).encode()), "x.json")}, status=422)

    assert "Nothing was taken" in organiser.page.words
    assert len(make.all(select(Mark))) == 1


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b"PK\x03\x04"])
def test_a_file_that_is_none_of_ours_is_refused_in_words(make: Making, content):
    organiser = make.signed_in("organiser")
    organiser.get("/events/copy")

    organiser.post("/events/copy", {"file": (BytesIO(content), "x.json")}, status=422)

    assert "Error" in organiser.page.title


def test_an_organiser_takes_the_file_and_brings_it_on_the_page(app: Flask, make: Making):
    event = make.event()
    make.registered(event)
    organiser = make.appointed(event, "organiser")
    organiser.get("/events/ghent/copy")
    content = organiser.get("/events/ghent/copy.json")

    organiser.get("/events/copy")
    organiser.post("/events/copy", {"file": (BytesIO(content.data), "ghent.json")}, status=200)

    assert content.headers["Content-Disposition"].startswith("attachment")
    assert content.headers["Cache-Control"] == "no-store"
    assert "The file is taken" in organiser.page.words


def test_only_an_organiser_of_everything_adds_an_event_and_a_trainer_takes_no_file(app: Flask, make: Making):
    event = make.event()
    trainer = make.appointed(event, "trainer")
    elsewhere = make.signed_in("trainer")
    content = json.loads(pack(app, "ghent")) | {"slug": "elsewhere"}

    trainer.get("/events/ghent/copy", status=404)
    trainer.get("/events/ghent/copy.json", status=404)
    elsewhere.get("/events/copy")
    elsewhere.post("/events/copy", {"file": (BytesIO(json.dumps(content).encode()), "x.json")}, status=422)

    assert "Only an organiser of everything" in elsewhere.page.words


def test_a_half_day_here_keeps_its_time_whatever_a_file_says(app: Flask, make: Making):
    event = make.event()
    content = json.loads(pack(app, "ghent"))
    content["half_days"][0]["ends_at"] = (event.half_days[0].ends_at - timedelta(hours=1)).isoformat()

    take(app, json.dumps(content).encode())

    assert make.one(select(HalfDay).where(HalfDay.id == event.half_days[0].id)).ends_at == event.half_days[0].ends_at


@pytest.mark.parametrize(("role", "named"), [("organiser", True), ("trainer", False)])
def test_who_made_a_mark_is_believed_of_an_organiser_of_everything_alone(app: Flask, make: Making, role, named):
    event = make.event()
    who, someone = make.registered(event), make.person("trainer")
    scan(app, who.badge)
    content = json.loads(pack(app, "ghent"))
    content["marks"] = [content["marks"][0] | {"id": str(uuid4()), "by": someone.email}]
    client = make.signed_in("organiser") if role == "organiser" else make.appointed(event, "organiser")

    client.get("/events/copy")
    client.post("/events/copy", {"file": (BytesIO(json.dumps(content).encode()), "x.json")}, status=200)

    brought = make.one(select(Mark).where(Mark.id == UUID(content["marks"][0]["id"])))
    assert brought.by_id == (someone.id if named else None)
