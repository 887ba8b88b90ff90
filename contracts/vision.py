"""What a vision-language model says about a frame.

Covers: one observation with everything needed to repeat the call. Does not cover: prompts'
texts (they are named by digest), the model itself.
"""

from __future__ import annotations

from typing import Literal

from contracts.base import (
    Box,
    Count,
    Digest,
    EventId,
    Name,
    PluginId,
    Record,
    Text,
    Version,
)


class VlmObservation(Record, frozen=True, kw_only=True, tag="vlm_observation"):
    """A model's text about a frame or a region of it.

    Always "derived" and never cited as if it had been read. ``region`` None means the whole
    frame. Decoding is greedy; ``seed`` is kept for engines that want one all the same.
    """

    schema_version: Literal[1] = 1
    event_id: EventId
    blob: Digest
    region: Box | None = None
    standing: Literal["derived"] = "derived"
    text: Text
    truncated: bool = False
    model: Name
    model_digest: Digest
    prompt_digest: Digest
    seed: Count = 0
    tokens: Count
    extractor: PluginId
    extractor_version: Version
