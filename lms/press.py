"""The process that prints documents: HTML comes in by stdin, a PDF goes out by stdout, nothing else is reached.

`lms/pdf.py` runs this file by its path, with a stylesheet besides its limits, so its imports are no weight on the web
process. It fetches nothing and reads no file but its stylesheet and the fonts. `lms/errands.py` says how one speaks to
it: `P` and a page for a PDF/UA-1 file, `R` and a parcel for one that is PDF/A-3a too and ready to be signed.
"""

import base64
import gc
import io
import json
import re
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from lms.errands import LIBRARIES_MISSING, keep_within_memory, run

if __name__ == "__main__":
    keep_within_memory()

try:
    import pydyf
    from weasyprint import CSS, HTML, Attachment, svg
    from weasyprint.logger import LOGGER
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher

    from lms import looks
except OSError:  # what cffi raises when Pango, HarfBuzz or Fontconfig is not on the machine
    sys.exit(LIBRARIES_MISSING)

ACCESSIBLE, ARCHIVAL = "pdf/ua-1", "pdf/a-3a"
# What an archival file must say to be an accessible one too: ISO 14289-1, 5, described as ISO 19005-3, 6.6.2.3 asks.
ACCESSIBLE_TOO = b"""<rdf:Description xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" \
xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" \
xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#" rdf:about=""><pdfuaid:part>1</pdfuaid:part>\
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource"><pdfaSchema:schema>PDF/UA identification\
</pdfaSchema:schema><pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>\
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">\
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>\
<pdfaProperty:category>internal</pdfaProperty:category><pdfaProperty:description>Part of ISO 14289\
</pdfaProperty:description></rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas>\
</rdf:Description></rdf:RDF>"""
PRINTED_AND_LOCKED = 4 + 128
SIGNED_AND_ONLY_ADDED_TO = 1 + 2
# `lms/seal.py` looks for these three in a row.
NO_TIME, NO_RANGE = b"(D:00000000000000Z)", b"[0 0000000000 0000000000 0000000000]"
OBJECTS_A_SWEEP = 20_000  # Python begins with 700
MODULES, MODULE = re.compile(r"(?:M\d+ \d+\.5h\d+)+"), re.compile(r"M(\d+) (\d+\.5)h(\d+)")  # of a QR code: `pdf.qr`


draw = svg.TAGS["path"]


class Closed(URLFetcher):
    """Fetches nothing: a document is whole when it comes."""

    def fetch(self, url: str, headers: object = None) -> object:
        raise ValueError("A document fetches nothing.")


CLOSED = Closed()


class Signature(pydyf.Dictionary):
    """A signature still to be written, kept out of compressed parts so that its bytes can be found."""

    compressible = False


class Final(pydyf.Object):
    """An object as it stands in the file: pydyf writes out every other one twice, the second time for the file's id."""

    def __init__(self, written: pydyf.Object) -> None:
        super().__init__()
        self.number, self.generation = written.number, written.generation
        self.content: bytes = written.data
        self.among_others: bool = written.compressible

    @property
    def data(self) -> bytes:
        return self.content

    @property
    def compressible(self) -> bool:
        return self.among_others


def document(page: str) -> HTML:
    return HTML(string=page, url_fetcher=CLOSED)


def paper(page: str) -> HTML:
    """A page that is built like others; one that is no XML is read as HTML."""
    try:
        return looks.Sheet(page, CLOSED)
    except ParseError:
        return document(page)


def drawn(drawing: Any, path: Any, size: float) -> None:
    """Draw a path; the hundreds of strokes of a QR code at once, each as WeasyPrint would draw it."""
    if not MODULES.fullmatch(path.get("d", "")):
        draw(drawing, path, size)
        return
    strokes = [f"{x} {y} m\n{int(x) + int(length)} {y} l" for x, y, length in MODULE.findall(path.get("d"))]
    drawing.stream.stream.append("\n".join(["0 0 m", *strokes]).encode())


def printed(stylesheet: CSS, fonts: FontConfiguration, page: bytes) -> bytes:
    """The PDF/UA-1 file of a page."""
    file: bytes = document(page.decode()).write_pdf(stylesheets=[stylesheet], font_config=fonts, pdf_variant=ACCESSIBLE)
    return file


def recorded(stylesheet: CSS, fonts: FontConfiguration, parcel: bytes) -> bytes:
    """The PDF/A-3a and PDF/UA-1 file of a page, with its attachment and an empty signature."""
    given = json.loads(parcel)
    moment = datetime.now(UTC)
    attachment = Attachment(
        file_obj=io.BytesIO(base64.b64decode(given["content"])),
        name=given["name"],
        description=given["description"],
        created=moment,
        modified=moment,
        relationship="Data",
        url_fetcher=CLOSED,
    )
    record: bytes = paper(given["page"]).write_pdf(
        stylesheets=[stylesheet],
        font_config=fonts,
        pdf_variant=ARCHIVAL,
        attachments=[attachment],
        finisher=lambda _document, pdf: finish(pdf, given),
    )
    return record


def finish(pdf: pydyf.PDF, given: dict[str, Any]) -> None:
    """Say that the file is accessible, of what kind its attachment is, and where its signature goes; it comes last."""
    for one in pdf.objects:
        if not isinstance(one, pydyf.Stream):
            continue
        if one.extra.get("Type") == "/Metadata":
            one.stream = [one.stream[0].replace(b"</rdf:RDF>", ACCESSIBLE_TOO)]
        if one.extra.get("Type") == "/EmbeddedFile":
            one.extra["Subtype"] = pydyf.name(given["mimetype"])
    await_signature(pdf, given["field"], given["room"])
    pdf.objects = [one if one.free == "f" else Final(one) for one in pdf.objects]


def await_signature(pdf: pydyf.PDF, words: str, room: int) -> None:
    """A field without extent on the first page, and a signature whose time, range and content are zeros as yet.

    `room` is how many bytes the content may have.

    Once signed the file is certified: readers are told that nothing may be changed or added (ISO 32000-1, 12.8.2.2).
    """
    permission = pydyf.Dictionary({"Type": "/TransformParams", "P": 1, "V": "/1.2"})
    certified = pydyf.Dictionary({"Type": "/SigRef", "TransformMethod": "/DocMDP", "TransformParams": permission})
    signature = Signature({"Type": "/Sig", "Filter": "/Adobe.PPKLite", "SubFilter": "/ETSI.CAdES.detached"})
    signature["Reference"] = pydyf.Array([certified])
    signature.update({"M": NO_TIME, "ByteRange": NO_RANGE, "Contents": b"<" + b"00" * room + b">"})
    pdf.add_object(signature)

    page = pdf.objects[pdf.pages["Kids"][0]]
    field = pydyf.Dictionary({"Type": "/Annot", "Subtype": "/Widget", "FT": "/Sig", "T": pydyf.String("Signature")})
    # Outside the page, so that it needs no place among the tags (ISO 14289-1, 7.18.1), and without extent, so that it
    # needs no looks (ISO 19005-3, 6.3.3).
    field["Rect"] = pydyf.Array([-1, -1, -1, -1])
    field.update({"TU": pydyf.String(words), "F": PRINTED_AND_LOCKED, "P": page.reference, "V": signature.reference})
    pdf.add_object(field)
    page.setdefault("Annots", pydyf.Array()).append(field.reference)
    pdf.catalog["AcroForm"] = pydyf.Dictionary(
        {"Fields": pydyf.Array([field.reference]), "SigFlags": SIGNED_AND_ONLY_ADDED_TO}
    )
    pdf.catalog["Perms"] = pydyf.Dictionary({"DocMDP": signature.reference})


def be_quick() -> None:
    """From now on this process does not do again what comes out the same."""
    looks.remember()
    svg.TAGS["path"] = drawn


if __name__ == "__main__":
    be_quick()
    LOGGER.disabled = True  # it would write addresses and words of the document
    _fonts = FontConfiguration()
    _css = Path(sys.argv[3]).read_text(encoding="utf-8")
    _stylesheet = CSS(string=_css, font_config=_fonts, url_fetcher=CLOSED)
    gc.freeze()  # what is there now stays; a document is tens of thousands of objects that go together
    gc.set_threshold(OBJECTS_A_SWEEP)
    run({b"P": partial(printed, _stylesheet, _fonts), b"R": partial(recorded, _stylesheet, _fonts)})
