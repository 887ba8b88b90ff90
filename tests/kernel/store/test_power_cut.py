"""Power cuts: at any moment, with any part of the unsynced writes lost, what was acked stays."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from kernel.store.verify import verify
from tests.kernel.store.captures import draft
from tests.kernel.store.watched_disk import (
    Operation,
    WatchedDisk,
    Watcher,
    crash_state,
    watched,
)

BATCHES = 12


@dataclass(frozen=True, slots=True)
class Recording:
    """The operations of a run; ``acked`` holds (operations before it, event id, bytes)."""

    root: Path
    operations: list[Operation]
    acked: list[tuple[int, str, bytes]]


def record(root: Path, *, lying: bool = False) -> Recording:
    chance = random.Random(1)  # noqa: S311 - repeatable, nothing secret
    watcher = Watcher()
    acked: list[tuple[int, str, bytes]] = []
    with watched(watcher):
        for _ in range(2):
            store = EvidenceStore.open(
                DataDir(root),
                disk=WatchedDisk(watcher, lying=lying),
                segment_bytes_max=60_000,
            )
            for _ in range(BATCHES):
                size = chance.choice([10, 5_000, 20_000])
                batch = [chance.randbytes(size) for _ in range(chance.randint(1, 3))]
                batch.append(b"the same bytes every time")
                for data, ack in zip(batch, store.append([draft(d) for d in batch]), strict=True):
                    acked.append((len(watcher.operations), ack.event.event_id, data))
            store.close()
    return Recording(root, watcher.operations, acked)


def lost_after_cut(recording: Recording, cut: int, target: Path, seed: int) -> list[str]:
    """Ids of acknowledged events that are gone after a cut at ``cut``, and what verify finds."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, nothing secret
    crash_state(recording.operations[:cut], recording.root, target, chance)
    expected = [(name, data) for at, name, data in recording.acked if at <= cut]
    data_dir = DataDir(target)
    try:
        store = EvidenceStore.open(data_dir)
    except KernelError:
        return [name for name, _ in expected]
    lost = []
    with store:
        for name, data in expected:
            event = store.find_event(name)
            if event is None or not holds(store, event.blob, data):
                lost.append(name)
        store.append([draft(b"after the cut")])
    report = verify(data_dir, quick=False)
    # The directory may lie in memory, and there are many of them.
    shutil.rmtree(target)
    return lost + [f"{found.code}: {found.where}" for found in report.findings]


def holds(store: EvidenceStore, blob: str, data: bytes) -> bool:
    try:
        return store.read_blob(blob) == data
    except KernelError:
        return False


def cuts_of(recording: Recording, count: int) -> list[int]:
    chance = random.Random(2)  # noqa: S311 - repeatable, nothing secret
    return [chance.randint(0, len(recording.operations)) for _ in range(count)]


def test_nothing_acknowledged_is_lost_whatever_the_cut_takes(quick_dir: Path) -> None:
    recording = record(quick_dir / "data")
    for seed, cut in enumerate(cuts_of(recording, 60)):
        assert lost_after_cut(recording, cut, quick_dir / f"cut{seed}", seed) == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_nothing_acknowledged_is_lost_at_any_operation(quick_dir: Path) -> None:
    recording = record(quick_dir / "data")
    for cut in range(len(recording.operations) + 1):
        for seed in range(3):
            target = quick_dir / f"cut{cut}-{seed}"
            assert lost_after_cut(recording, cut, target, seed) == []


def test_a_disk_that_lies_about_syncs_is_caught_by_this_test(quick_dir: Path) -> None:
    recording = record(quick_dir / "data", lying=True)
    losses = [
        bool(lost_after_cut(recording, cut, quick_dir / f"cut{seed}", seed))
        for seed, cut in enumerate(cuts_of(recording, 20))
    ]
    assert sum(losses) > 10
