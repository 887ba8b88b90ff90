"""Takes a host's processor away: it may run only where others always want to, and after them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from kernel.supervision.process_tree import descendants, threads_of

HOGS = 6


@contextmanager
def starved(pid: int, *, politely: bool = False) -> Iterator[None]:
    """All threads of ``pid`` and below share one core with busy loops while the block runs.

    They come after all others (SCHED_IDLE); ``politely`` leaves them their own niceness:
    some per cent of the core.
    """
    core = min(os.sched_getaffinity(0))
    hogs = [
        subprocess.Popen(
            [
                sys.executable,
                "-S",
                "-c",
                f"import os; os.sched_setaffinity(0, {{{core}}}); print(flush=True)\nwhile 1: pass",
            ],
            stdout=subprocess.PIPE,
        )
        for _ in range(HOGS)
    ]
    try:
        for hog in hogs:
            assert hog.stdout is not None
            assert hog.stdout.readline() == b"\n"
        for tid in (tid for member in (pid, *descendants(pid)) for tid in threads_of(member)):
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(tid, {core})
                if not politely:
                    os.sched_setscheduler(tid, os.SCHED_IDLE, os.sched_param(0))
        yield
    finally:
        for hog in hogs:
            hog.kill()
        for hog in hogs:
            hog.communicate()
