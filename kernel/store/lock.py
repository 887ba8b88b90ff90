"""One writer per data dir: an advisory lock that dies with its holder.

Covers: taking, holding and naming the holder. The descriptor is inherited by no child, so
that a plugin host which outlives the kernel does not keep the data dir locked. Does not
cover: readers, which need no lock.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import msgspec

from kernel.config.errors import ExitCode, KernelError

LOCKS_LIST = Path("/proc/locks")


class LockHolder(msgspec.Struct, frozen=True):
    """Who says to hold the lock; good for messages only, the lock itself is the truth."""

    pid: int
    started_at_us: int


def read_holder(path: Path) -> LockHolder | None:
    """What the lock file says, None when it says nothing readable."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=LockHolder)
    except (OSError, msgspec.MsgspecError):
        return None


def is_held(path: Path) -> bool:
    """Whether some process holds the lock at this moment; False when there is no file."""
    try:
        inode = path.stat().st_ino
    except FileNotFoundError:
        return False
    # Asked of the system's list: taking the lock to find out would turn a starting kernel away.
    for line in LOCKS_LIST.read_text(encoding="ascii").splitlines():
        fields = line.split()
        if "FLOCK" in fields and any(field.endswith(f":{inode}") for field in fields):
            return True
    return False


class DataDirLock:
    """The held lock; hold it as long as evidence may be written."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def acquire(cls, path: Path, *, started_at_us: int) -> DataDirLock:
        """Take the lock now or raise.

        Raises `KernelError` ``data-dir-busy`` when another process (or another store of this
        process) holds it, naming the pid that the lock file gives.
        """
        # Python opens with O_CLOEXEC, and flock belongs to the open file, not to the process.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise _busy(path) from None
        except OSError:
            os.close(descriptor)
            raise
        holder = msgspec.json.encode(LockHolder(os.getpid(), started_at_us))
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, holder + b"\n", 0)
        except OSError:
            # The name is for messages; a full disk must not stop a kernel that reads and drains.
            os.ftruncate(descriptor, 0)
        return cls(descriptor)

    @property
    def descriptor(self) -> int:
        """The descriptor that holds the lock. Raises `ValueError` after `release`."""
        if self._descriptor is None:
            msg = "the lock was released"
            raise ValueError(msg)
        return self._descriptor

    def release(self) -> None:
        """Let the next writer in; a second call does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _busy(path: Path) -> KernelError:
    holder = read_holder(path)
    who = f"process {holder.pid}" if holder else "another process"
    return KernelError(
        "data-dir-busy",
        f"{path.parent} is held by {who}",
        hint="stop that kernel, or name another data dir with --data-dir",
        exit_code=ExitCode.BUSY,
    )
