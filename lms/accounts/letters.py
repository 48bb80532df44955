"""What the letters about accounts say; each is written in its reader's language."""

from flask import current_app
from flask_babel import force_locale, gettext

from lms import mail
from lms.accounts.models import Person, Purpose
from lms.settings import Settings

ENDPOINTS = {
    Purpose.INVITATION: "accounts.invitation",
    Purpose.RESET: "accounts.new_password",
    Purpose.SIGN_IN: "accounts.sign_in_link",
}


def address(purpose: Purpose, token: str) -> str:
    """The link itself, on the configured address: a request's Host header is never believed."""
    settings: Settings = current_app.extensions["settings"]
    path = current_app.url_map.bind("").build(ENDPOINTS[purpose], {"token": token})
    return settings.address + path


def send_link(person: Person, purpose: Purpose, token: str) -> None:
    """Write the letter that carries a link, in the caller's transaction."""
    link = address(purpose, token)
    with force_locale(person.language or "en"):
        hello = gettext("Dear %(name)s,", name=person.name)
        subject, words = {
            Purpose.INVITATION: (
                gettext("Your account for the DISRUPT training"),
                gettext("an account is ready for you. Choose a password here within seven days:"),
            ),
            Purpose.RESET: (
                gettext("A new password for the DISRUPT training"),
                gettext("choose a new password here within one hour:"),
            ),
            Purpose.SIGN_IN: (
                gettext("Sign in to the DISRUPT training"),
                gettext("sign in here within fifteen minutes:"),
            ),
        }[purpose]
        end = gettext("The link works once. If you did not expect this letter, do nothing: nobody gets in without it.")
    mail.write(person.email, subject, f"{hello}\n\n{words}\n\n{link}\n\n{end}\n", person.id)
