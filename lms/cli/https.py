"""Whether a certificate and its key can serve the site's own address, asked before anything is served with them."""

import ssl
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import click
from cryptography import x509

from lms.cli.working import Refused
from lms.settings import Settings


def usable(certificate: Path | None, key: Path | None, settings: Settings, now: datetime) -> None:
    """Nothing, where both are given and fit; else refused in a line that says what to do."""
    if certificate is None or key is None:
        raise click.UsageError("--certificate and --key belong together: give both.")
    if not settings.https:
        raise Refused("LMS_PUBLIC_URL must begin with https:// here: give the address that people's devices open.")
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key, password=lambda: b"")
        first = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    except (OSError, ValueError) as problem:
        raise Refused(
            f"{certificate} and {key} cannot be used: give PEM files that belong together, the key without a "
            f"passphrase ({problem})."
        ) from None
    if first.not_valid_after_utc <= now:
        raise Refused(f"{certificate} ended on {first.not_valid_after_utc:%Y-%m-%d}: make a new one.")
    host = urlsplit(settings.public_url).hostname or ""
    names = _names(first)
    if not any(_fits(host, name) for name in names):
        raise Refused(
            f"{certificate} is for {', '.join(names) or 'no name'}, and LMS_PUBLIC_URL says {host}: browsers would "
            "refuse it. Make one for that name."
        )


def _names(certificate: x509.Certificate) -> list[str]:
    """The names and addresses it is for; the common name counts no more."""
    try:
        said = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [*said.get_values_for_type(x509.DNSName), *map(str, said.get_values_for_type(x509.IPAddress))]


def _fits(host: str, name: str) -> bool:
    """Whether a name of a certificate covers a host; a star stands for one label."""
    try:
        return ip_address(host) == ip_address(name)
    except ValueError:
        return host == name.lower() or (name.startswith("*.") and host.partition(".")[2] == name[2:].lower())
