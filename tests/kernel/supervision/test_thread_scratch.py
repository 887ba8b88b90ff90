"""The scratch folder of a host that is a thread: gone with the host, or with the dead kernel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kernel.supervision.inprocess import ThreadLauncher
from kernel.supervision.reaper import reap
from kernel.supervision.records import HostRecord, read_host_records
from kernel.supervision.rundir import RunDir
from tests.kernel.supervision.pool_rig import hostile, pool_rig

ROOT = Path(__file__).parents[3]
KERNEL = """
import os, signal, sys
from pathlib import Path
from kernel.supervision.inprocess import ThreadLauncher
from kernel.supervision.rundir import RunDir
from tests.kernel.supervision.pool_rig import hostile, pool_rig

run_dir = RunDir(Path(sys.argv[1]))
run_dir.make()
with pool_rig(ThreadLauncher(run_dir, "of-thread-scratch")) as rig:
    rig.start_ready(hostile("echo"))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def folders(place: Path) -> list[str]:
    return [path.name for path in place.glob("autocapture-*")]


def test_a_thread_that_ends_leaves_neither_folder_nor_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    run_dir = RunDir(tmp_path / "run")
    with pool_rig(ThreadLauncher(run_dir, "of-thread-scratch")) as rig:
        host_id = rig.start_ready(hostile("echo"))
        (record,) = read_host_records(run_dir)
        assert isinstance(record, HostRecord)
        assert record.kernel.pid == record.stub.pid == os.getpid()
        assert [Path(record.scratch_dir).name] == folders(tmp_path)
        assert reap([run_dir]).actions[0].outcome == "kept", "its kernel is this process"
        rig.pool.stop_host(host_id, "the test is over")
        rig.wait_for(lambda rig: not rig.pool.statuses())
    assert folders(tmp_path) == []
    assert read_host_records(run_dir) == []


def test_the_folder_of_a_kernel_that_was_killed_is_reaped(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KERNEL, str(tmp_path / "run")],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(folders(tmp_path)) == 1
    run_dir = RunDir(tmp_path / "run")
    (action,) = reap([run_dir]).actions
    assert action.outcome == "forgotten"
    assert folders(tmp_path) == []
    assert read_host_records(run_dir) == []
