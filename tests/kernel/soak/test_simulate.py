"""Days in virtual time: deterministic, honest about what more work and more idle time do."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.scheduling.budget import CpuPolicy
from kernel.scheduling.governor import GovernorPolicy
from kernel.soak.day import Phase
from kernel.soak.simulate import BUNDLE_S, Forecast, Setting, simulate
from kernel.soak.workload import TEXT_COST, Workload

SMALL = Setting(cpu=CpuPolicy(cores=2, share_max=0.5), monitors=1)
STEADY = replace(TEXT_COST, values_s=(1.0,), weights=(1.0,))
FLAT = Workload(stages=(STEADY,))
BUNDLE = int(BUNDLE_S / STEADY.mean_s)


def phases(*lengths: float) -> list[Phase]:
    """Work and rest in turn."""
    made, at_s = [], 0.0
    for number, length_s in enumerate(lengths):
        truth, name = ("idle", "coffee") if number % 2 else ("active", "work")
        made.append(Phase(at_s, length_s, "idle" if truth == "idle" else "active", name))
        at_s += length_s
    return made


def play(*lengths: float, setting: Setting = SMALL, workload: Workload = FLAT) -> Forecast:
    return simulate(setting, workload, days=1, phases_of=[phases(*lengths)])


def test_a_day_takes_seconds_and_a_machine_of_four_cores_keeps_up() -> None:
    began_s = time.perf_counter()
    forecast = simulate(Setting(), Workload(), days=1)
    assert time.perf_counter() - began_s < 60
    day = forecast.days[0]
    assert forecast.keeps_up
    assert day.read == day.frames == 40_634
    assert day.backlog_end == 0
    assert day.hosts_peak == Setting().governor.hosts_max
    assert day.loads <= 2 * 48, "a load for each host and idle spell at most"
    assert forecast.worked_s < forecast.idle_s
    assert forecast.idle_needed_s < forecast.worked_s


def test_a_machine_that_is_too_slow_is_told_and_its_backlog_grows() -> None:
    slow = Setting(cpu=CpuPolicy(cores=1, share_max=0.5))
    forecast = simulate(slow, Workload(), days=2)
    assert not forecast.keeps_up
    first, second = forecast.days
    assert 0 < first.backlog_end < second.backlog_end
    assert forecast.idle_needed_s > forecast.worked_s
    assert second.oldest_wait_s > first.oldest_wait_s


def test_nothing_is_read_while_the_person_works() -> None:
    assert play(7_200.0).days[0].read == 0
    assert play(7_200.0).days[0].worked_s == 0.0
    # The governor's five minutes are not worked either.
    assert play(600.0, 290.0).days[0].read == 0


def test_hosts_are_given_up_while_the_person_works_and_kept_over_a_moment() -> None:
    """A load costs 1.6 s: kept for the least time of 30 s, not for an hour."""
    quick = replace(SMALL, governor=GovernorPolicy(idle_after_s=2.0))
    once = play(7_200.0, 600.0, setting=quick).days[0].loads
    assert once > 0
    assert play(7_200.0, 600.0, 3_600.0, 600.0, setting=quick).days[0].loads == 2 * once
    assert play(7_200.0, 600.0, 15.0, 600.0, setting=quick).days[0].loads == once


def test_the_budget_bounds_what_is_read() -> None:
    day = play(7_200.0, 3_600.0).days[0]
    assert day.read <= SMALL.cpu.rate_cores * day.worked_s / STEADY.mean_s
    assert day.read >= 0.9 * SMALL.cpu.rate_cores * day.worked_s / STEADY.mean_s


def test_a_sleep_of_the_machine_captures_nothing_and_is_distrusted() -> None:
    day = [Phase(0.0, 600.0, "active", "work"), Phase(600.0, 3_600.0, "active", "suspend")]
    awake = simulate(SMALL, FLAT, days=1, phases_of=[day[:1]]).days[0]
    asleep = simulate(SMALL, FLAT, days=1, phases_of=[day]).days[0]
    assert asleep == replace(awake, oldest_wait_s=asleep.oldest_wait_s)
    rest = Phase(4_200.0, 500.0, "idle", "coffee")
    assert simulate(SMALL, FLAT, days=1, phases_of=[[*day, rest]]).days[0].worked_s < 200.1


def test_the_same_seed_gives_the_same_days_and_another_one_others() -> None:
    light = replace(SMALL, cadence_s=10.0)
    first = simulate(light, Workload(), days=1, seed=3)
    assert first == simulate(light, Workload(), days=1, seed=3)
    assert first != simulate(light, Workload(), days=1, seed=4)


LENGTHS = st.lists(st.floats(60.0, 2_500.0), min_size=2, max_size=4).map(
    lambda lengths: lengths if len(lengths) % 2 == 0 else lengths[:-1]
)


@settings(max_examples=20)
@given(lengths=LENGTHS, index=st.integers(0, 1), more_s=st.floats(0.0, 6_000.0))
def test_more_idle_time_never_leaves_more_backlog(
    lengths: list[float], index: int, more_s: float
) -> None:
    """But for the bundles in hand, which are done again if their hosts are ended."""
    longer = list(lengths)
    longer[min(2 * index + 1, len(lengths) - 1)] += more_s
    less, more = play(*lengths).days[0], play(*longer).days[0]
    assert more.backlog_end <= less.backlog_end + BUNDLE * SMALL.governor.hosts_max
    assert more.frames == less.frames


@settings(max_examples=20)
@given(lengths=LENGTHS)
def test_storage_only_grows_and_nothing_is_read_twice(lengths: list[float]) -> None:
    day = play(*lengths).days[0]
    longer = play(*lengths, 600.0, 60.0).days[0]
    assert longer.stored_bytes > day.stored_bytes
    assert day.read + day.backlog_end == day.frames
    assert day.backlog_peak >= day.backlog_end


@settings(max_examples=10)
@given(monitors=st.integers(1, 4), cadence_s=st.sampled_from([0.5, 1.0, 2.0]))
def test_more_screens_and_a_quicker_cadence_store_more(monitors: int, cadence_s: float) -> None:
    def stored(monitors: int, cadence_s: float) -> float:
        setting = replace(SMALL, monitors=monitors, cadence_s=cadence_s)
        return play(3_600.0, setting=setting).days[0].stored_bytes

    assert stored(monitors + 1, cadence_s) > stored(monitors, cadence_s)
    assert stored(monitors, cadence_s / 2) > stored(monitors, cadence_s)


@pytest.mark.parametrize("hosts_max", [1, 3])
def test_the_cap_on_hosts_holds(hosts_max: int) -> None:
    setting = Setting(governor=GovernorPolicy(hosts_max=hosts_max), cpu=CpuPolicy(16, 0.5))
    assert play(7_200.0, 3_600.0, setting=setting).days[0].hosts_peak == hosts_max


def test_memory_bounds_the_hosts_too() -> None:
    setting = replace(Setting(cpu=CpuPolicy(16, 0.5)), memory_bytes=int(1.8e9))
    assert play(7_200.0, 3_600.0, setting=setting).days[0].hosts_peak == 1


def test_two_models_are_both_served() -> None:
    second = replace(STEADY, stage="embed", model_key="embedder", per_frame=0.5)
    workload = Workload(stages=(STEADY, second))
    day = play(3_600.0, 20_000.0, workload=workload).days[0]
    assert day.backlog_end == 0
    assert day.read == pytest.approx(1.5 * day.frames, abs=2)
    assert day.loads <= 6
