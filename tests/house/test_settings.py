"""What the site is told from outside: its defaults, its checks, and when it does not start."""

import os
import re
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from lms import settings
from lms.settings import LANGUAGES, HalfConfigured, Settings, read

TOP = Path(__file__).parents[2]
KEY = "k" * 48
PRODUCTION = {
    "LMS_ENV": "production",
    "LMS_SECRET_KEY": KEY,
    "LMS_DATABASE_URL": "postgresql://lms:a-long-secret@db.example/lms",
    "LMS_PUBLIC_URL": "https://training.example.org",
    "LMS_TRUSTED_PROXIES": "1",
    "LMS_MAIL_URL": "smtp://user:password@mail.example:587",
}


@pytest.fixture
def told(tmp_path: Path):
    """Reads settings from these variables, with an instance folder of the test's own."""

    def tell(**variables: str) -> Settings:
        return read({"LMS_INSTANCE": str(tmp_path / "instance"), **variables})

    return tell


def faults(told, **variables: str) -> list[str]:
    """What the site says is wrong, a line each."""
    with pytest.raises(HalfConfigured) as stopped:
        told(**variables)
    first, *rest = str(stopped.value).splitlines()
    assert first == "The site cannot start:"
    return [line.removeprefix("- ") for line in rest]


def test_a_newcomer_needs_no_setting(told, tmp_path):
    found = told()

    assert not found.production
    assert not found.https
    assert found.sqlite
    assert found.database_url == f"sqlite:///{tmp_path}/instance/lms.db"
    assert found.locales == ("en", "bg", "de")
    assert found.registration == "approval"
    assert found.demo_password == "demo-password-only"
    assert (found.session_idle, found.session_longest) == (timedelta(hours=8), timedelta(days=14))


def test_development_makes_its_own_key_once_and_keeps_it_from_others(told, tmp_path):
    key = told().secret_key

    kept = tmp_path / "instance" / "secret-key"

    assert len(key) >= 48
    assert told().secret_key == key == kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_two_instances_have_two_keys(told, tmp_path):
    assert told().secret_key != told(LMS_INSTANCE=str(tmp_path / "other")).secret_key


def test_a_key_that_is_given_is_used_and_none_is_made(told, tmp_path):
    assert told(LMS_SECRET_KEY=KEY).secret_key == KEY
    assert not (tmp_path / "instance").exists()


def test_an_empty_variable_is_like_none(told):
    names = re.findall(r'"(LMS_[A-Z_]+)"', Path(settings.__file__).read_text())
    instance = {"LMS_INSTANCE": str(told().instance)}

    assert read(dict.fromkeys(names, "") | instance) == read(instance)


@pytest.mark.parametrize(
    ("variable", "value", "name", "kept"),
    [
        ("LMS_DATABASE_URL", "postgres://u:p@h/d", "database_url", "postgresql+psycopg://u:p@h/d"),
        ("LMS_DATABASE_URL", "postgresql://u:p@h/d", "database_url", "postgresql+psycopg://u:p@h/d"),
        ("LMS_DATABASE_URL", "postgresql+psycopg://u:p@h/d", "database_url", "postgresql+psycopg://u:p@h/d"),
        ("LMS_DATABASE_URL", "sqlite:////srv/lms.db", "database_url", "sqlite:////srv/lms.db"),
        ("LMS_PUBLIC_URL", "https://training.example.org/", "public_url", "https://training.example.org"),
        ("LMS_LOCALES", "en, de,mt", "locales", ("en", "de", "mt")),
        ("LMS_LOCALES", "en de", "locales", ("en", "de")),
        ("LMS_TRUSTED_PROXIES", "0", "trusted_proxies", 0),
        ("LMS_SECRET_KEY_FALLBACKS", "one two", "secret_key_fallbacks", ("one", "two")),
        ("LMS_REGISTRATION", "open", "registration", "open"),
        ("LMS_TIMEZONE", "Europe/Vienna", "timezone", "Europe/Vienna"),
        ("LMS_SESSION_IDLE_MINUTES", "30", "session_idle", timedelta(minutes=30)),
        ("LMS_SESSION_LONGEST_HOURS", "24", "session_longest", timedelta(hours=24)),
        ("LMS_KEEP_FAILED_SIGN_INS_DAYS", "7", "keep_failures", timedelta(days=7)),
        ("LMS_KEEP_LETTERS_DAYS", "7", "keep_letters", timedelta(days=7)),
        ("LMS_KEEP_SESSIONS_DAYS", "7", "keep_logins", timedelta(days=7)),
        ("LMS_KEEP_RUNS_DAYS", "30", "keep_runs", timedelta(days=30)),
        ("LMS_TAKING_PART_PER_CENT", "70", "taking_part", 70),
    ],
)
def test_a_setting_is_taken_from_its_variable(told, variable, value, name, kept):
    assert getattr(told(**{variable: value}), name) == kept


def test_production_with_everything_it_needs_starts(told):
    found = told(**PRODUCTION)

    assert found.production
    assert found.https
    assert found.trusted_proxies == 1
    assert found.secret_key == KEY


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("LMS_SECRET_KEY", "LMS_SECRET_KEY is missing: give at least 32 random characters, made by: python3 -c "),
        ("LMS_PUBLIC_URL", "LMS_PUBLIC_URL is missing: give the address people use"),
        ("LMS_TRUSTED_PROXIES", "LMS_TRUSTED_PROXIES is missing: say how many proxies stand in front"),
        ("LMS_MAIL_URL", "LMS_MAIL_URL is missing: give smtp://"),
    ],
)
def test_production_does_not_start_half_configured_and_names_what_is_missing(told, missing, words):
    given = {name: value for name, value in PRODUCTION.items() if name != missing}

    [fault] = faults(told, **given)

    assert fault.startswith(words)


def test_production_names_everything_that_is_missing_in_one_go(told):
    found = faults(told, LMS_ENV="production")

    assert [fault.partition(" ")[0] for fault in found] == [
        "LMS_SECRET_KEY",
        "LMS_PUBLIC_URL",
        "LMS_TRUSTED_PROXIES",
        "LMS_MAIL_URL",
    ]


def test_production_never_makes_its_own_key(told, tmp_path):
    faults(told, LMS_ENV="production")

    assert not (tmp_path / "instance").exists()


def test_production_wants_https(told):
    [fault] = faults(told, **PRODUCTION | {"LMS_PUBLIC_URL": "http://training.example.org"})

    assert fault == "LMS_PUBLIC_URL must begin with https:// in production."


@pytest.mark.parametrize("password", ["postgres", "password", "lms", "disrupt"])
def test_production_refuses_a_database_password_that_anyone_would_guess(told, password):
    [fault] = faults(told, **PRODUCTION | {"LMS_DATABASE_URL": f"postgresql://lms:{password}@db.example/lms"})

    assert fault == "LMS_DATABASE_URL has a password that anyone would guess: choose another."


@pytest.mark.parametrize("name", ["lms.db", "secret-key"])
def test_production_refuses_a_database_or_a_key_that_everyone_on_the_machine_can_read(told, tmp_path, name):
    kept = tmp_path / "instance" / name
    kept.parent.mkdir()
    kept.touch()
    kept.chmod(0o644)
    sqlite = PRODUCTION | {"LMS_DATABASE_URL": f"sqlite:///{tmp_path}/instance/lms.db"}

    [fault] = faults(told, **sqlite)
    kept.chmod(0o600)

    assert fault == f"{kept} can be read by everyone on this machine: chmod 600 {kept}"
    assert told(**sqlite).production


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("LMS_ENV", "prod", "LMS_ENV must be development or production, not 'prod'."),
        ("LMS_REGISTRATION", "all", "LMS_REGISTRATION must be invite, approval or open, not 'all'."),
        ("LMS_DATABASE_URL", "mysql://x/y", "LMS_DATABASE_URL must begin with sqlite:/// or postgresql://."),
        ("LMS_DATABASE_URL", "/srv/lms.db", "LMS_DATABASE_URL must begin with sqlite:/// or postgresql://."),
        ("LMS_LOCALES", "en,xx", f"LMS_LOCALES knows {', '.join(LANGUAGES)}, not 'xx'."),
        ("LMS_LOCALES", "de", "LMS_LOCALES must hold en: what is not translated is shown in English."),
        ("LMS_MAIL_URL", "mail.example", "LMS_MAIL_URL must begin with smtp:// or smtps://."),
        ("LMS_TRUSTED_PROXIES", "one", "LMS_TRUSTED_PROXIES must be a whole number, not 'one'."),
        ("LMS_TRUSTED_PROXIES", "-1", "LMS_TRUSTED_PROXIES must be a whole number, not '-1'."),
        ("LMS_TRUSTED_PROXIES", "²", "LMS_TRUSTED_PROXIES must be a whole number, not '²'."),
        ("LMS_KEEP_LETTERS_DAYS", "1.5", "LMS_KEEP_LETTERS_DAYS must be a whole number, not '1.5'."),
        ("LMS_SECRET_KEY", "k" * 31, "LMS_SECRET_KEY is too short: give at least 32 random characters, made by: "),
        *[
            ("LMS_TIMEZONE", zone, f"LMS_TIMEZONE must name a time zone such as Europe/Brussels, not {zone!r}.")
            for zone in ("Brussels", "Europe", "../etc/passwd", "/etc/passwd", "Europe/\x00")
        ],
    ],
)
def test_a_setting_that_is_wrong_is_named_with_what_is_right(told, variable, value, words):
    [fault] = faults(told, **{variable: value})

    assert fault.startswith(words)


def test_every_setting_that_is_wrong_is_named_in_one_go(told):
    found = faults(told, LMS_ENV="prod", LMS_TRUSTED_PROXIES="one", LMS_LOCALES="xx", LMS_TIMEZONE="Mars")

    assert [fault.partition(" ")[0] for fault in found] == [
        "LMS_TRUSTED_PROXIES",
        "LMS_ENV",
        "LMS_LOCALES",
        "LMS_LOCALES",
        "LMS_TIMEZONE",
    ]


@pytest.mark.parametrize("days", ["100000", "99999999", "9" * 5000])
def test_a_number_beyond_all_measure_is_refused_and_no_crash(told, days):
    [fault] = faults(told, LMS_KEEP_LETTERS_DAYS=days)

    assert fault == "LMS_KEEP_LETTERS_DAYS must be a whole number below 100000."


def test_settings_printed_by_mistake_show_no_secret(told):
    secrets = {
        "LMS_SECRET_KEY": "hush-" * 10,
        "LMS_SECRET_KEY_FALLBACKS": "hush-" * 10,
        "LMS_DATABASE_URL": "postgresql://lms:hush@db.example/lms",
        "LMS_REDIS_URL": "redis://:hush@redis.example",
        "LMS_MAIL_URL": "smtp://user:hush@mail.example",
        "LMS_DEMO_PASSWORD": "hush-hush-hush",
    }

    assert "hush" not in repr(told(**PRODUCTION | secrets))


def test_the_environment_is_where_settings_come_from(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("LMS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LMS_INSTANCE", str(tmp_path))
    monkeypatch.setenv("LMS_REGISTRATION", "invite")

    assert read().registration == "invite"


def test_every_variable_is_explained_to_who_runs_the_site():
    names = set(re.findall(r'"(LMS_[A-Z_]+)"', Path(settings.__file__).read_text()))
    explained = set(re.findall(r"LMS_[A-Z_]+", (TOP / "docs" / "operate.md").read_text()))

    assert len(names) > 15
    assert names - explained == set()


def test_the_funding_statement_and_the_emblem_are_off_until_they_are_cleared(told):
    silent, cleared = told(), told(LMS_FUNDING_STATEMENT="Funded by the European Union.", LMS_FUNDING_EMBLEM="yes")

    assert (silent.funding_statement, silent.funding_emblem) == ("", False)
    assert (cleared.funding_statement, cleared.funding_emblem) == ("Funded by the European Union.", True)


@pytest.mark.parametrize("years", ["101", "ten"])
def test_certificates_are_kept_for_some_years(told, years):
    with pytest.raises(HalfConfigured, match="LMS_KEEP_CERTIFICATES_YEARS"):
        told(LMS_KEEP_CERTIFICATES_YEARS=years)


@pytest.mark.parametrize("share", ["101", "half"])
def test_taking_part_in_an_exercise_is_a_share_of_it(told, share):
    with pytest.raises(HalfConfigured, match="LMS_TAKING_PART_PER_CENT"):
        told(LMS_TAKING_PART_PER_CENT=share)
