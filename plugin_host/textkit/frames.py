"""Small frames around text: input fields, buttons, chips. Text ends at their sides.

A label and the field beside it stand nearer than two words, so engines read both as one line. The
sides of the box between them say that they are two.

Covers: boxes of four sides, drawn or filled, as high as a line or a few; lines parted and boxes
cut at them. Does not cover: what is a field (a stage behind the text), windows and tables
(`regions`: walls). Needs OpenCV and NumPy.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from contracts.base import Box
from plugin_host.textkit.reading import FloatBox, LineReading, WordReading, union_box

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE_PX: Final = (12, 80)
"""An upright side of a frame is so high, at least and at most: it stands around a line or a few."""

SIDE_THICK_PX_MAX: Final = 5
LEVEL_PX_MIN: Final = 24
SIDES_MAX: Final = 3_000
"""More upright strokes than this are a picture, or text in very large type."""

CORNER_PX: Final = 8
"""Corners may be round: the sides end so far before they would meet."""

EVEN_PX: Final = 3
"""Both upright sides begin, and end, this near to each other."""

CLOSED_SHARE: Final = 0.9
"""So much of the top, and of the foot, between the corners must be there."""

ROOM_PX: Final = 12
ROOM_SHARE: Final = 0.1
"""A field has more room behind its text than before it, by so many pixels, and this much of its
width; around a key or a tag there is as much on both sides."""

SIDE_MARKS: Final = frozenset("|[](){}¦│")
"""What engines make of a side that they take for a letter."""


@dataclass(frozen=True, slots=True)
class _Side:
    """An upright stroke: from ``left`` to ``right``, from ``top`` to ``foot``."""

    left: int
    right: int
    top: int
    foot: int


def find_frames(across: NDArray[np.uint8], down: NDArray[np.uint8]) -> tuple[Box, ...]:
    """Frames by steps between neighbours: 1 where a pixel differs from the one left of (above) it.

    Boxes lie within the frame's outer edges; left to right, then top to bottom.
    """
    levels = cv2.morphologyEx(down, cv2.MORPH_OPEN, np.ones((1, LEVEL_PX_MIN), np.uint8))
    rows: dict[int, list[_Side]] = {}
    found = []
    # From right to left: those to the right of a side are there when it is looked at.
    for left in reversed(_find_sides(across)):
        beside = [
            side
            for at in range(left.top - EVEN_PX, left.top + EVEN_PX + 1)
            for side in rows.get(at, ())
            if side.left - left.right >= LEVEL_PX_MIN and abs(side.foot - left.foot) <= EVEN_PX
        ]
        right = min(beside, key=lambda side: (side.left, side.top), default=None)
        if right is not None and _is_closed(levels, left, right):
            found.append((left.left, min(left.top, right.top), right.right, left.foot))
        rows.setdefault(left.top, []).append(left)
    return tuple(reversed(found))


def _find_sides(across: NDArray[np.uint8]) -> list[_Side]:
    strokes = cv2.morphologyEx(across, cv2.MORPH_OPEN, np.ones((SIDE_PX[0], 1), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(strokes, connectivity=4)
    if count > SIDES_MAX:
        return []
    return sorted(
        (
            _Side(x, x + width, y, y + height)
            for x, y, width, height, _ in stats[1:].tolist()
            if width <= SIDE_THICK_PX_MAX and height <= SIDE_PX[1]
        ),
        key=lambda side: (side.left, side.top),
    )


def _is_closed(levels: NDArray[np.uint8], left: _Side, right: _Side) -> bool:
    x0, x1 = left.right + CORNER_PX, right.left - CORNER_PX
    top = levels[max(0, left.top - CORNER_PX) : left.top + EVEN_PX + 1, x0:x1]
    foot = levels[max(0, left.foot - EVEN_PX - 1) : left.foot + CORNER_PX, x0:x1]
    return all(bool(band.size) and band.any(axis=0).mean() >= CLOSED_SHARE for band in (top, foot))


def part_line(line: LineReading, frames: Sequence[Box]) -> list[LineReading]:
    """The line's parts, each within one frame or outside of all, left to right.

    A frame that is drawn tightly around a word (a key, a tag) is a part of the sentence and parts
    nothing. Boxes of what stands in a frame end inside of it, and a side that was read as a mark
    is left out, a line of nothing else too. A line on no frame comes back as it is.
    """
    middle = (line.box[1] + line.box[3]) / 2
    near = [
        frame
        for frame in frames
        if frame[1] < middle < frame[3] and frame[0] < line.box[2] and frame[2] > line.box[0]
    ]
    words = tuple(word for word in line.words if not _is_side(word, near))
    if not near:
        return [line]
    if not words:
        return []
    around = [frame for frame in near if _is_around(frame, line.box)]
    if around:
        home = min(around, key=lambda frame: (frame[2] - frame[0], frame))
        is_after = line.is_after_wall or not _is_tight(words, home)
        return [replace(_cut(words, home), is_after_wall=is_after)]
    fields = [frame for frame in near if not _is_tight(words, frame)]
    groups = itertools.groupby(words, lambda word: _place(word.box, fields))
    parts = [_cut(tuple(group), home) for (home, _), group in groups]
    if len(parts) == 1:
        return [line]
    return [
        replace(part, is_after_wall=line.is_after_wall or at > 0, is_part=at > 0)
        for at, part in enumerate(parts)
    ]


def _is_around(frame: Box, box: FloatBox) -> bool:
    return frame[0] - EVEN_PX <= box[0] and box[2] <= frame[2] + EVEN_PX


def _is_tight(words: Sequence[WordReading], frame: Box) -> bool:
    """Whether the frame is as narrow as the words in it ask for, or holds none of them."""
    inner = [word.box for word in words if _home(word.box, (frame,)) is not None]
    if not inner:
        return True
    left = min(box[0] for box in inner) - frame[0]
    right = frame[2] - max(box[2] for box in inner)
    return right - left <= max(ROOM_PX, ROOM_SHARE * (frame[2] - frame[0]))


def _is_side(word: WordReading, frames: Sequence[Box]) -> bool:
    """Whether the word is nothing but a side of a frame."""
    if not SIDE_MARKS.issuperset(word.text):
        return False
    return any(
        word.box[0] - EVEN_PX <= x <= word.box[2] + EVEN_PX
        for frame in frames
        for x in (frame[0], frame[2])
    )


def _home(box: FloatBox, frames: Sequence[Box]) -> Box | None:
    """The smallest of the frames in which the middle of ``box`` stands."""
    middle = (box[0] + box[2]) / 2
    around = [frame for frame in frames if frame[0] < middle < frame[2]]
    return min(around, key=lambda frame: (frame[2] - frame[0], frame), default=None)


def _place(box: FloatBox, frames: Sequence[Box]) -> tuple[Box | None, int]:
    middle = (box[0] + box[2]) / 2
    return _home(box, frames), sum(frame[2] <= middle for frame in frames)


def _cut(words: tuple[WordReading, ...], home: Box | None) -> LineReading:
    if home is not None:
        words = tuple(replace(word, box=_inside(word.box, home)) for word in words)
    return LineReading(words=words, box=union_box(tuple(word.box for word in words)))


def _inside(box: FloatBox, frame: Box) -> FloatBox:
    return (
        max(box[0], frame[0] + 1),
        max(box[1], frame[1] + 1),
        min(box[2], frame[2] - 1),
        min(box[3], frame[3] - 1),
    )
