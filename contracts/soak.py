"""The verdict over a long run: each criterion with its figure, its threshold and its state.

Covers: the record behind `report.json`. Does not cover: how the figures are measured.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from contracts.base import Count, Digest, Name, Record, RunId, Text, UtcMicros

Figure: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]


class SoakCriterion(Record, frozen=True, kw_only=True, tag="soak_criterion"):
    """One thing that must hold. ``figure_milli`` and ``threshold_milli`` are in 1/1000 ``unit``.

    A criterion that could not be measured is "unknown", and an unknown is not a pass.
    """

    schema_version: Literal[1] = 1
    name: Name
    state: Literal["pass", "fail", "unknown"]
    unit: Name
    figure_milli: Figure | None
    comparison: Literal["at_most", "at_least", "equal"]
    threshold_milli: Figure
    detail: Text = ""


class SoakFault(Record, frozen=True, kw_only=True, tag="soak_fault"):
    """A fault that the run put in on purpose, and how long the system took to recover."""

    schema_version: Literal[1] = 1
    name: Name
    injected_at_us: UtcMicros
    recovered_at_us: UtcMicros | None = None
    detail: Text = ""


class SoakReport(Record, frozen=True, kw_only=True, tag="soak_report"):
    """The whole run: passed only if every criterion passed."""

    schema_version: Literal[1] = 1
    run_ids: Annotated[tuple[RunId, ...], msgspec.Meta(min_length=1, max_length=4096)]
    started_at_us: UtcMicros
    ended_at_us: UtcMicros
    planned_s: Count
    passed: bool
    criteria: Annotated[tuple[SoakCriterion, ...], msgspec.Meta(min_length=1, max_length=256)]
    faults: Annotated[tuple[SoakFault, ...], msgspec.Meta(max_length=4096)] = ()
    samples: Count
    events_produced: Count
    events_stored: Count
    contracts_lock: Digest
    plugins_lock: Digest
    config_digest: Digest
    machine: Text = ""
