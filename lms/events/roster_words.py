"""What the dry run of a list of people says: its fields, what is wrong in a row, why a file cannot be read."""

from flask_babel import lazy_gettext as _

from lms.events.roster import LONGEST, Fault
from lms.spreadsheet import LONGEST as LONGEST_CELL
from lms.spreadsheet import MOST_BYTES, MOST_COLUMNS, MOST_READ, Unreadable

FIELDS = {
    "name": _("Name"),
    "given": _("Given name"),
    "family": _("Family name"),
    "email": _("E-mail address"),
    "organisation": _("Organisation"),
    "country": _("Country"),
    "profession": _("Profession"),
    "part": _("Part played"),
    "origin": _("Local or international"),
    "language": _("Language"),
}
HEAPS = {
    "new": _("New"),
    "changed": _("Changed"),
    "unchanged": _("Unchanged"),
    "doubtful": _("To decide"),
    "faulty": _("With mistakes"),
}
LIKE = {
    "email": _("has the same e-mail address, but is not the same otherwise"),
    "name": _("has the same name"),
    "cancelled": _("is the same person, whose registration was cancelled"),
}
WRONG = {
    "missing": _("Enter a name."),
    "long": _("Shorten this to %(n)s characters."),
    "unprintable": _("Take out the characters that cannot be printed, or type the text again."),
    "email": _("Enter an e-mail address, for example name@service.example."),
    "country": _("Enter a country by its name or its two-letter code, for example Austria or AT."),
    "profession": _("Enter one of these professions: police, prosecutor, judge, support, other."),
    "part": _("Enter one of these parts: participant, trainer, speaker, organiser, observer."),
    "origin": _("Enter local or international."),
    "language": _("Enter a language by its name or its two letters, for example German or de."),
}
UNREADABLE = {
    "large": _("The file is too large: send at most %(megabytes)s MB, and only the sheet with the people."),
    "rows": _("The file has too many rows: send at most %(rows)s at a time."),
    "columns": _("Row %(row)s is too wide: keep at most %(columns)s columns."),
    "cell": _("A cell in row %(row)s is too long: keep at most %(cell)s characters, and close every quotation mark."),
    "text": _("The file holds too much text: send only the columns that are needed."),
    "empty": _("The file is empty: send one with a row of column heads and a row for each person."),
    "kind": _("This is not a spreadsheet: send an .xlsx, .ods or .csv file."),
    "old": _("This kind of spreadsheet is not read: save it as .xlsx, .ods or .csv, and send that."),
    "locked": _("The file needs a password: save it without one, and send that."),
    "bomb": _("The file is packed in a way that is not safe to open: save it again, and send that."),
    "entities": _("The file holds instructions that are not safe to follow: save it again, and send that."),
    "encoding": _("The letters of the file cannot be read: save it as “CSV UTF-8”, and send that."),
    "binary": _("The file holds characters that no text has: save it as “CSV UTF-8” or .xlsx, and send that."),
    "quotes": _("A quotation mark in row %(row)s is not closed, or stands in the middle of a cell: correct it."),
    "damaged": _("The file is damaged or was cut short: save it again, and send that."),
}
NOTES = {
    "windows-1252": _(
        "The file did not say how its letters are written, and was read as Windows-1252. Check the accents."
    ),
}


def wrong(fault: Fault) -> str:
    """What to do about a fault, with the column it is in."""
    words = str(WRONG[fault.why]) % {"n": LONGEST.get(fault.field, LONGEST["name"])}
    return f"{fault.column or FIELDS[fault.field]}: {words}"


def unreadable(fault: Unreadable) -> str:
    """Why a file cannot be read, and what to do."""
    return str(UNREADABLE[fault.why]) % {
        "row": fault.row or "?",
        "rows": MOST_READ,
        "columns": MOST_COLUMNS,
        "cell": LONGEST_CELL,
        "megabytes": MOST_BYTES // 1_000_000,
    }
