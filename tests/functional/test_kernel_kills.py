"""kill -9 of the kernel at random moments: no host outlives it, no work is lost or done twice."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.functional.rig import Rig, kill_9, make_rig, wait_until
from tests.functional.test_spine import results

ROUNDS_QUICK = 8
ROUNDS_FULL = 200
FRAMES = 12
GONE_S_MAX = 2.0
"""Where each process that wants a core has one; ending takes a moment of a processor, too."""


def hosts_below(process: subprocess.Popen[str]) -> list[int]:
    """Everything below the kernel right now."""
    try:
        return [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def kill_rounds(rig: Rig, rounds: int) -> None:
    chance = random.Random(20)  # noqa: S311 - the same moments in every run
    files = [
        rig.write(f"{number}.png", f"frame {number}", shade=number) for number in range(FRAMES)
    ]
    rig.ingest(*files)
    for _ in range(rounds):
        with rig.kernel("--profile", "idle") as kernel:
            moment_s = chance.random() * 0.8
            with pytest.raises(subprocess.TimeoutExpired):
                kernel.wait(timeout=moment_s)
            below = hosts_below(kernel)
            kill_9(kernel.pid)
            kernel.wait(timeout=5)
            crowd = max(1.0, os.getloadavg()[0] / len(os.sched_getaffinity(0)))
            gone_s_max = GONE_S_MAX * crowd
            wait_until(lambda: not any(map(psutil.pid_exists, below)), gone_s_max)  # noqa: B023
    reaped = rig.json("doctor", "--reap")
    assert reaped["left_pids"] == []
    (remains,) = reaped["run_dirs"]
    assert (remains["data_dir"], remains["kept"]) == (str(rig.data_dir), [])
    assert not Path(remains["run_dir"]).exists()
    done = rig.json("process", "--until-drained")
    assert (done["failed"], done["unfinished"]) == (0, 0)
    assert results(rig) == FRAMES
    assert rig.json("verify")["ok"]


def test_kernel_killed_at_random_moments_leaves_no_host_and_loses_no_work(tmp_path: Path) -> None:
    kill_rounds(make_rig(tmp_path), ROUNDS_QUICK)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_kernel_killed_at_200_random_moments_leaves_no_host_and_loses_no_work(
    tmp_path: Path,
) -> None:
    kill_rounds(make_rig(tmp_path), ROUNDS_FULL)
