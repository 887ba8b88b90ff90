"""The writing half of an evidence store: one batch after the other, each durable.

Covers: opening for writing (lock held by the caller), the order of durability, what is done
when a disk fills or fails in the middle, anchoring. Does not cover: reading, the border
check of drafts (`kernel.store.draft`).
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Sequence

import apsw
import blake3
import msgspec

from contracts.identity import event_id
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store import schema, sqlite
from kernel.store.batch import Batch, seal_batch
from kernel.store.disk import Disk, make_durable_dir
from kernel.store.draft import Acknowledged, CaptureDraft, draft_event
from kernel.store.failure import translated
from kernel.store.frame import FrameKind
from kernel.store.journal import PRIMARY, Journal, NewBlob, Place
from kernel.store.journal_copy import back_up_before_migration
from kernel.store.ledger import append_entry, write_anchor
from kernel.store.lock import DataDirLock
from kernel.store.pack import Frame, PackWriter, Written, list_segments, segment_path
from kernel.store.recovery import adopt_tails, find_tails
from kernel.store.writer import JournalWriter

ANCHOR_EVENTS = 4096
"""After this many events the heads are anchored outside the database again."""
SPARE_FRAMES_MAX = 1024
"""Frames of failed commits that are remembered for reuse."""

_LOG = logging.getLogger(__name__)


class Appender:
    """Appends batches to the packs and the journal of one data dir; safe from any thread."""

    def __init__(
        self,
        data_dir: DataDir,
        lock: DataDirLock,
        disk: Disk,
        journal: JournalWriter,
        pack: PackWriter,
    ) -> None:
        self._data_dir = data_dir
        self._lock = lock
        self._disk = disk
        self.journal = journal
        self._pack = pack
        self._events_since_anchor = 0
        # Frames that are durable in a pack while the journal's commit failed: a retry takes
        # them instead of writing the pixels again onto a disk that is full already.
        self._spare: dict[bytes, Place] = {}
        self._spare_ends: dict[int, int] = {}

    @classmethod
    def start(
        cls,
        data_dir: DataDir,
        lock: DataDirLock,
        disk: Disk,
        now_us: Callable[[], int],
        segment_bytes_max: int,
    ) -> Appender:
        """Open for writing: migrate, recover what a crash left, ledger it.

        Raises `KernelError`: ``journal-missing``, ``schema-newer``, ``disk-full``,
        ``disk-failed``.
        """
        with translated(data_dir.root):
            _refuse_lost_journal(data_dir)
            make_durable_dir(data_dir.packs_dir, disk)
            make_durable_dir(data_dir.anchors_dir, disk)
            connection = sqlite.connect(data_dir.journal_db)
        try:
            with translated(data_dir.root):
                disk.sync_dir(data_dir.root)
                _prepare(connection, data_dir, now_us())
                pack = _open_pack(Journal(connection), data_dir, disk, segment_bytes_max)
        except BaseException:
            connection.close()
            raise
        writer = JournalWriter(connection, data_dir.journal_db)
        return cls(data_dir, lock, disk, writer, pack)

    def append(self, drafts: Sequence[CaptureDraft], now_us: int) -> list[Acknowledged]:
        """Store checked drafts as one batch. Raises `KernelError` and stores none of them."""
        with self.journal.turn() as connection:
            journal = Journal(connection)
            digests = [blake3.blake3(draft.data).digest() for draft in drafts]
            blob_ids, new = _split_known(journal, drafts, digests)
            batch = _make_batch(journal.head(), drafts, digests, now_us)
            data, head = seal_batch(batch)
            written = self._write_frames(new, Frame(FrameKind.BATCH, head, data), now_us)
            try:
                with sqlite.transaction(connection):
                    self._record_segments(journal, written, now_us)
                    for key, draft in new.items():
                        blob = NewBlob(key, len(draft.data), draft.media_type, self._spare[key])
                        blob_ids[key] = journal.insert_blob(blob)
                    journal.insert_batch(batch, head, blob_ids)
            except apsw.Error:
                self._void(head, now_us)
                raise
            self._spare.clear()
            self._spare_ends.clear()
            self._anchor_when_due(len(drafts), now_us)
        return _acknowledge(batch, digests, new)

    def anchor(self, now_us: int) -> None:
        """Write both heads outside the database now. Raises `KernelError`."""
        with self.journal.turn():
            write_anchor(self.journal, self._data_dir.anchors_dir, self._disk, now_us)
            self._events_since_anchor = 0

    def close(self, now_us: int) -> None:
        """Anchor, close the files, release the lock; twice is once."""
        if self.journal.closed:
            return
        try:
            self.anchor(now_us)
        except KernelError as error:
            # Nothing acknowledged depends on the anchor; the next start writes one.
            _LOG.warning("closed without an anchor: %s", error)
        self.journal.close()
        self._pack.retire()
        self._lock.release()

    def _write_frames(self, new: dict[bytes, CaptureDraft], batch: Frame, now_us: int) -> Written:
        missing = {key: draft for key, draft in new.items() if key not in self._spare}
        frames = [
            Frame(FrameKind.BLOB, key, draft.data, draft.media_type)
            for key, draft in missing.items()
        ]
        with translated(self._data_dir.packs_dir):
            written = self._pack.append([*frames, batch], created_at_us=now_us)
            self._pack.sync()
        if len(self._spare) > SPARE_FRAMES_MAX:
            self._spare = {key: self._spare[key] for key in new if key in self._spare}
        for key, offset in zip(missing, written.offsets, strict=False):
            self._spare[key] = Place(PRIMARY, written.number, offset)
        return written

    def _void(self, head: bytes, now_us: int) -> None:
        """Mark a batch that the journal refused, so that no restart adopts it."""
        frame = Frame(FrameKind.VOID, blake3.blake3(head).digest(), head)
        try:
            self._pack.append([frame], created_at_us=now_us)
            self._pack.sync()
        except OSError as error:
            # Then a restart may adopt what was refused: a capture too many, never one too few.
            _LOG.warning("could not mark a refused batch: %s", error)

    def _record_segments(self, journal: Journal, written: Written, now_us: int) -> None:
        self._spare_ends[written.number] = written.end_bytes
        for number, end_bytes in self._spare_ends.items():
            journal.record_segment(PRIMARY, number, end_bytes, now_us)

    def _anchor_when_due(self, events: int, now_us: int) -> None:
        self._events_since_anchor += events
        if self._events_since_anchor < ANCHOR_EVENTS:
            return
        try:
            self.anchor(now_us)
        except KernelError as error:
            # The batch is durable and must be acknowledged; the anchor stays due.
            _LOG.warning("could not write an anchor: %s", error)


def _refuse_lost_journal(data_dir: DataDir) -> None:
    journal = data_dir.journal_db
    if list_segments(data_dir.packs_dir) and not (journal.exists() and journal.stat().st_size):
        raise KernelError(
            "journal-missing",
            f"{journal} is gone while its packs are there",
            hint="run: kernel repair",
        )


def _prepare(connection: apsw.Connection, data_dir: DataDir, now_us: int) -> None:
    before, after = schema.migrate(
        connection,
        back_up=lambda version: back_up_before_migration(
            connection, data_dir.root, version, now_us
        ),
    )
    journal, packs = Journal(connection), data_dir.packs_dir
    tails, short = find_tails(packs, journal.segments())
    with sqlite.transaction(connection):
        if not journal.volumes():
            # Asked of the rows: a crash may have come between the schema and the first of them.
            journal.insert_volume(PRIMARY, "primary", uuid.uuid4().hex, "packs")
        if 0 < before < after:
            detail = {"from": str(before), "to": str(after)}
            append_entry(connection, "store.migrated", "", detail, now_us)
        if tails or short:
            adopted, torn = adopt_tails(journal, packs, tails, now_us)
            detail = {
                "segments": " ".join(str(tail.number) for tail in tails),
                "events_adopted": str(adopted),
                "torn_bytes": str(torn),
                "short_segments": " ".join(map(str, short)),
            }
            append_entry(connection, "store.recovered", "", detail, now_us)
            _LOG.warning("recovered after a crash: %s", detail)
        detail = {"events": str(journal.head()[0]), "schema": str(after)}
        append_entry(connection, "store.opened", "", detail, now_us)


def _open_pack(
    journal: Journal, data_dir: DataDir, disk: Disk, segment_bytes_max: int
) -> PackWriter:
    packs = data_dir.packs_dir
    rows = journal.segments()
    numbers = [row.number for row in rows] + list_segments(packs)
    writer = PackWriter(
        packs,
        disk,
        next_number=max(numbers, default=0) + 1,
        segment_bytes_max=segment_bytes_max,
    )
    if rows and rows[-1].state == "open" and rows[-1].number == max(numbers):
        path = segment_path(packs, rows[-1].number)
        if path.exists() and path.stat().st_size == rows[-1].end_bytes:
            writer.resume(rows[-1].number, rows[-1].end_bytes)
    return writer


def _split_known(
    journal: Journal, drafts: Sequence[CaptureDraft], digests: Sequence[bytes]
) -> tuple[dict[bytes, int], dict[bytes, CaptureDraft]]:
    """Row ids of blobs that are stored, and the first draft of each one that is not."""
    blob_ids: dict[bytes, int] = {}
    new: dict[bytes, CaptureDraft] = {}
    for digest, draft in zip(digests, drafts, strict=True):
        if digest in blob_ids or digest in new:
            continue
        blob_id = journal.blob_id(digest)
        if blob_id is None:
            new[digest] = draft
        else:
            blob_ids[digest] = blob_id
    return blob_ids, new


def _make_batch(
    head: tuple[int, str],
    drafts: Sequence[CaptureDraft],
    digests: Sequence[bytes],
    now_us: int,
) -> Batch:
    last_seq, previous = head
    events = []
    for seq, (draft, digest) in enumerate(zip(drafts, digests, strict=True), last_seq + 1):
        event = draft_event(draft, seq, now_us, digest.hex())
        events.append(msgspec.structs.replace(event, event_id=event_id(event)))
    return Batch(
        previous=previous,
        first_seq=last_seq + 1,
        committed_at_us=now_us,
        events=tuple(events),
    )


def _acknowledge(
    batch: Batch, digests: Sequence[bytes], new: dict[bytes, CaptureDraft]
) -> list[Acknowledged]:
    fresh = set(new)
    acknowledged = []
    for event, digest in zip(batch.events, digests, strict=True):
        acknowledged.append(
            Acknowledged(event, "stored" if digest in fresh else "duplicate-pixels")
        )
        fresh.discard(digest)
    return acknowledged
