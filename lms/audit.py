"""Who did what to whose record: ids only, each row chained to the one before by its hash."""

import json
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Mapped, mapped_column

from lms.clock import now
from lms.database import Model, db

START = "0" * 64


class AuditRow(Model):
    """A deed that touched another person's record. It holds ids and never names; it is never changed."""

    __tablename__ = "audit_row"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor_id: Mapped[int | None]
    deed: Mapped[str]
    about: Mapped[dict[str, Any]]
    previous: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)

    def digest(self) -> str:
        """SHA-256 over the row's content and the hash before it."""
        content = [self.id, self.at.isoformat(), self.actor_id, self.deed, self.about, self.previous]
        return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def record(deed: str, actor_id: int | None, **about: int | str | None) -> None:
    """Add a row to the chain within the caller's transaction; the primary key keeps two writers from forking it."""
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(text("SELECT pg_advisory_xact_lock(7231)"))
    db.session.flush()
    last = db.session.execute(select(AuditRow.id, AuditRow.hash).order_by(AuditRow.id.desc()).limit(1)).first()
    row = AuditRow(
        id=last.id + 1 if last else 1, at=now(), actor_id=actor_id, deed=deed, about=dict(about),
        previous=last.hash if last else START,
    )  # fmt: skip
    row.hash = row.digest()
    db.session.add(row)
    db.session.flush()


def broken_at() -> int | None:
    """The id of the first row that does not follow from the one before it; None where the chain holds."""
    previous, expected = START, 1
    for row in db.session.scalars(select(AuditRow).order_by(AuditRow.id)):
        if row.id != expected or row.previous != previous or row.hash != row.digest():
            return row.id
        previous, expected = row.hash, expected + 1
    return None
