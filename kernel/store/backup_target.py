"""Whether a folder may take the backup of a data dir, asked before anything is written there.

A folder takes it when it is empty of evidence, or when what is there is a backup of this data
dir: by its manifest, or, where a first backup was cut short or the manifest was lost, by the
journal or the segments. Covers: that question. Does not cover: the copying
(`kernel.store.backup`).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import apsw

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.drives import MARKER_NAME
from kernel.store.frame import SEGMENT_HEADER_BYTES
from kernel.store.journal import Journal
from kernel.store.manifest import VOLUMES_NAME, WHOLE_NAME, Manifest
from kernel.store.overlap import lies_within
from kernel.store.pack import list_segments, segment_path


def check_target(data_dir: DataDir, identity: str, target: Path, manifest: Manifest | None) -> None:
    """Raise `KernelError` ``backup-foreign`` unless the folder may take the backup.

    Raises ``folder-overlaps`` for the data dir itself and what lies in it. ``identity`` is
    that of the data dir. Nothing is written. Raises `OSError`.
    """
    there = DataDir(target)
    if lies_within(target, data_dir.root) or lies_within(target, data_dir.packs_dir):
        raise KernelError(
            "folder-overlaps",
            f"{target} is the data dir {data_dir.root}, or lies in it",
            hint="name a folder elsewhere, best on another drive",
        )
    for path in (there.lock_file, there.reserve_file):
        # Of the same identity too: a restored data dir has captures of its own by now.
        if os.path.lexists(path):
            raise _foreign(f"{target} is in use as a data dir: it has {path.name}")
    if manifest is not None:
        if manifest.identity != identity:
            raise _foreign(f"{target} holds the backup of another data dir")
        return
    if os.path.lexists(target / MARKER_NAME):
        raise _foreign(f"{target} is an archive or a spool: it has {MARKER_NAME}")
    journals = (there.journal_db, target / f"{there.journal_db.name}.new")
    known = [found for path in journals if (found := _identity(path)) is not None]
    if known:
        if known[0] != identity:
            raise _foreign(f"{target} holds evidence of another data dir")
    elif _has_evidence(there) and not _shares_segment(data_dir, there):
        raise _foreign(f"{target} holds evidence, and nothing tells that it is of this data dir")


def _foreign(message: str) -> KernelError:
    return KernelError("backup-foreign", message, hint="choose another folder")


def _identity(path: Path) -> str | None:
    """The identity that a journal tells, None for one that cannot be read."""
    if not path.is_file():
        return None
    with contextlib.suppress(apsw.Error, IndexError, TypeError), _untouched(path) as connection:
        return Journal(connection).volumes()[0].identity
    return None


@contextlib.contextmanager
def _untouched(path: Path) -> Iterator[apsw.Connection]:
    """A connection that makes no file beside the database, whoever's it is."""
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    connection = apsw.Connection(f"{path.absolute().as_uri()}?immutable=1", flags=flags)
    try:
        yield connection
    finally:
        connection.close()


def _has_evidence(there: DataDir) -> bool:
    """Whether anything lies there that a backup would write over or mix with."""
    if os.path.lexists(there.journal_db) or list_segments(there.packs_dir):
        return True
    folders = (there.anchors_dir, there.root / VOLUMES_NAME, there.root / WHOLE_NAME)
    return any(os.path.lexists(folder) for folder in folders)


def _shares_segment(data_dir: DataDir, there: DataDir) -> bool:
    """Whether a segment begins as ours of that name: the moment it was begun is in its head."""
    mine, theirs = data_dir.packs_dir, there.packs_dir
    both = set(list_segments(mine)) & set(list_segments(theirs))
    return any(_head(segment_path(mine, n)) == _head(segment_path(theirs, n)) for n in both)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(SEGMENT_HEADER_BYTES)
