"""What an outsider sees of a process tree: hosts by their command line, CPU that outlives them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from kernel.soak import tree as tree_module
from kernel.soak.tree import Look, Stat, Tree, count_open, read_memory, read_stat
from tests.functional.rig import wait_until

# A stand-in for a kernel: one child that looks like a host's first process and computes.
WORK = """# AUTOCAPTURE_BOOTSTRAP plugin_host
import time
end = time.process_time() + 0.3
while time.process_time() < end:
    pass
time.sleep(600)
"""
HOST = f"""# AUTOCAPTURE_BOOTSTRAP
import subprocess, sys
subprocess.run([sys.executable, "-c", {WORK!r}])
"""
KERNEL = f"""
import os, subprocess, sys
names = os.environ | {{"AUTOCAPTURE_HOST": "h1-test", "AUTOCAPTURE_RUN": "run-of-a-test"}}
host = [sys.executable, "-c", {HOST!r}]
children = [subprocess.Popen(host, env=names), subprocess.Popen(["sleep", "600"])]
print("ready", flush=True)
sys.stdin.readline()
"""


def start_kernel() -> subprocess.Popen[str]:
    """A stand-in for a kernel, leader of its own process group, with one host that works."""
    process = subprocess.Popen(
        [sys.executable, "-c", KERNEL],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.fixture
def kernel() -> Iterator[subprocess.Popen[str]]:
    process = start_kernel()
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def look_for_host(tree: Tree, pid: int) -> Look:
    def has_whole_host() -> Look | None:
        look = tree.look(pid)
        return look if look.hosts and len(look.hosts[0].stats) == 2 else None

    found: Look = wait_until(has_whole_host)
    return found


def test_a_host_is_told_from_other_children_and_named(kernel: subprocess.Popen[str]) -> None:
    look = look_for_host(Tree(), kernel.pid)
    assert [host.host_id for host in look.hosts] == ["h1-test"]
    assert len(look.stats) == 4
    assert look.alive
    assert look.zombies == 0
    assert count_open(look.stats) > 4
    assert read_memory(kernel.pid)[0] > 1 << 20


def test_a_host_stands_still_when_all_its_inner_processes_do(
    kernel: subprocess.Popen[str],
) -> None:
    tree = Tree()
    (host,) = look_for_host(tree, kernel.pid).hosts
    assert not host.is_still
    inner = next(stat.pid for stat in host.stats if stat.pid != host.root_pid)
    os.kill(inner, signal.SIGSTOP)
    wait_until(lambda: tree.look(kernel.pid).hosts[0].is_still)


def test_cpu_time_of_hosts_stays_counted_after_their_end(kernel: subprocess.Popen[str]) -> None:
    tree = Tree()
    look_for_host(tree, kernel.pid)
    wait_until(lambda: tree.look(kernel.pid).heavy_cpu_s >= 0.3, 60.0)
    before = tree.look(kernel.pid)
    for stat in before.hosts[0].stats:
        os.kill(stat.pid, signal.SIGKILL)
    wait_until(lambda: not [s for s in tree.look(kernel.pid).stats if s.state not in "ZX"][3:])
    os.killpg(kernel.pid, signal.SIGKILL)
    kernel.wait()
    after = tree.look(kernel.pid)
    assert not after.alive
    assert after.heavy_cpu_s >= before.heavy_cpu_s
    assert after.tree_cpu_s >= after.heavy_cpu_s
    assert tree.look(None).heavy_cpu_s == after.heavy_cpu_s


def test_a_host_that_outlives_its_kernel_is_an_orphan(
    kernel: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree_module, "ORPHAN_S", 0.0)
    tree = Tree()
    (host,) = look_for_host(tree, kernel.pid).hosts
    assert tree.orphans(kernel.pid, ["run-of-a-test"]) == []
    assert tree.suspects() == 0
    kernel.kill()
    kernel.wait()
    assert set(tree.orphans(None, [])) == {stat.pid for stat in host.stats}
    # One who saw nothing before knows them by the mark of their run.
    assert set(Tree().orphans(None, ["run-of-a-test"])) == {stat.pid for stat in host.stats}
    assert Tree().orphans(None, ["another"]) == []


def test_an_orphan_is_given_time_to_end(kernel: subprocess.Popen[str]) -> None:
    tree = Tree()
    look_for_host(tree, kernel.pid)
    kernel.kill()
    kernel.wait()
    assert tree.orphans(None, []) == []
    assert tree.suspects() == 2


def test_a_zombie_counts_once_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    tree = Tree()

    def is_dead() -> bool:
        stat = read_stat(child.pid)
        return stat is not None and stat.state == "Z"

    wait_until(is_dead)
    assert tree.look(os.getpid()).zombies == 0
    monkeypatch.setattr(tree_module, "ZOMBIE_S", 0.0)
    assert tree.look(os.getpid()).zombies >= 1
    child.wait()


def test_what_is_gone_reads_as_nothing() -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    assert read_stat(child.pid) is None
    assert read_memory(child.pid) == (0, 0)


def test_taking_a_process_apart_is_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process uses after it ended is not counted; what it used before is."""
    stats = {7: Stat(7, 1, "S", 0.0, 0.0, 1), 8: Stat(8, 1, "S", 0.0, 0.0, 1)}
    monkeypatch.setattr(tree_module, "read_stat", stats.get)
    monkeypatch.setattr(tree_module, "descendants", lambda pid: [8] if pid == 7 else [])
    monkeypatch.setattr(tree_module, "_children", lambda _pid: [8])
    monkeypatch.setattr(tree_module, "_read", lambda _pid, _name: tree_module.HOST_SIGN)
    tree = Tree()
    for cpu_s, ends, worked_s in ((2.0, False, 2.0), (2.5, False, 2.5), (2.8, True, 2.5)):
        stats[8] = Stat(8, 1, "R", cpu_s, 0.0, 1, ends=ends)
        assert tree.look(7).heavy_cpu_s == worked_s
    del stats[8]
    assert tree.look(7).heavy_cpu_s == 2.5


def test_a_process_that_ended_is_told_from_one_that_runs() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])

    def ends() -> bool:
        stat = read_stat(child.pid)
        return stat is not None and stat.ends

    wait_until(ends)
    child.wait()
    me = read_stat(os.getpid())
    assert me is not None
    assert not me.ends
