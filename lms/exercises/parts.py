"""The fixed words of live exercises: phases, moves, where an inject or a question stands, why something is refused."""

from enum import StrEnum


class Phase(StrEnum):
    """How far a run is."""

    LOBBY = "lobby"
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


class MoveKind(StrEnum):
    """What a trainer may do in a run."""

    START = "start"
    NEXT = "next"
    HOLD = "hold"
    SKIP = "skip"
    REPLAY = "replay"
    SEND = "send"
    OPEN = "open"
    CLOSE = "close"
    REVEAL = "reveal"
    REVOTE = "revote"
    PAUSE = "pause"
    RESUME = "resume"
    TAKE_BACK = "take-back"
    NOTE = "note"
    HANDS = "hands"
    ADMIT = "admit"
    REMOVE = "remove"
    END = "end"
    DEBRIEF = "debrief"


class Outcome(StrEnum):
    """What became of a move: done; nothing to do, because it stood so already; or refused."""

    DONE = "done"
    ALREADY = "already"
    REFUSED = "refused"


class Why(StrEnum):
    """Why a move is refused."""

    OTHER_CONTENT = "other-content"  # the id is known, and what it said was something else
    MOVED_ON = "moved-on"  # someone else moved what this move was about, after its sender last looked
    NOT_STARTED = "not-started"
    PAUSED = "paused"
    ENDED = "ended"
    NOTHING_LEFT = "nothing-left"  # no inject comes next
    UNNAMED = "unnamed"  # the move does not say which inject, question or player it is about
    BOTH_NAMED = "both-named"  # it names two things where it can be about one only
    UNKNOWN_INJECT = "unknown-inject"
    UNKNOWN_TASK = "unknown-task"
    UNKNOWN_QUESTION = "unknown-question"
    UNKNOWN_AUDIENCE = "unknown-audience"
    UNKNOWN_OPTION = "unknown-option"
    NO_AUDIENCE = "no-audience"  # words of the trainer's own go to nobody by default
    NOBODY = "nobody"  # no team decided so as the inject asks, or none has decided yet
    IS_SENT = "is-sent"  # take it back first
    NOT_SENT = "not-sent"
    NOT_ASKED = "not-asked"
    IS_OPEN = "is-open"  # close it first
    IS_REVEALED = "is-revealed"  # what has been shown is voted on anew, not opened again
    WRONG_KIND = "wrong-kind"  # hands count options, and this question has none to count
    WRONG_COUNT = "wrong-count"
    EMPTY = "empty"
    TOO_LONG = "too-long"
    UNWRITABLE = "unwritable"  # it holds a sign that no database keeps


class OnSheet(StrEnum):
    """Where an inject stands on the run sheet."""

    WAITING = "waiting"
    UNDECIDED = "undecided"  # what its condition asks about is not closed yet
    NOT_MET = "not-met"  # nobody decided so
    HELD = "held"  # set aside: it comes when it is sent or taken back into line
    SKIPPED = "skipped"  # left out
    SENT = "sent"


class TaskState(StrEnum):
    """Where a question stands."""

    UNASKED = "unasked"
    OPEN = "open"
    CLOSED = "closed"
    REVEALED = "revealed"
    WITHDRAWN = "withdrawn"


class Admission(StrEnum):
    """Whether someone takes part: yes, when the trainer nods, or no more."""

    IN = "in"
    WAITING = "waiting"
    REMOVED = "removed"


class Fault(StrEnum):
    """Why an answer is not taken."""

    NOT_IN = "not-in"  # waiting for the trainer's nod, or removed
    FOREIGN = "foreign"  # there is no such question, or it is not asked of this player; nobody learns which
    CLOSED = "closed"
    BY_HANDS = "by-hands"  # hands are raised and counted in the room
    WRONG_SHAPE = "wrong-shape"
    UNKNOWN_OPTION = "unknown-option"
    EMPTY = "empty"
    NO_REASON = "no-reason"
    NO_OWNER = "no-owner"
    TOO_LONG = "too-long"
    UNWRITABLE = "unwritable"
