"""The file system under the store is shut down without flushing, as by a power cut (ext4)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernel.store.mounts import need_root


def cut_in_own_namespace(directory: Path, rounds: int) -> None:
    need_root("mount", "umount", "mkfs.ext4", "losetup", "unshare")
    python = [sys.executable, "-m", "tests.kernel.store.power_cuts", str(directory), str(rounds)]
    done = subprocess.run(
        ["unshare", "--mount", *python], capture_output=True, text=True, check=False
    )
    if "Skipped:" in done.stderr:
        pytest.skip(done.stderr.splitlines()[-1])
    assert done.returncode == 0, done.stderr


def test_a_power_cut_under_ext4_takes_nothing_acknowledged(tmp_path: Path) -> None:
    cut_in_own_namespace(tmp_path, 8)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_hundred_power_cuts_under_ext4_take_nothing_acknowledged(tmp_path: Path) -> None:
    cut_in_own_namespace(tmp_path, 100)
