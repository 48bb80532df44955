"""Many certificates as one file: names every system takes, the exact length, the very bytes; pages alone to print."""

import hashlib
import io
import re
import subprocess
import tracemalloc
import unicodedata
import zipfile
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete

from lms import pdf
from lms.certificates import numbers, parcel
from lms.certificates.models import Certificate, CertificateFile, SigningKey
from lms.certificates.parcel import Item, Parcel
from lms.certificates.parts import State
from lms.clock import now
from lms.content.material import PaperKind
from lms.database import db, reads, writing
from tests.make import Making

NUMBER = "D-0000-0000-0000"


def named(name: str, state: State = State.VALID) -> str:
    return parcel.file_name(Item(1, NUMBER, name, 10, state))


def kept(make: Making, scope: str = "ghent", **files: bytes) -> list[Certificate]:
    """Certificates with these files, by the name of their holder."""
    key = SigningKey(fingerprint=uuid4().hex * 2, subject="A key", certificate="PEM", first_used_at=now())
    make.add(key)
    rows = []
    for name, content in files.items():
        row = Certificate(
            number=numbers.new(), kind=PaperKind.ATTENDANCE, paper="attendance", scope=scope, registration_id=uuid4(),
            name=name, statement_kept={}, sha256=hashlib.sha256(content).hexdigest(), size=len(content),
            key_fingerprint=key.fingerprint, issued_at=now(), keep_until=now().date(),
        )  # fmt: skip
        make.add(row)
        make.add(CertificateFile(certificate_id=row.id, content=content))
        rows.append(row)
    return rows


def fetched(app: Flask, scope: str = "ghent", everything: bool = False) -> tuple[Parcel, bytes]:
    with app.app_context():
        reads()
        held = parcel.of(scope, everything)
        return held, b"".join(held.zip())


# --- names ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "readable"),
    [
        ("Marija Żammit Ċiantar", "Marija Żammit Ċiantar"),
        ("Γιώργος Αντωνίου", "Γιώργος Αντωνίου"),
        ("مريم الحداد", "مريم الحداد"),
        ("Đặng Thị Bích", "Đặng Thị Bích"),
        (unicodedata.normalize("NFD", "Đặng"), "Đặng"),
        ("O'Brien", "O'Brien"),
        ("Jean/../../etc/passwd", "Jean .. .. etc passwd"),
        ("..\\..\\Windows", "Windows"),
        ("...hidden", "hidden"),
        ("-rf", "rf"),
        ("~root", "root"),
        ("Ann\x00\nBell\u202egnp.exe", "Ann Bell gnp.exe"),
        ('a<b>c:d"e|f?g*h', "a b c d e f g h"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("Conrad", "Conrad"),
        ("", ""),
        ("/", ""),
    ],
)
def test_the_name_of_a_file_is_readable_in_its_letters_and_safe_on_every_system(name: str, readable: str):
    assert parcel.readable(name) == readable
    assert named(name) == f"{readable} {NUMBER}.pdf".strip()


def test_a_long_name_is_cut_between_letters():
    whole = parcel.readable("Ж" * 300)

    assert whole == "Ж" * 60
    assert len(named("Ж" * 300, State.SUPERSEDED).encode()) < 200


def test_one_that_is_not_valid_says_so_in_its_name():
    assert named("Ann", State.REVOKED) == f"Ann {NUMBER} (revoked).pdf"
    assert named("Ann", State.SUPERSEDED) == f"Ann {NUMBER} (superseded).pdf"


@given(st.text(max_size=400))
def test_whatever_the_name_it_is_one_file_in_one_folder(name: str):
    written = named(name)

    assert re.fullmatch(r"[^<>:\"/\\|?*\x00-\x1f]+\.pdf", written)
    assert written[0] not in ".-~ "
    assert len(written.encode()) <= 200
    assert written == unicodedata.normalize("NFC", written)
    assert NUMBER in written


# --- the zip -------------------------------------------------------------------------------------------------


def test_it_holds_the_very_bytes_by_name_and_is_as_long_as_it_said(app: Flask, make: Making):
    kept(make, Żammit=b"%PDF one", Ann=b"%PDF two" * 100, مريم=b"%PDF three")

    held, content = fetched(app)

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        entries = archive.infolist()
        assert [archive.read(entry) for entry in entries] == [b"%PDF two" * 100, b"%PDF one", b"%PDF three"]
    assert held.length == len(content)
    assert [entry.filename.rpartition(" ")[0] for entry in entries] == ["Ann", "Żammit", "مريم"]
    assert all(entry.flag_bits & 0x800 or entry.filename.isascii() for entry in entries)
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}


def test_two_of_one_name_are_two_files(app: Flask, make: Making):
    for _one in range(3):
        kept(make, Ann=b"%PDF")

    _held, content = fetched(app)

    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert len(names) == len({name.casefold() for name in names}) == 3


def test_only_valid_ones_are_in_it_unless_all_are_asked_for(app: Flask, make: Making):
    valid, revoked, superseded = kept(make, Ann=b"a", Bea=b"b", Cid=b"c")
    kept(make, scope="vienna", Dan=b"d")
    make.change(revoked, revoked_at=now(), revoked_why="A mistake")
    make.change(superseded, superseded_at=now(), superseded_why="Misspelt")

    few, _content = fetched(app)
    _held, content = fetched(app, everything=True)

    assert [item.number for item in few.items] == [valid.number]
    assert zipfile.ZipFile(io.BytesIO(content)).namelist() == [
        f"Ann {valid.number}.pdf", f"Bea {revoked.number} (revoked).pdf", f"Cid {superseded.number} (superseded).pdf"
    ]  # fmt: skip


def test_one_whose_time_is_over_is_not_in_it(app: Flask, make: Making):
    kept(make, Ann=b"a")
    (gone,) = kept(make, Bea=b"b")
    make.change(gone, name="")
    with app.app_context(), writing():
        db.session.execute(delete(CertificateFile).where(CertificateFile.certificate_id == gone.id))
        db.session.commit()

    held, _content = fetched(app, everything=True)

    assert [item.name for item in held.items] == ["Ann"]


def test_of_a_hundred_one_is_in_memory_at_a_time(app: Flask, make: Making):
    content = b"%PDF" + bytes(200_000)
    kept(make, **{f"Person {number}": content for number in range(100)})

    with app.app_context():
        reads()
        held = parcel.of("ghent")
        tracemalloc.start()
        length = sum(len(piece) for piece in held.zip())
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert length == held.length > 100 * len(content)
    assert most < 10 * len(content)


# --- for printing --------------------------------------------------------------------------------------------


def test_the_copy_for_printing_has_the_pages_and_nothing_that_makes_a_certificate(
    app: Flask, make: Making, tmp_path: Path
):
    event = make.past_event()
    for name in ("Ċetta Mizzi", "Ann Bell"):
        make.certificate(make.due(event, name=name))

    with app.app_context():
        content = parcel.printed(parcel.of("ghent"))

    file = tmp_path / "copy.pdf"
    file.write_bytes(content)
    pages = subprocess.run(["pdftotext", file, "-"], capture_output=True, text=True, check=True).stdout.split("\f")
    said = subprocess.run(["pdfsig", file], capture_output=True, text=True, check=False).stdout
    attached = subprocess.run(["pdfdetach", "-list", file], capture_output=True, text=True, check=True).stdout
    subprocess.run(["qpdf", "--check", file], capture_output=True, check=True)
    assert len(pages) == 5  # four, and what stands after the last
    assert "Ann Bell" in pages[0]
    assert "Ċetta Mizzi" in pages[2]
    assert "does not contain any signatures" in said
    assert attached.startswith("0 embedded files")


def test_what_is_no_pdf_is_said_in_words_and_the_next_copy_is_made(app: Flask, make: Making):
    kept(make, Ann=b"no PDF at all")
    make.certificate(make.due(make.past_event("vienna"), name="Ann Bell"))

    with app.test_request_context():
        with pytest.raises(pdf.Failed, match="could not be made"):
            parcel.printed(parcel.of("ghent"))
        content = parcel.printed(parcel.of("vienna"))

    assert content.startswith(b"%PDF")


def test_too_many_are_refused_before_they_are_read(app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parcel, "MOST_PRINTED", 1)
    kept(make, Ann=b"a", Bea=b"b")

    with app.test_request_context(), pytest.raises(pdf.Failed, match="Take the zip"):
        parcel.printed(parcel.of("ghent"))
