"""What is asked about paper: a signed sheet's file, who added themselves by hand, how a difference is settled."""

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import HiddenField, RadioField, SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length

from lms.accounts.forms import Form
from lms.events.checkin import typed
from lms.events.parts import Decision, Signed
from lms.events.printing import Group
from lms.events.roll_forms import choices, printed, reason
from lms.events.uploads import Unfit

DECISIONS = {
    Decision.PRESENT: _("Count as present"),
    Decision.MISSING: _("Count as missing"),
    Decision.KEPT: _("Leave it as it is"),
}
SIGNED = {
    Signed.SIGNED: _("signed"),
    Signed.UNSIGNED: _("not signed"),
    Signed.BY_HAND: _("added by hand"),
}
UNFIT = {
    Unfit.EMPTY: _("Choose a file: this one is empty."),
    Unfit.TOO_LARGE: _("Choose a file of up to 20 MB: this one is larger. Scan at 300 dots an inch."),
    Unfit.OTHER_KIND: _("Choose a PDF, JPEG or PNG file: this one is something else."),
    Unfit.OTHER_NAME: _("This file is named as what it is not. Save it as what it is, and choose it again."),
    Unfit.BROKEN: _("This file cannot be read to its end. Scan or save it again."),
    Unfit.TOO_MANY_PIXELS: _("This picture has more than 40 million points. Scan at 300 dots an inch."),
    Unfit.LOCKED: _("This PDF is locked by a password. Save it without one."),
    Unfit.ACTIVE: _("This PDF holds more than pages: a program, or another file. Print or scan it again."),
}
REMOVALS = {
    "elsewhere": _("It belongs to another half-day or event"),
    "again": _("A better scan of the same sheet is there"),
    "other": _("It is no signed sheet"),
    "private": _("It shows what must not be kept"),
}


class ScanFile(Form):
    """A signed sheet's file; the file itself is read beside the form."""

    code = StringField(_("Code on the sheet"), filters=[printed], validators=[Length(max=40)])

    @property
    def typed_code(self) -> str:
        return typed(self.code.data or "")


class ByHand(Form):
    """Someone who wrote themselves at the end of a sheet."""

    id = HiddenField()
    name = StringField(
        _("Name, as it is written there"),
        filters=[printed],
        validators=[
            DataRequired(_("Enter the name as it is written on the sheet.")),
            Length(max=300, message=_("Shorten this to 300 characters.")),
        ],
    )
    organisation = StringField(
        _("Organisation"), filters=[printed], validators=[Length(max=300, message=_("Shorten this to 300 characters."))]
    )
    group = SelectField(_("On the sheet of"))

    def __init__(self, groups: Iterable[Group], known: Iterable[tuple[str, str]] = (), **options: Any) -> None:
        super().__init__(**options)
        self.group.choices = [SelectChoice(value=one.name, label=one.words) for one in groups]
        self._known = {(name.casefold(), organisation.casefold()) for name, organisation in known}

    def validate_name(self, field: StringField) -> None:
        name, organisation = (field.data or "").casefold(), (self.organisation.data or "").casefold()
        if any(name == one and organisation in ("", other) for one, other in self._known):
            raise ValidationError(
                gettext(
                    "Someone of this name is on the list: tick them there. If it is someone else, enter their "
                    "organisation."
                )
            )


class Settle(Form):
    """What is decided about a difference, and why."""

    id = HiddenField()
    saw = HiddenField()
    decision = RadioField(_("What counts"), validators=[InputRequired(_("Choose what counts."))])
    came = StringField(_("Came at"), filters=[printed], validators=[Length(max=10, message=_("Enter a time."))])
    reason = reason(_("Why"))

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.decision.choices = choices(DECISIONS)


class Remove(Form):
    """Why a scan goes: one of a few reasons, because what is noted of it holds no names."""

    why = RadioField(_("Why it goes"), validators=[InputRequired(_("Choose why it goes."))])

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.why.choices = choices(REMOVALS)
