"""Text over time: a line that stayed on screen is one record, however many frames showed it.

Covers: the interval of one line with the history of its box. Does not cover: when an
interval is closed and how jitter is matched (`kernel.pipeline`).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from contracts.base import (
    Box,
    Count,
    Digest,
    EventId,
    Monitor,
    Name,
    Permille,
    PluginId,
    Record,
    Text,
    UtcMicros,
    Version,
)


class BoxSince(Record, frozen=True, kw_only=True, tag="box_since"):
    """From this event on (until the next entry) the line stood in this box."""

    schema_version: Literal[1] = 1
    event_id: EventId
    from_us: UtcMicros
    box: Box


class TextInterval(Record, frozen=True, kw_only=True, tag="text_interval"):
    """One line of text on one monitor from its first to its last frame.

    ``last_us`` is the time of the last frame that showed it, so both ends are observed.
    ``boxes`` is in time order and holds one entry per movement. ``frames`` counts the events
    that showed the line. ``open`` means that the newest frame still shows it.
    """

    schema_version: Literal[1] = 1
    text: Text
    text_digest: Digest
    source: Name
    monitor: Monitor
    app: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    window_title: Annotated[str, msgspec.Meta(max_length=4096)] | None = None
    first_event: EventId
    last_event: EventId
    first_us: UtcMicros
    last_us: UtcMicros
    frames: Count
    open: bool = False
    confidence_permille: Permille
    boxes: Annotated[tuple[BoxSince, ...], msgspec.Meta(min_length=1, max_length=65_536)]
    extractor: PluginId
    extractor_version: Version
