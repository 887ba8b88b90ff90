"""The few file operations that durability stands on, as one small seam.

Covers: appending, syncing, truncating, making directories durable. Tests put a disk behind
it that fills up, fails or forgets what was not synced. Does not cover: SQLite's own files.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class Disk(Protocol):
    """What a pack writer asks of a disk. Every method may raise `OSError`."""

    def create(self, path: Path) -> int:
        """Descriptor of a new file for appending; `FileExistsError` when there is one."""
        ...

    def open_append(self, path: Path) -> int:
        """Descriptor of an existing file, for writing at its end."""
        ...

    def append(self, descriptor: int, parts: Sequence[bytes | memoryview]) -> int:
        """Write the parts at the end; the count of bytes written may be short."""
        ...

    def sync(self, descriptor: int) -> None:
        """Bytes and length survive a power cut when this returns."""
        ...

    def forget(self, descriptor: int, offset: int, length_bytes: int) -> None:
        """These bytes are synced and need not stay in memory; a hint, raises nothing."""
        ...

    def sync_dir(self, path: Path) -> None:
        """The directory's names survive a power cut when this returns."""
        ...

    def truncate(self, descriptor: int, length_bytes: int) -> None:
        """Cut the file to the length."""
        ...

    def close(self, descriptor: int) -> None:
        """Give the descriptor back."""
        ...


class OsDisk:
    """The disk of the operating system."""

    def create(self, path: Path) -> int:
        """A new file with mode 0600, for appending."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        return os.open(path, flags, 0o600)

    def open_append(self, path: Path) -> int:
        """The file at the path, for appending."""
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)

    def append(self, descriptor: int, parts: Sequence[bytes | memoryview]) -> int:
        """One gathering write."""
        return os.writev(descriptor, parts)

    def sync(self, descriptor: int) -> None:
        """``fdatasync``: it covers the length of the file too."""
        os.fdatasync(descriptor)

    def forget(self, descriptor: int, offset: int, length_bytes: int) -> None:
        """``posix_fadvise``; a file system that cannot is none the worse."""
        with contextlib.suppress(OSError):
            os.posix_fadvise(descriptor, offset, length_bytes, os.POSIX_FADV_DONTNEED)

    def sync_dir(self, path: Path) -> None:
        """``fsync`` of the directory."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def truncate(self, descriptor: int, length_bytes: int) -> None:
        """``ftruncate``."""
        os.ftruncate(descriptor, length_bytes)

    def close(self, descriptor: int) -> None:
        """``close``."""
        os.close(descriptor)


def make_durable_dir(path: Path, disk: Disk) -> None:
    """Make the directory (mode 0700) and its missing parents, each synced into its parent."""
    if path.is_dir():
        return
    make_durable_dir(path.parent, disk)
    path.mkdir(mode=0o700, exist_ok=True)
    disk.sync_dir(path.parent)
