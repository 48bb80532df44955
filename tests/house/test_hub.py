"""What processes tell each other."""

import os
import time

import pytest

from lms.hub import ANYTHING, TOGETHER, Hub
from lms.settings import Settings


def test_a_process_that_parted_from_another_signs_its_words_with_something_else(monkeypatch: pytest.MonkeyPatch):
    hub = Hub(Settings(secret_key="k" * 48))
    before = hub.own

    monkeypatch.setattr(os, "getpid", lambda: -1)

    assert hub.own != before


def test_a_word_said_again_and_again_is_heard_and_travels_twenty_times_a_second_at_most(redis_url: str):
    settings = Settings(secret_key="k" * 48, redis_url=redis_url)
    heard: list[str] = []
    Hub(settings).listen(heard.append)
    _comes(ANYTHING, heard)

    speaker = Hub(settings)
    began = time.monotonic()
    for _time in range(200):
        speaker.announce("a run has changed")
        time.sleep(0.001)
    took = time.monotonic() - began

    _comes("a run has changed", heard)
    time.sleep(4 * TOGETHER)
    assert heard.count("a run has changed") <= took / TOGETHER + 2


def _comes(word: str, heard: list[str]) -> None:
    for _time in range(500):
        if word in heard:
            return
        time.sleep(0.02)
    raise AssertionError(f"{word!r} did not come: {heard}")
