"""A block: some tiles compressed together, by whichever of a few ways is smallest.

Ways: zstd of the bytes as they are; zstd of planes in which red and blue are differences to
green and each pixel the difference to its left neighbour (the transforms of WebP's and
PNG's lossless modes). Small blocks are tried at zstd 19 as well. Covers: one block. Does not
cover: which tiles go together (`plugins.repack_tiles.tilepack`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import zstandard

from contracts.tiles import TILE_HEIGHT, TILE_WIDTH, BlockCodec
from plugins.repack_tiles.tiles import Pixels

LEVEL = 9
LEVEL_SMALL = 19
SMALL_BYTES = 512 << 10
"""Blocks up to this size may cost more time per byte."""
BLOCK_BYTES_MAX = 64 << 20
_COLOUR_CHANNELS = 3


class BlockDamaged(ValueError):
    """The bytes are not a block of so many tiles."""


def encode_block(tiles: Pixels) -> tuple[BlockCodec, bytes]:
    """The smallest form of the tiles."""
    raw = {BlockCodec.PLAIN: tiles.tobytes(), BlockCodec.PLANES: _to_planes(tiles).tobytes()}
    levels = (LEVEL, LEVEL_SMALL) if tiles.nbytes <= SMALL_BYTES else (LEVEL,)
    forms = [
        (codec, zstandard.ZstdCompressor(level=level).compress(data))
        for codec, data in raw.items()
        for level in levels
    ]
    return min(forms, key=lambda form: len(form[1]))


def decode_block(
    codec: int, data: bytes, count: int, channels: int, wanted: Sequence[int] | None = None
) -> Pixels:
    """The tiles of a block, or those with the ``wanted`` indexes. Raises `BlockDamaged`."""
    size = count * TILE_HEIGHT * TILE_WIDTH * channels
    if not 0 < size <= BLOCK_BYTES_MAX:
        raise BlockDamaged(f"{count} tiles with {channels} channels are no block")
    try:
        # The length in the data itself is not trusted.
        raw = zstandard.ZstdDecompressor().decompress(data, max_output_size=size)
        kind = BlockCodec(codec)
    except (zstandard.ZstdError, ValueError) as error:
        raise BlockDamaged(f"a block cannot be read: {error}") from error
    if len(raw) != size:
        raise BlockDamaged(f"a block holds {len(raw)} bytes, not {size}")
    flat = np.frombuffer(raw, np.uint8)
    # zstd is the smaller part of the work: only what is asked for is brought back to pixels.
    chosen = slice(None) if wanted is None else np.asarray(wanted)
    if kind is BlockCodec.PLAIN:
        return flat.reshape(count, TILE_HEIGHT, TILE_WIDTH, channels)[chosen]
    return _from_planes(flat.reshape(channels, count, TILE_HEIGHT, TILE_WIDTH)[:, chosen])


def _to_planes(tiles: Pixels) -> Pixels:
    # A copy in any case: with one channel the planes are the tiles themselves.
    planes = np.moveaxis(tiles, -1, 0).copy()
    if len(planes) >= _COLOUR_CHANNELS:
        planes[0] -= planes[1]
        planes[2] -= planes[1]
    left = planes[..., :-1].copy()
    planes[..., 1:] -= left
    return planes


def _from_planes(planes: Pixels) -> Pixels:
    whole = np.cumsum(planes, axis=-1, dtype=np.uint8)
    if len(whole) >= _COLOUR_CHANNELS:
        whole[0] += whole[1]
        whole[2] += whole[1]
    return np.ascontiguousarray(np.moveaxis(whole, 0, -1))
