"""Produced = acknowledged = stored = searchable, frame by frame. Pure but for `compare`'s input.

Covers: the comparison and its document. Does not cover: reading the stores
(`kernel.soak.storeview`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any


def reconcile(
    produced: Mapping[str, str],
    pending: Collection[str],
    stored: Mapping[str, str],
    processed: Collection[str],
    *,
    duplicates: int,
    as_of_us: int,
) -> dict[str, Any]:
    """The document reconciliation.json.

    ``produced`` and ``stored`` map frame ids to the digest of their bytes; a frame that is stored
    with other bytes is lost. ``pending`` still lie in the inbox; ``processed`` have a text page.
    """
    kept = {frame for frame, digest in produced.items() if stored.get(frame) == digest}
    acknowledged = produced.keys() - set(pending)
    return {
        "produced": len(produced),
        "acknowledged": len(acknowledged),
        "stored": len(kept),
        "searchable": len(kept & set(processed)),
        "lost": sorted(acknowledged - kept),
        "unsearchable": sorted(kept - set(processed)),
        "altered": sorted(f for f in produced if f in stored and stored[f] != produced[f]),
        "strangers": sorted(stored.keys() - produced.keys()),
        "duplicates": duplicates,
        "as_of_us": as_of_us,
    }
