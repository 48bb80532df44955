"""Forged papers, each refused: by what is said of the file, and on the page."""

import io
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from flask import Flask
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from lms import pdf
from lms.certificates import issuing, signing
from lms.certificates.checking import Signed
from lms.certificates.document import attachment, document
from lms.certificates.parts import Outcome
from tests.certificates.test_checking import of_file
from tests.certificates.test_issuing import content, revoked
from tests.make import Making

NAME, OTHER = "Marija Żammit", "Janina Żammit"  # equally long
Forge = Callable[["Forgery"], bytes]


class Forgery:
    """Two genuine papers, and what a forger may do with them."""

    def __init__(self, make: Making, folder: Path) -> None:
        self.make, self.folder = make, folder
        event = make.past_event()
        self.paper = make.certificate(make.due(event, make.person(name=NAME)))
        self.another = make.certificate(make.due(event, make.person(name="Nikos Papadakis")))
        self.file = content(make, self.paper)

    def expanded(self, *changes: tuple[str, str]) -> bytes:
        """The file written anew so that its text can be read, with text replaced."""
        genuine, text = self.folder / "genuine.pdf", self.folder / "text.pdf"
        genuine.write_bytes(self.file)
        options = ["--qdf", "--object-streams=disable", "--decode-level=all"]
        subprocess.run(["qpdf", *options, genuine, text], check=True)
        written = text.read_bytes()
        for old, new in changes:
            assert old.encode() in written
            written = written.replace(old.encode(), new.encode())
        return subprocess.run(["fix-qdf"], input=written, capture_output=True, check=True).stdout

    def printed(self, *, number: str, name: str, key: str = "") -> bytes:
        """A paper as we print it, with this number and name, signed by a key in another folder, or not signed."""
        with self.make.app.test_request_context():
            settings = self.make.app.extensions["settings"]
            statement = msgspec.structs.replace(issuing.statement_of(self.paper), number=number)
            facts = pdf.Attachment("certificate.json", attachment(statement, name), "application/json", "Facts")
            record = pdf.record(document(statement, name), facts)
            if not key:
                return record
            self.make.app.extensions["settings"] = replace(settings, instance=self.folder / key)
            try:
                return signing.sign(record, statement.issued_at)
            finally:
                self.make.app.extensions["settings"] = settings


@pytest.fixture
def forgery(make: Making, tmp_path: Path) -> Forgery:
    return Forgery(make, tmp_path)


def a_byte_changed(forgery: Forgery) -> bytes:
    changed = bytearray(forgery.file)
    changed[changed.index(b"stream") + 40] ^= 1
    return bytes(changed)


def the_name_replaced(forgery: Forgery) -> bytes:
    return forgery.expanded((NAME, OTHER))


def printed_anew_with_another_name(forgery: Forgery) -> bytes:
    return forgery.printed(number=forgery.paper.number, name=OTHER)


def signed_by_another_key_of_the_same_name(forgery: Forgery) -> bytes:
    return forgery.printed(number=forgery.paper.number, name=OTHER, key="forger")


def signed_by_our_key_behind_our_back(forgery: Forgery) -> bytes:
    own = forgery.make.app.extensions["settings"].instance / signing.OWN_KEY
    (forgery.folder / "stolen").mkdir()
    (forgery.folder / "stolen" / signing.OWN_KEY).write_bytes(own.read_bytes())
    return forgery.printed(number=forgery.paper.number, name=OTHER, key="stolen")


def the_signature_taken_out_of_sight(forgery: Forgery) -> bytes:
    return forgery.expanded(("/AcroForm", "/AcroFree"))


def the_signature_blotted_out(forgery: Forgery) -> bytes:
    return re.sub(
        rb"/Contents <[0-9a-f]+>", lambda old: b"/Contents <" + b"0" * (len(old[0]) - 12) + b">", forgery.file
    )


def updated_on_top(forgery: Forgery) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(forgery.file))
    page = writer.root["/Pages"]["/Kids"][0]
    note = generic.DictionaryObject({
        generic.NameObject("/Type"): generic.NameObject("/Annot"),
        generic.NameObject("/Subtype"): generic.NameObject("/FreeText"),
        generic.NameObject("/Rect"): generic.ArrayObject(map(generic.NumberObject, (100, 300, 500, 340))),
        generic.NameObject("/DA"): generic.pdf_string("/Helv 30 Tf"),
        generic.NameObject("/Contents"): generic.pdf_string(OTHER),
    })  # fmt: skip
    page["/Annots"] = generic.ArrayObject([writer.add_object(note)])
    writer.update_container(page)
    updated = io.BytesIO()
    writer.write(updated)
    assert updated.getvalue().startswith(forgery.file)
    return updated.getvalue()


def a_line_added_at_its_end(forgery: Forgery) -> bytes:
    return forgery.file + b"% nothing to see\n"


def something_put_before_it(forgery: Forgery) -> bytes:
    return b"\n" + forgery.file


def cut_short(forgery: Forgery) -> bytes:
    return forgery.file[:-1]


def with_the_number_of_another(forgery: Forgery) -> bytes:
    return forgery.expanded((forgery.paper.number, forgery.another.number))


def printed_with_the_number_of_another(forgery: Forgery) -> bytes:
    return forgery.printed(number=forgery.another.number, name=NAME, key="forger")


WITH_ITS_OWN_NUMBER: dict[Forge, Signed] = {
    a_byte_changed: Signed.BROKEN,
    the_name_replaced: Signed.BROKEN,
    printed_anew_with_another_name: Signed.BROKEN,
    signed_by_another_key_of_the_same_name: Signed.FOREIGN,
    signed_by_our_key_behind_our_back: Signed.OURS,
    the_signature_taken_out_of_sight: Signed.NONE,
    the_signature_blotted_out: Signed.BROKEN,
    updated_on_top: Signed.ADDED_TO,
    a_line_added_at_its_end: Signed.ADDED_TO,
}
ALL = [
    *WITH_ITS_OWN_NUMBER,
    something_put_before_it,
    cut_short,
    with_the_number_of_another,
    printed_with_the_number_of_another,
]


@pytest.mark.parametrize("forge", WITH_ITS_OWN_NUMBER)
def test_a_file_with_a_number_of_ours_that_is_not_the_file_we_issued_is_altered(
    app: Flask, forgery: Forgery, forge: Forge
):
    answer = of_file(app, forge(forgery))

    assert (answer.outcome, answer.number) == (Outcome.ALTERED, forgery.paper.number)
    assert answer.signed is WITH_ITS_OWN_NUMBER[forge]
    assert answer.added == (forge in (updated_on_top, a_line_added_at_its_end))
    assert not answer.exact


@pytest.mark.parametrize("forge", [with_the_number_of_another, printed_with_the_number_of_another])
def test_a_genuine_paper_with_the_number_of_another_put_in_is_altered(app: Flask, forgery: Forgery, forge: Forge):
    answer = of_file(app, forge(forgery))

    assert (answer.outcome, answer.number, answer.exact) == (Outcome.ALTERED, forgery.another.number, False)


def test_a_genuine_paper_of_someone_whose_certificate_is_revoked_is_revoked(app: Flask, make: Making, forgery: Forgery):
    revoked(make, forgery.paper)

    answer = of_file(app, forgery.file)

    assert (answer.outcome, answer.exact) == (Outcome.REVOKED, True)


def test_no_single_byte_of_a_paper_can_be_changed_unseen(app: Flask, forgery: Forgery):
    size = len(forgery.file)
    wrong = []
    for place in [0, 5, *range(97, size, size // 20), size - 2, size - 1]:
        changed = bytearray(forgery.file)
        changed[place] ^= 2

        answer = of_file(app, bytes(changed))

        if answer.outcome not in (Outcome.ALTERED, Outcome.UNKNOWN) or answer.exact:
            wrong.append((place, answer))

    assert not wrong


@pytest.mark.parametrize("forge", ALL)
def test_the_page_calls_none_of_them_valid_and_names_nobody(app: Flask, forgery: Forgery, forge: Forge):
    sent = {"file": (io.BytesIO(forge(forgery)), f"{NAME}.pdf", "application/pdf")}

    page = app.test_client().post("/check/", data=sent)

    assert page.status_code in (200, 422)
    assert "notice check-answer good" not in page.text
    assert ("notice check-answer bad" in page.text) or ("notice check-answer warn" in page.text)
    assert not [name for name in (NAME, OTHER, "Papadakis", "ammit") if name in page.text]


def test_a_genuine_file_dropped_where_another_number_was_asked_for_is_said_to_be_another(app: Flask, forgery: Forgery):
    sent = {"file": (io.BytesIO(forgery.file), "paper.pdf")}

    page = app.test_client().post(f"/check/{forgery.another.number}", data=sent).text

    assert "notice check-answer bad" in page
    assert f"You asked about {forgery.another.number}. This file is genuine, but it is another" in page
    assert forgery.paper.number in page
