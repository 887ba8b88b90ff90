"""A machine that slept is told from a soak that stood still, by three clocks."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.soak.silence import SUSPEND
from kernel.soak.standstill import STALL_S, Clocks, find_standstill, read_clocks

SECONDS = st.floats(0.0, 1e6)


@dataclass(frozen=True)
class Between:
    """How far each clock went."""

    ran_s: float
    slept_s: float = 0.0
    set_ahead_s: float = 0.0

    def clocks(self) -> Clocks:
        slept_s = self.ran_s + self.slept_s
        return Clocks(100.0 + self.ran_s, 200.0 + slept_s, 300.0 + slept_s + self.set_ahead_s)


BEFORE = Between(0.0).clocks()


@pytest.mark.parametrize(
    ("between", "busy_s", "expected"),
    [
        (Between(0.2), 0.0, None),
        (Between(25.0), 0.0, None),
        (Between(31.0), 0.0, (31.0, None)),
        (Between(90.0), 80.0, None),
        (Between(90.0), 20.0, (90.0, None)),
        (Between(0.2, slept_s=3600.0), 0.0, (3600.2, SUSPEND)),
        (Between(90.0, slept_s=3600.0), 90.0, (3690.0, SUSPEND)),
        (Between(0.2, set_ahead_s=3600.0), 0.0, (3600.2, SUSPEND)),
        (Between(0.2, set_ahead_s=-3600.0), 0.0, None),
    ],
    ids=[
        "a turn",
        "a slow turn",
        "a soak that stood still",
        "a long verify",
        "a standstill around a verify",
        "a suspend",
        "a suspend during a verify",
        "a virtual machine that was paused",
        "a clock that was set back",
    ],
)
def test_standstills(
    between: Between, busy_s: float, expected: tuple[float, str | None] | None
) -> None:
    found = find_standstill(BEFORE, between.clocks(), busy_s=busy_s)
    assert (found is None) == (expected is None)
    if found is not None and expected is not None:
        assert found.length_s == pytest.approx(expected[0])
        assert found.explained_by == expected[1]


@given(SECONDS, SECONDS)
def test_without_sleep_nothing_is_excused(ran_s: float, busy_s: float) -> None:
    found = find_standstill(BEFORE, Between(ran_s).clocks(), busy_s=busy_s)
    assert found is None or found.explained_by is None
    # Rounding of sums may shift the very edge.
    if ran_s - busy_s > STALL_S + 1e-3:
        assert found is not None


def test_the_clocks_of_this_machine_show_no_standstill_now() -> None:
    assert find_standstill(read_clocks(), read_clocks()) is None
