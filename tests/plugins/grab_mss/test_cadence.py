"""The grabber follows what the kernel tells it, and ends with it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from plugins.grab_mss.cadence import Cadence

LONG_S = 300.0


def lines(*words: str, then: threading.Event) -> Iterator[str]:
    yield from (word + "\n" for word in words)
    then.wait(LONG_S)


def hearing(cadence: Cadence, *words: str) -> threading.Event:
    """A thread that hears the words, and the event that ends its input."""
    end = threading.Event()
    threading.Thread(target=cadence.hear, args=(lines(*words, then=end),), daemon=True).start()
    return end


def test_the_end_of_the_input_ends_a_long_wait() -> None:
    cadence = Cadence()
    end = hearing(cadence)
    begun = time.monotonic()
    threading.Timer(0.1, end.set).start()
    while cadence.wait(LONG_S):
        pass
    assert time.monotonic() - begun < LONG_S / 2


def test_looks_are_no_more_frequent_than_told() -> None:
    cadence = Cadence()
    end = hearing(cadence, "rubbish", "-1", "1e9", "0.4")
    while not cadence._least_s:
        time.sleep(0.001)  # noqa: TID251 - the hearing thread's turn
    cadence.wait(0.0)
    begun = time.monotonic()
    assert cadence.wait(0.0)
    assert time.monotonic() - begun >= 0.4
    end.set()


def test_a_pause_lasts_until_another_word() -> None:
    cadence = Cadence()
    end = hearing(cadence, "pause")
    looked = threading.Event()

    def look() -> None:
        if cadence.wait(0.0):
            looked.set()

    threading.Thread(target=look, daemon=True).start()
    assert not looked.wait(0.3)
    hearing(cadence, "0.0")
    assert looked.wait(LONG_S)
    end.set()
