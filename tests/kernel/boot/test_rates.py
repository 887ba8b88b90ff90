"""Rates of the last minute."""

from __future__ import annotations

from kernel.boot.rates import WINDOW_S, Rates


def test_only_what_happened_within_the_window_counts() -> None:
    rates = Rates()
    for second in range(200):
        rates.tick(float(second), captured=second * 2, done=second)
    facts = rates.facts(captured=400, done=200)
    assert facts == {
        "captured_per_min": 2 * int(WINDOW_S) + 2,
        "done_per_min": int(WINDOW_S) + 1,
    }


def test_what_was_there_before_the_first_look_is_no_rate() -> None:
    rates = Rates()
    assert rates.facts(captured=7, done=7) == {"captured_per_min": 0, "done_per_min": 0}
    rates.tick(0.0, captured=10, done=10)
    assert rates.facts(captured=11, done=10) == {"captured_per_min": 1, "done_per_min": 0}
