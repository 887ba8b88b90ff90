"""Boxes: overlap, union, cover.

Covers: arithmetic on `contracts.base.Box`. Does not cover: what stands in a box.
"""

from __future__ import annotations

from collections.abc import Iterable

from contracts.base import Box


def width(box: Box) -> int:
    """Width in pixels."""
    return box[2] - box[0]


def height(box: Box) -> int:
    """Height in pixels."""
    return box[3] - box[1]


def area(box: Box) -> int:
    """Area in square pixels; 0 for a box without inside."""
    return max(0, width(box)) * max(0, height(box))


def overlap(a0: int, a1: int, b0: int, b1: int) -> int:
    """Length that two intervals share; negative is the gap between them."""
    return min(a1, b1) - max(a0, b0)


def common(a: Box, b: Box) -> int:
    """Area that two boxes share."""
    across = overlap(a[0], a[2], b[0], b[2])
    down = overlap(a[1], a[3], b[1], b[3])
    return across * down if across > 0 and down > 0 else 0


def iou(a: Box, b: Box) -> float:
    """Shared area over the area of both together, 0 to 1."""
    shared = common(a, b)
    whole = area(a) + area(b) - shared
    return shared / whole if whole else 0.0


def holds(outer: Box, inner: Box, slack: int = 0) -> bool:
    """Whether ``inner`` lies in ``outer``, give or take ``slack`` pixels."""
    return (
        outer[0] - slack <= inner[0]
        and outer[1] - slack <= inner[1]
        and inner[2] <= outer[2] + slack
        and inner[3] <= outer[3] + slack
    )


def middle(box: Box) -> tuple[int, int]:
    """The point in the middle."""
    return (box[0] + box[2]) // 2, (box[1] + box[3]) // 2


def is_in(point: tuple[int, int], box: Box) -> bool:
    """Whether the point lies in the box."""
    return box[0] <= point[0] < box[2] and box[1] <= point[1] < box[3]


def union(boxes: Iterable[Box]) -> Box:
    """The smallest box around all; raises ValueError without any."""
    every = list(boxes)
    return (
        min(box[0] for box in every),
        min(box[1] for box in every),
        max(box[2] for box in every),
        max(box[3] for box in every),
    )


def grow(box: Box, by: int) -> Box:
    """The box with its sides moved out; its left and upper ones not beyond 0."""
    return max(0, box[0] - by), max(0, box[1] - by), box[2] + by, box[3] + by
