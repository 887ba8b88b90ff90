"""Turning SIGINT and SIGTERM into a flag and a wake-up of the loop.

Covers: installing and restoring handlers. Does not cover: what stopping means.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

PreviousHandler = Callable[[int, FrameType | None], Any] | int | signal.Handlers | None


class StopSignal:
    """A context in which SIGINT and SIGTERM set `requested` and make `fd` readable.

    Only the main thread may enter it. The previous handlers come back at the end.
    """

    def __init__(self) -> None:
        self.fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.requested: str | None = None
        self._previous: dict[
            int, Callable[[int, FrameType | None], Any] | int | signal.Handlers | None
        ] = {}

    def __enter__(self) -> StopSignal:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        os.close(self.fd)

    def request(self, reason: str) -> None:
        """Ask the loop to stop, from any thread."""
        self.requested = self.requested or reason
        os.eventfd_write(self.fd, 1)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.request(signal.Signals(number).name)
