"""kill -9 at every step of taking packs over and replacing segments loses no pixel."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from kernel.store.verify import verify
from tests.kernel.store.packing import (
    fill,
    make,
    pack_all,
    picture,
    pixels_of,
    prove,
    reclaim_all,
)
from tests.kernel.store.packing_process import Job

NEVER = 1_000_000


@dataclass
class Prepared:
    """Captures that are not packed yet, their packs and proofs, and what they show."""

    root: Path
    jobs: Path
    pixels: dict[str, bytes]


@pytest.fixture
def prepared(quick_dir: Path) -> Prepared:
    data_dir = DataDir(quick_dir / "filled")
    pictures = [picture(seed) for seed in range(9)]
    pictures.insert(4, b"no picture")
    blobs = fill(data_dir, pictures)
    pixels = {
        blob: data if data == b"no picture" else pixels_of(data)
        for blob, data in zip(blobs, pictures, strict=True)
    }
    scratch = quick_dir / "scratch"
    shutil.copytree(data_dir.root, scratch)
    jobs = []
    with EvidenceStore.open(DataDir(scratch)) as store:
        while group := store.packing_group(0, frames_max=5, bytes_max=1 << 24):
            made = make(store, group)
            store.keep_as_they_are([(frame.blob, frame.code) for frame in made.left_out])
            jobs.append(Job(made, prove(store, made)))
            store.take_over(jobs[-1].made, jobs[-1].proven)
    with EvidenceStore.open(data_dir) as store:
        store.keep_as_they_are([(blobs[4], "undecodable")])
    path = quick_dir / "jobs"
    path.write_bytes(msgspec.msgpack.encode(jobs))
    return Prepared(data_dir.root, path, pixels)


def run_until(prepared: Prepared, root: Path, step: int) -> int | None:
    """Take over and replace in a process killed at ``step``; the steps there were, if it ended."""
    shutil.copytree(prepared.root, root)
    module = "tests.kernel.store.packing_process"
    done = subprocess.run(
        [sys.executable, "-m", module, str(root), str(prepared.jobs), str(step)],
        check=False,
        capture_output=True,
    )
    if done.returncode == -signal.SIGKILL:
        return None
    assert done.returncode == 0, done.stderr.decode()
    return int(done.stdout)


def check(prepared: Prepared, root: Path) -> None:
    """Everything is there after the crash, the work can be finished, and is whole after that."""
    data_dir = DataDir(root)
    for _ in range(2):
        with EvidenceStore.open(data_dir) as store:
            for blob, pixels in prepared.pixels.items():
                data = store.read_blob(blob)
                assert (data if data == b"no picture" else pixels_of(data)) == pixels
            assert store.count_events() == len(prepared.pixels)
        report = verify(data_dir, quick=False)
        assert report.ok, report.findings
        with EvidenceStore.open(data_dir) as store:
            pack_all(store, 5)
            reclaim_all(store)
    assert not (data_dir.packs_dir / "pack-000001.seg").exists()
    shutil.rmtree(root)


def kill_at(prepared: Prepared, quick_dir: Path, every: int) -> int:
    """Kill at each ``every``-th step; returns how many rounds there were."""
    whole = quick_dir / "whole"
    steps = run_until(prepared, whole, NEVER)
    assert steps is not None
    assert steps > 40
    check(prepared, whole)
    rounds = range(1, steps + 1, every)
    for step in rounds:
        root = quick_dir / f"killed-{step}"
        assert run_until(prepared, root, step) is None
        check(prepared, root)
    return len(rounds)


def test_a_kill_while_packs_are_taken_over_loses_nothing(
    prepared: Prepared, quick_dir: Path
) -> None:
    assert kill_at(prepared, quick_dir, 11) > 5


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_kill_at_every_step_of_a_takeover_loses_nothing(
    prepared: Prepared, quick_dir: Path
) -> None:
    assert kill_at(prepared, quick_dir, 1) > 50
