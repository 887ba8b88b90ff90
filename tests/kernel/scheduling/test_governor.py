"""The governor: any doubt is the person's, and nothing flaps."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.scheduling.governor import (
    Decision,
    GovernorPolicy,
    GovernorState,
    Mode,
    Observation,
    step,
)

POLICY = GovernorPolicy(hosts_max=4)
AWAY = Observation(idle_s=400.0)
HERE = Observation(idle_s=0.5)


def drive(
    ticks: Iterable[Observation],
    *,
    state: GovernorState | None = None,
    policy: GovernorPolicy = POLICY,
    start_s: float = 1_000.0,
    every_s: float = 1.0,
) -> tuple[GovernorState, list[Decision]]:
    state = state or GovernorState()
    decisions = []
    for index, observation in enumerate(ticks):
        state, decision = step(state, observation, start_s + index * every_s, policy)
        decisions.append(decision)
    return state, decisions


def working(policy: GovernorPolicy = POLICY) -> GovernorState:
    state, decisions = drive([AWAY] * 30, policy=policy, start_s=970.0)
    assert decisions[-1].mode == "working"
    return state


def test_work_ramps_up_one_host_at_a_time_with_a_look_between() -> None:
    _, decisions = drive([AWAY] * 21)
    assert [decision.hosts_allowed for decision in decisions[::5]] == [1, 2, 3, 4, 4]
    assert [decision.mode for decision in decisions[::5]] == [
        "ramping",
        "ramping",
        "ramping",
        "working",
        "working",
    ]


@pytest.mark.parametrize(
    "observation",
    [
        HERE,
        Observation(idle_s=None),
        Observation(idle_s=1e9, override="active"),
        Observation(idle_s=299.9),
    ],
    ids=["input", "unknown", "the person's word", "not long enough"],
)
def test_heavy_work_stops_at_the_first_tick_of_activity_or_doubt(observation: Observation) -> None:
    _, (decision,) = drive([observation], state=working())
    assert (decision.run, decision.hosts_allowed, decision.admit, decision.changed) == (
        False,
        0,
        False,
        True,
    )


@pytest.mark.parametrize(
    ("observation", "mode"),
    [
        (replace(AWAY, override="pause"), "paused"),
        (replace(AWAY, disk_level="yellow"), "held"),
        (replace(AWAY, disk_level="yellow", packing_frees=True), "working"),
        (replace(AWAY, disk_level="yellow", packing_frees=True, too_hot=True), "held"),
        (replace(HERE, disk_level="yellow", packing_frees=True), "held"),
        (replace(HERE, disk_level="yellow", packing_frees=True, asked_now=True), "held"),
        (replace(HERE, disk_level="yellow", packing_frees=True, explicit_wanted=True), "held"),
        (replace(AWAY, too_hot=True), "held"),
        (replace(AWAY, power="battery"), "held"),
        (replace(AWAY, power="mains"), "working"),
    ],
)
def test_what_holds_work_though_the_person_is_away(observation: Observation, mode: Mode) -> None:
    _, (decision,) = drive([observation], state=working())
    assert decision.mode == mode
    assert decision.run == (mode == "working")
    assert decision.reads == (decision.run and observation.disk_level == "green")
    if observation.disk_level != "green" and decision.reason != "the machine is too hot":
        assert decision.reason.startswith("disk is yellow: ")


def test_a_flickering_hold_does_not_flap() -> None:
    hot, cool = replace(AWAY, too_hot=True), AWAY
    _, decisions = drive([hot, cool, hot, cool] * 5 + [cool] * 40, state=working())
    assert sum(decision.changed for decision in decisions) <= 4
    assert {decision.mode for decision in decisions[:20]} == {"held"}
    assert decisions[-1].run


@pytest.mark.parametrize("gap", ["asleep", "starved"])
def test_after_a_sleep_idle_time_from_before_is_not_trusted(gap: str) -> None:
    state = working()
    if gap == "asleep":
        woken = [replace(AWAY, idle_s=30_000.0, suspended_s=28_000.0)]
        state, decisions = drive(woken, state=state)
        start_s = 1_001.0
    else:
        state, decisions = drive([replace(AWAY, idle_s=30_000.0)], state=state, start_s=2_000.0)
        start_s = 2_001.0
    assert not decisions[0].run
    # Ticks of one second: the person does nothing for 300 s more.
    _, later = drive([replace(AWAY, idle_s=30_100.0)] * 305, state=state, start_s=start_s)
    assert next(index for index, decision in enumerate(later) if decision.run) == 299


def test_one_host_at_the_cap_gets_no_second_one_but_may_change_its_model() -> None:
    busy = replace(AWAY, cpu_share=0.5)
    _, decisions = drive([busy] * 60)
    assert {decision.hosts_allowed for decision in decisions} == {1}
    assert decisions[-1].admit


def test_over_the_share_a_host_is_taken_away_and_not_given_back_at_once() -> None:
    """Each host takes 0.14 of the machine, four would take 0.56."""
    state = working()
    allowed = [state.hosts_allowed]
    for second in range(60):
        observation = replace(AWAY, cpu_share=0.14 * state.hosts_allowed)
        state, decision = step(state, observation, 1_000.0 + second, POLICY)
        allowed.append(decision.hosts_allowed)
    assert allowed[-1] == 3
    assert sum(a != b for a, b in itertools.pairwise(allowed)) == 1


def test_memory_pressure_closes_admission_but_lets_running_hosts_run() -> None:
    _, (decision,) = drive([replace(AWAY, ram_share=0.47)], state=working())
    assert (decision.run, decision.admit) == (True, False)
    _, (decision,) = drive([replace(AWAY, memory_admit=False)], state=working())
    assert (decision.run, decision.admit) == (True, False)


def test_an_explicit_request_spends_a_bounded_budget_while_the_person_works() -> None:
    asks = replace(HERE, explicit_wanted=True, heavy_cpu_s=1.0)
    _, decisions = drive([asks] * 600)
    granted = sum(decision.mode == "explicit" for decision in decisions)
    # 20 s at once, refilled at 20 s per 300 s: at most 20 + 600/15 s, and one tick over.
    assert 20 <= granted <= 20 + 40 + 3
    assert all(decision.hosts_allowed == 1 for decision in decisions if decision.run)
    assert "explicit request" in decisions[0].reason
    assert any("budget is spent" in decision.reason for decision in decisions)
    assert sum(decision.changed for decision in decisions) <= 20


def test_a_pause_holds_explicit_requests_too() -> None:
    _, (decision,) = drive([replace(HERE, explicit_wanted=True, override="pause")])
    assert not decision.run
    assert "kernel resume" in decision.reason


def test_the_word_idle_and_the_profile_start_work_at_once() -> None:
    _, (by_word,) = drive([replace(HERE, override="idle")])
    _, (by_profile,) = drive([HERE], policy=replace(POLICY, assume_idle=True))
    assert by_word.run
    assert by_profile.run


def test_the_work_clock_stands_still_while_work_is_stopped() -> None:
    state, _ = drive([AWAY] * 11)
    assert state.worked_s == pytest.approx(10.0)
    state, _ = drive([HERE] * 100, state=state, start_s=1_011.0)
    assert state.worked_s == pytest.approx(11.0)


observations = st.builds(
    Observation,
    idle_s=st.one_of(st.none(), st.floats(0, 1_000)),
    cpu_share=st.floats(0, 1),
    ram_share=st.floats(0, 1),
    memory_admit=st.booleans(),
    disk_level=st.sampled_from(["green", "yellow", "red", "black"]),
    packing_frees=st.booleans(),
    override=st.sampled_from(["none", "none", "none", "pause", "active", "idle"]),
    power=st.sampled_from([None, "mains", "battery"]),
    too_hot=st.booleans(),
    explicit_wanted=st.booleans(),
    heavy_cpu_s=st.floats(0, 8),
    suspended_s=st.sampled_from([0.0, 0.0, 0.0, 60.0]),
)


@given(st.lists(st.tuples(observations, st.floats(0.01, 20.0)), max_size=60))
def test_whatever_is_seen_work_runs_only_where_it_may(
    ticks: list[tuple[Observation, float]],
) -> None:
    state, now_s, worked_s, before = GovernorState(), 0.0, 0.0, 0
    for observation, after_s in ticks:
        now_s += after_s
        state, decision = step(state, observation, now_s, POLICY)
        assert 0 <= decision.hosts_allowed <= POLICY.hosts_max
        assert decision.run == (decision.hosts_allowed > 0)
        assert decision.run or not decision.admit
        assert decision.hosts_allowed <= before + 1, "a ramp climbs one step at a time"
        assert state.worked_s >= worked_s
        assert decision.reason
        away = observation.override == "idle" or (
            observation.override == "none" and (observation.idle_s or 0.0) >= POLICY.idle_after_s
        )
        if decision.mode in {"ramping", "working"}:
            assert away
            assert observation.disk_level == "green" or observation.packing_frees
            assert decision.reads == (observation.disk_level == "green")
            assert not observation.too_hot
            assert observation.power != "battery"
        if decision.mode == "explicit":
            assert observation.explicit_wanted
            assert observation.disk_level == "green"
        if observation.override == "pause":
            assert not decision.run
        worked_s, before = state.worked_s, decision.hosts_allowed
