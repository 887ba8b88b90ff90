"""A real disk that is full: refused loudly, nothing acknowledged touched, goes on when freed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from kernel.store.verify import verify
from tests.kernel.store.captures import draft
from tests.kernel.store.mounts import run, tmpfs


def fill(store: EvidenceStore, size: int, acked: dict[str, bytes]) -> str:
    """Append until the disk is full; the code of the refusal."""
    while True:
        data = os.urandom(size)
        try:
            acked[store.append([draft(data)])[0].event.event_id] = data
        except KernelError as error:
            return error.code


def check(store: EvidenceStore, acked: dict[str, bytes]) -> None:
    for name, data in acked.items():
        event = store.find_event(name)
        assert event is not None
        assert store.read_blob(event.blob) == data


@pytest.mark.parametrize("size", [300, 5_000, 70_000, 400_000])
def test_a_full_disk_is_refused_and_the_store_goes_on_when_space_is_back(
    tmp_path: Path, size: int
) -> None:
    with tmpfs(tmp_path / "disk", "4m") as disk:
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(1 << 20))
        data_dir = DataDir(disk / "data")
        acked: dict[str, bytes] = {}
        with EvidenceStore.open(data_dir) as store:
            assert fill(store, size, acked) == "disk-full"
            for _ in range(5):
                with pytest.raises(KernelError, match="no space left"):
                    store.append([draft(os.urandom(size + 2_000))])
            check(store, acked)
            ballast.unlink()
            data = os.urandom(size)
            acked[store.append([draft(data)])[0].event.event_id] = data
            assert fill(store, size, acked) == "disk-full"
        with EvidenceStore.open_read_only(data_dir) as store:
            check(store, acked)
            assert store.count_events() == len(acked)
        assert len(acked) >= 4
        report = verify(data_dir, quick=False)
        assert report.ok, report.findings


def test_a_store_opens_and_reads_on_a_disk_that_is_full_to_the_last_byte(
    tmp_path: Path,
) -> None:
    with tmpfs(tmp_path / "disk", "4m") as disk:
        data_dir = DataDir(disk / "data")
        acked: dict[str, bytes] = {}
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(1 << 20))
        with EvidenceStore.open(data_dir) as store:
            fill(store, 100_000, acked)
        stuff_to_the_last_byte(disk)
        with EvidenceStore.open_read_only(data_dir) as store:
            check(store, acked)
        with pytest.raises(KernelError) as full:
            EvidenceStore.open(data_dir)
        assert full.value.code == "disk-full"
        ballast.unlink()
        with EvidenceStore.open(data_dir) as store:
            check(store, acked)
            store.append([draft(b"again")])
        assert verify(data_dir, quick=False).ok


def stuff_to_the_last_byte(disk: Path) -> None:
    with (disk / "stuffing").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return


def test_a_disk_that_turns_read_only_is_refused_and_still_read(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "disk", "8m") as disk:
        data_dir = DataDir(disk / "data")
        store = EvidenceStore.open(data_dir)
        event = store.append([draft(b"kept")])[0].event
        store.close()
        run("mount", "-o", "remount,ro", str(disk))
        with pytest.raises(KernelError) as refused:
            EvidenceStore.open(data_dir)
        assert refused.value.code == "disk-failed"
        with EvidenceStore.open_read_only(data_dir) as reader:
            assert reader.read_blob(event.blob) == b"kept"
        assert verify(data_dir, quick=False).ok
        run("mount", "-o", "remount,rw", str(disk))
        with EvidenceStore.open(data_dir) as again:
            assert again.append([draft(b"more")])[0].event.seq == 2
