"""Which processes are stale hosts: a pure decision over records and what /proc says.

Covers: what becomes of each record, which processes have to end, which strays belong to a dead
run. Does not cover: reading and signalling (`reaper`). The rules: a living kernel's hosts are kept;
a record of another boot or of a reused pid is only forgotten; a process is meant by pid and start
time, never by name; a stray is meant by the run's nonce in its environment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from kernel.supervision.identity import ProcessIdentity, ProcessStat, Standing, standing
from kernel.supervision.records import HostRecord, KernelRecord

Verdict = Literal["kept", "forgotten", "ends"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known at one moment. ``marks`` are (run nonce, host id) by pid, where readable."""

    boot_id: str
    stats: Mapping[int, ProcessStat]
    marks: Mapping[int, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class OwnRun:
    """The run of the kernel that asks: its strays are those of hosts it does not know."""

    nonce: str
    host_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one host. ``stub`` is killed, never asked: asking it kills it anyway."""

    host_id: str
    plugin_id: str
    verdict: Verdict
    reason: str
    targets: tuple[ProcessIdentity, ...] = ()
    stub: ProcessIdentity | None = None


def decide(
    hosts: Iterable[HostRecord],
    kernel: KernelRecord | None,
    snapshot: Snapshot,
    own: OwnRun | None = None,
    *,
    over: frozenset[str] = frozenset(),
) -> list[Decision]:
    """One decision per record of one run dir, then one per host id of strays without a record.

    ``own`` is given by a running kernel alone, for its own run dir. ``over``: marks of runs that
    are known to be over from elsewhere.
    """
    decisions: list[Decision] = []
    live: set[str] = set()
    dead: set[str] = set(over)
    if kernel is not None:
        (live if _lives(kernel.identity, snapshot) else dead).add(kernel.nonce)
    for record in hosts:
        if _lives(record.kernel, snapshot):
            live.add(record.nonce)
            decisions.append(_decision(record, "kept", "its kernel lives"))
        else:
            dead.add(record.nonce)
            decisions.append(_judge(record, snapshot))
    taken = {target.pid for decision in decisions for target in decision.targets}
    strays = _strays(snapshot, dead - live, own)
    for host_id, pids in sorted(strays.items()):
        targets = _identities(_families(pids, snapshot) - taken, snapshot)
        if targets:
            reason = "marked with a run that is over, or with a host that is gone"
            decisions.append(Decision(host_id, "", "ends", reason, targets))
    return decisions


def _judge(record: HostRecord, snapshot: Snapshot) -> Decision:
    known = [record.stub] if record.host is None else [record.stub, record.host]
    standings = {
        identity.pid: standing(identity, snapshot.stats.get(identity.pid), snapshot.boot_id)
        for identity in known
    }
    alive = {pid for pid, found in standings.items() if found is Standing.ALIVE}
    if not alive:
        # The stub first: it is what the record was made for.
        return _decision(record, "forgotten", standings[record.stub.pid].value)
    targets = _identities(_families(alive, snapshot), snapshot)
    stub = record.stub if record.stub.pid in alive else None
    return _decision(record, "ends", "its kernel is gone", targets, stub)


def _decision(
    record: HostRecord,
    verdict: Verdict,
    reason: str,
    targets: tuple[ProcessIdentity, ...] = (),
    stub: ProcessIdentity | None = None,
) -> Decision:
    return Decision(record.host_id, record.plugin_id, verdict, reason, targets, stub)


def _lives(identity: ProcessIdentity, snapshot: Snapshot) -> bool:
    stat = snapshot.stats.get(identity.pid)
    return standing(identity, stat, snapshot.boot_id) is Standing.ALIVE


def _strays(snapshot: Snapshot, dead: set[str], own: OwnRun | None) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for pid, (nonce, host_id) in snapshot.marks.items():
        of_dead_run = nonce in dead and (own is None or nonce != own.nonce)
        of_own_dead_host = own is not None and nonce == own.nonce and host_id not in own.host_ids
        if nonce and (of_dead_run or of_own_dead_host):
            found.setdefault(host_id, set()).add(pid)
    return found


def _families(roots: set[int], snapshot: Snapshot) -> set[int]:
    """``roots``, everything below them, and everything in a session or group they lead."""
    family = {pid for pid in roots if pid in snapshot.stats}
    while True:
        more = {
            stat.pid
            for stat in snapshot.stats.values()
            if stat.parent in family or stat.session in family or stat.group in family
        }
        if more <= family:
            return family
        family |= more


def _identities(pids: set[int], snapshot: Snapshot) -> tuple[ProcessIdentity, ...]:
    living = (snapshot.stats[pid] for pid in sorted(pids))
    return tuple(
        ProcessIdentity(stat.pid, stat.start_ticks, snapshot.boot_id)
        for stat in living
        if stat.state not in {"Z", "X"}
    )
