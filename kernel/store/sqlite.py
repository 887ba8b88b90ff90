"""The one door to SQLite: every connection of the project is made here, by one driver.

apsw rather than the interpreter's sqlite3: the latter lacks loadable extensions and
contentless-delete FTS5 on many machines, and two SQLite copies in one process break each
other's POSIX locks. Covers: connections, transactions, pragmas. Does not cover: schemas.
"""

from __future__ import annotations

import contextlib
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import apsw

BUSY_TIMEOUT_MS = 10_000
CHECK_STEPS = 1_000
"""SQLite instructions between two looks at the clock."""


def connect(path: Path, *, read_only: bool = False, durable: bool = True) -> apsw.Connection:
    """A connection in WAL mode.

    ``durable``: commits survive a power cut (synchronous=FULL); otherwise only a crash of
    the process (NORMAL), which is right for data that can be rebuilt.
    Raises `apsw.Error` (`apsw.CantOpenError` when a file to read does not exist,
    `apsw.NotADBError` when something else than a file has its name).
    """
    require_files(path)
    flags = (
        apsw.SQLITE_OPEN_READONLY
        if read_only
        else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    )
    connection = apsw.Connection(str(path), flags=flags)
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    if not read_only:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        connection.execute("PRAGMA foreign_keys=ON")
    return connection


def require_files(path: Path) -> None:
    """Raise `apsw.NotADBError` when the database or what goes with it is there and no file.

    SQLite waits for the other end of a pipe for ever, and no signal handler runs meanwhile.
    """
    for suffix in ("", "-wal", "-shm", "-journal"):
        part = path.with_name(path.name + suffix)
        try:
            mode = part.stat().st_mode
        except OSError:
            # Not there, or not to be looked at: SQLite says which.
            continue
        if not stat.S_ISREG(mode):
            raise apsw.NotADBError(f"{part} is no regular file")


def structure_fault(path: Path, *, budget_s: float) -> str:
    """What `PRAGMA quick_check` finds first, empty when nothing, or nothing within the time.

    A check that is not through after ``budget_s`` seconds is broken off: on a large database the
    beginning alone is looked at. Raises `apsw.Error` as `connect` does.
    """
    end_s = time.monotonic() + budget_s
    connection = connect(path, read_only=True)
    try:
        connection.set_progress_handler(lambda: time.monotonic() > end_s, CHECK_STEPS)
        answer = str(connection.execute("PRAGMA quick_check(1)").get)
    except apsw.InterruptError:
        return ""
    except (apsw.CorruptError, apsw.NotADBError) as error:
        return str(error)
    finally:
        connection.close()
    return "" if answer == "ok" else answer


@contextlib.contextmanager
def transaction(connection: apsw.Connection) -> Iterator[apsw.Connection]:
    """Run the body in one write transaction: all of it commits, or none."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        # Inside the try: a COMMIT that fails leaves the transaction open.
        connection.execute("COMMIT")
    except BaseException:
        # SQLite may have rolled back by itself (a full disk); a second ROLLBACK would mask why.
        if not connection.get_autocommit():
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def relaxed(connection: apsw.Connection, *, wanted: bool) -> Iterator[None]:
    """Commits in the body survive a crash of the process, not yet a power cut.

    For a durable connection whose rows can be rebuilt from something that is synced already.
    Before a transaction begins; does nothing unless ``wanted``.
    """
    if not wanted:
        yield
        return
    connection.execute("PRAGMA synchronous=NORMAL")
    try:
        yield
    finally:
        connection.execute("PRAGMA synchronous=FULL")
