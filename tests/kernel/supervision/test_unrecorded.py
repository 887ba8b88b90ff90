"""A host that cannot be put on record does not live: only what is on record is counted."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from kernel.config.errors import KernelError
from kernel.supervision.process_tree import descendants
from kernel.supervision.records import read_host_records
from tests.kernel.supervision.pool_rig import hostile, pool_rig, process_launcher


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def scratch_folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("autocapture-h*"))


def test_a_host_whose_record_cannot_be_written_is_ended_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_tmp = tmp_path / "tmp"
    own_tmp.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(own_tmp))
    launcher = process_launcher(tmp_path)
    hosts_dir = launcher._facts.run_dir.hosts_dir
    with pool_rig(launcher) as rig:
        before = set(descendants(os.getpid()))
        hosts_dir.rmdir()
        with pytest.raises(KernelError) as refused:
            rig.pool.start_host(hostile("echo"), {})
        assert refused.value.code == "host-not-started"
        assert set(descendants(os.getpid())) <= before
        assert scratch_folders() == set()
        assert rig.pool.free_slots() == 2
        # What a failed start opened once (pools of libraries) does not grow with each.
        opened = descriptors()
        for _ in range(3):
            with pytest.raises(KernelError):
                rig.pool.start_host(hostile("echo"), {})
        assert descriptors() <= opened


def test_a_host_that_says_hello_while_nothing_can_be_written_stays_on_record_by_its_start(
    tmp_path: Path,
) -> None:
    launcher = process_launcher(tmp_path)
    run_dir = launcher._facts.run_dir
    with pool_rig(launcher) as rig:
        host_id = rig.pool.start_host(hostile("echo"), {})
        # In the way of the file that would take the record's place.
        (run_dir.hosts_dir / f"{host_id}.part").mkdir()
        rig.wait_for(lambda rig: rig.pool.statuses()[0].state == "ready")
        (record,) = read_host_records(run_dir)
        assert getattr(record, "host_id", "") == host_id
