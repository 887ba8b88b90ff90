"""Restoring a backup into an empty data dir: copied, hashed, verified, then put in place.

Covers: one restore from start to end. Does not cover: making backups
(`kernel.store.backup`), mending a data dir in use (`kernel.store.repair`).
"""

from __future__ import annotations

from pathlib import Path

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.disk import OsDisk, make_durable_dir
from kernel.store.evidence import EvidenceStore
from kernel.store.failure import translated
from kernel.store.filecopy import copy_bytes, digest_file
from kernel.store.manifest import Manifest, read_manifest
from kernel.store.report import Progress, ProgressSink, VerifyReport
from kernel.store.verify import ignore_progress, verify


def restore(
    backup: Path, data_dir: DataDir, *, progress: ProgressSink = ignore_progress
) -> VerifyReport:
    """Fill the empty data dir from the backup; returns the full check of the result.

    The data dir appears under its name only when it is whole. Raises `KernelError`:
    ``no-backup``, ``data-dir-not-empty``, ``backup-damaged`` (a file is gone or is not what
    the manifest says, or the evidence in it is damaged), ``disk-full``.
    """
    manifest = read_manifest(backup)
    if manifest is None:
        raise KernelError(
            "no-backup", f"{backup} holds no backup", hint="name a folder of: kernel backup"
        )
    root = data_dir.root.absolute()
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise KernelError(
            "data-dir-not-empty",
            f"{root} is not empty; a restore never mixes with what is there",
            hint="name a new folder with --data-dir",
        )
    partial = root.with_name(f"{root.name}.restoring")
    with translated(partial):
        _copy_files(backup, partial, manifest, progress)
        check = verify(DataDir(partial), quick=False, progress=progress)
        if not check.ok:
            found = check.findings[0]
            raise KernelError(
                "backup-damaged",
                f"the evidence in {backup} is damaged: {found.code} {found.where}",
                hint="restore another backup",
            )
        if root.exists():
            root.rmdir()
        partial.rename(root)
        OsDisk().sync_dir(root.parent)
    with EvidenceStore.open(DataDir(root)) as store:
        detail = {"events": str(manifest.events), "made_at_us": str(manifest.created_at_us)}
        store.ledger.append("store.restored", manifest.identity, detail)
    return check


def _copy_files(backup: Path, partial: Path, manifest: Manifest, progress: ProgressSink) -> None:
    total, done = sum(file.length_bytes for file in manifest.files), 0
    for file in manifest.files:
        source, target = backup / file.path, partial / file.path
        if not source.is_file():
            raise KernelError("backup-damaged", f"{source} is gone")
        make_durable_dir(target.parent, OsDisk())
        copy_bytes(source, target, file.length_bytes)
        if digest_file(target) != file.digest:
            raise KernelError("backup-damaged", f"{source} is not what the manifest says")
        done += file.length_bytes
        progress(Progress("restore", done, total, "bytes"))
    OsDisk().sync_dir(partial)
