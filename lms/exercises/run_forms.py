"""What a trainer is asked about a run to be opened: which exercise, where, how teams come about, whether it counts."""

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import BooleanField, SelectField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from lms.accounts.forms import Form
from lms.events.forms import Number
from lms.exercises import inventing
from lms.exercises.seating import TeamsBy

MOST = 2000
TEAMS = {
    TeamsBy.MIX: _("Mixed by profession, as people come"),
    TeamsBy.HAND: _("By hand, at the console"),
    TeamsBy.SELF: _("Everyone chooses their own"),
}


def _between(least: int, most: int) -> Any:
    """A whole number from `least` to `most`, said in one sentence."""

    def check(_form: Form, field: Number) -> None:
        if field.data is None or not least <= field.data <= most:
            raise ValidationError(gettext("Enter a whole number from %(least)s to %(most)s.", least=least, most=most))

    return check


class OpenRun(Form):
    """A run to be opened."""

    exercise = SelectField(_("Exercise"), validate_choice=False)
    half_day = SelectField(_("Where it takes place"), validate_choice=False)
    teams_by = SelectField(_("Teams"), validate_choice=False)
    capacity = Number(
        _("How many may join at most"), validators=[InputRequired(_("Enter a number.")), _between(1, MOST)]
    )
    rehearsal = BooleanField(_("This is a rehearsal"))
    invented = Number(_("Invented people"))

    def __init__(self, exercises: Iterable[str], half_days: Iterable[tuple[str, str]], **options: Any) -> None:
        super().__init__(**options)
        self.exercise.choices = [SelectChoice(value=one, label=one) for one in exercises]
        nowhere = SelectChoice(value="", label=gettext("Not at an event"))
        self.half_day.choices = [nowhere, *(SelectChoice(value=value, label=label) for value, label in half_days)]
        self.teams_by.choices = [SelectChoice(value=str(one), label=str(words)) for one, words in TEAMS.items()]

    def validate_exercise(self, field: SelectField) -> None:
        if field.data not in _values(field):
            raise ValidationError(gettext("Choose an exercise."))

    def validate_half_day(self, field: SelectField) -> None:
        if field.data not in _values(field):
            raise ValidationError(gettext("Choose a half-day of an event where you take the roll, or none."))

    def validate_teams_by(self, field: SelectField) -> None:
        if field.data not in _values(field):
            raise ValidationError(gettext("Choose how teams come about."))

    def validate_invented(self, field: Number) -> None:
        if self.rehearsal.data:
            _between(0, inventing.MOST)(self, field)


def _values(field: SelectField) -> list[str]:
    return [choice.value for choice in field.choices]
