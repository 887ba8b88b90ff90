"""The time a question may take.

Covers: one deadline for all steps, broken off between steps and inside SQLite. Does not cover:
the person's Ctrl-C (it ends the process).
"""

from __future__ import annotations

from collections.abc import Callable


class OutOfTime(Exception):
    """The time limit is reached."""


class Deadline:
    """A moment after which `check` raises `OutOfTime`."""

    def __init__(self, limit_s: float, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._end_s = now_s() + limit_s
        self.limit_s = limit_s

    @property
    def is_over(self) -> bool:
        """Whether the time is used up."""
        return self._now_s() > self._end_s

    def check(self) -> None:
        """Raises `OutOfTime` when the time is used up."""
        if self.is_over:
            raise OutOfTime
