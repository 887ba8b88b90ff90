"""Telemetry: what is counted, kept over restarts and made of by the plan."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from contracts.derivation import StageTiming
from kernel.cli.stats import stats
from kernel.config.paths import DataDir
from kernel.observe.metrics import render_metrics
from kernel.scheduling.learned import learn_timings
from kernel.scheduling.schedule import ModelTimings
from kernel.store.derived import DerivedStore
from kernel.store.histogram import Histogram, bucket_of, histogram_of, upper_edge
from kernel.store.telemetry import QUEUES_MAX, TelemetryBook, TelemetryStore


def timing(*, run_ms: int = 1_000, load_ms: int = 0, memory_mib: int = 100) -> StageTiming:
    return StageTiming(
        queue_wait_us=5_000,
        load_us=load_ms * 1_000,
        run_us=run_ms * 1_000,
        input_bytes=10,
        memory_peak_bytes=memory_mib << 20,
        finished_at_us=1,
    )


@given(st.integers(0, 1 << 62))
def test_a_bucket_holds_its_value_within_an_eighth(value: int) -> None:
    bucket = bucket_of(value)
    assert value <= upper_edge(bucket) <= value + value // 8
    assert bucket == 0 or upper_edge(bucket - 1) < value


@given(st.lists(st.integers(0, 10**12), min_size=1), st.floats(0.0, 1.0))
def test_a_quantile_is_at_most_an_eighth_too_high(values: list[int], share: float) -> None:
    found = histogram_of(values).quantile(share)
    ordered = sorted(values)
    exact = next(value for index, value in enumerate(ordered, 1) if index >= share * len(ordered))
    assert exact <= found <= exact + exact // 8


@given(st.lists(st.integers(0, 10**9)), st.lists(st.integers(0, 10**9)))
def test_merging_is_as_if_all_had_been_added_to_one(left: list[int], right: list[int]) -> None:
    merged = histogram_of(left)
    merged.merge(histogram_of(right))
    assert merged == histogram_of(left + right)


def test_an_empty_histogram_says_nothing() -> None:
    assert (Histogram().count, Histogram().mean, Histogram().quantile(0.5)) == (0, 0.0, 0)


def test_aggregates_survive_a_restart_and_add_up(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path)
    for run_ms in (1_000, 3_000):
        book = TelemetryBook()
        book.add("text", "ocr", timing(run_ms=run_ms, load_ms=2_000))
        book.add("text", "ocr", timing(run_ms=run_ms))
        book.add_failure("text", "ocr", "lost")
        store = TelemetryStore.open(data_dir)
        store.merge(book)
        store.close()
    reader = TelemetryStore.open_read_only(data_dir)
    assert reader is not None
    (aggregate,) = reader.read()
    reader.close()
    assert (aggregate.runs, aggregate.loads, aggregate.failures) == (4, 2, {"lost": 2})
    run = aggregate.get("run_us")
    assert (run.histogram.total, run.histogram.largest) == (8_000_000, 3_000_000)
    assert run.recent == pytest.approx(1e6 + (1 - 0.9**2) * 2e6)


def test_the_table_lives_beside_the_derived_records(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path)
    assert TelemetryStore.open_read_only(data_dir) is None
    derived = DerivedStore.open(data_dir)
    assert TelemetryStore.open_read_only(data_dir) is None
    store = TelemetryStore.open(data_dir)
    store.merge(TelemetryBook())
    store.close()
    derived.close()
    DerivedStore.open(data_dir).close()


def test_ever_new_models_do_not_grow_the_table_without_end() -> None:
    book = TelemetryBook()
    for index in range(QUEUES_MAX + 50):
        book.add("text", f"m{index}", timing())
    assert len(book.aggregates()) == QUEUES_MAX + 1
    (other,) = [entry for entry in book.aggregates() if entry.stage == "other"]
    assert other.runs == 50


def test_the_plan_believes_measurements_and_never_less_memory_than_declared() -> None:
    declared = {
        "ocr": ModelTimings(load_s=9.0, task_s=9.0, memory_bytes=300 << 20),
        "vlm": ModelTimings(load_s=20.0, task_s=3.0, memory_bytes=1 << 30),
        "new": ModelTimings(load_s=1.0, task_s=1.0, memory_bytes=1),
    }
    book = TelemetryBook()
    for _ in range(3):
        book.add("text", "ocr", timing(run_ms=500, load_ms=2_000, memory_mib=100))
    book.add("caption", "vlm", timing(run_ms=100, memory_mib=4_096))
    learned = learn_timings(declared, book.aggregates())
    assert learned["ocr"] == ModelTimings(load_s=2.0, task_s=0.5, memory_bytes=300 << 20)
    assert learned["vlm"] == ModelTimings(load_s=20.0, task_s=3.0, memory_bytes=4 << 30)
    assert learned["new"] == declared["new"]


def test_stats_prints_for_people_and_programs(tmp_path: Path) -> None:
    def invoke(*arguments: str) -> str:
        result = CliRunner().invoke(stats, ["--data-dir", str(tmp_path), *arguments])
        assert result.exit_code == 0, result.output
        return result.output

    assert "nothing was processed yet" in invoke()
    assert json.loads(invoke("--json")) == {"stages": []}
    book = TelemetryBook()
    book.add("text", "ocr", timing(load_ms=2_000))
    store = TelemetryStore.open(DataDir(tmp_path))
    store.merge(book)
    store.close()
    (stage,) = json.loads(invoke("--json"))["stages"]
    assert (stage["runs"], stage["loads"], stage["run_us"]["max"]) == (1, 1, 1_000_000)
    assert stage["loads_per_1000_runs"] == 1_000.0
    assert "p50 1.000 s" in invoke()


def test_metrics_are_prometheus_text_that_its_own_parser_reads() -> None:
    from prometheus_client.parser import text_string_to_metric_families

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
