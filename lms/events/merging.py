"""Making a walk-in the person they turned out to be, and taking that back; rows change, nothing is committed."""

from enum import StrEnum

from sqlalchemy import select, update

from lms.accounts.models import Person
from lms.database import db
from lms.events import receiving
from lms.events.models import Event, Registration
from lms.events.parts import RegistrationState


class Became(StrEnum):
    """What became of a walk-in."""

    MERGED = "merged"  # its marks count for someone who is on the roll
    RESTORED = "restored"  # so, and that registration was cancelled before
    LINKED = "linked"  # it is the registration of an account that had none here


def may_be_merged(found: Registration) -> bool:
    """Whether someone may turn out to be somebody else: not with an account, nor twice."""
    return found.person_id is None and found.merged_into_id is None


def merge(event: Event, walk_in: Registration, into: Registration) -> Became:
    """Let the marks of one count for another; what was merged into it before moves along."""
    db.session.execute(
        update(Registration).where(Registration.merged_into_id == walk_in.id).values(merged_into_id=into.id)
    )
    walk_in.merged_into_id = into.id
    restored = into.state is RegistrationState.CANCELLED
    if restored:
        into.state = RegistrationState.CONFIRMED
    receiving.grown(event)
    return Became.RESTORED if restored else Became.MERGED


def give_account(event: Event, walk_in: Registration, person: Person) -> Became:
    """Make it the registration of an account, or merge it into the one that the account has here already."""
    there = db.session.scalar(
        select(Registration).where(Registration.event_id == event.id, Registration.person_id == person.id)
    )
    if there is not None:
        return merge(event, walk_in, there)
    walk_in.person_id = person.id
    receiving.grown(event)
    return Became.LINKED


def part_again(event: Event, walk_in: Registration) -> None:
    """Take back that a walk-in is someone else: its marks are its own again."""
    walk_in.merged_into_id = None
    if walk_in.name:
        walk_in.person_id = None
    receiving.grown(event)
