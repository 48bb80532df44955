"""Every certificate of the sample year, before four checkers that we did not write."""

import io
import json
import sqlite3
import subprocess
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from tests.house.test_commands import lms
from tests.pdf import attached, copied_from, facts_of, qpdf_check, signature_told, verapdf

ROWS = """
    SELECT number, certificate.name, scope, sha256, content, superseded_at IS NULL AND revoked_at IS NULL
    FROM certificate JOIN certificate_file ON certificate_id = certificate.id ORDER BY certificate.id
"""


class Paper(NamedTuple):
    """A certificate as it is kept."""

    number: str
    name: str
    scope: str
    sha256: str
    content: bytes
    good: bool


def test_every_certificate_of_the_sample_year_passes_every_checker_and_is_what_the_commands_give(tmp_path: Path):
    made = lms(tmp_path, "demo", "--no-serve")
    assert made.returncode == 0, made.stderr
    with sqlite3.connect(tmp_path / "lms.db") as rows:
        papers = [Paper(*row) for row in rows.execute(ROWS)]

    assert len(papers) >= 35
    assert {paper.scope for paper in papers} == {"brussels", "course"}
    for paper in papers:
        stands_before_the_checkers(paper)
    is_exported(tmp_path, [paper for paper in papers if paper.scope == "brussels" and paper.good])
    is_checked(tmp_path, papers)


def stands_before_the_checkers(paper: Paper) -> None:
    content = paper.content
    assert (verapdf(content, "3a"), verapdf(content, "ua1"), qpdf_check(content)) == ([], [], ""), paper.number
    told = signature_told(content)
    assert (told["Signature Validation"], told["Signature Type"]) == ("Signature is Valid.", "ETSI.CAdES.detached")
    assert "Total document signed" in told
    assert sha256(content).hexdigest() == paper.sha256
    assert len(content) <= 40_000, (paper.number, len(content))
    assert facts_of(content)["Pages"] == "2"
    facts = json.loads(attached(content))
    assert (facts["number"], facts["name"], facts["scope"]) == (paper.number, paper.name, paper.scope)
    said = copied_from(content)
    assert paper.number in said
    if "ا" not in paper.name:  # pdftotext turns two letters of a ligature round; test_document reads Arabic otherwise
        assert " ".join(paper.name.split()) in " ".join(said.split()), paper.name


def is_exported(instance: Path, papers: list[Paper]) -> None:
    """`lms certificates export` gives each file as it is kept."""
    output = instance / "brussels.zip"
    exported = lms(instance, "certificates", "export", "brussels", "-o", str(output))
    assert exported.returncode == 0, exported.stderr
    with zipfile.ZipFile(io.BytesIO(output.read_bytes())) as parcel:
        assert parcel.testzip() is None
        inside = {sha256(parcel.read(name)).hexdigest(): name for name in parcel.namelist()}
    assert inside.keys() == {paper.sha256 for paper in papers}
    assert all(any(paper.number in name for name in inside.values()) for paper in papers)


def is_checked(instance: Path, papers: list[Paper]) -> None:
    """`lms certificates check` ends with 0, 1 or 3."""
    good, ended = (next(paper for paper in papers if bool(paper.good) is value) for value in (True, False))
    file = instance / "paper.pdf"

    def check(what: str) -> subprocess.CompletedProcess[str]:
        return lms(instance, "certificates", "check", what)

    file.write_bytes(good.content)
    assert (check(str(file)).returncode, check(good.number).returncode) == (0, 0)
    file.write_bytes(ended.content)
    assert (check(str(file)).returncode, check(ended.number).returncode) == (1, 1)
    file.write_bytes(good.content.replace(b"%PDF-1.7", b"%PDF-1.6", 1))
    altered = check(str(file))
    assert (altered.returncode, "ltered" in altered.stdout) == (1, True)
    file.write_bytes(b"%PDF-1.7\nnothing of ours\n")
    assert check(str(file)).returncode == check("D-0000-0000-0000").returncode == check("nonsense").returncode == 3
    assert good.name not in check(good.number).stdout
