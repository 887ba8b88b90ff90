"""The grabber's loop: look at every monitor, write what changed, wait.

Covers: cadence, an inbox that nobody empties, a disk that is full. Does not cover: starting
(`plugins.grab_mss.__main__`).
"""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from plugins.grab_mss.cadence import Cadence
from plugins.grab_mss.shots import Seen, Shot, judge, next_interval_s, write_shot

WAITING_FILES_MAX = 5000
"""With more files than this in the inbox nobody empties it: nothing more is written."""
MONITORS_MAX = 64


class Screen(Protocol):
    """The monitors, 0 and on, and their pictures."""

    def count(self) -> int:
        """How many monitors there are now."""
        ...

    def grab(self, monitor: int) -> tuple[Shot, Callable[[], bytes]]:
        """The picture, and a function that gives its RGB bytes."""
        ...


@dataclass(slots=True)
class Tally:
    """What the grabber did so far."""

    looks: int = 0
    written: int = 0
    refused: int = 0


class Grabber:
    """Grabs into one inbox until stopped; one thread."""

    def __init__(
        self,
        screen: Screen,
        inbox: Path,
        *,
        say: Callable[[str], None],
        monotonic_s: Callable[[], float] = time.monotonic,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now().astimezone(),
    ) -> None:
        self._screen = screen
        self._inbox = inbox
        self._say = say
        self._monotonic_s = monotonic_s
        self._now = now
        self._seen: dict[int, Seen] = {}
        self._trouble = ""
        self.tally = Tally()

    def run(self, cadence: Cadence) -> None:
        """Look as often as there is reason to and the cadence allows, until its end."""
        while cadence.wait(self.look()):
            pass

    def look(self) -> float:
        """One look at every monitor; returns the seconds to wait until the next one."""
        self.tally.looks += 1
        trouble = self._find_trouble()
        for monitor in range(min(self._screen.count(), MONITORS_MAX)):
            shot, make_rgb = self._screen.grab(monitor)
            known, worth = judge(self._seen.get(monitor), shot, self._monotonic_s())
            if not worth:
                continue
            if not trouble:
                trouble = self._write(shot, make_rgb())
            if trouble:
                # Not remembered as seen: it is written when there is room again.
                self.tally.refused += 1
                continue
            self._seen[monitor] = known
        if trouble != self._trouble:
            self._say(trouble or "writing again")
            self._trouble = trouble
        return next_interval_s(list(self._seen.values()), self._monotonic_s())

    def _find_trouble(self) -> str:
        try:
            with os.scandir(self._inbox) as entries:
                waiting = sum(1 for _ in entries)
        except OSError as error:
            return f"{self._inbox} cannot be listed: {error.strerror}"
        if waiting > WAITING_FILES_MAX:
            return f"{waiting} files wait in {self._inbox}: is the kernel running?"
        return ""

    def _write(self, shot: Shot, rgb: bytes) -> str:
        try:
            write_shot(self._inbox, shot, rgb, self._now(), time.monotonic_ns())
        except OSError as error:
            return f"{self._inbox} takes nothing: {error.strerror}"
        self.tally.written += 1
        return ""
