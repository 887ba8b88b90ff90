"""The width of letters says how large print is."""

from __future__ import annotations

import pytest

from kernel.query.prints import is_fixed_pitch, print_px


def test_wide_and_narrow_letters_in_one_print_are_of_one_size() -> None:
    assert print_px("mmm", 54) == pytest.approx(print_px("till", 24), rel=0.1)


def test_larger_print_is_larger() -> None:
    assert print_px("Visit", 60) > print_px("Visit", 50)


def test_no_text_has_no_size() -> None:
    assert print_px("", 40) == 0.0


@pytest.mark.parametrize(
    ("words", "fixed"),
    [
        # A line of df: one box holds a blank and a sign more than its word.
        (
            [(10, 89), (4, 35), (4, 34), (5, 44), (4, 35), (7, 61), (2, 17), (14, 125), (4, 43)],
            True,
        ),
        # The same with room around every box.
        ([(10, 95), (4, 41), (4, 40), (5, 50), (7, 67), (2, 23), (14, 131)], True),
        # "Company", "VAT", "number", "NO", "918", "402", "557", "MVA" in a menu font.
        ([(7, 62), (3, 25), (6, 49), (2, 20), (3, 23), (3, 23), (3, 22), (3, 28)], False),
        ([(3, 20), (4, 60)], True),
    ],
)
def test_in_a_terminal_widths_follow_lengths(words: list[tuple[int, int]], *, fixed: bool) -> None:
    assert is_fixed_pitch(words) is fixed
