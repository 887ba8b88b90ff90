"""The store's reader of packs: right pixels or a named error, whatever the bytes say."""

from __future__ import annotations

import io

import msgspec
import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from contracts.tiles import TilePack, pixels_digest
from kernel.store.tiles import FramePixels, TileReader, TilesDamaged, encode_png, parse_tiles
from plugins.repack_tiles.tilepack import make_pack

replace = msgspec.structs.replace


def no_base(digest: bytes) -> TilePack:
    raise KeyError(digest)


def pack_of(height: int = 24, width: int = 500, channels: int = 3) -> TilePack:
    frame = np.random.default_rng(1).integers(0, 255, (height, width, channels), np.uint8)
    return parse_tiles(make_pack([frame], bases={}))


@given(st.integers(1, 40), st.integers(1, 60), st.sampled_from([1, 2, 3, 4]), st.integers(0, 9))
def test_pixels_leave_as_a_png_that_shows_them(
    height: int, width: int, channels: int, seed: int
) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
    raw = pixels.tobytes()
    digest = pixels_digest(width, height, channels, raw)
    with Image.open(
        io.BytesIO(encode_png(FramePixels(width, height, channels, raw, digest)))
    ) as im:
        im.load()
        assert im.size == (width, height)
        assert np.asarray(im).tobytes() == raw


@given(st.binary(max_size=200))
def test_bytes_from_anywhere_end_in_the_one_error(data: bytes) -> None:
    with pytest.raises(TilesDamaged):
        parse_tiles(data)


def test_a_frame_that_is_not_there_and_sizes_that_do_not_fit_are_damage() -> None:
    pack = pack_of()
    (frame,) = pack.frames
    block = pack.blocks[0]
    bomb = zstandard.ZstdCompressor().compress(bytes(1 << 24))
    wrong = [
        (pack, 1),
        (replace(pack, frames=(replace(frame, width=4000),)), 0),
        (replace(pack, frames=(replace(frame, pixels=b"0" * 32),)), 0),
        (replace(pack, frames=(replace(frame, channels=4),)), 0),
        (replace(pack, frames=(replace(frame, indexes=b"no zstd"),)), 0),
        (replace(pack, frames=(replace(frame, indexes=bomb),)), 0),
        (replace(pack, blocks=(replace(block, data=bomb),)), 0),
        (replace(pack, blocks=(replace(block, codec=9),)), 0),
        (replace(pack, blocks=(replace(block, first=1),)), 0),
        (replace(pack, blocks=()), 0),
        (replace(pack, new=pack.new[:-32]), 0),
        (replace(pack, new=b"", known=pack.new), 0),
    ]
    for damaged, index in wrong:
        with pytest.raises(TilesDamaged):
            TileReader(no_base).read(damaged, index)
    assert TileReader(no_base).read(pack, 0).digest == frame.pixels
