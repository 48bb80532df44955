"""A record is signed in one pass by the key of the settings or by one of our own; what is wrong with a key is said."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from flask import Flask
from flask_babel import Babel

from lms import cli, pdf
from lms.certificates import signing
from lms.clock import now
from lms.settings import HalfConfigured, Settings, read
from tests.pdf import attached, facts_of, qpdf_check, signature_told, verapdf

FACTS = b'{"number": "D-1234-5678-9ABC"}'
PAGE = (
    '<!doctype html><html lang="en"><head><title>Certificate</title>'
    '<meta name="dcterms.created" content="2026-11-22T09:00:00Z"></head>'
    '<body class="table"><h1>Marija Żammit</h1><p>D-1234-5678-9ABC</p></body></html>'
)
AT = datetime(2026, 11, 22, 9, 0, 5, tzinfo=UTC)
# RFC 5652, 11, and RFC 5035, 3
CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME = (f"1.2.840.113549.1.9.{n}" for n in (3, 4, 5))
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
SECRET = "a passphrase with ž"


@pytest.fixture(scope="module")
def record() -> bytes:
    return pdf.record(PAGE, pdf.Attachment("certificate.json", FACTS, "application/json", "Facts"))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    """A site that has nothing but settings."""
    site = Flask("site")
    Babel(site)
    site.extensions["settings"] = Settings(instance=tmp_path / "instance")
    with site.test_request_context():
        yield site


def set_to(site: Flask, **differences: object) -> Settings:
    site.extensions["settings"] = replace(site.extensions["settings"], **differences)
    return site.extensions["settings"]


def certified(key, subject: str = "DISRUPT", by=None, *, begins=None, ends=None, usage=None, weight: int = 0):
    """A certificate for a key, by another key and name or by itself."""
    signer, issuer = by or (key, subject)
    begins = begins or datetime.now(UTC) - timedelta(days=1)
    built = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends or datetime.now(UTC) + timedelta(days=700))
    )
    if usage is not None:
        uses = [usage, usage, not usage, False, False, False, False, False, False]
        built = built.add_extension(x509.KeyUsage(*uses), critical=True)
    if weight:
        heavy = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), bytes(weight))
        built = built.add_extension(heavy, critical=False)
    return built.sign(signer, None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def pem(*things, secret: str = "") -> bytes:
    """Keys and certificates as PEM, keys under a passphrase if there is one."""
    hidden = serialization.BestAvailableEncryption(secret.encode()) if secret else serialization.NoEncryption()
    return b"".join(
        one.public_bytes(serialization.Encoding.PEM)
        if isinstance(one, x509.Certificate)
        else one.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)
        for one in things
    )


def in_p12(key, certificate, others=None, secret: str = SECRET) -> bytes:
    hidden = serialization.BestAvailableEncryption(secret.encode())
    return pkcs12.serialize_key_and_certificates(b"key", key, certificate, others, hidden)


def written(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)


def p256():
    return ec.generate_private_key(ec.SECP256R1())


def content_of(signed: bytes) -> bytes:
    return bytes.fromhex(re.search(rb"/Contents <([0-9a-f]+)>", signed)[1].decode())


# --- a signed record -----------------------------------------------------------------------------------------


def test_a_signed_record_passes_the_four_checkers(site: Flask, record: bytes):
    signed = signing.sign(record, AT)

    told = signature_told(signed)
    assert verapdf(signed, "3a") == []
    assert verapdf(signed, "ua1") == []
    assert qpdf_check(signed) == ""
    assert told["Signature Validation"] == "Signature is Valid."
    assert "Total document signed" in told
    assert told["Signature Type"] == "ETSI.CAdES.detached"
    assert told["Signing Hash Algorithm"] == "SHA-256"
    assert told["Signer Certificate Common Name"] == "DISRUPT, EU project 101101918"


def test_what_is_attached_comes_out_as_it_went_in(site: Flask, record: bytes):
    assert attached(signing.sign(record, AT)) == FACTS


def test_a_signature_changes_nothing_but_its_own_place(site: Flask, record: bytes):
    signed = signing.sign(record, AT)

    differing = [at for at, (a, b) in enumerate(zip(record, signed, strict=True)) if a != b]
    place = record.index(b"/M (D:")
    assert min(differing) > place
    assert max(differing) < record.index(b">", record.index(b"/Contents <"))
    assert signed.count(b"%%EOF") == 1
    assert signed.count(b"startxref") == 1


def test_the_time_of_signing_is_the_one_given_in_utc(site: Flask, record: bytes):
    at = AT.astimezone(ZoneInfo("Europe/Brussels"))

    assert b"/M (D:20261122090005Z)" in signing.sign(record, at)


def test_a_signature_says_which_certificate_made_it_and_no_time_of_its_own(site: Flask, record: bytes):
    """PAdES B-B: ETSI EN 319 142-1, 6.3."""
    signed = signing.sign(record, AT)

    [signer] = cms.ContentInfo.load(content_of(signed))["content"]["signer_infos"]
    attributes = {one["type"].dotted: one["values"] for one in signer["signed_attrs"]}
    assert {CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE_V2} <= set(attributes)
    assert SIGNING_TIME not in attributes
    assert bytes.fromhex(signing.current().fingerprint) in attributes[SIGNING_CERTIFICATE_V2].dump()


def test_two_papers_are_signed_each_for_itself(site: Flask, record: bytes):
    other = pdf.record(PAGE.replace("Marija", "Anna"), pdf.Attachment("a.json", FACTS, "application/json", "Facts"))

    both = [signing.sign(record, AT), signing.sign(other, AT)]

    assert [signature_told(one)["Signature Validation"] for one in both] == ["Signature is Valid."] * 2
    assert content_of(both[0]) != content_of(both[1])


def test_a_page_with_everything_is_within_forty_kilobytes(site: Flask, record: bytes):
    assert len(signing.sign(record, AT)) < 25_000


def test_what_was_signed_or_has_no_place_is_not_signed_again(site: Flask, record: bytes):
    for unfit in (signing.sign(record, AT), pdf.render(PAGE), b"", b"%PDF-1.7"):
        with pytest.raises(signing.NoKey, match="could not be signed"):
            signing.sign(unfit, AT)


def test_a_name_cannot_pass_for_the_place_of_a_signature(site: Flask, record: bytes):
    place = re.search(rb"/M \(D:0+Z\)/ByteRange \[.*?\]/Contents <0+>", record)[0].decode()
    trap = PAGE.replace("<title>Certificate", f"<title>{place.replace('<', '&lt;')}").replace("Marija", place)

    signed = signing.sign(pdf.record(trap, pdf.Attachment("a", FACTS, "text/plain", place)), AT)

    assert signature_told(signed)["Signature Validation"] == "Signature is Valid."


def test_when_a_record_was_made_is_in_the_file(record: bytes):
    assert facts_of(record)["CreationDate"].startswith("Sun Nov 22")


# --- keys that are given -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    [p256(), ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)],
    ids=["P-256", "P-384", "RSA"],
)
@pytest.mark.parametrize("secret", ["", SECRET], ids=["open", "locked"])
def test_a_key_and_a_certificate_in_pem_sign(key, secret: str, site: Flask, record: bytes, tmp_path: Path):
    certificate = certified(key, "A ministry")
    set_to(
        site,
        signing_key=written(tmp_path / "key.pem", pem(key, secret=secret)),
        signing_certificate=written(tmp_path / "certificate.pem", pem(certificate)),
        signing_passphrase=secret,
    )

    signed = signing.sign(record, AT)

    assert signature_told(signed)["Signature Validation"] == "Signature is Valid."
    assert signature_told(signed)["Signer Certificate Common Name"] == "A ministry"
    assert signing.current().fingerprint == certificate.fingerprint(hashes.SHA256()).hex()
    assert signing.current().pem.encode() == pem(certificate)
    assert signing.current().subject == "A ministry"
    assert signing.current().not_after == certificate.not_valid_after_utc
    assert verapdf(signed, "3a") == []


def test_a_file_of_pkcs12_brings_key_certificate_and_who_vouches_for_it(site: Flask, record: bytes, tmp_path: Path):
    root, middle, key = p256(), p256(), rsa.generate_private_key(65537, 3072)
    chain = [certified(middle, "Middle", (root, "Root")), certified(root, "Root")]
    set_to(
        site,
        signing_key=written(tmp_path / "key.p12", in_p12(key, certified(key, "Leaf", (middle, "Middle")), chain)),
        signing_passphrase_file=written(tmp_path / "passphrase", f"{SECRET}\n".encode()),
    )

    signed = signing.sign(record, AT)

    assert signature_told(signed)["Signature Validation"] == "Signature is Valid."
    held = cms.ContentInfo.load(content_of(signed))["content"]["certificates"]
    assert {one.chosen.subject.native["common_name"] for one in held} == {"Leaf", "Middle"}


def test_one_pem_may_hold_key_and_certificate(site: Flask, record: bytes, tmp_path: Path):
    key = p256()
    set_to(site, signing_key=written(tmp_path / "both.pem", pem(key, certified(key))))

    assert signature_told(signing.sign(record, AT))["Signature Validation"] == "Signature is Valid."


def test_a_chain_too_long_for_its_room_is_left_out(site: Flask, record: bytes, tmp_path: Path):
    key = p256()
    others = [certified(p256(), f"{n} " + 50 * "x", (key, "x")) for n in range(20)]
    set_to(site, signing_key=written(tmp_path / "all.pem", pem(key, certified(key), *others)))

    signed = signing.sign(record, AT)

    assert signature_told(signed)["Signature Validation"] == "Signature is Valid."
    assert len(cms.ContentInfo.load(content_of(signed))["content"]["certificates"]) == 1


def test_another_key_signs_from_the_next_certificate_on(site: Flask, record: bytes, tmp_path: Path):
    path, old, new = tmp_path / "key.pem", p256(), p256()
    set_to(site, signing_key=written(path, pem(old, certified(old, "Old"))))
    before = signature_told(signing.sign(record, AT))

    path.write_bytes(pem(new, certified(new, "New")))
    after = signature_told(signing.sign(record, AT))

    assert before["Signer Certificate Common Name"] == "Old"
    assert after["Signer Certificate Common Name"] == "New"
    assert signing.current().subject == "New"


def faults(tmp_path: Path) -> dict[str, tuple[dict[str, object], str]]:
    """Settings that are wrong, and what must be said of them."""
    key, other = p256(), p256()
    ed, short = ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 1024)
    odd = ec.generate_private_key(ec.SECP256K1())
    locked = written(tmp_path / "locked.pem", pem(key, secret=SECRET))
    openly = written(tmp_path / "open.pem", pem(key))
    whole = written(tmp_path / "whole.pem", pem(certified(key)))
    p12 = written(tmp_path / "key.p12", in_p12(key, certified(key)))
    past = certified(key, begins=datetime(2020, 1, 1, tzinfo=UTC), ends=datetime(2021, 1, 1, tzinfo=UTC))
    later = certified(key, begins=now() + timedelta(days=2), ends=now() + timedelta(days=9))

    def beside(name: str, *things: object) -> str:
        return written(tmp_path / name, pem(*things))

    nothing = written(tmp_path / "nothing", b"")
    noise = written(tmp_path / "noise", b"-----BEGIN PRIVATE KEY-----\nnoise\n-----END PRIVATE KEY-----\n")
    given = {"signing_key": openly, "signing_certificate": whole}
    return {
        "wrong passphrase": (given | {"signing_key": locked, "signing_passphrase": "no"}, "LMS_SIGNING_PASSPHRASE"),
        "no passphrase": (given | {"signing_key": locked}, "LMS_SIGNING_PASSPHRASE"),
        "wrong for p12": ({"signing_key": p12, "signing_passphrase": "no"}, "LMS_SIGNING_PASSPHRASE"),
        "none for p12": ({"signing_key": p12}, "LMS_SIGNING_PASSPHRASE"),
        "no file": (given | {"signing_key": str(tmp_path / "none")}, "LMS_SIGNING_KEY: .*none cannot be read"),
        "a folder": (given | {"signing_key": str(tmp_path)}, "LMS_SIGNING_KEY: .* cannot be read"),
        "no certificate's file": (given | {"signing_certificate": "/none"}, "LMS_SIGNING_CERTIFICATE: /none cannot"),
        "no passphrase's file": (given | {"signing_passphrase_file": "/none"}, "LMS_SIGNING_PASSPHRASE_FILE: /none"),
        "another key": (given | {"signing_certificate": beside("o", certified(other))}, "belongs to another key"),
        "no certificate": ({"signing_key": openly}, "set LMS_SIGNING_CERTIFICATE"),
        "certificate alone": ({"signing_certificate": whole}, "LMS_SIGNING_KEY is not"),
        "no PEM": (given | {"signing_certificate": written(tmp_path / "x", b"x")}, "LMS_SIGNING_CERTIFICATE names"),
        "empty": (given | {"signing_key": nothing}, "open|holds no key|passphrase"),
        "noise": (given | {"signing_key": noise}, "LMS_SIGNING_KEY: .*holds no key"),
        "Ed25519": ({"signing_key": beside("ed", ed, certified(ed))}, "kind"),
        "secp256k1": ({"signing_key": beside("odd", odd, certified(odd))}, "kind"),
        "1024 bits": ({"signing_key": beside("short", short, certified(short))}, "too short"),
        "for ciphers": ({"signing_key": beside("use", key, certified(key, usage=False))}, "digitalSignature"),
        "too long": ({"signing_key": beside("long", key, certified(key, weight=5000))}, "longer than"),
        "past": ({"signing_key": beside("past", key, past)}, "ended on 1 January 2021"),
        "not yet": ({"signing_key": beside("later", key, later)}, "holds only from"),
    }


FAULTS = [
    "wrong passphrase", "no passphrase", "wrong for p12", "none for p12", "no file", "a folder",
    "no certificate's file", "no passphrase's file", "another key", "no certificate", "certificate alone", "no PEM",
    "empty", "noise", "Ed25519", "secp256k1", "1024 bits", "for ciphers", "too long", "past", "not yet",
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_with_a_key_is_said_to_who_can_mend_it_and_nothing_is_signed(
    fault: str, site: Flask, record: bytes, tmp_path: Path
):
    differences, words = faults(tmp_path)[fault]
    settings = set_to(site, **differences)

    with pytest.raises(signing.NoKey, match="lms doctor") as refused:
        signing.sign(record, AT)

    trouble = signing.trouble(settings, now())
    assert re.search(words, refused.value.trouble)
    assert trouble.now
    assert re.search(words, f"{trouble.what}: {trouble.mend}")
    assert SECRET not in refused.value.trouble
    with pytest.raises(signing.NoKey, match="lms doctor"):
        signing.current()


# --- a key of our own ----------------------------------------------------------------------------------------


def test_without_settings_a_key_is_made_once_for_ten_years_and_only_its_owner_reads_it(site: Flask, tmp_path: Path):
    first = signing.current()
    path = tmp_path / "instance" / signing.OWN_KEY
    made = path.read_bytes()

    second = signing.current()

    certificate = x509.load_pem_x509_certificate(first.pem.encode())
    assert second == first
    assert path.read_bytes() == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == [signing.OWN_KEY]
    assert first.subject == "DISRUPT, EU project 101101918"
    assert first.not_before < now() - timedelta(hours=23)
    assert 9.9 < (first.not_after - now()).days / 365 < 10.1
    assert certificate.public_key().curve.name == "secp256r1"


def test_whose_key_it_is_follows_the_issuer_however_long(site: Flask):
    set_to(site, issuer="Ž" * 100)

    assert signing.current().subject == "Ž" * 32


MAKE = """
import sys
from pathlib import Path
from flask import Flask
from lms.certificates import signing
from lms.settings import Settings

app = Flask("site")
app.extensions["settings"] = Settings(instance=Path(sys.argv[1]))
with app.app_context():
    sys.stdin.readline()
    print(signing.current().fingerprint)
"""


def test_many_that_begin_at_once_end_with_one_key(tmp_path: Path):
    starting = [
        subprocess.Popen(
            [sys.executable, "-c", MAKE, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]

    for process in starting:
        process.stdin.write("go\n")
        process.stdin.flush()
    told = {process.communicate()[0] for process in starting}

    assert len(told) == 1
    assert [one.name for one in tmp_path.iterdir()] == [signing.OWN_KEY]


def test_a_folder_that_cannot_be_written_to_is_named(site: Flask, tmp_path: Path):
    (tmp_path / "file").write_text("")
    set_to(site, instance=tmp_path / "file" / "instance")

    with pytest.raises(signing.NoKey) as refused:
        signing.current()

    assert "cannot be written" in refused.value.trouble


# --- who is told what ----------------------------------------------------------------------------------------


def test_a_key_that_is_still_to_be_made_is_no_trouble_and_asking_makes_none(site: Flask, tmp_path: Path):
    assert signing.trouble(site.extensions["settings"], now()) is None
    assert not (tmp_path / "instance").exists()


def test_a_key_that_ends_within_sixty_days_is_said_and_signs(site: Flask, record: bytes):
    key = signing.current()
    settings = site.extensions["settings"]

    assert signing.trouble(settings, key.not_after - timedelta(days=61)) is None
    soon = signing.trouble(settings, key.not_after - timedelta(days=59))
    over = signing.trouble(settings, key.not_after + timedelta(seconds=1))

    assert (soon.now, over.now) == (False, True)
    assert "ends on" in soon.what
    assert "ended on" in over.what
    assert soon.mend.startswith("mv ")


def test_the_doctor_names_the_setting_and_what_mends_it(monkeypatch, tmp_path: Path, capsys):
    monkeypatch.setenv("LMS_INSTANCE", str(tmp_path))
    monkeypatch.setenv("LMS_SIGNING_KEY", "/none")

    with pytest.raises(SystemExit) as ended:
        cli.main(["doctor"])

    assert ended.value.code == 1
    assert "LMS_SIGNING_KEY: /none cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(("path", "said"), [("", "good"), ("/none", "not in order")])
def test_readiness_says_how_the_key_is_and_closes_no_site_for_it(path: str, said: str, client, monkeypatch):
    settings = client.http.application.extensions["settings"]
    monkeypatch.setitem(client.http.application.extensions, "settings", replace(settings, signing_key=path))

    ready = client.http.get("/readyz").json

    assert ready["signing"] == said
    assert ready["ready"] == all(ready[part] for part in ("database", "migrations", "disk", "renderer"))


def test_settings_of_the_key_are_read_and_two_passphrases_refused():
    given = {
        "LMS_SIGNING_KEY": "/key",
        "LMS_SIGNING_CERTIFICATE": "/certificate",
        "LMS_SIGNING_PASSPHRASE": SECRET,
        "LMS_SECRET_KEY": 32 * "x",
    }

    settings = read(given)

    assert (settings.signing_key, settings.signing_certificate) == ("/key", "/certificate")
    assert SECRET not in repr(settings)
    with pytest.raises(HalfConfigured, match="choose one"):
        read(given | {"LMS_SIGNING_PASSPHRASE_FILE": "/passphrase"})


# --- the process ---------------------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux shows a process's environment")
def test_the_key_and_its_passphrase_are_in_no_environment_and_no_command_line(
    site: Flask, record: bytes, tmp_path: Path, monkeypatch
):
    key = p256()
    monkeypatch.setenv("LMS_SIGNING_PASSPHRASE", SECRET)
    path = written(tmp_path / "key.p12", in_p12(key, certified(key)))
    set_to(site, signing_key=path, signing_passphrase=SECRET)
    signing._signer.close()

    signing.sign(record, AT)

    process = Path(f"/proc/{signing._signer.process.pid}")
    told = process.joinpath("environ").read_bytes() + process.joinpath("cmdline").read_bytes()
    assert b"seal.py" in told
    assert SECRET.encode() not in told
    assert b"LMS_" not in told
    assert path.encode() not in told


def test_the_web_process_loads_none_of_the_libraries(tmp_path: Path):
    loaded = "; print([name for name in ('pyhanko', 'cryptography', 'asn1crypto') if name in sys.modules])"
    make = MAKE.replace("sys.stdin.readline()", "signing.look(b'%PDF-1.7')").strip() + loaded

    told = subprocess.run([sys.executable, "-c", make, str(tmp_path)], capture_output=True, text=True, check=True)

    assert told.stdout.splitlines()[-1] == "[]"


def test_a_signing_process_that_was_ended_from_outside_is_started_again(site: Flask, record: bytes):
    signing.sign(record, AT)
    signing._signer.process.kill()

    assert signature_told(signing.sign(record, AT))["Signature Validation"] == "Signature is Valid."


def test_the_signing_process_ends_when_nothing_has_come_for_a_while(site: Flask, record: bytes, monkeypatch):
    monkeypatch.setattr(signing, "_signer", signing.Seal(seconds=10, megabytes=256, idle_seconds=0.3))
    signing.sign(record, AT)
    process = signing._signer.process

    assert process.wait(10) == 0
    signing.sign(record, AT)
    signing._signer.close()


def test_who_waits_too_long_for_a_signature_is_told_so(site: Flask, record: bytes, monkeypatch):
    busy = signing.Seal(seconds=10, megabytes=256, turn_seconds=0.1)
    monkeypatch.setattr(signing, "_signer", busy)
    busy._turn.acquire()

    with pytest.raises(signing.NoKey, match="Try again in a minute"):
        signing.sign(record, AT)


def test_no_file_is_left_beside(site: Flask, record: bytes, tmp_path: Path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    signing._signer.close()

    signing.sign(record, AT)

    assert os.listdir(scratch) == []
