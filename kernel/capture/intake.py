"""Intake: many producers, one writer thread, one sync for whatever has queued.

Natural batching: while one batch is being synced the next one gathers; no timed window.
Covers: the bounded queue and its backpressure, acknowledging through futures. Does not
cover: durability itself (`kernel.store.evidence`), where captures come from.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass

from kernel.config.errors import KernelError
from kernel.store.draft import Acknowledged, CaptureDraft, check_draft
from kernel.store.evidence import EvidenceStore

QUEUE_ITEMS_MAX = 1024
QUEUE_BYTES_MAX = 256 << 20
BATCH_ITEMS_MAX = 256
BATCH_BYTES_MAX = 64 << 20


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """How much may wait, and how much is committed at once.

    One item larger than ``queue_bytes_max`` or ``batch_bytes_max`` is still taken, alone.
    """

    queue_items_max: int = QUEUE_ITEMS_MAX
    queue_bytes_max: int = QUEUE_BYTES_MAX
    batch_items_max: int = BATCH_ITEMS_MAX
    batch_bytes_max: int = BATCH_BYTES_MAX


@dataclass(frozen=True, slots=True)
class IntakeLoad:
    """What waits at this moment, and what was done since the start."""

    queued_items: int
    queued_bytes: int
    batches: int
    acknowledged: int


_Waiting = tuple[CaptureDraft, "Future[Acknowledged]"]


class Intake:
    """The queue in front of an evidence store and the thread that empties it.

    Start it with `start`, end it with `close`; both belong to whoever made it. `submit` may
    be called from any thread.
    """

    def __init__(self, store: EvidenceStore, *, limits: IntakeLimits | None = None) -> None:
        self._store = store
        self._limits = limits or IntakeLimits()
        self._queue: deque[_Waiting] = deque()
        self._queued_bytes = 0
        self._batches = 0
        self._acknowledged = 0
        self._closing = False
        self._lock = threading.Lock()
        self._filled = threading.Condition(self._lock)
        self._drained = threading.Condition(self._lock)
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)

    def start(self) -> None:
        """Start the writer thread; once."""
        self._thread.start()

    @property
    def problem(self) -> str:
        """Why nothing is taken in although it was not closed; empty when all is well."""
        if self._thread.ident is None or self._closing or self._thread.is_alive():
            return ""
        return "captures are not taken in: the writer's thread ended; start the kernel again"

    def submit(self, draft: CaptureDraft, *, timeout_s: float) -> Future[Acknowledged]:
        """Queue the capture; the future completes once it is durable, or with the error.

        Waits up to ``timeout_s`` for room. Raises `KernelError`: ``draft-invalid`` at once,
        ``intake-full`` when there is no room in time, ``intake-closed``. A raised error or a
        failed future means: not stored, the caller keeps the capture.
        """
        check_draft(draft)
        future: Future[Acknowledged] = Future()
        with self._lock:
            if not self._await_room(len(draft.data), timeout_s):
                raise KernelError(
                    "intake-full",
                    f"{len(self._queue)} captures ({self._queued_bytes} bytes) wait to be "
                    f"stored and none was done within {timeout_s} s",
                    hint="send this capture again later",
                )
            if self._closing:
                msg = "the intake was closed"
                raise KernelError("intake-closed", msg)
            self._queue.append((draft, future))
            self._queued_bytes += len(draft.data)
            self._filled.notify()
        return future

    def load(self) -> IntakeLoad:
        """How full the queue is, and the counts so far."""
        with self._lock:
            return IntakeLoad(
                len(self._queue), self._queued_bytes, self._batches, self._acknowledged
            )

    def close(self, *, timeout_s: float = 30.0) -> bool:
        """Take nothing more, store what is queued, end the thread.

        Returns whether that was done within ``timeout_s``. Idempotent.
        """
        with self._lock:
            self._closing = True
            self._filled.notify_all()
            self._drained.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _await_room(self, length: int, timeout_s: float) -> bool:
        return self._drained.wait_for(lambda: self._has_room(length), timeout_s)

    def _has_room(self, length: int) -> bool:
        limits = self._limits
        return (
            self._closing
            or not self._queue
            or (
                len(self._queue) < limits.queue_items_max
                and self._queued_bytes + length <= limits.queue_bytes_max
            )
        )

    def _run(self) -> None:
        while batch := self._take():
            self._store_batch(batch)

    def _take(self) -> list[_Waiting]:
        """Everything queued up to a batch's limits; empty when closed and done."""
        with self._lock:
            while not self._queue and not self._closing:
                self._filled.wait()
            batch: list[_Waiting] = []
            batch_bytes = 0
            while self._queue and len(batch) < self._limits.batch_items_max:
                length = len(self._queue[0][0].data)
                if batch and batch_bytes + length > self._limits.batch_bytes_max:
                    break
                batch.append(self._queue.popleft())
                batch_bytes += length
            self._queued_bytes -= batch_bytes
            self._drained.notify_all()
            return batch

    def _store_batch(self, batch: list[_Waiting]) -> None:
        live = [item for item in batch if item[1].set_running_or_notify_cancel()]
        if not live:
            return
        try:
            done = self._store.append_checked([draft for draft, _ in live])
        except BaseException as error:  # noqa: BLE001 - the producers must hear of every failure
            for _, future in live:
                future.set_exception(error)
            return
        with self._lock:
            self._batches += 1
            self._acknowledged += len(done)
        for (_, future), acknowledged in zip(live, done, strict=True):
            future.set_result(acknowledged)
