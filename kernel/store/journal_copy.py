"""A verified copy of the journal database, made while it is open.

Covers: SQLite's online backup, checking the copy, making it durable. Does not cover: backups
of a whole data dir (`kernel.store.backup`).
"""

from __future__ import annotations

import os
from pathlib import Path

import apsw

from kernel.config.errors import KernelError
from kernel.store.disk import OsDisk, make_durable_dir
from kernel.store.filecopy import sync_file

PAGES_PER_STEP = 4096


def copy_journal(source: apsw.Connection, target: Path) -> None:
    """Copy the database into the file ``target``; checked and durable on return.

    What ``target`` held before is lost. The copy has no write-ahead log of its own. Raises
    `OSError`, `apsw.Error`, and `KernelError` ``copy-damaged`` when the copy fails its check.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
    copy = apsw.Connection(str(target))
    try:
        with copy.backup("main", source, "main") as backup:
            while not backup.done:
                backup.step(PAGES_PER_STEP)
        copy.execute("PRAGMA journal_mode=DELETE")
        result = [row[0] for row in copy.execute("PRAGMA integrity_check")]
        if result != ["ok"]:
            msg = f"the copy of the journal at {target} is damaged: {result[0]}"
            raise KernelError("copy-damaged", msg, hint="run: kernel verify")
    finally:
        copy.close()
    sync_file(target)
    OsDisk().sync_dir(target.parent)


def back_up_before_migration(
    source: apsw.Connection, root: Path, version: int, now_us: int
) -> None:
    """Keep the journal of schema ``version`` below ``root``; raises as `copy_journal`."""
    directory = root / "migrations"
    make_durable_dir(directory, OsDisk())
    copy_journal(source, directory / f"journal-v{version}-{now_us}.db")
