"""The payload of a tiles frame: a tile pack with what its frames were before.

The frame tells everything that the journal records of it, so that a lost journal can be built
again though the original bytes are gone. Covers: the shape and its bytes. Does not cover: the
tile pack itself (`contracts.tiles`).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from contracts.base import Count, Digest, Name, Pixels
from contracts.canonical import decode, encode
from contracts.tiles import FRAMES_MAX, PACK_BYTES_MAX


class PackedOriginal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A frame of the pack: the blob that it was, and what its pixels hash to."""

    blob: Digest
    length_bytes: Count
    media_type: Name
    pixels: Digest
    width_px: Pixels
    height_px: Pixels


class TilesPayload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``frames`` in the order of the pack in ``tiles``."""

    version: Literal[1] = 1
    frames: Annotated[tuple[PackedOriginal, ...], msgspec.Meta(min_length=1, max_length=FRAMES_MAX)]
    tiles: Annotated[bytes, msgspec.Meta(max_length=PACK_BYTES_MAX)]


def encode_payload(payload: TilesPayload) -> bytes:
    """The payload's bytes; their digest is the digest of the pack."""
    return encode(payload)


def decode_payload(data: bytes) -> TilesPayload:
    """The payload in the bytes. Raises `msgspec.MsgspecError`."""
    return decode(data, TilesPayload)
