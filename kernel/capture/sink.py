"""Where captures go: the seam between sources (ingest, inbox) and the evidence store.

Covers: the two protocols and the sink over a store that this process holds. Does not cover:
the sink that hands the work to a running kernel (`kernel.supervision.control`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from contracts.capture import CaptureEvent
from kernel.store.draft import Acknowledged, CaptureDraft
from kernel.store.evidence import EvidenceStore

SAME_MOMENT_EVENTS_MAX = 4096
"""Events of one microsecond that are looked at: every monitor of a source, with room."""


class IngestSink(Protocol):
    """What `kernel ingest` needs of whoever writes evidence."""

    def submit(self, drafts: Sequence[CaptureDraft]) -> list[Acknowledged]:
        """Make the drafts durable and acknowledge each, in order; all of them or none.

        Raises `KernelError` when nothing was taken: the caller keeps its files.
        """
        ...

    def record(self, act: str, subject: str, detail: Mapping[str, str]) -> None:
        """Append a ledger entry. Raises `KernelError` when it could not be written."""
        ...


class InboxSink(IngestSink, Protocol):
    """What the inbox needs beside that: reading back, and knowing what is there already."""

    def read_blob(self, digest: str) -> bytes:
        """The stored bytes, checked against their digest. Raises `KernelError`."""
        ...

    def find_captures(self, captured_at_us: int) -> Sequence[CaptureEvent]:
        """The stored events captured at exactly that moment."""
        ...


class StoreSink:
    """Straight into the evidence store of this process; from any thread."""

    def __init__(self, store: EvidenceStore) -> None:
        self._store = store

    def submit(self, drafts: Sequence[CaptureDraft]) -> list[Acknowledged]:
        """One durable batch."""
        return self._store.append(drafts)

    def record(self, act: str, subject: str, detail: Mapping[str, str]) -> None:
        """One ledger entry."""
        self._store.ledger.append(act, subject, detail)

    def read_blob(self, digest: str) -> bytes:
        """The stored bytes."""
        return self._store.read_blob(digest)

    def find_captures(self, captured_at_us: int) -> Sequence[CaptureEvent]:
        """The stored events captured at exactly that moment."""
        return self._store.events_between(
            captured_at_us, captured_at_us + 1, limit_rows=SAME_MOMENT_EVENTS_MAX
        )
