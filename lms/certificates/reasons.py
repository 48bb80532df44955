"""Why someone gets no paper now, or has one: the same words on the page, in a spreadsheet and at the terminal."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from lms.certificates.due import Candidate
from lms.certificates.parts import Stands
from lms.progress import words

STANDS: Mapping[Stands, Any] = {
    Stands.ISSUED: _("Issued"),
    Stands.REVOKED: _("Revoked"),
    Stands.DUE: _("Due"),
    Stands.NAME: _("Name to confirm"),
    Stands.LETTERS: _("Name cannot be printed"),
    Stands.EARLY: _("Event not over"),
    Stands.MISSING: _("Not due yet"),
}


def reason(one: Candidate) -> str:
    """What keeps a paper back, or that it is there; empty where it is due."""
    match one.stands:
        case Stands.MISSING:
            return "; ".join(words.lacks(line) for line in one.missing)
        case Stands.EARLY:
            return str(gettext("Certificates are issued when the event is over"))
        case Stands.NAME:
            return str(gettext("Everything is done; the name as it will be printed is not confirmed"))
        case Stands.LETTERS:
            letters = ", ".join(f"“{letter}” (U+{ord(letter):04X})" for letter in one.unprintable)
            return str(gettext("No font of ours has %(letters)s; the name must be written otherwise", letters=letters))
        case Stands.REVOKED:
            return str(gettext("The certificate was revoked; another can take its place, with a reason"))
        case Stands.ISSUED:
            return str(gettext("There is a certificate already"))
    return ""
