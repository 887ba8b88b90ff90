"""The packed form of frames: the layout of a tile pack, and what its makers report.

Frames are cut into tiles of 8 x 240 pixels; a pack holds some frames as references to tiles,
and the tiles that its base packs do not hold, compressed in blocks. The layout stands here
because two sides read it by code of their own: the plugin that makes packs, and the store that
takes them over. Covers: layout, identity of pixels, records. Does not cover: compression and
reading (`plugins.repack_tiles`, `kernel.store.tiles`).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Final, Literal

import blake3
import msgspec

from contracts.base import PIXELS_MAX, Digest, Pixels, Record, Text

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 240
FRAMES_MAX: Final = 60
BASES_MAX: Final = 4
BLOCK_TILES_MAX: Final = 1024
TILES_MAX: Final = 1 << 20
DIGEST_BYTES: Final = 32
PACK_MARK: Final = b"\x96\x02"
"""The first bytes of every tile pack; no image format begins like this."""
PACK_BYTES_MAX: Final = 31 << 20
"""Longest tile pack: with what is reported beside it, it fits into one record."""

_Bytes = Annotated[bytes, msgspec.Meta(max_length=PACK_BYTES_MAX)]
_Key = Annotated[bytes, msgspec.Meta(min_length=DIGEST_BYTES, max_length=DIGEST_BYTES)]
_Side = Annotated[int, msgspec.Meta(ge=1, le=PIXELS_MAX)]
_Channels = Annotated[int, msgspec.Meta(ge=1, le=4)]


class BlockCodec(IntEnum):
    """How the tiles of a block were prepared for zstd; stored, so never renumbered."""

    PLAIN = 0
    """The bytes as they are."""
    PLANES = 1
    """Channel by channel; red and blue as differences to green, then each pixel as the
    difference to its left neighbour within the tile (all modulo 256)."""


class TileBlock(msgspec.Struct, frozen=True, array_like=True):
    """Compressed tiles ``first`` .. ``first + count - 1`` of the pack's new tiles."""

    codec: Annotated[int, msgspec.Meta(ge=0, le=255)]
    channels: _Channels
    first: Annotated[int, msgspec.Meta(ge=0, le=TILES_MAX)]
    count: Annotated[int, msgspec.Meta(ge=1, le=BLOCK_TILES_MAX)]
    data: _Bytes


class TiledFrame(msgspec.Struct, frozen=True, array_like=True):
    """A frame: its pixels' identity and the table index of each of its tiles, row by row.

    ``indexes`` is zstd of little-endian 32-bit numbers: each index less the one before it.
    """

    pixels: _Key
    width: _Side
    height: _Side
    channels: _Channels
    tiles: Annotated[int, msgspec.Meta(ge=1, le=TILES_MAX)]
    indexes: _Bytes


class TilePack(msgspec.Struct, frozen=True, array_like=True):
    """The whole pack, as MessagePack.

    The table of tiles is ``new`` followed by ``known``: digests of 32 bytes each. Known tiles
    are new tiles of one of the packs in ``bases``, which are named by the digests under which
    the store keeps them.
    """

    version: Literal[2]
    bases: Annotated[tuple[_Key, ...], msgspec.Meta(max_length=BASES_MAX)]
    new: _Bytes
    known: _Bytes
    blocks: Annotated[tuple[TileBlock, ...], msgspec.Meta(max_length=TILES_MAX)]
    frames: Annotated[tuple[TiledFrame, ...], msgspec.Meta(max_length=FRAMES_MAX)]


def pixels_digest(width: int, height: int, channels: int, pixels: bytes | memoryview) -> bytes:
    """Identity of pixels, whatever they were encoded in: BLAKE3 of size, channels and bytes.

    ``pixels``: row by row, 8 bits a channel: 1 grey, 2 grey and alpha, 3 red-green-blue, 4 with
    alpha. Screens are opaque: an alpha channel without transparency is left out, and grey is
    spelled as three equal channels, so that one picture has one identity.
    """
    hasher = blake3.blake3(b"%dx%dx%d " % (width, height, channels))
    return hasher.update(pixels).digest()


class LeftOutFrame(Record, frozen=True, kw_only=True, tag="left_out_frame"):
    """A frame that has no packed form, and why: ``code`` is stable."""

    schema_version: Literal[1] = 1
    blob: Digest
    code: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    reason: Text = ""


class RepackedFrames(Record, frozen=True, kw_only=True, tag="repacked_frames"):
    """A tile pack: ``blobs`` are the frames in it, in order; none when nothing could be packed."""

    schema_version: Literal[1] = 1
    blobs: Annotated[tuple[Digest, ...], msgspec.Meta(max_length=FRAMES_MAX)]
    left_out: Annotated[tuple[LeftOutFrame, ...], msgspec.Meta(max_length=FRAMES_MAX)] = ()
    tiles: _Bytes = b""


class ProvenFrame(Record, frozen=True, kw_only=True, tag="proven_frame"):
    """A frame whose packed form was compared with its original, every pixel."""

    schema_version: Literal[1] = 1
    blob: Digest
    pixels: Digest
    width_px: Pixels
    height_px: Pixels


class ProvenFrames(Record, frozen=True, kw_only=True, tag="proven_frames"):
    """The frames of one tile pack, in its order; ``tiles`` is the digest of the pack's bytes."""

    schema_version: Literal[1] = 1
    tiles: Digest
    frames: Annotated[tuple[ProvenFrame, ...], msgspec.Meta(max_length=FRAMES_MAX)]
