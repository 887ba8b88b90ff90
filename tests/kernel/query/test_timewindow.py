"""A stretch of time that a question names."""

from __future__ import annotations

import datetime as dt

import pytest

from kernel.query.times import MICROS, find_windows
from kernel.query.timewindow import Window, combined

NOW = dt.datetime(2025, 10, 27, 17, 30, tzinfo=dt.UTC)


def _window(phrase: str) -> Window:
    window = combined(find_windows(f"what was it {phrase}?", _us(NOW), dt.UTC))
    assert window is not None
    return window


def _us(moment: dt.datetime) -> int:
    return int(moment.timestamp()) * MICROS


@pytest.mark.parametrize(
    ("phrase", "beyond_s"),
    [
        ("between 9:05 and 9:07", 60),
        ("between 9:05:00 and 9:07:30", 1),
        ("from 9 to 10", 60),
        ("until 10:03", 60),
        ("before 10:03", 0),
        ("before lunch", 0),
        ("between Friday and Sunday", 0),
        ("after 9am and until 10am", 60),
        ("until 11am and before 10am", 0),
    ],
)
def test_what_is_seen_in_the_minute_that_is_named_as_the_end_counts(
    phrase: str, beyond_s: int
) -> None:
    window = _window(phrase)
    assert window.through_us - window.to_us == beyond_s * MICROS


@pytest.mark.parametrize(
    ("phrase", "length_s"),
    [
        ("at 9:05", 60),
        ("today at 9:05", 60),
        ("at 9:05:10", 1),
        ("around 9:05", 0),
        ("at 9", 0),
        ("this morning", 0),
        ("between 9:05 and 9:07", 0),
    ],
)
def test_a_point_of_time_is_the_minute_or_second_that_was_said(phrase: str, length_s: int) -> None:
    at_us = _window(phrase).at_us
    assert ((at_us[1] - at_us[0]) // MICROS if at_us else 0) == length_s
    if at_us is not None:
        assert at_us[0] // MICROS % 86_400 // 60 == 9 * 60 + 5
    assert _window(phrase).is_second is (length_s == 1)


def test_windows_that_part_hold_nothing() -> None:
    window = combined(
        [Window(0, 10, "a", "a", beyond_us=1), Window(20, 30, "b", "b", at_us=(20, 21))]
    )
    assert window is not None
    assert (window.from_us, window.to_us, window.at_us) == (20, 20, (20, 21))
    assert combined([]) is None
