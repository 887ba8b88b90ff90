"""What a run's memory says: lines and growth between states that can be compared. Pure.

The tree's memory has (at least) two levels, with hosts and without. A line straight through
both shows how the person's day went, not a leak. So three views are judged, each against
itself, and the worst counts:

- the tree without its hosts (kernel and what belongs to it), per life of the kernel;
- the whole tree, samples with the same number of hosts compared with each other;
- each host, from its own warm-up to its end: a leaking plugin is renewed at its cap, and the
  saw-tooth of the tree would hide what every tooth shows.

Left out: the warm-up of the run and a shorter one of each later kernel, hosts in their first
seconds of work, faults that take memory (a leak put in on purpose) from their start to their
recovery. Views look at floors (`slope.floors`).

A line is judged by its slope where it fits (r2) and one step does not fit far better; where none
fits, no slope says anything. The
limit of 5 MB/h is for runs of an hour or more. A shorter line is not blown up: it has to rise
by some megabytes while it lasts, so its limit is that rise divided by its length, and the record
shows the limit so scaled. Growth in megabytes counts for every length.

Covers: choosing samples, lines, growth. Does not cover: least squares (`slope`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kernel.soak import thresholds
from kernel.soak.runfiles import HostSample, Run, Sample
from kernel.soak.slope import Line, Point, fit, floors, is_step, rise

MB = 1e6
BUCKETS = 120
"""A view is cut into this many pieces of time at most, each with its floor."""
POINTS_MIN = 8
"""Fewer floors than this in all groups of a view say nothing."""
SPAN_MIN_S = 60.0
"""Nor does a view whose longest group is shorter."""
WARM_UP_DEFAULT_S = 600.0


@dataclass(frozen=True, slots=True)
class View:
    """One way to look at the memory: groups of (seconds, MB) that are comparable inside."""

    name: str
    groups: tuple[tuple[Point, ...], ...]
    rise_min_mb: float
    adds_up: bool

    @property
    def observed_s(self) -> float:
        """How long was looked: of groups that ``adds_up`` all together, else the longest one.

        Lives of the kernel follow one another, and what it leaks in each adds up. Hosts fill
        caches of bounded size in each of their lives: a hundred short lives are no long one.
        """
        spans = [group[-1][0] - group[0][0] for group in self.groups if group]
        if not self.adds_up:
            return max(spans, default=0.0)
        times = [t for group in self.groups for t, _ in group]
        return min(sum(spans), max(times) - min(times)) if times else 0.0

    @property
    def points(self) -> int:
        """Floors in all groups."""
        return sum(len(group) for group in self.groups)


@dataclass(frozen=True, slots=True)
class Trend:
    """One view judged: its line, the limit in MB/h that its length allows, its growth in MB."""

    name: str
    line: Line
    observed_s: float
    limit_mb_h: float
    growth_mb: float
    is_step: bool = False
    """It rose once and stayed, as when buffers or a library are needed for the first time."""

    @property
    def slope_mb_h(self) -> float:
        """The line's slope per hour."""
        return self.line.slope * 3600.0

    @property
    def counts(self) -> bool:
        """Whether the line fits well enough for its slope to say something."""
        return self.line.r2 > thresholds.SLOPE_R2_MIN and not self.is_step


@dataclass(frozen=True, slots=True)
class Memory:
    """What was found; ``used`` of ``seen`` samples could be compared."""

    trends: tuple[Trend, ...]
    used: int
    seen: int

    @property
    def steepest(self) -> Trend | None:
        """Of the trends whose line fits the one nearest to, or furthest beyond, its own limit."""
        fitting = [trend for trend in self.trends if trend.counts]
        return max(fitting, key=lambda t: t.slope_mb_h / t.limit_mb_h, default=None)

    @property
    def worst_growth(self) -> Trend | None:
        """The trend that grew most."""
        return max(self.trends, key=lambda trend: trend.growth_mb, default=None)


def study_memory(run: Run) -> Memory:
    """All views of a run that have enough comparable samples."""
    measured = [sample for sample in run.samples if sample.tree_pss_bytes is not None]
    kept = _settled(run, measured)
    births = _births(run.samples)
    calm = [
        sample for sample in kept if all(_is_warm(host, sample, births) for host in sample.hosts)
    ]
    views = (
        View("tree without hosts", _by_kernel(kept), thresholds.TREE_RISE_MIN_MB, adds_up=True),
        View("whole tree", _by_hosts(calm), thresholds.TREE_RISE_MIN_MB, adds_up=True),
        View("hosts", _by_host(kept, births), thresholds.HOST_RISE_MIN_MB, adds_up=False),
    )
    trends = tuple(trend for view in views if (trend := _trend(view)) is not None)
    return Memory(trends=trends, used=len(kept), seen=len(measured))


def warm_up_s(run: Run) -> float:
    """The plan's warm-up, else ten minutes, but never more than a quarter of the plan."""
    if run.plan.warm_up_s is not None:
        return float(run.plan.warm_up_s)
    planned_s = float(run.plan.planned_s or WARM_UP_DEFAULT_S * 4)
    return min(WARM_UP_DEFAULT_S, planned_s / 4)


def _settled(run: Run, samples: Sequence[Sample]) -> list[Sample]:
    """Samples of a running kernel past its warm-up, outside of faults that take memory."""
    run_warm_us = run.started_us + warm_up_s(run) * 1e6
    kernel_warm_us = min(thresholds.RESTART_WARM_UP_MAX_S, warm_up_s(run)) * 1e6
    faults = [
        (fault.from_us, fault.over_us)
        for fault in run.faults()
        if fault.name not in thresholds.QUIET_FAULTS
    ]
    first_seen: dict[int, int] = {}
    kept = []
    for sample in samples:
        if sample.kernel_pid is None:
            continue
        born_us = first_seen.setdefault(sample.kernel_pid, sample.at_us)
        in_fault = any(from_us <= sample.at_us <= to_us for from_us, to_us in faults)
        is_warm = sample.at_us >= max(run_warm_us, born_us + kernel_warm_us)
        if is_warm and not in_fault:
            kept.append(sample)
    return kept


def _births(samples: Iterable[Sample]) -> dict[str, Sample]:
    """The first sample of each host."""
    births: dict[str, Sample] = {}
    for sample in samples:
        for host in sample.hosts:
            births.setdefault(host.host_id, sample)
    return births


def _is_warm(host: HostSample, sample: Sample, births: dict[str, Sample]) -> bool:
    """Whether it has computed long enough; what all hosts used is shared out among them."""
    birth = births[host.host_id]
    if birth.heavy_cpu_s is None or sample.heavy_cpu_s is None:
        return (sample.at_us - birth.at_us) / 1e6 >= thresholds.HOST_WARM_UP_S
    own_s = (sample.heavy_cpu_s - birth.heavy_cpu_s) / len(sample.hosts)
    return own_s >= thresholds.HOST_WARM_UP_CPU_S


def _total_mb(sample: Sample) -> float:
    return ((sample.tree_pss_bytes or 0) + (sample.tree_swap_bytes or 0)) / MB


def _grouped(keyed: Iterable[tuple[object, Point]]) -> tuple[tuple[Point, ...], ...]:
    """Points by key, each group reduced to its floors over a common width of bucket."""
    groups: dict[object, list[Point]] = {}
    for key, point in keyed:
        groups.setdefault(key, []).append(point)
    times = [t for group in groups.values() for t, _ in group]
    if not times:
        return ()
    bucket_s = max((max(times) - min(times)) / BUCKETS, 1e-3)
    return tuple(tuple(floors(group, bucket_s)) for group in groups.values())


def _by_kernel(samples: Iterable[Sample]) -> tuple[tuple[Point, ...], ...]:
    def without_hosts(sample: Sample) -> float:
        return _total_mb(sample) - sum(host.pss_bytes or 0 for host in sample.hosts) / MB

    return _grouped(
        (sample.kernel_pid, (sample.at_us / 1e6, without_hosts(sample))) for sample in samples
    )


def _by_hosts(samples: Iterable[Sample]) -> tuple[tuple[Point, ...], ...]:
    return _grouped(
        (len(sample.hosts), (sample.at_us / 1e6, _total_mb(sample))) for sample in samples
    )


def _by_host(samples: Iterable[Sample], births: dict[str, Sample]) -> tuple[tuple[Point, ...], ...]:
    return _grouped(
        (host.host_id, (sample.at_us / 1e6, host.pss_bytes / MB))
        for sample in samples
        for host in sample.hosts
        if host.pss_bytes is not None and _is_warm(host, sample, births)
    )


def _trend(view: View) -> Trend | None:
    line = fit(view.groups)
    if line is None or view.points < POINTS_MIN or view.observed_s < SPAN_MIN_S:
        return None
    return Trend(
        name=view.name,
        line=line,
        observed_s=view.observed_s,
        limit_mb_h=slope_limit_mb_h(view.observed_s, view.rise_min_mb),
        growth_mb=max(rise(group) for group in view.groups),
        is_step=is_step(view.groups, line),
    )


def slope_limit_mb_h(span_s: float, rise_min_mb: float) -> float:
    """The slope that a line of this length may have.

    From `thresholds.SLOPE_SPAN_FULL_S` on the limit itself; below, at least the slope that
    rises by ``rise_min_mb``.
    """
    limit = thresholds.threshold("memory_slope").limit or 0.0
    if span_s >= thresholds.SLOPE_SPAN_FULL_S:
        return limit
    return max(limit, rise_min_mb / (span_s / 3600.0))
