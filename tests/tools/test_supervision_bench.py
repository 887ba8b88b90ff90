"""The bench of the host pool says which goal it missed, also against other pools."""

from __future__ import annotations

from typing import Any

import pytest

bench = pytest.importorskip("tools.bench.supervision", reason="the bench measures against loky")


def tasks(pool_us: float) -> dict[str, Any]:
    medians = {bench.POOL: pool_us, "concurrent.futures": 200.0, "loky": 250.0}
    return {
        name: {"median_us": value, "p99_us": 900.0, "over_bare": 1.2}
        for name, value in medians.items()
    }


def test_a_pool_that_is_slower_than_another_misses_its_goal() -> None:
    goals = bench.judge_goals({"tasks": tasks(240.0)})
    assert goals["over_futures"] == "MISSED: 1.2 (at most 1)"
    assert goals["over_loky"] == "met: 0.96 (at most 1)"
    assert "goal over_futures" in bench.format_report({"tasks": tasks(240.0), "goals": goals})


def test_one_that_is_as_quick_meets_it() -> None:
    goals = bench.judge_goals({"tasks": tasks(200.0)})
    assert goals["over_futures"] == "met: 1 (at most 1)"
