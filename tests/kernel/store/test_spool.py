"""The overflow spool: taken when the primary is full, seen at once, brought home by itself."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from kernel.store.outlets import REFUSAL_KEPT_US
from kernel.store.pressure import DiskLevel, DiskLimits
from kernel.store.verify import verify
from tests.kernel.store.captures import draft
from tests.kernel.store.mounts import tmpfs
from tests.kernel.store.test_full_disk import check, fill
from tests.kernel.store.watched_disk import Operation, WatchedDisk, Watcher

ALWAYS_RED = DiskLimits(
    yellow_free_bytes=1 << 60, red_free_bytes=1 << 60, black_free_bytes=0, yellow_days_left=0
)


@pytest.fixture
def data_dir(quick_dir: Path) -> DataDir:
    return DataDir(quick_dir / "data")


@pytest.fixture
def spool_dir(quick_dir: Path) -> Path:
    path = quick_dir / "second"
    path.mkdir()
    return path


def open_red(data_dir: DataDir, spool_dir: Path) -> EvidenceStore:
    return EvidenceStore.open(
        data_dir, disk_limits=ALWAYS_RED, spool_dir=spool_dir, segment_bytes_max=20_000
    )


def fill_spool(data_dir: DataDir, spool_dir: Path, count: int = 12) -> dict[str, bytes]:
    acked = {}
    with EvidenceStore.open(data_dir) as store:
        store.append([draft(b"at home")])
    with open_red(data_dir, spool_dir) as store:
        assert store.disk_decision().level is DiskLevel.RED
        size = store.stats().pack_bytes
        for number in range(count):
            data = os.urandom(3000 + number)
            ack = store.append([draft(data), draft(b"at home")])
            assert [a.status for a in ack] == ["stored", "duplicate-pixels"]
            acked[ack[0].event.blob] = data
            assert store.read_blob(ack[0].event.blob) == data
        assert store.stats().pack_bytes == size
    return acked


def drain_all(store: EvidenceStore) -> int:
    calls = 1
    while store.drain_spool(bytes_max=5_000).segments_pending:
        calls += 1
        assert calls < 100
    return calls


def test_spooled_evidence_is_seen_at_once_and_drains_home(
    data_dir: DataDir, spool_dir: Path
) -> None:
    acked = fill_spool(data_dir, spool_dir)
    assert verify(data_dir, quick=False).ok
    with EvidenceStore.open(data_dir) as store:
        assert drain_all(store) > 2
        home = store.stats().pack_bytes
        for blob, data in acked.items():
            assert store.read_blob(blob) == data
    assert home > sum(map(len, acked.values()))
    (root,) = spool_dir.iterdir()
    assert list((root / "packs").iterdir()) == []
    assert len(list((root / "drained").iterdir())) > 1
    spool_dir.rename(spool_dir.with_name("unplugged"))
    with EvidenceStore.open_read_only(data_dir) as reader:
        assert all(reader.read_blob(blob) == data for blob, data in acked.items())
        acts = [entry.act for entry in reader.ledger.entries()]
        assert "spool.drained" in acts
    assert verify(data_dir, quick=False).ok


def test_a_spool_that_vanishes_is_told_as_such_and_served_when_it_is_back(
    data_dir: DataDir, spool_dir: Path
) -> None:
    acked = fill_spool(data_dir, spool_dir)
    away = spool_dir.with_name("unplugged")
    store = open_red(data_dir, spool_dir)
    spool_dir.rename(away)
    spool_dir.mkdir()  # the empty mount point, on the primary drive
    blob, data = next(iter(acked.items()))
    with pytest.raises(KernelError) as offline:
        store.read_blob(blob)
    assert offline.value.code == "blob-offline"
    # Nothing is written into the empty mount point: the last room at home is used instead.
    assert store.append([draft(b"meanwhile")])[0].status == "stored"
    assert list(spool_dir.iterdir()) == []
    assert store.count_events() == 26
    report = verify(data_dir, quick=False)
    assert report.ok
    assert any("not mounted" in note for note in report.notes)
    spool_dir.rmdir()
    away.rename(spool_dir)
    assert store.read_blob(blob) == data
    store.append([draft(b"again")])
    store.close()
    with EvidenceStore.open(data_dir, spool_dir=spool_dir) as store:
        drain_all(store)
        assert all(store.read_blob(key) == value for key, value in acked.items())
    assert verify(data_dir, quick=False).ok


def test_both_full_is_black_and_refused_loudly(data_dir: DataDir, spool_dir: Path) -> None:
    limits = DiskLimits(1 << 60, 1 << 60, 1 << 59, 0)
    with EvidenceStore.open(data_dir, disk_limits=limits, spool_dir=spool_dir) as store:
        assert store.disk_decision().level is DiskLevel.BLACK
        with pytest.raises(KernelError) as refused:
            store.append([draft(b"x")])
        assert refused.value.code == "disk-full"
        assert "no space left" not in refused.value.message
        assert f"{1 << 59} of a drive stay free (disk.black_free_bytes)" in refused.value.message
        assert "disk.black_free_bytes" in (refused.value.hint or "")
        assert store.count_events() == 0
        assert store.drain_spool().bytes_copied == 0


def levels_of(store: EvidenceStore) -> list[tuple[str, str, str]]:
    return [
        (entry.detail["from"], entry.subject, entry.detail["pixels_to"])
        for entry in store.ledger.entries()
        if entry.act == "disk.level"
    ]


def test_each_change_of_the_level_is_ledgered_and_where_pixels_go(
    data_dir: DataDir, spool_dir: Path
) -> None:
    with EvidenceStore.open(data_dir) as store:
        store.append([draft(b"at home")])
        assert levels_of(store) == []
    with open_red(data_dir, spool_dir) as store:
        for number in range(3):
            store.append([draft(f"spooled {number}".encode())])
            store.disk_decision()
        assert levels_of(store) == [("green", "red", "spool")]
        spool_dir.rename(spool_dir.with_name("unplugged"))
        store.append([draft(b"meanwhile")])
        assert levels_of(store)[1:] == [("red", "red", "primary")]
    assert verify(data_dir, quick=False).ok


def test_a_refused_capture_leaves_the_level_in_the_ledger(data_dir: DataDir) -> None:
    limits = DiskLimits(1 << 60, 1 << 60, 1 << 59, 0)
    with EvidenceStore.open(data_dir, disk_limits=limits) as store:
        with pytest.raises(KernelError):
            store.append([draft(b"x")])
        assert levels_of(store) == [("green", "black", "refuse")]


def test_a_torn_tail_on_the_spool_is_sealed_like_any_other(
    data_dir: DataDir, spool_dir: Path
) -> None:
    fill_spool(data_dir, spool_dir)
    (root,) = spool_dir.iterdir()
    last = sorted((root / "packs").iterdir())[-1]
    with last.open("ab") as file:
        file.write(b"torn" * 50)
    with EvidenceStore.open(data_dir, spool_dir=spool_dir) as store:
        assert "store.recovered" in {entry.act for entry in store.ledger.entries()}
        drain_all(store)
    assert verify(data_dir, quick=False).ok


def test_damage_on_the_spool_stops_its_drain_with_the_place_of_it(
    data_dir: DataDir, spool_dir: Path
) -> None:
    fill_spool(data_dir, spool_dir)
    (root,) = spool_dir.iterdir()
    first = sorted((root / "packs").iterdir())[0]
    data = bytearray(first.read_bytes())
    data[1000] ^= 1
    first.write_bytes(data)
    report = verify(data_dir, quick=False)
    assert {found.code for found in report.findings} == {"blob-damaged"}
    with (
        EvidenceStore.open(data_dir, spool_dir=spool_dir) as store,
        pytest.raises(KernelError) as stopped,
    ):
        drain_all(store)
    assert stopped.value.code == "spool-damaged"


def test_a_primary_that_fills_up_falls_over_to_the_spool_then_both_refuse_then_all_is_home(
    tmp_path: Path,
) -> None:
    with tmpfs(tmp_path / "one", "6m") as one, tmpfs(tmp_path / "two", "3m") as two:
        ballast = one / "ballast"
        ballast.write_bytes(bytes(3 << 20))
        data_dir = DataDir(one / "data")
        acked: dict[str, bytes] = {}
        with EvidenceStore.open(data_dir, spool_dir=two) as store:
            assert fill(store, 100_000, acked) == "disk-full"
            spooled = sum(f.stat().st_size for f in two.rglob("*.seg"))
            assert spooled > 1 << 20
            check(store, acked)
            ballast.unlink()
            while store.drain_spool().segments_pending:
                pass
            acked[store.append([draft(b"after")])[0].event.event_id] = b"after"
        with EvidenceStore.open_read_only(data_dir) as reader:
            check(reader, acked)
        report = verify(data_dir, quick=False)
        assert report.ok, report.findings


def test_a_primary_that_takes_no_more_is_told_as_red_while_captures_go_to_the_spool(
    data_dir: DataDir, spool_dir: Path
) -> None:
    now_us, full = 1_000_000, True

    def fault(_: int, operation: Operation) -> None:
        if full and operation.kind == "write" and data_dir.packs_dir in operation.path.parents:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with EvidenceStore.open(
        data_dir,
        disk=WatchedDisk(Watcher(fault=fault)),
        disk_limits=DiskLimits(0, 0, 0, 0),
        spool_dir=spool_dir,
        now_us=lambda: now_us,
    ) as store:
        assert store.disk_decision().level is DiskLevel.GREEN
        first = store.append([draft(b"spooled")])[0].event
        told = store.last_disk_decision()
        assert (told.level, told.target) == (DiskLevel.RED, "spool")
        full = False
        second = store.append([draft(b"spooled as well")])[0].event
        assert store.last_disk_decision().target == "spool", "not tried anew with every batch"
        (root,) = spool_dir.iterdir()
        assert b"spooled as well" in b"".join(f.read_bytes() for f in root.rglob("*.seg"))
        now_us += REFUSAL_KEPT_US
        store.append([draft(b"home again")])
        told = store.last_disk_decision()
        assert (told.level, told.target) == (DiskLevel.GREEN, "primary")
        while store.drain_spool().segments_pending:
            pass
        assert store.read_blob(first.blob) == b"spooled"
        assert store.read_blob(second.blob) == b"spooled as well"


def test_without_a_spool_the_next_batch_tries_the_primary_again(data_dir: DataDir) -> None:
    full = True

    def fault(_: int, operation: Operation) -> None:
        if full and operation.kind == "write":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    disk, limits = WatchedDisk(Watcher(fault=fault)), DiskLimits(0, 0, 0, 0)
    with EvidenceStore.open(data_dir, disk=disk, disk_limits=limits) as store:
        with pytest.raises(KernelError, match="no space left"):
            store.append([draft(b"refused")])
        assert store.last_disk_decision().level is DiskLevel.RED
        full = False
        store.append([draft(b"taken")])
        assert store.disk_decision().level is DiskLevel.GREEN


def test_a_capture_whose_bytes_are_on_an_absent_spool_is_stored_where_it_can_be_read(
    data_dir: DataDir, spool_dir: Path
) -> None:
    acked = fill_spool(data_dir, spool_dir, count=1)
    ((blob, data),) = acked.items()
    away = spool_dir.with_name("away")
    spool_dir.rename(away)
    with EvidenceStore.open(data_dir) as store:
        with pytest.raises(KernelError, match="not mounted"):
            store.read_blob(blob)
        acks = store.append([draft(data), draft(data)])
        assert {(ack.event.blob, ack.status) for ack in acks} == {(blob, "duplicate-pixels")}
        assert store.read_blob(blob) == data
        size = store.stats().pack_bytes
        store.append([draft(data)])
        assert store.stats().pack_bytes - size < len(data)
    away.rename(spool_dir)
    with EvidenceStore.open(data_dir) as store:
        drain_all(store)
        assert store.read_blob(blob) == data
    report = verify(data_dir, quick=False)
    assert report.ok, report.findings
