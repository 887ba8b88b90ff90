"""Budgets held over real processes, judged by samples taken from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from kernel.scheduling.budget import CpuPolicy, RamPolicy
from kernel.scheduling.enforce import CpuLimiter, HostFacts, RamLimiter
from kernel.scheduling.meter import TreeMeter, TreeSample, Use
from kernel.supervision.process_tree import descendants

MIB = 1 << 20
GREEDY = "print('ready', flush=True)\nwhile True: pass"
HUNGRY = """
import time, threading
held = []
print('ready', flush=True)
while True:
    held.append(bytearray(b'x') * ({step_mib} << 20))
    threading.Event().wait({every_s})
"""


class Groups:
    """A freezer over real process groups."""

    def __init__(self) -> None:
        self.pids: dict[str, int] = {}
        self.stops = 0

    def stop(self, host_id: str) -> None:
        os.killpg(self.pids[host_id], signal.SIGSTOP)
        self.stops += 1

    def cont(self, host_id: str) -> None:
        os.killpg(self.pids[host_id], signal.SIGCONT)


@contextmanager
def hosts(*codes: str) -> Iterator[dict[str, subprocess.Popen[str]]]:
    started: dict[str, subprocess.Popen[str]] = {}
    try:
        for index, code in enumerate(codes):
            process = subprocess.Popen(
                [sys.executable, "-I", "-c", code],
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            started[f"h{index}"] = process
            assert process.stdout is not None
            process.stdout.readline()
        yield started
    finally:
        for process in started.values():
            process.kill()
            process.wait(20)
            if process.stdout is not None:
                process.stdout.close()


def test_a_cpu_hungry_host_stays_within_its_share_seen_from_outside() -> None:
    """A quarter of one core, as on a one-core machine: affinity cannot help there."""
    policy = CpuPolicy(cores=1, share_max=0.25, window_s=2.0)
    freezer = Groups()
    limiter = CpuLimiter(policy, freezer, period_s=0.05)
    tick = threading.Event()
    with hosts(GREEDY) as started:
        freezer.pids = {name: process.pid for name, process in started.items()}
        outside = psutil.Process(started["h0"].pid)
        meter = TreeMeter(descendants, root_pid=started["h0"].pid)
        begin_s = time.monotonic()
        seen: list[tuple[float, float]] = []
        while time.monotonic() - begin_s < 6.0:
            limiter.tick(meter.cpu_s(), started, time.monotonic())
            times = outside.cpu_times()
            seen.append((time.monotonic(), times.user + times.system))
            tick.wait(0.05)
        freezer.cont("h0")
    worst = 0.0
    for at_s, used_s in seen:
        window = [used for when, used in seen if at_s <= when <= at_s + policy.window_s]
        worst = max(worst, window[-1] - used_s)
    whole = (seen[-1][1] - seen[0][1]) / (seen[-1][0] - seen[0][0])
    # Ticks of 10 ms in what both sides read, and a late tick on a loaded machine.
    assert worst <= policy.share_max * policy.window_s + 0.15
    assert freezer.stops > 2
    assert whole > 0.05, "it did run"


class Virtual:
    """A freezer over one host in virtual time that computes on all cores when it may."""

    def __init__(self) -> None:
        self.running = True

    def stop(self, host_id: str) -> None:
        self.running = False

    def cont(self, host_id: str) -> None:
        self.running = True


@pytest.mark.parametrize("every_s", [0.1, 0.25, 0.5])
def test_a_loop_that_ticks_more_slowly_than_asked_still_holds_the_limit(every_s: float) -> None:
    policy = CpuPolicy(cores=2, share_max=0.5)
    virtual = Virtual()
    limiter = CpuLimiter(policy, virtual, period_s=0.1)
    used_s, trace = 0.0, [0.0]
    for index in range(int(60 / every_s)):
        limiter.tick(used_s, ["h0"], index * every_s)
        used_s += policy.cores * every_s if virtual.running else 0.0
        trace.append(used_s)
    width = int(policy.window_s / every_s)
    # The very first tick knows nothing of the loop's pace yet.
    worst = max(b - a for a, b in zip(trace[1:], trace[1 + width :], strict=False))
    assert worst <= policy.cores * policy.share_max * policy.window_s
    assert used_s / 60 >= 0.8 * policy.cores * policy.share_max


def test_a_host_stopped_for_the_person_is_not_continued_by_the_limiter() -> None:
    class Recorder:
        def __init__(self) -> None:
            self.calls: list[tuple[str, str]] = []

        def stop(self, host_id: str) -> None:
            self.calls.append(("stop", host_id))

        def cont(self, host_id: str) -> None:
            self.calls.append(("cont", host_id))

    recorder = Recorder()
    limiter = CpuLimiter(CpuPolicy(cores=1, share_max=0.5, burst_s=0.1), recorder)
    limiter.tick(0.0, ["h0", "h1"], 0.0)
    limiter.tick(0.9, ["h0", "h1"], 1.0)
    assert recorder.calls == [("stop", "h0"), ("stop", "h1")]
    # Only h1 is still ours to run.
    limiter.tick(0.9, ["h1"], 30.0)
    assert recorder.calls[2:] == [("cont", "h1")]


def test_a_memory_hungry_host_is_killed_before_the_limit_is_passed() -> None:
    """Judged by PSS read from outside, at each step of the loop."""
    limit = 400 * MIB
    limiter = RamLimiter(RamPolicy(limit_bytes=limit, lookahead_s=0.5))
    facts = {
        "h0": HostFacts(cap_bytes=limit * 4, idle_s=0.0, busy=True),
        "h1": HostFacts(cap_bytes=limit * 4, idle_s=30.0, busy=False),
    }
    calm = "import sys, threading\nprint('ready', flush=True)\nthreading.Event().wait()"
    with hosts(HUNGRY.format(step_mib=10, every_s=0.05), calm) as started:
        pids = {name: process.pid for name, process in started.items()}
        meter = TreeMeter(descendants)
        base = psutil.Process().memory_full_info().pss
        limiter.policy = RamPolicy(limit_bytes=limit + base, lookahead_s=0.5)
        admitted, most = [], 0
        tick = threading.Event()
        for _ in range(400):
            verdict = limiter.tick(meter.sample(pids, time.monotonic()), facts)
            admitted.append(verdict.admit)
            outside = psutil.Process(pids["h0"]).memory_full_info().pss
            most = max(most, outside)
            if verdict.kill:
                break
            tick.wait(0.05)
        assert verdict.kill == ("h0",)
        assert most <= limit
        assert admitted[0]
        assert not admitted[-1]
        os.kill(pids["h0"], signal.SIGKILL)
        started["h0"].wait(20)
        after = limiter.tick(meter.sample(pids, time.monotonic()), facts)
        assert after.kill == ()


def test_hosts_without_facts_are_left_alone() -> None:
    limiter = RamLimiter(RamPolicy(limit_bytes=100))
    use = Use(memory_bytes=1_000, processes=1)
    verdict = limiter.tick(TreeSample(1.0, use, {"unknown": use}), {})
    assert verdict.kill == ()
    assert verdict.share == pytest.approx(10.0)


def test_after_all_hosts_were_continued_by_others_the_limiter_stops_them_again() -> None:
    calls: list[str] = []

    class Recorder:
        def stop(self, host_id: str) -> None:
            calls.append(f"stop {host_id}")

        def cont(self, host_id: str) -> None:
            calls.append(f"cont {host_id}")

    limiter = CpuLimiter(CpuPolicy(cores=1, share_max=0.5, burst_s=0.1), Recorder())
    limiter.tick(0.0, ["h0"], 0.0)
    limiter.tick(0.9, ["h0"], 1.0)
    assert calls == ["stop h0"]
    # The person came and went: the pool continued everybody.
    limiter.forget()
    assert limiter.due(1.05)
    limiter.tick(0.95, ["h0"], 1.05)
    assert calls == ["stop h0", "stop h0"]
