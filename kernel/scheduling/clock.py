"""Reading the clocks, and noticing that the machine slept. Nothing here decides by UTC."""

from __future__ import annotations

import time
from dataclasses import dataclass

CLOCK_STEP_MIN_S = 5.0
"""A smaller jump of UTC is a correction of the clock, not a sleep."""


@dataclass(frozen=True, slots=True)
class ClockReading:
    """One instant on three clocks: monotonic (stands still in sleep), boot time, UTC."""

    monotonic_s: float
    boottime_s: float
    utc_us: int


def read_clock() -> ClockReading:
    """All three clocks, as close together as Python can."""
    monotonic_s = time.monotonic()
    has_boottime = hasattr(time, "CLOCK_BOOTTIME")
    boottime_s = time.clock_gettime(time.CLOCK_BOOTTIME) if has_boottime else monotonic_s
    return ClockReading(monotonic_s, boottime_s, time.time_ns() // 1_000)


def suspended_s(before: ClockReading, after: ClockReading) -> float:
    """For how long the machine slept between two readings; 0 when it did not.

    Boot time runs on in sleep and monotonic time does not. A paused virtual machine (WSL
    with its host asleep) stops both; there UTC jumps ahead when it is set right again. A
    jump backwards says nothing about sleep.
    """
    ran_s = after.monotonic_s - before.monotonic_s
    slept_s = max(0.0, after.boottime_s - before.boottime_s - ran_s)
    jump_s = (after.utc_us - before.utc_us) / 1e6 - ran_s
    return max(slept_s, jump_s if jump_s >= CLOCK_STEP_MIN_S else 0.0)
