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
from kernel.scheduling.budget import RamVerdict
from kernel.scheduling.cpu_account import CpuUse
from kernel.scheduling.enforce import CpuLimiter, HostFacts, RamLimiter
from kernel.scheduling.meter import TreeMeter, TreeSample, Use
from kernel.scheduling.policies import cpu_policy, ram_policy
from kernel.scheduling.schedule import Budget
from kernel.supervision.pool import HostPool
from kernel.supervision.pool_events import HostStatus
from kernel.supervision.process_tree import descendants

ALONE_PART = 0.6
"""Of what hosts may take altogether: more than half, and less than all."""
KilledForMemory = Callable[[str, int], None]
"""Told the task in hand and the bytes that the plan should expect its model to need."""
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
        killed_for_memory: KilledForMemory = lambda task_id, used_bytes: None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._audit = audit
        self._killed_for_memory = killed_for_memory
        self._now_s = now_s
        self._interval_s = settings.budget.sample_interval_s
        self._hosts_max = settings.hosts.max_hosts
        self._host_bytes_max = settings.hosts.memory_bytes_max
        self._memory_total_bytes = machine.memory_bytes
        self._meter = TreeMeter(descendants)
        self._cpu = CpuLimiter(cpu_policy(settings, machine), _PoolFreezer(pool))
        self._ram = RamLimiter(ram_policy(settings, machine))
        self._sample_at_s = 0.0
        self._idle_since_s: dict[str, float] = {}
        self._first_ready: dict[str, tuple[float, int]] = {}
        self._heavy_cpu_s = 0.0
        self._heavy_taken_s = 0.0
        self._cpu_before = CpuUse()
        self._had_hosts = self._had_inside = False
        self.admit = True
        self.sample = TreeSample(0.0, Use(), {})
        self._former = self.sample

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
        if self._pool.is_frozen:
            # All stand still for the person; afterwards all are continued, ours too.
            self._cpu.forget()
            if self._had_hosts and not statuses:
                self._measure_cpu(statuses)
        elif (statuses or self._had_hosts) and self._cpu.due(now_s):
            used_s = self._measure_cpu(statuses)
            self._cpu.tick(used_s, [status.host_id for status in statuses], now_s)

    def take_heavy_cpu_s(self) -> float:
        """CPU seconds that hosts used since this was asked last."""
        taken, self._heavy_taken_s = self._heavy_taken_s, self._heavy_cpu_s
        return self._heavy_cpu_s - taken

    def plan_budget(self, running_max: int, needs: Mapping[str, int], *, admit: bool) -> Budget:
        """What the plan may use now; ``needs`` is what each host's model is known to take."""
        is_old = self.sample.hosts and not self._pool.statuses()
        if not self.sample.now_s or is_old:
            # The very first plan too is made by what the tree uses, and one after the last host
            # by what it uses without it.
            self._sample_at_s = 0.0
            self.tick()
        policy = self._ram.policy
        promised = sum(
            max(0, need - self._use(host_id).memory_bytes) for host_id, need in needs.items()
        )
        roof_bytes = int(policy.limit_bytes * policy.admit_below)
        return Budget(
            hosts_max=self._hosts_max,
            running_max=running_max,
            memory_free_bytes=max(0, roof_bytes - self.sample.total.memory_bytes - promised),
            admit=admit and self.admit,
        )

    def facts(self) -> dict[str, Any]:
        """For `kernel status`."""
        total = self.sample.total
        return {
            "cpu_share": round(self.cpu_share, 4),
            "ram_share": round(self.ram_share, 4),
            "memory_bytes": total.memory_bytes,
            "memory_limit_bytes": self._ram.policy.limit_bytes,
            "memory_is_exact": total.exact,
            "processes": total.processes,
            "threads": total.threads,
            "descriptors": total.descriptors,
            "cpu_percent": self._cpu_percent(total, self._former.total),
            "admit": self.admit,
        }

    def host_facts(self, host_id: str) -> dict[str, Any]:
        """What one host's tree uses, for `kernel status`; zeros for a thread of the kernel.

        ``pss_bytes`` includes swap; ``cpu_percent`` is of one core, over the last sample.
        """
        use = self._use(host_id)
        return {
            "pss_bytes": use.memory_bytes,
            "pss_is_exact": use.exact,
            "cpu_percent": self._cpu_percent(use, self._former.hosts.get(host_id, use)),
            "processes": use.processes,
            "threads": use.threads,
            "descriptors": use.descriptors,
        }

    def _cpu_percent(self, now: Use, before: Use) -> float:
        span_s = self.sample.now_s - self._former.now_s
        if not self._former.now_s or span_s <= 0:
            return 0.0
        return round(100 * max(0.0, now.cpu_s - before.cpu_s) / span_s, 1)

    def _use(self, host_id: str) -> Use:
        return self.sample.hosts.get(host_id, Use())

    def _measure_cpu(self, statuses: tuple[HostStatus, ...]) -> float:
        """The tree's CPU seconds; notes what of it hosts used since the look before.

        Called once more after the last host: what it used to its end counts too. With hosts
        inside the kernel's own process, all of that process counts as theirs.
        """
        used = self._meter.cpu([s.root_pid for s in statuses if s.root_pid is not None])
        before, self._cpu_before = self._cpu_before, used
        self._heavy_cpu_s += used.hosts_s - before.hosts_s
        if self._had_hosts:
            self._heavy_cpu_s += used.handed_up_s - before.handed_up_s
        if self._had_inside:
            self._heavy_cpu_s += used.root_s - before.root_s
        self._had_hosts = bool(statuses)
        self._had_inside = any(status.hosting == "in_process" for status in statuses)
        return used.total_s

    def _keep_memory(self, now_s: float) -> None:
        statuses = self._pool.statuses()
        roots = {s.host_id: s.root_pid for s in statuses if s.root_pid is not None}
        self._former = self.sample
        self.sample = self._meter.sample(roots, now_s)
        caps = self._pool.memory_caps()
        facts: dict[str, HostFacts] = {}
        for status in statuses:
            busy = status.task_id is not None
            since_s = now_s if busy else self._idle_since_s.get(status.host_id, now_s)
            self._idle_since_s[status.host_id] = since_s
            if status.host_id in roots:
                cap_bytes = min(caps[status.host_id], self._host_bytes_max)
                facts[status.host_id] = HostFacts(cap_bytes, now_s - since_s, busy)
                if status.state != "starting":
                    first = (now_s, self._use(status.host_id).memory_bytes)
                    self._first_ready.setdefault(status.host_id, first)
        self._forget_gone(roots)
        verdict = self._ram.tick(self.sample, facts)
        self.admit = verdict.admit
        self._carry_out(verdict, {s.host_id: s for s in statuses}, now_s)

    def _carry_out(
        self, verdict: RamVerdict, statuses: Mapping[str, HostStatus], now_s: float
    ) -> None:
        for host_id in verdict.unload:
            cause = f"unloaded: {verdict.reason}"
            if self._pool.is_frozen:
                # A drain would let it run under the person's hands.
                self._pool.kill_host(host_id, cause, blame=False)
            else:
                self._pool.stop_host(host_id, cause)
        for host_id in verdict.kill:
            is_leak = host_id in verdict.leaking
            used_bytes = self._use(host_id).memory_bytes
            cause = f"the largest host, at {used_bytes >> 20} MiB: {verdict.reason}"
            detail = {"used_bytes": str(used_bytes)}
            if is_leak:
                slope = self._slope(statuses[host_id], now_s)
                cause = f"over its own memory cap, growing by {slope} bytes/s"
                detail["slope_bytes_per_s"] = str(slope)
            self._audit("host-killed-for-memory", host_id, {**detail, "cause": cause})
            task_id = statuses[host_id].task_id
            if task_id is not None:
                self._killed_for_memory(task_id, min(used_bytes, self._alone_bytes()))
            # One that did tasks before leaks slowly: it is renewed, and its task is not to blame.
            self._pool.kill_host(host_id, cause, blame=is_leak and not statuses[host_id].tasks_done)

    def _alone_bytes(self) -> int:
        """The most that may be learned of a host that was ended: too much for two of them.

        More could keep the model from ever being loaded again, for the sake of one frame.
        """
        hosts_bytes = sum(use.memory_bytes for use in self.sample.hosts.values())
        others_bytes = self.sample.total.memory_bytes - hosts_bytes
        roof_bytes = self._ram.policy.limit_bytes * self._ram.policy.admit_below
        return max(0, int((roof_bytes - others_bytes) * ALONE_PART))

    def _slope(self, host: HostStatus, now_s: float) -> int:
        """Growth in bytes per second since the host was first seen ready.

        One that was over its cap when it was first looked at grew from nothing since its start.
        """
        since_s, before_bytes = self._first_ready.get(host.host_id, (now_s, 0))
        if since_s >= now_s:
            since_s, before_bytes = now_s - host.age_s, 0
        grown = self._use(host.host_id).memory_bytes - before_bytes
        return round(grown / max(now_s - since_s, self._interval_s))

    def _forget_gone(self, present: Mapping[str, int]) -> None:
        for known in (self._idle_since_s, self._first_ready):
            for host_id in set(known) - set(present):
                del known[host_id]
