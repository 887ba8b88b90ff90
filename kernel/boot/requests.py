"""What the running kernel answers on its control socket.

Covers: each request's answer. Does not cover: the socket (`kernel.supervision.control`).
"""

from __future__ import annotations

import json
import os
from concurrent.futures import Future
from typing import Any, Protocol, assert_never

from contracts.capture import Cursor
from contracts.control import (
    ActRecorded,
    AskStatus,
    CaptureAcknowledged,
    ControlReply,
    ControlRequest,
    Ping,
    Pong,
    ProcessNow,
    ProcessState,
    RecordAct,
    StatusReply,
    SubmitCapture,
)
from kernel.boot.governing import Asked
from kernel.boot.parts import Parts
from kernel.boot.progress import Progress
from kernel.capture.intake import Intake
from kernel.config.errors import KernelError
from kernel.store.draft import Acknowledged, CaptureDraft
from kernel.supervision.control import Reply, error_reply

ASKED_KEEP_S = 10.0
BOUNDED_KEEP_S = 3.0
"""A bounded request costs the person's CPU time: it ends soon after its last asking."""
ENDLESS_US = 2**62


class Served(Protocol):
    """The part of the kernel that requests are about."""

    @property
    def parts(self) -> Parts:
        """The open parts."""
        ...

    @property
    def intake(self) -> Intake:
        """Where captures go."""
        ...

    def wake(self) -> None:
        """Look at the journal soon."""
        ...

    def request_processing(
        self, asked: Asked = "all", *, lasts_s: float = ..., look_over: bool = False
    ) -> None:
        """Work on the backlog now, for so long unless it is asked again; mend what is stored."""
        ...

    def progress(self) -> Progress:
        """How far the backlog is."""
        ...

    def live_facts(self) -> dict[str, Any]:
        """What only the running kernel knows."""
        ...


def serve(kernel: Served, request: ControlRequest, payload: bytes, reply: Reply) -> None:
    """Answer one request, now or (a capture) when it is durable."""
    parts = kernel.parts
    match request:
        case Ping():
            root = str(parts.data_dir.root)
            reply(Pong(pid=os.getpid(), nonce=parts.run_id, data_dir=root))
        case SubmitCapture():
            _submit(kernel, request, payload, reply)
        case RecordAct():
            parts.evidence.ledger.append(request.act, request.subject, request.detail)
            reply(ActRecorded())
        case ProcessNow():
            parts.feeder.feed()
            if request.retry_failed:
                parts.backlog.retry_given_up()
            # Whoever asked asks again while they wait; one who went away wants no more.
            if request.bounded:
                parts.backlog.prefer(request.from_us or 0, request.to_us or ENDLESS_US)
                kernel.request_processing("some", lasts_s=BOUNDED_KEEP_S)
            else:
                kernel.request_processing(lasts_s=ASKED_KEEP_S, look_over=True)
            reply(_process_state(kernel.progress()))
        case AskStatus():
            reply(StatusReply(document=json.dumps(kernel.live_facts())))
        case _:
            assert_never(request)


def _process_state(now: Progress) -> ControlReply:
    return ProcessState(
        unfinished=now.unfinished,
        done=now.done,
        failed=now.failed,
        drained=now.is_drained,
        stuck=now.stuck,
        unread=now.unread,
        done_by=dict(now.done_by),
    )


def _submit(kernel: Served, request: SubmitCapture, payload: bytes, reply: Reply) -> None:
    cursor = None
    if request.cursor_x is not None and request.cursor_y is not None:
        cursor = Cursor(x=request.cursor_x, y=request.cursor_y)
    draft = CaptureDraft(
        captured_at_us=request.captured_at_us,
        tz_name=request.tz_name,
        tz_offset_s=request.tz_offset_s,
        monotonic_ns=request.monotonic_ns,
        source=request.source,
        source_path=request.source_path,
        monitor=request.monitor,
        app=request.app,
        window_title=request.window_title,
        cursor=cursor,
        media_type=request.media_type,
        data=payload,
    )

    def answer(future: Future[Acknowledged]) -> None:
        error = future.exception()
        if error is None:
            kernel.wake()
            done = future.result()
            reply(CaptureAcknowledged(event=done.event, status=done.status))
        elif isinstance(error, KernelError):
            reply(error_reply(error))
        else:
            reply(error_reply(KernelError("intake-failed", f"{type(error).__name__}: {error}")))

    # Never wait here: a full queue is told to the caller, who comes again.
    kernel.intake.submit(draft, timeout_s=0.0).add_done_callback(answer)
