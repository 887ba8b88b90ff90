"""What the system counts of threads."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kernel.supervision.processor_wait import ThreadTimes
from kernel.supervision.thread_times import parse_thread_times, read_thread_times


def test_both_files_of_a_thread_are_understood_whatever_its_name() -> None:
    found = parse_thread_times("152529637 197514162 122\n", "7 (a ) S (b) R 1 7 7 0 -1\n")
    assert found == ThreadTimes(152_529_637, 197_514_162, 122, is_runnable=True)
    assert not parse_thread_times("1 2 3", "7 (x) S 1").is_runnable


@pytest.mark.parametrize(
    ("schedstat", "stat"), [("", "7 (x) S 1"), ("1 2", "7 (x) S 1"), ("1 2 3", ""), ("a b c", "x")]
)
def test_anything_else_is_refused(schedstat: str, stat: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of int or of our own
        parse_thread_times(schedstat, stat)


@pytest.mark.skipif(
    not Path("/proc/self/schedstat").exists(), reason="this system does not count waiting"
)
def test_every_thread_is_read_and_one_that_computes_is_seen_to() -> None:
    done = threading.Event()
    sleeper = threading.Thread(target=done.wait)
    sleeper.start()
    try:
        before = read_thread_times((os.getpid(),))
        assert {threading.get_native_id(), sleeper.native_id} <= before.keys()
        here = threading.get_native_id()
        while read_thread_times((os.getpid(),))[here].run_ns < before[here].run_ns + 10_000_000:
            pass
        assert sleeper.native_id is not None
        assert not read_thread_times((os.getpid(),))[sleeper.native_id].is_runnable
    finally:
        done.set()
        sleeper.join()


def test_of_one_that_is_gone_there_is_nothing() -> None:
    child = subprocess.Popen([sys.executable, "-S", "-c", ""])
    child.wait()
    assert read_thread_times((child.pid,)) == {}
