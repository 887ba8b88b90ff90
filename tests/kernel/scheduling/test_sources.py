"""Which sources are made for which names."""

from __future__ import annotations

from pathlib import Path

from kernel.scheduling.activity import ActivityMonitor
from kernel.scheduling.sources import TRUST_ORDER, make_providers


def test_sources_come_in_the_order_of_trust_whatever_the_order_of_names(tmp_path: Path) -> None:
    made = make_providers(["logind", "x11", "signal_file"], signal_file=tmp_path / "a.json")
    assert [provider.name for provider in made] == ["signal_file", "x11", "logind"]
    assert [provider.precise for provider in made] == [True, True, False]


def test_where_nothing_works_the_person_counts_as_active_and_each_source_says_why(
    tmp_path: Path,
) -> None:
    made = make_providers(
        [name for name in TRUST_ORDER if name != "logind"],
        signal_file=tmp_path / "a.json",
        environment={},
    )
    monitor = ActivityMonitor(made, now_s=lambda: 0.0, idle_after_s=300.0)
    why_not = monitor.describe()
    if why_not["wsl"]:
        assert monitor.poll().idle_s is None
        assert "no source of activity" in monitor.poll().reason
    assert "there is no" in why_not["signal_file"]
    assert why_not["x11"]
    monitor.close()
