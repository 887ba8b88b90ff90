"""A day is a pure function of its seed and length, without gap or overlap."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kernel.soak.day import MOODS, PAUSES, idle_windows, phase_at, plan_day
from kernel.soak.faultplan import IN_REST, IN_WORK, plan_faults

LENGTHS = st.floats(min_value=14.0, max_value=7 * 86_400.0)
SEEDS = st.integers(min_value=0, max_value=2**31)


@given(SEEDS, LENGTHS)
def test_phases_follow_each_other_from_begin_to_end(seed: int, length_s: float) -> None:
    phases = plan_day(seed, length_s)
    assert phases[0].start_s == 0.0
    assert phases[0].truth == "active"
    for before, after in pairwise(phases):
        assert abs(before.end_s - after.start_s) < 1e-6
    assert abs(phases[-1].end_s - length_s) < 1e-3
    assert phases[-1].name == "night"
    assert all(phase.length_s > 0 for phase in phases)


@given(SEEDS, LENGTHS)
def test_the_same_seed_gives_the_same_day(seed: int, length_s: float) -> None:
    assert plan_day(seed, length_s) == plan_day(seed, length_s)


@given(SEEDS)
def test_five_minutes_hold_all_that_a_day_holds(seed: int) -> None:
    short = {phase.name for phase in plan_day(seed, 300.0)}
    long = {phase.name for phase in plan_day(seed, 86_400.0)}
    assert long == {*MOODS, *(name for name, _ in PAUSES), "night"}
    # Four spells have three rests before the night.
    assert short == long - {"lunch"}


@given(SEEDS, LENGTHS)
def test_the_person_is_away_for_more_than_half_of_the_day(seed: int, length_s: float) -> None:
    away_s = sum(phase.length_s for phase in idle_windows(plan_day(seed, length_s)))
    assert away_s > 0.55 * length_s


@given(SEEDS, LENGTHS, st.floats(min_value=0.0, max_value=1.2))
def test_every_moment_has_its_phase(seed: int, length_s: float, share: float) -> None:
    phases = plan_day(seed, length_s)
    found = phase_at(phases, share * length_s)
    assert found == phases[-1] or found.start_s - 1e-6 <= share * length_s < found.end_s


@given(SEEDS, st.sampled_from([300.0, 3_600.0, 86_400.0]))
def test_every_kind_of_fault_comes_and_none_in_the_last_rest(seed: int, length_s: float) -> None:
    phases = plan_day(seed, length_s)
    faults = plan_faults(phases)
    assert {fault.name for fault in faults} == {*IN_REST, *IN_WORK}
    assert [fault.at_s for fault in faults] == sorted(fault.at_s for fault in faults)
    assert all(fault.at_s < phases[-1].start_s for fault in faults)


def test_only_the_wanted_faults_are_planned() -> None:
    phases = plan_day(1, 300.0)
    assert {fault.name for fault in plan_faults(phases, ("host_hung",))} == {"host_hung"}
    assert plan_faults(phases, ()) == ()
