"""Ticks are round, enclose the values, and are few."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.soak.axis import decade_ticks, time_text, time_ticks, value_text, value_ticks


@given(top=st.floats(1e-6, 1e12))
def test_value_ticks_enclose_the_top_in_a_few_equal_steps(top: float) -> None:
    ticks = value_ticks(top)
    assert ticks[0] == 0.0
    assert ticks[-1] >= top * 0.999
    assert 2 <= len(ticks) <= 7
    step = ticks[1]
    assert ticks == pytest.approx([step * number for number in range(len(ticks))])


@given(top=st.floats(0.1, 1e6))
def test_what_is_counted_has_whole_ticks(top: float) -> None:
    ticks = value_ticks(top, whole=True)
    assert all(tick == pytest.approx(round(tick)) for tick in ticks) or ticks[1] == 2.5


def test_nothing_has_an_axis_too() -> None:
    assert value_ticks(0.0) == [0.0, 1.0]


@given(low=st.floats(1e-3, 1e3), factor=st.floats(1.0, 1e5))
def test_decades_enclose_both_ends(low: float, factor: float) -> None:
    ticks = decade_ticks(low, low * factor)
    assert ticks[0] <= low * 1.001
    assert ticks[-1] >= low * factor * 0.999
    assert len(ticks) >= 2


@given(length_s=st.floats(1.0, 400 * 86_400.0))
def test_time_ticks_begin_at_zero_and_are_few(length_s: float) -> None:
    ticks = time_ticks(length_s)
    assert ticks[0] == 0.0
    assert ticks[-1] <= length_s
    assert len(ticks) <= 14


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (45, "45 s"),
        (600, "10 min"),
        (200, "3:20 min"),
        (3_600, "1:00 h"),
        (86_400, "24:00 h"),
        (259_200 + 7_200, "3 d 2:00 h"),
    ],
)
def test_times_read_as_a_person_says_them(seconds: float, text: str) -> None:
    assert time_text(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1_250.0, "1,250"), (0.125, "0.125"), (12.345, "12.3"), (2_500.5, "2,500")],
)
def test_values_have_the_digits_they_need(value: float, text: str) -> None:
    assert value_text(value) == text
