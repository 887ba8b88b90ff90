"""The run manifest: under which code, locks and settings a run of the kernel worked.

Covers: what is written once at boot. Does not cover: what happens during the run
(`contracts.health`, `contracts.ledger`).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from contracts.base import Count, Digest, Name, PluginId, Record, RunId, Text, UtcMicros, Version


class RunPlugin(Record, frozen=True, kw_only=True, tag="run_plugin"):
    """A plugin that this run may start, as it was locked."""

    schema_version: Literal[1] = 1
    plugin_id: PluginId
    version: Version
    digest: Digest
    hosting: Literal["in_process", "subprocess"]


class RunManifest(Record, frozen=True, kw_only=True, tag="run_manifest"):
    """One boot of the kernel: what a result of this run can be traced back to."""

    schema_version: Literal[1] = 1
    run_id: RunId
    started_at_us: UtcMicros
    monotonic_ns: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    boot_id: Name
    pid: Count
    kernel_version: Version
    python_version: Name
    platform: Name
    tz_name: Name
    profile: Name
    config_digest: Digest
    contracts_lock: Digest
    plugins_lock: Digest
    plugins: Annotated[tuple[RunPlugin, ...], msgspec.Meta(max_length=256)] = ()
    notes: Annotated[tuple[Text, ...], msgspec.Meta(max_length=64)] = ()
