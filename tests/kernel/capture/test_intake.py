"""The intake: batches form by themselves, the queue is bounded, nothing is dropped silently."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from kernel.capture.intake import Intake, IntakeLimits
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.draft import Acknowledged, CaptureDraft
from kernel.store.evidence import EvidenceStore
from kernel.store.verify import verify
from tests.kernel.store.captures import draft

WAIT_S = 30.0


class GatedStore(EvidenceStore):
    """A store whose appending waits for a gate, so that a queue can be watched filling."""

    gate: threading.Event
    entered: threading.Event
    batches: list[int]

    def append_checked(self, drafts: Sequence[CaptureDraft]) -> list[Acknowledged]:
        self.entered.set()
        assert self.gate.wait(WAIT_S)
        self.batches.append(len(drafts))
        return super().append_checked(drafts)


@pytest.fixture
def store(tmp_path: Path) -> GatedStore:
    store = GatedStore.open(DataDir(tmp_path / "data"))
    assert isinstance(store, GatedStore)
    store.gate, store.entered, store.batches = threading.Event(), threading.Event(), []
    return store


def test_what_queues_during_a_sync_is_committed_together(store: GatedStore) -> None:
    intake = Intake(store)
    intake.start()
    first = intake.submit(draft(b"first"), timeout_s=1)
    assert store.entered.wait(WAIT_S)
    rest = [intake.submit(draft(bytes([step])), timeout_s=1) for step in range(50)]
    store.gate.set()
    acks = [future.result(WAIT_S) for future in (first, *rest)]
    assert [ack.event.seq for ack in acks] == list(range(1, 52))
    assert store.batches == [1, 50]
    assert intake.close()
    store.close()


@pytest.mark.parametrize(
    ("limits", "taken"),
    [
        (IntakeLimits(queue_items_max=3), 3),
        (IntakeLimits(queue_bytes_max=50), 5),
    ],
)
def test_a_full_queue_pushes_back_and_drops_nothing(
    store: GatedStore, limits: IntakeLimits, taken: int
) -> None:
    intake = Intake(store, limits=limits)
    intake.start()
    futures = [intake.submit(draft(b"0123456789"), timeout_s=1)]
    assert store.entered.wait(WAIT_S)
    futures += [intake.submit(draft(b"0123456789"), timeout_s=1) for _ in range(taken)]
    with pytest.raises(KernelError) as full:
        intake.submit(draft(b"0123456789"), timeout_s=0.01)
    assert full.value.code == "intake-full"
    assert intake.load().queued_items == taken
    store.gate.set()
    assert all(future.result(WAIT_S) for future in futures)
    assert store.count_events() == taken + 1
    intake.close()
    store.close()


def test_a_producer_that_waits_gets_the_room_that_a_batch_makes(store: GatedStore) -> None:
    intake = Intake(store, limits=IntakeLimits(queue_items_max=1))
    intake.start()
    intake.submit(draft(b"a"), timeout_s=1)
    assert store.entered.wait(WAIT_S)
    intake.submit(draft(b"b"), timeout_s=1)
    results: list[int] = []

    def produce() -> None:
        results.append(intake.submit(draft(b"c"), timeout_s=WAIT_S).result(WAIT_S).event.seq)

    producer = threading.Thread(target=produce)
    producer.start()
    store.gate.set()
    producer.join(WAIT_S)
    assert results == [3]
    intake.close()
    store.close()


def test_one_capture_larger_than_every_limit_is_still_taken(store: GatedStore) -> None:
    limits = IntakeLimits(queue_bytes_max=10, batch_bytes_max=10)
    intake = Intake(store, limits=limits)
    intake.start()
    store.gate.set()
    assert intake.submit(draft(bytes(1000)), timeout_s=1).result(WAIT_S).event.seq == 1
    intake.close()
    store.close()


def test_closing_stores_what_is_queued_and_takes_no_more(store: GatedStore) -> None:
    intake = Intake(store)
    intake.start()
    futures = [intake.submit(draft(bytes([step])), timeout_s=1) for step in range(5)]
    store.gate.set()
    assert intake.close()
    assert [future.result(0).event.seq for future in futures] == [1, 2, 3, 4, 5]
    with pytest.raises(KernelError) as closed:
        intake.submit(draft(b"late"), timeout_s=1)
    assert closed.value.code == "intake-closed"
    store.close()


def test_a_failed_commit_fails_every_future_of_its_batch_and_the_next_one_works(
    tmp_path: Path,
) -> None:
    class BrokenOnce(EvidenceStore):
        broken = True

        def append_checked(self, drafts: Sequence[CaptureDraft]) -> list[Acknowledged]:
            if self.broken:
                self.broken = False
                raise KernelError("disk-full", "no space")
            return super().append_checked(drafts)

    store = BrokenOnce.open(DataDir(tmp_path / "data"))
    intake = Intake(store)
    intake.start()
    with pytest.raises(KernelError, match="no space"):
        intake.submit(draft(b"x"), timeout_s=1).result(WAIT_S)
    assert intake.submit(draft(b"x"), timeout_s=1).result(WAIT_S).event.seq == 1
    intake.close()
    store.close()


def test_an_invalid_draft_is_refused_in_its_producer_and_spoils_no_batch(
    store: GatedStore,
) -> None:
    intake = Intake(store)
    intake.start()
    store.gate.set()
    with pytest.raises(KernelError) as refused:
        intake.submit(draft(b""), timeout_s=1)
    assert refused.value.code == "draft-invalid"
    assert intake.submit(draft(b"x"), timeout_s=1).result(WAIT_S).event.seq == 1
    intake.close()
    store.close()


def test_64_producers_at_once_each_get_their_own_events_acknowledged(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    store = EvidenceStore.open(data_dir)
    intake = Intake(store, limits=IntakeLimits(queue_items_max=16))
    intake.start()
    seen: dict[tuple[int, int], str] = {}

    def produce(name: int) -> None:
        for step in range(20):
            future = intake.submit(draft(f"{name}:{step % 7}".encode()), timeout_s=WAIT_S)
            seen[name, step] = future.result(WAIT_S).event.event_id

    threads = [threading.Thread(target=produce, args=(name,)) for name in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert intake.close()
    assert len(set(seen.values())) == 64 * 20
    for (name, step), found in seen.items():
        event = store.find_event(found)
        assert event is not None
        assert store.read_blob(event.blob) == f"{name}:{step % 7}".encode()
    assert store.stats().blobs == 64 * 7
    assert intake.load().batches < 64 * 20
    store.close()
    assert verify(data_dir, quick=False).ok
