"""The backlog: work that waits, and each try at it.

Covers: the records of a job and of an attempt. Does not cover: leases and queues
(`kernel.scheduling`, `kernel.store`).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from contracts.base import (
    Digest,
    EventId,
    HostId,
    Name,
    PluginId,
    Record,
    StageName,
    TaskId,
    Text,
    UtcMicros,
    Version,
)

Attempts = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class Job(Record, frozen=True, kw_only=True, tag="job"):
    """One unit of work: a stage over an input. ``key`` is the digest of its `DerivationKey`."""

    schema_version: Literal[1] = 1
    key: Digest
    event_id: EventId
    stage: StageName
    input_digest: Digest
    enqueued_at_us: UtcMicros
    attempts: Attempts = 0
    host_deaths: Attempts = 0
    state: Literal["waiting", "leased", "done", "failed", "quarantined"] = "waiting"


class Attempt(Record, frozen=True, kw_only=True, tag="attempt"):
    """One try at a job: who tried, when, and how it ended."""

    schema_version: Literal[1] = 1
    task_id: TaskId
    key: Digest
    number: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    host_id: HostId
    plugin_id: PluginId
    plugin_version: Version
    started_at_us: UtcMicros
    ended_at_us: UtcMicros
    outcome: Literal["done", "failed", "host_died", "timed_out", "cancelled", "preempted"]
    error_code: Name | None = None
    error: Text = ""
