"""Measures how soon everything stands still: `python -m tools.bench.stop_latency [--json]`.

The real kernel under load; the person comes and goes, by the signal file and by word in turn.
From the moment the file is in place until every process of every host was told to stop and no
processor clock of them moves, as somebody outside sees it; for hosts inside the kernel until the
last unit of 20 ms ended. Where it may, the observer looks with real-time priority: otherwise a
crowded machine's delays of its own looks are counted, too. Exits 1 when a goal is missed.
Does not measure how late a source of activity notices the person.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from tests.functional.flips import (
    Clocks,
    Flips,
    Ticks,
    UsedNs,
    configure,
    flip,
    processes_stand_still,
    ticks_come,
    ticks_stand_still,
)
from tests.functional.outside import cpu_ns
from tests.functional.plain_user import as_plain_user
from tests.functional.rig import make_rig
from tests.functional.test_budgets_held import fill


def measure(hosting: str, flips: int, folder: Path, observer: str) -> dict[str, Any]:
    """One way of hosting."""
    folder.mkdir()
    rig = make_rig(folder, plugin="greedy")
    configure(rig, hosting=hosting)
    ticks = Ticks(folder / "ticks")
    ticks.make()
    inside = hosting == "in_process"
    if inside:
        # A kernel of root has no threads for plugins.
        rig = replace(rig, before=as_plain_user())
    text = f"tick 20 3600 {ticks.path}" if inside else "spin 2 1 1.0"
    fill(rig, *[text] * (2 if inside else 20 + flips))
    with rig.kernel() as kernel:
        if inside:
            still = (ticks_stand_still(ticks), ticks_come(ticks))
            used_ns: UsedNs = partial(cpu_ns, kernel.pid)
            found = flip(rig, flips, *still, used_ns=used_ns, kernel_pid=kernel.pid)
        else:
            used_ns = Clocks(kernel.pid).look_ns
            still = processes_stand_still(kernel.pid)
            found = flip(rig, flips, *still, used_ns=used_ns, kernel_pid=kernel.pid)
    return describe(hosting, found, observer)


def look_sharply() -> str:
    """Let this process, and no child of it, look whenever it wants to; says how it went."""
    try:
        policy = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(0, policy, os.sched_param(1))
    except PermissionError:
        return "ordinary"
    return "real-time"


def describe(hosting: str, found: Flips, observer: str) -> dict[str, Any]:
    """In milliseconds."""
    return {
        "hosting": hosting,
        "flips": len(found.stop_s),
        "p50_ms": round(found.quantile_ms(0.5), 1),
        "p95_ms": round(found.quantile_ms(0.95), 1),
        "p99_ms": round(found.quantile_ms(0.99), 1),
        "worst_ms": round(found.quantile_ms(1.0), 1),
        "goal_p99_ms": GOAL_P99_MS[hosting],
        "late_p50_ms": round(1000 * statistics.median(found.late_s), 1),
        "used_worst_ms": round(1000 * max(found.used_s), 1),
        "ran_while_active": found.ran_while_active,
        "observer": observer,
        "load_average": round(os.getloadavg()[0], 1),
        "cores": len(os.sched_getaffinity(0)),
    }


@click.command(help=__doc__)
@click.option("--flips", default=200, help="How often the person comes back.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def main(*, flips: int, as_json: bool) -> None:
    """Measure both ways of hosting and print."""
    observer = look_sharply()
    with tempfile.TemporaryDirectory() as folder:
        rows = [measure(hosting, flips, Path(folder) / hosting, observer) for hosting in HOSTINGS]
    if as_json:
        print(json.dumps(rows))
    else:
        for row in rows:
            print(", ".join(f"{name} {value}" for name, value in row.items()))
    sys.exit(int(not all(map(is_good, rows))))


def is_good(row: dict[str, Any]) -> bool:
    """Whether the goal was reached: soon enough, and standing still meant it."""
    return bool(row["p99_ms"] < row["goal_p99_ms"]) and not row["ran_while_active"]


HOSTINGS = ("subprocess", "in_process")
GOAL_P99_MS = {"subprocess": 100.0, "in_process": 250.0}

if __name__ == "__main__":
    main()
