"""Lines through samples: exact where there is one, unmoved by levels, blind to peaks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.soak.slope import fit, floors, is_step, rise

SLOPES = st.floats(-100, 100).filter(lambda slope: abs(slope) > 1e-3)
LEVELS = st.floats(-1e4, 1e4)


@given(slope=SLOPES, level=LEVELS, count=st.integers(3, 50))
def test_a_line_is_found_exactly(slope: float, level: float, count: int) -> None:
    line = fit([[(float(t), level + slope * t) for t in range(count)]])
    assert line is not None
    assert line.slope == pytest.approx(slope, rel=1e-5, abs=1e-6)
    assert line.r2 == pytest.approx(1.0, abs=1e-3)
    assert line.points == count


@given(slope=SLOPES, levels=st.lists(LEVELS, min_size=1, max_size=5))
def test_levels_of_groups_do_not_bend_the_common_line(slope: float, levels: list[float]) -> None:
    groups = [
        [(100.0 * number + t, level + slope * t) for t in range(8)]
        for number, level in enumerate(levels)
    ]
    line = fit(groups)
    assert line is not None
    assert line.slope == pytest.approx(slope, rel=1e-4, abs=1e-5)


def test_a_level_that_changes_once_is_no_line_of_its_groups() -> None:
    line = fit([[(float(t), 100.0) for t in range(50)], [(float(t), 900.0) for t in range(50, 90)]])
    assert line is not None
    assert line.slope == 0.0
    assert line.r2 == 0.0


@pytest.mark.parametrize("groups", [[], [[]], [[(1.0, 2.0)]], [[(1.0, 2.0), (1.0, 3.0)]]])
def test_without_a_span_there_is_no_line(groups: list[list[tuple[float, float]]]) -> None:
    assert fit(groups) is None


@given(
    points=st.lists(st.tuples(st.floats(0, 1e4), st.floats(-1e3, 1e3)), min_size=1, max_size=80),
    bucket_s=st.floats(0.5, 1e3),
)
def test_floors_are_points_and_keep_the_least(
    points: list[tuple[float, float]], bucket_s: float
) -> None:
    points.sort()
    kept = floors(points, bucket_s)
    assert set(kept) <= set(points)
    assert min(y for _, y in kept) == min(y for _, y in points)
    assert [t for t, _ in kept] == sorted(t for t, _ in kept)
    assert len(kept) <= len({int(t // bucket_s) for t, _ in points})


def test_a_peak_of_work_is_not_in_the_floor() -> None:
    points = [(float(t), 900.0 if t % 3 else 100.0 + t) for t in range(30)]
    assert all(y < 200 for _, y in floors(points, 3.0))


def test_the_rise_is_between_the_quarters() -> None:
    assert rise([(float(t), 10.0 if t < 10 else 60.0) for t in range(20)]) == 50.0
    assert rise([(0.0, 1.0), (1.0, 99.0)]) == 0.0


@given(place=st.integers(4, 26), height=st.floats(0.5, 100), level=LEVELS)
def test_a_step_is_told_from_a_line(place: int, height: float, level: float) -> None:
    group = [(float(t), level + (height if t >= place else 0.0)) for t in range(30)]
    line = fit([group])
    assert line is not None
    assert is_step([group], line)


@given(slope=SLOPES, count=st.integers(8, 40))
def test_a_line_is_no_step(slope: float, count: int) -> None:
    group = [(float(t), slope * t) for t in range(count)]
    line = fit([group])
    assert line is not None
    assert not is_step([group], line)


@given(begin=st.integers(0, 20), slope=st.floats(0.1, 100))
def test_a_ramp_that_begins_late_is_no_step(begin: int, slope: float) -> None:
    group = [(float(t), slope * max(0, t - begin)) for t in range(30)]
    line = fit([group])
    assert line is not None
    assert not is_step([group], line)


def test_a_few_points_are_never_taken_for_a_step() -> None:
    groups = [[(0.0, 1.0), (1.0, 1.0), (2.0, 9.0), (3.0, 9.0)]]
    line = fit(groups)
    assert line is not None
    assert not is_step(groups, line)
