"""Where text stands on a crop: boxes of lines.

A crop is set on a canvas of its own ground whose size is a function of the crop's, so that what
is found on it depends on nothing else: canvases of one size run as one batch, and the model's
answer for one does not depend on the others (bit for bit; sides that are multiples of `STRIDE`).

Covers: tiles, the model's input, RapidOCR's own post-processing. Does not cover: reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from rapidocr.ch_ppocr_det.utils import DBPostProcess

from contracts.base import Box
from plugin_host.textkit.tiles import TileBox, merge_tile_boxes, plan_tiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from plugins.ocr_rapid.models import Session

STRIDE: Final = 32
"""The network halves its input five times."""

PADDING_PX: Final = 16
"""Flat ground around a crop: text that touches an edge is found badly."""

TILE_MAX: Final = (2016, 288)
"""Widest and highest piece of a large crop: memory and the time of one step grow with its area."""

TILE_OVERLAP: Final = 64
CANVAS_HEIGHT_MIN: Final = 64
"""On lower canvases lone digits are lost."""

BATCH_PIXELS_MAX: Final = 320_000
"""Pixels in one batch: about 80 ms on one slow core."""

BATCH_SIZES: Final = (8, 4, 1)
"""Each size and shape costs the runtime a compilation: few are used."""

BOX_SIDE_MIN: Final = 4

JOIN_OVERLAP_SHARE: Final = 0.75
JOIN_HEIGHT_RATIO: Final = 1.35
"""Boxes of one line share so much of the lower one's height, and the higher is at most so much
higher: `plugin_host.textkit.lines` asks the same of pieces that were read."""


class Detector:
    """Finds boxes of text lines; for one thread at a time."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._postprocess = DBPostProcess(
            thresh=0.3,
            box_thresh=0.5,
            max_candidates=4000,
            unclip_ratio=1.6,
            use_dilation=True,
            score_mode="fast",
        )

    def find(
        self, crops: Sequence[NDArray[np.uint8]], step: Callable[[int, int], None]
    ) -> list[list[Box]]:
        """Boxes of text on each crop (BGR), top to bottom; ``step(done, total)`` per batch."""
        plans = [
            plan_tiles(crop.shape[1], crop.shape[0], side_max=TILE_MAX, overlap_px=TILE_OVERLAP)
            for crop in crops
        ]
        tiles = [(index, tile) for index, plan in enumerate(plans) for tile in plan]
        sizes = [canvas_size(x1 - x0, y1 - y0) for _, (x0, y0, x1, y1) in tiles]
        found: list[list[TileBox]] = [[] for _ in crops]
        done = 0
        for members in plan_canvases(sizes):
            step(done, len(tiles))
            batch = [
                _set_on_ground(_cut(crops[tiles[member][0]], tiles[member][1]), sizes[member])
                for member in members
            ]
            odds = self._session.run(
                cv2.dnn.blobFromImages(batch, 1 / 127.5, mean=(127.5, 127.5, 127.5))
            )
            for row, member in enumerate(members):
                index, tile = tiles[member]
                found[index].extend(self._boxes_of(odds[row : row + 1], tile))
            done += len(members)
        return [
            join_boxes(merge_tile_boxes(boxes, crop.shape[1], crop.shape[0]))
            for boxes, crop in zip(found, crops, strict=True)
        ]

    def _boxes_of(self, odds: NDArray[np.float32], tile: Box) -> Iterator[TileBox]:
        x0, y0, x1, y1 = tile
        quads, _ = self._postprocess(odds, odds.shape[2:])
        for quad in quads:
            left, top = (int(v) for v in np.floor(quad.min(axis=0)) - PADDING_PX)
            right, bottom = (int(v) for v in np.ceil(quad.max(axis=0)) - PADDING_PX)
            left, top = max(0, left), max(0, top)
            right, bottom = min(x1 - x0, right), min(y1 - y0, bottom)
            if right - left > BOX_SIDE_MIN and bottom - top > BOX_SIDE_MIN:
                yield TileBox(tile=tile, box=(left + x0, top + y0, right + x0, bottom + y0))


def join_boxes(boxes: Sequence[Box]) -> list[Box]:
    """Boxes of a crop, those of one row that touch made one; top to bottom.

    Boxes stand out over their ink by a third of its height on each side. Where two of them touch,
    nothing parts them but a space, and a mark that lies between them is read only in one box.
    """
    joined: list[Box] = []
    for box in sorted(boxes):
        place = next(
            (i for i in reversed(range(len(joined))) if _touches(joined[i], box)), len(joined)
        )
        joined[place : place + 1] = [_around(joined[place], box) if place < len(joined) else box]
    return sorted(joined, key=lambda box: (box[1], box[0], box))


def _touches(left: Box, right: Box) -> bool:
    heights = (left[3] - left[1], right[3] - right[1])
    low, high = min(heights), max(heights)
    level = min(left[3], right[3]) - max(left[1], right[1])
    return (
        right[0] <= left[2]
        and high <= JOIN_HEIGHT_RATIO * low
        and level >= JOIN_OVERLAP_SHARE * low
    )


def _around(one: Box, other: Box) -> Box:
    return (
        min(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        max(one[3], other[3]),
    )


def canvas_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the canvas of a crop: room for it and its padding, few sizes."""
    wide = width + 2 * PADDING_PX
    step = max(STRIDE, 1 << max(0, wide.bit_length() - 3))
    high = max(CANVAS_HEIGHT_MIN, -(-(height + 2 * PADDING_PX) // STRIDE) * STRIDE)
    return -(-wide // step) * step, high


def plan_canvases(sizes: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
    """Indices of canvases to run together: of one size, of bounded work; each index once."""
    same: dict[tuple[int, int], list[int]] = {}
    for index, size in enumerate(sizes):
        same.setdefault(size, []).append(index)
    for width, height in sorted(same):
        members = same[width, height]
        start = 0
        while start < len(members):
            count = next(
                count
                for count in BATCH_SIZES
                if count == 1
                or (start + count <= len(members) and count * width * height <= BATCH_PIXELS_MAX)
            )
            yield members[start : start + count]
            start += count


def _cut(crop: NDArray[np.uint8], tile: Box) -> NDArray[np.uint8]:
    x0, y0, x1, y1 = tile
    return crop[y0:y1, x0:x1]


def _set_on_ground(crop: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """``crop`` on a canvas of the colour that is most usual along its edge, as dark on light.

    What is lighter than its ground is turned into its negative: of text in light letters, dense and
    in even rows, the model takes each word for a line and loses the marks between them.
    """
    height, width = crop.shape[:2]
    edge = np.concatenate([crop[0], crop[-1], crop[:, 0], crop[:, -1]])
    ground = np.median(edge, axis=0).astype(np.uint8)
    canvas = np.empty((size[1], size[0], 3), np.uint8)
    canvas[:] = ground
    canvas[PADDING_PX : PADDING_PX + height, PADDING_PX : PADDING_PX + width] = crop
    return cv2.bitwise_not(canvas) if _is_lighter(crop, ground) else canvas


def _is_lighter(crop: NDArray[np.uint8], ground: NDArray[np.uint8]) -> bool:
    """Whether what stands on ``ground`` is lighter than it, all in all."""
    return int(crop.sum(dtype=np.int64)) * 3 > int(ground.sum(dtype=np.int64)) * crop.size
