"""Which passwords are good enough, and that what is kept gives nothing away."""

import unicodedata

import pytest

from lms.accounts import passwords
from lms.accounts.passwords import LONGEST, SHORTEST, keep, matches, weakness


@pytest.mark.parametrize(
    "password",
    [
        "four calm words together",
        "correct horse battery",
        "Zwölf Boxkämpfer jagen",
        "дванадесет думи",
        "δώδεκα λέξεις",
        "x9$Lq-mm2_Tz",
        "    spaces count    ",
        "I like football on Sundays",
        "🦊🐝🌲🪁🥐🧭🪵🧶🎈🪐🧊🪴",
        "ab" * 6 + "cdefg",
    ],
)
def test_a_long_password_of_any_letters_will_do(password):
    assert weakness(password) is None


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "short"),
        ("x9$Lq-mm2_T", "short"),
        ("x" * (LONGEST + 1), "long"),
        ("password1234", "common"),
        ("Password1234567", "common"),
        ("PASSWORD!!!!!!", "common"),
        ("passwordpassword", "common"),
        ("qwertyuiop12", "common"),
        ("adminadminadmin", "common"),
        ("1234letmein5678", "common"),
        ("ｐａｓｓｗｏｒｄ1234", "common"),
        ("aaaaaaaaaaaa", "plain"),
        ("abababababab", "plain"),
        ("121212121212", "plain"),
        ("            ", "plain"),
        ("123456789012", "common"),
        ("01234567890123", "common"),
        ("098765432109", "common"),
        ("abcdefghijkl", "common"),
    ],
)
def test_a_password_that_is_tried_first_is_refused_with_its_reason(password, why):
    assert weakness(password) == why


@pytest.mark.parametrize(
    "password", ["maria.petrova", "Maria.Petrova2026!", "Konstantinopolska", "KONSTANTINOPOLSKA99"]
)
def test_ones_own_name_or_address_is_no_password(password):
    assert weakness(password, email="maria.petrova@service.example", name="Maria Konstantinopolska") == "personal"


def test_a_short_name_inside_a_password_is_no_harm():
    assert weakness("anna walks the dog", email="anna@service.example", name="Anna Li") is None


def test_the_shortest_and_the_longest_that_will_do():
    long = "calm words " * 200

    assert weakness(long[:SHORTEST]) is None
    assert weakness(long[: SHORTEST - 1]) == "short"
    assert weakness(long[:LONGEST]) is None


def test_what_is_kept_is_argon2id_with_its_cost():
    kept = keep("four calm words together")

    assert kept.startswith("$argon2id$v=19$m=19456,")
    assert "calm" not in kept


def test_the_same_password_is_kept_differently_each_time():
    assert keep("four calm words together") != keep("four calm words together")


def test_the_password_that_was_kept_matches_and_no_other(cheap):
    kept = keep("four calm words together")

    assert matches(kept, "four calm words together")
    assert not matches(kept, "Four calm words together")
    assert not matches(kept, "four calm words together ")
    assert not matches(kept, "")


def test_every_letter_of_a_long_password_counts(cheap):
    long = "calm words " * 12

    assert not matches(keep(long[:129]), long[:128] + "X")
    assert matches(keep(long[:129]), long[:129])


def test_the_same_password_from_another_keyboard_matches(cheap):
    composed = unicodedata.normalize("NFC", "Zwölf Boxkämpfer jagen")
    decomposed = unicodedata.normalize("NFD", composed)

    assert composed != decomposed
    assert matches(keep(composed), decomposed)


@pytest.mark.parametrize("stored", ["", "not a hash", "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$", None])
def test_what_is_no_hash_matches_nothing(cheap, stored):
    assert not matches(stored, "four calm words together")
    assert not matches(stored, "nobody has this password")


def test_who_has_no_password_is_checked_as_long_as_who_has_one(monkeypatch):
    asked = []

    class Counting:
        def hash(self, password: str) -> str:
            return "a hash of nobody"

        def verify(self, stored: str, password: str) -> bool:
            asked.append(stored)
            return True

    monkeypatch.setattr(passwords, "HASHER", Counting())
    passwords._nobody.cache_clear()

    assert not matches(None, "anything at all")
    assert asked == ["a hash of nobody"]
    passwords._nobody.cache_clear()


@pytest.fixture
def cheap(monkeypatch):
    """Hashes that cost next to nothing."""
    monkeypatch.setattr(passwords, "HASHER", passwords.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._nobody.cache_clear()
    yield
    passwords._nobody.cache_clear()
