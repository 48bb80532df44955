"""What a dropped file is: whole, altered, added to, stripped, signed by another, or made to do harm. It never raises."""

import io
import os
import random
import re
import subprocess
import sys
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from threading import Event, Semaphore

import pytest
from flask import Flask
from flask_babel import Babel
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign import signers
from pyhanko.sign.fields import SigFieldSpec

from lms import pdf, seal
from lms.certificates import signing
from lms.certificates.signing import Fault, Seen
from lms.settings import Settings

NUMBER, OTHER = "D-1234-5678-9ABC", "D-0000-1111-2222"
PAGE = (
    f'<!doctype html><html lang="en"><head><title>Certificate {NUMBER}</title></head><body><p>Marija</p></body></html>'
)
AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NO_NUMBER_IN_IT = PAGE.replace(NUMBER, "of completion")


def recorded(page: str = PAGE, facts: bytes = f'{{"number": "{NUMBER}"}}'.encode()) -> bytes:
    return pdf.record(page, pdf.Attachment("certificate.json", facts, "application/json", "Facts"))


def signed(record: bytes, instance: Path) -> bytes:
    """A record signed by the key of a site that keeps it in a folder."""
    site = Flask("site")
    Babel(site)
    site.extensions["settings"] = Settings(instance=instance)
    with site.test_request_context():
        return signing.sign(record, AT)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def paper(home: Path) -> bytes:
    return signed(recorded(), home)


@pytest.fixture(scope="module")
def ours(home: Path, paper: bytes) -> str:
    """What our key is known by."""
    return (
        seal.opened(seal.Material((home / signing.OWN_KEY).read_bytes(), b"", b""))
        .certificate.fingerprint(seal.hashes.SHA256())
        .hex()
    )


@pytest.fixture(autouse=True, scope="module")
def nothing_runs_on() -> Iterator[None]:
    yield
    signing._looker.close()
    signing._signer.close()


def covered(paper: bytes) -> bytes:
    """What the signature of a paper covers: all but the signature, whose wrapping can be changed and mean the same."""
    start = paper.find(b"/Contents <")
    return paper[:start] + paper[paper.find(b">", start) :]


def passes_for_ours(seen: Seen, ours: str) -> bool:
    """Whether someone could take a file for one that we signed and nobody touched."""
    return any(one.intact and one.whole and one.signer == ours for one in seen.signatures)


def saved(writer) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def titled(paper: bytes, title: str) -> bytes:
    """A paper with another title added on top."""
    writer = IncrementalPdfFileWriter(io.BytesIO(paper))
    writer.set_info(
        writer.add_object(generic.DictionaryObject({generic.pdf_name("/Title"): generic.pdf_string(title)}))
    )
    return saved(writer)


# --- genuine and forged --------------------------------------------------------------------------------------


def test_a_genuine_paper_is_whole_and_intact_and_says_its_number(paper: bytes, ours: str):
    seen = signing.look(paper)

    assert seen.fault is None
    assert seen.sha256 == sha256(paper).hexdigest()
    assert seen.numbers == (NUMBER,)
    assert seen.signature == "intact"
    assert seen.signatures == (signing.Signature(True, True, ours, "DISRUPT, EU project 101101918"),)
    assert seen.beginnings == ()


def test_a_byte_changed_anywhere_is_found(paper: bytes, ours: str):
    for at in random.Random(4).sample(range(len(paper)), 150):
        altered = bytearray(paper)
        altered[at] ^= 1
        seen = signing.look(bytes(altered))
        assert seen.sha256 != sha256(paper).hexdigest()
        assert covered(altered) == covered(paper) or not passes_for_ours(seen, ours), at


def test_text_replaced_with_the_number_kept_breaks_the_signature(paper: bytes, home: Path, ours: str):
    other = recorded(PAGE.replace("Marija", "Anna"))
    place, there = paper.index(b"/M (D:"), other.index(b"/M (D:")
    written = paper[place : paper.index(b">", place)]

    forged = other[:there] + written + other[there + len(written) :]
    seen = signing.look(forged)

    assert seen.numbers == (NUMBER,)
    assert seen.signature == "broken"
    assert not passes_for_ours(seen, ours)


def test_something_added_on_top_is_seen_with_what_it_stands_on(paper: bytes, ours: str):
    seen = signing.look(titled(paper, f"Certificate {OTHER}"))

    assert seen.beginnings[0] == sha256(paper).hexdigest()
    assert seen.signature == "intact"
    assert [(one.whole, one.signer) for one in seen.signatures] == [(False, ours)]
    assert seen.numbers == (NUMBER, OTHER)


def test_an_addition_that_hides_the_signature_is_seen_too(paper: bytes):
    writer = IncrementalPdfFileWriter(io.BytesIO(paper))
    for entry in ("/AcroForm", "/Perms"):
        del writer.root[entry]
    writer.update_root()

    seen = signing.look(saved(writer))

    assert seen.signature == "none"
    assert seen.beginnings[0] == sha256(paper).hexdigest()


@pytest.mark.parametrize(
    "tail", [b"\n", b"%", b"\n%%EOF\n", b"\0" * 1000, b"trailer<</Root 1 0 R>>startxref\n0\n%%EOF"]
)
def test_bytes_after_the_end_are_seen(tail: bytes, paper: bytes, ours: str):
    seen = signing.look(paper + tail)

    assert seen.beginnings[0] == sha256(paper).hexdigest()
    assert not passes_for_ours(seen, ours)


def test_a_stripped_signature_leaves_the_number_and_no_signature(paper: bytes):
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(paper)))
    for entry in ("/AcroForm", "/Perms"):
        del writer.root[entry]

    seen = signing.look(saved(writer))

    assert seen.fault is None
    assert seen.numbers == (NUMBER,)
    assert seen.signature == "none"
    assert seen.beginnings == ()


def test_a_record_that_was_never_signed_has_no_signature_that_holds(ours: str):
    seen = signing.look(recorded())

    assert seen.signature == "broken"
    assert not passes_for_ours(seen, ours)


def test_another_key_of_the_same_name_is_another_signer(paper: bytes, ours: str, tmp_path: Path):
    seen = signing.look(signed(recorded(), tmp_path))

    assert seen.signature == "intact"
    assert seen.signatures[0].name == signing.look(paper).signatures[0].name
    assert seen.signatures[0].signer != ours


def test_a_second_signature_on_top_is_told_beside_ours(paper: bytes, ours: str, tmp_path: Path, monkeypatch):
    signed(recorded(), tmp_path)
    monkeypatch.setattr(signers.PdfSigner, "_enforce_certification_constraints", lambda *_: None)
    key = tmp_path / signing.OWN_KEY
    foreign = signers.SimpleSigner.load(key, key)
    writer = IncrementalPdfFileWriter(io.BytesIO(paper))
    field = SigFieldSpec("Another")
    over = signers.PdfSigner(
        signers.PdfSignatureMetadata("Another"),
        foreign,
        new_field_spec=field,
    ).sign_pdf(writer)

    seen = signing.look(over.getvalue())

    assert [(one.intact, one.whole, one.signer == ours) for one in seen.signatures] == [
        (True, False, True),
        (True, True, False),
    ]
    assert not passes_for_ours(seen, ours)
    assert seen.beginnings[0] == sha256(paper).hexdigest()


def test_a_signature_that_leaves_out_more_than_itself_is_not_intact(home: Path, ours: str):
    """As if our own key had signed a file with a hole to fill in later."""
    record = recorded()
    held = seal.opened(seal.Material((home / signing.OWN_KEY).read_bytes(), b"", b""))
    before = record.index(b"/Contents <") + 10
    after, hole = before + 10242, 50
    extent = re.search(rb"/ByteRange \[[0 ]+\]", record)
    said = b"/ByteRange [0 %d %d %d]" % (before, after, len(record) - after)
    whole = record.replace(extent[0], said.ljust(len(extent[0])))
    signature = held.signature(sha256(whole[:before] + whole[after:]).digest()).hex().encode()

    forged = whole[:before] + b"<" + signature.ljust(10240 - hole, b"0") + b">" + b" " * hole + whole[after:]
    seen = signing.look(forged)

    assert seen.signature == "broken"
    assert not passes_for_ours(seen, ours)


def test_a_paper_with_the_facts_of_another_attached_is_broken(paper: bytes, ours: str):
    seen = signing.look(titled(paper, OTHER)[: len(paper)] + recorded(facts=f'{{"number": "{OTHER}"}}'.encode()))

    assert not passes_for_ours(seen, ours)


def test_a_number_is_read_from_the_attached_facts_or_from_what_the_file_says_of_itself(home: Path):
    assert signing.look(signed(recorded(facts=b"no json"), home)).numbers == (NUMBER,)
    assert signing.look(signed(recorded(NO_NUMBER_IN_IT), home)).numbers == (NUMBER,)
    assert signing.look(signed(recorded(NO_NUMBER_IN_IT, b'["D-1234-5678-9ABC"]'), home)).numbers == ()
    assert signing.look(signed(recorded(NO_NUMBER_IN_IT, b'{"number": 7}'), home)).numbers == ()


def test_the_number_of_the_facts_comes_before_the_one_of_the_title(home: Path):
    facts = f'{{"number": "{OTHER}", "replaces": "D-9999-9999-9999"}}'.encode()

    assert signing.look(signed(recorded(facts=facts), home)).numbers == (OTHER, NUMBER)


def test_a_paper_that_another_program_saved_anew_keeps_its_number_and_loses_its_signature(paper: bytes, tmp_path: Path):
    (tmp_path / "paper.pdf").write_bytes(paper)
    subprocess.run(["qpdf", tmp_path / "paper.pdf", tmp_path / "saved.pdf"], check=True)

    seen = signing.look((tmp_path / "saved.pdf").read_bytes())

    assert seen.numbers == (NUMBER,)
    assert seen.signature == "broken"


# --- what is no paper of ours --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", [b"", b"%PD", b"<html>", b"PK\x03\x04" + bytes(500), bytes(2000) + b"%PDF-1.7", os.urandom(1000)]
)
def test_what_is_no_pdf_is_said_to_be_none(content: bytes):
    assert signing.look(content).fault is Fault.NO_PDF


def test_a_file_of_fifty_megabytes_is_refused_without_a_look(paper: bytes, monkeypatch):
    monkeypatch.setattr(signing._looker, "do", None)

    assert signing.look(paper + bytes(50 * 1024 * 1024)).fault is Fault.TOO_LARGE


@pytest.mark.parametrize("secret", ["", "open sesame"])
def test_an_encrypted_file_is_said_to_be_one(secret: str, paper: bytes, tmp_path: Path):
    (tmp_path / "paper.pdf").write_bytes(paper)
    encrypt = ["qpdf", "--encrypt", secret, "owner", "256", "--", tmp_path / "paper.pdf", tmp_path / "locked.pdf"]
    subprocess.run(encrypt, check=True)

    assert signing.look((tmp_path / "locked.pdf").read_bytes()).fault is Fault.ENCRYPTED


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n",
        b"%PDF-1.7\n%%EOF",
        b"%PDF-1.7\nstartxref\n0\n%%EOF\n",
        b"%PDF-1.7\nstartxref\n999999999999\n%%EOF\n",
        b"%PDF-1.7\nstartxref\n-5\n%%EOF\n",
        b"%PDF-9.9\nxref\n0 99999999999\ntrailer<<>>\nstartxref\n9\n%%EOF\n",
    ],
)
def test_what_only_begins_like_a_pdf_is_broken(content: bytes):
    assert signing.look(content).fault is Fault.BROKEN


# --- made to do harm -----------------------------------------------------------------------------------------


def built(objects: dict[int, bytes], trailer: bytes = b"/Root 1 0 R", more: bytes = b"") -> bytes:
    """A file of these objects with a table that finds them."""
    file, places = bytearray(b"%PDF-1.7\n"), {}
    for number, content in objects.items():
        places[number] = len(file)
        file += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = len(file)
    file += b"xref\n0 1\n0000000000 65535 f \n"
    for number, place in places.items():
        file += b"%d 1\n%010d 00000 n \n" % (number, place)
    file += b"trailer\n<</Size %d %b>>\n%bstartxref\n%d\n%%%%EOF\n" % (max(objects) + 1, trailer, more, table)
    return bytes(file)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<</Length %d %b>>\nstream\n%b\nendstream" % (len(content), entries, content)


CATALOG = b"<</Type/Catalog/Pages 2 0 R %b>>"
PAGES = b"<</Type/Pages/Kids[]/Count 0>>"
GIGABYTE = 1024


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """A gigabyte of spaces, deflated: a megabyte that unfolds the same part a thousand times."""
    pack = zlib.compressobj(9)
    first = pack.compress(b" " * 1024 * 1024) + pack.flush(zlib.Z_FULL_FLUSH)
    part = pack.compress(b" " * 1024 * 1024) + pack.flush(zlib.Z_FULL_FLUSH)
    return first + part * (GIGABYTE - 1) + pack.flush()


FLATE, TWICE = b"/Filter/FlateDecode", b"/Filter[/FlateDecode/FlateDecode]"


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("where", ["facts", "words", "objects"])
def test_a_bomb_is_refused_within_memory_and_time(where: str, twice: bool, bomb: bytes, paper: bytes):
    content, filters = (zlib.compress(bomb), TWICE) if twice else (bomb, FLATE)
    names = b"/Names<</EmbeddedFiles<</Names[(a)<</EF<</F 3 0 R>>>>]>>>>"
    if where == "objects":
        extra = b"/Type/ObjStm/N 1/First 4"
        table = b"".join(n.to_bytes(1, "big") + p.to_bytes(4, "big") + i.to_bytes(1, "big") for n, p, i in [
            (0, 0, 255), (2, 3, 0), (1, 0, 0), (1, 9, 0),
        ])  # fmt: skip
        file = b"%PDF-1.7\n3 0 obj\n" + stream(content, extra + filters) + b"\nendobj\n"
        place = len(file)
        entries = b"/Type/XRef/Size 4/W[1 4 1]/Root 1 0 R"
        file += b"4 0 obj\n" + stream(table, entries) + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % place
    else:
        entry = names if where == "facts" else b"/Metadata 3 0 R"
        file = built({1: CATALOG % entry, 2: PAGES, 3: stream(content, filters)})

    seen = signing.look(file)

    assert seen.fault is Fault.TOO_MUCH
    assert signing.look(paper).signature == "intact"


@pytest.mark.parametrize("brackets", [b"[", b"<</A ", b"("])
def test_nesting_without_end_is_survived(brackets: bytes, paper: bytes):
    seen = signing.look(built({1: CATALOG % (b"/Deep " + brackets * 200_000), 2: PAGES}))

    assert seen.fault in (Fault.BROKEN, Fault.TOO_MUCH)
    assert signing.look(paper).signature == "intact"


LOOPS = {
    "pages": {1: CATALOG % b"", 2: b"<</Type/Pages/Kids[2 0 R]/Count 1/Parent 2 0 R>>"},
    "names": {1: CATALOG % b"/Names<</EmbeddedFiles 3 0 R>>", 2: PAGES, 3: b"<</Kids[3 0 R 3 0 R 3 0 R 3 0 R]>>"},
    "fields": {1: CATALOG % b"/AcroForm<</Fields[3 0 R]>>", 2: PAGES, 3: b"<</T(a)/Kids[3 0 R 3 0 R]>>"},
    "itself": {1: b"1 0 R", 2: PAGES},
    "each other": {1: b"2 0 R", 2: b"1 0 R"},
    "length": {1: CATALOG % b"/Metadata 3 0 R", 2: PAGES, 3: b"<</Length 3 0 R>>\nstream\n\nendstream"},
    "filter": {1: CATALOG % b"/Metadata 3 0 R", 2: PAGES, 3: b"<</Length 1/Filter 3 0 R>>\nstream\nx\nendstream"},
    "many filters": {1: CATALOG % b"/Metadata 3 0 R", 2: PAGES, 3: stream(b"x", b"/Filter[" + b"/LZW" * 90000 + b"]")},
    "files": {1: CATALOG % b"/AF[3 0 R 3 0 R]", 2: PAGES, 3: b"<</EF<</F 3 0 R>>>>"},
}


@pytest.mark.parametrize("loop", LOOPS)
def test_what_leads_back_to_itself_ends(loop: str, paper: bytes):
    seen = signing.look(built(LOOPS[loop]))

    assert seen.signature in ("none", "broken")
    assert seen.numbers == ()
    assert signing.look(paper).signature == "intact"


def test_tables_that_name_each_other_as_older_ones_end(paper: bytes):
    file = built({1: CATALOG % b"", 2: PAGES}, b"/Root 1 0 R/Prev 00000000")
    own = file.index(b"xref\n")

    seen = signing.look(file.replace(b"/Prev 00000000", b"/Prev %08d" % own))

    assert seen.fault in (None, Fault.BROKEN, Fault.TOO_MUCH)
    assert signing.look(paper).signature == "intact"


def test_work_without_end_is_given_up(paper: bytes, monkeypatch):
    quick = signing.Seal(seconds=0.3, megabytes=256)
    monkeypatch.setattr(signing, "_looker", quick)
    many = b"".join(b"%d 1\n0000000000 00000 n \n" % n for n in range(150_000))
    file = b"%PDF-1.7\nxref\n" + many + b"trailer<</Size 9/Root 1 0 R>>\nstartxref\n9\n%%EOF\n"

    seen = signing.look(file)

    assert seen.fault in (Fault.TOO_MUCH, Fault.BROKEN)
    quick.close()


def test_a_crowd_of_signatures_is_not_followed_to_its_end(paper: bytes):
    crowd = {n: b"<</FT/Sig/T(%d)/V<</Contents<00>/ByteRange[0 1 2 3]>>>>" % n for n in range(3, 5000)}
    fields = b" ".join(b"%d 0 R" % n for n in crowd)

    seen = signing.look(built({1: CATALOG % (b"/AcroForm<</Fields[" + fields + b"]>>"), 2: PAGES} | crowd))

    assert len(seen.signatures) == seal.MOST_SIGNATURES
    assert seen.signature == "broken"


def test_a_crowd_of_numbers_is_cut_short(home: Path):
    crowd = " ".join(f"D-{n:04}-0000-0000" for n in range(300))

    assert len(signing.look(signed(recorded(PAGE.replace(NUMBER, crowd)), home)).numbers) == seal.MOST_NUMBERS


def test_a_crowd_of_ends_is_cut_short(paper: bytes):
    assert len(signing.look(paper + b"%%EOF\n" * 100_000).beginnings) == signing.MOST_BEGINNINGS


def mutated(paper: bytes, chance: random.Random) -> bytes:
    """A paper that was cut, overwritten, shuffled, doubled in parts, or had one of its words replaced."""
    at, length = chance.randrange(len(paper)), chance.choice([1, 4, 64, 2000])
    words = [b"/ByteRange", b"/Contents", b"/Root", b"/Length", b"/Filter", b"/Size", b"/W ", b"obj", b"stream", b"<<"]
    match chance.randrange(6):
        case 0:
            return paper[:at]
        case 1:
            return paper[:at] + chance.randbytes(length) + paper[at + length :]
        case 2:
            return paper[:at] + paper[at + length :]
        case 3:
            return paper[:at] + paper[at : at + length] * 3 + paper[at + length :]
        case 4:
            word = chance.choice(words)
            return paper.replace(word, chance.choice([*words, b"", b"0 0 R", b"-1", b"99999999999999999999"]), 1)
        case _:
            digits = [place for place in range(len(paper)) if paper[place : place + 1].isdigit()]
            place = chance.choice(digits)
            return paper[:place] + chance.choice([b"-", b"9", b"0", b"."]) + paper[place + 1 :]


def test_no_mutation_raises_and_none_passes_for_ours(paper: bytes, ours: str):
    chance = random.Random(1)

    for _ in range(300):
        file = mutated(paper, chance)
        assert covered(file) == covered(paper) or not passes_for_ours(signing.look(file), ours)

    assert signing.look(paper).signature == "intact"


# --- the process ---------------------------------------------------------------------------------------------


def test_others_first_for_too_long_is_said(paper: bytes, monkeypatch):
    busy = signing.Seal(seconds=5, megabytes=256, turn_seconds=0.1)
    monkeypatch.setattr(signing, "_looker", busy)
    busy._turn.acquire()

    assert signing.look(paper).fault is Fault.BUSY


def test_who_would_stand_far_back_in_the_line_is_not_kept_waiting(paper: bytes, monkeypatch):
    entered, leave = Semaphore(0), Event()

    def slowly(_letter: bytes, _errand: bytes) -> bytes:
        entered.release()
        leave.wait(30)
        return b'{"numbers": [], "signatures": []}'

    monkeypatch.setattr(signing._looker, "do", slowly)
    with ThreadPoolExecutor(signing.IN_LINE) as pool:
        before = [pool.submit(signing.look, paper) for _ in range(signing.IN_LINE)]
        for _ in before:
            entered.acquire(timeout=30)
        turned_away = signing.look(paper)
        leave.set()

    assert turned_away.fault is Fault.BUSY
    assert [one.result().fault for one in before] == [None] * signing.IN_LINE
    assert signing.look(paper).fault is None


def test_a_process_that_falls_over_a_file_is_no_fault_of_ours(paper: bytes, monkeypatch, tmp_path: Path):
    (tmp_path / "seal.py").write_text("import os, sys; sys.stdin.buffer.read(9); os.abort()")
    monkeypatch.setattr(signing, "PACKAGE", tmp_path)
    lame = signing.Seal(seconds=5, megabytes=256)
    monkeypatch.setattr(signing, "_looker", lame)

    assert signing.look(paper).fault is Fault.BROKEN
    lame.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps a process from writing")
def test_nothing_of_a_file_is_written_to_disk_and_no_key_is_near(paper: bytes, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("LMS_SIGNING_PASSPHRASE", "secret")
    signing._looker.close()

    signing.look(paper)

    process = Path(f"/proc/{signing._looker.process.pid}")
    assert os.listdir(tmp_path) == []
    assert "Max file size             0                    0" in process.joinpath("limits").read_text()
    assert b"secret" not in process.joinpath("environ").read_bytes()
    assert signing._looker.process.pid != getattr(signing._signer.process, "pid", None)


def test_the_process_that_looks_ends_when_idle(paper: bytes, monkeypatch):
    brief = signing.Seal(seconds=5, megabytes=256, idle_seconds=0.2)
    monkeypatch.setattr(signing, "_looker", brief)
    signing.look(paper)
    process = brief.process

    assert process.wait(10) == 0
    brief.close()
