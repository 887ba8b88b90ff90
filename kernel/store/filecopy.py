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
