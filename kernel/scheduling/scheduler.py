"""Which host loads which model and takes which queue next: one pure, deterministic function.

The policy, as measured by simulation (docs/scheduling.md): a host stays with its model until
the queue is empty (exhaustive); the next model is the one with the largest value rate
n*w / (S + n*p); a queue's age counts from its last visit, never from its items, and forces a
change only after the host dwelt 3 load times; no load that cannot pay before the window ends.

Covers: starting, stopping and feeding hosts. Does not cover: carrying it out, picking the
single tasks of a queue (the backlog does, by `Assign.order`), restart backoff (`blocked`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from kernel.scheduling.schedule import (
    Action,
    Assign,
    Budget,
    HostView,
    ModelTimings,
    Order,
    Policy,
    QueueSummary,
    StartHost,
    StopHost,
)


@dataclass(slots=True)
class _Demand:
    """All queues of one model, and what the plan so far does for it."""

    model_key: str
    queues: list[QueueSummary]
    timings: ModelTimings
    waiting: int
    weight: float
    last_visit_s: float
    hosts: int = 0

    @property
    def work_s(self) -> float:
        return self.waiting * self.timings.task_s

    @property
    def value_rate(self) -> float:
        """Worth per second if the model is loaded and its queues are drained."""
        return self.weight / max(self.timings.load_s + self.work_s, 1e-9)


@dataclass(slots=True)
class _Planner:
    """The inputs of one plan and its actions so far; lives for one call of `plan`."""

    demands: dict[str, _Demand]
    hosts: tuple[HostView, ...]
    timings: Mapping[str, ModelTimings]
    budget: Budget
    policy: Policy
    now_s: float
    now_us: int
    memory_free_bytes: int
    slots_free: int
    age_max_s: float
    memory_most_bytes: int = 0
    urgent: str | None = None
    stopping: set[str] = field(default_factory=set)
    actions: list[Action] = field(default_factory=list)


def plan(  # noqa: PLR0913 - the whole input of the decision, by name
    queues: tuple[QueueSummary, ...],
    hosts: tuple[HostView, ...],
    timings: Mapping[str, ModelTimings],
    budget: Budget,
    *,
    now_s: float,
    now_us: int,
    policy: Policy | None = None,
    blocked: frozenset[str] = frozenset(),
) -> tuple[Action, ...]:
    """Decide what to do now; the same inputs give the same plan, in the order to carry it out.

    ``blocked`` are models that may not be started now (backoff, quarantine). The caller
    carries the actions out and calls again on the next event; a host that was just started
    must then be among ``hosts`` as starting, or it is started twice. Cost grows with queues
    and hosts, not with tasks.
    """
    used_policy = policy or Policy()
    demands = _demands(queues, timings, used_policy)
    planner = _Planner(
        demands=demands,
        hosts=tuple(sorted(hosts, key=lambda host: host.host_id)),
        timings=timings,
        budget=budget,
        policy=used_policy,
        now_s=now_s,
        now_us=now_us,
        memory_free_bytes=budget.memory_free_bytes,
        slots_free=budget.hosts_max - len(hosts),
        age_max_s=age_max_s((demand.timings for demand in demands.values()), used_policy),
    )
    for host in planner.hosts:
        demand = planner.demands.get(host.model_key or "")
        if demand is not None and host.state != "draining":
            demand.hosts += 1
    planner.memory_most_bytes = planner.memory_free_bytes + sum(
        _cost(planner, host).memory_bytes for host in planner.hosts
    )
    if budget.admit:
        wanted = _force_aged(planner, _wanted(planner, blocked))
        _start(planner, wanted)
        _start_replicas(planner, wanted, blocked)
    _assign(planner)
    return tuple(planner.actions)


def age_max_s(models: Iterable[ModelTimings], policy: Policy) -> float:
    """How long a waiting queue may go unvisited while these models have work.

    Visiting each model once in this time costs at most ``switch_share_max`` of it in loads;
    with slow loads the configured cap alone would spend a large part of the window on them.
    """
    loads_s = sum(cost.load_s for cost in models)
    return max(policy.queue_age_max_s, loads_s / policy.switch_share_max)


def plan_release(
    hosts: tuple[HostView, ...],
    timings: Mapping[str, ModelTimings],
    *,
    stopped_for_s: float,
    keep_loads: float,
    keep_min_s: float = 30.0,
    policy: Policy | None = None,
) -> tuple[StopHost, ...]:
    """Which hosts to end while the person works and everything stands still.

    A stopped host holds memory that the person may want. It is kept as long as loading it
    again would cost (times ``keep_loads``, at least ``keep_min_s``): the ski-rental rule,
    never more than twice the cost of knowing when the person leaves again.
    """
    unknown = (policy or Policy()).unknown
    return tuple(
        StopHost(host.host_id, "release")
        for host in sorted(hosts, key=lambda host: host.host_id)
        if host.state != "draining"
        and stopped_for_s
        >= max(keep_min_s, keep_loads * timings.get(host.model_key or "", unknown).load_s)
    )


def _demands(
    queues: tuple[QueueSummary, ...], timings: Mapping[str, ModelTimings], policy: Policy
) -> dict[str, _Demand]:
    demands: dict[str, _Demand] = {}
    for queue in sorted(queues, key=lambda queue: (queue.model_key, queue.stage)):
        if queue.waiting <= 0:
            continue
        demand = demands.get(queue.model_key)
        if demand is None:
            cost = timings.get(queue.model_key, policy.unknown)
            demand = _Demand(queue.model_key, [], cost, 0, 0.0, queue.last_visit_s)
            demands[queue.model_key] = demand
        demand.queues.append(queue)
        demand.waiting += queue.waiting
        demand.weight += queue.waiting * queue.weight
        demand.last_visit_s = min(demand.last_visit_s, queue.last_visit_s)
    return demands


def _wanted(planner: _Planner, blocked: frozenset[str]) -> list[_Demand]:
    """Models with work and without a host, the largest value rate first."""
    return sorted(
        (
            demand
            for demand in planner.demands.values()
            if demand.hosts == 0
            and demand.model_key not in blocked
            and demand.timings.memory_bytes <= planner.memory_most_bytes
            and _pays(planner, demand)
        ),
        key=lambda demand: (-demand.value_rate, demand.model_key),
    )


def _pays(planner: _Planner, demand: _Demand) -> bool:
    """Whether a load leaves time for as much work as it cost, or for all there is."""
    end_s = planner.budget.window_end_s
    if end_s is None:
        return True
    load_s = demand.timings.load_s
    return end_s - planner.now_s >= load_s + min(load_s, demand.work_s)


def _force_aged(planner: _Planner, wanted: list[_Demand]) -> list[_Demand]:
    """What to start, given that a queue near the cap goes first, whatever it is worth.

    Where nothing is free for it, one host's stay is ended; until it has its host no other
    model is started. One change at a time: a slot on its way is waited for.
    """
    first = _most_urgent(planner, wanted)
    if first is None:
        return wanted
    planner.urgent = first.model_key
    runs = _computing(planner) < planner.budget.running_max
    fits = first.timings.memory_bytes <= planner.memory_free_bytes
    if runs and fits and planner.slots_free > 0:
        return [first, *(demand for demand in wanted if demand is not first)]
    on_its_way = any(host.state in {"draining", "starting"} for host in planner.hosts) or (
        runs and bool(_idle(planner))
    )
    ripe = [host for host in planner.hosts if _dwelt(planner, host)]
    if ripe and not on_its_way:
        _stop(planner, min(ripe, key=lambda host: _stay_value(planner, host)), "age")
    return [first]


def _most_urgent(planner: _Planner, wanted: list[_Demand]) -> _Demand | None:
    """The queue to force now, if any: earliest deadline first.

    A queue's deadline is its last visit plus the cap. Those before it need a load and a
    dwell each, so a crowd of queues begins early enough that its last one is still in time.
    """
    aged = sorted(wanted, key=lambda demand: (demand.last_visit_s, demand.model_key))
    ahead_s = 0.0
    for demand in aged:
        if planner.now_s + ahead_s >= demand.last_visit_s + planner.age_max_s:
            return aged[0]
        stay_loads = 1.0 + planner.policy.dwell_loads
        ahead_s += demand.timings.load_s * stay_loads + demand.timings.task_s
    return None


def _dwelt(planner: _Planner, host: HostView) -> bool:
    dwell_s = planner.policy.dwell_loads * _cost(planner, host).load_s
    return host.state in {"ready", "busy"} and planner.now_s - host.loaded_s >= dwell_s


def _stay_value(planner: _Planner, host: HostView) -> tuple[int, float, str]:
    """Smallest for the host to give up: a replica first, then the least worth per second."""
    demand = planner.demands.get(host.model_key or "")
    if demand is None:
        return (0, 0.0, host.host_id)
    rate = demand.weight / max(demand.work_s, 1e-9)
    return (0 if demand.hosts > 1 else 1, rate, host.host_id)


def _start(planner: _Planner, wanted: list[_Demand]) -> None:
    """Start hosts for wanted models; end hosts without work where slot or memory lack."""
    for demand in wanted:
        if _computing(planner) >= planner.budget.running_max:
            return
        if demand.timings.memory_bytes > planner.memory_free_bytes:
            _make_room(planner, demand, "memory")
        elif planner.slots_free <= 0:
            _make_room(planner, demand, "need")
        else:
            age_s = planner.now_s - demand.last_visit_s
            aged = age_s >= planner.age_max_s
            _start_host(planner, demand, "age" if aged else "value")


def _start_replicas(planner: _Planner, wanted: list[_Demand], blocked: frozenset[str]) -> None:
    """Use slots that no other model wants for a second host of the model with most work.

    With k hosts a further one shortens the rest R when R/k > S; ``replica_loads`` times that is
    asked for. Asking for more spares a load here and there and costs a tenth of a short backlog's
    time on four hosts (tools/bench/scheduler.py).
    """
    if any(demand.hosts == 0 for demand in wanted):
        return
    while _computing(planner) < planner.budget.running_max:
        candidates = [
            demand
            for demand in planner.demands.values()
            if demand.hosts > 0
            and demand.model_key not in blocked
            and _replica_pays(planner, demand)
        ]
        if not candidates:
            return
        best = min(candidates, key=lambda demand: (-demand.work_s / demand.hosts, demand.model_key))
        fits = best.timings.memory_bytes <= planner.memory_free_bytes
        if planner.slots_free <= 0 or not fits:
            _make_room(planner, best, "need" if fits else "memory")
            return
        _start_host(planner, best, "replica")


def _replica_pays(planner: _Planner, demand: _Demand) -> bool:
    per_host_s = demand.work_s / demand.hosts
    load_s = demand.timings.load_s
    end_s = planner.budget.window_end_s
    in_time = end_s is None or end_s - planner.now_s >= load_s * (1 + planner.policy.replica_loads)
    return (
        in_time
        and per_host_s > planner.policy.replica_loads * load_s
        # A host per task at most, whatever a task costs.
        and demand.waiting > demand.hosts
    )


def _computing(planner: _Planner) -> int:
    """Hosts that compute or will: all but those that are leaving or have nothing to do."""
    present = sum(
        1
        for host in planner.hosts
        if host.host_id not in planner.stopping
        and host.state != "draining"
        and (host.busy or host.state == "starting" or host.model_key in planner.demands)
    )
    return present + sum(isinstance(action, StartHost) for action in planner.actions)


def _start_host(
    planner: _Planner, demand: _Demand, why: Literal["value", "age", "replica"]
) -> None:
    planner.actions.append(StartHost(demand.model_key, why))
    planner.slots_free -= 1
    planner.memory_free_bytes -= demand.timings.memory_bytes
    demand.hosts += 1


def _make_room(planner: _Planner, demand: _Demand, why: Literal["need", "memory"]) -> None:
    """End the host that has been without work the longest, unless one is leaving already.

    Nothing is ended where all idle hosts together would not free the memory that is missing,
    nor for less work than either model's load costs before the host was idle for a few loads (ski
    rental): its own work may come again in a moment. Where somebody waits for the end of all work
    there is nothing to wait for.
    """
    if planner.stopping or any(host.state == "draining" for host in planner.hosts):
        return
    idle = _idle(planner)
    idle_bytes = sum(_cost(planner, host).memory_bytes for host in idle)
    if not idle or demand.timings.memory_bytes > planner.memory_free_bytes + idle_bytes:
        return
    coldest = min(idle, key=lambda host: (host.idle_since_s, host.host_id))
    loads_s = demand.timings.load_s + _cost(planner, coldest).load_s
    patient_until_s = coldest.idle_since_s + planner.policy.keep_loads * loads_s
    load_s = max(demand.timings.load_s, _cost(planner, coldest).load_s)
    pays = planner.budget.awaited or demand.work_s >= load_s
    if pays or planner.now_s >= patient_until_s or demand.model_key == planner.urgent:
        _stop(planner, coldest, why)


def _idle(planner: _Planner) -> list[HostView]:
    """Hosts with a warm model that nothing waits for."""
    return [
        host
        for host in planner.hosts
        if host.state == "ready" and host.busy == 0 and host.model_key not in planner.demands
    ]


def _cost(planner: _Planner, host: HostView) -> ModelTimings:
    return planner.timings.get(host.model_key or "", planner.policy.unknown)


def _stop(planner: _Planner, host: HostView, why: Literal["age", "need", "memory"]) -> None:
    planner.actions.append(StopHost(host.host_id, why))
    planner.stopping.add(host.host_id)


def _assign(planner: _Planner) -> None:
    """Fill ready hosts from their model's queues, without delay, up to the running limit."""
    left = {
        (queue.model_key, queue.stage): queue.waiting
        for demand in planner.demands.values()
        for queue in demand.queues
    }
    running = sum(1 for host in planner.hosts if host.busy > 0 or host.state == "starting")
    for host, demand in _servers(planner):
        if host.busy == 0 and running >= planner.budget.running_max:
            continue
        credit = planner.policy.tasks_per_host_max - host.busy
        gave = False
        for queue in sorted(demand.queues, key=lambda queue: (queue.last_visit_s, queue.stage)):
            count = min(credit, left[queue.model_key, queue.stage])
            if count <= 0:
                continue
            left[queue.model_key, queue.stage] -= count
            credit -= count
            gave = True
            order = _order(planner, queue, host.served)
            planner.actions.append(Assign(host.host_id, queue.model_key, queue.stage, count, order))
        if gave and host.busy == 0:
            running += 1


def _servers(planner: _Planner) -> list[tuple[HostView, _Demand]]:
    """Loaded hosts with work, the one whose queues waited longest first.

    Where fewer may run than are loaded, turns cost nothing and no loaded queue is left out.
    """
    servers = [
        (host, planner.demands[host.model_key])
        for host in planner.hosts
        if host.model_key in planner.demands
        and host.state in {"ready", "busy"}
        and host.host_id not in planner.stopping
    ]
    return sorted(servers, key=lambda server: (server[1].last_visit_s, server[0].host_id))


def _order(planner: _Planner, queue: QueueSummary, served: int) -> Order:
    """The newest first while there is recent evidence, but every fourth time the oldest."""
    recent = queue.newest_us >= planner.now_us - planner.policy.newest_window_us
    turn_of_old = (served + 1) % planner.policy.oldest_every == 0
    return "newest" if recent and not turn_of_old else "oldest"
