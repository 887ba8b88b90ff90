"""What an engine saw, as plain data: before it is clipped, joined and ordered.

Covers: words and line fragments with boxes in pixels as floats. Does not cover: contracts
(`plugin_host.textkit.lines` makes those).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

FloatBox: TypeAlias = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels of the frame; x1 and y1 lie just outside."""


@dataclass(frozen=True, slots=True)
class WordReading:
    """A word as an engine saw it.

    ``confidence`` lies in 0..1. ``is_glued`` says that the engine saw no space between this
    word and the one before it on its line (scripts without spaces, for one).
    """

    text: str
    box: FloatBox
    confidence: float
    is_glued: bool = False


@dataclass(frozen=True, slots=True)
class LineReading:
    """Words that stand on one line, left to right, and the line's own box.

    ``is_after_wall``: the frame of a window or the rule of a table stands right before it, so it
    goes on from nothing on the left. ``is_part``: a small frame alone parts it from what stands
    left of it on the same printed line, as a field from its label.
    """

    words: tuple[WordReading, ...]
    box: FloatBox
    is_after_wall: bool = False
    is_part: bool = False


def union_box(boxes: tuple[FloatBox, ...]) -> FloatBox:
    """The smallest box around all ``boxes``; there must be at least one."""
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def overlap_px(a0: float, a1: float, b0: float, b1: float) -> float:
    """How many pixels two intervals share; negative is the gap between them."""
    return min(a1, b1) - max(a0, b0)
