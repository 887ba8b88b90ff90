"""Namespaces: an own view of users, network, System V objects and mounts.

Covers: entering them one by one, so that each says whether it holds; the id maps. Does not
cover: the process namespace (the kernel's launch chain makes it) and mounting (`mounts`).
Source: user_namespaces(7). The caller must have one thread: the kernel refuses otherwise.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Final

from plugin_host.sandbox import syscalls

CLONE_NEWNS: Final = 0x00020000
CLONE_NEWCGROUP: Final = 0x02000000
CLONE_NEWUTS: Final = 0x04000000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000
CLONE_NEWTIME: Final = 0x00000080
ALL_FLAGS: Final = (
    CLONE_NEWNS
    | CLONE_NEWCGROUP
    | CLONE_NEWUTS
    | CLONE_NEWIPC
    | CLONE_NEWUSER
    | CLONE_NEWPID
    | CLONE_NEWNET
    | CLONE_NEWTIME
)


def unshare(flags: int) -> None:
    """Enters new namespaces; OSError when refused (os.unshare exists from Python 3.12 only)."""
    libc = syscalls.load_libc()
    if libc.unshare(ctypes.c_int(flags)) < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"unshare: {os.strerror(code)}")


def enter_user_namespace() -> str:
    """An own user namespace in which the present uid and gid keep their numbers.

    Gives full capabilities inside until they are dropped. Raises OSError when refused.
    """
    uid, gid = os.geteuid(), os.getegid()
    unshare(CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1\n", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1\n", encoding="ascii")
    return f"uid_map {uid} {uid} 1"
