"""What is kept of a report: what it is about, what is wrong, and whether someone has settled it."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from lms.database import Model


class Report(Model):
    """A mistake someone found in a lesson or a question."""

    __tablename__ = "report"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    about: Mapped[str] = mapped_column(String(300))
    words: Mapped[str] = mapped_column(String(2000))
    reported_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
