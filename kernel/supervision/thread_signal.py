"""Stops a process by each of its threads, so that none waits for another to be told.

SIGSTOP to a process wakes one thread, mostly the first, and only when that one gets the
processor are the others told: on a crowded machine a busy thread runs on for tens of
milliseconds. Sent to each thread by itself it holds all of them before their next instruction
outside the system, and none can fork any more. SIGCONT to the process undoes all of it.
Sources: signal(7), tgkill(2); ``complete_signal`` and ``prepare_signal`` in Linux.

Covers: one thread, one signal. Does not cover: which threads (`process_tree`).
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
from collections.abc import Callable
from functools import cache


def stop_thread(pid: int, tid: int) -> None:
    """SIGSTOP to one thread, and with it to its process; nothing when it is gone.

    Raises PermissionError when it may not be signalled.
    """
    code = _tgkill()(pid, tid)
    if code not in {0, errno.ESRCH}:
        raise OSError(code, os.strerror(code), f"thread {tid} of process {pid}")


@cache
def _tgkill() -> Callable[[int, int], int]:
    """A call that gives 0 or an errno."""
    libc = ctypes.CDLL(None, use_errno=True)
    tgkill = getattr(libc, "tgkill", None)
    if tgkill is None:
        return _stop_process

    def stop(pid: int, tid: int) -> int:
        return ctypes.get_errno() if tgkill(pid, tid, int(signal.SIGSTOP)) < 0 else 0

    return stop


def _stop_process(pid: int, _tid: int) -> int:
    """A C library without tgkill (musl, glibc before 2.30): the process, by its first thread."""
    try:
        os.kill(pid, signal.SIGSTOP)
    except OSError as error:
        return error.errno or errno.EINVAL
    return 0
