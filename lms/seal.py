"""The process that signs records and looks into PDFs from outside: bytes come in by stdin, bytes go out by stdout.

`lms/certificates/signing.py` runs this file by its path, once to sign and once to look, so that what a stranger sends
never meets a key. `lms/errands.py` says how one speaks to it: `N` makes a key, `K` says whose a key is, `S` signs, `L`
looks. A key comes with each errand and is opened once. Nothing is fetched and nothing is written to disk.
"""

import asyncio
import base64
import io
import json
import logging
import re
import secrets
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import new as hash_of
from hashlib import sha256
from typing import Any

from lms.errands import keep_within_memory, run, write_no_file

if __name__ == "__main__":
    keep_within_memory()

from asn1crypto.cms import ContentInfo
from asn1crypto.x509 import Certificate as PlainCertificate
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodeLimits, DocumentDecodeBudget, MiB, StreamDecodeLimits
from pyhanko.pdf_utils.misc import PdfDecodeLimitError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes, Signer
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko_certvalidator.registry import SimpleCertificateStore

LENGTH = struct.Struct(">I")
# As `lms/press.py` leaves it: nothing else in a file has so many zeros in a row.
GAP = re.compile(rb"/M \(D:(0{14})Z\)/ByteRange (\[0 0{10} 0{10} 0{10}\])/Contents <(0{1000,})>")
MOST_ROOM = 5120  # bytes: as many as `lms/pdf.py` leaves at most
SHORTEST_RSA = 2048
LONGEST_NAME = 64  # bytes; X.520 lets a common name have as many letters
CURVES = {"secp256r1": "sha256", "secp384r1": "sha384", "secp521r1": "sha512"}
HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
STRONG = frozenset(HASHES)

NUMBER = re.compile(r"\bD-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b")
MOST_NUMBERS, MOST_FILES, DEEPEST, MOST_SIGNATURES = 20, 20, 8, 10
LIMITS = DecodeLimits(
    per_stream=StreamDecodeLimits(max_output_size=8 * MiB),
    document_budget=DocumentDecodeBudget(base_allowance=32 * MiB, max_ratio=0),
)


# --- keys ----------------------------------------------------------------------------------------------------


class Unfit(Exception):
    """A key that cannot sign; its word is one that `lms/certificates/signing.py` knows."""


@dataclass(frozen=True)
class Material:
    """What the files of a key hold: PEM or PKCS#12, certificates in PEM, a passphrase; the last two may be empty."""

    key: bytes
    certificates: bytes
    passphrase: bytes

    @classmethod
    def of(cls, given: dict[str, str]) -> "Material":
        return cls(*(base64.b64decode(given[name]) for name in ("key", "certificates", "passphrase")))


class Held(Signer):
    """A key that was opened once, and its certificate. pyHanko's own signer opens it anew for each signature.

    What pyHanko makes of a summary is the same for every one but for the summary and the signature itself. So it makes
    it once, of a summary that stands for all, which is a third of a paper's time saved on each.
    """

    def __init__(
        self,
        key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
        certificate: x509.Certificate,
        chain: list[x509.Certificate],
    ) -> None:
        others = SimpleCertificateStore.from_certs(map(_plain, chain))  # type: ignore[no-untyped-call]
        super().__init__(signing_cert=_plain(certificate), cert_registry=others, embed_roots=False)
        self.key = key
        self.certificate = certificate
        self.digest = CURVES[key.curve.name] if isinstance(key, ec.EllipticCurvePrivateKey) else "sha256"
        self.any_summary = secrets.token_bytes(HASHES[self.digest].digest_size)
        self.form: bytes = asyncio.run(
            self.async_sign(
                self.any_summary, self.digest, use_pades=True, signed_attr_settings=PdfCMSSignedAttributes()
            )
        ).dump()

    @property
    def room(self) -> int:
        """The bytes that a signature of it may take; one on a curve is a few shorter or longer than another."""
        return len(self.form) + 8

    def signature(self, summary: bytes) -> bytes:
        """The signature of a summary, with all that PAdES B-B asks beside it."""
        content = ContentInfo.load(self.form.replace(self.any_summary, summary))
        signer = content["content"]["signer_infos"][0]
        signer["signature"] = self._signed(signer["signed_attrs"].untag().dump())
        return bytes(content.dump())

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        return self._signed(data)

    def _signed(self, data: bytes) -> bytes:
        algorithm = HASHES[self.digest]
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(data, ec.ECDSA(algorithm))
        return self.key.sign(data, padding.PKCS1v15(), algorithm)


def _plain(certificate: x509.Certificate) -> PlainCertificate:
    return PlainCertificate.load(certificate.public_bytes(serialization.Encoding.DER))


@lru_cache(maxsize=2)
def opened(material: Material) -> Held:
    """The key of some files. Raises Unfit."""
    key, certificates = _parts(material)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        if key.curve.name not in CURVES:
            raise Unfit("kind")
    elif not isinstance(key, rsa.RSAPrivateKey):
        raise Unfit("kind")
    elif key.key_size < SHORTEST_RSA:
        raise Unfit("short")
    if not certificates:
        raise Unfit("no certificate")
    own = [one for one in certificates if one.public_key() == key.public_key()]
    if not own:
        raise Unfit("another key")
    if not _may_sign(own[0]):
        raise Unfit("purpose")
    held = Held(key, own[0], [one for one in certificates if one != own[0]])
    if held.room > MOST_ROOM:
        held = Held(key, own[0], [])
    if held.room > MOST_ROOM:
        raise Unfit("long")
    return held


def _parts(material: Material) -> tuple[object, list[x509.Certificate]]:
    """The key, and the certificates that came with it or beside it."""
    try:
        beside = x509.load_pem_x509_certificates(material.certificates) if material.certificates else []
    except ValueError:
        raise Unfit("certificate") from None
    passphrase = material.passphrase or None
    try:
        if b"-----BEGIN " not in material.key:
            key, certificate, more = pkcs12.load_key_and_certificates(material.key, passphrase)
            return key, [*beside, *([certificate] if certificate else []), *more]
        encrypted = b"ENCRYPTED" in material.key
        loaded = serialization.load_pem_private_key(material.key, passphrase if encrypted else None)
    except (ValueError, TypeError) as error:
        secret = isinstance(error, TypeError) or "password" in str(error).lower() or b"ENCRYPTED" in material.key
        raise Unfit("passphrase" if secret else "key") from None
    except UnsupportedAlgorithm:
        raise Unfit("kind") from None
    if b"-----BEGIN CERTIFICATE" not in material.key:
        return loaded, beside
    try:
        return loaded, [*beside, *x509.load_pem_x509_certificates(material.key)]
    except ValueError:
        raise Unfit("certificate") from None


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return usage.digital_signature or usage.content_commitment


def made(errand: bytes) -> bytes:
    """A key on P-256 and a certificate it signed itself, in one PEM."""
    asked = json.loads(errand)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _short(asked["name"]))])
    begins = datetime.fromisoformat(asked["begins"])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=asked["days"]))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=True,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)


def _short(name: str) -> str:
    return name.encode()[:LONGEST_NAME].decode(errors="ignore")


def known(errand: bytes) -> bytes:
    """Whose a key is, or the word for why it cannot sign."""
    try:
        held = opened(Material.of(json.loads(errand)))
    except Unfit as fault:
        return json.dumps({"fault": str(fault)}).encode()
    certificate = held.certificate
    return json.dumps(
        {
            "fingerprint": certificate.fingerprint(hashes.SHA256()).hex(),
            "subject": _name(certificate),
            "begins": certificate.not_valid_before_utc.isoformat(),
            "ends": certificate.not_valid_after_utc.isoformat(),
            "room": held.room,
            "pem": certificate.public_bytes(serialization.Encoding.PEM).decode(),
        }
    ).encode()


def _name(certificate: x509.Certificate) -> str:
    """Who a certificate is for, as people say it."""
    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in certificate.subject.get_attributes_for_oid(kind):
            return str(attribute.value)
    return certificate.subject.rfc4514_string()


# --- signing -------------------------------------------------------------------------------------------------


def signed(errand: bytes) -> bytes:
    """A record with its signature: PAdES B-B (ETSI EN 319 142-1), filled in where the record left room for it."""
    (length,) = LENGTH.unpack_from(errand)
    asked, record = json.loads(errand[LENGTH.size : LENGTH.size + length]), errand[LENGTH.size + length :]
    held = opened(Material.of(asked))
    gaps = list(GAP.finditer(record))
    if len(gaps) != 1:
        raise ValueError("a record has room for one signature")
    moment, extent, content = map(gaps[0].span, (1, 2, 3))
    before, after = content[0] - 1, content[1] + 1  # the brackets belong to what is left out
    said = f"[0 {before} {after} {len(record) - after}]".encode().ljust(extent[1] - extent[0])
    whole = bytearray(record)
    whole[slice(*moment)] = datetime.fromisoformat(asked["at"]).strftime("%Y%m%d%H%M%S").encode()
    whole[slice(*extent)] = said

    summary = hash_of(held.digest, whole[:before])
    summary.update(whole[after:])
    signature = held.signature(summary.digest())
    room = content[1] - content[0]
    whole[slice(*content)] = signature.hex().encode().ljust(room, b"0")
    if len(whole) != len(record):
        raise ValueError("the signature is longer than its room")
    return bytes(whole)


# --- looking -------------------------------------------------------------------------------------------------


class TooMuch(Exception):
    """A file that unfolds to more than any of ours would."""


def seen(content: bytes) -> bytes:
    """What a file is: a word for why it cannot be read, or the numbers in it and what its signatures are worth."""
    try:
        return json.dumps(_looked_into(content)).encode()
    except (PdfDecodeLimitError, TooMuch):
        return json.dumps({"fault": "too much"}).encode()
    except MemoryError:
        raise
    except Exception:  # whatever a file made to confuse may bring about
        return json.dumps({"fault": "broken"}).encode()


def _looked_into(content: bytes) -> dict[str, Any]:
    reader = PdfFileReader(io.BytesIO(content), strict=False, decode_limits=LIMITS)
    if reader.encrypted:
        return {"fault": "encrypted"}
    if not isinstance(reader.root["/Pages"], generic.DictionaryObject):
        return {"fault": "broken"}
    numbers: list[str] = []
    with _whatever_comes():
        numbers += _attached_numbers(reader)
    with _whatever_comes():
        numbers += _told_numbers(reader)
    signatures = []
    for field in _signature_fields(reader):
        signature = {"intact": False, "whole": False, "signer": "", "name": ""}
        with _whatever_comes():
            signature |= _judged(reader, field, content)
        signatures.append(signature)
    return {"numbers": list(dict.fromkeys(numbers))[:MOST_NUMBERS], "signatures": signatures}


class _whatever_comes(suppress):
    """What one part of a file brings about keeps nobody from the other parts, unless it is too much for us."""

    def __init__(self) -> None:
        super().__init__(Exception)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> bool:
        if isinstance(error, MemoryError | PdfDecodeLimitError | TooMuch):
            return False
        return bool(super().__exit__(kind, error, trace))


def _attached_numbers(reader: PdfFileReader) -> Iterator[str]:
    """What files within it, being JSON, say is their number."""
    for file in _attached(reader):
        with _whatever_comes():
            facts = json.loads(file["/EF"]["/F"].data)
            if isinstance(facts, dict) and isinstance(facts.get("number"), str):
                yield from NUMBER.findall(facts["number"])


def _attached(reader: PdfFileReader) -> list[Any]:
    found: list[Any] = []
    with suppress(KeyError):
        _gather(reader.root["/Names"]["/EmbeddedFiles"], found, DEEPEST)
    with suppress(KeyError):
        found += reader.root["/AF"]
    return [one.get_object() for one in found[:MOST_FILES]]


def _gather(node: Any, found: list[Any], deepest: int) -> None:
    """Files of a tree of names, with no more branches than any of ours has."""
    found += list(node.get("/Names", []))[1::2]
    for branch in list(node.get("/Kids", []))[:MOST_FILES]:
        if deepest and len(found) < MOST_FILES:
            _gather(branch.get_object(), found, deepest - 1)


def _told_numbers(reader: PdfFileReader) -> Iterator[str]:
    """Numbers in what the file says of itself."""
    with suppress(KeyError):
        for value in reader.trailer_view["/Info"].values():
            if isinstance(value, str):
                yield from NUMBER.findall(value)
    with suppress(KeyError):
        yield from NUMBER.findall(reader.root["/Metadata"].data.decode(errors="replace"))


def _signature_fields(reader: PdfFileReader) -> list[tuple[str, generic.PdfObject]]:
    with _whatever_comes():
        fields = enumerate_sig_fields(reader, filled_status=True)
        return [(name, field) for (name, _value, field), _ in zip(fields, range(MOST_SIGNATURES), strict=False)]
    return [("", generic.NullObject())]  # a form that cannot be followed counts as a signature that is broken


def _judged(reader: PdfFileReader, field: tuple[str, Any], content: bytes) -> dict[str, Any]:
    """Whose signature it is, whether what it covers is as it was signed, and whether it covers the whole file."""
    name, reference = field
    signature = EmbeddedPdfSignature(reader, reference, name)
    certificate = signature.signer_cert.dump()
    told = {"signer": sha256(certificate).hexdigest(), "name": _name(x509.load_der_x509_certificate(certificate))}
    begin, before, after, rest = map(int, signature.byte_range)
    end = after + rest
    if begin != 0 or not 0 < before < after <= end <= len(content):
        return told
    if not _is_all_there_is(content[before:after], signature.pkcs7_content):
        return told
    if signature.md_algorithm not in STRONG:
        return told
    same, valid = validate_sig_integrity(
        signature.signer_info, signature.signer_cert, "data", signature.compute_digest()
    )
    return told | {"intact": bool(same and valid), "whole": end == len(content)}


def _is_all_there_is(left_out: bytes, signature: bytes) -> bool:
    """Whether what a signature does not cover is the signature and zeros, and nothing else."""
    if not re.fullmatch(rb"<[0-9A-Fa-f]+>", left_out):
        return False
    written = bytes.fromhex(left_out[1:-1].decode())
    return written == signature and not written[_length(written) :].strip(b"\0")


def _length(written: bytes) -> int:
    """How long the first value of some DER is, with its head."""
    first = written[1]
    if first < 0x80:
        return 2 + first
    size = first & 0x7F
    return 2 + size + int.from_bytes(written[2 : 2 + size], "big")


if __name__ == "__main__":
    logging.disable()  # what libraries say of a file may hold names
    write_no_file()
    run({b"N": made, b"K": known, b"S": signed, b"L": seen})
