"""The primary drive nearly full, for a moment: really allocated room, thresholds moved near it.

The kernel is started with a red level just below what is free now, then a file takes that room
away. The room is allocated, not written (fallocate(2)), and given back within seconds; nine tenths
of what is free stay free for everybody else. Covers: thresholds, the file, the spool's state.
Does not cover: when (`kernel.soak.faults`).
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from kernel.soak.sampler import tree_bytes
from kernel.store.drives import PACKS_NAME, free_bytes
from kernel.store.pressure import RETURN_PERCENT

RED_SHARE = 0.98
"""Of the largest level that is left again once the room is back."""
BELOW_BYTES = 64 << 20
BLACK_BYTES = 64 << 20
FILLER_BYTES_MAX = 512 << 30
IN_MEMORY = frozenset({"tmpfs", "ramfs", "devtmpfs"})
NAME = "filler.bin"


@dataclass
class DiskFill:
    """``write_config`` gets the settings that are to differ when the kernel is started next."""

    run_dir: Path
    data_dir: Path
    spool_dir: Path
    write_config: Callable[[dict[str, Any]], None]
    _red_bytes: int = 0
    _changes: dict[str, Any] = field(default_factory=dict)

    @property
    def filler(self) -> Path:
        """The file that takes the room."""
        return self.run_dir / NAME

    def prepare(self) -> str:
        """Choose the thresholds by what is free now; says why it cannot be done, or nothing."""
        if shutil.which("fallocate") is None:
            return "there is no fallocate here"
        kind = _file_system(self.data_dir)
        if kind in IN_MEMORY:
            return f"the data dir lies on {kind}: room there is memory"
        free = free_bytes(self.data_dir)
        self._red_bytes = int(free * 100 / RETURN_PERCENT * RED_SHARE)
        if free - self._red_bytes > FILLER_BYTES_MAX:
            return f"too much to allocate: {free >> 30} GiB are free"
        if self._red_bytes <= 2 * BLACK_BYTES:
            return f"too little to play with: {free >> 20} MiB are free"
        self._changes = {
            "disk.yellow_free_bytes": self._red_bytes,
            "disk.red_free_bytes": self._red_bytes,
            "disk.black_free_bytes": BLACK_BYTES,
        }
        return ""

    def describe(self) -> str:
        """For the record."""
        return f"red below {self._red_bytes >> 20} MiB free, {NAME} takes the room above"

    def configure(self) -> None:
        """Write the config file that the next start reads."""
        self.write_config(self._changes)

    def relax(self) -> None:
        """The next start has the ordinary thresholds."""
        self._changes = {}

    def fill(self) -> None:
        """Take the room. Raises `OSError` when the file system does not give it."""
        size = free_bytes(self.data_dir) - self._red_bytes + BELOW_BYTES
        done = subprocess.run(
            ["fallocate", "--length", str(max(size, 1)), str(self.filler)],  # noqa: S607
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            self.remove()
            raise OSError(f"fallocate: {done.stderr.decode(errors='replace').strip()}")

    def remove(self) -> None:
        """Give the room back; nothing happens when it is free."""
        self.filler.unlink(missing_ok=True)

    def spooled_bytes(self) -> int:
        """What lies in the spool and has not come home yet."""
        return sum(tree_bytes(folder) for folder in self.spool_dir.glob(f"*/{PACKS_NAME}"))

    def is_drained(self) -> bool:
        """Whether all of it came home."""
        return self.spooled_bytes() == 0


def _file_system(path: Path) -> str:
    """The kind of the file system that the path lies on."""
    real = str(path.resolve())
    best, kind = "", ""
    for partition in psutil.disk_partitions(all=True):
        mount = partition.mountpoint
        inside = real == mount or real.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, partition.fstype
    return kind
