"""Doctor's checks of the machine: WSL, stale hosts, ports, clock, limits.

Covers: facts that bear on running safely. Does not cover: what is installed
(`check_install`), the data dir (`check_data`).
"""

from __future__ import annotations

import os
import resource
import time

import psutil

from kernel.config.machine import read_machine
from kernel.config.paths import DataDir
from kernel.observe.check import Check
from kernel.store.lock import is_held
from kernel.supervision.address import read_note
from kernel.supervision.identity import Standing, check
from kernel.supervision.records import HostRecord, read_host_records
from kernel.supervision.rundir import (
    LONGEST_NAME,
    SOCKET_PATH_BYTES_MAX,
    all_run_dirs,
    run_dir_of,
)

FILES_MIN = 256
EARLIEST_YEAR_S = 1_700_000_000
"""November 2023: a clock before that was never set."""
LOOPBACK = ("127.", "::1")


def check_wsl() -> Check | None:
    """Facts of WSL; None elsewhere."""
    machine = read_machine()
    if not machine.wsl:
        return None
    release = os.uname().release
    text = f"kernel {release}, {machine.memory_bytes / (1 << 30):.1f} GiB of memory"
    mounts = [p.mountpoint for p in psutil.disk_partitions(all=True) if p.fstype == "9p"]
    details = {"release": release, "mounts_9p": mounts}
    return Check("wsl", "ok", f"{text}, 9p mounts: {', '.join(mounts) or 'none'}", details=details)


def check_run_dir(data_dir: DataDir) -> Check:
    """Sockets and host records have a place that is ours and short enough for a socket."""
    run_dir = run_dir_of(data_dir)
    if run_dir.root.exists() or run_dir.root.is_symlink():
        run_dir.require_ours()
    longest = len(os.fsencode(run_dir.root / LONGEST_NAME))
    text = f"{run_dir.root}, sockets of {longest} of {SOCKET_PATH_BYTES_MAX} bytes"
    return Check("run dir", "ok", text)


def check_stale_hosts(data_dir: DataDir) -> Check:
    """No host is left of a kernel that is gone."""
    note = read_note(data_dir) if is_held(data_dir.lock_file) else None
    stale = [
        f"{record.host_id} of {record.plugin_id} (pid {record.stub.pid})"
        for run_dir in all_run_dirs()
        for record in read_host_records(run_dir)
        if isinstance(record, HostRecord)
        and check(record.stub) is Standing.ALIVE
        and check(record.kernel) is not Standing.ALIVE
        and not (note is not None and record.nonce == note.run_id)
    ]
    if stale:
        return Check("stale hosts", "fail", "; ".join(stale), "run: kernel doctor --reap")
    return Check("stale hosts", "ok", "none")


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
    """Enough descriptors for a kernel and its hosts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    text = f"open files {soft} (hard {hard})"
    if 0 <= soft < FILES_MIN:
        return Check("limits", "warn", text, f"ulimit -n {FILES_MIN} or more")
    return Check("limits", "ok", text)
