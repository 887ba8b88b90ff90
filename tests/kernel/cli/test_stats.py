"""`kernel stats`: what it prints for people and programs."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from contracts.derivation import StageTiming
from kernel.cli.stats import stats
from kernel.config.paths import DataDir
from kernel.store.telemetry import TelemetryBook, TelemetryStore


def timing(*, run_ms: int = 1_000, load_ms: int = 0, memory_mib: int = 100) -> StageTiming:
    return StageTiming(
        queue_wait_us=5_000,
        load_us=load_ms * 1_000,
        run_us=run_ms * 1_000,
        input_bytes=10,
        memory_peak_bytes=memory_mib << 20,
        finished_at_us=1,
    )


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


def test_stats_prints_the_text_form_of_prometheus_without_a_port(tmp_path: Path) -> None:
    book = TelemetryBook()
    book.add("text", "ocr", timing(run_ms=1_500))
    store = TelemetryStore.open(DataDir(tmp_path))
    store.merge(book)
    store.close()
    result = CliRunner().invoke(stats, ["--data-dir", str(tmp_path), "--prometheus"])
    assert result.exit_code == 0, result.output
    samples = {
        (sample.name, sample.labels.get("stage", "")): sample.value
        for family in text_string_to_metric_families(result.output)
        for sample in family.samples
    }
    assert samples["autocapture_run_seconds_sum", "text"] == 1.5
    assert samples["autocapture_backlog_waiting", ""] == 0
    assert samples["autocapture_kernel_up", ""] == 0
    assert samples["autocapture_disk_free_bytes", ""] > 0
    assert ("autocapture_hosts", "") not in samples, "without a kernel nothing is made up"
