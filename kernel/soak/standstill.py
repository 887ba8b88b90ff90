"""Whether the machine slept, or the soak stood still, between two looks at the clocks.

Covers: a suspend of Linux (the boot clock runs on, the monotonic one does not), one of the machine
around a virtual one (all its clocks stand, then the wall clock is set right), a soak that got no
turn. Does not cover: writing the gap down (`kernel.soak.endurance`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from kernel.soak.silence import SUSPEND

STALL_S = 30.0
"""Less than this is no gap: a busy machine gives turns late, and clocks are set by seconds."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Three clocks at one moment, in seconds: without sleep, with it, and UTC."""

    mono_s: float
    boot_s: float
    wall_s: float


@dataclass(frozen=True, slots=True)
class Standstill:
    """``explained_by`` is `SUSPEND` where a clock proves it, else None."""

    length_s: float
    explained_by: str | None


def read_clocks() -> Clocks:
    """All three, now."""
    return Clocks(time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME), time.time())


def find_standstill(before: Clocks, after: Clocks, *, busy_s: float = 0.0) -> Standstill | None:
    """What lies between two turns; ``busy_s`` of it the soak itself worked.

    A wall clock that was set ahead by somebody looks as the suspend of a virtual machine does: in
    both cases no time passed in which something could have been watched.
    """
    ran_s = after.mono_s - before.mono_s
    slept_s = (after.boot_s - before.boot_s) - ran_s
    jumped_s = (after.wall_s - before.wall_s) - ran_s
    gone_s = max(slept_s, jumped_s)
    if gone_s > STALL_S:
        return Standstill(ran_s + gone_s, SUSPEND)
    if ran_s - busy_s > STALL_S:
        return Standstill(ran_s, None)
    return None
