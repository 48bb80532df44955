"""What a list of people does to the roll of an event: planned, then carried out; rows are added, never committed.

What an account says of its owner is the owner's: a list adds what is missing there, and changes nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import joinedload

from lms.accounts.models import Link, Person, Profession, Purpose, Standing
from lms.database import db
from lms.events import receiving, roster
from lms.events.badges import new_badge, new_code, new_id
from lms.events.models import Event, Registration
from lms.events.parts import Origin, Part, RegistrationState
from lms.events.roster import Asked, Change, Changed, Fault, Faulty, Known, Plan, Same

AT_ONCE = 500  # addresses in one question to the database
OF_THE_ROLL = {"state", "part", "origin"}
ADDED = {"organisation", "country"}


def planned(event: Event, rows: Sequence[Sequence[str]], mapping: Mapping[int, str] | None) -> Plan:
    """What these rows ask of this event; ValueError where the mapping is none."""
    if mapping is None:
        mapping = roster.guessed(rows[roster.head_at(rows)]) if rows else {}
    return owned(roster.plan(_languages_of_accounts(rows, mapping), known(event), mapping))


def _languages_of_accounts(rows: Sequence[Sequence[str]], mapping: Mapping[int, str]) -> list[list[str]]:
    """The rows without the language of whoever has no address: only an account has a language."""
    columns = {field: column for column, field in mapping.items()}
    language, email = columns.get("language"), columns.get("email")
    head = roster.head_at(rows)
    cleared = [list(row) for row in rows]
    for row in cleared[head + 1 :]:
        if language is not None and language < len(row) and (email is None or not "".join(row[email : email + 1])):
            row[language] = ""
    return cleared


def known(event: Event) -> list[Known]:
    """Everyone on the roll or taken off it, as the plan looks at them."""
    found = db.session.scalars(
        select(Registration)
        .options(joinedload(Registration.person))
        .where(Registration.event_id == event.id, Registration.merged_into_id.is_(None))
        .order_by(Registration.registered_at, Registration.id)
    )
    return [
        Known(
            id=str(one.id),
            name=one.shown_name,
            email=one.person.email if one.person else "",
            organisation=one.shown_organisation,
            country=one.shown_country,
            profession=one.shown_profession.value if one.shown_profession else "",
            part=one.part.value,
            origin=one.origin.value,
            language=one.person.language if one.person else "",
            cancelled=one.state is RegistrationState.CANCELLED,
        )
        for one in found
    ]


def owned(plan: Plan) -> Plan:
    """The plan without what a list may not change: facts of an account that its owner has given."""
    changed: list[Changed] = []
    unchanged = list(plan.unchanged)
    for one in plan.changed:
        changes = tuple(change for change in one.changes if _may_change(change, one.known))
        if changes:
            changed.append(replace(one, changes=changes))
        else:
            unchanged.append(Same(one.asked, one.known))
    unchanged.sort(key=lambda one: one.asked.row)
    return replace(plan, changed=tuple(changed), unchanged=tuple(unchanged))


def _may_change(change: Change, whose: Known) -> bool:
    if not whose.email:
        return change.field != "language"
    return change.field in OF_THE_ROLL or (change.field in ADDED and not change.before)


def carry_out(event: Event, plan: Plan, now: datetime, locales: Collection[str]) -> None:
    """Add and change what the plan says; new addresses get accounts, and nobody a letter."""
    accounts = {one.email: one for one in _accounts(plan)}
    for asked in [*plan.new, *(one.asked for one in plan.changed if _gives_address(one))]:
        if asked.email and asked.email not in accounts:
            accounts[asked.email] = _account(asked, now, locales)
            db.session.add(accounts[asked.email])
    db.session.flush()
    _register(event, plan.new, accounts, now)
    if plan.new or plan.changed:
        receiving.grown(event)
    if not plan.changed:
        return
    rows = {
        str(one.id): one for one in db.session.scalars(select(Registration).where(Registration.event_id == event.id))
    }
    for changed in plan.changed:
        _change(rows[changed.known.id], changed, accounts)
    db.session.flush()


def _register(event: Event, asked: Sequence[Asked], accounts: Mapping[str, Person], now: datetime) -> None:
    """Put many on the roll with one statement, each with a badge and a code of their own."""
    taken = set(db.session.scalars(select(Registration.code).where(Registration.event_id == event.id)))
    rows = []
    for one in asked:
        code = next(code for code in iter(new_code, "") if code not in taken)
        taken.add(code)
        rows.append(
            {
                "id": new_id(),
                "event_id": event.id,
                "person_id": accounts[one.email].id if one.email else None,
                "badge": new_badge(),
                "code": code,
                "registered_at": now,
            }
            | _values(event, one)
        )
    if rows:
        db.session.execute(insert(Registration), rows)


def _gives_address(changed: Changed) -> bool:
    return any(change.field == "email" for change in changed.changes)


def _values(event: Event, asked: Asked) -> dict[str, object]:
    """A registration's own columns; whoever comes from the country of the event is local unless the list says."""
    origin = Origin.LOCAL if asked.country and asked.country == event.country else Origin.INTERNATIONAL
    return {
        "name": "" if asked.email else asked.name,
        "organisation": asked.organisation,
        "country": asked.country,
        "profession": Profession(asked.profession) if asked.profession else None,
        "part": Part(asked.part) if asked.part else Part.PARTICIPANT,
        "origin": Origin(asked.origin) if asked.origin else origin,
    }


def _account(asked: Asked, now: datetime, locales: Collection[str]) -> Person:
    """A new account, which nobody can open before they are invited."""
    return Person(
        email=asked.email,
        name=asked.name,
        organisation=asked.organisation,
        country=asked.country,
        profession=Profession(asked.profession) if asked.profession else Profession.OTHER,
        language=asked.language if asked.language in locales else "",
        joined_at=now,
    )


def _change(found: Registration, changed: Changed, accounts: Mapping[str, Person]) -> None:
    kinds = {"state": RegistrationState, "part": Part, "origin": Origin, "profession": Profession}
    for one in changed.changes:
        if one.field == "email":
            found.person_id = accounts[changed.asked.email].id
        else:
            setattr(found, one.field, kinds[one.field](one.after) if one.field in kinds else one.after)


def _accounts(plan: Plan) -> list[Person]:
    """The accounts there are of the addresses in the plan."""
    return _of_addresses(_addresses(plan))


def _addresses(plan: Plan) -> list[str]:
    asked = [*plan.new, *(one.asked for one in plan.changed), *(one.asked for one in plan.unchanged)]
    return sorted({one.email for one in asked if one.email})


def _of_addresses(addresses: Sequence[str]) -> list[Person]:
    found: list[Person] = []
    for first in range(0, len(addresses), AT_ONCE):
        found += db.session.scalars(select(Person).where(Person.email.in_(addresses[first : first + AT_ONCE])))
    return found


def called_otherwise(plan: Plan) -> list[tuple[Asked, str]]:
    """New rows whose address has an account under another name, with that name: it is the one that is printed."""
    names = {one.email: one.name for one in _accounts(plan)}
    return [(asked, names[asked.email]) for asked in plan.new if names.get(asked.email, asked.name) != asked.name]


def to_invite(plan: Plan) -> list[Person]:
    """Whose account nobody has opened yet, and who was never invited: each is invited once."""
    waiting = [
        one for one in _accounts(plan) if one.password_hash is None and one.standing is Standing.ACTIVE
    ]  # fmt: skip
    invited = _invited(one.id for one in waiting)
    return [one for one in waiting if one.id not in invited]


def _invited(people: Iterable[int]) -> set[int]:
    wanted = list(people)
    found: set[int] = set()
    for first in range(0, len(wanted), AT_ONCE):
        found |= set(
            db.session.scalars(
                select(Link.person_id).where(
                    Link.person_id.in_(wanted[first : first + AT_ONCE]), Link.purpose == Purpose.INVITATION
                )
            )
        )
    return found


def without_account(plan: Plan) -> int:
    """How many accounts the plan would make."""
    there = {one.email for one in _accounts(plan)}
    asked = [*plan.new, *(one.asked for one in plan.changed if _gives_address(one))]
    return len({one.email for one in asked if one.email} - there)


def planned_accounts(rows: Sequence[Sequence[str]]) -> Plan:
    """What a list asks for where accounts alone are wanted: everyone needs an address, and is known by it."""
    plan = roster.plan(rows)
    plan = roster.settled(plan, {one.asked.row: "new" for one in plan.doubtful})
    nowhere = [Faulty(one.row, (Fault(one.row, "", "email", "email"),), ()) for one in plan.new if not one.email]
    there = {one.email for one in _accounts(plan)}
    return replace(
        plan,
        new=tuple(one for one in plan.new if one.email and one.email not in there),
        unchanged=(*plan.unchanged, *(Same(one) for one in plan.new if one.email in there)),
        faulty=tuple(sorted([*plan.faulty, *nowhere], key=lambda one: one.row)),
    )


def add_accounts(plan: Plan, now: datetime, locales: Collection[str]) -> None:
    """Make the accounts of a plan; nobody gets a letter."""
    db.session.add_all([_account(asked, now, locales) for asked in plan.new])
    db.session.flush()
