"""Tile packs give back every pixel, share tiles, and notice any damage."""

from __future__ import annotations

from collections.abc import Sequence

import blake3
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from contracts.tiles import TilePack
from kernel.store.tiles import TileReader, TilesDamaged, parse_tiles
from plugins.repack_tiles.blocks import BlockDamaged, decode_block, encode_block
from plugins.repack_tiles.tilepack import PackDamaged, make_pack, prove_pack, read_frame, read_pack
from plugins.repack_tiles.tiles import Pixels, cut_tiles, join_tiles, pixels_digest

SIZES = st.tuples(st.integers(1, 40), st.integers(1, 500), st.sampled_from([1, 3, 4]))


def noise(seed: int, height: int, width: int, channels: int = 3) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def desktop(seed: int) -> Pixels:
    """A frame of flat areas with some lines of 'text' that depend on the seed."""
    frame = np.full((160, 960, 3), 240, np.uint8)
    frame[:16] = (30, 60, 90)
    chance = np.random.default_rng(seed)
    for row in chance.choice(18, 4, replace=False):
        frame[16 + row * 8 : 22 + row * 8, 20:900:3] = chance.integers(0, 255, 3, np.uint8)
    return frame


def no_base(digest: bytes) -> TilePack:
    raise KeyError(digest)


class Library:
    """The packs made so far, each a base of the next."""

    def __init__(self) -> None:
        self.packs: dict[bytes, TilePack] = {}

    def add(self, frames: Sequence[Pixels]) -> bytes:
        bases = dict(list(self.packs.items())[-2:])
        data = make_pack(frames, bases=bases)
        digests = prove_pack(data, frames, bases=bases)
        assert digests == [pixels_digest(frame) for frame in frames]
        self.packs[blake3.blake3(data).digest()] = read_pack(data)
        for index, frame in enumerate(frames):
            # The store's own reader, written apart, sees the same pixels.
            found = TileReader(self.packs.__getitem__).read(parse_tiles(data), index)
            assert (found.height_px, found.width_px, found.channels) == frame.shape
            assert found.pixels == frame.tobytes()
        return data


@given(SIZES, st.integers(0, 9))
def test_any_frame_is_cut_and_joined_without_a_change(
    size: tuple[int, int, int], seed: int
) -> None:
    frame = noise(seed, *size)
    assert np.array_equal(join_tiles(cut_tiles(frame), size[1], size[0]), frame)


@given(st.integers(1, 40), st.sampled_from([1, 3, 4]), st.sampled_from([1, 64]))
def test_any_block_decodes_to_the_same_tiles(count: int, channels: int, step: int) -> None:
    tiles = cut_tiles(noise(count, 8 * count, 240, channels) // step * step)
    before = tiles.copy()
    codec, data = encode_block(tiles)
    assert np.array_equal(tiles, before)
    assert np.array_equal(decode_block(codec, data, count, channels), tiles)
    some = list(range(0, count, 3))
    assert np.array_equal(decode_block(codec, data, count, channels, some), tiles[some])
    for wrong in (count + 1, 0):
        with pytest.raises(BlockDamaged):
            decode_block(codec, data, wrong, channels)


@given(st.lists(st.tuples(SIZES, st.integers(0, 3)), min_size=1, max_size=4))
def test_frames_of_any_sizes_come_back_pixel_by_pixel(
    shapes: list[tuple[tuple[int, int, int], int]],
) -> None:
    frames = [noise(seed, *size) for size, seed in shapes]
    Library().add(frames)


def test_frames_share_tiles_within_a_pack_and_across_packs() -> None:
    library = Library()
    frames = [desktop(seed) for seed in range(20)]
    first = library.add(frames[:10])
    again = library.add(frames[:10])
    assert len(again) < len(first)
    assert read_pack(again).blocks == ()
    library.add(frames[10:])
    for number, frame in enumerate(frames[:10]):
        assert np.array_equal(read_frame(read_pack(again), number, bases=library.packs), frame)


def test_a_pack_of_a_desktop_is_far_smaller_than_its_frames() -> None:
    frames = [desktop(seed % 7) for seed in range(30)]
    data = make_pack(frames, bases={})
    assert len(data) < sum(frame.nbytes for frame in frames) / 500


def test_a_tile_that_is_not_there_is_damage() -> None:
    library = Library()
    library.add([desktop(1)])
    pack = read_pack(library.add([desktop(1), desktop(2)]))
    with pytest.raises(PackDamaged, match="no base"):
        read_frame(pack, 0, bases={})
    with pytest.raises(TilesDamaged, match="none of the pack's bases"):
        TileReader(lambda _: read_pack(make_pack([desktop(9)], bases={}))).read(pack, 0)


@given(st.data())
def test_any_changed_byte_is_noticed_or_changes_no_pixel(data: st.DataObject) -> None:
    frames = [desktop(1), desktop(2)]
    changed = bytearray(make_pack(frames, bases={}))
    at = data.draw(st.integers(0, len(changed) - 1))
    changed[at] ^= data.draw(st.integers(1, 255))
    try:
        prove_pack(bytes(changed), frames, bases={})
    except PackDamaged:
        return
    pack = read_pack(bytes(changed))
    for index, frame in enumerate(frames):
        assert np.array_equal(read_frame(pack, index, bases={}), frame)


@given(st.data())
def test_the_reader_of_the_store_notices_any_changed_byte_or_it_changes_no_pixel(
    data: st.DataObject,
) -> None:
    frames = [desktop(1), desktop(2)]
    changed = bytearray(make_pack(frames, bases={}))
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    for index, frame in enumerate(frames):
        try:
            pack = parse_tiles(bytes(changed))
            found = TileReader(no_base).read(pack, index)
        except (TilesDamaged, KeyError):
            continue
        if found.digest == pixels_digest(frame):
            assert found.pixels == frame.tobytes()
        else:
            # A changed digest cannot fit: it is compared with the pixels before they are given.
            raise AssertionError(index)


def test_a_pack_of_other_pixels_is_not_proved() -> None:
    frames = [desktop(1), desktop(2)]
    data = make_pack(frames, bases={})
    other = frames[1].copy()
    other[100, 100, 2] ^= 1
    for originals in ([frames[0], other], frames[:1]):
        with pytest.raises(PackDamaged):
            prove_pack(data, originals, bases={})


def test_equal_pixels_have_equal_digests_and_a_different_shape_another() -> None:
    frame = noise(1, 12, 20)
    assert pixels_digest(frame) == pixels_digest(np.asfortranarray(frame))
    assert pixels_digest(frame) != pixels_digest(frame.reshape(20, 12, 3))
