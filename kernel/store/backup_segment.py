"""One segment of a backup: verified against its source, continued, never overwritten.

Bytes below a segment's end never change, so what a backup holds is a beginning of its source.
Where it is not, one of the two is damaged: the intact one is kept. Covers: comparing, copying
what is new, laying a damaged copy aside. Does not cover: which segments belong to a backup
(`kernel.store.backup`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kernel.store.disk import OsDisk, make_durable_dir
from kernel.store.filecopy import bring_up, copy_bytes, first_difference
from kernel.store.frame import SEGMENT_HEADER_BYTES
from kernel.store.journal import SegmentRow
from kernel.store.report import Finding
from kernel.store.scan import scan_segment

REPAIR_HINT = "run: kernel repair --from-backup with this folder"


class SegmentReplacedError(Exception):
    """The running kernel gave the segment up; the journal's copy is of a moment before."""


@dataclass(frozen=True, slots=True)
class KeptSegment:
    """What was copied, and what of the source (or of the copy) was found damaged."""

    copied_bytes: int
    findings: tuple[Finding, ...] = ()


def keep_segment(source: Path, target: Path, row: SegmentRow, recorded_bytes: int) -> KeptSegment:
    """Make ``target`` hold what the segment has up to its end, keeping what it has intact.

    ``recorded_bytes``: how much of ``target`` an earlier manifest tells of. Raises `OSError`
    (`FileNotFoundError` when the source is gone and ``target`` lacks some of it).
    """
    make_durable_dir(target.parent, OsDisk())
    if not target.exists():
        return KeptSegment(copy_bytes(source, target, row.end_bytes))
    held = _held_bytes(target, row, recorded_bytes)
    if not source.exists() and held >= row.end_bytes:
        return missing_segment(source, target)
    at = first_difference(source, target, held)
    if at is None:
        return KeptSegment(bring_up(source, target, held, row.end_bytes))
    return _keep_better(source, target, row, held, at)


def missing_segment(source: Path, target: Path) -> KeptSegment:
    """What to tell of a segment that is gone from the data dir."""
    if target.exists():
        message = f"the segment is gone; the backup holds it: {REPAIR_HINT}"
    else:
        message = "the segment is gone and the backup never held it: run: kernel verify"
    return KeptSegment(0, (Finding(code="segment-missing", where=str(source), message=message),))


def _keep_better(source: Path, target: Path, row: SegmentRow, held: int, at: int) -> KeptSegment:
    if at < SEGMENT_HEADER_BYTES and not _starts_damaged(source, target, row.number):
        message = "it is another segment than the backup's of this name: back up to a new folder"
        return KeptSegment(0, (_damaged(source, "segment-diverged", message),))
    if _is_intact(source, row) and not _is_intact(target, row, held):
        aside = _free_name(target)
        target.rename(aside)
        copied = copy_bytes(source, target, row.end_bytes)
        message = f"the backup's copy was damaged; it lies as {aside.name}, a new one was made"
        return KeptSegment(copied, (_damaged(target, "backup-copy-damaged", message),))
    copied = bring_up(source, target, held, row.end_bytes)
    message = f"it differs from the backup at byte {at}; the backup's bytes stay: {REPAIR_HINT}"
    return KeptSegment(copied, (_damaged(source, "segment-damaged", message),))


def _damaged(where: Path, code: str, message: str) -> Finding:
    return Finding(code=code, where=str(where), message=message)


def _held_bytes(target: Path, row: SegmentRow, recorded_bytes: int) -> int:
    """How far the copy counts: what was recorded, and whole frames of an interrupted backup."""
    end = min(target.stat().st_size, row.end_bytes)
    whole = min(recorded_bytes, end)
    for frame in scan_segment(target, row.number, start=whole, end=end):
        if frame.problem:
            break
        whole = frame.end
    return whole


def _is_intact(path: Path, row: SegmentRow, end_bytes: int | None = None) -> bool:
    end = row.end_bytes if end_bytes is None else end_bytes
    if path.stat().st_size < end:
        return False
    return not any(frame.problem for frame in scan_segment(path, row.number, end=end))


def _starts_damaged(source: Path, target: Path, number: int) -> bool:
    starts = [
        frame.problem
        for path in (source, target)
        for frame in scan_segment(path, number, end=SEGMENT_HEADER_BYTES)
    ]
    return any(starts)


def _free_name(target: Path) -> Path:
    number = 1
    while (aside := target.with_name(f"{target.name}.damaged-{number}")).exists():
        number += 1
    return aside
