"""Reading connections, each used by one thread at a time.

Covers: lending, returning and closing read-only connections. Does not cover: writing, which
has one connection of its own (`kernel.store.writer`).
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import apsw

from kernel.config.errors import KernelError
from kernel.store import sqlite

IDLE_CONNECTIONS_MAX = 8


class ReaderPool:
    """Lends read-only connections to one journal; safe from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[apsw.Connection] = []
        self._lock = threading.Lock()
        self._closed = False

    @contextlib.contextmanager
    def borrow(self) -> Iterator[apsw.Connection]:
        """A connection for the body alone. Raises `KernelError` ``store-closed``."""
        with self._lock:
            if self._closed:
                raise store_closed()
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = connect_reader(self._path)
        try:
            yield connection
        finally:
            self._give_back(connection)

    def _give_back(self, connection: apsw.Connection) -> None:
        with self._lock:
            if not self._closed and len(self._idle) < IDLE_CONNECTIONS_MAX:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close what is idle now and what is lent when it comes back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()


def connect_reader(path: Path) -> apsw.Connection:
    """A read-only connection; also on a drive that is mounted read-only."""
    if not os.access(path.parent, os.W_OK) and not path.with_name(path.name + "-wal").exists():
        # Without a writable directory SQLite cannot make its shared-memory file; with no
        # log beside it and no way to write, the file cannot change under us.
        sqlite.require_files(path)
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        return apsw.Connection(f"{path.absolute().as_uri()}?immutable=1", flags=flags)
    return sqlite.connect(path, read_only=True)


def store_closed() -> KernelError:
    """The error for using a store after `close`."""
    return KernelError("store-closed", "the evidence store was closed")
