"""What heavy work may take of the machine, as pure decisions over samples.

CPU: a sliding window, exact at every sample, with a token bucket inside it so that the
share is spent evenly and not in one burst. RAM: admission before a load, then unload the
coldest, then kill the largest, each before the limit is passed at the rate seen.
Covers: policy. Does not cover: measuring (`kernel.scheduling.meter`) and stopping or
killing (`kernel.scheduling.enforce` drives it, the pool does it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

SAMPLES_MAX = 4_096
"""Samples a window may hold: 10 s at 400 Hz."""


@dataclass(frozen=True, slots=True)
class CpuPolicy:
    """Limit of the tree's CPU time over any window.

    ``burst_s`` is how long all cores may run at full speed after a rest; ``headroom`` is the
    part of the limit kept back for what is not heavy work (the kernel itself, sampling error).
    """

    cores: int
    share_max: float
    window_s: float = 10.0
    burst_s: float = 0.2
    headroom: float = 0.02

    @property
    def rate_cores(self) -> float:
        """Cores that heavy work may use on average."""
        return self.cores * self.share_max * (1.0 - self.headroom)


@dataclass(frozen=True, slots=True)
class CpuState:
    """Cumulative CPU seconds of the tree at past instants, oldest first, and the tokens left."""

    samples: tuple[tuple[float, float], ...] = ()
    tokens_s: float = 0.0
    running: bool = True


@dataclass(frozen=True, slots=True)
class CpuVerdict:
    """Whether heavy work may run until the next sample, and the window's share of all cores."""

    run: bool
    share: float


def step_cpu(
    state: CpuState, used_cpu_s: float, now_s: float, next_s: float, policy: CpuPolicy
) -> tuple[CpuState, CpuVerdict]:
    """Take in the tree's cumulative CPU seconds; decide for the time until ``next_s``.

    If heavy work only runs on a true verdict and never on more than ``policy.cores`` cores,
    the CPU time used in any window that ends at a sample stays within the limit.
    """
    limit_s = policy.rate_cores * policy.window_s
    ahead_s = next_s - now_s
    samples = _trimmed((*state.samples, (now_s, used_cpu_s)), now_s - policy.window_s)
    # Room for two periods at least, or a slow loop could never save enough to run again.
    tokens_s = max(policy.burst_s * policy.cores, 2.0 * policy.rate_cores * ahead_s)
    if state.samples:
        before_s, before_cpu_s = state.samples[-1]
        # A reset counter (the tree lost a process) must not mint tokens.
        spent_s = max(0.0, used_cpu_s - before_cpu_s)
        refill_s = policy.rate_cores * max(0.0, now_s - before_s)
        tokens_s = min(tokens_s, state.tokens_s + refill_s - spent_s)
    used_s = used_cpu_s - _at(samples, next_s - policy.window_s)
    fits_window = used_s + policy.cores * ahead_s <= limit_s
    # Run while tokens are left; once out of them wait for a full period's worth, not for a drop.
    enough_s = 0.0 if state.running else policy.rate_cores * ahead_s
    run = fits_window and tokens_s > enough_s
    span_s = max(now_s - samples[0][0], 1e-9)
    share = (used_cpu_s - samples[0][1]) / span_s / policy.cores if len(samples) > 1 else 0.0
    return CpuState(samples, tokens_s, run), CpuVerdict(run, max(0.0, share))


def _trimmed(
    samples: tuple[tuple[float, float], ...], oldest_s: float
) -> tuple[tuple[float, float], ...]:
    """The samples since ``oldest_s`` and the last one before, to interpolate from."""
    first = 0
    while first + 1 < len(samples) and samples[first + 1][0] <= oldest_s:
        first += 1
    return samples[max(first, len(samples) - SAMPLES_MAX) :]


def _at(samples: tuple[tuple[float, float], ...], at_s: float) -> float:
    """Cumulative CPU seconds at an instant: the sample before it, so that no use is missed."""
    value = samples[0][1]
    for sampled_s, used_s in samples:
        if sampled_s > at_s:
            break
        value = used_s
    return value


@dataclass(frozen=True, slots=True)
class RamPolicy:
    """Limit of the tree's memory (PSS + swap) and the steps before it, as parts of the limit."""

    limit_bytes: int
    admit_below: float = 0.85
    resume_below: float = 0.75
    unload_above: float = 0.90
    kill_above: float = 0.97
    lookahead_s: float = 2.0


@dataclass(frozen=True, slots=True)
class HostMemory:
    """One host's memory; ``cap_bytes`` is its own limit, ``idle_s`` how long without a task."""

    host_id: str
    used_bytes: int
    cap_bytes: int
    idle_s: float = 0.0
    busy: bool = False


@dataclass(frozen=True, slots=True)
class RamSample:
    """The tree and its hosts at one instant."""

    now_s: float
    tree_bytes: int
    hosts: tuple[HostMemory, ...]


@dataclass(frozen=True, slots=True)
class RamState:
    """The sample before, and whether admission is closed."""

    before: RamSample | None = None
    closed: bool = False


@dataclass(frozen=True, slots=True)
class RamVerdict:
    """What to do about memory now.

    ``unload`` hosts are asked to leave, ``kill`` ones die at once, ``leaking`` ones passed
    their own cap: host id -> growth in bytes per second (they are in ``kill`` too).
    """

    admit: bool
    unload: tuple[str, ...]
    kill: tuple[str, ...]
    leaking: Mapping[str, int]
    share: float
    reason: str


def step_ram(state: RamState, sample: RamSample, policy: RamPolicy) -> tuple[RamState, RamVerdict]:
    """Decide on one sample: projected to the next ones at the growth seen since the last.

    The order is stop admitting, unload the coldest idle host, kill the largest host.
    """
    slopes = _slopes(state.before, sample)
    leaking = {
        host.host_id: round(slopes.get(host.host_id, 0.0))
        for host in sample.hosts
        if host.used_bytes > host.cap_bytes
    }
    growth = sum(max(0.0, slope) for slope in slopes.values())
    projected = sample.tree_bytes + growth * policy.lookahead_s
    part = projected / policy.limit_bytes
    closed = part > (policy.resume_below if state.closed else policy.admit_below)
    left = tuple(host for host in sample.hosts if host.host_id not in leaking)
    kill: tuple[str, ...] = tuple(sorted(leaking))
    unload: tuple[str, ...] = ()
    # What dies for its own cap gives its memory back; only then is another one's turn.
    freed = sum(host.used_bytes for host in sample.hosts if host.host_id in leaking)
    part -= freed / policy.limit_bytes
    if part > policy.kill_above and left:
        kill = (*kill, _largest(left, slopes, policy.lookahead_s))
    elif part > policy.unload_above:
        unload = _coldest(left)
    verdict = RamVerdict(
        admit=not closed,
        unload=unload,
        kill=kill,
        leaking=leaking,
        share=sample.tree_bytes / policy.limit_bytes,
        reason=_ram_reason(unload, kill, leaking, closed=closed),
    )
    return replace(state, before=sample, closed=closed), verdict


def may_load(need_bytes: int, tree_bytes: int, promised_bytes: int, policy: RamPolicy) -> bool:
    """Whether a model that needs this much may be loaded beside what is there and promised.

    ``promised_bytes`` is what hosts that are still loading will need beyond what they hold.
    """
    return tree_bytes + promised_bytes + need_bytes <= policy.limit_bytes * policy.admit_below


def _slopes(before: RamSample | None, sample: RamSample) -> dict[str, float]:
    """Growth per host in bytes per second since the sample before."""
    if before is None or sample.now_s <= before.now_s:
        return {}
    past = {host.host_id: host.used_bytes for host in before.hosts}
    span_s = sample.now_s - before.now_s
    return {
        host.host_id: (host.used_bytes - past[host.host_id]) / span_s
        for host in sample.hosts
        if host.host_id in past
    }


def _largest(hosts: tuple[HostMemory, ...], slopes: Mapping[str, float], lookahead_s: float) -> str:
    """The host that will be the largest; the id decides between equals."""
    return max(
        hosts,
        key=lambda host: (
            host.used_bytes + max(0.0, slopes.get(host.host_id, 0.0)) * lookahead_s,
            host.host_id,
        ),
    ).host_id


def _coldest(hosts: tuple[HostMemory, ...]) -> tuple[str, ...]:
    idle = [host for host in hosts if not host.busy]
    if not idle:
        return ()
    return (max(idle, key=lambda host: (host.idle_s, host.used_bytes, host.host_id)).host_id,)


def _ram_reason(
    unload: tuple[str, ...], kill: tuple[str, ...], leaking: Mapping[str, int], *, closed: bool
) -> str:
    parts = [
        f"host {name} passed its own cap, grew {slope} bytes/s"
        for name, slope in sorted(leaking.items())
    ]
    parts += [f"killing the largest host {name}" for name in kill if name not in leaking]
    parts += [f"unloading the coldest host {name}" for name in unload]
    if closed and not parts:
        parts = ["no new host until memory falls"]
    return "; ".join(parts)
