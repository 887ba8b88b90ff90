"""A frame cut into regions by its own content: a line of text, a button, a paragraph, a picture.

A region is a patch of detail (letters, icons) with flat ground around it. Where the cuts lie
depends on the pixels near them and on nothing else: not on the place in the frame, and not on
frames seen before. So a line that scrolls is the same region elsewhere, and a key that is struck
changes one region of its line. A reader that reads region by region may keep what it read by the
region's pixels, and what it says of a frame is still a function of that frame alone
(`plugin_host.textkit.incremental`).

Detail is where neighbouring pixels differ. Long straight edges (frames of windows, rules of
tables) are no detail but walls, which no region crosses. Detail is joined over the width of a
space and the gap of an accent (connected components of the dilated mask), and patches that lie
over each other are one region.

Covers: the cut. Does not cover: what a region says. Needs OpenCV and NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from contracts.base import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

DETAIL_MIN: Final = 10
"""Neighbours that differ by more (0..255, any channel) are detail; gradients of a ground do not."""

WALL_PX: Final = 120
"""A straight edge of this length is a wall: longer than any stem of a letter that is read."""

WALL_GAP_PX: Final = 5
"""A wall goes on over gaps below this: where the rules of a table cross."""

JOIN_PX: Final = (24, 3)
"""Detail nearer than this (across, down) is of one region. Across it must bridge the spaces of
large type, down it must not bridge the lines of a terminal."""

MARK_HEIGHT_SHARE: Final = 0.45
MARK_GAP_SHARE: Final = 0.3
LETTERS_HEIGHT_MAX: Final = 96
"""A patch lower than the first share of the patch right above or below it, and no further from it
than the second, is a mark of it: the point of an i in a heading. Higher patches have none."""

SIDE_PX_MIN: Final = (3, 5)
"""A smaller region (across, down) shows nothing that can be read."""


def find_regions(pixels: NDArray[np.uint8]) -> list[Box]:
    """Boxes of detail on ``pixels`` (height x width x 3), apart from each other, top to bottom.

    Every pixel of detail that is on no wall lies in one of them, but for specks below
    `SIDE_PX_MIN`.
    """
    detail, walls = find_detail(pixels)
    joined = cv2.dilate(detail, np.ones(JOIN_PX[::-1], np.uint8))
    joined[walls] = 0
    joined |= detail
    count, labels = cv2.connectedComponents(joined, connectivity=4)
    boxes = _measure(detail, labels, count)
    return [
        box
        for box in merge_boxes(boxes)
        if box[2] - box[0] >= SIDE_PX_MIN[0] and box[3] - box[1] >= SIDE_PX_MIN[1]
    ]


def find_detail(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Which pixels are detail (1 or 0), and which are walls.

    A step between two pixels marks both of them.
    """
    height, width = pixels.shape[:2]
    across = np.zeros((height, width), np.uint8)
    down = np.zeros((height, width), np.uint8)
    across[:, 1:] = _differs(pixels[:, 1:], pixels[:, :-1])
    down[1:] = _differs(pixels[1:], pixels[:-1])
    uprights = _find_straight(across, (1, WALL_PX), (1, WALL_GAP_PX))
    levels = _find_straight(down, (WALL_PX, 1), (WALL_GAP_PX, 1))
    across &= ~uprights
    down &= ~levels
    detail = across | down
    detail[:, :-1] |= across[:, 1:]
    detail[:-1] |= down[1:]
    walls: NDArray[np.bool_] = (uprights | levels).astype(bool)
    return detail, walls


def merge_boxes(boxes: list[Box]) -> list[Box]:
    """Boxes that lie over each other made one, and marks joined to their letters; all apart."""
    merged = sorted(boxes, key=lambda b: (b[1], b[0], b))
    while True:
        before = len(merged)
        merged = _merge_once(merged)
        if len(merged) == before:
            return merged


def _merge_once(boxes: list[Box]) -> list[Box]:
    kept: list[Box] = []
    for box in boxes:
        whole = box
        while True:
            touching = [other for other in kept if _is_one(other, whole)]
            if not touching:
                break
            kept = [other for other in kept if other not in touching]
            whole = _union([whole, *touching])
        kept.append(whole)
    return sorted(kept, key=lambda b: (b[1], b[0], b))


def _is_one(a: Box, b: Box) -> bool:
    if min(a[2], b[2]) <= max(a[0], b[0]):
        return False
    gap = max(a[1], b[1]) - min(a[3], b[3])
    if gap < 0:
        return True
    low, high = sorted((a[3] - a[1], b[3] - b[1]))
    return (
        high <= LETTERS_HEIGHT_MAX
        and low <= MARK_HEIGHT_SHARE * high
        and gap <= MARK_GAP_SHARE * high
    )


def _differs(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.uint8]:
    blue, green, red = cv2.split(cv2.absdiff(one, other))
    largest = cv2.max(cv2.max(blue, green), red)
    return cv2.threshold(largest, DETAIL_MIN, 1, cv2.THRESH_BINARY)[1]


def _find_straight(
    edges: NDArray[np.uint8], length: tuple[int, int], gap: tuple[int, int]
) -> NDArray[np.uint8]:
    closed = cv2.morphologyEx(edges, cv2.MORPH_CLOSE, np.ones(gap[::-1], np.uint8))
    found: NDArray[np.uint8] = cv2.morphologyEx(
        closed, cv2.MORPH_OPEN, np.ones(length[::-1], np.uint8)
    )
    return found


def _measure(detail: NDArray[np.uint8], labels: NDArray[np.int32], count: int) -> list[Box]:
    """The box of each label's detail, without the pixels that joining added."""
    places = np.flatnonzero(detail)
    of = labels.ravel()[places]
    rows, columns = np.divmod(places, detail.shape[1])
    boxes = np.zeros((count, 4), np.int64)
    # Places run row by row: of several writes the last one stays.
    boxes[of, 3] = rows + 1
    boxes[of[::-1], 1] = rows[::-1]
    by_column = np.argsort(columns, kind="stable")
    of, columns = of[by_column], columns[by_column]
    boxes[of, 2] = columns + 1
    boxes[of[::-1], 0] = columns[::-1]
    return [
        (int(x0), int(y0), int(x1), int(y1)) for x0, y0, x1, y1 in boxes[1:].tolist() if x1 > x0
    ]


def _union(boxes: list[Box]) -> Box:
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
