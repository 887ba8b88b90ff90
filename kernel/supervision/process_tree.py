"""Who lives below a process, read from /proc.

Covers: descendants by the kernel's own child lists (proc(5), /proc/PID/task/TID/children),
which costs one small file per thread. Does not cover: processes that were re-parented away;
a host's cannot be, its process namespace keeps them.
"""

from __future__ import annotations

from pathlib import Path

PROCESSES_MAX = 4_096
"""A tree larger than any limit of ours; the walk ends there."""


def descendants(pid: int) -> tuple[int, ...]:
    """Pids below ``pid``, parents before children; empty when it is gone."""
    found: list[int] = []
    waiting = _children(pid)
    while waiting and len(found) < PROCESSES_MAX:
        child = waiting.pop(0)
        found.append(child)
        waiting += _children(child)
    return tuple(found)


def _children(pid: int) -> list[int]:
    children: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            children += [int(word) for word in (task / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        # It ended while we looked: whoever is left below it is found from its new parent.
        return children
    return children
