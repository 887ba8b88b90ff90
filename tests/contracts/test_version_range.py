"""Ranges of versions mean what they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.version_range import VersionRange, parse_numbers

NUMBERS = st.lists(st.integers(0, 50), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        (">=1,<2", ["1", "1.0.0", "1.99"], ["0.9", "2", "2.0.1"]),
        ("1.2", ["1.2", "1.2.0"], ["1.2.1", "1.20"]),
        (">1.9", ["1.10", "2"], ["1.9", "1.9.0"]),
        (" >= 1 , != 1.5 ", ["1", "1.6"], ["1.5", "1.5.0"]),
        ("<=3", ["3", "3.0", "0"], ["3.0.1"]),
    ],
)
def test_a_range_contains_what_it_says(text: str, inside: list[str], outside: list[str]) -> None:
    wanted = VersionRange.parse(text)
    assert [wanted.contains(version) for version in inside] == [True] * len(inside)
    assert [wanted.contains(version) for version in outside] == [False] * len(outside)


@pytest.mark.parametrize("text", ["", ">=", "1,", "~=1", "1.x", "v1", "1 2", ">=1;<2", "1." * 9])
def test_what_is_no_range_is_refused_with_the_part_that_is_wrong(text: str) -> None:
    with pytest.raises(ValueError, match="is not a comparison with a version"):
        VersionRange.parse(text)


@given(one=NUMBERS, other=NUMBERS)
def test_exactly_one_of_below_at_and_above_holds(one: list[int], other: list[int]) -> None:
    version, bound = ".".join(map(str, one)), ".".join(map(str, other))
    held = [VersionRange.parse(sign + bound).contains(version) for sign in ("<", "==", ">")]
    assert sum(held) == 1
    assert held[1] == (parse_numbers(version) == parse_numbers(bound))
