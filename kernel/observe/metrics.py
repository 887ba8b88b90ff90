"""Telemetry in Prometheus' text form, by the client library: `kernel stats --prometheus`.

Covers: rendering, the gauges of this moment. Does not cover: serving; nothing here opens a
socket.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from kernel.store.histogram import Histogram, upper_edge
from kernel.store.telemetry import StageAggregate

_LABELS = ("stage", "model")
_BACKLOG_STATES = ("waiting", "leased", "done", "failed", "quarantined")
# metric of ours -> (name, what it is, divisor to the base unit of Prometheus)
_HISTOGRAMS = {
    "queue_wait_us": ("autocapture_queue_wait_seconds", "From capture to the start of a run", 1e6),
    "load_us": ("autocapture_model_load_seconds", "Loading and warming up a model", 1e6),
    "run_us": ("autocapture_run_seconds", "Running one task", 1e6),
    "failed_us": ("autocapture_failed_seconds", "Tasks that did not end well", 1e6),
    "input_bytes": ("autocapture_input_bytes", "Bytes given to one task", 1.0),
    "memory_peak_bytes": ("autocapture_memory_peak_bytes", "Peak memory of a host in a task", 1.0),
}


def render_metrics(aggregates: Iterable[StageAggregate], gauges: Mapping[str, float]) -> bytes:
    """The exposition; ``gauges`` are names without prefix -> values of this moment."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Snapshot(tuple(aggregates), dict(gauges)))
    return generate_latest(registry)


def gauges_of(status: Mapping[str, Any]) -> dict[str, float]:
    """The gauges in a status document (`kernel.observe.status`); without a kernel fewer."""
    backlog = {f"backlog_{state}": float(status["backlog"][state]) for state in _BACKLOG_STATES}
    gauges = {
        **backlog,
        "events": float(status["evidence"]["events"]),
        "events_processed": float(status["coverage"]["processed"]),
        "evidence_bytes": float(status["evidence"]["bytes"]),
        "disk_free_bytes": float(status["disk"]["free_bytes"]),
        "kernel_up": float(status["kernel"] is not None),
    }
    live = status["kernel"]
    if live is not None:
        gauges |= {
            "hosts": float(len(live["hosts"])),
            "host_crashes": float(live["host_crashes"]),
            "heavy_work_allowed": float(live["heavy_work"]["allowed"]),
            "cpu_share": float(live["budget"]["cpu_share"]),
            "memory_bytes": float(live["budget"]["memory_bytes"]),
            "memory_limit_bytes": float(live["budget"]["memory_limit_bytes"]),
            "gpu_used_bytes": float(sum(device["used_bytes"] for device in live["gpu"]["devices"])),
        }
    return gauges


class _Snapshot(Collector):
    """Gives the library what was aggregated elsewhere."""

    def __init__(self, aggregates: tuple[StageAggregate, ...], gauges: dict[str, float]) -> None:
        self._aggregates = aggregates
        self._gauges = gauges

    def collect(
        self,
    ) -> Iterator[HistogramMetricFamily | CounterMetricFamily | GaugeMetricFamily]:
        """All families."""
        for metric, (name, text, divisor) in _HISTOGRAMS.items():
            family = HistogramMetricFamily(name, text, labels=_LABELS)
            for aggregate in self._aggregates:
                series = aggregate.series.get(metric)
                if series is not None and series.histogram.buckets:
                    histogram = series.histogram
                    family.add_metric(
                        (aggregate.stage, aggregate.model_key),
                        _cumulative(histogram, divisor),
                        histogram.total / divisor,
                    )
            yield family
        failures = CounterMetricFamily(
            "autocapture_failures", "Tasks that did not end well", labels=(*_LABELS, "kind")
        )
        for aggregate in self._aggregates:
            for kind, count in aggregate.failures.items():
                failures.add_metric((aggregate.stage, aggregate.model_key, kind), count)
        yield failures
        for name, value in sorted(self._gauges.items()):
            yield GaugeMetricFamily(f"autocapture_{name}", name.replace("_", " "), value=value)


def _cumulative(histogram: Histogram, divisor: float) -> list[tuple[str, float]]:
    """(upper edge, count up to it) pairs, ending in +Inf as the format demands."""
    pairs: list[tuple[str, float]] = []
    seen = 0
    for bucket in sorted(histogram.buckets):
        seen += histogram.buckets[bucket]
        pairs.append((repr(upper_edge(bucket) / divisor), seen))
    return [*pairs, ("+Inf", seen)]
