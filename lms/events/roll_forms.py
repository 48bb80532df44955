"""What is asked about a half-day and about someone on the roll."""

from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length

from lms.accounts.forms import Form, folded
from lms.events.correcting import Wrong
from lms.events.models import Event
from lms.events.parts import MarkKind
from lms.pages import day_in

KINDS = {
    "came": _("Came"),
    "excused": _("Excused"),
    "absent": _("Missing"),
    "": _("Unknown: take back what was said"),
}
WRONG = {
    Wrong.TIME: _("Enter a time, for example 9:02."),
    Wrong.OUTSIDE: _("Enter a time of this half-day: this one is hours away from it."),
    Wrong.ORDER: _("Enter a time of leaving that is after the coming."),
    Wrong.NOT_THERE: _("Take the time away, or choose “Came”."),
}


def printed(value: str | None) -> str:
    """One line without what cannot be printed."""
    return folded("".join(sign if sign.isprintable() else " " for sign in value or ""))


def choices(names: dict[Any, Any]) -> list[SelectChoice]:
    """A select's choices from values and their words."""
    return [SelectChoice(value=str(value), label=str(label)) for value, label in names.items()]


def reason(label: Any) -> StringField:
    """Why something is said: a line that is kept with it."""
    return StringField(
        label,
        filters=[printed],
        validators=[
            DataRequired(_("Say why, in a few words.")),
            Length(max=300, message=_("Shorten this to 300 characters.")),
        ],
    )


class Entry(Form):
    """What someone's half-day was."""

    kind = SelectField(_("What is true"), choices=[], validate_choice=True)
    came = StringField(_("Came at"), filters=[printed], validators=[Length(max=10, message=WRONG[Wrong.TIME])])
    left = StringField(_("Left at"), filters=[printed], validators=[Length(max=10, message=WRONG[Wrong.TIME])])
    reason = reason(_("Reason"))
    stood = HiddenField()
    id = HiddenField()

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.kind.choices = choices(KINDS)

    @property
    def said(self) -> MarkKind | None:
        return MarkKind(self.kind.data) if self.kind.data else None


class Correction(Entry):
    """What one of someone's half-days was."""

    half_day = SelectField(_("Half-day"), choices=[], validators=[InputRequired(_("Choose a half-day."))])

    def choose_from(self, event: Event) -> None:
        """Offer the half-days of an event, with their dates."""
        self.half_day.choices = choices(
            {one.id: f"{day_in(one.starts_at, event.zone)}, {one.title}" for one in event.half_days}
        )


class TakeBack(Form):
    """Why a mark does not hold."""

    reason = reason(_("Why it does not hold"))
