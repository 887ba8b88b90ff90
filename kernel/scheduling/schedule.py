"""The data of a schedule: what the plan reads and the actions it gives back.

All times are seconds on the work clock, which stands still while heavy work is stopped
(`governor.GovernorState.worked_s`): a night of the person working must not age the queues.
Covers: frozen values. Does not cover: deciding (`kernel.scheduling.scheduler`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

HostState = Literal["starting", "ready", "busy", "draining"]
Order = Literal["newest", "oldest"]


@dataclass(frozen=True, slots=True)
class QueueSummary:
    """What the plan needs to know of all waiting tasks of one stage and model.

    ``waiting`` counts tasks that may run now (not leased, not backing off).
    ``last_visit_s`` is when a task of this queue was last given to a host, or when the queue
    last became non-empty, whichever is later. ``oldest_us`` and ``newest_us`` are the UTC
    times of the evidence behind the tasks; ``weight`` is the worth of one task.
    """

    model_key: str
    stage: str
    waiting: int
    oldest_us: int
    newest_us: int
    last_visit_s: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class HostView:
    """One host that is not reaped yet; ``model_key`` is the model it has or is loading.

    ``busy`` is its number of tasks in flight, ``loaded_s`` when its model became ready,
    ``idle_since_s`` when it last had a task (or became ready), ``served`` how many tasks it
    was given since the load.
    """

    host_id: str
    model_key: str | None
    state: HostState
    busy: int = 0
    loaded_s: float = 0.0
    idle_since_s: float = 0.0
    served: int = 0


@dataclass(frozen=True, slots=True)
class ModelTimings:
    """Learned or declared costs of a model: load S, one task p, and peak memory."""

    load_s: float
    task_s: float
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be used now; the governor and the memory loop say it.

    ``hosts_max`` is the hard cap over all hosts, ``running_max`` how many may compute now,
    ``memory_free_bytes`` what further loads may take (promises to loading hosts already
    taken off), ``window_end_s`` when the window of work closes, if that is known. ``awaited``:
    somebody waits for the end of it.
    """

    hosts_max: int
    running_max: int
    memory_free_bytes: int
    admit: bool = True
    window_end_s: float | None = None
    awaited: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """Constants of the policy; the defaults are those that were measured.

    ``queue_age_max_s`` is raised where visiting every model that often would cost more than
    ``switch_share_max`` of the time in loads (`scheduler.age_max_s`).
    """

    queue_age_max_s: float = 600.0
    switch_share_max: float = 0.05
    dwell_loads: float = 3.0
    replica_loads: float = 1.0
    keep_loads: float = 3.0
    newest_window_us: int = 900_000_000
    oldest_every: int = 4
    tasks_per_host_max: int = 1
    unknown: ModelTimings = field(
        default_factory=lambda: ModelTimings(load_s=10.0, task_s=1.0, memory_bytes=1 << 30)
    )


@dataclass(frozen=True, slots=True)
class StartHost:
    """Start a host and load this model; ``why`` is for the audit."""

    model_key: str
    why: Literal["value", "age", "replica"]


@dataclass(frozen=True, slots=True)
class Assign:
    """Give the host up to ``count`` tasks of the queue, the newest or the oldest first."""

    host_id: str
    model_key: str
    stage: str
    count: int
    order: Order


@dataclass(frozen=True, slots=True)
class StopHost:
    """Let the host finish its task and end its process; that is how a model is unloaded."""

    host_id: str
    why: Literal["age", "need", "memory", "release"]


Action: TypeAlias = StartHost | Assign | StopHost
