"""The writing half of an evidence store: one batch after the other, each durable.

Covers: opening for writing (lock held by the caller), the order of durability, what is done
when a disk fills or fails in the middle, anchoring. Does not cover: reading, the border
check of drafts (`kernel.store.draft`).
"""

from __future__ import annotations

import errno
import logging
import uuid
from collections.abc import Callable, Sequence, Set
from pathlib import Path

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
from kernel.store.drives import is_mounted, packs_dir
from kernel.store.failure import translated
from kernel.store.frame import FrameKind
from kernel.store.journal import CAPTURES, PRIMARY, TILES, Journal, NewBlob, Place
from kernel.store.journal_copy import back_up_before_migration
from kernel.store.ledger import append_entry, write_anchor
from kernel.store.lock import DataDirLock
from kernel.store.lost_journal import lost_journal
from kernel.store.outlets import NO_PRESSURE, Outlets
from kernel.store.pack import Frame, read_frame, segment_path
from kernel.store.pressure import DiskDecision
from kernel.store.recovery import Tail, adopt_tails, find_tails
from kernel.store.reserve import give_up, set_aside
from kernel.store.writer import JournalWriter

ANCHOR_EVENTS = 4096
"""After this many events the heads are anchored outside the database again."""
SPARE_FRAMES_MAX = 1024
"""Frames of failed commits that are remembered for reuse."""

LOG_PAGES = 4000
"""Length of the journal's log at which it is taken into the database: half of the reserve.

Names and digests are random, so that each event changes pages of its own. With SQLite's 1000
most writes to the drive would be those of taking the log in, the same pages again and again.
"""

_LOG = logging.getLogger(__name__)


class Appender:
    """Appends batches to the packs and the journal of one data dir; safe from any thread."""

    def __init__(
        self,
        data_dir: DataDir,
        lock: DataDirLock,
        disk: Disk,
        journal: JournalWriter,
        outlets: Outlets,
    ) -> None:
        self._data_dir = data_dir
        self._lock = lock
        self._disk = disk
        self.journal = journal
        self._outlets = outlets
        self._events_since_anchor = 0
        self._told_decision = NO_PRESSURE
        self.carried: dict[int, set[bytes]] = {}
        """Batches that were carried over out of a segment which is still there, by its number."""
        # Frames that are durable in a pack while the journal's commit failed: a retry takes
        # them instead of writing the pixels again onto a disk that is full already.
        self._spare: dict[bytes, Place] = {}
        self._spare_ends: dict[tuple[int, int], int] = {}

    @classmethod
    def start(
        cls,
        data_dir: DataDir,
        lock: DataDirLock,
        disk: Disk,
        now_us: Callable[[], int],
        outlets: Outlets,
    ) -> Appender:
        """Open for writing: migrate, recover what a crash left, ledger it.

        Raises `KernelError`: ``journal-missing``, ``schema-newer``, ``disk-full``,
        ``disk-failed``.
        """
        with translated(data_dir.root):
            _refuse_lost_journal(data_dir)
            for folder in (data_dir.packs_dir, data_dir.anchors_dir):
                _require_folder(folder)
                make_durable_dir(folder, disk)
            connection = sqlite.connect(data_dir.journal_db)
        try:
            with translated(data_dir.root):
                disk.sync_dir(data_dir.root)
                _prepare(connection, data_dir, now_us())
                outlets.open(Journal(connection))
                if outlets.watches_drives:
                    set_aside(data_dir.reserve_file)
        except BaseException:
            connection.close()
            raise
        connection.wal_autocheckpoint(LOG_PAGES)
        writer = JournalWriter(connection, data_dir.journal_db)
        return cls(data_dir, lock, disk, writer, outlets)

    def append(self, drafts: Sequence[CaptureDraft], now_us: int) -> list[Acknowledged]:
        """Store checked drafts as one batch. Raises `KernelError` and stores none of them."""
        with self.journal.turn() as connection:
            self._lock.require()
            journal = Journal(connection)
            digests = [blake3.blake3(draft.data).digest() for draft in drafts]
            blob_ids, new = _split_known(journal, drafts, digests, self._reachable(journal))
            batch = _make_batch(journal.head(), drafts, digests, now_us)
            data, head = seal_batch(batch)
            try:
                self._write_frames(journal, new, Frame(FrameKind.BATCH, head, data), now_us)
            finally:
                self._tell_disk(connection, now_us)
            try:
                self._commit(journal, batch, head, blob_ids, new)
            except apsw.Error:
                self._void(journal, head, now_us)
                raise
            self._spare.clear()
            self._spare_ends.clear()
            self._anchor_when_due(len(drafts), now_us)
        return _acknowledge(batch, digests, new.keys() - blob_ids.keys())

    def disk_decision(self, now_us: int) -> DiskDecision:
        """What the drives allow at this moment. Raises `KernelError` ``disk-failed``."""
        with self.journal.turn() as connection:
            decision = self._outlets.decide(Journal(connection), now_us)
            self._tell_disk(connection, now_us)
            return decision

    def _tell_disk(self, connection: apsw.Connection, now_us: int) -> None:
        """Ledger that the drives are fuller, or emptier, or that pixels go elsewhere now."""
        before, now = self._told_decision, self._outlets.decision
        if (before.level, before.target) == (now.level, now.target):
            return
        detail = {"from": before.level.name.lower(), "pixels_to": now.target}
        try:
            with sqlite.transaction(connection):
                append_entry(connection, "disk.level", now.level.name.lower(), detail, now_us)
        except apsw.Error as error:
            # A drive that is all full takes no entry either; it is told when there is room.
            _LOG.warning("the disk level %s could not be ledgered: %s", now.level.name, error)
        else:
            self._told_decision = now

    @property
    def last_disk_decision(self) -> DiskDecision:
        """What was decided last, by an append or when asked; waits for nothing."""
        return self._outlets.decision

    def bring_home(self, frames: Sequence[Frame], blob_ids: dict[bytes, int], now_us: int) -> int:
        """Write frames from another volume to the data dir and give their blobs a place there.

        Read back and compared before the commit; returns the bytes written. Raises
        `KernelError`.
        """

        def record(journal: Journal, places: Sequence[Place]) -> None:
            for frame, place in zip(frames, places, strict=True):
                if frame.digest in blob_ids:
                    journal.insert_place(blob_ids[frame.digest], place)

        self.write_aside(frames, CAPTURES, record, now_us)
        return sum(len(frame.payload) for frame in frames)

    def write_aside(
        self,
        frames: Sequence[Frame],
        content: str,
        record: Callable[[Journal, Sequence[Place]], None],
        now_us: int,
    ) -> None:
        """Write frames that are no new captures; ``record`` commits what they mean, with them.

        They are durable, read back and compared before ``record`` is called inside the
        transaction. Raises `KernelError`, and whatever ``record`` raises: then nothing of it
        counts, and the frames lie unused.
        """
        with self.journal.turn() as connection:
            self._lock.require()
            pack = self._outlets.tiles if content == TILES else self._outlets.primary
            written = pack.append(frames, created_at_us=now_us)
            pack.sync()
            path = segment_path(self._data_dir.packs_dir, written.number)
            for frame, offset in zip(frames, written.offsets, strict=True):
                if read_frame(path, offset)[2] != frame.payload:
                    raise OSError(errno.EIO, "a frame was not read back as written", str(path))
            journal = Journal(connection)
            with sqlite.transaction(connection):
                journal.record_segment(PRIMARY, written.number, written.end_bytes, now_us, content)
                record(
                    journal, [Place(PRIMARY, written.number, offset) for offset in written.offsets]
                )

    def end_spool_segment(self) -> None:
        """The next spooled batch begins a new segment."""
        with self.journal.turn():
            self._outlets.retire_spool()

    def anchor(self, now_us: int) -> None:
        """Write both heads outside the database now. Raises `KernelError`."""
        with self.journal.turn():
            self._lock.require()
            write_anchor(self.journal, self._data_dir.anchors_dir, self._disk, now_us)
            self._events_since_anchor = 0

    def require_own(self) -> None:
        """Raise `KernelError` ``data-dir-taken`` when the data dir is not at its place any more."""
        self._lock.require()

    def keep_lock(self) -> bool:
        """Put a lock file that was deleted back; whether it was. Raises as `DataDirLock.keep`."""
        return self._lock.keep()

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
        self._outlets.close()
        self._lock.release()

    def _reachable(self, journal: Journal) -> Callable[[int], bool]:
        """Tells of a blob whether its own bytes can be read now."""
        mounted: set[int] = set()

        def is_reachable(blob_id: int) -> bool:
            if not mounted:
                # Asked once a batch, and only when a capture repeats an earlier one.
                volumes = journal.volumes()
                mounted.update(v.volume_id for v in volumes if is_mounted(self._data_dir.root, v))
            return not mounted.isdisjoint(journal.live_volumes(blob_id))

        return is_reachable

    def _write_frames(
        self, journal: Journal, new: dict[bytes, CaptureDraft], batch: Frame, now_us: int
    ) -> None:
        missing = {key: draft for key, draft in new.items() if key not in self._spare}
        frames = [
            Frame(FrameKind.BLOB, key, draft.data, draft.media_type)
            for key, draft in missing.items()
        ]
        volume_id, written = self._outlets.write([*frames, batch], journal, now_us)
        if len(self._spare) > SPARE_FRAMES_MAX:
            self._spare = {key: self._spare[key] for key in new if key in self._spare}
        for key, offset in zip(missing, written.offsets, strict=False):
            self._spare[key] = Place(volume_id, written.number, offset)
        self._spare_ends[volume_id, written.number] = written.end_bytes

    def _commit(
        self,
        journal: Journal,
        batch: Batch,
        head: bytes,
        blob_ids: dict[bytes, int],
        new: dict[bytes, CaptureDraft],
    ) -> None:
        connection = journal.connection
        # The packs of the data dir are synced and hold the batch: a start adopts it from them
        # if a power cut takes the journal's log. A spool may not be there at that start.
        home = all(volume_id == PRIMARY for volume_id, _ in self._spare_ends)

        def commit() -> None:
            with sqlite.relaxed(connection, wanted=home), sqlite.transaction(connection):
                for (volume_id, number), end_bytes in self._spare_ends.items():
                    journal.record_segment(volume_id, number, end_bytes, batch.committed_at_us)
                fresh = {key: draft for key, draft in new.items() if key not in blob_ids}
                for key in new.keys() & blob_ids.keys():
                    journal.insert_place(blob_ids[key], self._spare[key])
                blobs = [
                    NewBlob(key, len(draft.data), draft.media_type, self._spare[key])
                    for key, draft in fresh.items()
                ]
                named = dict(zip(fresh, journal.insert_blobs(blobs), strict=True))
                journal.insert_batch(batch, head, blob_ids | named)

        try:
            commit()
        except apsw.FullError:
            # The log keeps its length, so once it is emptied the next commits fit into it; the
            # database may need the reserve to take the log in.
            if not (_empty_log(connection) or self._give_up_reserve(connection)):
                raise
            commit()

    def _give_up_reserve(self, connection: apsw.Connection) -> bool:
        if not give_up(self._data_dir.reserve_file):
            return False
        _LOG.warning("the drive is full; the reserve was given up for the journal")
        _empty_log(connection)
        return True

    def _void(self, journal: Journal, head: bytes, now_us: int) -> None:
        """Mark a batch that the journal refused, so that no restart adopts it."""
        frame = Frame(FrameKind.VOID, blake3.blake3(head).digest(), head)
        try:
            self._outlets.write([frame], journal, now_us)
        except (OSError, KernelError) as error:
            # Then a restart may adopt what was refused: a capture too many, never one too few.
            _LOG.warning("could not mark a refused batch: %s", error)

    def _anchor_when_due(self, events: int, now_us: int) -> None:
        self._events_since_anchor += events
        if self._events_since_anchor < ANCHOR_EVENTS:
            return
        try:
            self.anchor(now_us)
        except KernelError as error:
            # The batch is durable and must be acknowledged; the anchor stays due.
            _LOG.warning("could not write an anchor: %s", error)


def _require_folder(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise KernelError(
            "data-dir-unusable",
            f"{path} is no folder",
            hint=f"look at it, then move it away: mv {path} {path}.aside",
        )


def _refuse_lost_journal(data_dir: DataDir) -> None:
    lost = lost_journal(data_dir)
    if lost is not None:
        raise lost


def _prepare(connection: apsw.Connection, data_dir: DataDir, now_us: int) -> None:
    before, after = schema.migrate(
        connection,
        back_up=lambda version: back_up_before_migration(
            connection, data_dir.root, version, now_us
        ),
    )
    journal = Journal(connection)
    tails, short = _find_all_tails(journal, data_dir)
    with sqlite.transaction(connection):
        if not journal.volumes():
            # Asked of the rows: a crash may have come between the schema and the first of them.
            journal.insert_volume(PRIMARY, "primary", uuid.uuid4().hex, "packs")
        if 0 < before < after:
            detail = {"from": str(before), "to": str(after)}
            append_entry(connection, "store.migrated", "", detail, now_us)
        if tails or short:
            adopted, torn = adopt_tails(journal, tails, now_us)
            detail = {
                "segments": " ".join(str(tail.path.name) for tail in tails),
                "events_adopted": str(adopted),
                "torn_bytes": str(torn),
                "short_segments": " ".join(map(str, short)),
            }
            append_entry(connection, "store.recovered", "", detail, now_us)
            _LOG.warning("recovered after a crash: %s", detail)
        detail = {"events": str(journal.head()[0]), "schema": str(after)}
        append_entry(connection, "store.opened", "", detail, now_us)


def _empty_log(connection: apsw.Connection) -> bool:
    """Move the journal's log into the database, so that its room is used again."""
    try:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
    except (apsw.FullError, apsw.BusyError):
        return False
    return True


def _find_all_tails(journal: Journal, data_dir: DataDir) -> tuple[list[Tail], list[int]]:
    """Tails on every mounted drive that takes new frames, and short segments of the primary."""
    tails, short = find_tails(data_dir.packs_dir, journal.segments())
    for volume in journal.volumes():
        if volume.kind == "spool" and is_mounted(data_dir.root, volume):
            directory = packs_dir(data_dir.root, volume)
            rows = journal.segments(volume.volume_id)
            tails += find_tails(directory, rows, volume.volume_id)[0]
    return tails, short


def _split_known(
    journal: Journal,
    drafts: Sequence[CaptureDraft],
    digests: Sequence[bytes],
    is_reachable: Callable[[int], bool],
) -> tuple[dict[bytes, int], dict[bytes, CaptureDraft]]:
    """Row ids of known blobs, and the first draft of each one whose bytes are to be written.

    A known blob whose bytes lie on a drive that is away, or were replaced by a packed form, is
    in both: its bytes are at hand now, and an acknowledged capture can be read at once.
    """
    first = dict(zip(reversed(digests), reversed(drafts), strict=True))
    blob_ids = journal.blob_ids(list(first))
    new = {
        digest: first[digest]
        for digest in dict.fromkeys(digests)
        if (blob_id := blob_ids.get(digest)) is None or not is_reachable(blob_id)
    }
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
    batch: Batch, digests: Sequence[bytes], never_seen: Set[bytes]
) -> list[Acknowledged]:
    fresh = set(never_seen)
    acknowledged = []
    for event, digest in zip(batch.events, digests, strict=True):
        acknowledged.append(
            Acknowledged(event, "stored" if digest in fresh else "duplicate-pixels")
        )
        fresh.discard(digest)
    return acknowledged
