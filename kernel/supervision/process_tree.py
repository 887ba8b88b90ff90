"""Who lives below a process, read from /proc.

Covers: descendants by the kernel's own child lists (proc(5), /proc/PID/task/TID/children),
which costs one small file per thread; strays of a group that were handed up to this process,
the subreaper (a host's process namespace keeps its own, where there is one). Does not cover:
signalling.
"""

from __future__ import annotations

import os
from pathlib import Path

from kernel.supervision.identity import read_stat

PROCESSES_MAX = 4_096
"""A tree larger than any limit of ours; the walk ends there."""


def descendants(pid: int) -> tuple[int, ...]:
    """Pids below ``pid``, parents before children; empty when it is gone."""
    found: list[int] = []
    waiting = children_of(pid)
    while waiting and len(found) < PROCESSES_MAX:
        child = waiting.pop(0)
        found.append(child)
        waiting += children_of(child)
    return tuple(found)


def members(stub_pid: int) -> tuple[int, ...]:
    """Pids below a host's stub, and those of its group that lost their parent and came to us."""
    found = list(descendants(stub_pid))
    for child in children_of(os.getpid()):
        stat = read_stat(child) if child != stub_pid else None
        if stat is not None and stat.group == stub_pid:
            found += [child, *descendants(child)]
    return tuple(found)


def threads_of(pid: int) -> tuple[int, ...]:
    """The ids of a process's threads; empty when it is gone."""
    try:
        return tuple(int(name) for name in os.listdir(f"/proc/{pid}/task"))  # noqa: PTH208 - quick
    except (FileNotFoundError, ProcessLookupError):
        # It ended: nothing of it runs any more.
        return ()


def children_of(pid: int) -> list[int]:
    """The direct children, zombies included; empty when it is gone."""
    children: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            children += [int(word) for word in (task / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        # It ended while we looked: whoever is left below it is found from its new parent.
        return children
    return children
