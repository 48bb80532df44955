"""What someone says who found a mistake."""

from flask_babel import lazy_gettext as _
from wtforms import TextAreaField
from wtforms.validators import DataRequired, Length

from lms.accounts.forms import Form


def _printed(value: str | None) -> str:
    """Without what no page can show; lines stay lines."""
    return "".join(character for character in value or "" if character.isprintable() or character in "\r\n\t")


class Report(Form):
    """What is wrong, in the reader's words."""

    words = TextAreaField(
        _("What is wrong?"),
        filters=[_printed],
        validators=[
            DataRequired(_("Write what is wrong.")),
            Length(max=2000, message=_("Shorten this to 2,000 characters.")),
        ],
    )
