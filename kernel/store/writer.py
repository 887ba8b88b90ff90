"""The one writing connection of a journal and the lock around it.

Covers: taking turns, transactions, telling a full disk from a bug. Does not cover: what is
written.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import apsw

from kernel.store import sqlite
from kernel.store.failure import translated
from kernel.store.readers import store_closed

_LOG = logging.getLogger(__name__)


class JournalWriter:
    """Serialises all writing of one process; safe from any thread."""

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._lock = threading.RLock()
        self._closed = False

    @contextlib.contextmanager
    def turn(self) -> Iterator[apsw.Connection]:
        """The connection, to the exclusion of all other writers, without a transaction.

        Raises `KernelError` ``store-closed``, and ``disk-full`` or ``disk-failed`` for what
        SQLite or the system report from within the body.
        """
        with self._lock:
            if self._closed:
                raise store_closed()
            with translated(self._path):
                yield self._connection

    @contextlib.contextmanager
    def transaction(self) -> Iterator[apsw.Connection]:
        """As `turn`, and the body commits as a whole, durably, or not at all."""
        with self.turn() as connection, sqlite.transaction(connection):
            yield connection

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def close(self) -> None:
        """Wait for the writer at work, then close the connection; twice is once."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                self._connection.close()
            except apsw.Error as error:
                # The last checkpoint failed: its pages stay in the log, nothing is lost.
                _LOG.warning("%s: closed without a checkpoint: %s", self._path, error)
