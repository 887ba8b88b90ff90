"""The small parts under the store, each by what it promises."""

from __future__ import annotations

import errno
import threading
from dataclasses import dataclass, field
from pathlib import Path

import apsw
import blake3
import pytest

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store import sqlite
from kernel.store.appender import Appender
from kernel.store.blobs import BlobReader
from kernel.store.clock import wall_clock_us
from kernel.store.disk import OsDisk
from kernel.store.drain import pending_segments
from kernel.store.drives import VolumeMarker, is_mounted, mark_volume, read_marker
from kernel.store.evidence import EvidenceStore
from kernel.store.failure import translated
from kernel.store.filecopy import copy_bytes, digest_file
from kernel.store.frame import FrameKind
from kernel.store.journal import LOOKUP_DIGESTS_MAX, Journal, VolumeRow
from kernel.store.journal_copy import copy_journal
from kernel.store.lock import DataDirLock
from kernel.store.outlets import Outlets
from kernel.store.pack import (
    FORGET_BYTES_MIN,
    Frame,
    PackWriter,
    holds_payload,
    read_frame,
    segment_path,
)
from kernel.store.pressure import DiskLimits
from kernel.store.readers import IDLE_CONNECTIONS_MAX, ReaderPool
from kernel.store.reserve import RESERVE_BYTES, give_up, set_aside
from kernel.store.writer import JournalWriter
from tests.kernel.store.captures import draft


def test_the_wall_clock_counts_microseconds() -> None:
    assert 1_600_000_000_000_000 < wall_clock_us() < 10_000_000_000_000_000


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, "full"), "disk-full"),
        (OSError(errno.EDQUOT, "quota"), "disk-full"),
        (OSError(errno.EIO, "bad"), "disk-failed"),
        (OSError(errno.EROFS, "ro"), "disk-failed"),
        (apsw.FullError("full"), "disk-full"),
        (apsw.IOError("bad"), "disk-failed"),
    ],
)
def test_a_failing_disk_has_a_name_for_people(error: Exception, code: str) -> None:
    with pytest.raises(KernelError) as named, translated(Path("/somewhere")):
        raise error
    assert named.value.code == code


def test_a_bug_is_not_taken_for_a_failing_disk() -> None:
    with pytest.raises(FileNotFoundError), translated(Path("/somewhere")):
        raise FileNotFoundError(errno.ENOENT, "no such file")


def test_a_volume_is_known_by_its_marker_not_by_its_path(tmp_path: Path) -> None:
    root = tmp_path / "drive"
    row = VolumeRow(2, "spool", "ab" * 16, str(root))
    assert not is_mounted(tmp_path, row)
    root.mkdir()
    assert not is_mounted(tmp_path, row)
    mark_volume(root, VolumeMarker(row.identity, "spool"), OsDisk())
    assert is_mounted(tmp_path, row)
    assert not is_mounted(tmp_path, VolumeRow(3, "spool", "cd" * 16, str(root)))
    (root / "volume.json").write_bytes(b"{")
    assert read_marker(root) is None


def test_the_reserve_is_given_up_once_and_set_aside_again(tmp_path: Path) -> None:
    path = tmp_path / "reserve.bin"
    assert not give_up(path)
    size = set_aside(path)
    assert 0 < size <= RESERVE_BYTES
    assert set_aside(path) == size
    assert give_up(path)
    assert not give_up(path)
    assert path.stat().st_size == 0


def test_a_copy_has_the_first_bytes_and_their_hash(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(bytes(range(256)) * 9000)
    assert copy_bytes(source, target, 2_000_000) == 2_000_000
    assert target.read_bytes() == source.read_bytes()[:2_000_000]
    expected = blake3.blake3(target.read_bytes()).hexdigest()
    assert digest_file(target) == digest_file(source, 2_000_000) == expected
    assert copy_bytes(source, tmp_path / "c", 10**9) == source.stat().st_size


def test_a_copied_journal_holds_what_the_open_one_held(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    with EvidenceStore.open(data_dir) as store:
        store.append([draft(b"x")])
        source = sqlite.connect(data_dir.journal_db, read_only=True)
        copy_journal(source, tmp_path / "copy.db")
        source.close()
    copy = sqlite.connect(tmp_path / "copy.db", read_only=True)
    assert Journal(copy).count_events() == 1
    copy.close()
    assert not (tmp_path / "copy.db-wal").exists()


def test_readers_are_lent_again_bounded_and_refused_after_closing(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    sqlite.connect(path).close()
    pool = ReaderPool(path)
    with pool.borrow() as first:
        pass
    with pool.borrow() as second:
        assert first is second
        with pytest.raises(apsw.ReadOnlyError):
            second.execute("CREATE TABLE t (x)")
    stacks = [pool.borrow() for _ in range(IDLE_CONNECTIONS_MAX + 3)]
    for lent in stacks:
        lent.__enter__()
    for lent in stacks:
        lent.__exit__(None, None, None)
    assert len(pool._idle) == IDLE_CONNECTIONS_MAX
    pool.close()
    with pytest.raises(KernelError, match="closed"), pool.borrow():
        pass


def test_writers_take_turns_and_a_failed_body_leaves_nothing(tmp_path: Path) -> None:
    connection = sqlite.connect(tmp_path / "a.db")
    connection.execute("CREATE TABLE t (x)")
    writer = JournalWriter(connection, tmp_path / "a.db")

    def add() -> None:
        for _ in range(20):
            with writer.transaction() as own:
                ((count,),) = own.execute("SELECT count(*) FROM t")
                own.execute("INSERT INTO t VALUES (?)", (count,))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with pytest.raises(apsw.SQLError), writer.transaction() as own:
        own.execute("INSERT INTO t VALUES (1000); INSERT INTO nowhere VALUES (1)")
    with writer.turn() as own:
        assert [row[0] for row in own.execute("SELECT x FROM t ORDER BY rowid")] == list(range(80))
    writer.close()
    with pytest.raises(KernelError, match="closed"), writer.turn():
        pass


def test_many_blobs_are_looked_up_at_once(tmp_path: Path) -> None:
    data = [b"%d" % number for number in range(LOOKUP_DIGESTS_MAX + 3)]
    digests = [blake3.blake3(one).digest() for one in data]
    with EvidenceStore.open(DataDir(tmp_path / "data")) as store:
        store.append([draft(one) for one in data[::2]])
        with store._readers.borrow() as connection:
            journal = Journal(connection)
            assert journal.blob_ids([]) == {}
            found = journal.blob_ids([*digests, *digests[:5]])
            assert found == {one: journal.blob_id(one) for one in digests[::2]}


@dataclass
class ForgettingDisk(OsDisk):
    """Tells what was synced and forgotten, in their order."""

    told: list[tuple[str, int, int]] = field(default_factory=list)

    def sync(self, descriptor: int) -> None:
        super().sync(descriptor)
        self.told.append(("sync", 0, 0))

    def forget(self, descriptor: int, offset: int, length_bytes: int) -> None:
        super().forget(descriptor, offset, length_bytes)
        self.told.append(("forget", offset, length_bytes))


def test_large_frames_leave_memory_once_they_are_synced_and_small_ones_stay(
    tmp_path: Path,
) -> None:
    disk = ForgettingDisk()
    writer = PackWriter(tmp_path, disk, next_number=1)
    large, small = bytes(FORGET_BYTES_MIN), b"small"
    ends = [0]
    for payload in (large, small, large):
        frame = Frame(FrameKind.BLOB, blake3.blake3(payload).digest(), payload)
        written = writer.append([frame], created_at_us=1)
        writer.sync()
        ends.append(written.end_bytes)
        path = segment_path(tmp_path, written.number)
        assert read_frame(path, written.offsets[0])[2] == payload
        assert holds_payload(path, written.offsets[0], payload)
    writer.retire()
    assert disk.told == [
        ("sync", 0, 0),
        ("forget", 0, ends[1]),
        ("sync", 0, 0),
        ("sync", 0, 0),
        ("forget", ends[2], ends[3] - ends[2]),
    ]


def test_an_appender_over_outlets_writes_where_its_reader_finds_it(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path)
    lock = DataDirLock.acquire(data_dir.lock_file, started_at_us=0)
    limits = DiskLimits(0, 0, 0, 0.0)
    outlets = Outlets(data_dir, OsDisk(), 1000, limits, None)
    appender = Appender.start(data_dir, lock, OsDisk(), lambda: 5, outlets)
    ack = appender.append([draft(b"pixels")], 6)[0]
    readers = ReaderPool(data_dir.journal_db)
    assert BlobReader(data_dir.root, readers).read(ack.event.blob) == b"pixels"
    assert outlets.watches_drives
    with appender.journal.turn() as connection:
        assert pending_segments(Journal(connection)) == []
    readers.close()
    appender.close(7)
