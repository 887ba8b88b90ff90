"""A long history does not make opening, appending, asking or the quick check dearer."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from kernel.store.verify import verify
from tests.kernel.store.captures import START_US, draft

BATCH = 1000
FACTOR_MAX = 5.0
FLOOR_S = 0.02


def grow(data_dir: DataDir, first: int, last: int) -> None:
    """Events ``first`` .. ``last - 1``, a second apart, with four pictures in turn."""
    with EvidenceStore.open(data_dir) as store:
        for start in range(first, last, BATCH):
            store.append(
                [
                    draft(b"picture %d" % (seq % 4), at_us=START_US + seq * 1_000_000)
                    for seq in range(start, start + BATCH)
                ]
            )


def spent_s(action: Callable[[], object]) -> float:
    """CPU time of the quickest of three runs: other work on the machine does not count."""
    times = []
    for _ in range(3):
        begun = time.process_time()
        action()
        times.append(time.process_time() - begun)
    return min(times)


def costs(data_dir: DataDir) -> dict[str, float]:
    def window() -> None:
        with EvidenceStore.open_read_only(data_dir) as store:
            middle = START_US + store.count_events() // 2 * 1_000_000
            found = store.events_between(middle, middle + 100_000_000, limit_rows=100)
            assert len(found) == 100
            for event in found[:10]:
                assert store.find_event(event.event_id) == event
            assert len(store.events_after(store.count_events() - 5, limit_rows=9)) == 5

    def append() -> None:
        with EvidenceStore.open(data_dir) as store:
            for _ in range(20):
                store.append([draft(b"picture 1")])

    return {
        "open": spent_s(lambda: EvidenceStore.open(data_dir).close()),
        "append": spent_s(append),
        "query": spent_s(window),
        "verify": spent_s(lambda: verify(data_dir, quick=True)),
    }


def check_growth(root: Path, small: int, large: int) -> None:
    data_dir = DataDir(root)
    grow(data_dir, 0, small)
    before = costs(data_dir)
    grow(data_dir, small, large)
    after = costs(data_dir)
    for name, cost in after.items():
        assert cost < max(before[name], FLOOR_S) * FACTOR_MAX, (name, before, after)
    assert verify(data_dir, quick=False).ok


def test_costs_do_not_grow_from_5_to_50_thousand_events(quick_dir: Path) -> None:
    check_growth(quick_dir / "data", 5_000, 50_000)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_costs_do_not_grow_up_to_a_million_events(tmp_path: Path) -> None:
    check_growth(tmp_path / "data", 10_000, 1_000_000)
