"""Letters to people: a row first, then a job that sends it, once."""

import smtplib
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

from flask import current_app
from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from lms import jobs
from lms.clock import now
from lms.database import Model, db
from lms.settings import Settings


class Letter(Model):
    """A letter, kept until it is sent; without a mail server it stays in the outbox for a developer to read."""

    __tablename__ = "letter"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(index=True)
    address: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


def write(address: str, subject: str, body: str, person_id: int | None = None) -> Letter:
    """Add a letter to the caller's transaction; it goes out when that commits."""
    letter = Letter(
        person_id=person_id, address=_one_line(address), subject=_one_line(subject), body=body, written_at=now()
    )
    db.session.add(letter)
    db.session.flush()
    jobs.add("letter", letter=letter.id)
    return letter


@jobs.does("letter")
def send(job: jobs.Job) -> None:
    """Send one letter unless it was sent; the text goes with it, because it may hold a link that signs in."""
    letter = db.session.get(Letter, job.about["letter"])
    settings: Settings = current_app.extensions["settings"]
    if letter is None or letter.sent_at is not None or not settings.mail_url:
        return
    deliver(letter, settings)
    letter.sent_at = now()
    letter.body = ""


def deliver(letter: Letter, settings: Settings) -> None:
    """Hand the letter to the mail server; the Message-ID stays the same, so that a second try is recognised."""
    server = urlsplit(settings.mail_url)
    message = EmailMessage()
    message["From"] = settings.mail_from
    message["To"] = letter.address
    message["Subject"] = letter.subject
    message["Message-ID"] = f"<letter-{letter.id}@{parseaddr(settings.mail_from)[1].rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.body)
    kind = smtplib.SMTP_SSL if server.scheme == "smtps" else smtplib.SMTP
    with kind(server.hostname or "localhost", server.port or 0, timeout=20) as smtp:
        smtp.ehlo()
        if server.scheme == "smtp" and smtp.has_extn("starttls"):
            smtp.starttls(context=ssl.create_default_context())
        elif server.scheme == "smtp" and server.username:
            raise smtplib.SMTPNotSupportedError("the mail server offers no STARTTLS: the password stays here")
        if server.username:
            smtp.login(unquote(server.username), unquote(server.password or ""))
        smtp.send_message(message)


def _one_line(text: str) -> str:
    """A header never breaks into two, whatever a name holds."""
    return " ".join(text.split())
