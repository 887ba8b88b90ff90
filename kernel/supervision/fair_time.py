"""Which of a host's time counts: not that in which it waited for a processor.

On a crowded machine a polite host may get no turn for longer than its beats or its task may take.
That is nobody's fault, and killing it makes the crowd no smaller. So its clocks go on only while it
sleeps or computes, at most `lifecycle.PATIENCE` times as long; and before an alarm is raised, what
it already said is heard.

Covers: when to look, what is told of it. Does not cover: the reckoning (`processor_wait`), the
clocks themselves (`lifecycle`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kernel.supervision import lifecycle
from kernel.supervision.pool_events import HostStarved, PoolEvent
from kernel.supervision.pool_slot import Slot

LOOKS_PER_BEAT_TIMEOUT = 10
LATE_S = 0.5
"""A turn of the watching loop may take this long; what goes beyond it is its own lateness."""
TOLD = frozenset({1, 10, 100, 1_000, 10_000})
"""A host spared so often is told of: a crowded day must not fill the ledger."""


class FairTime:
    """Looks at the hosts of one pool, one after the other."""

    def __init__(
        self,
        limits: lifecycle.Limits,
        *,
        feed: Callable[[Slot, lifecycle.Event], None],
        tell: Callable[[PoolEvent], None],
        listen: Callable[[Slot], None],
    ) -> None:
        self._interval_s = limits.beat_timeout_s / LOOKS_PER_BEAT_TIMEOUT
        self._feed = feed
        self._tell = tell
        self._listen = listen
        self._turn_at_s: float | None = None

    def note_turn(self, slots: Iterable[Slot], now_s: float) -> None:
        """The watching loop came round: hosts are not to answer for its own lateness."""
        if self._turn_at_s is not None and now_s - self._turn_at_s > LATE_S:
            for slot in slots:
                slot.waiting.note_late(now_s - self._turn_at_s - LATE_S)
        self._turn_at_s = now_s

    def look(self, slot: Slot, now_s: float) -> None:
        """Where it is time, or an alarm is due: move the host's clocks out by what it waited."""
        if slot.host.frozen_since_s is not None or slot.host.stop_step != "none":
            return
        is_late = lifecycle.is_late(slot.host, now_s)
        if is_late:
            # What it said may still lie in its socket.
            self._listen(slot)
        if is_late or now_s >= slot.waiting.taken_at_s + self._interval_s:
            waited_s = slot.waiting.take(slot.runner.thread_times(), now_s)
            slot.waited_s += waited_s
            self._feed(slot, lifecycle.Waited(waited_s))
        was_spared, slot.is_spared = slot.is_spared, lifecycle.is_spared(slot.host, now_s)
        if slot.is_spared and not was_spared:
            self._note_spared(slot)

    def _note_spared(self, slot: Slot) -> None:
        slot.spared += 1
        if slot.spared in TOLD:
            self._tell(
                HostStarved(
                    slot.host.host_id, slot.plugin.plugin_id, slot.waited_s, count=slot.spared
                )
            )
