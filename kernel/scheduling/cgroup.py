"""Control groups (version 2) as a second wall around all hosts, where one was delegated to us.

With a delegated group (``systemd-run --user --scope -p Delegate=yes kernel run``) the kernel
moves itself into one child and its hosts into another, whose limits the system keeps even
while the kernel's loop is late. Opportunistic: the loop of `enforce` runs everywhere, with or
without it. Covers: finding, setting up, moving processes. Does not cover: version 1, which
cannot be delegated safely. Source: cgroup-v2.rst of the Linux documentation (delegation, the
rule that only leaves hold processes).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
CONTROLLERS = frozenset({"cpu", "memory"})
PERIOD_US = 100_000
OWN_NAME = "kernel"
HOSTS_NAME = "hosts"


@dataclass(frozen=True, slots=True)
class Delegated:
    """The group that is ours to divide, or why there is none."""

    folder: Path | None
    why_not: str = ""


def find_delegated(proc: Path = PROC, *, pid: int | None = None) -> Delegated:
    """Our own group of version 2, if it has the controllers, is writable, and holds us alone."""
    pid = os.getpid() if pid is None else pid
    mount = _mount_point(proc)
    if mount is None:
        return Delegated(None, "no cgroup2 file system is mounted")
    folder = mount / _own_path(proc, pid).lstrip("/")
    try:
        has = set((folder / "cgroup.controllers").read_text().split())
        members = {int(word) for word in (folder / "cgroup.procs").read_text().split()}
    except (OSError, ValueError) as error:
        return Delegated(None, f"{folder} cannot be read: {error}")
    if not has >= CONTROLLERS:
        return Delegated(None, f"{folder} lacks: {', '.join(sorted(CONTROLLERS - has))}")
    if not all(os.access(folder / name, os.W_OK) for name in _WRITTEN):
        return Delegated(None, f"{folder} is not delegated to this user")
    if members - {pid}:
        # Others would have to be moved too, and they are not ours to move.
        return Delegated(None, f"{folder} holds other processes than the kernel")
    return Delegated(folder)


_WRITTEN = ("cgroup.procs", "cgroup.subtree_control")


class HostGroup:
    """The group of all hosts; made by `open_host_group`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._members: set[int] = set()

    def add(self, pids: Iterable[int]) -> None:
        """Move processes in; what they start is in it by itself. One that is gone is no error."""
        for pid in set(pids) - self._members:
            with contextlib.suppress(OSError):
                (self.folder / "cgroup.procs").write_text(str(pid))
                self._members.add(pid)


def open_host_group(
    delegated: Delegated, *, cores: float, memory_bytes: int, pid: int | None = None
) -> HostGroup | None:
    """Divide the group: the kernel into one leaf, hosts into another that has these limits.

    None where there is none, or where the system refuses after all; limits of other groups
    are never touched.
    """
    if delegated.folder is None:
        return None
    own, hosts = delegated.folder / OWN_NAME, delegated.folder / HOSTS_NAME
    try:
        own.mkdir(exist_ok=True)
        hosts.mkdir(exist_ok=True)
        (own / "cgroup.procs").write_text(str(os.getpid() if pid is None else pid))
        enable = " ".join(f"+{name}" for name in sorted(CONTROLLERS))
        (delegated.folder / "cgroup.subtree_control").write_text(enable)
        (hosts / "cpu.max").write_text(f"{int(cores * PERIOD_US)} {PERIOD_US}")
        (hosts / "memory.max").write_text(str(memory_bytes))
    except OSError:
        return None
    return HostGroup(hosts)


def _mount_point(proc: Path) -> Path | None:
    try:
        lines = (proc / "self" / "mounts").read_text().splitlines()
    except OSError:
        return None
    fields = (line.split() for line in lines)
    return next((Path(words[1]) for words in fields if words[2] == "cgroup2"), None)


def _own_path(proc: Path, pid: int) -> str:
    try:
        lines = (proc / str(pid) / "cgroup").read_text().splitlines()
    except OSError:
        return "/"
    return next((line[3:] for line in lines if line.startswith("0::")), "/")
