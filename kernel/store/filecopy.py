"""Copying and hashing whole files, durably.

Covers: bytes of one file. Does not cover: which files belong together
(`kernel.store.manifest`).
"""

from __future__ import annotations

import os
from pathlib import Path

import blake3

CHUNK_BYTES = 1 << 20


def copy_bytes(source: Path, target: Path, length_bytes: int) -> int:
    """Copy the first bytes of a file, durably; returns how many there were."""
    left = length_bytes
    with source.open("rb") as reading, target.open("wb") as writing:
        while left > 0 and (chunk := reading.read(min(CHUNK_BYTES, left))):
            writing.write(chunk)
            left -= len(chunk)
    sync_file(target)
    return length_bytes - left


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
