"""The process that puts the pages of many certificates into one PDF for printing.

`lms/certificates/parcel.py` runs this file by its path, so its library is no weight on the web process. An errand is
PDFs one after another, each after its length in four bytes. Pages alone come back: no signature, no attachment, no
tags, no form and no link, so that nobody takes the copy for a certificate.
"""

import io
import logging
import struct
from collections.abc import Iterator

from lms.errands import keep_within_memory, run, write_no_file

if __name__ == "__main__":
    keep_within_memory()

from pikepdf import Name, Pdf

LENGTH = struct.Struct(">I")
NOT_FOR_PAPER = (Name.Annots, Name.StructParents, Name.Tabs, Name.AF, Name.Metadata, Name.PieceInfo)


def bound(parcel: bytes) -> bytes:
    """One PDF of the pages of many."""
    whole = Pdf.new()
    for content in _parted(parcel):
        with Pdf.open(io.BytesIO(content)) as one:
            for page in one.pages:
                for key in NOT_FOR_PAPER:
                    if key in page.obj:
                        del page.obj[key]
            whole.pages.extend(one.pages)
    with io.BytesIO() as written:
        whole.save(written, min_version="1.7")
        return written.getvalue()


def _parted(parcel: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(parcel):
        (length,) = LENGTH.unpack_from(parcel, place)
        place += LENGTH.size + length
        yield parcel[place - length : place]


if __name__ == "__main__":
    logging.disable()  # what a library says of a file may hold names
    write_no_file()
    run({b"B": bound})
