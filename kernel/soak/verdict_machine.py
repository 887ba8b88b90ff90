"""Criteria on processes and what they take of the machine. Pure.

Covers: orphans, the cap, zombies, crashes, budgets, heavy work while active. Does not cover:
memory over time in detail (`memory`), evidence (`verdict_evidence`), the course (`verdict_course`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from contracts.soak import SoakCriterion
from kernel.soak import thresholds
from kernel.soak.criterion import judged, unknown
from kernel.soak.memory import Trend, study_memory
from kernel.soak.runfiles import EVENTS, LEDGER, METRICS, Run, Sample
from kernel.soak.silence import explained_gaps
from kernel.soak.thresholds import threshold

KERNEL = "kernel"
"""Part of the names of faults that end the kernel."""


def judge_machine(run: Run) -> list[SoakCriterion]:
    """Processes, memory, budgets, the person's peace."""
    return [
        _orphans(run),
        _hosts(run),
        _zombies(run),
        _crashes(run),
        *_memory(run),
        *([] if run.plan.live else [_renewals(run)]),
        _cpu(run),
        _memory_budget(run),
        _heavy(run),
        # On a person's own machine nobody tells the moment of their return.
        *([] if run.plan.live else [_stops(run)]),
    ]


def _why_none(run: Run, what: str) -> str:
    problem = run.problems.get(METRICS)
    return f"{METRICS} is {problem}" if problem else f"no sample holds {what}"


def _orphans(run: Run) -> SoakCriterion:
    """A host may outlive its kernel for two seconds; a sample in them is forgiven, and told."""
    row = threshold("orphans")
    seen = [(s.at_us, s.orphans) for s in run.samples if s.orphans is not None]
    if not seen:
        return unknown(row, _why_none(run, "orphans"))
    ends = [event.at_us for event in run.events if event.kind in {"kernel_exit", "fault"}]
    grace_us = thresholds.ORPHAN_GRACE_S * 1e6
    counted = [
        count
        for at_us, count in seen
        if not any(0 <= at_us - end_us <= grace_us for end_us in ends)
    ]
    forgiven = sum(1 for _, count in seen if count) - sum(1 for count in counted if count)
    detail = f"{sum(1 for count in counted if count)} of {len(seen)} samples show some"
    if forgiven:
        detail += f"; {forgiven} more within {thresholds.ORPHAN_GRACE_S:.0f} s of a kill"
    return judged(row, max(counted, default=0), detail)


def _hosts(run: Run) -> SoakCriterion:
    row, cap = threshold("hosts_peak"), run.plan.hosts_max
    counts = [s.hosts_count for s in run.samples if s.hosts_count is not None]
    counts += [len(s.hosts) for s in run.samples]
    peaks = [event.count for event in run.events_of("host_peak") if event.count is not None]
    peaks += [s.hosts_peak for s in run.samples if s.hosts_peak is not None]
    if not run.samples:
        return unknown(row, _why_none(run, "hosts"), limit=cap)
    detail = f"samples show {max(counts)} at most"
    if peaks:
        detail += f", the closer watch {max(peaks)}"
    return judged(row, max([*counts, *peaks]), detail, limit=cap)


def _zombies(run: Run) -> SoakCriterion:
    """Every child is a zombie between its end and `wait`: one that stays is collected by nobody."""
    row = threshold("zombies")
    counted = [(s.at_us, s.zombies) for s in run.samples if s.zombies is not None]
    if not counted:
        return unknown(row, _why_none(run, "zombies"))
    lasting, streak = 0, list[tuple[int, int]]()
    for at_us, count in counted:
        streak = [*streak, (at_us, count)] if count else []
        if streak and (at_us - streak[0][0]) / 1e6 >= thresholds.ZOMBIE_LASTS_S:
            lasting = max(lasting, min(number for _, number in streak))
    seen = sum(1 for _, count in counted if count)
    detail = f"{seen} of {len(counted)} samples show one"
    if not lasting and seen:
        detail += f", none for {thresholds.ZOMBIE_LASTS_S:.0f} s"
    return judged(row, lasting, detail)


def _crashes(run: Run) -> SoakCriterion:
    """Ends without an explanation, told by the driver or seen as another pid in the samples."""
    row = threshold("crashes")
    if EVENTS in run.problems:
        return unknown(row, f"{EVENTS} is {run.problems[EVENTS]}")
    exits = run.events_of("kernel_exit")
    excuses = [(span.from_us, span.over_us) for span in run.faults() if KERNEL in span.name]
    excuses += [(gap.from_us or gap.at_us, gap.to_us or gap.at_us) for gap in explained_gaps(run)]
    crashes = [
        event
        for event in exits
        if event.explained_by is None
        or (event.explained_by is msgspec.UNSET and not _excused(event.at_us, event.at_us, excuses))
    ]
    unseen = [
        (before.at_us, after.at_us)
        for before, after in pairwise(s for s in run.samples if s.kernel_pid is not None)
        if before.kernel_pid != after.kernel_pid
        and not any(before.at_us <= event.at_us <= after.at_us for event in exits)
        and not _excused(before.at_us, after.at_us, excuses)
    ]
    times = [event.at_us for event in crashes] + [at_us for _, at_us in unseen]
    said = [f"{(at_us - run.started_us) / 1e6:.0f} s into the run" for at_us in sorted(times)]
    detail = f"ends in all: {len(exits) + len(unseen)}"
    return judged(row, len(times), "; ".join([detail, *said[:5]]))


def _excused(from_us: int, to_us: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(begun_us <= to_us and from_us <= over_us for begun_us, over_us in spans)


def _memory(run: Run) -> list[SoakCriterion]:
    slope_row, growth_row = threshold("memory_slope"), threshold("memory_growth")
    memory = study_memory(run)
    grown, steepest = memory.worst_growth, memory.steepest
    if grown is None:
        why = f"{memory.used} of {memory.seen} samples can be compared: too few"
        if not memory.seen:
            why = _why_none(run, "memory")
        return [unknown(slope_row, why), unknown(growth_row, why)]
    told = "; ".join(_trend_text(trend) for trend in memory.trends)
    used = f"{memory.used} of {memory.seen} samples"
    if steepest is None:
        longest = max(memory.trends, key=lambda trend: trend.observed_s)
        detail = f"no line fits (r2 over {thresholds.SLOPE_R2_MIN}), so none counts: {told}; {used}"
        slope = judged(slope_row, 0.0, detail, limit=longest.limit_mb_h)
    else:
        detail = f"{steepest.name}: {told}; {used}"
        slope = judged(slope_row, steepest.slope_mb_h, detail, limit=steepest.limit_mb_h)
    return [slope, judged(growth_row, grown.growth_mb, f"{grown.name}; {used}")]


def _renewals(run: Run) -> SoakCriterion:
    """A leak that was put in on purpose explains those around it."""
    row = threshold("memory_renewals")
    if run.ledger is None:
        return unknown(row, f"the ledger's facts ({LEDGER}) are {run.problems[LEDGER]}")
    margin_us = thresholds.LEAK_MARGIN_S * 1e6
    spans = [
        (span.from_us - margin_us, span.over_us + margin_us)
        for span in run.faults()
        if span.name == thresholds.LEAK_FAULT
    ]
    times = run.ledger.renewals_us
    unasked = [t for t in times if not any(a <= t <= b for a, b in spans)]
    said = [f"{(at_us - run.started_us) / 1e6:.0f} s into the run" for at_us in unasked[:5]]
    told = f"{len(times) - len(unasked)} more by leaks that were put in"
    return judged(row, len(unasked), "; ".join([told, *said]))


def _trend_text(trend: Trend) -> str:
    step = ", a step" if trend.is_step else ""
    return (
        f"{trend.name} {trend.slope_mb_h:+.1f} MB/h, r2 {trend.line.r2:.2f} over "
        f"{trend.observed_s / 60:.0f} min, grew {trend.growth_mb:+.1f} MB{step}"
    )


def _cpu(run: Run) -> SoakCriterion:
    """What the sampler flagged, and windows of ten seconds that its own shares show too high."""
    row, most = threshold("cpu_violations"), run.plan.cpu_share_max
    if not any(s.cpu_share is not None or s.cpu_budget_exceeded is not None for s in run.samples):
        return unknown(row, _why_none(run, "CPU"))
    flagged = {s.at_us for s in run.samples if s.cpu_budget_exceeded}
    highest = max((s.cpu_window_share or 0.0 for s in run.samples), default=0.0)
    for at_us, share in _cpu_windows(run.samples):
        highest = max(highest, share)
        if most is not None and share > most + thresholds.CPU_TOLERANCE:
            flagged.add(at_us)
    detail = f"highest share over {thresholds.CPU_WINDOW_S:.0f} s: {highest:.1%}"
    if most is not None:
        detail += f" of {most:.0%}"
    return judged(row, len(flagged), detail)


def _cpu_windows(samples: Sequence[Sample]) -> Iterator[tuple[int, float]]:
    """End and mean share of each stretch of at least a window; none across a silence."""
    steps: list[tuple[float, float]] = []
    for before, after in pairwise(samples):
        span_s = (after.at_us - before.at_us) / 1e6
        if after.cpu_share is None or not 0 < span_s <= thresholds.GAP_MIN_S:
            steps = []
            continue
        steps.append((span_s, after.cpu_share))
        while sum(span for span, _ in steps[1:]) >= thresholds.CPU_WINDOW_S:
            steps.pop(0)
        length_s = sum(span for span, _ in steps)
        if length_s >= thresholds.CPU_WINDOW_S * 0.95:
            yield after.at_us, sum(span * share for span, share in steps) / length_s


def _memory_budget(run: Run) -> SoakCriterion:
    row, limit = threshold("memory_violations"), run.plan.memory_limit_bytes
    totals = [
        (s.at_us, s.tree_pss_bytes + (s.tree_swap_bytes or 0))
        for s in run.samples
        if s.tree_pss_bytes is not None
    ]
    if not totals:
        return unknown(row, _why_none(run, "memory"))
    flagged = {s.at_us for s in run.samples if s.ram_budget_exceeded}
    if limit is not None:
        flagged |= {at_us for at_us, total in totals if total > limit}
    detail = f"highest {max(total for _, total in totals) / 1e6:.0f} MB"
    if limit is not None:
        detail += f" of {limit / 1e6:.0f} MB"
    return judged(row, len(flagged), detail)


def _heavy(run: Run) -> SoakCriterion:
    row = threshold("heavy_while_active")
    deadline_s = run.plan.stop_deadline_s
    measured = [s for s in run.samples if s.heavy_cpu_s is not None]
    if not any(s.truth == "active" for s in measured):
        return unknown(row, _why_none(run, "heavy CPU time while active"))
    if deadline_s is None:
        return unknown(row, "the plan of the run names no stop deadline")
    cores = _cores(run)
    total_s, active_s, worst_s, worst_us = 0.0, 0.0, 0.0, 0
    for before, after, since_us in _active_steps(run, measured):
        spent_s = max(0.0, (after.heavy_cpu_s or 0.0) - (before.heavy_cpu_s or 0.0))
        left_s = (since_us - before.at_us) / 1e6 + deadline_s
        beyond_s = spent_s - max(0.0, left_s) * cores
        active_s += (after.at_us - before.at_us) / 1e6
        if beyond_s > thresholds.CPU_TICKS_S:
            total_s += beyond_s
            if beyond_s > worst_s:
                worst_s, worst_us = beyond_s, after.at_us
    # The closer watch sees what falls between two samples, one of them idle.
    watched_s = max((s.heavy_active_cpu_s or 0.0 for s in run.samples), default=0.0)
    if watched_s > thresholds.CPU_TICKS_S:
        total_s = max(total_s, watched_s)
    detail = f"over {active_s:.0f} s of activity; the closer watch saw {watched_s:.2f} s"
    if worst_us:
        at_s = (worst_us - run.started_us) / 1e6
        detail += f"; worst {worst_s:.2f} s before {at_s:.0f} s into the run"
    return judged(row, total_s, detail)


def _active_steps(run: Run, samples: Sequence[Sample]) -> Iterator[tuple[Sample, Sample, int]]:
    """Neighbours that are both active, with the instant since which the person is.

    Between an idle and an active sample heavy work was lawful for an unknown part: a phase's
    event tells the instant; without one the first active sample stands for it.
    """
    returns = [event.at_us for event in run.events_of("phase") if event.truth == "active"]
    since_us = 0
    for before, after in pairwise(samples):
        if before.truth != "active":
            since_us = 0
            continue
        if not since_us:
            earlier = [at_us for at_us in returns if at_us <= before.at_us]
            since_us = earlier[-1] if earlier else before.at_us
        if after.truth == "active":
            yield before, after, since_us


def _cores(run: Run) -> float:
    cores = run.plan.machine.get("cores")
    return float(cores) if isinstance(cores, int | float) and cores > 0 else 1.0


def _stops(run: Run) -> SoakCriterion:
    row, deadline_s = threshold("stops_late"), run.plan.stop_deadline_s
    took = [event.took_ms for event in run.events_of("stop") if event.took_ms is not None]
    if deadline_s is None:
        return unknown(row, "the plan of the run names no stop deadline")
    if not took:
        return _no_stops(run)
    late = [ms for ms in took if ms > deadline_s * 1000]
    detail = f"{len(took)} stops, the slowest {max(took):.0f} of {deadline_s * 1000:.0f} ms"
    return judged(row, len(late), detail)


def _no_stops(run: Run) -> SoakCriterion:
    """Fine where there was nothing to stop when the person came back."""
    row = threshold("stops_late")
    if not run.samples:
        return unknown(row, _why_none(run, "stops"))
    returned = any(
        before.truth == "idle" and after.truth == "active" and before.hosts
        for before, after in pairwise(run.samples)
    )
    if returned:
        return unknown(row, "hosts ran when the person came back, and no stop was measured")
    return judged(row, 0, "no host ran when the person came back")
