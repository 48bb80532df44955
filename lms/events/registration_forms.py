"""What organisers are asked about who is on the roll."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from lms.accounts.forms import PROFESSIONS, EmailField, Form, countries
from lms.events.correcting import Wrong
from lms.events.models import Event, Registration
from lms.events.parts import MarkKind
from lms.events.roll_forms import WRONG, choices, printed, reason
from lms.events.telling import ORIGINS, PARTS, STATES
from lms.pages import day_in


class MaybeEmailField(EmailField):
    """An e-mail address, or nothing."""

    def pre_validate(self, form: Any) -> None:
        if self.data:
            super().pre_validate(form)


def _line(label: Any, most: int = 300) -> StringField:
    words = _("Shorten this to %(n)s characters.", n=most)
    return StringField(label, filters=[printed], validators=[Length(max=most, message=words)])


class Standing(Form):
    """How someone takes part."""

    part = SelectField(_("Part played"))
    state = SelectField(_("State"))
    origin = SelectField(_("Local or international"))

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.part.choices, self.state.choices, self.origin.choices = choices(PARTS), choices(STATES), choices(ORIGINS)


class Named(Standing):
    """Someone without an account."""

    name = StringField(
        _("Name"),
        filters=[printed],
        validators=[
            DataRequired(_("Enter a name.")),
            Length(max=300, message=_("Shorten this to %(n)s characters.", n=300)),
        ],
    )
    organisation = _line(_("Organisation"), 200)
    country = SelectField(_("Country"), default="")
    profession = SelectField(_("Profession"), default="")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.country.choices = countries()
        self.profession.choices = [
            SelectChoice(value="", label=gettext("Choose a profession")), *choices(PROFESSIONS)
        ]  # fmt: skip


class Add(Named):
    """Someone to put on the roll: an account by its address, or a name."""

    email = MaybeEmailField(_("E-mail address of the account"))
    name = _line(_("Name"))

    def validate_name(self, field: StringField) -> None:
        if not field.data and not self.email.data:
            raise ValidationError(gettext("Enter a name, or the e-mail address of an account."))


class Merge(Form):
    """Who a walk-in turned out to be."""

    into = SelectField(_("On the roll"), validators=[Optional()], choices=[])
    email = MaybeEmailField(_("Or the e-mail address of an account"))

    def choose_from(self, others: Sequence[Registration]) -> None:
        """Offer those on the roll."""
        self.into.choices = [SelectChoice(value="", label=gettext("Nobody on the roll")), *_people(others)]

    def validate_email(self, field: EmailField) -> None:
        if bool(field.data) == bool(self.into.data):
            raise ValidationError(gettext("Choose someone on the roll, or enter the address of an account."))


def _people(found: Sequence[Registration]) -> list[SelectChoice]:
    return [
        SelectChoice(value=str(one.id), label=", ".join(filter(None, (one.shown_name, one.shown_organisation))))
        for one in found
    ]


class Assign(Form):
    """Whose a mark that was not taken is."""

    whose = SelectField(_("Whose it is"), validators=[InputRequired(_("Choose someone."))], choices=[])
    half_day = SelectField(_("Half-day"), validators=[InputRequired(_("Choose a half-day."))], choices=[])
    kind = SelectField(_("What it says"), choices=[])
    at = StringField(_("At"), filters=[printed], validators=[Length(max=10, message=WRONG[Wrong.TIME])])
    note = reason(_("Why it is theirs"))

    def choose_from(self, event: Event, people: Sequence[Registration]) -> None:
        """Offer those on the roll and the half-days."""
        self.whose.choices = [SelectChoice(value="", label=gettext("Choose someone")), *_people(people)]
        self.half_day.choices = choices(
            {one.id: f"{day_in(one.starts_at, event.zone)}, {one.title}" for one in event.half_days}
        )
        self.kind.choices = choices({MarkKind.CAME.value: _("Came"), MarkKind.LEFT.value: _("Left")})


class Dismiss(Form):
    """Why a mark that was not taken is left aside, or all of them are taken after all."""

    note = reason(_("Why"))
