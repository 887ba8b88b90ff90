"""`kernel stats`: what each stage and model has cost so far.

Covers: printing. Does not cover: counting (`kernel.store.telemetry`).
"""

from __future__ import annotations

import json
from typing import Any

import click

from contracts.stages import GRAPH
from kernel.cli.options import data_dir_option, json_option
from kernel.config.paths import DataDir
from kernel.store.telemetry import METRICS, Metric, StageAggregate, TelemetryStore

_US_PER_S = 1e6
_MIB = 1 << 20


@click.command(help="Show waits, loads, runs, memory and failures per stage and model.")
@click.option(
    "--prometheus",
    is_flag=True,
    help="Print Prometheus' text form: write it where a collector reads text files.",
)
@json_option
@data_dir_option
def stats(*, prometheus: bool, as_json: bool, data_dir: DataDir) -> None:
    """Print all aggregates; nothing counted yet is no error."""
    store = TelemetryStore.open_read_only(data_dir)
    aggregates: tuple[StageAggregate, ...] = ()
    if store is not None:
        aggregates = store.read()
        store.close()
    if prometheus:
        # Imported here: the client library is of no use to the other forms.
        from kernel.observe.metrics import gauges_of, render_metrics
        from kernel.observe.status import read_status

        gauges = gauges_of(read_status(data_dir))
        click.echo(render_metrics(aggregates, gauges).decode(), nl=False)
        return
    if as_json:
        click.echo(json.dumps({"stages": [describe(aggregate) for aggregate in aggregates]}))
        return
    if not aggregates:
        click.echo("nothing was processed yet")
    for aggregate in sorted(aggregates, key=_order):
        for line in format_aggregate(aggregate):
            click.echo(line)


def _order(aggregate: StageAggregate) -> int:
    """The stages as a frame goes through them; work beside the graph comes last."""
    names = [shape.name for shape in GRAPH]
    return names.index(aggregate.stage) if aggregate.stage in names else len(names)


def describe(aggregate: StageAggregate) -> dict[str, Any]:
    """One aggregate in plain JSON types; times in microseconds, memory in bytes."""
    return {
        "stage": aggregate.stage,
        "model": aggregate.model_key,
        "runs": aggregate.runs,
        "loads": aggregate.loads,
        "loads_per_1000_runs": loads_per_1000(aggregate),
        "failures": aggregate.failures,
        **{metric: _describe_series(aggregate, metric) for metric in METRICS},
    }


def loads_per_1000(aggregate: StageAggregate) -> float | None:
    """Model loads per thousand runs; None before the first run."""
    return round(1_000 * aggregate.loads / aggregate.runs, 3) if aggregate.runs else None


def format_aggregate(aggregate: StageAggregate) -> list[str]:
    """One aggregate for people."""
    failures = ", ".join(f"{count} {kind}" for kind, count in aggregate.failures.items())
    peak = aggregate.get("memory_peak_bytes").histogram.largest
    read = aggregate.get("input_bytes").histogram.total
    return [
        f"{aggregate.stage} by {aggregate.model_key or '(no model)'}",
        f"  runs   {aggregate.runs}, failures: {failures or 'none'}",
        f"  wait   {_times(aggregate, 'queue_wait_us')}",
        f"  load   {_times(aggregate, 'load_us')}; {aggregate.loads} loads, "
        f"{loads_per_1000(aggregate) or 0:.1f} per 1000 runs",
        f"  run    {_times(aggregate, 'run_us')}",
        *([f"  failed {_times(aggregate, 'failed_us')}"] if aggregate.failures else []),
        f"  memory {peak / _MIB:.0f} MiB at most; {read / _MIB:.0f} MiB read",
    ]


def _times(aggregate: StageAggregate, metric: Metric) -> str:
    histogram = aggregate.get(metric).histogram
    if not histogram.buckets:
        return "-"
    p50, p95 = histogram.quantile(0.5) / _US_PER_S, histogram.quantile(0.95) / _US_PER_S
    return f"p50 {p50:.3f} s, p95 {p95:.3f} s, max {histogram.largest / _US_PER_S:.3f} s"


def _describe_series(aggregate: StageAggregate, metric: Metric) -> dict[str, Any]:
    series = aggregate.get(metric)
    histogram = series.histogram
    return {
        "count": histogram.count,
        "total": histogram.total,
        "mean": round(histogram.mean, 3),
        "recent": round(series.recent, 3),
        "p50": histogram.quantile(0.5),
        "p95": histogram.quantile(0.95),
        "p99": histogram.quantile(0.99),
        "max": histogram.largest,
    }
