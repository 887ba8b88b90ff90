"""Answers: claims, each with citations that resolve to stored evidence.

Covers: what `kernel query --json` prints. Does not cover: how answers are found.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from contracts.base import (
    Box,
    Count,
    Digest,
    EventId,
    Monitor,
    Name,
    PluginId,
    Record,
    Text,
    TextOffset,
    UtcMicros,
    Version,
)

AnswerType: TypeAlias = Literal["value", "find", "when", "changed", "count", "summary"]
"""A value on the screen, lines, when a line was visible, what changed, how many, a stretch."""


class Citation(Record, frozen=True, kw_only=True, tag="citation"):
    """The place that proves a claim: event, time, box on the frame, and the stored words.

    ``text`` is the stored line; ``text_start``/``text_end`` delimit the cited span in it (code
    points). ``box`` covers that span, in pixels. ``captured_at`` is ISO 8601 with offset,
    ``captured_at_us`` the same moment in UTC, ``tz_name`` the zone of the clock it was read from.

    ``pixel_digest`` is that of the decoded frame where it is known. ``first_event`` to
    ``last_event`` are the frames between which the line stood there without a break, where the
    claim is about that; the box then is that on the frame of ``event_id``. The locks are those
    in force when the answer was made.
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
    tz_name: Name | None = None
    pixel_digest: Digest | None = None
    config_digest: Digest | None = None
    contracts_lock: Digest | None = None
    plugins_lock: Digest | None = None
    first_event: EventId | None = None
    first_us: UtcMicros | None = None
    last_event: EventId | None = None
    last_us: UtcMicros | None = None


class Claim(Record, frozen=True, kw_only=True, tag="claim"):
    """One statement of an answer; every claim has at least one verified citation.

    ``first_us`` and ``last_us`` are the times of the first and the last frame that showed it,
    as far as the claim is about that; ``visible_us`` is how long it was on screen between them.
    ``amount`` is the number that a counting claim states.
    """

    schema_version: Literal[1] = 1
    text: Text
    citations: Annotated[tuple[Citation, ...], msgspec.Meta(min_length=1, max_length=64)]
    first_us: UtcMicros | None = None
    last_us: UtcMicros | None = None
    visible_us: UtcMicros | None = None
    amount: Count | None = None


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

    ``answer_type`` says what sort of question it was taken for. ``from_us`` to ``to_us``
    (exclusive) is the window that was asked about, on the clock of ``tz_name``; None without one.
    ``notes`` say how the question was understood and what was left out.
    """

    schema_version: Literal[1] = 1
    question: Text
    state: Literal["ok", "partial", "no_evidence"]
    answer: Text
    claims: Annotated[tuple[Claim, ...], msgspec.Meta(max_length=64)]
    coverage: Coverage
    provenance: Provenance
    answer_type: AnswerType = "value"
    from_us: UtcMicros | None = None
    to_us: UtcMicros | None = None
    tz_name: Name | None = None
    notes: Annotated[tuple[Text, ...], msgspec.Meta(max_length=32)] = ()
