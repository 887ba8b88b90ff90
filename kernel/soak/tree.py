"""The kernel's process tree as somebody outside sees it, read from /proc.

Covers: hosts, their states, CPU time that survives their end, memory, zombies, what outlives its
kernel. Does not cover: what the kernel itself says about its hosts. A host is told by the command
line of its first process, a direct child of the kernel (`kernel.supervision.launch`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from kernel.scheduling.meter import count_descriptors
from kernel.supervision.launch import HOST_ID_ENV, RUN_NONCE_ENV
from kernel.supervision.process_tree import descendants

PROC = Path("/proc")
HOST_SIGN = b"AUTOCAPTURE_BOOTSTRAP"
PLUGIN_HOST_SIGN = b"plugin_host"
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
ZOMBIE_S = 15.0
"""A process that ended is a zombie until its parent looks, and while its last threads go, which
on a busy machine takes a polite host some seconds: only one that stays is a fault."""
PF_EXITING = 0x4
"""In the flags of /proc/PID/stat (linux/sched.h): it ended, and gives its memory back."""
ORPHAN_S = 5.0
"""How long hosts may outlive their kernel."""

Identity = tuple[int, int]
"""Pid and start time in ticks: a pid alone may have been given again."""


@dataclass(frozen=True, slots=True)
class Stat:
    """One line of /proc/PID/stat; ``cpu_s`` without ended children."""

    pid: int
    started: int
    state: str
    cpu_s: float
    ended_children_cpu_s: float
    threads: int
    ends: bool = False
    """It computes no more: what it still uses is the system's time to take it apart."""

    @property
    def identity(self) -> Identity:
        """Who it is."""
        return self.pid, self.started


@dataclass(frozen=True, slots=True)
class Host:
    """One host: its id, its first process, and all processes (first one included)."""

    host_id: str
    root_pid: int
    stats: tuple[Stat, ...]

    @property
    def is_still(self) -> bool:
        """Whether no process but the first, which only waits, can run."""
        inner = [stat for stat in self.stats if stat.pid != self.root_pid]
        return bool(inner) and all(stat.state in "TtZX" for stat in inner)


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the tree."""

    at_s: float
    alive: bool
    stats: tuple[Stat, ...] = ()
    hosts: tuple[Host, ...] = ()
    heavy_cpu_s: float = 0.0
    """CPU seconds of all host processes ever seen, without those of their taking apart: giving
    back some hundred megabytes takes tens of milliseconds, whoever ended them and when."""
    tree_cpu_s: float = 0.0
    zombies: int = 0


@dataclass
class Tree:
    """Remembers what it saw between looks. One thread calls `look`."""

    _heavy: dict[Identity, float] = field(default_factory=dict)
    _all: dict[Identity, float] = field(default_factory=dict)
    _heavy_gone_s: float = 0.0
    _all_gone_s: float = 0.0
    _zombie_since_s: dict[Identity, float] = field(default_factory=dict)
    _host_ids: dict[Identity, str] = field(default_factory=dict)
    _bereaved_since_s: dict[Identity, float] = field(default_factory=dict)
    _known: set[Identity] = field(default_factory=set)

    def look(self, kernel_pid: int | None) -> Look:
        """The tree at this moment; with no kernel all is empty."""
        now_s = time.monotonic()
        root = read_stat(kernel_pid) if kernel_pid is not None else None
        if kernel_pid is None or root is None or root.state in "ZX":
            self._forget({})
            return Look(
                now_s, alive=False, heavy_cpu_s=self._heavy_gone_s, tree_cpu_s=self._all_gone_s
            )
        hosts = tuple(self._find_hosts(kernel_pid))
        stats = [root, *_stats(descendants(kernel_pid))]
        heavy = {stat.identity: self._worked_s(stat) for host in hosts for stat in host.stats}
        self._known |= heavy.keys()
        self._forget({stat.identity: stat.cpu_s for stat in stats}, heavy)
        return Look(
            at_s=now_s,
            alive=True,
            stats=tuple(stats),
            hosts=hosts,
            heavy_cpu_s=self._heavy_gone_s + sum(self._heavy.values()),
            tree_cpu_s=self._all_gone_s + sum(self._all.values()),
            zombies=self._count_zombies(stats, now_s),
        )

    def orphans(self, kernel_pid: int | None, run_ids: Iterable[str]) -> list[int]:
        """Host processes of this soak that run for long without being below the living kernel."""
        now_s = time.monotonic()
        below = set(descendants(kernel_pid)) if kernel_pid is not None else set()
        marks = [f"{RUN_NONCE_ENV}={run_id}".encode() for run_id in run_ids]
        suspects: dict[Identity, float] = {}
        for stat in _stats(_pids()):
            if stat.pid in below or stat.state in "ZX":
                continue
            if stat.identity in self._known or _is_marked_host(stat.pid, marks):
                since_s = self._bereaved_since_s.get(stat.identity, now_s)
                suspects[stat.identity] = since_s
        self._bereaved_since_s = suspects
        return [pid for (pid, _), since_s in suspects.items() if now_s - since_s >= ORPHAN_S]

    def suspects(self) -> int:
        """Processes that were without a kernel at the last call of `orphans`, however shortly."""
        return len(self._bereaved_since_s)

    def _worked_s(self, stat: Stat) -> float:
        """CPU seconds until it began to end."""
        return self._heavy.get(stat.identity, stat.cpu_s) if stat.ends else stat.cpu_s

    def _find_hosts(self, kernel_pid: int) -> Iterable[Host]:
        for stat in _stats(_children(kernel_pid)):
            if stat.state in "ZX":
                continue
            host_id = self._host_ids.get(stat.identity)
            if host_id is None and HOST_SIGN in _read(stat.pid, "cmdline"):
                named = _environment(stat.pid).get(HOST_ID_ENV, f"pid{stat.pid}")
                host_id = self._host_ids[stat.identity] = named
            if host_id is not None:
                yield Host(host_id, stat.pid, (stat, *_stats(descendants(stat.pid))))

    def _forget(
        self, everybody: dict[Identity, float], heavy: dict[Identity, float] | None = None
    ) -> None:
        """Keep the last figure of those that are gone."""
        heavy = heavy or {}
        self._all_gone_s += sum(s for who, s in self._all.items() if who not in everybody)
        self._heavy_gone_s += sum(s for who, s in self._heavy.items() if who not in heavy)
        self._all, self._heavy = everybody, heavy

    def _count_zombies(self, stats: Iterable[Stat], now_s: float) -> int:
        dead = {stat.identity for stat in stats if stat.state == "Z"}
        self._zombie_since_s = {who: self._zombie_since_s.get(who, now_s) for who in dead}
        return sum(now_s - since_s >= ZOMBIE_S for since_s in self._zombie_since_s.values())


def read_stat(pid: int) -> Stat | None:
    """The process's figures; None when it is gone."""
    text = _read(pid, "stat")
    if not text:
        return None
    fields = text[text.rindex(b")") + 2 :].split()
    return Stat(
        pid=pid,
        started=int(fields[19]),
        state=fields[0].decode(),
        cpu_s=(int(fields[11]) + int(fields[12])) / TICKS_PER_S,
        ended_children_cpu_s=(int(fields[13]) + int(fields[14])) / TICKS_PER_S,
        threads=int(fields[17]),
        ends=fields[0] in (b"Z", b"X") or bool(int(fields[6]) & PF_EXITING),
    )


def read_memory(pid: int) -> tuple[int, int]:
    """PSS and swapped PSS in bytes; zeros when it is gone, resident memory where PSS is hidden."""
    pss = swap = 0
    text = _read(pid, "smaps_rollup")
    if not text:
        status = _read(pid, "status")
        _, found, rest = status.partition(b"VmRSS:")
        return (int(rest.split()[0]) * 1024 if found else 0), 0
    for line in text.splitlines():
        if line.startswith(b"Pss:"):
            pss = int(line.split()[1]) * 1024
        elif line.startswith(b"SwapPss:"):
            swap = int(line.split()[1]) * 1024
    return pss, swap


def count_open(stats: Iterable[Stat]) -> int:
    """Open descriptors of all."""
    return sum(count_descriptors(stat.pid) for stat in stats)


def _stats(pids: Iterable[int]) -> list[Stat]:
    return [stat for pid in pids if (stat := read_stat(pid)) is not None]


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in (PROC / str(pid) / "task").iterdir():
            found += [int(word) for word in (task / "children").read_bytes().split()]
    except (FileNotFoundError, ProcessLookupError):
        return found
    return found


def _pids() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


def _is_marked_host(pid: int, marks: Iterable[bytes]) -> bool:
    if PLUGIN_HOST_SIGN not in _read(pid, "cmdline"):
        return False
    environment = _read(pid, "environ").split(b"\0")
    return any(mark in environment for mark in marks)


def _environment(pid: int) -> dict[str, str]:
    pairs = (entry.partition(b"=") for entry in _read(pid, "environ").split(b"\0") if entry)
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}


def _read(pid: int, name: str) -> bytes:
    try:
        return (PROC / str(pid) / name).read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return b""
