"""The envelope around every derived result: what made it, from what, with which settings.

Covers: the derivation key and stage timing. Does not cover: the results themselves.
"""

from __future__ import annotations

from typing import Literal

from contracts.base import Count, Digest, PluginId, Record, StageName, UtcMicros, Version


class DerivationKey(Record, frozen=True, kw_only=True, tag="derivation_key"):
    """Identity of a unit of work: equal keys mean equal results, so a re-run is a no-op.

    ``input_digest`` is the digest of the stage's input (for the text stage: of the blob).
    """

    schema_version: Literal[1] = 1
    input_digest: Digest
    stage: StageName
    plugin_id: PluginId
    plugin_version: Version
    config_digest: Digest


class StageTiming(Record, frozen=True, kw_only=True, tag="stage_timing"):
    """What one run of a stage cost; times in microseconds, memory in bytes."""

    schema_version: Literal[1] = 1
    queue_wait_us: Count
    load_us: Count
    run_us: Count
    input_bytes: Count
    memory_peak_bytes: Count
    finished_at_us: UtcMicros
