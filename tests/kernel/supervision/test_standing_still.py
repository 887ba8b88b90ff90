"""Hosts that are stopped for the person: all of each, at once, and none is let go to leave."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from kernel.supervision import lifecycle
from kernel.supervision.process_tree import descendants, members, threads_of
from kernel.supervision.thread_signal import stop_thread
from tests.functional.outside import cpu_ns
from tests.functional.rig import wait_until
from tests.kernel.supervision.pool_rig import Rig, hostile, pool_rig, process_launcher, task

BURNERS = 3
STOPPING_CPU_NS = 5_000_000
"""What stopping may cost: a system call is ended first."""
CODE = f"""
import hashlib, threading
def burn():
    while True: hashlib.blake2b(bytes(1 << 16)).digest()
for _ in range({BURNERS}): threading.Thread(target=burn, daemon=True).start()
input()
"""


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with pool_rig(process_launcher(tmp_path)) as rig:
        yield rig


def test_each_thread_of_a_process_is_stopped_by_itself_and_let_go_as_a_whole() -> None:
    with subprocess.Popen([sys.executable, "-c", CODE], stdin=subprocess.PIPE) as process:
        wait_until(lambda: len(threads_of(process.pid)) == BURNERS + 1)
        wait_until(lambda: cpu_ns(process.pid) > 100_000_000)
        # The first thread last: the others must not wait for it.
        for tid in sorted(threads_of(process.pid), reverse=True):
            stop_thread(process.pid, tid)
        before_ns = cpu_ns(process.pid)
        wait_until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)
        assert cpu_ns(process.pid) - before_ns < STOPPING_CPU_NS
        process.send_signal(signal.SIGCONT)
        stopped_ns = cpu_ns(process.pid)
        wait_until(lambda: cpu_ns(process.pid) > stopped_ns + STOPPING_CPU_NS)
        process.kill()


def test_thread_or_process_that_is_gone_is_no_error() -> None:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    stop_thread(done.pid, done.pid)
    assert threads_of(done.pid) == ()
    assert members(done.pid) == ()


def test_member_of_a_group_that_was_handed_up_to_us_is_still_a_member() -> None:
    """The child of a first process that ended comes to its subreaper: here, by birth, to us."""
    code = "import sys; sys.stdout.write('up'); sys.stdout.flush(); input()"
    leader = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True
    )
    stray = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        process_group=0,
    )
    try:
        assert stray.pid not in members(leader.pid)
        other = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, process_group=stray.pid
        )
        assert other.pid in members(stray.pid)
        assert other.pid not in members(leader.pid)
        assert other.pid not in descendants(stray.pid)
    finally:
        for process in (leader, stray, other):
            process.communicate(b"\n")


def test_host_that_spins_uses_nothing_while_it_is_stopped(rig: Rig) -> None:
    host_id = rig.start_ready(hostile("hostile"))
    (status,) = rig.pool.statuses()
    assert status.pid is not None
    pid = status.pid
    rig.pool.assign(host_id, task("spin"))
    idle_ns = cpu_ns(pid)
    rig.wait_for(lambda _: cpu_ns(pid) > idle_ns + 50_000_000)
    rig.pool.freeze()
    before_ns, until_s = cpu_ns(pid), time.monotonic() + 0.5
    rig.wait_for(lambda _: time.monotonic() > until_s)
    assert cpu_ns(pid) - before_ns < STOPPING_CPU_NS
    rig.pool.thaw()
    rig.wait_for(lambda _: cpu_ns(pid) > before_ns + 50_000_000)


def test_host_that_has_not_spoken_yet_is_ended_and_that_is_no_crash(rig: Rig) -> None:
    rig.pool.start_host(hostile("echo"), {})
    rig.pool.freeze()
    rig.wait_for(lambda r: r.pool.statuses() == ())
    assert rig.pool.crashes == {}
    assert rig.pool.may_start("echo")
    rig.pool.thaw()
    rig.start_ready(hostile("echo"))


@pytest.mark.parametrize("now", [True, False])
def test_host_that_shall_leave_while_it_stands_still_is_not_let_go_for_it(
    rig: Rig,
    now: bool,  # noqa: FBT001 - a row
) -> None:
    host_id = rig.start_ready(hostile("hostile"))
    (status,) = rig.pool.statuses()
    assert status.pid is not None
    pid = status.pid
    rig.pool.assign(host_id, task("spin"))
    idle_ns = cpu_ns(pid)
    rig.wait_for(lambda _: cpu_ns(pid) > idle_ns + 50_000_000)
    rig.pool.freeze()
    used_ns = 0
    before_ns = cpu_ns(pid)
    rig.pool.stop_host(host_id, "it must go", now=now)

    def is_gone(rig: Rig) -> bool:
        nonlocal used_ns
        used_ns = max(used_ns, cpu_ns(pid) - before_ns)
        return rig.pool.statuses() == ()

    rig.wait_for(is_gone)
    assert used_ns < STOPPING_CPU_NS


def test_pool_that_closes_while_all_stand_still_lets_none_go(rig: Rig) -> None:
    rig.start_ready(hostile("hostile"))
    (status,) = rig.pool.statuses()
    assert status.pid is not None
    rig.pool.freeze()
    before_ns = cpu_ns(status.pid)
    slot = rig.pool._slots[status.host_id]
    rig.pool.shutdown(5.0)
    assert rig.pool.statuses() == ()
    assert cpu_ns(status.pid) <= before_ns + STOPPING_CPU_NS
    assert slot.host.commanded
    assert lifecycle.UNKNOWN_CAUSE not in slot.host.cause
