"""Identities that are derived from content, so that equal things have equal names.

Covers: the id of a capture event. Does not cover: digests of bytes and of whole records
(`contracts.canonical`).
"""

from __future__ import annotations

import blake3
import msgspec

from contracts.capture import CaptureEvent

EVENT_ID_PREFIX = "ev-"
EVENT_ID_HEX = 32
_ENCODER = msgspec.msgpack.Encoder(order="sorted")


def event_id(event: CaptureEvent) -> str:
    """The id that the event must carry: ``ev-`` and 32 hex digits of BLAKE3.

    Hashed is the canonical encoding of the event without its ``event_id``, whatever that
    field holds at the moment. Deterministic; the position ``seq`` takes part, so that two
    captures of the same pixels in the same microsecond stay two events.
    """
    fields = msgspec.to_builtins(event)
    del fields["event_id"]
    return EVENT_ID_PREFIX + blake3.blake3(_ENCODER.encode(fields)).hexdigest()[:EVENT_ID_HEX]
