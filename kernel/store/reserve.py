"""A few megabytes kept back on the primary drive, so that the journal can write when it is full.

While the spool takes the pixels, an event still needs some hundred bytes in the journal; when
another program has eaten the drive to the last byte, this file gives them. Holds no data.
Covers: setting aside, giving up. Does not cover: deciding when (`kernel.store.appender`).
"""

from __future__ import annotations

import os
from pathlib import Path

from kernel.store.drives import free_bytes

RESERVE_BYTES = 32 << 20
FREE_SHARE_MAX = 16
"""At most this fraction of what is free is set aside."""


def set_aside(path: Path) -> int:
    """Make the reserve as large as it should be; returns its length in bytes.

    Does nothing when it is there, or something else has its name. A drive without room for it
    is no error.
    """
    size = min(RESERVE_BYTES, free_bytes(path.parent) // FREE_SHARE_MAX)
    if path.exists() and (path.stat().st_size or not path.is_file()):
        return path.stat().st_size
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if size:
            os.posix_fallocate(descriptor, 0, size)
    except OSError:
        os.ftruncate(descriptor, 0)
        return 0
    finally:
        os.close(descriptor)
    return size


def give_up(path: Path) -> bool:
    """Hand the reserved bytes to the drive; False when none were left."""
    try:
        # A pipe in its place holds nobody up: it has no reader, or no length.
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        if os.fstat(descriptor).st_size == 0:
            return False
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)
    return True
