"""How fast evidence grows is known after an hour, and what was given up does not count."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from kernel.store.growth import DAY_US, HOUR_US, bytes_per_day
from kernel.store.pressure import DiskLevel, DiskLimits
from tests.kernel.store.captures import START_US, draft

NOW = 1_000 * DAY_US
NO_ROOM_TOLD = {"yellow_free_bytes": 0, "red_free_bytes": 0, "black_free_bytes": 0}


def test_the_rate_is_that_of_the_last_week_nights_included() -> None:
    old = [(NOW - 30 * DAY_US, 10**12)]
    assert bytes_per_day([(NOW - 2 * DAY_US, 300), (NOW - HOUR_US, 100)], NOW) == 200
    assert bytes_per_day([*old, (NOW - DAY_US, 700)], NOW) == 100
    assert bytes_per_day(old, NOW) == 0


def test_too_little_history_tells_nothing() -> None:
    assert bytes_per_day([], NOW) == 0
    assert bytes_per_day([(NOW - HOUR_US + 1, 10**9)], NOW) == 0
    assert bytes_per_day([(NOW + DAY_US, 10**9)], NOW) == 0


@given(st.lists(st.tuples(st.integers(0, 2 * NOW), st.integers(0, 2**50))), st.integers(0, 2 * NOW))
def test_whatever_the_clock_did_the_rate_is_bounded(
    segments: list[tuple[int, int]], now_us: int
) -> None:
    assert 0 <= bytes_per_day(segments, now_us) <= sum(size for _, size in segments) * 24


def test_few_days_left_pause_heavy_work(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    now_us = [START_US]
    for days, level in ((1e-9, DiskLevel.GREEN), (1e9, DiskLevel.YELLOW)):
        limits = DiskLimits(yellow_days_left=days, **NO_ROOM_TOLD)
        with EvidenceStore.open(data_dir, disk_limits=limits, now_us=lambda: now_us[0]) as store:
            store.append([draft(b"x" * 100_000 + str(days).encode())])
            if level is DiskLevel.GREEN:
                assert store.bytes_per_day() == 0
            now_us[0] += DAY_US
            assert store.bytes_per_day() > 50_000
            decision = store.disk_decision()
            assert (decision.level, decision.target) == (level, "primary")
            assert decision.heavy_work == (level is DiskLevel.GREEN)
