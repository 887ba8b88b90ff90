"""Costs and sizes: assumed where nothing was measured, and then as measured."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.derivation import StageTiming
from kernel.config.paths import DataDir
from kernel.soak.forecast import describe, format_lines
from kernel.soak.setting import make_setting
from kernel.soak.simulate import simulate
from kernel.soak.workload import TEXT_COST, Workload, measure, stage_costs
from kernel.store.telemetry import TelemetryBook, TelemetryStore


def timing(run_us: int, *, load_us: int = 0) -> StageTiming:
    return StageTiming(
        queue_wait_us=1,
        load_us=load_us,
        run_us=run_us,
        input_bytes=100,
        memory_peak_bytes=300_000_000,
        finished_at_us=1,
    )


def book_of(runs_us: list[int]) -> TelemetryBook:
    book = TelemetryBook()
    for number, run_us in enumerate(runs_us):
        book.add("text", "reader", timing(run_us, load_us=2_000_000 if number == 0 else 0))
    return book


@given(runs_us=st.lists(st.integers(1_000, 10_000_000), min_size=20, max_size=80))
def test_the_mean_of_the_distribution_is_the_measured_one(runs_us: list[int]) -> None:
    (cost,) = stage_costs(book_of(runs_us).aggregates())
    assert cost.mean_s == pytest.approx(sum(runs_us) / len(runs_us) / 1e6, rel=1e-6)
    assert cost.load_s == 2.0
    assert cost.memory_bytes == 300_000_000
    assert cost.source == f"{len(runs_us)} runs"


def test_a_few_runs_are_no_distribution() -> None:
    assert stage_costs(book_of([1_000_000] * 19).aggregates()) == ()


def test_a_stage_that_runs_more_rarely_costs_fewer_tasks_a_frame() -> None:
    book = book_of([1_000_000] * 80)
    for _ in range(20):
        book.add("state", "parser", timing(5_000))
    by_stage = {cost.stage: cost for cost in stage_costs(book.aggregates())}
    assert by_stage["text"].per_frame == 1.0
    assert by_stage["state"].per_frame == 0.25


def test_the_assumed_cost_is_the_documented_one() -> None:
    """docs/ocr.md: 1.07 CPU s a frame on average, 0.31 for the median one."""
    assert TEXT_COST.mean_s == pytest.approx(1.07, abs=0.005)
    rng = random.Random(1)  # noqa: S311 - a model, no secret
    drawn = sorted(TEXT_COST.draw_s(rng, 1) for _ in range(999))
    assert drawn[499] == 0.31


def test_a_data_dir_gives_its_own_figures(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path)
    store = TelemetryStore.open(data_dir)
    store.merge(book_of([500_000] * 40))
    store.close()
    workload = measure(data_dir)
    assert workload.stages[0].mean_s == pytest.approx(0.5)
    assert workload.derived_bytes == data_dir.derived_db.stat().st_size / 40
    assert workload.sources["bytes"] == "assumed", "there is no journal here"
    assert workload.blob_bytes == Workload().blob_bytes


def test_an_empty_folder_leaves_all_as_assumed(tmp_path: Path) -> None:
    assert measure(DataDir(tmp_path)) == Workload()


def test_the_settings_of_the_data_dir_are_the_policies_in_force(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        "[hosts]\nmax_hosts = 3\n[budget]\ncpu_share_max = 0.25\n", encoding="utf-8"
    )
    setting = make_setting(
        DataDir(tmp_path), monitors=4, cadence_s=1.0, cores=8, memory_bytes=32 << 30
    )
    assert (setting.governor.hosts_max, setting.cpu.cores, setting.cpu.share_max) == (3, 8, 0.25)
    assert (setting.monitors, setting.cadence_s, setting.memory_bytes) == (4, 1.0, 32 << 30)


def test_what_is_printed_says_where_the_figures_come_from(tmp_path: Path) -> None:
    setting = make_setting(
        DataDir(tmp_path), monitors=1, cadence_s=2.0, cores=4, memory_bytes=16 << 30
    )
    forecast = simulate(setting, Workload(), days=1)
    document = describe(forecast, setting, Workload(), seed=1, wall_s=0.5)
    assert document["bytes_per_year"] == round(forecast.day_bytes * 365)
    text = "\n".join(format_lines(document))
    assert "1.07 s a task, load 1.6 s (docs/ocr.md)" in text
    assert "the machine keeps up" in text
    assert "TB a year" in text
