"""Wakes the kernel's loop the moment the person's word or the activity signal changes.

inotify on the folders of both files; where a file system does not report (9p, network drives)
the governor's own ticks find the change. Covers: the descriptors. Does not cover: reading the
files (`kernel.boot.observing`).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import zmq

from kernel.capture.folderwatch import FolderWatch


class WordWatch:
    """Watches folders from within a poller; made and used by the loop's thread."""

    def __init__(self, folders: Iterable[Path], poller: zmq.Poller) -> None:
        self._poller = poller
        self._watches = {
            watch.fd: watch for watch in map(FolderWatch, sorted(set(folders))) if watch.fd >= 0
        }
        for fd in self._watches:
            poller.register(fd, zmq.POLLIN)

    def has_news(self, keys: Iterable[object]) -> bool:
        """Whether one of the polled keys tells of a change; takes the reports in."""
        news = [self._watches[key] for key in keys if isinstance(key, int) and key in self._watches]
        return any(watch.wait(0.0) for watch in news)

    def close(self) -> None:
        """Give the descriptors back."""
        for fd, watch in self._watches.items():
            self._poller.unregister(fd)
            watch.close()
        self._watches = {}
