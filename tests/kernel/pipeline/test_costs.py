"""When what was counted is there to see."""

from __future__ import annotations

from pathlib import Path

from contracts.derivation import StageTiming
from kernel.config.paths import DataDir
from kernel.pipeline.costs import MERGE_INTERVAL_S, RESTED_INTERVAL_S, Costs
from kernel.store.telemetry import TelemetryStore

TIMING = StageTiming(
    queue_wait_us=1,
    load_us=0,
    run_us=1,
    input_bytes=1,
    memory_peak_bytes=1,
    finished_at_us=1,
)


def runs(data_dir: DataDir) -> int:
    """What somebody outside reads."""
    store = TelemetryStore.open_read_only(data_dir)
    assert store is not None
    found = sum(aggregate.runs for aggregate in store.read())
    store.close()
    return found


def test_the_first_counts_and_those_of_a_batch_are_there_soon_others_within_seconds(
    tmp_path: Path,
) -> None:
    data_dir, now_s = DataDir(tmp_path), [0.0]
    costs = Costs(TelemetryStore.open(data_dir), {}, now_s=lambda: now_s[0])
    costs.add("text", "ocr", TIMING)
    costs.tick()
    assert runs(data_dir) == 0
    now_s[0] += RESTED_INTERVAL_S
    costs.tick()
    assert runs(data_dir) == 1, "at the beginning"
    costs.add("text", "ocr", TIMING)
    now_s[0] += RESTED_INTERVAL_S
    costs.tick()
    assert runs(data_dir) == 1
    costs.tick(is_resting=True)
    assert runs(data_dir) == 2, "after a batch"
    costs.add("text", "ocr", TIMING)
    now_s[0] += MERGE_INTERVAL_S
    costs.tick()
    assert runs(data_dir) == 3, "in the middle of one"
    costs.add("text", "ocr", TIMING)
    costs.close()
    assert runs(data_dir) == 4, "at the end"
