"""Shows backlog and pool to the plan in its own terms.

Covers: queue summaries, host views, learned costs, and the little memory that they need
(last visits, loads). Does not cover: the decision (`kernel.scheduling.scheduler`), carrying it
out (`dispatcher`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kernel.pipeline.costs import Costs
from kernel.pipeline.stages import Stage
from kernel.scheduling.schedule import (
    Action,
    Budget,
    HostState,
    HostView,
    Policy,
    QueueSummary,
)
from kernel.scheduling.scheduler import plan
from kernel.store.backlog import Backlog
from kernel.supervision.pool import HostPool
from kernel.supervision.pool_events import HostStatus

STATES: dict[str, HostState] = {
    "starting": "starting",
    "ready": "ready",
    "busy": "busy",
    "draining": "draining",
}
LATER_WEIGHT = 0.01
"""Reading a frame makes it findable; what later stages add is worth less, however quick it is."""


@dataclass(slots=True)
class _HostMemory:
    """What the pool does not keep of a host; times on the work clock."""

    model_key: str
    loaded_s: float = 0.0
    idle_since_s: float = 0.0
    served: int = 0


class Planning:
    """The plan's view of one kernel; used from the kernel's loop."""

    def __init__(
        self,
        stages: Sequence[Stage],
        *,
        costs: Costs,
        policy: Policy,
    ) -> None:
        self._stages = tuple(stages)
        self._policy = policy
        self._hosts: dict[str, _HostMemory] = {}
        self._visited_s: dict[str, float] = {}
        self._was_empty: set[str] = {stage.name for stage in stages}
        self._now_s = 0.0
        self.costs = costs

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages in force."""
        return self._stages

    def stage_of(self, model_key: str) -> Stage:
        """The stage that needs this model; raises `KeyError` for an unknown one."""
        for stage in self._stages:
            if stage.model_key == model_key:
                return stage
        raise KeyError(model_key)

    def plan(
        self,
        backlog: Backlog,
        pool: HostPool,
        budget: Budget,
        *,
        now_s: float,
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> tuple[Action, ...]:
        """What to do now."""
        self._now_s = now_s
        queues = tuple(self._summary(stage, backlog, now_s) for stage in self._stages)
        hosts = tuple(self._host_view(status) for status in pool.statuses())
        blocked = frozenset(
            stage.model_key
            for stage in self._stages
            if not pool.may_start(stage.plugin.plugin_id) and pool.free_slots() > 0
        )
        return plan(
            queues,
            hosts,
            self.costs.timings(),
            budget,
            now_s=now_s,
            now_us=now_us(),
            policy=self._policy,
            blocked=blocked,
        )

    def started(self, host_id: str, model_key: str) -> None:
        """A host was started for this model."""
        self._hosts[host_id] = _HostMemory(model_key)

    def became_ready(self, host_id: str) -> None:
        """Its model is warm."""
        host = self._hosts.get(host_id)
        if host is not None:
            host.loaded_s = host.idle_since_s = self._now_s

    def assigned(self, host_id: str, stage: str, now_s: float) -> None:
        """It was given a task of this stage."""
        self._visited_s[stage] = now_s
        host = self._hosts.get(host_id)
        if host is not None:
            host.served += 1

    def finished(self, host_id: str) -> None:
        """It has no task any more."""
        host = self._hosts.get(host_id)
        if host is not None:
            host.idle_since_s = self._now_s

    def died(self, host_id: str) -> None:
        """It is gone."""
        self._hosts.pop(host_id, None)

    def _summary(self, stage: Stage, backlog: Backlog, now_s: float) -> QueueSummary:
        waiting = backlog.waiting(stage.name, stage.plugin.plugin_id)
        if waiting.tasks and stage.name in self._was_empty:
            # The queue's age counts from when it last became non-empty.
            self._was_empty.discard(stage.name)
            self._visited_s[stage.name] = now_s
        elif not waiting.tasks:
            self._was_empty.add(stage.name)
        return QueueSummary(
            model_key=stage.model_key,
            stage=stage.name,
            waiting=waiting.tasks,
            oldest_us=waiting.oldest_us,
            newest_us=waiting.newest_us,
            last_visit_s=self._visited_s.get(stage.name, now_s),
            weight=1.0 if stage.unit == "blob" else LATER_WEIGHT,
        )

    def _host_view(self, status: HostStatus) -> HostView:
        memory = self._hosts.get(status.host_id)
        return HostView(
            host_id=status.host_id,
            model_key=memory.model_key if memory else status.model_key or None,
            state=STATES.get(status.state, "draining"),
            busy=int(status.task_id is not None),
            loaded_s=memory.loaded_s if memory else 0.0,
            idle_since_s=memory.idle_since_s if memory else 0.0,
            served=memory.served if memory else status.tasks_done,
        )
