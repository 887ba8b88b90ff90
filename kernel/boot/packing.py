"""Connects packing to the parts of a kernel.

Covers: wiring. Does not cover: the work itself (`kernel.pipeline.repacking`), when it may run
(`kernel.boot.working`).
"""

from __future__ import annotations

from kernel.boot.parts import Parts
from kernel.pipeline.repacking import Repacking


def open_packing(parts: Parts) -> Repacking | None:
    """What packs this kernel's frames; None when no plugin does it."""
    if parts.packing is None:
        return None
    settings = parts.loaded.settings
    return Repacking(
        store=parts.evidence,
        pool=parts.pool,
        plugin=parts.packing.plugin,
        keep_original_bytes=settings.disk.keep_original_bytes,
        task_timeout_s=settings.hosts.task_deadline_s,
        audit=parts.trail.append,
    )
