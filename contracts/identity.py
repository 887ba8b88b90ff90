"""Identities that are derived from content.

Covers: the id of a capture event. Does not cover: random ids (`TaskId`, `RunId`).
"""

from __future__ import annotations

from typing import Any

import msgspec

from contracts import canonical
from contracts.bounded import RECORD_BYTES_MAX, Buffer, ContractError
from contracts.capture import CaptureEvent

EVENT_ID_PREFIX = "ev-"
EVENT_ID_HEX_CHARS = 32
"""128 bits: a collision is out of reach for any number of frames a person can see."""

NO_EVENT_ID = EVENT_ID_PREFIX + "0" * EVENT_ID_HEX_CHARS
"""Placeholder for an event whose id is not computed yet."""


def _id_of_fields(fields: dict[str, Any]) -> str:
    fields.pop("event_id", None)
    digest = canonical.digest_bytes(canonical.encode_in_order(fields))
    return EVENT_ID_PREFIX + digest[:EVENT_ID_HEX_CHARS]


def event_id(event: CaptureEvent) -> str:
    """``ev-`` and the first 32 hex digits of the BLAKE3 of the event without its id.

    The hash is over the canonical bytes of the event's map with the key ``event_id`` left
    out, the others in their order; whatever the event carries as its id plays no part.
    """
    return _id_of_fields(msgspec.to_builtins(event, order="deterministic"))


def with_event_id(event: CaptureEvent) -> CaptureEvent:
    """The same event carrying the id that its content has."""
    return msgspec.structs.replace(event, event_id=event_id(event))


def event_id_of_bytes(stored: Buffer) -> str:
    """The id that a stored event should have, computed from its bytes as they are stored.

    Works for every version of the event, also one whose struct has gained fields since.
    Raises `ContractError`.
    """
    if len(stored) > RECORD_BYTES_MAX:
        raise ContractError("too-large", f"an event of {len(stored)} bytes")
    try:
        return _id_of_fields(msgspec.msgpack.decode(stored, type=dict[str, Any]))
    except (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError) as error:
        # Untyped data can hold what has no bytes again, such as an extension type.
        raise ContractError("malformed", str(error)) from error
