"""The run folder's files: whole lines from many threads, bounded metrics."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from kernel.soak import folder as folder_module
from kernel.soak.folder import RunFolder


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


def test_a_document_is_replaced_whole(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.write("ended.json", {"reason": "failed"})
    folder.write("ended.json", {"reason": "finished"})
    assert json.loads((tmp_path / "ended.json").read_text()) == {"reason": "finished"}
    assert folder.data_dir.parent == folder.plan_file.parent == tmp_path
