"""Counts acts in the ledger of the kernel under test, from outside.

Covers: following it. Does not cover: what the acts mean.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import apsw

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore

ROWS = 1_000


@dataclass
class LedgerView:
    """One thread calls it."""

    data_dir: DataDir
    _seq: int = 0
    _acts: Counter[str] = field(default_factory=Counter)

    def count(self, act: str) -> int:
        """How often the act is on record by now; a ledger that cannot be read now has no news."""
        try:
            with EvidenceStore.open_read_only(self.data_dir) as store:
                while entries := store.ledger.entries(self._seq, ROWS):
                    self._acts.update(entry.act for entry in entries)
                    self._seq = entries[-1].seq
        except (KernelError, apsw.Error):
            return self._acts[act]
        return self._acts[act]
