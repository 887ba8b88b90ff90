"""A backlog as a real kernel had it: which models were waited for in which order, what each cost.

    python -m tools.bench.recorded DATA_DIR > tools/bench/data/NAME.json

DATA_DIR is of a kernel that has read what it captured. Nothing of what was captured is kept: the
order of the tasks by plugin, as runs, and each plugin's median load, run and memory.

Covers: recording and reading. Does not cover: the comparison (`tools.bench.scheduler`).
"""

from __future__ import annotations

import itertools
import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from contracts import canonical
from contracts.derivation import DerivationKey, StageTiming
from kernel.config.paths import DataDir
from kernel.scheduling.schedule import ModelTimings
from kernel.store.sqlite import connect

DATA = Path(__file__).with_name("data")


def record(data_dir: DataDir) -> dict[str, Any]:
    """The backlog of the data dir as plain data. Raises `KernelError` where there is none."""
    derived = connect(data_dir.derived_db, read_only=True)
    timings: dict[str, list[StageTiming]] = defaultdict(list)
    for key, timing in derived.execute("SELECT key, timing FROM results"):
        plugin = canonical.decode(key, DerivationKey).plugin_id
        timings[plugin].append(canonical.decode(timing, StageTiming))
    derived.close()
    backlog = connect(data_dir.backlog_db, read_only=True)
    order = [
        plugin
        for (plugin,) in backlog.execute(
            "SELECT plugin_id FROM tasks WHERE state='done' ORDER BY captured_at_us, enqueued_at_us"
        )
        if plugin in timings
    ]
    backlog.close()
    return {
        "models": {plugin: _cost(timings[plugin]) for plugin in sorted(set(order))},
        "order": [[plugin, len(list(group))] for plugin, group in itertools.groupby(order)],
    }


def _cost(timings: list[StageTiming]) -> dict[str, float]:
    """Medians; a load is known of the first task on a host alone."""
    loads = [timing.load_us for timing in timings if timing.load_us] or [0]
    return {
        "load_s": round(statistics.median(loads) / 1e6, 4),
        "run_s": round(statistics.median(timing.run_us for timing in timings) / 1e6, 5),
        "memory_bytes": round(statistics.median(t.memory_peak_bytes for t in timings)),
    }


def read_recorded(path: Path) -> tuple[dict[str, ModelTimings], tuple[tuple[float, str], ...]]:
    """Models and arrivals of a recorded backlog, all there at time zero, oldest first."""
    said = json.loads(path.read_text("utf-8"))
    models = {
        name: ModelTimings(cost["load_s"], cost["run_s"], int(cost["memory_bytes"]))
        for name, cost in said["models"].items()
    }
    order = [name for name, count in said["order"] for _ in range(count)]
    return models, tuple((-10_000.0 + at * 1e-3, name) for at, name in enumerate(order))


if __name__ == "__main__":
    json.dump(record(DataDir(Path(sys.argv[1]))), sys.stdout)
    print()
