"""Answers: claims, each with citations that resolve to stored evidence.

Covers: what `kernel query --json` prints. Does not cover: how answers are found.
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
    PluginId,
    Record,
    Text,
    TextOffset,
    UtcMicros,
    Version,
)


class Citation(Record, frozen=True, kw_only=True, tag="citation"):
    """The place that proves a claim: event, time, box on the frame, and the stored words.

    ``text`` is the stored line; ``text_start``/``text_end`` delimit the cited span in it (code
    points). ``box`` covers that span, in pixels. ``captured_at`` is ISO 8601 with offset.
    """

    schema_version: Literal[1] = 1
    event_id: EventId
    captured_at: Annotated[str, msgspec.Meta(max_length=64)]
    captured_at_us: UtcMicros
    source_path: Text | None
    monitor: Monitor
    app: Text | None
    window_title: Text | None
    box: Box
    text: Text
    text_start: TextOffset
    text_end: TextOffset
    blob: Digest
    extractor: PluginId
    extractor_version: Version


class Claim(Record, frozen=True, kw_only=True, tag="claim"):
    """One statement of an answer; every claim has at least one verified citation."""

    schema_version: Literal[1] = 1
    text: Text
    citations: Annotated[tuple[Citation, ...], msgspec.Meta(min_length=1, max_length=64)]


class Coverage(Record, frozen=True, kw_only=True, tag="coverage"):
    """How much of the asked window was understood when the answer was given (events)."""

    schema_version: Literal[1] = 1
    events: Count
    processed: Count


class Provenance(Record, frozen=True, kw_only=True, tag="provenance"):
    """Under which locks and with which method the answer was made."""

    schema_version: Literal[1] = 1
    method: Text
    contracts_lock: Digest
    plugins_lock: Digest
    extractors: Annotated[tuple[Text, ...], msgspec.Meta(max_length=64)]
    claims_dropped: Count


class Answer(Record, frozen=True, kw_only=True, tag="answer"):
    """What was asked, what was found, and on what evidence.

    ``ok``: every part of the window was processed and at least one claim stands;
    ``partial``: claims stand, but part of the window is not processed yet or a claim fell;
    ``no_evidence``: nothing stored answers the question, ``claims`` is empty.
    """

    schema_version: Literal[1] = 1
    question: Text
    state: Literal["ok", "partial", "no_evidence"]
    answer: Text
    claims: Annotated[tuple[Claim, ...], msgspec.Meta(max_length=64)]
    coverage: Coverage
    provenance: Provenance
