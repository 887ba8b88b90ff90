"""Reading a small file that others may replace by anything: a pipe, a device, something huge.

Covers: opening without waiting for a pipe's other end, refusing what is no regular file, a bound
on the bytes. Does not cover: a drive that hangs (`kernel.scheduling.filelook`). Links are
followed: a signal file may lie on another drive.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

_OPEN_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


def read_small_file(path: Path, bytes_max: int) -> bytes:
    """All bytes of a regular file.

    Raises `OSError` when it cannot be opened or read, and `ValueError` when it is no regular
    file or has more than ``bytes_max`` bytes.
    """
    descriptor = os.open(path, _OPEN_FLAGS)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("no regular file")
        data = b""
        while len(data) <= bytes_max:
            part = os.read(descriptor, bytes_max + 1 - len(data))
            if not part:
                return data
            data += part
    finally:
        os.close(descriptor)
    raise ValueError(f"larger than {bytes_max} bytes")
