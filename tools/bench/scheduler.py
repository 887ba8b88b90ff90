"""Measures the scheduler: `python -m tools.bench.scheduler [--json]`.

Makespan and model loads against FIFO, round-robin and a computed lower bound, on made backlogs and
on recorded ones (`tools.bench.recorded`); cost of one
plan with a million rows in a real backlog; cost of one governor tick. Does not measure
hosts: models and tasks cost virtual time, with load and run times as measured for OCR,
embedding and a vision model.
"""

from __future__ import annotations

import json
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from contracts.derivation import DerivationKey
from kernel.boot.observing import Observer
from kernel.config.paths import DataDir
from kernel.config.sections import Settings
from kernel.scheduling.governor import GovernorPolicy, GovernorState, Observation, step
from kernel.scheduling.override import Override, write_override
from kernel.scheduling.schedule import Budget, HostView, ModelTimings, QueueSummary
from kernel.scheduling.scheduler import plan
from kernel.store.backlog import Backlog
from kernel.store.pressure import DiskDecision, DiskLevel
from tools.bench.makespan_bound import whole_tasks_s
from tools.bench.recorded import DATA, read_recorded
from tools.bench.simulation import Scenario, Simulation, lower_bound_s, run_rule, zipf_backlog

GIB = 1 << 30
ROWS = 1_000_000
BATCH_ROWS = 10_000
QUEUES = 64
REPEATS = 200
SHUFFLES = 20
NOW_US = 1_700_000_000_000_000

UNIFORM = {f"m{index}": ModelTimings(20.0, 1.5, GIB) for index in range(5)}
MIXED = {
    "ocr": ModelTimings(2.0, 1.2, GIB),
    "embed": ModelTimings(5.0, 0.05, GIB),
    "vlm": ModelTimings(25.0, 4.0, 6 * GIB),
}


def compare(models: dict[str, ModelTimings], count: int, hosts: int) -> dict[str, Any]:
    """One made backlog under each policy."""
    rng = random.Random(count * 31 + hosts)  # noqa: S311 - a shape, no secret
    return compare_backlog(models, zipf_backlog(list(models), count, rng.random), hosts)


def compare_backlog(
    models: dict[str, ModelTimings], arrivals: tuple[tuple[float, str], ...], hosts: int
) -> dict[str, Any]:
    """One backlog under each policy."""
    count = len(arrivals)
    scenario = Scenario(models, arrivals, hosts_max=hosts, memory_bytes=1 << 50)
    bound_s = lower_bound_s(scenario)
    ours = Simulation(scenario).run()
    fifo, robin = run_rule(scenario, "fifo"), run_rule(scenario, "round-robin")
    if not ours.done == fifo.done == robin.done == count:
        raise AssertionError("a policy left work undone")
    return {
        "models": len(models),
        "tasks": count,
        "hosts": hosts,
        "bound_s": round(bound_s, 1),
        "ours_over_bound": round(ours.makespan_s / bound_s, 3),
        "fifo_over_bound": round(fifo.makespan_s / bound_s, 2),
        "round_robin_over_bound": round(robin.makespan_s / bound_s, 2),
        "loads": {
            "distinct": len(models),
            "ours": ours.loads,
            "fifo": fifo.loads,
            "round_robin": robin.loads,
        },
    }


def compare_shuffles(count: int = 400, hosts: int = 4) -> dict[str, Any]:
    """The mixed backlog in twenty orders, against the bound and a schedule of whole tasks."""
    over_bound, over_whole = [], []
    for seed in range(SHUFFLES):
        rng = random.Random(seed)  # noqa: S311 - a shape, no secret
        arrivals = zipf_backlog(list(MIXED), count, rng.random)
        scenario = Scenario(MIXED, arrivals, hosts_max=hosts, memory_bytes=1 << 50)
        ours_s = Simulation(scenario).run().makespan_s
        counts = Counter(model for _, model in arrivals)
        over_bound.append(ours_s / lower_bound_s(scenario))
        over_whole.append(ours_s / whole_tasks_s(counts, MIXED, hosts))
    return {
        "shuffles": SHUFFLES,
        "ours_over_bound": round(statistics.mean(over_bound), 3),
        "ours_over_bound_worst": round(max(over_bound), 3),
        "ours_over_whole_tasks": round(statistics.mean(over_whole), 3),
        "ours_over_whole_tasks_worst": round(max(over_whole), 3),
    }


def time_it(action: Callable[[], object], repeats: int = REPEATS) -> dict[str, float]:
    """Milliseconds of CPU time per call: median, 99th percentile, maximum.

    Not of the clock on the wall: who else uses the machine meanwhile says nothing about us.
    """
    times_ms = []
    for _ in range(repeats):
        before_ns = time.thread_time_ns()
        action()
        times_ms.append((time.thread_time_ns() - before_ns) / 1e6)
    return {
        "p50_ms": round(statistics.median(times_ms), 4),
        "p99_ms": round(statistics.quantiles(times_ms, n=100)[98], 4),
        "max_ms": round(max(times_ms), 4),
    }


def make_backlog(folder: Path) -> Backlog:
    """A million rows in the real backlog, filled the way evidence fills it."""
    data_dir = DataDir(folder)
    backlog = Backlog.open(data_dir)
    for start in range(0, ROWS, BATCH_ROWS):
        keys = [
            DerivationKey(
                input_digest=f"{number:064x}",
                stage="text",
                plugin_id=f"plugin{number % QUEUES}",
                plugin_version="1.0.0",
                config_digest="0" * 64,
            )
            for number in range(start, min(ROWS, start + BATCH_ROWS))
        ]
        backlog.enqueue(
            ((key, NOW_US - start - index) for index, key in enumerate(keys)), cursor=start
        )
    return backlog


def read_summaries(backlog: Backlog) -> tuple[QueueSummary, ...]:
    """One summary per queue, as `kernel.pipeline.planning` takes it at each plan."""
    found = []
    for number in range(QUEUES):
        waiting = backlog.waiting("text", f"plugin{number}")
        found.append(
            QueueSummary(
                f"m{number}", "text", waiting.tasks, waiting.oldest_us, waiting.newest_us, 0.0
            )
        )
    return tuple(found)


def measure_plan() -> dict[str, Any]:
    """The plan over the million rows, with and without reading the summaries; and one lease."""
    budget = Budget(hosts_max=16, running_max=16, memory_free_bytes=64 * GIB)
    timings = {f"m{index}": ModelTimings(2.0, 1.0, GIB) for index in range(QUEUES)}
    hosts = tuple(
        HostView(f"h{index}", f"m{index}", "busy" if index % 2 else "ready", busy=index % 2)
        for index in range(12)
    )
    with tempfile.TemporaryDirectory() as folder:
        begun_s = time.monotonic()
        backlog = make_backlog(Path(folder))
        filled_s = time.monotonic() - begun_s
        queues = read_summaries(backlog)

        def decide(found: tuple[QueueSummary, ...]) -> object:
            return plan(found, hosts, timings, budget, now_s=100.0, now_us=NOW_US)

        def take_and_put_back() -> None:
            for task in backlog.lease("plugin0", 1):
                backlog.put_back(task.task_id, "")

        result = {
            "rows": sum(queue.waiting for queue in queues),
            "queues": len(queues),
            "fill_s": round(filled_s, 1),
            "plan": time_it(lambda: decide(queues)),
            "plan_with_reading": time_it(lambda: decide(read_summaries(backlog))),
            "wake_delayed": time_it(backlog.wake_delayed),
            "lease_and_put_back": time_it(take_and_put_back),
        }
        backlog.close()
    return result


def measure_governor() -> dict[str, float]:
    """One tick of the state machine while it works."""
    policy, state = GovernorPolicy(hosts_max=4), GovernorState()
    observation = Observation(idle_s=400.0, cpu_share=0.2, ram_share=0.2)
    for second in range(60):
        state, _ = step(state, observation, float(second), policy)
    return time_it(lambda: step(state, observation, 61.0, policy), repeats=5_000)


def measure_observation() -> dict[str, float]:
    """What the tick is told: clocks, the word, the signal file, all sources that work here."""
    with tempfile.TemporaryDirectory() as folder:
        data_dir = DataDir(Path(folder))
        write_override(data_dir.override_file, Override("idle", set_us=1))
        signal = {"schema": 1, "seq": 1, "written_ms": 400_000, "last_input_ms": 0}
        data_dir.activity_file.write_text(json.dumps(signal))
        green = DiskDecision(DiskLevel.GREEN, "primary", heavy_work=True, drain=True)
        observer = Observer(Settings(), data_dir, ask_disk=lambda: green)
        observer.observe()
        result = time_it(observer.observe, repeats=2_000)
        observer.close()
    return result


def format_row(row: dict[str, Any]) -> str:
    """A comparison as a line of the table."""
    loads = row["loads"]
    return (
        f"{row['models']:>6} {row['tasks']:>6} {row['hosts']:>5} {row['bound_s']:>9}"
        f" {row['ours_over_bound']:>11} {row['fifo_over_bound']:>11}"
        f" {row['round_robin_over_bound']:>9}"
        f"  {loads['ours']:>10} {loads['fifo']:>5} {loads['round_robin']:>5}"
    )


@click.command(help=__doc__)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def main(*, as_json: bool) -> None:
    """Run all measurements."""
    comparisons = [
        compare(models, count, hosts)
        for models in (UNIFORM, MIXED)
        for count in (400, 4_000, 40_000)
        for hosts in (1, 2, 4)
    ]
    recorded = {
        path.stem: [compare_backlog(*read_recorded(path), hosts) for hosts in (1, 2, 4)]
        for path in sorted(DATA.glob("*.json"))
    }
    result = {
        "comparisons": comparisons,
        "recorded": recorded,
        "mixed_shuffled": compare_shuffles(),
        "plan": measure_plan(),
        "governor_tick": measure_governor(),
        "observation": measure_observation(),
    }
    if as_json:
        print(json.dumps(result, indent=2))
        return
    print("models tasks  hosts  bound s   ours/bound  fifo/bound  rr/bound  loads: ours fifo rr")
    for row in comparisons:
        print(format_row(row))
    for name, rows in recorded.items():
        print(f"recorded: {name}")
        for row in rows:
            print(format_row(row))
    print(f"mixed, shuffled: {result['mixed_shuffled']}")
    print(f"plan: {result['plan']}")
    print(f"governor tick: {result['governor_tick']}")
    print(f"observation: {result['observation']}")


if __name__ == "__main__":
    main()
