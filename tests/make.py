"""Builds people and what they did, with as little as a test needs to say."""

from datetime import datetime
from typing import Any

from flask import Flask

from lms.accounts import passwords
from lms.accounts.models import Person, Role
from lms.clock import now
from lms.database import db
from tests.page import Client

PASSWORD = "four calm words together"
CHEAP = passwords.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


class Making:
    """Each method adds and commits."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.count = 0

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
        db.session.add(person)
        db.session.commit()
        return person

    def signed_in(self, role: Role | str = Role.PRACTITIONER, **values: Any) -> Client:
        """A client in which someone of this role has signed in; `client.person_id` is theirs."""
        person = self.person(role, **values)
        client = Client(self.app)
        client.person_id = person.id
        client.sign_in(person.email, PASSWORD)
        return client


def at(text: str) -> datetime:
    """A moment from ISO 8601 with offset."""
    return datetime.fromisoformat(text)
