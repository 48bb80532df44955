"""Builds people and what they did, with as little as a test needs to say, and looks up what was kept."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy import Select

from lms.accounts import passwords
from lms.accounts.models import Person, Role
from lms.app import create_app
from lms.clock import now
from lms.database import Model, db, writing
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
