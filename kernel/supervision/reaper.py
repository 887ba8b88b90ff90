"""Ends stale hosts of dead kernels: at boot, now and then, and as ``kernel doctor --reap``.

Covers: the snapshot of /proc, TERM then KILL with deadlines through pidfds, cleaning up after
the dead, the report. Does not cover: the decision (`reap_plan`). Safe to run at any time and by
several at once: what one ended the other finds gone.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from kernel.supervision import records
from kernel.supervision.identity import (
    ProcessIdentity,
    Standing,
    check,
    open_pidfd,
    read_all_stats,
    read_boot_id,
    read_variable,
)
from kernel.supervision.launch import HOST_ID_ENV, RUN_NONCE_ENV
from kernel.supervision.reap_plan import Decision, OwnRun, Snapshot, decide
from kernel.supervision.rundir import RunDir

TERM_S_MAX: Final = 1.0
KILL_S_MAX: Final = 2.0
ROUNDS_MAX: Final = 4
"""A family that forks while it is being killed is looked at again, this often at most."""


@dataclass(frozen=True, slots=True)
class ReapAction:
    """What was done about one host."""

    run_dir: str
    host_id: str
    plugin_id: str
    outcome: Literal["kept", "forgotten", "terminated", "killed", "failed"]
    reason: str
    pids: tuple[int, ...] = ()
    left_pids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ReapReport:
    """Everything that was found, and the record files that could not be read."""

    actions: tuple[ReapAction, ...]
    unreadable: tuple[str, ...] = ()

    @property
    def left_pids(self) -> tuple[int, ...]:
        """Stale processes that are still there: empty when all is well."""
        return tuple(dict.fromkeys(pid for action in self.actions for pid in action.left_pids))

    def __add__(self, other: ReapReport) -> ReapReport:
        """Both together."""
        return ReapReport(self.actions + other.actions, self.unreadable + other.unreadable)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "actions": [asdict(action) for action in self.actions],
            "unreadable": list(self.unreadable),
            "left_pids": list(self.left_pids),
        }


def reap(
    run_dirs: Iterable[RunDir],
    *,
    own: OwnRun | None = None,
    over: frozenset[str] = frozenset(),
    is_idle: bool = False,
    term_s_max: float = TERM_S_MAX,
    kill_s_max: float = KILL_S_MAX,
) -> ReapReport:
    """Ends the stale hosts of ``run_dirs`` and takes their records, sockets and scratch away.

    ``own`` is what a running kernel knows of its own hosts, and goes with its own run dir alone.
    ``over`` are marks of runs that are known to be over; ``is_idle``: no kernel serves these run
    dirs, also where no record says so (see `run_places`). Another user's records are not looked at.
    A host's record that cannot be read is taken away once its kernel is gone and nobody carries its
    mark; until then it is told.

    Blocks for at most about ``term_s_max + kill_s_max`` per run dir, and not at all when there is
    nothing to end. Never raises for a process that may not be signalled: it is left and told.
    """
    actions: list[ReapAction] = []
    unreadable: list[str] = []
    for run_dir in run_dirs:
        is_ours = run_dir.is_ours()
        kernel = records.read_kernel_record(run_dir) if is_ours else None
        hosts = records.read_host_records(run_dir) if is_ours else []
        decisions = decide(
            [item for item in hosts if isinstance(item, records.HostRecord)],
            kernel if isinstance(kernel, records.KernelRecord) else None,
            take_snapshot(),
            own,
            over=over,
        )
        actions += _carry_out(run_dir, decisions, term_s_max, kill_s_max)
        broken = [item for item in hosts if isinstance(item, records.Unreadable)]
        if isinstance(kernel, records.Unreadable):
            unreadable.append(f"{kernel.path}: {kernel.reason}; the next start writes it anew")
            is_over = is_idle
        elif kernel is None:
            is_over = is_idle
        else:
            is_over = check(kernel.identity) is not Standing.ALIVE
        for item in broken:
            if problem := _why_kept(item, is_over=is_over):
                unreadable.append(f"{item.path}: {item.reason}; {problem}")
            else:
                actions.append(_forget(run_dir, item))
    return ReapReport(tuple(actions), tuple(unreadable))


def _why_kept(record: records.Unreadable, *, is_over: bool) -> str:
    """Why a record that cannot be read has to stay, and what to do; empty when it may go."""
    if not is_over:
        return "its kernel may live: stop that one, then run kernel doctor --reap"
    host_id = record.path.stem
    # Marks of runs that are over were ended before: these are of a run that nobody here knows.
    marked = sorted(pid for pid, mark in take_snapshot().marks.items() if mark[1] == host_id)
    if marked:
        pids = " ".join(map(str, marked))
        return f"process {pids} carries its mark: look at it, end it, and run this again"
    return ""


def _forget(run_dir: RunDir, record: records.Unreadable) -> ReapAction:
    host_id = record.path.stem
    record.path.unlink(missing_ok=True)
    shutil.rmtree(run_dir.socket_dir(host_id), ignore_errors=True)
    reason = f"its record cannot be read ({record.reason}), and no process carries its mark"
    return ReapAction(str(run_dir.root), host_id, "", "forgotten", reason)


def take_snapshot() -> Snapshot:
    """All processes, and the marks of those whose environment may be read."""
    stats = read_all_stats()
    marks = {}
    for pid in stats:
        nonce = read_variable(pid, RUN_NONCE_ENV)
        if nonce:
            marks[pid] = (nonce, read_variable(pid, HOST_ID_ENV) or "")
    return Snapshot(boot_id=read_boot_id(), stats=stats, marks=marks)


def _carry_out(
    run_dir: RunDir, decisions: list[Decision], term_s_max: float, kill_s_max: float
) -> list[ReapAction]:
    ending = [decision for decision in decisions if decision.verdict == "ends"]
    asked = {
        target
        for decision in ending
        for target in decision.targets
        if decision.stub is None or target.pid != decision.stub.pid
    }
    # All hosts at once: the deadlines do not add up.
    _signal_all(asked, (signal.SIGTERM, signal.SIGCONT))
    _wait_all(asked, term_s_max)
    stubborn = {pid for decision in ending for pid in _alive(decision.targets, asked)}
    _kill_all(ending, kill_s_max)
    return [_finish(run_dir, decision, stubborn) for decision in decisions]


def _kill_all(ending: list[Decision], kill_s_max: float) -> None:
    targets = {target for decision in ending for target in decision.targets}
    deadline_s = time.monotonic() + kill_s_max
    for _ in range(ROUNDS_MAX):
        if not targets:
            return
        _signal_all(targets, (signal.SIGKILL,))
        _wait_all(targets, max(0.0, deadline_s - time.monotonic()))
        targets = _born_meanwhile(targets)


def _born_meanwhile(targets: set[ProcessIdentity]) -> set[ProcessIdentity]:
    """What still lives of ``targets``, and what their groups and sessions gained since."""
    pids = {target.pid for target in targets}
    boot_id = read_boot_id()
    return {
        ProcessIdentity(stat.pid, stat.start_ticks, boot_id)
        for stat in read_all_stats().values()
        if stat.state not in {"Z", "X"}
        and (ProcessIdentity(stat.pid, stat.start_ticks, boot_id) in targets or stat.parent in pids)
    }


def _finish(run_dir: RunDir, decision: Decision, stubborn: set[int]) -> ReapAction:
    left = tuple(pid for pid in _alive(decision.targets, set(decision.targets)))
    pids = tuple(target.pid for target in decision.targets)
    outcome: Literal["kept", "forgotten", "terminated", "killed", "failed"]
    if decision.verdict == "kept":
        outcome = "kept"
    elif left:
        outcome = "failed"
    else:
        killed = stubborn.intersection(pids)
        outcome = "killed" if killed else "terminated" if pids else "forgotten"
        _clean_up(run_dir, decision.host_id)
    return ReapAction(
        run_dir=str(run_dir.root),
        host_id=decision.host_id,
        plugin_id=decision.plugin_id,
        outcome=outcome,
        reason=decision.reason,
        pids=pids,
        left_pids=left,
    )


def _clean_up(run_dir: RunDir, host_id: str) -> None:
    """Takes away what a dead host leaves. A scratch dir must bear the host's name."""
    if not host_id:
        return
    for item in records.read_host_records(run_dir):
        if isinstance(item, records.HostRecord) and item.host_id == host_id and item.scratch_dir:
            scratch = Path(item.scratch_dir)
            if host_id in scratch.name and scratch.is_dir() and not scratch.is_symlink():
                shutil.rmtree(scratch, ignore_errors=True)
    records.remove_host_record(run_dir, host_id)
    shutil.rmtree(run_dir.socket_dir(host_id), ignore_errors=True)


def _alive(targets: Iterable[ProcessIdentity], among: set[ProcessIdentity]) -> list[int]:
    alive = []
    for target in targets:
        if target not in among:
            continue
        fd = open_pidfd(target)
        if fd is not None:
            os.close(fd)
            alive.append(target.pid)
    return alive


def _signal_all(targets: set[ProcessIdentity], numbers: tuple[signal.Signals, ...]) -> None:
    for target in targets:
        fd = open_pidfd(target)
        if fd is None:
            continue
        try:
            for number in numbers:
                signal.pidfd_send_signal(fd, number)
        except (ProcessLookupError, PermissionError):
            # Gone, or another user's: the check at the end tells the two apart.
            continue
        finally:
            os.close(fd)


def _wait_all(targets: set[ProcessIdentity], wait_s_max: float) -> None:
    """Returns when all of ``targets`` ended, or after ``wait_s_max``."""
    fds = [fd for target in targets if (fd := open_pidfd(target)) is not None]
    poll = select.poll()
    for fd in fds:
        poll.register(fd, select.POLLIN)
    waiting = set(fds)
    deadline_s = time.monotonic() + wait_s_max
    try:
        while waiting and (left_s := deadline_s - time.monotonic()) > 0:
            for fd, _ in poll.poll(left_s * 1000):
                poll.unregister(fd)
                waiting.discard(fd)
    finally:
        for fd in fds:
            os.close(fd)
