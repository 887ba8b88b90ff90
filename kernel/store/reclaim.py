"""Giving up a segment whose frames all have a packed form that was proved.

What is not packed is carried over first: frames that stay as they came, and the batches of
events, from which a lost journal is built again. Every packed frame is read once more from the
disk, by the code that will read it from then on. Then the journal commits that the segment was
replaced, with a ledger entry, and only then its file goes. A crash in between leaves the file,
which the next call gives up. The digest of each original stays in its event and in the journal.
Covers: one segment. Does not cover: whether the person wants it (`keep_original_bytes`), when
(`kernel.boot.packing`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel.config.errors import KernelError
from kernel.store import sqlite
from kernel.store.appender import Appender
from kernel.store.blobs import BlobReader
from kernel.store.disk import OsDisk
from kernel.store.failure import translated
from kernel.store.filecopy import digest_file
from kernel.store.frame import FrameKind
from kernel.store.journal import CAPTURES, PRIMARY, TILES, Journal, Place, SegmentRow
from kernel.store.ledger import append_entry
from kernel.store.pack import Frame, segment_path
from kernel.store.packed import PackedRows
from kernel.store.scan import scan_segment

CARRIED_PERCENT_MAX = 50
"""A segment of which more than this would be carried over stays."""
STEP_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Reclaimed:
    """What one call gave up: the segment's name, its bytes, and how many were carried over."""

    segment: str
    freed_bytes: int
    carried_bytes: int


def reclaim_segment(
    appender: Appender,
    blobs: BlobReader,
    data_root: Path,
    now_us: int,
    may_go_on: Callable[[], bool],
) -> Reclaimed | None:
    """Replace one segment by the packed form of its frames; None when none is ready.

    Gives way, without having changed what counts, as soon as ``may_go_on`` says no. Raises
    `KernelError`: ``segment-damaged``, ``blob-damaged`` (a packed frame does not read), and what
    a failing disk gives.
    """
    _finish_earlier(appender, data_root)
    for row in _ready(appender):
        path = segment_path(data_root / "packs", row.number)
        with translated(path):
            reclaimed = _replace(appender, blobs, path, row, now_us, may_go_on)
        if reclaimed is not None or not may_go_on():
            return reclaimed
    return None


def _finish_earlier(appender: Appender, data_root: Path) -> None:
    """Take away files that a crash left behind their commit."""
    with appender.journal.turn() as connection:
        rows = [row for row in Journal(connection).segments() if row.state == "repacked"]
    for row in rows:
        path = segment_path(data_root / "packs", row.number)
        if path.exists():
            _give_up(path)


def _ready(appender: Appender) -> list[SegmentRow]:
    with appender.journal.turn() as connection:
        journal, packed = Journal(connection), PackedRows(connection)
        rows = [
            row
            for row in journal.segments()
            if row.content == CAPTURES and row.state in {"open", "sealed"}
        ]
        # The newest one is still written to.
        return [
            row
            for row in rows[:-1]
            if not packed.waits_for_packing(row) and _is_worth_it(packed, row)
        ]


def _is_worth_it(packed: PackedRows, row: SegmentRow) -> bool:
    staying = sum(length for _, digest, length, _ in packed.blobs_in(row) if not packed.has(digest))
    return staying * 100 <= row.end_bytes * CARRIED_PERCENT_MAX


def _not_carried_yet(
    appender: Appender, segment: int, step: Sequence[Frame], blob_ids: dict[bytes, int]
) -> list[Frame]:
    """The frames that no earlier try carried over.

    Of blobs the journal tells; of batches this process remembers.
    """
    batches = appender.carried[segment]
    with appender.journal.turn() as connection:
        packed = PackedRows(connection)
        return [
            frame
            for frame in step
            if frame.digest not in batches
            and not (frame.digest in blob_ids and packed.lies_aside(blob_ids[frame.digest]))
        ]


def _replace(
    appender: Appender,
    blobs: BlobReader,
    path: Path,
    row: SegmentRow,
    now_us: int,
    may_go_on: Callable[[], bool],
) -> Reclaimed | None:
    with appender.journal.turn() as connection:
        packed = PackedRows(connection)
        inside = packed.blobs_in(row)
        replaced = {digest for _, digest, _, _ in inside if packed.has(digest)}
    if not blobs.prove_packed(sorted(replaced), may_go_on):
        return None
    carried = 0
    blob_ids = {digest: blob_id for blob_id, digest, _, _ in inside if digest not in replaced}
    # A try that gave way, or a kill, leaves what it carried: it is not carried again.
    appender.carried.setdefault(row.number, set())
    for step in _steps(_staying(path, row, replaced)):
        if not may_go_on():
            return None
        fresh = _not_carried_yet(appender, row.number, step, blob_ids)
        if fresh:
            _carry(appender, fresh, blob_ids, now_us)
            appender.carried[row.number] |= {f.digest for f in fresh if f.digest not in blob_ids}
        carried += sum(len(frame.payload) for frame in step)
    detail = {
        "bytes": str(row.end_bytes),
        "packed_frames": str(len(replaced)),
        "carried_bytes": str(carried),
        "blake3": digest_file(path, row.end_bytes),
    }
    with appender.journal.turn() as connection, sqlite.transaction(connection):
        Journal(connection).seal_segment(PRIMARY, row.number, "repacked")
        append_entry(connection, "segment.replaced", path.name, detail, now_us)
    _give_up(path)
    del appender.carried[row.number]
    return Reclaimed(path.name, row.end_bytes, carried)


def _staying(path: Path, row: SegmentRow, replaced: set[bytes]) -> Iterator[Frame]:
    """The frames of the segment that have no other form."""
    for found in scan_segment(path, row.number, end=row.end_bytes):
        if found.problem or found.header is None:
            raise KernelError(
                "segment-damaged",
                f"{path} at {found.offset}: {found.problem}; it was not replaced",
                hint="run: kernel repair",
            )
        header = found.header
        if header.kind is not FrameKind.BLOB or header.digest not in replaced:
            yield Frame(header.kind, header.digest, found.payload, found.media_type, header.codec)


def _steps(frames: Iterator[Frame]) -> Iterator[list[Frame]]:
    step: list[Frame] = []
    size = 0
    for frame in frames:
        step.append(frame)
        size += len(frame.payload)
        if size >= STEP_BYTES:
            yield step
            step, size = [], 0
    if step:
        yield step


def _carry(
    appender: Appender, frames: Sequence[Frame], blob_ids: dict[bytes, int], now_us: int
) -> None:
    def record(journal: Journal, places: Sequence[Place]) -> None:
        for frame, place in zip(frames, places, strict=True):
            if frame.digest in blob_ids:
                journal.insert_place(blob_ids[frame.digest], place)

    appender.write_aside(frames, TILES, record, now_us)


def _give_up(path: Path) -> None:
    """Free the drive of a segment whose proved packed form is committed."""
    path.unlink()  # not evidence: since the commit, the packed form is
    OsDisk().sync_dir(path.parent)
