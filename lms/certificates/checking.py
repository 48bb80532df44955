"""What is said of a number or of a file that claims to be a certificate of ours.

    by_number(number) -> Answer           however it is typed; what no number can be is as unknown as any other
    of_file(content) -> Answer            by its SHA-256 first, then by what a process of its own finds in it
    name_matches(number, name) -> bool    whether this name, as printed, stands on the certificate with this number

From a number alone the name is never loaded, and nothing is kept of what is asked. The number of the certificate that
supersedes another is not told: whoever has an old paper could show the new one's number as the one of a forged paper.
It is the holder's to give.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from msgspec.json import Decoder
from sqlalchemy import Text, bindparam, cast, select

from lms.certificates import numbers, signing
from lms.certificates.models import Certificate, SigningKey
from lms.certificates.parts import Outcome
from lms.certificates.statement import Event, Statement, Words
from lms.content.material import PaperKind
from lms.database import look
from lms.progress.completion import Kind

LONGEST_NAME = 300
MOST = 300  # statements of some 3 kB
ALIKE = str.maketrans({"\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u2010": "-", "\u2011": "-"})


class Signed(StrEnum):
    """What the signature in a file is worth."""

    NONE = "none"
    OURS = "ours"  # intact, whole, by a key of ours
    ADDED_TO = "added to"  # by a key of ours; something was added to the file afterwards
    FOREIGN = "foreign"  # intact, by a key that is not ours, whatever name it gives
    BROKEN = "broken"


class Meeting(Struct, frozen=True):
    """An event that a certificate counts on: from which day to which, half-days that count, minutes present."""

    title: str
    city: str
    first: date | None
    last: date | None
    counted: int
    half_days: int
    minutes: int


class Facts(Struct, frozen=True, eq=False):
    """What may be told of a certificate to whoever has its number: no name, no score. Each is like itself alone."""

    kind: PaperKind
    title: Words
    programme: Words
    events: tuple[Meeting, ...]
    half_days_asked: int
    issued_at: datetime
    timezone: str

    @property
    def issued_on(self) -> date:
        return self.day(self.issued_at)

    def day(self, moment: datetime) -> date:
        """The day where the course is run."""
        return moment.astimezone(ZoneInfo(self.timezone)).date()


class Answer(Struct, frozen=True, kw_only=True):
    """What is said. An altered or unknown one has no facts; `since` is when a certificate stopped being good.

    `older_key` says that another key signs by now, `key_compromised` that it is revoked because its key was no longer
    ours alone when our record says that it was issued. `exact` says that a file is the very file; `added` and `fault`
    are told of other files only.
    """

    outcome: Outcome
    number: str = ""
    facts: Facts | None = None
    since: date | None = None
    name_kept: bool = False
    older_key: bool = False
    key_compromised: bool = False
    exact: bool = False
    signed: Signed | None = None
    added: bool = False
    fault: signing.Fault | None = None


UNKNOWN = Answer(outcome=Outcome.UNKNOWN)
NEWEST_KEY = select(Certificate.key_fingerprint).order_by(Certificate.id.desc()).limit(1).scalar_subquery()
WRITTEN = re.compile(r"D(-[0-9A-Z]{4}){3}")
STATEMENT = Decoder(Statement)
RECORD = select(
    Certificate.number, cast(Certificate.statement_kept, Text).label("stated"), Certificate.revoked_at,
    Certificate.superseded_at, (Certificate.name != "").label("name_kept"), SigningKey.compromised_from,
    (Certificate.key_fingerprint != NEWEST_KEY).label("older_key"),
).join(SigningKey, SigningKey.fingerprint == Certificate.key_fingerprint)  # fmt: skip
BY_NUMBER = RECORD.where(Certificate.number == bindparam("number"))
BY_HASH = RECORD.where(Certificate.sha256 == bindparam("sha256"))
NAME = select(Certificate.name).where(Certificate.number == bindparam("number"))


def by_number(number: str) -> Answer:
    """What is said of a number alone: as we write it, else however people type it."""
    found = _recorded(BY_NUMBER, number=number) if WRITTEN.fullmatch(number) else UNKNOWN
    tidy = number if found is not UNKNOWN else numbers.tidy(number)
    return found if tidy in (number, None) else _recorded(BY_NUMBER, number=tidy)


def of_file(content: bytes) -> Answer:
    """What is said of a file. Takes up to some seconds for one that is not ours."""
    found = _recorded(BY_HASH, sha256=sha256(content).hexdigest())
    if found is not UNKNOWN:
        return msgspec.structs.replace(found, exact=True, signed=Signed.OURS)
    seen = signing.look(content)
    signed = None if seen.fault else _signed(seen)
    beginning = _numbers_with(Certificate.sha256, seen.beginnings)
    if beginning:
        return Answer(outcome=Outcome.ALTERED, number=beginning[0], signed=signed, added=True, fault=seen.fault)
    known = _numbers_with(Certificate.number, filter(None, map(numbers.tidy, seen.numbers)))
    if known:
        return Answer(outcome=Outcome.ALTERED, number=known[0], signed=signed)
    return Answer(outcome=Outcome.UNKNOWN, signed=signed, fault=seen.fault)


def name_matches(number: str, name: str) -> bool:
    """Whether a name is the one printed, but for capitals, spaces, and how apostrophes and hyphens are typed.

    False for a number that is not there, and for a certificate whose name is no longer kept.
    """
    with look() as database:
        printed: str = database.scalar(NAME, {"number": numbers.tidy(number)}) or ""
    same = compare_digest(_summary(printed), _summary(name[: LONGEST_NAME + 1]))
    return same and printed != ""


def _summary(name: str) -> bytes:
    """The SHA-256 of a name as it is compared: all are equally long, whatever the names are."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    return sha256(" ".join(folded.translate(ALIKE).split()).encode()).digest()


# --- the record ----------------------------------------------------------------------------------------------


def _recorded(query: Any, **asked: str) -> Answer:
    with look() as database:
        row: Any = database.execute(query, asked).first()
    if row is None:
        return UNKNOWN
    facts = _facts(row.stated)
    outcome, ended_at = _stands(row, facts)
    return Answer(
        outcome=outcome,
        number=row.number,
        facts=facts,
        since=facts.day(ended_at) if ended_at else None,
        name_kept=row.name_kept,
        older_key=row.older_key,
        key_compromised=ended_at is not None and ended_at is row.compromised_from,
    )


def _stands(row: Any, facts: Facts) -> tuple[Outcome, datetime | None]:
    """How a certificate stands, and since when where it is not good."""
    if row.revoked_at:
        return Outcome.REVOKED, row.revoked_at
    if row.superseded_at:
        return Outcome.SUPERSEDED, row.superseded_at
    if row.compromised_from and row.compromised_from <= facts.issued_at:
        return Outcome.REVOKED, row.compromised_from
    return Outcome.VALID, None


@lru_cache(MOST)
def _facts(stated: str) -> Facts:
    """The facts of a statement as it was kept. It is frozen, so those looked at last are remembered."""
    statement = STATEMENT.decode(stated)
    return Facts(
        kind=PaperKind(statement.kind),
        title=statement.title,
        programme=statement.programme,
        events=tuple(map(_meeting, statement.events)),
        half_days_asked=sum(line.asked for line in statement.rule if line.kind == Kind.HALF_DAYS),
        issued_at=statement.issued_at,
        timezone=statement.timezone,
    )


def _meeting(event: Event) -> Meeting:
    zone = ZoneInfo(event.timezone)
    starts = [half_day.starts_at for half_day in event.half_days]
    return Meeting(
        title=event.title,
        city=event.city,
        first=min(starts).astimezone(zone).date() if starts else None,
        last=max(starts).astimezone(zone).date() if starts else None,
        counted=event.counted,
        half_days=len(starts),
        minutes=event.minutes,
    )


# --- a file that is not ours ---------------------------------------------------------------------------------


def _signed(seen: signing.Seen) -> Signed:
    if not seen.signatures:
        return Signed.NONE
    if not all(one.intact for one in seen.signatures):
        return Signed.BROKEN
    signers = {one.signer for one in seen.signatures}
    with look() as database:
        ours = set(database.scalars(select(SigningKey.fingerprint).where(SigningKey.fingerprint.in_(signers))))
    # A database that was restored may be older than the key's first paper.
    if signers != ours and signers - ours != {signing.configured()}:
        return Signed.FOREIGN
    return Signed.OURS if any(one.whole for one in seen.signatures) else Signed.ADDED_TO


def _numbers_with(column: Any, values: Iterable[str]) -> list[str]:
    """The numbers of certificates that have one of these values, in the order of the values."""
    wanted = list(dict.fromkeys(values))
    if not wanted:
        return []
    with look() as database:
        found: dict[str, str] = dict(
            database.execute(select(column, Certificate.number).where(column.in_(wanted))).all()
        )
    return [found[value] for value in wanted if value in found]
