"""How much was captured and processed in the last minute.

Covers: a sliding window over two counters. Does not cover: the counters themselves.
"""

from __future__ import annotations

from collections import deque

WINDOW_S = 60.0
STEP_S = 1.0


class Rates:
    """Ticked by the kernel's loop with the totals so far."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int, int]] = deque()

    def tick(self, now_s: float, *, captured: int, done: int) -> None:
        """Note the totals, once in `STEP_S`; what is older than the window is forgotten."""
        if self._seen and now_s - self._seen[-1][0] < STEP_S:
            return
        self._seen.append((now_s, captured, done))
        while len(self._seen) > 1 and now_s - self._seen[1][0] >= WINDOW_S:
            self._seen.popleft()

    def facts(self, *, captured: int, done: int) -> dict[str, int]:
        """Captures and finished tasks within the window up to these totals."""
        _, captured_before, done_before = self._seen[0] if self._seen else (0.0, captured, done)
        return {
            "captured_per_min": captured - captured_before,
            "done_per_min": done - done_before,
        }
