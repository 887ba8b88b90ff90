"""One line of metrics at each interval, measured outside the kernel's process.

Covers: gathering and writing them. Does not cover: judging them (the verdict's part), what must be
seen between two samples (`kernel.soak.watcher`).
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kernel.config.paths import DataDir
from kernel.observe.status import read_status
from kernel.soak.book import Book
from kernel.soak.folder import RunFolder, now_us
from kernel.soak.part import Part
from kernel.soak.storeview import StoreView
from kernel.soak.thresholds import CPU_TOLERANCE
from kernel.soak.tree import Look, count_open, read_memory
from kernel.soak.watcher import Watcher

SIZES_EVERY_S = 60.0
BACKLOG_STATES = ("waiting", "delayed", "leased", "done", "failed", "quarantined", "unseen")


@dataclass(kw_only=True)
class Sampler(Part):
    """Takes a sample at each interval; `sample` takes one more at any time."""

    folder: RunFolder
    data_dir: DataDir
    spool_dir: Path | None
    book: Book
    watcher: Watcher
    store: StoreView
    kernel_pid: Callable[[], int | None]
    run_ids: Callable[[], Sequence[str]]
    interval_s: float
    memory_limit_bytes: int
    cpu_share_max: float
    driver_facts: Callable[[], dict[str, Any]]
    """What the driver tells of itself."""
    follow_mode: bool = False
    """On the person's own machine nobody else knows whether they are there."""
    query_ms: float | None = None
    last: dict[str, Any] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=dict)
    _sizes: tuple[int, int] = (0, 0)
    _sizes_at_s: float = 0.0
    _cpu: tuple[float, float] = (0.0, 0.0)

    def _work(self) -> None:
        due_s = time.monotonic()
        while not self._stop.wait(max(0.0, due_s - time.monotonic())):
            self.sample()
            due_s = max(due_s + self.interval_s, time.monotonic())

    def sample(self) -> None:
        """Take one sample and write it."""
        look = self.watcher.look
        self.store.follow()
        pid = self.kernel_pid()
        self.status = read_status(self.data_dir) if pid is not None else {}
        if self.follow_mode:
            self.watcher.turned("idle" if self._mode(pid) == "idle" else "active")
        acks_ms = self.book.take_acks_ms()
        worst_share = self.watcher.take_cpu_worst_share()
        memory = {stat.pid: read_memory(stat.pid) for stat in look.stats}
        tree_bytes = sum(pss + swap for pss, swap in memory.values())
        self.last = {
            "at_us": now_us(),
            "mono_s": round(time.monotonic(), 3),
            "kernel_pid": pid,
            "mode": self._mode(pid),
            "governor": ((self.status.get("kernel") or {}).get("governor") or {}).get("mode"),
            "truth": self.watcher.truth,
            **_memory_facts(look, pid, memory),
            "cpu_share": self._cpu_share(look),
            "cpu_window_share": round(worst_share, 4),
            "heavy_cpu_s": round(look.heavy_cpu_s, 3),
            "heavy_active_cpu_s": round(self.watcher.heavy_active_cpu_s, 3),
            "processes": len(look.stats),
            "hosts_count": len(look.hosts),
            "hosts_peak": self.watcher.hosts_peak,
            "zombies": look.zombies,
            "orphans": len(self.watcher.tree.orphans(pid, self.run_ids())),
            "threads": sum(stat.threads for stat in look.stats),
            "descriptors": count_open(look.stats),
            "backlog": self._backlog(),
            "produced": self.book.count(),
            "acknowledged": self.book.acknowledged(),
            "captured": len(self.store.blobs),
            "processed": len(self.store.processed()),
            "ack_ms": {"p50": quantile(acks_ms, 0.5), "p99": quantile(acks_ms, 0.99)},
            "stop_ms": self._take_stop_ms(),
            "model_loads": self.store.model_loads(),
            **self._disk(),
            "query_ms": self._take_query_ms(),
            "cpu_budget_exceeded": worst_share > self.cpu_share_max + CPU_TOLERANCE,
            "ram_budget_exceeded": tree_bytes > self.memory_limit_bytes,
            **self.driver_facts(),
        }
        self.folder.metric(self.last)

    def _mode(self, pid: int | None) -> str:
        if pid is None:
            return "down"
        kernel = self.status.get("kernel") or {}
        mode = kernel.get("governor", {}).get("mode")
        if mode is None:
            return "unknown"
        return "active" if mode == "active" else "idle"

    def _cpu_share(self, look: Look) -> float:
        before_s, before_cpu_s = self._cpu
        self._cpu = (look.at_s, look.tree_cpu_s)
        span_s = look.at_s - before_s
        if not before_s or span_s <= 0:
            return 0.0
        share = (look.tree_cpu_s - before_cpu_s) / span_s / len(os.sched_getaffinity(0))
        return round(max(0.0, share), 4)

    def _backlog(self) -> dict[str, int]:
        backlog = self.status.get("backlog", {})
        return {state: int(backlog.get(state, 0)) for state in BACKLOG_STATES}

    def _take_stop_ms(self) -> float | None:
        taken, self.watcher.stop_ms = self.watcher.stop_ms, None
        return None if taken is None else round(taken, 1)

    def _take_query_ms(self) -> float | None:
        taken, self.query_ms = self.query_ms, None
        return taken

    def _disk(self) -> dict[str, int]:
        if time.monotonic() >= self._sizes_at_s:
            self._sizes_at_s = time.monotonic() + SIZES_EVERY_S
            spool = tree_bytes(self.spool_dir) if self.spool_dir is not None else 0
            self._sizes = (tree_bytes(self.data_dir.root), spool)
        free = shutil.disk_usage(self.data_dir.root).free
        data_bytes, spool_bytes = self._sizes
        return {"disk_free_bytes": free, "data_bytes": data_bytes, "spool_bytes": spool_bytes}


def _memory_facts(
    look: Look, pid: int | None, memory: dict[int, tuple[int, int]]
) -> dict[str, Any]:
    return {
        "tree_pss_bytes": sum(pss for pss, _ in memory.values()),
        "tree_swap_bytes": sum(swap for _, swap in memory.values()),
        "kernel_pss_bytes": memory.get(pid or 0, (0, 0))[0],
        "hosts": [
            {
                "host_id": host.host_id,
                "pid": host.root_pid,
                "pss_bytes": sum(sum(memory.get(stat.pid, (0, 0))) for stat in host.stats),
            }
            for host in look.hosts
        ],
    }


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """Of sorted values, by the nearest rank; None of none."""
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


def tree_bytes(folder: Path) -> int:
    """Bytes of all files below; files that vanish meanwhile count as none."""
    total = 0
    for path in folder.rglob("*"):
        try:
            if path.is_file():
                total += path.stat().st_size
        except OSError:
            continue
    return total
