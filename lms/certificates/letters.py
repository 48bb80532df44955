"""What holders are told: a certificate is there, has been replaced, has been revoked. Once each, in their language."""

from flask import current_app
from flask_babel import force_locale, gettext

from lms import mail
from lms.certificates.due import Holder, account_of
from lms.certificates.models import Certificate
from lms.settings import Settings


def issued(certificate: Certificate, holder: Holder) -> None:
    """The paper is there; where to fetch it and where anyone can check it."""
    if not holder.email:
        return
    with force_locale(holder.language or "en"):
        subject = gettext("Your certificate %(number)s", number=certificate.number)
        words = gettext(
            "your certificate is ready. Sign in to fetch it here:\n\n%(mine)s\n\n"
            "Anyone you give the number to can check it here, without seeing your name:\n\n%(check)s",
            mine=_address("certificates.mine"), check=certificate.statement_kept["check"],
        )  # fmt: skip
        _send(holder, subject, words)


def superseded(old: Certificate, new: Certificate) -> None:
    """Another paper has taken the place of this one, and why."""
    holder = _holder(new)
    if not holder.email:
        return
    with force_locale(holder.language or "en"):
        subject = gettext("Certificate %(new)s replaces %(old)s", new=new.number, old=old.number)
        words = gettext(
            "your certificate %(old)s has been replaced by %(new)s. The reason given is:\n\n%(why)s\n\n"
            "Whoever checks the old number is told so. Sign in to fetch the new one here:\n\n%(mine)s",
            old=old.number, new=new.number, why=old.superseded_why, mine=_address("certificates.mine"),
        )  # fmt: skip
        _send(holder, subject, words)


def revoked(certificate: Certificate) -> None:
    """The paper is no longer good, and why."""
    holder = _holder(certificate)
    if not holder.email:
        return
    with force_locale(holder.language or "en"):
        subject = gettext("Certificate %(number)s has been revoked", number=certificate.number)
        words = gettext(
            "your certificate %(number)s has been revoked. The reason given is:\n\n%(why)s\n\n"
            "Whoever checks the number is told that it was revoked, not why. "
            "If you think this is wrong, write to the organisers.",
            number=certificate.number, why=certificate.revoked_why,
        )  # fmt: skip
        _send(holder, subject, words)


def _holder(certificate: Certificate) -> Holder:
    """Whose it is by now, with the name as printed; the account's, where that is kept no longer."""
    person = account_of(certificate)
    if person is None:
        return Holder(certificate.name)
    return Holder(certificate.name or person.name, person.id, None, person.email, person.language)


def _address(endpoint: str) -> str:
    """A page of ours, on the configured address."""
    settings: Settings = current_app.extensions["settings"]
    return settings.address + current_app.url_map.bind("").build(endpoint)


def _send(holder: Holder, subject: str, words: str) -> None:
    hello = gettext("Dear %(name)s,", name=holder.name)
    mail.write(holder.email, subject, f"{hello}\n\n{words}\n", holder.person_id)
