"""Puts pages in their places on the streams of the events that show them.

Covers: one frame at a time, in every generation there is, inside the caller's transaction.
Does not cover: what that does to lines of text over time (`kernel.store.chains`).
"""

from __future__ import annotations

import apsw

from contracts.capture import CaptureEvent
from kernel.store.frames import FrameTable
from kernel.store.stage_results import StageResults


class Placer:
    """Works over one connection; begins no transactions of its own."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._db = connection
        self._frames = FrameTable(connection)
        self._results = StageResults(connection)

    def place(self, event: CaptureEvent, result_id: int) -> None:
        """The event shows this page; repeating it does nothing."""
        for generation in self._frames.generations():
            stream_id = self._frames.stream_of(generation, event)
            place = (event.captured_at_us, event.seq)
            known = self._frames.at(stream_id, place)
            if known is not None and known.result_id == result_id:
                continue
            if known is not None:
                self._frames.delete(known)
            self._frames.insert(stream_id, event, result_id)
            self._results.rewind(stream_id, place)
