"""What people are asked about themselves."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask import request
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, IntegerField, PasswordField, SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from lms.accounts.models import Profession, Role
from lms.accounts.passwords import LONGEST, SHORTEST, weakness
from lms.settings import LANGUAGES

PROFESSIONS = {
    Profession.POLICE: _("Police"),
    Profession.PROSECUTOR: _("Prosecution"),
    Profession.JUDGE: _("Judiciary"),
    Profession.SUPPORT: _("Victim support"),
    Profession.OTHER: _("Another profession"),
}
ROLES = {
    Role.PRACTITIONER: _("Practitioner"),
    Role.TRAINER: _("Trainer"),
    Role.ORGANISER: _("Organiser"),
}
WEAK = {
    "short": _(
        "Choose a longer password: at least %(n)s characters. Three or four words are easy to remember.", n=SHORTEST
    ),
    "long": _("Choose a shorter password: at most %(n)s characters.", n=LONGEST),
    "common": _("Choose another password: this one is on every list that attackers try first."),
    "plain": _("Choose another password: this one repeats too few characters."),
    "personal": _("Choose another password: this one holds your name or address."),
}


def folded(value: str | None) -> str:
    """Spaces around and doubled ones taken away; what is printed is what was meant."""
    return " ".join((value or "").split())


def _no_control(_form: FlaskForm, field: Field) -> None:
    printed = "".join(character for character in field.data or "" if character.isprintable())
    if printed != (field.data or ""):
        field.data = printed  # nobody sees what cannot be printed, so nobody could take it out of the field
        raise ValidationError(gettext("Some characters could not be printed and are taken out. Check, and send again."))


def _per_cent(_form: FlaskForm, field: Field) -> None:
    if field.data is None or not 0 <= field.data <= 400:
        field.errors.clear()  # WTForms says it in its own words where it was no number at all
        raise ValidationError(gettext("Enter a whole number from 0 to 400."))


class Form(FlaskForm):
    """What a page sends. FlaskForm would take a body of JSON too, and that holds whatever its sender likes."""

    class Meta(FlaskForm.Meta):
        def wrap_formdata(self, form: FlaskForm, formdata: Any) -> Any:
            return request.form or None if form.is_submitted() else None


class EmailField(StringField):
    """An e-mail address, folded to lower case; whether it exists only a letter can tell."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = folded(valuelist[0] if valuelist else "").lower()

    def pre_validate(self, form: Any) -> None:
        try:
            validate_email(self.data or "", check_deliverability=False, test_environment=True)
        except EmailNotValidError:
            raise ValidationError(gettext("Enter an e-mail address, for example name@service.example.")) from None


class NameField(StringField):
    """A name as it is to be printed: any alphabet, one letter or three hundred."""

    def __init__(self, label: Any, **options: Any) -> None:
        options.setdefault(
            "validators",
            [
                DataRequired(_("Enter your name as it is to be printed.")),
                Length(max=300, message=_("Shorten the name to 300 characters.")),
                _no_control,
            ],
        )
        super().__init__(label, filters=[folded], **options)


def _short(label: Any, most: int = 200) -> StringField:
    return StringField(
        label,
        filters=[folded],
        validators=[Length(max=most, message=_("Shorten this to %(n)s characters.", n=most)), _no_control],
    )


def _choices(names: dict[Any, Any]) -> list[SelectChoice]:
    return [SelectChoice(value=str(value), label=str(label)) for value, label in names.items()]


def countries() -> list[SelectChoice]:
    """Every country by its name in the reader's language, none first."""
    names = get_locale().territories
    known = [
        (code, name) for code, name in names.items() if len(code) == 2 and code.isalpha() and code not in NOT_STATES
    ]
    known.sort(key=lambda item: unicodedata.normalize("NFKD", item[1]).casefold())  # Österreich stands under O
    return [
        SelectChoice(value="", label=gettext("Choose a country")),
        *(SelectChoice(value=c, label=n) for c, n in known),
    ]


NOT_STATES = {"EU", "EZ", "UN", "ZZ", "QO", "XA", "XB", "AC", "CP", "DG", "EA", "IC", "TA", "CQ"}


class SignIn(Form):
    """A password, or a wish for a link."""

    email = EmailField(_("E-mail address"), validators=[InputRequired(_("Enter your e-mail address."))])
    password = PasswordField(_("Password"), validators=[InputRequired(_("Enter your password."))])


class Address(Form):
    """Where to send a link."""

    email = EmailField(_("E-mail address"), validators=[InputRequired(_("Enter your e-mail address."))])


class Confirm(Form):
    """A button: a link in a letter does nothing by being opened."""


class ChoosePassword(Form):
    """A new password, typed once and visible to a password manager."""

    password = PasswordField(_("New password"), validators=[InputRequired(_("Enter a new password."))])

    def __init__(self, email: str, name: str, **options: Any) -> None:
        super().__init__(**options)
        self._email, self._name = email, name

    def validate_password(self, field: Field) -> None:
        weak = weakness(field.data, self._email, self._name)
        if weak:
            raise ValidationError(WEAK[weak])


class ChangePassword(ChoosePassword):
    """A new password for someone who knows the old one."""

    current = PasswordField(_("Current password"), validators=[InputRequired(_("Enter your current password."))])


class Profile(Form):
    """What certificates and lists say of someone."""

    name = NameField(_("Name as printed on your certificate"))
    profession = SelectField(_("Profession"), validators=[InputRequired(_("Choose a profession."))])
    organisation = _short(_("Organisation"))
    country = SelectField(_("Country"))
    language = SelectField(_("Language"))

    def __init__(self, locales: Sequence[str], **options: Any) -> None:
        super().__init__(**options)
        self.profession.choices = _choices(PROFESSIONS)
        self.country.choices = countries()
        by_browser = SelectChoice(value="", label=gettext("As my browser asks"))
        self.language.choices = [by_browser, *(SelectChoice(value=c, label=LANGUAGES[c]) for c in locales)]


class Register(Form):
    """Ask for an account."""

    name = NameField(_("Name as printed on your certificate"))
    email = EmailField(_("E-mail address at work"), validators=[InputRequired(_("Enter your e-mail address."))])
    profession = SelectField(_("Profession"), validators=[InputRequired(_("Choose a profession."))])
    organisation = _short(_("Organisation"))
    country = SelectField(_("Country"))

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.profession.choices = _choices(PROFESSIONS)
        self.country.choices = countries()


class Invite(Form):
    """Someone to invite."""

    name = NameField(_("Name"))
    email = EmailField(_("E-mail address"), validators=[InputRequired(_("Enter an e-mail address."))])
    role = SelectField(_("Role"))

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.role.choices = _choices(ROLES)


class Change(Form):
    """What an organiser may change in an account."""

    role = SelectField(_("Role"))
    extra_time = IntegerField(
        _("Extra time in per cent"),
        validators=[Optional(), _per_cent],
    )
    active = BooleanField(_("The account may be used"))

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.role.choices = _choices(ROLES)
