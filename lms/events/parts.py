"""The fixed words of events: what kind one is, what part someone plays, what a mark says."""

from enum import StrEnum


class EventKind(StrEnum):
    """What sort of gathering it is."""

    EU = "eu"
    NATIONAL = "national"
    WEBINAR = "webinar"
    CONFERENCE = "conference"


class Part(StrEnum):
    """What someone does at an event; only participants are counted as participants."""

    PARTICIPANT = "participant"
    TRAINER = "trainer"
    SPEAKER = "speaker"
    ORGANISER = "organiser"
    OBSERVER = "observer"


class Origin(StrEnum):
    """Whether someone comes from the country of the event."""

    LOCAL = "local"
    INTERNATIONAL = "international"


class RegistrationState(StrEnum):
    """How far a registration is; a cancelled one is kept and is on no list."""

    INVITED = "invited"
    REGISTERED = "registered"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class MarkKind(StrEnum):
    """What a mark says."""

    CAME = "came"
    LEFT = "left"
    EXCUSED = "excused"
    ABSENT = "absent"
    UNDO = "undo"


class Outcome(StrEnum):
    """What became of a mark when it arrived."""

    RECORDED = "recorded"
    ALREADY = "already"
    REFUSED = "refused"


class Charge(StrEnum):
    """What someone is appointed to at an event."""

    TRAINER = "trainer"
    ORGANISER = "organiser"


class Signed(StrEnum):
    """What a signature sheet says of someone: signed, left empty, or added by hand at its end."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"
    BY_HAND = "by-hand"


class Decision(StrEnum):
    """How a difference was settled."""

    PRESENT = "present"
    MISSING = "missing"
    KEPT = "kept"
