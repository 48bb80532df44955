"""What is forgotten every night, when its time is over."""

from flask import current_app
from sqlalchemy import delete

from lms import jobs
from lms.accounts.models import FailedSignIn, Link, Login
from lms.clock import now
from lms.database import db
from lms.mail import Letter
from lms.settings import Settings


@jobs.every_night
def forget() -> None:
    """Delete failed sign-ins, sessions, links and letters that are older than their settings say."""
    settings: Settings = current_app.extensions["settings"]
    moment = now()
    for old in (
        delete(FailedSignIn).where(FailedSignIn.at < moment - settings.keep_failures),
        delete(Login).where(Login.ended_at < moment - settings.keep_logins),
        delete(Login).where(Login.began_at < moment - settings.session_longest - settings.keep_logins),
        delete(Link).where(Link.expires_at < moment - settings.keep_letters),
        delete(Letter).where(Letter.written_at < moment - settings.keep_letters),
    ):
        db.session.execute(old)
