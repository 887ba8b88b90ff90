"""kill -9 of the writer at random moments: each acknowledged event is there, each blob whole."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from kernel.store.verify import verify
from tests.kernel.store.writer_process import payload

START_S = 60.0


def run_and_kill(root: Path, seed: int, after_s: float) -> list[tuple[str, int]]:
    """Start a writer, kill it ``after_s`` after its first acknowledgement; what it acked."""
    module = "tests.kernel.store.writer_process"
    command = [sys.executable, "-X", "faulthandler", "-m", module, str(root), str(seed)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert writer.stdout is not None
    ready, _, _ = select.select([writer.stdout], [], [], START_S)
    deadline = time.monotonic() + after_s
    chunks = []
    while (left := deadline - time.monotonic()) > 0:
        if select.select([writer.stdout], [], [], left)[0]:
            chunks.append(os.read(writer.stdout.fileno(), 65536))
    writer.kill()
    output, words = writer.communicate()
    # One that ended by itself would pass for one that was killed: an end of file is readable too.
    told = f"the writer ended with {writer.returncode}: {words.decode(errors='replace')}"
    assert ready, f"no acknowledgement in {START_S} s; {told}"
    assert writer.returncode == -signal.SIGKILL, told
    lines = (b"".join(chunks) + output).decode().split("\n")[:-1]
    return [(line.split()[0], int(line.split()[1])) for line in lines]


def kill_rounds(root: Path, rounds: int) -> int:
    """Kill as often, check everything acknowledged after each; returns how much that was."""
    data_dir, chance = DataDir(root), random.Random(3)  # noqa: S311 - repeatable
    acked: dict[str, int] = {}
    for number in range(rounds):
        fresh = dict(run_and_kill(root, 1_000_000 * number, chance.uniform(0, 0.15)))
        assert fresh, f"no acknowledgement in round {number}"
        acked |= fresh
        with EvidenceStore.open(data_dir) as store:
            for name, seed in fresh.items():
                event = store.find_event(name)
                assert event is not None
                assert store.read_blob(event.blob) == payload(seed)
    with EvidenceStore.open_read_only(data_dir) as store:
        known = {event.event_id for event in store.events_after(0, limit_rows=10**9)}
    assert acked.keys() <= known
    report = verify(data_dir, quick=False)
    assert report.ok, report.findings
    return len(acked)


def test_a_killed_writer_has_lost_nothing_it_acknowledged(tmp_path: Path) -> None:
    assert kill_rounds(tmp_path / "data", 40) > 400


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_writer_killed_500_times_has_lost_nothing_it_acknowledged(tmp_path: Path) -> None:
    assert kill_rounds(tmp_path / "data", 500) > 5000
