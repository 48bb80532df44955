"""In words: why a move is refused, an answer is not taken, or someone does not get in; and which field it is about."""

from flask_babel import lazy_gettext as _

from lms.exercises.joining import NotSo
from lms.exercises.parts import Fault, Why
from lms.exercises.responding import Not
from lms.exercises.thinking import Unfit

MOVES = {
    Why.OTHER_CONTENT: _("Another move was kept under this id. Load the page again."),
    Why.MOVED_ON: _("Another trainer was faster: look at where the exercise is now, then decide again."),
    Why.NOT_STARTED: _("The exercise has not begun. Start it first."),
    Why.PAUSED: _("The exercise is paused. Resume it first."),
    Why.ENDED: _("The exercise is over. Nothing more can be sent or asked."),
    Why.NOTHING_LEFT: _("Nothing comes next: all is sent, set aside, or waits for a decision."),
    Why.UNNAMED: _("Say what this is about."),
    Why.BOTH_NAMED: _("This names two things. Choose one."),
    Why.UNKNOWN_INJECT: _("There is no such message in this exercise."),
    Why.UNKNOWN_TASK: _("There is no such question in this exercise."),
    Why.UNKNOWN_QUESTION: _("There is no such question in the debrief."),
    Why.UNKNOWN_AUDIENCE: _("Nobody is called so. Choose everyone, a team, a role or a player."),
    Why.UNKNOWN_OPTION: _("This question has no such option."),
    Why.NO_AUDIENCE: _("Say to whom this goes."),
    Why.NOBODY: _("This goes to teams that decided in a certain way, and none has so far."),
    Why.IS_SENT: _("This is sent already. Take it back first."),
    Why.NOT_SENT: _("This is not sent yet. Send it first."),
    Why.NOT_ASKED: _("This question is not asked yet. Open it first."),
    Why.IS_OPEN: _("This question is open. Close it first."),
    Why.IS_REVEALED: _("The results were shown. Ask for a new vote instead."),
    Why.WRONG_KIND: _("Hands can be counted only where there are options to choose."),
    Why.WRONG_COUNT: _("Give a number from 0 to 10,000 for each option."),
    Why.EMPTY: _("Write something first."),
    Why.TOO_LONG: _("This is too long. Shorten it."),
    Why.UNWRITABLE: _("This holds a sign that cannot be kept. Write it in another way."),
}
FIELDS_OF_MOVES = {
    Why.UNKNOWN_INJECT: "inject", Why.NOTHING_LEFT: "inject", Why.IS_SENT: "inject", Why.NOT_SENT: "inject",
    Why.NOBODY: "inject", Why.UNKNOWN_TASK: "task", Why.UNKNOWN_QUESTION: "task", Why.NOT_ASKED: "task",
    Why.IS_OPEN: "task", Why.IS_REVEALED: "task", Why.WRONG_KIND: "task", Why.UNKNOWN_AUDIENCE: "to",
    Why.NO_AUDIENCE: "to", Why.UNKNOWN_OPTION: "counts", Why.WRONG_COUNT: "counts", Why.EMPTY: "text",
    Why.TOO_LONG: "text", Why.UNWRITABLE: "text", Why.OTHER_CONTENT: "id",
}  # fmt: skip
ANSWERS = {
    Fault.NOT_IN: _("You are not in this exercise now. Ask the trainer to let you in."),
    Fault.FOREIGN: _("You are not asked this now. Go on with what you see."),
    Fault.CLOSED: _("This question is closed. What you had sent before counts."),
    Fault.BY_HANDS: _("Raise your hand: this is counted in the room."),
    Fault.WRONG_SHAPE: _("This answer could not be read. Load the page again and choose once more."),
    Fault.UNKNOWN_OPTION: _("Choose one of the options."),
    Fault.EMPTY: _("Choose or write an answer."),
    Fault.NO_REASON: _("Write why your team decides so."),
    Fault.NO_OWNER: _("Write who sees to it."),
    Fault.TOO_LONG: _("This is too long. Shorten it and send it again."),
    Fault.UNWRITABLE: _("This holds a sign that cannot be kept. Write it in another way."),
    Not.OTHER_CONTENT: _("Another answer was kept under this id. Send it again."),
    Not.NO_TEAM: _("A team decides this. Choose your team first, or ask the trainer for one."),
    Not.ENOUGH: _("Your team has changed this two hundred times. What stands, stands."),
    Not.NOT_RECORDER: _("Another of your team writes down its decisions. Take over first, if you agreed on that."),
}
FIELDS_OF_ANSWERS = {Fault.NO_REASON: "reason", Fault.NO_OWNER: "owner", Not.OTHER_CONTENT: "id"}
DOOR = {
    NotSo.ENDED: _("This exercise is over."),
    NotSo.FULL: _("The room is full. Tell the trainer."),
    NotSo.NO_NAME: _("Write a name with letters, or leave it empty."),
    NotSo.LONG_NAME: _("This name is too long. Write a shorter one, or leave it empty."),
    NotSo.UNKNOWN_PROFESSION: _("Choose one of the professions."),
    NotSo.UNKNOWN_TEAM: _("There is no such team in this exercise."),
    NotSo.UNKNOWN_ROLE: _("There is no such role in this exercise."),
    NotSo.NOT_IN: _("The trainer has not let this person in."),
    NotSo.TEAMS_ARE_SET: _("Teams are set. Ask the trainer if you want another place."),
}
FIELDS_OF_DOOR = {
    NotSo.ENDED: "code", NotSo.FULL: "code", NotSo.NO_NAME: "name", NotSo.LONG_NAME: "name",
    NotSo.UNKNOWN_PROFESSION: "profession", NotSo.UNKNOWN_TEAM: "team", NotSo.UNKNOWN_ROLE: "role",
    NotSo.TEAMS_ARE_SET: "team", NotSo.NOT_IN: "player",
}  # fmt: skip
THOUGHTS = {
    Unfit.EMPTY: _("Write something first."),
    Unfit.UNFIT: _("This is too long, or holds a sign that cannot be kept. Shorten it."),
    Unfit.NOT_IN: DOOR[NotSo.NOT_IN],
    Unfit.ENOUGH: _("So many thoughts are kept already that no more fit. Tell your trainer yours."),
    Unfit.TOO_EARLY: _("This is asked when the exercise is talked about."),
}
FIELDS_OF_THOUGHTS = {
    Unfit.EMPTY: "words", Unfit.UNFIT: "words", Unfit.ENOUGH: "words", Unfit.NOT_IN: "player", Unfit.TOO_EARLY: "about",
}  # fmt: skip
