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
    Permille,
    PluginId,
    Record,
    Text,
    UtcMicros,
    Version,
)


class ElementChange(Record, frozen=True, kw_only=True, tag="element_change"):
    """One element that appeared, vanished, moved or changed its text.

    The ``before`` values are None for what appeared, the ``after`` values for what vanished.
    """

    schema_version: Literal[1] = 1
    change: Literal["appeared", "vanished", "moved", "changed"]
    element_id: ElementId
    before_box: Box | None = None
    after_box: Box | None = None
    before_text: Text | None = None
    after_text: Text | None = None


class Delta(Record, frozen=True, kw_only=True, tag="delta"):
    """All changes from one frame of a monitor to the next, ordered by element id."""

    schema_version: Literal[1] = 1
    before_event: EventId | None = None
    after_event: EventId
    monitor: Monitor
    before_state: Digest | None = None
    after_state: Digest
    changes: Annotated[tuple[ElementChange, ...], msgspec.Meta(max_length=131_072)]
    extractor: PluginId
    extractor_version: Version


class Action(Record, frozen=True, kw_only=True, tag="action"):
    """Something the person did, inferred from deltas; never without the evidence for it.

    ``evidence`` names the events between which the change was seen. ``standing`` is "derived"
    for an inference and "observed" only where the capture itself recorded the act.
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
