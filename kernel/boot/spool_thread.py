"""The thread that brings spooled evidence home when the primary drive has room again.

Covers: when to look, telling how much is left. Does not cover: the copying
(`kernel.store.drain`). It has a thread of its own because a step copies megabytes, and the
kernel's loop must not wait for a slow drive.
"""

from __future__ import annotations

import threading
from typing import Protocol

import apsw

from kernel.config.errors import KernelError
from kernel.store.drain import DrainReport

LOOK_INTERVAL_S = 5.0


class Spooled(Protocol):
    """The part of the evidence store that drains."""

    def drain_spool(self) -> DrainReport:
        """Bring some of what is spooled home."""
        ...


class SpoolThread:
    """Drains until closed. Make it, `start` it, `close` it."""

    def __init__(self, store: Spooled, *, interval_s: float = LOOK_INTERVAL_S) -> None:
        self._store = store
        self._interval_s = interval_s
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self.segments_pending = 0
        self.problem = ""

    def start(self) -> None:
        """Begin to look; once."""
        self._thread.start()

    def close(self, timeout_s: float = 5.0) -> None:
        """End after the step at hand."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._closing.is_set():
            moved = self._drain_some()
            if not moved:
                self._closing.wait(self._interval_s)

    def _drain_some(self) -> bool:
        """Whether it is worth going on at once."""
        try:
            report = self._store.drain_spool()
        except (KernelError, apsw.Error, OSError) as error:
            # The drive may come back: look again later, and say so until then.
            self.problem = f"spool: {error}"[:500]
            return False
        self.problem = ""
        self.segments_pending = report.segments_pending
        return report.bytes_copied > 0
