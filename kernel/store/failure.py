"""What a failing disk means to people: one translation of `OSError` and `apsw.Error`.

Covers: full, failing and read-only disks. Does not cover: damage found on reading.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

import apsw

from kernel.config.errors import KernelError

FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FAILED = frozenset({errno.EIO, errno.EROFS, errno.ENXIO, errno.ENODEV, errno.ESTALE})
_UNUSABLE = frozenset(
    {errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP}
)
_SQLITE_FAILED = (apsw.IOError, apsw.ReadOnlyError, apsw.CantOpenError)


def disk_full(where: Path) -> KernelError:
    """The error for a disk that takes no more."""
    return KernelError(
        "disk-full",
        f"{where}: no space left; nothing of this batch is stored, all that was "
        "acknowledged is untouched",
        hint="free space on that drive, or set a spool dir on another one",
    )


def kept_free(where: Path, free_bytes: int, kept_bytes: int) -> KernelError:
    """The error for a drive that has room, which stays free because the settings say so."""
    return KernelError(
        "disk-full",
        f"{where}: {free_bytes} bytes are free, and {kept_bytes} of a drive stay free "
        "(disk.black_free_bytes); nothing of this batch is stored, all that was acknowledged is "
        "untouched",
        hint="free space on that drive, set a spool dir on another one, or lower "
        "disk.black_free_bytes",
    )


def disk_failed(where: Path, reason: str) -> KernelError:
    """The error for a disk that refuses or loses writes."""
    return KernelError(
        "disk-failed",
        f"{where}: the disk refused a write ({reason}); nothing of this batch is stored",
        hint="check the drive and its mount; then run: kernel verify",
    )


def unusable(where: Path, reason: str) -> KernelError:
    """The error for a place where this user can keep nothing."""
    return KernelError(
        "data-dir-unusable",
        f"{where} cannot be used as data dir: {reason}",
        hint="name a folder that you may write to with --data-dir",
    )


@contextlib.contextmanager
def usable(where: Path) -> Iterator[None]:
    """Turn a refusal to make or enter a folder inside the body into ``data-dir-unusable``."""
    try:
        yield
    except OSError as error:
        if error.errno in _UNUSABLE:
            raise unusable(where, error.strerror or str(error)) from error
        raise


@contextlib.contextmanager
def translated(where: Path) -> Iterator[None]:
    """Turn a disk's failure inside the body into `KernelError` disk-full or disk-failed."""
    try:
        yield
    except apsw.FullError as error:
        raise disk_full(where) from error
    except _SQLITE_FAILED as error:
        raise disk_failed(where, str(error)) from error
    except OSError as error:
        if error.errno in FULL_ERRNOS:
            raise disk_full(where) from error
        if error.errno in _FAILED:
            raise disk_failed(where, error.strerror or str(error)) from error
        raise
