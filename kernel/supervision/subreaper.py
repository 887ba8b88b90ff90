"""The kernel as the one who inherits what its hosts leave behind.

Covers: becoming child subreaper, collecting exit statuses of processes that were handed to us.
Does not cover: ending them (`reaper`). With a process namespace nothing is ever handed over; this
is for machines without. Source: prctl(2), PR_SET_CHILD_SUBREAPER.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Collection
from typing import Final

from kernel.supervision.identity import read_stat
from kernel.supervision.process_tree import children_of

PR_SET_CHILD_SUBREAPER: Final = 36


def become_subreaper() -> None:
    """Orphans below this process become its children instead of init's; OSError when refused."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"prctl: {os.strerror(code)}")


def collect_adopted(own_pids: Collection[int]) -> tuple[int, ...]:
    """Collects dead children that nobody waits for, and says which.

    ``own_pids`` are children whose exit status somebody else will read. Children in the kernel's
    own session are left alone too: those are its short helper programs.
    """
    me = os.getpid()
    session = os.getsid(0)
    collected = []
    for stat in map(read_stat, children_of(me)):
        if stat is None or stat.pid in own_pids or stat.session == session:
            continue
        if stat.state == "Z":
            with contextlib.suppress(ChildProcessError):
                collected.append(os.waitpid(stat.pid, os.WNOHANG)[0])
    return tuple(collected)
