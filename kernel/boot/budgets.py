"""Keeps the tree within its budgets while the kernel runs.

Covers: sampling at the settings' pace, telling the pool whom to stop, unload or kill, what
the governor and the plan need to know. Does not cover: the decisions
(`kernel.scheduling.budget`), measuring (`kernel.scheduling.meter`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from kernel.config.machine import Machine
from kernel.config.sections import Settings
from kernel.scheduling.enforce import CpuLimiter, HostFacts, RamLimiter
from kernel.scheduling.meter import TreeMeter, TreeSample, Use
from kernel.scheduling.policies import cpu_policy, ram_policy
from kernel.scheduling.schedule import Budget
from kernel.supervision.pool import HostPool
from kernel.supervision.process_tree import descendants

Audit = Callable[[str, str, Mapping[str, str]], Any]


class _PoolFreezer:
    """The pool as `kernel.scheduling.enforce.Freezer`."""

    def __init__(self, pool: HostPool) -> None:
        self._pool = pool

    def stop(self, host_id: str) -> None:
        """Stop one host where it stands."""
        self._pool.freeze_host(host_id)

    def cont(self, host_id: str) -> None:
        """Let it go on."""
        self._pool.thaw_host(host_id)


class BudgetKeeper:
    """Ticked by the kernel's loop."""

    def __init__(
        self,
        settings: Settings,
        machine: Machine,
        pool: HostPool,
        *,
        audit: Audit,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._audit = audit
        self._now_s = now_s
        self._interval_s = settings.budget.sample_interval_s
        self._hosts_max = settings.hosts.max_hosts
        self._memory_total_bytes = machine.memory_bytes
        self._ram_share_max = settings.budget.ram_share_max
        self._meter = TreeMeter(descendants)
        self._cpu = CpuLimiter(cpu_policy(settings, machine), _PoolFreezer(pool))
        self._ram = RamLimiter(ram_policy(settings, machine))
        self._sample_at_s = 0.0
        self._idle_since_s: dict[str, float] = {}
        self.admit = True
        self.sample = TreeSample(0.0, Use(), {})

    @property
    def cpu_share(self) -> float:
        """The tree's share of all cores over the last window."""
        return self._cpu.share

    @property
    def ram_share(self) -> float:
        """The tree's share of physical memory."""
        return self.sample.total.memory_bytes / self._memory_total_bytes

    def tick(self) -> None:
        """Sample and act where it is time."""
        now_s = self._now_s()
        statuses = self._pool.statuses()
        if now_s >= self._sample_at_s:
            self._sample_at_s = now_s + self._interval_s
            self._keep_memory(now_s)
        if self._cpu.due(now_s) and statuses and not self._pool.is_frozen:
            hosts = [s.host_id for s in statuses if s.hosting == "subprocess"]
            self._cpu.tick(self._meter.cpu_s(), hosts, now_s)

    def plan_budget(self, running_max: int) -> Budget:
        """What the plan may use now."""
        limit_bytes = int(self._memory_total_bytes * self._ram_share_max)
        promised = sum(
            max(0, cap - self._use(host_id).memory_bytes)
            for host_id, cap in self._pool.memory_caps().items()
        )
        return Budget(
            hosts_max=self._hosts_max,
            running_max=running_max,
            memory_free_bytes=max(0, limit_bytes - self.sample.total.memory_bytes - promised),
            admit=self.admit,
        )

    def _use(self, host_id: str) -> Use:
        return self.sample.hosts.get(host_id, Use())

    def _keep_memory(self, now_s: float) -> None:
        statuses = self._pool.statuses()
        roots = {s.host_id: s.root_pid for s in statuses if s.root_pid is not None}
        self.sample = self._meter.sample(roots, now_s)
        caps = self._pool.memory_caps()
        facts: dict[str, HostFacts] = {}
        for status in statuses:
            busy = status.task_id is not None
            since_s = now_s if busy else self._idle_since_s.get(status.host_id, now_s)
            self._idle_since_s[status.host_id] = since_s
            if status.host_id in roots:
                facts[status.host_id] = HostFacts(caps[status.host_id], now_s - since_s, busy)
        verdict = self._ram.tick(self.sample, facts)
        self.admit = verdict.admit
        for host_id in verdict.unload:
            self._pool.stop_host(host_id, f"unloaded: {verdict.reason}")
        for host_id in verdict.kill:
            slope = verdict.leaking.get(host_id)
            cause = (
                f"over its own memory cap, growing by {slope} bytes/s"
                if slope is not None
                else f"the largest host: {verdict.reason}"
            )
            detail = {"used_bytes": str(self._use(host_id).memory_bytes), "cause": cause}
            self._audit("host-killed-for-memory", host_id, detail)
            self._pool.kill_host(host_id, cause, blame=slope is not None)
