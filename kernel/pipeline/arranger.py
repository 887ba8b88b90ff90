"""Puts read pages in their places on the streams, for events that came after the reading.

A page is put in the places of all events known when it is committed. Later events that show the
same bytes, and everything that was read by a version without streams, are found here by walking
the journal once, in small steps while work may run. Covers: that walk. Does not cover: placing
(`kernel.store.placing`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from contracts.capture import CaptureEvent

STEP_EVENTS = 32
STEP_S = 0.03
"""About how long one call may keep the kernel's loop."""


class EventSource(Protocol):
    """The part of the evidence store that is walked."""

    def events_after(self, seq: int, *, limit_rows: int) -> list[CaptureEvent]:
        """Events behind a journal position, in order."""
        ...


class PlacedEvents(Protocol):
    """The part of the derived store that takes events in."""

    def placed_up_to(self) -> int:
        """The journal position up to which events were looked at."""
        ...

    def place_events(self, events: Sequence[CaptureEvent]) -> None:
        """Put those whose bytes are read in their places, and move the position behind them."""
        ...


class Arranger:
    """Used from the kernel's loop, while work may run."""

    def __init__(
        self,
        events: EventSource,
        store: PlacedEvents,
        *,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._events = events
        self._store = store
        self._now_s = now_s
        self._is_behind = False

    @property
    def is_behind(self) -> bool:
        """Whether events are left that `step` did not come to."""
        return self._is_behind

    def step(self) -> None:
        """Go on with the walk for about `STEP_S` seconds."""
        end_s = self._now_s() + STEP_S
        while True:
            events = self._events.events_after(self._store.placed_up_to(), limit_rows=STEP_EVENTS)
            if events:
                self._store.place_events(events)
            self._is_behind = len(events) == STEP_EVENTS
            if not self._is_behind or self._now_s() >= end_s:
                return
