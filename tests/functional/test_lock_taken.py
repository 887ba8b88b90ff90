"""Whatever is done to the lock of a running kernel: two never write, and it is told."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from kernel.config.errors import ExitCode
from kernel.store.lock import lock_problem
from tests.functional.rig import make_rig, wait_until

WAIT_S_MAX = 60.0


def test_a_deleted_lock_file_lets_no_second_kernel_in_and_comes_back(tmp_path: Path) -> None:
    rig = make_rig(tmp_path)
    lock = rig.data_dir / "kernel.lock"
    with rig.kernel() as process:
        lock.unlink()
        second = rig.run("run", "--once", expect=ExitCode.BUSY)
        assert f"process {process.pid}" in second.stderr
        wait_until(lambda: lock_problem(lock) == "" and lock.exists(), WAIT_S_MAX)
        assert json.loads(lock.read_text())["pid"] == process.pid
        process.terminate()
        assert process.wait(WAIT_S_MAX) == 0


def test_a_kernel_whose_data_dir_was_moved_ends_and_its_place_stays_barred_until_then(
    tmp_path: Path,
) -> None:
    rig = make_rig(tmp_path)
    moved = tmp_path / "moved"
    with rig.kernel() as process:
        process.send_signal(signal.SIGSTOP)
        rig.data_dir.rename(moved)
        rig.data_dir.mkdir(mode=0o700)
        barred = rig.run("run", "--once", expect=ExitCode.BUSY)
        assert f"process {process.pid}" in barred.stderr
        process.send_signal(signal.SIGCONT)
        assert process.wait(WAIT_S_MAX) == ExitCode.FAILED
        assert process.stderr is not None
        assert "data-dir-taken" in process.stderr.read()
    assert list(rig.data_dir.iterdir()) == []
