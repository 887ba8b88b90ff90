"""What a person's day brings: frames, their bytes, and what reading one costs.

All is pure but `measure`, which reads a data dir.
Covers: assumptions and their measured counterparts. Does not cover: the day itself
(`kernel.soak.day`), spending it (`simulate`).
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kernel.config.paths import DataDir
from kernel.scheduling.schedule import ModelTimings
from kernel.store.evidence import EvidenceStore
from kernel.store.histogram import Histogram, upper_edge
from kernel.store.telemetry import StageAggregate, TelemetryStore

CHANGE_SHARES: Mapping[str, float] = {
    "work": 0.30,
    "typing": 0.60,
    "scroll": 0.70,
    "switches": 0.20,
    "burst": 1.0,
    "video": 1.0,
    "clock_change": 0.30,
    "suspend": 0.0,
}
"""Share of the first monitor's captures that differ from the one before, by mood: assumptions.
A still screen is dropped no picture for (docs/inbox.md)."""
CHANGE_SHARE_OTHER = 0.30
SIDE_MONITOR_SHARE = 0.2
"""A further monitor changes so much more rarely than the first."""
HEARTBEAT_S = 30.0
"""While the person is away each monitor still hands in a frame this often, with known pixels."""

RUNS_MIN = 20
"""Fewer measured runs than this are no distribution."""
STAGE_OTHER_MEMORY = 256 << 20


@dataclass(frozen=True, slots=True)
class StageCost:
    """One stage and model: load, memory, and the distribution of one task's CPU seconds.

    ``per_frame``: tasks for each frame with new pixels. ``source`` says where it comes from.
    """

    stage: str
    model_key: str
    load_s: float
    memory_bytes: int
    values_s: tuple[float, ...]
    weights: tuple[float, ...]
    per_frame: float = 1.0
    source: str = "assumed"

    @property
    def mean_s(self) -> float:
        """Of one task."""
        total = sum(self.weights)
        return sum(v * w for v, w in zip(self.values_s, self.weights, strict=True)) / total

    @property
    def timings(self) -> ModelTimings:
        """As the plan sees it."""
        return ModelTimings(self.load_s, self.mean_s, self.memory_bytes)

    def draw_s(self, rng: random.Random, count: int) -> float:
        """CPU seconds of so many tasks."""
        return sum(rng.choices(self.values_s, self.weights, k=count))


TEXT_COST = StageCost(
    stage="text",
    model_key="pp-ocrv6-small",
    load_s=1.6,
    memory_bytes=671_088_640,
    # docs/ocr.md: a recorded session costs 1.07 CPU s a frame, its median frame 0.31.
    values_s=(0.31, 3.35),
    weights=(0.75, 0.25),
    source="docs/ocr.md",
)


@dataclass(frozen=True, slots=True)
class Workload:
    """Bytes and costs of one frame; see `measure` for where they come from."""

    stages: tuple[StageCost, ...] = (TEXT_COST,)
    blob_bytes: float = 420_000.0
    """Mean of the recorded session of docs/ocr.md, as PNG."""
    event_bytes: float = 1_200.0
    """Of the journal: event, ledger, backlog."""
    derived_bytes: float = 30_000.0
    """Of derived records for one frame that was read, index included."""
    repeat_share: float = 0.05
    """Changed captures whose very bytes are known: windows that come back."""
    sources: Mapping[str, str] = field(default_factory=lambda: {"bytes": "assumed"})

    def change_share(self, mood: str, monitor: int) -> float:
        """Share of this monitor's captures that differ from the one before."""
        share = CHANGE_SHARES.get(mood, CHANGE_SHARE_OTHER)
        return share if monitor == 0 else share * SIDE_MONITOR_SHARE


def measure(data_dir: DataDir, assumed: Workload | None = None) -> Workload:
    """The workload as one data dir shows it; what it cannot show stays as assumed.

    How many captures repeat is not taken from there: a capture program that hands in still screens
    would make it look as if what changes were known already. Raises `KernelError` where the
    data dir cannot be read.
    """
    workload = assumed or Workload()
    sources = dict(workload.sources)
    if data_dir.journal_db.is_file():
        with EvidenceStore.open_read_only(data_dir) as store:
            stats = store.stats()
        if stats.events >= RUNS_MIN and stats.blobs:
            sources |= {"bytes": f"{stats.events} events"}
            workload = replace(
                workload,
                blob_bytes=stats.pack_bytes / stats.blobs,
                event_bytes=stats.journal_bytes / stats.events,
            )
    telemetry = TelemetryStore.open_read_only(data_dir)
    if telemetry is not None:
        aggregates = telemetry.read()
        telemetry.close()
        workload = replace(workload, stages=stage_costs(aggregates) or workload.stages)
        runs = max((aggregate.runs for aggregate in aggregates), default=0)
        if runs >= RUNS_MIN:
            sources["derived"] = f"{runs} runs"
            workload = replace(workload, derived_bytes=data_dir.derived_db.stat().st_size / runs)
    return replace(workload, sources=sources)


def stage_costs(aggregates: tuple[StageAggregate, ...]) -> tuple[StageCost, ...]:
    """Costs out of telemetry, for stages with enough runs; the largest count is one per frame.

    Run times are wall time inside a host under its budgets, taken here as CPU time: on the
    safe side where the budget stopped the host in between.
    """
    known = [aggregate for aggregate in aggregates if aggregate.runs >= RUNS_MIN]
    most = max((aggregate.runs for aggregate in known), default=1)
    return tuple(_cost(aggregate, aggregate.runs / most) for aggregate in known)


def _cost(aggregate: StageAggregate, per_frame: float) -> StageCost:
    run = aggregate.get("run_us").histogram
    load = aggregate.get("load_us").histogram
    values_s, weights = _distribution(run)
    peak = aggregate.get("memory_peak_bytes").histogram.largest
    return StageCost(
        stage=aggregate.stage,
        model_key=aggregate.model_key,
        load_s=load.mean / 1e6,
        memory_bytes=peak or STAGE_OTHER_MEMORY,
        values_s=values_s,
        weights=weights,
        per_frame=per_frame,
        source=f"{aggregate.runs} runs",
    )


def _distribution(histogram: Histogram) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Buckets as values in seconds, moved so that their mean is the exact one."""
    buckets = sorted(histogram.buckets)
    counts = [histogram.buckets[bucket] for bucket in buckets]
    edges = [upper_edge(bucket) for bucket in buckets]
    edges_mean = sum(e * c for e, c in zip(edges, counts, strict=True)) / sum(counts)
    factor = histogram.mean / edges_mean if edges_mean else 0.0
    return tuple(edge * factor / 1e6 for edge in edges), tuple(float(count) for count in counts)
