"""Acknowledgement latency and CPU at the cadence of a person at work, with heavy work beside.

Four monitors, one 1080p frame each every half second, while other processes keep the cores
busy. Usage: python -m tools.bench.cadence [--seconds S] [--busy N] [--json].
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from kernel.capture.intake import Intake
from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from tools.bench.intake import draft

MONITORS = 4
CADENCE_S = 0.5


def watch(
    intake: Intake, size: int, stop: threading.Event, spent: list[float], making: list[float]
) -> None:
    """One monitor: a new frame each half second, its latency noted, and what making it cost."""
    # Making new noise would cost more than storing it: only the beginning differs.
    noise = os.urandom(size - 16)
    while not stop.wait(CADENCE_S):
        made = time.thread_time()
        data = os.urandom(16) + noise
        making.append(time.thread_time() - made)
        begun = time.perf_counter()
        intake.submit(draft(data), timeout_s=60).result()
        spent.append((time.perf_counter() - begun) * 1000)


def measure(root: Path, seconds: float, size: int, busy: int) -> dict[str, float]:
    """Latencies in ms, and CPU ms per frame of the whole kernel side."""
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy)]
    store = EvidenceStore.open(DataDir(root))
    intake = Intake(store)
    intake.start()
    stop = threading.Event()
    spent: list[float] = []
    making: list[float] = []
    threads = [
        threading.Thread(target=watch, args=(intake, size, stop, spent, making))
        for _ in range(MONITORS)
    ]
    cpu = time.process_time()
    for thread in threads:
        thread.start()
    stop.wait(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    # The screen grabber of the bench is no part of what is measured.
    cpu = time.process_time() - cpu - sum(making)
    intake.close()
    store.close()
    for burner in burners:
        burner.kill()
        burner.wait()
    spent.sort()
    return {
        "frames": len(spent),
        "ack_ms_p50": round(spent[len(spent) // 2], 2),
        "ack_ms_p99": round(spent[int(len(spent) * 0.99)], 2),
        "cpu_ms_per_frame": round(cpu / len(spent) * 1000, 2),
    }


def main() -> None:
    """Measure an encoded and a raw frame, print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--busy", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    facts = {}
    for name, size in (("png_450_kb", 450_000), ("raw_1080p", 1920 * 1080 * 4)):
        with tempfile.TemporaryDirectory() as root:
            facts[name] = measure(Path(root), options.seconds, size, options.busy)
    print(json.dumps(facts, indent=None if options.json else 1))


if __name__ == "__main__":
    main()
