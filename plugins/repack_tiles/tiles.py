"""Cutting a frame into wide, short tiles and joining them again.

8 x 240 pixels line up with rows of text and with vertical scrolling, so that neighbouring
frames share most of them (measured: docs/storage.md). Covers: geometry and identity. Does
not cover: compression (`plugins.repack_tiles.blocks`).
"""

from __future__ import annotations

import blake3
import numpy as np
from numpy.typing import NDArray

from contracts import tiles as layout
from contracts.tiles import TILE_HEIGHT, TILE_WIDTH

Pixels = NDArray[np.uint8]
"""Height x width x channels, 8 bits each."""


def cut_tiles(pixels: Pixels) -> Pixels:
    """The tiles of a frame, row by row: count x 8 x 240 x channels, padded with zeros."""
    height, width, channels = pixels.shape
    rows, columns = -(-height // TILE_HEIGHT), -(-width // TILE_WIDTH)
    if height % TILE_HEIGHT or width % TILE_WIDTH:
        padded = np.zeros((rows * TILE_HEIGHT, columns * TILE_WIDTH, channels), np.uint8)
        padded[:height, :width] = pixels
        pixels = padded
    grid = pixels.reshape(rows, TILE_HEIGHT, columns, TILE_WIDTH, channels).swapaxes(1, 2)
    return np.ascontiguousarray(grid).reshape(-1, TILE_HEIGHT, TILE_WIDTH, channels)


def join_tiles(tiles: Pixels, width: int, height: int) -> Pixels:
    """The frame whose tiles these are; the inverse of `cut_tiles`."""
    rows, columns = -(-height // TILE_HEIGHT), -(-width // TILE_WIDTH)
    grid = tiles.reshape(rows, columns, TILE_HEIGHT, TILE_WIDTH, tiles.shape[-1]).swapaxes(1, 2)
    padded = grid.reshape(rows * TILE_HEIGHT, columns * TILE_WIDTH, tiles.shape[-1])
    return np.ascontiguousarray(padded[:height, :width])


def tile_digest(tile: Pixels) -> bytes:
    """Identity of a tile: BLAKE3 of its channel count and bytes."""
    return blake3.blake3(bytes([tile.shape[-1]]) + tile.tobytes()).digest()


def pixels_digest(pixels: Pixels) -> bytes:
    """Identity of a frame's pixels, whatever they were encoded in: size, channels, bytes."""
    height, width, channels = pixels.shape
    # Without a copy where the rows already lie behind each other, as a decoder leaves them.
    flat = np.ascontiguousarray(pixels).reshape(-1)
    return layout.pixels_digest(width, height, channels, flat.data)
