"""Restoring a backup into an empty data dir: copied, hashed, verified, then put in place.

Covers: one restore from start to end. Does not cover: making backups
(`kernel.store.backup`), mending a data dir in use (`kernel.store.repair`).
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.disk import OsDisk, make_durable_dir
from kernel.store.evidence import EvidenceStore
from kernel.store.failure import translated
from kernel.store.filecopy import copy_bytes, digest_file
from kernel.store.manifest import (
    CARRIED_OVER,
    MANIFEST_NAME,
    WHOLE_NAME,
    BackedUpFile,
    Manifest,
    read_manifest,
)
from kernel.store.report import Progress, ProgressSink, VerifyReport
from kernel.store.verify import ignore_progress, verify


def restore(
    backup: Path,
    data_dir: DataDir,
    *,
    partial: bool = False,
    progress: ProgressSink = ignore_progress,
) -> VerifyReport:
    """Fill the empty data dir from the backup; returns the full check of the result.

    The data dir appears under its name only when it is whole; with ``partial`` also when it is
    not, with everything that is there. What an earlier restore left half done is laid aside as
    ``NAME.restoring-1`` and so on. The backup is only read. Raises `KernelError`:
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
    making = root.with_name(f"{root.name}.restoring")
    with translated(making):
        _lay_aside(making)
        _copy_files(backup, making, manifest, progress, partial=partial)
        check = verify(DataDir(making), quick=False, progress=progress)
        if not partial and any(found.code not in CARRIED_OVER for found in check.findings):
            found = check.findings[0]
            raise _damaged(backup, making, f"the evidence is damaged: {found.code} {found.where}")
        if root.exists():
            root.rmdir()
        making.rename(root)
        OsDisk().sync_dir(root.parent)
    if any(found.code == "journal-damaged" for found in check.findings):
        return check  # nothing can be ledgered before `kernel repair` built the journal again
    with EvidenceStore.open(DataDir(root)) as store:
        detail = {"events": str(manifest.events), "made_at_us": str(manifest.created_at_us)}
        store.ledger.append("store.restored", manifest.identity, detail)
    return check


def _lay_aside(making: Path) -> None:
    """What a restore that failed or was killed left is in no later one; it stays beside it."""
    if not os.path.lexists(making) or (making.is_dir() and not any(making.iterdir())):
        return
    free = (making.with_name(f"{making.name}-{number}") for number in itertools.count(1))
    making.rename(next(path for path in free if not os.path.lexists(path)))
    OsDisk().sync_dir(making.parent)


def _damaged(backup: Path, making: Path, reason: str) -> KernelError:
    whole = backup / WHOLE_NAME / MANIFEST_NAME
    older = f", or the last whole state, with: kernel restore {backup / WHOLE_NAME}"
    return KernelError(
        "backup-damaged",
        f"{backup}: {reason}; what was copied is in {making}",
        hint="restore all that is there with: kernel restore --partial"
        f"{older if whole.exists() else ''}; then run: kernel repair --from-backup ANOTHER",
    )


def _copy_files(
    backup: Path, making: Path, manifest: Manifest, progress: ProgressSink, *, partial: bool
) -> None:
    total, done = sum(file.length_bytes for file in manifest.files), 0
    for file in manifest.files:
        target = making / file.path
        source = _source_of(backup, file)
        if source is None and not partial:
            raise _damaged(backup, making, f"{file.path} is gone or is not what was backed up")
        if source is None and (backup / file.path).is_file():
            source = backup / file.path
        if source is not None:
            make_durable_dir(target.parent, OsDisk())
            copy_bytes(source, target, file.length_bytes)
            if not partial and digest_file(target) != file.digest:
                raise _damaged(backup, making, f"{file.path} was not copied as it is")
        done += file.length_bytes
        progress(Progress("restore", done, total, "bytes"))
    OsDisk().sync_dir(making)


def _source_of(backup: Path, file: BackedUpFile) -> Path | None:
    """Where the bytes of the manifest lie: a journal may be that of the last whole state.

    Beside the folder of the last whole state lie the segments that both states share.
    """
    for folder in (backup, backup / WHOLE_NAME, backup.parent):
        path = folder / file.path
        if path.is_file() and digest_file(path, file.length_bytes) == file.digest:
            return path
    return None
