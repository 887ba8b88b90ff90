"""Control groups, over folders that look like the system's: what is written, and what is refused.

The system's own enforcement is not tested here: it needs a delegated group of version 2.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.scheduling.cgroup import find_delegated, open_host_group

KERNEL_PID = 4711


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A /proc and a group that is delegated to a kernel alone in it."""
    group = tmp_path / "cgroup" / "user.slice" / "run-1.scope"
    group.mkdir(parents=True)
    (group / "cgroup.controllers").write_text("cpu io memory pids\n")
    (group / "cgroup.procs").write_text(f"{KERNEL_PID}\n")
    (group / "cgroup.subtree_control").write_text("")
    proc = tmp_path / "proc"
    (proc / "self").mkdir(parents=True)
    (proc / "self" / "mounts").write_text(f"cgroup2 {tmp_path / 'cgroup'} cgroup2 rw 0 0\n")
    (proc / str(KERNEL_PID)).mkdir()
    (proc / str(KERNEL_PID) / "cgroup").write_text("1:cpu:/\n0::/user.slice/run-1.scope\n")
    return proc


def folder_of(proc: Path) -> Path:
    return proc.parent / "cgroup" / "user.slice" / "run-1.scope"


def test_a_delegated_group_is_divided_and_hosts_get_its_limits(proc: Path) -> None:
    delegated = find_delegated(proc, pid=KERNEL_PID)
    assert delegated.folder == folder_of(proc)
    group = open_host_group(delegated, cores=1.5, memory_bytes=1 << 30, pid=KERNEL_PID)
    assert group is not None
    folder = folder_of(proc)
    assert (folder / "kernel" / "cgroup.procs").read_text() == str(KERNEL_PID)
    assert (folder / "cgroup.subtree_control").read_text() == "+cpu +memory"
    assert (folder / "hosts" / "cpu.max").read_text() == "150000 100000"
    assert (folder / "hosts" / "memory.max").read_text() == str(1 << 30)
    group.add([100])
    assert (folder / "hosts" / "cgroup.procs").read_text() == "100"
    group.add([100, 101])
    assert (folder / "hosts" / "cgroup.procs").read_text() == "101", "100 is in it already"


def test_a_group_that_is_not_ours_alone_is_left_as_it_is(proc: Path) -> None:
    (folder_of(proc) / "cgroup.procs").write_text(f"{KERNEL_PID}\n1\n")
    delegated = find_delegated(proc, pid=KERNEL_PID)
    assert delegated.folder is None
    assert "other processes" in delegated.why_not
    assert open_host_group(delegated, cores=1.0, memory_bytes=1) is None
    assert not (folder_of(proc) / "hosts").exists()


def test_a_group_without_the_controllers_is_refused_with_their_names(proc: Path) -> None:
    (folder_of(proc) / "cgroup.controllers").write_text("pids\n")
    assert "cpu, memory" in find_delegated(proc, pid=KERNEL_PID).why_not


def test_a_system_without_version_2_is_told_as_such(proc: Path) -> None:
    (proc / "self" / "mounts").write_text("cgroup /sys/fs/cgroup/cpu cgroup rw 0 0\n")
    assert "no cgroup2" in find_delegated(proc, pid=KERNEL_PID).why_not
