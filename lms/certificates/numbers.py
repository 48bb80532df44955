"""Numbers of certificates: `D-XXXX-XXXX-XXXX`, eleven random characters and one that checks them.

The characters are Crockford's base32 (https://www.crockford.com/base32.html), read in any case, O as 0, I and L as 1.
The check character is a sum over GF(32), each character times its own power of a generator: it finds every wrong
character and every two that changed places. A number says nothing of whose it is: 55 random bits.
"""

import secrets
from functools import reduce
from operator import xor

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM = 11
READ_AS = str.maketrans("OIL", "011", "- \t\n\r\u2010\u2011\u2012\u2013\u2014\u2212")
POLYNOMIAL = 0b100101  # x^5 + x^2 + 1, primitive: the powers of x are the 31 elements but zero


def new() -> str:
    """A fresh number."""
    return written("".join(secrets.choice(LETTERS) for _ in range(RANDOM)))


def written(random: str) -> str:
    """The number of eleven characters, with its check character and its hyphens."""
    whole = random + _check(random)
    return "-".join(("D", whole[:4], whole[4:8], whole[8:]))


def tidy(text: str) -> str | None:
    """A number as we write it, however someone typed it; None where it cannot be one."""
    typed = text.upper().translate(READ_AS)
    if len(typed) == RANDOM + 2:
        typed = typed.removeprefix("D")
    if len(typed) != RANDOM + 1 or set(typed) - set(LETTERS) or _check(typed[:RANDOM]) != typed[-1]:
        return None
    return written(typed[:RANDOM])


def _check(random: str) -> str:
    """The sum of x^(n+1) times the n-th character, counted from 0; the check character itself weighs 1."""
    return LETTERS[reduce(xor, (_shifted(LETTERS.index(letter), n + 1) for n, letter in enumerate(random)))]


def _shifted(value: int, times: int) -> int:
    """A value of GF(32) times x, so many times."""
    for _ in range(times):
        value <<= 1
        if value & 0b100000:
            value ^= POLYNOMIAL
    return value
