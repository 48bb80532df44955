"""What processes tell each other."""

import os

import pytest

from lms.hub import Hub
from lms.settings import Settings


def test_a_process_that_parted_from_another_signs_its_words_with_something_else(monkeypatch: pytest.MonkeyPatch):
    hub = Hub(Settings(secret_key="k" * 48))
    before = hub.own

    monkeypatch.setattr(os, "getpid", lambda: -1)

    assert hub.own != before
