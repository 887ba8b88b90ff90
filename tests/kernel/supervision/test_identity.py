"""A process is its pid and its start time on one boot; a reused pid is never signalled."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.supervision import identity
from kernel.supervision.identity import ProcessIdentity, ProcessStat, Standing

WAITING = [sys.executable, "-I", "-S", "-c", "import signal; print(flush=True); signal.pause()"]


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(WAITING, stdout=subprocess.PIPE, env={"MARK": "of-this-test"}) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_a_running_process_is_alive_and_gets_the_signal(child: subprocess.Popen[bytes]) -> None:
    known = identity.read_identity(child.pid)

    assert identity.check(known) is Standing.ALIVE
    assert identity.send_signal(known, signal.SIGTERM) is Standing.ALIVE
    assert child.wait(10) == -signal.SIGTERM
    assert identity.send_signal(known, signal.SIGTERM) is Standing.GONE


def test_a_zombie_is_gone(child: subprocess.Popen[bytes]) -> None:
    known = identity.read_identity(child.pid)
    fd = identity.open_pidfd(known)
    assert fd is not None
    child.kill()
    poll = select.poll()
    poll.register(fd, select.POLLIN)

    assert poll.poll(10_000)
    os.close(fd)
    assert identity.read_stat(child.pid) is not None
    assert identity.check(known) is Standing.GONE
    assert identity.open_pidfd(known) is None


def test_another_process_with_the_same_pid_is_left_alone(child: subprocess.Popen[bytes]) -> None:
    former = replace(identity.read_identity(child.pid), start_ticks=1)

    assert identity.check(former) is Standing.REUSED
    assert identity.send_signal(former, signal.SIGKILL) is Standing.REUSED
    assert child.poll() is None
    assert identity.check(identity.read_identity(child.pid)) is Standing.ALIVE


def test_nothing_of_another_boot_is_signalled(child: subprocess.Popen[bytes]) -> None:
    former = replace(identity.read_identity(child.pid), boot_id="another")

    assert identity.send_signal(former, signal.SIGKILL) is Standing.OTHER_BOOT
    assert child.poll() is None


def test_a_variable_a_process_was_started_with_is_read(child: subprocess.Popen[bytes]) -> None:
    assert identity.read_variable(child.pid, "MARK") == "of-this-test"
    assert identity.read_variable(child.pid, "MAR") is None
    assert identity.read_variable(2**22 + 1, "MARK") is None


@given(st.text(min_size=1), st.integers(1, 2**22), st.integers(0, 2**63))
def test_stat_lines_are_read_whatever_the_process_calls_itself(
    name: str, pid: int, start_ticks: int
) -> None:
    fields = " ".join(["S", "1", "2", "3", *["0"] * 15, str(start_ticks), "0", "0"])

    read = identity.parse_stat(f"{pid} ({name}) {fields}")

    assert read == ProcessStat(pid, "S", 1, 2, 3, start_ticks)


@given(st.text())
def test_what_is_no_stat_line_is_refused_or_read_but_never_crashes(text: str) -> None:
    try:
        identity.parse_stat(text)
    except ValueError:
        return


@given(
    boots=st.tuples(st.sampled_from("ab"), st.sampled_from("ab")),
    ticks=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    state=st.sampled_from("RSDTZX"),
    exists=st.booleans(),
)
def test_alive_means_same_boot_same_start_and_not_dead(
    *, boots: tuple[str, str], ticks: tuple[int, int], state: str, exists: bool
) -> None:
    known = ProcessIdentity(7, ticks[0], boots[0])
    stat = ProcessStat(7, state, 1, 7, 7, ticks[1]) if exists else None

    alive = identity.standing(known, stat, boots[1]) is Standing.ALIVE

    assert alive == (exists and boots[0] == boots[1] and ticks[0] == ticks[1] and state not in "ZX")
