"""The after-action report in words: what was done, to whom it went, who a group is."""

from collections.abc import Iterable

from flask_babel import format_decimal, gettext
from flask_babel import lazy_gettext as _

from lms.accounts.forms import PROFESSIONS
from lms.accounts.models import Profession
from lms.content.exercises import EVERYONE, Exercise
from lms.exercises.aftermath import ONE_PLAYER
from lms.exercises.parts import MoveKind, OnSheet
from lms.exercises.standing import Moment
from lms.exercises.thoughts import About

DONE = {
    MoveKind.START: _("The exercise began"),
    MoveKind.NEXT: _("Sent"),
    MoveKind.HOLD: _("Set aside"),
    MoveKind.SKIP: _("Message left out"),
    MoveKind.REPLAY: _("Shown again"),
    MoveKind.SEND: _("Sent"),
    MoveKind.OPEN: _("Question asked"),
    MoveKind.CLOSE: _("Answers closed"),
    MoveKind.REVEAL: _("Results shown"),
    MoveKind.REVOTE: _("Asked once more"),
    MoveKind.PAUSE: _("The clock was paused"),
    MoveKind.RESUME: _("The clock went on"),
    MoveKind.TAKE_BACK: _("Taken back"),
    MoveKind.NOTE: _("Note"),
    MoveKind.HANDS: _("Hands counted"),
    MoveKind.ADMIT: _("Someone was let in"),
    MoveKind.REMOVE: _("Someone was sent out"),
    MoveKind.END: _("The exercise ended"),
    MoveKind.DEBRIEF: _("Looking back"),
}
BECAME = {
    OnSheet.WAITING: _("not sent"),
    OnSheet.UNDECIDED: _("not sent: what it follows was not decided"),
    OnSheet.NOT_MET: _("not sent: no team decided so"),
    OnSheet.HELD: _("set aside"),
    OnSheet.SKIPPED: _("left out"),
    OnSheet.SENT: _("sent"),
}
KINDS = {
    "poll-single": _("one of several"),
    "poll-multiple": _("as many as apply"),
    "poll-scale": _("a scale"),
    "text": _("own words"),
    "ordering": _("an order"),
    "decision": _("a team’s decision"),
    "hands": _("raised hands"),
}
THOUGHTS = {
    About.WORKED: _("What worked"),
    About.CHANGE: _("What to change"),
    About.WILL_DO: _("One thing I will do"),
}


def subject(one: Moment, exercise: Exercise) -> str:
    """What a move was about: a message's title, a question's text, or the trainer's words."""
    inject, task = exercise.inject(one.inject), exercise.task(one.task)
    asked = next((question.text for question in exercise.debrief if question.id == one.task), "")
    about = inject.title if inject else task.text if task else asked
    return ": ".join(filter(None, (about, one.text)))


def whom(to: str, teams: tuple[str, ...] | None, exercise: Exercise) -> str:
    """To whom something went."""
    kind, _stroke, name = to.partition("/")
    if teams is not None:
        return ", ".join(team_title(team, exercise) for team in teams)
    if kind == "team":
        return team_title(name, exercise)
    if kind == "role":
        role = exercise.role(name)
        return role.title if role else name
    if to == EVERYONE:
        return str(gettext("Everybody"))
    return str(gettext("One player")) if to == ONE_PLAYER else ""


def team_title(team_id: str, exercise: Exercise) -> str:
    """What a team is called."""
    team = exercise.team(team_id)
    return team.title if team else team_id


def group(names: Iterable[str]) -> str:
    """Who a group is; smaller ones that were put together are named together."""
    return ", ".join(str(PROFESSIONS[Profession(name)]) for name in names)


def number(value: float | None) -> str:
    """A mean or a median as the reader writes numbers."""
    return str(format_decimal(value, "0.##")) if value is not None else "–"
