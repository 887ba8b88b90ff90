"""Evidence: what was captured and where its pixels are.

Covers: the capture event and the pixel blob. Does not cover: how they are stored.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from contracts.base import (
    Count,
    Digest,
    EventId,
    Monitor,
    Name,
    Nanos,
    Pixels,
    Record,
    Text,
    UtcMicros,
)


class Cursor(Record, frozen=True, kw_only=True, tag="cursor"):
    """The mouse pointer's hot spot in pixels of the captured frame."""

    schema_version: Literal[1] = 1
    x: Pixels
    y: Pixels


class CaptureEvent(Record, frozen=True, kw_only=True, tag="capture_event"):
    """One capture: when, where, and which pixels.

    ``seq`` is the position in the evidence journal (1, 2, 3, ... without gaps). ``event_id`` is
    derived from the rest of the event, see `contracts.identity.event_id`.
    """

    schema_version: Literal[1] = 1
    event_id: EventId
    seq: Count
    captured_at_us: UtcMicros
    received_at_us: UtcMicros
    tz_name: Name
    tz_offset_s: Annotated[int, msgspec.Meta(ge=-86_400, le=86_400)]
    monotonic_ns: Nanos
    source: Name
    source_path: Text | None = None
    monitor: Monitor = 0
    app: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    window_title: Annotated[str, msgspec.Meta(max_length=4096)] | None = None
    cursor: Cursor | None = None
    blob: Digest


class PixelBlob(Record, frozen=True, kw_only=True, tag="pixel_blob"):
    """Bytes as they were captured, addressed by their BLAKE3 digest.

    ``pixel_digest``, ``width_px`` and ``height_px`` are unknown until the frame was decoded,
    which is work for idle time.
    """

    schema_version: Literal[1] = 1
    digest: Digest
    length_bytes: Count
    media_type: Name
    pixel_digest: Digest | None = None
    width_px: Pixels | None = None
    height_px: Pixels | None = None
