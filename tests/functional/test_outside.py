"""The watcher that judges the budgets is itself judged: by what is known of some processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.functional.outside import (
    Seen,
    Watcher,
    cpu_ns,
    host_pids_below,
    host_states,
    queued_ns,
    wanted_ns,
)
from tests.functional.rig import wait_until

MIB = 1 << 20
TELL = "import sys; print(flush=True); "
BURN = TELL + "\nwhile True: pass"
REST = TELL + "sys.stdin.read()"
PARENT = "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', sys.argv[1]]); "
"""Its child shares its streams: what the child prints says that both stand."""
HELD = "held = bytearray(b'x') * (64 << 20); "


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python that said that it is ready; it and its child are ended."""
    process = subprocess.Popen(
        [sys.executable, "-c", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"\n"
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def watcher_of(*samples: tuple[float, float]) -> Watcher:
    """Samples of (second, CPU seconds); the watcher looks at nobody."""
    return Watcher(0, [Seen(at_s, cpu_s, 0, 0) for at_s, cpu_s in samples])


@pytest.fixture
def cores() -> int:
    return len(os.sched_getaffinity(0))


def test_worst_share_is_of_the_window_in_which_most_was_used(cores: int) -> None:
    used = watcher_of((0.0, 0.0), (10.0, 1.0), (12.0, 3.0), (20.0, 4.0), (22.0, 4.0))
    assert used.worst_cpu_share(10.0) == pytest.approx(3.0 / 10.0 / cores)


def test_a_window_longer_than_asked_counts_by_its_own_length(cores: int) -> None:
    assert watcher_of((0.0, 0.0), (16.0, 4.0)).worst_cpu_share(10.0) == pytest.approx(0.25 / cores)


def test_no_whole_window_was_seen_and_no_share_is_made_up() -> None:
    assert watcher_of((0.0, 0.0), (9.0, 9.0)).worst_cpu_share(10.0) == 0.0


def test_most_memory_is_the_largest_sample() -> None:
    watcher = Watcher(0, [Seen(0.0, 0.0, 5, 0), Seen(1.0, 0.0, 9, 0), Seen(2.0, 0.0, 7, 0)])
    assert watcher.most_memory_bytes() == 9


def test_wanted_is_of_the_time_between_the_first_and_the_last_sample(cores: int) -> None:
    watcher = Watcher(0, [Seen(5.0, 0.0, 0, 0, 3.0), Seen(9.0, 0.0, 0, 0, 11.0)])
    assert watcher.wanted_share() == pytest.approx(8.0 / 4.0 / cores)


def look_until(watcher: Watcher, holds: Callable[[Seen], bool]) -> Seen:
    """The first sample of which it holds."""
    wait_until(lambda: holds(watcher.look()), 60.0)
    return watcher.seen[-1]


def test_a_child_that_computes_is_seen_and_its_end_takes_nothing_back() -> None:
    with running(PARENT + "child.wait(); sys.stdin.read()", BURN) as parent:
        watcher = Watcher(parent.pid)
        begin_s = watcher.look().cpu_s
        before = look_until(watcher, lambda seen: seen.cpu_s > begin_s + 0.2)
        assert before.wanted_s > 0.1
        (child,) = host_children(parent.pid)
        os.kill(child, signal.SIGKILL)
        wait_until(lambda: not host_children(parent.pid))
        after = watcher.look()
        assert after.cpu_s >= before.cpu_s
        assert after.wanted_s >= before.wanted_s


def host_children(pid: int) -> list[int]:
    """Direct children."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def test_memory_of_the_whole_tree_counts_and_who_stands_still_is_seen() -> None:
    with running(PARENT + HELD + "child.wait()", HELD + REST) as parent:
        watcher = Watcher(parent.pid)
        seen = look_until(watcher, lambda seen: seen.memory_bytes > 128 * MIB)
        assert seen.memory_bytes < 512 * MIB
        assert seen.stopped == 0
        (child,) = host_children(parent.pid)
        os.kill(child, signal.SIGSTOP)
        assert look_until(watcher, lambda seen: seen.stopped > 0).stopped == 1


def test_only_what_is_below_the_first_process_of_a_host_counts_and_told_is_as_good_as_done() -> (
    None
):
    in_between = PARENT.replace("sys.argv[1]]", "*sys.argv[1:]]")
    with running(in_between + "child.wait()", PARENT + "child.wait()", REST) as kernel:
        (stub,) = host_children(kernel.pid)
        (host,) = host_pids_below(kernel.pid)
        assert host_children(stub) == [host]
        assert host_states(kernel.pid) != ["T"]
        os.kill(host, signal.SIGSTOP)
        assert host_states(kernel.pid) == ["T"]


def test_clocks_of_one_that_computes_move_and_of_one_that_is_gone_say_nothing() -> None:
    with running(BURN) as process:
        begin_ns, wanted_before = cpu_ns(process.pid), sum(wanted_ns(process.pid).values())
        wait_until(lambda: cpu_ns(process.pid) > begin_ns + 50_000_000)
        assert sum(wanted_ns(process.pid).values()) > wanted_before
        assert queued_ns(process.pid) >= 0
    assert cpu_ns(process.pid) == queued_ns(process.pid) == 0
    assert wanted_ns(process.pid) == {}


def test_what_a_process_used_that_nobody_waits_for_stays_used() -> None:
    clock = "\nfrom time import process_time as used; end_s = used() + 0.5\n"
    burn = clock + "while used() < end_s: pass\n"
    ignore = "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN); "
    twice = ignore + PARENT + "sys.stdin.readline()" + burn + REST
    with running(twice, burn + TELL + "import signal; signal.pause()") as process:
        watcher = Watcher(process.pid)
        before = watcher.look()
        (child,) = psutil.Process(process.pid).children()
        child.kill()
        wait_until(lambda: not psutil.pid_exists(child.pid))
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        # What others use from then on comes on top of it, and is not hidden by it.
        assert watcher.look().cpu_s >= before.cpu_s + 0.4
