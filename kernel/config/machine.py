"""What this machine is, as far as defaults depend on it.

Covers: cores, physical memory, WSL. Does not cover: what is measured while running
(`kernel.scheduling.meter`) or what the sandbox finds (`kernel doctor`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import psutil

KERNEL_RELEASE_FILE = Path("/proc/sys/kernel/osrelease")


@dataclass(frozen=True, slots=True)
class Machine:
    """Facts that a default may depend on; hand-made in tests."""

    cores: int
    memory_bytes: int
    wsl: bool


def read_machine() -> Machine:
    """The machine that this process runs on; cores are those it may be scheduled on."""
    return Machine(
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else _cores(),
        memory_bytes=psutil.virtual_memory().total,
        wsl=is_wsl(),
    )


def is_wsl(*, release_file: Path = KERNEL_RELEASE_FILE, distro_name: str | None = None) -> bool:
    """Whether Linux runs under WSL: the kernel's release names Microsoft, or WSL named the distro.

    ``distro_name`` overrides ``$WSL_DISTRO_NAME`` (an empty string: not set).
    """
    named = os.environ.get("WSL_DISTRO_NAME", "") if distro_name is None else distro_name
    if named:
        return True
    try:
        return "microsoft" in release_file.read_text(encoding="ascii", errors="replace").lower()
    except OSError:
        return False


def _cores() -> int:
    return os.cpu_count() or 1
