"""The file system under the store is shut down without flushing, as by a power cut (ext4)."""

from __future__ import annotations

import fcntl
import os
import random
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from kernel.store.verify import verify
from tests.kernel.store.mounts import loop_ext4, mount_loop, unmount
from tests.kernel.store.writer_process import payload

FS_IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2


def shut_down(point: Path) -> None:
    """From now on every write fails; what was not synced is gone."""
    descriptor = os.open(point, os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, FS_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
    except OSError as error:
        pytest.skip(f"this file system cannot be shut down: {error}")
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
    image, point = directory / "disk.img", directory / "disk"
    with loop_ext4(image, point, 256 << 20):
        for number in range(rounds):
            acked = write_until_cut(point, 1_000_000 * number, chance.randint(1, 60))
            unmount(point)
            mount_loop(image, point)
            with EvidenceStore.open(DataDir(point / "data")) as store:
                for name, seed in acked:
                    event = store.find_event(name)
                    assert event is not None
                    assert store.read_blob(event.blob) == payload(seed)
        report = verify(DataDir(point / "data"), quick=False)
        assert report.ok, report.findings


def test_a_power_cut_under_ext4_takes_nothing_acknowledged(tmp_path: Path) -> None:
    cut_rounds(tmp_path, 8)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_hundred_power_cuts_under_ext4_take_nothing_acknowledged(tmp_path: Path) -> None:
    cut_rounds(tmp_path, 100)
