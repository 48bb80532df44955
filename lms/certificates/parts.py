"""The fixed words of certificates: how one stands, what its check says, how its holder-to-be stands, how lines end."""

from enum import StrEnum

COURSE = "course"  # the scope of a paper that is not of one event


class State(StrEnum):
    """How a certificate stands."""

    VALID = "valid"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"


class Outcome(StrEnum):
    """What a check says of a number or a file. Only the first is good."""

    VALID = "valid"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"
    ALTERED = "altered"  # a file with a number of ours whose bytes are not those that we issued
    UNKNOWN = "unknown"


class Stands(StrEnum):
    """How someone stands towards a paper: has it, had it revoked, is due, or what keeps it back."""

    ISSUED = "issued"
    REVOKED = "revoked"
    DUE = "due"
    NAME = "name"  # nothing is missing, and the name as printed is not confirmed
    LETTERS = "letters"  # the name has a letter that no font of ours has
    EARLY = "early"  # its event is not over
    MISSING = "missing"


class LineState(StrEnum):
    """How far one line of a batch is."""

    WAITING = "waiting"
    ISSUED = "issued"
    FAILED = "failed"
    LEFT_OUT = "left-out"  # when its turn came, the paper was no longer due
