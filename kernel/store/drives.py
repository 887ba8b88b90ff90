"""The drives that packs lie on: finding them, knowing them again, asking for free space.

A volume outside the data dir carries a marker with its identity, so that an empty mount point
or another drive is never taken for it. Covers: markers, paths, free bytes. Does not cover:
what is on them (`kernel.store.pack`).
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from kernel.store.disk import Disk, make_durable_dir
from kernel.store.journal import VolumeRow

MARKER_NAME = "volume.json"
PACKS_NAME = "packs"
DRAINED_NAME = "drained"


class VolumeMarker(msgspec.Struct, frozen=True):
    """The content of the marker file of a volume."""

    identity: str
    kind: str


def free_bytes(path: Path) -> int:
    """Bytes that an ordinary user may still write on the drive of ``path``."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def volume_root(data_root: Path, volume: VolumeRow) -> Path:
    """Where the volume is when it is mounted."""
    return data_root / volume.root


def is_mounted(data_root: Path, volume: VolumeRow) -> bool:
    """Whether the volume is there, by its marker; the data dir's own packs always are."""
    if volume.kind == "primary":
        return True
    return read_marker(volume_root(data_root, volume)) == VolumeMarker(volume.identity, volume.kind)


def packs_dir(data_root: Path, volume: VolumeRow) -> Path:
    """The directory of the volume's segments."""
    root = volume_root(data_root, volume)
    return root if volume.kind == "primary" else root / PACKS_NAME


def drained_dir(data_root: Path, volume: VolumeRow) -> Path:
    """Where a spool keeps segments whose content the data dir holds too."""
    return volume_root(data_root, volume) / DRAINED_NAME


def read_marker(root: Path) -> VolumeMarker | None:
    """The marker below ``root``, None when there is no readable one."""
    try:
        return msgspec.json.decode((root / MARKER_NAME).read_bytes(), type=VolumeMarker)
    except (OSError, msgspec.MsgspecError):
        return None


def mark_volume(root: Path, marker: VolumeMarker, disk: Disk) -> None:
    """Make the volume's directories and its marker, durably. Raises `OSError`."""
    make_durable_dir(root, disk)
    make_durable_dir(root / PACKS_NAME, disk)
    make_durable_dir(root / DRAINED_NAME, disk)
    descriptor = disk.create(root / MARKER_NAME)
    try:
        disk.append(descriptor, [msgspec.json.encode(marker)])
        disk.sync(descriptor)
    finally:
        disk.close(descriptor)
    disk.sync_dir(root)
