"""What the stores hold of the frames that were made, read from outside beside the running kernel.

Covers: following the journal, which frames have a text. Does not cover: judging it
(`kernel.soak.reconcile`).
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field

import apsw

from contracts.capture import CaptureEvent
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.derived import DerivedStore
from kernel.store.evidence import EvidenceStore
from kernel.store.telemetry import TelemetryStore

ROWS = 2_000
_FRAME = re.compile(r"(f\d{7,}-\d+)\.png$")


@dataclass
class StoreView:
    """Frame id -> what is stored of it; any thread may ask."""

    data_dir: DataDir
    live: bool = field(default=False, kw_only=True)
    """Count everybody's events, each under its event id; else frames of a soak alone.

    A frame is told by its file's name: whose sidecar was cut off has no other mark.
    """
    blobs: dict[str, str] = field(default_factory=dict)
    duplicates: int = 0
    _seq: int = 0
    _processed: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def follow(self) -> None:
        """Read what came since; a store that cannot be read now is read the next time."""
        if not self.data_dir.journal_db.exists():
            return
        with self._lock:
            try:
                with EvidenceStore.open_read_only(self.data_dir) as store:
                    while events := store.events_after(self._seq, limit_rows=ROWS):
                        for event in events:
                            self._take(event)
            except (KernelError, apsw.Error):
                return

    def processed(self) -> set[str]:
        """Frames whose picture has a text page now."""
        with self._lock:
            left = sorted({b for f, b in self.blobs.items() if f not in self._processed})
            if left and self.data_dir.derived_db.exists():
                try:
                    with DerivedStore.open_read_only(self.data_dir) as store:
                        read = store.which_processed(left)
                except (KernelError, apsw.Error):
                    read = frozenset()
                self._processed |= {f for f, b in self.blobs.items() if b in read}
            return set(self._processed)

    def unread(self) -> int:
        """How many of the stored frames have no text page yet."""
        return len(self.blobs) - len(self.processed())

    def model_loads(self) -> int:
        """How often a model was loaded so far, as the kernel counts."""
        try:
            store = TelemetryStore.open_read_only(self.data_dir)
            if store is None:
                return 0
            try:
                return sum(aggregate.loads for aggregate in store.read())
            finally:
                store.close()
        except (KernelError, apsw.Error):
            return 0

    def _take(self, event: CaptureEvent) -> None:
        self._seq = event.seq
        if self.live:
            self.blobs[event.event_id] = event.blob
            return
        frame_id = frame_of(event.source_path)
        if frame_id is None:
            return
        if frame_id in self.blobs:
            self.duplicates += 1
        self.blobs[frame_id] = event.blob


def frame_of(source_path: str | None) -> str | None:
    """The frame id in a path; None when it is no frame of a soak."""
    found = _FRAME.search(source_path or "")
    return found[1] if found else None
