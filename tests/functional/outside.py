"""What a tree of processes uses, as somebody outside sees it: psutil, nothing of the kernel's."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

STOPPED = frozenset({psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP})
BOOST_NICE = -10
TOLD_TO_STOP = 1 << (signal.SIGSTOP - 1) | 1 << (signal.SIGKILL - 1)
"""Bits of a pending SIGSTOP or SIGKILL in /proc/PID/status."""


@dataclass(frozen=True)
class Seen:
    """One look: CPU seconds since the start, ended children included; memory now; hosts stopped.

    ``wanted_s``: seconds of the hosts' threads on a processor or in its queue, of all seen so far.
    """

    at_s: float
    cpu_s: float
    memory_bytes: int
    stopped: int
    wanted_s: float = 0.0


@dataclass
class Watcher:
    """Looks at the tree below (and with) one process.

    What it saw used stays used, also of a process that is killed with its namespace and that
    nobody waits for. Blind for what begins and ends between two looks and is not waited for.
    """

    root_pid: int
    seen: list[Seen] = field(default_factory=list)
    _own_s: dict[tuple[int, float], float] = field(default_factory=dict)
    _wanted_ns: dict[int, int] = field(default_factory=dict)

    def look(self) -> Seen:
        """Take one sample."""
        root = psutil.Process(self.root_pid)
        below = root.children(recursive=True)
        for process in below:
            self._wanted_ns |= wanted_ns(process.pid)
        cpu_s, memory_bytes, stopped = 0.0, 0, 0
        former_s = self.seen[-1].cpu_s if self.seen else 0.0
        for process in (root, *below):
            try:
                times = process.cpu_times()
                cpu_s += sum(times[:4])
                self._own_s[process.pid, process.create_time()] = sum(times[:2])
                memory_bytes += exact_memory(process)
                stopped += process.status() in STOPPED
            except psutil.NoSuchProcess:
                continue
        # A child that ends between two looks at the tree is in none of them for a moment.
        cpu_s = max(cpu_s, former_s, sum(self._own_s.values()))
        wanted_s = sum(self._wanted_ns.values()) / 1e9
        sample = Seen(time.monotonic(), cpu_s, memory_bytes, stopped, wanted_s)
        self.seen.append(sample)
        return sample

    def watch(self, seconds: float, *, every_s: float = 0.25, boost: bool = False) -> None:
        """Look again and again; ``boost``: make the hosts more important than everybody else."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            self.look()
            if boost:
                self.boost()
            time.sleep(every_s)  # noqa: TID251 - the pace of looking is the point

    def boost(self) -> None:
        """Give the hosts a high priority instead of their low one, where that may be done.

        On a busy machine a polite host gets too little time for any limit to matter.
        """
        if os.geteuid() != 0:
            return
        for process in psutil.Process(self.root_pid).children(recursive=True):
            with contextlib.suppress(OSError, psutil.NoSuchProcess):
                for thread in process.threads():
                    os.setpriority(os.PRIO_PROCESS, thread.id, BOOST_NICE)
                Path(f"/proc/{process.pid}/autogroup").write_text(str(BOOST_NICE))

    def worst_cpu_share(self, window_s: float) -> float:
        """The largest share of all cores in any window that begins and ends at a sample."""
        cores = len(os.sched_getaffinity(0))
        worst = 0.0
        for index, begin in enumerate(self.seen):
            end = next((s for s in self.seen[index:] if s.at_s >= begin.at_s + window_s), None)
            if end is not None:
                share = (end.cpu_s - begin.cpu_s) / (end.at_s - begin.at_s) / cores
                worst = max(worst, share)
        return worst

    def wanted_share(self) -> float:
        """What the hosts wanted between the first sample and the last, as a share of all cores.

        Above 1 where more threads than cores want to run. Who else uses the machine makes it no
        smaller: what they do not get, they wait for. Where the system does not count waiting, it
        is what they got.
        """
        first, last = self.seen[0], self.seen[-1]
        cores = len(os.sched_getaffinity(0))
        return (last.wanted_s - first.wanted_s) / (last.at_s - first.at_s) / cores

    def most_memory_bytes(self) -> int:
        """The largest sample."""
        return max(sample.memory_bytes for sample in self.seen)


def exact_memory(process: psutil.Process) -> int:
    """PSS and swap; resident memory where the exact figure may not be read."""
    try:
        full = process.memory_full_info()
    except psutil.AccessDenied:
        return int(process.memory_info().rss)
    return int(full.pss + full.swap)


def host_pids_below(kernel_pid: int) -> list[int]:
    """All processes of all hosts; their first processes only wait and do not count."""
    found = []
    for stub in _children(kernel_pid):
        waiting = _children(stub)
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            waiting += _children(pid)
    return found


def host_states(kernel_pid: int) -> list[str]:
    """The state letters of all processes of all hosts; "T" also for one that is told to.

    A process that was told to stop or to end gets nothing done any more: on a crowded machine it
    may wait long for the moment that it needs to be stopped in name.
    """
    letters = (_state(pid) for pid in host_pids_below(kernel_pid))
    return [letter for letter in letters if letter not in {"", "Z", "X"}]


def cpu_ns(pid: int) -> int:
    """Processor time of all threads of a process so far, to the nanosecond; 0 when it is gone.

    The clock id is clock_getcpuclockid(3)'s: the inverted pid, shifted, and 2 for "scheduled".
    """
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)
    except OSError:
        return 0


def wanted_ns(pid: int) -> dict[int, int]:
    """Of each thread of a process: nanoseconds on a processor and in its queue so far."""
    found: dict[int, int] = {}
    for folder in Path(f"/proc/{pid}/task").glob("*"):
        with contextlib.suppress(OSError, ValueError):
            run_ns, wait_ns, _ = map(int, (folder / "schedstat").read_text().split())
            found[int(folder.name)] = run_ns + wait_ns
    return found


def queued_ns(pid: int) -> int:
    """How long the first thread of a process waited for a processor so far; 0 when not counted.

    A wait counts from the moment at which the thread gets its turn (sched-stats.rst).
    """
    try:
        return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - quick, a thousand times a second
            with open(f"/proc/{pid}/task/{thread}/children") as file:  # noqa: PTH123 - as above
                found += map(int, file.read().split())
    except (FileNotFoundError, ProcessLookupError):
        return found
    return found


def _state(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/status") as file:  # noqa: PTH123 - as above
            fields = dict(line.split(":\t", maxsplit=1) for line in file)
    except (FileNotFoundError, ProcessLookupError):
        return ""
    pending = int(fields["SigPnd"], 16) | int(fields["ShdPnd"], 16)
    return "T" if pending & TOLD_TO_STOP else fields["State"][0]
