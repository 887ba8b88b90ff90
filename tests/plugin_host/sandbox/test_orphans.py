"""Nobody lives on: neither after the host nor after the kernel.

A pipe's write end is kept open by everything below a host: its end of file is the end of all.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugin_host.sandbox.host_rig import run, start

GONE_S_MAX = 2.0
START_S_MAX = 20.0
who = pytest.mark.parametrize("who", ["root", "user"])
chains = pytest.mark.parametrize(
    "chain", ["full", "no-setpriv", "no-unshare", "no-unshare no-setpriv"]
)


@pytest.fixture
def life() -> Iterator[tuple[int, int]]:
    read_fd, write_fd = os.pipe()
    yield read_fd, write_fd
    os.close(read_fd)


def seconds_until_all_ended(read_fd: int, limit_s: float) -> float | None:
    started_s = time.monotonic()
    poll = select.poll()
    poll.register(read_fd, select.POLLIN)
    while (left_s := started_s + limit_s - time.monotonic()) > 0:
        if poll.poll(left_s * 1000) and os.read(read_fd, 64) == b"":
            return time.monotonic() - started_s
    return None


def wait_for_word(read_fd: int) -> None:
    ready, _, _ = select.select([read_fd], [], [], START_S_MAX)
    assert ready, "the host did not start"
    assert os.read(read_fd, 1) == b"!"


@who
@chains
def test_a_daemon_of_a_plugin_dies_with_its_host(
    who: str, chain: str, life: tuple[int, int]
) -> None:
    process = start(who, "attempts:daemonize", pass_fds=(life[1],), chain=chain)
    os.close(life[1])
    output, errors = process.communicate(timeout=60)

    assert json.loads(output)["status"] == 0, errors
    assert seconds_until_all_ended(life[0], GONE_S_MAX) is not None


@who
@chains
@pytest.mark.parametrize("target", ["daemonize_and_stay", "hold_the_lock"])
def test_kill_9_of_the_kernel_leaves_nobody_within_two_seconds(
    who: str, chain: str, target: str, life: tuple[int, int]
) -> None:
    process = start(
        who,
        f"attempts:{target}",
        pass_fds=(life[1],),
        chain=chain,
        host={"say_fd": life[1]},
    )
    os.close(life[1])
    wait_for_word(life[0])
    process.kill()
    process.communicate()

    assert seconds_until_all_ended(life[0], GONE_S_MAX) is not None


def test_kill_9_at_any_moment_of_the_start_leaves_nobody(life: tuple[int, int]) -> None:
    processes: list[subprocess.Popen[bytes]] = []
    for step in range(8):
        process = start("user", "attempts:daemonize_and_stay", pass_fds=(life[1],))
        processes.append(process)
        # Spread over the 0.1 to 0.4 s that interpreter, chain and walls take.
        select.select([], [], [], 0.05 * step)
        process.kill()
    os.close(life[1])
    for process in processes:
        process.communicate()

    assert seconds_until_all_ended(life[0], GONE_S_MAX) is not None


@who
def test_the_dead_that_a_plugin_orphans_are_taken_away_and_its_own_statuses_kept(who: str) -> None:
    answer = run(who, "attempts:orphans", policy={"nproc_max": 16}).answer

    assert answer == {"made": 40, "child status": 7}


@who
@chains
def test_the_exit_status_of_a_host_reaches_the_kernel(who: str, chain: str) -> None:
    assert run(who, "attempts:exit_status", chain=chain).status == 42


def test_only_the_host_names_plugin_host_in_its_command_line(life: tuple[int, int]) -> None:
    nonce = f"test-{os.getpid()}-{time.monotonic_ns()}"
    process = start(
        "user", "attempts:obey", pass_fds=(life[1],), nonce=nonce, host={"say_fd": life[1]}
    )
    os.close(life[1])
    wait_for_word(life[0])
    try:
        marked = [pid for pid in all_pids() if f"AUTOCAPTURE_RUN={nonce}".encode() in environ(pid)]
        below = [pid for pid in marked if pid != process.pid]
        naming = [pid for pid in below_of(process.pid) if b"plugin_host" in cmdline(pid)]
    finally:
        process.kill()
        process.communicate()

    assert len(naming) == 1
    assert below


def all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def environ(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def cmdline(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def below_of(pid: int) -> list[int]:
    try:
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    children = [int(word) for word in words]
    return [*children, *(deeper for child in children for deeper in below_of(child))]
