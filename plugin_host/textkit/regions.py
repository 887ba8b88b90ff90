"""A frame cut into regions by its own content: a line of text, a button, a paragraph, a picture.

A region is a patch of detail (letters, icons) with flat ground around it. Where the cuts lie
depends on the pixels near them and on nothing else: not on the place in the frame, and not on
frames seen before. So a line that scrolls is the same region elsewhere, and a key that is struck
changes one region, that of its line. A reader that reads region by region may keep what it read
by the region's pixels, and what it says of a frame is still a function of that frame alone
(`plugin_host.textkit.incremental`).

Detail is where neighbouring pixels differ. Long straight edges (frames of windows, rules of
tables) are no detail but walls, which no region crosses. Detail is joined over the width of a
space and the gap of a line's marks: connected components of the dilated mask. Where the boxes of
two of them lie over each other, each shows its own detail and flat ground in place of the other's.

Covers: the cut. Does not cover: what a region says. Needs OpenCV and NumPy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from contracts.base import Box
from plugin_host.textkit.frames import find_frames
from plugin_host.textkit.reading import FloatBox

if TYPE_CHECKING:
    from numpy.typing import NDArray

DETAIL_MIN: Final = 10
"""Neighbours that differ by more (0..255, any channel) are detail; gradients of a ground do not."""

WALL_PX: Final = 120
"""A straight edge of this length is a wall: longer than any stem of a letter that is read."""

WALL_GAP_PX: Final = 5
"""A wall goes on over gaps below this: where the rules of a table cross."""

JOIN_PX: Final = (18, 3)
"""Detail nearer than this (across, down) is of one region. Across it must bridge the spaces of
large type but not what parts the tabs of a bar, down it must not bridge the lines of a terminal."""

MARK_HEIGHT_SHARE: Final = 0.45
MARK_GAP_SHARE: Final = 0.3
LETTERS_HEIGHT_MAX: Final = 96
"""A patch lower than the first share of a patch that it lies over, or right above or below of, no
further than the second share, is a mark of it: the point of an i in a heading. Patches higher
than the last have none."""

SPECK_PX_MAX: Final = 6
"""A patch of these sides or less on the box of a larger one is part of that."""

SIDE_PX_MIN: Final = (3, 5)
"""A smaller region (across, down) shows nothing that can be read."""

MARGIN_PX: Final = 2
"""Ground around the detail that a region shows."""

WALL_NEAR_SHARE: Final = 0.5
"""How far a wall may stand from a line whose beginning it is, in heights of the line."""

WALL_HEIGHT_SHARE: Final = 0.8
"""A wall before a line stands beside this much of its height: a line's box may reach over it."""


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A part of a frame: its box, and its ``pixels`` (those of other regions on it left out)."""

    box: Box
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A screen's ``regions``, top to bottom; which pixels are ``walls``; small ``frames``."""

    regions: tuple[Region, ...]
    walls: NDArray[np.bool_]
    frames: tuple[Box, ...] = ()

    def has_wall_before(self, box: FloatBox) -> bool:
        """Whether an upright wall as high as ``box`` stands at its left side.

        Looks `WALL_NEAR_SHARE` of the box's height to the left, and as far into the box: engines
        draw theirs a little wide.
        """
        high = box[3] - box[1]
        top, bottom = max(0, round(box[1])), round(box[3])
        left = max(0, round(box[0] - WALL_NEAR_SHARE * high))
        beside = self.walls[top:bottom, left : max(left, round(box[0] + WALL_NEAR_SHARE * high))]
        return bool(beside.size and beside.mean(axis=0).max() >= WALL_HEIGHT_SHARE)


def cut_frame(pixels: NDArray[np.uint8]) -> Cut:
    """Regions and walls of ``pixels`` (height x width x 3).

    Every pixel of detail that is on no wall is shown by one of them, but for specks below
    `SIDE_PX_MIN`. Equal surroundings give equal regions, wherever on a frame they stand.
    """
    height, width = pixels.shape[:2]
    steps = _find_steps(pixels)
    frames = find_frames(*steps)
    detail, walls = _part_steps(*steps)
    joined = cv2.dilate(detail, np.ones(JOIN_PX[::-1], np.uint8))
    joined[walls] = 0
    joined |= detail
    count, labels = cv2.connectedComponents(joined, connectivity=4)
    patches = join_marks(_measure(detail, labels, count))
    owner = np.zeros(count, np.int32)
    for number, (_, members) in enumerate(patches, start=1):
        owner[list(members)] = number
    shown = [_grow(box, width, height) for box, _ in patches]
    crowded = _find_crowded(shown)
    regions = []
    for number, ((box, _), area) in enumerate(zip(patches, shown, strict=True), start=1):
        if box[2] - box[0] < SIDE_PX_MIN[0] or box[3] - box[1] < SIDE_PX_MIN[1]:
            continue
        x0, y0, x1, y1 = area
        part = pixels[y0:y1, x0:x1]
        if crowded[number - 1]:
            owners = owner[labels[y0:y1, x0:x1]]
            part = _leave_out(part, (owners != 0) & (owners != number))
        regions.append(Region(box=area, pixels=part))
    regions.sort(key=lambda region: (region.box[1], region.box[0], region.box))
    return Cut(tuple(regions), walls, frames)


def join_marks(patches: dict[int, Box]) -> list[tuple[Box, tuple[int, ...]]]:
    """Patches by number to boxes with the numbers of which each is made; each number once."""
    # Large ones first: a mark goes to the largest patch that it may be a mark of.
    numbers = sorted(patches, key=lambda n: (-_height(patches[n]), patches[n], n))
    boxes = [patches[number] for number in numbers]
    home = list(range(len(boxes)))
    for mark, letters in _find_near(boxes):
        if home[mark] == mark and _is_mark(boxes[mark], boxes[letters]):
            home[mark] = home[letters]
    groups: dict[int, tuple[Box, tuple[int, ...]]] = {}
    for index, (number, box) in enumerate(zip(numbers, boxes, strict=True)):
        whole, members = groups.get(home[index], (box, ()))
        groups[home[index]] = (_union(whole, box), (*members, number))
    return list(groups.values())


def _find_near(boxes: list[Box]) -> list[tuple[int, int]]:
    """Pairs (later, earlier) of boxes that may be mark and letters, in order of their indices."""
    if not boxes:
        return []
    left, top, right, bottom = np.array(boxes).T
    high = bottom - top
    near = (
        (left[:, None] < right[None])
        & (left[None] < right[:, None])
        & (top[:, None] <= (bottom + MARK_GAP_SHARE * high)[None])
        & ((top - MARK_GAP_SHARE * high)[None] <= bottom[:, None])
        & (high[:, None] <= np.maximum(SPECK_PX_MAX, MARK_HEIGHT_SHARE * high)[None])
    )
    return [(int(mark), int(letters)) for mark, letters in np.argwhere(np.tril(near, -1))]


def find_detail(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Which pixels are detail (1 or 0), and which are walls.

    A step between two pixels marks both of them.
    """
    return _part_steps(*_find_steps(pixels))


def _find_steps(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    height, width = pixels.shape[:2]
    across = np.zeros((height, width), np.uint8)
    down = np.zeros((height, width), np.uint8)
    across[:, 1:] = _differs(pixels[:, 1:], pixels[:, :-1])
    down[1:] = _differs(pixels[1:], pixels[:-1])
    return across, down


def _part_steps(
    across: NDArray[np.uint8], down: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    uprights = _find_straight(across, (1, WALL_PX), (1, WALL_GAP_PX))
    levels = _find_straight(down, (WALL_PX, 1), (WALL_GAP_PX, 1))
    across &= ~uprights
    down &= ~levels
    detail = across | down
    detail[:, :-1] |= across[:, 1:]
    detail[:-1] |= down[1:]
    walls: NDArray[np.bool_] = (uprights | levels).astype(bool)
    return detail, walls


def _is_mark(mark: Box, letters: Box) -> bool:
    if min(mark[2], letters[2]) <= max(mark[0], letters[0]):
        return False
    gap = max(mark[1], letters[1]) - min(mark[3], letters[3])
    low, high = _height(mark), _height(letters)
    if gap < 0 and low <= SPECK_PX_MAX and mark[2] - mark[0] <= SPECK_PX_MAX:
        return True
    return (
        high <= LETTERS_HEIGHT_MAX
        and low <= MARK_HEIGHT_SHARE * high
        and gap <= MARK_GAP_SHARE * high
    )


def _height(box: Box) -> int:
    return box[3] - box[1]


def _grow(box: Box, width: int, height: int) -> Box:
    return (
        max(0, box[0] - MARGIN_PX),
        max(0, box[1] - MARGIN_PX),
        min(width, box[2] + MARGIN_PX),
        min(height, box[3] + MARGIN_PX),
    )


def _find_crowded(boxes: list[Box]) -> NDArray[np.bool_]:
    """Which boxes share pixels with another; detail joins some pixels beyond its own box."""
    if not boxes:
        return np.zeros(0, bool)
    sides = np.array(boxes)
    left, top = sides[:, 0] - JOIN_PX[0], sides[:, 1] - JOIN_PX[1]
    right, bottom = sides[:, 2] + JOIN_PX[0], sides[:, 3] + JOIN_PX[1]
    apart = (
        (left[:, None] >= right[None])
        | (right[:, None] <= left[None])
        | (top[:, None] >= bottom[None])
        | (bottom[:, None] <= top[None])
    )
    crowded: NDArray[np.bool_] = (~apart).sum(axis=1) > 1
    return crowded


def _leave_out(part: NDArray[np.uint8], foreign: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """``part`` with ground, the median of what is its own along its edges, on foreign pixels."""
    if not foreign.any():
        return part
    own = ~foreign
    edge = np.concatenate(
        [part[0][own[0]], part[-1][own[-1]], part[:, 0][own[:, 0]], part[:, -1][own[:, -1]]]
    )
    if not len(edge):
        edge = part[own]
    alone = part.copy()
    alone[foreign] = np.median(edge, axis=0).astype(np.uint8)
    return alone


def _differs(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if not one.size:
        # A frame one pixel wide or high has no neighbours in that direction.
        return np.zeros(one.shape[:2], np.uint8)
    blue, green, red = cv2.split(cv2.absdiff(one, other))
    largest = cv2.max(cv2.max(blue, green), red)
    return np.asarray(cv2.threshold(largest, DETAIL_MIN, 1, cv2.THRESH_BINARY)[1], np.uint8)


def _find_straight(
    edges: NDArray[np.uint8], length: tuple[int, int], gap: tuple[int, int]
) -> NDArray[np.uint8]:
    closed = cv2.morphologyEx(edges, cv2.MORPH_CLOSE, np.ones(gap[::-1], np.uint8))
    found: NDArray[np.uint8] = cv2.morphologyEx(
        closed, cv2.MORPH_OPEN, np.ones(length[::-1], np.uint8)
    )
    return found


def _measure(detail: NDArray[np.uint8], labels: NDArray[np.int32], count: int) -> dict[int, Box]:
    """The box of each label's detail, without the pixels that joining added."""
    boxes = np.zeros((count, 4), np.int64)
    boxes[:, 0] = detail.shape[1]
    places = cv2.findNonZero(detail)
    if places is None:
        return {}
    columns, rows = places.reshape(-1, 2).T
    of = labels[rows, columns]
    # Places run row by row: of several writes the last one stays.
    boxes[of, 3] = rows + 1
    boxes[of[::-1], 1] = rows[::-1]
    ends = np.flatnonzero((of[1:] != of[:-1]) | (columns[1:] < columns[:-1]))
    starts, ends = np.append(0, ends + 1), np.append(ends, len(of) - 1)
    np.minimum.at(boxes[:, 0], of[starts], columns[starts])
    np.maximum.at(boxes[:, 2], of[ends], columns[ends] + 1)
    return {
        number: (x0, y0, x1, y1)
        for number, (x0, y0, x1, y1) in enumerate(boxes.tolist())
        if number and x1 > x0
    }


def _union(a: Box, b: Box) -> Box:
    return (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
