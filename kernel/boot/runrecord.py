"""What a run worked under, kept for ever: one manifest a run, each configuration by its digest.

Covers: writing both below ``runs/`` of the data dir. Does not cover: the ledger's entry of the
boot, which names the same run and digest (`kernel.boot.assemble`).
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import time
from pathlib import Path

import msgspec

from contracts.run import RunManifest, RunPlugin
from kernel.boot.parts import Parts
from kernel.config.approvals import write_atomically
from kernel.config.errors import KernelError
from kernel.supervision.hosting import choose_hosting, read_rules

BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")


def record_run(parts: Parts) -> None:
    """Write the configuration (once for each digest) and the run's manifest, durably.

    Raises `KernelError` ``run-not-recorded``.
    """
    folder = parts.data_dir.runs_dir
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        _write_once(folder / f"config-{parts.loaded.digest}.json", parts.loaded.canonical())
        _write_once(folder / f"{parts.run_id}.json", msgspec.json.encode(_manifest(parts)))
    except OSError as error:
        raise KernelError(
            "run-not-recorded",
            f"{folder} could not be written: {error}",
            hint="a full disk or a data dir of another user; see: kernel doctor",
        ) from error


def _manifest(parts: Parts) -> RunManifest:
    document = {
        "kind": "run_manifest",
        "run_id": f"r-{parts.run_id}",
        "started_at_us": time.time_ns() // 1000,
        "monotonic_ns": time.monotonic_ns(),
        "boot_id": _boot_id(),
        "pid": os.getpid(),
        "kernel_version": importlib.metadata.version("autocapture"),
        "python_version": platform.python_version(),
        "platform": platform.platform(),
        "tz_name": time.tzname[0] or "UTC",
        "profile": parts.loaded.profile,
        "config_digest": parts.loaded.digest,
        "contracts_lock": parts.contracts_lock,
        "plugins_lock": parts.plugins_lock,
        "plugins": [msgspec.to_builtins(plugin) for plugin in _plugins(parts)],
    }
    # Converted, not constructed: the contract's limits are checked on the way in.
    return msgspec.convert(document, RunManifest)


def _plugins(parts: Parts) -> tuple[RunPlugin, ...]:
    rules = read_rules(parts.loaded.settings.hosts)
    return tuple(
        RunPlugin(
            plugin_id=stage.plugin.plugin_id,
            version=stage.plugin.version,
            digest=stage.plugin.digest,
            hosting=choose_hosting(stage.plugin, rules),
        )
        for stage in parts.stages
    )


def _boot_id() -> str:
    try:
        return BOOT_ID_FILE.read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"


def _write_once(path: Path, data: bytes) -> None:
    if not path.exists():
        write_atomically(path, data)
