"""Two lanes for requests: what a whole room wants lets pages pass, and still comes through."""

import time
from threading import Thread

import pytest

from lms import lanes
from lms.lanes import GIVES_WAY, Crossing


def test_a_rooms_request_waits_until_the_page_before_it_is_made(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lanes, "GIVES_WAY", 60)
    crossing = Crossing()
    made: list[str] = []

    def answer() -> None:
        crossing.give_way()
        made.append("answer")

    with crossing.page():
        waiting = Thread(target=answer)
        waiting.start()
        time.sleep(0.05)
        made.append("page")
    waiting.join()

    assert made == ["page", "answer"]


def test_a_rooms_request_comes_through_though_there_is_always_a_page():
    crossing = Crossing()

    with crossing.page():
        began = time.monotonic()
        crossing.give_way()
        took = time.monotonic() - began

    assert GIVES_WAY * 0.9 < took < GIVES_WAY + 1


def test_a_page_that_failed_keeps_nobody_waiting():
    crossing = Crossing()

    with pytest.raises(ValueError, match="bad"), crossing.page():
        raise ValueError("bad")

    assert crossing.pages == 0
