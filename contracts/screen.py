"""Screen state: what stood on one frame, as a tree of elements.

Covers: elements with stable ids, and for each value whether it was seen, worked out or is
not known. Does not cover: change between frames (`contracts.change`).
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from contracts.base import (
    Box,
    Digest,
    ElementId,
    EventId,
    Monitor,
    Permille,
    Pixels,
    PluginId,
    Record,
    Text,
    Version,
)

Standing: TypeAlias = Literal["observed", "derived", "unknown"]
"""How a value is known: read off the pixels, worked out from what was read, or not at all."""

Role: TypeAlias = Literal[
    "window",
    "pane",
    "block",
    "line",
    "table",
    "row",
    "cell",
    "code",
    "button",
    "field",
    "unknown",
]
GridIndex: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Colour: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=0xFFFFFF)]
"""Red, green, blue in one number: ``red << 16 | green << 8 | blue``."""


class Element(Record, frozen=True, kw_only=True, tag="element"):
    """A part of the screen. The tree is kept flat: ``parent`` names an earlier element.

    A flat list bounds the depth of what a decoder meets. ``row`` and ``column`` count from 0
    in the nearest table above; ``line_number`` is the number printed in a code pane's gutter.
    A value whose standing is "unknown" is None. ``fill`` is the colour that most of the
    element's box shows, ``caret_x`` where a text caret stands in it; both are read off the
    pixels, and None where that was not done or nothing was seen.
    """

    schema_version: Literal[1] = 1
    element_id: ElementId
    parent: ElementId | None = None
    role: Role
    role_standing: Standing
    box: Box
    text: Text | None = None
    text_standing: Standing = "unknown"
    row: GridIndex | None = None
    column: GridIndex | None = None
    line_number: GridIndex | None = None
    confidence_permille: Permille = 0
    fill: Colour | None = None
    caret_x: Pixels | None = None


class ScreenState(Record, frozen=True, kw_only=True, tag="screen_state"):
    """All elements of one frame, parents before children, siblings in reading order.

    ``before_event`` is the event of the state whose element ids this one continues.
    """

    schema_version: Literal[1] = 1
    event_id: EventId
    blob: Digest
    monitor: Monitor
    width_px: Pixels
    height_px: Pixels
    elements: Annotated[tuple[Element, ...], msgspec.Meta(max_length=65_536)]
    extractor: PluginId
    extractor_version: Version
    before_event: EventId | None = None
