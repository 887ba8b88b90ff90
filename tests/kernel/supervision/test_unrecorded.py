"""A host that cannot be put on record does not live: only what is on record is counted."""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kernel.config.errors import KernelError
from kernel.supervision.identity import read_stat
from kernel.supervision.process import ENDED
from kernel.supervision.process_tree import descendants
from kernel.supervision.records import read_host_records
from tests.kernel.supervision.pool_rig import hostile, pool_rig, process_launcher


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@contextmanager
def full_drive() -> Iterator[None]:
    """No byte can be written to a file, in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def living() -> set[int]:
    """Processes below us; an exit status that waits to be read is none."""
    found = (read_stat(pid) for pid in descendants(os.getpid()))
    return {stat.pid for stat in found if stat is not None and stat.state not in ENDED}


def scratch_folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("autocapture-h*"))


def test_a_host_whose_record_cannot_be_written_is_ended_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_tmp = tmp_path / "tmp"
    own_tmp.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(own_tmp))
    launcher = process_launcher(tmp_path)
    with pool_rig(launcher) as rig, full_drive():
        before = living()
        with pytest.raises(KernelError) as refused:
            rig.pool.start_host(hostile("echo"), {})
        assert refused.value.code == "host-not-started"
        assert living() <= before
        assert scratch_folders() == set()
        assert rig.pool.free_slots() == 2
        # What a failed start opened once (pools of libraries) does not grow with each.
        opened = descriptors()
        for _ in range(3):
            with pytest.raises(KernelError):
                rig.pool.start_host(hostile("echo"), {})
        assert descriptors() <= opened


def test_what_the_machine_lacks_is_told_and_blames_no_plugin(tmp_path: Path) -> None:
    launcher = process_launcher(tmp_path)
    with pool_rig(launcher) as rig:
        with full_drive():
            for _ in range(6):
                with pytest.raises(KernelError):
                    rig.pool.start_host(hostile("echo"), {})
            assert not rig.pool.may_start("echo"), "tried again at once"
        assert rig.quarantine.plugins == {}
        assert rig.pool.crashes == {}
        assert "File too large" in rig.pool.start_problem
        rig.wait_for(lambda rig: rig.pool.may_start("echo"))
        rig.start_ready(hostile("echo"))
        assert rig.pool.start_problem == ""


def test_a_run_dir_that_was_cleared_away_is_made_anew_for_the_next_host(tmp_path: Path) -> None:
    launcher = process_launcher(tmp_path)
    run_dir = launcher._facts.run_dir
    with pool_rig(launcher) as rig:
        shutil.rmtree(run_dir.root)
        host_id = rig.start_ready(hostile("echo"))
        assert [getattr(r, "host_id", "") for r in read_host_records(run_dir)] == [host_id]


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
