"""Fewer points for the same picture: the least and the greatest value of each bucket. Pure.

A peak of one sample stays visible, however long the run is. (LTTB, the usual alternative, keeps the
look of a line but may drop such a peak; here a peak is what one looks for.)
Covers: reducing one series. Does not cover: drawing (`plots`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

Dot = tuple[float, float]


def reduce(points: Sequence[Dot], buckets_max: int) -> list[Dot]:
    """At most two points for each bucket of time, in the order in which they came."""
    if len(points) <= 2 * buckets_max:
        return list(points)
    start, end = points[0][0], points[-1][0]
    width = max((end - start) / buckets_max, 1e-9)
    reduced: list[Dot] = []
    bucket: list[Dot] = []
    current = 0
    for point in points:
        number = min(buckets_max - 1, int((point[0] - start) / width))
        if number != current:
            reduced += _extremes(bucket)
            bucket, current = [], number
        bucket.append(point)
    return reduced + _extremes(bucket)


def _extremes(bucket: Sequence[Dot]) -> list[Dot]:
    if not bucket:
        return []
    least = min(bucket, key=lambda point: point[1])
    greatest = max(bucket, key=lambda point: point[1])
    return sorted({least, greatest})


def split_at_gaps(points: Sequence[Dot], gap: float) -> list[list[Dot]]:
    """Pieces between which nothing was measured for longer than ``gap``."""
    pieces: list[list[Dot]] = [[points[0]]] if points else []
    for before, after in pairwise(points):
        if after[0] - before[0] > gap:
            pieces.append([])
        pieces[-1].append(after)
    return pieces
