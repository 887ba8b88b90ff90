"""Whatever is sabotaged in a real soak turns its verdict, and the criterion that fails is named."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from contracts.soak import SoakReport
from tests.functional.sabotage import Sabotage, run_spoiled

LOG = logging.getLogger(__name__)
SECONDS = 5.0
TREND = frozenset({"memory_slope", "memory_growth"})
"""Of some seconds nothing can be said of growth."""
pytestmark = pytest.mark.timeout(600)

CASES = {
    "memory_renewals": Sabotage(leak=True),
    "lost_events": Sabotage(lose=True),
    "orphans": Sabotage(orphan=True),
    "checks_cited": Sabotage(shift=True),
    "memory_violations": Sabotage(hoard=True),
}


def failing(report: SoakReport) -> set[str]:
    for item in report.criteria:
        LOG.info("%s %s %s %s", item.state, item.name, item.figure_milli, item.detail)
    unknown = {item.name for item in report.criteria if item.state == "unknown"}
    assert unknown <= TREND
    return {item.name for item in report.criteria if item.state == "fail"}


def test_all_that_can_be_spoiled_at_once_is_named_each_by_its_criterion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The short one that always runs."""
    sabotage = Sabotage(leak=True, lose=True, orphan=True, shift=True, hoard=True)
    report = run_spoiled(tmp_path, monkeypatch, sabotage, seconds=SECONDS)
    assert failing(report) == set(CASES)
    assert not report.passed


@pytest.mark.slow
def test_without_sabotage_nothing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = run_spoiled(tmp_path, monkeypatch, Sabotage(), seconds=SECONDS)
    assert failing(report) == set()
    assert report.events_stored > 5


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_each_sabotage_fails_its_own_criterion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    report = run_spoiled(tmp_path, monkeypatch, CASES[name], seconds=SECONDS)
    # A host that leaks may pass the budget on its way to its cap.
    also = {"memory_violations"} if CASES[name].leak else set()
    assert failing(report) - also == {name}
    assert not report.passed


@pytest.mark.slow
def test_a_plugin_over_the_processor_budget_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = run_spoiled(tmp_path, monkeypatch, Sabotage(burn=True), seconds=SECONDS)
    assert failing(report) == {"cpu_violations"}
