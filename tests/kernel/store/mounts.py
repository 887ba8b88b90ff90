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
def loop_ext4(image: Path, size_bytes: int) -> Iterator[str]:
    """A loop device with an empty ext4 on it; for the body to mount and unmount."""
    need_root("mount", "umount", "mkfs.ext4", "losetup")
    with image.open("wb") as file:
        file.truncate(size_bytes)
    run("mkfs.ext4", "-q", "-F", str(image))
    # One device for all mounts: a second one on the same file would see stale blocks.
    found = subprocess.run(
        ["losetup", "--find", "--show", str(image)], capture_output=True, text=True, check=False
    )
    if found.returncode:
        pytest.skip(f"no loop device: {found.stderr.strip()}")
    device = found.stdout.strip()
    try:
        yield device
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)


@contextmanager
def mounted(device: str, point: Path) -> Iterator[Path]:
    """The device's file system for the body; its journal is replayed if it ended badly."""
    point.mkdir(exist_ok=True)
    run("mount", device, str(point))
    try:
        yield point
    finally:
        subprocess.run(["umount", str(point)], check=True)
