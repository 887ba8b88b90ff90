"""How long a host waited for a processor: time in which it could not have beaten or got on.

A thread that is able to run and does not get to is in the run queue; the kernel counts that time
when the thread gets its turn (schedstats: sched-stats.rst, proc(5)). One that still waits for its
turn shows itself by being runnable while nothing of it moves. A thread that sleeps, is stopped or
computes does not wait. As the interpreter's lock may be held by any thread, the one of a host that
waited longest counts.

Covers: the reckoning, pure. Does not cover: reading (`thread_times`), what is done with it
(`lifecycle`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ThreadTimes:
    """One thread at one moment: nanoseconds on a processor and in its queue, turns it had."""

    run_ns: int
    wait_ns: int
    turns: int
    is_runnable: bool


@dataclass(frozen=True, slots=True)
class _Known:
    times: ThreadTimes
    still_since_s: float
    """Since when it was seen runnable and not moving."""
    counted_s: float
    """Waiting that was counted, of all its life."""


class WaitMeter:
    """Counts each second of waiting once, however often it is asked."""

    def __init__(self, now_s: float) -> None:
        self._at_s = now_s
        self._late_s = 0.0
        self._known: dict[int, _Known] = {}

    @property
    def taken_at_s(self) -> float:
        """When `take` was called last."""
        return self._at_s

    def note_late(self, seconds: float) -> None:
        """Whoever watches the host was itself late by this much: nobody could hear the host.

        All there is to go by where the system does not count waiting.
        """
        self._late_s += seconds

    def take(self, threads: Mapping[int, ThreadTimes], now_s: float) -> float:
        """Seconds of waiting since the last call, at most the time since then."""
        known = {tid: self._follow(tid, times, now_s) for tid, times in threads.items()}
        waited_s = self._late_s
        for tid, found in known.items():
            former = self._known.get(tid)
            waited_s = max(waited_s, found.counted_s - (former.counted_s if former else 0.0))
        waited_s = min(waited_s, now_s - self._at_s)
        self._at_s, self._late_s, self._known = now_s, 0.0, known
        return waited_s

    def _follow(self, tid: int, times: ThreadTimes, now_s: float) -> _Known:
        former = self._known.get(tid)
        has_moved = former is None or (times.run_ns, times.turns) != (
            former.times.run_ns,
            former.times.turns,
        )
        if former is None or has_moved or not times.is_runnable:
            still_since_s = now_s
        else:
            still_since_s = former.still_since_s
        waited_s = times.wait_ns / 1e9 + now_s - still_since_s
        # A turn puts what was guessed into the count: only what goes beyond it is new.
        counted_s = max(waited_s, former.counted_s) if former else waited_s
        return _Known(times, still_since_s, counted_s)
