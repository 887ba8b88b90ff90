"""The person's hands as the kernel sees them: the activity file, rewritten each second.

Covers: the contract of docs/activity.md from the writer's side. Does not cover: frames.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from kernel.soak.day import Truth

REWRITE_S = 1.0


class Person:
    """Writes the signal; one thread calls it."""

    def __init__(self, signal_file: Path) -> None:
        self._path = signal_file
        self._seq = time.time_ns() // 1_000_000
        self._last_input_ms = 0
        self._next_s = 0.0
        self._truth: Truth | None = None

    def tick(self, truth: Truth) -> bool:
        """Rewrite where it is due; true when the person came or left with this call."""
        now_s = time.monotonic()
        turned = truth != self._truth
        if not turned and now_s < self._next_s:
            return False
        self._truth, self._next_s = truth, now_s + REWRITE_S
        now_ms = int(now_s * 1000)
        if truth == "active" or not self._last_input_ms:
            self._last_input_ms = now_ms
        self._seq += 1
        document = {
            "schema": 1,
            "seq": self._seq,
            "written_ms": now_ms,
            "last_input_ms": self._last_input_ms,
        }
        part = self._path.with_name(self._path.name + ".tmp")
        part.write_text(json.dumps(document))
        part.replace(self._path)
        return turned
