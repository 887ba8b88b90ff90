"""The watch on the kernel: a pipe whose write end only the kernel holds.

Covers: one check and a watching thread. Does not cover: the loop of a host that polls the
descriptor itself. A plugin that never gives the interpreter lock back stops the thread; the
parent-death signal and the process namespace do not depend on it.
"""

from __future__ import annotations

import os
import select
import threading
from typing import Final

EXIT_KERNEL_GONE: Final = 76
"""Exit status of a host whose kernel went away."""


def is_cut(lifeline_fd: int) -> bool:
    """True when nobody holds the write end any more."""
    poll = select.poll()
    poll.register(lifeline_fd, select.POLLIN)
    return any(mask & (select.POLLHUP | select.POLLERR) for _, mask in poll.poll(0))


def watch(lifeline_fd: int) -> threading.Thread:
    """Starts a daemon thread that ends the process, without clean-up, when the kernel is gone."""
    thread = threading.Thread(
        target=_wait_and_exit, args=(lifeline_fd,), name="lifeline", daemon=True
    )
    thread.start()
    return thread


def _wait_and_exit(lifeline_fd: int) -> None:
    poll = select.poll()
    poll.register(lifeline_fd, 0)
    poll.poll()
    # Exit handlers could hang in a plugin's hands; nothing of ours needs them.
    os._exit(EXIT_KERNEL_GONE)
