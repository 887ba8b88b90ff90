"""Where captures go: the seam between sources (ingest, inbox) and the evidence store.

Covers: the two protocols, and the sinks over a store or an intake of this process. Does not cover:
the sink that hands the work to a running kernel (`kernel.supervision.control`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Protocol, TypeAlias

from contracts.capture import CaptureEvent
from kernel.capture.intake import Intake
from kernel.config.errors import KernelError
from kernel.store.draft import Acknowledged, CaptureDraft
from kernel.store.evidence import EvidenceStore

SAME_MOMENT_EVENTS_MAX = 4096
"""Events of one microsecond that are looked at: every monitor of a source, with room."""

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


class InboxSink(IngestSink, Protocol):
    """What the inbox needs beside that: reading back, and knowing what is there already."""

    def gives_back(self, digest: str, data: bytes) -> bool:
        """Whether exactly these bytes are read from the disk. Raises `KernelError`."""
        ...

    def find_captures(self, captured_at_us: int) -> Sequence[CaptureEvent]:
        """The stored events captured at exactly that moment."""
        ...


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

    def find_captures(self, captured_at_us: int) -> Sequence[CaptureEvent]:
        """The stored events captured at exactly that moment."""
        return self._stored.find_captures(captured_at_us)


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

    def find_captures(self, captured_at_us: int) -> Sequence[CaptureEvent]:
        """The stored events captured at exactly that moment."""
        return self._store.events_between(
            captured_at_us, captured_at_us + 1, limit_rows=SAME_MOMENT_EVENTS_MAX
        )
