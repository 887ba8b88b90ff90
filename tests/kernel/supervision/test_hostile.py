"""Hostile plugins in real sandboxed hosts: contained, named, and nobody else disturbed.

For each attack: this process (the kernel's part) goes on, the number of hosts never passes the cap
(an outside process samples at 50 Hz), an event names the plugin, and the well-behaved plugin
beside it gets its work done.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from contracts.canonical import decode
from contracts.text import TextPage
from kernel.supervision import lifecycle
from kernel.supervision.pool_events import (
    HostDied,
    PoolEvent,
    ProtocolViolation,
    TaskErrored,
    TaskLost,
    TaskSucceeded,
)
from tests.kernel.supervision.cap_sampler import processes_below, sampling
from tests.kernel.supervision.pool_rig import Rig, hostile, pool_rig, process_launcher, task

MAX_HOSTS = 2
LIMITS = lifecycle.Limits(
    start_timeout_s=20.0,
    beat_timeout_s=2.0,
    task_timeout_s=20.0,
    cancel_grace_s=0.3,
    term_grace_s=0.3,
    kill_grace_s=0.5,
    drain_timeout_s=5.0,
)
NPROC_MAX = 64
CHAIN = 4
"""Processes around a host: unshare, sh, and who guards them."""
DAEMON = "acdaemonmark"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with pool_rig(process_launcher(tmp_path), max_hosts=MAX_HOSTS, limits=LIMITS) as rig:
        yield rig


@dataclass(frozen=True)
class Attack:
    """What a plugin does, what has to be told of it, and what must not be so afterwards."""

    orders: str
    """The name of the attack and its argument; ``{folder}`` and ``{pid}`` are filled in."""
    told: type[PoolEvent]
    says: str
    """A pattern: the cause, the code or what the attack achieved."""
    timeout_s: float = 20.0
    afterwards: Callable[[Rig, Path], None] | None = None

    @property
    def ends_its_host(self) -> bool:
        """Whether the event that tells of it is a death."""
        return self.told is HostDied


def says(event: PoolEvent) -> str:
    """What an event tells, as one text."""
    match event:
        case HostDied():
            return event.cause
        case TaskErrored() | ProtocolViolation():
            return event.code
        case TaskSucceeded():
            page = decode(event.record, TextPage)
            return page.lines[0].text if page.lines else ""
        case _:
            raise AssertionError(event)


def no_daemon_lives(rig: Rig, folder: Path) -> None:
    """Dies with its host."""
    rig.pool.stop_host(host_of(rig, "hostile"), "enough", now=True)
    rig.wait_for_event(HostDied)
    found = psutil.process_iter(["name", "cmdline"])
    left = [p for p in found if DAEMON in (p.info["name"] or "") or DAEMON in words(p)]
    assert left == []


def words(process: psutil.Process) -> list[str]:
    return process.info["cmdline"] or []


def all_forks_are_gone(rig: Rig, folder: Path) -> None:
    """They die with their host; on a crowded machine the last may wait for the moment to go."""
    rig.pool.stop_host(host_of(rig, "hostile"), "enough", now=True)
    rig.wait_for_event(HostDied)
    others = [h.pid for h in rig.pool.statuses()]
    rig.wait_for(lambda _: children_of_others() <= family(others))


def no_zombie_is_ours(rig: Rig, folder: Path) -> None:
    rig.pool.stop_host(host_of(rig, "hostile"), "enough", now=True)
    rig.wait_for_event(HostDied)
    below = psutil.Process().children(recursive=True)
    assert [c for c in below if is_zombie(c) and c.pid not in ZOMBIES_BEFORE] == []


ZOMBIES_BEFORE: set[int] = set()
"""Dead processes that nobody collected; earlier tests may have left some to this process."""


def victim_is_untouched(rig: Rig, folder: Path) -> None:
    assert not (folder / "victim.txt").exists()


ATTACKS = [
    Attack("spin", HostDied, "no progress", 1.0),
    Attack("hold_gil", HostDied, "no (progress|beat)", 1.0),
    Attack("sleep_with_the_lock", HostDied, "no (progress|beat)", 1.0),
    Attack("ignore_term", HostDied, "no progress", 1.0),
    Attack("flood", HostDied, "no progress", 1.0),
    Attack("stop_itself", HostDied, "no beat"),
    Attack("exit_at_once", HostDied, "exit status 3"),
    Attack("crash_natively", HostDied, "signal 11"),
    Attack("fork_bomb", TaskSucceeded, r"^EAGAIN after \d+", afterwards=all_forks_are_gone),
    Attack("many_threads", TaskSucceeded, r"^refused after \d+"),
    Attack("memory_hog", TaskErrored, "^memory-limit$"),
    Attack(f"daemonize {DAEMON}", TaskSucceeded, "^daemon$", afterwards=no_daemon_lives),
    Attack(f"daemonize_in_python {DAEMON}", TaskSucceeded, "^daemon$", afterwards=no_daemon_lives),
    Attack("make_zombies", TaskSucceeded, "^20 zombies$", afterwards=no_zombie_is_ours),
    Attack("read_file {folder}/secret", TaskSucceeded, "^(ENOENT|EACCES)$"),
    Attack("read_file {folder}/home/.ssh/id_ed25519", TaskSucceeded, "^(ENOENT|EACCES)$"),
    Attack("read_by_symlink {folder}/secret", TaskSucceeded, "^(ENOENT|EACCES)$"),
    Attack(
        "write_file {folder}/victim.txt",
        TaskSucceeded,
        "^(ENOENT|EACCES|EROFS|EPERM)$",
        afterwards=victim_is_untouched,
    ),
    Attack(
        "write_by_dots {folder}/victim.txt",
        TaskSucceeded,
        "^(ENOENT|EACCES|EROFS|EPERM)$",
        afterwards=victim_is_untouched,
    ),
    Attack("kill_kernel {pid}", TaskSucceeded, "^(ESRCH|EPERM|EACCES)$"),
    Attack("connect_to {echo}", TaskSucceeded, "^(ENOENT|EACCES)$"),
    Attack("send_garbage {own}|{host}", ProtocolViolation, "^(unknown-peer|frame-count|garbage)$"),
    Attack("claim_identity {own}|{echo_host}", ProtocolViolation, "^unknown-peer$"),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.orders.split()[0])
def test_attack_is_contained_and_named_and_disturbs_nobody(
    rig: Rig, tmp_path: Path, attack: Attack
) -> None:
    ZOMBIES_BEFORE.clear()
    ZOMBIES_BEFORE.update(c.pid for c in psutil.Process().children(recursive=True) if is_zombie(c))
    (tmp_path / "secret").write_text("PRIVATE KEY")
    (tmp_path / "secret").chmod(0o644)
    tmp_path.chmod(0o777)
    keys = tmp_path / "home" / ".ssh"
    keys.mkdir(parents=True)
    (keys / "id_ed25519").write_text("PRIVATE KEY")
    (keys / "id_ed25519").chmod(0o644)
    echo_id = rig.start_ready(hostile("echo"))
    with sampling(MAX_HOSTS) as sampled:
        host_id = rig.start_ready(hostile("hostile"))
        orders = attack.orders.format(
            folder=tmp_path,
            pid=os.getpid(),
            host=host_id,
            own=rig.endpoint_of(host_id),
            echo_host=echo_id,
            echo=rig.endpoint_of(echo_id).removeprefix("ipc://"),
        )
        assert rig.pool.assign(host_id, task(orders, 999, timeout_s=attack.timeout_s))
        other_work_completes(rig, echo_id)
        told = wait_told(rig, attack.told)
        if attack.afterwards is not None:
            attack.afterwards(rig, tmp_path)
        other_work_completes(rig, echo_id, 3)
    assert re.search(attack.says, says(told)), says(told)
    assert sampled.processes_most <= NPROC_MAX + CHAIN
    assert [h.host_id for h in rig.pool.statuses() if h.plugin_id == "echo"] == [echo_id]
    if attack.ends_its_host:
        lost = wait_told(rig, TaskLost)
        assert isinstance(told, HostDied)
        assert isinstance(lost, TaskLost)
        assert (told.crashed, lost.blame) == (True, True)
    accused = {HostDied, TaskLost, TaskErrored, ProtocolViolation}
    assert [event for event in rig.seen if type(event) in accused and names(event) == "echo"] == []


def names(event: PoolEvent) -> str:
    return str(getattr(event, "plugin_id", ""))


def wait_told(rig: Rig, kind: type[PoolEvent]) -> PoolEvent:
    """The first event of its kind that names the hostile plugin."""
    rig.wait_for(lambda r: any(names(event) == "hostile" for event in r.of(kind)))
    found: PoolEvent = next(event for event in rig.of(kind) if names(event) == "hostile")
    return found


def host_of(rig: Rig, plugin_id: str) -> str:
    return next(h.host_id for h in rig.pool.statuses() if h.plugin_id == plugin_id)


def other_work_completes(rig: Rig, host_id: str, count: int = 10) -> None:
    """The echo plugin beside the attacker answers ``count`` tasks, in the host that it had."""
    before = len([e for e in rig.of(TaskSucceeded) if e.plugin_id == "echo"])
    for number in range(count):
        rig.wait_for(
            lambda r: any(h.host_id == host_id and h.state == "ready" for h in r.pool.statuses())
        )
        assert rig.pool.assign(host_id, task(f"work {number}", number + 1))
    rig.wait_for(
        lambda r: len([e for e in r.of(TaskSucceeded) if e.plugin_id == "echo"]) == before + count
    )


def is_zombie(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def children_of_others() -> set[int]:
    """Processes below us that live and run as another user, as hosts of root do."""
    found = set()
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.status() != psutil.STATUS_ZOMBIE and child.uids().real != os.getuid():
                found.add(child.pid)
    return found


def family(pids: list[int | None]) -> set[int]:
    found: set[int] = set()
    for pid in pids:
        if pid is not None:
            process = psutil.Process(pid)
            found |= {pid, process.ppid(), *(c.pid for c in process.children(recursive=True))}
    return found


@pytest.mark.parametrize("setup", ["raise", "exit"])
def test_plugin_that_crashes_at_start_is_quarantined_and_the_cap_holds(
    rig: Rig, setup: str
) -> None:
    echo_id = rig.start_ready(hostile("echo"))
    with sampling(MAX_HOSTS):
        while not rig.quarantine.plugins:
            if rig.pool.may_start("hostile"):
                rig.pool.start_host(hostile("hostile"), {"setup": setup})
            rig.turn(5)
        other_work_completes(rig, echo_id, 3)
    assert len([e for e in rig.of(HostDied) if e.plugin_id == "hostile"]) == 4
    assert "hostile" in rig.quarantine.plugins


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
    echo_id = rig.start_ready(hostile("echo"))
    with sampling(MAX_HOSTS):
        host_id = rig.start_ready(hostile("hostile"), {"setup": setup})
        rig.pool.assign(host_id, task("make_zombies", 1))
        assert says(wait_told(rig, TaskSucceeded)) == "20 zombies"
        rig.pool.stop_host(host_id, "no longer needed")
        died = rig.wait_for_event(HostDied)
        other_work_completes(rig, echo_id)
    assert (died.plugin_id, died.crashed, died.cause) == ("hostile", crashed, cause)


def test_plugin_that_hangs_at_start_is_ended_and_the_cap_holds(tmp_path: Path) -> None:
    limits = lifecycle.Limits(start_timeout_s=1.5, term_grace_s=0.3, kill_grace_s=0.5)
    launcher = process_launcher(tmp_path)
    with pool_rig(launcher, max_hosts=MAX_HOSTS, limits=limits) as rig:
        with sampling(MAX_HOSTS):
            rig.pool.start_host(hostile("hostile"), {"setup": "hang"})
            died = rig.wait_for_event(HostDied)
        assert (died.crashed, died.cause) == (True, "not ready in time")
        assert rig.pool.free_slots() == MAX_HOSTS
    # On a crowded machine a good host may need longer than this one was given.
    with pool_rig(launcher, max_hosts=MAX_HOSTS) as rig:
        other_work_completes(rig, rig.start_ready(hostile("echo")))


@pytest.mark.parametrize("round_", range(3))
def test_a_place_is_free_only_when_all_that_the_host_forked_is_gone(rig: Rig, round_: int) -> None:
    host_id = rig.start_ready(hostile("hostile"))
    assert rig.pool.assign(host_id, task("fork_bomb", 1))
    assert says(wait_told(rig, TaskSucceeded)).startswith("EAGAIN")
    (status,) = rig.pool.statuses()
    assert status.root_pid is not None
    family_of_host = {status.root_pid, *processes_below(status.root_pid)}
    assert len(family_of_host) > NPROC_MAX / 2
    runner = rig.pool._slots[host_id].runner
    ended = select.poll()
    ended.register(runner.exit_fd, select.POLLIN)
    runner.kill()
    assert ended.poll(20_000)
    # At this very moment, while those that were killed would still be about to die.
    assert [pid for pid in sorted(family_of_host, reverse=True) if lives(pid)] == []
    rig.wait_for_event(HostDied)


def lives(pid: int) -> bool:
    """Whether a process is there and not only its exit status."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in "ZX"
