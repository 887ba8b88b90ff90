"""A backlog that a real kernel worked off, recorded and compared."""

from __future__ import annotations

import json
from pathlib import Path

from kernel.config.paths import DataDir
from tests.functional.rig import make_rig
from tools.bench.recorded import read_recorded, record
from tools.bench.scheduler import compare_backlog


def test_a_recorded_backlog_has_each_task_once_and_its_cost(tmp_path: Path) -> None:
    rig = make_rig(tmp_path)
    rig.ingest(*(rig.write(f"{n}.png", f"frame {n}", shade=n) for n in range(3)))
    done = rig.json("process", "--until-drained")["processed"]

    said = record(DataDir(rig.data_dir))
    path = tmp_path / "recorded.json"
    path.write_text(json.dumps(said))
    models, arrivals = read_recorded(path)

    counts = {name: sum(n for other, n in said["order"] if other == name) for name in models}
    assert max(counts.values()) == done == 3
    assert len(arrivals) == sum(counts.values())
    assert all(timings.task_s > 0 for timings in models.values())
    row = compare_backlog(models, arrivals, 1)
    assert row["ours_over_bound"] >= 1
    assert row["loads"]["ours"] == row["loads"]["distinct"] == len(models)
