"""Which pictures a soak's report shows, taken from its samples, checks and events. Pure.

Covers: series, limits, bands, marks, the table of figures. Does not cover: drawing (`plots`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from kernel.soak import thresholds
from kernel.soak.axis import time_text, value_text
from kernel.soak.plots import Chart, Limit, Mark, Scene, Series
from kernel.soak.runfiles import Run, Sample

MB = 1e6
SLOTS_MAX = 8
"""Hosts drawn at a time; more than the cap of any profile."""
TABLE_ROWS_MAX = 24

Pick = Callable[[Sample], float | int | None]


def make_scene(run: Run) -> Scene:
    """Length, idle spells, gaps and faults of the run."""
    start_us = run.started_us
    length_s = max((run.ended_us - start_us) / 1e6, 1.0)

    def at_s(at_us: int) -> float:
        return min(length_s, max(0.0, (at_us - start_us) / 1e6))

    gaps = tuple(
        (at_s(gap.from_us), at_s(gap.to_us))
        for gap in run.events_of("gap")
        if gap.from_us is not None and gap.to_us is not None
    )
    marks = tuple(
        Mark(at_s(fault.from_us), number, fault.name)
        for number, fault in enumerate(run.faults(), 1)
    )
    idle = tuple((at_s(a), at_s(b)) for a, b in idle_spells(run))
    return Scene(length_s, idle=idle, gaps=gaps, marks=marks, interval_s=run.interval_s)


def idle_spells(run: Run) -> list[tuple[int, int]]:
    """From-to in UTC during which the person was away, by the driver's word."""
    phases = [(event.at_us, event.truth) for event in run.events_of("phase") if event.truth]
    told = phases or [(sample.at_us, sample.truth) for sample in run.samples]
    spells: list[tuple[int, int]] = []
    begun: int | None = None
    for at_us, truth in told:
        if truth == "idle" and begun is None:
            begun = at_us
        elif truth != "idle" and begun is not None:
            spells.append((begun, at_us))
            begun = None
    if begun is not None:
        spells.append((begun, run.ended_us))
    return spells


def make_charts(run: Run) -> tuple[Chart, ...]:
    """All pictures, in the order in which they are shown."""
    return (
        _memory(run),
        _cpu(run),
        _hosts(run),
        _backlog(run),
        _latencies(run),
        _throughput(run),
        _processes(run),
        _disk(run),
    )


def _line(run: Run, name: str, pick: Pick, factor: float = 1.0) -> Series:
    start_us = run.started_us
    return Series(
        name,
        tuple(
            ((sample.at_us - start_us) / 1e6, value * factor)
            for sample in run.samples
            if (value := pick(sample)) is not None
        ),
    )


def _memory(run: Run) -> Chart:
    def tree(sample: Sample) -> float | None:
        if sample.tree_pss_bytes is None:
            return None
        return sample.tree_pss_bytes + (sample.tree_swap_bytes or 0)

    limit = run.plan.memory_limit_bytes
    return Chart(
        "memory",
        "Memory",
        "Proportional memory and swap of the kernel and all its hosts, and of each part.",
        "MB",
        (
            _line(run, "whole tree", tree, 1 / MB),
            _line(run, "kernel", lambda sample: sample.kernel_pss_bytes, 1 / MB),
            *_host_slots(run),
        ),
        () if limit is None else (Limit("memory budget", limit / MB),),
    )


def _host_slots(run: Run) -> list[Series]:
    """Hosts come and go; each takes the first free slot, and keeps it while it lives."""
    slots: dict[str, int] = {}
    points: dict[int, list[tuple[float, float]]] = {}
    for sample in run.samples:
        present = {host.host_id for host in sample.hosts}
        slots = {host_id: slot for host_id, slot in slots.items() if host_id in present}
        for host in sample.hosts:
            free = [slot for slot in range(SLOTS_MAX) if slot not in slots.values()]
            slot = slots.setdefault(host.host_id, free[0] if free else SLOTS_MAX - 1)
            if host.pss_bytes is not None:
                at_s = (sample.at_us - run.started_us) / 1e6
                points.setdefault(slot, []).append((at_s, host.pss_bytes / MB))
    return [Series(f"host {slot + 1}", tuple(points[slot])) for slot in sorted(points)]


def _cpu(run: Run) -> Chart:
    most = run.plan.cpu_share_max
    return Chart(
        "cpu",
        "CPU",
        "Share of all cores that the kernel and its hosts used, per sample; the budget is one over "
        f"{thresholds.CPU_WINDOW_S:.0f} s.",
        "%",
        (_line(run, "whole tree", lambda sample: sample.cpu_share, 100.0),),
        () if most is None else (Limit("CPU budget", most * 100.0),),
    )


def _hosts(run: Run) -> Chart:
    cap = run.plan.hosts_max
    peaks = tuple(
        ((event.at_us - run.started_us) / 1e6, float(event.count))
        for event in run.events_of("host_peak")
        if event.count is not None
    )
    series = [_line(run, "hosts", lambda sample: sample.hosts_count)]
    if peaks:
        series.append(Series("closer watch, peak", peaks, dots=True))
    return Chart(
        "hosts",
        "Hosts",
        "Plugin hosts at a time, seen from outside.",
        "hosts",
        tuple(series),
        () if cap is None else (Limit("cap", float(cap)),),
        whole=True,
    )


def _backlog(run: Run) -> Chart:
    def count(state: str) -> Pick:
        return lambda sample: None if sample.backlog is None else sample.backlog.get(state)

    series = [_line(run, state, count(state)) for state in ("waiting", "leased")]
    given_up = [_line(run, state, count(state)) for state in ("failed", "quarantined")]
    series += [line for line in given_up if any(y for _, y in line.points)]
    return Chart(
        "backlog",
        "Backlog",
        "Tasks that wait for an idle person.",
        "tasks",
        tuple(series),
        whole=True,
    )


def _latencies(run: Run) -> Chart:
    def ack(quantile: str) -> Pick:
        return lambda sample: None if sample.ack_ms is None else sample.ack_ms.get(quantile)

    start_us = run.started_us
    stops = tuple(
        ((event.at_us - start_us) / 1e6, event.took_ms)
        for event in run.events_of("stop")
        if event.took_ms is not None
    )
    asked = tuple(
        ((check.at_us - start_us) / 1e6, check.ms) for check in run.checks if check.ms is not None
    )
    deadline_s = run.plan.stop_deadline_s
    return Chart(
        "latency",
        "Latencies",
        "From drop to acknowledgement, from the person's return to the stop, of a question.",
        "ms",
        (
            _line(run, "acknowledgement p50", ack("p50")),
            _line(run, "acknowledgement p99", ack("p99")),
            Series("stop", stops, dots=True),
            Series("self-check", asked, dots=True),
        ),
        () if deadline_s is None else (Limit("stop deadline", deadline_s * 1000.0),),
        logarithmic=True,
    )


def _throughput(run: Run) -> Chart:
    return Chart(
        "throughput",
        "Captured and processed",
        "Events in evidence and those that are understood, since the start.",
        "events",
        (
            _line(run, "captured", lambda sample: sample.captured),
            _line(run, "processed", lambda sample: sample.processed),
        ),
        whole=True,
    )


def _processes(run: Run) -> Chart:
    return Chart(
        "processes",
        "Processes, threads, descriptors",
        "Of the whole tree; what only ever rises is a leak.",
        "of each",
        (
            _line(run, "descriptors", lambda sample: sample.descriptors),
            _line(run, "threads", lambda sample: sample.threads),
            _line(run, "processes", lambda sample: sample.processes),
            _line(run, "zombies", lambda sample: sample.zombies),
        ),
        whole=True,
    )


def _disk(run: Run) -> Chart:
    return Chart(
        "disk",
        "Disk",
        "What the data dir and the spool hold.",
        "MB",
        (
            _line(run, "data dir", lambda sample: sample.data_bytes, 1 / MB),
            _line(run, "spool", lambda sample: sample.spool_bytes, 1 / MB),
        ),
    )


def make_table(charts: Iterable[Chart], scene: Scene) -> tuple[list[str], list[list[str]]]:
    """The pictures' figures for readers of text: head and rows, each the highest of its time."""
    lines = [(chart, series) for chart in charts for series in chart.series if not series.dots]
    lines = [(chart, series) for chart, series in lines if series.points]
    head = ["from", *(f"{chart.title}: {series.name} ({chart.unit})" for chart, series in lines)]
    edges = [scene.length_s * n / TABLE_ROWS_MAX for n in range(TABLE_ROWS_MAX + 1)]
    rows = [
        [time_text(a), *(_highest(series.points, a, b) for _, series in lines)]
        for a, b in pairwise(edges)
    ]
    return head, rows


def _highest(points: Sequence[tuple[float, float]], from_s: float, to_s: float) -> str:
    inside = [y for t, y in points if from_s <= t < to_s]
    return value_text(round(max(inside), 1)) if inside else "-"
