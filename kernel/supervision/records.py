"""Records of the run dir: the kernel that runs and the hosts it started.

Covers: the files' shape, writing whole or not at all, reading what can be read. Does not cover:
what follows from them (`reaper`). Files are 0600; a broken one is reported, never guessed at.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from kernel.config.smallfile import read_small_file
from kernel.supervision.identity import ProcessIdentity
from kernel.supervision.rundir import RunDir

RECORD_BYTES_MAX: Final = 65_536


@dataclass(frozen=True, slots=True)
class KernelRecord:
    """The kernel of one run; ``nonce`` marks everything this run starts."""

    identity: ProcessIdentity
    nonce: str
    data_dir: str


@dataclass(frozen=True, slots=True)
class HostRecord:
    """One host: ``stub`` is the process the kernel started, ``host`` the one that said hello."""

    host_id: str
    plugin_id: str
    nonce: str
    kernel: ProcessIdentity
    stub: ProcessIdentity
    host: ProcessIdentity | None = None
    scratch_dir: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record file that does not say what it should."""

    path: Path
    reason: str


def write_kernel_record(run_dir: RunDir, record: KernelRecord) -> None:
    """Replaces the kernel's record."""
    _write(run_dir.kernel_record, asdict(record))


def read_kernel_record(run_dir: RunDir) -> KernelRecord | Unreadable | None:
    """The kernel's record; None when there is none."""
    path = run_dir.kernel_record
    try:
        raw = _read(path)
        return KernelRecord(
            identity=_identity(raw["identity"]),
            nonce=str(raw["nonce"]),
            data_dir=str(raw["data_dir"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Unreadable(path, f"{type(error).__name__}: {error}")


def host_record_path(run_dir: RunDir, host_id: str) -> Path:
    """Where the record of a host lies."""
    return run_dir.hosts_dir / f"{host_id}.json"


def write_host_record(run_dir: RunDir, record: HostRecord) -> None:
    """Puts a host on record; do it before the host can start anything."""
    _write(host_record_path(run_dir, record.host_id), asdict(record))


def remove_host_record(run_dir: RunDir, host_id: str) -> None:
    """Takes a host off the record; nothing happens when it is not there."""
    host_record_path(run_dir, host_id).unlink(missing_ok=True)


def read_host_records(run_dir: RunDir) -> list[HostRecord | Unreadable]:
    """All hosts on record, in the order of their file names."""
    paths = sorted(run_dir.hosts_dir.glob("*.json"))
    return [record for path in paths if (record := _read_host(path)) is not None]


def _read_host(path: Path) -> HostRecord | Unreadable | None:
    try:
        raw = _read(path)
        host = raw["host"]
        record = HostRecord(
            host_id=str(raw["host_id"]),
            plugin_id=str(raw["plugin_id"]),
            nonce=str(raw["nonce"]),
            kernel=_identity(raw["kernel"]),
            stub=_identity(raw["stub"]),
            host=_identity(host) if host else None,
            scratch_dir=str(raw["scratch_dir"]),
        )
    except FileNotFoundError:
        return None  # its kernel took it away meanwhile
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Unreadable(path, f"{type(error).__name__}: {error}")
    if path.stem != record.host_id:
        return Unreadable(path, f"names host {record.host_id}")
    return record


def _identity(raw: dict[str, Any]) -> ProcessIdentity:
    return ProcessIdentity(
        pid=int(raw["pid"]), start_ticks=int(raw["start_ticks"]), boot_id=str(raw["boot_id"])
    )


def _read(path: Path) -> dict[str, Any]:
    decoded = json.loads(read_small_file(path, RECORD_BYTES_MAX))
    if not isinstance(decoded, dict):
        msg = "not an object"
        raise ValueError(msg)  # noqa: TRY004 - wrong data, not a wrong call
    return decoded


def _write(path: Path, raw: dict[str, Any]) -> None:
    # The run dir does not outlive the boot, so renaming is enough: no fsync.
    part = path.with_suffix(".part")
    try:
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "w", encoding="ascii") as stream:
            json.dump(raw, stream)
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
