"""What an event puts on paper: who signs which sheet, sheets with their codes, badges; rows are never committed."""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from lms.database import db, insert
from lms.events import documents, roll
from lms.events.checkin import LETTERS
from lms.events.models import Event, HalfDay, Registration, Scan, Sheet
from lms.events.parts import Origin, Part

CODE_LENGTH = 8


class Group(Struct, frozen=True):
    """Those who sign one sheet; where someone comes from parts participants alone."""

    part: Part
    origin: Origin | None = None

    @property
    def words(self) -> str:
        return documents.group(self.part, self.origin)

    @property
    def name(self) -> str:
        """As it stands in a form."""
        return f"{self.part}-{self.origin}" if self.origin else str(self.part)


GROUPS = (
    Group(Part.PARTICIPANT, Origin.LOCAL),
    Group(Part.PARTICIPANT, Origin.INTERNATIONAL),
    Group(Part.TRAINER),
    Group(Part.SPEAKER),
    Group(Part.ORGANISER),
    Group(Part.OBSERVER),
)


def group_of(registration: Registration) -> Group:
    """Whose sheet someone signs."""
    of_participants = registration.part is Part.PARTICIPANT
    return Group(registration.part, registration.origin if of_participants else None)


def grouped(rows: Iterable[roll.Row]) -> dict[Group, list[Registration]]:
    """The groups that have people, in the order of `GROUPS`, with who is in each, by name."""
    found: dict[Group, list[Registration]] = defaultdict(list)
    for row in rows:
        found[group_of(row.registration)].append(row.registration)
    return {group: found[group] for group in GROUPS if found[group]}


def sheets(event: Event) -> dict[tuple[UUID, Group], list[Sheet]]:
    """Every sheet made for an event by half-day and group, the newest first."""
    asked = select(Sheet).join(HalfDay, Sheet.half_day_id == HalfDay.id).where(HalfDay.event_id == event.id)
    found: dict[tuple[UUID, Group], list[Sheet]] = defaultdict(list)
    for sheet in db.session.scalars(asked.order_by(Sheet.id.desc())):
        found[sheet.half_day_id, Group(sheet.part, sheet.origin)].append(sheet)
    return found


def lists(sheet: Sheet, people: Sequence[Registration]) -> bool:
    """Whether a sheet lists just these people, in this order."""
    return list(sheet.rows) == [str(one.id) for one in people]


def sheet_for(
    half_day: HalfDay, group: Group, people: Sequence[Registration], by_id: int | None, now: datetime
) -> Sheet:
    """The sheet of a group: the one printed last while nobody changed, else a new one with a code of its own."""
    db.session.execute(select(HalfDay.id).where(HalfDay.id == half_day.id).with_for_update())
    asked = select(Sheet).where(
        Sheet.half_day_id == half_day.id, Sheet.part == group.part, Sheet.origin.is_not_distinct_from(group.origin)
    )
    last = db.session.scalar(asked.order_by(Sheet.id.desc()).limit(1))
    if last is not None and lists(last, people):
        return last
    values = {
        "half_day_id": half_day.id, "part": group.part, "origin": group.origin, "rows": [str(one.id) for one in people],
        "made_at": now, "made_by_id": by_id,
    }  # fmt: skip
    added = None
    while added is None:  # only where its code was another's already
        code = "".join(secrets.choice(LETTERS) for _sign in range(CODE_LENGTH))
        query = insert(Sheet).values(**values, code=code).on_conflict_do_nothing().returning(Sheet.id)
        added = db.session.scalar(query)
    return db.session.get_one(Sheet, added)


def listed(sheet: Sheet) -> list[Registration]:
    """Those a sheet lists, in the order printed, whatever became of them since."""
    ids = [UUID(one) for one in sheet.rows]
    asked = select(Registration).options(joinedload(Registration.person)).where(Registration.id.in_(ids))
    found = {one.id: one for one in db.session.scalars(asked)}
    return [found[one] for one in ids if one in found]


def signed_sheet(made: Sequence[Sheet], scans: Iterable[Scan]) -> Sheet | None:
    """Of the sheets of a group, newest first, the one that people signed: the newest with a scan, else the newest."""
    scanned = {scan.sheet_id for scan in scans}
    return next((sheet for sheet in made if sheet.id in scanned), made[0] if made else None)


def pdf_of(sheet: Sheet, privacy_address: str) -> bytes:
    """A sheet's PDF; made again, it has the same code and the same rows. Raises pdf.Failed."""
    half_day, event = sheet.half_day, sheet.half_day.event
    return documents.signature_sheet(
        documents.SignatureSheet(
            event=event.title, city=event.city, venue=event.venue, subject=half_day.title,
            starts_at=half_day.starts_at, ends_at=half_day.ends_at, zone=event.zone, part=sheet.part,
            origin=sheet.origin, code=sheet.code, privacy_address=privacy_address,
            rows=[
                documents.Signer(one.shown_name, one.shown_organisation, one.shown_country) for one in listed(sheet)
            ],
        )
    )  # fmt: skip


def badges_of(event: Event, people: Iterable[Registration]) -> documents.Badges:
    """What the badges of these people say; an event has half-days when it has badges."""
    return documents.Badges(
        event.title,
        event.city,
        event.half_days[0].starts_at.astimezone(event.zone).date(),
        event.half_days[-1].ends_at.astimezone(event.zone).date(),
        [documents.Badge(one.shown_name, one.shown_organisation, one.part, one.badge, one.code) for one in people],
    )
