"""One place in the pool and the host that holds it.

Covers: what the pool remembers of a host, and how status shows it. Does not cover: what
happens to it (`pool`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from contracts.wire import Hello
from kernel.supervision import lifecycle
from kernel.supervision.channel import HostChannel
from kernel.supervision.pool_events import HostStatus
from kernel.supervision.processor_wait import WaitMeter
from kernel.supervision.runner import HostRunner, Launcher, PluginRecord


@dataclass(slots=True)
class Slot:
    """The host's state, its runner, its channel; ``born_s`` on the pool's clock."""

    host: lifecycle.Host
    plugin: PluginRecord
    runner: HostRunner
    channel: HostChannel
    launcher: Launcher
    born_s: float
    waiting: WaitMeter
    hello: Hello | None = None
    is_ending: bool = False
    """Whether its exit was told and something that it started still lives."""
    is_still: bool = False
    """Whether, when it was stopped last, all of it was."""
    tasks_done: int = 0
    waited_s: float = 0.0
    is_spared: bool = False
    """Whether it would count as hung or stuck now, had it not waited for a processor."""
    spared: int = 0
    memory_bytes: int = 0
    fault: str = ""
    violations: dict[str, int] = field(default_factory=dict)

    @property
    def is_hung(self) -> bool:
        """Whether this is a thread that was told to end by every means there is."""
        return self.runner.hosting == "in_process" and self.host.stop_step == "kill"

    def status(self, now_s: float) -> HostStatus:
        """What is known of the host now."""
        pids = self.runner.pids
        return HostStatus(
            host_id=self.host.host_id,
            plugin_id=self.plugin.plugin_id,
            hosting=self.runner.hosting,
            state=self.host.state,
            hung=self.is_hung,
            frozen=self.host.frozen_since_s is not None,
            pid=pids[-1] if pids else None,
            root_pid=pids[0] if pids else None,
            task_id=self.host.task_id,
            model_key=self.host.model_key,
            age_s=now_s - self.born_s,
            tasks_done=self.tasks_done,
            memory_bytes=self.memory_bytes,
            sandbox_level=self.hello.sandbox_level if self.hello else "none",
            waited_s=round(self.waited_s, 1),
            spared=self.spared,
        )
