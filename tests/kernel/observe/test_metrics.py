"""Metrics in Prometheus' text form."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from contracts.derivation import StageTiming
from kernel.observe.metrics import render_metrics
from kernel.store.telemetry import TelemetryBook


def timing(*, run_ms: int = 1_000, load_ms: int = 0, memory_mib: int = 100) -> StageTiming:
    return StageTiming(
        queue_wait_us=5_000,
        load_us=load_ms * 1_000,
        run_us=run_ms * 1_000,
        input_bytes=10,
        memory_peak_bytes=memory_mib << 20,
        finished_at_us=1,
    )


def test_metrics_are_prometheus_text_that_its_own_parser_reads() -> None:
    book = TelemetryBook()
    for run_ms in (1_000, 1_000, 4_000):
        book.add("text", "ocr", timing(run_ms=run_ms))
    book.add_failure("text", "ocr", "error")
    text = render_metrics(book.aggregates(), {"backlog_tasks": 7}).decode()
    samples = {
        (sample.name, sample.labels.get("le", "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["autocapture_run_seconds_count", ""] == 3
    assert samples["autocapture_run_seconds_sum", ""] == 6.0
    assert samples["autocapture_run_seconds_bucket", "+Inf"] == 3
    assert samples["autocapture_failures_total", ""] == 1
    assert samples["autocapture_backlog_tasks", ""] == 7
