"""What is kept of reading: one row a person and lesson."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lms.database import Model


class Visit(Model):
    """Someone's place in a lesson, and the two deeds that make it count as read.

    `lesson` is `slug/id`; `place` the id of the paragraph last at the top of the screen; `version` the text's.
    How the check-yourself question was answered is not kept.
    """

    __tablename__ = "visit"
    __table_args__ = (
        UniqueConstraint("person_id", "lesson"),
        Index("ix_visit_person_id_seen_at", "person_id", "seen_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    lesson: Mapped[str] = mapped_column(String(200))
    version: Mapped[str] = mapped_column(String(12), default="")
    place: Mapped[str] = mapped_column(String(120), default="")
    begun_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
