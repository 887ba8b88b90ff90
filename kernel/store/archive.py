"""Moving cold segments to another drive; they stay queryable while it is mounted.

A segment is copied, every frame of the copy is checked, the copy is synced, the journal
commits its new place and the ledger tells of it; only then is the first copy given up. It
is removed against a verified copy alone. Covers: choosing and moving. Does not cover: reading
(`kernel.store.blobs`), replacing by a packed form (`kernel.store.reclaim`).
"""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store import sqlite
from kernel.store.appender import Appender
from kernel.store.disk import OsDisk
from kernel.store.drives import (
    DRAINED_NAME,
    MARKER_NAME,
    PACKS_NAME,
    VolumeMarker,
    mark_volume,
    packs_dir,
    read_marker,
)
from kernel.store.failure import translated
from kernel.store.filecopy import copy_bytes, digest_file
from kernel.store.journal import PRIMARY, Journal, SegmentRow, VolumeRow
from kernel.store.ledger import append_entry
from kernel.store.manifest import MANIFEST_NAME, VOLUMES_NAME, WHOLE_NAME
from kernel.store.overlap import overlap
from kernel.store.pack import segment_path
from kernel.store.report import Progress, ProgressSink
from kernel.store.scan import scan_segment


@dataclass(frozen=True, slots=True)
class ArchiveReport:
    """Names of the segments that were moved, and their bytes; how many stay, and why.

    ``in_use``: still written to. ``too_new``: they hold a capture that is not old enough.
    """

    moved: tuple[str, ...]
    moved_bytes: int
    in_use: int = 0
    too_new: int = 0


def archive_segments(
    appender: Appender,
    data_root: Path,
    target: Path,
    *,
    older_than_us: int,
    now_us: int,
    progress: ProgressSink,
) -> ArchiveReport:
    """Move every closed segment whose captures are all older than ``older_than_us``.

    ``target`` must exist; it is marked as a volume of this data dir when something goes there.
    Raises `KernelError`:
    ``no-archive-dir``, ``folder-overlaps``, ``archive-foreign``, ``segment-damaged``,
    ``disk-full``, ``disk-failed``.
    """
    if not target.is_dir():
        raise KernelError("no-archive-dir", f"{target} is not a folder; is its drive mounted?")
    with translated(target):
        _check_apart(data_root, target)
        volume = _find_volume(appender, target.absolute())
        rows, in_use, too_new = _cold_segments(appender, older_than_us)
        if rows and volume is None:
            volume = _new_volume(appender, target.absolute())
        total, done, moved = sum(row.end_bytes for row in rows), 0, []
        for row in rows:
            assert volume is not None
            _move(appender, data_root, volume, row, now_us)
            moved.append(segment_path(target, row.number).name)
            done += row.end_bytes
            progress(Progress("archive", done, total, "bytes"))
    return ArchiveReport(tuple(moved), done, in_use, too_new)


def _check_apart(data_root: Path, target: Path) -> None:
    """An archive that is the data dir would be copied onto itself, and then given up."""
    own, theirs = (data_root, data_root / PACKS_NAME), (target, target / PACKS_NAME)
    if any(overlap(one, other) for one in own for other in theirs):
        raise KernelError(
            "folder-overlaps",
            f"{target} is the data dir {data_root}, or lies in it, or around it",
            hint="name a folder on another drive",
        )


def _find_volume(appender: Appender, target: Path) -> VolumeRow | None:
    """The archive that is there already, None for a folder that may become one."""
    marker = read_marker(target)
    if marker is None:
        if found := _evidence_in(target):
            raise _foreign(f"{target} has {found}: it is somebody's data dir, backup or archive")
        return None
    with appender.journal.turn() as connection:
        for volume in Journal(connection).volumes():
            if (volume.identity, volume.kind) == (marker.identity, "archive"):
                return volume
    raise _foreign(f"{target} belongs to another data dir")


def _new_volume(appender: Appender, target: Path) -> VolumeRow:
    with appender.journal.turn() as connection:
        journal = Journal(connection)
        row = VolumeRow(len(journal.volumes()) + 1, "archive", uuid.uuid4().hex, str(target))
        mark_volume(target, VolumeMarker(row.identity, row.kind), OsDisk())
        with sqlite.transaction(connection):
            journal.insert_volume(row.volume_id, row.kind, row.identity, row.root)
        return row


def _foreign(message: str) -> KernelError:
    return KernelError("archive-foreign", message, hint="name an empty folder")


def _evidence_in(target: Path) -> str | None:
    """The name of something that evidence is made of, in a folder without a marker."""
    names = (*DataDir(target).evidence_names, MANIFEST_NAME, WHOLE_NAME, VOLUMES_NAME, MARKER_NAME)
    for name in names:
        if os.path.lexists(target / name):
            return name
    # A first archive that was killed leaves these two, empty.
    for folder in (target / PACKS_NAME, target / DRAINED_NAME):
        if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
            return folder.name
    return None


def _cold_segments(appender: Appender, older_than_us: int) -> tuple[list[SegmentRow], int, int]:
    """What may move; how many segments are still written to; how many are too new."""
    with appender.journal.turn() as connection:
        journal = Journal(connection)
        rows = [row for row in journal.segments() if row.state in {"open", "sealed"}]
        # The newest one of each kind is still written to.
        newest = {row.content: row.number for row in rows}
        closed = [row for row in rows if newest[row.content] != row.number]
        cold = [row for row in closed if journal.newest_capture_us(row) < older_than_us]
    return cold, len(rows) - len(closed), len(closed) - len(cold)


def _move(
    appender: Appender, data_root: Path, volume: VolumeRow, row: SegmentRow, now_us: int
) -> None:
    source = segment_path(data_root / "packs", row.number)
    target = segment_path(packs_dir(data_root, volume), row.number)
    _copy(source, target, row.end_bytes)
    for frame in scan_segment(target, row.number):
        if frame.problem:
            raise KernelError(
                "segment-damaged",
                f"{source} at {frame.offset}: {frame.problem}; it was not moved",
                hint="run: kernel repair",
            )
    digest = digest_file(target)
    if digest != digest_file(source, row.end_bytes) or target.stat().st_size != row.end_bytes:
        raise KernelError("segment-damaged", f"{target} is not a copy of {source}")
    with appender.journal.turn() as connection, sqlite.transaction(connection):
        journal = Journal(connection)
        journal.record_segment(volume.volume_id, row.number, row.end_bytes, now_us)
        journal.seal_segment(volume.volume_id, row.number)
        journal.copy_places(row, volume.volume_id)
        journal.seal_segment(PRIMARY, row.number, "archived")
        detail = {"to": str(target), "bytes": str(row.end_bytes), "blake3": digest}
        append_entry(connection, "segment.archived", source.name, detail, now_us)
    _give_up_source(source, target, digest)


def _copy(source: Path, target: Path, end_bytes: int) -> None:
    """Make the copy; one that a kill left whole is used, anything else of its name is left."""
    if not os.path.lexists(target):
        copy_bytes(source, target, end_bytes)
    elif target.stat().st_size != end_bytes or digest_file(target) != digest_file(
        source, end_bytes
    ):
        raise _foreign(f"{target} is there and is not a copy of {source}; it is left as it is")


def _give_up_source(source: Path, target: Path, digest: str) -> None:
    """Free the primary drive of a segment whose verified copy is committed elsewhere."""
    if digest_file(target) != digest:
        raise KernelError("segment-damaged", f"{target} changed while it was committed")
    source.unlink()  # not evidence: since the commit, the verified copy is
    OsDisk().sync_dir(source.parent)
