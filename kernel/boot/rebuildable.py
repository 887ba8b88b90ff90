"""Opening stores that can be made again: a damaged one is set aside, not in the way of capture.

Covers: derived records and backlog. Nothing is removed: the damaged file keeps lying beside
under a name that says when. Does not cover: evidence, which is never set aside
(`kernel repair`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import apsw

from kernel.store.sqlite import require_files

T = TypeVar("T")
SUFFIXES = ("", "-wal", "-shm", "-journal")


def open_or_set_aside(path: Path, opener: Callable[[], T]) -> tuple[T, Path | None]:
    """What ``opener`` gives; on damage the files are renamed first and it is called again.

    Returns also the new name of the damaged file, None when all was well. Raises what the
    second attempt raises, and every error that is no damage.
    """
    try:
        return _checked(path, opener), None
    except (apsw.CorruptError, apsw.NotADBError):
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        aside = path.with_name(f"{path.name}.damaged-{stamp}")
        for suffix in SUFFIXES:
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
        return opener(), aside


def _checked(path: Path, opener: Callable[[], T]) -> T:
    """Look at the structure first: a damaged page is often met only when it is used."""
    if path.exists():
        require_files(path)
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            answer = str(connection.execute("PRAGMA quick_check(1)").get)
        finally:
            connection.close()
        if answer != "ok":
            raise apsw.CorruptError(answer)
    return opener()
