"""Hostile plugins in real sandboxed hosts: contained, named, and nobody else disturbed.

For each attack: this process (the kernel's part) goes on, the number of host processes never
passes the cap (an outside process samples at 50 Hz), the event names the plugin, and the
well-behaved plugin beside it gets its work done.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from contracts.canonical import decode
from contracts.text import TextPage
from kernel.supervision import lifecycle
from kernel.supervision.pool_events import (
    HostDied,
    ProtocolViolation,
    TaskErrored,
    TaskLost,
    TaskSucceeded,
)
from tests.kernel.supervision.pool_rig import QUICK, Rig, hostile, pool_rig, process_launcher, task

MAX_HOSTS = 2
SAMPLER = """
import os, select, sys, psutil
kernel, most = psutil.Process(int(sys.argv[1])), 0

def lives(process):
    try:
        return process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False

print("sampling", flush=True)
while not select.select([sys.stdin], [], [], 0.02)[0]:
    most = max(most, sum(map(lives, kernel.children())))
print(most, flush=True)
"""
"""A host is one process tree below the kernel, whatever a plugin forks inside it."""


@contextmanager
def cap_sampled() -> Iterator[None]:
    """Another process counts hosts 50 times a second while the block runs."""
    sampler = subprocess.Popen(
        [sys.executable, "-c", SAMPLER, str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert sampler.stdout is not None
    assert sampler.stdout.readline() == "sampling\n"
    try:
        yield
    finally:
        output, _ = sampler.communicate("stop\n", timeout=30)
    assert 1 <= int(output.split()[-1]) <= MAX_HOSTS


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    limits = lifecycle.Limits(
        start_timeout_s=20.0,
        beat_timeout_s=2.0,
        task_timeout_s=20.0,
        cancel_grace_s=0.3,
        term_grace_s=0.3,
        kill_grace_s=0.5,
        drain_timeout_s=5.0,
    )
    assert limits.term_grace_s == QUICK.term_grace_s
    with pool_rig(process_launcher(tmp_path), max_hosts=MAX_HOSTS, limits=limits) as rig:
        yield rig


def attack(rig: Rig, text: str, *, timeout_s: float = 10.0) -> str:
    """Start the hostile host, send the attack, return its host id."""
    host_id = rig.start_ready(hostile("hostile"))
    assert rig.pool.assign(host_id, task(text, 999, timeout_s=timeout_s))
    return host_id


def other_work_completes(rig: Rig, count: int = 10) -> None:
    """The echo plugin beside the attacker answers ``count`` tasks."""
    echo = next((h for h in rig.pool.statuses() if h.plugin_id == "echo"), None)
    host_id = echo.host_id if echo else rig.start_ready(hostile("echo"))
    before = len([e for e in rig.of(TaskSucceeded) if e.plugin_id == "echo"])
    for number in range(count):
        rig.wait_for(
            lambda r: any(h.host_id == host_id and h.state == "ready" for h in r.pool.statuses())
        )
        assert rig.pool.assign(host_id, task(f"work {number}", number + 1))
    rig.wait_for(
        lambda r: len([e for e in r.of(TaskSucceeded) if e.plugin_id == "echo"]) == before + count
    )


def achieved(rig: Rig) -> str:
    """What the attack says it reached."""
    rig.wait_for(lambda r: any(e.plugin_id == "hostile" for e in r.of(TaskSucceeded)))
    done = next(e for e in rig.of(TaskSucceeded) if e.plugin_id == "hostile")
    page = decode(done.record, TextPage)
    return page.lines[0].text if page.lines else ""


@pytest.mark.parametrize(
    ("name", "timeout_s", "cause"),
    [
        ("spin", 1.0, "no progress"),
        ("hold_gil", 1.0, "no "),
        ("ignore_term", 1.0, "no progress"),
        ("flood", 1.0, "no progress"),
        ("stop_itself", 10.0, "no beat"),
        ("exit_at_once", 10.0, "exit status 3"),
        ("crash_natively", 10.0, "signal 11"),
    ],
)
def test_host_that_misbehaves_is_ended_and_its_plugin_named(
    rig: Rig, name: str, timeout_s: float, cause: str
) -> None:
    with cap_sampled():
        attack(rig, name, timeout_s=timeout_s)
        other_work_completes(rig)
        died = rig.wait_for_event(HostDied)
        lost = rig.wait_for_event(TaskLost)
    assert (died.plugin_id, died.crashed) == ("hostile", True)
    assert cause in died.cause
    assert (lost.plugin_id, lost.blame) == ("hostile", True)
    other_work_completes(rig, 3)


def test_fork_bomb_hits_its_own_limit_and_dies_with_its_host(rig: Rig) -> None:
    with cap_sampled():
        host_id = attack(rig, "fork_bomb")
        other_work_completes(rig)
        assert achieved(rig).startswith("EAGAIN after ")
        rig.pool.stop_host(host_id, "enough", now=True)
        rig.wait_for_event(HostDied)
    others = [h.pid for h in rig.pool.statuses()]
    # All were killed; on a crowded machine the last of them may still wait for the moment to go.
    rig.wait_for(lambda _: _foreign_children() <= _family(others))


def _foreign_children() -> set[int]:
    """Processes below us that live and run as another user, as hosts of root do."""
    found = set()
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.status() != psutil.STATUS_ZOMBIE and child.uids().real != os.getuid():
                found.add(child.pid)
    return found


def _family(pids: list[int | None]) -> set[int]:
    family: set[int] = set()
    for pid in pids:
        if pid is not None:
            process = psutil.Process(pid)
            family |= {pid, process.ppid(), *(c.pid for c in process.children(recursive=True))}
    return family


def test_memory_hog_is_refused_at_its_own_cap_and_reported(rig: Rig) -> None:
    with cap_sampled():
        attack(rig, "memory_hog")
        other_work_completes(rig)
        rig.wait_for(lambda r: bool(r.of(TaskErrored) or r.of(HostDied)))
    failed = [(e.plugin_id, e.code) for e in rig.of(TaskErrored)]
    died = [e.plugin_id for e in rig.of(HostDied)]
    assert failed == [("hostile", "memory-limit")] or died == ["hostile"]


@pytest.mark.parametrize("name", ["daemonize", "daemonize_in_python"])
def test_daemon_of_a_plugin_dies_with_its_host(rig: Rig, name: str) -> None:
    host_id = attack(rig, f"{name} acdaemonmark")
    achieved(rig)
    rig.pool.stop_host(host_id, "enough", now=True)
    rig.wait_for_event(HostDied)
    left = [
        p.pid
        for p in psutil.process_iter(["name", "cmdline"])
        if "acdaemonmark" in (p.info["name"] or "") or "acdaemonmark" in (p.info["cmdline"] or [])
    ]
    assert left == []


def zombies_below() -> set[int]:
    """Dead processes that nobody collected; earlier tests may have left some to this process."""
    return {
        child.pid
        for child in psutil.Process().children(recursive=True)
        if child.status() == psutil.STATUS_ZOMBIE
    }


def test_zombies_of_a_plugin_do_not_pile_up_in_the_kernel(rig: Rig) -> None:
    before = zombies_below()
    host_id = attack(rig, "make_zombies")
    achieved(rig)
    rig.pool.stop_host(host_id, "enough", now=True)
    rig.wait_for_event(HostDied)
    assert zombies_below() <= before


def test_garbage_on_the_socket_is_counted_and_named_and_disturbs_nobody(rig: Rig) -> None:
    host_id = rig.start_ready(hostile("hostile"))
    endpoint = rig.endpoint_of(host_id)
    with cap_sampled():
        rig.pool.assign(host_id, task(f"send_garbage {endpoint}|{host_id}", 999))
        other_work_completes(rig)
        violation = rig.wait_for_event(ProtocolViolation)
    assert violation.plugin_id == "hostile"
    assert violation.code in {"unknown-peer", "frame-count", "garbage"}
    other_work_completes(rig, 3)


def test_other_hosts_socket_is_not_to_be_seen(rig: Rig) -> None:
    echo_id = rig.start_ready(hostile("echo"))
    path = rig.endpoint_of(echo_id).removeprefix("ipc://")
    attack(rig, f"connect_to {path}")
    assert achieved(rig) in {"ENOENT", "EACCES"}
    other_work_completes(rig)


@pytest.fixture
def listener() -> Iterator[int]:
    """A real listener on loopback, IPv4 and IPv6, TCP and UDP: something to be reached."""
    with socket.create_server(("127.0.0.1", 0)) as four:
        port = int(four.getsockname()[1])
        with socket.create_server(("::1", port), family=socket.AF_INET6):
            yield port


@pytest.mark.parametrize(
    "name", ["open_ipv4", "open_ipv6", "open_udp", "open_by_ctypes", "open_by_child"]
)
def test_network_is_out_of_reach(rig: Rig, listener: int, name: str) -> None:
    attack(rig, f"{name} {listener}")
    result = achieved(rig)
    refusals = {errno.errorcode[number] for number in errno.errorcode} | {
        "CalledProcessError",
        "TimeoutExpired",
        "PermissionError",
    }
    assert result in refusals


def test_files_of_the_person_cannot_be_read(rig: Rig, tmp_path: Path) -> None:
    secret = tmp_path / "id_ed25519"
    secret.write_text("PRIVATE KEY")
    secret.chmod(0o644)
    for name in ("read_file", "read_by_symlink"):
        rig.seen.clear()
        host_id = attack(rig, f"{name} {secret}")
        assert achieved(rig) in {"ENOENT", "EACCES"}
        rig.pool.stop_host(host_id, "next")
        rig.wait_for_event(HostDied)


@pytest.mark.parametrize("name", ["write_file", "write_by_dots"])
def test_nothing_can_be_written_outside_scratch(rig: Rig, tmp_path: Path, name: str) -> None:
    target = tmp_path / "victim.txt"
    tmp_path.chmod(0o777)
    attack(rig, f"{name} {target}")
    assert achieved(rig) in {"ENOENT", "EACCES", "EROFS", "EPERM"}
    assert not target.exists()


def test_kernel_cannot_be_signalled(rig: Rig) -> None:
    attack(rig, f"kill_kernel {os.getpid()}")
    assert achieved(rig) in {"ESRCH", "EPERM", "EACCES"}


def test_threads_are_limited(rig: Rig) -> None:
    attack(rig, "many_threads")
    assert achieved(rig).startswith("refused after ")


@pytest.mark.parametrize("setup", ["raise", "exit"])
def test_plugin_that_crashes_at_start_is_quarantined_and_the_cap_holds(
    rig: Rig, setup: str
) -> None:
    echo_id = rig.start_ready(hostile("echo"))
    with cap_sampled():
        while not rig.quarantine.plugins:
            if rig.pool.may_start("hostile"):
                rig.pool.start_host(hostile("hostile"), {"setup": setup})
            rig.turn(5)
    assert len([e for e in rig.of(HostDied) if e.plugin_id == "hostile"]) == 4
    assert "hostile" in rig.quarantine.plugins
    assert any(h.host_id == echo_id for h in rig.pool.statuses())
    other_work_completes(rig, 3)


@pytest.mark.parametrize(
    ("setup", "crashed", "cause"),
    [
        ("abort at exit", False, "no longer needed"),
        ("hang at exit", True, "no beat: the host's main loop is stuck (after: no longer needed)"),
    ],
)
def test_plugin_that_misbehaves_at_exit_leaves_all_the_same_and_its_work_counts(
    rig: Rig,
    setup: str,
    crashed: bool,  # noqa: FBT001 - a row
    cause: str,
) -> None:
    with cap_sampled():
        host_id = rig.start_ready(hostile("hostile"), {"setup": setup})
        rig.pool.assign(host_id, task("make_zombies", 1))
        assert achieved(rig) == "20 zombies"
        rig.pool.stop_host(host_id, "no longer needed")
        died = rig.wait_for_event(HostDied)
        other_work_completes(rig)
    assert (died.plugin_id, died.crashed, died.cause) == ("hostile", crashed, cause)


def test_plugin_that_hangs_at_start_is_ended_and_the_cap_holds(tmp_path: Path) -> None:
    limits = lifecycle.Limits(start_timeout_s=1.5, term_grace_s=0.3, kill_grace_s=0.5)
    launcher = process_launcher(tmp_path)
    with pool_rig(launcher, max_hosts=MAX_HOSTS, limits=limits) as rig:
        rig.pool.start_host(hostile("hostile"), {"setup": "hang"})
        died = rig.wait_for_event(HostDied)
        assert (died.crashed, died.cause) == (True, "not ready in time")
        assert rig.pool.free_slots() == MAX_HOSTS
    # On a crowded machine a good host may need longer than this one was given.
    with pool_rig(launcher, max_hosts=MAX_HOSTS) as rig:
        other_work_completes(rig)
