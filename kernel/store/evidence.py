"""The evidence store: appending captures durably and reading them back.

Order of durability: pack frames, fdatasync (and the directory for a new segment), the
journal's commit with synchronous=FULL, only then the return of `append`. Covers: the one
writer, many readers, dedupe of identical bytes. Does not cover: queueing of producers
(`kernel.capture.intake`), checking (`kernel.store.verify`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from contracts.capture import CaptureEvent, PixelBlob
from contracts.tiles import ProvenFrames, RepackedFrames
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store import schema
from kernel.store.appender import Appender
from kernel.store.archive import ArchiveReport, archive_segments
from kernel.store.batch import BATCH_EVENTS_MAX
from kernel.store.blobs import BlobReader, blob_missing
from kernel.store.clock import wall_clock_us
from kernel.store.disk import Disk, OsDisk, make_durable_dir
from kernel.store.draft import Acknowledged, CaptureDraft, check_draft
from kernel.store.drain import DRAIN_BYTES, DrainReport, drain
from kernel.store.failure import translated, usable
from kernel.store.growth import bytes_per_day
from kernel.store.journal import Journal
from kernel.store.ledger import Ledger
from kernel.store.lock import DataDirLock
from kernel.store.lost_journal import lost_journal
from kernel.store.outlets import Outlets
from kernel.store.pack import SEGMENT_BYTES_MAX, Frame, list_segments, segment_path
from kernel.store.packed import PackCandidate, PackedRows
from kernel.store.pressure import DiskDecision, DiskLimits
from kernel.store.readers import ReaderPool
from kernel.store.reclaim import Reclaimed, reclaim_segment
from kernel.store.report import ProgressSink
from kernel.store.takeover import Takeover, keep_as_they_are, take_over

__all__ = ["Acknowledged", "CaptureDraft", "EvidenceStore", "StoreStats"]


@dataclass(frozen=True, slots=True)
class StoreStats:
    """Sizes; ``pack_bytes`` is what the data dir's own segments occupy.

    ``frames``: the blobs that were captured; the others are packs of them.
    """

    events: int
    blobs: int
    frames: int
    segments: int
    pack_bytes: int
    journal_bytes: int


class EvidenceStore:
    """Evidence of one data dir. All methods may be called from any thread.

    Writing takes turns on one connection; each read borrows a read-only one.
    """

    def __init__(
        self,
        data_dir: DataDir,
        *,
        readers: ReaderPool,
        writing: Appender | None,
        now_us: Callable[[], int],
    ) -> None:
        self._data_dir = data_dir
        self._readers = readers
        self._blobs = BlobReader(data_dir.root, readers)
        self._writing = writing
        self._now_us = now_us
        self.ledger = Ledger(readers, writing.journal if writing else None, now_us)

    @classmethod
    def open(
        cls,
        data_dir: DataDir,
        *,
        now_us: Callable[[], int] = wall_clock_us,
        disk: Disk | None = None,
        segment_bytes_max: int = SEGMENT_BYTES_MAX,
        disk_limits: DiskLimits | None = None,
        spool_dir: Path | None = None,
    ) -> EvidenceStore:
        """The store for the one writer; makes the data dir when it is new.

        With ``disk_limits`` every append asks how full the drives are, see `decide_disk`;
        without, only a drive without any room counts as full. ``spool_dir`` must exist.

        Takes the lock, migrates the journal, adopts or seals what a crash left, and ledgers
        that. Raises `KernelError`: ``data-dir-busy`` (exit code BUSY), ``schema-newer``,
        ``journal-missing``, ``disk-full``, ``disk-failed``.
        """
        disk = disk or OsDisk()
        with translated(data_dir.root), usable(data_dir.root):
            make_durable_dir(data_dir.root, disk)
            lock = DataDirLock.acquire(data_dir.lock_file, started_at_us=now_us())
        try:
            outlets = Outlets(data_dir, disk, segment_bytes_max, disk_limits, spool_dir)
            writing = Appender.start(data_dir, lock, disk, now_us, outlets)
        except BaseException:
            lock.release()
            raise
        readers = ReaderPool(data_dir.journal_db)
        return cls(data_dir, readers=readers, writing=writing, now_us=now_us)

    @classmethod
    def open_read_only(cls, data_dir: DataDir) -> EvidenceStore:
        """The store for reading, beside a running writer or without one.

        Raises `KernelError`: ``no-data-dir``, ``journal-missing``, ``schema-newer``,
        ``schema-older``.
        """
        lost = lost_journal(data_dir)
        if lost is not None:
            raise lost
        if not data_dir.journal_db.is_file():
            raise KernelError(
                "no-data-dir",
                f"there is no evidence in {data_dir.root}",
                hint="name the data dir with --data-dir, or start with: kernel run",
            )
        readers = ReaderPool(data_dir.journal_db)
        with readers.borrow() as connection:
            version = schema.check_version(connection)
        if version < schema.VERSION:
            readers.close()
            raise KernelError(
                "schema-older",
                f"the journal has schema {version}, this program reads {schema.VERSION}",
                hint="start the kernel once: it migrates the journal after a backup",
            )
        return cls(data_dir, readers=readers, writing=None, now_us=wall_clock_us)

    def append(self, drafts: Sequence[CaptureDraft]) -> list[Acknowledged]:
        """Store the captures as one batch; all are durable when this returns.

        In order of the drafts. On any error none of them is acknowledged. Raises
        `KernelError`: ``draft-invalid``, ``disk-full``, ``disk-failed``, ``store-read-only``,
        ``store-closed``.
        """
        self._appender()
        for draft in drafts:
            check_draft(draft)
        return self.append_checked(drafts)

    def append_checked(self, drafts: Sequence[CaptureDraft]) -> list[Acknowledged]:
        """As `append`, for drafts that `check_draft` has passed already."""
        writing = self._appender()
        acknowledged: list[Acknowledged] = []
        for start in range(0, len(drafts), BATCH_EVENTS_MAX):
            part = drafts[start : start + BATCH_EVENTS_MAX]
            acknowledged += writing.append(part, self._now_us())
        return acknowledged

    def record_pixels(
        self, digest: str, pixel_digest: str, *, width_px: int, height_px: int
    ) -> None:
        """Note what decoding the blob gave; repeating it does nothing.

        Raises `KernelError` ``blob-missing`` for a blob that was never stored.
        """
        with self._appender().journal.transaction() as connection:
            journal = Journal(connection)
            blob_id = journal.blob_id(bytes.fromhex(digest))
            if blob_id is None:
                raise blob_missing(digest, "it was never stored")
            journal.insert_pixels(blob_id, bytes.fromhex(pixel_digest), width_px, height_px)

    def read_blob(self, digest: str) -> bytes:
        """The blob's bytes, checked against the digest; its pixels where they were replaced.

        A blob whose segment was replaced by the packed form comes as a PNG of the same pixels,
        checked against their digest. Raises `KernelError`: ``blob-missing`` (unknown, or its
        segment is gone), ``blob-damaged`` (there, but not these bytes any more),
        ``blob-offline`` (on a drive that is not mounted), ``tiles-need-numpy``.
        """
        return self._blobs.read(digest)

    def read_original(self, digest: str) -> bytes:
        """The blob's own bytes, checked against the digest; raises as `read_blob`."""
        return self._blobs.read_original(digest)

    def gives_back(self, digest: str, data: bytes) -> bool:
        """Whether the blob's bytes, read from the disk now, are exactly ``data``.

        Cheaper than `read_blob`: nothing is kept and nothing hashed, for the bytes are compared.
        Raises as `read_blob`.
        """
        return self._blobs.gives_back(digest, data)

    def packing_group(
        self, after_id: int, *, frames_max: int, bytes_max: int
    ) -> list[PackCandidate]:
        """The next blobs that have no packed form, in order of their coming."""
        with self._readers.borrow() as connection:
            found = PackedRows(connection).candidates(after_id, frames_max)
        group: list[PackCandidate] = []
        for candidate in found:
            bytes_max -= candidate.length_bytes
            if group and bytes_max < 0:
                break
            group.append(candidate)
        return group

    def newest_packs(self, limit_rows: int) -> list[tuple[str, bytes]]:
        """Digest and tiles of the packs made last, for the next one to build on.

        Packs that cannot be read now are left out.
        """
        with self._readers.borrow() as connection:
            digests = PackedRows(connection).newest_packs(limit_rows)
        found = []
        for digest in digests:
            try:
                found.append((digest.hex(), self._blobs.read_tiles(digest).tiles))
            except KernelError:
                continue
        return found

    def take_over(
        self,
        made: RepackedFrames,
        proven: ProvenFrames,
        *,
        may_go_on: Callable[[], bool] = lambda: True,
    ) -> Takeover | None:
        """Take a proven pack into use; see `kernel.store.takeover`. Raises `KernelError`."""
        return take_over(
            self._appender(),
            made,
            proven,
            load_base=self._blobs.load_base,
            now_us=self._now_us(),
            may_go_on=may_go_on,
        )

    def keep_as_they_are(self, unfit: Sequence[tuple[str, str]]) -> None:
        """Note (digest, code) of blobs that have no packed form. Raises `KernelError`."""
        keep_as_they_are(self._appender(), unfit)

    def reclaim(self, *, may_go_on: Callable[[], bool] = lambda: True) -> Reclaimed | None:
        """Give up one segment whose frames are all packed; None when there is none.

        See `kernel.store.reclaim`. Raises `KernelError`.
        """
        return reclaim_segment(
            self._appender(), self._blobs, self._data_dir.root, self._now_us(), may_go_on
        )

    def blob_digests(self, after_id: int, *, limit_rows: int) -> list[tuple[int, str]]:
        """Row ids and digests of the blobs behind ``after_id``, in order; for walking all."""
        with self._readers.borrow() as connection:
            found = Journal(connection).blob_digests(after_id, limit_rows)
        return [(blob_id, digest.hex()) for blob_id, digest in found]

    def has_intact_newest_place(self, digest: str) -> bool:
        """Whether reading the blob needs no second copy; a drive out of reach counts as intact."""
        return self._blobs.newest_is_intact(digest)

    def add_place(self, digest: str, frame: Frame) -> None:
        """Store the blob's bytes once more; reads prefer them from now on.

        Raises `KernelError` ``blob-missing`` for a blob that no event names.
        """
        key = bytes.fromhex(digest)
        with self._readers.borrow() as connection:
            blob_id = Journal(connection).blob_id(key)
        if blob_id is None:
            raise blob_missing(digest, "it was never stored")
        self._appender().bring_home([frame], {key: blob_id}, self._now_us())

    def find_blob(self, digest: str) -> PixelBlob | None:
        """The blob's record, None when these bytes were never stored."""
        with self._readers.borrow() as connection:
            return Journal(connection).find_blob(bytes.fromhex(digest))

    def blobs_of_pixels(self, pixel_digest: str) -> list[str]:
        """Digests of the blobs known to decode to the same pixels, the oldest first."""
        with self._readers.borrow() as connection:
            return Journal(connection).blobs_of_pixels(bytes.fromhex(pixel_digest))

    def find_event(self, event_id: str) -> CaptureEvent | None:
        """The event of that id, None when there is none."""
        with self._readers.borrow() as connection:
            return Journal(connection).find_event(event_id)

    def events_of_blob(self, digest: str) -> list[CaptureEvent]:
        """Every event that shows these bytes, by sequence number."""
        with self._readers.borrow() as connection:
            return Journal(connection).events_of_blob(bytes.fromhex(digest))

    def captures_of(self, digest: str, captured_at_us: int) -> list[CaptureEvent]:
        """The events that show these bytes at exactly that moment, by sequence number."""
        with self._readers.borrow() as connection:
            return Journal(connection).captures_of(bytes.fromhex(digest), captured_at_us)

    def events_after(self, seq: int, *, limit_rows: int) -> list[CaptureEvent]:
        """Up to ``limit_rows`` events with a higher sequence number, in order."""
        with self._readers.borrow() as connection:
            return Journal(connection).events_after(seq, limit_rows)

    def events_between(
        self,
        from_us: int,
        to_us: int,
        *,
        limit_rows: int,
        after: tuple[int, int] = (-1, -1),
    ) -> list[CaptureEvent]:
        """Events captured in [from_us, to_us), by capture time, then sequence number.

        ``after``: (capture time, seq) of the last event of the page before.
        """
        with self._readers.borrow() as connection:
            return Journal(connection).events_between(from_us, to_us, after, limit_rows)

    def count_events(self) -> int:
        """Number of events; its cost does not grow with them."""
        with self._readers.borrow() as connection:
            return Journal(connection).count_events()

    def last_event(self) -> CaptureEvent | None:
        """The event with the highest sequence number."""
        with self._readers.borrow() as connection:
            return Journal(connection).last_event()

    def stats(self) -> StoreStats:
        """How much is stored, and on how many bytes of disk."""
        with self._readers.borrow() as connection:
            journal = Journal(connection)
            events, blobs = journal.count_events(), journal.count_blobs()
            frames = blobs - PackedRows(connection).count_packs()
        packs = self._data_dir.packs_dir
        sizes = [_size(segment_path(packs, number)) for number in list_segments(packs)]
        database = self._data_dir.journal_db
        wal = database.with_name(database.name + "-wal")
        journal_bytes = _size(database) + _size(wal)
        return StoreStats(events, blobs, frames, len(sizes), sum(sizes), journal_bytes)

    def disk_decision(self) -> DiskDecision:
        """What the drives allow at this moment. Raises `KernelError` ``store-read-only``."""
        return self._appender().disk_decision(self._now_us())

    def last_disk_decision(self) -> DiskDecision:
        """What the last append or question decided; waits for nothing, asks no drive.

        Raises `KernelError` ``store-read-only``.
        """
        return self._appender().last_disk_decision

    def bytes_per_day(self) -> int:
        """How fast the data dir's own segments grow; 0 when that is not known yet."""
        with self._readers.borrow() as connection:
            return bytes_per_day(Journal(connection).growth(), self._now_us())

    def drain_spool(self, *, bytes_max: int = DRAIN_BYTES) -> DrainReport:
        """Bring some of what the spool holds home; call it again until nothing is pending.

        Copies, reads back, commits, and seals a spool segment when all of it is home. Does
        nothing while the drives do not allow it or the spool is not mounted. Raises
        `KernelError`.
        """
        return drain(self._appender(), self._data_dir.root, self._now_us(), bytes_max)

    def archive(self, target: Path, *, older_than_us: int, progress: ProgressSink) -> ArchiveReport:
        """Move closed segments with nothing newer than ``older_than_us`` to another drive.

        See `kernel.store.archive`. Raises `KernelError`.
        """
        return archive_segments(
            self._appender(),
            self._data_dir.root,
            target,
            older_than_us=older_than_us,
            now_us=self._now_us(),
            progress=progress,
        )

    def _appender(self) -> Appender:
        if self._writing is None:
            msg = "the store was opened for reading"
            raise KernelError("store-read-only", msg)
        return self._writing

    def require_own(self) -> None:
        """Raise `KernelError` ``data-dir-taken`` when the data dir is not at its place any more."""
        self._appender().require_own()

    def keep_lock(self) -> bool:
        """Put a lock file that was deleted back; whether it was. Raises as `DataDirLock.keep`."""
        return self._appender().keep_lock()

    def anchor(self) -> None:
        """Write the heads of evidence and ledger outside the database, durably."""
        if self._writing is not None:
            self._writing.anchor(self._now_us())

    def close(self) -> None:
        """Anchor, close everything, release the lock; twice is once."""
        self._readers.close()
        if self._writing is not None:
            self._writing.close(self._now_us())

    def __enter__(self) -> EvidenceStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
