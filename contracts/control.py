"""Messages between the `kernel` command and a running kernel, over its control socket.

Same framing as the host protocol: one encoded message, then payload frames where the message
says so. Covers: shapes. Does not cover: the socket (`kernel.supervision.control`).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from contracts.base import Count, Message, Name, Pixels, Text, UtcMicros
from contracts.capture import CaptureEvent


class Ping(Message, frozen=True, kw_only=True, tag="ping"):
    """Ask who is there."""


class Pong(Message, frozen=True, kw_only=True, tag="pong"):
    """The kernel that holds the data dir; ``nonce`` is that of its run record."""

    pid: Count
    nonce: Name
    data_dir: Text


class SubmitCapture(Message, frozen=True, kw_only=True, tag="submit_capture"):
    """Take in one capture; its bytes are the payload frame."""

    captured_at_us: UtcMicros
    tz_name: Name
    tz_offset_s: Annotated[int, msgspec.Meta(ge=-86_400, le=86_400)]
    monotonic_ns: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    source: Name
    media_type: Name
    source_path: Text | None = None
    monitor: Annotated[int, msgspec.Meta(ge=0, le=63)] = 0
    app: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    window_title: Annotated[str, msgspec.Meta(max_length=4096)] | None = None
    cursor_x: Pixels | None = None
    cursor_y: Pixels | None = None


class CaptureAcknowledged(Message, frozen=True, kw_only=True, tag="capture_acknowledged"):
    """The capture is durable."""

    event: CaptureEvent
    status: Literal["stored", "duplicate-pixels"]


class RecordAct(Message, frozen=True, kw_only=True, tag="record_act"):
    """Write an act into the ledger (a refused file, an override)."""

    act: Name
    subject: Annotated[str, msgspec.Meta(max_length=1024)] = ""
    detail: Annotated[dict[Name, Text], msgspec.Meta(max_length=64)] = {}  # noqa: RUF012 - msgspec copies empty defaults


class ActRecorded(Message, frozen=True, kw_only=True, tag="act_recorded"):
    """The act is in the ledger."""


class ProcessNow(Message, frozen=True, kw_only=True, tag="process_now"):
    """Work the backlog off now, as an explicit request; answered at once and then polled.

    ``retry_failed``: also what was given up before. ``bounded``: within the budget that explicit
    requests have while the person works, captures from ``from_us`` to ``to_us`` (exclusive) first.
    """

    retry_failed: bool = False
    bounded: bool = False
    from_us: UtcMicros | None = None
    to_us: UtcMicros | None = None


class ProcessState(Message, frozen=True, kw_only=True, tag="process_state"):
    """How far the explicit request is; ``unread``: frames to read, ``done_by``: tasks by stage."""

    unfinished: Count
    done: Count
    failed: Count
    drained: bool
    stuck: Text = ""
    unread: Count = 0
    done_by: Annotated[dict[Name, Count], msgspec.Meta(max_length=64)] = {}  # noqa: RUF012 - as above


class AskStatus(Message, frozen=True, kw_only=True, tag="ask_status"):
    """Ask what the kernel does."""


class StatusReply(Message, frozen=True, kw_only=True, tag="status_reply"):
    """The status document as JSON (docs/status.md)."""

    document: Annotated[str, msgspec.Meta(max_length=4_000_000)]


class ControlError(Message, frozen=True, kw_only=True, tag="control_error"):
    """The request failed; the same fields as `kernel.config.errors.KernelError`."""

    code: Name
    message: Text
    hint: Text | None = None


ControlRequest = Ping | SubmitCapture | RecordAct | ProcessNow | AskStatus
ControlReply = Pong | CaptureAcknowledged | ActRecorded | ProcessState | StatusReply | ControlError
