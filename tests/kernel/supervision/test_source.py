"""A source is kept running, told what is new, and ends with its kernel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from kernel.supervision.source import NOTHING_RETRY_S, SourceProcess
from tests.architecture.tree import REPOSITORY

WAIT_S = 60.0
ECHO = """
import sys
print("up", file=sys.stderr, flush=True)
with open(sys.argv[1], "a") as out:
    for line in sys.stdin:
        out.write(line)
        out.flush()
"""
DEAF = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", file=sys.stderr, flush=True)
time.sleep(3600)
"""
KERNEL = """
import sys, time
from kernel.supervision.source import SourceProcess
source = SourceProcess("deaf", [sys.executable, "-c", sys.argv[1]])
while "deaf" not in source.last_words:
    source.tick("x")
    time.sleep(0.01)
print(source.pid, flush=True)
time.sleep(3600)
"""


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)  # noqa: TID251 - the other process' turn


def ticked(source: SourceProcess, word: str = "x") -> SourceProcess:
    source.tick(word)
    return source


@pytest.fixture
def heard(tmp_path: Path) -> Path:
    return tmp_path / "heard"


def test_it_is_told_what_is_new_and_only_that(heard: Path) -> None:
    source = SourceProcess("echo", [sys.executable, "-c", ECHO, str(heard)])
    try:
        for word in ("0.5", "0.5", "pause", "0.5"):
            source.tick(word)

        def all_heard() -> bool:
            source.tick("0.5")
            return heard.exists() and heard.read_text().splitlines()[-1:] == ["0.5"]

        wait_for(all_heard)
        wait_for(lambda: heard.read_text().splitlines() == ["0.5", "pause", "0.5"])
        assert source.starts == 1
        assert source.last_words == "up"
    finally:
        source.close()
    assert source.pid is None


def test_one_that_is_killed_is_started_again_and_told_again(heard: Path) -> None:
    source = SourceProcess("echo", [sys.executable, "-c", ECHO, str(heard)])
    try:
        source.tick("one")
        first = source.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)

        def started_again() -> bool:
            source.tick("one")
            return source.pid not in {None, first}

        wait_for(started_again)
        assert "signal 9" in source.problem
        wait_for(
            lambda: ticked(source, "two").starts and heard.exists() and "two" in heard.read_text()
        )
    finally:
        source.close()


def test_one_without_anything_to_do_is_asked_again_without_hurry() -> None:
    now = [1000.0]
    command = [sys.executable, "-c", "import sys; sys.exit(2)"]
    source = SourceProcess("idle", command, now_s=lambda: now[0])
    try:
        wait_for(lambda: ticked(source).problem)
        assert source.starts == 1
        now[0] += NOTHING_RETRY_S - 1
        source.tick("x")
        assert source.starts == 1
        now[0] += 2
        source.tick("x")
        assert source.starts == 2
    finally:
        source.close()


def test_a_program_that_is_not_there_is_a_problem_and_no_crash() -> None:
    source = SourceProcess("gone", [sys.executable, "-c", "import nothing_of_this_name"])
    try:
        wait_for(lambda: ticked(source).problem)
        assert "nothing_of_this_name" in source.problem
    finally:
        source.close()


def test_one_that_ignores_every_request_is_ended() -> None:
    source = SourceProcess("deaf", [sys.executable, "-c", DEAF])
    wait_for(lambda: "deaf" in ticked(source).last_words)
    pid = source.pid
    assert pid is not None
    source.close()
    assert not psutil.pid_exists(pid)


def test_kill_9_of_the_kernel_leaves_no_source() -> None:
    if not any((Path(folder) / "setpriv").exists() for folder in os.get_exec_path()):
        pytest.skip("setpriv(1) is not installed: only a source that reads its input ends at once")
    kernel = subprocess.Popen(
        [sys.executable, "-c", KERNEL, DEAF], stdout=subprocess.PIPE, cwd=REPOSITORY
    )
    assert kernel.stdout is not None
    pid = int(kernel.stdout.readline())
    assert psutil.pid_exists(pid)
    kernel.kill()
    kernel.communicate()
    wait_for(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie")
