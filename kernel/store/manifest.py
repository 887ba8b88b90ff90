"""The manifest of a backup: which files it consists of and what their bytes hash to.

Covers: the shape, reading, writing in one step. Does not cover: making backups
(`kernel.store.backup`).
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from kernel.config.errors import KernelError
from kernel.store.disk import OsDisk
from kernel.store.filecopy import sync_file

MANIFEST_NAME = "manifest.json"
WHOLE_NAME = "whole"
"""Folder below a backup with the journal, anchors and manifest of its last whole state."""
VOLUMES_NAME = "volumes"
"""Folder below a backup with the copied segments of other drives."""
FORMAT_VERSION = 1
CARRIED_OVER = frozenset({"ledger-lost"})
"""Findings that are about the past of the data dir and no damage of the backup."""


class BackedUpFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the backup: ``path`` below its folder, length, BLAKE3 of the bytes."""

    path: str
    length_bytes: int
    digest: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One state of a backup. ``elsewhere`` names segments on drives that were not copied.

    ``kept``: segments that the data dir has replaced since; they stay, and are not restored.
    ``damage``: what the full check of this state found; empty for a whole one.
    """

    format_version: int
    identity: str
    created_at_us: int
    events: int
    evidence_head: str
    ledger_entries: int
    files: tuple[BackedUpFile, ...]
    elsewhere: tuple[str, ...] = ()
    kept: tuple[BackedUpFile, ...] = ()
    damage: tuple[str, ...] = ()


def read_manifest(root: Path) -> Manifest | None:
    """The manifest of the backup in ``root``, None when there is none.

    Raises `KernelError` ``backup-damaged`` for one that cannot be read.
    """
    path = root / MANIFEST_NAME
    if not path.exists():
        return None
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.MsgspecError as error:
        raise KernelError(
            "backup-damaged",
            f"{path} cannot be read: {error}",
            hint=f"the last whole state may be in {root / WHOLE_NAME}; or use another backup",
        ) from error
    if manifest.format_version > FORMAT_VERSION:
        raise KernelError(
            "schema-newer",
            f"{path} has format {manifest.format_version}, this program knows {FORMAT_VERSION}",
            hint="install the newer version of the program that made this backup",
        )
    return manifest


def write_manifest(root: Path, manifest: Manifest) -> None:
    """Replace the manifest in one step; the backup is in its new state when this returns."""
    fresh = root / f"{MANIFEST_NAME}.new"
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    sync_file(fresh)
    fresh.replace(root / MANIFEST_NAME)
    OsDisk().sync_dir(root)
