"""A disk that fills up or fails at any of its operations: loud, and nothing acked is lost."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from kernel.store.verify import verify
from tests.kernel.store.captures import draft
from tests.kernel.store.watched_disk import (
    Operation,
    ShortWrite,
    WatchedDisk,
    Watcher,
    watched,
)

# SQLite swallows a failure where nothing depends on it (the checkpoint of a close); apsw then
# hands the exception of the injected fault to Python's hook for unraisable ones.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

LOUD = {"disk-full", "disk-failed"}
Fault = Callable[[int, Operation], None]


def no_space() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def io_error() -> OSError:
    return OSError(errno.EIO, os.strerror(errno.EIO))


def payload(batch: int, index: int) -> bytes:
    return f"{batch % 3}/{index}".encode() * (2_000 if index else 50)


class Run:
    """Appends four batches over two lives of a store, trying each again until it holds."""

    def __init__(self, root: Path, watcher: Watcher) -> None:
        self.data_dir = DataDir(root)
        self.watcher = watcher
        self.acked: dict[str, bytes] = {}
        self.failures: list[str] = []

    def go(self) -> None:
        with watched(self.watcher):
            for life in range(2):
                store = self.retry(self.open_store)
                for batch in range(life * 2, life * 2 + 2):
                    self.retry(partial(self.append, store, batch))
                store.close()

    def open_store(self) -> EvidenceStore:
        return EvidenceStore.open(
            self.data_dir, disk=WatchedDisk(self.watcher), segment_bytes_max=20_000
        )

    def append(self, store: EvidenceStore, batch: int) -> EvidenceStore:
        data = [payload(batch, index) for index in range(3)]
        before = store.count_events()
        try:
            acks = store.append([draft(part) for part in data])
        except KernelError:
            assert store.count_events() == before
            raise
        for part, ack in zip(data, acks, strict=True):
            self.acked[ack.event.event_id] = part
        return store

    def retry(self, action: Callable[[], EvidenceStore]) -> EvidenceStore:
        for _ in range(3):
            try:
                return action()
            except KernelError as error:
                self.failures.append(error.code)
        raise AssertionError(self.failures)

    def check(self) -> None:
        assert set(self.failures) <= LOUD
        assert len(self.acked) == 12
        with EvidenceStore.open(self.data_dir) as store:
            for name, data in self.acked.items():
                event = store.find_event(name)
                assert event is not None
                assert store.read_blob(event.blob) == data
            assert store.count_events() == 12
            store.append([draft(b"later")])
        report = verify(self.data_dir, quick=False)
        assert report.ok, report.findings


def failing_at(number: int, error: Callable[[], OSError]) -> Fault:
    def fault(count: int, _: Operation) -> None:
        if count == number:
            raise error()

    return fault


def is_pack_write(operation: Operation) -> bool:
    return operation.kind == "write" and operation.path.suffix == ".seg"


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> list[Operation]:
    watcher = Watcher()
    run = Run(tmp_path_factory.mktemp("whole") / "data", watcher)
    run.go()
    run.check()
    assert run.failures == []
    return watcher.operations


@pytest.mark.parametrize("error", [no_space, io_error])
def test_one_failure_at_any_operation_is_loud_and_a_retry_succeeds(
    quick_dir: Path, operations: list[Operation], error: Callable[[], OSError]
) -> None:
    numbers = range(1, len(operations) + 1)
    failed = 0
    for number in numbers:
        run = Run(quick_dir / str(number), Watcher(fault=failing_at(number, error), keep=False))
        run.go()
        run.check()
        shutil.rmtree(quick_dir / str(number))
        failed += bool(run.failures)
    assert failed > len(numbers) // 3


def test_a_short_write_is_followed_by_the_rest(
    quick_dir: Path, operations: list[Operation]
) -> None:
    numbers = [number for number, op in enumerate(operations, 1) if is_pack_write(op)]
    assert len(numbers) > 4
    for number in numbers:
        fault = failing_at(number, ShortWrite)
        run = Run(quick_dir / str(number), Watcher(fault=fault, keep=False))
        run.go()
        run.check()
        assert run.failures == []


def test_a_short_write_before_a_full_disk_leaves_no_torn_frame(quick_dir: Path) -> None:
    writes = iter([ShortWrite(), no_space()])

    def fault(_: int, operation: Operation) -> None:
        if armed and is_pack_write(operation) and (error := next(writes, None)):
            raise error

    armed = False
    data_dir = DataDir(quick_dir / "data")
    store = EvidenceStore.open(data_dir, disk=WatchedDisk(Watcher(fault=fault)))
    store.append([draft(b"before")])
    size = store.stats().pack_bytes
    armed = True
    with pytest.raises(KernelError, match="no space left"):
        store.append([draft(b"torn" * 1000)])
    assert store.stats().pack_bytes == size
    assert store.append([draft(b"after")])[0].event.seq == 2
    store.close()
    assert verify(data_dir, quick=False).ok


@pytest.mark.parametrize("error", [no_space, io_error])
def test_a_disk_that_stays_broken_refuses_every_batch_until_it_heals(
    quick_dir: Path, error: Callable[[], OSError]
) -> None:
    broken = False

    def fault(_: int, operation: Operation) -> None:
        # A full disk still frees and syncs what it has.
        if broken and operation.kind in {"create", "write"}:
            raise error()

    data_dir = DataDir(quick_dir / "data")
    with watched(Watcher(fault=fault, keep=False)):
        store = EvidenceStore.open(data_dir, disk=WatchedDisk(Watcher(fault=fault, keep=False)))
        kept = store.append([draft(b"before" * 1000)])[0].event
        broken = True
        for attempt in range(20):
            with pytest.raises(KernelError) as refused:
                store.append([draft(f"during {attempt}".encode() * 1000)])
            assert refused.value.code in LOUD
            assert store.read_blob(kept.blob) == b"before" * 1000
        broken = False
        assert store.append([draft(b"after")])[0].event.seq == 2
        store.close()
    assert verify(data_dir, quick=False).ok


def test_retries_on_a_journal_that_cannot_commit_do_not_fill_the_packs(quick_dir: Path) -> None:
    broken = False

    def fault(_: int, operation: Operation) -> None:
        if broken and operation.path.name == "journal.db-wal" and operation.kind == "write":
            raise no_space()

    data_dir = DataDir(quick_dir / "data")
    frame = os.urandom(100_000)
    with watched(Watcher(fault=fault, keep=False)):
        store = EvidenceStore.open(data_dir)
        broken = True
        for _ in range(10):
            with pytest.raises(KernelError, match="no space left"):
                store.append([draft(frame)])
        broken = False
        assert store.append([draft(frame)])[0].status == "stored"
        assert store.stats().pack_bytes < 120_000
        store.close()
    assert verify(data_dir, quick=False).ok
