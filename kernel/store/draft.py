"""The draft: a capture on its way into the evidence, and its acknowledgement.

Covers: the shapes that sources hand over and get back, and the check at the border. Does
not cover: storing (`kernel.store.evidence`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from contracts.canonical import decode, encode
from contracts.capture import CaptureEvent, Cursor
from kernel.config.errors import KernelError
from kernel.store.frame import PAYLOAD_BYTES_MAX

MEDIA_TYPE_CHARS_MAX = 255
_PLACEHOLDER_ID = "ev-" + "0" * 32


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureDraft:
    """A capture as a source hands it over: `CaptureEvent` without what the store adds."""

    captured_at_us: int
    tz_name: str
    tz_offset_s: int
    monotonic_ns: int
    source: str
    media_type: str
    data: bytes
    source_path: str | None = None
    monitor: int = 0
    app: str | None = None
    window_title: str | None = None
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A durable capture; ``duplicate-pixels`` when its bytes were stored before."""

    event: CaptureEvent
    status: Literal["stored", "duplicate-pixels"]


def check_draft(draft: CaptureDraft) -> None:
    """Raises `KernelError` ``draft-invalid`` when the draft breaks the event's contract."""
    if not draft.data:
        raise _invalid("it has no pixel bytes")
    if len(draft.data) > PAYLOAD_BYTES_MAX:
        raise _invalid(f"it has more than {PAYLOAD_BYTES_MAX} bytes of pixels")
    media = draft.media_type
    if not (media.isascii() and media.isprintable() and 0 < len(media) <= MEDIA_TYPE_CHARS_MAX):
        raise _invalid(f"{media!r} is no media type")
    event = draft_event(draft, 1, 0, "0" * 64)
    try:
        decode(encode(event), CaptureEvent)
    except (msgspec.MsgspecError, UnicodeEncodeError, OverflowError) as error:
        raise _invalid(str(error)) from error


def _invalid(reason: str) -> KernelError:
    return KernelError("draft-invalid", f"the capture is not accepted: {reason}")


def draft_event(draft: CaptureDraft, seq: int, received_at_us: int, digest: str) -> CaptureEvent:
    """The event of the draft at a position of the journal; its id is still to be derived."""
    return CaptureEvent(
        event_id=_PLACEHOLDER_ID,
        seq=seq,
        captured_at_us=draft.captured_at_us,
        received_at_us=received_at_us,
        tz_name=draft.tz_name,
        tz_offset_s=draft.tz_offset_s,
        monotonic_ns=draft.monotonic_ns,
        source=draft.source,
        source_path=draft.source_path,
        monitor=draft.monitor,
        app=draft.app,
        window_title=draft.window_title,
        cursor=draft.cursor,
        blob=digest,
    )
