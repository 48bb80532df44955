"""What is kept of events: programmes, who is registered and appointed, desks, marks, and what paper says."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.accounts.models import Person, Profession
from lms.database import Model, one_of
from lms.events.attendance import Limits
from lms.events.parts import (
    Charge,
    Decision,
    EventKind,
    MarkKind,
    Origin,
    Outcome,
    Part,
    RegistrationState,
    Signed,
)


class Event(Model):
    """A gathering of one or more half-days at one place. `version` grows with whatever a desk's list depends on."""

    __tablename__ = "event"
    __table_args__ = (
        CheckConstraint("(counts_minutes IS NULL) <> (counts_per_cent IS NULL)", name="one_way_to_count"),
        CheckConstraint("counts_minutes IS NULL OR counts_minutes BETWEEN 1 AND 1440", name="counts_minutes_fit"),
        CheckConstraint("counts_per_cent IS NULL OR counts_per_cent BETWEEN 1 AND 100", name="counts_per_cent_fit"),
        CheckConstraint("late_after BETWEEN 0 AND 240", name="late_after_fits"),
        CheckConstraint("places IS NULL OR places > 0", name="places_are_some"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[str]
    kind: Mapped[EventKind] = mapped_column(one_of(EventKind, "kind"))
    city: Mapped[str]
    country: Mapped[str] = mapped_column(String(2), default="")
    venue: Mapped[str] = mapped_column(default="")
    timezone: Mapped[str] = mapped_column(String(64))
    summary: Mapped[str] = mapped_column(Text, default="")
    sample: Mapped[bool] = mapped_column(default=False)
    places: Mapped[int | None]
    late_after: Mapped[int] = mapped_column(default=15)
    counts_minutes: Mapped[int | None]
    counts_per_cent: Mapped[int | None]
    self_check_in: Mapped[bool] = mapped_column(default=False)
    room_secret: Mapped[str] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(default=1)
    half_days: Mapped[list["HalfDay"]] = relationship(order_by="HalfDay.starts_at", back_populates="event")

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def limits(self) -> Limits:
        return Limits(self.late_after, self.counts_minutes, self.counts_per_cent)


class HalfDay(Model):
    """A morning or an afternoon of an event: what attendance is counted in. One that has marks cannot vanish."""

    __tablename__ = "half_day"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_it_starts"),
        UniqueConstraint("event_id", "starts_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    event: Mapped[Event] = relationship(back_populates="half_days")
    title: Mapped[str]
    summary: Mapped[str] = mapped_column(Text, default="")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class Appointment(Model):
    """Who is trainer or organiser of which event; an account with the role organiser needs none."""

    __tablename__ = "appointment"

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True)
    charge: Mapped[Charge] = mapped_column(one_of(Charge, "charge"))
    event: Mapped[Event] = relationship()
    person: Mapped[Person] = relationship()


class Registration(Model):
    """Someone on the roll of an event, with or without an account; `name` is what was given where there is none.

    A walk-in that turns out to be someone registered points at that registration, and its marks count there.
    """

    __tablename__ = "registration"
    __table_args__ = (
        UniqueConstraint("event_id", "person_id"),
        UniqueConstraint("event_id", "code"),
        CheckConstraint("person_id IS NOT NULL OR name <> ''", name="someone"),
        CheckConstraint("merged_into_id IS NULL OR merged_into_id <> id", name="merged_into_another"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    event: Mapped[Event] = relationship()
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    person: Mapped[Person | None] = relationship()
    name: Mapped[str] = mapped_column(default="")
    organisation: Mapped[str] = mapped_column(default="")
    country: Mapped[str] = mapped_column(String(2), default="")
    profession: Mapped[Profession | None] = mapped_column(one_of(Profession, "profession"))
    part: Mapped[Part] = mapped_column(one_of(Part, "part"), default=Part.PARTICIPANT)
    state: Mapped[RegistrationState] = mapped_column(
        one_of(RegistrationState, "state"), default=RegistrationState.REGISTERED
    )
    origin: Mapped[Origin] = mapped_column(one_of(Origin, "origin"), default=Origin.INTERNATIONAL)
    walk_in: Mapped[bool] = mapped_column(default=False)
    badge: Mapped[str] = mapped_column(String(26), unique=True)
    code: Mapped[str] = mapped_column(String(6))
    merged_into_id: Mapped[UUID | None] = mapped_column(ForeignKey("registration.id"), index=True)
    registered_at: Mapped[datetime]

    @property
    def shown_name(self) -> str:
        """The account's name, else what was given."""
        return self.person.name if self.person else self.name

    @property
    def shown_organisation(self) -> str:
        return (self.person.organisation if self.person else "") or self.organisation

    @property
    def shown_country(self) -> str:
        return (self.person.country if self.person else "") or self.country

    @property
    def shown_profession(self) -> Profession | None:
        return self.person.profession if self.person else self.profession

    @property
    def counted_as(self) -> UUID:
        """The registration that this one's marks count for."""
        return self.merged_into_id or self.id


COUNTED_AS = func.coalesce(Registration.merged_into_id, Registration.id).label("counted_as")  # as the property says


class Device(Model):
    """A check-in desk: waits for its code to be typed, is paired to one event, and ends when it is revoked."""

    __tablename__ = "device"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    event: Mapped[Event] = relationship()
    name: Mapped[str] = mapped_column(String(80))
    salt: Mapped[str] = mapped_column(String(32))
    pairing_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    pairing_until: Mapped[datetime | None]
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    made_by: Mapped[Person | None] = relationship()
    made_at: Mapped[datetime]
    paired_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Mark(Model):
    """Something a desk or a person says: someone came, left, was excused. Never changed; an undo is a mark too.

    `undoes_id` is no foreign key: what it undoes may still be on its way from another desk.
    """

    __tablename__ = "mark"
    __table_args__ = (
        CheckConstraint("(kind = 'undo') = (undoes_id IS NOT NULL)", name="undo_names_a_mark"),
        CheckConstraint("kind IN ('came', 'left') OR reason <> ''", name="anything_else_needs_a_reason"),
        CheckConstraint("outcome <> 'refused'", name="refused_is_no_mark"),
        Index("ix_mark_registration_id_half_day_id", "registration_id", "half_day_id"),
        Index("ix_mark_half_day_id", "half_day_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)  # made by whoever says it: a replay is the same row
    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registration.id"))
    registration: Mapped[Registration] = relationship()
    half_day_id: Mapped[UUID] = mapped_column(ForeignKey("half_day.id"))
    half_day: Mapped[HalfDay] = relationship()
    kind: Mapped[MarkKind] = mapped_column(one_of(MarkKind, "kind"))
    at: Mapped[datetime]  # the device's clock, corrected by its skew
    said_at: Mapped[datetime]  # as the device's clock said it
    received_at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    by: Mapped[Person | None] = relationship()
    device_id: Mapped[UUID | None]
    reason: Mapped[str] = mapped_column(default="")
    undoes_id: Mapped[UUID | None]
    fingerprint: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[Outcome] = mapped_column(one_of(Outcome, "outcome"), default=Outcome.RECORDED)
    since: Mapped[datetime | None]


class Stray(Model):
    """A mark that was refused: kept as it was sent, until a person has looked at it."""

    __tablename__ = "stray"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    event: Mapped[Event] = relationship()
    device_id: Mapped[UUID | None]
    said: Mapped[dict[str, Any]]
    fingerprint: Mapped[str] = mapped_column(String(64))
    why: Mapped[str] = mapped_column(String(40))
    sent_at: Mapped[datetime | None]  # by the device's clock: against received_at it gives the skew
    received_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    note: Mapped[str] = mapped_column(default="")


class Sheet(Model):
    """A signature sheet as it was printed: whom it lists, in which order; its code stands on each page."""

    __tablename__ = "sheet"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(8), unique=True)
    half_day_id: Mapped[UUID] = mapped_column(ForeignKey("half_day.id"), index=True)
    half_day: Mapped[HalfDay] = relationship()
    part: Mapped[Part] = mapped_column(one_of(Part, "part"))
    origin: Mapped[Origin | None] = mapped_column(one_of(Origin, "origin"))
    rows: Mapped[list[Any]]  # ids of registrations, as text, in the order printed
    made_at: Mapped[datetime]
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)


class Scan(Model):
    """A signed sheet, photographed or scanned: the file, its hash, which half-day it belongs to."""

    __tablename__ = "scan"
    __table_args__ = (UniqueConstraint("half_day_id", "sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    half_day_id: Mapped[UUID] = mapped_column(ForeignKey("half_day.id"))
    half_day: Mapped[HalfDay] = relationship()
    sheet_id: Mapped[int | None] = mapped_column(ForeignKey("sheet.id"), index=True)
    name: Mapped[str]
    mimetype: Mapped[str] = mapped_column(String(40))
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    added_at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)


class Tick(Model):
    """What paper says of someone at a half-day."""

    __tablename__ = "tick"

    half_day_id: Mapped[UUID] = mapped_column(ForeignKey("half_day.id"), primary_key=True)
    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registration.id"), primary_key=True, index=True)
    signed: Mapped[Signed] = mapped_column(one_of(Signed, "signed"))
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)


class Settlement(Model):
    """How a difference was settled, why and by whom; it holds as long as paper and marks say what they said then."""

    __tablename__ = "settlement"
    __table_args__ = (
        CheckConstraint("reason <> ''", name="has_a_reason"),
        Index("ix_settlement_half_day_id_registration_id", "half_day_id", "registration_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    half_day_id: Mapped[UUID] = mapped_column(ForeignKey("half_day.id"))
    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registration.id"), index=True)
    decision: Mapped[Decision] = mapped_column(one_of(Decision, "decision"))
    saw: Mapped[str] = mapped_column(String(200))  # what stood against what, as `agreement.key`, after the decision
    reason: Mapped[str]
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    by: Mapped[Person | None] = relationship()
