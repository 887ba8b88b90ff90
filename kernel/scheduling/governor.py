"""May heavy work run now, and on how many hosts: a pure state machine.

Covers: activity, the person's word, disk, battery, heat and the tree's shares -> one
decision per tick, with ramp-up and hysteresis; the bounded budget of explicit requests while
the person works. Does not cover: reading any of it (`activity`, `meter`), stopping hosts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Mode = Literal["active", "paused", "held", "waiting", "ramping", "working", "explicit"]
DiskLevel = Literal["green", "yellow", "red", "black"]

WORKING_MODES: frozenset[Mode] = frozenset({"ramping", "working"})
PACKING_ONLY = "only packing runs, which gives room back; the rest waits for space"
RUNNING_MODES: frozenset[Mode] = WORKING_MODES | {"explicit"}


@dataclass(frozen=True, slots=True)
class GovernorPolicy:
    """Constants of the governor, from the settings."""

    idle_after_s: float = 300.0
    hosts_max: int = 2
    cpu_share_max: float = 0.5
    ram_share_max: float = 0.5
    ramp_step_s: float = 5.0
    # Up only if the next step would fit, down only well above: between the two it rests.
    step_up_below: float = 1.02
    step_down_above: float = 1.05
    admit_below: float = 0.90
    hold_min_s: float = 30.0
    tick_gap_max_s: float = 10.0
    explicit_cpu_s: float = 20.0
    explicit_window_s: float = 300.0
    on_battery: bool = False
    assume_idle: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """What is known at one tick.

    ``idle_s`` is None when activity is unknown, stale or contradictory: then the person is
    taken to be active. ``cpu_share`` (of all cores, 10 s average) and ``ram_share`` (of
    physical memory) are of the whole process tree. ``override`` is the person's word;
    ``override_problem`` says why it could not be read and therefore counts as ``active``.
    ``suspended_s`` is how long the machine slept since the tick before. ``heavy_cpu_s`` is
    the CPU time hosts used since then. ``power`` is None where the system does not tell.
    ``explicit_wanted``: a request needs some work now and may spend the bounded budget;
    ``asked_now``: the person asked for all waiting work now, as if away. ``packing_frees``:
    packing frames would give the drive room back, and there is room to begin.
    """

    idle_s: float | None
    cpu_share: float = 0.0
    ram_share: float = 0.0
    memory_admit: bool = True
    disk_level: DiskLevel = "green"
    packing_frees: bool = False
    override: Literal["none", "pause", "active", "idle"] = "none"
    override_problem: str = ""
    power: Literal["mains", "battery"] | None = None
    too_hot: bool = False
    explicit_wanted: bool = False
    asked_now: bool = False
    heavy_cpu_s: float = 0.0
    suspended_s: float = 0.0


@dataclass(frozen=True, slots=True)
class GovernorState:
    """Where the machine stands; ``worked_s`` is the work clock of the scheduler."""

    mode: Mode = "active"
    since_s: float = 0.0
    last_s: float | None = None
    hosts_allowed: int = 0
    stepped_s: float = 0.0
    distrust_until_s: float = 0.0
    held_until_s: float = 0.0
    explicit_left_s: float | None = None
    explicit_used_s: float = 0.0
    worked_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Decision:
    """What holds until the next tick.

    ``run``: hosts may compute; where false they are stopped at once. ``hosts_allowed`` may
    compute at a time. ``admit``: new hosts may be started. ``changed``: the mode is new.
    ``packing_only``: of all heavy work only packing frames may run; it gives room back.
    """

    mode: Mode
    run: bool
    hosts_allowed: int
    admit: bool
    changed: bool
    reason: str
    packing_only: bool = False

    @property
    def reads(self) -> bool:
        """Whether frames may be read, and all that follows from it."""
        return self.run and not self.packing_only


def step(
    state: GovernorState, observation: Observation, now_s: float, policy: GovernorPolicy
) -> tuple[GovernorState, Decision]:
    """One tick. Any doubt (a gap between ticks, a sleep, unknown activity) means active."""
    elapsed_s = 0.0 if state.last_s is None else max(0.0, now_s - state.last_s)
    state = _account(state, observation, elapsed_s, now_s, policy)
    target, reason = _target(state, observation, now_s, policy)
    mode = target
    if target == "held":
        held_until_s = now_s + policy.hold_min_s if _held_by(observation, policy) else None
        state = replace(state, held_until_s=held_until_s or state.held_until_s)
    if target == "ramping":
        state = _ramp(state, observation, now_s, policy)
        mode = "working" if state.hosts_allowed >= policy.hosts_max else "ramping"
    else:
        state = replace(state, hosts_allowed=int(target == "explicit"), stepped_s=now_s)
    changed = mode != state.mode
    since_s = now_s if changed else state.since_s
    state = replace(state, mode=mode, since_s=since_s, last_s=now_s)
    run = state.hosts_allowed > 0
    roomy = observation.ram_share <= policy.ram_share_max * policy.admit_below
    decision = Decision(
        mode=mode,
        run=run,
        hosts_allowed=state.hosts_allowed,
        admit=run and observation.memory_admit and roomy,
        changed=changed,
        reason=reason,
        packing_only=run and observation.disk_level != "green",
    )
    return state, decision


def _account(
    state: GovernorState,
    observation: Observation,
    elapsed_s: float,
    now_s: float,
    policy: GovernorPolicy,
) -> GovernorState:
    """Move the clocks and the explicit budget on by the time since the tick before."""
    if observation.suspended_s > policy.tick_gap_max_s or elapsed_s > policy.tick_gap_max_s:
        # Asleep or starved: what the providers say of the time before is worth nothing, and
        # whoever woke the machine is probably in front of it.
        state = replace(state, distrust_until_s=now_s + policy.idle_after_s)
        elapsed_s = min(elapsed_s, policy.tick_gap_max_s)
    refill = policy.explicit_cpu_s / policy.explicit_window_s * elapsed_s
    left_s = policy.explicit_cpu_s if state.explicit_left_s is None else state.explicit_left_s
    used_s = observation.heavy_cpu_s if state.mode == "explicit" else 0.0
    left_s -= used_s
    worked_s = state.worked_s + (elapsed_s if state.mode in RUNNING_MODES else 0.0)
    return replace(
        state,
        explicit_left_s=min(policy.explicit_cpu_s, left_s + refill),
        explicit_used_s=state.explicit_used_s + used_s,
        worked_s=worked_s,
    )


def _target(
    state: GovernorState, observation: Observation, now_s: float, policy: GovernorPolicy
) -> tuple[Mode, str]:
    """The mode that the observation calls for; "ramping" stands for any working mode."""
    if observation.override == "pause":
        return "paused", "paused by the person; run: kernel resume"
    held = _held_by(observation, policy)
    if held or now_s < state.held_until_s:
        return "held", held or "heavy work was held a moment ago"
    if observation.disk_level != "green":
        # Whoever asks for work now asks for reading: packing runs while the person is away.
        if _is_idle(state, replace(observation, asked_now=False), now_s, policy):
            return "ramping", f"disk is {observation.disk_level}: {PACKING_ONLY}"
        return "held", _disk_reason(observation)
    if _is_idle(state, observation, now_s, policy):
        return "ramping", _idle_reason(observation, policy)
    if observation.explicit_wanted:
        left_s = state.explicit_left_s or 0.0
        # Begin with a quarter in hand, so that a drained budget does not flap tick by tick.
        enough_s = 0.0 if state.mode == "explicit" else policy.explicit_cpu_s / 4
        if left_s > enough_s:
            return "explicit", f"an explicit request may use {left_s:.1f} s more CPU time"
        return "active", _spent_reason(left_s, policy)
    return _away_reason(state, observation, now_s, policy)


def _spent_reason(left_s: float, policy: GovernorPolicy) -> str:
    """When there is something to spend again, and the way that does not ask for it."""
    when = "budget.explicit_cpu_s allows none"
    if policy.explicit_cpu_s > 0:
        full_s = (policy.explicit_cpu_s - left_s) / policy.explicit_cpu_s * policy.explicit_window_s
        when = f"full again in {full_s:.0f} s"
    return (
        "the person counts as active, and an explicit request waits: its CPU budget is spent for "
        f"now ({when}); kernel process --until-drained reads all that waits at once"
    )


def _held_by(observation: Observation, policy: GovernorPolicy) -> str:
    """Why heavy work must wait though the person is away; empty when nothing holds it."""
    if observation.disk_level != "green" and not observation.packing_frees:
        return _disk_reason(observation)
    if observation.too_hot:
        return "the machine is too hot"
    on_battery = observation.power == "battery" and not policy.on_battery
    if on_battery and not observation.asked_now:
        return "on battery"
    return ""


def _disk_reason(observation: Observation) -> str:
    return f"disk is {observation.disk_level}: heavy work waits for space"


def _is_idle(
    state: GovernorState, observation: Observation, now_s: float, policy: GovernorPolicy
) -> bool:
    if observation.override == "idle" or observation.asked_now:
        return True
    if observation.override == "active":
        return False
    if policy.assume_idle:
        return True
    if now_s < state.distrust_until_s:
        return False
    return observation.idle_s is not None and observation.idle_s >= policy.idle_after_s


def _idle_reason(observation: Observation, policy: GovernorPolicy) -> str:
    if observation.asked_now:
        return "asked for explicitly"
    if observation.override == "idle":
        return "counts as idle by the person's word; run: kernel resume"
    if policy.assume_idle:
        return "counts as idle by the profile"
    return f"no input for {observation.idle_s:.0f} s"


def _away_reason(
    state: GovernorState, observation: Observation, now_s: float, policy: GovernorPolicy
) -> tuple[Mode, str]:
    if observation.override_problem:
        reason = f"the person's word cannot be read ({observation.override_problem})"
        return "active", f"{reason}, so they count as active; run: kernel resume"
    if observation.override == "active":
        return "active", "counts as active by the person's word; run: kernel resume"
    if observation.idle_s is None:
        return "active", (
            "activity is unknown, so the person counts as active; "
            "kernel doctor says why, kernel idle lets it begin"
        )
    if now_s < state.distrust_until_s:
        left_s = state.distrust_until_s - now_s
        return "waiting", f"the machine slept or stalled; {left_s:.0f} s until it is trusted again"
    if observation.idle_s < min(10.0, policy.idle_after_s):
        return "active", "the person is active"
    return "waiting", f"idle for {observation.idle_s:.0f} of {policy.idle_after_s:.0f} s"


def _ramp(
    state: GovernorState, observation: Observation, now_s: float, policy: GovernorPolicy
) -> GovernorState:
    """One step up at a time with a look at the shares between; a step down when one is passed."""
    if state.mode not in WORKING_MODES:
        return replace(state, hosts_allowed=1, stepped_s=now_s)
    allowed = min(state.hosts_allowed, policy.hosts_max)
    if now_s - state.stepped_s >= policy.ramp_step_s:
        over = observation.cpu_share > policy.cpu_share_max * policy.step_down_above
        if over and allowed > 1:
            return replace(state, hosts_allowed=allowed - 1, stepped_s=now_s)
        if not over and allowed < policy.hosts_max and _has_room(state, observation, policy):
            return replace(state, hosts_allowed=allowed + 1, stepped_s=now_s)
    return replace(state, hosts_allowed=allowed)


def _has_room(state: GovernorState, observation: Observation, policy: GovernorPolicy) -> bool:
    """Whether both shares leave room for one more host, judged by what one takes now."""
    cpu_next = observation.cpu_share * (state.hosts_allowed + 1) / max(1, state.hosts_allowed)
    return (
        cpu_next <= policy.cpu_share_max * policy.step_up_below
        and observation.ram_share <= policy.ram_share_max * policy.admit_below
    )
