"""What a trainer is asked about a lesson: what is to be done, who sees to it, by when."""

from flask_babel import lazy_gettext as _
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional

from lms.accounts.forms import Form, folded
from lms.events.forms import Day
from lms.exercises.models import LessonLearned

LONGEST, LONGEST_OWNER = 600, 200


def _printable(text: str | None) -> str:
    """Without what neither page nor paper can show; lines stay lines."""
    return "".join(sign for sign in (text or "").strip() if sign.isprintable() or sign == "\n")


class LessonForm(Form):
    """A lesson with its owner."""

    words = TextAreaField(
        _("What is to be done"),
        filters=[_printable],
        validators=[
            DataRequired(_("Write what is to be done.")),
            Length(max=LONGEST, message=_("Shorten this to %(n)s characters.", n=LONGEST)),
        ],
    )
    owner = StringField(
        _("Who sees to it"),
        filters=[folded, _printable],
        validators=[Length(max=LONGEST_OWNER, message=_("Shorten this to %(n)s characters.", n=LONGEST_OWNER))],
    )
    until = Day(_("By when"), validators=[Optional()])

    def fill(self, lesson: LessonLearned) -> None:
        """Put what was typed into a row."""
        lesson.words = self.words.data or ""
        lesson.owner = self.owner.data or ""
        lesson.until = self.until.data
