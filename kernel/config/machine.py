"""What this machine is, as far as defaults depend on it.

Covers: cores, physical memory, WSL. Does not cover: what is measured while running
(`kernel.scheduling.meter`) or what the sandbox finds (`kernel doctor`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import psutil

from kernel.config.errors import ExitCode, KernelError

PLATFORM_ENV = "KERNEL_PLATFORM"
AUTO = "auto"
PLATFORMS = (AUTO, "wsl", "linux")
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

    ``$KERNEL_PLATFORM`` (``wsl`` or ``linux``) overrides both; ``distro_name`` stands for
    ``$WSL_DISTRO_NAME`` (an empty string: not set). Raises `KernelError` ``config-invalid`` where
    the variable says something else.
    """
    platform = os.environ.get(PLATFORM_ENV, "") or AUTO
    if platform not in PLATFORMS:
        raise KernelError(
            "config-invalid",
            f"environment {PLATFORM_ENV}: expected one of {', '.join(PLATFORMS)}, got {platform!r}",
            hint="see docs/configuration.md",
            exit_code=ExitCode.USAGE,
        )
    if platform != AUTO:
        return platform == "wsl"
    named = os.environ.get("WSL_DISTRO_NAME", "") if distro_name is None else distro_name
    if named:
        return True
    try:
        return "microsoft" in release_file.read_text(encoding="ascii", errors="replace").lower()
    except OSError:
        return False


def _cores() -> int:
    return os.cpu_count() or 1
