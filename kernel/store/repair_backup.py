"""What a repair takes from a backup beside blobs: segments, anchors, entries of the ledger.

Adds only: a damaged file goes into the quarantine as it is before a whole one takes its name.
Covers: the data dir's own segments and anchors. Does not cover: blobs and the journal
(`kernel.store.repair`), segments on other drives.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import apsw

from kernel.config.paths import DataDir
from kernel.store import sqlite
from kernel.store.disk import OsDisk, make_durable_dir
from kernel.store.filecopy import bring_up, copy_bytes, copy_part, sync_file
from kernel.store.frame import SEGMENT_HEADER_BYTES
from kernel.store.journal import GONE_STATES, PRIMARY, Journal, VolumeRow
from kernel.store.ledger import ANCHORS_NAME
from kernel.store.ledger_join import LedgerRows, join_anchors, read_ledger
from kernel.store.manifest import read_manifest
from kernel.store.pack import list_segments, segment_path
from kernel.store.scan import scan_segment


def spare_ledger(backup: Path) -> tuple[LedgerRows, tuple[VolumeRow, ...]]:
    """Ledger and volumes of the backup's journal, as far as it can be read."""
    path = backup / "journal.db"
    if not path.is_file():
        return LedgerRows(), ()
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return read_ledger(connection), tuple(Journal(connection).volumes())
    except (apsw.Error, TypeError):
        return LedgerRows(), ()
    finally:
        connection.close()


def is_of_this(data_dir: DataDir, backup: Path) -> bool:
    """Whether the backup is one of this data dir: by its identity, or by segments in both.

    A journal that was built anew without its old one has another identity.
    """
    manifest = read_manifest(backup)
    if manifest is None:
        return False
    if _identity(data_dir.journal_db) in {None, manifest.identity}:
        return True
    mine, theirs = data_dir.packs_dir, backup / "packs"
    both = set(list_segments(mine)) & set(list_segments(theirs))
    return any(_same_start(segment_path(mine, n), segment_path(theirs, n)) for n in both)


def restore_anchors(data_dir: DataDir, backup: Path, aside: Path) -> bool:
    """Put anchors that are gone or damaged back; whether any were."""
    own, spare = data_dir.anchors_dir / ANCHORS_NAME, backup / "anchors" / ANCHORS_NAME
    if not spare.exists():
        return False
    before = own.read_bytes() if own.exists() else b""
    joined = join_anchors(before, spare.read_bytes())
    if joined == before:
        return False
    make_durable_dir(data_dir.anchors_dir, OsDisk())
    fresh = own.with_name(f"{own.name}.new")
    fresh.write_bytes(joined)
    sync_file(fresh)
    _take_place(fresh, own, aside)
    return True


def restore_segments(data_dir: DataDir, backup: Path, aside: Path) -> list[str]:
    """Put segments that are gone or damaged back where the backup has them whole; their names.

    Segments that were moved or replaced stay so.
    """
    gone = _gone(data_dir.journal_db)
    manifest = read_manifest(backup)
    wanted = {file.path for file in manifest.files} if manifest else set()
    names: list[str] = []
    for number in list_segments(backup / "packs"):
        spare = segment_path(backup / "packs", number)
        if number in gone or f"packs/{spare.name}" not in wanted or not _is_whole(spare, number):
            continue
        own = segment_path(data_dir.packs_dir, number)
        if own.exists() and (_is_whole(own, number) or not _same_start(own, spare)):
            continue
        make_durable_dir(data_dir.packs_dir, OsDisk())
        fresh = copy_part(spare, own, spare.stat().st_size)
        if own.exists():
            bring_up(own, fresh, fresh.stat().st_size, own.stat().st_size)
        _take_place(fresh, own, aside)
        names.append(own.name)
    return names


def _take_place(fresh: Path, own: Path, aside: Path) -> None:
    """Give the whole file the name; what had it stays in the quarantine."""
    if own.exists():
        make_durable_dir(aside, OsDisk())
        try:
            os.link(own, aside / own.name)
        except OSError:
            # A file system without links: a copy is as good.
            copy_bytes(own, aside / own.name, own.stat().st_size)
        OsDisk().sync_dir(aside)
    fresh.replace(own)
    OsDisk().sync_dir(own.parent)


def _is_whole(path: Path, number: int) -> bool:
    return not any(frame.problem for frame in scan_segment(path, number))


def _same_start(one: Path, other: Path) -> bool:
    """Whether both are copies of one segment: its header has the moment it was begun."""
    starts = []
    for path in (one, other):
        with path.open("rb") as file:
            starts.append(file.read(SEGMENT_HEADER_BYTES))
    return starts[0] == starts[1]


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[Journal | None]:
    if not path.exists() or not path.stat().st_size:
        yield None
        return
    connection = sqlite.connect(path, read_only=True)
    try:
        yield Journal(connection)
    finally:
        connection.close()


def _identity(path: Path) -> str | None:
    with contextlib.suppress(apsw.Error, IndexError, TypeError), _reading(path) as journal:
        return journal.volumes()[0].identity if journal else None
    return None


def _gone(path: Path) -> set[int]:
    with contextlib.suppress(apsw.Error, TypeError), _reading(path) as journal:
        rows = journal.segments(PRIMARY) if journal else []
        return {row.number for row in rows if row.state in GONE_STATES}
    return set()
