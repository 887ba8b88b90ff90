"""What is asked for reaches the governor, is bounded, and lapses when nobody repeats it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kernel.boot.governing import TICK_IDLE_S, Governing
from kernel.config.sections import BudgetSettings, Settings
from kernel.scheduling.governor import Observation


@dataclass
class World:
    """Time, the person, and how much hosts compute while they may."""

    now_s: float = 100.0
    observation: Observation = field(default_factory=lambda: Observation(idle_s=0.0))
    looks: int = 0

    def observe(self) -> Observation:
        self.looks += 1
        return self.observation


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def governing(world: World) -> Governing:
    settings = Settings(budget=BudgetSettings(explicit_cpu_s=10.0, explicit_window_s=100.0))
    return Governing(settings, observe=world.observe, now_s=lambda: world.now_s)


def test_work_asked_for_runs_though_the_person_is_active_and_ends_with_the_request(
    world: World, governing: Governing
) -> None:
    assert not governing.decide().run
    governing.ask("all", lasts_s=10.0)
    decision = governing.decide()
    assert decision.run
    assert decision.reason == "asked for explicitly"
    world.now_s += 10.5
    assert not governing.decide().run


def test_a_pause_holds_for_what_was_asked_for_too(world: World, governing: Governing) -> None:
    world.observation = Observation(idle_s=0.0, override="pause")
    governing.ask("all")
    decision = governing.decide()
    assert not decision.run
    assert decision.mode == "paused"


def test_some_work_spends_its_budget_and_then_waits_and_says_so(
    world: World, governing: Governing
) -> None:
    governing.ask("some")
    decision = governing.decide()
    assert (decision.mode, decision.hosts_allowed) == ("explicit", 1)
    world.observation = Observation(idle_s=0.0, heavy_cpu_s=1.0)
    seconds = 0
    while governing.decide().run:
        world.now_s += 1.0
        seconds += 1
        assert seconds < 30
    # One second of CPU in each second, and a tenth of it given back.
    assert 10 <= seconds <= 13
    assert "budget is spent" in governing.decide().reason
    assert governing.explicit_left_s == pytest.approx(0.0, abs=1.0)


def test_what_was_spent_is_kept_for_the_kernel_that_comes_next(
    world: World, tmp_path: Path
) -> None:
    settings = Settings(budget=BudgetSettings(explicit_cpu_s=10.0, explicit_window_s=400_000.0))
    file = tmp_path / "explicit.json"

    def begin() -> Governing:
        return Governing(
            settings, observe=world.observe, allowance_file=file, now_s=lambda: world.now_s
        )

    first = begin()
    assert first.explicit_left_s == 10.0
    first.close()
    assert not file.exists(), "nothing was spent, nothing is written"
    first = begin()
    first.ask("some")
    first.decide()
    world.observation = Observation(idle_s=0.0, heavy_cpu_s=4.0)
    world.now_s += 1.0
    first.decide()
    assert first.facts()["explicit_used_s"] == 4.0
    second = begin()
    assert second.explicit_left_s == pytest.approx(6.0, abs=0.1), "killed, and yet it is kept"
    second.ask("some")
    second.decide()
    world.now_s += 0.1
    second.close()
    assert begin().explicit_left_s == pytest.approx(2.0, abs=0.1)
    file.write_text("[" * 4_000)
    assert begin().explicit_left_s == pytest.approx(0.0, abs=0.1), "unreadable: all is spent"


def test_the_larger_wish_wins(governing: Governing) -> None:
    governing.ask("all")
    governing.ask("some")
    assert governing.facts()["asked"] == "all"
    governing.ask("nothing")
    assert governing.facts()["asked"] == "nothing"


def test_a_change_is_looked_at_at_once_and_otherwise_only_by_the_tick(
    world: World, governing: Governing
) -> None:
    governing.decide()
    governing.decide()
    assert world.looks == 1
    governing.look_now()
    governing.decide()
    assert world.looks == 2
    world.now_s += TICK_IDLE_S
    governing.decide()
    assert world.looks == 3
