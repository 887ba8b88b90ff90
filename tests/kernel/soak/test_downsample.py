"""Fewer points, the same peaks."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kernel.soak.downsample import reduce, split_at_gaps

POINTS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400).map(
    lambda values: [(float(t), y) for t, y in enumerate(values)]
)


@given(points=POINTS, buckets=st.integers(1, 50))
def test_no_peak_is_lost_and_the_order_is_kept(
    points: list[tuple[float, float]], buckets: int
) -> None:
    reduced = reduce(points, buckets)
    assert len(reduced) <= max(2 * buckets, 1)
    assert set(reduced) <= set(points)
    assert reduced == sorted(reduced)
    assert max(y for _, y in reduced) == max(y for _, y in points)
    assert min(y for _, y in reduced) == min(y for _, y in points)


@given(points=POINTS)
def test_few_points_stay_as_they_are(points: list[tuple[float, float]]) -> None:
    assert reduce(points, len(points)) == points


@given(steps=st.lists(st.floats(0.1, 100.0), min_size=1, max_size=60), gap=st.floats(1.0, 50.0))
def test_pieces_have_no_gap_inside_and_hold_all(steps: list[float], gap: float) -> None:
    points = [(sum(steps[: number + 1]), 1.0) for number in range(len(steps))]
    pieces = split_at_gaps(points, gap)
    assert [point for piece in pieces for point in piece] == points
    assert all(b[0] - a[0] <= gap for piece in pieces for a, b in pairwise(piece))


def test_nothing_has_no_piece() -> None:
    assert split_at_gaps([], 1.0) == []
    assert reduce([], 5) == []
