"""Brussels and Vienna in the sample year: forty people each, nine in both, and all that happens at a door."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from sqlalchemy import select

from lms import audit
from lms.accounts.models import Person
from lms.content.loader import load_event
from lms.database import db
from lms.demo.people import ACCOUNTS, PEOPLE, address
from lms.events import differences, loading, receiving
from lms.events.checkin import BADGE_LENGTH, CODE_LENGTH, LETTERS
from lms.events.models import Appointment, Device, Event, HalfDay, Mark, Registration, Sheet, Tick
from lms.events.parts import Charge, Decision, MarkKind, Origin, Part, RegistrationState, Signed
from lms.events.receiving import Sender
from lms.paths import MODULES

EVERYBODY = (ACCOUNTS[0][0], *(address(number) for number in range(1, len(PEOPLE) + 1)))
# Whom each event expects, by place in EVERYBODY: nine are at both, the practitioner among them.
EXPECTED = {"brussels": range(39), "vienna": (*range(9), *range(39, 70))}
FORGOT_BADGE = 2  # came to Brussels on the second morning without a badge, and was taken for a stranger
SPEAKERS = {"brussels": ("Rasa Vaitkutė", "Mirela Ștefănescu"), "vienna": ("Oisín Mac Giolla", "Tjaša Žnidaršič")}


def fill(random: Random) -> bool:
    """Add both events in the caller's transaction; False where Brussels is there already."""
    if db.session.scalar(select(Event.id).where(Event.slug == "brussels")):
        return False
    people = {person.email: person for person in db.session.scalars(select(Person))}
    for slug, expected in EXPECTED.items():
        file = load_event(MODULES / "events" / f"{slug}.toml")
        event = loading.load(file).event
        _held(event, [people[EVERYBODY[place]] for place in expected], people, random)
    return True


def _held(event: Event, expected: Sequence[Person], people: dict[str, Person], random: Random) -> None:
    """An event from its first registration to its last correction."""
    organiser, trainer = people[ACCOUNTS[2][0]], people[ACCOUNTS[1][0]]
    announced = event.half_days[0].starts_at - timedelta(days=30)
    db.session.add(Appointment(event_id=event.id, person_id=trainer.id, charge=Charge.TRAINER))
    on_the_list = [_registered(event, random, announced, person=person) for person in expected]
    trainers = [_registered(event, random, announced, person=trainer, part=Part.TRAINER)] + [
        _registered(event, random, announced, name=name, part=Part.SPEAKER) for name in SPEAKERS[event.slug]
    ]
    desks = [_desk(event, name, trainer, random) for name in ("Main door", "Side door")]
    for place, half_day in enumerate(event.half_days):
        _morning_at_the_door(event, half_day, place, on_the_list, trainers, desks, trainer, random)
    if event.slug == "brussels":
        _walk_ins(event, desks[0], on_the_list, organiser, random)
        _corrected(event, on_the_list[11], organiser)
        _on_paper(event, event.half_days[0], on_the_list, organiser, random)
    for desk in desks:
        desk.revoked_at = event.half_days[-1].ends_at + timedelta(hours=1)


def _registered(
    event: Event, random: Random, at: datetime, person: Person | None = None, **values: object
) -> Registration:
    country = person.country if person else "BE"
    row = receiving.add_registration(
        event, at, id=_uuid(random), person_id=person.id if person else None, state=RegistrationState.CONFIRMED,
        origin=Origin.LOCAL if country == event.country else Origin.INTERNATIONAL, **values,
    )  # fmt: skip
    return _with_badge(row, random)


def _with_badge(row: Registration, random: Random) -> Registration:
    """The badge and the code of a registration, the same every time the sample year is made."""
    row.badge, row.code = _signs(random, BADGE_LENGTH), _signs(random, CODE_LENGTH)
    db.session.flush()
    return row


def _signs(random: Random, length: int) -> str:
    return "".join(random.choices(LETTERS, k=length))


def _uuid(random: Random) -> UUID:
    return UUID(int=random.getrandbits(128), version=4)


def _desk(event: Event, name: str, by: Person, random: Random) -> Device:
    began = event.half_days[0].starts_at - timedelta(hours=1)
    desk = Device(
        id=_uuid(random), event_id=event.id, name=name, salt=f"{random.getrandbits(128):032x}", made_by_id=by.id,
        made_at=began, paired_at=began, seen_at=event.half_days[-1].ends_at,
    )  # fmt: skip
    db.session.add(desk)
    db.session.flush()
    return desk


def _morning_at_the_door(
    event: Event, half_day: HalfDay, place: int, on_the_list: Sequence[Registration], trainers: Sequence[Registration],
    desks: Sequence[Device], by: Person, random: Random,
) -> None:  # fmt: skip
    """One half-day: most come in time, some late, some leave early, some are excused, some never come."""
    for number, who in enumerate(on_the_list):
        fate = (number * 7 + place * 11) % 40
        desk = desks[number % 2]
        if number and fate == 3:
            letter = half_day.starts_at - timedelta(hours=15)
            why = "Called to a hearing, wrote the day before"
            _said(event, who, half_day, MarkKind.EXCUSED, letter, random, by=by, reason=why)
        elif _stays_away(event.slug, number, place, fate):
            continue
        else:
            late = random.randint(18, 52) if number and fate in (5, 31) else 0
            came = half_day.starts_at + timedelta(minutes=late or random.randint(-24, 6), seconds=random.randint(0, 59))
            _said(event, who, half_day, MarkKind.CAME, came, random, desk=desk)
            if number and fate == 14:
                left = half_day.ends_at - timedelta(minutes=random.randint(35, 100))
                _said(event, who, half_day, MarkKind.LEFT, left, random, desk=desk)
            if fate in (0, 27):  # scanned at the other door too
                again = came + timedelta(minutes=2)
                _said(event, who, half_day, MarkKind.CAME, again, random, desk=desks[1 - number % 2])
    for who in trainers:
        came = half_day.starts_at - timedelta(minutes=random.randint(25, 50))
        _said(event, who, half_day, MarkKind.CAME, came, random, desk=desks[0])


def _stays_away(slug: str, number: int, place: int, fate: int) -> bool:
    """Who is missing at a half-day; the practitioner, who stands first, never is."""
    if (slug, number, place) == ("brussels", FORGOT_BADGE, 2):
        return True
    return number > 0 and (fate in (9, 22) or (number in (16, 29) and place > 1))


def _said(
    event: Event, who: Registration, half_day: HalfDay, kind: MarkKind, at: datetime, random: Random, *,
    desk: Device | None = None, by: Person | None = None, reason: str = "", later: timedelta = timedelta(seconds=2),
) -> UUID:  # fmt: skip
    """A mark, taken as marks are taken; its id."""
    mark = {
        "id": str(_uuid(random)), "badge": who.badge, "half_day": str(half_day.id), "kind": kind.value,
        "at": at.isoformat(), "reason": reason,
    }  # fmt: skip
    _receive(event, mark, desk, by, at + later)
    return UUID(str(mark["id"]))


def _receive(event: Event, mark: Mapping[str, object], desk: Device | None, by: Person | None, at: datetime) -> None:
    sender = Sender(
        device_id=desk.id if desk else None, salt=desk.salt if desk else "", desk=desk is not None,
        by_id=by.id if by else desk.made_by_id if desk else None,
    )  # fmt: skip
    receiving.receive(event, sender, [mark], None, at)


def _walk_ins(event: Event, desk: Device, on_the_list: Sequence[Registration], by: Person, random: Random) -> None:
    """Two whom nobody expected: one stays on the list under the name they gave, one is found to be on it already."""
    half_days = event.half_days
    stays, known = ({"id": str(_uuid(random)), "name": name} for name in ("Ilse Moerman", "G. Stoyanova"))
    for someone, days in ((stays, half_days), (known, half_days[2:3])):
        for half_day in days:
            at = half_day.starts_at + timedelta(minutes=random.randint(1, 9))
            mark = {
                "id": str(_uuid(random)), "badge": "", "half_day": str(half_day.id), "kind": "came",
                "at": at.isoformat(), "reason": "", "person": someone,
            }  # fmt: skip
            _receive(event, mark, desk, None, at + timedelta(seconds=2))
    _with_badge(db.session.get_one(Registration, UUID(stays["id"])), random)
    walk_in = _with_badge(db.session.get_one(Registration, UUID(known["id"])), random)
    turned_out = on_the_list[FORGOT_BADGE]
    walk_in.merged_into_id = turned_out.id
    audit.record("walk-in.merged", by.id, registration=str(walk_in.id), into=str(turned_out.id))


def _corrected(event: Event, who: Registration, by: Person) -> None:
    """The organiser puts right what a door missed."""
    half_day = event.half_days[1]
    at = half_day.ends_at + timedelta(hours=2)
    random = Random(who.code)  # noqa: S311
    for mark in db.session.scalars(
        select(Mark).where(Mark.registration_id == who.id, Mark.half_day_id == half_day.id, Mark.kind != MarkKind.UNDO)
    ).all():
        undo = {
            "id": str(_uuid(random)), "badge": who.badge, "half_day": str(half_day.id), "kind": "undo",
            "at": at.isoformat(), "reason": "The badge of a colleague was scanned", "of": str(mark.id),
        }  # fmt: skip
        _receive(event, undo, None, by, at)
    came = half_day.starts_at + timedelta(minutes=4)
    why = "The trainer at the table saw them come"
    _said(event, who, half_day, MarkKind.CAME, came, random, by=by, later=at - came, reason=why)


def _on_paper(event: Event, half_day: HalfDay, on_the_list: Sequence[Registration], by: Person, random: Random) -> None:
    """The signed sheet of the first morning: it agrees with the door but for two people, and one of them is settled."""
    printed = half_day.starts_at - timedelta(hours=16)
    looked = half_day.ends_at + timedelta(days=1)
    rows = [who for who in on_the_list if who.origin is Origin.INTERNATIONAL]
    db.session.add(
        Sheet(
            code=_signs(random, 8), half_day_id=half_day.id, part=Part.PARTICIPANT, origin=Origin.INTERNATIONAL,
            rows=[str(who.id) for who in rows], made_at=printed, made_by_id=by.id,
        )
    )  # fmt: skip
    seen = set(
        db.session.scalars(
            select(Mark.registration_id).where(Mark.half_day_id == half_day.id, Mark.kind == MarkKind.CAME)
        )
    )
    here = [who for who in rows if who.id in seen]
    away = [who for who in rows if who.id not in seen]
    unsigned, signed_unseen = here[5], away[0]
    for who in rows:
        signed = (who.id in seen and who is not unsigned) or who is signed_unseen
        db.session.add(
            Tick(
                half_day_id=half_day.id, registration_id=who.id, at=looked, by_id=by.id,
                signed=Signed.SIGNED if signed else Signed.UNSIGNED,
            )
        )  # fmt: skip
    db.session.flush()
    differences.settle(
        half_day, unsigned, Decision.KEPT, "Was seen by both trainers and did not find the sheet",
        looked + timedelta(hours=1), by_id=by.id, settlement_id=_uuid(random),
    )  # fmt: skip
