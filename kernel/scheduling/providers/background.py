"""A provider whose source may block: a thread asks, the kernel's loop reads the last answer.

A source that hangs makes its last answer stale, and stale means active. Covers: thread,
reopening with a delay. Does not cover: any single source.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from kernel.scheduling.activity import Activity, observed, unknown

REOPEN_DELAY_S = 10.0
PROBE_DELAY_S = 2.0
"""How often a source that never worked here is tried again."""
FIRST_WAIT_S = 2.0
CLOSE_WAIT_S = 2.0


class SourceUnavailable(Exception):
    """The source does not work here or ceased to; the message says why."""


class IdleSource(Protocol):
    """Something that tells for how long there was no input."""

    def open(self) -> None:
        """Connect or start; raises `SourceUnavailable`."""
        ...

    def read_idle_s(self) -> float:
        """Seconds without input, now; may block; raises `SourceUnavailable`."""
        ...

    def close(self) -> None:
        """Let go; wakes a blocked read where that is possible; may be called twice."""
        ...


class BackgroundProvider:
    """Runs one source in a daemon thread.

    ``interval_s`` 0: the source paces itself (its read blocks until there is news).
    """

    def __init__(  # noqa: PLR0913 - times that tests shorten
        self,
        name: str,
        source: IdleSource,
        *,
        precise: bool,
        interval_s: float = 1.0,
        reopen_delay_s: float = REOPEN_DELAY_S,
        probe_delay_s: float = PROBE_DELAY_S,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.precise = precise
        self._source = source
        self._interval_s = interval_s
        self._reopen_delay_s = reopen_delay_s
        self._probe_delay_s = probe_delay_s
        self._now_s = now_s
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._tried = threading.Event()
        # Empty for good once it worked.
        self._why_not: str | None = None
        # One reference, replaced whole: readers see the old or the new answer.
        self._latest = unknown(name, now_s(), "nothing heard yet")

    def probe(self) -> str | None:
        """Whether the thread could open the source; the first time it is given a moment to."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name=f"activity-{self.name}", daemon=True
            )
            self._thread.start()
            self._tried.wait(FIRST_WAIT_S)
        return self._why_not

    def read(self, now_s: float) -> Activity:
        """The last answer."""
        return self._latest

    def close(self) -> None:
        """End the thread and the source."""
        self._closing.set()
        self._source.close()
        if self._thread is not None:
            self._thread.join(CLOSE_WAIT_S)

    def _run(self) -> None:
        is_open = False
        while not self._closing.is_set():
            try:
                if not is_open:
                    self._source.open()
                    is_open, self._why_not = True, ""
                    self._tried.set()
                idle_s = self._source.read_idle_s()
                self._latest = observed(self.name, idle_s, self._now_s())
                delay_s = self._interval_s
            except SourceUnavailable as error:
                delay_s = self._give_up(str(error))
                is_open = False
            self._closing.wait(delay_s)
        # It may have been opened after `close` had closed it.
        self._source.close()

    def _give_up(self, why: str) -> float:
        """Let go of the source; the seconds until it is tried again."""
        self._latest = unknown(self.name, self._now_s(), why)
        self._source.close()
        if self._why_not == "":
            return self._reopen_delay_s
        self._why_not = why
        self._tried.set()
        return self._probe_delay_s
