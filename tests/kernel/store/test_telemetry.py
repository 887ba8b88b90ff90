"""Telemetry: what is counted and kept over restarts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.derivation import StageTiming
from kernel.config.paths import DataDir
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


def test_what_failed_counts_apart_from_what_ended_well_and_a_load_counts_by_itself() -> None:
    book = TelemetryBook()
    book.add_load("text", "ocr", 2_000_000)
    book.add("text", "ocr", timing(run_ms=1_000, memory_mib=100))
    book.add_failure("text", "ocr", "error", timing(run_ms=9_000, memory_mib=300))
    book.add_failure("text", "ocr", "lost", timing(run_ms=4_000, memory_mib=0))
    book.add_failure("text", "ocr", "quarantined")
    (found,) = book.aggregates()
    assert (found.runs, found.loads) == (1, 1)
    assert found.failures == {"error": 1, "lost": 1, "quarantined": 1}
    assert found.get("run_us").histogram.total == 1_000_000
    assert found.get("failed_us").histogram.total == 13_000_000
    assert found.get("queue_wait_us").histogram.count == 3
    assert found.get("input_bytes").histogram.total == 30
    peak = found.get("memory_peak_bytes").histogram
    assert (peak.count, peak.largest) == (2, 300 << 20)
