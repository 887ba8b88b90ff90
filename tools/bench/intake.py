"""Acknowledged captures per second against two yardsticks of the same run and the same bytes.

Yardsticks: a bare log (append, fdatasync) with the same natural batching, and single-row
SQLite commits (WAL, synchronous=FULL). Every producer waits for its acknowledgement before
it sends the next capture. Usage: python -m tools.bench.intake [--seconds S] [--bytes N]
[--dir DIR] [--sync-ms MS] [--json].

Many drives, those of virtual machines above all, have an allowance of operations: whoever uses
it up first looks slow. With --sync-ms every sync takes just so long and nothing is asked of the
drive (give a --dir in memory, such as /dev/shm): what is left is the programs' own part.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from kernel.capture.intake import Intake
from kernel.config.paths import DataDir
from kernel.store import sqlite
from kernel.store.disk import OsDisk
from kernel.store.draft import CaptureDraft
from kernel.store.evidence import EvidenceStore

PRODUCERS = (1, 8, 64)
REPEATS = 3


@dataclass(frozen=True, slots=True)
class Result:
    """One measurement; latencies of the acknowledgement in milliseconds."""

    subject: str
    producers: int
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us_per_event: float


def draft(data: bytes) -> CaptureDraft:
    """A capture with the fields that a real source fills."""
    return CaptureDraft(
        captured_at_us=time.time_ns() // 1000,
        tz_name="UTC",
        tz_offset_s=0,
        monotonic_ns=time.monotonic_ns(),
        source="bench",
        monitor=1,
        app="editor",
        window_title="A window title of ordinary length - Editor",
        media_type="image/png",
        data=data,
    )


class SteadyDisk(OsDisk):
    """A disk whose syncs all take the same time and do nothing."""

    def __init__(self, sync_ms: float) -> None:
        self._sync_s = sync_ms / 1000
        self._never = threading.Event()

    def sync(self, descriptor: int) -> None:
        """Wait."""
        self._never.wait(self._sync_s)


class BareLog:
    """The yardstick: one writer thread, whatever queued is written and synced as one."""

    def __init__(self, path: Path, disk: OsDisk) -> None:
        self._disk = disk
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._queue: list[tuple[bytes, Future[None]]] = []
        self._condition = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def submit(self, data: bytes) -> Future[None]:
        """Queue the bytes; the future completes when they are synced."""
        future: Future[None] = Future()
        with self._condition:
            self._queue.append((data, future))
            self._condition.notify()
        return future

    def close(self) -> None:
        """End the thread."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        self._thread.join()
        os.close(self._descriptor)

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._queue and not self._closing:
                    self._condition.wait()
                batch, self._queue = self._queue, []
            if not batch:
                return
            os.writev(self._descriptor, [data for data, _ in batch])
            self._disk.sync(self._descriptor)
            for _, future in batch:
                future.set_result(None)


def drive(subject: str, producers: int, seconds: float, send: Callable[[], None]) -> Result:
    """Run the producers for so long and measure."""
    latencies: list[list[float]] = [[] for _ in range(producers)]
    stop = time.monotonic() + seconds

    def produce(own: list[float]) -> None:
        while (now := time.monotonic()) < stop:
            send()
            own.append(time.monotonic() - now)

    threads = [threading.Thread(target=produce, args=(own,)) for own in latencies]
    begun, cpu = time.monotonic(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent, cpu = time.monotonic() - begun, time.process_time() - cpu
    every = sorted(latency for own in latencies for latency in own)
    return Result(
        subject,
        producers,
        len(every) / spent,
        statistics.median(every) * 1000,
        every[int(len(every) * 0.99)] * 1000,
        cpu / len(every) * 1e6,
    )


def run_intake(root: Path, producers: int, seconds: float, size: int, disk: OsDisk) -> Result:
    """Our intake: pack, journal, acknowledgement."""
    store = EvidenceStore.open(DataDir(root), disk=disk)
    intake = Intake(store)
    intake.start()
    try:
        return drive(
            "intake",
            producers,
            seconds,
            lambda: (intake.submit(draft(os.urandom(size)), timeout_s=60).result(), None)[1],
        )
    finally:
        intake.close()
        store.close()


def run_bare_log(root: Path, producers: int, seconds: float, size: int, disk: OsDisk) -> Result:
    """The bare log with the same number of bytes per event."""
    root.mkdir(parents=True)
    log = BareLog(root / "log", disk)
    try:
        return drive(
            "bare log", producers, seconds, lambda: log.submit(os.urandom(size + 500)).result()
        )
    finally:
        log.close()


def run_single_rows(root: Path, producers: int, seconds: float, size: int, disk: OsDisk) -> Result:
    """One durable SQLite commit per event, producers taking turns; always on the real drive."""
    del disk
    root.mkdir(parents=True)
    connection = sqlite.connect(root / "rows.db")
    connection.execute("CREATE TABLE event (seq INTEGER PRIMARY KEY, data BLOB)")
    lock = threading.Lock()

    def send() -> None:
        data = os.urandom(size + 500)
        with lock:
            connection.execute("INSERT INTO event (data) VALUES (?)", (data,))

    try:
        return drive("single-row SQLite", producers, seconds, send)
    finally:
        connection.close()


def measure(
    directory: Path, seconds: float, size: int, sync_ms: float | None = None
) -> list[Result]:
    """All subjects, interleaved, the median repeat of each."""
    results = []
    disk = OsDisk() if sync_ms is None else SteadyDisk(sync_ms)
    runs = [run_bare_log, run_intake]
    if sync_ms is None:
        runs.insert(1, run_single_rows)
    for producers in PRODUCERS:
        repeats: dict[str, list[Result]] = {}
        for number in range(REPEATS):
            for run in runs:
                root = directory / f"{run.__name__}-{producers}-{number}"
                result = run(root, producers, seconds, size, disk)
                repeats.setdefault(result.subject, []).append(result)
        results += [
            sorted(found, key=lambda one: one.per_second)[REPEATS // 2]
            for found in repeats.values()
        ]
    return results


def main() -> None:
    """Measure and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--bytes", type=int, default=200, help="pixel bytes per capture")
    parser.add_argument("--dir", type=Path, default=None)
    parser.add_argument("--sync-ms", type=float, default=None)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir) as name:
        results = measure(Path(name), options.seconds, options.bytes, options.sync_ms)
    if options.json:
        print(json.dumps([asdict(result) for result in results]))
        return
    bare = {r.producers: r.per_second for r in results if r.subject == "bare log"}
    head = f"{'subject':18} {'producers':>9} {'acks/s':>9} {'x bare':>7}"
    print(f"{head} {'p50 ms':>8} {'p99 ms':>8} cpu us")
    for r in results:
        print(
            f"{r.subject:18} {r.producers:9} {r.per_second:9.0f} "
            f"{r.per_second / bare[r.producers]:7.2f} {r.p50_ms:8.2f} {r.p99_ms:8.2f} "
            f"{r.cpu_us_per_event:6.0f}"
        )


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
