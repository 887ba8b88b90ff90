"""Small file systems made for one test, where the machine lets us."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def run(*command: str) -> None:
    """Run a tool; a failure is a loud skip, it says nothing about the store."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{' '.join(command)}: {done.stderr.strip()}")


def need_root(*tools: str) -> None:
    """Skip, saying why, unless we are root and the tools are there."""
    if os.geteuid() != 0:
        pytest.skip("mounting a file system needs root")
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")


@contextmanager
def tmpfs(point: Path, size: str) -> Iterator[Path]:
    """A tmpfs of that size, mounted at ``point`` for the body."""
    need_root("mount", "umount")
    point.mkdir()
    run("mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(point))
    try:
        yield point
    finally:
        subprocess.run(["umount", "-l", str(point)], check=True)


@contextmanager
def loop_ext4(image: Path, point: Path, size_bytes: int) -> Iterator[Path]:
    """An ext4 on a loop device, mounted at ``point`` for the body and whatever it did to it."""
    need_root("mount", "umount", "mkfs.ext4", "losetup")
    with image.open("wb") as file:
        file.truncate(size_bytes)
    run("mkfs.ext4", "-q", "-F", str(image))
    point.mkdir(exist_ok=True)
    mount_loop(image, point)
    try:
        yield point
    finally:
        subprocess.run(["umount", str(point)], check=False, capture_output=True)


def mount_loop(image: Path, point: Path) -> None:
    """Mount the image; its journal is replayed if the last mount ended badly."""
    run("mount", "-o", "loop", str(image), str(point))


def unmount(point: Path) -> None:
    """Unmount, or fail the test: something still holds the file system."""
    subprocess.run(["umount", str(point)], check=True)
