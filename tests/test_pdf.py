"""Documents are tagged, fetch nothing, and one that fails stops no other; a QR code holds what it was given."""

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import segno
import weasyprint
from markupsafe import escape

from lms import pdf
from lms.errands import HEAD
from tests.page import Page
from tests.pdf import attached, facts_of, fonts_of, opened, pages_as_pictures, qpdf_check, tags_of, text_of, verapdf

SIGNATURE_TO_COME = "6.4.3-"
NAMES = [
    "Marija Żammit Ċiantar",  # Maltese
    "Łukasz Wiśniewski-Żółć",
    "Nguyễn Thị Đặng Phương",
    "Zsófia Szőke",
    "Γιώργος Αντωνίου",
    "Елена Георгиева",
    "مريم بنت خالد الحسيني",
    "יעל כהן",
    "O’Brien",
]


def page(body: str, title: str = "A document") -> str:
    return f'<!doctype html><html lang="en"><head><title>{title}</title></head><body class="table">{body}</body></html>'


def rows(many: int) -> str:
    return "<table>" + many * "<tr><td>one</td><td>two</td><td>three</td></tr>" + "</table>"


@pytest.fixture
def press() -> Iterator[pdf.Press]:
    press = pdf.Press()
    yield press
    press.close()


# --- what comes out ------------------------------------------------------------------------------------------


def test_a_document_is_tagged_titled_in_a_language_and_soundly_built():
    made = pdf.render(page("<h1>Heading</h1><p>Words.</p>" + rows(3), "Its title"))

    assert verapdf(made, "ua1") == []
    assert qpdf_check(made) == ""
    assert facts_of(made)["Title"] == "Its title"
    assert facts_of(made)["Tagged"] == "yes"
    assert b"/Lang (en)" in opened(made)
    assert re.search(r"H1.*Heading.*P .*Words", tags_of(made), re.DOTALL)


def test_the_check_finds_a_document_without_tags_or_title():
    untagged = weasyprint.HTML(string=page("<p>Words.</p>")).write_pdf()
    untitled = pdf.render('<!doctype html><html lang="en"><body><p>Words.</p></body></html>')

    assert any("StructTreeRoot" in fault for fault in verapdf(untagged, "ua1"))
    assert any("dc:title" in fault for fault in verapdf(untitled, "ua1"))


def test_the_check_finds_what_archives_ask_and_a_plain_document_lacks():
    assert any("OutputIntent" in fault for fault in verapdf(pdf.render(page("<p>Words.</p>")), "3a"))


def test_what_is_no_pdf_fails_every_check():
    assert verapdf(b"not a document", "ua1")
    assert qpdf_check(b"not a document")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_any_of_our_letters_is_printed_letter_by_letter(name: str):
    made = pdf.render(page(f"<p>{name}</p><p><b>{name}</b></p>"))

    regular, semibold = text_of(made).split("\n")[:2]
    assert regular == name
    # Two Arabic letters that stand close may be read as two words, in either order.
    assert sorted(semibold.replace(" ", "")) == sorted(name.replace(" ", ""))
    assert verapdf(made, "ua1") == []
    assert all(font.startswith("IBM-Plex-Sans") for font in fonts_of(made))


def test_letters_and_their_accents_may_come_apart():
    made = pdf.render(page("<p>Z\u0307ammit</p><p>Nguye\u0302\u0303n</p>"))

    assert text_of(made).split("\n")[:2] == ["Żammit", "Nguyễn"]


def test_an_accent_at_the_start_of_a_text_does_not_melt_into_the_tag_before_it():
    made = pdf.render(page("<p>\u0338one</p><p>Z\u0307</p>"))

    assert "one" in text_of(made)
    assert "<" not in text_of(made)
    assert tags_of(made).count("P (block)") == 2


def test_a_letter_that_no_font_of_ours_has_is_named():
    assert pdf.unprintable("Marija Żammit") == []
    assert pdf.unprintable("李 Li 😀 李") == ["李", "😀"]
    assert pdf.unprintable("a\0b") == ["\0"]
    assert pdf.unprintable("e\u0301") == []


@pytest.mark.parametrize("name", NAMES)
def test_no_name_we_promise_to_print_is_refused(name: str):
    assert pdf.unprintable(name) == []


def test_a_letter_that_no_font_of_ours_has_is_printed_as_a_sign_that_says_so_and_no_empty_box(press: pdf.Press):
    made = pdf.render(page("<p>李 Li \ud800</p>"))
    unguarded = press.print(page("<p>李 Li</p>"))

    assert text_of(made).startswith("\ufffd Li \ufffd")
    assert verapdf(made, "ua1") == []
    assert any(".notdef" in fault for fault in verapdf(unguarded, "ua1"))


# --- what goes in --------------------------------------------------------------------------------------------


@pytest.fixture
def canary() -> Iterator[tuple[str, list[str]]]:
    """An address that counts who comes."""
    hits: list[str] = []

    class Counting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Counting)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", hits
    server.shutdown()
    thread.join()
    server.server_close()


TRAPS = [
    '<img src="{}" alt="x">',
    '<object data="{}">x</object>',
    '<embed src="{}">',
    '<iframe src="{}"></iframe>',
    '<video poster="{}"></video>',
    '<input type="image" src="{}" alt="x">',
    '<link rel="stylesheet" href="{}">',
    '<link rel="attachment" href="{}" title="x">',
    '<a rel="attachment" href="{}">x</a>',
    '<style>@import url("{}");</style>',
    '<style>@font-face {{ font-family: x; src: url("{}") }} p {{ font-family: x }}</style><p>x</p>',
    '<p style="background: url({})">x</p>',
    '<ul style="list-style-image: url({})"><li>x</li></ul>',
    '<p style="content: url({})">x</p>',
    '<svg viewBox="0 0 9 9"><title>x</title><image href="{0}" xlink:href="{0}" width="9" height="9"/></svg>',
    '<svg viewBox="0 0 9 9"><title>x</title><use href="{0}#a" xlink:href="{0}#a"/></svg>',
]


@pytest.mark.parametrize("trap", TRAPS)
def test_no_document_fetches_anything(trap: str, canary: tuple[str, list[str]]):
    address, hits = canary

    made = pdf.render(page("<p>Before.</p>" + trap.format(f"{address}/canary") + "<p>After.</p>"))

    assert hits == []
    assert {"Before.", "After."} <= set(text_of(made).split("\n"))


@pytest.mark.parametrize("trap", TRAPS)
def test_no_document_holds_a_file_of_this_machine(trap: str):
    secret = Path("/etc/passwd")

    made = pdf.render(page(trap.format(secret.as_uri())))

    assert "root:" not in text_of(made)
    assert b"/EmbeddedFile" not in opened(made)
    assert b"root:" not in opened(made)


def test_documents_are_printed_without_a_network():
    print_one = (
        "from lms import pdf; import sys; sys.stdout.buffer.write(pdf.render('<html lang=en><title>t</title>a'))"
    )
    allowed = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode == 0
    if not allowed:
        pytest.skip("this user may not take the network away")

    made = subprocess.run(["unshare", "--net", sys.executable, "-c", print_one], capture_output=True, check=True)

    assert made.stdout.startswith(b"%PDF-")


# --- a record ------------------------------------------------------------------------------------------------


FACTS = pdf.Attachment("certificate.json", '{"name": "Żammit"}'.encode(), "application/json", "Facts of Żammit")


@pytest.mark.parametrize("name", NAMES)
def test_a_record_is_archival_and_accessible_in_any_of_our_letters(name: str):
    made = pdf.record(page(f"<h1>{name}</h1><p>{pdf.qr('ABC', 'Its code')}</p>" + rows(3), f"For {name}"), FACTS)

    assert verapdf(made, "ua1") == []
    assert [fault for fault in verapdf(made, "3a") if not fault.startswith(SIGNATURE_TO_COME)] == []
    assert qpdf_check(made) == ""
    assert facts_of(made)["Title"] == f"For {name}"
    assert b"/Lang (en)" in opened(made)
    assert text_of(made).split("\n")[0] == name


def test_a_record_says_what_is_attached_and_why():
    made = pdf.record(page("<p>Words.</p>"), FACTS)

    inside = opened(made)
    assert attached(made) == FACTS.content
    assert b"/AFRelationship /Data" in inside
    assert b"/Subtype /application#2fjson" in inside
    assert b"(certificate.json)" in inside
    assert inside.count(b"/Type /EmbeddedFile") == 1


def test_a_record_says_of_its_empty_field_what_it_is_for_and_shows_nothing():
    made = pdf.record(page("<p>Words.</p>"), FACTS)

    inside = opened(made)
    assert b"/TU (Digital signature)" in inside
    assert b"/DocMDP" in inside
    assert len(pages_as_pictures(made)) == 1
    assert "signature" not in text_of(made).lower()


def test_a_letter_that_no_font_of_ours_has_is_printed_in_a_record_as_in_any_document():
    made = pdf.record(page("<p>李 Li, Z\u0307</p>"), FACTS)

    assert text_of(made).startswith("\ufffd Li, Ż")


@pytest.mark.parametrize("trap", TRAPS)
def test_no_record_holds_anything_but_what_was_given(trap: str, canary: tuple[str, list[str]]):
    address, hits = canary

    made = pdf.record(page("<p>Before.</p>" + trap.format(f"{address}/canary")), FACTS)

    assert hits == []
    assert opened(made).count(b"/Type /EmbeddedFile") == 1


def test_a_record_has_the_limits_of_any_document():
    press = pdf.Press(seconds=3)

    with pytest.raises(pdf.Failed, match="took too long"):
        press.record(page(rows(20_000)), FACTS, 5120)

    assert press.record(page("<p>Next.</p>"), FACTS, 5120).startswith(b"%PDF-")
    press.close()


# --- the process ---------------------------------------------------------------------------------------------


def test_the_web_process_never_loads_what_lays_out_pages():
    print_one = (
        "import sys; from lms import pdf; pdf.render('<html lang=en><title>t</title>a');"
        "print('weasyprint' in sys.modules, 'cffi' in sys.modules)"
    )

    told = subprocess.run([sys.executable, "-c", print_one], capture_output=True, text=True, check=True)

    assert told.stdout.split() == ["False", "False"]


def test_one_process_prints_one_document_after_another(press: pdf.Press):
    press.print(page("<p>One.</p>"))
    first = press.process

    second = press.print(page("<p>Two.</p>"))

    assert press.process is first
    assert text_of(second).startswith("Two.")


def test_many_who_ask_at_once_each_get_their_own(press: pdf.Press):
    made: dict[int, bytes] = {}
    threads = [
        threading.Thread(target=lambda n=n: made.update({n: press.print(page(f"<p>Number {n}.</p>"))}))
        for n in range(8)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {n: text_of(one).split("\n")[0] for n, one in made.items()} == {n: f"Number {n}." for n in range(8)}


def test_who_has_waited_long_enough_is_told_so():
    press = pdf.Press(turn_seconds=0.2)
    slow = threading.Thread(target=press.print, args=[page(rows(300))])
    slow.start()
    while press.process is None:
        time.sleep(0.01)

    with pytest.raises(pdf.Failed, match="Try again in a minute"):
        press.print(page("<p>Me too.</p>"))

    slow.join()
    press.close()


def test_a_document_that_takes_too_long_is_given_up_and_the_next_one_is_printed():
    press = pdf.Press(seconds=3)

    with pytest.raises(pdf.Failed, match="took too long"):
        press.print(page(rows(20_000)))

    assert press.print(page("<p>Next.</p>")).startswith(b"%PDF-")
    press.close()


def test_a_document_that_only_waits_is_given_up_too(monkeypatch, tmp_path: Path):
    (tmp_path / "press.py").write_text("import time; time.sleep(60)")
    monkeypatch.setattr(pdf, "PACKAGE", tmp_path)
    press = pdf.Press(seconds=0.2)

    with pytest.raises(pdf.Failed, match="took too long"):
        press.print(page("<p>One.</p>"))

    press.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps a process to so much memory")
def test_a_document_that_takes_too_much_memory_is_given_up_and_the_next_one_is_printed():
    press = pdf.Press(megabytes=85)

    with pytest.raises(pdf.Failed, match="too large"):
        press.print(page(rows(5_000)))

    assert press.print(page("<p>Next.</p>")).startswith(b"%PDF-")
    press.close()


def test_a_document_that_breaks_the_printer_is_told_without_its_words_and_the_next_one_is_printed(
    press: pdf.Press, caplog: pytest.LogCaptureFixture
):
    with pytest.raises(pdf.Failed, match="could not be made"):
        press.print(page("<div>" * 3000 + "Marija"))

    assert "RecursionError" in caplog.text
    assert "Marija" not in caplog.text
    assert press.print(page("<p>Next.</p>")).startswith(b"%PDF-")


def test_a_process_that_was_ended_from_outside_is_started_again(press: pdf.Press):
    press.print(page("<p>One.</p>"))
    assert press.process is not None
    press.process.kill()

    assert press.print(page("<p>Two.</p>")).startswith(b"%PDF-")


def test_a_process_that_ends_again_and_again_is_a_failure_in_words(monkeypatch, tmp_path: Path, press: pdf.Press):
    (tmp_path / "press.py").write_text("import sys; sys.stdin.buffer.read(1); sys.exit(9)")
    monkeypatch.setattr(pdf, "PACKAGE", tmp_path)

    with pytest.raises(pdf.Failed, match="could not be made"):
        press.print(page("<p>One.</p>"))


def test_the_process_ends_when_nothing_has_come_for_a_while_and_starts_again():
    press = pdf.Press(idle_seconds=0.3)
    press.print(page("<p>One.</p>"))
    process = press.process

    assert process is not None
    assert process.wait(10) == 0
    assert press.print(page("<p>Two.</p>")).startswith(b"%PDF-")
    press.close()


def test_the_process_ends_with_the_one_that_started_it():
    print_one = "from lms import pdf; pdf.render('<html lang=en><title>t</title>a'); print(pdf._press.process.pid, flush=True); import os; os.kill(os.getpid(), 9)"

    told = subprocess.run([sys.executable, "-c", print_one], capture_output=True, text=True, check=False)

    process = Path(f"/proc/{told.stdout.strip()}")
    deadline = time.monotonic() + 10
    while process.exists() and "Z" not in process.joinpath("stat").read_text().split()[2]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_answer_that_nobody_waited_for_goes_to_nobody_else(monkeypatch, press: pdf.Press):
    press.print(page("<p>Warm.</p>"))

    def interrupted(letter: bytes, html: bytes) -> tuple[bytes, bytes]:
        asked, _given = press._pipes()
        asked.write(HEAD.pack(letter, len(html)) + html)
        asked.flush()
        raise KeyboardInterrupt

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(press, "_ask", interrupted)
        press.print(page("<p>Somebody else’s.</p>"))

    assert text_of(press.print(page("<p>My own.</p>"))).startswith("My own.")


FORKED = """
import os
from lms import pdf

pdf.render("<html lang=en><title>t</title>before")
before = pdf._press.process.pid
child = os.fork()
made = pdf.render(f"<html lang=en><title>t</title>{'parent' if child else 'child'}")
here = pdf._press.process.pid
open("parent.pdf" if child else "child.pdf", "wb").write(made)
if child:
    assert here == before
    os.waitpid(child, 0)
else:
    assert here != before
    pdf._press.close()
    os._exit(0)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
def test_processes_that_part_do_not_share_who_prints_for_them(tmp_path: Path):
    subprocess.run([sys.executable, "-c", FORKED], cwd=tmp_path, check=True)

    assert text_of((tmp_path / "parent.pdf").read_bytes()).startswith("parent")
    assert text_of((tmp_path / "child.pdf").read_bytes()).startswith("child")


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux shows a process's environment")
def test_the_process_knows_no_secrets(monkeypatch, press: pdf.Press):
    monkeypatch.setenv("LMS_SECRET_KEY", "very secret")
    monkeypatch.setenv("LMS_DATABASE_URL", "postgresql://who:what@where/which")
    press.print(page("<p>One.</p>"))

    assert press.process is not None
    known = Path(f"/proc/{press.process.pid}/environ").read_bytes()

    assert b"LMS_" not in known
    assert b"secret" not in known


def test_without_pango_one_is_told_what_to_type(monkeypatch, tmp_path: Path, press: pdf.Press):
    (tmp_path / "weasyprint.py").write_text("raise OSError('cannot load library libpango-1.0-0')")
    press_py = Path(pdf.__file__).with_name("press.py").read_text()
    lame = press_py.replace("import sys\n", f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n", 1)
    (tmp_path / "press.py").write_text(lame)
    monkeypatch.setattr(pdf, "PACKAGE", tmp_path)

    with pytest.raises(pdf.Failed, match="lms doctor"):
        press.print(page("<p>One.</p>"))


# --- QR codes ------------------------------------------------------------------------------------------------


def seen(side: int, picture, left: float, top: float, module: float) -> list[list[int]]:
    """Which modules of a code in a picture are dark."""
    return [
        [
            int(picture.getpixel((int(left + (x + 0.5) * module), int(top + (y + 0.5) * module))) < 128)
            for x in range(side)
        ]
        for y in range(side)
    ]


@pytest.mark.parametrize(
    "text", ["K7M4Q2XD", "ABCDEFGHJKLMNPQRSTUVWXYZ23", "https://training.example.org/check/D-1234", "Żammit"]
)
def test_a_qr_code_on_paper_is_the_text_at_level_m_with_four_light_modules_around(text: str):
    wanted = segno.make(text, error="m", micro=False, boost_error=False)
    side = wanted.symbol_size(border=4)[0]

    made = pdf.render(page(str(pdf.qr(text, "A code")).replace('class="qr"', 'class="qr" width="50mm" height="50mm"')))

    # The paper “table” has an edge of 15 mm.
    dots = 600
    picture = pages_as_pictures(made, dots)[0]
    mm = dots / 25.4
    shown = seen(side, picture, 15 * mm, 15 * mm, 50 * mm / side)
    assert shown == [[int(dark) for dark in row] for row in wanted.matrix_iter(border=4)]
    assert wanted.error == "M"


def test_a_qr_code_is_a_figure_with_words_for_who_cannot_see_it():
    made = pdf.render(page(str(pdf.qr("ABC", "QR code of this badge"))))

    assert verapdf(made, "ua1") == []
    assert b"/Alt (QR code of this badge)" in opened(made)
    assert "Figure" in tags_of(made)


def test_a_qr_code_fits_a_page_of_the_site_too():
    drawing = pdf.qr("ABC", '<b>"words"</b>')

    parsed = Page(f"<!doctype html><html lang='en'><title>x</title><body>{drawing}</body></html>")
    assert parsed.parse_errors == []
    assert str(escape('<b>"words"</b>')) in drawing
    assert "style=" not in drawing
    assert 'role="img"' in drawing
    assert escape(drawing) == drawing
