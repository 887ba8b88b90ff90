"""Requests are answered from the kernel's own state; a capture when it is durable."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from contracts.control import (
    ControlError,
    ControlReply,
    ProcessNow,
    ProcessState,
    SubmitCapture,
)
from kernel.boot.governing import Asked
from kernel.boot.progress import Progress
from kernel.boot.requests import serve
from kernel.config.errors import KernelError
from kernel.store.draft import Acknowledged, CaptureDraft


class Feeder:
    """Counts how often it was asked."""

    def __init__(self) -> None:
        self.fed = 0

    def feed(self) -> int:
        self.fed += 1
        return 0


class Stand:
    """The part of a kernel that requests see; stands in for intake, parts and kernel at once."""

    def __init__(self) -> None:
        self.parts: Any = self
        self.intake: Any = self
        self.feeder = Feeder()
        self.woken = 0
        self.asked = 0
        self.future: Future[Acknowledged] = Future()
        self.drafts: list[CaptureDraft] = []

    def submit(self, draft: CaptureDraft, *, timeout_s: float) -> Future[Acknowledged]:
        assert timeout_s == 0.0
        self.drafts.append(draft)
        return self.future

    def wake(self) -> None:
        self.woken += 1

    def request_processing(
        self, asked: Asked = "all", *, lasts_s: float = 1.0, look_over: bool = False
    ) -> None:
        self.asked += 1

    def progress(self) -> Progress:
        return Progress(unfinished=0, in_hand=0, done=3, failed=1, stuck="")

    def live_facts(self) -> dict[str, Any]:
        return {}


CAPTURE = SubmitCapture(
    captured_at_us=1,
    tz_name="UTC",
    tz_offset_s=0,
    monotonic_ns=0,
    source="test",
    media_type="image/png",
    cursor_x=3,
    cursor_y=4,
)


def test_capture_is_not_answered_before_it_is_durable() -> None:
    stand, replies = Stand(), list[ControlReply]()
    serve(stand, CAPTURE, b"data", replies.append)
    assert replies == []
    assert stand.drafts[0].data == b"data"
    assert stand.drafts[0].cursor is not None
    stand.future.set_exception(KernelError("disk-full", "no space", hint="make room"))
    assert replies == [ControlError(code="disk-full", message="no space", hint="make room")]
    assert stand.woken == 0


def test_failure_that_nobody_foresaw_is_an_error_reply_too() -> None:
    stand, replies = Stand(), list[ControlReply]()
    serve(stand, CAPTURE, b"data", replies.append)
    stand.future.set_exception(ZeroDivisionError("a bug"))
    (reply,) = replies
    assert isinstance(reply, ControlError)
    assert reply.code == "intake-failed"


def test_asking_to_process_looks_for_evidence_first() -> None:
    stand, replies = Stand(), list[ControlReply]()
    serve(stand, ProcessNow(), b"", replies.append)
    assert (stand.feeder.fed, stand.asked) == (1, 1)
    assert replies == [ProcessState(unfinished=0, done=3, failed=1, drained=True)]
