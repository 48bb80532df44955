"""Builds people and what they did, with as little as a test needs to say, and looks up what was kept."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload, selectinload

from lms.accounts import passwords
from lms.accounts.models import Person, Role
from lms.app import create_app
from lms.certificates import due, issuing
from lms.certificates.models import Certificate, ConfirmedName
from lms.clock import now
from lms.database import Model, db, writing
from lms.events import receiving
from lms.events.models import Appointment, Event, HalfDay, Registration
from lms.events.parts import Charge, EventKind, MarkKind
from lms.settings import Settings
from tests.page import Client

PASSWORD = "four calm words together"
CHEAP = passwords.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


class Making:
    """Each method works in a context of its own and commits; what it gives is detached and whole."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.count = 0

    def add(self, *rows: Model) -> None:
        """Keep rows."""
        with self.app.app_context(), writing():
            db.session.add_all(rows)
            db.session.commit()
            for row in rows:
                db.session.refresh(row)
            db.session.expunge_all()

    def all(self, query: Select[Any]) -> Sequence[Any]:
        """What a query finds now."""
        with self.app.app_context():
            found = db.session.scalars(query).all()
            db.session.expunge_all()
            return found

    def one(self, query: Select[Any]) -> Any:
        """The one row a query finds now."""
        found = self.all(query)
        assert len(found) == 1, found
        return found[0]

    def change(self, row: Model, **values: Any) -> None:
        """Change a row that is kept."""
        with self.app.app_context(), writing():
            again = db.session.merge(row)
            for name, value in values.items():
                setattr(again, name, value)
            db.session.commit()

    def person(self, role: Role | str = Role.PRACTITIONER, **values: Any) -> Person:
        """Someone with an account and the password PASSWORD."""
        self.count += 1
        given = {
            "email": f"person{self.count}@service.example",
            "name": f"Person {self.count}",
            "role": Role(role),
            "joined_at": now(),
            "password_hash": CHEAP,
        } | values
        person = Person(**given)
        self.add(person)
        return person

    def event(self, slug: str = "ghent", first: str = "2027-03-01", **values: Any) -> Event:
        """An event of two days, four half-days: 09:00-12:30 and 13:30-17:00 in Brussels; late after 15 minutes."""
        zone = ZoneInfo(values.get("timezone", "Europe/Brussels"))
        day = date.fromisoformat(first)
        half_days = [
            HalfDay(
                id=uuid5(NAMESPACE_URL, f"{slug}/{number}/{title}"),
                title=f"{title} {number}",
                starts_at=datetime.combine(day + timedelta(days=number - 1), start, zone),
                ends_at=datetime.combine(day + timedelta(days=number - 1), end, zone),
            )
            for number in (1, 2)
            for title, start, end in (("Morning", time(9), time(12, 30)), ("Afternoon", time(13, 30), time(17)))
        ]
        given = {
            "slug": slug, "title": f"{slug.title()} training", "kind": EventKind.EU, "city": slug.title(),
            "country": "BE", "venue": "Town hall", "timezone": "Europe/Brussels", "late_after": 15,
            "counts_minutes": None, "counts_per_cent": 75, "room_secret": "secret", "half_days": half_days,
        } | values  # fmt: skip
        event = Event(**given)
        self.add(event)
        return self.event_again(event)

    def event_again(self, event: Event) -> Event:
        """The event as it is kept now, with its half-days."""
        return self.one(select(Event).where(Event.id == event.id).options(selectinload(Event.half_days)))

    def past_event(self, slug: str = "ghent", first: str = "2025-03-03", **values: Any) -> Event:
        """An event that is over, as certificates of attendance want it."""
        return self.event(slug, first, **values)

    def registered(self, event: Event, person: Person | None = None, **values: Any) -> Registration:
        """Someone on the roll, with an account unless a name is given."""
        if person is None and "name" not in values:
            person = self.person()
        with self.app.app_context(), writing():
            row = receiving.add_registration(
                db.session.get_one(Event, event.id), now(), **({"person_id": person.id} if person else {}), **values
            )
            db.session.commit()
            found = row.id
        return self.one(select(Registration).where(Registration.id == found).options(joinedload(Registration.person)))

    def attended(self, event: Event, registration: Registration, half_days: int = 4) -> None:
        """Marks of someone who came to the first half-days of an event as each began, and stayed."""
        with self.app.app_context(), writing():
            again = db.session.get_one(Event, event.id)
            for half_day in again.half_days[:half_days]:
                receiving.say(
                    again, by_id=None, half_day=half_day, registration=db.session.get_one(Registration, registration.id),
                    kind=MarkKind.CAME, at=half_day.starts_at, now=half_day.starts_at,
                )  # fmt: skip
            db.session.commit()

    def due(self, event: Event, person: Person | None = None, half_days: int = 4, **values: Any) -> Registration:
        """Someone on the roll who was there and has confirmed the name: their paper of attendance is due."""
        registration = self.registered(event, person, **values)
        self.attended(event, registration, half_days)
        name = registration.shown_name
        if registration.person_id:
            self.add(ConfirmedName(person_id=registration.person_id, name=name, at=now()))
        else:
            self.add(ConfirmedName(registration_id=registration.id, name=name, at=now()))
        return registration

    def certificate(
        self, registration: Registration, paper: str = "attendance", at: datetime | None = None
    ) -> Certificate:
        """The paper of someone who is due one at their event, made, signed and kept as it is on the site."""
        with self.app.test_request_context(), writing():
            event = db.session.get_one(Event, registration.event_id)
            candidate = due.of_one(event.slug, paper, registration.person_id, registration.id)
            moment = at or now()
            assert candidate is not None
            made = issuing.make(issuing.drafted(candidate, moment))
            kept = issuing.keep(made, None, moment)
            db.session.commit()
            found = kept.id
        return self.one(select(Certificate).where(Certificate.id == found))

    def appointed(self, event: Event, charge: Charge | str = Charge.TRAINER, **values: Any) -> Client:
        """A client in which a trainer has signed in who is appointed to the event."""
        client = self.signed_in(Role.TRAINER, **values)
        self.add(Appointment(event_id=event.id, person_id=client.person.id, charge=Charge(charge)))
        return client

    def signed_in(self, role: Role | str = Role.PRACTITIONER, **values: Any) -> Client:
        """A client in which someone of this role has signed in; `client.person` is who."""
        person = self.person(role, **values)
        client = Client(self.app)
        client.person = person
        client.sign_in(person.email, PASSWORD)
        return client


def at(text: str) -> datetime:
    """A moment from ISO 8601 with offset."""
    return datetime.fromisoformat(text)


@contextmanager
def another_site(settings: Settings, **values: object) -> Iterator[Flask]:
    """The site once more, on the same database, with other settings."""
    site = create_app(replace(settings, **values))
    try:
        yield site
    finally:
        with site.app_context():
            db.engine.dispose()
        site.extensions["jobs"].storage.close()
