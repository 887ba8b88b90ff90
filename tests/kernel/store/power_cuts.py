"""Rounds of writing and power cuts on an ext4 of its own; exits 0 when nothing was lost.

Started by the shutdown tests in a mount namespace of its own: a namespace that somebody else
makes meanwhile would hold our file system in its cut state. Arguments: a directory, rounds.
"""

from __future__ import annotations

import fcntl
import os
import random
import struct
import subprocess
import sys
from pathlib import Path

from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from kernel.store.verify import verify
from tests.kernel.store.mounts import loop_ext4, mounted
from tests.kernel.store.writer_process import payload

FS_IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2


def shut_down(point: Path) -> None:
    """From now on every write fails; what was not synced is gone."""
    descriptor = os.open(point, os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, FS_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
    finally:
        os.close(descriptor)


def write_until_cut(point: Path, seed: int, lines: int) -> list[tuple[str, int]]:
    """What a writer acknowledged before the file system was cut after ``lines`` lines."""
    command = [sys.executable, "-m", "tests.kernel.store.writer_process"]
    writer = subprocess.Popen(
        [*command, str(point / "data"), str(seed)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert writer.stdout is not None
    acked = [writer.stdout.readline() for _ in range(lines)]
    shut_down(point)
    # What is acknowledged after the cut would be a lie, so everything that is printed counts.
    writer.kill()
    acked += writer.communicate()[0].splitlines(keepends=True)
    return [(line.split()[0], int(line.split()[1])) for line in acked if line.endswith("\n")]


def cut_rounds(directory: Path, rounds: int) -> None:
    chance = random.Random(4)  # noqa: S311 - repeatable
    point = directory / "disk"
    data_dir = DataDir(point / "data")
    with loop_ext4(directory / "disk.img", 256 << 20) as device:
        for number in range(rounds):
            with mounted(device, point):
                acked = write_until_cut(point, 1_000_000 * number, chance.randint(1, 60))
            with mounted(device, point), EvidenceStore.open(data_dir) as store:
                for name, seed in acked:
                    event = store.find_event(name)
                    assert event is not None
                    assert store.read_blob(event.blob) == payload(seed)
        with mounted(device, point):
            report = verify(data_dir, quick=False)
            assert report.ok, report.findings


if __name__ == "__main__":
    cut_rounds(Path(sys.argv[1]), int(sys.argv[2]))
