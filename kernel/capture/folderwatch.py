"""Waiting until something may have happened in a folder.

inotify where the file system reports to it, plain time where it does not (9p, network
drives): whoever waits looks at the folder after every return, so a report that never comes
costs time, not files. inotify is called directly: of the libraries, inotify_simple has had no
release for years, and watchfiles brings an event loop and a thread that wakes twenty times a
second. Covers: one folder, no recursion. Does not cover: looking (`kernel.capture.inbox`).
"""

from __future__ import annotations

import ctypes
import os
import select
import struct
from pathlib import Path

_IN_CLOSE_WRITE = 0x8
_IN_MOVED_TO = 0x80
_IN_UNMOUNT = 0x2000
_IN_IGNORED = 0x8000
_IN_ONLYDIR = 0x1000000
_MASK = _IN_CLOSE_WRITE | _IN_MOVED_TO | _IN_ONLYDIR
_EVENT = struct.Struct("=iIII")
_READ_BYTES = 65_536


class FolderWatch:
    """Wakes one waiting thread; `interrupt` may be called from any other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._interrupt_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._libc = ctypes.CDLL(None, use_errno=True)
        # Below zero where the system has no inotify or no more instances of it to give.
        self._inotify_fd: int = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        self._watching = False
        self._poll = select.poll()
        self._poll.register(self._interrupt_fd, select.POLLIN)
        if self._inotify_fd >= 0:
            self._poll.register(self._inotify_fd, select.POLLIN)
        self._watch()

    @property
    def fd(self) -> int:
        """Readable when there is something for `wait`; below zero where there is no inotify."""
        return self._inotify_fd

    @property
    def reports(self) -> bool:
        """Whether the folder is watched; True says nothing about 9p, where reports never come."""
        return self._watching

    def wait(self, timeout_s: float) -> bool:
        """Return after a change, an interruption, or the timeout; True for a change."""
        if not self._watching:
            self._watch()
        ready = {fd for fd, _ in self._poll.poll(max(0, int(timeout_s * 1000)))}
        if self._interrupt_fd in ready:
            os.eventfd_read(self._interrupt_fd)
        return self._inotify_fd in ready and self._drain()

    def interrupt(self) -> None:
        """Make the present or the next `wait` return at once."""
        os.eventfd_write(self._interrupt_fd, 1)

    def close(self) -> None:
        """Give the descriptors back; nobody may wait any more."""
        os.close(self._interrupt_fd)
        if self._inotify_fd >= 0:
            os.close(self._inotify_fd)

    def _watch(self) -> None:
        if self._inotify_fd >= 0:
            path = ctypes.c_char_p(os.fsencode(self._folder))
            watch = self._libc.inotify_add_watch(self._inotify_fd, path, _MASK)
            self._watching = watch >= 0

    def _drain(self) -> bool:
        """Read all reports; a folder that is gone is watched again by the next `wait`."""
        changed = False
        while True:
            try:
                data = os.read(self._inotify_fd, _READ_BYTES)
            except BlockingIOError:
                return changed
            offset = 0
            while offset < len(data):
                _, mask, _, name_bytes = _EVENT.unpack_from(data, offset)
                offset += _EVENT.size + name_bytes
                if mask & (_IN_IGNORED | _IN_UNMOUNT):
                    self._watching = False
                changed = True
