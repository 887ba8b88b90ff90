"""Holds the tree to its budgets: drives the pure decisions with samples and a freezer.

Ticked by the kernel's loop, from its one thread. Covers: core affinity, the duty cycle, the
memory loop. Does not cover: the decisions (`budget`), measuring (`meter`), how a host is
stopped or killed (the pool).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from kernel.scheduling.budget import (
    CpuPolicy,
    CpuState,
    CpuVerdict,
    HostMemory,
    RamPolicy,
    RamSample,
    RamState,
    RamVerdict,
    step_cpu,
    step_ram,
)
from kernel.scheduling.meter import TreeSample

PERIOD_S = 0.1
"""How often the duty cycle looks; shorter costs more samples, longer wastes more share."""
LATE_MAX_S = 1.0
"""A longer gap between ticks was an accident and says nothing about the next one."""


class Freezer(Protocol):
    """Stops and continues the processes of one host; a host that is gone is no error."""

    def stop(self, host_id: str) -> None:
        """Stop it where it stands, all of its processes."""
        ...

    def cont(self, host_id: str) -> None:
        """Let it go on."""
        ...


def cores_for_hosts(cores: Collection[int], share_max: float) -> tuple[int, ...]:
    """The cores that hosts are bound to: the share rounded down, at least one.

    The highest ones: interrupts and whatever the system starts by itself gather on the lowest.
    """
    ordered = sorted(cores)
    count = max(1, int(len(ordered) * share_max + 1e-9))
    return tuple(ordered[-count:])


class CpuLimiter:
    """Keeps the tree's CPU share by a duty cycle over all hosts at once."""

    def __init__(self, policy: CpuPolicy, freezer: Freezer, *, period_s: float = PERIOD_S) -> None:
        self._policy = policy
        self._freezer = freezer
        self._period_s = period_s
        self._state = CpuState()
        self._stopped: set[str] = set()
        self._next_s = 0.0
        self._last_s: float | None = None
        self._verdict = CpuVerdict(run=True, share=0.0)

    def due(self, now_s: float) -> bool:
        """Whether a tick is due; ticking earlier does no harm."""
        return now_s >= self._next_s

    def tick(self, used_cpu_s: float, hosts: Iterable[str], now_s: float) -> CpuVerdict:
        """Take in the tree's cumulative CPU seconds; stop or continue ``hosts``.

        ``hosts`` are those that may run otherwise: one stopped for the person is not in it,
        and is not continued here.
        """
        # A loop that came late comes late again: decide for as long as it took this time.
        late_s = min(LATE_MAX_S, now_s - self._last_s) if self._last_s is not None else 0.0
        self._last_s, self._next_s = now_s, now_s + self._period_s
        until_s = now_s + max(self._period_s, late_s)
        self._state, self._verdict = step_cpu(self._state, used_cpu_s, now_s, until_s, self._policy)
        present = set(hosts)
        self._stopped &= present
        if self._verdict.run:
            for host_id in sorted(self._stopped):
                self._freezer.cont(host_id)
            self._stopped.clear()
        else:
            for host_id in sorted(present - self._stopped):
                self._freezer.stop(host_id)
            self._stopped |= present
        return self._verdict

    def forget(self) -> None:
        """Somebody else stopped or continued the hosts: begin without any stopped one."""
        self._stopped.clear()
        self._next_s = 0.0

    @property
    def share(self) -> float:
        """The tree's share of all cores over the last window."""
        return self._verdict.share


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What the memory loop needs to know of a host beside its use."""

    cap_bytes: int
    idle_s: float
    busy: bool


class RamLimiter:
    """Keeps the tree's memory below its limit by telling whom to unload or kill."""

    def __init__(self, policy: RamPolicy) -> None:
        self.policy = policy
        self._state = RamState()

    def tick(self, sample: TreeSample, facts: Mapping[str, HostFacts]) -> RamVerdict:
        """Judge one sample; hosts without facts are not touched."""
        hosts = tuple(
            HostMemory(
                host_id=host_id,
                used_bytes=use.memory_bytes,
                cap_bytes=facts[host_id].cap_bytes,
                idle_s=facts[host_id].idle_s,
                busy=facts[host_id].busy,
            )
            for host_id, use in sorted(sample.hosts.items())
            if host_id in facts and use.processes > 0
        )
        self._state, verdict = step_ram(
            self._state, RamSample(sample.now_s, sample.total.memory_bytes, hosts), self.policy
        )
        return verdict
