"""Whether a file is a signed sheet we can keep: told by its content, never by its name or by what it is said to be.

Pictures are made anew, so that nothing but the picture is left of them: no place, no camera, no file within the file.
A PDF is kept as it came: it is looked through, never shown by us, and only handed out as a download.
"""

import re
import threading
import zlib
from enum import StrEnum
from hashlib import sha256
from io import BytesIO
from pathlib import PurePath

from msgspec import Struct
from PIL import Image, ImageFile, ImageOps

LARGEST = 20 * 1024 * 1024  # bytes
PIXELS = 40_000_000  # an A4 page at 600 dots an inch has 35 million
SIDE = 3600  # pixels that the longer side keeps: A4 at 300 dots an inch
PASSES = 100  # a picture that comes in so many passes is made to keep a reader busy; a camera makes one, or ten
INFLATED = 16 * 1024 * 1024  # bytes of packed objects of a PDF that are looked through
ENDINGS = {
    "image/jpeg": {".jpg", ".jpeg", ".jpe", ".jfif"},
    "image/png": {".png"},
    "application/pdf": {".pdf"},
}
_one_at_a_time = threading.Lock()  # a picture of 40 million points takes some 400 MB while it is made anew


class Unfit(StrEnum):
    """Why a file is not kept."""

    EMPTY = "empty"
    TOO_LARGE = "too-large"
    OTHER_KIND = "other-kind"
    OTHER_NAME = "other-name"
    BROKEN = "broken"
    TOO_MANY_PIXELS = "too-many-pixels"
    LOCKED = "locked"
    ACTIVE = "active"


class Refused(Exception):
    """A file that is not kept; `why` says why."""

    def __init__(self, why: Unfit) -> None:
        super().__init__(why.value)
        self.why = why


class Kept(Struct, frozen=True):
    """A file as it is kept. `sha256` is of the file as it was sent: the same file again is the same scan."""

    mimetype: str
    content: bytes
    sha256: str


def checked(content: bytes, name: str = "") -> Kept:
    """A file as it may be kept. Raises Refused; `name` has to end as its content says, if it has an ending."""
    if not content:
        raise Refused(Unfit.EMPTY)
    if len(content) > LARGEST:
        raise Refused(Unfit.TOO_LARGE)
    mimetype = _kind(content)
    if mimetype is None:
        raise Refused(Unfit.OTHER_KIND)
    ending = PurePath(name).suffix.lower()
    if ending and ending not in ENDINGS[mimetype]:
        raise Refused(Unfit.OTHER_NAME)
    print_ = sha256(content).hexdigest()
    if mimetype != "application/pdf":
        return Kept("image/jpeg", _made_anew(content), print_)
    _look_through(content)
    return Kept(mimetype, content, print_)


def _kind(content: bytes) -> str | None:
    """What a file is by how it begins."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "application/pdf" if content.startswith(b"%PDF-") else None


def _made_anew(content: bytes) -> bytes:
    """The picture alone, upright, on white, as a JPEG. Raises Refused."""
    if content.startswith(b"\xff\xd8") and content.count(b"\xff\xda") > PASSES:
        raise Refused(Unfit.BROKEN)
    try:
        ImageFile.LOAD_TRUNCATED_IMAGES = False  # WeasyPrint sets it for its whole process, where one has loaded it
        with _one_at_a_time, Image.open(BytesIO(content), formats=("JPEG", "PNG")) as found:
            if found.width * found.height > PIXELS:
                raise Refused(Unfit.TOO_MANY_PIXELS)
            found.draft(None, (SIDE, SIDE))
            return _upright(found)
    except Refused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused(Unfit.TOO_MANY_PIXELS) from None
    except Exception:  # a decoder raises whatever it stumbles over: OSError, SyntaxError, struct.error, zlib.error …
        raise Refused(Unfit.BROKEN) from None


def _upright(found: Image.Image) -> bytes:
    found.load()
    if found.mode == "I;16":  # by itself Pillow cuts off what is brighter than 255 of 65,535
        found = found.point(lambda grey: grey * (1 / 256)).convert("L")
    found.thumbnail((SIDE, SIDE))
    picture: Image.Image = ImageOps.exif_transpose(found)
    if picture.has_transparency_data:
        seen = picture.convert("RGBA")
        picture = Image.new("RGB", seen.size, "white")
        picture.paste(seen, mask=seen.getchannel("A"))
    plain = picture.convert("L" if picture.mode in ("1", "L") else "RGB")
    plain.info.clear()
    made = BytesIO()
    plain.save(made, "JPEG", quality=85, optimize=True)
    return made.getvalue()


END = re.compile(rb"startxref\s{1,8}(\d{1,10})\s{1,8}%%EOF[\s\0]*\Z")
PAGE = re.compile(rb"/Type\s{0,8}/Page\b")
LOCK = re.compile(rb"/Encrypt\s{0,8}(\d|<<)")
ACTS = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|XFA|SubmitForm|ImportData|GoToE)\b")
XREF = re.compile(rb"\s{0,8}(xref\b|\d{1,10}\s{1,8}\d{1,5}\s{1,8}obj\b)")
STREAM = re.compile(rb">>\s{0,8}stream\r?\n")
HEAD = 400  # bytes before a stream that say what it holds
SIGN = re.compile(rb"#([0-9A-Fa-f]{2})")


def _look_through(content: bytes) -> None:
    """Raise Refused unless this is a whole PDF with a page, that is not locked and does nothing by itself.

    It looks at the objects that stand open and at packed ones; a file that hides them better passes. That is why a
    PDF is never shown within a page of ours.
    """
    end = END.search(content, max(0, len(content) - 1024))
    if end is None or not XREF.match(content, int(end[1])):
        raise Refused(Unfit.BROKEN)
    objects = SIGN.sub(lambda sign: bytes([int(sign[1], 16)]), _objects(content))
    if LOCK.search(objects):
        raise Refused(Unfit.LOCKED)
    if ACTS.search(objects):
        raise Refused(Unfit.ACTIVE)
    if not PAGE.search(objects):
        raise Refused(Unfit.BROKEN)


def _objects(content: bytes) -> bytes:
    """A PDF without what its streams hold, but with the objects that are packed in some; Refused beyond a limit."""
    parts = []
    unpacked = 0
    done = 0
    while stream := STREAM.search(content, done):
        end = content.find(b"endstream", stream.end())
        if end < 0:
            raise Refused(Unfit.BROKEN)
        head = content[max(done, stream.start() - HEAD) : stream.start()]
        parts.append(content[done : stream.start()])
        if b"/ObjStm" in head:
            parts.append(_unpacked(content[stream.end() : end], INFLATED - unpacked))
            unpacked += len(parts[-1])
        done = end
    return b"\n".join([*parts, content[done:]])


def _unpacked(stream: bytes, most: int) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        objects = unpacker.decompress(stream, max(most, 1))
    except zlib.error:
        raise Refused(Unfit.BROKEN) from None
    if unpacker.unconsumed_tail:
        raise Refused(Unfit.BROKEN)
    return objects
