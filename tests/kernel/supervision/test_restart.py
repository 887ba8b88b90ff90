"""Backoff and restart intensity."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.supervision.restart import Crash, History, Policy, backoff_s, record_crash

POLICY = Policy(restarts_max=3, window_s=300.0, backoff_base_s=0.1, backoff_max_s=30.0)


def crash_at(*times_s: float, lived_s: float = 0.0) -> tuple[History, list[bool], list[float]]:
    history = History("demo")
    quarantined, starts = [], []
    for at_s in times_s:
        history, verdict = record_crash(history, Crash(at_s, "boom", lived_s), POLICY)
        quarantined.append(verdict.quarantine)
        starts.append(verdict.start_at_s)
    return history, quarantined, starts


def test_fourth_crash_in_the_window_quarantines() -> None:
    _, quarantined, _ = crash_at(0.0, 1.0, 2.0, 3.0)
    assert quarantined == [False, False, False, True]


def test_slow_crash_loop_inside_the_window_quarantines_too() -> None:
    _, quarantined, _ = crash_at(0.0, 90.0, 180.0, 270.0, lived_s=60.0)
    assert quarantined == [False, False, False, True]


def test_crashes_that_left_the_window_are_forgotten() -> None:
    _, quarantined, _ = crash_at(0.0, 101.0, 202.0, 303.0, 404.0)
    assert not any(quarantined)


def test_backoff_doubles_and_a_stable_life_starts_again_from_the_base() -> None:
    history, _, starts = crash_at(0.0, 1.0, 2.0)
    delays = [start - at for start, at in zip(starts, (0.0, 1.0, 2.0), strict=True)]
    assert 0.1 <= delays[0] <= 0.12
    assert 0.2 <= delays[1] <= 0.24
    assert 0.4 <= delays[2] <= 0.48
    _, verdict = record_crash(history, Crash(1000.0, "boom", 500.0), POLICY)
    assert 0.1 <= verdict.start_at_s - 1000.0 <= 0.12


@given(st.integers(1, 10_000), st.text(min_size=1, max_size=20))
def test_backoff_stays_within_its_bounds_and_is_a_function(streak: int, plugin_id: str) -> None:
    first = backoff_s(plugin_id, streak, POLICY)
    assert 0.1 <= first <= 30.0 * 1.2
    assert first == backoff_s(plugin_id, streak, POLICY)


@given(st.lists(st.floats(0.0, 1_000.0), min_size=1, max_size=60))
def test_more_than_the_limit_never_start_within_any_window(gaps_s: list[float]) -> None:
    history, now_s, allowed = History("demo"), 0.0, []
    for gap_s in gaps_s:
        now_s += gap_s
        history, verdict = record_crash(history, Crash(now_s, "boom", 0.0), POLICY)
        if verdict.quarantine:
            break
        allowed.append(now_s)
    for start in allowed:
        assert sum(start <= other < start + POLICY.window_s for other in allowed) <= 3


def test_policy_whose_backoff_hides_the_crash_loop_is_refused() -> None:
    with pytest.raises(ValueError, match="never fall into a window"):
        Policy(restarts_max=5, window_s=10.0, backoff_max_s=60.0).check()
    POLICY.check()
