"""The fixed words of the hot wash: what a thought after an exercise is about."""

from enum import StrEnum

LONGEST = 1000  # characters of a thought


class About(StrEnum):
    """What is asked of everybody in the five minutes afterwards."""

    WORKED = "worked"
    CHANGE = "change"
    WILL_DO = "will-do"
