"""What the plan believes a model costs: measured where there are measurements, else declared.

Covers: aggregates -> `ModelTimings`. Does not cover: counting (`kernel.store.telemetry`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from kernel.scheduling.schedule import ModelTimings
from kernel.store.telemetry import StageAggregate

RUNS_MIN = 3
"""Below this many runs the declared task time holds: the first ones say little."""


def learn_timings(
    declared: Mapping[str, ModelTimings],
    aggregates: Iterable[StageAggregate],
    caps: Mapping[str, int] | None = None,
) -> dict[str, ModelTimings]:
    """Timings per model key.

    The task time is the mean over the model's stages, weighted by runs; memory is the
    larger of the declared need and the largest peak seen: a plan must not count on luck.
    But never more than the host's own cap in ``caps``: beyond it the host is ended, and the
    peak of a leak must not keep its model from ever being loaded again.
    """
    by_model: dict[str, list[StageAggregate]] = {}
    for aggregate in aggregates:
        by_model.setdefault(aggregate.model_key, []).append(aggregate)
    learned = dict(declared)
    for model_key, found in by_model.items():
        start = declared.get(model_key, ModelTimings(load_s=10.0, task_s=1.0, memory_bytes=0))
        learned[model_key] = _learn(start, found)
    return {key: _capped(timings, (caps or {}).get(key)) for key, timings in learned.items()}


def _capped(timings: ModelTimings, cap_bytes: int | None) -> ModelTimings:
    if cap_bytes is None or timings.memory_bytes <= cap_bytes:
        return timings
    return replace(timings, memory_bytes=cap_bytes)


def _learn(start: ModelTimings, found: list[StageAggregate]) -> ModelTimings:
    runs = sum(aggregate.runs for aggregate in found)
    task_s = start.task_s
    if runs >= RUNS_MIN:
        recent = sum(aggregate.get("run_us").recent * aggregate.runs for aggregate in found)
        task_s = recent / runs / 1e6
    loaded = [aggregate for aggregate in found if aggregate.loads]
    load_s = start.load_s
    if loaded:
        load_s = max(aggregate.get("load_us").recent for aggregate in loaded) / 1e6
    peaks = [aggregate.get("memory_peak_bytes").histogram.largest for aggregate in found]
    return ModelTimings(
        load_s=load_s, task_s=task_s, memory_bytes=max([start.memory_bytes, *peaks])
    )
