"""Reading one foreign file whole, without touching it, or saying why not.

Covers: devices, links, size limits, files that change while they are read. The file is only
ever opened for reading; its access time is left alone where the system lets us. Does not
cover: what the bytes mean (`kernel.capture.imagefile`).
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from kernel.capture.imagefile import refuse_size
from kernel.capture.imageformats.facts import ImageLimits
from kernel.capture.refusal import Refusal, RefusalCode

_READ_BYTES = 1 << 20

# O_NOFOLLOW: what was judged to be a file may have become a link. O_NONBLOCK: opening a pipe
# must not wait for its writer.
_OPEN_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class FileBytes:
    """All bytes of a file that did not change while they were read."""

    data: bytes
    mtime_us: int


def read_file_bytes(path: Path, limits: ImageLimits) -> FileBytes | Refusal:
    """The file's bytes, or why there are none; never raises `OSError`.

    A file larger than the limit is refused unread. The final component of ``path`` is not
    followed when it is a link. At most ``limits.bytes_max`` bytes are held.
    """
    try:
        descriptor = _open_unseen(path)
    except OSError as error:
        return refuse_os_error(error)
    try:
        return _read_open(descriptor, limits)
    except OSError as error:
        return refuse_os_error(error)
    finally:
        os.close(descriptor)


def refuse_os_error(error: OSError) -> Refusal:
    """The refusal that says what the operating system said."""
    reason = error.strerror or str(error)
    if error.errno == errno.ENOENT:
        return Refusal(RefusalCode.NOT_FOUND, "there is nothing at this path")
    if error.errno == errno.ELOOP:
        return Refusal(RefusalCode.SYMLINK, "it is a symbolic link, or a loop of them")
    if error.errno == errno.ENXIO:
        return Refusal(RefusalCode.NOT_A_FILE, "it is a socket or a pipe")
    return Refusal(RefusalCode.UNREADABLE, reason)


def _open_unseen(path: Path) -> int:
    try:
        return os.open(path, _OPEN_FLAGS | os.O_NOATIME)
    except PermissionError:
        # Only the owner may ask to leave the access time alone.
        return os.open(path, _OPEN_FLAGS)


def _read_open(descriptor: int, limits: ImageLimits) -> FileBytes | Refusal:
    before = os.fstat(descriptor)
    if not stat.S_ISREG(before.st_mode):
        return Refusal(RefusalCode.NOT_A_FILE, "it is not a regular file")
    too_large = refuse_size(before.st_size, limits)
    if too_large:
        return too_large
    # One byte more than announced shows that the file grew.
    data = _read_up_to(descriptor, before.st_size + 1)
    after = os.fstat(descriptor)
    unchanged = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    if not unchanged or len(data) != before.st_size:
        return Refusal(RefusalCode.CHANGED_WHILE_READ, "it was written to while it was being read")
    return FileBytes(data, after.st_mtime_ns // 1000)


def _read_up_to(descriptor: int, bytes_max: int) -> bytes:
    parts: list[bytes] = []
    missing = bytes_max
    while missing > 0:
        part = os.read(descriptor, min(missing, _READ_BYTES))
        if not part:
            break
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
