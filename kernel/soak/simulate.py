"""Days of a person in virtual time: the kernel's own policy code, modelled costs, no process.

`governor.step` decides whether hosts may run, `scheduler.plan` what they do,
`scheduler.plan_release` when a stopped host is ended, `budget.CpuPolicy` how much of the machine
they get. Frames and what reading one costs are modelled (`workload`).

Simplified, each on purpose: frames are handed out in bundles of up to `BUNDLE_S` seconds of work
(a plan for each single frame would say the same, and take ten times longer); the CPU limit is its
mean rate, not its duty cycle; capture itself, faults, battery and heat are left out.

Covers: backlog, storage, loads, whether the machine keeps up. Does not cover: memory or latency.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kernel.scheduling.budget import CpuPolicy
from kernel.scheduling.governor import Decision, GovernorPolicy, GovernorState, Observation, step
from kernel.scheduling.schedule import (
    Assign,
    Budget,
    HostState,
    HostView,
    Policy,
    QueueSummary,
    StartHost,
    StopHost,
)
from kernel.scheduling.scheduler import plan, plan_release
from kernel.soak.day import Phase, plan_day
from kernel.soak.workload import HEARTBEAT_S, StageCost, Workload

DAY_S = 86_400.0
TICK_ACTIVE_S = 10.0
"""The governor distrusts a longer gap."""
TICK_WORKING_S = 5.0
BUNDLE_S = 20.0
STOP_S = 0.05
PLANS_MAX = 100
EPOCH_US = 1_700_000_000_000_000
"""UTC of virtual time zero."""
ROUNDING_S = 1e-9


@dataclass(frozen=True, slots=True)
class Setting:
    """The machine and the policies in force."""

    governor: GovernorPolicy = field(default_factory=GovernorPolicy)
    schedule: Policy = field(default_factory=Policy)
    cpu: CpuPolicy = field(default_factory=lambda: CpuPolicy(cores=4, share_max=0.5))
    memory_bytes: int = 8 << 30
    """Of the whole machine."""
    monitors: int = 2
    cadence_s: float = 0.5
    keep_warm_loads: float = 10.0
    keep_warm_min_s: float = 30.0


@dataclass(slots=True)
class DayFigures:
    """One day; times in seconds, counts of frames with new pixels where nothing else is said."""

    events: int = 0
    frames: int = 0
    stored_bytes: float = 0.0
    read: int = 0
    work_s: float = 0.0
    """CPU time that the day's frames need."""
    worked_s: float = 0.0
    """Wall time during which hosts could run."""
    idle_s: float = 0.0
    loads: int = 0
    backlog_peak: int = 0
    backlog_end: int = 0
    oldest_wait_s: float = 0.0
    """Of what still waits at the day's end."""
    hosts_peak: int = 0


@dataclass(slots=True)
class _Host:
    host_id: str
    cost: StageCost
    state: HostState
    left_s: float
    loaded_s: float = 0.0
    idle_since_s: float = 0.0
    served: int = 0
    bundle: list[tuple[float, int]] = field(default_factory=list)


@dataclass(slots=True)
class _Queue:
    """Waiting tasks as (arrived, count), the oldest first."""

    cost: StageCost
    waiting: deque[tuple[float, int]] = field(default_factory=deque)
    count: int = 0
    owed: float = 0.0
    last_visit_s: float = 0.0


class World:
    """One machine and one person; play phases in order, then read the figures."""

    def __init__(self, setting: Setting, workload: Workload, *, seed: int) -> None:
        self.setting = setting
        self.workload = workload
        self.days: list[DayFigures] = [DayFigures()]
        self.now_s = 0.0
        self._rng = random.Random(f"simulate:{seed}")  # noqa: S311 - a model, no secret
        self._governor = GovernorState()
        self._queues = {cost.model_key: _Queue(cost) for cost in workload.stages}
        self._timings = {cost.model_key: cost.timings for cost in workload.stages}
        self._hosts: dict[str, _Host] = {}
        self._born = 0
        self._idle_since_s: float | None = None
        self._stopped_since_s: float | None = None
        self._owed_frames = 0.0
        self._owed_events = 0.0

    @property
    def backlog(self) -> int:
        """Tasks that wait or are in hand."""
        in_hand = sum(n for host in self._hosts.values() for _, n in host.bundle)
        return in_hand + sum(queue.count for queue in self._queues.values())

    def play(self, phase: Phase) -> None:
        """Live through one phase, whose own start does not matter: it begins now."""
        end_s = self.now_s + phase.length_s
        suspended_s = 0.0
        if phase.name == "suspend":
            # The machine sleeps: nothing is captured, and the governor is told afterwards.
            self.now_s, suspended_s = end_s, phase.length_s
        if phase.truth == "active":
            self._idle_since_s = None
        elif self._idle_since_s is None:
            self._idle_since_s = self.now_s
        while self.now_s < end_s - ROUNDING_S:
            decision = self._decide(suspended_s)
            suspended_s = 0.0
            dt = self._advance_by(decision, end_s - self.now_s)
            self._capture(phase, dt)
            self._work(decision, dt)
            self.now_s += dt
        if suspended_s:
            self._decide(suspended_s)

    def end_day(self) -> DayFigures:
        """Close the day's account and begin the next."""
        day = self.days[-1]
        day.backlog_end = self.backlog
        oldest = [queue.waiting[0][0] for queue in self._queues.values() if queue.waiting]
        day.oldest_wait_s = self.now_s - min(oldest, default=self.now_s)
        self.days.append(DayFigures())
        return day

    # --- the person ---------------------------------------------------------------------------

    def _capture(self, phase: Phase, dt: float) -> None:
        day, setting = self.days[-1], self.setting
        if phase.truth == "idle":
            day.idle_s += dt
            self._owed_events += dt / HEARTBEAT_S * setting.monitors
            changed = 0.0
        else:
            captures = dt / setting.cadence_s
            changed = sum(
                captures * self.workload.change_share(phase.name, monitor)
                for monitor in range(setting.monitors)
            )
            self._owed_events += changed
        self._owed_frames += changed * (1.0 - self.workload.repeat_share)
        events, self._owed_events = _whole(self._owed_events)
        frames, self._owed_frames = _whole(self._owed_frames)
        day.events += events
        day.frames += frames
        day.stored_bytes += events * self.workload.event_bytes + frames * self.workload.blob_bytes
        for queue in self._queues.values():
            tasks, queue.owed = _whole(queue.owed + frames * queue.cost.per_frame)
            self._enqueue(queue, tasks)
        day.backlog_peak = max(day.backlog_peak, self.backlog)

    def _enqueue(self, queue: _Queue, tasks: int) -> None:
        if not tasks:
            return
        if not queue.count:
            queue.last_visit_s = max(queue.last_visit_s, self._governor.worked_s)
        queue.waiting.append((self.now_s, tasks))
        queue.count += tasks
        self.days[-1].work_s += tasks * queue.cost.mean_s

    # --- the policies -------------------------------------------------------------------------

    def _decide(self, suspended_s: float) -> Decision:
        setting = self.setting
        idle_s = 0.0 if self._idle_since_s is None else self.now_s - self._idle_since_s
        held = sum(host.cost.memory_bytes for host in self._hosts.values())
        busy = len(self._computing()) if self._stopped_since_s is None else 0
        observation = Observation(
            idle_s=idle_s,
            cpu_share=min(busy, setting.cpu.rate_cores) / setting.cpu.cores,
            ram_share=held / setting.memory_bytes,
            suspended_s=suspended_s,
        )
        self._governor, decision = step(self._governor, observation, self.now_s, setting.governor)
        if decision.run:
            self._stopped_since_s = None
            self._act(decision)
        else:
            self._rest()
        return decision

    def _rest(self) -> None:
        """Hosts stand still; those that are not worth their memory are ended."""
        if self._stopped_since_s is None:
            self._stopped_since_s = self.now_s
        setting = self.setting
        for action in plan_release(
            self._views(),
            self._timings,
            stopped_for_s=self.now_s - self._stopped_since_s,
            keep_loads=setting.keep_warm_loads,
            keep_min_s=setting.keep_warm_min_s,
            policy=setting.schedule,
        ):
            self._end(self._hosts[action.host_id])

    def _act(self, decision: Decision) -> None:
        for _ in range(PLANS_MAX):
            actions = plan(
                self._summaries(),
                self._views(),
                self._timings,
                self._budget(decision),
                now_s=self._governor.worked_s,
                now_us=EPOCH_US + int(self.now_s * 1e6),
                policy=self.setting.schedule,
            )
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
        raise AssertionError("the plan does not settle")

    def _budget(self, decision: Decision) -> Budget:
        setting = self.setting
        held = sum(host.cost.memory_bytes for host in self._hosts.values())
        limit = setting.memory_bytes * setting.governor.ram_share_max
        return Budget(
            hosts_max=setting.governor.hosts_max,
            running_max=decision.hosts_allowed,
            memory_free_bytes=int(limit * 0.85) - held,
            admit=decision.admit,
        )

    def _summaries(self) -> tuple[QueueSummary, ...]:
        return tuple(
            QueueSummary(
                model_key=model_key,
                stage=queue.cost.stage,
                waiting=queue.count,
                oldest_us=EPOCH_US + int(queue.waiting[0][0] * 1e6),
                newest_us=EPOCH_US + int(queue.waiting[-1][0] * 1e6),
                last_visit_s=queue.last_visit_s,
            )
            for model_key, queue in self._queues.items()
            if queue.count
        )

    def _views(self) -> tuple[HostView, ...]:
        return tuple(
            HostView(
                host_id=host.host_id,
                model_key=host.cost.model_key,
                state=host.state,
                busy=int(bool(host.bundle)),
                loaded_s=host.loaded_s,
                idle_since_s=host.idle_since_s,
                served=host.served,
            )
            for host in self._hosts.values()
        )

    # --- the hosts ----------------------------------------------------------------------------

    def _computing(self) -> list[_Host]:
        return [host for host in self._hosts.values() if host.left_s > 0]

    def _speed(self) -> float:
        """Of each computing host: the budget is shared out, and none is faster than a core."""
        busy = len(self._computing())
        return min(1.0, self.setting.cpu.rate_cores / busy) if busy else 1.0

    def _advance_by(self, decision: Decision, most_s: float) -> float:
        """How far to go until something may happen."""
        if not decision.run:
            return min(most_s, TICK_ACTIVE_S)
        steps = [host.left_s / self._speed() for host in self._computing()]
        if not steps and not self.backlog:
            return min(most_s, TICK_ACTIVE_S)
        return max(min([most_s, TICK_WORKING_S, *steps]), 1e-6)

    def _work(self, decision: Decision, dt: float) -> None:
        if not decision.run:
            return
        self.days[-1].worked_s += dt
        done_s = dt * self._speed()
        for host in self._computing():
            host.left_s -= done_s
            if host.left_s <= ROUNDING_S:
                host.left_s = 0.0
                self._finish(host)

    def _start(self, model_key: str) -> None:
        cost = self._queues[model_key].cost
        self._born += 1
        host = _Host(f"h{self._born:06d}", cost, "starting", max(cost.load_s, STOP_S))
        self._hosts[host.host_id] = host
        day = self.days[-1]
        day.loads += 1
        day.hosts_peak = max(day.hosts_peak, len(self._hosts))

    def _assign(self, action: Assign) -> None:
        host, queue = self._hosts[action.host_id], self._queues[action.model_key]
        queue.last_visit_s = self._governor.worked_s
        wanted = min(queue.count, max(1, int(BUNDLE_S / max(queue.cost.mean_s, 1e-3))))
        queue.count -= wanted
        while wanted > 0:
            newest = action.order == "newest"
            arrived_s, count = queue.waiting.pop() if newest else queue.waiting.popleft()
            taken = min(wanted, count)
            if taken < count:
                rest = (arrived_s, count - taken)
                (queue.waiting.append if newest else queue.waiting.appendleft)(rest)
            host.bundle.append((arrived_s, taken))
            wanted -= taken
        tasks = sum(count for _, count in host.bundle)
        host.left_s = max(queue.cost.draw_s(self._rng, tasks), 1e-6)
        host.state, host.served = "busy", host.served + tasks

    def _stop(self, host: _Host) -> None:
        host.state = "draining"
        host.left_s = host.left_s or STOP_S

    def _finish(self, host: _Host) -> None:
        worked_s = self._governor.worked_s
        if host.state == "draining" and not host.bundle:
            del self._hosts[host.host_id]
            return
        if host.state == "starting":
            host.loaded_s = worked_s
        self.days[-1].read += sum(count for _, count in host.bundle)
        self.days[-1].stored_bytes += (
            sum(count for _, count in host.bundle) * self.workload.derived_bytes
        )
        host.bundle.clear()
        host.idle_since_s = worked_s
        if host.state == "draining":
            host.left_s = STOP_S
        else:
            host.state = "ready"

    def _end(self, host: _Host) -> None:
        """Its work goes back to where it came from."""
        queue = self._queues[host.cost.model_key]
        for arrived_s, count in host.bundle:
            queue.waiting.append((arrived_s, count))
            queue.count += count
        queue.waiting = deque(sorted(queue.waiting))
        del self._hosts[host.host_id]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What so many days come to."""

    days: tuple[DayFigures, ...]
    rate_cores: float

    @property
    def keeps_up(self) -> bool:
        """Whether the backlog does not grow from day to day, bar a tenth of a day's frames."""
        first, last = self.days[0], self.days[-1]
        if len(self.days) == 1:
            return last.backlog_end * 10 <= max(10, last.frames)
        return last.backlog_end - first.backlog_end <= max(10, last.frames) / 10

    @property
    def backlog_peak(self) -> int:
        """The most that ever waited."""
        return max(day.backlog_peak for day in self.days)

    @property
    def day_bytes(self) -> float:
        """Storage of a mean day."""
        return sum(day.stored_bytes for day in self.days) / len(self.days)

    @property
    def idle_needed_s(self) -> float:
        """Idle time that a mean day's frames need, if all of it could be worked."""
        work_s = sum(day.work_s for day in self.days) / len(self.days)
        return work_s / self.rate_cores if self.rate_cores > 0 else math.inf

    @property
    def idle_s(self) -> float:
        """Idle time of a mean day."""
        return sum(day.idle_s for day in self.days) / len(self.days)

    @property
    def worked_s(self) -> float:
        """Idle time of a mean day in which hosts could run: after the wait and the ramp."""
        return sum(day.worked_s for day in self.days) / len(self.days)


def simulate(
    setting: Setting,
    workload: Workload,
    *,
    days: int,
    seed: int = 1,
    phases_of: Sequence[Iterable[Phase]] | None = None,
) -> Forecast:
    """Play so many days, each of its own seed; ``phases_of`` stands in for the days' own phases.

    The same arguments give the same figures.
    """
    world = World(setting, workload, seed=seed)
    for number in range(days):
        phases = plan_day(seed + number, DAY_S) if phases_of is None else phases_of[number]
        for phase in phases:
            world.play(phase)
        world.end_day()
    # Hosts share the budget, and no more of them run than the cap allows.
    rate = min(setting.cpu.rate_cores, float(setting.governor.hosts_max))
    return Forecast(tuple(world.days[:days]), rate)


def _whole(owed: float) -> tuple[int, float]:
    count = int(owed)
    return count, owed - count
