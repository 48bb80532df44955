"""A signed sheet's file: kept by its content, a picture made anew, anything else refused in words."""

import re
import struct
import tracemalloc
import zipfile
import zlib
from hashlib import sha256
from io import BytesIO

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from lms import pdf
from lms.events.uploads import LARGEST, SIDE, Kept, Refused, Unfit, checked

SECRET = b"50.8503 N 4.3517 E, someone's own camera"


def picture(kind: str = "JPEG", size: tuple[int, int] = (120, 80), mode: str = "RGB", **options: object) -> bytes:
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).line((10, 10, 60, 40), fill="black", width=5)
    made = BytesIO()
    image.convert(mode).save(made, kind, **options)
    return made.getvalue()


def paper(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A small PDF of these objects, with a page among them unless told otherwise."""
    body = b"%PDF-1.7\n" + b"\n".join(
        b"%d 0 obj\n%s\nendobj" % (number, one) for number, one in enumerate(objects or [PAGE], 1)
    )
    return body + b"\nxref\n0 1\ntrailer\n<<%s>>\nstartxref\n%d\n%%%%EOF\n" % (trailer, len(body) + 1)


PAGE = b"<</Type /Page /MediaBox [0 0 595 842]>>"


def stream(head: bytes, content: bytes) -> bytes:
    return b"<<%s /Length %d>>\nstream\n%s\nendstream" % (head, len(content), content)


def packed(*objects: bytes) -> bytes:
    return stream(b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", zlib.compress(b" ".join(objects)))


def png_that_says(width: int, height: int) -> bytes:
    """A PNG of which only the size is as large as it says."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    row = zlib.compress(b"\0" * 10_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", row) + chunk(b"IEND", b"")


def refusal(content: bytes, name: str = "") -> Unfit:
    with pytest.raises(Refused) as refused:
        checked(content, name)
    return refused.value.why


def opened(kept: Kept) -> Image.Image:
    image = Image.open(BytesIO(kept.content))
    image.load()
    return image


# --- what is kept --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (picture("JPEG"), "Sheet 1.JPG"),
        (picture("JPEG"), "sheet.jpeg"),
        (picture("PNG"), "sheet.png"),
        (picture("PNG", mode="1"), "sheet"),
        (picture("PNG", mode="L"), "οπουδήποτε.png"),
        (picture("PNG", mode="P"), "sheet.png"),
        (picture("JPEG", mode="CMYK"), "sheet.jpg"),
        (picture("JPEG", progressive=True), "sheet.jpg"),
    ],
)
def test_a_picture_is_kept_as_a_jpeg_whatever_it_was(content: bytes, name: str):
    kept = checked(content, name)

    image = opened(kept)
    assert (kept.mimetype, image.format, image.size) == ("image/jpeg", "JPEG", (120, 80))
    assert image.convert("L").getpixel((35, 25)) < 60 < 200 < image.convert("L").getpixel((100, 70))


def test_the_sixteen_bits_of_grey_that_some_scanners_write_stay_grey():
    made = BytesIO()
    Image.new("I;16", (40, 40), 0x6000).save(made, "PNG")

    kept = checked(made.getvalue(), "sheet.png")

    assert 0x5C <= opened(kept).getpixel((20, 20)) <= 0x64


def test_what_is_clear_in_a_picture_is_white_on_paper():
    made = BytesIO()
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(made, "PNG")

    kept = checked(made.getvalue())

    assert opened(kept).getpixel((20, 20)) == (255, 255, 255)


def test_a_pdf_is_kept_byte_for_byte():
    content = paper()

    kept = checked(content, "sheet.pdf")

    assert kept == Kept("application/pdf", content, sha256(content).hexdigest())


def test_a_pdf_whose_pages_are_packed_is_kept():
    assert checked(paper(packed(PAGE)), "sheet.pdf").mimetype == "application/pdf"


def test_our_own_pdf_is_one_we_keep():
    content = pdf.render("<!doctype html><html lang=en><title>Sheet</title><body><h1>Sheet</h1></body></html>")

    assert checked(content, "sheet.pdf").content == content


def test_the_same_file_has_the_same_hash_whatever_it_is_called():
    content = picture()

    assert checked(content, "one.jpg").sha256 == checked(content, "two.jpeg").sha256 == sha256(content).hexdigest()


# --- nothing but the picture ---------------------------------------------------------------------------------


def photograph(orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = SECRET.decode()
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (50.0, 51.0, 1.08)
    return picture("JPEG", exif=exif, comment=SECRET, icc_profile=b"icc" + SECRET)


def test_place_camera_and_comments_are_removed_from_a_photograph():
    content = photograph()

    kept = checked(content, "photo.jpg")

    image = opened(kept)
    assert content.count(SECRET) == 3
    assert SECRET not in kept.content
    assert not image.getexif() and not image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    assert not {"exif", "comment", "icc_profile", "xmp"} & image.info.keys()


def test_a_photograph_taken_sideways_stands_upright_without_being_told():
    kept = checked(photograph(orientation=6), "photo.jpg")

    assert opened(kept).size == (80, 120)


def test_words_in_a_png_are_removed():
    from_png = BytesIO()
    words = PngInfo()
    words.add_text("Author", SECRET.decode())
    Image.new("RGB", (20, 20)).save(from_png, "PNG", pnginfo=words)

    assert SECRET in from_png.getvalue()
    assert SECRET not in checked(from_png.getvalue(), "sheet.png").content


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_that_is_a_page_or_an_archive_too_is_only_a_picture_afterwards(kind: str):
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("evil.html", "<script>alert(1)</script>")
    both = picture(kind) + b"<html><script>alert(1)</script>" + archive.getvalue()

    kept = checked(both)

    assert zipfile.is_zipfile(BytesIO(both))
    assert not zipfile.is_zipfile(BytesIO(kept.content))
    assert b"script" not in kept.content


# --- what is refused -----------------------------------------------------------------------------------------

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(document.cookie)</script>"


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        (b"", "sheet.pdf", Unfit.EMPTY),
        (SVG, "sheet.svg", Unfit.OTHER_KIND),
        (SVG, "sheet.png", Unfit.OTHER_KIND),
        (HTML, "sheet.pdf", Unfit.OTHER_KIND),
        (HTML + paper(), "sheet.pdf", Unfit.OTHER_KIND),
        (b"GIF89a" + b"\0" * 40, "sheet.gif", Unfit.OTHER_KIND),
        (b"PK\x03\x04" + b"\0" * 40, "sheet.docx", Unfit.OTHER_KIND),
        (b"\0\0\0\x18ftypheic" + b"\0" * 40, "photo.heic", Unfit.OTHER_KIND),
        (picture("JPEG"), "sheet.html", Unfit.OTHER_NAME),
        (picture("JPEG"), "sheet.pdf", Unfit.OTHER_NAME),
        (picture("PNG"), "sheet.jpg", Unfit.OTHER_NAME),
        (paper(), "sheet.png", Unfit.OTHER_NAME),
        (picture("PNG")[:-60], "sheet.png", Unfit.BROKEN),
        (picture("JPEG")[: len(picture("JPEG")) // 2], "sheet.jpg", Unfit.BROKEN),
        (b"\x89PNG\r\n\x1a\n", "sheet.png", Unfit.BROKEN),
        (b"\xff\xd8\xff", "sheet.jpg", Unfit.BROKEN),
        (png_that_says(30_000, 30_000), "sheet.png", Unfit.TOO_MANY_PIXELS),
        (png_that_says(10_000, 10_000), "sheet.png", Unfit.TOO_MANY_PIXELS),
        (png_that_says(8_000, 5_001), "sheet.png", Unfit.TOO_MANY_PIXELS),
        (png_that_says(0, 10), "sheet.png", Unfit.BROKEN),
        (b"%PDF-1.7\n%%EOF\n", "sheet.pdf", Unfit.BROKEN),
        (paper()[:-9], "sheet.pdf", Unfit.BROKEN),
        (paper()[:60], "sheet.pdf", Unfit.BROKEN),
        (paper() + b"<html><script>alert(1)</script>", "sheet.pdf", Unfit.BROKEN),
        (paper(b"<</Type /Catalog>>"), "sheet.pdf", Unfit.BROKEN),
        (paper(b"<</Type /Pages>>"), "sheet.pdf", Unfit.BROKEN),
        (paper(PAGE, b"<<>>\nstream\nno end"), "sheet.pdf", Unfit.BROKEN),
        (paper(PAGE, trailer=b"/Encrypt 4 0 R"), "sheet.pdf", Unfit.LOCKED),
        (paper(PAGE, b"<</S /JavaScript /JS (app.alert\\(1\\))>>"), "sheet.pdf", Unfit.ACTIVE),
        (paper(PAGE, b"<</S /J#61vaScript /#4aS (app.alert\\(1\\))>>"), "sheet.pdf", Unfit.ACTIVE),
        (paper(PAGE, b"<</S /Launch /F (calc.exe)>>"), "sheet.pdf", Unfit.ACTIVE),
        (paper(PAGE, b"<</Names <</EmbeddedFiles 5 0 R>>>>"), "sheet.pdf", Unfit.ACTIVE),
        (paper(PAGE, packed(b"<</S /JavaScript /JS (x)>>")), "sheet.pdf", Unfit.ACTIVE),
        (paper(PAGE, packed(b"a" * 40_000_000)), "sheet.pdf", Unfit.BROKEN),
        (paper(PAGE, stream(b"/Type /ObjStm", b"not packed at all")), "sheet.pdf", Unfit.BROKEN),
    ],
)
def test_what_is_no_signed_sheet_is_refused_with_its_reason(content: bytes, name: str, why: Unfit):
    assert refusal(content, name) is why


def test_letters_that_look_like_a_program_within_a_picture_of_a_pdf_are_no_program():
    kept = checked(paper(PAGE, stream(b"/Subtype /Image", b"\x8a/JS \xff/Launch /Encrypt 1 0 R")), "sheet.pdf")

    assert kept.mimetype == "application/pdf"


def test_twenty_megabytes_are_kept_and_one_byte_more_is_not():
    filled = paper(PAGE, stream(b"", b"\0" * (LARGEST - len(paper(PAGE, stream(b"", b""))) - 20)))
    full = paper(PAGE, stream(b"", b"\0" * (LARGEST - len(paper(PAGE, stream(b"", b""))) - 20 + LARGEST - len(filled))))

    assert len(full) == LARGEST
    assert checked(full, "sheet.pdf").content == full
    assert refusal(full + b"\n", "sheet.pdf") is Unfit.TOO_LARGE


def test_a_picture_that_keeps_its_reader_busy_is_refused():
    content = picture(progressive=True)
    scan = re.search(rb"\xff\xda.*?(?=\xff\xc4|\xff\xda|\xff\xd9)", content[2:], re.DOTALL)[0]
    busy = content.replace(scan, scan * 200)

    assert refusal(busy) is Unfit.BROKEN


# --- how much it takes ---------------------------------------------------------------------------------------


def test_a_large_page_is_made_smaller_and_stays_within_what_may_be_kept():
    kept = checked(picture("PNG", (4960, 7016), "L"), "600dpi.png")

    assert max(opened(kept).size) <= SIDE
    assert len(kept.content) < LARGEST


def test_a_bomb_is_refused_before_it_is_unpacked():
    bomb = png_that_says(30_000, 30_000)
    tracemalloc.start()

    refusal(bomb, "sheet.png")

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


# --- whatever comes ------------------------------------------------------------------------------------------

STARTS = [
    b"",
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"%PDF-1.7\n",
    picture(),
    picture("PNG"),
    paper(),
    paper(packed(PAGE)),
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(STARTS), st.binary(max_size=300), st.text(max_size=20))
@example(b"%PDF-1.7\n", b"startxref 99999999 %%EOF", "x.pdf")
@example(b"%PDF-1.7\n", b"startxref 0 %%EOF", "x")
def test_any_bytes_are_kept_or_refused_with_a_reason(start: bytes, rest: bytes, name: str):
    try:
        kept = checked(start + rest, name)
    except Refused as refused:
        assert refused.why in Unfit
    else:
        assert kept.mimetype in ("image/jpeg", "application/pdf")
        assert kept.mimetype != "image/jpeg" or kept.content.startswith(b"\xff\xd8\xff")


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(STARTS[4:]), st.data())
def test_a_file_that_was_hurt_on_its_way_is_kept_or_refused_with_a_reason(whole: bytes, data: st.DataObject):
    cut = data.draw(st.integers(0, len(whole)))
    place = data.draw(st.integers(0, len(whole) - 1))
    hurt = whole[:place] + data.draw(st.binary(max_size=8)) + whole[place + 4 :]

    for content in (whole[:cut], hurt[:cut], hurt):
        try:
            checked(content)
        except Refused as refused:
            assert refused.why in Unfit
