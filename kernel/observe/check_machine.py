"""Doctor's checks of the machine: stale hosts, ports, clock, limits.

Covers: facts that bear on running safely. Does not cover: what is installed
(`check_install`), the data dir (`check_data`).
"""

from __future__ import annotations

import os
import resource
import time

import psutil

from kernel.config.paths import DataDir
from kernel.observe.check import Check, State
from kernel.store.lock import is_held
from kernel.supervision.address import read_note
from kernel.supervision.reap_plan import decide
from kernel.supervision.reaper import take_snapshot
from kernel.supervision.records import (
    HostRecord,
    KernelRecord,
    Unreadable,
    read_host_records,
    read_kernel_record,
)
from kernel.supervision.run_places import find_places
from kernel.supervision.rundir import (
    LONGEST_NAME,
    SOCKET_PATH_BYTES_MAX,
    all_run_dirs,
    run_dir_of,
)

FILES_MIN = 256
PROCESSES_MIN = 256
"""Kernel, hosts and their threads, beside what the person runs themselves."""
LIMITS = {
    "open files": resource.RLIMIT_NOFILE,
    "processes": resource.RLIMIT_NPROC,
    "locked memory bytes": resource.RLIMIT_MEMLOCK,
    "core file bytes": resource.RLIMIT_CORE,
}
EARLIEST_YEAR_S = 1_700_000_000
"""November 2023: a clock before that was never set."""
LOOPBACK = ("127.", "::1")


def check_run_dir(data_dir: DataDir) -> Check:
    """Sockets and host records have a place that is ours and short enough for a socket."""
    run_dir = run_dir_of(data_dir)
    if run_dir.root.exists() or run_dir.root.is_symlink():
        run_dir.require_ours()
    longest = len(os.fsencode(run_dir.root / LONGEST_NAME))
    text = f"{run_dir.root}, sockets of {longest} of {SOCKET_PATH_BYTES_MAX} bytes"
    return Check("run dir", "ok", text)


def check_stale_hosts(data_dir: DataDir) -> Check:
    """No host is left of a kernel that is gone: what the reaper would end, told before it does.

    On record: a failure. Known by their mark alone, or hidden by a record that cannot be read: a
    warning.
    """
    places = find_places(data_dir)
    run_dirs = dict.fromkeys((*places.run_dirs, *all_run_dirs()))
    snapshot = take_snapshot()
    stale: set[str] = set()
    strays: set[str] = set()
    unreadable: list[str] = []
    for run_dir in run_dirs:
        if not run_dir.is_ours():
            continue
        kernel, hosts = read_kernel_record(run_dir), read_host_records(run_dir)
        unreadable += [
            f"{item.path}: {item.reason}"
            for item in (kernel, *hosts)
            if isinstance(item, Unreadable)
        ]
        decisions = decide(
            [item for item in hosts if isinstance(item, HostRecord)],
            kernel if isinstance(kernel, KernelRecord) else None,
            snapshot,
            over=places.over,
        )
        for decision in decisions:
            if decision.verdict == "ends":
                pids = " ".join(str(target.pid) for target in decision.targets)
                found = f"{decision.host_id or 'a host'} of {decision.plugin_id} (pid {pids})"
                by_mark = f"pid {pids}, by its mark alone: {decision.reason}"
                (stale if decision.plugin_id else strays).add(
                    found if decision.plugin_id else by_mark
                )
    return _tell_stale(sorted(stale), sorted(strays), unreadable)


def _tell_stale(stale: list[str], strays: list[str], unreadable: list[str]) -> Check:
    text = "; ".join((*stale, *strays, *(f"unreadable record {path}" for path in unreadable)))
    details = {"on_record": stale, "by_mark": strays, "unreadable": unreadable}
    if not text:
        return Check("stale hosts", "ok", "none", details=details)
    state: State = "fail" if stale else "warn"
    return Check("stale hosts", state, text, "run: kernel doctor --reap", details)


def check_ports(data_dir: DataDir) -> Check:
    """Nothing of ours listens on the network; loopback is the most there may be."""
    note = read_note(data_dir) if is_held(data_dir.lock_file) else None
    if note is None:
        return Check("ports", "ok", "no kernel runs, nothing listens")
    try:
        tree = [psutil.Process(note.pid), *psutil.Process(note.pid).children(recursive=True)]
        listening = [
            f"{c.laddr.ip}:{c.laddr.port}"
            for process in tree
            for c in process.net_connections(kind="inet")
            if c.status == psutil.CONN_LISTEN
        ]
    except psutil.Error as error:
        return Check("ports", "warn", f"cannot be seen: {error}", "run as the kernel's user")
    outside = [address for address in listening if not address.startswith(LOOPBACK)]
    if outside:
        return Check(
            "ports",
            "fail",
            f"bound outside loopback: {', '.join(outside)}",
            "stop the kernel and report this",
        )
    return Check("ports", "ok", ", ".join(listening) or "no port is open")


def check_clock() -> Check:
    """The clock was set at some time; it need not be exact."""
    now_s = time.time()
    if now_s < EARLIEST_YEAR_S:
        saw = time.strftime("%Y-%m-%d", time.gmtime(now_s))
        return Check("clock", "fail", f"it says {saw}", "set the clock; captures carry its time")
    return Check("clock", "ok", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now_s)))


def check_limits() -> Check:
    """Room for a kernel and its hosts: open files, processes; and what memory may leak to disk."""
    seen = {name: resource.getrlimit(which) for name, which in LIMITS.items()}
    text = ", ".join(
        f"{name} {_limit(soft)} (hard {_limit(hard)})" for name, (soft, hard) in seen.items()
    )
    remedies = []
    if 0 <= seen["open files"][0] < FILES_MIN:
        remedies.append(f"ulimit -n {FILES_MIN} or more")
    if 0 <= seen["processes"][0] < PROCESSES_MIN:
        remedies.append(f"ulimit -u {PROCESSES_MIN} or more (threads count as well)")
    if remedies:
        return Check("limits", "warn", text, "; ".join(remedies), dict(seen))
    return Check("limits", "ok", text, details=dict(seen))


def _limit(value: int) -> str:
    return "unlimited" if value == resource.RLIM_INFINITY else str(value)
