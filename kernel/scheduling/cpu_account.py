"""CPU time that a tree of processes used, counted so that none of it is lost or counted twice.

The figures of a process go with it: one that is killed with its whole process namespace is waited
for by nobody, and the sum over the tree falls. So what each process used since the look before is
added up, and a sum never falls. Covers: pure accounts over what was read. Does not cover: reading
(`kernel.scheduling.meter`), what began and ended between two looks and was never waited for, which
no account of the system shows: the sandbox's seccomp layer does not let a plugin have that. Where
that layer is missing, a plugin that ignores SIGCHLD can hide the time of children that live for
less than the tenth of a second between two looks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProcessTicks:
    """One process at a look; ticks of the system's clock.

    ``ended_ticks`` are those of its children that ended and were waited for, with theirs.
    ``group`` is its process group, ``started_ticks`` tells it from others of the same pid.
    """

    pid: int
    parent: int
    group: int
    started_ticks: int
    own_ticks: int
    ended_ticks: int


@dataclass(frozen=True, slots=True)
class CpuUse:
    """CPU seconds so far; none of the figures ever falls.

    ``total_s``: of the whole tree. ``hosts_s``: of hosts and all below them. ``root_s``: of the
    first process alone. ``handed_up_s``: of what ended below the first process, as far as no look
    saw it at work; after a pause between looks nobody can tell whose it was.
    """

    total_s: float = 0.0
    hosts_s: float = 0.0
    root_s: float = 0.0
    handed_up_s: float = 0.0


@dataclass(slots=True)
class _Account:
    """A process as it was last seen."""

    seen: ProcessTicks
    is_host: bool
    owed_ticks: int = 0
    """Counted below it when that ended, and not found in its ``ended_ticks`` yet."""


class CpuAccount:
    """The accounts of one tree; ``root_pid`` is its first process."""

    def __init__(self, root_pid: int) -> None:
        self._root_pid = root_pid
        self._accounts: dict[int, _Account] = {}
        self._total = self._hosts = self._root = self._handed_up = 0

    @property
    def known(self) -> Mapping[int, int]:
        """Start times of the processes seen at the last look, by pid."""
        return {pid: account.seen.started_ticks for pid, account in self._accounts.items()}

    def take(
        self, seen: Collection[ProcessTicks], hosts: Collection[int], *, ticks_per_s: int
    ) -> CpuUse:
        """Take in one look, parents before children; ``hosts`` are pids of first processes."""
        now = {process.pid: process for process in seen}
        owed = self._settle_gone(now)
        accounts: dict[int, _Account] = {}
        for process in now.values():
            before = self._accounts.get(process.pid)
            if before is not None and before.seen.started_ticks != process.started_ticks:
                before = None
            above = accounts.get(process.parent)
            is_host = (
                process.pid in hosts
                or process.group in hosts
                or (before is not None and before.is_host)
                or (above is not None and above.is_host)
            )
            accounts[process.pid] = account = _Account(process, is_host)
            self._add(account, before, owed.get(process.pid, 0))
        self._accounts = accounts
        figures = (self._total, self._hosts, self._root, self._handed_up)
        return CpuUse(*(ticks / ticks_per_s for ticks in figures))

    def _settle_gone(self, now: Mapping[int, ProcessTicks]) -> dict[int, int]:
        """What was counted of those that are gone, by the nearest process above that is not."""
        gone = {
            pid: account
            for pid, account in self._accounts.items()
            if pid not in now or now[pid].started_ticks != account.seen.started_ticks
        }
        owed: dict[int, int] = {}
        for account in gone.values():
            heir = account.seen.parent
            while heir in gone:
                heir = gone[heir].seen.parent
            heir = heir if heir in now else self._root_pid
            ticks = account.seen.own_ticks + account.seen.ended_ticks
            owed[heir] = owed.get(heir, 0) + ticks
        return owed

    def _add(self, account: _Account, before: _Account | None, owed_now: int) -> None:
        """Count what one process used since the look before, and what ended below it."""
        seen = account.seen
        own = seen.own_ticks - (before.seen.own_ticks if before else 0)
        ended = seen.ended_ticks - (before.seen.ended_ticks if before else 0)
        # It may be read a moment before its child is waited for: then the next look finds it.
        # What is not there by then was waited for by nobody.
        owed = owed_now + (before.owed_ticks if before else 0)
        account.owed_ticks = min(owed_now, max(0, owed - ended))
        own, unseen = max(0, own), max(0, ended - owed)
        self._total += own + unseen
        if account.is_host:
            self._hosts += own + unseen
        elif seen.pid == self._root_pid:
            self._root += own
            self._handed_up += unseen
