"""What a supervising kernel tells the grabber: how often to look, to pause, to end.

Lines on standard input: seconds between two looks, or ``pause``; its end is the end. Covers:
hearing them. Does not cover: looking (`plugins.grab_mss.grabber`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

INTERVAL_S_MAX = 60.0
PAUSE = "pause"


class Cadence:
    """The latest instruction, from whichever thread hears it."""

    def __init__(self) -> None:
        self._news = threading.Event()
        self._least_s = 0.0
        self._paused = False
        self.ended = False

    def hear(self, lines: Iterable[str]) -> None:
        """Follow the lines until they end; what is no instruction is passed over."""
        for line in lines:
            word = line.strip()
            if word == PAUSE:
                self._paused = True
            else:
                try:
                    seconds = float(word)
                except ValueError:
                    continue
                if not 0.0 <= seconds <= INTERVAL_S_MAX:
                    continue
                self._least_s, self._paused = seconds, False
            self._news.set()
        self.end()

    def end(self) -> None:
        """No more looks."""
        self.ended = True
        self._news.set()

    def wait(self, wanted_s: float) -> bool:
        """Wait until the next look, at least as long as was told; False when it is the end."""
        self._news.wait(max(wanted_s, self._least_s))
        while not self.ended:
            self._news.clear()
            if not self._paused:
                return True
            self._news.wait()
        return False
