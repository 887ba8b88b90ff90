"""Tiles that cover a frame, and boxes put together again."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.base import Box
from plugin_host.textkit.tiles import TileBox, merge_tile_boxes, plan_tiles

SIDE_MAX = (2048, 448)
OVERLAP = 64


def plan(width: int, height: int) -> list[Box]:
    return plan_tiles(width, height, side_max=SIDE_MAX, overlap_px=OVERLAP)


@given(st.integers(1, 12_000), st.integers(1, 5_000))
def test_tiles_of_one_size_cover_the_frame_and_overlap(width: int, height: int) -> None:
    tiles = plan(width, height)

    assert len({(x1 - x0, y1 - y0) for x0, y0, x1, y1 in tiles}) == 1
    assert all(x1 - x0 <= SIDE_MAX[0] and y1 - y0 <= SIDE_MAX[1] for x0, y0, x1, y1 in tiles)
    for low, high, end in ((0, 2, width), (1, 3, height)):
        spans = sorted({(tile[low], tile[high]) for tile in tiles})
        assert spans[0][0] == 0
        assert spans[-1][1] == end
        for (_, before), (after, _) in itertools.pairwise(spans):
            assert before - after >= OVERLAP


def seen(box: Box, width: int, height: int) -> list[TileBox]:
    """What an exact detector would find of one box in each tile."""
    found = []
    for tile in plan(width, height):
        x0, y0 = max(box[0], tile[0]), max(box[1], tile[1])
        x1, y1 = min(box[2], tile[2]), min(box[3], tile[3])
        if x0 < x1 and y0 < y1:
            found.append(TileBox(tile=tile, box=(x0, y0, x1, y1)))
    return found


@given(st.integers(0, 3000), st.integers(0, 1900), st.integers(20, 3800), st.integers(12, 50))
def test_a_line_is_found_once_and_whole_wherever_it_stands(
    x: int, y: int, width: int, height: int
) -> None:
    box = (x, y, min(3840, x + width), y + height)

    assert merge_tile_boxes(seen(box, 3840, 2160), 3840, 2160) == [box]


@given(st.integers(0, 1900), st.integers(2, 12))
def test_lines_below_each_other_stay_apart(top: int, count: int) -> None:
    lines = [(100, top + i * 20, 900, top + i * 20 + 18) for i in range(count)]
    lines = [line for line in lines if line[3] <= 2160]
    found = [item for line in lines for item in seen(line, 3840, 2160)]

    assert merge_tile_boxes(found, 3840, 2160) == lines


def test_doubles_from_the_overlap_differ_by_pixels_and_are_one() -> None:
    first, second = plan(1920, 800)
    found = [TileBox(first, (10, 390, 200, 410)), TileBox(second, (11, 389, 201, 411))]

    assert merge_tile_boxes(found, 1920, 800) == [(11, 389, 201, 411)]


@pytest.mark.parametrize("size", [(1, 1), (2048, 448)])
def test_a_small_frame_is_one_tile(size: tuple[int, int]) -> None:
    assert plan(*size) == [(0, 0, *size)]
