"""Looking after what hosts may leave behind while the kernel runs.

Covers: the periodic sweep of our own run dir, collecting adopted zombies, the ledger entries.
Does not cover: how a stale host is told and ended (`kernel.supervision.reaper`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from kernel.boot.parts import Parts
from kernel.supervision.reap_plan import OwnRun
from kernel.supervision.reaper import ReapReport, reap
from kernel.supervision.subreaper import collect_adopted

SWEEP_INTERVAL_S = 60.0
COLLECT_INTERVAL_S = 5.0
"""What hosts leave behind is handed to us as zombies: they go soon, not with the next sweep."""
NOTHING_DONE = frozenset({"kept", "forgotten"})

Append = Callable[[str, str, Mapping[str, str]], Any]


def record_reaped(append: Append, report: ReapReport) -> None:
    """A ledger entry for every host that was ended or could not be."""
    for action in report.actions:
        if action.outcome not in NOTHING_DONE:
            detail = {
                "plugin": action.plugin_id,
                "outcome": action.outcome,
                "reason": action.reason[:2000],
                "pids": " ".join(map(str, action.pids)),
            }
            append("host-reaped", action.host_id, detail)


class OrphanSweep:
    """Runs the reaper over our own run dir at long intervals."""

    def __init__(self, parts: Parts, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._parts = parts
        self._now_s = now_s
        self._next_s = now_s() + SWEEP_INTERVAL_S
        self._collect_s = now_s() + COLLECT_INTERVAL_S

    def tick(self) -> None:
        """Collect and sweep when it is time."""
        if self._now_s() >= self._collect_s:
            self._collect_s = self._now_s() + COLLECT_INTERVAL_S
            self.collect()
        if self._now_s() < self._next_s:
            return
        self._next_s = self._now_s() + SWEEP_INTERVAL_S
        hosts = self._parts.pool.statuses()
        own = OwnRun(self._parts.run_id, frozenset(host.host_id for host in hosts))
        record_reaped(self._parts.trail.append, reap([self._parts.run_dir], own=own))
        self.collect()

    def collect(self) -> None:
        """Collect dead processes that were handed to us as subreaper."""
        collect_adopted(self._parts.pool.child_pids())
