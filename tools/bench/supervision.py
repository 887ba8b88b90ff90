"""Measures the host pool beside bare sockets and other pools.

``python -m tools.bench.supervision [--tasks N] [--rounds N] [--only PART] [--json]``

Parts: ``tasks`` (round trip of a 1 kB task through the pool, a bare pyzmq ROUTER/DEALER echo of
the same bytes, concurrent.futures and loky, taken in turns so that a busy machine hits all
alike), ``death`` (kill -9 of a worker, to noticing and to the next ready one; what the other
pools do then), ``memory`` (idle host, idle kernel), ``idle`` (CPU of an idle kernel), ``sampling``
(CPU of one full sample a second over one, four and sixteen hosts).
Goals stand beside the figures. Does not cover: the walls' share of a start (`host_start`).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
import psutil
import zmq

from contracts.canonical import digest_bytes
from contracts.plugin_digest import digest_plugin
from kernel.config.service_user import service_ids
from kernel.scheduling.meter import TreeMeter, read_exact_memory
from kernel.supervision import lifecycle, restart
from kernel.supervision.bytecode import compile_for_hosts
from kernel.supervision.chain import try_chain
from kernel.supervision.inprocess import ThreadLauncher
from kernel.supervision.interpreter import this_interpreter
from kernel.supervision.pool import HostPool
from kernel.supervision.pool_events import HostDied, PoolEvent, PoolTask, TaskSucceeded
from kernel.supervision.pool_settings import PoolSettings
from kernel.supervision.process import HostingFacts, ProcessLauncher
from kernel.supervision.process_tree import descendants
from kernel.supervision.rundir import RunDir
from kernel.supervision.runner import Launcher, PluginRecord
from tools.bench.rivals import BareEcho, Futures, Loky, Rival

PLUGIN_DIR = Path(__file__).with_name("echo_plugin")
PAYLOAD_BYTES = 1_000
WARM_UP = 50
BLOCK = 100
"""Tasks of one pool before the next one's turn."""
WAIT_S = 60.0
POOL = "pool, process host"
"""At the others' priority, so that the way is measured; in the field hosts give way (nice 10)."""
PARTS = ("tasks", "death", "memory", "idle", "sampling")
MANY_HOSTS = (1, 4, 16)
SAMPLES = 30
GOALS = {
    "pool_over_bare": 1.5,
    "pool_p99_ms": 1.0,
    "over_futures": 1.0,
    "over_loky": 1.0,
    "notice_ms": 10.0,
    "restart_ms": 300.0,
    "kernel_mb": 60.0,
    "idle_cpu_percent": 1.0,
    "sampling_percent": 1.0,
}


RIVALS = {"over_futures": "concurrent.futures", "over_loky": "loky"}


class NoQuarantine:
    """Lists nothing: a worker is killed here on purpose, and often."""

    def contains(self, plugin_id: str) -> bool:
        """Never."""
        return False

    def last_cause(self, plugin_id: str) -> str:
        """None."""
        return ""

    def add(self, plugin_id: str, causes: tuple[str, ...]) -> None:
        """Nothing is kept."""


class PoolBench:
    """The project's own pool with one host of the echo plugin."""

    def __init__(self, launcher: Launcher, *, max_hosts: int = 1) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._poller = zmq.Poller()
        self.plugin = PluginRecord(
            plugin_id="bench_echo",
            version="1.0.0",
            digest=digest_plugin(PLUGIN_DIR),
            folder=PLUGIN_DIR,
            package=PLUGIN_DIR.name,
            entry="plugin",
            stages=("text",),
            memory_bytes_max=256 << 20,
        )
        self.pool = HostPool(
            context=self._context,
            poller=self._poller,
            settings=PoolSettings(
                max_hosts=max_hosts,
                limits=lifecycle.Limits(),
                restart=restart.Policy(backoff_base_s=1e-6, backoff_max_s=1e-5),
                contracts_lock="c" * 64,
                plugins_lock="d" * 64,
                sandbox_level_required="none",
            ),
            launcher_of=lambda plugin: launcher,
            quarantine=NoQuarantine(),
        )
        self._host_id = ""
        self._count = 0

    def turn(self, timeout_ms: int = 100) -> list[PoolEvent]:
        """One turn of the loop."""
        return self.pool.handle(self._poller.poll(timeout_ms))

    def start(self) -> float:
        """Start a host and return the seconds to its ready."""
        started_s = time.perf_counter()
        self._host_id = self.pool.start_host(self.plugin, {})
        while not any(host.state == "ready" for host in self.pool.statuses()):
            self.turn()
            if time.perf_counter() - started_s > WAIT_S or not self.pool.statuses():
                raise SystemExit("the host did not become ready; run: kernel doctor")
        return time.perf_counter() - started_s

    def fill(self, count: int) -> None:
        """Have so many hosts, all ready."""
        end_s = time.perf_counter() + WAIT_S
        while len(self.pool.statuses()) < count:
            self.pool.start_host(self.plugin, {})
        while any(host.state != "ready" for host in self.pool.statuses()):
            self.turn()
            if time.perf_counter() > end_s or len(self.pool.statuses()) < count:
                raise SystemExit("the hosts did not become ready; run: kernel doctor")

    def run_one(self, data: bytes) -> None:
        """One task there and back."""
        self._count += 1
        task = PoolTask(
            task_id=f"t-{self._count:032x}",
            attempt=1,
            stage="text",
            config="{}",
            inputs=(DIGEST,),
            payload=(data,),
            timeout_s=30.0,
        )
        assert self.pool.assign(self._host_id, task)
        while not any(isinstance(event, TaskSucceeded) for event in self.turn()):
            pass

    def worker_pid(self) -> int:
        """The host's own process."""
        (host,) = self.pool.statuses()
        assert host.pid is not None
        return host.pid

    def close(self) -> None:
        """Stop the host."""
        self.pool.shutdown(5.0)
        self._context.destroy(linger=0)


DATA = bytes(index % 251 for index in range(PAYLOAD_BYTES))
DIGEST = digest_bytes(DATA)


@contextmanager
def process_launcher(*, nice: int = 10) -> Iterator[ProcessLauncher]:
    """Real sandboxed hosts with sockets in a short folder of their own."""
    uid, gid = service_ids() if os.geteuid() == 0 else (os.getuid(), os.getgid())
    interpreter = this_interpreter()
    compile_for_hosts(interpreter)
    root = Path(tempfile.mkdtemp(prefix="acb-"))
    root.chmod(0o711)
    run_dir = RunDir(root / "run")
    run_dir.make()
    try:
        yield ProcessLauncher(
            HostingFacts(
                run_dir=run_dir,
                run_nonce="bench",
                chain=try_chain(uid, gid),
                interpreter=interpreter,
                service_uid=uid,
                service_gid=gid,
                nice=nice,
            )
        )
    finally:
        shutil.rmtree(root, ignore_errors=True)


def measure_tasks(tasks: int) -> dict[str, Any]:
    """Round trips in microseconds: median and p99 by pool, and ratios to the bare echo."""
    with ExitStack() as stack:
        pools = {
            POOL: PoolBench(stack.enter_context(process_launcher(nice=0))),
            "pool, process host at nice 10": PoolBench(stack.enter_context(process_launcher())),
            "pool, thread host": PoolBench(ThreadLauncher()),
        }
        for pool in pools.values():
            stack.callback(pool.close)
            pool.start()
        rivals: dict[str, Rival] = {
            "bare ROUTER/DEALER": BareEcho(),
            "bare, work in a thread": BareEcho(threaded=True),
        }
        rivals |= {"concurrent.futures": Futures(), "loky": Loky()}
        for rival in rivals.values():
            stack.callback(rival.close)
        runs: dict[str, Callable[[bytes], object]] = {
            name: one.run_one for name, one in (*rivals.items(), *pools.items())
        }
        taken_us: dict[str, list[float]] = {name: [] for name in runs}
        for name, run in runs.items():
            _run_block(run, WARM_UP, [])
            assert not taken_us[name]
        for _ in range(max(1, tasks // BLOCK)):
            for name, run in runs.items():
                _run_block(run, BLOCK, taken_us[name])
    bare_us = statistics.median(taken_us["bare ROUTER/DEALER"])
    return {
        name: {
            "median_us": round(statistics.median(values), 1),
            "p99_us": round(_quantile(values, 0.99), 1),
            "over_bare": round(statistics.median(values) / bare_us, 2),
            "tasks": len(values),
        }
        for name, values in taken_us.items()
    }


def _run_block(run: Callable[[bytes], object], count: int, taken_us: list[float]) -> None:
    for _ in range(count):
        started_ns = time.perf_counter_ns()
        run(DATA)
        taken_us.append((time.perf_counter_ns() - started_ns) / 1000)


def _quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def measure_death(rounds: int) -> dict[str, Any]:
    """Milliseconds from kill -9 of a host to noticing it and to the next ready host."""
    starts: list[float] = []
    notices: list[float] = []
    restarts: list[float] = []
    with process_launcher() as launcher:
        bench = PoolBench(launcher)
        starts.append(bench.start() * 1000)
        for _ in range(rounds):
            killed_s = time.perf_counter()
            os.kill(bench.worker_pid(), signal.SIGKILL)
            while not any(isinstance(event, HostDied) for event in bench.turn()):
                pass
            notices.append((time.perf_counter() - killed_s) * 1000)
            while not bench.pool.may_start(bench.plugin.plugin_id):
                pass
            starts.append(bench.start() * 1000)
            restarts.append((time.perf_counter() - killed_s) * 1000)
        bench.run_one(DATA)
        bench.close()
    return {
        "start_to_ready_ms": _summary(starts),
        "notice_ms": _summary(notices),
        "restart_ms": _summary(restarts),
        "after_a_workers_death": {
            "pool": "alive",
            "concurrent.futures": Futures().after_death(),
            "loky": Loky().after_death(),
        },
    }


def _summary(values: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(values), 2),
        "worst": round(max(values), 2),
        "rounds": len(values),
    }


def measure_memory() -> dict[str, Any]:
    """PSS of an idle host (with its thin parents) and of an idle kernel, in MB (10^6 bytes)."""
    with process_launcher() as launcher:
        bench = PoolBench(launcher)
        bench.start()
        bench.run_one(DATA)
        (status,) = bench.pool.statuses()
        assert status.root_pid is not None
        tree = [status.root_pid]
        tree += [child.pid for child in psutil.Process(tree[0]).children(recursive=True)]
        alone, whole = _pss_mb([bench.worker_pid()]), _pss_mb(tree)
        bench.close()
    with idle_kernel() as kernel:
        return {
            "idle_host_mb": alone,
            "idle_host_with_its_chain_mb": whole,
            "idle_kernel_mb": _pss_mb([kernel.pid]),
        }


def _pss_mb(pids: list[int]) -> float:
    return round(sum(read_exact_memory(pid) or 0 for pid in pids) / 1e6, 1)


def measure_idle(seconds: float) -> dict[str, Any]:
    """CPU of a kernel that has nothing to do, in percent of one core."""
    with idle_kernel() as kernel:
        process = psutil.Process(kernel.pid)
        before = process.cpu_times()
        time.sleep(seconds)  # noqa: TID251 - the span that is measured
        after = process.cpu_times()
    used_s = (after.user - before.user) + (after.system - before.system)
    return {"idle_cpu_percent": round(100 * used_s / seconds, 2), "seconds": seconds}


def measure_sampling() -> dict[str, Any]:
    """CPU of a full sample a second (exact memory every fifth), in percent of one core."""
    found: dict[str, Any] = {}
    with process_launcher() as launcher:
        bench = PoolBench(launcher, max_hosts=max(MANY_HOSTS))
        for count in MANY_HOSTS:
            bench.fill(count)
            roots = {
                host.host_id: host.root_pid
                for host in bench.pool.statuses()
                if host.root_pid is not None
            }
            meter = TreeMeter(descendants)
            taken_s = []
            for number in range(SAMPLES):
                before_s = time.thread_time()
                sample = meter.sample(roots, float(number))
                taken_s.append(time.thread_time() - before_s)
            found[f"{count}_hosts_percent"] = round(100 * statistics.mean(taken_s), 2)
            found[f"{count}_hosts_processes"] = sample.total.processes
        bench.close()
    return found


@contextmanager
def idle_kernel() -> Iterator[subprocess.Popen[str]]:
    """A running kernel on an empty data dir, settled."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "kernel.cli", "run", "--json", "--data-dir", f"{folder}/data"],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(3.0)  # noqa: TID251 - until what a start needs is done
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=20)


def format_report(report: dict[str, Any]) -> str:
    """The figures as a table with the goals."""
    lines: list[str] = []
    for name, row in report.get("tasks", {}).items():
        lines.append(
            f"{name:30} median {row['median_us']:8.1f} us   p99 {row['p99_us']:8.1f} us   "
            f"{row['over_bare']:5.2f} x bare"
        )
    death = report.get("death")
    if death:
        for key, goal in (
            ("start_to_ready_ms", None),
            ("notice_ms", GOALS["notice_ms"]),
            ("restart_ms", GOALS["restart_ms"]),
        ):
            wanted = f"   goal {goal:g} ms" if goal else ""
            row = death[key]
            lines.append(
                f"{key:28} median {row['median']:8.2f} ms   worst {row['worst']:8.2f} ms{wanted}"
            )
        for name, state in death["after_a_workers_death"].items():
            lines.append(f"after a worker's death       {name}: {state}")
    for part in ("memory", "idle", "sampling"):
        for name, value in report.get(part, {}).items():
            lines.append(f"{name:28} {value}")
    for name, verdict in report["goals"].items():
        lines.append(f"goal {name:23} {verdict}")
    return "\n".join(lines)


def judge_goals(report: dict[str, Any]) -> dict[str, str]:
    """Goal by goal: met or missed, with the figure."""
    seen: dict[str, float] = {}
    if "tasks" in report:
        row = report["tasks"][POOL]
        seen["pool_over_bare"] = row["over_bare"]
        seen["pool_p99_ms"] = row["p99_us"] / 1000
        for name, rival in RIVALS.items():
            # Not slower than pools that break when a worker dies.
            median_us = report["tasks"][rival]["median_us"]
            seen[name] = round(row["median_us"] / median_us, 2)
    if "death" in report:
        seen["notice_ms"] = report["death"]["notice_ms"]["median"]
        seen["restart_ms"] = report["death"]["restart_ms"]["median"]
    if "memory" in report:
        seen["kernel_mb"] = report["memory"]["idle_kernel_mb"]
    if "idle" in report:
        seen["idle_cpu_percent"] = report["idle"]["idle_cpu_percent"]
    if "sampling" in report:
        seen["sampling_percent"] = report["sampling"]["4_hosts_percent"]
    return {
        name: f"{'met' if value <= GOALS[name] else 'MISSED'}: {value:g} (at most {GOALS[name]:g})"
        for name, value in seen.items()
    }


@click.command(help=__doc__)
@click.option("--tasks", default=2_000, help="Round trips per pool.")
@click.option("--rounds", default=15, help="Deaths.")
@click.option("--seconds", default=20.0, help="Span of the idle measurement.")
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="Leave the others out.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def main(*, tasks: int, rounds: int, seconds: float, only: tuple[str, ...], as_json: bool) -> None:
    """Measure and print."""
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "tasks": lambda: measure_tasks(tasks),
        "death": lambda: measure_death(rounds),
        "memory": measure_memory,
        "idle": lambda: measure_idle(seconds),
        "sampling": measure_sampling,
    }
    report = {name: run() for name, run in parts.items() if not only or name in only}
    report["goals"] = judge_goals(report)
    print(json.dumps(report) if as_json else format_report(report))


if __name__ == "__main__":
    main()
