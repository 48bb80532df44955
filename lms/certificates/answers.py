"""What a check says, in words: the word, what it means, the facts line by line, what to do next.

For pages and for the command line alike; everything but the facts is the same for all answers that are alike.
"""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from flask_babel import format_date, gettext, lazy_gettext, ngettext
from flask_babel.speaklater import LazyString
from msgspec import Struct

from lms.certificates.checking import Answer, Facts, Meeting, Signed
from lms.certificates.parts import Outcome
from lms.certificates.signing import Fault
from lms.content.material import PaperKind

MOST = 300  # facts, and dates, whose words are remembered


class Said(Struct, frozen=True):
    """The word for an answer, what it means, and what to do next. `tone` is “good”, “warn” or “bad”."""

    tone: str
    word: str
    sentences: tuple[str, ...]
    next: str


class Line(Struct, frozen=True):
    """A fact: its name in LABELS, and what it is; `language` where the text is in one that nobody asked for."""

    key: str
    text: str
    language: str = ""


LABELS: dict[str, LazyString] = {
    "number": lazy_gettext("Number"),
    "number-in-file": lazy_gettext("Number in the file"),
    "kind": lazy_gettext("Kind"),
    "for": lazy_gettext("For"),
    "programme": lazy_gettext("Programme"),
    "event": lazy_gettext("Event"),
    "present": lazy_gettext("Present"),
    "hours": lazy_gettext("Hours"),
    "issued": lazy_gettext("Issued"),
    "revoked": lazy_gettext("Revoked"),
    "superseded": lazy_gettext("Superseded"),
    "compromised": lazy_gettext("Key not safe from"),
    "file": lazy_gettext("File"),
    "signature": lazy_gettext("Digital signature"),
}
KINDS: dict[PaperKind, LazyString] = {
    PaperKind.ATTENDANCE: lazy_gettext("Certificate of attendance"),
    PaperKind.COMPLETION: lazy_gettext("Certificate of completion"),
}
SIGNATURES: dict[Signed, LazyString] = {
    Signed.NONE: lazy_gettext("none"),
    Signed.OURS: lazy_gettext("intact, by a key of ours"),
    Signed.ADDED_TO: lazy_gettext("by a key of ours; something was added after it"),
    Signed.FOREIGN: lazy_gettext("by a key that is not ours, whatever name it gives"),
    Signed.BROKEN: lazy_gettext("does not fit the content"),
}
FAULTS: dict[Fault, LazyString] = {
    Fault.NO_PDF: lazy_gettext("This file is no PDF, and no certificate of ours."),
    Fault.TOO_LARGE: lazy_gettext("This file is larger than any certificate of ours, so it is none."),
    Fault.ENCRYPTED: lazy_gettext(
        "This file is locked with a password. Ours never are, so it is not the file we issued."
    ),
    Fault.BROKEN: lazy_gettext("This file is damaged: it cannot be read as a PDF. It is not the file we issued."),
    Fault.TOO_MUCH: lazy_gettext("This file holds more than any certificate of ours, so it is none."),
    Fault.BUSY: lazy_gettext("Other files are being looked at just now, so nothing can be said of this one."),
}


def said(answer: Answer) -> Said:
    """What an answer comes to. It depends on nothing that differs between certificates which stand alike."""
    match answer.outcome:
        case Outcome.VALID:
            return Said("good", gettext("Valid"), tuple(_valid(answer)), _name_hint(answer))
        case Outcome.SUPERSEDED:
            return Said("warn", gettext("Superseded"), tuple(_superseded(answer)), _ask_for_the_newer())
        case Outcome.REVOKED:
            return Said("bad", gettext("Revoked"), tuple(_revoked(answer)), _ask_the_holder(answer))
        case Outcome.ALTERED:
            return Said("bad", gettext("Altered"), tuple(_altered(answer)), _ask_for_the_original())
    if answer.fault is Fault.BUSY:
        return Said("warn", gettext("Not looked at"), (str(FAULTS[Fault.BUSY]),), gettext("Try again in a minute."))
    return Said("warn", gettext("Unknown"), tuple(_unknown(answer)), _unknown_next(answer))


def lines(answer: Answer, locale: str) -> list[Line]:
    """The facts that belong to an answer, in the order in which they are read; `locale` is the language in force.

    A certificate's own facts are put in words once for each language.
    """
    if answer.facts is None:
        return list(_of_another_file(answer))
    return [
        Line("number", answer.number),
        *_stated(answer.facts, locale),
        *_ended(answer, locale),
        *([Line("file", gettext("exactly the one we issued"))] if answer.exact else []),
    ]


# --- what it means -------------------------------------------------------------------------------------------


def _valid(answer: Answer) -> Iterable[str]:
    if answer.exact:
        yield gettext("This is the very file that we issued. It is neither revoked nor replaced.")
    else:
        yield gettext("We issued this number. It is neither revoked nor replaced.")
    if answer.older_key:
        yield gettext("It is signed with an older key of ours. That key was good when it signed, and still is for it.")


def _superseded(answer: Answer) -> Iterable[str]:
    if answer.exact:
        yield gettext("We issued this file, and a newer certificate has taken its place. It no longer counts.")
    else:
        yield gettext("We issued this number, and a newer certificate has taken its place. It no longer counts.")


def _revoked(answer: Answer) -> Iterable[str]:
    issued = gettext("We issued this file.") if answer.exact else gettext("We issued this number.")
    if answer.key_compromised:
        yield gettext(
            "%(issued)s But the key that signed it was not safe any more when it was issued, "
            "and what was signed with it from then on no longer counts.",
            issued=issued,
        )  # fmt: skip
    else:
        yield gettext("%(issued)s It has been revoked since, and no longer counts.", issued=issued)


def _altered(answer: Answer) -> Iterable[str]:
    if answer.added:
        yield gettext("This file begins as a certificate of ours, and something was added to it after it was signed.")
    elif answer.signed is Signed.NONE:
        yield gettext(
            "This file carries the number of a certificate of ours, but it is not the file we issued: "
            "ours is signed, and this one is not."
        )
    elif answer.signed is Signed.FOREIGN:
        yield gettext(
            "This file carries the number of a certificate of ours, but it is not the file we issued: "
            "somebody else signed it."
        )
    else:
        yield gettext(
            "This file carries the number of a certificate of ours, but it is not the file we issued. "
            "Something in it was changed."
        )


def _unknown(answer: Answer) -> Iterable[str]:
    if answer.fault:
        yield str(FAULTS[answer.fault])
    elif answer.signed is None:
        yield gettext("We have issued no certificate with this number.")
    elif answer.signed is Signed.OURS:
        yield gettext(
            "This file is signed with a key of ours, but our record does not know it. We cannot say that it is good."
        )
    else:
        yield gettext("This is not a file that we issued, and we found no number of a certificate of ours in it.")


# --- what to do ----------------------------------------------------------------------------------------------


def _name_hint(answer: Answer) -> str:
    if answer.exact:
        return str(gettext("Every letter in the file is as we issued it, the name too: read it there."))
    if not answer.name_kept:
        return str(
            gettext("We no longer keep the name. To check it, give us the PDF: a changed name is found at once.")
        )
    words = gettext(
        "The number alone never shows the name. To check the name, type it below, or give us the PDF: "
        "a changed name is found at once."
    )
    return str(words)


def _ask_for_the_newer() -> str:
    return str(gettext("Ask the holder for the newer certificate: we do not tell its number."))


def _ask_the_holder(answer: Answer) -> str:
    if answer.key_compromised:
        return str(gettext("Do not rely on it. The holder can ask the organisers of the training for a new one."))
    return str(gettext("Do not rely on it. The holder has been told why, and can ask the organisers of the training."))


def _ask_for_the_original() -> str:
    words = gettext(
        "Do not rely on it. Ask the holder for the original file. "
        "Saving it anew or printing it to a file can also change it, so this proves no bad intent."
    )
    return str(words)


def _unknown_next(answer: Answer) -> str:
    if answer.signed is None and answer.fault is None:
        words = gettext(
            "Read the number again: it begins with D and has three groups of four. O is read as 0, I and L as 1. "
            "If it still is not known, ask the holder for the original file."
        )
    else:
        words = gettext(
            "Do not rely on it. Ask the holder for the original file, or type the number that stands on the paper."
        )
    return str(words)


# --- facts ---------------------------------------------------------------------------------------------------


@lru_cache(MOST)
def _stated(facts: Facts, locale: str) -> tuple[Line, ...]:
    said = [Line("kind", str(KINDS[facts.kind])), _title("for", facts.title, locale)]
    if facts.programme != facts.title:
        said.append(_title("programme", facts.programme, locale))
    if facts.events:
        said.append(Line("event", "; ".join(_meeting(locale, event) for event in facts.events)))
        said.append(Line("present", _present(facts)))
    if minutes := sum(event.minutes for event in facts.events):
        said.append(Line("hours", _hours(minutes)))
    return (*said, Line("issued", _day(locale, facts.issued_on)))


def _title(key: str, words: dict[str, str], locale: str) -> Line:
    return Line(key, words[locale]) if locale in words else Line(key, words["en"], "en")


def _ended(answer: Answer, locale: str) -> Iterable[Line]:
    if answer.since is not None:
        key = "compromised" if answer.key_compromised else answer.outcome.value
        yield Line(key, _day(locale, answer.since))


def _of_another_file(answer: Answer) -> Iterable[Line]:
    """What is told of a file that is not ours: its number where it is one of ours, and its signature."""
    if answer.number:
        yield Line("number-in-file", answer.number)
    if answer.signed:
        yield Line("signature", str(SIGNATURES[answer.signed]))


def _meeting(locale: str, event: Meeting) -> str:
    return ", ".join(filter(None, (event.title, _days(locale, event.first, event.last), event.city)))


def _hours(minutes: int) -> str:
    """As it stands on the paper: 8 h 15."""
    return f"{minutes // 60}\u00a0h\u00a0{minutes % 60:02}" if minutes % 60 else f"{minutes // 60}\u00a0h"


def _present(facts: Facts) -> str:
    """“4 of 4 half-days (at least 3 asked)”."""
    counted = sum(event.counted for event in facts.events)
    there = sum(event.half_days for event in facts.events)
    present = ngettext("%(counted)s of %(num)s half-day", "%(counted)s of %(num)s half-days", there, counted=counted)
    if not facts.half_days_asked:
        return str(present)
    return str(gettext("%(present)s (at least %(asked)s asked)", present=present, asked=facts.half_days_asked))


@lru_cache(MOST)
def _day(_locale: str, day: date) -> str:
    return str(format_date(day, gettext("d MMMM y")))


@lru_cache(MOST)
def _days(locale: str, first: date | None, last: date | None) -> str:
    if first is None or last is None:
        return ""
    if first == last:
        return _day(locale, first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{format_date(first, gettext('d'))}–{_day(locale, last)}"
    return f"{_day(locale, first)} – {_day(locale, last)}"
