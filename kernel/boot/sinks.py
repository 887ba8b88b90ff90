"""Somewhere to put captures, whoever holds the data dir.

Covers: the choice between writing ourselves and handing the work to the running kernel, and
waiting for a short-lived writer. Does not cover: sources.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from contracts.capture import CaptureEvent
from contracts.control import ActRecorded, CaptureAcknowledged, RecordAct, SubmitCapture
from kernel.boot.evidence import open_evidence
from kernel.capture.sink import IngestSink, StoreSink, Submitted
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.config.settings import load_settings
from kernel.store.draft import Acknowledged, CaptureDraft
from kernel.store.evidence import EvidenceStore
from kernel.supervision.address import control_socket_of
from kernel.supervision.control import ControlClient

LOCK_WAIT_S = 30.0
LOCK_RETRY_S = 0.05


class ControlSink:
    """Hands captures to the running kernel, which makes them durable and answers."""

    def __init__(self, client: ControlClient, stored: EvidenceStore | None = None) -> None:
        self._client = client
        self._stored = stored

    def submit(self, drafts: Sequence[CaptureDraft]) -> list[Submitted]:
        """One request per draft; an error is that draft's alone."""
        return [self._submit_one(draft) for draft in drafts]

    def record(self, act: str, subject: str, detail: Mapping[str, str]) -> None:
        """A ledger entry, written by the kernel."""
        self._client.ask(RecordAct(act=act, subject=subject, detail=dict(detail)), ActRecorded)

    def find_captures(self, blob: str, captured_at_us: int) -> Sequence[CaptureEvent]:
        """The stored events of these bytes at that moment, read beside the kernel."""
        return self._stored.captures_of(blob, captured_at_us) if self._stored else []

    def _submit_one(self, draft: CaptureDraft) -> Submitted:
        request = SubmitCapture(
            captured_at_us=draft.captured_at_us,
            tz_name=draft.tz_name,
            tz_offset_s=draft.tz_offset_s,
            monotonic_ns=draft.monotonic_ns,
            source=draft.source,
            source_path=draft.source_path,
            monitor=draft.monitor,
            app=draft.app,
            window_title=draft.window_title,
            cursor_x=draft.cursor.x if draft.cursor else None,
            cursor_y=draft.cursor.y if draft.cursor else None,
            media_type=draft.media_type,
        )
        deadline_s = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                done = self._client.ask(
                    request, CaptureAcknowledged, payload=draft.data, timeout_s=LOCK_WAIT_S
                )
            except KernelError as error:
                if error.code != "intake-full" or time.monotonic() > deadline_s:
                    return error
                # The kernel's queue drains at the speed of the disk: come again shortly.
                time.sleep(LOCK_RETRY_S)  # noqa: TID251
                continue
            return Acknowledged(done.event, done.status)


@contextlib.contextmanager
def open_sink(
    data_dir: DataDir, *, on_wait: Callable[[str], None] = lambda _: None
) -> Iterator[IngestSink]:
    """A sink for this data dir: the running kernel's, or the store itself, under its settings.

    Another command that writes is waited for (``on_wait`` is told once). Raises `KernelError`
    ``data-dir-busy`` when that takes longer than `LOCK_WAIT_S`; ``config-invalid``.
    """
    deadline_s = time.monotonic() + LOCK_WAIT_S
    settings = load_settings(None, data_dir, {}).settings
    told = False
    while True:
        socket = control_socket_of(data_dir)
        if socket is not None:
            client = ControlClient(socket)
            try:
                with EvidenceStore.open_read_only(data_dir) as stored:
                    yield ControlSink(client, stored)
            finally:
                client.close()
            return
        try:
            store = open_evidence(data_dir, settings)
        except KernelError as error:
            if error.code != "data-dir-busy" or time.monotonic() > deadline_s:
                raise
            if not told:
                on_wait(error.message)
                told = True
            # flock has no wait with a deadline; the holder is a command that ends soon.
            time.sleep(LOCK_RETRY_S)  # noqa: TID251
            continue
        with store:
            yield StoreSink(store)
        return
