"""Keeps one failing part of the loop from ending the others.

Covers: calling a part, remembering why it failed, leaving it alone for a while. Does not
cover: what the parts do. Only errors of disk and databases are caught: a bug still ends the
kernel with its traceback, and the next start takes up the work.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import apsw

from kernel.config.errors import KernelError

REST_S = 5.0


class Guard:
    """Parts by name; used from one thread."""

    def __init__(self, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._resting_until_s: dict[str, float] = {}
        self.problems: dict[str, str] = {}

    def call(self, part: str, run: Callable[[], object], *, rests: bool = True) -> None:
        """Run the part; one that failed a moment ago is left alone, unless it never ``rests``."""
        if rests and self._now_s() < self._resting_until_s.get(part, 0.0):
            return
        try:
            run()
        except (KernelError, apsw.Error, OSError) as error:
            self.problems[part] = f"{part}: {type(error).__name__}: {error}"[:500]
            self._resting_until_s[part] = self._now_s() + REST_S
        else:
            self.problems.pop(part, None)
