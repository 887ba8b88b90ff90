"""What the whole process tree uses: CPU time and memory (PSS + swap), in total and per host.

Reads one small file per process and sample; the costly exact memory figure only where the
cheap one moved. Covers: measuring. Does not cover: what to do about it (`budget`).
Source of the file formats: proc(5).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kernel.scheduling.cpu_account import CpuAccount, CpuUse, ProcessTicks

PROC = Path("/proc")
EXACT_EVERY_S = 5.0
"""How old the exact memory of a process may get."""
MOVED_PART = 0.02
MOVED_BYTES_MIN = 1 << 20
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

Descendants = Callable[[int], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Use:
    """CPU seconds since the start (ended children included), memory now, processes, threads.

    ``exact`` is false where only resident memory could be read, which is never less.
    ``descriptors`` counts open files where the system tells their number.
    """

    cpu_s: float = 0.0
    memory_bytes: int = 0
    processes: int = 0
    threads: int = 0
    descriptors: int = 0
    exact: bool = True


@dataclass(frozen=True, slots=True)
class TreeSample:
    """One sample of the tree below (and with) the kernel's process."""

    now_s: float
    total: Use
    hosts: Mapping[str, Use]


@dataclass(frozen=True, slots=True)
class ProcessStat:
    """The fields of /proc/PID/stat that matter here."""

    ticks: ProcessTicks
    threads: int
    resident_bytes: int

    @property
    def pid(self) -> int:
        """Its id."""
        return self.ticks.pid

    @property
    def parent(self) -> int:
        """The id of the process above."""
        return self.ticks.parent

    @property
    def started_ticks(self) -> int:
        """When it began."""
        return self.ticks.started_ticks

    @property
    def cpu_ticks(self) -> int:
        """Its own CPU time, and that of children that ended and were waited for."""
        return self.ticks.own_ticks + self.ticks.ended_ticks


@dataclass(slots=True)
class _Remembered:
    """The last exact memory of one process, and the cheap figure beside it."""

    started_ticks: int
    at_s: float
    exact_bytes: int
    resident_bytes: int
    exact: bool


@dataclass(slots=True)
class TreeMeter:
    """Samples the tree below ``root_pid``. One thread calls it.

    ``descendants`` lists the pids below a process, parents before children
    (`kernel.supervision.process_tree`).
    """

    descendants: Descendants
    root_pid: int = field(default_factory=os.getpid)
    proc: Path = PROC
    _memory: dict[int, _Remembered] = field(default_factory=dict)
    _account: CpuAccount | None = None

    def sample(self, hosts: Mapping[str, int], now_s: float) -> TreeSample:
        """Everything; ``hosts`` maps host ids to the pids of their first processes."""
        stats = self._read_stats()
        owner = _owners(stats, hosts)
        uses: dict[str, Use] = dict.fromkeys(hosts, Use())
        total = Use()
        for stat in stats:
            memory_bytes, exact = self._memory_of(stat, now_s)
            one = Use(
                cpu_s=stat.cpu_ticks / _TICKS_PER_S,
                memory_bytes=memory_bytes,
                processes=1,
                threads=stat.threads,
                descriptors=count_descriptors(stat.pid, self.proc),
                exact=exact,
            )
            total = _add(total, one)
            host_id = owner.get(stat.pid)
            if host_id is not None:
                uses[host_id] = _add(uses[host_id], one)
        alive = {stat.pid for stat in stats}
        self._memory = {pid: seen for pid, seen in self._memory.items() if pid in alive}
        return TreeSample(now_s, total, uses)

    def cpu(self, hosts: Collection[int] = ()) -> CpuUse:
        """CPU seconds of the tree: the part cheap enough for 10 Hz.

        ``hosts`` are the pids of the hosts' first processes. The first call counts what the
        processes that are there used since their start; from then on nothing that was seen is
        lost, whatever ends in whatever way.
        """
        if self._account is None:
            self._account = CpuAccount(self.root_pid)
        seen = [stat.ticks for stat in self._read_stats()]
        listed = {process.pid for process in seen}
        for pid, started_ticks in self._account.known.items():
            # One that changed its parent while we looked is in no list, and not gone.
            stat = None if pid in listed else read_stat(pid, self.proc)
            if stat is not None and stat.started_ticks == started_ticks:
                seen.append(stat.ticks)
        return self._account.take(seen, hosts, ticks_per_s=_TICKS_PER_S)

    def cpu_s(self) -> float:
        """CPU seconds of the whole tree; see `cpu`."""
        return self.cpu().total_s

    def _read_stats(self) -> list[ProcessStat]:
        pids = (self.root_pid, *self.descendants(self.root_pid))
        stats = (read_stat(pid, self.proc) for pid in pids)
        return [stat for stat in stats if stat is not None]

    def _memory_of(self, stat: ProcessStat, now_s: float) -> tuple[int, bool]:
        seen = self._memory.get(stat.pid)
        if seen is not None and seen.started_ticks == stat.started_ticks:
            grown = stat.resident_bytes - seen.resident_bytes
            moved = abs(grown) > max(MOVED_BYTES_MIN, MOVED_PART * seen.resident_bytes)
            if not moved and now_s - seen.at_s < EXACT_EVERY_S:
                return max(0, seen.exact_bytes + max(0, grown)), seen.exact
        exact_bytes = read_exact_memory(stat.pid, self.proc)
        memory_bytes = stat.resident_bytes if exact_bytes is None else exact_bytes
        exact = exact_bytes is not None
        self._memory[stat.pid] = _Remembered(
            stat.started_ticks, now_s, memory_bytes, stat.resident_bytes, exact
        )
        return memory_bytes, exact


def read_stat(pid: int, proc: Path = PROC) -> ProcessStat | None:
    """The process's figures; None when it is gone."""
    try:
        text = (proc / str(pid) / "stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name may hold spaces and brackets: the fields begin after the last one.
    fields = text[text.rindex(b")") + 2 :].split()
    return ProcessStat(
        ticks=ProcessTicks(
            pid=pid,
            parent=int(fields[1]),
            group=int(fields[2]),
            started_ticks=int(fields[19]),
            own_ticks=int(fields[11]) + int(fields[12]),
            ended_ticks=int(fields[13]) + int(fields[14]),
        ),
        threads=int(fields[17]),
        resident_bytes=int(fields[21]) * _PAGE_BYTES,
    )


def read_exact_memory(pid: int, proc: Path = PROC) -> int | None:
    """PSS + swapped PSS in bytes; None where it may not be read or the process is gone."""
    total_kib, found = 0, False
    try:
        for line in (proc / str(pid) / "smaps_rollup").read_bytes().splitlines():
            if line.startswith((b"Pss:", b"SwapPss:")):
                total_kib += int(line.split()[1])
                found = True
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    return total_kib * 1024 if found else None


def count_descriptors(pid: int, proc: Path = PROC) -> int:
    """Open descriptors; 0 when it is gone or the system does not tell.

    Since Linux 6.2 the size of /proc/PID/fd is their number (proc(5)): one call, and no right
    to look into the process is needed. Before, they are counted where they may be seen.
    """
    folder = proc / str(pid) / "fd"
    try:
        return folder.stat().st_size or sum(1 for _ in folder.iterdir())
    except OSError:
        return 0


def _owners(stats: list[ProcessStat], hosts: Mapping[str, int]) -> dict[int, str]:
    """Pid -> host id, for the hosts' first processes and all below them."""
    owner = {pid: host_id for host_id, pid in hosts.items()}
    for stat in stats:
        above = owner.get(stat.parent)
        if stat.pid not in owner and above is not None:
            owner[stat.pid] = above
    return owner


def _add(use: Use, more: Use) -> Use:
    return Use(
        cpu_s=use.cpu_s + more.cpu_s,
        memory_bytes=use.memory_bytes + more.memory_bytes,
        processes=use.processes + more.processes,
        threads=use.threads + more.threads,
        descriptors=use.descriptors + more.descriptors,
        exact=use.exact and more.exact,
    )
