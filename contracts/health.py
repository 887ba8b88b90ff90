"""Health: one sample of the whole process tree.

Covers: figures as integers with the unit in the name. Does not cover: sampling
(`kernel.observe`) and verdicts over time (`contracts.soak`).
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from contracts.base import Count, HostId, Name, PluginId, Record, RunId, Text, UtcMicros

CpuPermille: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1_024_000)]
"""Processor time over wall time in thousandths of one core: 1000 is one core kept busy."""


class HostHealth(Record, frozen=True, kw_only=True, tag="host_health"):
    """One plugin host at the moment of the sample."""

    schema_version: Literal[1] = 1
    host_id: HostId
    plugin_id: PluginId
    state: Literal["starting", "ready", "busy", "draining", "dead", "quarantined"]
    pss_bytes: Count
    swap_bytes: Count
    cpu_permille: CpuPermille
    threads: Count
    descriptors: Count
    processes: Count
    restarts: Count


class StageBacklog(Record, frozen=True, kw_only=True, tag="stage_backlog"):
    """How much work waits for one stage, and for how long the oldest of it."""

    schema_version: Literal[1] = 1
    stage: Name
    waiting: Count
    leased: Count
    quarantined: Count
    oldest_wait_ms: Count


class HealthSample(Record, frozen=True, kw_only=True, tag="health_sample"):
    """The kernel and everything it started, at one moment.

    ``*_quantiles_us`` hold p50, p99 and maximum since the sample before; None without any.
    """

    schema_version: Literal[1] = 1
    run_id: RunId
    sampled_at_us: UtcMicros
    verdict: Literal["recording", "capturing_only", "processing", "paused", "degraded", "stopped"]
    reasons: Annotated[tuple[Text, ...], msgspec.Meta(max_length=64)] = ()
    activity: Literal["active", "idle", "unknown"]
    pss_bytes: Count
    swap_bytes: Count
    cpu_permille: CpuPermille
    processes: Count
    zombies: Count
    threads: Count
    descriptors: Count
    hosts_max: Count
    hosts: Annotated[tuple[HostHealth, ...], msgspec.Meta(max_length=64)] = ()
    backlog: Annotated[tuple[StageBacklog, ...], msgspec.Meta(max_length=64)] = ()
    events: Count
    events_refused: Count
    ack_quantiles_us: tuple[Count, Count, Count] | None = None
    query_quantiles_us: tuple[Count, Count, Count] | None = None
    stop_quantiles_us: tuple[Count, Count, Count] | None = None
    model_loads: Count
    disk_free_bytes: Count
    data_dir_bytes: Count
    spool_bytes: Count
