"""Copying and hashing whole files, durably and without ever writing over one.

A copy grows under a name that nothing had, is read back, and only then takes its own name, if
that is free. Covers: bytes of one file. Does not cover: which files belong together
(`kernel.store.manifest`).
"""

from __future__ import annotations

import errno
import itertools
import os
from pathlib import Path

import blake3

from kernel.store.disk import OsDisk

CHUNK_BYTES = 1 << 20


PART_SUFFIX = ".part"


def copy_bytes(source: Path, target: Path, length_bytes: int) -> int:
    """Copy the first bytes of a file to a new name, durably; returns how many there were.

    ``target`` appears whole or not at all. Raises `FileExistsError` when something has that
    name, which is left as it is, and other `OSError`.
    """
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    part = copy_part(source, target, length_bytes)
    copied = part.stat().st_size
    take_free_name(part, target)
    return copied


def copy_part(source: Path, target: Path, length_bytes: int) -> Path:
    """Copy the first bytes of a file beside ``target``, under a new name that is returned.

    The copy is durable and was read back. A kill leaves the part behind: nothing reads it, and
    a person may take it away. Raises `OSError`, ``EIO`` when the copy reads otherwise.
    """
    part, descriptor = _new_part(target)
    try:
        left, hasher = length_bytes, blake3.blake3()
        with source.open("rb") as reading, os.fdopen(descriptor, "wb") as writing:
            while left > 0 and (chunk := reading.read(min(CHUNK_BYTES, left))):
                writing.write(chunk)
                hasher.update(chunk)
                left -= len(chunk)
        sync_file(part)
        _check_reads(part, hasher.hexdigest())
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return part


def _check_reads(part: Path, digest: str) -> None:
    if digest_file(part) != digest:
        raise OSError(errno.EIO, "the copy reads otherwise than it was written", str(part))


def take_free_name(part: Path, target: Path) -> None:
    """Rename ``part``, durably, if nothing has the name ``target`` at that very moment.

    Raises `FileExistsError` (``part`` is given up then) and other `OSError`.
    """
    try:
        os.link(part, target)
    except FileExistsError:
        part.unlink()
        raise
    except OSError as error:
        if error.errno not in _WITHOUT_LINKS:
            raise
        # The name is claimed by an empty file first; only that one is replaced.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        os.close(os.open(target, flags, 0o600))
        part.replace(target)
    else:
        part.unlink()
    OsDisk().sync_dir(target.parent)


_WITHOUT_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
"""What drives without hard links answer (exFAT, some network drives)."""


def _new_part(target: Path) -> tuple[Path, int]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    for number in itertools.count(1):
        part = target.with_name(f"{target.name}.{number}{PART_SUFFIX}")
        try:
            return part, os.open(part, flags, 0o600)
        except FileExistsError:
            continue
    raise AssertionError


def bring_up(source: Path, target: Path, start_bytes: int, end_bytes: int) -> int:
    """Continue ``target`` from ``start_bytes`` with what ``source`` has up to ``end_bytes``.

    What lies before ``start_bytes`` is not touched. Durable on return; returns how many bytes
    were copied. Raises `OSError`.
    """
    left = max(0, end_bytes - start_bytes)
    wanted = left
    with source.open("rb") as reading, target.open("r+b") as writing:
        reading.seek(start_bytes)
        writing.seek(start_bytes)
        while left > 0 and (chunk := reading.read(min(CHUNK_BYTES, left))):
            writing.write(chunk)
            left -= len(chunk)
    sync_file(target)
    return wanted - left


def first_difference(one: Path, other: Path, length_bytes: int) -> int | None:
    """Where the first bytes of two files differ, None when they do not.

    A file that ends before ``length_bytes`` differs where it ends. Raises `OSError`.
    """
    at = 0
    with one.open("rb") as left, other.open("rb") as right:
        while at < length_bytes:
            count = min(CHUNK_BYTES, length_bytes - at)
            first, second = left.read(count), right.read(count)
            if first != second or len(first) < count:
                pairs = zip(first, second, strict=False)
                same = next((i for i, (a, b) in enumerate(pairs) if a != b), None)
                return at + (min(len(first), len(second)) if same is None else same)
            at += count
    return None


def digest_file(path: Path, length_bytes: int | None = None) -> str:
    """BLAKE3 of the file's first ``length_bytes`` (all of it when None), in hexadecimal."""
    hasher = blake3.blake3()
    left = length_bytes
    with path.open("rb") as file:
        while left is None or left > 0:
            chunk = file.read(CHUNK_BYTES if left is None else min(CHUNK_BYTES, left))
            if not chunk:
                break
            hasher.update(chunk)
            left = None if left is None else left - len(chunk)
    return hasher.hexdigest()


def sync_file(path: Path) -> None:
    """The file's bytes survive a power cut when this returns."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
