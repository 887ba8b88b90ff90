"""The audit ledger: one hash-chained entry for every significant act.

Covers: the entry and the anchor. Does not cover: appending and verifying (`kernel.store`).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from contracts.base import Count, Digest, Name, Record, Text, UtcMicros


class LedgerEntry(Record, frozen=True, kw_only=True, tag="ledger_entry"):
    """An act, chained to the one before: ``previous`` is the digest of the previous entry.

    ``detail`` maps names to text; numbers are written in decimal. The first entry's
    ``previous`` is 64 zeros.
    """

    schema_version: Literal[1] = 1
    seq: Count
    previous: Digest
    recorded_at_us: UtcMicros
    act: Name
    subject: Annotated[str, msgspec.Meta(max_length=1024)] = ""
    detail: Annotated[dict[Name, Text], msgspec.Meta(max_length=64)] = msgspec.field(
        default_factory=dict
    )


class LedgerAnchor(Record, frozen=True, kw_only=True, tag="ledger_anchor"):
    """A copy of the chain's head, kept outside the database to expose a rewritten chain."""

    schema_version: Literal[1] = 1
    seq: Count
    head: Digest
    recorded_at_us: UtcMicros
