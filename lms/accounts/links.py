"""Links sent by letter: invitations, sign-in links and password resets; each once, soon, and for its purpose."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import select, update

from lms.accounts.models import Link, Person, Purpose, Standing
from lms.database import changed, db

GOOD_FOR = {
    Purpose.INVITATION: timedelta(days=7),
    Purpose.RESET: timedelta(minutes=60),
    Purpose.SIGN_IN: timedelta(minutes=15),
}


def make(person: Person, purpose: Purpose, now: datetime) -> str:
    """A new token of 256 random bits, in the caller's transaction; older ones of the same purpose are spent."""
    spend(person.id, now, purpose)
    token = secrets.token_urlsafe(32)
    db.session.add(
        Link(token_hash=digest(token), purpose=purpose, person_id=person.id, expires_at=now + GOOD_FOR[purpose])
    )
    return token


def find(token: str, purpose: Purpose, now: datetime) -> Link | None:
    """The link this token opens, if it is of this purpose, unused, in time, and its person may sign in."""
    return db.session.scalar(
        select(Link)
        .join(Person)
        .where(
            Link.token_hash == digest(token),
            Link.purpose == purpose,
            Link.used_at.is_(None),
            Link.expires_at > now,
            Person.standing == Standing.ACTIVE,
        )
    )


def use(token: str, purpose: Purpose, now: datetime) -> Person | None:
    """Spend the token; of two who come with it at once, one gets the person and the other None."""
    link = find(token, purpose, now)
    if link is None:
        return None
    spent = changed(update(Link).where(Link.id == link.id, Link.used_at.is_(None)).values(used_at=now))
    return link.person if spent == 1 else None


def spend(person_id: int, now: datetime, purpose: Purpose | None = None) -> None:
    """Make every open link of a person useless, or those of one purpose."""
    old = update(Link).where(Link.person_id == person_id, Link.used_at.is_(None))
    db.session.execute(old.where(Link.purpose == purpose).values(used_at=now) if purpose else old.values(used_at=now))


def digest(secret: str) -> str:
    """SHA-256, as kept in place of a token or an address."""
    return sha256(secret.encode()).hexdigest()
