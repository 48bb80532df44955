"""The process that prints documents: HTML comes in by stdin, a PDF goes out by stdout, nothing else is reached.

`lms/pdf.py` runs this file by its path, with a stylesheet, bytes of memory and seconds of work a document may take.
So it knows nothing of the house, and its imports are no weight on the web process. It fetches nothing and reads no
file but its stylesheet and the fonts. A message either way is one letter, a length of four bytes, and so many bytes.
"""

import os
import signal
import struct
import sys
from pathlib import Path
from typing import BinaryIO

if sys.platform == "linux":
    import resource

HEAD = struct.Struct(">cI")
PRINT, DONE, FAULTY, TOO_LARGE = b"P", b"D", b"F", b"M"
LIBRARIES_MISSING = 3
VARIANT = "pdf/ua-1"

if __name__ == "__main__" and sys.platform == "linux":  # elsewhere the limit on time alone holds
    _most = int(sys.argv[2])
    resource.setrlimit(
        resource.RLIMIT_DATA, (_most, _most)
    )  # what is written to, not libraries and fonts that are read

try:
    from weasyprint import CSS, HTML
    from weasyprint.logger import LOGGER
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher
except OSError:  # what cffi raises when Pango, HarfBuzz or Fontconfig is not on the machine
    sys.exit(LIBRARIES_MISSING)


class Closed(URLFetcher):
    """Fetches nothing: a document is whole when it comes."""

    def fetch(self, url: str, headers: object = None) -> object:
        raise ValueError("A document fetches nothing.")


def where(error: BaseException) -> str:
    """Kind and place of a fault, without its words: those may hold somebody's name."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f" in {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return type(error).__name__ + place


def answer(html: str, stylesheet: CSS, fonts: FontConfiguration) -> tuple[bytes, bytes]:
    """The letter and the bytes that go back for one document."""
    try:
        document = HTML(string=html, url_fetcher=Closed())
        return DONE, document.write_pdf(stylesheets=[stylesheet], font_config=fonts, pdf_variant=VARIANT)
    except MemoryError:
        return TOO_LARGE, b""
    except Exception as error:
        return FAULTY, where(error).encode()


def allow(seconds: float) -> None:
    """Let the next document work this long, waiting for others not counted; after that the process ends."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, seconds)


def work(asked: BinaryIO, given: BinaryIO, css: str, seconds: float) -> None:
    """Print one document after another, until whoever asked is gone, or memory or time has run out."""
    fonts = FontConfiguration()
    stylesheet = CSS(string=css, font_config=fonts, url_fetcher=Closed())
    while head := asked.read(HEAD.size):
        _, length = HEAD.unpack(head)
        page = asked.read(length).decode()
        allow(seconds)
        letter, body = answer(page, stylesheet, fonts)
        allow(0)
        given.write(HEAD.pack(letter, len(body)) + body)
        given.flush()
        if letter == TOO_LARGE:
            return


if __name__ == "__main__":
    LOGGER.disabled = True  # it would write addresses and words of the document
    with os.fdopen(os.dup(1), "wb") as given:
        os.dup2(2, 1)  # whatever else is printed cannot end up in a document
        work(sys.stdin.buffer, given, Path(sys.argv[1]).read_text(encoding="utf-8"), float(sys.argv[3]))
