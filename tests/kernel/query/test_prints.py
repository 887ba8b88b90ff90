"""The width of letters says how large print is."""

from __future__ import annotations

import pytest

from kernel.query.prints import print_px


def test_wide_and_narrow_letters_in_one_print_are_of_one_size() -> None:
    assert print_px("mmm", 54) == pytest.approx(print_px("till", 24), rel=0.1)


def test_larger_print_is_larger() -> None:
    assert print_px("Visit", 60) > print_px("Visit", 50)


def test_no_text_has_no_size() -> None:
    assert print_px("", 40) == 0.0
