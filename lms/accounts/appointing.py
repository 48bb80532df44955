"""Whom one may put in charge of something: someone with an open account that is a trainer's or an organiser's."""

from flask_babel import gettext
from sqlalchemy import select
from wtforms import EmailField

from lms.accounts.models import Person, Role, Standing
from lms.database import db


def in_charge(field: EmailField) -> Person | None:
    """The account whose address stands in a field, or None with the reason at the field."""
    person = db.session.scalar(select(Person).where(Person.email == field.data, Person.standing == Standing.ACTIVE))
    if person is None:
        field.errors = [gettext("There is no open account with this address. Invite the person first.")]
        return None
    if person.role is Role.PRACTITIONER:
        field.errors = [gettext("This is a practitioner's account. A coordinator must make it a trainer's first.")]
        return None
    return person
