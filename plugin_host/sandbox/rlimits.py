"""Limits of one process that the kernel enforces for us.

Covers: memory, files, descriptors, core, processes. Does not cover: the tree as a whole (the
kernel's watchdog), CPU share (affinity, autogroup).
"""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contracts.launch import SandboxPolicy

MEMLOCK_BYTES_MAX = 64 << 10


def set_limits(policy: SandboxPolicy) -> str:
    """Sets all limits but the number of processes, soft and hard alike; says what holds.

    A hard limit that is already lower stays. Raises OSError when a limit cannot be set.
    """
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_DATA: policy.data_bytes_max,
        resource.RLIMIT_AS: policy.address_bytes_max,
        resource.RLIMIT_FSIZE: policy.fsize_bytes_max,
        resource.RLIMIT_NOFILE: policy.nofile_max,
        resource.RLIMIT_MEMLOCK: MEMLOCK_BYTES_MAX,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    for which, value in wanted.items():
        _lower(which, value)
    data_mib = resource.getrlimit(resource.RLIMIT_DATA)[1] >> 20
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return f"DATA {data_mib} MiB, NOFILE {files}, CORE 0"


def limit_processes(nproc_max: int) -> str:
    """Limits processes and threads of this user namespace.

    Outside an own user namespace the same limit counts all processes of the user, and it never
    binds uid 0: call it after both steps.
    """
    _lower(resource.RLIMIT_NPROC, nproc_max)
    return f"NPROC {resource.getrlimit(resource.RLIMIT_NPROC)[1]}"


def be_polite(affinity: tuple[int, ...], nice: int) -> str:
    """Pins to ``affinity`` (empty: as it is) and lowers the priority; says what holds."""
    if affinity:
        os.sched_setaffinity(0, affinity)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
    except PermissionError:
        # The kernel itself was started with less priority than that: so much the better.
        nice = os.getpriority(os.PRIO_PROCESS, 0)
    # Where autogroup is on, nice counts only inside the session; the group has its own value.
    autogroup = Path("/proc/self/autogroup")
    note = ""
    if autogroup.exists():
        try:
            autogroup.write_text(str(nice), encoding="ascii")
        except OSError as error:
            note = f", autogroup: {error.strerror}"
    return f"cpus {sorted(os.sched_getaffinity(0))}, nice {nice}{note}"


def _lower(which: int, value: int) -> None:
    hard = resource.getrlimit(which)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))
