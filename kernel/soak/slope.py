"""A line through samples by least squares, over groups that differ in level alone. Pure.

Covers: slope, r2, a step told from a line, floors of buckets. Does not cover: which samples are
comparable (`memory`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]
"""Seconds, value."""
STEP_POINTS_MIN = 8
STEP_GAIN_MIN = 0.25
"""A step explains a third more than a line through it; a ramp from the middle on a twentieth."""
STEP_AFTER_MAX = 0.35
"""Of the step's height: what may still be added after it."""


@dataclass(frozen=True, slots=True)
class Line:
    """``slope`` in units per second, ``r2`` the share of the variation that it explains."""

    slope: float
    r2: float
    points: int


def fit(groups: Sequence[Sequence[Point]]) -> Line | None:
    """The common slope of all groups, each with a level of its own; None without any span.

    The within estimator of a panel (analysis of covariance): time and value are taken
    relative to the group's own means, so that a group with a higher level (a host more) does
    not bend the line. One group: plain least squares.
    """
    sxx = sxy = syy = 0.0
    count = 0
    for group in groups:
        if len(group) < 2:  # noqa: PLR2004 - a point alone has no direction
            continue
        mean_t = sum(t for t, _ in group) / len(group)
        mean_y = sum(y for _, y in group) / len(group)
        sxx += sum((t - mean_t) ** 2 for t, _ in group)
        sxy += sum((t - mean_t) * (y - mean_y) for t, y in group)
        syy += sum((y - mean_y) ** 2 for _, y in group)
        count += len(group)
    if sxx <= 0.0:
        return None
    r2 = sxy * sxy / (sxx * syy) if syy > 0.0 else 0.0
    return Line(slope=sxy / sxx, r2=min(1.0, r2), points=count)


def is_step(groups: Sequence[Sequence[Point]], line: Line) -> bool:
    """Whether one step in each group, and a level after it, tells more than the common line.

    The best place is taken for each group (change-point by least squares); groups of few points
    would always fit one, and are left to the line. A step must explain `STEP_GAIN_MIN` more than
    the line does, of what the line explains: noise is in neither. What goes on after its place,
    as a leak that began late does, is no level.
    """
    total = sum(_scatter([y for _, y in group]) for group in groups)
    left_by_line = sum(_scatter([y - line.slope * t for t, y in group]) for group in groups)
    left_by_step = height = after = 0.0
    for group in groups:
        values = [y for _, y in group]
        if len(values) < STEP_POINTS_MIN:
            left_by_step += _scatter([y - line.slope * t for t, y in group])
            continue
        left, place = min((_scatter(values[:k]) + _scatter(values[k:]), k) for k in _places(values))
        left_by_step += left
        height += _mean(values[place:]) - _mean(values[:place])
        after += rise(group[place:])
    gain = left_by_line - left_by_step
    return gain > STEP_GAIN_MIN * (total - left_by_line) and after < STEP_AFTER_MAX * height


def _places(values: Sequence[float]) -> range:
    """Where a step may be: a few points on either side."""
    margin = STEP_POINTS_MIN // 2
    return range(margin, len(values) - margin + 1)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _scatter(values: Sequence[float]) -> float:
    """Sum of the squares around the mean."""
    if not values:
        return 0.0
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values)


def floors(points: Sequence[Point], bucket_s: float) -> list[Point]:
    """The least value of each bucket of time, at the instant where it was seen.

    What is held between two pieces of work, as a heap is read after a collection: peaks of
    work in hand are left out, a leak lifts the floor.
    """
    lowest: dict[int, Point] = {}
    for t, y in points:
        bucket = int(t // bucket_s)
        if bucket not in lowest or y < lowest[bucket][1]:
            lowest[bucket] = (t, y)
    return [lowest[bucket] for bucket in sorted(lowest)]


def rise(points: Sequence[Point]) -> float:
    """Median of the last quarter less the median of the first; 0 for fewer than four points."""
    quarter = len(points) // 4
    if quarter == 0:
        return 0.0
    values = [y for _, y in points]
    return _median(values[-quarter:]) - _median(values[:quarter])


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2
