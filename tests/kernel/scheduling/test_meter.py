"""The meter against real processes, checked with psutil's own reading."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from kernel.scheduling.enforce import cores_for_hosts
from kernel.scheduling.gpu import GpuMeter
from kernel.scheduling.meter import TreeMeter, read_exact_memory, read_stat
from kernel.supervision.process_tree import descendants

MIB = 1 << 20


@contextmanager
def child(code: str) -> Iterator[subprocess.Popen[str]]:
    """A real process that prints a line when it is ready and leaves when its stdin ends."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline()
        yield process
    finally:
        process.stdin.close()
        process.kill()
        process.wait(20)
        process.stdout.close()


HOLDS = """
import sys
data = bytearray(b'x') * ({mib} << 20)
print('ready', flush=True); sys.stdin.read()
"""
BURNS = """
import sys, time
end = time.process_time() + {cpu_s}
while time.process_time() < end: pass
print('ready', flush=True); sys.stdin.read()
"""
PARENT_OF_DEAD = """
import subprocess, sys
subprocess.run([sys.executable, '-I', '-c', '''
import time
end = time.process_time() + 0.3
while time.process_time() < end: pass
'''])
grandchild = subprocess.Popen([sys.executable, '-I', '-c',
    "import sys; data = bytearray(b'x') * (64 << 20); print('g', flush=True); sys.stdin.read()"],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
grandchild.stdout.readline()
print('ready', flush=True); sys.stdin.read()
"""


def test_memory_of_a_host_is_its_pss_and_that_of_its_children() -> None:
    with child(HOLDS.format(mib=100)) as one, child(PARENT_OF_DEAD) as two:
        sample = TreeMeter(descendants).sample({"one": one.pid, "two": two.pid}, now_s=1.0)
        assert sample.hosts["one"].memory_bytes == pytest.approx(105 * MIB, abs=10 * MIB)
        assert sample.hosts["two"].memory_bytes == pytest.approx(75 * MIB, abs=15 * MIB)
        assert sample.hosts["two"].processes == 2
        assert sample.hosts["one"].exact
        mine = psutil.Process().memory_full_info().pss
        below = sum(psutil.Process(pid).memory_full_info().pss for pid in descendants(os.getpid()))
        assert sample.total.memory_bytes == pytest.approx(mine + below, rel=0.05)


def test_cpu_time_of_ended_children_is_not_lost() -> None:
    with child(PARENT_OF_DEAD) as parent:
        use = TreeMeter(descendants).sample({"h": parent.pid}, now_s=1.0).hosts["h"]
        assert use.cpu_s >= 0.3


def test_cpu_time_of_the_tree_grows_by_what_a_child_burns() -> None:
    meter = TreeMeter(descendants)
    before_s = meter.cpu_s()
    with child(BURNS.format(cpu_s=0.5)):
        assert 0.45 <= meter.cpu_s() - before_s <= 3.0
    # The child is waited for: its time moves to this process's account.
    assert meter.cpu_s() - before_s >= 0.45


def test_growth_is_seen_at_once_though_the_exact_figure_is_kept() -> None:
    code = """
import sys
held = [bytearray(b'x') * (20 << 20)]
print('ready', flush=True)
sys.stdin.readline()
held.append(bytearray(b'x') * (60 << 20))
print('grown', flush=True)
sys.stdin.read()
"""
    with child(code) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        meter = TreeMeter(descendants)
        first = meter.sample({"h": process.pid}, now_s=1.0).hosts["h"].memory_bytes
        process.stdin.write("\n")
        process.stdin.flush()
        process.stdout.readline()
        second = meter.sample({"h": process.pid}, now_s=1.1).hosts["h"].memory_bytes
        assert second - first == pytest.approx(60 * MIB, abs=4 * MIB)


def test_a_host_that_is_gone_uses_nothing() -> None:
    with child(HOLDS.format(mib=1)) as process:
        pid = process.pid
    use = TreeMeter(descendants).sample({"h": pid}, now_s=1.0).hosts["h"]
    assert (use.processes, use.memory_bytes) == (0, 0)
    assert read_stat(pid) is None
    assert read_exact_memory(pid) is None


def test_a_process_that_hides_its_maps_counts_with_its_resident_memory(tmp_path: Path) -> None:
    """Such as one that may not be dumped, seen by a kernel without privileges."""
    stat = (
        b"7 (a) b) S 1 7 7 0 -1 4194560 1 0 0 0 5 6 7 8 20 0 3 0 99 1000000 "
        + b"1000 "
        + b"0 " * 28
    )
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_bytes(stat)
    (tmp_path / "7" / "smaps_rollup").mkdir()
    found = read_stat(7, tmp_path)
    assert found is not None
    assert (found.parent, found.cpu_ticks, found.threads, found.started_ticks) == (1, 26, 3, 99)
    (tmp_path / "7" / "smaps_rollup").rmdir()
    meter = TreeMeter(lambda _: (), root_pid=7, proc=tmp_path)
    use = meter.sample({}, now_s=0.0).total
    assert use.memory_bytes == 1000 * os.sysconf("SC_PAGE_SIZE")
    assert not use.exact


def fake_process(proc: Path, *, resident_kib: int, pss_kib: int) -> None:
    pages = resident_kib * 1024 // os.sysconf("SC_PAGE_SIZE")
    (proc / "7").mkdir(exist_ok=True)
    stat = f"7 (a) S 1 7 7 0 -1 0 1 0 0 0 5 6 7 8 20 0 3 0 99 1000000 {pages} " + "0 " * 28
    (proc / "7" / "stat").write_text(stat)
    (proc / "7" / "smaps_rollup").write_text(f"Rss: 1 kB\nPss: {pss_kib} kB\nSwapPss: 8 kB\n")


def test_the_exact_figure_is_read_again_when_memory_moved_or_time_passed(tmp_path: Path) -> None:
    meter = TreeMeter(lambda _: (), root_pid=7, proc=tmp_path)

    def kib(now_s: float, *, resident_kib: int, pss_kib: int) -> int:
        fake_process(tmp_path, resident_kib=resident_kib, pss_kib=pss_kib)
        return meter.sample({}, now_s).total.memory_bytes // 1024

    assert kib(0.0, resident_kib=200_000, pss_kib=100_000) == 100_008
    # A little growth is believed without another look, and counted in full.
    assert kib(1.0, resident_kib=200_800, pss_kib=55_555) == 100_808
    # A fall is believed only after a look.
    assert kib(2.0, resident_kib=150_000, pss_kib=60_000) == 60_008
    assert kib(3.0, resident_kib=150_000, pss_kib=61_000) == 60_008
    assert kib(7.0, resident_kib=150_000, pss_kib=62_000) == 62_008


def test_sampling_once_a_second_costs_less_than_a_hundredth_of_a_core() -> None:
    with child(HOLDS.format(mib=200)) as one, child(HOLDS.format(mib=200)) as two:
        meter = TreeMeter(descendants)
        hosts = {"one": one.pid, "two": two.pid}
        costs = []
        for index in range(20):
            before_s = time.thread_time()
            meter.sample(hosts, now_s=float(index))
            costs.append(time.thread_time() - before_s)
        assert sum(costs) / len(costs) < 0.010


def test_stopped_children_use_no_cpu() -> None:
    code = "print('ready', flush=True)\nwhile True: pass"
    with child(code) as process:
        os.kill(process.pid, 19)
        meter = TreeMeter(descendants)
        first = meter.sample({"h": process.pid}, now_s=0.0).hosts["h"].cpu_s
        threading.Event().wait(0.3)
        assert meter.sample({"h": process.pid}, now_s=0.3).hosts["h"].cpu_s - first <= 0.02


@pytest.mark.parametrize(
    ("cores", "share", "expected"),
    [
        ({0}, 0.5, (0,)),
        ({0, 1}, 0.5, (1,)),
        ({0, 1, 2}, 0.5, (2,)),
        ({2, 3, 6, 7}, 0.5, (6, 7)),
        (set(range(16)), 0.25, (12, 13, 14, 15)),
        ({0, 1, 2}, 1.0, (0, 1, 2)),
    ],
)
def test_hosts_are_bound_to_their_share_of_the_cores(
    cores: set[int], share: float, expected: tuple[int, ...]
) -> None:
    assert cores_for_hosts(cores, share) == expected


def test_a_machine_without_a_gpu_says_so_and_gives_nothing() -> None:
    meter = GpuMeter()
    if not meter.why_not:
        uses = meter.read()
        assert all(0 < use.used_bytes <= use.total_bytes for use in uses)
    else:
        assert meter.read() == ()
    meter.close()
    meter.close()


def test_descriptors_are_counted_with_the_process() -> None:
    meter = TreeMeter(descendants=lambda pid: ())
    before = meter.sample({}, 0.0).total.descriptors
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(Path("/dev/null").open("rb"))
        assert meter.sample({}, 1.0).total.descriptors == before + 10
