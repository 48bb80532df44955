"""Every setting: its default, its `LMS_…` variable, its check."""

import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lms.paths import INSTANCE

LANGUAGES = {
    "en": "English",
    "bg": "Български",
    "mt": "Malti",
    "it": "Italiano",
    "de": "Deutsch",
    "fr": "Français",
    "nl": "Nederlands",
    "el": "Ελληνικά",
}
SECRET_LENGTH = 32


class HalfConfigured(Exception):
    """Settings that the site must not start with; the message names each and what to do."""


@dataclass(frozen=True)
class Settings:
    """What the site is told from outside; see docs/operate.md for each variable."""

    env: str = "development"
    secret_key: str = field(default="", repr=False)
    secret_key_fallbacks: tuple[str, ...] = field(default=(), repr=False)
    database_url: str = field(default="", repr=False)
    redis_url: str = field(default="", repr=False)
    public_url: str = ""
    trusted_proxies: int | None = None
    mail_url: str = field(default="", repr=False)
    mail_from: str = "DISRUPT training <training@localhost>"
    timezone: str = "Europe/Brussels"
    locales: tuple[str, ...] = ("en", "bg", "de")
    registration: str = "approval"
    demo_password: str = field(default="demo-password-only", repr=False)
    quick_exit_url: str = "https://www.wikipedia.org/"
    issuer: str = "DISRUPT, EU project 101101918"
    funding_statement: str = ""
    funding_emblem: bool = False
    keep_certificates: int = 10  # years
    taking_part: int = 50  # per cent of what an exercise asks
    keep_runs: timedelta = timedelta(days=365)
    signing_key: str = ""
    signing_certificate: str = ""
    signing_passphrase: str = field(default="", repr=False)
    signing_passphrase_file: str = ""
    instance: Path = INSTANCE
    session_idle: timedelta = timedelta(hours=8)
    session_longest: timedelta = timedelta(days=14)
    keep_failures: timedelta = timedelta(days=30)
    keep_letters: timedelta = timedelta(days=90)
    keep_logins: timedelta = timedelta(days=90)

    @property
    def production(self) -> bool:
        return self.env == "production"

    @property
    def address(self) -> str:
        """What every link in a letter and on a paper begins with."""
        return self.public_url or "http://127.0.0.1:8000"

    @property
    def https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")


def read(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings the environment gives, with what development makes for itself.

    Raises HalfConfigured, which names everything that is missing or wrong.
    """
    instance = Path(environ.get("LMS_INSTANCE") or INSTANCE).absolute()
    faults: list[str] = []
    settings = Settings(
        env=environ.get("LMS_ENV") or "development",
        secret_key=environ.get("LMS_SECRET_KEY", ""),
        secret_key_fallbacks=tuple(environ.get("LMS_SECRET_KEY_FALLBACKS", "").split()),
        database_url=_database(environ.get("LMS_DATABASE_URL") or f"sqlite:///{instance / 'lms.db'}"),
        redis_url=environ.get("LMS_REDIS_URL", ""),
        public_url=environ.get("LMS_PUBLIC_URL", "").rstrip("/"),
        trusted_proxies=_number(environ, "LMS_TRUSTED_PROXIES", faults),
        mail_url=environ.get("LMS_MAIL_URL", ""),
        mail_from=environ.get("LMS_MAIL_FROM") or Settings.mail_from,
        timezone=environ.get("LMS_TIMEZONE") or Settings.timezone,
        locales=tuple((environ.get("LMS_LOCALES") or ",".join(Settings.locales)).replace(",", " ").split()),
        registration=environ.get("LMS_REGISTRATION") or Settings.registration,
        demo_password=environ.get("LMS_DEMO_PASSWORD") or Settings.demo_password,
        quick_exit_url=environ.get("LMS_QUICK_EXIT_URL") or Settings.quick_exit_url,
        issuer=environ.get("LMS_ISSUER") or Settings.issuer,
        funding_statement=environ.get("LMS_FUNDING_STATEMENT", ""),
        funding_emblem=environ.get("LMS_FUNDING_EMBLEM", "") == "yes",
        keep_certificates=_number(environ, "LMS_KEEP_CERTIFICATES_YEARS", faults) or Settings.keep_certificates,
        taking_part=_number(environ, "LMS_TAKING_PART_PER_CENT", faults) or Settings.taking_part,
        keep_runs=timedelta(days=_number(environ, "LMS_KEEP_RUNS_DAYS", faults) or Settings.keep_runs.days),
        signing_key=environ.get("LMS_SIGNING_KEY", ""),
        signing_certificate=environ.get("LMS_SIGNING_CERTIFICATE", ""),
        signing_passphrase=environ.get("LMS_SIGNING_PASSPHRASE", ""),
        signing_passphrase_file=environ.get("LMS_SIGNING_PASSPHRASE_FILE", ""),
        instance=instance,
        session_idle=timedelta(minutes=_number(environ, "LMS_SESSION_IDLE_MINUTES", faults) or 8 * 60),
        session_longest=timedelta(hours=_number(environ, "LMS_SESSION_LONGEST_HOURS", faults) or 14 * 24),
        keep_failures=timedelta(days=_number(environ, "LMS_KEEP_FAILED_SIGN_INS_DAYS", faults) or 30),
        keep_letters=timedelta(days=_number(environ, "LMS_KEEP_LETTERS_DAYS", faults) or 90),
        keep_logins=timedelta(days=_number(environ, "LMS_KEEP_SESSIONS_DAYS", faults) or 90),
    )
    faults += _faults(settings)
    if faults:
        raise HalfConfigured("The site cannot start:\n" + "\n".join(f"- {fault}" for fault in faults))
    if settings.production or settings.secret_key:
        return settings
    return _with_own_key(settings)


def _database(url: str) -> str:
    """A database address with the driver we install."""
    scheme, mark, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if mark and scheme in ("postgres", "postgresql") else url


def _number(environ: Mapping[str, str], name: str, faults: list[str]) -> int | None:
    value = environ.get(name, "")
    if not value:
        return None
    if not value.isascii() or not value.isdigit():
        faults.append(f"{name} must be a whole number, not {value!r}.")
        return None
    if len(value) > 5:
        faults.append(f"{name} must be a whole number below 100000.")
        return None
    return int(value)


def _faults(settings: Settings) -> Iterator[str]:
    if settings.env not in ("development", "production"):
        yield f"LMS_ENV must be development or production, not {settings.env!r}."
    if not 1 <= settings.keep_certificates <= 100:
        yield "LMS_KEEP_CERTIFICATES_YEARS must be between 1 and 100."
    if not 1 <= settings.taking_part <= 100:
        yield "LMS_TAKING_PART_PER_CENT must be between 1 and 100."
    if settings.signing_passphrase and settings.signing_passphrase_file:
        yield "LMS_SIGNING_PASSPHRASE and LMS_SIGNING_PASSPHRASE_FILE are both set: choose one."
    if settings.registration not in ("invite", "approval", "open"):
        yield f"LMS_REGISTRATION must be invite, approval or open, not {settings.registration!r}."
    if not settings.database_url.startswith(("sqlite:///", "postgresql+psycopg://")):
        yield "LMS_DATABASE_URL must begin with sqlite:/// or postgresql://."
    for locale in settings.locales:
        if locale not in LANGUAGES:
            yield f"LMS_LOCALES knows {', '.join(LANGUAGES)}, not {locale!r}."
    if "en" not in settings.locales:
        yield "LMS_LOCALES must hold en: what is not translated is shown in English."
    try:
        ZoneInfo(settings.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of zones, such as Europe
        yield f"LMS_TIMEZONE must name a time zone such as Europe/Brussels, not {settings.timezone!r}."
    if settings.mail_url and urlsplit(settings.mail_url).scheme not in ("smtp", "smtps"):
        yield "LMS_MAIL_URL must begin with smtp:// or smtps://."
    if settings.secret_key and len(settings.secret_key) < SECRET_LENGTH:
        yield f"LMS_SECRET_KEY is too short: give at least {SECRET_LENGTH} random characters, {_make_one()}"
    if settings.production:
        yield from _production_faults(settings)


def _production_faults(settings: Settings) -> Iterator[str]:
    if not settings.secret_key:
        yield f"LMS_SECRET_KEY is missing: give at least {SECRET_LENGTH} random characters, {_make_one()}"
    if not settings.public_url:
        yield "LMS_PUBLIC_URL is missing: give the address people use, for example https://training.example.org"
    elif not settings.https:
        yield "LMS_PUBLIC_URL must begin with https:// in production."
    if settings.trusted_proxies is None:
        yield "LMS_TRUSTED_PROXIES is missing: say how many proxies stand in front (0 for none, 1 for nginx)."
    if not settings.mail_url:
        yield "LMS_MAIL_URL is missing: give smtp://user:password@host:587, or letters reach nobody."
    if urlsplit(settings.database_url).password in ("postgres", "password", "lms", "disrupt"):
        yield "LMS_DATABASE_URL has a password that anyone would guess: choose another."
    if settings.sqlite:
        for path in (Path(settings.database_url.removeprefix("sqlite:///")), settings.instance / "secret-key"):
            if path.exists() and path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
                yield f"{path} can be read by everyone on this machine: chmod 600 {path}"


def _make_one() -> str:
    return "made by: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"


def _with_own_key(settings: Settings) -> Settings:
    """Development makes a key once and keeps it in the instance folder."""
    path = settings.instance / "secret-key"
    if not path.exists():
        settings.instance.mkdir(parents=True, exist_ok=True)
        try:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
        except FileExistsError:
            pass  # another process was faster
    return Settings(**{**settings.__dict__, "secret_key": path.read_text().strip()})
