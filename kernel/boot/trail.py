"""The ledger as the kernel's loop writes it: a full disk delays an entry and ends nothing.

Covers: entries that could not be written yet, kept in order and tried again. Does not cover:
the ledger itself (`kernel.store.ledger`). The loop must go on supervising and capturing while
the drive is full; what waits here is bounded, and status shows it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import apsw

from kernel.config.errors import KernelError

WAITING_ENTRIES_MAX = 1_000
RETRY_S = 5.0


class Appender(Protocol):
    """The part of the ledger that is used."""

    def append(self, act: str, subject: str = "", detail: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - the entry is not looked at
        """Append one entry; raises `KernelError` when it cannot be made durable."""
        ...


class AuditTrail:
    """Appends in order; used from the kernel's loop."""

    def __init__(self, ledger: Appender, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._now_s = now_s
        self._waiting: deque[tuple[str, str, dict[str, str]]] = deque()
        self._retry_at_s = 0.0
        self._dropped = 0
        self._reason = ""

    @property
    def problem(self) -> str:
        """Why entries wait, or empty."""
        if not self._waiting and not self._dropped:
            return ""
        lost = f", {self._dropped} could not be kept" if self._dropped else ""
        return f"{len(self._waiting)} ledger entries wait{lost}: {self._reason}"

    def append(self, act: str, subject: str, detail: Mapping[str, str]) -> None:
        """Write the entry now, or keep it for later when the drive refuses."""
        self._waiting.append((act, subject, dict(detail)))
        if len(self._waiting) > WAITING_ENTRIES_MAX:
            # The newest say what goes on now; how many are missing is said in their place.
            self._waiting.popleft()
            self._dropped += 1
        if self._now_s() >= self._retry_at_s:
            self._write()

    def tick(self) -> None:
        """Try again when it is time."""
        if self._waiting and self._now_s() >= self._retry_at_s:
            self._write()

    def _write(self) -> None:
        try:
            if self._dropped:
                detail = {"entries": str(self._dropped), "reason": self._reason}
                self._ledger.append("ledger-entries-missing", "", detail)
                self._dropped = 0
            while self._waiting:
                self._ledger.append(*self._waiting[0])
                self._waiting.popleft()
        except (KernelError, apsw.Error, OSError) as error:
            self._reason = str(error)[:500]
            self._retry_at_s = self._now_s() + RETRY_S
