"""Which passwords are good enough, and how they are kept: argon2id, 19 MiB and five passes (OWASP asks two or more)."""

import unicodedata
from functools import cache
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12
LONGEST = 1024
HASHER = PasswordHasher(time_cost=5, memory_cost=19 * 1024, parallelism=1)
COMMON = {
    *("password", "passwort", "qwertyuiop", "qwerty", "iloveyou", "letmein", "welcome", "administrator", "admin"),
    *("changeme", "trustno", "football", "baseball", "princess", "sunshine", "dragon", "monkey", "superman", "master"),
    *("starwars", "secret", "disrupt", "training"),
}
ROWS = (
    *("01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm,."),
    *("1q2w3e4r5t6y7u8i9o0p", "1qaz2wsx3edc4rfv5tgb6yhn7ujm"),
)
NEXT = {pair for row in ROWS for pair in pairwise(row)}


def weakness(password: str, email: str = "", name: str = "") -> str | None:
    """Why a password is too easy to guess, as a code: short, long, common, personal or plain; None where it will do."""
    if len(password) < SHORTEST:
        return "short"
    if len(password) > LONGEST:
        return "long"
    folded = unicodedata.normalize("NFKC", password).casefold()
    letters = "".join(character for character in folded if character.isalpha())
    if letters in COMMON or any(letters == word * (len(letters) // len(word)) for word in COMMON if letters):
        return "common"
    if len(set(folded)) < 5:
        return "plain"
    if min(_turns(folded), _turns(folded[::-1])) < 5:
        return "common"
    personal = [email.partition("@")[0].casefold(), *name.casefold().split()]
    if any(len(part) > 4 and folded.strip("0123456789!.") == part for part in personal):
        return "personal"
    return None


def _turns(text: str) -> int:
    """How many characters are not simply the one before again, or the next in a row: 123456789012 has one."""
    return 1 + sum(one != then and (one, then) not in NEXT for one, then in pairwise(text))


def keep(password: str) -> str:
    """The hash to store."""
    return HASHER.hash(_normal(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether the password is the stored one; takes as long where nothing is stored."""
    try:
        return HASHER.verify(_nobody() if stored is None else stored, _normal(password)) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def _normal(password: str) -> str:
    """The same password typed on another keyboard is the same bytes."""
    return unicodedata.normalize("NFKC", password[:LONGEST])


@cache
def _nobody() -> str:
    return HASHER.hash("nobody has this password")
