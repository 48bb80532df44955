"""What someone says who found a mistake."""

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import InputRequired, Length


class Report(FlaskForm):
    """What is wrong, in the reader's words."""

    words = TextAreaField(
        _("What is wrong?"),
        validators=[
            InputRequired(_("Write what is wrong.")),
            Length(max=2000, message=_("Shorten this to 2,000 characters.")),
        ],
    )
