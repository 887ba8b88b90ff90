"""Change: what differs between two screen states, and what the person probably did.

Covers: deltas and the actions inferred from them. Does not cover: how they are computed.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from contracts.base import (
    Box,
    Digest,
    ElementId,
    EventId,
    Monitor,
    Name,
    Permille,
    Pixels,
    PluginId,
    Record,
    Text,
    UtcMicros,
    Version,
)
from contracts.screen import Element, GridIndex

ShiftPixels = Annotated[int, msgspec.Meta(ge=-65_535, le=65_535)]


class ElementChange(Record, frozen=True, kw_only=True, tag="element_change"):
    """One element that appeared, vanished, moved or changed its text.

    The ``before`` values are None for what appeared, the ``after`` values for what vanished;
    the text of what only moved is left out. ``after`` is the whole element where box and text
    do not say all: for what appeared, and where another value of it changed (a "changed" with
    equal boxes and texts: no person would see it). ``after_index`` is its place in the later
    state's list, where that does not follow from the places before.
    """

    schema_version: Literal[1] = 1
    change: Literal["appeared", "vanished", "moved", "changed"]
    element_id: ElementId
    before_box: Box | None = None
    after_box: Box | None = None
    before_text: Text | None = None
    after_text: Text | None = None
    after: Element | None = None
    after_index: GridIndex | None = None


class Action(Record, frozen=True, kw_only=True, tag="action"):
    """Something the person did, inferred from deltas; never without the evidence for it.

    ``evidence`` names the events between which the change was seen. ``standing`` is "derived"
    for an inference and "observed" only where the capture itself recorded the act.
    ``elements`` are those whose changes show it, ``basis`` names the signs that were seen
    (docs/screen-state.md lists them). For "scrolled", ``shift_x_px`` and ``shift_y_px`` say how
    far the content moved: up (negative) when the person scrolled down.
    """

    schema_version: Literal[1] = 1
    action: Literal[
        "typed", "deleted", "scrolled", "switched_window", "opened", "closed", "clicked"
    ]
    standing: Literal["observed", "derived"]
    monitor: Monitor
    from_us: UtcMicros
    to_us: UtcMicros
    confidence_permille: Permille
    evidence: Annotated[tuple[EventId, ...], msgspec.Meta(min_length=1, max_length=256)]
    element_id: ElementId | None = None
    text: Text | None = None
    extractor: PluginId
    extractor_version: Version
    elements: Annotated[tuple[ElementId, ...], msgspec.Meta(max_length=1024)] = ()
    basis: Annotated[tuple[Name, ...], msgspec.Meta(max_length=16)] = ()
    shift_x_px: ShiftPixels | None = None
    shift_y_px: ShiftPixels | None = None


class Delta(Record, frozen=True, kw_only=True, tag="delta"):
    """All changes from one frame of a monitor to the next, ordered by element id.

    With the state before, it gives the state after exactly (``after_state`` is its digest);
    ``after_blob`` and the sizes are there for that. ``actions`` are inferred from these changes.
    """

    schema_version: Literal[1] = 1
    before_event: EventId | None = None
    after_event: EventId
    monitor: Monitor
    before_state: Digest | None = None
    after_state: Digest
    changes: Annotated[tuple[ElementChange, ...], msgspec.Meta(max_length=131_072)]
    extractor: PluginId
    extractor_version: Version
    after_blob: Digest | None = None
    after_width_px: Pixels | None = None
    after_height_px: Pixels | None = None
    actions: Annotated[tuple[Action, ...], msgspec.Meta(max_length=256)] = ()
