"""Telemetry of what a plugin tries, from the interpreter's audit events.

Covers: counting, and a readable error before the wall's errno. Does not cover: anything that
does not go through the interpreter (libraries, children): it is no boundary.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any, Final

WATCHED: Final = frozenset(
    {
        "socket.connect",
        "socket.bind",
        "socket.sendto",
        "subprocess.Popen",
        "os.exec",
        "os.posix_spawn",
        "os.fork",
        "os.kill",
        "os.chmod",
        "os.utime",
        "ctypes.dlopen",
        "sys.addaudithook",
    }
)
KINDS_MAX: Final = 64
AF_UNIX: Final = 1


class AuditLog:
    """Counts of watched events since `install`; one per process.

    With ``refuse_sockets`` it also raises PermissionError for a socket that is not AF_UNIX.
    """

    def __init__(self, *, refuse_sockets: bool) -> None:
        self._refuse_sockets = refuse_sockets
        self._counts: Counter[str] = Counter()

    def install(self) -> None:
        """Starts counting. An audit hook cannot be taken out again."""
        sys.addaudithook(self._hook)

    def counts(self) -> dict[str, int]:
        """How often each watched event came."""
        return dict(self._counts)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.__new__":
            if int(arguments[1]) == AF_UNIX:
                return
            self._counts[event] += 1
            if self._refuse_sockets:
                msg = "this plugin has no network permission (manifest: permissions.network)"
                raise PermissionError(msg)
        elif event in WATCHED and len(self._counts) < KINDS_MAX:
            self._counts[event] += 1
