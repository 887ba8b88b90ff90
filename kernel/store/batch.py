"""The batch: the events of one commit, chained to the batch before.

A batch is written to the pack beside its pixels, so that the journal can be completed or
rebuilt from the packs; its digest is the head of the evidence chain and lies in the journal
too. Covers: the record and its head. Does not cover: choosing between two batches with the
same predecessor (`kernel.store.recovery`).
"""

from __future__ import annotations

from typing import Annotated

import blake3
import msgspec

from contracts.base import Count, Digest, UtcMicros
from contracts.canonical import encode
from contracts.capture import CaptureEvent

GENESIS = "0" * 64
"""The head before the first batch."""
BATCH_EVENTS_MAX = 4096


class Batch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Events ``first_seq`` and on, in order. ``previous`` is the head of the batch before."""

    previous: Digest
    first_seq: Count
    committed_at_us: UtcMicros
    events: Annotated[tuple[CaptureEvent, ...], msgspec.Meta(max_length=BATCH_EVENTS_MAX)]


def seal_batch(batch: Batch) -> tuple[bytes, bytes]:
    """Canonical bytes of the batch, and its head (32 bytes, BLAKE3 of those bytes)."""
    data = encode(batch)
    return data, blake3.blake3(data).digest()
