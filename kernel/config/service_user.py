"""The user that hosts run as when the kernel is root: never uid 0.

Covers: finding it. ``nobody`` by default; an account of its own (`autocapture`) is preferred
where the administrator made one, so that hosts share their uid with nothing else.
"""

from __future__ import annotations

import pwd

ACCOUNTS = ("autocapture", "nobody")
FALLBACK = (65_534, 65_534)


def service_ids() -> tuple[int, int]:
    """Uid and gid of the service user."""
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return entry.pw_uid, entry.pw_gid
    return FALLBACK
