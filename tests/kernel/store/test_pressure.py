"""Disk pressure decides by free bytes and days, the same way every time."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given

from kernel.store.pressure import (
    PACKING_ROOM_BYTES,
    DiskDecision,
    DiskFacts,
    DiskLevel,
    DiskLimits,
    decide_disk,
)

LIMITS = DiskLimits(
    yellow_free_bytes=1000, red_free_bytes=500, black_free_bytes=100, yellow_days_left=3.0
)
FACTS = st.builds(
    DiskFacts,
    st.integers(0, 3000),
    st.none() | st.integers(0, 1000),
    st.integers(0, 2000),
    st.booleans(),
)
LEVELS = st.sampled_from(DiskLevel)


def decide(free: int, spool: int | None = None, rate: int = 0) -> DiskDecision:
    return decide_disk(DiskFacts(free, spool, rate), LIMITS, DiskLevel.GREEN)


@pytest.mark.parametrize(
    ("free", "spool", "rate", "level", "target"),
    [
        (1000, None, 0, DiskLevel.GREEN, "primary"),
        (999, None, 0, DiskLevel.YELLOW, "primary"),
        (2000, None, 700, DiskLevel.YELLOW, "primary"),
        (499, 100, 0, DiskLevel.RED, "spool"),
        (0, 100, 0, DiskLevel.RED, "spool"),
        (499, None, 0, DiskLevel.RED, "primary"),
        (499, 99, 0, DiskLevel.RED, "primary"),
        (99, 99, 0, DiskLevel.BLACK, "refuse"),
        (99, None, 0, DiskLevel.BLACK, "refuse"),
    ],
)
def test_levels_and_targets(
    free: int, spool: int | None, rate: int, level: DiskLevel, target: str
) -> None:
    decision = decide(free, spool, rate)
    assert (decision.level, decision.target) == (level, target)


@given(FACTS, LEVELS)
def test_heavy_work_runs_in_green_alone_and_the_spool_drains_below_red(
    facts: DiskFacts, previous: DiskLevel
) -> None:
    decision = decide_disk(facts, LIMITS, previous)
    assert decision.heavy_work == (decision.level is DiskLevel.GREEN)
    assert decision.drain == (decision.level < DiskLevel.RED)
    assert (decision.target == "refuse") == (decision.level is DiskLevel.BLACK)


@given(
    st.builds(
        DiskFacts,
        st.integers(0, 4 * PACKING_ROOM_BYTES),
        st.none() | st.integers(0, 1000),
        st.integers(0, PACKING_ROOM_BYTES),
    ),
    LEVELS,
)
def test_packing_goes_on_below_red_where_there_is_room_for_the_new_form(
    facts: DiskFacts, previous: DiskLevel
) -> None:
    limits = DiskLimits(2 * PACKING_ROOM_BYTES, 500, 100, 3.0)
    decision = decide_disk(facts, limits, previous)
    room = facts.primary_free_bytes - limits.red_free_bytes >= PACKING_ROOM_BYTES
    if decision.level is DiskLevel.YELLOW:
        assert decision.packing == room
    else:
        assert decision.packing == (decision.level is DiskLevel.GREEN)


@given(FACTS, LEVELS, st.integers(0, 3000))
def test_more_room_never_makes_it_worse(facts: DiskFacts, previous: DiskLevel, more: int) -> None:
    roomier = replace(facts, primary_free_bytes=facts.primary_free_bytes + more)
    before = decide_disk(facts, LIMITS, previous).level
    assert decide_disk(roomier, LIMITS, previous).level <= before


@given(FACTS, LEVELS)
def test_a_primary_that_takes_no_more_is_never_told_as_good(
    facts: DiskFacts, previous: DiskLevel
) -> None:
    refused = replace(facts, primary_refused=True)
    decision = decide_disk(refused, LIMITS, previous)
    assert decision.level >= DiskLevel.RED
    assert (decision.heavy_work, decision.drain, decision.packing) == (False, False, False)
    spool = facts.spool_free_bytes
    if spool is not None and spool >= LIMITS.black_free_bytes:
        assert decision.target == "spool"


def test_a_level_is_left_with_a_margin_so_that_it_does_not_flutter() -> None:
    facts = DiskFacts(1050, None)
    assert decide_disk(facts, LIMITS, DiskLevel.GREEN).level is DiskLevel.GREEN
    assert decide_disk(facts, LIMITS, DiskLevel.YELLOW).level is DiskLevel.YELLOW
    assert decide_disk(DiskFacts(1100, None), LIMITS, DiskLevel.YELLOW).level is DiskLevel.GREEN
