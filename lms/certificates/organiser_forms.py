"""What organisers are asked of one certificate: the name as it is to be printed, and the reason."""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import BooleanField, Field, StringField, ValidationError
from wtforms.validators import DataRequired, Length

from lms import pdf
from lms.accounts.forms import Form, NameField, folded


class Printable(NameField):
    """A name of which every letter can be printed."""

    def pre_validate(self, form: Any) -> None:
        letters = pdf.unprintable(self.data or "")
        if letters:
            named = ", ".join(f"“{letter}” (U+{ord(letter):04X})" for letter in letters)
            raise ValidationError(gettext("No font of ours has %(letters)s. Write the name otherwise.", letters=named))


def _shown(_form: Form, field: Field) -> None:
    if not (field.data or "").isprintable():
        raise ValidationError(gettext("Take out the characters that cannot be printed."))


def _reason() -> StringField:
    return StringField(
        _("Reason"),
        filters=[folded],
        validators=[
            DataRequired(_("Say why: the holder is told, and it is kept.")),
            Length(max=300, message=_("Shorten this to %(n)s characters.", n=300)),
            _shown,
        ],
    )


class Supersede(Form):
    """Another certificate in the place of one."""

    name = Printable(_("Name as it is to be printed"))
    why = _reason()
    today = BooleanField(_("State what the records say today, not what this certificate says"))


class Revoke(Form):
    """A certificate that is no longer good."""

    why = _reason()
