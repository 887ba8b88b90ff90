"""Tile packs give back every pixel, share tiles, and notice any damage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from plugins.repack_tiles.blocks import BlockDamaged, decode_block, encode_block
from plugins.repack_tiles.tilepack import (
    PackDamaged,
    TilePack,
    make_pack,
    own_tiles,
    prove_pack,
    read_frame,
    read_pack,
)
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


class Library:
    """Tiles of the packs made so far."""

    def __init__(self) -> None:
        self.packs: list[TilePack] = []
        self.digests: set[bytes] = set()

    def add(self, frames: Sequence[Pixels]) -> bytes:
        data, new = make_pack(frames, is_known=self.digests.__contains__)
        assert not self.digests & set(new)
        prove_pack(data, frames, source=self.source)
        self.packs.append(read_pack(data))
        self.digests |= set(new)
        return data

    def source(self, wanted: Sequence[bytes]) -> Mapping[bytes, Pixels]:
        found: dict[bytes, Pixels] = {}
        for pack in self.packs:
            found.update(own_tiles(pack, wanted))
        return found


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
        assert np.array_equal(read_frame(library.packs[1], number, source=library.source), frame)


def test_a_pack_of_a_desktop_is_far_smaller_than_its_frames() -> None:
    frames = [desktop(seed % 7) for seed in range(30)]
    data, _ = make_pack(frames, is_known=lambda _: False)
    assert len(data) < sum(frame.nbytes for frame in frames) / 500


def test_a_tile_that_is_not_there_is_damage() -> None:
    library = Library()
    library.add([desktop(1)])
    library.add([desktop(1), desktop(2)])
    with pytest.raises(PackDamaged, match="missing"):
        read_frame(library.packs[1], 0, source=lambda _: {})


@given(st.data())
def test_any_changed_byte_is_noticed_or_changes_no_pixel(data: st.DataObject) -> None:
    frames = [desktop(1), desktop(2)]
    changed = bytearray(make_pack(frames, is_known=lambda _: False)[0])
    at = data.draw(st.integers(0, len(changed) - 1))
    changed[at] ^= data.draw(st.integers(1, 255))
    try:
        prove_pack(bytes(changed), frames, source=lambda _: {})
    except PackDamaged:
        return
    pack = read_pack(bytes(changed))
    for index, frame in enumerate(frames):
        assert np.array_equal(read_frame(pack, index, source=lambda _: {}), frame)


def test_a_pack_of_other_pixels_is_not_proved() -> None:
    frames = [desktop(1), desktop(2)]
    data, _ = make_pack(frames, is_known=lambda _: False)
    other = frames[1].copy()
    other[100, 100, 2] ^= 1
    for originals in ([frames[0], other], frames[:1]):
        with pytest.raises(PackDamaged):
            prove_pack(data, originals, source=lambda _: {})


def test_equal_pixels_have_equal_digests_and_a_different_shape_another() -> None:
    frame = noise(1, 12, 20)
    assert pixels_digest(frame) == pixels_digest(np.asfortranarray(frame))
    assert pixels_digest(frame) != pixels_digest(frame.reshape(20, 12, 3))
