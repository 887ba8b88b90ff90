"""What the system counts of threads, read from /proc.

Covers: /proc/PID/task/TID/schedstat and the state in ``stat``. Does not cover: what follows from
it (`processor_wait`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from kernel.supervision.process_tree import threads_of
from kernel.supervision.processor_wait import ThreadTimes

THREADS_MAX = 256
"""More are not looked at: a host must not make the look at it dear."""
_READ_BYTES = 1_024
_SCHEDSTAT_FIELDS = 3


def read_thread_times(pids: Iterable[int]) -> dict[int, ThreadTimes]:
    """The threads of these processes by their ids, without those that are gone.

    Empty where the system does not count waiting (a kernel without CONFIG_SCHED_INFO).
    """
    found: dict[int, ThreadTimes] = {}
    for pid in pids:
        for tid in threads_of(pid):
            if len(found) >= THREADS_MAX:
                return found
            times = _read(f"/proc/{pid}/task/{tid}")
            if times is not None:
                found[tid] = times
    return found


def parse_thread_times(schedstat: str, stat: str) -> ThreadTimes:
    """The two files of one thread; pure. Raises ValueError when they are not what they should be.

    The process name may hold spaces and parentheses: the state follows the last one.
    """
    fields = [int(field) for field in schedstat.split()]
    state = stat.rpartition(")")[2].split()[:1]
    if len(fields) < _SCHEDSTAT_FIELDS or not state:
        msg = f"not the times of a thread: {schedstat!r}, {stat!r}"
        raise ValueError(msg)
    return ThreadTimes(fields[0], fields[1], fields[2], is_runnable=state[0] == "R")


def _read(folder: str) -> ThreadTimes | None:
    try:
        return parse_thread_times(_text(f"{folder}/schedstat"), _text(f"{folder}/stat"))
    except (OSError, ValueError):
        # It ended meanwhile, or nothing is counted here.
        return None


def _text(path: str) -> str:
    # One plain read: file objects cost several times as much.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, _READ_BYTES).decode("utf-8", "replace")
    finally:
        os.close(descriptor)
