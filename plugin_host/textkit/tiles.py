"""A large frame in overlapping tiles, and the boxes found in them put together again.

Covers: the plan of tiles and the merge of axis-aligned boxes, both pure. Does not cover: pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.base import Box
from plugin_host.textkit.reading import overlap_px

EDGE_PX = 3
"""A box that ends this near to an inner edge of its tile may go on beyond it."""

SAME_SHARE = 0.6
"""Boxes that share this much of the smaller one, across their direction, show one text."""


@dataclass(frozen=True, slots=True)
class TileBox:
    """A box found in a tile, in pixels of the frame."""

    tile: Box
    box: Box


def plan_tiles(
    width_px: int, height_px: int, *, side_max: tuple[int, int], overlap_px: int
) -> list[Box]:
    """Tiles that cover the frame, row by row, all of one size.

    Neighbours share at least ``overlap_px`` pixels. No tile is larger than ``side_max`` (width,
    height), each of which must be more than twice the overlap.
    """
    columns = _plan_axis(width_px, side_max[0], overlap_px)
    rows = _plan_axis(height_px, side_max[1], overlap_px)
    return [(x0, y0, x1, y1) for y0, y1 in rows for x0, x1 in columns]


def _plan_axis(length: int, side_max: int, overlap: int) -> list[tuple[int, int]]:
    assert side_max > 2 * overlap >= 0
    if length <= side_max:
        return [(0, length)]
    count = -(-(length - overlap) // (side_max - overlap))
    side = -(-(length + (count - 1) * overlap) // count)
    starts = [index * (length - side) // (count - 1) for index in range(count)]
    return [(start, start + side) for start in starts]


def merge_tile_boxes(found: Sequence[TileBox], width_px: int, height_px: int) -> list[Box]:
    """Each text once: doubles from overlaps dropped, texts cut by a seam joined.

    A text lower than the overlap stands whole in one tile; its cut copies are dropped. A text
    that no tile holds whole (a long line across a vertical seam) is the union of its pieces.
    """
    whole: list[Box] = []
    pieces: list[Box] = []
    for item in found:
        (pieces if _is_cut(item, width_px, height_px) else whole).append(item.box)
    kept: list[Box] = []
    for box in sorted(whole, key=lambda b: (-_area(b), b)):
        if not any(_covers(other, box) for other in kept):
            kept.append(box)
    for box in sorted(_join(pieces), key=lambda b: (-_area(b), b)):
        if any(_covers(other, box) for other in kept):
            continue
        # A joined line may be longer than a whole-looking part of it in one of the tiles.
        kept = [other for other in kept if not _covers(box, other)]
        kept.append(box)
    return sorted(kept, key=lambda b: (b[1], b[0], b))


def _is_cut(item: TileBox, width_px: int, height_px: int) -> bool:
    (tx0, ty0, tx1, ty1), (x0, y0, x1, y1) = item.tile, item.box
    return (
        (tx0 > 0 and x0 - tx0 <= EDGE_PX)
        or (ty0 > 0 and y0 - ty0 <= EDGE_PX)
        or (tx1 < width_px and tx1 - x1 <= EDGE_PX)
        or (ty1 < height_px and ty1 - y1 <= EDGE_PX)
    )


def _join(pieces: Sequence[Box]) -> list[Box]:
    joined: list[Box] = []
    for piece in sorted(pieces, key=lambda b: (b[0], b[1], b)):
        box = piece
        while True:
            touching = [other for other in joined if _is_one_text(other, box)]
            if not touching:
                break
            joined = [other for other in joined if other not in touching]
            box = _union([box, *touching])
        joined.append(box)
    return joined


def _is_one_text(a: Box, b: Box) -> bool:
    shared_x = overlap_px(a[0], a[2], b[0], b[2])
    shared_y = overlap_px(a[1], a[3], b[1], b[3])
    if shared_x <= 0 or shared_y <= 0:
        return False
    beside = shared_y >= SAME_SHARE * min(a[3] - a[1], b[3] - b[1])
    stacked = shared_x >= SAME_SHARE * min(a[2] - a[0], b[2] - b[0])
    return beside or stacked


def _covers(a: Box, b: Box) -> bool:
    shared_x = overlap_px(a[0], a[2], b[0], b[2])
    shared_y = overlap_px(a[1], a[3], b[1], b[3])
    return shared_x > 0 and shared_y > 0 and shared_x * shared_y >= SAME_SHARE * _area(b)


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _union(boxes: Sequence[Box]) -> Box:
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
