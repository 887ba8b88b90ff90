"""How soon processes are gone, on a machine that may be crowded, as somebody outside sees it.

Time counts while nobody of them waits for a processor: ending takes a moment of one, and on a
crowded machine polite processes wait long for it. An absolute ceiling holds all the same.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.functional.outside import cpu_ns

LOOK_S = 0.01
CEILING_S = 60.0


def marked(nonce: str) -> set[int]:
    """Live processes that carry the mark of a run, born whenever; those we may not ask are left."""
    wanted = f"AUTOCAPTURE_RUN={nonce}".encode()
    found = set()
    for entry in os.listdir("/proc"):  # noqa: PTH208 - quick: many processes, many looks
        if not entry.isdigit():
            continue
        try:
            block = Path(f"/proc/{entry}/environ").read_bytes()
        except OSError:
            # Gone, or not ours to ask: the chain around a host is.
            continue
        if wanted in block.split(b"\0"):
            found.add(int(entry))
    return {pid for pid in found if state_of(pid) not in DEAD}


DEAD = frozenset({"", "Z", "X"})


def state_of(pid: int) -> str:
    """The state letter of a process; empty when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return text.rpartition(")")[2].split()[0]


@dataclass
class Ending:
    """Watches processes end; ``find`` names further ones at each look."""

    pids: set[int]
    find: Callable[[], Iterable[int]] = tuple
    fair_s: float = 0.0
    """Time in which no survivor waited for a processor."""
    wall_s: float = 0.0
    _clocks: dict[int, int] = field(default_factory=dict)

    def wait(self) -> None:
        """Until all are gone; AssertionError at the ceiling."""
        begin_s = last_s = time.monotonic()
        while survivors := self._survivors():
            assert self.wall_s < CEILING_S, f"still there: {survivors}"
            waiting = self._waits(survivors)
            time.sleep(LOOK_S)  # noqa: TID251 - nothing announces the end of somebody else's child
            now_s = time.monotonic()
            # A look that came late is this process waiting, too.
            step_s = min(now_s - last_s, 2 * LOOK_S)
            waiting = waiting and self._waits(survivors)
            if not waiting:
                self.fair_s += step_s
            last_s, self.wall_s = now_s, now_s - begin_s

    def _survivors(self) -> set[int]:
        self.pids |= set(self.find())
        self.pids = {pid for pid in self.pids if state_of(pid) not in DEAD}
        return self.pids

    def _waits(self, pids: set[int]) -> bool:
        """Whether one of them is ready to run and its clock stands still since the last look."""
        waits = False
        for pid in pids:
            before, self._clocks[pid] = self._clocks.get(pid, -1), cpu_ns(pid)
            if state_of(pid) == "R" and before == self._clocks[pid]:
                waits = True
        return waits
