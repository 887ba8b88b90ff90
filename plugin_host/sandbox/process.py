"""What this process is: its descriptors, session, parent, user, and what may be read of it.

Covers: closing, setsid, the parent-death signal, dropping to the service user, dumpable.
Does not cover: the watch on the kernel (`lifeline`), namespaces.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from typing import Final

from plugin_host.sandbox import syscalls

FIRST_FD: Final = 3
"""The first after stdin, stdout and stderr."""
FD_LIMIT_FALLBACK: Final = 65_536


def close_other_fds(keep: Iterable[int]) -> None:
    """Closes every descriptor above 2 that is not in ``keep``."""
    wanted = sorted({fd for fd in keep if fd >= FIRST_FD})
    first = FIRST_FD
    for fd in wanted:
        os.closerange(first, fd)
        first = fd + 1
    # closerange uses close_range(2): one call, however large the end is.
    os.closerange(first, FD_LIMIT_FALLBACK)


def lead_session(*, has_pid_namespace: bool) -> str:
    """Makes this process leader of its own session and group, or leaves it in its guard's.

    Without a process namespace the launch chain's guard kills its own group when the kernel is
    gone: there the host and all it starts must stay in that group.
    """
    if has_pid_namespace and os.getsid(0) != os.getpid():
        os.setsid()
    return f"session {os.getsid(0)}"


def die_with_parent() -> None:
    """Asks for SIGKILL when the parent ends. Cleared by a change of user: call it again then."""
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)


def drop_to(uid: int, gid: int) -> str:
    """Gives up uid 0 for good, all three ids and every group; nothing to do for a normal user.

    Raises OSError when a way back to uid 0 is left, or when the service user is root itself.
    """
    if os.geteuid() != 0 and os.getuid() != 0:
        return f"already uid {os.getuid()}"
    if uid == 0 or gid == 0:
        msg = "the service user must not be root"
        raise PermissionError(msg)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if 0 in os.getresuid() or 0 in os.getresgid():
        msg = "uid or gid 0 could not be given up"
        raise PermissionError(msg)
    # The change of user makes the process undumpable, and an undumpable process owns none of
    # its /proc files: the user namespace's maps could not be written.
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)
    return f"uid {uid}, gid {gid}"


def forbid_dumps() -> None:
    """No core (piped ones too) and no reading of this process by others of the same user."""
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
