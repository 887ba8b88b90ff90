"""Virtual-time simulation of hosts, loads and tasks, to compare scheduling policies.

Covers: the real `kernel.scheduling.scheduler.plan` and two rules to compare with, over
recorded or made backlogs and windows of work. Does not cover: processes, CPU contention.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from kernel.scheduling.schedule import (
    Assign,
    Budget,
    HostState,
    HostView,
    ModelTimings,
    Policy,
    QueueSummary,
    StartHost,
    StopHost,
)
from kernel.scheduling.scheduler import plan, plan_release
from tools.bench.makespan_bound import makespan_bound_s

TICK_S = 1.0
"""The kernel plans on events and at least this often while it works."""
STOP_S = 0.05
"""From asking an idle host to leave until its slot is free."""
ROUNDING_S = 1e-9
ARRIVED_US = 1_700_000_000_000_000
"""UTC of virtual time zero."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is to be done: models, (arrival in s, model) in order, windows of work, limits."""

    models: dict[str, ModelTimings]
    arrivals: tuple[tuple[float, str], ...]
    hosts_max: int = 1
    memory_bytes: int = 1 << 62
    windows: tuple[tuple[float, float], ...] = ((0.0, math.inf),)
    window_end_known: bool = False
    policy: Policy = field(default_factory=Policy)


@dataclass(slots=True)
class Outcome:
    """What a policy achieved; waits are on the work clock, between visits of a queue."""

    done: int = 0
    loads: int = 0
    makespan_s: float = 0.0
    visit_gap_max_s: float = 0.0
    item_wait_max_s: float = 0.0
    hosts_seen_max: int = 0
    memory_seen_max: int = 0
    plans: int = 0
    loads_per_window: list[int] = field(default_factory=list)
    models_per_window: list[int] = field(default_factory=list)
    served_us: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Host:
    host_id: str
    model: str
    state: HostState
    left_s: float
    loaded_s: float = 0.0
    idle_since_s: float = 0.0
    served: int = 0
    task: float | None = None


@dataclass(slots=True)
class _Queue:
    waiting: deque[float] = field(default_factory=deque)
    last_visit_s: float = 0.0


class Simulation:
    """One run of the real plan over a scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.outcome = Outcome()
        self._hosts: dict[str, _Host] = {}
        self._queues = {model: _Queue() for model in scenario.models}
        self._arrivals = deque(scenario.arrivals)
        self._now_s = 0.0
        self._worked_s = 0.0
        self._born = 0
        self._window_models: set[str] = set()

    def run(self, *, until_s: float = math.inf) -> Outcome:
        """Go through all windows, or until everything is done."""
        for start_s, end_s in self.scenario.windows:
            self._rest(start_s - self._now_s)
            self._now_s = start_s
            loads_before = self.outcome.loads
            self._window_models = set()
            self._work(min(end_s, until_s))
            self.outcome.loads_per_window.append(self.outcome.loads - loads_before)
            self.outcome.models_per_window.append(len(self._window_models))
        return self.outcome

    def _rest(self, rest_s: float) -> None:
        """The person works: everything stands still, hosts are ended by the release rule."""
        if rest_s <= 0:
            return
        ended = plan_release(
            self._views(), self.scenario.models, stopped_for_s=rest_s, keep_loads=1.0
        )
        for action in ended:
            self._end(self._hosts[action.host_id])

    def _work(self, end_s: float) -> None:
        while self._now_s < end_s:
            self._admit_arrivals()
            self._act(end_s)
            if not self._arrivals and not self._busy():
                return
            step_s = self._next_step_s(end_s)
            self._advance(step_s)

    def _busy(self) -> bool:
        return any(queue.waiting for queue in self._queues.values()) or any(
            host.task is not None for host in self._hosts.values()
        )

    def _next_step_s(self, end_s: float) -> float:
        steps = [end_s - self._now_s]
        if self._arrivals:
            steps.append(self._arrivals[0][0] - self._now_s)
        steps += [host.left_s for host in self._hosts.values() if host.left_s > 0]
        if any(queue.waiting for queue in self._queues.values()):
            steps.append(TICK_S)
        return max(min(steps), 1e-6)

    def _admit_arrivals(self) -> None:
        while self._arrivals and self._arrivals[0][0] <= self._now_s:
            at_s, model = self._arrivals.popleft()
            queue = self._queues[model]
            if not queue.waiting:
                queue.last_visit_s = max(queue.last_visit_s, self._worked_s)
            queue.waiting.append(at_s)

    def _act(self, end_s: float) -> None:
        """Plan and carry out until the plan has nothing more to say."""
        for _ in range(100):
            actions = plan(
                self._summaries(),
                self._views(),
                self.scenario.models,
                self._budget(end_s),
                now_s=self._worked_s,
                now_us=ARRIVED_US + int(self._now_s * 1e6),
                policy=self.scenario.policy,
            )
            self.outcome.plans += 1
            if not actions:
                return
            for action in actions:
                match action:
                    case StartHost():
                        self._start(action.model_key)
                    case Assign():
                        self._assign(action)
                    case StopHost():
                        self._stop(self._hosts[action.host_id])
            self._note_limits()
        raise AssertionError("the plan does not settle")

    def _note_limits(self) -> None:
        held = sum(self.scenario.models[host.model].memory_bytes for host in self._hosts.values())
        self.outcome.hosts_seen_max = max(self.outcome.hosts_seen_max, len(self._hosts))
        self.outcome.memory_seen_max = max(self.outcome.memory_seen_max, held)

    def _budget(self, end_s: float) -> Budget:
        held = sum(self.scenario.models[host.model].memory_bytes for host in self._hosts.values())
        known = self.scenario.window_end_known and math.isfinite(end_s)
        return Budget(
            hosts_max=self.scenario.hosts_max,
            running_max=self.scenario.hosts_max,
            memory_free_bytes=self.scenario.memory_bytes - held,
            window_end_s=self._worked_s + end_s - self._now_s if known else None,
        )

    def _summaries(self) -> tuple[QueueSummary, ...]:
        return tuple(
            QueueSummary(
                model_key=model,
                stage="text",
                waiting=len(queue.waiting),
                oldest_us=ARRIVED_US + int(queue.waiting[0] * 1e6),
                newest_us=ARRIVED_US + int(queue.waiting[-1] * 1e6),
                last_visit_s=queue.last_visit_s,
            )
            for model, queue in self._queues.items()
            if queue.waiting
        )

    def _views(self) -> tuple[HostView, ...]:
        return tuple(
            HostView(
                host_id=host.host_id,
                model_key=host.model,
                state=host.state,
                busy=int(host.task is not None),
                loaded_s=host.loaded_s,
                idle_since_s=host.idle_since_s,
                served=host.served,
            )
            for host in self._hosts.values()
        )

    def _start(self, model: str) -> None:
        self._born += 1
        host_id = f"h{self._born}"
        load_s = self.scenario.models[model].load_s
        self._hosts[host_id] = _Host(host_id, model, "starting", left_s=load_s)
        self.outcome.loads += 1

    def _assign(self, action: Assign) -> None:
        host, queue = self._hosts[action.host_id], self._queues[action.model_key]
        assert host.state == "ready"
        assert action.count == 1
        gap_s = self._worked_s - queue.last_visit_s
        self.outcome.visit_gap_max_s = max(self.outcome.visit_gap_max_s, gap_s)
        queue.last_visit_s = self._worked_s
        host.task = queue.waiting.pop() if action.order == "newest" else queue.waiting.popleft()
        host.state = "busy"
        host.served += 1
        host.left_s = self.scenario.models[host.model].task_s
        self._window_models.add(host.model)

    def _stop(self, host: _Host) -> None:
        host.state = "draining"
        if host.task is None:
            host.left_s = STOP_S

    def _end(self, host: _Host) -> None:
        if host.task is not None:
            self._queues[host.model].waiting.appendleft(host.task)
        del self._hosts[host.host_id]

    def _advance(self, step_s: float) -> None:
        self._now_s += step_s
        self._worked_s += step_s
        for host in list(self._hosts.values()):
            if host.left_s <= 0:
                continue
            host.left_s -= step_s
            if host.left_s <= ROUNDING_S:
                host.left_s = 0.0
                self._finish(host)

    def _finish(self, host: _Host) -> None:
        if host.state == "starting":
            host.state, host.loaded_s = "ready", self._worked_s
        elif host.task is not None:
            self.outcome.done += 1
            self.outcome.makespan_s = self._now_s
            wait_s = self._now_s - host.task
            self.outcome.item_wait_max_s = max(self.outcome.item_wait_max_s, wait_s)
            self.outcome.served_us.append(int(host.task * 1e6))
            host.task = None
            if host.state == "draining":
                host.left_s = STOP_S
            else:
                host.state = "ready"
        elif host.state == "draining":
            self._end(host)
        host.idle_since_s = self._worked_s


Rule = Literal["fifo", "round-robin", "oldest-over-cap"]


def run_rule(scenario: Scenario, rule: Rule, *, quantum: int = 10) -> Outcome:
    """What a simple rule achieves in the first window, with the same costs.

    ``fifo``: each free host takes the oldest task. ``round-robin``: each host serves a model
    up to ``quantum`` tasks, then the next. ``oldest-over-cap``: stay with the model, but a
    task older than the cap goes first.
    """
    start_s, end_s = scenario.windows[0]
    outcome = Outcome()
    models = tuple(scenario.models)
    queues: dict[str, deque[float]] = {model: deque() for model in models}
    arrivals = deque(scenario.arrivals)
    hosts = [_RuleHost(free_s=start_s) for _ in range(scenario.hosts_max)]
    cap_s = scenario.policy.queue_age_max_s
    while True:
        host = min(hosts, key=lambda host: host.free_s)
        while arrivals and arrivals[0][0] <= host.free_s:
            at_s, model = arrivals.popleft()
            queues[model].append(at_s)
        ready = [model for model in models if queues[model]]
        if not ready:
            if not arrivals:
                return outcome
            host.free_s = arrivals[0][0]
            continue
        chosen = _choose(rule, host, ready, queues, cap_s=cap_s, quantum=quantum)
        cost = scenario.models[chosen]
        load_s = 0.0 if host.model == chosen else cost.load_s
        finish_s = host.free_s + load_s + cost.task_s
        outcome.loads += load_s > 0
        if finish_s > end_s:
            host.free_s = math.inf
            if all(math.isinf(host.free_s) for host in hosts):
                return outcome
            continue
        arrived_s = queues[chosen].popleft()
        host.served = host.served + 1 if host.model == chosen else 1
        host.model, host.free_s = chosen, finish_s
        outcome.done += 1
        outcome.makespan_s = max(outcome.makespan_s, finish_s)
        outcome.item_wait_max_s = max(outcome.item_wait_max_s, finish_s - arrived_s)


@dataclass(slots=True)
class _RuleHost:
    free_s: float
    model: str | None = None
    served: int = 0


def _choose(
    rule: Rule,
    host: _RuleHost,
    ready: Sequence[str],
    queues: dict[str, deque[float]],
    *,
    cap_s: float,
    quantum: int,
) -> str:
    def oldest(names: Iterable[str]) -> str:
        return min(names, key=lambda name: (queues[name][0], name))

    if rule == "fifo":
        return oldest(ready)
    if rule == "round-robin":
        if host.model is not None and host.model in ready and host.served < quantum:
            return host.model
        later = [name for name in ready if host.model is not None and name > host.model]
        return min(later or ready)
    first = oldest(ready)
    if host.free_s - queues[first][0] > cap_s:
        return first
    if host.model is not None and host.model in ready:
        return host.model
    return max(ready, key=lambda name: len(queues[name]))


def lower_bound_s(scenario: Scenario) -> float:
    """Least possible makespan of a backlog that is all there at time zero."""
    counts: dict[str, int] = {}
    for _, model in scenario.arrivals:
        counts[model] = counts.get(model, 0) + 1
    return makespan_bound_s(counts, scenario.models, scenario.hosts_max)


def zipf_backlog(
    models: Sequence[str], count: int, pick: Callable[[], float]
) -> tuple[tuple[float, str], ...]:
    """A backlog present at time zero whose models are Zipf distributed, mixed by ``pick``."""
    weights = [1.0 / (rank + 1) for rank in range(len(models))]
    total = sum(weights)
    arrivals = []
    for index in range(count):
        point = pick() * total
        chosen = models[-1]
        for model, weight in zip(models, weights, strict=True):
            point -= weight
            if point < 0:
                chosen = model
                break
        # Taken in one after the other, long ago: only their order says which is older.
        arrivals.append((-10_000.0 + index * 1e-3, chosen))
    return tuple(arrivals)
