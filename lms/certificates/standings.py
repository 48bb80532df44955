"""Everyone of an event, or of the course, with how they stand towards its papers: once for the page and for files."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from flask import current_app
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from msgspec import Struct
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from lms.certificates import due
from lms.certificates.due import Candidate
from lms.certificates.models import Certificate
from lms.certificates.parts import COURSE, Stands
from lms.certificates.reasons import STANDS, reason
from lms.content.material import Paper, PaperKind
from lms.database import db
from lms.events.models import Event
from lms.events.roll import in_the_alphabet
from lms.progress import words
from lms.settings import Settings
from lms.spreadsheet import Sheet

KINDS = {PaperKind.ATTENDANCE: _("Attendance"), PaperKind.COMPLETION: _("Completion")}
SIGNS = {
    Stands.ISSUED: "check",
    Stands.REVOKED: "x",
    Stands.DUE: "arrow-right",
    Stands.NAME: "settle",
    Stands.LETTERS: "settle",
    Stands.EARLY: "circle",
    Stands.MISSING: "circle",
}


class Scope(Struct, frozen=True):
    """An event, or the course, by what stands for it in an address."""

    slug: str
    title: str
    event: Event | None

    @property
    def zone(self) -> tzinfo:
        if self.event:
            return self.event.zone
        settings: Settings = current_app.extensions["settings"]
        return ZoneInfo(settings.timezone)


class Standing(Struct, frozen=True):
    """How someone stands towards one paper. `one` is None for who has a certificate and is no longer on the list."""

    who: str
    name: str
    paper: str
    stands: Stands
    why: str
    done: str
    number: str = ""
    issued_at: datetime | None = None
    one: Candidate | None = None

    @property
    def words(self) -> str:
        return str(STANDS[self.stands])

    @property
    def sign(self) -> str:
        return SIGNS[self.stands]


class Wanted(Struct, frozen=True):
    """Which rows are asked for."""

    show: Stands | None = None
    paper: str = ""
    begins: str = ""

    @property
    def address(self) -> dict[str, str]:
        """The same in an address."""
        said = {"show": self.show.value if self.show else "", "paper": self.paper, "begins": self.begins}
        return {name: value for name, value in said.items() if value}


class Figures(Struct, frozen=True):
    """What stands above the table: how many papers."""

    issued: int
    due: int
    names: int
    not_due: int
    revoked: int


def scope_of(event: Event | None) -> Scope:
    """An event, or the course."""
    return Scope(event.slug, event.title, event) if event else Scope(COURSE, due.english().title, None)


def papers(scope: Scope) -> tuple[Paper, ...]:
    """The papers there are to be had."""
    return due.english().papers_of(PaperKind.ATTENDANCE if scope.event else PaperKind.COMPLETION)


def titles(scope: Scope) -> dict[str, str]:
    """What each paper is called: by its kind, or where there are two of a kind by what it certifies."""
    kinds = Counter(paper.kind for paper in papers(scope))
    return {paper.id: str(KINDS[paper.kind]) if kinds[paper.kind] == 1 else paper.title for paper in papers(scope)}


def candidates(scope: Scope) -> list[Candidate]:
    """Everyone and each paper."""
    return due.of_event(scope.event) if scope.event else due.of_course()


def whose(one: Candidate) -> str:
    """By what a form names someone."""
    holder = one.holder
    return f"p{holder.person_id}" if holder.person_id is not None else f"r{holder.registration_id}"


def everyone(scope: Scope) -> list[Standing]:
    """Everyone and each paper, by name; who has a certificate and is no longer on the list comes too."""
    found = candidates(scope)
    held = {one.held.id for one in found if one.held}
    known = [_standing(one) for one in found]
    return sorted([*known, *_others(scope, held)], key=lambda one: (in_the_alphabet(one.name), one.paper, one.number))


def _standing(one: Candidate) -> Standing:
    done = "; ".join(words.stands(line) for line in one.checklist)
    number, issued_at = (one.held.number, one.held.issued_at) if one.held else ("", None)
    why = "" if one.stands is Stands.ISSUED else reason(one)
    return Standing(whose(one), one.holder.name, one.paper.id, one.stands, why, done, number, issued_at, one)


def _others(scope: Scope, held: set[int]) -> Iterable[Standing]:
    rows = db.session.execute(
        select(
            Certificate.id, Certificate.number, Certificate.name, Certificate.paper, Certificate.revoked_at,
            Certificate.issued_at,
        ).where(Certificate.scope == scope.slug, Certificate.superseded_at.is_(None))
    )  # fmt: skip
    for row in rows:
        if row.id not in held:
            stands = Stands.REVOKED if row.revoked_at else Stands.ISSUED
            why = gettext("No longer on the list; the certificate stands by itself")
            yield Standing("", row.name, row.paper, stands, why, "", row.number, row.issued_at)


def wanted(args: MultiDict[str, str], scope: Scope) -> Wanted:
    """What an address asks for; what it says wrongly is not asked for."""
    show, paper = args.get("show", ""), args.get("paper", "")
    return Wanted(
        Stands(show) if show in set(Stands) else None,
        paper if paper in {one.id for one in papers(scope)} else "",
        " ".join(args.get("begins", "").split())[:100],
    )


def shown(rows: Iterable[Standing], asked: Wanted) -> list[Standing]:
    """The rows that are asked for."""
    letters = _plain(asked.begins)
    return [
        row
        for row in rows
        if (asked.show is None or row.stands is asked.show)
        and (not asked.paper or row.paper == asked.paper)
        and (not letters or _begins(_plain(row.name), letters))
    ]


def _begins(name: str, letters: str) -> bool:
    return name.startswith(letters) or f" {letters}" in name


def _plain(text: str) -> str:
    """Without accents and capitals."""
    return "".join(sign for sign in in_the_alphabet(text) if not unicodedata.combining(sign))


def figures(rows: Sequence[Standing]) -> Figures:
    """Counts of papers, whoever is shown."""
    stands = [row.stands for row in rows]
    return Figures(
        issued=stands.count(Stands.ISSUED),
        due=stands.count(Stands.DUE),
        names=stands.count(Stands.NAME),
        not_due=stands.count(Stands.MISSING) + stands.count(Stands.EARLY) + stands.count(Stands.LETTERS),
        revoked=stands.count(Stands.REVOKED),
    )


def sheet(scope: Scope, rows: Sequence[Standing]) -> Sheet:
    """The same as a table for a file."""
    called = titles(scope)
    head = [
        gettext("Name"), gettext("Certificate"), gettext("State"), gettext("Why"), gettext("Done"), gettext("Number"),
        gettext("Issued on"),
    ]  # fmt: skip
    return Sheet(
        gettext("Certificates"),
        head,
        (
            [
                row.name, called.get(row.paper, row.paper), row.words, row.why, row.done, row.number,
                row.issued_at.astimezone(scope.zone).date() if row.issued_at else None,
            ]
            for row in rows
        ),
        scope.zone,
    )  # fmt: skip
