"""Doctor's check of WSL: which one, how much memory Windows lends, which drives are Windows'.

Covers: facts read from /proc and, where it can be read, the person's .wslconfig. Does not cover:
whether this is WSL at all (`kernel.config.machine`).
"""

from __future__ import annotations

import configparser
from dataclasses import dataclass
from pathlib import Path

from kernel.config.machine import is_wsl
from kernel.config.paths import DataDir
from kernel.observe.check import Check

WINDOWS_FILE_SYSTEMS = frozenset({"9p", "drvfs", "virtiofs"})
CONFIG_BYTES_MAX = 65_536
CONFIG_KEYS = ("memory", "swap", "processors")
MEMORY_MIN_BYTES = 4 << 30
"""A text engine, its kernel and a desktop: less is used up by one model."""


@dataclass(frozen=True, slots=True)
class WslFacts:
    """What was read; ``config`` maps each readable .wslconfig to its limits."""

    version: int
    release: str
    memory_bytes: int
    swap_bytes: int
    windows_mounts: tuple[str, ...]
    config: dict[str, dict[str, str]]


def check_wsl(data_dir: DataDir, *, root: Path | None = None) -> Check | None:
    """Facts of WSL; None elsewhere. ``root`` stands for / in tests, and for being there."""
    if root is None and not is_wsl():
        return None
    facts = read_facts(root or Path("/"))
    text = (
        f"WSL {facts.version} (kernel {facts.release}), memory limit "
        f"{facts.memory_bytes / (1 << 30):.1f} GiB (all that Windows lends this machine) and "
        f"{facts.swap_bytes / (1 << 30):.1f} GiB of swap"
    )
    for place, limits in facts.config.items():
        said = ", ".join(f"{key}={value}" for key, value in limits.items()) or "sets no limit"
        text += f"; {place}: {said}"
    text += f"; Windows drives: {', '.join(facts.windows_mounts) or 'none'}"
    warnings = _warnings(facts, data_dir)
    details = {
        "version": facts.version,
        "release": facts.release,
        "memory_limit_bytes": facts.memory_bytes,
        "swap_bytes": facts.swap_bytes,
        "mounts_9p": facts.windows_mounts,
        "wslconfig": facts.config,
    }
    if not warnings:
        return Check("wsl", "ok", text, details=details)
    told = [what for what, _ in warnings]
    remedy = "; ".join(step for _, step in warnings)
    return Check("wsl", "warn", "; ".join((text, *told)), remedy, details)


def read_facts(root: Path) -> WslFacts:
    """The facts below ``root`` (/); raises OSError where /proc cannot be read."""
    release = (root / "proc/sys/kernel/osrelease").read_text(encoding="utf-8").strip()
    memory = _memory_bytes((root / "proc/meminfo").read_text(encoding="utf-8"))
    mounts = (root / "proc/mounts").read_text(encoding="utf-8", errors="replace")
    return WslFacts(
        version=version_of(release),
        release=release,
        memory_bytes=memory.get("MemTotal", 0),
        swap_bytes=memory.get("SwapTotal", 0),
        windows_mounts=_windows_mounts(mounts),
        config=_read_configs(root),
    )


def version_of(release: str) -> int:
    """1 or 2: WSL 1 is no Linux and calls itself 4.4.0-BUILD-Microsoft; all else is WSL 2."""
    return 1 if release.startswith("4.4.0-") and release.endswith("-Microsoft") else 2


def _memory_bytes(meminfo: str) -> dict[str, int]:
    rows = (line.partition(":") for line in meminfo.splitlines())
    return {
        name: int(words[0]) * 1024
        for name, _, rest in rows
        if (words := rest.split()) and words[0].isdigit()
    }


def _windows_mounts(mounts: str) -> tuple[str, ...]:
    rows = (line.split() for line in mounts.splitlines())
    return tuple(
        # Blanks in a name are written as \040 (proc_mounts, fstab(5)).
        row[1].replace("\\040", " ")
        for row in rows
        if len(row) > 2 and row[2] in WINDOWS_FILE_SYSTEMS  # noqa: PLR2004 - the third is the type
    )


def _read_configs(root: Path) -> dict[str, dict[str, str]]:
    """Each .wslconfig of a Windows user that may be read here, with the limits it sets."""
    found: dict[str, dict[str, str]] = {}
    try:
        places = sorted((root / "mnt/c/Users").glob("*/.wslconfig"))
    except OSError:
        return found
    for place in places:
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            with place.open("rb") as file:
                parser.read_string(file.read(CONFIG_BYTES_MAX).decode("utf-8-sig"))
        except (OSError, ValueError, configparser.Error):
            # Another user's, or none that Windows itself would read.
            continue
        section = parser["wsl2"] if parser.has_section("wsl2") else {}
        name = f"/{place.relative_to(root)}"
        found[name] = {key: section[key] for key in CONFIG_KEYS if key in section}
    return found


def _warnings(facts: WslFacts, data_dir: DataDir) -> list[tuple[str, str]]:
    """What is wrong, and the step against it."""
    warnings = []
    if facts.version == 1:
        warnings.append(
            (
                "WSL 1 is no Linux kernel: hosts have no sandbox there",
                "in Windows: wsl --set-version DISTRIBUTION 2",
            )
        )
    if facts.memory_bytes < MEMORY_MIN_BYTES:
        warnings.append(
            ("that is little for a text engine", "raise memory= under [wsl2] in .wslconfig")
        )
    place = data_dir.root.absolute()
    if any(place.is_relative_to(mount) for mount in facts.windows_mounts):
        warnings.append(
            (
                "the data dir lies on a Windows drive, whose writes may be lost in a power cut",
                "move it into the Linux file system: KERNEL_DATA_DIR",
            )
        )
    return warnings
