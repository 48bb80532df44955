"""What a signed certificate costs beside the same pages plain and beside the naive call, and how large it is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from sqlalchemy import func, select

from bench.cpu import worked
from bench.figure import Figure, report
from bench.site import application, sample_year
from lms import pdf
from lms.apart import Apart
from lms.certificates import issuing, signing
from lms.certificates.document import attachment, document
from lms.certificates.models import Certificate, CertificateFile
from lms.certificates.statement import Statement
from lms.content.material import PaperKind
from lms.database import db

ROUNDS = 15
PEERS = Path(__file__).with_name("peers")


class Plain(Apart):
    """WeasyPrint without tags, attachment and signature, in a process like the press, with its fonts and stylesheet."""

    def __init__(self) -> None:
        super().__init__(
            str(pdf.STYLESHEET),
            environment={"FONTCONFIG_FILE": str(pdf.FONTS / "fonts.conf")},
            seconds=20,
            megabytes=512,
        )

    def script(self) -> Path:
        return PEERS / "plain.py"


@dataclass(frozen=True)
class Paper:
    """A certificate of the sample year, ready to be printed again."""

    title: str
    statement: Statement
    name: str

    def page(self) -> str:
        return document(self.statement, self.name)

    def facts(self) -> pdf.Attachment:
        title = self.statement.title["en"]
        return pdf.Attachment("certificate.json", attachment(self.statement, self.name), "application/json", title)


def main() -> None:
    """From the same HTML, by turns; the CPU of all processes that take part, ours that waits for them included."""
    with sample_year() as environment, application(environment).app_context():
        papers = [
            _paper("attendance", PaperKind.ATTENDANCE, "en"),
            _paper("completion", PaperKind.COMPLETION, "en"),
            _paper("in German and English", PaperKind.ATTENDANCE, "de"),
        ]
        figures = [figure for paper in papers for figure in _speed(paper)]
        sizes = db.session.scalars(select(func.length(CertificateFile.content))).all()
    report(
        "certificates",
        *figures,
        Figure(f"largest of the sample year's {len(sizes)}", "kB", max(sizes) / 1000, most=40),
        Figure("median of them", "kB", median(sizes) / 1000),
    )


def _paper(title: str, kind: PaperKind, locale: str) -> Paper:
    for one in db.session.scalars(select(Certificate).where(Certificate.kind == kind).order_by(Certificate.id)):
        statement = issuing.statement_of(one)
        if statement.locale == locale:
            return Paper(title, statement, one.name)
    raise AssertionError(f"the sample year has no {title}")


def _speed(paper: Paper) -> list[Figure]:
    page, facts, at = paper.page(), paper.facts(), paper.statement.issued_at
    room = signing.current().room
    yardstick = Plain()
    deeds: list[Callable[[], object]] = [
        lambda: signing.sign(pdf.record(page, facts, room), at),
        lambda: yardstick.do(b"P", page.encode()),
        lambda: yardstick.do(b"N", page.encode()),
        lambda: yardstick.do(b"H", page.encode()),
        lambda: signing.sign(pdf.record(paper.page(), paper.facts(), room), at),
    ]
    rounds = [[_taken(deed) for deed in deeds] for _ in range(ROUNDS + 1)][1:]
    yardstick.close()
    ours, plain, naive, harder, whole = (median(column) for column in zip(*rounds, strict=True))
    return [
        Figure(f"{paper.title}: CPU beside plain", "ms", ours, plain, most=1.3),
        Figure(f"{paper.title}: beside the naive call", "ms", ours, naive, most=0.5),
        Figure(f"{paper.title}: the same, fonts found", "ms", ours, harder),
        Figure(f"{paper.title}: from facts to file", "ms", whole),
    ]


def _taken(deed: Callable[[], object]) -> float:
    """Milliseconds of CPU."""
    began = worked()
    deed()
    return (worked() - began) * 1000


if __name__ == "__main__":
    main()
