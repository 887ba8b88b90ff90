"""Where captures go: the seam between sources (ingest, inbox) and the evidence store.

Covers: the two protocols, and the sinks over a store or an intake of this process. Does not cover:
the sink that hands the work to a running kernel (`kernel.supervision.control`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Protocol, TypeAlias

from contracts.canonical import digest_bytes
from contracts.capture import CaptureEvent
from kernel.capture.intake import Intake
from kernel.config.errors import KernelError
from kernel.store.draft import Acknowledged, CaptureDraft
from kernel.store.evidence import EvidenceStore

QUEUE_TIMEOUT_S = 5.0
"""How long a source waits for room in the intake's queue before it keeps its file for later."""

Submitted: TypeAlias = Acknowledged | KernelError


class IngestSink(Protocol):
    """What `kernel ingest` needs of whoever writes evidence."""

    def submit(self, drafts: Sequence[CaptureDraft]) -> list[Submitted]:
        """Make the drafts durable; for each, in order, what became of it.

        An error means that this capture was not acknowledged: the caller keeps its file. It
        does not raise `KernelError`.
        """
        ...

    def record(self, act: str, subject: str, detail: Mapping[str, str]) -> None:
        """Append a ledger entry. Raises `KernelError` when it could not be written."""
        ...

    def find_captures(self, blob: str, captured_at_us: int) -> Sequence[CaptureEvent]:
        """The stored events of these bytes captured at exactly that moment."""
        ...


class InboxSink(IngestSink, Protocol):
    """What the inbox needs beside that: reading back."""

    def gives_back(self, digest: str, data: bytes) -> bool:
        """Whether exactly these bytes are read from the disk. Raises `KernelError`."""
        ...


def find_stored(draft: CaptureDraft, sink: IngestSink) -> CaptureEvent | None:
    """The event of exactly this capture: same moment, place, source and bytes."""
    for event in sink.find_captures(digest_bytes(draft.data), draft.captured_at_us):
        same_place = (event.source, event.source_path) == (draft.source, draft.source_path)
        if same_place and event.monitor == draft.monitor:
            return event
    return None


class IntakeSink:
    """Into the queue of a running kernel; from any thread but the intake's own."""

    def __init__(self, intake: Intake, store: EvidenceStore) -> None:
        self._intake = intake
        self._stored = StoreSink(store)

    def submit(self, drafts: Sequence[CaptureDraft]) -> list[Submitted]:
        """Queue all, then wait for each."""
        waiting = [self._queue(draft) for draft in drafts]
        return [item if isinstance(item, KernelError) else _await(item) for item in waiting]

    def _queue(self, draft: CaptureDraft) -> Future[Acknowledged] | KernelError:
        try:
            return self._intake.submit(draft, timeout_s=QUEUE_TIMEOUT_S)
        except KernelError as error:
            return error

    def record(self, act: str, subject: str, detail: Mapping[str, str]) -> None:
        """One ledger entry."""
        self._stored.record(act, subject, detail)

    def gives_back(self, digest: str, data: bytes) -> bool:
        """Whether exactly these bytes are read from the disk."""
        return self._stored.gives_back(digest, data)

    def find_captures(self, blob: str, captured_at_us: int) -> Sequence[CaptureEvent]:
        """The stored events of these bytes captured at exactly that moment."""
        return self._stored.find_captures(blob, captured_at_us)


def _await(future: Future[Acknowledged]) -> Submitted:
    # Every queued capture is answered: the intake's close stores what is queued.
    try:
        return future.result()
    except KernelError as error:
        return error


class StoreSink:
    """Straight into the evidence store of this process; from any thread."""

    def __init__(self, store: EvidenceStore) -> None:
        self._store = store

    def submit(self, drafts: Sequence[CaptureDraft]) -> list[Submitted]:
        """One durable batch, or the same error for all."""
        try:
            return [*self._store.append(drafts)]
        except KernelError as error:
            return [error] * len(drafts)

    def record(self, act: str, subject: str, detail: Mapping[str, str]) -> None:
        """One ledger entry."""
        self._store.ledger.append(act, subject, detail)

    def gives_back(self, digest: str, data: bytes) -> bool:
        """Whether exactly these bytes are read from the disk."""
        return self._store.gives_back(digest, data)

    def find_captures(self, blob: str, captured_at_us: int) -> Sequence[CaptureEvent]:
        """The stored events of these bytes captured at exactly that moment."""
        return self._store.captures_of(blob, captured_at_us)
