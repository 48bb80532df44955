"""A thousand certificates on two processes: papers a second of one core, beside what other programs print."""

import importlib
import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from random import Random
from statistics import median
from tempfile import mkdtemp
from time import perf_counter
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import select

from bench.cpu import worked
from bench.figure import Figure, report
from bench.site import application, sample_year
from lms import pdf
from lms.certificates import issuing, numbers
from lms.certificates.document import HALF_DAY_WIDTHS, NAME_STEPS, _said, attachment, name_step
from lms.certificates.due import Holder
from lms.certificates.issuing import Draft
from lms.certificates.models import Certificate
from lms.certificates.signing import OWN_KEY
from lms.certificates.statement import Statement
from lms.content.material import PaperKind
from lms.database import db
from tests.pdf import qpdf_check, signature_told, verapdf

PAPERS = 1000
PROCESSES = 2
SAMPLE = 20
PEERS = Path(__file__).with_name("peers")
TCPDF = Path("/usr/share/php/tcpdf/tcpdf.php")
Maker = Callable[[Draft], bytes]


@dataclass(frozen=True)
class Share:
    """What one process made: seconds of CPU and by the clock, the size of each file, and some of the files."""

    cpu: float
    wall: float
    sizes: list[int]
    some: list[bytes]


def main() -> None:
    """One program after the other, each with two processes of its own that print a paper before time is taken."""
    with sample_year() as environment:
        drafts = _drafts(environment)
        taken = {name: _printed(name, environment, drafts) for name in _here()}
    ours = taken["ours"]
    for file in [file for share in ours for file in share.some]:
        assert "is Valid" in signature_told(file)["Signature Validation"], "a paper is not signed"
        assert qpdf_check(file) == "" == "".join(verapdf(file, "3a") + verapdf(file, "ua1")), "a paper is not valid"
    report(
        "thousand",
        Figure("papers a second of a core", "1/s", _of_a_core(ours)),
        *(
            Figure(f"the same, beside {name}", "1/s", _of_a_core(ours), _of_a_core(shares))
            for name, shares in taken.items()
            if shares is not ours
        ),
        Figure(f"{PAPERS} on {PROCESSES} processes, by the clock", "s", max(share.wall for share in ours)),
        *(
            Figure(f"a paper: {name}", "kB", median(size for share in shares for size in share.sizes) / 1000)
            for name, shares in taken.items()
        ),
    )


def _of_a_core(shares: Sequence[Share]) -> float:
    return sum(len(share.sizes) for share in shares) / sum(share.cpu for share in shares)


def _here() -> list[str]:
    """Ours and those of the others that this machine has."""
    there = {
        "ours": True,
        "typst": find_spec("typst"),
        "ReportLab": find_spec("reportlab"),
        "TCPDF": shutil.which("php") and TCPDF.exists(),
    }
    for name in [name for name, found in there.items() if not found]:
        print(f"{name} is not on this machine and is left out: bench/README.md says how it gets there.")
    return [name for name, found in there.items() if found]


def _drafts(environment: dict[str, str]) -> list[Draft]:
    """Papers of attendance as the sample year has them, each with a number of its own, for a thousand people."""
    random = Random(7)
    with application(environment).app_context():
        known = db.session.scalars(
            select(Certificate).where(Certificate.kind == PaperKind.ATTENDANCE).order_by(Certificate.id)
        ).all()
        there = [(issuing.statement_of(one), one.name) for one in known]
        english = [(statement, name) for statement, name in there if statement.locale == "en"]
        return [_afresh(*random.choice(english)) for _ in range(PAPERS)]


def _afresh(statement: Statement, name: str) -> Draft:
    number = numbers.new()
    return Draft(replace(statement, number=number, check=issuing.address(number)), Holder(name))


def _printed(name: str, environment: dict[str, str], drafts: list[Draft]) -> list[Share]:
    shares = [msgspec.json.encode(drafts[one::PROCESSES]) for one in range(PROCESSES)]
    with get_context("spawn").Pool(PROCESSES) as pool:
        return pool.starmap(_share, [(name, environment, share) for share in shares])


def _share(name: str, environment: dict[str, str], share: bytes) -> Share:
    """What one process does."""
    drafts = msgspec.json.decode(share, type=list[Draft])
    with ExitStack() as stack:
        stack.enter_context(application(environment).app_context())
        make = MAKERS[name](stack, environment)
        make(drafts[0])
        cpu, wall = worked(), perf_counter()
        files = [make(draft) for draft in drafts]
        cpu, wall = worked() - cpu, perf_counter() - wall
    assert all(file.startswith(b"%PDF-") for file in files)
    every = len(files) // (SAMPLE // PROCESSES)
    return Share(cpu, wall, [len(file) for file in files], files[::every])


# --- who prints ----------------------------------------------------------------------------------------------


def _ours(_stack: ExitStack, _environment: dict[str, str]) -> Maker:
    return lambda draft: issuing.make(draft).content


def _typst(_stack: ExitStack, _environment: dict[str, str]) -> Maker:
    typst = importlib.import_module("typst")
    compiler = typst.Compiler(font_paths=[str(pdf.FONTS)], ignore_system_fonts=True)

    def make(draft: Draft) -> bytes:
        words = _words(draft)
        inputs = {
            "paper": json.dumps(words),
            "qr": str(pdf.qr(draft.statement.check, words["code"])),
            "facts": attachment(draft.statement, draft.holder.name).decode(),
        }
        file: bytes = compiler.compile(
            input=PEERS / "certificate.typ", sys_inputs=inputs, pdf_standards=["a-3a", "ua-1"], format="pdf"
        )
        return file

    return make


def _reportlab(_stack: ExitStack, _environment: dict[str, str]) -> Maker:
    maker = importlib.import_module("bench.peers.reportlab_certificate").Maker(pdf.FONTS)
    return lambda draft: maker(_words(draft))


def _tcpdf(stack: ExitStack, environment: dict[str, str]) -> Maker:
    instance = Path(environment["LMS_INSTANCE"])
    folder = mkdtemp(dir=instance)
    command = ["php", PEERS / "tcpdf_certificate.php", pdf.FONTS, folder, instance / OWN_KEY]
    process = stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    asked, given = process.stdin, process.stdout
    assert asked and given
    stack.callback(asked.close)

    def make(draft: Draft) -> bytes:
        asked.write(json.dumps(_words(draft)).encode() + b"\n")
        asked.flush()
        return given.read(int(given.readline()))

    return make


MAKERS = {"ours": _ours, "typst": _typst, "ReportLab": _reportlab, "TCPDF": _tcpdf}


def _words(draft: Draft) -> dict[str, Any]:
    """What a certificate says, as the other programs take it; it costs them a thirtieth of what ours costs."""
    statement, name = draft.statement, draft.holder.name
    said = _said(statement, "en", doubled=False)
    return {
        "title": said.title, "project": said.project, "pages": said.pages, "kind": said.kind,
        "name": name, "name_size": dict(enumerate(NAME_STEPS, 1))[name_step(name)][0],
        "sentence": said.sentence, "facts": [(one.label, "\n".join(one.values)) for one in said.facts],
        "issued": said.issued, "issued_on": said.issued_on, "number_label": said.number, "number": statement.number,
        "issuer": statement.issuer, "signed": said.signed,
        "check": statement.check, "check_label": said.check, "code": said.code,
        "address": statement.check.removesuffix(statement.number).strip("/").partition("://")[2],
        "certificate": said.certificate, "evidence": said.evidence,
        "asked": [(one.label, "\n".join(one.values)) for one in said.asked],
        "tables": [
            {
                "heading": one.heading, "note": one.note, "columns": one.columns, "rows": one.rows,
                "widths": HALF_DAY_WIDTHS,
            }
            for one in said.tables
        ],
        "notes": [(note.title, note.text) for note in said.notes],
    }  # fmt: skip


if __name__ == "__main__":
    main()
