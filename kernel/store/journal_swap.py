"""Putting a rebuilt journal in the place of a damaged one, so that a kill loses neither.

A whole new journal gets the name ``journal.ready`` first; then the old one goes into the
quarantine, then the new one takes its name. Whoever finds ``journal.ready`` and no journal
goes on from there. Covers: the names and their order. Does not cover: what is in the new
journal (`kernel.store.rebuild`).
"""

from __future__ import annotations

from pathlib import Path

from kernel.config.paths import DataDir
from kernel.store.disk import OsDisk, make_durable_dir

READY_NAME = "journal.ready"
_PARTS = ("journal.db", "journal.db-wal", "journal.db-shm")


def swap_journal(data_dir: DataDir, fresh: Path, aside: Path) -> None:
    """Let the whole, synced journal ``fresh`` take over; the old one lies in ``aside`` then."""
    make_durable_dir(aside, OsDisk())
    ready = data_dir.root / READY_NAME
    if ready.exists():
        # Of a repair that was killed before anything moved: the old journal was used since.
        ready.rename(aside / READY_NAME)
    fresh.rename(ready)
    OsDisk().sync_dir(data_dir.root)
    _take_place(data_dir, aside)


def is_half_swapped(data_dir: DataDir) -> bool:
    """Whether a kill came between the old journal's going and the new one's coming."""
    return (data_dir.root / READY_NAME).exists() and not data_dir.journal_db.exists()


def finish_swap(data_dir: DataDir, aside: Path) -> None:
    """Do what a kill left undone; only when `is_half_swapped`."""
    make_durable_dir(aside, OsDisk())
    _take_place(data_dir, aside)


def _take_place(data_dir: DataDir, aside: Path) -> None:
    for name in _PARTS:
        # The database goes first: a log without it is of no use, and cannot meet the new one.
        if (data_dir.root / name).exists():
            (data_dir.root / name).rename(aside / name)
    OsDisk().sync_dir(aside)
    OsDisk().sync_dir(data_dir.root)
    (data_dir.root / READY_NAME).rename(data_dir.journal_db)
    OsDisk().sync_dir(data_dir.root)
