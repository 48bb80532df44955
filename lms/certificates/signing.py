"""Who signs certificates, how a record becomes a signed one, and what a PDF is that somebody hands in.

    current() -> Key                  the key that signs; NoKey says in words why there is none
    sign(record, at) -> bytes         what `pdf.record` gave, with its signature: nothing may be added afterwards
    signed(record, at) -> bytes, Key  the same, and the key that signed
    look(content) -> Seen             what a file is, whoever sends it; never raises
    trouble(settings, at) -> Trouble  what an operator should know of the key, without making one

The key comes from the settings, or is made once in the instance folder. Keys and files are opened in processes of
their own (`lms/seal.py`): one holds the key, the other never sees it. This process loads none of the libraries.
"""

import base64
import hashlib
import json
import logging
import os
import re
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from flask import current_app
from flask_babel import gettext as _

from lms.apart import Apart, NoTurn, TooLarge, TooLong, Undone, ends_with_us
from lms.clock import now
from lms.paths import PACKAGE
from lms.settings import Settings

OWN_KEY = "signing-key.pem"
OWN_KEY_DAYS = 10 * 365
A_DAY_BACK = timedelta(days=1)  # for clocks that go ahead of whoever reads the file
ENDS_SOON = timedelta(days=60)
LARGEST = 5 * 1024 * 1024
MOST_BEGINNINGS = 20
IN_LINE = 3  # files that are looked at or wait for it; a thread that waits answers nobody else
LENGTH = struct.Struct(">I")

log = logging.getLogger(__name__)


class NoKey(Exception):
    """Nothing can be signed: in words for whoever asked, and in `trouble` for whoever runs the site."""

    def __init__(self, words: str, trouble: str = "") -> None:
        super().__init__(words)
        self.trouble = trouble


@dataclass(frozen=True)
class Key:
    """A key by its certificate: SHA-256 of its DER in hex, whose it is, from when to when it holds, and it in PEM.

    `room`: the bytes that a signature of it takes at most.
    """

    fingerprint: str
    subject: str
    not_before: datetime
    not_after: datetime
    pem: str
    room: int


@dataclass(frozen=True)
class Trouble:
    """What is wrong with the key, or will be soon, and the command or deed that mends it; in English, for operators."""

    what: str
    mend: str
    now: bool  # nothing can be signed; False while it can be for some days still


class Fault(StrEnum):
    """Why nothing can be said of a file."""

    NO_PDF = "no PDF"
    TOO_LARGE = "too large"
    ENCRYPTED = "encrypted"
    BROKEN = "broken"
    TOO_MUCH = "too much"  # it unfolds to more, or asks more work, than any paper of ours
    BUSY = "busy"  # others are looked at: try again


@dataclass(frozen=True)
class Signature:
    """A signature in a file. `name` and `signer`, its certificate's SHA-256, mean little unless it is intact.

    `whole` says that it covers the file to its end; else something was added after it.
    """

    intact: bool
    whole: bool
    signer: str
    name: str


@dataclass(frozen=True)
class Seen:
    """What a file is. Exactly ours is only what has the SHA-256 of ours: how a signature is wrapped can be changed by
    anyone, and what it covers is still as it was signed.

    `beginnings` are the SHA-256 of those beginnings of the file that end as a whole PDF does, the shortest first: one
    of ours among them means that something was added on top of it. `numbers` are as the file says them, those of the
    attached facts first: to be read by `numbers.tidy`. Signatures stand in the order of the file's form.
    """

    sha256: str
    fault: Fault | None = None
    beginnings: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    signatures: tuple[Signature, ...] = ()

    @property
    def signature(self) -> str:
        """“none”, “intact” (all of them; see `whole`) or “broken” (one of them)."""
        if not self.signatures:
            return "none"
        return "intact" if all(one.intact for one in self.signatures) else "broken"


class Seal(Apart):
    """The process that signs, or the one that looks."""

    def script(self) -> Path:
        return PACKAGE / "seal.py"


_signer = Seal(seconds=10, megabytes=256)
_looker = Seal(seconds=5, megabytes=256, turn_seconds=15)
_line = threading.BoundedSemaphore(IN_LINE)
ends_with_us(_signer)
ends_with_us(_looker)


# --- the key -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Files:
    """What the files of a key hold, as `lms/seal.py` wants it."""

    key: bytes
    certificates: bytes = b""
    passphrase: bytes = b""

    def parcel(self) -> dict[str, str]:
        return {name: base64.b64encode(content).decode() for name, content in vars(self).items()}

    def summary(self) -> bytes:
        return hashlib.sha256(json.dumps(self.parcel()).encode()).digest()


class _Wrong(Exception):
    """What is wrong with a key and what mends it."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.trouble = Trouble(what, mend, now=True)


_known: dict[bytes, Key] = {}  # the last key that was looked at, by a summary of its files


def current() -> Key:
    """The key that signs; without settings it is made now. Raises NoKey, also when its time is over."""
    settings: Settings = current_app.extensions["settings"]
    return _usable(settings)[1]


def sign(record: bytes, at: datetime) -> bytes:
    """A record with its signature, which says that it was made `at`. Raises NoKey."""
    return signed(record, at)[0]


def signed(record: bytes, at: datetime) -> tuple[bytes, Key]:
    """A record with its signature, and the key that signed: not always the one of a moment ago. Raises NoKey."""
    settings: Settings = current_app.extensions["settings"]
    files, key = _usable(settings)
    head = json.dumps(files.parcel() | {"at": at.astimezone(UTC).isoformat()}).encode()
    return _asked(b"S", LENGTH.pack(len(head)) + head + record), key


def configured() -> str | None:
    """The fingerprint of the key that the settings name or that was made here, in its time or not; none is made now."""
    settings: Settings = current_app.extensions["settings"]
    if not settings.signing_key and not settings.signing_certificate and not _own(settings).exists():
        return None
    try:
        return _key(settings, _files(settings)).fingerprint
    except (_Wrong, NoKey):
        return None


def trouble(settings: Settings, at: datetime) -> Trouble | None:
    """What is wrong with the key, or will be within sixty days. A key that is still to be made is no trouble."""
    if not settings.signing_key and not settings.signing_certificate and not _own(settings).exists():
        return None
    try:
        key = _key(settings, _files(settings))
        _in_its_time(settings, key, at)
    except _Wrong as wrong:
        return wrong.trouble
    except NoKey as fault:
        return Trouble(fault.trouble, "try again", now=True)
    if key.not_after - at < ENDS_SOON:
        return Trouble(f"The signing key ends on {key.not_after:%-d %B %Y}", _another(settings), now=False)
    return None


def _usable(settings: Settings) -> tuple[_Files, Key]:
    try:
        if not settings.signing_key and not settings.signing_certificate:
            _make_own(settings)
        files = _files(settings)
        key = _key(settings, files)
        _in_its_time(settings, key, now())
    except _Wrong as wrong:
        raise out_of_order(f"{wrong.trouble.what}: {wrong.trouble.mend}") from None
    return files, key


def out_of_order(said: str) -> NoKey:
    """That nothing can be signed; why is for whoever runs the site, and for the log."""
    log.error("Nothing can be signed. %s", said)
    words = _(
        "No certificate can be signed, because the signing key of this site is not in order. "
        "Tell the people who run it: lms doctor says what is wrong."
    )
    return NoKey(words, said)


def _in_its_time(settings: Settings, key: Key, at: datetime) -> None:
    if at < key.not_before:
        raise _Wrong(f"The signing key holds only from {key.not_before:%-d %B %Y}", "wait, or set another")
    if at > key.not_after:
        raise _Wrong(f"The signing key ended on {key.not_after:%-d %B %Y}", _another(settings))


def _another(settings: Settings) -> str:
    if settings.signing_key:
        return "put a new key and certificate where LMS_SIGNING_KEY and LMS_SIGNING_CERTIFICATE point"
    path = _own(settings)
    return f"mv {path} {path}.old (the next certificate makes another)"


def _own(settings: Settings) -> Path:
    return settings.instance / OWN_KEY


def _files(settings: Settings) -> _Files:
    """What the key's files hold. Raises _Wrong, which names the setting."""
    if not settings.signing_key:
        if settings.signing_certificate:
            raise _Wrong("LMS_SIGNING_CERTIFICATE is set and LMS_SIGNING_KEY is not", "set both, or neither")
        return _Files(_content(_own(settings), "The signing key"))
    passphrase = settings.signing_passphrase.encode()
    if settings.signing_passphrase_file:
        content = _content(Path(settings.signing_passphrase_file), "LMS_SIGNING_PASSPHRASE_FILE")
        passphrase = content.rstrip(b"\r\n")
    certificate = settings.signing_certificate
    return _Files(
        _content(Path(settings.signing_key), "LMS_SIGNING_KEY"),
        _content(Path(certificate), "LMS_SIGNING_CERTIFICATE") if certificate else b"",
        passphrase,
    )


def _content(path: Path, setting: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST)
    except OSError as error:
        who = "the user who runs this site"
        raise _Wrong(f"{setting}: {path} cannot be read ({error.strerror})", f"let {who} read it") from None


def _key(settings: Settings, files: _Files) -> Key:
    """Whose key some files hold. Raises _Wrong and NoKey."""
    summary = files.summary()
    if known := _known.get(summary):
        return known
    told = json.loads(_asked(b"K", json.dumps(files.parcel()).encode()))
    if "fault" in told:
        raise _Wrong(*_words(told["fault"], settings))
    key = Key(
        told["fingerprint"],
        told["subject"],
        datetime.fromisoformat(told["begins"]),
        datetime.fromisoformat(told["ends"]),
        told["pem"],
        told["room"],
    )
    _known.clear()
    _known[summary] = key
    return key


def _words(fault: str, settings: Settings) -> tuple[str, str]:
    """What is wrong with a key and what mends it, by the word that `lms/seal.py` has for it."""
    key = f"LMS_SIGNING_KEY: {settings.signing_key}" if settings.signing_key else str(_own(settings))
    match fault:
        case "passphrase":
            return (
                f"{key} is not opened by the passphrase",
                "correct LMS_SIGNING_PASSPHRASE, or the file that LMS_SIGNING_PASSPHRASE_FILE names",
            )
        case "kind":
            return f"{key} is a key of a kind that cannot sign here", "use one on P-256, P-384 or P-521, or RSA"
        case "short":
            return f"{key} is too short", "use an RSA key of 2048 bits or more, or one on P-256"
        case "long":
            return "The certificate of LMS_SIGNING_KEY is longer than a paper has room for", "use another"
        case "no certificate":
            return f"{key} has no certificate", "set LMS_SIGNING_CERTIFICATE to the file that holds it"
        case "certificate":
            return "LMS_SIGNING_CERTIFICATE names a file without certificates", "use PEM: -----BEGIN CERTIFICATE-----"
        case "another key":
            return "LMS_SIGNING_CERTIFICATE belongs to another key", f"set the one that was made for {key}"
        case "purpose":
            return "LMS_SIGNING_CERTIFICATE may not be used to sign", "ask for one with digitalSignature as its use"
        case _:
            return f"{key} holds no key", "use PEM or PKCS#12"


def _make_own(settings: Settings) -> None:
    """A key of our own in the instance folder, made once: whoever comes second takes what is there."""
    path = _own(settings)
    if path.exists():
        return
    asked = {"name": settings.issuer, "begins": (now() - A_DAY_BACK).isoformat(), "days": OWN_KEY_DAYS}
    made = _asked(b"N", json.dumps(asked).encode())
    part = path.with_name(f"{path.name}.{os.getpid()}-{os.urandom(4).hex()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(made)
            file.flush()
            os.fsync(file.fileno())
        os.link(part, path)
    except FileExistsError:
        pass  # another process was faster
    except OSError as error:
        who = "the user who runs this site"
        raise _Wrong(f"{path} cannot be written ({error.strerror})", f"let {who} write to {path.parent}") from None
    finally:
        with suppress(OSError):
            part.unlink()


def _asked(letter: bytes, errand: bytes) -> bytes:
    """What the signing process says. Raises NoKey."""
    try:
        return _signer.do(letter, errand)
    except NoTurn:
        raise NoKey(
            _("Other certificates are being signed just now. Try again in a minute."), "The process that signs is busy"
        ) from None
    except Undone as fault:
        log.error("The process that signs failed: %s %s", type(fault).__name__, fault)
        words = _("This certificate could not be signed. Tell the people who run this site.")
        raise NoKey(words, f"The process that signs failed: {type(fault).__name__} {fault}".strip()) from None


# --- looking at a file ---------------------------------------------------------------------------------------


def look(content: bytes) -> Seen:
    """What a file is, whoever made it and whatever for. Nothing of it is kept."""
    sha256 = hashlib.sha256(content).hexdigest()
    if len(content) > LARGEST:
        return Seen(sha256, Fault.TOO_LARGE)
    if b"%PDF-" not in content[:1024]:
        return Seen(sha256, Fault.NO_PDF)
    seen = Seen(sha256, beginnings=_beginnings(content))
    try:
        told = json.loads(_looked_at(content))
    except NoTurn:
        return _with(seen, fault=Fault.BUSY)
    except (TooLarge, TooLong):
        return _with(seen, fault=Fault.TOO_MUCH)
    except Undone:
        return _with(seen, fault=Fault.BROKEN)
    if "fault" in told:
        return _with(seen, fault=Fault(told["fault"]))
    signatures = tuple(Signature(**one) for one in told["signatures"])
    return Seen(sha256, None, seen.beginnings, tuple(told["numbers"]), signatures)


def _looked_at(content: bytes) -> bytes:
    """What the process that looks says of a file. Raises Undone, at once where too many wait already."""
    if not _line.acquire(blocking=False):
        raise NoTurn
    try:
        return _looker.do(b"L", content)
    finally:
        _line.release()


def _beginnings(content: bytes) -> tuple[str, ...]:
    """The SHA-256 of what ends with the mark of a PDF's end and is not the whole, the first twenty."""
    summary, done = hashlib.sha256(), 0
    found: list[str] = []
    for mark in re.finditer(rb"%%EOF\r?\n?", content):
        if mark.end() == len(content) or len(found) == MOST_BEGINNINGS:
            break
        summary.update(content[done : mark.end()])
        done = mark.end()
        found.append(summary.hexdigest())
    return tuple(found)


def _with(seen: Seen, fault: Fault) -> Seen:
    return Seen(seen.sha256, fault, seen.beginnings)
