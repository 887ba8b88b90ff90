"""Counts in the ledger of the kernel under test what ends a leak, from outside.

Covers: following it. Does not cover: any other act.
"""

from __future__ import annotations

from dataclasses import dataclass

import apsw

from contracts.ledger import LedgerEntry
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from kernel.supervision.hearing import OUT_OF_MEMORY

ROWS = 1_000
KILLED_FOR_MEMORY = "host-killed-for-memory"


@dataclass
class LedgerView:
    """One thread calls it."""

    data_dir: DataDir
    _seq: int = 0
    _renewed: int = 0

    def count_renewed(self) -> int:
        """How many hosts were ended for their memory so far; no news where it cannot be read."""
        try:
            with EvidenceStore.open_read_only(self.data_dir) as store:
                while entries := store.ledger.entries(self._seq, ROWS):
                    self._renewed += sum(map(is_renewal, entries))
                    self._seq = entries[-1].seq
        except (KernelError, apsw.Error):
            return self._renewed
        return self._renewed


def is_renewal(entry: LedgerEntry) -> bool:
    """Whether a host was ended because of its memory: by the watch, or after meeting its limit."""
    if entry.act == KILLED_FOR_MEMORY:
        return True
    return entry.act in {"host-left", "host-crashed"} and OUT_OF_MEMORY in entry.detail["cause"]
