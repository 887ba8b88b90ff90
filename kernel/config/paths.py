"""Where a data dir keeps what.

Covers: names below one data dir and the choice of the data dir. Does not cover: the run dir
with its sockets (`kernel.supervision.rundir`), the formats of the files.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

DATA_DIR_ENV = "KERNEL_DATA_DIR"


def default_data_dir() -> Path:
    """``$KERNEL_DATA_DIR``, or the platform's user data dir."""
    named = os.environ.get(DATA_DIR_ENV)
    if named:
        return Path(named).expanduser().absolute()
    return Path(platformdirs.user_data_dir("autocapture", appauthor=False))


@dataclass(frozen=True, slots=True)
class DataDir:
    """The names below one data dir; making them is left to those who write."""

    root: Path

    @property
    def lock_file(self) -> Path:
        """Locked by the one process that may write evidence."""
        return self.root / "kernel.lock"

    @property
    def journal_db(self) -> Path:
        """Evidence: events, blob index, ledger."""
        return self.root / "journal.db"

    @property
    def evidence_names(self) -> tuple[str, ...]:
        """Files and folders, beside the packs, that only a data dir or a copy of one has."""
        return (self.journal_db.name, self.lock_file.name, self.anchors_dir.name)

    @property
    def packs_dir(self) -> Path:
        """Evidence: pixel bytes in append-only segments."""
        return self.root / "packs"

    @property
    def reserve_file(self) -> Path:
        """Room kept back for the journal; holds nothing."""
        return self.root / "reserve.bin"

    @property
    def anchors_dir(self) -> Path:
        """Copies of the ledger's head outside the database."""
        return self.root / "anchors"

    @property
    def derived_db(self) -> Path:
        """What was understood; can be rebuilt from evidence."""
        return self.root / "derived.db"

    @property
    def vectors_db(self) -> Path:
        """Vectors of texts; can be made again from the texts."""
        return self.root / "vectors.db"

    @property
    def backlog_db(self) -> Path:
        """Work that waits, runs or failed; can be rebuilt from evidence and derived."""
        return self.root / "backlog.db"

    @property
    def inbox_dir(self) -> Path:
        """Where a capture program drops its files."""
        return self.root / "inbox"

    @property
    def quarantine_dir(self) -> Path:
        """Bytes that were refused, kept as they came."""
        return self.root / "quarantine"

    @property
    def crops_dir(self) -> Path:
        """Pictures cut out for answers."""
        return self.root / "crops"

    @property
    def runs_dir(self) -> Path:
        """What each run worked under: its manifest, and every configuration by its digest."""
        return self.root / "runs"

    @property
    def plugin_approvals(self) -> Path:
        """Which states of which plugins the person approved, with the history."""
        return self.root / "plugins.lock.json"

    @property
    def plugin_copies_dir(self) -> Path:
        """Copies of approved plugins, so that an update can be taken back."""
        return self.root / "plugins"

    @property
    def plugin_quarantine(self) -> Path:
        """Plugins that crashed too often and may not run until a person says so."""
        return self.root / "quarantine.json"

    @property
    def override_file(self) -> Path:
        """The person's word on heavy work (`kernel pause` and its like)."""
        return self.root / "override.json"

    @property
    def allowance_file(self) -> Path:
        """What explicit requests may still spend while the person works."""
        return self.root / "explicit.json"

    @property
    def activity_file(self) -> Path:
        """Where the capture program says when the last input was (docs/activity.md)."""
        return self.root / "activity.json"
