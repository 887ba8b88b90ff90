"""Measures what the CPU cap costs: `python -m tools.bench.throughput [--seconds N] [--json]`.

A process that only computes counts its units of work, first free, then under the duty cycle
that holds it to half of one core. The goal is 0.45 of the free rate. Does not measure
affinity (deterministic) or memory.
"""

from __future__ import annotations

import json
import mmap
import os
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from kernel.scheduling.budget import CpuPolicy
from kernel.scheduling.enforce import PERIOD_S, CpuLimiter
from kernel.scheduling.meter import TreeMeter

_WORKER = """
import hashlib, mmap, os, struct, sys
os.sched_setaffinity(0, {int(sys.argv[2])})
with open(sys.argv[1], 'r+b') as file:
    shared = mmap.mmap(file.fileno(), 8)
block, count = bytes(65536), 0
while True:
    hashlib.blake2b(block).digest()
    count += 1
    struct.pack_into('<q', shared, 0, count)
"""


class Group:
    """A freezer over the one worker."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.stops = 0

    def stop(self, host_id: str) -> None:
        """Stop the worker."""
        self.stops += 1
        os.kill(self._pid, signal.SIGSTOP)

    def cont(self, host_id: str) -> None:
        """Let it go on."""
        os.kill(self._pid, signal.SIGCONT)


def measure(seconds: float) -> dict[str, Any]:
    """Rates free and capped, and the worst 10 s window of CPU use."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "count"
        path.write_bytes(bytes(8))
        core = max(os.sched_getaffinity(0))
        worker = subprocess.Popen([sys.executable, "-I", "-c", _WORKER, str(path), str(core)])
        with path.open("r+b") as file:
            shared = mmap.mmap(file.fileno(), 8)
        try:
            return _measure(worker.pid, shared, seconds)
        finally:
            worker.kill()
            worker.wait()
            shared.close()


def _measure(pid: int, shared: mmap.mmap, seconds: float) -> dict[str, Any]:
    tick = threading.Event()
    # The tree of the meter is the worker alone: one process has no need of a walk.
    meter = TreeMeter(lambda _: (), root_pid=pid)
    tick.wait(1.0)
    free_rate, free_cores = _rate(meter, shared, lambda: tick.wait(0.1), seconds / 2)
    group = Group(pid)
    policy = CpuPolicy(cores=1, share_max=0.5)
    limiter = CpuLimiter(policy, group)
    samples: list[tuple[float, float]] = []

    def limit() -> None:
        used_s, now_s = meter.cpu_s(), time.monotonic()
        samples.append((now_s, used_s))
        limiter.tick(used_s, ("worker",), now_s)
        tick.wait(PERIOD_S)

    # The first window still remembers nothing: let it fill before measuring.
    _rate(meter, shared, limit, policy.window_s)
    before_s = time.thread_time()
    capped_rate, capped_cores = _rate(meter, shared, limit, seconds)
    cost = (time.thread_time() - before_s) / seconds
    group.cont("worker")
    windows = [
        later_s - used_s
        for at_s, used_s in samples
        for when_s, later_s in samples
        if policy.window_s - PERIOD_S < when_s - at_s <= policy.window_s
    ]
    return {
        "free_units_per_s": round(free_rate),
        "capped_units_per_s": round(capped_rate),
        "capped_over_free": round(capped_rate / free_rate, 3),
        "cpu_seconds_per_s": {"free": round(free_cores, 3), "capped": round(capped_cores, 3)},
        "worst_window_share": round(max(windows) / policy.window_s, 3) if windows else None,
        "stops": group.stops,
        "limiter_cost_cores": round(cost, 4),
    }


def _rate(
    meter: TreeMeter, shared: mmap.mmap, wait: Callable[[], object], seconds: float
) -> tuple[float, float]:
    """Units and CPU seconds per second of time, over so many seconds."""
    start_s, start_cpu_s = time.monotonic(), meter.cpu_s()
    start = struct.unpack_from("<q", shared)[0]
    while time.monotonic() - start_s < seconds:
        wait()
    span_s = time.monotonic() - start_s
    done = struct.unpack_from("<q", shared)[0] - start
    return done / span_s, (meter.cpu_s() - start_cpu_s) / span_s


@click.command(help=__doc__)
@click.option("--seconds", default=30.0, help="How long to measure under the cap.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def main(*, seconds: float, as_json: bool) -> None:
    """Measure and print."""
    result = measure(seconds)
    if as_json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
