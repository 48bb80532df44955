"""What is kept of certificates: the record and the file apart, names as confirmed, batches, the keys that signed.

A certificate is never edited: it is superseded or revoked. It outlives the course, the event and the account: the
links to them are for finding it, what it says is its own.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.accounts.models import Person
from lms.certificates.parts import LineState, State
from lms.content.material import PaperKind
from lms.database import Model, one_of

CURRENT = text("superseded_at IS NULL")


class Certificate(Model):
    """One paper of one holder, found by an account, by a registration without one, or by both.

    There is one of a kind that is not superseded; a revoked one stays in its place until a person issues another.
    """

    __tablename__ = "certificate"
    __table_args__ = (
        Index(
            "uq_certificate_paper_scope_person_id", "paper", "scope", "person_id",
            unique=True, sqlite_where=CURRENT, postgresql_where=CURRENT,
        ),
        Index(
            "uq_certificate_paper_scope_registration_id", "paper", "scope", "registration_id",
            unique=True, sqlite_where=CURRENT, postgresql_where=CURRENT,
        ),
        Index("ix_certificate_scope_issued_at", "scope", "issued_at"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_why = '')", name="revoked_with_a_reason"),
        CheckConstraint("(superseded_at IS NULL) = (superseded_why = '')", name="superseded_with_a_reason"),
        CheckConstraint("successor_id IS NULL OR superseded_at IS NOT NULL", name="successor_supersedes"),
        CheckConstraint("length(sha256) = 64", name="has_a_hash"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(16), unique=True)
    kind: Mapped[PaperKind] = mapped_column(one_of(PaperKind, "kind"))
    paper: Mapped[str] = mapped_column(String(80))
    scope: Mapped[str] = mapped_column(String(80))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    person: Mapped[Person | None] = relationship(foreign_keys=person_id)
    registration_id: Mapped[UUID | None]
    name: Mapped[str]  # as printed; empty when its time is over
    statement_kept: Mapped[dict[str, Any]]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int]
    key_fingerprint: Mapped[str] = mapped_column(ForeignKey("signing_key.fingerprint"), index=True)
    issued_at: Mapped[datetime]
    issued_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    keep_until: Mapped[date]
    superseded_at: Mapped[datetime | None]
    superseded_why: Mapped[str] = mapped_column(default="")
    superseded_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("certificate.id"), unique=True)
    successor: Mapped["Certificate | None"] = relationship(remote_side=id)
    revoked_at: Mapped[datetime | None]
    revoked_why: Mapped[str] = mapped_column(default="")
    revoked_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)

    @property
    def state(self) -> State:
        if self.revoked_at:
            return State.REVOKED
        return State.SUPERSEDED if self.superseded_at else State.VALID


class CertificateFile(Model):
    """The bytes of a certificate, exactly as they were issued; gone when its time is over."""

    __tablename__ = "certificate_file"

    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificate.id", ondelete="CASCADE"), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class SigningKey(Model):
    """A key that has signed: found again by the SHA-256 of its certificate, with what became of it."""

    __tablename__ = "signing_key"
    __table_args__ = (
        CheckConstraint("(compromised_from IS NULL) = (compromised_why = '')", name="compromised_with_a_reason"),
    )

    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    subject: Mapped[str]
    certificate: Mapped[str] = mapped_column(Text)  # PEM
    first_used_at: Mapped[datetime]
    compromised_from: Mapped[datetime | None]
    compromised_why: Mapped[str] = mapped_column(default="")


class ConfirmedName(Model):
    """A name as its holder wants it printed, or as an organiser read it on a signed list; the newest counts."""

    __tablename__ = "confirmed_name"
    __table_args__ = (
        CheckConstraint("(person_id IS NULL) <> (registration_id IS NULL)", name="of_one"),
        CheckConstraint("name <> ''", name="has_a_name"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), unique=True)
    registration_id: Mapped[UUID | None] = mapped_column(unique=True)
    name: Mapped[str]
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)


class Batch(Model):
    """Papers issued together: who was due when it was asked for, and how each came out. It can be stopped."""

    __tablename__ = "batch"

    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(String(80), index=True)
    asked_at: Mapped[datetime]
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    stopped_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]  # when a worker last did a line
    lines: Mapped[list["BatchLine"]] = relationship(order_by="BatchLine.id", back_populates="batch")


class BatchLine(Model):
    """One paper of one person in a batch; `words` say why it could not be made."""

    __tablename__ = "batch_line"
    __table_args__ = (
        CheckConstraint("person_id IS NOT NULL OR registration_id IS NOT NULL", name="of_someone"),
        Index("ix_batch_line_batch_id_state", "batch_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id", ondelete="CASCADE"))
    batch: Mapped[Batch] = relationship(back_populates="lines")
    paper: Mapped[str] = mapped_column(String(80))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    registration_id: Mapped[UUID | None]
    state: Mapped[LineState] = mapped_column(one_of(LineState, "state"), default=LineState.WAITING)
    words: Mapped[str] = mapped_column(default="")
    certificate_id: Mapped[int | None] = mapped_column(ForeignKey("certificate.id", ondelete="SET NULL"), index=True)
