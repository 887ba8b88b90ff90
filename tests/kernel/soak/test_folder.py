"""The run folder's files: whole lines from many threads, bounded metrics."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from kernel.config.paths import DataDir
from kernel.config.settings import load_settings
from kernel.soak import folder as folder_module
from kernel.soak.day import plan_day
from kernel.soak.folder import RunFolder
from kernel.soak.plan import Wishes, make_plan

RECORDED = Path(__file__).parents[2] / "fixtures" / "soak_run"


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_lines_of_many_threads_do_not_mix(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)

    def write() -> None:
        for number in range(200):
            folder.event("note", number=number, text="x" * 500)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = lines(tmp_path / "events.jsonl")
    assert len(found) == 800
    assert all(line["kind"] == "note" for line in found)


def test_metrics_begin_a_new_file_and_are_thinned_to_their_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "METRICS_FILE_BYTES_MAX", 10_000)
    folder = RunFolder(tmp_path, budget_bytes=120_000)
    for number in range(2_000):
        folder.metric({"at_us": number, "text": "x" * 80})
    files = folder.metrics_files()
    assert len(files) > 3
    assert sum(file.stat().st_size for file in files) < 45_000
    kept = [line["at_us"] for file in files for line in lines(file)]
    assert kept == sorted(kept, key=str) or kept == sorted(kept, key=lambda at: int(str(at)))
    assert kept[0] == 0
    assert kept[-1] == 1_999


def test_a_torn_last_line_is_ended_before_more_is_written(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.event("note", number=1)
    with folder.produced_file.open("ab") as file:
        file.write(b'{"frame_id": "f0')
    (tmp_path / "checks.jsonl").touch()
    for _ in range(2):
        folder.mend_tails()
    folder.produced({"frame_id": "f1"})
    assert folder.produced_file.read_bytes() == b'{"frame_id": "f0\n{"frame_id":"f1"}\n'
    assert len(lines(tmp_path / "events.jsonl")) == 1
    assert (tmp_path / "checks.jsonl").read_bytes() == b""


def test_the_records_of_a_day_are_far_below_the_budget() -> None:
    """Lines of a recorded run, as many as 24 hours have of each kind."""
    loaded = load_settings("soak24", DataDir(RECORDED), {}, environment={})
    plan = make_plan(loaded, Wishes())
    active_s = sum(p.length_s for p in plan_day(1, plan.planned_s) if p.truth == "active")
    beats = (plan.planned_s - active_s) / plan.pace.heartbeat_s
    counts = {
        "produced.jsonl": plan.monitors * (active_s / plan.pace.cadence_s + beats),
        "metrics-0001.jsonl": plan.planned_s / plan.metrics_interval_s,
        "checks.jsonl": plan.planned_s / plan.check_every_s,
        # Phases, spells, stops, faults and their notes.
        "events.jsonl": 2_000,
    }
    day_bytes = sum(
        count * max(map(len, (RECORDED / name).read_bytes().splitlines()))
        for name, count in counts.items()
    )
    assert 10 << 20 < day_bytes < loaded.settings.soak.artifacts_bytes_max / 4


def test_a_document_is_replaced_whole(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.write("ended.json", {"reason": "failed"})
    folder.write("ended.json", {"reason": "finished"})
    assert json.loads((tmp_path / "ended.json").read_text()) == {"reason": "finished"}
    assert folder.data_dir.parent == folder.plan_file.parent == tmp_path


def test_faults_that_were_begun_are_read_back_by_name(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert folder.faults_begun() == []
    folder.event("fault", fault_id="x1", name="host_hung")
    folder.event("recovered", fault_id="x1")
    with (tmp_path / "events.jsonl").open("ab") as file:
        file.write(b'{"kind": "fault", "name": "to')
    folder.mend_tails()
    folder.event("fault", fault_id="x2", name="disk_full")
    assert folder.faults_begun() == ["host_hung", "disk_full"]
