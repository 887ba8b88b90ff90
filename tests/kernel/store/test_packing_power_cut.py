"""Power cuts while frames are packed and segments replaced: every acknowledged pixel stays."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from kernel.store.verify import verify
from tests.kernel.store.captures import START_US, draft
from tests.kernel.store.packing import SEGMENT_BYTES, pack_next, picture, pixels_of
from tests.kernel.store.watched_disk import Operation, WatchedDisk, Watcher, crash_state, watched


@dataclass
class Recording:
    """The operations of a run; what was acked, and which files went, with the count before."""

    root: Path
    operations: list[Operation] = field(default_factory=list)
    acked: list[tuple[int, str, bytes]] = field(default_factory=list)
    gone: list[tuple[int, str]] = field(default_factory=list)


def record(root: Path, *, lying: bool = False) -> Recording:
    watcher, recording = Watcher(), Recording(root)
    with watched(watcher):
        disk = WatchedDisk(watcher, lying=lying)
        store = EvidenceStore.open(DataDir(root), disk=disk, segment_bytes_max=SEGMENT_BYTES)
        for seed in range(8):
            data = picture(seed)
            (ack,) = store.append([draft(data, at_us=START_US + seed)])
            recording.acked.append((len(watcher.operations), ack.event.blob, pixels_of(data)))
        while pack_next(store, 4) is not None:
            pass
        while (done := store.reclaim()) is not None:
            recording.gone.append((len(watcher.operations), done.segment))
        store.close()
    recording.operations = watcher.operations
    assert recording.gone
    return recording


def lost_after_cut(recording: Recording, cut: int, target: Path, seed: int) -> list[str]:
    """Blobs whose acknowledged pixels are gone after a cut at ``cut``, and what verify finds."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, nothing secret
    crash_state(recording.operations[:cut], recording.root, target, chance)
    for at, name in recording.gone:
        if at <= cut:
            # The worst that may have reached the disk: the file is away.
            (target / "packs" / name).unlink(missing_ok=True)
    expected = [(blob, pixels) for at, blob, pixels in recording.acked if at <= cut]
    data_dir = DataDir(target)
    try:
        store = EvidenceStore.open(data_dir)
    except KernelError:
        return [blob for blob, _ in expected]
    with store:
        lost = [blob for blob, pixels in expected if not shows(store, blob, pixels)]
    report = verify(data_dir, quick=False)
    shutil.rmtree(target)
    return lost + [f"{found.code}: {found.where}" for found in report.findings]


def shows(store: EvidenceStore, blob: str, pixels: bytes) -> bool:
    try:
        return pixels_of(store.read_blob(blob)) == pixels
    except KernelError:
        return False


def test_no_pixel_is_lost_whatever_a_cut_takes_of_packing(quick_dir: Path) -> None:
    recording = record(quick_dir / "data")
    chance = random.Random(2)  # noqa: S311 - repeatable, nothing secret
    packing = recording.acked[-1][0]
    cuts = [chance.randint(packing, len(recording.operations)) for _ in range(25)]
    cuts += [at for at, _ in recording.gone]
    for seed, cut in enumerate(cuts):
        assert lost_after_cut(recording, cut, quick_dir / f"cut{seed}", seed) == [], cut


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_no_pixel_is_lost_at_any_operation_of_packing(quick_dir: Path) -> None:
    recording = record(quick_dir / "data")
    for cut in range(len(recording.operations) + 1):
        for seed in range(2):
            assert lost_after_cut(recording, cut, quick_dir / f"cut{cut}", seed) == [], cut


def test_a_disk_that_lies_about_syncs_is_caught_here_too(quick_dir: Path) -> None:
    recording = record(quick_dir / "data", lying=True)
    cuts = [at for at, _ in recording.gone]
    assert any(
        lost_after_cut(recording, cut, quick_dir / f"cut{cut}-{seed}", seed)
        for cut in cuts
        for seed in range(3)
    )
