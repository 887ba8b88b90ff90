"""Bringing spooled evidence home once the primary drive has room again.

Each step copies some frames, reads them back, commits their new places. A segment whose
frames are all home is moved to the spool's ``drained`` folder: a second copy that the person
may take away; this program does not. A crash in between repeats at most one step. Covers:
choosing what to copy next, sealing. Does not cover: when (`kernel.store.pressure`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kernel.config.errors import KernelError
from kernel.store import sqlite
from kernel.store.appender import Appender
from kernel.store.disk import OsDisk, make_durable_dir
from kernel.store.drives import drained_dir, is_mounted, packs_dir
from kernel.store.failure import translated
from kernel.store.frame import FrameKind
from kernel.store.journal import PRIMARY, Journal, SegmentRow, VolumeRow
from kernel.store.ledger import append_entry
from kernel.store.pack import Frame, segment_path
from kernel.store.scan import ScannedFrame, scan_segment

DRAIN_BYTES = 32 << 20
"""How much one call copies, about; captures wait no longer than one step takes."""
STEP_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class DrainReport:
    """What one call did; ``segments_pending`` is 0 when the spool is empty."""

    bytes_copied: int
    segments_sealed: int
    segments_pending: int


def pending_segments(journal: Journal) -> list[tuple[VolumeRow, SegmentRow]]:
    """Spool segments that hold evidence which is not home yet, the oldest first."""
    return [
        (volume, row)
        for volume in journal.volumes()
        if volume.kind == "spool"
        for row in journal.segments(volume.volume_id)
        if row.state != "drained"
    ]


def drain(appender: Appender, data_root: Path, now_us: int, bytes_max: int) -> DrainReport:
    """Copy up to about ``bytes_max``; see `EvidenceStore.drain_spool`. Raises `KernelError`."""
    copied = sealed = 0
    with appender.journal.turn() as connection:
        pending = pending_segments(Journal(connection))
    if pending and appender.disk_decision(now_us).drain:
        appender.end_spool_segment()
        for volume, row in pending:
            if copied >= bytes_max or not is_mounted(data_root, volume):
                break
            path = segment_path(packs_dir(data_root, volume), row.number)
            with translated(path):
                count, whole = _copy_segment(appender, path, row, now_us, bytes_max - copied)
                copied += count
                if whole:
                    _seal(appender, data_root, volume, row, now_us)
                    sealed += 1
    return DrainReport(copied, sealed, len(pending) - sealed)


def _copy_segment(
    appender: Appender, path: Path, row: SegmentRow, now_us: int, bytes_max: int
) -> tuple[int, bool]:
    """Bytes copied, and whether nothing of the segment is left to copy."""
    copied = 0
    group: list[Frame] = []
    for found in scan_segment(path, row.number, end=row.end_bytes):
        frame = _wanted(appender, found, path)
        if frame is None:
            continue
        group.append(frame)
        if sum(len(part.payload) for part in group) >= STEP_BYTES:
            copied += _bring_home(appender, group, now_us)
            group = []
            if copied >= bytes_max:
                return copied, False
    if group:
        copied += _bring_home(appender, group, now_us)
    return copied, True


def _wanted(appender: Appender, found: ScannedFrame, path: Path) -> Frame | None:
    """The frame, unless it is home already from a step before."""
    if found.problem or found.header is None:
        raise KernelError(
            "spool-damaged",
            f"{path} at {found.offset}: {found.problem}",
            hint="run: kernel verify; then: kernel repair",
        )
    header = found.header
    if header.kind is FrameKind.BLOB:
        with appender.journal.turn() as connection:
            places = Journal(connection).places(header.digest)
        if not places or any(place.volume_id == PRIMARY for place in places):
            return None
    return Frame(header.kind, header.digest, found.payload, found.media_type, header.codec)


def _bring_home(appender: Appender, frames: list[Frame], now_us: int) -> int:
    blob_ids: dict[bytes, int] = {}
    with appender.journal.turn() as connection:
        journal = Journal(connection)
        for frame in frames:
            blob_id = journal.blob_id(frame.digest)
            if frame.kind is FrameKind.BLOB and blob_id is not None:
                blob_ids[frame.digest] = blob_id
    return appender.bring_home(frames, blob_ids, now_us)


def _seal(
    appender: Appender, data_root: Path, volume: VolumeRow, row: SegmentRow, now_us: int
) -> None:
    source = segment_path(packs_dir(data_root, volume), row.number)
    target = segment_path(drained_dir(data_root, volume), row.number)
    with appender.journal.turn() as connection, sqlite.transaction(connection):
        Journal(connection).seal_segment(row.volume_id, row.number, "drained")
        detail = {"segment": source.name, "bytes": str(row.end_bytes)}
        append_entry(connection, "spool.drained", volume.identity, detail, now_us)
    # After the commit: a segment that is still in place is only copied once more, to no effect.
    make_durable_dir(target.parent, OsDisk())
    source.rename(target)
    OsDisk().sync_dir(target.parent)
    OsDisk().sync_dir(source.parent)
